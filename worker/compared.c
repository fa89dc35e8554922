#include "compared.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/agency_distribution.h"
#include "pilot/agency_ranks.h"
#include "pilot/memory.h"
#include "pilot/meta.h"
#include "pilot/meta_regression.h"
#include "pilot/text.h"

/* Numbers of one effect: estimates with no effect at 0. */
typedef struct numbers {
    pilot_meta_options_t options;
    double null;
    bool directed; /* one direction is better */
    pilot_agency_distribution_options_t spread;
    pilot_number_t *estimate, *std_error;
    double *persons;
    pilot_meta_agency_t *agency;
    pilot_meta_influence_t *influence;
    pilot_agency_rank_t *rank;
    pilot_agency_posterior_t *posterior;
} numbers_t;

/* ---- what every row says -----------------------------------------------------------------------
 */

static bool is_computed(const pilot_row_slot_t *slot)
{
    return slot->estimator == PILOT_ESTIMATORS || pilot_estimator_facts(slot->estimator)->computed;
}

typedef struct verdict {
    const char *status, *reason, *detail; /* NULL: none */
} verdict_t;

static verdict_t judge(const pilot_compared_key_t *compared, pilot_row_status_t status,
                       pilot_reason_t reason, const char *detail, pilot_report_t *report)
{
    if (!compared->key->slot->defined)
        reason = PILOT_REASON_OUTCOME_TYPE;
    else if (!is_computed(compared->key->slot))
        reason = PILOT_REASON_NOT_IN_THIS_VERSION;
    char *note PILOT_AUTOFREE = NULL;
    if (compared->given_up > 0 && (status == PILOT_ROW_OK || status == PILOT_ROW_FLAGGED)) {
        status = PILOT_ROW_PARTIAL;
        reason = reason == PILOT_REASON_NONE ? PILOT_REASON_JOB_FAILED : reason;
        note = pilot_format("%s%spartial: %llu jobs gave nothing", detail, detail[0] ? "; " : "",
                            (unsigned long long)compared->given_up);
    }
    verdict_t verdict = {.status = pilot_row_status_name(status)};
    if (reason != PILOT_REASON_NONE)
        verdict.reason = pilot_reason_name(reason);
    if (note || detail[0])
        verdict.detail = pilot_report_keep(report, note ? note : detail);
    return verdict;
}

/* Into a row that has the columns of an effect. */
#define NAME_ROW(row, compared, report)                                                            \
    do {                                                                                           \
        const Pilot__Spec *named = (compared)->analysis->spec;                                     \
        const pilot_row_key_t *key = (compared)->key;                                              \
        (row)->outcome = named->outcome[key->outcome]->name;                                       \
        (row)->subgroup = (char *)(compared)->subset->name;                                        \
        (row)->level = (compared)->subset->level                                                   \
                           ? (char *)pilot_report_keep(report, (compared)->subset->level)          \
                           : NULL;                                                                 \
        (row)->arm = named->arm[key->arm]->label;                                                  \
        (row)->control = named->arm[0]->label;                                                     \
        (row)->estimand = (char *)key->estimand;                                                   \
        (row)->estimator = (char *)(compared)->estimator;                                          \
        (row)->parameter = (char *)key->parameter;                                                 \
    } while (0)

#define JUDGE_ROW(row, compared, numbers, report)                                                  \
    do {                                                                                           \
        verdict_t verdict =                                                                        \
            judge(compared, (numbers)->status, (numbers)->reason, (numbers)->detail, report);      \
        (row)->status = (char *)verdict.status;                                                    \
        (row)->reason = (char *)verdict.reason;                                                    \
        (row)->detail = (char *)verdict.detail;                                                    \
    } while (0)

static void shift(pilot_number_t *number, double by)
{
    if (number->given)
        number->value += by;
}

/* ---- comparisons -------------------------------------------------------------------------------
 */

