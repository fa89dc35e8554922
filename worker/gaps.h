/* gaps.h - the rows of estimand `gap`: a level's effect less that of its subgroup's first level,
 * for whatever job has both at hand.  Pure.
 *
 * A job hands in each effect as it reports it; behind the levels of an outcome come its gaps. */
#ifndef PILOT_WORKER_GAPS_H
#define PILOT_WORKER_GAPS_H

#include "analysis.h"
#include "overlaps.h"
#include "pilot/joint.h"
#include "pilot/row_keys.h"
#include "subsets.h"

/* Where an estimate of a linear slot comes from. */
typedef enum pilot_gap_origin {
    PILOT_GAP_DIFFERENCE,
    PILOT_GAP_REGRESSION,
    PILOT_GAP_IV,
    PILOT_GAP_CONTRAST /* the covariance of clusters that levels share is not known */
} pilot_gap_origin_t;

typedef struct pilot_kept_effect {
    bool kept;
    pilot_gap_origin_t origin;
    const char *estimator; /* static */
    pilot_estimate_t estimate;
} pilot_kept_effect_t;

typedef struct pilot_gaps {
    const pilot_analysis_t *analysis;
    const pilot_subsets_t *subsets;
    const pilot_overlaps_t *overlaps; /* of the same subsets */
    size_t outcome;                   /* whose effects are kept */
    size_t slots;                     /* of that outcome */
    pilot_kept_effect_t *effect;      /* [subset][slot][treatment] */
    size_t capacity;
} pilot_gaps_t;

/* All borrowed until cleared.  Nothing is kept where the analysis has no gaps. */
void pilot_gaps_init(pilot_gaps_t *gaps, const pilot_analysis_t *analysis,
                     const pilot_subsets_t *subsets, const pilot_overlaps_t *overlaps);
void pilot_gaps_clear(pilot_gaps_t *gaps);

/* An effect of a level (others are passed over).  estimator: static. */
void pilot_gaps_keep(pilot_gaps_t *gaps, const pilot_row_key_t *key, pilot_gap_origin_t origin,
                     const char *estimator, const pilot_estimate_t *estimate);

/* The gap of a key whose gap is true; false when this job has not kept both effects.
 * *ret_estimator: as its level's effect has it. */
bool pilot_gaps_estimate(const pilot_gaps_t *gaps, const pilot_row_key_t *key,
                         const char **ret_estimator, pilot_estimate_t *ret_gap);

#endif
