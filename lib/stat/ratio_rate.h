/* ratio_rate.h - what the fit of a log rate ratio and its variance share.  Formulas and sources:
 * docs/methods/ratios.md */
#ifndef PILOT_STAT_RATIO_RATE_H
#define PILOT_STAT_RATIO_RATE_H

#include "compensated.h"
#include "contrast_rows.h"

typedef struct block_rate {
    compensated_t weight[2], events[2]; /* by arm, 0 control */
    double share[2];                    /* of the block's events expected in each arm */
} block_rate_t;

typedef struct rate {
    contrast_rows_t rows;
    block_rate_t *block;
    size_t without_events; /* blocks left out */
    double log_ratio, information;
} rate_t;

static inline double weight_of(const block_rate_t *block, int arm)
{
    return compensated_value(&block->weight[arm]);
}

static inline double events_of(const block_rate_t *block, int arm)
{
    return compensated_value(&block->events[arm]);
}

/* HC2 of the fitted log rate ratio, with clusters CR2.  leverage_one or variance_unidentified
 * where a row or a cluster alone decides a direction; *ret_variance is then not finite. */
pilot_reason_t rate_ratio_variance(const rate_t *rate, double *ret_variance);

#endif
