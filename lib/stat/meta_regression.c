/* meta_regression.c - the rows of a meta-regression and of pooling by levels.
 * See pilot/meta_regression.h. */
#include "pilot/meta_regression.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "distribution.h"
#include "meta_attributes.h"
#include "meta_mixed.h"
#include "pilot/joint.h"
#include "pilot/memory.h"

static const char *const kind_name[] = {"intercept", "coefficient", "test", "residual", "group"};

const char *pilot_moderator_kind_name(pilot_moderator_kind_t kind)
{
    return (size_t)kind < sizeof kind_name / sizeof *kind_name ? kind_name[kind] : "";
}

typedef struct rows {
    pilot_moderator_t *row;
    size_t count, capacity;
} rows_t;

typedef struct model {
    const pilot_attribute_t *attribute;
    size_t attributes;
    const pilot_meta_options_t *options;
    meta_attributes_t of;
    pilot_reason_t reason; /* no coefficients at all */
    bool by_pm;
    bool has_variance;
    double tau2, factor; /* what Knapp & Hartung multiply variances by */
    double q, q_alone;   /* y'Py at tau2 = 0; without attributes */
    double typical;      /* variance within agencies; k > rank */
    double tau2_alone;   /* without attributes; k > rank */
    double *beta, *inverse;
    char remark[PILOT_DETAIL_SIZE]; /* of every row of the model */
} model_t;

