/* parameter.h - what the estimators of a contrast estimate, computed from a large population. */
#ifndef PILOT_COVERAGE_PARAMETER_H
#define PILOT_COVERAGE_PARAMETER_H

#include <gsl/gsl_rng.h>
#include <stddef.h>

#include "design.h"

/* Of rmst: 0.45 of an untreated arm are still there and under observation. */
#define HORIZON 0.5

/* People block by block, all blocks the same number. */
typedef struct population {
    size_t people, blocks;
    person_t *person;
    double *treated, *untreated; /* outcomes; sorted within the block */
} population_t;

void draw_population(const design_t *design, distribution_t distribution, gsl_rng *random,
                     population_t *ret_population);
void clear_population(population_t *population);

typedef double parameter_t(const population_t *population);
parameter_t mean_difference, log_risk_ratio, log_odds_ratio, median_difference, rank_probability,
    log_variance_ratio, restricted_mean_difference, no_effect, effect_of_seen, effect_of_compliers;

#endif
