#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/meta.h"
#include "subsets.h"

/* An effect row, its names as numbers. */
typedef struct entry {
    size_t agency, outcome, subset, arm;
    size_t slot; /* index into analysis->slots->slot */
    bool gap;
    const char *estimator; /* static */
    const char *reason;    /* static or kept; NULL: none */
    pilot_number_t estimate, std_error;
} entry_t;

struct pilot_compare {
    const pilot_analysis_t *analysis;
    char **agency;
    size_t agencies, agency_capacity;
    pilot_subsets_t *subsets; /* in order of arrival */
    entry_t *entry;
    size_t entries, entry_capacity;
};

pilot_compare_t *pilot_compare_new(const pilot_analysis_t *analysis)
{
    pilot_compare_t *compare = PILOT_NEW(pilot_compare_t);
    compare->analysis = analysis;
    compare->subsets = pilot_subsets_new();
    return compare;
}

void pilot_compare_free(pilot_compare_t *compare)
{
    if (!compare)
        return;
    for (size_t i = 0; i < compare->agencies; i++)
        free(compare->agency[i]);
    free(compare->agency);
    pilot_subsets_free(compare->subsets);
    free(compare->entry);
    free(compare);
}

/* ---- names to numbers --------------------------------------------------------------------------
 */

static size_t find_outcome(const Pilot__Spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_outcome; i++) {
        if (strcmp(spec->outcome[i]->name, name) == 0)
            return i;
    }
    return SIZE_MAX;
}

static size_t find_arm(const Pilot__Spec *spec, const char *label)
{
    for (size_t i = 1; i < spec->n_arm; i++) {
        if (strcmp(spec->arm[i]->label, label) == 0)
            return i;
    }
    return SIZE_MAX;
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : !a && !b;
}

/* Under `auto` all linear rows of a key belong together, whatever each agency took. */
static size_t find_slot(const pilot_row_slots_t *slots, size_t outcome, const char *estimator,
                        const char *parameter)
{
    size_t linear = SIZE_MAX;
    for (size_t i = slots->first[outcome]; i < slots->first[outcome + 1]; i++) {
        const pilot_row_slot_t *slot = &slots->slot[i];
        if (!is_same(slot->parameter, parameter))
            continue;
        if (strcmp(slot->name, estimator) == 0)
            return i;
        if (slot->estimator == PILOT_ESTIMATORS)
            linear = i;
    }
    return linear;
}

static size_t find_subset(pilot_compare_t *compare, const char *subgroup, const char *level)
{
    const Pilot__Spec *spec = compare->analysis->spec;
    if (!subgroup || !level)
        return 0;
    for (size_t i = 0; i < spec->n_subgroup; i++) {
        if (strcmp(spec->covariate[spec->subgroup[i]]->name, subgroup) == 0)
            return pilot_subsets_put(compare->subsets, compare->analysis, i, level, strlen(level));
    }
    return SIZE_MAX;
}

static size_t put_agency(pilot_compare_t *compare, const char *agency)
{
    if (compare->agencies == 0 || strcmp(compare->agency[compare->agencies - 1], agency) != 0) {
        compare->agency = pilot_grow(compare->agency, &compare->agency_capacity,
                                     compare->agencies + 1, sizeof *compare->agency);
        compare->agency[compare->agencies++] = pilot_strdup(agency);
    }
    return compare->agencies - 1;
}

/* The closed list's own text, so that nothing must be kept. */
static const char *known_reason(const char *reason)
{
    for (int i = PILOT_REASON_NONE + 1; reason && i < PILOT_REASON_COUNT; i++) {
        if (strcmp(pilot_reason_name((pilot_reason_t)i), reason) == 0)
            return pilot_reason_name((pilot_reason_t)i);
    }
    return NULL;
}

static const char *known_estimator(const char *name)
{
    pilot_estimator_t estimator = pilot_estimator_from_name(name);
    return estimator < PILOT_ESTIMATORS ? pilot_estimator_facts(estimator)->name : "auto";
}

/* Bounds stand where attrition differs, asked for or not: no sample of agencies to compare. */
static bool is_unasked(const pilot_row_slots_t *slots, size_t outcome, const char *estimator)
{
    return strcmp(estimator, pilot_estimator_facts(PILOT_LEE_BOUNDS)->name) == 0 &&
           pilot_row_may_have_bounds(slots, outcome);
}

