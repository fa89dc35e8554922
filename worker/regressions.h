/* regressions.h - the regressions of a subset's responses.  Responses with the same regressors are
 * a group and share a decomposition; an outcome with a baseline has a regressor more, and so a
 * group of its own.  Groups follow one another in the order of responses, and so do their parts.
 * Pure. */
#ifndef PILOT_WORKER_REGRESSIONS_H
#define PILOT_WORKER_REGRESSIONS_H

#include "evaluate.h"

/* pilot_ols_estimate of all responses in one agency; arrays of `ret` are [model][response]... */
void pilot_regressions_estimate(pilot_view_t *view, pilot_ols_t *ols, const pilot_subset_t *subset,
                                size_t models, const pilot_ols_output_t *ret);

/* pilot_pooled_ols_residuals of all responses; fit and scores (NULL: not wanted) are
 * [model][response].  The piece has, group by group, the sums of each model and, in it, each
 * response. */
pilot_status_t pilot_regressions_residuals(pilot_view_t *view, pilot_ols_t *ols,
                                           const pilot_subset_t *subset,
                                           const pilot_pooled_ols_fit_t *const *fit,
                                           pilot_piece_t *piece, pilot_ols_scores_t *scores,
                                           pilot_error_t *error);

/* The regressions of a subset in the order of that piece: the i-th is [model][response] number so
 * much. */
size_t pilot_regressions_place(const pilot_analysis_t *analysis, size_t i);

#endif
