#include "dataset.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/text.h"
#include "row_order.h"

struct pilot_dataset_builder {
    const pilot_layout_t *layout;
    pilot_dataset_t *dataset;
    size_t expected;
    pilot_dictionary_t arms;
    uint32_t *arm; /* codes of `arms`, until finish */
    pilot_text_t units;
    size_t *unit_end; /* where row i's id ends in `units` */
};

void pilot_dataset_free(pilot_dataset_t *dataset)
{
    if (!dataset)
        return;
    for (size_t i = 0; i < dataset->column_count; i++) {
        free(dataset->column[i].value);
        free(dataset->column[i].present);
        free(dataset->column[i].code);
        pilot_dictionary_clear(&dataset->column[i].levels);
    }
    pilot_dictionary_clear(&dataset->block_labels);
    pilot_dictionary_clear(&dataset->cluster_labels);
    free(dataset->column);
    free(dataset->arm);
    free(dataset->block);
    free(dataset->cluster);
    free(dataset->weight);
    free(dataset);
}

pilot_dataset_builder_t *pilot_dataset_builder_new(const pilot_layout_t *layout,
                                                   uint64_t submission, size_t rows)
{
    pilot_dataset_builder_t *builder = PILOT_NEW(pilot_dataset_builder_t);
    builder->layout = layout;
    builder->expected = rows;
    builder->arm = pilot_alloc_raw(rows, sizeof *builder->arm);
    builder->unit_end = pilot_alloc_raw(rows, sizeof *builder->unit_end);
    pilot_dataset_t *dataset = PILOT_NEW(pilot_dataset_t);
    builder->dataset = dataset;
    dataset->submission = submission;
    if (layout->has_block)
        dataset->block = pilot_alloc_raw(rows, sizeof *dataset->block);
    if (layout->has_cluster)
        dataset->cluster = pilot_alloc_raw(rows, sizeof *dataset->cluster);
    if (layout->has_weight)
        dataset->weight = pilot_alloc_raw(rows, sizeof *dataset->weight);
    dataset->column_count = layout->variable_count;
    dataset->column = PILOT_NEW_ARRAY(pilot_column_t, layout->variable_count);
    for (size_t i = 0; i < layout->variable_count; i++) {
        if (layout->variable[i].category) {
            dataset->column[i].code = pilot_alloc_raw(rows, sizeof(uint32_t));
        } else {
            dataset->column[i].value = pilot_alloc_raw(rows, sizeof(double));
            dataset->column[i].present = pilot_alloc_raw(rows, 1);
        }
    }
    return builder;
}

void pilot_dataset_builder_free(pilot_dataset_builder_t *builder)
{
    if (!builder)
        return;
    pilot_dataset_free(builder->dataset);
    pilot_dictionary_clear(&builder->arms);
    pilot_text_clear(&builder->units);
    free(builder->arm);
    free(builder->unit_end);
    free(builder);
}

static bool names(const char *name, const char *column, size_t length)
{
    return strlen(name) == length && memcmp(name, column, length) == 0;
}

static pilot_dictionary_t *dictionary_of(pilot_dataset_builder_t *builder, const char *column,
                                         size_t length)
{
    const pilot_layout_t *layout = builder->layout;
    if (names("pilot_arm", column, length))
        return &builder->arms;
    if (layout->has_block && names("pilot_block", column, length))
        return &builder->dataset->block_labels;
    if (layout->has_cluster && names("pilot_cluster", column, length))
        return &builder->dataset->cluster_labels;
    for (size_t i = 0; i < layout->variable_count; i++) {
        if ((layout->variable[i].category || layout->variable[i].received) &&
            names(layout->variable[i].name, column, length))
            return &builder->dataset->column[i].levels;
    }
    return NULL;
}

