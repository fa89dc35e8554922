/* ols.c - one agency's estimates: the two rounds of pilot/pooled_ols.h, in one place and without
 * packing.  See pilot/ols.h. */
#include "pilot/ols.h"

#include <stdlib.h>
#include <string.h>

#include "ols_refine.h"
#include "ols_scores.h"
#include "ols_workspace.h"
#include "pilot/memory.h"

pilot_ols_t *pilot_ols_new(void)
{
    pilot_ols_t *ols = PILOT_NEW(pilot_ols_t);
    ols->arena = pilot_arena_new();
    return ols;
}

void pilot_ols_free(pilot_ols_t *ols)
{
    if (!ols)
        return;
    pilot_arena_free(ols->arena);
    free(ols);
}

size_t pilot_ols_group(const pilot_rows_t *rows, const pilot_variable_t *outcome, size_t outcomes,
                       size_t first, bool *done, size_t *ret_member)
{
    size_t members = 0;
    for (size_t o = first; o < outcomes && members < PILOT_GROUP_OUTCOMES; o++) {
        if (done[o] || (o != first && !pilot_rows_fit(rows, &outcome[o])))
            continue;
        done[o] = true;
        ret_member[members++] = o;
    }
    return members;
}

/* Outcomes with the same rows. */
typedef struct group {
    const pilot_rows_t *rows;
    const pilot_variable_t *y[PILOT_GROUP_OUTCOMES];
    size_t member[PILOT_GROUP_OUTCOMES]; /* their numbers among all */
    size_t members, outcomes;
    pilot_moments_t moments[PILOT_GROUP_OUTCOMES];
} group_t;

static void estimate_model(const group_t *group, pilot_regression_model_t model, size_t number,
                           pilot_arena_t *arena, const pilot_ols_output_t *ret)
{
    const pilot_ols_task_t *task = group->rows->task;
    const pilot_fit_t *fits[PILOT_GROUP_OUTCOMES] = {NULL};
    pilot_residuals_t residuals[PILOT_GROUP_OUTCOMES];
    pilot_fit_t *fit = PILOT_ARENA_RAW(arena, pilot_fit_t, group->members);
    for (size_t i = 0; i < group->members; i++) {
        const pilot_moments_t *one = &group->moments[i];
        pilot_fit_compute(task, model, &one, 1, arena, &fit[i]);
        fits[i] = &fit[i];
    }
    pilot_ols_scores_t *scores[PILOT_GROUP_OUTCOMES] = {NULL};
    const pilot_score_sink_t *sink = NULL;
    for (size_t i = 0; ret->scores && i < group->members; i++)
        scores[i] = &ret->scores[number * group->outcomes + group->member[i]];
    if (ret->scores)
        sink = pilot_scores_begin(scores, fits, group->members, task, ret->interactions, arena);
    (void)pilot_residuals_compute(group->rows, group->y, fits, group->members, sink, arena,
                                  residuals);
    for (size_t i = 0; i < group->members; i++) {
        const pilot_residuals_t *one = &residuals[i];
        if (pilot_fit_needs_step(&fit[i]))
            fit[i].beta = pilot_fit_step(&fit[i], &one, 1, arena);
        if (ret->scores)
            pilot_scores_end(scores[i], &fit[i], one);
        size_t cell = number * group->outcomes + group->member[i];
        size_t first = cell * (task->frame->arms - 1);
        pilot_residuals_finish(&fit[i], &one, 1, task->confidence, arena, ret->estimate + first,
                               ret->convention ? ret->convention + first * PILOT_CONVENTIONS
                                               : NULL);
        if (ret->choice)
            ret->choice[cell] = fit[i].choice;
    }
}

void pilot_ols_estimate(pilot_ols_t *ols, const pilot_ols_task_t *task,
                        const pilot_regression_model_t *model, size_t models,
                        const pilot_variable_t *outcome, size_t outcomes,
                        const pilot_ols_output_t *ret)
{
    bool *done = PILOT_NEW_ARRAY(bool, outcomes);
    pilot_piece_t *part = ret->moments ? PILOT_NEW_ARRAY(pilot_piece_t, outcomes) : NULL;
    for (size_t first = 0; first < outcomes; first++) {
        pilot_rows_t rows;
        if (done[first])
            continue;
        pilot_arena_reset(ols->arena);
        pilot_rows_select(task, &outcome[first], ols->arena, &rows);
        group_t *group = PILOT_ARENA_RAW(ols->arena, group_t, 1);
        *group = (group_t){.rows = &rows, .outcomes = outcomes};
        group->members = pilot_ols_group(&rows, outcome, outcomes, first, done, group->member);
        for (size_t i = 0; i < group->members; i++)
            group->y[i] = &outcome[group->member[i]];
        pilot_moments_compute(&rows, group->y, group->members, ols->arena, group->moments);
        for (size_t m = 0; m < models; m++)
            estimate_model(group, model[m], m, ols->arena, ret);
        for (size_t i = 0; part && i < group->members; i++)
            pilot_moments_pack(&group->moments[i], task, &part[group->member[i]]);
    }
    for (size_t o = 0; part && o < outcomes; o++)
        pilot_piece_append(ret->moments, &part[o]);
    free(part);
    free(done);
}
