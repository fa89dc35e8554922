/* pilot/pooled_ols.h - one regression over all agencies' rows, without ever having them in one
 * place: two rounds of parts that merge in agency order.
 *
 *   round 1, per agency:  pilot_pooled_ols_moments   rows -> triangular factor and sums
 *            once:        pilot_pooled_ols_fit       all moments -> coefficients
 *   round 2, per agency:  pilot_pooled_ols_residuals rows and the fit -> residual-based sums
 *            once:        pilot_pooled_ols_finish    all sums -> estimates
 *
 * Agency effects are absorbed (level: agency: agency x block is the block), or blocks and clusters
 * are matched by label (level: across).  An agency's parts depend on its rows and on the fit alone,
 * never on what else a job held.  With one agency the numbers are those of pilot_ols_estimate, bit
 * for bit.  All agencies must be given the same plan: arms, regressors, options, in one order.
 * Method and sources: docs/methods/least-squares.md */
#ifndef PILOT_POOLED_OLS_H
#define PILOT_POOLED_OLS_H

#include <stddef.h>

#include "pilot/design_matrix.h"
#include "pilot/error.h"
#include "pilot/estimate.h"
#include "pilot/ols.h"
#include "pilot/piece.h"

/* Round 1: append the moments of each outcome, in order, to the piece.  An agency without a usable
 * row gives moments too (of nothing), so that readers stay in step. */
void pilot_pooled_ols_moments(pilot_ols_t *ols, const pilot_ols_task_t *task,
                              const pilot_variable_t *outcome, size_t outcomes,
                              pilot_piece_t *piece);

/* The fit of one outcome. */
typedef struct pilot_pooled_ols_fit pilot_pooled_ols_fit_t;
void pilot_pooled_ols_fit_free(pilot_pooled_ols_fit_t *fit); /* NULL is fine */

/* Merge: takes one outcome's moments from every reader (agencies of them, in agency order) and fits
 * each model to them: ret_fit[model].  task: regressors' names and kinds (number or category not
 * NULL), options and frame->arms count; no rows are read and frame's arrays may be NULL.  Each fit
 * is the caller's to free.  A fit that gives no estimates is still a fit: finish tells the reason.
 * PILOT_E_PROTOCOL when a reader does not hold moments of this task. */
pilot_status_t pilot_pooled_ols_fit(const pilot_ols_task_t *task,
                                    const pilot_regression_model_t *model, size_t models,
                                    pilot_piece_reader_t *reader, size_t agencies,
                                    pilot_pooled_ols_fit_t **ret_fit, pilot_error_t *error);
/* What the fit's model came to for its rows; of an unpacked fit too. */
const pilot_regression_choice_t *pilot_pooled_ols_choice(const pilot_pooled_ols_fit_t *fit);

/* Append the fit to a piece, and read it back bit for bit (PILOT_E_PROTOCOL). */
void pilot_pooled_ols_fit_pack(const pilot_pooled_ols_fit_t *fit, pilot_piece_t *piece);
pilot_status_t pilot_pooled_ols_fit_unpack(pilot_piece_reader_t *reader,
                                           pilot_pooled_ols_fit_t **ret_fit, pilot_error_t *error);

/* Round 2: append the residual-based sums of each model and, in it, each outcome, in order, to the
 * piece (NULL: not wanted); fit[model * outcomes + outcome].  The same task and rows as in round 1.
 * scores: NULL, or of this agency's rows in the order of the fits, of arms and, if asked for, of
 * interactions; sums of their products add up over agencies.  PILOT_E_PROTOCOL when a fit does not
 * go with the task. */
pilot_status_t pilot_pooled_ols_residuals(pilot_ols_t *ols, const pilot_ols_task_t *task,
                                          const pilot_variable_t *outcome, size_t outcomes,
                                          const pilot_pooled_ols_fit_t *const *fit, size_t models,
                                          pilot_piece_t *piece, pilot_ols_scores_t *scores,
                                          bool interactions, pilot_error_t *error);
/* The fit's contrasts, their estimates and the factor of the variance, without any rows: units is
 * 0.  Where columns are nearly collinear, finish gives the arms' last digits; these have not. */
void pilot_pooled_ols_contrasts(const pilot_pooled_ols_fit_t *fit, const pilot_ols_task_t *task,
                                bool interactions, pilot_ols_scores_t *ret);

/* Takes the sums of one fit from every reader (agencies of them, in agency order) and fills
 * ret_estimate[arm - 1] for every treatment arm, whole, and ret_convention[(arm - 1) *
 * PILOT_CONVENTIONS + convention] unless it is NULL. */
pilot_status_t pilot_pooled_ols_finish(const pilot_pooled_ols_fit_t *fit,
                                       pilot_piece_reader_t *reader, size_t agencies,
                                       double confidence, pilot_estimate_t *ret_estimate,
                                       pilot_convention_t *ret_convention, pilot_error_t *error);

#endif
