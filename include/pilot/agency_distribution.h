/* pilot/agency_distribution.h - how true effects are spread over agencies: which share harms, does
 * nothing that matters, benefits.  Pure: no I/O, no log, no globals.
 * Method and sources: docs/methods/distribution.md */
#ifndef PILOT_AGENCY_DISTRIBUTION_H
#define PILOT_AGENCY_DISTRIBUTION_H

#include <stddef.h>

#include "pilot/estimate.h"

typedef enum pilot_share_kind {
    PILOT_SHARE_HARM,    /* beyond -smallest_effect in the bad direction */
    PILOT_SHARE_NONE,    /* between */
    PILOT_SHARE_BENEFIT, /* beyond smallest_effect in the good one */
    PILOT_SHARES
} pilot_share_kind_t;
const char *pilot_share_kind_name(pilot_share_kind_t kind); /* "harm", "none", "benefit" */

typedef struct pilot_share {
    pilot_share_kind_t kind;
    size_t k;
    pilot_number_t share, ci_low, ci_high;
    pilot_row_status_t status;
    pilot_reason_t reason;
    char detail[PILOT_DETAIL_SIZE];
} pilot_share_t;

typedef struct pilot_agency_distribution_options {
    double smallest_effect; /* >= 0; 0: harm and benefit part at no effect */
    bool lower_is_better;
    double confidence;
    uint64_t seed;
} pilot_agency_distribution_options_t;

/* Deconvolution of the estimates' distribution with each agency's own standard error. */
void pilot_agency_distribution(const pilot_number_t *estimate, const pilot_number_t *std_error,
                               size_t agencies, const pilot_agency_distribution_options_t *options,
                               pilot_share_t ret_share[PILOT_SHARES]);

/* Constrained empirical Bayes (their spread is that of the effects, not of shrunken estimates), and
 * the probability that the effect is better than smallest_effect: of each agency, from its
 * empirical Bayes estimate and posterior standard error.  Entries without either stay absent. */
typedef struct pilot_agency_posterior {
    pilot_number_t constrained_estimate, p_exceeds;
} pilot_agency_posterior_t;
void pilot_agency_posteriors(const pilot_number_t *eb_estimate, const pilot_number_t *eb_std_error,
                             size_t agencies, const pilot_agency_distribution_options_t *options,
                             pilot_agency_posterior_t *ret_posterior);

#endif
