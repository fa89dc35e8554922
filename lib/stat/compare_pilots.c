/* compare_pilots.c - see pilot/compare_pilots.h. */
#include "pilot/compare_pilots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compensated.h"
#include "pilot/memory.h"

bool pilot_pilots_standardize(const pilot_pilots_effect_t *effect, pilot_number_t *ret_estimate,
                              pilot_number_t *ret_std_error)
{
    double unit = effect->control_std_dev.value;
    if (!effect->estimate.given || !effect->std_error.given || !effect->control_std_dev.given ||
        !(unit > 0) || !(effect->std_error.value > 0))
        return false;
    double estimate = effect->estimate.value / unit, std_error = effect->std_error.value / unit;
    if (!isfinite(estimate) || !isfinite(std_error) || !(std_error > 0))
        return false;
    *ret_estimate = PILOT_GIVEN(effect->lower_is_better ? -estimate : estimate);
    *ret_std_error = PILOT_GIVEN(std_error);
    return true;
}

typedef struct entry {
    const char *group, *pilot, *agency;
    pilot_number_t estimate, std_error;
} entry_t;

static int by_place(const void *left, const void *right)
{
    const entry_t *a = left, *b = right;
    int order = strcmp(a->group, b->group);
    order = order ? order : strcmp(a->pilot, b->pilot);
    order = order ? order : strcmp(a->agency, b->agency);
    /* Sums in one order, whatever the caller's. */
    if (order == 0)
        order = (a->estimate.value > b->estimate.value) - (a->estimate.value < b->estimate.value);
    if (order == 0)
        order =
            (a->std_error.value > b->std_error.value) - (a->std_error.value < b->std_error.value);
    return order;
}

static bool is_same(const entry_t *a, const entry_t *b)
{
    return strcmp(a->group, b->group) == 0 && strcmp(a->pilot, b->pilot) == 0 &&
           strcmp(a->agency, b->agency) == 0;
}

static size_t collect(const pilot_pilots_effect_t *effect, size_t effects, entry_t *entry)
{
    size_t entries = 0;
    for (size_t i = 0; i < effects; i++) {
        entry_t *one = &entry[entries];
        *one = (entry_t){
            .group = effect[i].group, .pilot = effect[i].pilot, .agency = effect[i].agency};
        entries += pilot_pilots_standardize(&effect[i], &one->estimate, &one->std_error);
    }
    if (entries > 0)
        qsort(entry, entries, sizeof *entry, by_place);
    return entries;
}

/* Several effects of an agency in a pilot become their mean.  What they have in common is not
 * known: the mean of the standard errors is that of perfectly correlated ones, the largest there
 * can be. */
static size_t combine(entry_t *entry, size_t entries)
{
    size_t kept = 0;
    for (size_t i = 0, end; i < entries; i = end) {
        compensated_t estimate = {0}, std_error = {0};
        for (end = i; end < entries && is_same(&entry[i], &entry[end]); end++) {
            compensated_add(&estimate, entry[end].estimate.value);
            compensated_add(&std_error, entry[end].std_error.value);
        }
        entry[kept] = entry[i];
        if (end > i + 1) {
            entry[kept].estimate = PILOT_GIVEN(compensated_value(&estimate) / (double)(end - i));
            entry[kept].std_error = PILOT_GIVEN(compensated_value(&std_error) / (double)(end - i));
        }
        kept++;
    }
    return kept;
}

static pilot_meta_row_t only(const entry_t *entry, const pilot_meta_options_t *options)
{
    pilot_estimate_t one = {.estimate = entry->estimate, .std_error = entry->std_error};
    pilot_estimate_infer(&one, options->confidence);
    return (pilot_meta_row_t){.method = options->method,
                              .test = PILOT_META_Z,
                              .headline = true,
                              .k = 1,
                              .estimate = one.estimate,
                              .std_error = one.std_error,
                              .statistic = one.statistic,
                              .p_value = one.p_value,
                              .ci_low = one.ci_low,
                              .ci_high = one.ci_high,
                              .detail = "one effect, with its own interval"};
}

static pilot_pilots_row_t pool(const entry_t *entry, size_t entries,
                               const pilot_meta_options_t *options)
{
    pilot_pilots_row_t row = {.pilots = 1};
    pilot_meta_row_t all[PILOT_META_ROWS];
    for (size_t i = 1; i < entries; i++) {
        bool seen = false;
        for (size_t before = i; before-- > 0 && !seen;)
            seen = strcmp(entry[before].pilot, entry[i].pilot) == 0;
        row.pilots += !seen;
    }
    if (entries == 1) {
        row.pooled = only(entry, options);
        return row;
    }
    pilot_number_t *number = pilot_alloc_raw(2 * entries, sizeof *number);
    for (size_t i = 0; i < entries; i++) {
        number[i] = entry[i].estimate;
        number[entries + i] = entry[i].std_error;
    }
    pilot_meta(number, number + entries, entries, options, all, NULL);
    row.pooled = all[options->method * PILOT_META_TESTS + options->test];
    free(number);
    return row;
}

/* The rows of one group, appended; how many. */
static size_t pool_group(const entry_t *entry, size_t entries, const pilot_meta_options_t *options,
                         pilot_pilots_row_t *ret_row)
{
    size_t rows = 0;
    for (size_t i = 0, end; i < entries; i = end) {
        for (end = i + 1; end < entries && strcmp(entry[end].pilot, entry[i].pilot) == 0;)
            end++;
        ret_row[rows] = pool(entry + i, end - i, options);
        ret_row[rows].group = entry[i].group;
        ret_row[rows++].pilot = entry[i].pilot;
    }
    ret_row[rows] = pool(entry, entries, options);
    ret_row[rows++].group = entry[0].group;
    return rows;
}

pilot_pilots_row_t *pilot_pilots_compare(const pilot_pilots_effect_t *effect, size_t effects,
                                         const pilot_meta_options_t *options, size_t *ret_rows)
{
    entry_t *entry PILOT_AUTOFREE = PILOT_NEW_ARRAY(entry_t, effects + 1);
    size_t entries = combine(entry, collect(effect, effects, entry)), rows = 0, groups = 0;
    *ret_rows = 0;
    if (entries == 0)
        return NULL;
    /* Each pilot of a group, each group, all. */
    pilot_pilots_row_t *row = PILOT_NEW_ARRAY(pilot_pilots_row_t, 2 * entries + 1);
    for (size_t i = 0, end; i < entries; i = end, groups++) {
        for (end = i + 1; end < entries && strcmp(entry[end].group, entry[i].group) == 0;)
            end++;
        rows += pool_group(entry + i, end - i, options, row + rows);
    }
    if (groups > 1)
        row[rows++] = pool(entry, entries, options);
    *ret_rows = rows;
    return row;
}
