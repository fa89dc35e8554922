/* ols_data.h - a table as agencies' frames, outcomes and regressors.  For tests of least squares.
 */
#ifndef PILOT_TEST_OLS_DATA_H
#define PILOT_TEST_OLS_DATA_H

#include <stdbool.h>

#include "pilot/ols.h"
#include "table.h"

#define MOST_VARIABLES 8

/* Columns of the table; NULL: none.  Lists end with NULL. */
typedef struct ols_columns {
    const char *agency, *unit, *block, *cluster, *weight, *arm;
    const char *const *arms;
    const char *outcome[MOST_VARIABLES];
    const char *number[MOST_VARIABLES]; /* regressors: numbers first, then categories */
    const char *category[MOST_VARIABLES];
} ols_columns_t;

/* One agency's rows; owns everything but labels. */
typedef struct ols_agency {
    const char *name;
    pilot_frame_t frame;
    size_t outcomes, regressors;
    pilot_variable_t outcome[MOST_VARIABLES], number[MOST_VARIABLES];
    pilot_category_t category[MOST_VARIABLES];
    pilot_regressor_t regressor[2 * MOST_VARIABLES];
    void *owned[64];
    size_t owns;
} ols_agency_t;

typedef struct ols_row {
    const char *agency, *block, *cluster, *unit;
    size_t row;
} ols_row_t;

