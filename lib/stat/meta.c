/* meta.c - the twelve rows of a comparison, and each agency's place in it.  See pilot/meta.h. */
#include "pilot/meta.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "distribution.h"
#include "meta_leave_out.h"
#include "meta_tau2.h"
#include "pilot/memory.h"

static const char *const method_name[PILOT_META_METHODS] = {"fixed", "dl", "pm", "reml"};
static const char *const test_name[PILOT_META_TESTS] = {"z", "knha", "adhoc"};

const char *pilot_meta_method_name(pilot_meta_method_t method)
{
    return (size_t)method < PILOT_META_METHODS ? method_name[method] : "";
}

const char *pilot_meta_test_name(pilot_meta_test_t test)
{
    return (size_t)test < PILOT_META_TESTS ? test_name[test] : "";
}

static bool find_name(const char *const *list, size_t count, const char *name, size_t *ret_place)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0) {
            *ret_place = i;
            return true;
        }
    }
    return false;
}

bool pilot_meta_method_from_name(const char *name, pilot_meta_method_t *ret_method)
{
    size_t place;
    if (!find_name(method_name, PILOT_META_METHODS, name, &place))
        return false;
    *ret_method = (pilot_meta_method_t)place;
    return true;
}

bool pilot_meta_test_from_name(const char *name, pilot_meta_test_t *ret_test)
{
    size_t place;
    if (!find_name(test_name, PILOT_META_TESTS, name, &place))
        return false;
    *ret_test = (pilot_meta_test_t)place;
    return true;
}

/* What rows of one method share. */
typedef struct model {
    bool has_tau2, by_pm;
    double tau2;
    meta_fit_t fit;
} model_t;

static model_t fit_model(const meta_data_t *data, pilot_meta_method_t method)
{
    model_t model = {.has_tau2 = method == PILOT_META_FIXED || data->k >= 2};
    if (data->k >= 2)
        model.tau2 = meta_tau2(data, method, &model.by_pm);
    model.fit = meta_fit(data, model.tau2);
    return model;
}

/* Q, its p-value and the Q-profile interval (Viechtbauer 2007): the same under all methods. */
typedef struct heterogeneity {
    double q, typical;
    bool has_interval;
    double low, high;
} heterogeneity_t;

static heterogeneity_t measure(const meta_data_t *data, double confidence)
{
    heterogeneity_t h = {0};
    double df = (double)data->k - 1, low_target, high_target;
    h.q = meta_fit(data, 0).q;
    if (data->k < 2)
        return h;
    h.typical = meta_typical_variance(data);
    low_target = pilot_chi_square_quantile(0.5 * (1 + confidence), df);
    high_target = pilot_chi_square_quantile(0.5 * (1 - confidence), df);
    h.has_interval = h.q >= high_target;
    h.low = meta_solve_q(data, low_target);
    h.high = meta_solve_q(data, high_target);
    return h;
}

static void note(pilot_meta_row_t *row, const char *text)
{
    size_t length = strlen(row->detail);
    if (row->status == PILOT_ROW_OK)
        row->status = PILOT_ROW_FLAGGED;
    snprintf(row->detail + length, sizeof row->detail - length, "%s%s", length > 0 ? "; " : "",
             text);
}

static void describe(pilot_meta_row_t *row, const meta_data_t *data, const model_t *model,
                     const heterogeneity_t *h)
{
    double df = (double)data->k - 1, unit = data->scale * data->scale;
    row->q = PILOT_GIVEN(h->q);
    row->q_df = PILOT_GIVEN(df);
    if (model->has_tau2)
        row->tau2 = PILOT_GIVEN(model->tau2 * unit);
    if (data->k < 2)
        return;
    row->q_p_value = PILOT_GIVEN(pilot_chi_square_upper(h->q, df));
    if (row->method == PILOT_META_FIXED) {
        row->i2 = PILOT_GIVEN(h->q > 0 ? fmax(0, 100 * (h->q - df) / h->q) : 0);
        row->h2 = PILOT_GIVEN(h->q / df);
        return;
    }
    row->i2 = PILOT_GIVEN(100 * model->tau2 / (model->tau2 + h->typical));
    row->h2 = PILOT_GIVEN(1 + model->tau2 / h->typical);
    if (h->has_interval) {
        row->tau2_low = PILOT_GIVEN(h->low * unit);
        row->tau2_high = PILOT_GIVEN(h->high * unit);
    } else {
        note(row, "tau2 interval lies below 0: agencies differ less than chance alone would make "
                  "them");
    }
}

/* Knapp & Hartung (2003): the variance of the mean times the weighted mean square. */
static bool standard_error(const meta_data_t *data, const model_t *model, pilot_meta_test_t test,
                           double *ret_std_error)
{
    double variance = 1 / model->fit.weight, factor;
    if (!model->has_tau2 || (test != PILOT_META_Z && data->k < 2))
        return false;
    if (test != PILOT_META_Z) {
        factor = model->fit.q / ((double)data->k - 1);
        if (test == PILOT_META_ADHOC)
            factor = fmax(1, factor);
        variance *= factor;
    }
    *ret_std_error = sqrt(variance) * data->scale;
    return true;
}

/* Riley, Higgins & Deeks (2011): t with k - 2 degrees of freedom. */
static void predict(pilot_meta_row_t *row, const meta_data_t *data,
                    const pilot_meta_options_t *options)
{
    double df = (double)data->k - (options->prediction_k_minus_1 ? 1 : 2), half;
    if (!row->std_error.given)
        return;
    if (!(df > 0)) {
        if (row->reason == PILOT_REASON_NONE)
            row->reason = PILOT_REASON_TOO_FEW_AGENCIES;
        note(row, "too few agencies for a prediction interval");
        return;
    }
    half = pilot_t_critical(options->confidence, df) *
           hypot(sqrt(row->tau2.value), row->std_error.value);
    if (!isfinite(half))
        return;
    row->pi_low = PILOT_GIVEN(row->estimate.value - half);
    row->pi_high = PILOT_GIVEN(row->estimate.value + half);
}

