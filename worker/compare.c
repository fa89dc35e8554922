#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "compared.h"
#include "pilot/memory.h"
#include "subsets.h"

struct pilot_compare {
    const pilot_analysis_t *analysis;
    char **agency;
    size_t agencies, agency_capacity;
    pilot_subsets_t *subsets; /* in order of arrival */
    pilot_compared_entry_t *entry;
    size_t entries, entry_capacity;
    char **value; /* of attributes, [agency][compared_by]; NULL: none */
};

pilot_compare_t *pilot_compare_new(const pilot_analysis_t *analysis)
{
    pilot_compare_t *compare = PILOT_NEW(pilot_compare_t);
    compare->analysis = analysis;
    compare->subsets = pilot_subsets_new();
    return compare;
}

static size_t bys(const pilot_compare_t *compare)
{
    return compare->analysis->spec->n_compared_by;
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
    for (size_t i = 0; compare->value && i < compare->agencies * bys(compare); i++)
        free(compare->value[i]);
    free(compare->value);
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
    pilot_compared_entry_t entry = {.outcome = find_outcome(analysis->spec, row->outcome),
                                    .subset = find_subset(compare, row->subgroup, row->level),
                                    .arm = find_arm(analysis->spec, row->arm),
                                    .gap = strcmp(row->estimand, "gap") == 0,
                                    .slot = SIZE_MAX,
                                    .estimator = known_estimator(row->estimator),
                                    .reason = known_reason(row->reason),
                                    .persons = row->n,
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

/* ---- attributes -------------------------------------------------------------------------------
 */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void pilot_compare_attribute(pilot_compare_t *compare, const char *agency, const char *name,
                             const char *value)
{
    if (!compare->value)
        compare->value = PILOT_NEW_ARRAY(char *, compare->agencies *bys(compare));
    char **found = compare->agencies ? bsearch(&agency, compare->agency, compare->agencies,
                                               sizeof *compare->agency, compare_names)
                                     : NULL;
    for (size_t i = 0; found && i < bys(compare); i++) {
        char **at = &compare->value[(size_t)(found - compare->agency) * bys(compare) + i];
        if (strcmp(compare->analysis->spec->compared_by[i]->name, name) != 0)
            continue;
        free(*at);
        *at = pilot_strdup(value);
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

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
static pilot_compared_entry_t *sort_by_key(const pilot_compare_t *compare,
                                           const pilot_subsets_t *sorted,
                                           const pilot_row_keys_t *keys, size_t *first)
{
    size_t *place = PILOT_NEW_ARRAY(size_t, compare->subsets->count);
    for (size_t i = 0; i < compare->subsets->count; i++)
        place[i] = pilot_subsets_find(sorted, &compare->subsets->subset[i]);
    size_t count = pilot_row_keys_count(keys);
    bool *has = find_levels(compare, place, sorted->count);
    size_t *ordinal = PILOT_NEW_ARRAY(size_t, compare->entries);
    for (size_t i = 0; i < compare->entries; i++) {
        const pilot_compared_entry_t *entry = &compare->entry[i];
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
    pilot_compared_entry_t *by_key = PILOT_NEW_ARRAY(pilot_compared_entry_t, compare->entries);
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

/* Under `auto`: the estimator that all agencies took, or "auto" where they differ. */
static const char *common_estimator(const pilot_compared_key_t *compared)
{
    for (size_t i = 1; i < compared->entries; i++) {
        if (strcmp(compared->entry[i].estimator, compared->entry[0].estimator) != 0)
            return "auto";
    }
    return compared->entries > 0 ? compared->entry[0].estimator : "auto";
}

void pilot_compare_report(pilot_compare_t *compare, size_t first_outcome, size_t last_outcome,
                          uint64_t given_up, pilot_report_t *report)
{
    const pilot_analysis_t *analysis = compare->analysis;
    pilot_subsets_t *sorted = pilot_subsets_union(analysis, &compare->subsets, 1);
    pilot_row_keys_t keys = pilot_subsets_keys(sorted, analysis);
    size_t *first = PILOT_NEW_ARRAY(size_t, pilot_row_keys_count(&keys) + 2);
    pilot_compared_entry_t *entry = sort_by_key(compare, sorted, &keys, first);
    pilot_row_key_t key;
    while (pilot_row_keys_next(&keys, &key)) {
        if (key.outcome < first_outcome || key.outcome > last_outcome)
            continue;
        pilot_compared_key_t compared = {.analysis = analysis,
                                         .agency = compare->agency,
                                         .value = compare->value,
                                         .given_up = given_up,
                                         .key = &key,
                                         .subset = &sorted->subset[key.subset],
                                         .estimator = key.estimator,
                                         .entry = entry + first[key.ordinal],
                                         .entries = first[key.ordinal + 1] - first[key.ordinal]};
        if (key.slot->estimator == PILOT_ESTIMATORS)
            compared.estimator = common_estimator(&compared);
        pilot_compared_report(&compared, report);
    }
    free(entry);
    free(first);
    pilot_subsets_free(sorted);
}
