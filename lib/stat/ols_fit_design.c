/* ols_fit_design.c - see ols_fit_design.h. */
#include "ols_fit_design.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compensated.h"

/* Missing in more than this share of the rows: an indicator besides the mean. */
#define INDICATOR_SHARE_INVERSE 10

/* A number's mean over all agencies, as base + shift: differences of bases are small where the
 * values themselves are large. */
static void pool_number(const pilot_moments_t *const *moments, size_t agencies, size_t regressor,
                        pilot_pooled_design_t *design, uint64_t *ret_missing, double *ret_length)
{
    compensated_t sum = {0}, weight = {0}, missing_weight = {0};
    bool found = false;
    double length = 0;
    *ret_missing = 0;
    for (size_t a = 0; a < agencies; a++) {
        const pilot_number_moment_t *number = &moments[a]->number[regressor];
        *ret_missing += number->missing;
        for (size_t arm = 0; arm < moments[a]->arms; arm++)
            compensated_add(&missing_weight, moments[a]->arm_weight[arm]);
        if (moments[a]->rows == number->missing)
            continue;
        if (!found)
            design->base[regressor] = number->base;
        found = true;
        compensated_add(&missing_weight, -number->weight);
        compensated_add(&weight, number->weight);
        compensated_add(&sum, (number->base - design->base[regressor]) * number->weight);
        compensated_add(&sum, number->sum);
        length = hypot(length, number->length);
    }
    if (!found)
        return;
    design->shift[regressor] = compensated_value(&sum) / compensated_value(&weight);
    double imputed = fmax(compensated_value(&missing_weight), 0);
    double mean = design->base[regressor] + design->shift[regressor];
    *ret_length = hypot(length, *ret_missing ? mean * sqrt(imputed) : 0);
}

static void add_column(pilot_pooled_design_t *design, pilot_column_t column, const char *label,
                       double length)
{
    if (design->columns == PILOT_MOST_COLUMNS) {
        design->too_wide = true;
        return;
    }
    design->column[design->columns] = column;
    design->label[design->columns] = label;
    design->length[design->columns++] = length;
}

static void add_number(pilot_pooled_design_t *design, const pilot_moments_t *const *moments,
                       size_t agencies, size_t regressor)
{
    uint64_t missing;
    double length = 0, missing_weight = 0;
    pool_number(moments, agencies, regressor, design, &missing, &length);
    add_column(design,
               (pilot_column_t){.kind = PILOT_COLUMN_NUMBER,
                                .regressor = regressor,
                                .base = design->base[regressor],
                                .shift = design->shift[regressor]},
               NULL, length);
    if (missing * INDICATOR_SHARE_INVERSE <= design->rows)
        return;
    for (size_t a = 0; a < agencies; a++)
        for (size_t arm = 0; arm < moments[a]->arms; arm++)
            missing_weight += moments[a]->arm_weight[arm];
    for (size_t a = 0; a < agencies; a++)
        missing_weight -= moments[a]->number[regressor].weight;
    missing_weight = fmax(missing_weight, 0);
    add_column(design,
               (pilot_column_t){.kind = PILOT_COLUMN_MISSING,
                                .regressor = regressor,
                                .center = missing_weight / design->weight},
               NULL, sqrt(missing_weight));
}

typedef struct level {
    const char *label;
    size_t agency;
    double weight;
} level_t;

static int compare_levels(const void *left, const void *right)
{
    const level_t *a = left, *b = right;
    int order = strcmp(a->label, b->label);
    return order ? order : (a->agency > b->agency) - (a->agency < b->agency);
}

