/* ols_fit.c - see ols_fit.h. */
#include "ols_fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compensated.h"
#include "least_squares_kernel.h"
#include "ols_fit_across.h"
#include "ols_fit_design.h"
#include "qr_stack.h"
#include "std_dev.h"

/* Counts and ranges of all agencies; the control mean; bases. */
static void pool_counts(const pilot_moments_t *const *moments, size_t agencies,
                        pilot_arena_t *arena, pilot_fit_t *fit)
{
    compensated_t weight = {0}, control = {0}, sum = {0};
    double low = 0, high = 0;
    uint64_t used = 0;
    std_dev_parts_t spread = {0};
    fit->arm_rows = PILOT_ARENA_ARRAY(arena, uint64_t, fit->arms);
    fit->arm_clusters = PILOT_ARENA_ARRAY(arena, uint64_t, fit->arms);
    for (size_t a = 0; a < agencies; a++) {
        const pilot_moments_t *m = moments[a];
        fit->candidates += m->candidates;
        if (m->rows == 0)
            continue;
        bool first = used++ == 0;
        if (first)
            fit->outcome_base = m->outcome_base;
        low = first || m->weight_low < low ? m->weight_low : low;
        high = first || m->weight_high > high ? m->weight_high : high;
        if (first || m->outcome_low < fit->outcome_low)
            fit->outcome_low = m->outcome_low;
        if (first || m->outcome_high > fit->outcome_high)
            fit->outcome_high = m->outcome_high;
        fit->rows += m->rows;
        fit->clusters += m->clusters;
        fit->nested = (first || fit->nested) && m->nested;
        fit->blocks += m->blocks;
        for (size_t arm = 0; arm < fit->arms; arm++) {
            fit->arm_rows[arm] += m->arm_rows[arm];
            fit->arm_clusters[arm] += m->arm_clusters[arm];
            compensated_add(&weight, m->arm_weight[arm]);
        }
        compensated_add(&control, m->arm_weight[0]);
        compensated_add(&sum, (m->outcome_base - fit->outcome_base) * m->arm_weight[0]);
        compensated_add(&sum, m->control_sum);
        if (m->arm_rows[0] > 0)
            std_dev_add(&spread, m->arm_rows[0], m->arm_weight[0],
                        m->control_sum / m->arm_weight[0] + (m->outcome_base - fit->outcome_base),
                        m->control_squares);
    }
    fit->control_std_dev = std_dev_of(&spread);
    fit->weight = compensated_value(&weight);
    fit->equal_weights = low == high;
    if (fit->arm_rows[0] > 0)
        fit->control_mean =
            fit->outcome_base + compensated_value(&sum) / compensated_value(&control);
    /* Agencies are blocks: with several of them there is something to tell. */
    fit->blocked = agencies > 0 && (moments[0]->blocked || (used > 1 && !fit->across));
}

/* Rows of a factor times scale, mapped to the pooled design, stacked onto qr; with y behind it if
 * qr has a column for it.  raw: columns of the factor that the design uses, all or the narrow ones.
 * panel: room for the largest agency's. */
static void stack_factor(const pilot_map_t *map, const double *r, size_t raw, double scale,
                         const pilot_moments_t *m, bool with_outcome, pilot_qr_t *qr, double *panel)
{
    size_t rows = raw + (with_outcome ? 1 : 0), stride = PILOT_PAD(rows);
    memset(panel, 0, stride * qr->columns * sizeof *panel);
    for (size_t e = 0; e < map->entries; e++) {
        const pilot_map_entry_t *entry = &map->entry[e];
        for (size_t i = 0; i <= entry->raw; i++)
            panel[entry->column * stride + i] +=
                entry->factor * (scale * r[i * m->raw + entry->raw]);
    }
    if (with_outcome) {
        double *y = panel + (qr->columns - 1) * stride;
        memcpy(y, m->effect, raw * sizeof *y);
        y[raw] = m->rest;
        for (size_t i = raw; i < m->raw; i++)
            y[raw] = hypot(y[raw], m->effect[i]);
    }
    pilot_qr_add(qr, panel, stride, rows);
}

