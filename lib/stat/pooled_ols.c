/* pooled_ols.c - see pilot/pooled_ols.h. */
#include "pilot/pooled_ols.h"

#include <stdlib.h>

#include "ols_refine.h"
#include "ols_scores.h"
#include "ols_workspace.h"
#include "pilot/memory.h"

/* Memory of all fits that were made of the same moments. */
typedef struct shared {
    pilot_arena_t *arena;
    size_t users;
} shared_t;

struct pilot_pooled_ols_fit {
    shared_t *shared;
    pilot_fit_t fit;
};

void pilot_pooled_ols_moments(pilot_ols_t *ols, const pilot_ols_task_t *task,
                              const pilot_variable_t *outcome, size_t outcomes,
                              pilot_piece_t *piece)
{
    pilot_ols_estimate(ols, task, NULL, 0, outcome, outcomes,
                       &(pilot_ols_output_t){.moments = piece});
}

static shared_t *new_shared(void)
{
    shared_t *shared = PILOT_NEW(shared_t);
    shared->arena = pilot_arena_new();
    return shared;
}

static void free_shared(shared_t *shared)
{
    pilot_arena_free(shared->arena);
    free(shared);
}

static pilot_pooled_ols_fit_t *new_fit(shared_t *shared)
{
    pilot_pooled_ols_fit_t *fit = PILOT_NEW(pilot_pooled_ols_fit_t);
    fit->shared = shared;
    shared->users++;
    return fit;
}

void pilot_pooled_ols_fit_free(pilot_pooled_ols_fit_t *fit)
{
    if (!fit)
        return;
    if (--fit->shared->users == 0)
        free_shared(fit->shared);
    free(fit);
}

pilot_status_t pilot_pooled_ols_fit(const pilot_ols_task_t *task,
                                    const pilot_regression_model_t *model, size_t models,
                                    pilot_piece_reader_t *reader, size_t agencies,
                                    pilot_pooled_ols_fit_t **ret_fit, pilot_error_t *error)
{
    shared_t *shared = new_shared();
    pilot_arena_t *arena = shared->arena;
    pilot_moments_t *moments = PILOT_ARENA_RAW(arena, pilot_moments_t, agencies);
    const pilot_moments_t **pointer = PILOT_ARENA_RAW(arena, const pilot_moments_t *, agencies);
    pilot_status_t status = PILOT_OK;
    for (size_t a = 0; a < agencies && !status; a++) {
        status = pilot_moments_unpack(&reader[a], task, arena, &moments[a], error);
        pointer[a] = &moments[a];
    }
    for (size_t m = 0; m < models && !status; m++) {
        ret_fit[m] = new_fit(shared);
        pilot_fit_compute(task, model[m], pointer, agencies, arena, &ret_fit[m]->fit);
    }
    if (shared->users == 0)
        free_shared(shared);
    return status;
}

const pilot_regression_choice_t *pilot_pooled_ols_choice(const pilot_pooled_ols_fit_t *fit)
{
    return &fit->fit.choice;
}

void pilot_pooled_ols_fit_pack(const pilot_pooled_ols_fit_t *fit, pilot_piece_t *piece)
{
    pilot_fit_pack(&fit->fit, piece);
}

pilot_status_t pilot_pooled_ols_fit_unpack(pilot_piece_reader_t *reader,
                                           pilot_pooled_ols_fit_t **ret_fit, pilot_error_t *error)
{
    pilot_pooled_ols_fit_t *fit = new_fit(new_shared());
    pilot_status_t status = pilot_fit_unpack(reader, fit->shared->arena, &fit->fit, error);
    if (status) {
        pilot_pooled_ols_fit_free(fit);
        return status;
    }
    *ret_fit = fit;
    return PILOT_OK;
}

/* Does the fit's design go with what this agency has? */
static bool fit_goes_with(const pilot_fit_t *fit, const pilot_ols_task_t *task)
{
    if (fit->arms != task->frame->arms || fit->regressors != task->regressors ||
        fit->across != task->across)
        return false;
    for (size_t j = 0; j < fit->rank; j++) {
        pilot_column_kind_t kind = fit->column[j].kind;
        const pilot_regressor_t *regressor = &task->regressor[fit->column[j].regressor];
        if (kind != PILOT_COLUMN_ARM &&
            (kind == PILOT_COLUMN_LEVEL ? !regressor->category : !regressor->number))
            return false;
    }
    return true;
}

/* Of the group's members, those whose fits have the design of the first; the others are handed
 * back as not done. */
static size_t keep_same_design(const pilot_pooled_ols_fit_t *const *fit, bool *done, size_t *member,
                               size_t members)
{
    size_t kept = 1;
    for (size_t i = 1; i < members; i++) {
        if (pilot_fit_same_design(&fit[member[0]]->fit, &fit[member[i]]->fit))
            member[kept++] = member[i];
        else
            done[member[i]] = false;
    }
    return kept;
}

/* What round 2 is walked for; by outcome. */
typedef struct wanted {
    pilot_piece_t *piece;       /* or NULL */
    pilot_ols_scores_t *scores; /* or NULL */
    bool interactions;
} wanted_t;