void pilot_dataset_builder_label(pilot_dataset_builder_t *builder, const char *column,
                                 size_t column_length, const char *label, size_t label_length)
{
    pilot_dictionary_t *dictionary = dictionary_of(builder, column, column_length);
    if (dictionary)
        pilot_dictionary_add(dictionary, label, label_length);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool read_code(const pilot_field_t *field, uint32_t *ret_code)
{
    if (!field->data)
        return false;
    if (field->length == 4)
        *ret_code = (uint32_t)pilot_field_int4(field);
    else if (field->length == 2)
        *ret_code = (uint32_t)pilot_field_int2(field);
    else
        return false;
    return true;
}

static bool read_variable(pilot_column_t *column, size_t row, const pilot_field_t *field)
{
    if (column->code) {
        column->code[row] = PILOT_CATEGORY_MISSING;
        return !field->data || read_code(field, &column->code[row]);
    }
    if (!field->data) {
        column->value[row] = 0;
        column->present[row] = 0;
        return true;
    }
    column->value[row] = field->length == 8 ? pilot_field_float8(field) : 0;
    column->present[row] = 1;
    return field->length == 8;
}

pilot_status_t pilot_dataset_builder_row(pilot_dataset_builder_t *builder,
                                         const pilot_field_t *field, pilot_error_t *error)
{
    pilot_dataset_t *dataset = builder->dataset;
    size_t row = dataset->rows;
    if (row >= builder->expected)
        return pilot_error_set(error, PILOT_E_DATA, "submission %llu has more than %zu rows",
                               (unsigned long long)dataset->submission, builder->expected);
    const pilot_field_t *next = field + 1;
    bool good = next->data != NULL;
    if (good)
        pilot_text_append_bytes(&builder->units, next->data, next->length);
    builder->unit_end[row] = builder->units.length;
    next++;
    good &= read_code(next++, &builder->arm[row]);
    if (dataset->block)
        good &= read_code(next++, &dataset->block[row]);
    if (dataset->cluster)
        good &= read_code(next++, &dataset->cluster[row]);
    if (dataset->weight) {
        good &= next->data && next->length == 8;
        dataset->weight[row] = good ? pilot_field_float8(next) : 0;
        next++;
    }
    for (size_t i = 0; i < dataset->column_count; i++)
        good &= read_variable(&dataset->column[i], row, next++);
    if (!good)
        return pilot_error_set(error, PILOT_E_DATA,
                               "submission %llu has a row whose columns are not those of the plan",
                               (unsigned long long)dataset->submission);
    dataset->rows++;
    return PILOT_OK;
}

size_t pilot_dataset_builder_rows(const pilot_dataset_builder_t *builder)
{
    return builder->dataset->rows;
}

/* ---- finish ---------------------------------------------------------------------------------- */

static pilot_status_t code_without_label(const pilot_dataset_t *dataset, const char *column,
                                         pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_DATA,
                           "submission %llu: column %s has a code without label",
                           (unsigned long long)dataset->submission, column);
}

/* SIZE_MAX: none of the plan's (UINT32_MAX in 32 bits). */
static size_t arm_index(const pilot_layout_t *layout, const char *label)
{
    for (size_t arm = 0; arm < layout->arm_count; arm++) {
        if (strcmp(layout->arm[arm], label) == 0)
            return arm;
    }
    return SIZE_MAX;
}

/* Plan's index of each row's arm. */
static pilot_status_t finish_arms(pilot_dataset_builder_t *builder, pilot_error_t *error)
{
    const pilot_layout_t *layout = builder->layout;
    pilot_dataset_t *dataset = builder->dataset;
    size_t count = builder->arms.count;
    uint32_t *index = pilot_alloc_raw(count, sizeof *index);
    for (size_t i = 0; i < count; i++)
        index[i] = (uint32_t)arm_index(layout, builder->arms.label[i]);
    dataset->arm = pilot_alloc_raw(dataset->rows, sizeof *dataset->arm);
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < dataset->rows && status == PILOT_OK; i++) {
        uint32_t code = builder->arm[i];
        if (code >= count)
            status = code_without_label(dataset, "pilot_arm", error);
        else if (index[code] == UINT32_MAX)
            status = pilot_error_set(error, PILOT_E_DATA,
                                     "submission %llu has an arm that the plan lacks",
                                     (unsigned long long)dataset->submission);
        else
            dataset->arm[i] = (uint16_t)index[code];
    }
    free(index);
    return status;
}

/* Codes become ranks of their labels.  Only a category may be missing. */
static bool rank_codes(uint32_t *code, size_t rows, pilot_dictionary_t *labels, bool may_miss)
{
    size_t count = labels->count;
    uint32_t *rank = pilot_dictionary_rank(labels);
    bool good = true;
    for (size_t i = 0; i < rows; i++) {
        if (may_miss && code[i] == PILOT_CATEGORY_MISSING)
            continue;
        if (code[i] >= count) {
            good = false;
            break;
        }
        code[i] = rank[code[i]];
    }
    free(rank);
    return good;
}

/* The submission's codes of arms received become the plan's. */
static pilot_status_t finish_received(pilot_dataset_builder_t *builder, pilot_error_t *error)
{
    const pilot_layout_t *layout = builder->layout;
    pilot_dataset_t *dataset = builder->dataset;
    if (layout->received == PILOT_NO_VARIABLE)
        return PILOT_OK;
    pilot_column_t *column = &dataset->column[layout->received];
    size_t count = column->levels.count;
    column->is_arm = count > 0;
    for (size_t i = 0; i < dataset->rows && column->is_arm; i++) {
        if (!column->present[i])
            continue;
        double code = column->value[i];
        if (!(code >= 0 && code < (double)count))
            return code_without_label(dataset, "pilot_received", error);
        size_t arm = arm_index(layout, column->levels.label[(size_t)code]);
        if (arm == SIZE_MAX)
            return pilot_error_set(error, PILOT_E_DATA,
                                   "submission %llu received an arm that the plan lacks",
                                   (unsigned long long)dataset->submission);
        column->value[i] = (double)arm;
    }
    return PILOT_OK;
}

