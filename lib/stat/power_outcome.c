/* power_outcome.c - see power_outcome.h.
 *
 * y = sum over thresholds of 1{latent > threshold} has the Hermite coefficients
 * a_k = sum phi(threshold) h_{k-1}(threshold) / sqrt(k), h the normalized polynomials, so that two
 * y whose latent variables correlate by r have covariance K(r) = sum a_k^2 r^k (Mehler's formula),
 * and the linear regression of y on a part with loading c explains c^2 a_1^2 of its variance. */
#include "power_outcome.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "pilot/memory.h"

#define TERMS 400
#define MOST_THRESHOLDS 20000
#define LAST_TAIL 1e-12

/* ---- thresholds ------------------------------------------------------------------------------ */

/* P(count > k): Poisson, or negative binomial where it varies more. */
static double count_tail(unsigned k, double mean, double dispersion)
{
    if (dispersion <= 1 + 1e-9)
        return gsl_cdf_poisson_Q(k, mean);
    return gsl_cdf_negative_binomial_Q(k, 1 / dispersion, mean / (dispersion - 1));
}

static double *make_thresholds(const pilot_power_design_t *d, double mean, size_t *ret_count)
{
    double *threshold = NULL;
    size_t capacity = 0, count = 0;
    bool share = d->type == PILOT_POWER_SHARE;
    double dispersion = share ? 1 : d->sd * d->sd / d->mean;
    for (unsigned k = 0; k < (share ? 1 : MOST_THRESHOLDS); k++) {
        double tail = share ? mean : count_tail(k, mean, dispersion);
        if (!(tail >= LAST_TAIL))
            break;
        threshold = pilot_grow(threshold, &capacity, count + 1, sizeof *threshold);
        threshold[count++] = gsl_cdf_ugaussian_Qinv(tail);
    }
    *ret_count = count;
    return threshold;
}

/* ---- loadings -------------------------------------------------------------------------------- */

typedef struct hermite {
    double square[TERMS]; /* a_k squared, k = 1 .. TERMS */
    double variance;
} hermite_t;

static void expand(const power_outcome_t *outcome, double variance, hermite_t *ret)
{
    double coefficient[TERMS] = {0};
    for (size_t j = 0; j < outcome->thresholds; j++) {
        double z = outcome->threshold[j], previous = 0;
        double h = exp(-0.5 * z * z) / sqrt(2 * M_PI);
        for (int k = 0; k < TERMS; k++) {
            coefficient[k] += h / sqrt(k + 1);
            double next = (z * h - sqrt(k) * previous) / sqrt(k + 1);
            previous = h;
            h = next;
        }
    }
    for (int k = 0; k < TERMS; k++)
        ret->square[k] = coefficient[k] * coefficient[k];
    ret->variance = variance;
}

/* Share of the variance that two outcomes have in common whose latent variables correlate by r. */
static double common_share(const hermite_t *hermite, double r)
{
    double sum = 0;
    for (int k = TERMS - 1; k >= 0; k--)
        sum = (sum + hermite->square[k]) * r;
    return sum / hermite->variance;
}

static double latent_correlation(const hermite_t *hermite, double share)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60 && share > 0; i++) {
        double middle = 0.5 * (low + high);
        if (common_share(hermite, middle) < share)
            low = middle;
        else
            high = middle;
    }
    return share > 0 ? high : 0;
}

/* Shares of the variance: what blocks, clusters (within blocks) and covariates have of it. */
typedef struct shares {
    double block, cluster, cluster_covariate, covariate;
} shares_t;

static shares_t shares_of(const pilot_power_design_t *d)
{
    if (!d->clustered)
        return (shares_t){.block = d->r2_block, .covariate = (1 - d->r2_block) * d->r2};
    double within_blocks = d->icc * (1 - d->r2_block);
    return (shares_t){.block = d->icc * d->r2_block,
                      .cluster = within_blocks,
                      .cluster_covariate = within_blocks * d->r2_cluster,
                      .covariate = (1 - d->icc) * d->r2};
}

/* Squares of loadings, each at most what is left. */
static double take(double wanted, double *left, bool *weakened)
{
    if (wanted > *left * (1 + 1e-9))
        *weakened = true;
    double taken = fmin(wanted, *left);
    *left -= taken;
    return sqrt(taken);
}

static void load(power_outcome_t *outcome, shares_t in_latent)
{
    double left = 1, in_cluster;
    power_loadings_t *l = &outcome->loading;
    l->block = take(in_latent.block, &left, &outcome->weakened);
    in_cluster = fmin(in_latent.cluster, left);
    left -= in_cluster;
    l->cluster_covariate = take(in_latent.cluster_covariate, &in_cluster, &outcome->weakened);
    l->cluster = sqrt(in_cluster);
    l->covariate = take(in_latent.covariate, &left, &outcome->weakened);
    l->unit = sqrt(fmax(0, left));
}

void power_outcome_init(power_outcome_t *outcome, const pilot_power_design_t *design, double effect)
{
    shares_t share = shares_of(design), latent = share;
    *outcome = (power_outcome_t){.mean = design->mean, .sd = design->sd};
    bool normal =
        design->type == PILOT_POWER_MEAN ||
        /* A count that varies less than Poisson's has no such simple law. */
        (design->type == PILOT_POWER_COUNT && design->sd * design->sd < design->mean * (1 - 1e-9));
    if (!normal) {
        hermite_t *hermite PILOT_AUTOFREE = PILOT_NEW(hermite_t);
        double variance = design->type == PILOT_POWER_SHARE ? design->mean * (1 - design->mean)
                                                            : design->sd * design->sd;
        outcome->threshold = make_thresholds(design, design->mean, &outcome->thresholds);
        outcome->arm_threshold =
            make_thresholds(design, design->mean + effect, &outcome->arm_thresholds);
        expand(outcome, variance, hermite);
        double linear = hermite->variance / hermite->square[0];
        latent.block = latent_correlation(hermite, share.block);
        latent.cluster = latent_correlation(hermite, share.block + share.cluster) - latent.block;
        latent.cluster_covariate = share.cluster_covariate * linear;
        latent.covariate = share.covariate * linear;
    }
    load(outcome, latent);
}

void power_outcome_aim(power_outcome_t *outcome, const pilot_power_design_t *design, double effect)
{
    if (!outcome->threshold)
        return;
    double mean = fmax(0, design->mean + effect);
    free(outcome->arm_threshold);
    outcome->arm_threshold = make_thresholds(
        design, design->type == PILOT_POWER_SHARE ? fmin(1, mean) : mean, &outcome->arm_thresholds);
}

void power_outcome_clear(power_outcome_t *outcome)
{
    free(outcome->threshold);
    free(outcome->arm_threshold);
    *outcome = (power_outcome_t){0};
}

double power_outcome_value(const power_outcome_t *outcome, double latent, bool treated,
                           double effect)
{
    if (!outcome->threshold)
        return outcome->mean + outcome->sd * latent + (treated ? effect : 0);
    const double *threshold = treated ? outcome->arm_threshold : outcome->threshold;
    size_t low = 0, high = treated ? outcome->arm_thresholds : outcome->thresholds;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (threshold[middle] < latent)
            low = middle + 1;
        else
            high = middle;
    }
    return (double)low;
}