static void note(char *detail, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(char *detail, const char *format, ...)
{
    size_t length = strlen(detail);
    va_list arguments;
    if (length > 0 && length + 2 < PILOT_DETAIL_SIZE) {
        detail[length++] = ';';
        detail[length++] = ' ';
    }
    va_start(arguments, format);
    vsnprintf(detail + length, PILOT_DETAIL_SIZE - length, format, arguments);
    va_end(arguments);
}

static pilot_moderator_t *add_row(rows_t *rows, pilot_moderator_kind_t kind, const char *attribute,
                                  const char *level)
{
    rows->row = pilot_grow(rows->row, &rows->capacity, rows->count + 1, sizeof *rows->row);
    rows->row[rows->count] = (pilot_moderator_t){
        .kind = kind, .attribute = attribute, .level = level, .status = PILOT_ROW_OK};
    return &rows->row[rows->count++];
}

static void refuse(pilot_moderator_t *row, pilot_reason_t reason)
{
    row->status = PILOT_ROW_NOT_ESTIMABLE;
    row->reason = reason;
}

/* A row of the model, with what is to be said of all of them. */
static pilot_moderator_t *add_model_row(rows_t *rows, const model_t *model,
                                        pilot_moderator_kind_t kind, const char *attribute,
                                        const char *level)
{
    pilot_moderator_t *row = add_row(rows, kind, attribute, level);
    row->k = model->of.data.k;
    if (model->remark[0] != '\0') {
        row->status = PILOT_ROW_FLAGGED;
        note(row->detail, "%s", model->remark);
    }
    if (model->by_pm)
        row->reason = PILOT_REASON_NOT_CONVERGED;
    if (model->reason != PILOT_REASON_NONE)
        refuse(row, model->reason);
    return row;
}

/* ---- the fit --------------------------------------------------------------------------------- */

/* Does any agency with an estimate lack this attribute? */
static bool is_missing_somewhere(const pilot_attribute_t *attribute, const pilot_number_t *estimate,
                                 const pilot_number_t *std_error, size_t agencies)
{
    for (size_t i = 0; i < agencies; i++)
        if (meta_takes_part(estimate[i], std_error[i]) && !meta_has_attribute(attribute, i))
            return true;
    return false;
}

static void tell_left_out(model_t *model, const pilot_number_t *estimate,
                          const pilot_number_t *std_error, size_t agencies)
{
    const char *between = "";
    if (model->of.left_out == 0)
        return;
    note(model->remark, "%zu agencies of %zu left out, for they lack ", model->of.left_out,
         model->of.left_out + model->of.data.k);
    for (size_t a = 0; a < model->attributes; a++) {
        size_t length = strlen(model->remark);
        if (!is_missing_somewhere(&model->attribute[a], estimate, std_error, agencies))
            continue;
        snprintf(model->remark + length, sizeof model->remark - length, "%s%s", between,
                 model->attribute[a].name);
        between = ", ";
    }
}

/* Is there anything to estimate?  As many agencies as columns fit exactly; with fewer, which
 * columns are collinear is chance. */
static bool is_possible(model_t *model)
{
    size_t k = model->of.data.k;
    if (k > 0 && model->of.columns > META_MOST_COLUMNS) {
        model->reason = PILOT_REASON_NOT_IN_THIS_VERSION;
        note(model->remark, "%zu coefficients; at most %d", model->of.columns, META_MOST_COLUMNS);
        return false;
    }
    if (k == 0 || (model->of.rank == k && model->of.columns > k)) {
        model->reason = PILOT_REASON_TOO_FEW_AGENCIES;
        note(model->remark, "%zu agencies for %zu coefficients", k, model->of.columns);
        return false;
    }
    return true;
}

static void estimate_tau2(model_t *model, meta_mixed_t *mixed)
{
    const meta_data_t *data = &model->of.data;
    bool ignored;
    model->typical = meta_mixed_typical_variance(mixed);
    model->tau2 = meta_mixed_tau2(mixed, model->options->method, &model->by_pm);
    model->tau2_alone = meta_tau2(data, model->options->method, &ignored);
    model->q_alone = meta_fit(data, 0).q;
    if (model->by_pm)
        note(model->remark, "reml did not converge: tau2 by pm");
}

static void fit(model_t *model)
{
    const meta_data_t *data = &model->of.data;
    size_t k = data->k, p = model->of.rank;
    bool fixed_z =
        model->options->method == PILOT_META_FIXED && model->options->test == PILOT_META_Z;
    meta_mixed_t mixed;
    double rest;
    meta_mixed_init(&mixed, k, p, model->of.x, data->y, data->v);
    model->beta = PILOT_NEW_ARRAY(double, p);
    model->inverse = PILOT_NEW_ARRAY(double, p *p);
    if (k > p)
        estimate_tau2(model, &mixed);
    model->q = meta_mixed_fit(&mixed, 0);
    rest = meta_mixed_fit(&mixed, model->tau2);
    meta_mixed_solve(&mixed, model->beta, model->inverse);
    model->factor = 1;
    if (model->options->test != PILOT_META_Z && k > p) {
        model->factor = rest / (double)(k - p);
        if (model->options->test == PILOT_META_ADHOC)
            model->factor = fmax(1, model->factor);
    }
    model->has_variance = k > p || fixed_z;
    meta_mixed_clear(&mixed);
}

static pilot_number_t residual_df(const model_t *model)
{
    if (model->options->test == PILOT_META_Z)
        return PILOT_ABSENT;
    return PILOT_GIVEN((double)(model->of.data.k - model->of.rank));
}

/* ---- rows of the model ----------------------------------------------------------------------- */

static void infer(pilot_moderator_t *row, double confidence)
{
    pilot_estimate_t base = {.estimate = row->estimate, .std_error = row->std_error, .df = row->df};
    pilot_estimate_infer(&base, confidence);
    row->statistic = base.statistic;
    row->p_value = base.p_value;
    row->ci_low = base.ci_low;
    row->ci_high = base.ci_high;
}

/* An estimate with a variance of this share of the factor, both in the outcome's unit. */
static void tell_coefficient(const model_t *model, double estimate, double squared,
                             pilot_moderator_t *row)
{
    double std_error = sqrt(squared * model->factor);
    row->estimate = PILOT_GIVEN(estimate);
    if (!model->has_variance) {
        refuse(row, PILOT_REASON_TOO_FEW_AGENCIES);
        note(row->detail, "as many coefficients as agencies");
        return;
    }
    if (!(std_error > 0) || !isfinite(std_error)) {
        refuse(row, PILOT_REASON_ZERO_VARIANCE);
        return;
    }
    row->std_error = PILOT_GIVEN(std_error);
    row->df = residual_df(model);
    infer(row, model->options->confidence);
}

/* Where every number is 0, not at its mean. */
static void tell_intercept(const model_t *model, pilot_moderator_t *row)
{
    size_t p = model->of.rank, c = 1;
    const meta_data_t *data = &model->of.data;
    double estimate = model->beta[0], squared = 0;
    double *line = PILOT_NEW_ARRAY(double, p);
    memcpy(line, model->inverse, p * sizeof *line);
    for (size_t j = 1; j < model->of.columns; j++) {
        const meta_column_t *column = &model->of.column[j];
        if (!column->kept)
            continue;
        estimate -= model->beta[c] * column->centre;
        for (size_t i = 0; i < p; i++)
            line[i] -= model->inverse[c * p + i] * column->centre;
        c++;
    }
    for (size_t i = 0; i < p; i++)
        squared += line[i] * line[i] * data->scale * data->scale;
    free(line);
    tell_coefficient(model, data->origin + estimate * data->scale, squared, row);
}

/* c: its place among the kept columns. */
static void tell_column(const model_t *model, const meta_column_t *column, size_t c,
                        pilot_moderator_t *row)
{
    size_t p = model->of.rank;
    double unit = model->of.data.scale / column->scale, squared = 0;
    if (!column->kept) {
        refuse(row, PILOT_REASON_COLLINEAR);
        note(row->detail, "no more than what the columns before it tell");
        return;
    }
    for (size_t i = 0; i < p; i++) {
        double entry = model->inverse[c * p + i] * unit;
        squared += entry * entry;
    }
    tell_coefficient(model, model->beta[c] * unit, squared, row);
}

static void test_columns(const model_t *model, const size_t *place, size_t count,
                         pilot_moderator_t *row)
{
    size_t p = model->of.rank;
    double *beta = PILOT_NEW_ARRAY(double, count);
    double *covariance = PILOT_NEW_ARRAY(double, count *count);
    pilot_wald_t wald;
    for (size_t a = 0; a < count; a++) {
        beta[a] = model->beta[place[a]];
        for (size_t b = 0; b < count; b++) {
            double sum = 0;
            for (size_t i = 0; i < p; i++)
                sum += model->inverse[place[a] * p + i] * model->inverse[place[b] * p + i];
            covariance[a * count + b] = sum * model->factor;
        }
    }
    pilot_wald_test(beta, covariance, count, residual_df(model), PILOT_WALD_F, &wald);
    row->statistic = wald.statistic;
    row->df = wald.df1;
    row->df_residual = wald.df2;
    row->p_value = wald.p_value;
    if (!wald.statistic.given)
        refuse(row, wald.reason);
    free(beta);
    free(covariance);
}

/* Of one attribute; of all where attribute is SIZE_MAX. */
static void tell_test(const model_t *model, size_t attribute, pilot_moderator_t *row)
{
    size_t *place = PILOT_NEW_ARRAY(size_t, model->of.columns);
    size_t count = 0, c = 0, dropped = 0;
    for (size_t j = 0; j < model->of.columns; j++) {
        const meta_column_t *column = &model->of.column[j];
        bool asked = j > 0 && (attribute == SIZE_MAX || column->attribute == attribute);
        if (asked && column->kept)
            place[count++] = c;
        dropped += asked && !column->kept;
        c += column->kept;
    }
    if (count == 0) {
        refuse(row, PILOT_REASON_COLLINEAR);
        note(row->detail, dropped == 0 ? "the agencies have one level of it"
                                       : "no more than what the columns before it tell");
    } else if (!model->has_variance) {
        refuse(row, PILOT_REASON_TOO_FEW_AGENCIES);
        note(row->detail, "as many coefficients as agencies");
    } else {
        if (dropped > 0) {
            row->status = PILOT_ROW_FLAGGED;
            note(row->detail, "collinear, left out: %zu of %zu columns", dropped, dropped + count);
        }
        test_columns(model, place, count, row);
    }
    free(place);
}

static void tell_residual(const model_t *model, pilot_moderator_t *row)
{
    const meta_data_t *data = &model->of.data;
    double df = (double)data->k - (double)model->of.rank, unit = data->scale * data->scale;
    bool fixed = model->options->method == PILOT_META_FIXED;
    if (!(df > 0)) {
        refuse(row, PILOT_REASON_TOO_FEW_AGENCIES);
        note(row->detail, "as many coefficients as agencies");
        return;
    }
    row->statistic = PILOT_GIVEN(model->q);
    row->df = PILOT_GIVEN(df);
    row->p_value = PILOT_GIVEN(pilot_chi_square_upper(model->q, df));
    row->tau2 = PILOT_GIVEN(model->tau2 * unit);
    if (fixed) {
        double mean_square = model->q_alone / ((double)data->k - 1);
        row->i2 = PILOT_GIVEN(model->q > 0 ? fmax(0, 100 * (model->q - df) / model->q) : 0);
        if (mean_square > 0)
            row->r2 = PILOT_GIVEN(fmax(0, 100 * (1 - model->q / df / mean_square)));
        return;
    }
    row->i2 = PILOT_GIVEN(100 * model->tau2 / (model->tau2 + model->typical));
    if (model->tau2_alone > 0)
        row->r2 = PILOT_GIVEN(fmax(0, 100 * (1 - model->tau2 / model->tau2_alone)));
    else
        note(row->detail, "no heterogeneity to explain");
}

static void add_model(rows_t *rows, const model_t *model)
{
    bool possible = model->reason == PILOT_REASON_NONE;
    pilot_moderator_t *row = add_model_row(rows, model, PILOT_MODERATOR_INTERCEPT, NULL, NULL);
    size_t j = 1, c = 1;
    if (possible)
        tell_intercept(model, row);
    for (size_t a = 0; a < model->attributes; a++) {
        const char *name = model->attribute[a].name;
        for (; j < model->of.columns && model->of.column[j].attribute == a; j++) {
            const meta_column_t *column = &model->of.column[j];
            row = add_model_row(rows, model, PILOT_MODERATOR_COEFFICIENT, name, column->level);
            if (possible)
                tell_column(model, column, c, row);
            c += column->kept;
        }
        row = add_model_row(rows, model, PILOT_MODERATOR_TEST, name, NULL);
        if (possible)
            tell_test(model, a, row);
    }
    row = add_model_row(rows, model, PILOT_MODERATOR_TEST, NULL, NULL);
    if (possible)
        tell_test(model, SIZE_MAX, row);
    row = add_model_row(rows, model, PILOT_MODERATOR_RESIDUAL, NULL, NULL);
    if (possible)
        tell_residual(model, row);
}

/* ---- groups ---------------------------------------------------------------------------------- */

static void copy_group(const pilot_meta_row_t *from, pilot_moderator_t *row)
{
    row->k = from->k;
    row->estimate = from->estimate;
    row->std_error = from->std_error;
    row->df = from->df;
    row->statistic = from->statistic;
    row->p_value = from->p_value;
    row->ci_low = from->ci_low;
    row->ci_high = from->ci_high;
    row->tau2 = from->tau2;
    row->i2 = from->i2;
    row->status = from->status;
    row->reason = from->reason;
    snprintf(row->detail, sizeof row->detail, "%s", from->detail);
}

/* What flags a comparison but concerns no number of a group: its prediction interval, tau2's. */
static void unflag(pilot_moderator_t *row)
{
    if (row->status == PILOT_ROW_FLAGGED && row->reason != PILOT_REASON_NOT_CONVERGED &&
        row->k > 1) {
        row->status = PILOT_ROW_OK;
        row->reason = PILOT_REASON_NONE;
        row->detail[0] = '\0';
    }
}

static void add_groups(rows_t *rows, const pilot_attribute_t *attribute,
                       const pilot_number_t *estimate, const pilot_number_t *std_error,
                       size_t agencies, const pilot_meta_options_t *options)
{
    PILOT_AUTOFREE bool *takes_part = PILOT_NEW_ARRAY(bool, agencies);
    PILOT_AUTOFREE pilot_number_t *own = PILOT_NEW_ARRAY(pilot_number_t, 2 * agencies);
    for (size_t i = 0; i < agencies; i++)
        takes_part[i] =
            meta_takes_part(estimate[i], std_error[i]) && meta_has_attribute(attribute, i);
    meta_levels_t levels = meta_levels(attribute, takes_part, agencies);
    for (size_t l = 0; l < levels.count; l++) {
        pilot_meta_row_t all[PILOT_META_ROWS];
        size_t k = 0;
        for (size_t i = 0; i < agencies; i++) {
            if (!takes_part[i] || strcmp(attribute->level[i], levels.level[l]) != 0)
                continue;
            own[k] = estimate[i];
            own[agencies + k++] = std_error[i];
        }
        pilot_meta(own, own + agencies, k, options, all, NULL);
        pilot_moderator_t *row =
            add_row(rows, PILOT_MODERATOR_GROUP, attribute->name, levels.level[l]);
        copy_group(&all[options->method * PILOT_META_TESTS + options->test], row);
        unflag(row);
    }
    free(levels.level);
}

void pilot_meta_regression(const pilot_number_t *estimate, const pilot_number_t *std_error,
                           size_t agencies, const pilot_attribute_t *attribute, size_t attributes,
                           const pilot_meta_options_t *options, pilot_moderator_t **ret_row,
                           size_t *ret_rows)
{
    model_t model = {.attribute = attribute, .attributes = attributes, .options = options};
    rows_t rows = {0};
    *ret_row = NULL;
    *ret_rows = 0;
    if (attributes == 0)
        return;
    meta_attributes_init(estimate, std_error, agencies, attribute, attributes, &model.of);
    tell_left_out(&model, estimate, std_error, agencies);
    if (is_possible(&model))
        fit(&model);
    add_model(&rows, &model);
    free(model.beta);
    free(model.inverse);
    meta_attributes_clear(&model.of, attributes);
    for (size_t a = 0; a < attributes; a++)
        if (!attribute[a].is_number)
            add_groups(&rows, &attribute[a], estimate, std_error, agencies, options);
    *ret_row = rows.row;
    *ret_rows = rows.count;
}
