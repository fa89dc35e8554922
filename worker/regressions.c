#include "regressions.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* What a group's fits need beside what all have: the group's part of [model][response] arrays. */
typedef struct part {
    size_t first, count, models, responses, treatments;
} part_t;

static part_t part_of(const pilot_analysis_t *analysis, size_t group, size_t models)
{
    size_t first = analysis->group[group];
    return (part_t){.first = first,
                    .count = analysis->group[group + 1] - first,
                    .models = models,
                    .responses = analysis->responses,
                    .treatments = analysis->treatments};
}

/* Elements of each response: size bytes.  into_whole: from the part's own array to the whole's. */
static void move(const part_t *part, void *whole, void *own, size_t size, bool into_whole)
{
    for (size_t m = 0; whole && m < part->models; m++) {
        char *there = (char *)whole + (m * part->responses + part->first) * size;
        char *here = (char *)own + m * part->count * size;
        memcpy(into_whole ? there : here, into_whole ? here : there, part->count * size);
    }
}

void pilot_regressions_estimate(pilot_view_t *view, pilot_ols_t *ols, const pilot_subset_t *subset,
                                size_t models, const pilot_ols_output_t *ret)
{
    const pilot_analysis_t *analysis = view->analysis;
    if (analysis->groups == 1) {
        pilot_ols_task_t task = pilot_view_task(view, subset, 0);
        pilot_ols_estimate(ols, &task, analysis->model, models, view->response, analysis->responses,
                           ret);
        return;
    }
    size_t each = analysis->treatments * sizeof *ret->estimate;
    size_t all = models * analysis->responses;
    pilot_ols_output_t own = {
        .estimate = PILOT_NEW_ARRAY(pilot_estimate_t, all * analysis->treatments),
        .choice = ret->choice ? PILOT_NEW_ARRAY(pilot_regression_choice_t, all) : NULL,
        .convention = ret->convention
                          ? PILOT_NEW_ARRAY(pilot_convention_t,
                                            all * analysis->treatments * PILOT_CONVENTIONS)
                          : NULL,
        .scores = ret->scores ? PILOT_NEW_ARRAY(pilot_ols_scores_t, all) : NULL,
        .interactions = ret->interactions,
        .moments = ret->moments};
    for (size_t g = 0; g < analysis->groups; g++) {
        part_t part = part_of(analysis, g, models);
        pilot_ols_task_t task = pilot_view_task(view, subset, g);
        move(&part, ret->scores, own.scores, sizeof *ret->scores, false);
        pilot_ols_estimate(ols, &task, analysis->model, models, &view->response[part.first],
                           part.count, &own);
        move(&part, ret->estimate, own.estimate, each, true);
        move(&part, ret->choice, own.choice, sizeof *ret->choice, true);
        move(&part, ret->convention, own.convention,
             analysis->treatments * PILOT_CONVENTIONS * sizeof *ret->convention, true);
        move(&part, ret->scores, own.scores, sizeof *ret->scores, true);
    }
    free(own.estimate);
    free(own.choice);
    free(own.convention);
    free(own.scores); /* what they own is the caller's */
}

pilot_status_t pilot_regressions_residuals(pilot_view_t *view, pilot_ols_t *ols,
                                           const pilot_subset_t *subset,
                                           const pilot_pooled_ols_fit_t *const *fit,
                                           pilot_piece_t *piece, pilot_ols_scores_t *scores,
                                           pilot_error_t *error)
{
    const pilot_analysis_t *analysis = view->analysis;
    size_t all = analysis->models * analysis->responses;
    const pilot_pooled_ols_fit_t **own_fit = PILOT_NEW_ARRAY(const pilot_pooled_ols_fit_t *, all);
    pilot_ols_scores_t *own_scores = scores ? PILOT_NEW_ARRAY(pilot_ols_scores_t, all) : NULL;
    pilot_status_t status = PILOT_OK;
    for (size_t g = 0; g < analysis->groups && status == PILOT_OK; g++) {
        part_t part = part_of(analysis, g, analysis->models);
        pilot_ols_task_t task = pilot_view_task(view, subset, g);
        for (size_t m = 0; m < analysis->models; m++)
            for (size_t r = 0; r < part.count; r++)
                own_fit[m * part.count + r] = fit[m * analysis->responses + part.first + r];
        move(&part, scores, own_scores, sizeof *scores, false);
        status =
            pilot_pooled_ols_residuals(ols, &task, &view->response[part.first], part.count, own_fit,
                                       analysis->models, piece, own_scores, false, error);
        move(&part, scores, own_scores, sizeof *scores, true);
    }
    free(own_fit);
    free(own_scores);
    return status;
}

size_t pilot_regressions_place(const pilot_analysis_t *analysis, size_t i)
{
    size_t g = 0;
    while (i >= analysis->models * (analysis->group[g + 1] - analysis->group[g])) {
        i -= analysis->models * (analysis->group[g + 1] - analysis->group[g]);
        g++;
    }
    size_t count = analysis->group[g + 1] - analysis->group[g];
    return i / count * analysis->responses + analysis->group[g] + i % count;
}