static void copy_numbers(Pilot__Comparison *row, const pilot_meta_row_t *meta)
{
    PILOT_COPY_NUMBER(row, estimate, meta->estimate);
    PILOT_COPY_NUMBER(row, std_error, meta->std_error);
    PILOT_COPY_NUMBER(row, df, meta->df);
    PILOT_COPY_NUMBER(row, statistic, meta->statistic);
    PILOT_COPY_NUMBER(row, p_value, meta->p_value);
    PILOT_COPY_NUMBER(row, ci_low, meta->ci_low);
    PILOT_COPY_NUMBER(row, ci_high, meta->ci_high);
    PILOT_COPY_NUMBER(row, pi_low, meta->pi_low);
    PILOT_COPY_NUMBER(row, pi_high, meta->pi_high);
    PILOT_COPY_NUMBER(row, tau2, meta->tau2);
    PILOT_COPY_NUMBER(row, tau2_low, meta->tau2_low);
    PILOT_COPY_NUMBER(row, tau2_high, meta->tau2_high);
    PILOT_COPY_NUMBER(row, q, meta->q);
    PILOT_COPY_NUMBER(row, q_df, meta->q_df);
    PILOT_COPY_NUMBER(row, q_p_value, meta->q_p_value);
    PILOT_COPY_NUMBER(row, i2, meta->i2);
    PILOT_COPY_NUMBER(row, h2, meta->h2);
}

static void shift_row(pilot_meta_row_t *row, double by)
{
    shift(&row->estimate, by);
    shift(&row->ci_low, by);
    shift(&row->ci_high, by);
    shift(&row->pi_low, by);
    shift(&row->pi_high, by);
}

static void report_comparison(const pilot_compared_key_t *compared, const pilot_meta_row_t *meta,
                              size_t index, pilot_report_t *report)
{
    Pilot__Comparison *row = pilot_report_comparison(report);
    row->ordinal = compared->key->ordinal * PILOT_META_ROWS + (uint32_t)index;
    NAME_ROW(row, compared, report);
    row->method = (char *)pilot_meta_method_name(meta->method);
    row->test = (char *)pilot_meta_test_name(meta->test);
    row->k = (uint32_t)meta->k;
    copy_numbers(row, meta);
    row->headline = meta->headline;
    JUDGE_ROW(row, compared, meta, report);
}

/* ---- agencies ----------------------------------------------------------------------------------
 */

static void copy_standing(Pilot__AgencyEffect *row, const numbers_t *numbers, size_t index)
{
    const pilot_agency_rank_t *rank = &numbers->rank[index];
    PILOT_COPY_NUMBER(row, rank, rank->rank);
    PILOT_COPY_NUMBER(row, rank_low, rank->low);
    PILOT_COPY_NUMBER(row, rank_high, rank->high);
    PILOT_COPY_NUMBER(row, rank_simultaneous_low, rank->simultaneous_low);
    PILOT_COPY_NUMBER(row, rank_simultaneous_high, rank->simultaneous_high);
    const pilot_meta_influence_t *influence = &numbers->influence[index];
    PILOT_COPY_NUMBER(row, hat, influence->hat);
    PILOT_COPY_NUMBER(row, std_residual, influence->std_residual);
    PILOT_COPY_NUMBER(row, cooks_distance, influence->cooks_distance);
    PILOT_COPY_NUMBER(row, dfbetas, influence->dfbetas);
    pilot_number_t constrained = numbers->posterior[index].constrained_estimate;
    shift(&constrained, numbers->null);
    PILOT_COPY_NUMBER(row, ceb_estimate, constrained);
    if (numbers->directed)
        PILOT_COPY_NUMBER(row, p_exceeds, numbers->posterior[index].p_exceeds);
}

