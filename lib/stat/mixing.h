/* mixing.h - the distribution of what estimates measure, by nonparametric maximum likelihood
 * (Kiefer & Wolfowitz 1956; Koenker & Mizera 2014) on a grid, found by the constrained Newton
 * method (Wang 2007).  docs/methods/distribution.md */
#ifndef PILOT_STAT_MIXING_H
#define PILOT_STAT_MIXING_H

#include <stdbool.h>
#include <stddef.h>

/* y[i] is normal about a value drawn from the grid, with standard error std_error[i].
 * ret_mass (points): the chances, sum 1.  point: ascending.  False where the likelihood was still
 * rising after many steps; ret_mass is then the last. */
bool mixing_fit(const double *y, const double *std_error, size_t k, const double *point,
                size_t points, double *ret_mass);

/* value >= 0 (count) that minimizes value' matrix value / 2 - right' value (Lawson & Hanson 1974,
 * on the normal equations).  matrix: count x count, positive semidefinite, row-major. */
void nonnegative_solve(const double *matrix, const double *right, size_t count, double *ret_value);

#endif
