/* analysis.h - a Spec unpacked and looked through once: what every job of one analysis needs. */
#ifndef PILOT_WORKER_ANALYSIS_H
#define PILOT_WORKER_ANALYSIS_H

#include <pilot.pb-c.h>

#include "layout.h"
#include "pilot/design_matrix.h"
#include "pilot/error.h"
#include "pilot/estimate.h"
#include "pilot/row_keys.h"

/* What linear estimators take for an outcome: itself, or 1{outcome = category} where it is ordinal.
 */
typedef struct pilot_response {
    size_t outcome;
    size_t category; /* SIZE_MAX: the outcome itself */
} pilot_response_t;

/* An outcome that stands for another. */
typedef struct pilot_target {
    size_t target, mission; /* outcomes */
} pilot_target_t;

typedef struct pilot_analysis {
    Pilot__Spec *spec;
    pilot_layout_t *layout;
    pilot_row_slots_t *slots;
    size_t outcomes;
    /* Of outcomes that a linear estimator is asked for, and of targets and missions. */
    pilot_response_t *response;
    size_t responses;
    size_t *first_response; /* by outcome */
    /* Responses with the same regressors: those of outcomes without a baseline, then each outcome
     * with one.  Group g is of the responses from group[g] to before group[g + 1]. */
    size_t *group;
    size_t groups;
    size_t *baseline;       /* by group: index into spec->covariate, or SIZE_MAX */
    pilot_target_t *target; /* in plan order */
    size_t targets;
    size_t treatments;
    bool automatic; /* estimators: auto */
    bool has_difference;
    bool has_regression;
    bool has_iv;
    /* Regressions of every response: ols and lin as the plan asks, or the one that auto takes; for
     * targets alone ols. */
    pilot_regression_model_t model[2];
    size_t models;
    bool gaps;                   /* rows of differences between levels of subgroups */
    bool has_contrast;           /* an estimator of pilot/contrast.h */
    size_t regressors;           /* covariates that are not for subgroups alone */
    pilot_std_error_t std_error; /* NONE: auto */
    double *probability;         /* by arm; NULL: not declared */
    const char **arm_name;       /* by arm */
} pilot_analysis_t;

/* PILOT_E_PROTOCOL: not a Spec, or one that contradicts itself.  Caller frees. */
pilot_status_t pilot_analysis_new(const void *spec, size_t length, pilot_analysis_t **ret_analysis,
                                  pilot_error_t *error);
void pilot_analysis_free(pilot_analysis_t *analysis); /* NULL is fine */

/* The response that a linear estimator's slot of this outcome is about. */
size_t pilot_analysis_response(const pilot_analysis_t *analysis, size_t outcome,
                               const pilot_row_slot_t *slot);

/* The group of a response. */
size_t pilot_analysis_group(const pilot_analysis_t *analysis, size_t response);

/* Place of a regression among those of all subsets: [subset][model][response].  estimator:
 * PILOT_OLS, PILOT_LIN, or PILOT_ESTIMATORS for auto's. */
size_t pilot_analysis_regression(const pilot_analysis_t *analysis, size_t subset,
                                 pilot_estimator_t estimator, size_t response);
/* How many regressions there are over so many subsets. */
size_t pilot_analysis_regressions(const pilot_analysis_t *analysis, size_t subsets);

#endif
