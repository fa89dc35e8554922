/* power_outcome.h - outcomes with a given mean, variance, likeness within blocks and clusters and
 * share explained by covariates: a normal latent variable, cut at thresholds for shares and counts.
 */
#ifndef PILOT_STAT_POWER_OUTCOME_H
#define PILOT_STAT_POWER_OUTCOME_H

#include "pilot/power.h"

/* Loadings of the latent variable on its standard normal parts; their squares add up to 1. */
typedef struct power_loadings {
    double block, cluster_covariate, cluster, covariate, unit;
} power_loadings_t;

typedef struct power_outcome {
    power_loadings_t loading;
    bool weakened;
    double mean, sd;       /* where there are no thresholds */
    double *threshold;     /* ascending: the outcome is how many the latent variable exceeds */
    double *arm_threshold; /* the same in the treated arm; NULL: none */
    size_t thresholds, arm_thresholds;
} power_outcome_t;

void power_outcome_init(power_outcome_t *outcome, const pilot_power_design_t *design,
                        double effect);
/* Another effect, of agencies that differ; a share or mean stays in its range. */
void power_outcome_aim(power_outcome_t *outcome, const pilot_power_design_t *design, double effect);
void power_outcome_clear(power_outcome_t *outcome);

/* effect: added where there are no thresholds; treated: whose thresholds. */
double power_outcome_value(const power_outcome_t *outcome, double latent, bool treated,
                           double effect);

#endif