void pilot_fit_name_column(const pilot_ols_task_t *task, const pilot_column_t *column,
                           const char *label, char *ret, size_t size)
{
    bool is_arm = column->kind == PILOT_COLUMN_ARM;
    uint32_t arm = is_arm ? column->code : column->arm;
    *ret = '\0';
    if (arm && task->arm_name)
        snprintf(ret, size, "%s%s", task->arm_name[arm], is_arm ? "" : ":");
    else if (arm)
        snprintf(ret, size, "arm %u%s", (unsigned)arm, is_arm ? "" : ":");
    if (is_arm)
        return;
    const char *name = task->regressor[column->regressor].name;
    size_t length = strlen(ret);
    ret += length;
    size -= length;
    if (column->kind == PILOT_COLUMN_NUMBER)
        snprintf(ret, size, "%s", name);
    else if (column->kind == PILOT_COLUMN_LEVEL && label)
        snprintf(ret, size, "%s=%s", name, label);
    else
        snprintf(ret, size, "%s (missing)", name);
}

static void note_dropped(const pilot_ols_task_t *task, const pilot_pooled_design_t *design,
                         const pilot_solution_t *solution, pilot_fit_t *fit)
{
    size_t length = 0;
    for (size_t j = 0; j < design->columns; j++) {
        char name[PILOT_DETAIL_SIZE];
        if (!solution->dropped[j] || design->column[j].kind == PILOT_COLUMN_ARM)
            continue;
        pilot_fit_name_column(task, &design->column[j], design->label[j], name, sizeof name);
        snprintf(fit->dropped + length, sizeof fit->dropped - length, "%s%s", length ? ", " : "",
                 name);
        length = strlen(fit->dropped);
    }
}

static void keep_columns(const pilot_pooled_design_t *design, const pilot_solution_t *solution,
                         pilot_arena_t *arena, pilot_fit_t *fit)
{
    fit->rank = solution->rank;
    fit->column = PILOT_ARENA_RAW(arena, pilot_column_t, fit->rank);
    fit->label = PILOT_ARENA_RAW(arena, const char *, fit->rank);
    for (size_t j = 0; j < fit->rank; j++) {
        fit->column[j] = design->column[solution->kept[j]];
        fit->label[j] = design->label[solution->kept[j]];
        if (fit->column[j].kind == PILOT_COLUMN_ARM)
            fit->arm_column[fit->column[j].code] = j;
    }
    fit->r = solution->r;
    fit->r_inverse = solution->r_inverse;
    fit->beta = solution->beta;
}

/* CR2 with unequal weights: Omega = U'W^2 U = (S R^-1)'(S R^-1), S the factor of the kept columns
 * times their weight. */
static void find_omega(const pilot_solution_t *solution, const pilot_qr_t *square,
                       pilot_arena_t *arena, pilot_fit_t *fit)
{
    size_t rank = fit->rank, n = square->columns;
    double *s = PILOT_ARENA_ARRAY(arena, double, n *rank);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < rank; j++)
            for (size_t m = 0; m <= j; m++)
                s[i * rank + j] +=
                    square->r[i * n + solution->kept[m]] * solution->r_inverse[m * rank + j];
    fit->omega = PILOT_ARENA_ARRAY(arena, double, rank *rank);
    for (size_t i = 0; i < rank; i++)
        for (size_t j = i; j < rank; j++)
            for (size_t m = 0; m < n; m++)
                fit->omega[i * rank + j] += s[m * rank + i] * s[m * rank + j];
}

/* Stack all agencies' factors.  Where an agency's weights are all alike, its factor of columns
 * times weight is root weight times the other one. */
static void merge_factors(const pilot_pooled_design_t *design, const pilot_ols_task_t *task,
                          const pilot_moments_t *const *moments, size_t agencies, pilot_qr_t *qr,
                          pilot_qr_t *square, pilot_arena_t *arena)
{
    size_t most = 0;
    for (size_t a = 0; a < agencies; a++)
        most = moments[a]->raw > most ? moments[a]->raw : most;
    double *panel = PILOT_ARENA_RAW(arena, double, PILOT_PAD(most + 1) * qr->columns);
    for (size_t a = 0; a < agencies; a++) {
        const pilot_moments_t *m = moments[a];
        pilot_map_t map;
        if (m->rows == 0)
            continue;
        size_t raw = design->interacted > 0 ? m->raw : m->narrow;
        pilot_map_columns(design, task, m, arena, &map);
        stack_factor(&map, m->r, raw, 1, m, true, qr, panel);
        if (square && m->square_r)
            stack_factor(&map, m->square_r, raw, 1, m, false, square, panel);
        else if (square)
            stack_factor(&map, m->r, raw, sqrt(m->weight_low), m, false, square, panel);
    }
}

