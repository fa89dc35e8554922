#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "evaluate.h"
#include "gaps.h"
#include "instruments.h"
#include "pilot/dim.h"
#include "pilot/memory.h"
#include "pooled.h"
#include "pooled_task.h"
#include "targets.h"

/* All agencies' first pieces, being read subset by subset. */
typedef struct pool {
    const pilot_analysis_t *analysis;
    pilot_parts_t *parts;
    pilot_subsets_t **subsets;     /* by agency */
    pilot_checks_t **checks;       /* by agency */
    pilot_overlaps_t *overlaps;    /* of the levels of all; NULL: no gaps */
    size_t *member;                /* agencies that have the subset at hand */
    pilot_dim_summary_t **summary; /* [response][member] */
    pilot_piece_reader_t *reader;  /* [member] */
    pilot_fits_t *fits;
    uint64_t *rows;             /* [subset][response] */
    pilot_estimate_t *estimate; /* [subset][response][treatment]; NULL: not asked for */
} pool_t;

static pilot_status_t read_heads(pool_t *pool, pilot_error_t *error)
{
    for (size_t a = 0; a < pool->parts->pieces; a++) {
        pilot_piece_reader_t *reader = &pool->parts->reader[a];
        pilot_status_t status =
            pilot_subsets_unpack(pool->analysis, reader, &pool->subsets[a], error);
        if (status == PILOT_OK)
            status = pilot_checks_unpack(pool->analysis, reader, &pool->checks[a], error);
        if (status != PILOT_OK)
            return status;
    }
    return PILOT_OK;
}

static void free_summaries(pool_t *pool)
{
    for (size_t i = 0; i < pool->analysis->responses * pool->parts->pieces; i++) {
        pilot_dim_summary_free(pool->summary[i]);
        pool->summary[i] = NULL;
    }
}

static pilot_status_t read_summaries(pool_t *pool, size_t subset, size_t members,
                                     pilot_error_t *error)
{
    size_t responses = pool->analysis->responses;
    for (size_t m = 0; m < members; m++) {
        pilot_piece_reader_t *reader = &pool->parts->reader[pool->member[m]];
        const uint64_t *rows = pilot_piece_take_counts(reader, responses);
        if (!rows)
            return pilot_error_set(error, PILOT_E_PROTOCOL, "a part without row counts");
        for (size_t i = 0; i < responses; i++) {
            pool->rows[subset * responses + i] += rows[i];
            pilot_status_t status =
                pilot_dim_unpack(reader, &pool->summary[i * pool->parts->pieces + m], error);
            if (status != PILOT_OK)
                return status;
        }
    }
    return PILOT_OK;
}

/* Difference in means of one subset, all responses and contrasts. */
static void estimate_differences(pool_t *pool, size_t subset, size_t members)
{
    const pilot_analysis_t *analysis = pool->analysis;
    for (size_t i = 0; i < analysis->responses; i++) {
        const pilot_dim_summary_t *const *summary =
            (const pilot_dim_summary_t *const *)&pool->summary[i * pool->parts->pieces];
        size_t count = members;
        pilot_dim_summary_t *merged = NULL;
        if (analysis->spec->across) {
            merged = pilot_dim_merge(summary, members);
            summary = (const pilot_dim_summary_t *const *)&merged;
            count = 1;
        }
        size_t first = (subset * analysis->responses + i) * analysis->treatments;
        for (size_t arm = 1; arm <= analysis->treatments; arm++)
            pilot_dim_estimate(summary, count, arm, 0, analysis->spec->confidence,
                               &pool->estimate[first + arm - 1]);
        pilot_dim_summary_free(merged);
    }
}

