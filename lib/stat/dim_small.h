/* dim_small.h - variance over several blocks, also where an arm has one unit in a block. */
#ifndef PILOT_STAT_DIM_SMALL_H
#define PILOT_STAT_DIM_SMALL_H

#include "dim_block.h"

typedef struct dim_variance {
    double variance, df;
} dim_variance_t;

/* All blocks are pairs, at least two of them. */
dim_variance_t dim_pairs(const dim_block_t *block, size_t blocks, double effect);

typedef enum dim_small {
    DIM_SMALL_NONE,      /* there are no small blocks */
    DIM_SMALL_M,         /* every size of small block occurs twice or more */
    DIM_SMALL_P,         /* no small block has half of the small blocks' weight */
    DIM_SMALL_NO_FORMULA /* no finite variance formula */
} dim_small_t;

dim_small_t dim_small_kind(const dim_block_t *block, size_t blocks);

/* Big blocks by their own variance, small ones by the formula of their kind. */
dim_variance_t dim_blocks(const dim_block_t *block, size_t blocks, dim_small_t kind);

#endif