pilot_status_t pilot_compare_add(pilot_compare_t *compare, const pilot_compared_t *row,
                                 pilot_error_t *error)
{
    const pilot_analysis_t *analysis = compare->analysis;
    entry_t entry = {.outcome = find_outcome(analysis->spec, row->outcome),
                     .subset = find_subset(compare, row->subgroup, row->level),
                     .arm = find_arm(analysis->spec, row->arm),
                     .gap = strcmp(row->estimand, "gap") == 0,
                     .slot = SIZE_MAX,
                     .estimator = known_estimator(row->estimator),
                     .reason = known_reason(row->reason),
                     .estimate = row->estimate,
                     .std_error = row->std_error};
    if (entry.outcome != SIZE_MAX) {
        if (is_unasked(analysis->slots, entry.outcome, row->estimator))
            return PILOT_OK;
        entry.slot = find_slot(analysis->slots, entry.outcome, row->estimator, row->parameter);
    }
    if (entry.slot == SIZE_MAX || entry.subset == SIZE_MAX || entry.arm == SIZE_MAX)
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "a stored effect is not one of its analysis' plan");
    entry.agency = put_agency(compare, row->agency);
    compare->entry = pilot_grow(compare->entry, &compare->entry_capacity, compare->entries + 1,
                                sizeof *compare->entry);
    compare->entry[compare->entries++] = entry;
    return PILOT_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

typedef struct compared_key {
    const pilot_row_key_t *key;
    const pilot_subset_t *subset;
    const char *estimator;
    const entry_t *entry; /* of this key, in agency order */
    size_t entries;
} compared_key_t;

/* [agency][subset]: has the agency effects of this level? */
static bool *find_levels(const pilot_compare_t *compare, const size_t *place, size_t subsets)
{
    bool *has = PILOT_NEW_ARRAY(bool, compare->agencies *subsets);
    for (size_t i = 0; i < compare->entries; i++)
        has[compare->entry[i].agency * subsets + place[compare->entry[i].subset]] = true;
    return has;
}

/* The first level, over all agencies, of this one's subgroup. */
static size_t first_level(const pilot_subsets_t *sorted, size_t subset)
{
    while (subset > 1 && sorted->subset[subset - 1].subgroup == sorted->subset[subset].subgroup)
        subset--;
    return subset;
}

/* Entries by key: first[ordinal] .. first[ordinal + 1] - 1. */
static entry_t *sort_by_key(const pilot_compare_t *compare, const pilot_subsets_t *sorted,
                            const pilot_row_keys_t *keys, size_t *first)
{
    size_t *place = PILOT_NEW_ARRAY(size_t, compare->subsets->count);
    for (size_t i = 0; i < compare->subsets->count; i++)
        place[i] = pilot_subsets_find(sorted, &compare->subsets->subset[i]);
    size_t count = pilot_row_keys_count(keys);
    bool *has = find_levels(compare, place, sorted->count);
    size_t *ordinal = PILOT_NEW_ARRAY(size_t, compare->entries);
    for (size_t i = 0; i < compare->entries; i++) {
        const entry_t *entry = &compare->entry[i];
        size_t subset = place[entry->subset];
        /* An agency without the first level of all has gaps to another one. */
        ordinal[i] = count;
        if (!entry->gap || (pilot_row_keys_has_gap(keys, subset) &&
                            has[entry->agency * sorted->count + first_level(sorted, subset)]))
            ordinal[i] = pilot_row_keys_ordinal(keys, entry->outcome, subset, entry->arm,
                                                entry->slot, entry->gap);
        first[ordinal[i] + 1]++;
    }
    for (size_t i = 0; i <= count; i++)
        first[i + 1] += first[i];
    entry_t *by_key = PILOT_NEW_ARRAY(entry_t, compare->entries);
    size_t *next = PILOT_NEW_ARRAY(size_t, count + 1);
    memcpy(next, first, (count + 1) * sizeof *next);
    for (size_t i = 0; i < compare->entries; i++)
        by_key[next[ordinal[i]]++] = compare->entry[i];
    free(next);
    free(has);
    free(ordinal);
    free(place);
    return by_key;
}

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