static pilot_status_t fit_subset(pool_t *pool, size_t subset, size_t members, pilot_error_t *error)
{
    const pilot_analysis_t *analysis = pool->analysis;
    const pilot_subset_t *of = &pool->fits->subsets->subset[subset];
    for (size_t m = 0; m < members; m++)
        pool->reader[m] = pool->parts->reader[pool->member[m]];
    pilot_status_t status = PILOT_OK;
    pilot_pooled_ols_fit_t **fit = &pool->fits->fit[pilot_analysis_regressions(analysis, subset)];
    for (size_t i = 0; analysis->models > 0 && i < analysis->responses && status == PILOT_OK; i++) {
        pilot_pooled_ols_fit_t *of_model[2];
        pilot_pooled_task_t pooled;
        pilot_pooled_task_init(&pooled, analysis, of, pilot_analysis_group(analysis, i));
        status = pilot_pooled_ols_fit(&pooled.task, analysis->model, analysis->models, pool->reader,
                                      members, of_model, error);
        pilot_pooled_task_clear(&pooled);
        for (size_t m = 0; status == PILOT_OK && m < analysis->models; m++)
            fit[m * analysis->responses + i] = of_model[m];
    }
    if (status == PILOT_OK && analysis->has_iv) {
        size_t each = analysis->treatments * pilot_instrument_fits(analysis);
        status = pilot_instruments_fit(analysis, of, pool->reader, members,
                                       &pool->fits->iv[subset * each], error);
    }
    for (size_t m = 0; m < members; m++)
        pool->parts->reader[pool->member[m]] = pool->reader[m];
    return status;
}

/* What levels share, over all agencies. */
static pilot_status_t read_overlaps(pool_t *pool, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    if (pool->analysis->gaps)
        pool->overlaps = pilot_overlaps_new(pool->analysis, pool->fits->subsets);
    for (size_t a = 0; pool->overlaps && a < pool->parts->pieces && status == PILOT_OK; a++)
        status = pilot_overlaps_merge(pool->overlaps, pool->fits->subsets, pool->subsets[a],
                                      &pool->parts->reader[a], error);
    return status;
}

static pilot_status_t pool_subsets(pool_t *pool, pilot_error_t *error)
{
    const pilot_analysis_t *analysis = pool->analysis;
    const pilot_subsets_t *all = pool->fits->subsets;
    for (size_t s = 0; s < all->count; s++) {
        size_t members =
            pilot_members(pool->subsets, pool->parts->pieces, &all->subset[s], pool->member);
        pilot_status_t status = read_summaries(pool, s, members, error);
        if (status == PILOT_OK && pool->estimate)
            estimate_differences(pool, s, members);
        free_summaries(pool);
        if (status == PILOT_OK && analysis->has_regression && analysis->responses > 0)
            status = fit_subset(pool, s, members, error);
        if (status != PILOT_OK)
            return status;
    }
    return PILOT_OK;
}

/* The linear estimate of a key, or NULL: FINISH gives it, or this version does not compute it. */
static pilot_estimate_t *linear_estimate(pool_t *pool, const pilot_row_key_t *key,
                                         const char **ret_estimator)
{
    const pilot_analysis_t *analysis = pool->analysis;
    size_t response = pilot_analysis_response(analysis, key->outcome, key->slot);
    size_t cell = key->subset * analysis->responses + response;
    pilot_estimator_t estimator = key->slot->estimator;
    if (estimator == PILOT_ESTIMATORS) {
        size_t at = pilot_analysis_regression(analysis, key->subset, estimator, response);
        estimator = pilot_estimator_from_name(
            pilot_regression_choice_name(pilot_pooled_ols_choice(pool->fits->fit[at])));
    }
    *ret_estimator = pilot_estimator_facts(estimator)->name;
    if (estimator != PILOT_DIFFERENCE_IN_MEANS)
        return NULL;
    pilot_estimate_t *estimate = &pool->estimate[cell * analysis->treatments + key->arm - 1];
    if (analysis->automatic)
        pilot_estimate_note(estimate, "auto: %s", *ret_estimator);
    return estimate;
}