static pilot_status_t finish_codes(pilot_dataset_builder_t *builder, pilot_error_t *error)
{
    pilot_dataset_t *dataset = builder->dataset;
    if (dataset->block && !rank_codes(dataset->block, dataset->rows, &dataset->block_labels, false))
        return code_without_label(dataset, "pilot_block", error);
    if (dataset->cluster &&
        !rank_codes(dataset->cluster, dataset->rows, &dataset->cluster_labels, false))
        return code_without_label(dataset, "pilot_cluster", error);
    for (size_t i = 0; i < dataset->column_count; i++) {
        pilot_column_t *column = &dataset->column[i];
        if (column->code && !rank_codes(column->code, dataset->rows, &column->levels, true))
            return code_without_label(dataset, builder->layout->variable[i].name, error);
    }
    return PILOT_OK;
}

#define DEFINE_PERMUTE(name, type)                                                                 \
    static void name(type **array, const uint32_t *order, size_t rows)                             \
    {                                                                                              \
        if (!*array)                                                                               \
            return;                                                                                \
        type *sorted = pilot_alloc_raw(rows, sizeof *sorted);                                      \
        for (size_t i = 0; i < rows; i++)                                                          \
            sorted[i] = (*array)[order[i]];                                                        \
        free(*array);                                                                              \
        *array = sorted;                                                                           \
    }
DEFINE_PERMUTE(permute_doubles, double)
DEFINE_PERMUTE(permute_codes, uint32_t)
DEFINE_PERMUTE(permute_arms, uint16_t)
DEFINE_PERMUTE(permute_bytes, uint8_t)

void pilot_dataset_permute(pilot_dataset_t *dataset, const uint32_t *order)
{
    size_t rows = dataset->rows;
    permute_arms(&dataset->arm, order, rows);
    permute_codes(&dataset->block, order, rows);
    permute_codes(&dataset->cluster, order, rows);
    permute_doubles(&dataset->weight, order, rows);
    for (size_t i = 0; i < dataset->column_count; i++) {
        permute_doubles(&dataset->column[i].value, order, rows);
        permute_bytes(&dataset->column[i].present, order, rows);
        permute_codes(&dataset->column[i].code, order, rows);
    }
}

static void sort_rows(pilot_dataset_builder_t *builder)
{
    pilot_dataset_t *dataset = builder->dataset;
    pilot_unit_ids_t units = {builder->units.data, builder->unit_end};
    pilot_ranked_codes_t block = {dataset->block, dataset->block_labels.count};
    pilot_ranked_codes_t cluster = {dataset->cluster, dataset->cluster_labels.count};
    uint32_t *order = pilot_row_order(&units, block, cluster, dataset->rows);
    if (order)
        pilot_dataset_permute(dataset, order);
    free(order);
}

static size_t dictionary_bytes(const pilot_dictionary_t *dictionary)
{
    return dictionary->bytes + dictionary->capacity * sizeof *dictionary->label;
}

/* Presence bytes only where something is missing; then what it all takes. */
static void finish_memory(pilot_dataset_t *dataset)
{
    size_t rows = dataset->rows;
    size_t row_bytes = sizeof *dataset->arm;
    row_bytes += (dataset->block ? 4u : 0) + (dataset->cluster ? 4u : 0);
    row_bytes += dataset->weight ? 8u : 0;
    size_t bytes = sizeof *dataset + dictionary_bytes(&dataset->block_labels) +
                   dictionary_bytes(&dataset->cluster_labels);
    for (size_t i = 0; i < dataset->column_count; i++) {
        pilot_column_t *column = &dataset->column[i];
        if (column->present && !memchr(column->present, 0, rows)) {
            free(column->present);
            column->present = NULL;
        }
        row_bytes += (column->code ? 4u : 8u) + (column->present ? 1u : 0);
        bytes += sizeof *column + dictionary_bytes(&column->levels);
    }
    dataset->bytes = bytes + rows * row_bytes;
}

pilot_status_t pilot_dataset_builder_finish(pilot_dataset_builder_t *builder,
                                            pilot_dataset_t **ret_dataset, pilot_error_t *error)
{
    pilot_dataset_t *dataset = builder->dataset;
    if (dataset->rows != builder->expected)
        return pilot_error_set(error, PILOT_E_DATA, "submission %llu has %zu rows instead of %zu",
                               (unsigned long long)dataset->submission, dataset->rows,
                               builder->expected);
    pilot_status_t status = finish_arms(builder, error);
    if (status == PILOT_OK)
        status = finish_codes(builder, error);
    if (status == PILOT_OK)
        status = finish_received(builder, error);
    if (status != PILOT_OK)
        return status;
    sort_rows(builder);
    if (dataset->block)
        pilot_dictionary_renumber(&dataset->block_labels, dataset->block, dataset->rows);
    if (dataset->cluster)
        pilot_dictionary_renumber(&dataset->cluster_labels, dataset->cluster, dataset->rows);
    finish_memory(dataset);
    *ret_dataset = dataset;
    builder->dataset = NULL;
    return PILOT_OK;
}