/* What the model comes to; `auto` takes ols where the interactions are too many columns. */
static pilot_regression_choice_t choose(const pilot_ols_task_t *task,
                                        pilot_regression_model_t model,
                                        const pilot_moments_t *const *moments, size_t agencies,
                                        const pilot_fit_t *fit)
{
    pilot_regression_choice_t choice = {.model = model, .regressors = task->regressors};
    if (model == PILOT_MODEL_LIN && task->regressors > 0)
        choice.interacted = SIZE_MAX;
    if (model != PILOT_MODEL_AUTO)
        return choice;
    choice = pilot_regression_choose(fit->arm_rows, fit->clustered ? fit->arm_clusters : NULL,
                                     fit->arms, task->regressors);
    for (size_t a = 0; a < agencies; a++)
        if (choice.interacted > 0 && moments[a]->interactions_too_wide) {
            choice.model = PILOT_MODEL_OLS;
            choice.interacted = 0;
        }
    return choice;
}

void pilot_fit_compute(const pilot_ols_task_t *task, pilot_regression_model_t model,
                       const pilot_moments_t *const *moments, size_t agencies, pilot_arena_t *arena,
                       pilot_fit_t *ret)
{
    *ret = (pilot_fit_t){
        .arms = task->frame->arms,
        .regressors = task->regressors,
        .automatic = model == PILOT_MODEL_AUTO,
        .across = task->across,
        .std_error = agencies ? moments[0]->std_error : pilot_task_std_error(task),
        .clustered = agencies ? moments[0]->clustered : false,
        .arm_column = PILOT_ARENA_RAW(arena, size_t, task->frame->arms),
    };
    for (size_t arm = 0; arm < ret->arms; arm++)
        ret->arm_column[arm] = SIZE_MAX;
    pool_counts(moments, agencies, arena, ret);
    if (ret->across)
        pilot_fit_across_count(moments, agencies, arena, ret);
    ret->choice = choose(task, model, moments, agencies, ret);
    pilot_pooled_design_t design;
    pilot_pooled_design(task, &ret->choice, moments, agencies, arena, &design);
    ret->covariates = design.narrow - design.arms;
    ret->interacted = design.interacted;
    ret->too_wide = design.too_wide;
    if (design.too_wide || ret->rows == 0)
        return;
    pilot_qr_t qr, square;
    pilot_solution_t solution;
    bool squares = ret->std_error == PILOT_SE_CR2 && !ret->equal_weights;
    pilot_qr_init(&qr, design.columns + 1, arena);
    pilot_qr_init(&square, design.columns, arena);
    merge_factors(&design, task, moments, agencies, &qr, squares ? &square : NULL, arena);
    pilot_fit_across_t across;
    if (ret->across)
        pilot_fit_across_begin(&design, task, moments, agencies, ret, squares, &qr, &square, arena,
                               &across);
    pilot_qr_solve(&qr, design.length, arena, &solution);
    keep_columns(&design, &solution, arena, ret);
    if (squares)
        find_omega(&solution, &square, arena, ret);
    if (ret->across)
        pilot_fit_across_end(&across, &solution, arena, ret);
    note_dropped(task, &design, &solution, ret);
}

void pilot_fit_columns(const pilot_fit_t *fit, const pilot_ols_task_t *task, pilot_column_t *ret)
{
    for (size_t j = 0; j < fit->rank; j++) {
        ret[j] = fit->column[j];
        if (ret[j].kind == PILOT_COLUMN_ARM)
            continue;
        const pilot_regressor_t *regressor = &task->regressor[ret[j].regressor];
        ret[j].number = regressor->number;
        ret[j].category = regressor->category;
        if (ret[j].kind != PILOT_COLUMN_LEVEL)
            continue;
        ret[j].code = PILOT_CATEGORY_MISSING;
        if (!fit->label[j])
            continue;
        /* A level that this agency lacks is a column of zeros. */
        ret[j].kind = PILOT_COLUMN_ZERO;
        for (size_t code = 0; code < regressor->category->levels; code++)
            if (strcmp(regressor->category->label[code], fit->label[j]) == 0) {
                ret[j].kind = PILOT_COLUMN_LEVEL;
                ret[j].code = (uint32_t)code;
            }
    }
}