static inline int ols_compare(const void *left, const void *right)
{
    const ols_row_t *a = left, *b = right;
    int order = strcmp(a->agency, b->agency);
    order = order ? order : strcmp(a->block, b->block);
    order = order ? order : strcmp(a->cluster, b->cluster);
    order = order ? order : strcmp(a->unit, b->unit);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static inline int ols_compare_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static inline void *ols_own(ols_agency_t *agency, size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    agency->owned[agency->owns++] = memory;
    return memory;
}

static inline const char *ols_cell(const table_t *table, size_t row, const char *column)
{
    return column ? table_get(table, row, column) : "";
}

/* Codes by label bytes; empty cells are missing where `missing` says so. */
static inline uint32_t *ols_codes(ols_agency_t *agency, const table_t *table, const ols_row_t *row,
                                  size_t rows, const char *column, bool missing,
                                  const char *const **ret_label, size_t *ret_levels)
{
    uint32_t *code = ols_own(agency, rows, sizeof *code);
    const char **label = ols_own(agency, rows, sizeof *label);
    size_t levels = 0, kept = 0, at = table_column(table, column);
    for (size_t i = 0; i < rows; i++)
        if (!missing || *table_at(table, row[i].row, at))
            label[levels++] = table_at(table, row[i].row, at);
    qsort(label, levels, sizeof *label, ols_compare_text);
    for (size_t i = 0; i < levels; i++)
        if (i == 0 || strcmp(label[i], label[kept - 1]) != 0)
            label[kept++] = label[i];
    for (size_t i = 0; i < rows; i++) {
        const char *text = table_at(table, row[i].row, at);
        const char **found = bsearch(&text, label, kept, sizeof *label, ols_compare_text);
        code[i] = found && !(missing && !*text) ? (uint32_t)(found - label) : UINT32_MAX;
    }
    *ret_label = label;
    *ret_levels = kept;
    return code;
}

static inline pilot_variable_t ols_variable(ols_agency_t *agency, const table_t *table,
                                            const ols_row_t *row, size_t rows, const char *column)
{
    double *value = ols_own(agency, rows, sizeof *value);
    uint8_t *present = ols_own(agency, rows, sizeof *present);
    size_t at = table_column(table, column);
    bool all = true;
    for (size_t i = 0; i < rows; i++) {
        const char *text = table_at(table, row[i].row, at);
        present[i] = *text != '\0';
        all = all && present[i];
        value[i] = *text ? strtod(text, NULL) : 0;
    }
    return (pilot_variable_t){value, all ? NULL : present};
}

static inline void ols_fill_frame(ols_agency_t *agency, const table_t *table,
                                  const ols_columns_t *columns, const ols_row_t *row, size_t rows)
{
    pilot_frame_t *frame = &agency->frame;
    uint16_t *arm = ols_own(agency, rows, sizeof *arm);
    frame->rows = rows;
    while (columns->arms[frame->arms])
        frame->arms++;
    for (size_t i = 0; i < rows; i++)
        arm[i] = table_arm_code(columns->arms, ols_cell(table, row[i].row, columns->arm));
    frame->arm = arm;
    if (columns->block)
        frame->block = ols_codes(agency, table, row, rows, columns->block, false,
                                 &frame->block_label, &frame->blocks);
    if (columns->cluster)
        frame->cluster = ols_codes(agency, table, row, rows, columns->cluster, false,
                                   &frame->cluster_label, &frame->clusters);
    if (columns->weight)
        frame->weight = ols_variable(agency, table, row, rows, columns->weight).value;
}

static inline void ols_fill(ols_agency_t *agency, const table_t *table,
                            const ols_columns_t *columns, const ols_row_t *row, size_t rows)
{
    *agency = (ols_agency_t){.name = row->agency};
    ols_fill_frame(agency, table, columns, row, rows);
    for (; columns->outcome[agency->outcomes]; agency->outcomes++)
        agency->outcome[agency->outcomes] =
            ols_variable(agency, table, row, rows, columns->outcome[agency->outcomes]);
    for (size_t k = 0; columns->number[k]; k++) {
        agency->number[k] = ols_variable(agency, table, row, rows, columns->number[k]);
        agency->regressor[agency->regressors++] =
            (pilot_regressor_t){.name = columns->number[k], .number = &agency->number[k]};
    }
    for (size_t k = 0; columns->category[k]; k++) {
        pilot_category_t *category = &agency->category[k];
        category->code = ols_codes(agency, table, row, rows, columns->category[k], true,
                                   &category->label, &category->levels);
        agency->regressor[agency->regressors++] =
            (pilot_regressor_t){.name = columns->category[k], .category = category};
    }
}

/* All agencies in byte order; caller frees each with ols_agency_free, and the array. */
static inline ols_agency_t *ols_agencies(const table_t *table, const ols_columns_t *columns,
                                         size_t *ret_count)
{
    ols_row_t *row = calloc(table->rows, sizeof *row);
    ols_agency_t *agency = calloc(table->rows, sizeof *agency);
    size_t count = 0;
    for (size_t i = 0; i < table->rows; i++)
        row[i] = (ols_row_t){.agency = ols_cell(table, i, columns->agency),
                             .block = ols_cell(table, i, columns->block),
                             .cluster = ols_cell(table, i, columns->cluster),
                             .unit = ols_cell(table, i, columns->unit),
                             .row = i};
    qsort(row, table->rows, sizeof *row, ols_compare);
    for (size_t i = 0, next; i < table->rows; i = next) {
        for (next = i + 1; next < table->rows && !strcmp(row[i].agency, row[next].agency);)
            next++;
        ols_fill(&agency[count++], table, columns, row + i, next - i);
    }
    free(row);
    *ret_count = count;
    return agency;
}

static inline void ols_agencies_free(ols_agency_t *agency, size_t count)
{
    for (size_t a = 0; a < count; a++)
        for (size_t i = 0; i < agency[a].owns; i++)
            free(agency[a].owned[i]);
    free(agency);
}

static inline pilot_ols_task_t ols_task(const ols_agency_t *agency)
{
    return (pilot_ols_task_t){.frame = &agency->frame,
                              .regressor = agency->regressor,
                              .regressors = agency->regressors,
                              .impute = true,
                              .confidence = 0.95};
}

/* One model's estimates, [outcome][treatment arm]. */
static inline void ols_estimate_model(pilot_ols_t *ols, const pilot_ols_task_t *task,
                                      pilot_regression_model_t model,
                                      const pilot_variable_t *outcome, size_t outcomes,
                                      pilot_estimate_t *ret)
{
    pilot_ols_task_t own = *task;
    own.interact = own.interact || model != PILOT_MODEL_OLS;
    pilot_ols_estimate(ols, &own, &model, 1, outcome, outcomes,
                       &(pilot_ols_output_t){.estimate = ret});
}

static inline void ols_estimate(pilot_ols_t *ols, const pilot_ols_task_t *task,
                                const pilot_variable_t *outcome, size_t outcomes,
                                pilot_estimate_t *ret)
{
    ols_estimate_model(ols, task, PILOT_MODEL_OLS, outcome, outcomes, ret);
}

#endif
