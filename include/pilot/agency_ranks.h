/* pilot/agency_ranks.h - how sure the order of agencies is: confidence sets for ranks.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/ranks-of-agencies.md */
#ifndef PILOT_AGENCY_RANKS_H
#define PILOT_AGENCY_RANKS_H

#include "pilot/estimate.h"

#include <stddef.h>

typedef struct pilot_agency_rank {
    pilot_number_t rank;      /* 1: the largest estimate; ties share the mean */
    pilot_number_t low, high; /* holds this agency's rank at the confidence */
    pilot_number_t simultaneous_low, simultaneous_high; /* hold all agencies' ranks at once */
} pilot_agency_rank_t;

/* Ranks of the true effects, 1 the most beneficial (lower_is_better: the smallest).  Agencies
 * without an estimate or a positive standard error get nothing.  seed: of the simulation of the
 * largest differences; the same numbers in any order of the agencies. */
void pilot_agency_ranks(const pilot_number_t *estimate, const pilot_number_t *std_error,
                        size_t agencies, bool lower_is_better, double confidence, uint64_t seed,
                        pilot_agency_rank_t *ret_rank);

#endif
