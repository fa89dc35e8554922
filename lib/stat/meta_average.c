/* meta_average.c - averages with weights that are given.  See pilot/meta.h.
 *
 * Agencies as a sample: the bias-reduced linearization of Bell & McCaffrey (2002) for the weighted
 * mean, with their Satterthwaite df, as in Pustejovsky & Tipton (2018); with equal weights s^2/k
 * and k - 1.  It needs no tau2 and stays right when persons and effects go together. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "meta_data.h"
#include "pilot/memory.h"
#include "pilot/meta.h"

typedef struct average {
    const meta_data_t *data;
    double *share; /* of the weight; the sum is 1 */
    double mean;   /* in units of data */
} average_t;

/* What goes with an agency of most of the weight, from the others' shares and not as differences
 * from 1, so that they keep their digits. */
typedef struct giant {
    size_t place; /* k: there is none */
    double rest;  /* sum of the others' shares */
    double squares;
    double residual;
} giant_t;

static giant_t find_giant(const average_t *average)
{
    const meta_data_t *data = average->data;
    giant_t giant = {.place = data->k};
    for (size_t i = 0; i < data->k; i++)
        giant.place = average->share[i] >= 0.5 ? i : giant.place;
    for (size_t j = 0; giant.place < data->k && j < data->k; j++) {
        double w = j == giant.place ? 0 : average->share[j];
        giant.rest += w;
        giant.squares += w * w;
        giant.residual += w * (data->y[giant.place] - data->y[j]);
    }
    return giant;
}

/* Sum over pairs of agencies of a_i a_j c_ij^2, c_ij = squares - w_i - w_j, without agency `big`.
 */
static double sum_pairs(const average_t *average, const double *a, double squares, size_t big)
{
    double plain = 0, once = 0, twice = 0, same = 0;
    for (size_t i = 0; i < average->data->k; i++) {
        double w = average->share[i], c = squares - 2 * w;
        if (i == big)
            continue;
        plain += a[i];
        once += a[i] * w;
        twice += a[i] * w * w;
        same += a[i] * a[i] * c * c;
    }
    return squares * squares * plain * plain + 2 * plain * twice - 4 * squares * plain * once +
           2 * once * once - same;
}

/* The sum of a e^2, e the residuals, a = w^2 / c_ii; with equal variances of the agencies e has
 * covariance c, c_ii = 1 - 2 w_i + sum of w^2, so its mean is that of the average and its variance
 * twice the sum of a_i a_j c_ij^2. */
static double robust_variance(const average_t *average, double *ret_df)
{
    size_t k = average->data->k;
    const double *w = average->share;
    double *a = PILOT_NEW_ARRAY(double, k);
    double squares = 0, fourths = 0, variance = 0, spread;
    giant_t giant = find_giant(average);
    for (size_t i = 0; i < k; i++) {
        squares += w[i] * w[i];
        fourths += w[i] * w[i] * w[i] * w[i];
    }
    for (size_t i = 0; i < k; i++) {
        double e = average->data->y[i] - average->mean, c = 1 - 2 * w[i] + squares;
        if (i == giant.place) {
            e = giant.residual;
            c = giant.rest * giant.rest + giant.squares;
        }
        a[i] = w[i] * w[i] / c;
        variance += a[i] * e * e;
    }
    spread = fourths + sum_pairs(average, a, squares, giant.place);
    for (size_t j = 0; giant.place < k && j < k; j++) {
        double c = giant.squares - w[giant.place] * giant.rest - w[j];
        spread += j == giant.place ? 0 : 2 * a[giant.place] * a[j] * c * c;
    }
    *ret_df = squares * squares / spread;
    free(a);
    return variance;
}

/* Returns the standard error in units of data; 0 when there is none. */
static double standard_error(const average_t *average, const pilot_meta_options_t *options,
                             pilot_meta_average_t *ret)
{
    double design = 0, robust, df;
    for (size_t i = 0; i < average->data->k; i++)
        design += average->share[i] * average->share[i] * average->data->v[i];
    if (options->method == PILOT_META_FIXED) {
        snprintf(ret->detail, sizeof ret->detail, "of these agencies alone");
        return sqrt(design);
    }
    if (average->data->k < 2) {
        ret->reason = PILOT_REASON_TOO_FEW_AGENCIES;
        return 0;
    }
    robust = robust_variance(average, &df);
    snprintf(ret->detail, sizeof ret->detail, "agencies as a sample");
    if (options->test != PILOT_META_Z)
        ret->df = PILOT_GIVEN(df);
    if (options->test == PILOT_META_ADHOC)
        robust = fmax(robust, design);
    if (!(robust > 0))
        ret->reason = PILOT_REASON_ZERO_VARIANCE;
    return sqrt(robust);
}

static void infer(pilot_meta_average_t *ret, double std_error, double confidence)
{
    pilot_estimate_t base = {
        .estimate = ret->estimate, .std_error = PILOT_GIVEN(std_error), .df = ret->df};
    pilot_estimate_infer(&base, confidence);
    ret->std_error = base.std_error;
    ret->statistic = base.statistic;
    ret->p_value = base.p_value;
    ret->ci_low = base.ci_low;
    ret->ci_high = base.ci_high;
}

static void fill(average_t *average, const double *weight, const pilot_meta_options_t *options,
                 pilot_meta_average_t *ret)
{
    const meta_data_t *data = average->data;
    double largest = 0, total = 0, std_error;
    for (size_t i = 0; i < data->k; i++) {
        average->share[i] = weight ? weight[data->place[i]] : 1;
        largest = fmax(largest, average->share[i]);
    }
    for (size_t i = 0; i < data->k; i++)
        total += average->share[i] / largest;
    for (size_t i = 0; i < data->k; i++) {
        average->share[i] = average->share[i] / largest / total;
        average->mean += average->share[i] * data->y[i];
    }
    ret->estimate = PILOT_GIVEN(data->origin + average->mean * data->scale);
    std_error = standard_error(average, options, ret) * data->scale;
    if (!(std_error > 0)) {
        ret->df = PILOT_ABSENT;
        ret->status = PILOT_ROW_NOT_ESTIMABLE;
        return;
    }
    infer(ret, std_error, options->confidence);
}

void pilot_meta_average(const pilot_number_t *estimate, const pilot_number_t *std_error,
                        const double *weight, size_t agencies, const pilot_meta_options_t *options,
                        pilot_meta_average_t *ret_average)
{
    pilot_number_t *kept = PILOT_NEW_ARRAY(pilot_number_t, agencies);
    meta_data_t data;
    for (size_t i = 0; i < agencies; i++) {
        if (!weight || (weight[i] > 0 && isfinite(weight[i])))
            kept[i] = estimate[i];
    }
    meta_gather(kept, std_error, agencies, weight, weight ? 1 : 0, &data);
    *ret_average = (pilot_meta_average_t){.k = data.k, .status = PILOT_ROW_OK};
    if (data.k == 0) {
        ret_average->status = PILOT_ROW_NOT_ESTIMABLE;
        ret_average->reason = PILOT_REASON_TOO_FEW_AGENCIES;
    } else {
        average_t average = {.data = &data, .share = PILOT_NEW_ARRAY(double, data.k)};
        fill(&average, weight, options, ret_average);
        free(average.share);
    }
    meta_data_clear(&data);
    free(kept);
}
