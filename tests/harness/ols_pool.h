/* ols_pool.h - the two rounds of pooled least squares over agencies in one place, by way of packed
 * pieces, as workers do it.  For tests. */
#ifndef PILOT_TEST_OLS_POOL_H
#define PILOT_TEST_OLS_POOL_H

#include "ols_data.h"
#include "pilot/pooled_ols.h"

#define POOL_MOST 4096
#define POOL_MOST_FITS (3 * MOST_VARIABLES)

/* A piece as its reader sees it after travel; owns the labels' array. */
static inline pilot_piece_reader_t pool_read(const pilot_piece_t *piece, pilot_label_t **ret_label)
{
    pilot_label_t *label = calloc(piece->labels + 1, sizeof *label);
    for (size_t i = 0; i < piece->labels; i++)
        label[i] = (pilot_label_t){piece->label[i], strlen(piece->label[i])};
    *ret_label = label;
    return (pilot_piece_reader_t){piece->number, piece->numbers, piece->count,
                                  piece->counts, label,          piece->labels};
}

typedef struct pool_parts {
    pilot_piece_t *piece;
    pilot_piece_reader_t *reader;
    pilot_label_t **label;
    size_t count;
} pool_parts_t;

static inline pool_parts_t pool_parts(size_t count)
{
    return (pool_parts_t){.piece = calloc(count, sizeof(pilot_piece_t)),
                          .reader = calloc(count, sizeof(pilot_piece_reader_t)),
                          .label = calloc(count, sizeof(pilot_label_t *)),
                          .count = count};
}

static inline void pool_begin_reading(pool_parts_t *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        parts->reader[i] = pool_read(&parts->piece[i], &parts->label[i]);
}

static inline void pool_parts_free(pool_parts_t *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        pilot_piece_clear(&parts->piece[i]);
        free(parts->label[i]);
    }
    free(parts->piece);
    free(parts->reader);
    free(parts->label);
}

/* The fit, packed and read back. */
static inline pilot_pooled_ols_fit_t *pool_carry(pilot_pooled_ols_fit_t *fit)
{
    pilot_pooled_ols_fit_t *copy = NULL;
    pilot_piece_t piece = {0};
    pilot_label_t *label;
    pilot_error_t error;
    pilot_pooled_ols_fit_pack(fit, &piece);
    pilot_piece_reader_t reader = pool_read(&piece, &label);
    if (pilot_pooled_ols_fit_unpack(&reader, &copy, &error) || !pilot_piece_at_end(&reader))
        printf("# %s\n", copy ? "the fit's piece is not read to its end" : error.message);
    pilot_pooled_ols_fit_free(fit);
    pilot_piece_clear(&piece);
    free(label);
    return copy;
}

/* What pooled rounds give besides estimates; NULL where not wanted. */
typedef struct pool_extra {
    pilot_convention_t *convention; /* [model][outcome][treatment arm][convention] */
    pilot_ols_scores_t *scores;     /* [agency][model][outcome] */
    bool interactions;
} pool_extra_t;

/* Pooled estimates [model x outcome x treatment arm]; option holds the task's options (rows are
 * each agency's own).  False, and a line, when a piece could not be read. */
static inline bool pool_all(const ols_agency_t *agency, size_t agencies,
                            const pilot_ols_task_t *option, const pilot_regression_model_t *model,
                            size_t models, pilot_estimate_t *ret, const pool_extra_t *extra)
{
    pilot_ols_t *ols = pilot_ols_new();
    pilot_pooled_ols_fit_t *fit[POOL_MOST_FITS] = {NULL}, *made[POOL_MOST_FITS] = {NULL};
    pool_parts_t first = pool_parts(agencies), second = pool_parts(agencies);
    size_t outcomes = agency[0].outcomes, arms = agency[0].frame.arms;
    pilot_error_t error = {0};
    bool good = true;
    pilot_ols_task_t task = *option;
    for (size_t a = 0; a < agencies; a++) {
        task.frame = &agency[a].frame;
        task.regressor = agency[a].regressor;
        task.regressors = agency[a].regressors;
        pilot_pooled_ols_moments(ols, &task, agency[a].outcome, outcomes, &first.piece[a]);
    }
    pool_begin_reading(&first);
    for (size_t o = 0; o < outcomes && good; o++) {
        pilot_frame_t frame = {.arms = arms};
        task.frame = &frame;
        good = !pilot_pooled_ols_fit(&task, model, models, first.reader, agencies, made, &error);
        for (size_t m = 0; m < models && good; m++) {
            fit[m * outcomes + o] = pool_carry(made[m]);
            good = fit[m * outcomes + o] != NULL;
        }
    }
    for (size_t a = 0; a < agencies && good; a++) {
        task.frame = &agency[a].frame;
        task.regressor = agency[a].regressor;
        good = !pilot_pooled_ols_residuals(
            ols, &task, agency[a].outcome, outcomes, (const pilot_pooled_ols_fit_t *const *)fit,
            models, &second.piece[a], extra->scores ? extra->scores + a * models * outcomes : NULL,
            extra->interactions, &error);
    }
    pool_begin_reading(&second);
    for (size_t o = 0; o < models * outcomes && good; o++)
        good = !pilot_pooled_ols_finish(
            fit[o], second.reader, agencies, option->confidence, ret + o * (arms - 1),
            extra->convention ? extra->convention + o * (arms - 1) * PILOT_CONVENTIONS : NULL,
            &error);
    for (size_t a = 0; a < agencies && good; a++)
        good = pilot_piece_at_end(&first.reader[a]) && pilot_piece_at_end(&second.reader[a]);
    if (!good)
        printf("# pooled: %s\n", error.message[0] ? error.message : "a piece has more in it");
    for (size_t o = 0; o < models * outcomes; o++)
        pilot_pooled_ols_fit_free(fit[o]);
    pool_parts_free(&first);
    pool_parts_free(&second);
    pilot_ols_free(ols);
    return good;
}

static inline bool pool_models(const ols_agency_t *agency, size_t agencies,
                               const pilot_ols_task_t *option,
                               const pilot_regression_model_t *model, size_t models,
                               pilot_estimate_t *ret)
{
    return pool_all(agency, agencies, option, model, models, ret, &(pool_extra_t){0});
}

static inline bool pool_estimate(const ols_agency_t *agency, size_t agencies,
                                 const pilot_ols_task_t *option, pilot_estimate_t *ret)
{
    return pool_models(agency, agencies, option, &(pilot_regression_model_t){PILOT_MODEL_OLS}, 1,
                       ret);
}

#endif