static bool is_computed(const pilot_row_slot_t *slot)
{
    return slot->estimator == PILOT_ESTIMATORS || pilot_estimator_facts(slot->estimator)->computed;
}

static void report_comparison(const pilot_analysis_t *analysis, const compared_key_t *compared,
                              const pilot_meta_row_t *meta, size_t index, uint64_t given_up,
                              pilot_report_t *report)
{
    const Pilot__Spec *spec = analysis->spec;
    Pilot__Comparison *row = pilot_report_comparison(report);
    row->ordinal = compared->key->ordinal * PILOT_META_ROWS + (uint32_t)index;
    row->outcome = spec->outcome[compared->key->outcome]->name;
    row->subgroup = (char *)compared->subset->name;
    row->level =
        compared->subset->level ? (char *)pilot_report_keep(report, compared->subset->level) : NULL;
    row->arm = spec->arm[compared->key->arm]->label;
    row->control = spec->arm[0]->label;
    row->estimand = (char *)compared->key->estimand;
    row->estimator = (char *)compared->estimator;
    row->parameter = (char *)compared->key->parameter;
    row->method = (char *)pilot_meta_method_name(meta->method);
    row->test = (char *)pilot_meta_test_name(meta->test);
    row->k = (uint32_t)meta->k;
    copy_numbers(row, meta);
    row->headline = meta->headline;
    pilot_row_status_t status = meta->status;
    pilot_reason_t reason = meta->reason;
    if (!compared->key->slot->defined)
        reason = PILOT_REASON_OUTCOME_TYPE;
    else if (!is_computed(compared->key->slot))
        reason = PILOT_REASON_NOT_IN_THIS_VERSION;
    char *note PILOT_AUTOFREE = NULL;
    if (given_up > 0 && (status == PILOT_ROW_OK || status == PILOT_ROW_FLAGGED)) {
        status = PILOT_ROW_PARTIAL;
        reason = reason == PILOT_REASON_NONE ? PILOT_REASON_JOB_FAILED : reason;
        note = pilot_format("%s%spartial: %llu jobs gave nothing", meta->detail,
                            meta->detail[0] ? "; " : "", (unsigned long long)given_up);
    }
    row->status = (char *)pilot_row_status_name(status);
    if (reason != PILOT_REASON_NONE)
        row->reason = (char *)pilot_reason_name(reason);
    if (note || meta->detail[0])
        row->detail = (char *)pilot_report_keep(report, note ? note : meta->detail);
}

static void report_agency(const pilot_compare_t *compare, const compared_key_t *compared,
                          const entry_t *entry, const pilot_meta_agency_t *meta,
                          pilot_report_t *report)
{
    const Pilot__Spec *spec = compare->analysis->spec;
    Pilot__AgencyEffect *row = pilot_report_agency_effect(report);
    row->ordinal = compared->key->ordinal;
    row->outcome = spec->outcome[compared->key->outcome]->name;
    row->subgroup = (char *)compared->subset->name;
    row->level =
        compared->subset->level ? (char *)pilot_report_keep(report, compared->subset->level) : NULL;
    row->arm = spec->arm[compared->key->arm]->label;
    row->control = spec->arm[0]->label;
    row->estimand = (char *)compared->key->estimand;
    row->estimator = (char *)entry->estimator;
    row->parameter = (char *)compared->key->parameter;
    row->agency = compare->agency[entry->agency];
    PILOT_COPY_NUMBER(row, estimate, entry->estimate);
    PILOT_COPY_NUMBER(row, std_error, entry->std_error);
    PILOT_COPY_NUMBER(row, eb_estimate, meta->eb_estimate);
    PILOT_COPY_NUMBER(row, eb_std_error, meta->eb_std_error);
    PILOT_COPY_NUMBER(row, weight, meta->weight);
    PILOT_COPY_NUMBER(row, leave_one_out_estimate, meta->leave_one_out_estimate);
    row->status = (char *)pilot_row_status_name(meta->status);
    if (meta->reason != PILOT_REASON_NONE)
        row->reason = (char *)pilot_reason_name(meta->reason);
    if (meta->status != PILOT_ROW_OK && entry->reason)
        row->reason = (char *)entry->reason;
}

