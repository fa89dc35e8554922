/* ols.c - one agency's estimates: the two rounds of pilot/pooled_ols.h, in one place and without
 * packing.  See pilot/ols.h. */
#include "pilot/ols.h"

#include <stdlib.h>
#include <string.h>

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

static void estimate_group(pilot_ols_t *ols, const pilot_rows_t *rows,
                           const pilot_variable_t *outcome, const size_t *member, size_t members,
                           pilot_estimate_t *ret_estimate)
{
    pilot_arena_t *arena = ols->arena;
    const pilot_ols_task_t *task = rows->task;
    const pilot_variable_t *y[PILOT_GROUP_OUTCOMES] = {NULL};
    const pilot_fit_t *fits[PILOT_GROUP_OUTCOMES] = {NULL};
    pilot_moments_t moments[PILOT_GROUP_OUTCOMES];
    pilot_residuals_t residuals[PILOT_GROUP_OUTCOMES];
    pilot_fit_t *fit = PILOT_ARENA_RAW(arena, pilot_fit_t, members);
    for (size_t i = 0; i < members; i++)
        y[i] = &outcome[member[i]];
    pilot_moments_compute(rows, y, members, arena, moments);
    for (size_t i = 0; i < members; i++) {
        const pilot_moments_t *one = &moments[i];
        pilot_fit_compute(task, &one, 1, arena, &fit[i]);
        fits[i] = &fit[i];
    }
    (void)pilot_residuals_compute(rows, y, fits, members, arena, residuals);
    for (size_t i = 0; i < members; i++) {
        const pilot_residuals_t *one = &residuals[i];
        pilot_residuals_finish(&fit[i], &one, 1, task->confidence, arena,
                               ret_estimate + member[i] * (task->frame->arms - 1));
    }
}

void pilot_ols_estimate(pilot_ols_t *ols, const pilot_ols_task_t *task,
                        const pilot_variable_t *outcome, size_t outcomes,
                        pilot_estimate_t *ret_estimate)
{
    size_t member[PILOT_GROUP_OUTCOMES];
    bool *done = PILOT_NEW_ARRAY(bool, outcomes);
    for (size_t first = 0; first < outcomes; first++) {
        pilot_rows_t rows;
        if (done[first])
            continue;
        pilot_arena_reset(ols->arena);
        pilot_rows_select(task, &outcome[first], ols->arena, &rows);
        size_t members = pilot_ols_group(&rows, outcome, outcomes, first, done, member);
        estimate_group(ols, &rows, outcome, member, members, ret_estimate);
    }
    free(done);
}
