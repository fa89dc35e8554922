#include "checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/balance.h"
#include "pilot/memory.h"
#include "pilot/power.h"

/* Rows that come with effects are numbered apart, since effects come from several jobs. */
#define DETECTABLE_ORDINAL (1u << 24)
#define DETECTABLE_POWER 0.8

struct pilot_checks {
    pilot_quality_t *quality;
    pilot_balance_t *balance;
};

struct pilot_check_rows {
    const pilot_analysis_t *analysis;
    pilot_balance_t *merged; /* rows borrow its levels */
    pilot_quality_row_t *row;
    size_t rows;
};

/* Covariates of the plan and baselines, those for subgroups alone left out: indices into
 * spec->covariate. */
static size_t balance_covariates(const pilot_analysis_t *analysis, size_t *ret_index)
{
    size_t count = 0;
    for (size_t i = 0; i < analysis->spec->n_covariate; i++) {
        const Pilot__Covariate *covariate = analysis->spec->covariate[i];
        if (!(covariate->has_subgroup_only && covariate->subgroup_only))
            ret_index[count++] = i;
    }
    return count;
}

static pilot_balance_t *summarize_balance(pilot_view_t *view)
{
    const pilot_analysis_t *analysis = view->analysis;
    const Pilot__Spec *spec = analysis->spec;
    size_t *index = PILOT_NEW_ARRAY(size_t, spec->n_covariate);
    size_t covariates = balance_covariates(analysis, index);
    pilot_balance_covariate_t *covariate = PILOT_NEW_ARRAY(pilot_balance_covariate_t, covariates);
    for (size_t i = 0; i < covariates; i++) {
        Pilot__VariableKind kind = spec->covariate[index[i]]->kind;
        covariate[i].binary = kind == PILOT__VARIABLE_KIND__BINARY;
        if (kind == PILOT__VARIABLE_KIND__CATEGORY)
            covariate[i].category = &view->category[index[i]];
        else
            covariate[i].number = &view->number[index[i]];
    }
    pilot_balance_t *balance = pilot_balance_summarize(
        &view->frame, covariate, covariates, view->outcome, analysis->outcomes, spec->across);
    free(covariate);
    free(index);
    return balance;
}

pilot_checks_t *pilot_checks_of(pilot_view_t *view)
{
    const pilot_analysis_t *analysis = view->analysis;
    pilot_checks_t *checks = PILOT_NEW(pilot_checks_t);
    const pilot_variable_t *probability = view->probability.value ? &view->probability : NULL;
    checks->quality = pilot_quality_summarize(&view->frame, view->outcome, analysis->outcomes,
                                              probability, analysis->spec->across);
    checks->balance = summarize_balance(view);
    return checks;
}

void pilot_checks_free(pilot_checks_t *checks)
{
    if (!checks)
        return;
    pilot_quality_free(checks->quality);
    pilot_balance_free(checks->balance);
    free(checks);
}

void pilot_checks_pack(const pilot_checks_t *checks, pilot_piece_t *piece)
{
    pilot_quality_pack(checks->quality, piece);
    pilot_balance_pack(checks->balance, piece);
}

static pilot_status_t unpack_balance(const pilot_analysis_t *analysis, pilot_piece_reader_t *reader,
                                     pilot_balance_t **ret_balance, pilot_error_t *error)
{
    const Pilot__Spec *spec = analysis->spec;
    size_t *index = PILOT_NEW_ARRAY(size_t, spec->n_covariate);
    bool *category = PILOT_NEW_ARRAY(bool, spec->n_covariate);
    pilot_balance_plan_t plan = {.arms = spec->n_arm,
                                 .outcomes = spec->n_outcome,
                                 .covariates = balance_covariates(analysis, index),
                                 .category = category,
                                 .across = spec->across};
    for (size_t i = 0; i < plan.covariates; i++)
        category[i] = spec->covariate[index[i]]->kind == PILOT__VARIABLE_KIND__CATEGORY;
    pilot_status_t status = pilot_balance_unpack(&plan, reader, ret_balance, error);
    free(index);
    free(category);
    return status;
}

pilot_status_t pilot_checks_unpack(const pilot_analysis_t *analysis, pilot_piece_reader_t *reader,
                                   pilot_checks_t **ret_checks, pilot_error_t *error)
{
    pilot_checks_t *checks = PILOT_NEW(pilot_checks_t);
    pilot_status_t status = pilot_quality_unpack(reader, &checks->quality, error);
    if (status == PILOT_OK)
        status = unpack_balance(analysis, reader, &checks->balance, error);
    if (status == PILOT_OK)
        *ret_checks = checks;
    else
        pilot_checks_free(checks);
    return status;
}

static void add_balance_rows(pilot_check_rows_t *rows)
{
    const Pilot__Spec *spec = rows->analysis->spec;
    size_t more = 0, *index = PILOT_NEW_ARRAY(size_t, spec->n_covariate);
    pilot_quality_row_t *row = pilot_balance_check(rows->merged, &more);
    balance_covariates(rows->analysis, index);
    for (size_t i = 0; i < more; i++)
        if (row[i].covariate != PILOT_QUALITY_NONE)
            row[i].covariate = index[row[i].covariate];
    rows->row = pilot_realloc(rows->row, rows->rows + more + 1, sizeof *row);
    memcpy(rows->row + rows->rows, row, more * sizeof *row);
    rows->rows += more;
    free(row);
    free(index);
}