static void report_agency(const pilot_compared_key_t *compared, const numbers_t *numbers,
                          size_t index, pilot_report_t *report)
{
    const pilot_compared_entry_t *entry = &compared->entry[index];
    pilot_meta_agency_t meta = numbers->agency[index];
    shift(&meta.eb_estimate, numbers->null);
    shift(&meta.leave_one_out_estimate, numbers->null);
    Pilot__AgencyEffect *row = pilot_report_agency_effect(report);
    row->ordinal = compared->key->ordinal;
    NAME_ROW(row, compared, report);
    row->estimator = (char *)entry->estimator;
    row->agency = compared->agency[entry->agency];
    PILOT_COPY_NUMBER(row, estimate, entry->estimate);
    PILOT_COPY_NUMBER(row, std_error, entry->std_error);
    PILOT_COPY_NUMBER(row, eb_estimate, meta.eb_estimate);
    PILOT_COPY_NUMBER(row, eb_std_error, meta.eb_std_error);
    PILOT_COPY_NUMBER(row, weight, meta.weight);
    PILOT_COPY_NUMBER(row, leave_one_out_estimate, meta.leave_one_out_estimate);
    copy_standing(row, numbers, index);
    row->status = (char *)pilot_row_status_name(meta.status);
    if (meta.reason != PILOT_REASON_NONE)
        row->reason = (char *)pilot_reason_name(meta.reason);
    if (meta.status != PILOT_ROW_OK && entry->reason)
        row->reason = (char *)entry->reason;
}

/* ---- averages, shares, moderators --------------------------------------------------------------
 */

static void name_contrast(Pilot__Contrast *contrast, const pilot_compared_key_t *compared,
                          pilot_report_t *report)
{
    contrast->ordinal = compared->key->ordinal;
    NAME_ROW(contrast, compared, report);
}

static void report_average(const pilot_compared_key_t *compared, const numbers_t *numbers,
                           const char *weighting, const double *weight, pilot_report_t *report)
{
    pilot_meta_average_t average;
    pilot_meta_average(numbers->estimate, numbers->std_error, weight, compared->entries,
                       &numbers->options, &average);
    shift(&average.estimate, numbers->null);
    shift(&average.ci_low, numbers->null);
    shift(&average.ci_high, numbers->null);
    Pilot__Average *row = pilot_report_average(report);
    name_contrast(row->contrast, compared, report);
    row->weighting = (char *)weighting;
    row->k = (uint32_t)average.k;
    PILOT_COPY_NUMBER(row, estimate, average.estimate);
    PILOT_COPY_NUMBER(row, std_error, average.std_error);
    PILOT_COPY_NUMBER(row, df, average.df);
    PILOT_COPY_NUMBER(row, statistic, average.statistic);
    PILOT_COPY_NUMBER(row, p_value, average.p_value);
    PILOT_COPY_NUMBER(row, ci_low, average.ci_low);
    PILOT_COPY_NUMBER(row, ci_high, average.ci_high);
    JUDGE_ROW(row, compared, &average, report);
}

static void report_shares(const pilot_compared_key_t *compared, const numbers_t *numbers,
                          pilot_report_t *report)
{
    pilot_share_t share[PILOT_SHARES];
    pilot_agency_distribution(numbers->estimate, numbers->std_error, compared->entries,
                              &numbers->spread, share);
    for (size_t i = 0; i < PILOT_SHARES; i++) {
        Pilot__Share *row = pilot_report_share(report);
        name_contrast(row->contrast, compared, report);
        row->part = (char *)pilot_share_kind_name(share[i].kind);
        row->threshold = numbers->spread.smallest_effect;
        row->k = (uint32_t)share[i].k;
        PILOT_COPY_NUMBER(row, share, share[i].share);
        PILOT_COPY_NUMBER(row, ci_low, share[i].ci_low);
        PILOT_COPY_NUMBER(row, ci_high, share[i].ci_high);
        JUDGE_ROW(row, compared, &share[i], report);
    }
}