/* Rows of all keys but those that FINISH and WHOLE give. */
static void report_rows(pool_t *pool, uint64_t given_up, pilot_report_t *report)
{
    const pilot_analysis_t *analysis = pool->analysis;
    const pilot_subsets_t *all = pool->fits->subsets;
    pilot_row_keys_t keys = pilot_subsets_keys(pool->fits->subsets, analysis);
    pilot_row_key_t key;
    pilot_gaps_t gaps;
    pilot_gaps_init(&gaps, analysis, all, pool->overlaps);
    while (pilot_row_keys_next(&keys, &key)) {
        const pilot_subset_t *subset = &all->subset[key.subset];
        const char *estimator = key.estimator;
        pilot_estimate_t gap, *estimate = NULL;
        bool automatic = key.slot->estimator == PILOT_ESTIMATORS;
        if (pilot_row_job(key.slot) != PILOT__JOB_KIND__POOL)
            continue;
        if (key.gap && automatic && pilot_fits_gap_is_regression(pool->fits, analysis, &key))
            continue; /* FINISH */
        if (key.gap)
            estimate = pilot_gaps_estimate(&gaps, &key, &estimator, &gap) ? &gap : NULL;
        else if (key.slot->defined)
            estimate = linear_estimate(pool, &key, &estimator);
        if (!estimate && automatic)
            continue; /* a regression: FINISH */
        if (estimate && !key.gap)
            pilot_mark_partial(estimate, given_up);
        if (estimate)
            pilot_gaps_keep(&gaps, &key, PILOT_GAP_DIFFERENCE, estimator, estimate);
        pilot_report_estimate(report, &key, NULL, subset->name, subset->level, estimator, estimate);
    }
    pilot_gaps_clear(&gaps);
    pilot_check_rows_t *rows = pilot_checks_rows(
        analysis, (const pilot_checks_t *const *)pool->checks, pool->parts->pieces);
    pilot_check_rows_report(rows, NULL, report);
    pilot_check_rows_free(rows);
}

static void free_pool(pool_t *pool)
{
    free_summaries(pool);
    for (size_t a = 0; a < pool->parts->pieces; a++) {
        pilot_subsets_free(pool->subsets[a]);
        pilot_checks_free(pool->checks[a]);
    }
    pilot_overlaps_free(pool->overlaps);
    free(pool->subsets);
    free(pool->checks);
    free(pool->member);
    free(pool->summary);
    free(pool->reader);
    free(pool->rows);
    free(pool->estimate);
    pilot_fits_free(pool->fits);
}

pilot_status_t pilot_pool(const pilot_analysis_t *analysis, pilot_parts_t *parts, uint64_t given_up,
                          pilot_report_t *report, pilot_error_t *error)
{
    size_t agencies = parts->pieces;
    if (agencies == 0)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "there are no parts to pool");
    pool_t pool = {.analysis = analysis,
                   .parts = parts,
                   .subsets = PILOT_NEW_ARRAY(pilot_subsets_t *, agencies),
                   .checks = PILOT_NEW_ARRAY(pilot_checks_t *, agencies),
                   .member = PILOT_NEW_ARRAY(size_t, agencies),
                   .summary =
                       PILOT_NEW_ARRAY(pilot_dim_summary_t *, agencies * analysis->responses),
                   .reader = PILOT_NEW_ARRAY(pilot_piece_reader_t, agencies)};
    pilot_status_t status = read_heads(&pool, error);
    if (status == PILOT_OK) {
        pilot_subsets_t *all = pilot_subsets_union(analysis, pool.subsets, agencies);
        size_t cells = all->count * analysis->responses;
        pool.fits = pilot_fits_new(analysis, parts->agency_index, agencies, all);
        pool.fits->given_up = given_up;
        pool.rows = PILOT_NEW_ARRAY(uint64_t, cells);
        if (analysis->has_difference)
            pool.estimate = PILOT_NEW_ARRAY(pilot_estimate_t, cells * analysis->treatments);
        status = read_overlaps(&pool, error);
        if (status == PILOT_OK)
            status = pool_subsets(&pool, error);
        if (status == PILOT_OK)
            status = pilot_targets_merge(analysis, parts->reader, agencies, pool.fits, error);
    }
    if (status == PILOT_OK) {
        report_rows(&pool, given_up, report);
        if (analysis->has_regression) {
            pilot_piece_t piece = {0};
            pilot_fits_pack(pool.fits, analysis, &piece);
            pilot_report_piece(report, 0, &piece);
        }
    }
    free_pool(&pool);
    return status;
}
