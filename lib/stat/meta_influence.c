/* meta_influence.c - what one agency does to the headline estimate.  See pilot/meta.h.
 *
 * Viechtbauer & Cheung (2010), "Outlier and influence diagnostics for meta-analysis", with tau2
 * estimated anew without the agency. */
#include <math.h>
#include <stdlib.h>

#include "meta_leave_out.h"
#include "pilot/memory.h"

/* What Knapp & Hartung multiply variances by; false when there is no such number. */
static bool variance_factor(const meta_fit_t *fit, size_t k, pilot_meta_test_t test,
                            double *ret_factor)
{
    *ret_factor = 1;
    if (test == PILOT_META_Z)
        return true;
    if (k < 2)
        return false;
    *ret_factor = fit->q / ((double)k - 1);
    if (test == PILOT_META_ADHOC)
        *ret_factor = fmax(1, *ret_factor);
    return *ret_factor > 0;
}

static pilot_number_t if_finite(double value)
{
    return isfinite(value) ? PILOT_GIVEN(value) : PILOT_ABSENT;
}

static void compare(const meta_data_t *data, const meta_fit_t *fit, const meta_left_t *left,
                    pilot_meta_test_t test, size_t i, pilot_meta_influence_t *influence)
{
    const meta_fit_t *without = &left->fit;
    double change = fit->mean - without->mean, factor, factor_without;
    influence->hat = PILOT_GIVEN(1 / (data->v[i] + fit->tau2) / fit->weight);
    if (!left->has_tau2)
        return;
    if (variance_factor(fit, data->k, test, &factor))
        influence->cooks_distance = if_finite(change * change * fit->weight / factor);
    if (!variance_factor(without, data->k - 1, test, &factor_without))
        return;
    double own = data->v[i] + without->tau2, weight = 1 / own;
    influence->std_residual = if_finite((data->y[i] - without->mean) /
                                        sqrt(factor_without * (own + 1 / without->weight)));
    /* The variance that the mean of all has under the tau2 of the others. */
    influence->dfbetas = if_finite(change / sqrt(factor_without / (without->weight + weight)));
}

void pilot_meta_influence(const pilot_number_t *estimate, const pilot_number_t *std_error,
                          size_t agencies, const pilot_meta_options_t *options,
                          pilot_meta_influence_t *ret_influence)
{
    meta_data_t data;
    bool by_pm;
    for (size_t i = 0; i < agencies; i++)
        ret_influence[i] = (pilot_meta_influence_t){0};
    meta_gather(estimate, std_error, agencies, NULL, 0, &data);
    if (data.k >= 2) {
        double tau2 = meta_tau2(&data, options->method, &by_pm);
        meta_fit_t fit = meta_fit(&data, tau2);
        meta_left_t *left = PILOT_NEW_ARRAY(meta_left_t, data.k);
        meta_leave_out(&data, options->method, tau2, left);
        for (size_t i = 0; i < data.k; i++)
            compare(&data, &fit, &left[i], options->test, i, &ret_influence[data.place[i]]);
        free(left);
    }
    meta_data_clear(&data);
}
