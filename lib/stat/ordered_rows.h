/* ordered_rows.h - the rows of a sample that serve a comparison of distributions, ordered by
 * block, arm and value.
 *
 * A cell is one arm of one block; its units are what was randomized: rows, or the cluster's rows
 * in the cell.  The order within a cell follows from the values alone, so numbers (and bootstrap
 * draws, which are by place in a cell) do not depend on the order of the sample's rows. */
#ifndef PILOT_STAT_ORDERED_ROWS_H
#define PILOT_STAT_ORDERED_ROWS_H

#include "pilot/contrast.h"

typedef struct ordered_cell {
    size_t first, rows; /* with the outcome they come first, ascending; then those without */
    size_t present;     /* rows with the outcome */
    size_t first_unit;  /* its units are first_unit .. first_unit + units - 1 */
    size_t units;       /* rows, or clusters */
    double weight;      /* sum over its rows */
} ordered_cell_t;

typedef struct ordered_rows {
    size_t n;
    double *value;        /* n; the outcome itself: ties are not touched */
    double *weight;       /* n, > 0 */
    uint32_t *unit;       /* n; ascending within a cell where units are rows */
    uint32_t *tightening; /* n; the sample's cell; NULL: none */
    size_t units, blocks;
    ordered_cell_t *cell; /* 2 x blocks: control, treatment of block 0, control of block 1, ... */
    double base;          /* the smallest outcome: sums are of value - base */
    bool blocked, clustered, weighted;
    bool pairs;      /* two blocks or more, and each has one unit in either arm */
    bool all_small;  /* every block has an arm with fewer units than were asked for */
    size_t lacking;  /* blocks left out because they lack an arm ... */
    size_t small;    /* ... or have an arm with fewer units than were asked for */
    size_t crossing; /* clusters with rows in several blocks: each part is a unit */
} ordered_rows_t;

/* Blocks with both arms and at least least_units units in each; where none has as many, all with
 * both arms (all_small).  keep_missing: rows without the outcome stay.  Returns why there is none,
 * else PILOT_REASON_NONE.  Clear with ordered_rows_clear in any case. */
pilot_reason_t ordered_rows_make(const pilot_sample_t *sample, bool keep_missing,
                                 size_t least_units, ordered_rows_t *ret_rows);
void ordered_rows_clear(ordered_rows_t *rows);

/* Counts of the rows with the outcome, and their control mean. */
void ordered_rows_count(const ordered_rows_t *rows, pilot_estimate_t *row);
/* What was left out or is not of the declared design, into detail; the row is then flagged. */
void ordered_rows_note(const ordered_rows_t *rows, pilot_estimate_t *row);
/* One value in each arm. */
bool ordered_rows_constant(const ordered_rows_t *rows);
/* Why a design all of whose blocks are small has no variance. */
pilot_reason_t ordered_rows_small_reason(const ordered_rows_t *rows);

static inline const ordered_cell_t *ordered_rows_cell(const ordered_rows_t *rows, size_t block,
                                                      size_t arm)
{
    return &rows->cell[2 * block + arm];
}

/* Weight of a block: both arms. */
static inline double ordered_rows_block_weight(const ordered_rows_t *rows, size_t block)
{
    return rows->cell[2 * block].weight + rows->cell[2 * block + 1].weight;
}

#endif