pilot_check_rows_t *pilot_checks_rows(const pilot_analysis_t *analysis,
                                      const pilot_checks_t *const *checks, size_t count)
{
    const pilot_quality_t **quality = PILOT_NEW_ARRAY(const pilot_quality_t *, count);
    const pilot_balance_t **balance = PILOT_NEW_ARRAY(const pilot_balance_t *, count);
    for (size_t i = 0; i < count; i++) {
        quality[i] = checks[i]->quality;
        balance[i] = checks[i]->balance;
    }
    pilot_check_rows_t *rows = PILOT_NEW(pilot_check_rows_t);
    rows->analysis = analysis;
    rows->merged = pilot_balance_merge(balance, count);
    rows->row = pilot_quality_check(quality, count, analysis->probability, &rows->rows);
    add_balance_rows(rows);
    free(quality);
    free(balance);
    return rows;
}

void pilot_check_rows_free(pilot_check_rows_t *rows)
{
    if (!rows)
        return;
    free(rows->row);
    pilot_balance_free(rows->merged);
    free(rows);
}

bool pilot_check_rows_attrition(const pilot_check_rows_t *rows, size_t outcome, size_t arm)
{
    for (size_t i = 0; i < rows->rows; i++) {
        const pilot_quality_row_t *row = &rows->row[i];
        if (row->alarm && row->variable == outcome && row->arm == arm &&
            strncmp(row->check, "attrition", strlen("attrition")) == 0)
            return true;
    }
    return false;
}

/* An outcome's or covariate's name, or "covariate=level". */
static char *variable_name(const Pilot__Spec *spec, const pilot_quality_row_t *row,
                           pilot_report_t *report)
{
    if (row->variable != PILOT_QUALITY_NONE)
        return spec->outcome[row->variable]->name;
    if (row->covariate == PILOT_QUALITY_NONE)
        return NULL;
    char *name = spec->covariate[row->covariate]->name;
    if (!row->level)
        return name;
    char *text PILOT_AUTOFREE = pilot_format("%s=%s", name, row->level);
    return (char *)pilot_report_keep(report, text);
}

void pilot_check_rows_report(const pilot_check_rows_t *rows, const char *agency,
                             pilot_report_t *report)
{
    const Pilot__Spec *spec = rows->analysis->spec;
    for (size_t i = 0; i < rows->rows; i++) {
        const pilot_quality_row_t *row = &rows->row[i];
        Pilot__Quality *quality = pilot_report_quality(report);
        quality->ordinal = (uint32_t)i;
        quality->agency = (char *)agency;
        quality->check = (char *)row->check;
        if (row->arm != PILOT_QUALITY_NONE)
            quality->arm = spec->arm[row->arm]->label;
        quality->variable = variable_name(spec, row, report);
        PILOT_COPY_NUMBER(quality, value, row->value);
        PILOT_COPY_NUMBER(quality, statistic, row->statistic);
        PILOT_COPY_NUMBER(quality, df, row->df);
        PILOT_COPY_NUMBER(quality, p_value, row->p_value);
        quality->alarm = row->alarm;
        if (row->detail[0])
            quality->detail = (char *)pilot_report_keep(report, row->detail);
    }
}

/* ---- beside effects -------------------------------------------------------------------------- */

static bool is_linear(const char *estimator)
{
    return strcmp(estimator, "difference_in_means") == 0 || strcmp(estimator, "ols") == 0 ||
           strcmp(estimator, "lin") == 0;
}

static bool is_headline(const pilot_analysis_t *analysis, const Pilot__Effect *effect)
{
    const Pilot__Spec *spec = analysis->spec;
    if (effect->subgroup || effect->parameter || !is_linear(effect->estimator))
        return false;
    if (analysis->automatic)
        return true;
    for (size_t i = 0; i < spec->n_estimator; i++) {
        if (is_linear(spec->estimator[i]))
            return strcmp(spec->estimator[i], effect->estimator) == 0;
    }
    return false;
}

static const char *detectable_detail(const Pilot__Effect *effect, const Pilot__Outcome *outcome,
                                     const Pilot__Quality *row)
{
    if (!row->has_value)
        return pilot_format("%s: no standard error%s%s", effect->estimator,
                            effect->reason ? ", " : "", effect->reason ? effect->reason : "");
    if (!outcome->has_smallest_effect)
        return pilot_format("%s, power 0.8; no smallest effect declared", effect->estimator);
    return pilot_format("%s, power 0.8; the smallest effect of interest, %.4g, %s",
                        effect->estimator, outcome->smallest_effect,
                        row->alarm ? "may well have gone unseen" : "would have been seen");
}

void pilot_checks_detectable(pilot_report_t *report, const pilot_analysis_t *analysis,
                             const Pilot__Effect *effect, size_t outcome_index, size_t arm)
{
    const Pilot__Outcome *outcome = analysis->spec->outcome[outcome_index];
    if (!is_headline(analysis, effect))
        return;
    Pilot__Quality *row = pilot_report_quality(report);
    row->ordinal = DETECTABLE_ORDINAL + (uint32_t)(outcome_index * analysis->treatments + arm - 1);
    row->agency = effect->agency;
    row->check = (char *)"minimum_detectable_effect";
    row->arm = effect->arm;
    row->variable = effect->outcome;
    row->has_value = effect->has_std_error && effect->std_error > 0;
    if (row->has_value) {
        pilot_number_t df = {effect->df, effect->has_df};
        row->value = pilot_power_ex_post(effect->std_error, df, 1 - analysis->spec->confidence,
                                         DETECTABLE_POWER);
        row->has_df = effect->has_df;
        row->df = effect->df;
    }
    row->has_statistic = outcome->has_smallest_effect;
    row->statistic = outcome->smallest_effect;
    row->alarm = row->has_value && row->has_statistic && row->value > row->statistic;
    char *detail PILOT_AUTOFREE = (char *)detectable_detail(effect, outcome, row);
    row->detail = (char *)pilot_report_keep(report, detail);
}
