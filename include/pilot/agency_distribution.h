/* pilot/agency_distribution.h - how true effects are spread over agencies: which share harms, does
 * nothing that matters, benefits; and what is believed of each agency.  Pure: no I/O, no log, no
 * globals.  Method and sources: docs/methods/distribution.md */
#ifndef PILOT_AGENCY_DISTRIBUTION_H
#define PILOT_AGENCY_DISTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/estimate.h"
#include "pilot/meta.h"

typedef enum pilot_share_kind {
    PILOT_SHARE_HARM,    /* beyond smallest_effect in the bad direction */
    PILOT_SHARE_NONE,    /* between, both ends included */
    PILOT_SHARE_BENEFIT, /* beyond smallest_effect in the good one */
    PILOT_SHARES
} pilot_share_kind_t;
const char *pilot_share_kind_name(pilot_share_kind_t kind); /* "harm", "none", "benefit" */

/* Shares are between 0 and 1. */
typedef struct pilot_share {
    pilot_share_kind_t kind;
    size_t k; /* agencies with an estimate and a positive standard error */
    pilot_number_t share, ci_low, ci_high;
    pilot_row_status_t status;
    pilot_reason_t reason;
    char detail[PILOT_DETAIL_SIZE];
} pilot_share_t;

typedef struct pilot_agency_distribution_options {
    double
        smallest_effect; /* >= 0; 0: harm and benefit part at no effect, and nothing is between */
    bool lower_is_better;
    double confidence;
} pilot_agency_distribution_options_t;

/* Below this many agencies: too_few_agencies. */
#define PILOT_SHARE_AGENCIES 10

/* Deconvolution of the estimates' distribution with each agency's own standard error.  The same
 * bits in any order of agencies. */
void pilot_agency_distribution(const pilot_number_t *estimate, const pilot_number_t *std_error,
                               size_t agencies, const pilot_agency_distribution_options_t *options,
                               pilot_share_t ret_share[PILOT_SHARES]);

/* Constrained empirical Bayes (their spread is that of the effects, not of shrunken estimates), and
 * the probability that the effect is better than smallest_effect. */
typedef struct pilot_agency_posterior {
    pilot_number_t constrained_estimate, p_exceeds;
} pilot_agency_posterior_t;

/* agency: of pilot_meta, on the same std_error; headline: the row that these were shrunk by.
 * Entries without an empirical Bayes estimate or its standard error stay absent. */
void pilot_agency_posteriors(const pilot_meta_agency_t *agency, const pilot_number_t *std_error,
                             size_t agencies, const pilot_meta_row_t *headline,
                             const pilot_agency_distribution_options_t *options,
                             pilot_agency_posterior_t *ret_posterior);

#endif