static void report_moderator(const pilot_compared_key_t *compared, const numbers_t *numbers,
                             const pilot_moderator_t *moderator, pilot_report_t *report)
{
    pilot_moderator_t told = *moderator;
    if (told.kind == PILOT_MODERATOR_INTERCEPT || told.kind == PILOT_MODERATOR_GROUP) {
        shift(&told.estimate, numbers->null);
        shift(&told.ci_low, numbers->null);
        shift(&told.ci_high, numbers->null);
    }
    Pilot__Moderator *row = pilot_report_moderator(report);
    name_contrast(row->contrast, compared, report);
    row->kind = (char *)pilot_moderator_kind_name(told.kind);
    row->attribute = told.attribute ? (char *)pilot_report_keep(report, told.attribute) : NULL;
    row->attribute_level = told.level ? (char *)pilot_report_keep(report, told.level) : NULL;
    row->k = (uint32_t)told.k;
    PILOT_COPY_NUMBER(row, estimate, told.estimate);
    PILOT_COPY_NUMBER(row, std_error, told.std_error);
    PILOT_COPY_NUMBER(row, df, told.df);
    PILOT_COPY_NUMBER(row, df_residual, told.df_residual);
    PILOT_COPY_NUMBER(row, statistic, told.statistic);
    PILOT_COPY_NUMBER(row, p_value, told.p_value);
    PILOT_COPY_NUMBER(row, ci_low, told.ci_low);
    PILOT_COPY_NUMBER(row, ci_high, told.ci_high);
    PILOT_COPY_NUMBER(row, tau2, told.tau2);
    PILOT_COPY_NUMBER(row, i2, told.i2);
    PILOT_COPY_NUMBER(row, r2, told.r2);
    JUDGE_ROW(row, compared, &told, report);
}

/* An attribute as statistics take it; its arrays, one entry an agency, are the caller's to free. */
typedef struct column {
    double *number;
    const char **level;
    bool *missing;
} column_t;

static pilot_attribute_t read_attribute(const pilot_compared_key_t *compared, size_t by,
                                        column_t *column)
{
    const Pilot__Spec *spec = compared->analysis->spec;
    size_t count = compared->entries;
    *column = (column_t){.number = PILOT_NEW_ARRAY(double, count),
                         .level = PILOT_NEW_ARRAY(const char *, count),
                         .missing = PILOT_NEW_ARRAY(bool, count)};
    for (size_t i = 0; i < count; i++) {
        size_t at = compared->entry[i].agency * spec->n_compared_by + by;
        const char *value = compared->value ? compared->value[at] : NULL;
        column->level[i] = value;
        column->missing[i] =
            !value || (spec->compared_by[by]->is_number &&
                       !pilot_double_parse(value, strlen(value), &column->number[i]));
    }
    return (pilot_attribute_t){.name = spec->compared_by[by]->name,
                               .is_number = spec->compared_by[by]->is_number,
                               .number = column->number,
                               .level = column->level,
                               .missing = column->missing};
}

static void report_moderators(const pilot_compared_key_t *compared, const numbers_t *numbers,
                              pilot_report_t *report)
{
    size_t count = compared->analysis->spec->n_compared_by;
    if (count == 0)
        return;
    pilot_attribute_t *attribute = PILOT_NEW_ARRAY(pilot_attribute_t, count);
    column_t *column = PILOT_NEW_ARRAY(column_t, count);
    for (size_t i = 0; i < count; i++)
        attribute[i] = read_attribute(compared, i, &column[i]);
    pilot_moderator_t *row = NULL;
    size_t rows = 0;
    pilot_meta_regression(numbers->estimate, numbers->std_error, compared->entries, attribute,
                          count, &numbers->options, &row, &rows);
    for (size_t i = 0; i < rows; i++)
        report_moderator(compared, numbers, &row[i], report);
    free(row);
    for (size_t i = 0; i < count; i++) {
        free(column[i].number);
        free(column[i].level);
        free(column[i].missing);
    }
    free(column);
    free(attribute);
}

/* ---- one effect --------------------------------------------------------------------------------
 */

/* What meta-analysis is told of an effect.  smallest_effect is a difference on the outcome's own
 * scale: ratios, placements, shares of categories and gaps between levels have no threshold but no
 * effect. */
