#include "subsets.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

pilot_subsets_t *pilot_subsets_new(void)
{
    pilot_subsets_t *subsets = PILOT_NEW(pilot_subsets_t);
    subsets->subset = PILOT_NEW_ARRAY(pilot_subset_t, 1);
    subsets->count = subsets->capacity = 1;
    return subsets;
}

void pilot_subsets_free(pilot_subsets_t *subsets)
{
    if (!subsets)
        return;
    for (size_t i = 0; i < subsets->count; i++)
        free(subsets->subset[i].level);
    free(subsets->subset);
    free(subsets->rows_memory);
    free(subsets->subgroup);
    free(subsets);
}

static const char *subgroup_name(const pilot_analysis_t *analysis, size_t subgroup)
{
    return analysis->spec->covariate[analysis->spec->subgroup[subgroup]]->name;
}

static const pilot_column_t *subgroup_column(const pilot_analysis_t *analysis,
                                             const pilot_dataset_t *dataset, size_t subgroup)
{
    return &dataset->column[analysis->outcomes + analysis->spec->subgroup[subgroup]];
}

static void add_subset(pilot_subsets_t *subsets, const pilot_analysis_t *analysis, size_t subgroup,
                       const char *level, size_t length)
{
    subsets->subset = pilot_grow(subsets->subset, &subsets->capacity, subsets->count + 1,
                                 sizeof *subsets->subset);
    subsets->subset[subsets->count++] = (pilot_subset_t){.subgroup = subgroup,
                                                         .name = subgroup_name(analysis, subgroup),
                                                         .level = pilot_strndup(level, length)};
}

size_t pilot_subsets_put(pilot_subsets_t *subsets, const pilot_analysis_t *analysis,
                         size_t subgroup, const char *level, size_t length)
{
    for (size_t i = 1; i < subsets->count; i++) {
        const pilot_subset_t *subset = &subsets->subset[i];
        if (subset->subgroup == subgroup && strlen(subset->level) == length &&
            memcmp(subset->level, level, length) == 0)
            return i;
    }
    add_subset(subsets, analysis, subgroup, level, length);
    return subsets->count - 1;
}

static size_t column_levels(const pilot_column_t *column)
{
    return column->code ? column->levels.count : 2;
}

/* Level of a row, or SIZE_MAX. */
static size_t level_of(const pilot_column_t *column, size_t row)
{
    if (column->code)
        return column->code[row] == PILOT_CATEGORY_MISSING ? SIZE_MAX : column->code[row];
    if (column->present && !column->present[row])
        return SIZE_MAX;
    return column->value[row] != 0;
}

/* The rows of each level, side by side; a level without rows is left out. */
static uint32_t *split_rows(pilot_subsets_t *subsets, const pilot_analysis_t *analysis,
                            const pilot_dataset_t *dataset, size_t subgroup, uint32_t *memory)
{
    static const char *const binary[] = {"0", "1"};
    const pilot_column_t *column = subgroup_column(analysis, dataset, subgroup);
    size_t levels = column_levels(column);
    size_t *start = PILOT_NEW_ARRAY(size_t, levels + 1);
    for (size_t i = 0; i < dataset->rows; i++) {
        size_t level = level_of(column, i);
        if (level != SIZE_MAX)
            start[level + 1]++;
    }
    for (size_t level = 0; level < levels; level++) {
        size_t rows = start[level + 1];
        start[level + 1] += start[level];
        if (rows == 0)
            continue;
        const char *label = column->code ? column->levels.label[level] : binary[level];
        add_subset(subsets, analysis, subgroup, label, strlen(label));
        subsets->subset[subsets->count - 1].row = memory + start[level];
        subsets->subset[subsets->count - 1].rows = rows;
    }
    size_t used = start[levels];
    for (size_t i = 0; i < dataset->rows; i++) {
        size_t level = level_of(column, i);
        if (level != SIZE_MAX)
            memory[start[level]++] = (uint32_t)i;
    }
    free(start);
    return memory + used;
}

