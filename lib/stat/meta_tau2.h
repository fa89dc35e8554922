/* meta_tau2.h - between-agency variance from estimates and their variances.
 *
 * Works in units in which the geometric mean of the variances is 1, so that stopping rules do not
 * depend on the outcome's unit. */
#ifndef PILOT_STAT_META_TAU2_H
#define PILOT_STAT_META_TAU2_H

#include <stdbool.h>
#include <stddef.h>

typedef struct meta_data {
    size_t k;
    double *y; /* (estimate - origin) / scale */
    double *v; /* variance / scale^2 */
    double origin, scale;
} meta_data_t;

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

#endif