static void set_options(const pilot_compared_key_t *compared, numbers_t *numbers)
{
    const Pilot__Spec *spec = compared->analysis->spec;
    const Pilot__Outcome *outcome = spec->outcome[compared->key->outcome];
    const pilot_row_slot_t *slot = compared->key->slot;
    const pilot_estimator_facts_t *facts =
        slot->estimator == PILOT_ESTIMATORS ? NULL : pilot_estimator_facts(slot->estimator);
    bool gap = compared->key->gap;
    numbers->options =
        (pilot_meta_options_t){.confidence = spec->confidence,
                               .method = PILOT_META_REML,
                               .test = PILOT_META_KNHA,
                               .prediction_k_minus_1 = strcmp(spec->prediction_df, "k-1") == 0};
    pilot_meta_method_from_name(spec->comparison_method, &numbers->options.method);
    pilot_meta_test_from_name(spec->comparison_test, &numbers->options.test);
    numbers->null = gap || !facts ? 0 : facts->null;
    numbers->directed = !slot->by_category && !(facts && facts->undirected);
    bool own_scale = numbers->directed && !gap && !(facts && (facts->log_scale || facts->null > 0));
    bool lower = numbers->directed && outcome->has_lower_is_better && outcome->lower_is_better;
    numbers->spread = (pilot_agency_distribution_options_t){
        .smallest_effect = own_scale && outcome->has_smallest_effect ? outcome->smallest_effect : 0,
        .lower_is_better = lower != (facts && facts->reversed),
        .confidence = spec->confidence};
}

static void free_numbers(numbers_t *numbers)
{
    free(numbers->estimate);
    free(numbers->std_error);
    free(numbers->persons);
    free(numbers->agency);
    free(numbers->influence);
    free(numbers->rank);
    free(numbers->posterior);
}

static numbers_t compute(const pilot_compared_key_t *compared,
                         pilot_meta_row_t row[PILOT_META_ROWS])
{
    size_t count = compared->entries;
    numbers_t numbers = {.estimate = PILOT_NEW_ARRAY(pilot_number_t, count),
                         .std_error = PILOT_NEW_ARRAY(pilot_number_t, count),
                         .persons = PILOT_NEW_ARRAY(double, count),
                         .agency = PILOT_NEW_ARRAY(pilot_meta_agency_t, count),
                         .influence = PILOT_NEW_ARRAY(pilot_meta_influence_t, count),
                         .rank = PILOT_NEW_ARRAY(pilot_agency_rank_t, count),
                         .posterior = PILOT_NEW_ARRAY(pilot_agency_posterior_t, count)};
    set_options(compared, &numbers);
    for (size_t i = 0; i < count; i++) {
        numbers.estimate[i] = compared->entry[i].estimate;
        shift(&numbers.estimate[i], -numbers.null);
        numbers.std_error[i] = compared->entry[i].std_error;
        numbers.persons[i] = (double)compared->entry[i].persons;
    }
    pilot_meta(numbers.estimate, numbers.std_error, count, &numbers.options, row, numbers.agency);
    pilot_meta_influence(numbers.estimate, numbers.std_error, count, &numbers.options,
                         numbers.influence);
    pilot_agency_ranks(numbers.estimate, numbers.std_error, count, numbers.spread.lower_is_better,
                       numbers.options.confidence, numbers.rank);
    for (size_t i = 0; i < PILOT_META_ROWS; i++)
        if (row[i].headline)
            pilot_agency_posteriors(numbers.agency, numbers.std_error, count, &row[i],
                                    &numbers.spread, numbers.posterior);
    return numbers;
}

void pilot_compared_report(const pilot_compared_key_t *compared, pilot_report_t *report)
{
    pilot_meta_row_t row[PILOT_META_ROWS];
    numbers_t numbers = compute(compared, row);
    for (size_t i = 0; i < PILOT_META_ROWS; i++) {
        shift_row(&row[i], numbers.null);
        report_comparison(compared, &row[i], i, report);
    }
    for (size_t i = 0; i < compared->entries; i++)
        report_agency(compared, &numbers, i, report);
    report_average(compared, &numbers, "person", numbers.persons, report);
    report_average(compared, &numbers, "site", NULL, report);
    if (numbers.directed)
        report_shares(compared, &numbers, report);
    report_moderators(compared, &numbers, report);
    free_numbers(&numbers);
}
