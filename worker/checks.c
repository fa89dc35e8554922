#include "checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/power.h"

/* Rows that come with effects are numbered apart, since effects come from several jobs. */
#define DETECTABLE_ORDINAL (1u << 24)
#define DETECTABLE_POWER 0.8

struct pilot_checks {
    pilot_quality_t *quality;
};

struct pilot_check_rows {
    const pilot_analysis_t *analysis;
    pilot_quality_row_t *row;
    size_t rows;
};

pilot_checks_t *pilot_checks_of(pilot_view_t *view)
{
    const pilot_analysis_t *analysis = view->analysis;
    pilot_checks_t *checks = PILOT_NEW(pilot_checks_t);
    checks->quality = pilot_quality_summarize(&view->frame, view->outcome, analysis->outcomes,
                                              analysis->spec->across);
    return checks;
}

void pilot_checks_free(pilot_checks_t *checks)
{
    if (!checks)
        return;
    pilot_quality_free(checks->quality);
    free(checks);
}

void pilot_checks_pack(const pilot_checks_t *checks, pilot_piece_t *piece)
{
    pilot_quality_pack(checks->quality, piece);
}

pilot_status_t pilot_checks_unpack(pilot_piece_reader_t *reader, pilot_checks_t **ret_checks,
                                   pilot_error_t *error)
{
    pilot_checks_t *checks = PILOT_NEW(pilot_checks_t);
    pilot_status_t status = pilot_quality_unpack(reader, &checks->quality, error);
    if (status == PILOT_OK)
        *ret_checks = checks;
    else
        pilot_checks_free(checks);
    return status;
}

pilot_check_rows_t *pilot_checks_rows(const pilot_analysis_t *analysis,
                                      const pilot_checks_t *const *checks, size_t count)
{
    pilot_check_rows_t *rows = PILOT_NEW(pilot_check_rows_t);
    const pilot_quality_t **quality = PILOT_NEW_ARRAY(const pilot_quality_t *, count);
    for (size_t i = 0; i < count; i++)
        quality[i] = checks[i]->quality;
    rows->analysis = analysis;
    rows->row = pilot_quality_check(quality, count, analysis->probability, &rows->rows);
    free(quality);
    return rows;
}

void pilot_check_rows_free(pilot_check_rows_t *rows)
{
    if (!rows)
        return;
    free(rows->row);
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
