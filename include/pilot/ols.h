/* pilot/ols.h - least squares with block effects and heteroskedasticity- or cluster-robust
 * covariance: one agency's effects of every treatment arm against control.
 * Pure: no I/O, no log, no globals; one workspace per thread.
 * Method and sources: docs/methods/least-squares.md */
#ifndef PILOT_OLS_H
#define PILOT_OLS_H

#include "pilot/design_matrix.h"
#include "pilot/estimate.h"
#include "pilot/frame.h"

/* Memory that fits reuse; grows to the largest fit and allocates nothing afterwards. */
typedef struct pilot_ols pilot_ols_t;
pilot_ols_t *pilot_ols_new(void);
void pilot_ols_free(pilot_ols_t *ols); /* NULL is fine */

/* Regress each outcome on the task's design.  ret_estimate has outcomes x (frame->arms - 1)
 * entries, the arms of one outcome side by side: [outcome * (arms - 1) + (arm - 1)], arm - control.
 * Each is filled whole; what cannot be had is absent with a reason.  n counts all arms' rows.
 * Outcomes with the same rows share one decomposition.  task->across must be false. */
void pilot_ols_estimate(pilot_ols_t *ols, const pilot_ols_task_t *task,
                        const pilot_variable_t *outcome, size_t outcomes,
                        pilot_estimate_t *ret_estimate);

#endif