/* All levels that occur in any agency, by label bytes; the first is the reference. */
static void add_category(pilot_pooled_design_t *design, const pilot_moments_t *const *moments,
                         size_t agencies, size_t regressor, pilot_arena_t *arena)
{
    size_t total = 0, levels = 0;
    double missing = 0;
    for (size_t a = 0; a < agencies; a++) {
        total += moments[a]->category[regressor].levels;
        missing += moments[a]->category[regressor].missing_weight;
    }
    level_t *level = PILOT_ARENA_RAW(arena, level_t, total);
    total = 0;
    for (size_t a = 0; a < agencies; a++)
        for (size_t i = 0; i < moments[a]->category[regressor].levels; i++)
            level[total++] = (level_t){moments[a]->category[regressor].label[i], a,
                                       moments[a]->category[regressor].weight[i]};
    qsort(level, total, sizeof *level, compare_levels);
    for (size_t i = 0; i < total; i++) {
        if (levels > 0 && strcmp(level[levels - 1].label, level[i].label) == 0)
            level[levels - 1].weight += level[i].weight;
        else
            level[levels++] = level[i];
    }
    pilot_column_t column = {.kind = PILOT_COLUMN_LEVEL, .regressor = regressor};
    for (size_t i = 1; i < levels; i++) {
        column.center = level[i].weight / design->weight;
        add_column(design, column, level[i].label, sqrt(level[i].weight));
    }
    column.center = missing / design->weight;
    if (missing > 0 && levels > 0)
        add_column(design, column, NULL, sqrt(missing));
}

static void add_arms(pilot_pooled_design_t *design, const pilot_moments_t *const *moments,
                     size_t agencies, size_t arms)
{
    for (size_t arm = 1; arm < arms; arm++) {
        double weight = 0;
        for (size_t a = 0; a < agencies; a++)
            weight += moments[a]->arm_weight[arm];
        if (weight > 0)
            add_column(design, (pilot_column_t){.kind = PILOT_COLUMN_ARM, .code = (uint32_t)arm},
                       NULL, sqrt(weight));
    }
    design->arms = design->columns;
}

/* The first covariate columns, each times every arm.  An interaction's length is its column's share
 * in the arm: of the values themselves, not of their distances from the mean, which are rounding
 * where all values are alike. */
static void add_interactions(pilot_pooled_design_t *design, size_t most)
{
    size_t covariates = design->columns - design->arms;
    design->interacted = covariates < most ? covariates : most;
    for (size_t k = 0; k < design->interacted; k++)
        for (size_t a = 0; a < design->arms; a++) {
            size_t at = design->arms + k;
            pilot_column_t column = design->column[at];
            column.arm = design->column[a].code;
            add_column(design, column, design->label[at],
                       design->length[at] * (design->length[a] / sqrt(design->weight)));
        }
}

void pilot_pooled_design(const pilot_ols_task_t *task, const pilot_regression_choice_t *choice,
                         const pilot_moments_t *const *moments, size_t agencies,
                         pilot_arena_t *arena, pilot_pooled_design_t *ret)
{
    compensated_t weight = {0};
    *ret = (pilot_pooled_design_t){
        .column = PILOT_ARENA_ARRAY(arena, pilot_column_t, PILOT_MOST_COLUMNS),
        .label = PILOT_ARENA_ARRAY(arena, const char *, PILOT_MOST_COLUMNS),
        .length = PILOT_ARENA_ARRAY(arena, double, PILOT_MOST_COLUMNS),
        .base = PILOT_ARENA_ARRAY(arena, double, task->regressors),
        .shift = PILOT_ARENA_ARRAY(arena, double, task->regressors),
        .regressors = choice->regressors,
    };
    for (size_t a = 0; a < agencies; a++) {
        const pilot_moments_t *m = moments[a];
        ret->rows += m->rows;
        ret->too_wide = ret->too_wide || m->too_wide ||
                        (choice->interacted > 0 && m->rows > 0 && !m->interacted);
        for (size_t arm = 0; arm < m->arms; arm++)
            compensated_add(&weight, m->arm_weight[arm]);
    }
    ret->weight = compensated_value(&weight);
    if (ret->too_wide)
        return;
    add_arms(ret, moments, agencies, task->frame->arms);
    for (size_t k = 0; k < ret->regressors; k++) {
        if (task->regressor[k].number)
            add_number(ret, moments, agencies, k);
        else
            add_category(ret, moments, agencies, k, arena);
    }
    ret->narrow = ret->columns;
    if (choice->interacted > 0 && !ret->too_wide)
        add_interactions(ret, choice->interacted);
}

static void add_entry(pilot_map_t *map, size_t raw, size_t column, double factor)
{
    map->entry[map->entries++] = (pilot_map_entry_t){raw, column, factor};
}

/* The design's column of this level, or SIZE_MAX: the reference has none. */
static size_t find_level(const pilot_pooled_design_t *design, size_t regressor, const char *label)
{
    for (size_t j = 0; j < design->narrow; j++) {
        const pilot_column_t *column = &design->column[j];
        if (column->kind != PILOT_COLUMN_LEVEL || column->regressor != regressor)
            continue;
        if (label ? design->label[j] && strcmp(design->label[j], label) == 0 : !design->label[j])
            return j;
    }
    return SIZE_MAX;
}