static void infer(pilot_meta_row_t *row, double confidence)
{
    pilot_estimate_t base = {.estimate = row->estimate, .std_error = row->std_error, .df = row->df};
    pilot_estimate_infer(&base, confidence);
    row->statistic = base.statistic;
    row->p_value = base.p_value;
    row->ci_low = base.ci_low;
    row->ci_high = base.ci_high;
}

static void refuse(pilot_meta_row_t *row, pilot_reason_t reason)
{
    row->status = PILOT_ROW_NOT_ESTIMABLE;
    row->reason = reason;
}

static void fill_row(pilot_meta_row_t *row, const meta_data_t *data, const model_t *model,
                     const heterogeneity_t *h, const pilot_meta_options_t *options)
{
    double std_error = 0;
    row->k = data->k;
    if (data->k == 0) {
        refuse(row, PILOT_REASON_TOO_FEW_AGENCIES);
        return;
    }
    row->estimate = PILOT_GIVEN(data->origin + model->fit.mean * data->scale);
    if (model->by_pm) {
        row->reason = PILOT_REASON_NOT_CONVERGED;
        note(row, "reml did not converge: tau2 by pm");
    }
    describe(row, data, model, h);
    if (!standard_error(data, model, row->test, &std_error)) {
        refuse(row, PILOT_REASON_TOO_FEW_AGENCIES);
        return;
    }
    if (!(std_error > 0)) {
        refuse(row, PILOT_REASON_ZERO_VARIANCE);
        return;
    }
    row->std_error = PILOT_GIVEN(std_error);
    if (row->test != PILOT_META_Z)
        row->df = PILOT_GIVEN((double)data->k - 1);
    infer(row, options->confidence);
    predict(row, data, options);
}

/* Morris (1983), with the uncertainty of the mean: SE^2 = shrink v + (1 - shrink)^2 SE_mean^2. */
static void fill_agency(pilot_meta_agency_t *agency, const meta_data_t *data, const model_t *model,
                        const pilot_meta_row_t *headline, const meta_left_t *left, size_t i)
{
    const meta_fit_t *fit = &model->fit;
    double shrink = model->tau2 / (model->tau2 + data->v[i]);
    double value = fit->mean + shrink * (data->y[i] - fit->mean);
    agency->status = PILOT_ROW_OK;
    if (!model->has_tau2) {
        agency->status = PILOT_ROW_NOT_ESTIMABLE;
        agency->reason = PILOT_REASON_TOO_FEW_AGENCIES;
        return;
    }
    agency->weight = PILOT_GIVEN(1 / (data->v[i] + model->tau2) / fit->weight);
    agency->eb_estimate = PILOT_GIVEN(data->origin + value * data->scale);
    if (headline->std_error.given)
        agency->eb_std_error = PILOT_GIVEN(hypot(sqrt(shrink * data->v[i]) * data->scale,
                                                 (1 - shrink) * headline->std_error.value));
    if (data->k >= 2)
        agency->leave_one_out_estimate = PILOT_GIVEN(data->origin + left->fit.mean * data->scale);
    if (headline->status == PILOT_ROW_NOT_ESTIMABLE || data->k < 2) {
        agency->status = PILOT_ROW_FLAGGED;
        agency->reason = headline->reason != PILOT_REASON_NONE ? headline->reason
                                                               : PILOT_REASON_TOO_FEW_AGENCIES;
    }
}

static void fill_agencies(size_t agencies, const meta_data_t *data, const model_t *model,
                          const pilot_meta_row_t *headline, pilot_meta_agency_t *ret_agency)
{
    meta_left_t *left = PILOT_NEW_ARRAY(meta_left_t, data->k);
    meta_leave_out(data, headline->method, model->tau2, left);
    for (size_t i = 0; i < agencies; i++)
        ret_agency[i] = (pilot_meta_agency_t){.status = PILOT_ROW_NOT_ESTIMABLE};
    for (size_t i = 0; i < data->k; i++)
        fill_agency(&ret_agency[data->place[i]], data, model, headline, &left[i], i);
    free(left);
}

void pilot_meta(const pilot_number_t *estimate, const pilot_number_t *std_error, size_t agencies,
                const pilot_meta_options_t *options, pilot_meta_row_t ret_row[PILOT_META_ROWS],
                pilot_meta_agency_t *ret_agency)
{
    meta_data_t data;
    heterogeneity_t h;
    meta_gather(estimate, std_error, agencies, NULL, 0, &data);
    h = measure(&data, options->confidence);
    for (size_t m = 0; m < PILOT_META_METHODS; m++) {
        model_t model = fit_model(&data, (pilot_meta_method_t)m);
        for (size_t t = 0; t < PILOT_META_TESTS; t++) {
            pilot_meta_row_t *row = &ret_row[m * PILOT_META_TESTS + t];
            *row = (pilot_meta_row_t){.method = (pilot_meta_method_t)m,
                                      .test = (pilot_meta_test_t)t,
                                      .headline = m == options->method && t == options->test,
                                      .status = PILOT_ROW_OK};
            fill_row(row, &data, &model, &h, options);
        }
        if (ret_agency && m == options->method)
            fill_agencies(agencies, &data, &model, &ret_row[m * PILOT_META_TESTS + options->test],
                          ret_agency);
    }
    meta_data_clear(&data);
}
