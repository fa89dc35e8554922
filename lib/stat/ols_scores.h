/* ols_scores.h - scores of one group of fits: what the caller sees, and what round 2 writes to. */
#ifndef PILOT_STAT_OLS_SCORES_H
#define PILOT_STAT_OLS_SCORES_H

#include "ols_residuals.h"
#include "pilot/ols_scores.h"

/* Contrasts, estimates, names and the factor; no units yet. */
void pilot_scores_describe(const pilot_fit_t *fit, const pilot_ols_task_t *task, bool interactions,
                           pilot_ols_scores_t *scores);
/* Make room in the scores of outcomes whose fits have one design. */
pilot_score_sink_t *pilot_scores_begin(pilot_ols_scores_t *const *scores,
                                       const pilot_fit_t *const *fit, size_t outcomes,
                                       const pilot_ols_task_t *task, bool interactions,
                                       pilot_arena_t *arena);
/* Say whether one outcome's are what they should be; its estimates as the fit has them now. */
void pilot_scores_end(pilot_ols_scores_t *scores, const pilot_fit_t *fit,
                      const pilot_residuals_t *residuals);

#endif
