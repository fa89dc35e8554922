/* agency_posterior.c - what is believed of each agency.  See pilot/agency_distribution.h. */
#include <math.h>

#include "compensated.h"
#include "pilot/agency_distribution.h"

static bool is_shrunk(const pilot_meta_agency_t *agency, pilot_number_t std_error)
{
    return agency->eb_estimate.given && agency->eb_std_error.given && std_error.given &&
           std_error.value > 0;
}

/* tau^2 / (tau^2 + v) */
static double own_share(const pilot_meta_row_t *headline, double std_error)
{
    double ratio = headline->tau2.given ? sqrt(headline->tau2.value) / std_error : 0;
    return ratio > 1 ? 1 / (1 + 1 / (ratio * ratio)) : ratio * ratio / (1 + ratio * ratio);
}

static double mean_of(const compensated_t *sum, size_t k)
{
    return k > 0 ? compensated_value(sum) / (double)k : 0;
}

/* What constrained empirical Bayes needs of all agencies. */
typedef struct spread {
    double mean, scale; /* of the shrunken estimates; a typical standard error */
    double factor;      /* by which distances from the mean grow */
} spread_t;

/* The expected sum of squares of the true effects about their mean, given the data, is that of the
 * shrunken estimates and the trace of (I - J/k) V (Ghosh 1992).  V has the agencies'
 * own variances, and the shared mean's, which moves agencies apart only as far as their shrinkage
 * differs. */
static spread_t measure(const pilot_meta_agency_t *agency, const pilot_number_t *std_error,
                        size_t agencies, const pilot_meta_row_t *headline)
{
    spread_t spread = {.factor = 1};
    compensated_t sum = {0}, towards = {0}, squares = {0}, own = {0}, shared = {0};
    size_t k = 0;
    for (size_t i = 0; i < agencies; i++) {
        if (!is_shrunk(&agency[i], std_error[i]))
            continue;
        k++;
        spread.scale = fmax(spread.scale, agency[i].eb_std_error.value);
        compensated_add(&sum, agency[i].eb_estimate.value);
        compensated_add(&towards, 1 - own_share(headline, std_error[i].value));
    }
    spread.mean = mean_of(&sum, k);
    for (size_t i = 0; i < agencies; i++) {
        double share, distance, other;
        if (!is_shrunk(&agency[i], std_error[i]))
            continue;
        share = own_share(headline, std_error[i].value);
        distance = (agency[i].eb_estimate.value - spread.mean) / spread.scale;
        other = (1 - share - mean_of(&towards, k)) * headline->std_error.value / spread.scale;
        compensated_add(&squares, distance * distance);
        compensated_add(&own, share * pow(std_error[i].value / spread.scale, 2));
        compensated_add(&shared, other * other);
    }
    if (compensated_value(&squares) > 0)
        spread.factor =
            sqrt(1 + (compensated_value(&own) * (1 - 1 / (double)k) + compensated_value(&shared)) /
                         compensated_value(&squares));
    return spread;
}

void pilot_agency_posteriors(const pilot_meta_agency_t *agency, const pilot_number_t *std_error,
                             size_t agencies, const pilot_meta_row_t *headline,
                             const pilot_agency_distribution_options_t *options,
                             pilot_agency_posterior_t *ret_posterior)
{
    spread_t spread = measure(agency, std_error, agencies, headline);
    for (size_t i = 0; i < agencies; i++) {
        double better;
        ret_posterior[i] = (pilot_agency_posterior_t){0};
        if (!is_shrunk(&agency[i], std_error[i]))
            continue;
        better = (options->lower_is_better ? -1 : 1) * agency[i].eb_estimate.value -
                 options->smallest_effect;
        ret_posterior[i].constrained_estimate =
            PILOT_GIVEN(spread.mean + spread.factor * (agency[i].eb_estimate.value - spread.mean));
        ret_posterior[i].p_exceeds =
            PILOT_GIVEN(0.5 * erfc(-better / agency[i].eb_std_error.value * M_SQRT1_2));
    }
}