pilot_subsets_t *pilot_subsets_of(const pilot_analysis_t *analysis, const pilot_dataset_t *dataset)
{
    size_t subgroups = analysis->spec->n_subgroup;
    pilot_subsets_t *subsets = pilot_subsets_new();
    subsets->subset[0].rows = dataset->rows;
    subsets->rows_memory = pilot_alloc_raw(dataset->rows * subgroups, sizeof(uint32_t));
    uint32_t *memory = subsets->rows_memory;
    for (size_t i = 0; i < subgroups; i++)
        memory = split_rows(subsets, analysis, dataset, i, memory);
    return subsets;
}

pilot_row_keys_t pilot_subsets_keys(pilot_subsets_t *subsets, const pilot_analysis_t *analysis)
{
    size_t levels = subsets->count - 1;
    free(subsets->subgroup);
    subsets->subgroup = PILOT_NEW_ARRAY(size_t, levels);
    for (size_t i = 0; i < levels; i++)
        subsets->subgroup[i] = subsets->subset[i + 1].subgroup;
    pilot_row_keys_t keys = pilot_row_keys_begin(analysis->slots, subsets->subgroup, levels);
    keys.gaps = analysis->gaps;
    return keys;
}

/* ---- levels as they travel ---------------------------------------------------------------------
 */

void pilot_subsets_pack(const pilot_subsets_t *subsets, const pilot_analysis_t *analysis,
                        pilot_piece_t *piece)
{
    size_t next = 1;
    for (size_t i = 0; i < analysis->spec->n_subgroup; i++) {
        size_t first = next;
        for (; next < subsets->count && subsets->subset[next].subgroup == i; next++)
            pilot_piece_add_label(piece, subsets->subset[next].level);
        pilot_piece_add_count(piece, next - first);
    }
}

pilot_status_t pilot_subsets_unpack(const pilot_analysis_t *analysis, pilot_piece_reader_t *reader,
                                    pilot_subsets_t **ret_subsets, pilot_error_t *error)
{
    size_t subgroups = analysis->spec->n_subgroup;
    const uint64_t *levels = pilot_piece_take_counts(reader, subgroups);
    if (!levels && subgroups > 0)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a part without subgroup levels");
    pilot_subsets_t *subsets = pilot_subsets_new();
    for (size_t i = 0; i < subgroups; i++) {
        const pilot_label_t *label = pilot_piece_take_labels(reader, levels[i]);
        if (!label && levels[i] > 0) {
            pilot_subsets_free(subsets);
            return pilot_error_set(error, PILOT_E_PROTOCOL, "a part with too few subgroup levels");
        }
        for (size_t k = 0; k < levels[i]; k++)
            add_subset(subsets, analysis, i, label[k].bytes, label[k].length);
    }
    *ret_subsets = subsets;
    return PILOT_OK;
}

static int by_level(const void *a, const void *b)
{
    const pilot_subset_t *left = *(const pilot_subset_t *const *)a;
    const pilot_subset_t *right = *(const pilot_subset_t *const *)b;
    if (left->subgroup != right->subgroup)
        return left->subgroup < right->subgroup ? -1 : 1;
    return strcmp(left->level, right->level);
}

pilot_subsets_t *pilot_subsets_union(const pilot_analysis_t *analysis,
                                     pilot_subsets_t *const *subsets, size_t count)
{
    size_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += subsets[i]->count - 1;
    const pilot_subset_t **sorted = PILOT_NEW_ARRAY(const pilot_subset_t *, all);
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 1; k < subsets[i]->count; k++)
            sorted[next++] = &subsets[i]->subset[k];
    }
    qsort(sorted, all, sizeof *sorted, by_level);
    pilot_subsets_t *merged = pilot_subsets_new();
    for (size_t i = 0; i < all; i++) {
        if (i == 0 || by_level(&sorted[i - 1], &sorted[i]) != 0)
            add_subset(merged, analysis, sorted[i]->subgroup, sorted[i]->level,
                       strlen(sorted[i]->level));
    }
    free(sorted);
    return merged;
}

size_t pilot_subsets_find(const pilot_subsets_t *subsets, const pilot_subset_t *wanted)
{
    if (!wanted->level)
        return 0;
    for (size_t i = 1; i < subsets->count; i++) {
        if (by_level(&(const pilot_subset_t *){&subsets->subset[i]}, &wanted) == 0)
            return i;
    }
    return SIZE_MAX;
}