/* The value of no effect, which meta-analysis takes for 0. */
static double null_of(const pilot_row_key_t *key)
{
    pilot_estimator_t estimator = key->slot->estimator;
    return key->gap || estimator == PILOT_ESTIMATORS ? 0 : pilot_estimator_facts(estimator)->null;
}

static void shift(pilot_number_t *number, double by)
{
    if (number->given)
        number->value += by;
}

static void shift_rows(pilot_meta_row_t *row, pilot_meta_agency_t *agency, size_t agencies,
                       double by)
{
    if (by == 0)
        return;
    for (size_t i = 0; i < PILOT_META_ROWS; i++) {
        shift(&row[i].estimate, by);
        shift(&row[i].ci_low, by);
        shift(&row[i].ci_high, by);
        shift(&row[i].pi_low, by);
        shift(&row[i].pi_high, by);
    }
    for (size_t i = 0; i < agencies; i++) {
        shift(&agency[i].eb_estimate, by);
        shift(&agency[i].leave_one_out_estimate, by);
    }
}

static void report_key(const pilot_compare_t *compare, const compared_key_t *compared,
                       uint64_t given_up, pilot_report_t *report)
{
    const Pilot__Spec *spec = compare->analysis->spec;
    pilot_meta_options_t options = {.confidence = spec->confidence,
                                    .method = PILOT_META_REML,
                                    .test = PILOT_META_KNHA,
                                    .prediction_k_minus_1 =
                                        strcmp(spec->prediction_df, "k-1") == 0};
    pilot_meta_method_from_name(spec->comparison_method, &options.method);
    pilot_meta_test_from_name(spec->comparison_test, &options.test);
    size_t agencies = compared->entries;
    double null = null_of(compared->key);
    pilot_number_t *estimate = PILOT_NEW_ARRAY(pilot_number_t, agencies);
    pilot_number_t *std_error = PILOT_NEW_ARRAY(pilot_number_t, agencies);
    for (size_t i = 0; i < agencies; i++) {
        estimate[i] = compared->entry[i].estimate;
        shift(&estimate[i], -null);
        std_error[i] = compared->entry[i].std_error;
    }
    pilot_meta_row_t row[PILOT_META_ROWS];
    pilot_meta_agency_t *agency = PILOT_NEW_ARRAY(pilot_meta_agency_t, agencies);
    pilot_meta(estimate, std_error, agencies, &options, row, agency);
    shift_rows(row, agency, agencies, null);
    for (size_t i = 0; i < PILOT_META_ROWS; i++)
        report_comparison(compare->analysis, compared, &row[i], i, given_up, report);
    for (size_t i = 0; i < agencies; i++)
        report_agency(compare, compared, &compared->entry[i], &agency[i], report);
    free(agency);
    free(estimate);
    free(std_error);
}

/* Under `auto`: the estimator that all agencies took, or "auto" where they differ. */
static const char *common_estimator(const compared_key_t *compared)
{
    for (size_t i = 1; i < compared->entries; i++) {
        if (strcmp(compared->entry[i].estimator, compared->entry[0].estimator) != 0)
            return "auto";
    }
    return compared->entries > 0 ? compared->entry[0].estimator : "auto";
}

void pilot_compare_report(pilot_compare_t *compare, uint64_t given_up, pilot_report_t *report)
{
    const pilot_analysis_t *analysis = compare->analysis;
    pilot_subsets_t *sorted = pilot_subsets_union(analysis, &compare->subsets, 1);
    pilot_row_keys_t keys = pilot_subsets_keys(sorted, analysis);
    size_t *first = PILOT_NEW_ARRAY(size_t, pilot_row_keys_count(&keys) + 2);
    entry_t *entry = sort_by_key(compare, sorted, &keys, first);
    pilot_row_key_t key;
    while (pilot_row_keys_next(&keys, &key)) {
        compared_key_t compared = {.key = &key,
                                   .subset = &sorted->subset[key.subset],
                                   .estimator = key.estimator,
                                   .entry = entry + first[key.ordinal],
                                   .entries = first[key.ordinal + 1] - first[key.ordinal]};
        if (key.slot->estimator == PILOT_ESTIMATORS)
            compared.estimator = common_estimator(&compared);
        report_key(compare, &compared, given_up, report);
    }
    free(entry);
    free(first);
    pilot_subsets_free(sorted);
}