static bool residuals_of_group(pilot_ols_t *ols, const pilot_rows_t *rows,
                               const pilot_variable_t *outcome,
                               const pilot_pooled_ols_fit_t *const *fit, const size_t *member,
                               size_t members, const wanted_t *wanted)
{
    const pilot_variable_t *y[PILOT_GROUP_OUTCOMES] = {NULL};
    const pilot_fit_t *fits[PILOT_GROUP_OUTCOMES] = {NULL};
    pilot_ols_scores_t *scores[PILOT_GROUP_OUTCOMES] = {NULL};
    pilot_residuals_t residuals[PILOT_GROUP_OUTCOMES];
    const pilot_score_sink_t *sink = NULL;
    for (size_t i = 0; i < members; i++) {
        y[i] = &outcome[member[i]];
        fits[i] = &fit[member[i]]->fit;
        scores[i] = wanted->scores ? &wanted->scores[member[i]] : NULL;
    }
    if (wanted->scores)
        sink =
            pilot_scores_begin(scores, fits, members, rows->task, wanted->interactions, ols->arena);
    if (!pilot_residuals_compute(rows, y, fits, members, sink, ols->arena, residuals))
        return false;
    for (size_t i = 0; wanted->scores && i < members; i++)
        pilot_scores_end(scores[i], fits[i], &residuals[i]);
    for (size_t i = 0; wanted->piece && i < members; i++)
        pilot_residuals_pack(&residuals[i], fits[i], &wanted->piece[member[i]]);
    return true;
}

/* Of one model: its fits by outcome. */
static bool residuals_of_model(pilot_ols_t *ols, const pilot_ols_task_t *task,
                               const pilot_variable_t *outcome, size_t outcomes,
                               const pilot_pooled_ols_fit_t *const *fit, const wanted_t *wanted)
{
    bool good = true;
    size_t member[PILOT_GROUP_OUTCOMES];
    bool *done = PILOT_NEW_ARRAY(bool, outcomes);
    for (size_t first = 0; first < outcomes; first++) {
        pilot_rows_t rows;
        if (done[first])
            continue;
        pilot_arena_reset(ols->arena);
        pilot_rows_select(task, &outcome[first], ols->arena, &rows);
        size_t members = pilot_ols_group(&rows, outcome, outcomes, first, done, member);
        members = keep_same_design(fit, done, member, members);
        good = residuals_of_group(ols, &rows, outcome, fit, member, members, wanted) && good;
    }
    free(done);
    return good;
}

pilot_status_t pilot_pooled_ols_residuals(pilot_ols_t *ols, const pilot_ols_task_t *task,
                                          const pilot_variable_t *outcome, size_t outcomes,
                                          const pilot_pooled_ols_fit_t *const *fit, size_t models,
                                          pilot_piece_t *piece, pilot_ols_scores_t *scores,
                                          bool interactions, pilot_error_t *error)
{
    bool good = true;
    for (size_t i = 0; i < models * outcomes; i++)
        good = good && fit_goes_with(&fit[i]->fit, task);
    if (!good)
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "a pooled ols fit does not go with this plan");
    for (size_t m = 0; m < models; m++) {
        pilot_piece_t *part = piece ? PILOT_NEW_ARRAY(pilot_piece_t, outcomes) : NULL;
        wanted_t wanted = {.piece = part,
                           .scores = scores ? scores + m * outcomes : NULL,
                           .interactions = interactions};
        good =
            residuals_of_model(ols, task, outcome, outcomes, fit + m * outcomes, &wanted) && good;
        for (size_t o = 0; piece && o < outcomes; o++)
            pilot_piece_append(piece, &part[o]);
        free(part);
    }
    if (!good)
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "a pooled ols fit was made without a block of this agency");
    return PILOT_OK;
}

void pilot_pooled_ols_contrasts(const pilot_pooled_ols_fit_t *fit, const pilot_ols_task_t *task,
                                bool interactions, pilot_ols_scores_t *ret)
{
    pilot_scores_describe(&fit->fit, task, interactions, ret);
}

pilot_status_t pilot_pooled_ols_finish(const pilot_pooled_ols_fit_t *fit,
                                       pilot_piece_reader_t *reader, size_t agencies,
                                       double confidence, pilot_estimate_t *ret_estimate,
                                       pilot_convention_t *ret_convention, pilot_error_t *error)
{
    pilot_arena_t *arena = pilot_arena_new();
    pilot_residuals_t *residuals = PILOT_ARENA_RAW(arena, pilot_residuals_t, agencies + 1);
    const pilot_residuals_t **pointer =
        PILOT_ARENA_RAW(arena, const pilot_residuals_t *, agencies + 1);
    pilot_status_t status = PILOT_OK;
    for (size_t a = 0; a < agencies && !status; a++) {
        status = pilot_residuals_unpack(&reader[a], &fit->fit, arena, &residuals[a], error);
        pointer[a] = &residuals[a];
    }
    if (!status && fit->fit.across) {
        if (!pilot_across_finish(&fit->fit, pointer, agencies, arena, &residuals[agencies]))
            status = pilot_error_set(error, PILOT_E_PROTOCOL,
                                     "parts of a pooled ols estimate do not go together");
        pointer[agencies] = &residuals[agencies];
        agencies++;
    }
    if (!status) {
        pilot_fit_t stepped = fit->fit;
        if (pilot_fit_needs_step(&stepped))
            stepped.beta = pilot_fit_step(&stepped, pointer, agencies, arena);
        pilot_residuals_finish(&stepped, pointer, agencies, confidence, arena, ret_estimate,
                               ret_convention);
    }
    pilot_arena_free(arena);
    return status;
}
