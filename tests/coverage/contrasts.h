/* contrasts.h - the tables of the estimators of one contrast and of instrumental variables. */
#ifndef PILOT_COVERAGE_CONTRASTS_H
#define PILOT_COVERAGE_CONTRASTS_H

#include <gsl/gsl_rng.h>
#include <stddef.h>

/* Prints them; bootstraps have half of the repetitions. */
void print_contrast_tables(size_t repetitions, gsl_rng *random);

#endif
