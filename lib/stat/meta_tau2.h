/* meta_tau2.h - between-agency variance from estimates and their variances. */
#ifndef PILOT_STAT_META_TAU2_H
#define PILOT_STAT_META_TAU2_H

#include <stdbool.h>
#include <stddef.h>

#include "meta_data.h"
#include "pilot/meta.h"

/* Weighted mean and what goes with it under weights 1/(v + tau2). */
typedef struct meta_fit {
    double tau2;
    double weight; /* sum of weights */
    double mean;
    double q; /* sum of w (y - mean)^2 */
} meta_fit_t;

meta_fit_t meta_fit(const meta_data_t *data, double tau2);

/* Typical variance within agencies, Higgins & Thompson (2002) eq. (9); k >= 2. */
double meta_typical_variance(const meta_data_t *data);

/* k >= 2. */
double meta_dersimonian_laird(const meta_data_t *data);
/* The tau2 >= 0 with Q(tau2) = target; 0 when Q(0) <= target. */
double meta_solve_q(const meta_data_t *data, double target);
/* Global maximum of the restricted likelihood; false when it was not found. */
bool meta_reml(const meta_data_t *data, double *ret_tau2);

/* By the method, k >= 2: 0 under fixed; by pm (*ret_by_pm) where REML finds nothing. */
double meta_tau2(const meta_data_t *data, pilot_meta_method_t method, bool *ret_by_pm);

#define META_GRID 80
#define META_GRID_POINTS (META_GRID + 2)
/* Where the likelihood is looked at before its best point's surroundings are searched: 0, then
 * from a thousandth of the smallest variance to `last`, evenly in logarithms. */
void meta_grid(double smallest, double last, double ret_point[META_GRID_POINTS]);
/* Beyond it the score is negative. */
double meta_upper_bound(const meta_data_t *data);
/* An iteration on a variance ends when a step is below it times (tau2 + typical variance). */
#define META_STOP 1e-12
#define META_MAX_STEPS 200

#endif
