/* pilot/contrast.h - estimators of one contrast, treatment arm against control, that take the
 * contrast's own rows and nothing else: weighting, ratio, rank, quantile, variance, survival and
 * bounds.  An agency's number and the pooled number come from the same call: pooled rows are all
 * agencies' rows in agency order, agency x block the block.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/{weighting,ratios,ranks,
 * quantiles,variance-ratio,survival,bounds}.md */
#ifndef PILOT_CONTRAST_H
#define PILOT_CONTRAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/estimate.h"
#include "pilot/frame.h"

/* The rows of a contrast: the two arms' rows of weight > 0, sorted as their frame.  All owned;
 * zero-initialize, clear with pilot_sample_clear. */
typedef struct pilot_sample {
    size_t n;
    double *outcome;  /* n; 0 where the outcome is missing */
    uint8_t *treated; /* n; 1: the treatment arm, 0: control */
    uint8_t *present; /* n; NULL: every row has the outcome */
    double *weight;   /* n, > 0; NULL: all 1 */
    uint32_t *block;  /* n, ascending codes 0 .. blocks-1 that all occur; NULL: no blocks */
    size_t blocks;
    uint32_t *cluster; /* n, codes 0 .. clusters-1 that all occur; NULL: no clusters */
    size_t clusters;
    uint8_t *event;      /* n; 1: the event came, 0: censored; NULL: every row is an event */
    double *probability; /* n; of being in the own arm, from the data; NULL: no such column */
    uint32_t *cell;      /* n, codes 0 .. cells-1; covariates to tighten bounds by; NULL: none */
    size_t cells;
    /* Declared in the plan, of the two arms; 0: not declared. */
    double arm_probability, control_probability;
    size_t arms;         /* of the plan: 2 where nobody is in a third arm */
    uint64_t candidates; /* rows of the two arms, outcome given or not */
} pilot_sample_t;

typedef struct pilot_sample_columns {
    const pilot_variable_t *outcome;
    const pilot_variable_t *event;       /* or NULL */
    const pilot_variable_t *probability; /* or NULL */
    const uint32_t *cell;                /* frame rows, or NULL */
    size_t cells;
    const double *arm_probability; /* by arm, declared; or NULL */
} pilot_sample_columns_t;

/* Rows of `arm` and control (code 0).  row: ascending row numbers of a subgroup's level (rows of
 * them), or NULL for the whole frame.  keep_missing: rows without the outcome stay, and present
 * tells them (Lee bounds); else they are left out.  A row without event or probability where these
 * columns exist counts as without outcome.  Codes are renumbered so that all occur. */
void pilot_sample_select(const pilot_frame_t *frame, const pilot_sample_columns_t *columns,
                         const uint32_t *row, size_t rows, size_t arm, bool keep_missing,
                         pilot_sample_t *ret_sample);
void pilot_sample_clear(pilot_sample_t *sample);

typedef struct pilot_contrast_options {
    double confidence;
    uint64_t seed;          /* of bootstrap draws ... */
    uint32_t agency_index;  /* ... whose stream is the agency's own; UINT32_MAX: pooled */
    size_t bootstrap_draws; /* 0: the estimator's default */
    double horizon;         /* rmst; 0: the smallest over arms of the largest observed time */
} pilot_contrast_options_t;

/* Each fills its estimates whole; what cannot be had is absent with a reason. */
typedef void pilot_contrast_estimator_t(const pilot_sample_t *sample,
                                        const pilot_contrast_options_t *options,
                                        pilot_estimate_t *ret_estimate);

pilot_contrast_estimator_t pilot_horvitz_thompson_estimate;
pilot_contrast_estimator_t pilot_hajek_estimate;
pilot_contrast_estimator_t pilot_risk_ratio_estimate;
pilot_contrast_estimator_t pilot_odds_ratio_estimate;
pilot_contrast_estimator_t pilot_rate_ratio_estimate;
/* No difference is 1/2, not 0: statistic and p_value test that. */
pilot_contrast_estimator_t pilot_rank_estimate;
/* PILOT_QUANTILES estimates, at 0.1, 0.25, 0.5, 0.75, 0.9. */
#define PILOT_QUANTILES ((size_t)5)
pilot_contrast_estimator_t pilot_quantile_estimate;
pilot_contrast_estimator_t pilot_variance_ratio_estimate;
pilot_contrast_estimator_t pilot_rmst_estimate;
pilot_contrast_estimator_t pilot_log_rank_estimate;
/* Two estimates: the lower and the upper bound; the sample keeps rows without outcome. */
pilot_contrast_estimator_t pilot_lee_bounds_estimate;

#endif
