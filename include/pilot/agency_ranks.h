/* pilot/agency_ranks.h - how sure the order of agencies is: confidence sets for ranks.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/ranks-of-agencies.md */
#ifndef PILOT_AGENCY_RANKS_H
#define PILOT_AGENCY_RANKS_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/estimate.h"

typedef struct pilot_agency_rank {
    pilot_number_t rank;      /* of the estimate, 1: the most beneficial; ties share the mean */
    pilot_number_t low, high; /* hold this agency's true rank at the confidence */
    pilot_number_t simultaneous_low, simultaneous_high; /* hold all agencies' ranks at once */
} pilot_agency_rank_t;

/* Ranks of the true effects, 1 the most beneficial (the largest; lower_is_better: the smallest).
 * Estimates are independent, normal, with known standard errors.  One entry an agency; agencies
 * without an estimate or a positive standard error get nothing and are not counted.  Critical
 * values are integrals, not simulations: no seed, and the same bits in any order of agencies. */
void pilot_agency_ranks(const pilot_number_t *estimate, const pilot_number_t *std_error,
                        size_t agencies, bool lower_is_better, double confidence,
                        pilot_agency_rank_t *ret_rank);

#endif
