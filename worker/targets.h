/* targets.h - outcomes that stand for others (plan key stands_for): did the target move without its
 * mission?  Rows of results.quality, of one agency or of all, whole sample.  Pure.
 *
 * Effects come from the analysis' first regression model; correlations take two rounds, as
 * pilot/decoupling.h tells.  Nothing is done where the analysis has no targets. */
#ifndef PILOT_WORKER_TARGETS_H
#define PILOT_WORKER_TARGETS_H

#include "evaluate.h"
#include "fits.h"
#include "pilot/ols_scores.h"

/* One agency's rows.  estimate, choice, scores: of the whole sample's regressions, by
 * pilot_analysis_regression (and treatment). */
void pilot_targets_report(const pilot_view_t *view, const pilot_estimate_t *estimate,
                          const pilot_regression_choice_t *choice, const pilot_ols_scores_t *scores,
                          const char *agency, pilot_report_t *report);

/* ESTIMATE and POOL: append one agency's moments of each pair; merge all agencies' into the fits.
 * PILOT_E_PROTOCOL when a reader does not hold them. */
void pilot_targets_moments(const pilot_view_t *view, pilot_piece_t *piece);
pilot_status_t pilot_targets_merge(const pilot_analysis_t *analysis, pilot_piece_reader_t *reader,
                                   size_t agencies, pilot_fits_t *fits, pilot_error_t *error);

/* RESIDUAL: append one agency's sums of each pair.  scores: of the whole sample under the fits. */
pilot_status_t pilot_targets_residuals(const pilot_view_t *view, const pilot_fits_t *fits,
                                       const pilot_ols_scores_t *scores, pilot_piece_t *piece,
                                       pilot_error_t *error);

/* FINISH: the pooled rows.  estimate: of the whole sample's regressions.  agencies 0: some sums are
 * missing for good, and the rows say job_failed. */
pilot_status_t pilot_targets_finish(const pilot_analysis_t *analysis, const pilot_fits_t *fits,
                                    const pilot_estimate_t *estimate, pilot_piece_reader_t *reader,
                                    size_t agencies, pilot_report_t *report, pilot_error_t *error);

#endif
