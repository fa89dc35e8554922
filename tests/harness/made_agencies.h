/* made_agencies.h - made-up agencies for tests and simulations: true effects, standard errors, and
 * estimates drawn about them. */
#ifndef PILOT_TEST_MADE_AGENCIES_H
#define PILOT_TEST_MADE_AGENCIES_H

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

#include "pilot/estimate.h"

#define MOST_AGENCIES 2000

typedef struct made_agencies {
    size_t k;
    double effect[MOST_AGENCIES];
    pilot_number_t estimate[MOST_AGENCIES], std_error[MOST_AGENCIES];
} made_agencies_t;

/* Standard errors: a geometric mean of `typical`, log standard deviation `uneven`. */
static inline void made_std_errors(made_agencies_t *made, double typical, double uneven,
                                   gsl_rng *random)
{
    for (size_t i = 0; i < made->k; i++)
        made->std_error[i] = PILOT_GIVEN(typical * exp(gsl_ran_gaussian(random, uneven)));
}

static inline void made_estimates(made_agencies_t *made, gsl_rng *random)
{
    for (size_t i = 0; i < made->k; i++)
        made->estimate[i] =
            PILOT_GIVEN(made->effect[i] + gsl_ran_gaussian(random, made->std_error[i].value));
}

#endif
