/* ols_refine.h - one corrected step towards the coefficients where columns are nearly collinear:
 * the gradient X'W(y - X beta) in twice the precision, summed in round 2 and solved at the finish.
 * Bjorck (1987), "Stability analysis of the method of seminormal equations". */
#ifndef PILOT_STAT_OLS_REFINE_H
#define PILOT_STAT_OLS_REFINE_H

#include "ols_residuals.h"

/* A function of the fit alone: is its condition such that a step is worth its cost? */
bool pilot_fit_needs_step(const pilot_fit_t *fit);

/* The gradient of one outcome over one agency's rows; column: the fit's, then the outcome's. */
void pilot_gradient_compute(const pilot_rows_t *rows, const pilot_column_t *column,
                            const pilot_column_t *outcome, const pilot_fit_t *fit,
                            pilot_arena_t *arena, pilot_residuals_t *ret);

/* Numbers of a gradient: high and low part of each entry; at level across also, for each of the
 * agency's blocks, of the sums of w e and w x. */
size_t pilot_gradient_numbers(const pilot_fit_t *fit, size_t blocks);

/* beta after the step, in the arena; the fit's own where there is none. */
double *pilot_fit_step(const pilot_fit_t *fit, const pilot_residuals_t *const *residuals,
                       size_t agencies, pilot_arena_t *arena);

#endif
