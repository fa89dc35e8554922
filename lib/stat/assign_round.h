/* Unbiased controlled rounding of a table of counts, blocks x arms, one block after another.
 *
 * L. H. Cox, "A constructive procedure for unbiased controlled rounding", JASA 82 (1987) 520-524,
 * as in R. Gandhi, S. Khuller, S. Parthasarathy and A. Srinivasan, "Dependent rounding and its
 * applications to approximation algorithms", J. ACM 53 (2006) 324-360, section 2: around a cycle
 * of entries that are not whole yet, move by turns up and down, as far as the first one becomes
 * whole, in one direction or the other with probabilities that leave each entry's mean alone. */
#ifndef PILOT_STAT_ASSIGN_ROUND_H
#define PILOT_STAT_ASSIGN_ROUND_H

#include <stdbool.h>

#include "pilot/assign.h"

/* True with probability favourable / all. */
typedef bool pilot_chance_t(void *context, uint64_t favourable, uint64_t all);

/* More blocks at a time than arms cannot be without a cycle; one row more for the slack. */
#define PILOT_ROUND_ROWS (PILOT_ASSIGN_MOST_ARMS + 2)

typedef struct pilot_round_row {
    size_t block;
    uint64_t open;                         /* arms whose count is not whole yet: a bit each */
    uint64_t up;                           /* arms whose count was rounded up */
    uint32_t part[PILOT_ASSIGN_MOST_ARMS]; /* what is above the whole count, times shares->total */
} pilot_round_row_t;

typedef struct pilot_round {
    const pilot_shares_t *shares; /* borrowed, as all of these */
    pilot_chance_t *chance;
    void *context;
    uint64_t *up; /* by block: arms whose count is rounded up */
    size_t rows;
    pilot_round_row_t row[PILOT_ROUND_ROWS];
} pilot_round_t;

/* up: as many as there are blocks. */
void pilot_round_init(pilot_round_t *round, const pilot_shares_t *shares, pilot_chance_t *chance,
                      void *context, uint64_t *up);
/* The next block, of `size`; each once, in any order. */
void pilot_round_add(pilot_round_t *round, size_t block, uint32_t size);
/* All blocks are there: up[] is complete. */
void pilot_round_finish(pilot_round_t *round);

/* Whole count of arm a in a block of `size`, before rounding up. */
static inline uint32_t pilot_round_floor(const pilot_shares_t *shares, size_t arm, uint32_t size)
{
    return (uint32_t)((uint64_t)size * shares->weight[arm] / shares->total);
}

#endif
