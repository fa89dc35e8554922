/* dim_block.h - one block's share of a contrast. */
#ifndef PILOT_STAT_DIM_BLOCK_H
#define PILOT_STAT_DIM_BLOCK_H

#include "dim_summary.h"

/* Sums over one arm's clusters for the Satterthwaite degrees of freedom (docs/methods, CR2). */
typedef struct dim_satterthwaite {
    double a, q, aa, aq, m;
} dim_satterthwaite_t;

typedef struct dim_arm {
    const dim_cell_t *cell;
    uint64_t units; /* rows, or clusters where they were randomized */
    double variance;
    dim_satterthwaite_t satterthwaite;
} dim_arm_t;

typedef struct dim_block {
    const pilot_dim_summary_t *summary;
    dim_arm_t treated, control;
    double weight; /* both arms: rows, or their weights */
    double effect;
    bool small; /* one unit in an arm: no variance within the block */
    bool leverage_one;
} dim_block_t;

void dim_block_fill(dim_block_t *block, const pilot_dim_summary_t *summary,
                    const dim_cell_t *treated, const dim_cell_t *control);
double dim_satterthwaite_df(const dim_block_t *block);

#endif
