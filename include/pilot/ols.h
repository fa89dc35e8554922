/* pilot/ols.h - least squares with block effects and heteroskedasticity- or cluster-robust
 * covariance: one agency's effects of every treatment arm against control.
 * Pure: no I/O, no log, no globals; one workspace per thread.
 * Method and sources: docs/methods/least-squares.md */
#ifndef PILOT_OLS_H
#define PILOT_OLS_H

#include "pilot/design_matrix.h"
#include "pilot/convention.h"
#include "pilot/estimate.h"
#include "pilot/frame.h"
#include "pilot/ols_scores.h"
#include "pilot/piece.h"

/* Memory that fits reuse; grows to the largest fit and allocates nothing afterwards. */
typedef struct pilot_ols pilot_ols_t;
pilot_ols_t *pilot_ols_new(void);
void pilot_ols_free(pilot_ols_t *ols); /* NULL is fine */

/* What is wanted of the fits; the caller's arrays, T = frame->arms - 1 treatment arms. */
typedef struct pilot_ols_output {
    /* [model][outcome][treatment arm], arm - control: models x outcomes x T.  Each is filled whole;
     * what cannot be had is absent with a reason.  n counts all arms' rows. */
    pilot_estimate_t *estimate;
    pilot_regression_choice_t *choice; /* [model][outcome], or NULL: what each model came to */
    /* [model][outcome][treatment arm][convention], or NULL.  estimatr's is absent where the fit's
     * type is CR0, CR1 or CR3. */
    pilot_convention_t *convention;
    pilot_ols_scores_t *scores; /* [model][outcome], or NULL */
    bool interactions;          /* scores of interactions besides those of arms */
    /* Round 1 of pilot/pooled_ols.h, from the same decomposition: the moments of each outcome, in
     * order, are appended.  Or NULL. */
    pilot_piece_t *moments;
} pilot_ols_output_t;

/* Regress each outcome on the task's design, by each model.  Models and outcomes with the same rows
 * share one decomposition; no model's or outcome's numbers depend on its company.  task->interact
 * must be true if any model is not OLS; task->across must be false where there are models. */
void pilot_ols_estimate(pilot_ols_t *ols, const pilot_ols_task_t *task,
                        const pilot_regression_model_t *model, size_t models,
                        const pilot_variable_t *outcome, size_t outcomes,
                        const pilot_ols_output_t *ret);

#endif