static size_t find_column(const pilot_pooled_design_t *design, pilot_column_kind_t kind,
                          size_t regressor, uint32_t arm)
{
    for (size_t j = 0; j < design->narrow; j++) {
        const pilot_column_t *column = &design->column[j];
        if (column->kind == kind &&
            (kind == PILOT_COLUMN_ARM ? column->code == arm : column->regressor == regressor))
            return j;
    }
    return SIZE_MAX;
}

static size_t map_category(const pilot_pooled_design_t *design, const pilot_moments_t *moments,
                           size_t regressor, size_t raw, pilot_map_t *map)
{
    const pilot_category_moment_t *category = &moments->category[regressor];
    for (size_t i = 0; i <= category->levels; i++) {
        bool missing = i == category->levels;
        if (missing && !(category->missing_weight > 0))
            continue;
        size_t column = find_level(design, regressor, missing ? NULL : category->label[i]);
        if (column != SIZE_MAX)
            add_entry(map, raw, column, 1);
        raw++;
    }
    return raw;
}

/* A number's pooled mean less the agency's base. */
static double mean_beyond_base(const pilot_pooled_design_t *design, const pilot_moments_t *moments,
                               size_t regressor)
{
    return (design->base[regressor] - moments->number[regressor].base) + design->shift[regressor];
}

/* An interaction goes where its covariate goes; what the center (or the pooled mean) takes away is
 * a multiple of the arm's own column. */
static void map_interactions(const pilot_pooled_design_t *design, const pilot_moments_t *moments,
                             pilot_map_t *map)
{
    size_t plain = map->entries, arms = 0;
    for (size_t arm = 1; arm < moments->arms; arm++)
        arms += moments->arm_rows[arm] > 0;
    for (size_t a = 0; a < arms; a++) {
        size_t place = map->entry[a].column; /* the arm's, among the design's arms */
        for (size_t e = arms; e < plain; e++) {
            pilot_map_entry_t entry = map->entry[e];
            size_t covariate = entry.column - design->arms;
            if (covariate < design->interacted)
                add_entry(map, moments->narrow + (entry.raw - arms) * arms + a,
                          design->narrow + covariate * design->arms + place, entry.factor);
        }
        for (size_t k = 0; k < design->interacted; k++) {
            const pilot_column_t *column = &design->column[design->arms + k];
            double center = column->kind == PILOT_COLUMN_NUMBER
                                ? mean_beyond_base(design, moments, column->regressor)
                                : column->center;
            add_entry(map, a, design->narrow + k * design->arms + place, -center);
        }
    }
}

void pilot_map_columns(const pilot_pooled_design_t *design, const pilot_ols_task_t *task,
                       const pilot_moments_t *moments, pilot_arena_t *arena, pilot_map_t *ret)
{
    size_t raw = 0;
    *ret = (pilot_map_t){
        .entry = PILOT_ARENA_RAW(arena, pilot_map_entry_t, 2 * moments->raw + design->columns)};
    for (size_t arm = 1; arm < moments->arms; arm++)
        if (moments->arm_rows[arm] > 0)
            add_entry(ret, raw++, find_column(design, PILOT_COLUMN_ARM, 0, (uint32_t)arm), 1);
    for (size_t k = 0; k < design->regressors; k++) {
        if (task->regressor[k].category) {
            raw = map_category(design, moments, k, raw, ret);
            continue;
        }
        const pilot_number_moment_t *number = &moments->number[k];
        size_t column = find_column(design, PILOT_COLUMN_NUMBER, k, 0);
        add_entry(ret, raw++, column, 1);
        if (number->missing == 0)
            continue;
        /* Imputed, and demeaned by block: (x - mean) present = x0 + (mean - base) missing + c. */
        add_entry(ret, raw, column, mean_beyond_base(design, moments, k));
        column = find_column(design, PILOT_COLUMN_MISSING, k, 0);
        if (column != SIZE_MAX)
            add_entry(ret, raw, column, 1);
        raw++;
    }
    if (design->interacted > 0)
        map_interactions(design, moments, ret);
}
