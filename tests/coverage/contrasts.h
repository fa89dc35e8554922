/* contrasts.h - the tables of the estimators of one contrast and of instrumental variables. */
#ifndef PILOT_COVERAGE_CONTRASTS_H
#define PILOT_COVERAGE_CONTRASTS_H

#include <stddef.h>

#define CONTRAST_TABLES ((size_t)7)

/* Prints one of them; bootstraps have half of the repetitions. */
void print_contrast_table(size_t which, size_t repetitions, unsigned long seed);

#endif
