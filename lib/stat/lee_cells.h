/* lee_cells.h - the cells within which Lee bounds are trimmed, and each arm's observed rows in
 * them by outcome. */
#ifndef PILOT_STAT_LEE_CELLS_H
#define PILOT_STAT_LEE_CELLS_H

#include "ordered_rows.h"

/* An arm of a cell wants this many observed rows, else the cell is joined with others. */
#define LEE_LEAST_OBSERVED ((size_t)20)

typedef struct lee_arm {
    const uint32_t *row; /* observed ones, ascending by outcome; borrowed from lee_cells_t */
    size_t observed;
    double weight;          /* of all rows ... */
    double observed_weight; /* ... and of the observed ones */
    double share;           /* observed_weight / weight; exactly 1 where nobody is missing */
    double mean;            /* of the observed outcomes, less the rows' base */
} lee_arm_t;

typedef lee_arm_t lee_arms_t[2]; /* control, treatment */

typedef struct lee_cells {
    size_t cells;
    size_t given;     /* cells of the sample, before any were joined */
    uint32_t *cell;   /* row -> cell */
    uint8_t *treated; /* row -> arm */
    uint8_t *seen;    /* row -> has the outcome */
    double *weight;   /* row -> w N_j/n_jz: both arms get the blocks' shares */
    lee_arms_t *arm;  /* cells */
    uint32_t *sorted;
} lee_cells_t;

/* Clear in any case.  Where there are two cells or more, each has LEE_LEAST_OBSERVED in either
 * arm; where there is one, an arm may have none. */
void lee_cells_make(const ordered_rows_t *rows, lee_cells_t *ret_cells);
void lee_cells_clear(lee_cells_t *cells);

#endif
