/* ols_scores.c - the contrasts of a fit, and room for their scores.  See pilot/ols_scores.h. */
#include "ols_scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compensated.h"
#include "pilot/memory.h"

void pilot_ols_scores_clear(pilot_ols_scores_t *scores)
{
    free(scores->contrast);
    free(scores->value);
    *scores = (pilot_ols_scores_t){0};
}

static size_t count_contrasts(const pilot_fit_t *fit, bool interactions)
{
    size_t count = fit->arms - 1;
    for (size_t j = 0; interactions && j < fit->rank; j++)
        count += fit->column[j].arm != 0;
    return count;
}

static void describe(const pilot_fit_t *fit, const pilot_ols_task_t *task, size_t column,
                     pilot_ols_contrast_t *ret)
{
    ret->given = isfinite(fit->beta[column]);
    ret->estimate = ret->given ? fit->beta[column] : 0;
    pilot_fit_name_column(task, &fit->column[column], fit->label[column], ret->name,
                          sizeof ret->name);
}

static bool is_classical(const pilot_fit_t *fit, const pilot_ols_task_t *task)
{
    return task->classical_scores && fit->std_error == PILOT_SE_CLASSICAL &&
           fit->rows > fit->rank + fit->blocks;
}

void pilot_scores_describe(const pilot_fit_t *fit, const pilot_ols_task_t *task, bool interactions,
                           pilot_ols_scores_t *scores)
{
    size_t contrasts = count_contrasts(fit, interactions), next = fit->arms - 1;
    scores->contrast = pilot_grow(scores->contrast, &scores->contrast_capacity, contrasts,
                                  sizeof *scores->contrast);
    scores->contrasts = contrasts;
    scores->units = 0;
    scores->available = false;
    scores->factor = pilot_fit_factor(fit, fit->std_error);
    if (is_classical(fit, task))
        scores->factor = 1 / (double)(fit->rows - fit->rank - fit->blocks);
    for (size_t arm = 1; arm < fit->arms; arm++) {
        pilot_ols_contrast_t *contrast = &scores->contrast[arm - 1];
        pilot_column_t column = {.kind = PILOT_COLUMN_ARM, .code = (uint32_t)arm};
        *contrast = (pilot_ols_contrast_t){.arm = (uint32_t)arm};
        pilot_fit_name_column(task, &column, NULL, contrast->name, sizeof contrast->name);
        if (fit->arm_column[arm] != SIZE_MAX)
            describe(fit, task, fit->arm_column[arm], contrast);
    }
    for (size_t j = 0; next < contrasts; j++) {
        if (!fit->column[j].arm)
            continue;
        scores->contrast[next] =
            (pilot_ols_contrast_t){.arm = fit->column[j].arm, .interaction = true};
        describe(fit, task, j, &scores->contrast[next++]);
    }
}

static size_t count_units(const pilot_ols_task_t *task)
{
    if (task->frame->cluster)
        return task->frame->clusters;
    return task->across ? 1 : task->frame->rows;
}

pilot_score_sink_t *pilot_scores_begin(pilot_ols_scores_t *const *scores,
                                       const pilot_fit_t *const *fit, size_t outcomes,
                                       const pilot_ols_task_t *task, bool interactions,
                                       pilot_arena_t *arena)
{
    pilot_score_sink_t *sink = PILOT_ARENA_RAW(arena, pilot_score_sink_t, 1);
    size_t contrasts = count_contrasts(fit[0], interactions), next = fit[0]->arms - 1;
    size_t *column = PILOT_ARENA_RAW(arena, size_t, contrasts);
    *sink = (pilot_score_sink_t){.units = count_units(task),
                                 .contrasts = contrasts,
                                 .classical = is_classical(fit[0], task),
                                 .column = column,
                                 .value = PILOT_ARENA_RAW(arena, double *, outcomes)};
    for (size_t arm = 1; arm < fit[0]->arms; arm++)
        column[arm - 1] = fit[0]->arm_column[arm];
    for (size_t j = 0; next < contrasts; j++)
        if (fit[0]->column[j].arm)
            column[next++] = j;
    for (size_t o = 0; o < outcomes; o++) {
        size_t entries;
        if (__builtin_mul_overflow(contrasts, sink->units, &entries))
            pilot_out_of_memory();
        pilot_scores_describe(fit[o], task, interactions, scores[o]);
        scores[o]->units = sink->units;
        scores[o]->value = pilot_grow(scores[o]->value, &scores[o]->value_capacity, entries,
                                      sizeof *scores[o]->value);
        if (entries > 0)
            memset(scores[o]->value, 0, entries * sizeof *scores[o]->value);
        sink->value[o] = scores[o]->value;
    }
    return sink;
}

void pilot_scores_end(pilot_ols_scores_t *scores, const pilot_fit_t *fit,
                      const pilot_residuals_t *residuals)
{
    size_t entries = scores->contrasts * scores->units, next = fit->arms - 1;
    scores->available = fit->rank > 0 && fit->spanning == 0 && !residuals->too_tied;
    if (!scores->available && entries > 0)
        memset(scores->value, 0, entries * sizeof *scores->value);
    for (size_t arm = 1; arm < fit->arms; arm++)
        if (scores->contrast[arm - 1].given)
            scores->contrast[arm - 1].estimate = fit->beta[fit->arm_column[arm]];
    for (size_t j = 0; next < scores->contrasts; j++)
        if (fit->column[j].arm)
            scores->contrast[next++].estimate = fit->beta[j];
}

double pilot_ols_scores_covariance(const pilot_ols_scores_t *one, size_t i,
                                   const pilot_ols_scores_t *other, size_t j)
{
    const double *a = one->value + i * one->units, *b = other->value + j * other->units;
    compensated_t sum = {0};
    for (size_t unit = 0; unit < one->units; unit++)
        compensated_add(&sum, a[unit] * b[unit]);
    return compensated_value(&sum) * sqrt(one->factor * other->factor);
}

bool pilot_ols_scores_unknown(const pilot_ols_scores_t *scores, size_t i)
{
    return !scores->available && i < scores->contrasts && scores->contrast[i].given;
}
