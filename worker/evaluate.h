/* evaluate.h - one agency's rows become its effects, its quality checks and its pieces of the
 * pooled numbers.  Pure: datasets in, rows of a report out.
 *
 * What is computed of an agency depends on its rows and the analysis alone, so any batching gives
 * the same bits. */
#ifndef PILOT_WORKER_EVALUATE_H
#define PILOT_WORKER_EVALUATE_H

#include "analysis.h"
#include "dataset.h"
#include "pilot/ols.h"
#include "pilot/pooled_ols.h"
#include "report.h"
#include "subsets.h"

/* A dataset as the statistics library sees it; everything is borrowed from analysis and dataset. */
typedef struct pilot_view {
    const pilot_analysis_t *analysis;
    const pilot_dataset_t *dataset;
    pilot_frame_t frame;
    pilot_variable_t *outcome;
    pilot_variable_t *response;   /* what linear estimators take; NULL until made */
    double *indicator;            /* of ordinal responses; owned */
    pilot_variable_t *event;      /* by outcome; value NULL: not pulled */
    pilot_variable_t probability; /* value NULL: not pulled */
    pilot_variable_t *number;     /* by covariate */
    pilot_category_t *category;   /* by covariate */
    pilot_regressor_t *regressor; /* room for all covariates */
    /* Randomized across agencies without clusters of the plan: the agency is the cluster. */
    uint32_t *one_cluster;
    const char *agency;
} pilot_view_t;

/* agency: its name, borrowed as long as the view. */
void pilot_view_init(pilot_view_t *view, const pilot_analysis_t *analysis,
                     const pilot_dataset_t *dataset, const char *agency);
void pilot_view_clear(pilot_view_t *view);

/* Fills view->response: 1{outcome = category} for ordinal outcomes, the outcome itself for others.
 */
void pilot_view_make_responses(pilot_view_t *view);

/* The regression of a group of responses in a subset, without frame and rows.  number, category: by
 * covariate, or NULL (no rows: what kind each is, alone); regressor: room for all covariates,
 * borrowed by the task. */
pilot_ols_task_t pilot_regression_task(const pilot_analysis_t *analysis,
                                       const pilot_subset_t *subset, size_t group,
                                       const pilot_variable_t *number,
                                       const pilot_category_t *category,
                                       pilot_regressor_t *regressor);
/* The same of one agency's rows.  Its regressors live in view->regressor until the next call. */
pilot_ols_task_t pilot_view_task(pilot_view_t *view, const pilot_subset_t *subset, size_t group);

/* Covariates of a group's regression on a subset of this subgroup (whole sample: level NULL), as
 * indices into spec->covariate: the baseline, then the plan's.  Returns how many; ret_covariate has
 * room for all. */
size_t pilot_regression_covariates(const pilot_analysis_t *analysis, const pilot_subset_t *subset,
                                   size_t group, size_t *ret_covariate);

/* ESTIMATE: effects (none at level: across), quality, first piece.
 * Piece: levels; quality; overlaps of levels, if there are subgroups; then by subset: rows of each
 * response; difference-in-means summaries of each response; moments of each response if a
 * regression is asked for; moments of iv's two regressions if it is; then moments of each target
 * and its mission. */
void pilot_evaluate_agency(const pilot_analysis_t *analysis, pilot_ols_t *ols,
                           const pilot_dataset_t *dataset, const Pilot__Pin *pin,
                           pilot_report_t *report);

#endif
