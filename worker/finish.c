#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "gaps.h"
#include "instruments.h"
#include "pilot/memory.h"
#include "pooled.h"
#include "pooled_task.h"
#include "regressions.h"
#include "targets.h"

/* ---- RESIDUAL -------------------------------------------------------------------------------- */

/* One agency under the pooled fits. */
typedef struct residual {
    const pilot_analysis_t *analysis;
    const pilot_fits_t *fits;
    pilot_ols_t *ols;
    pilot_view_t view;
    pilot_subsets_t *subsets;
    pilot_instruments_t instruments;
    pilot_overlaps_t *overlaps; /* NULL: no gaps */
    pilot_ols_scores_t *scores; /* [subset][model][response]; of some, where needed */
    pilot_piece_t piece;
} residual_t;

static pilot_status_t residual_subset(residual_t *residual, size_t s, pilot_error_t *error)
{
    const pilot_analysis_t *analysis = residual->analysis;
    const pilot_fits_t *fits = residual->fits;
    size_t subset = pilot_subsets_find(fits->subsets, &residual->subsets->subset[s]);
    if (subset == SIZE_MAX)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "the stored fit lacks a level");
    pilot_status_t status = PILOT_OK;
    if (analysis->responses > 0 && analysis->models > 0) {
        size_t first = pilot_analysis_regressions(analysis, subset);
        pilot_ols_scores_t *scores =
            pilot_overlaps_need_scores(residual->overlaps, analysis, s)
                ? &residual->scores[pilot_analysis_regressions(analysis, s)]
                : NULL;
        status = pilot_regressions_residuals(
            &residual->view, residual->ols, &residual->subsets->subset[s],
            (const pilot_pooled_ols_fit_t *const *)&fits->fit[first], &residual->piece, scores,
            error);
    }
    if (status == PILOT_OK && analysis->has_iv) {
        size_t each = analysis->treatments * pilot_instrument_fits(analysis);
        status = pilot_instruments_residuals(
            &residual->instruments, residual->ols, &residual->subsets->subset[s], s,
            (const pilot_pooled_ols_fit_t *const *)&fits->iv[subset * each], &residual->piece,
            error);
    }
    return status;
}

pilot_status_t pilot_residual_agency(const pilot_analysis_t *analysis, pilot_ols_t *ols,
                                     const pilot_dataset_t *dataset, const Pilot__Pin *pin,
                                     const pilot_fits_t *fits, pilot_report_t *report,
                                     pilot_error_t *error)
{
    if (!pilot_fits_has_agency(fits, pin->agency_index))
        return PILOT_OK;
    residual_t residual = {.analysis = analysis, .fits = fits, .ols = ols};
    pilot_view_init(&residual.view, analysis, dataset, pin->agency);
    pilot_view_make_responses(&residual.view);
    residual.subsets = pilot_subsets_of(analysis, dataset);
    pilot_subsets_pack(residual.subsets, analysis, &residual.piece);
    if (analysis->gaps)
        residual.overlaps = pilot_overlaps_of(&residual.view, residual.subsets);
    if (analysis->has_iv)
        pilot_instruments_init(&residual.instruments, &residual.view);
    residual.instruments.overlaps = residual.overlaps;
    size_t regressions = pilot_analysis_regressions(analysis, residual.subsets->count);
    residual.scores = PILOT_NEW_ARRAY(pilot_ols_scores_t, regressions);
    pilot_status_t status = PILOT_OK;
    for (size_t s = 0; s < residual.subsets->count && status == PILOT_OK; s++)
        status = residual_subset(&residual, s, error);
    if (status == PILOT_OK && residual.overlaps)
        pilot_overlaps_add_scores(residual.overlaps, residual.scores);
    if (status == PILOT_OK && residual.overlaps)
        pilot_overlaps_add_ivs(residual.overlaps);
    if (status == PILOT_OK && residual.overlaps)
        pilot_overlaps_pack(residual.overlaps, &residual.piece);
    if (status == PILOT_OK)
        status =
            pilot_targets_residuals(&residual.view, fits, residual.scores, &residual.piece, error);
    if (status == PILOT_OK)
        pilot_report_piece(report, pin->agency_index, &residual.piece);
    pilot_piece_clear(&residual.piece);
    for (size_t i = 0; i < regressions; i++)
        pilot_ols_scores_clear(&residual.scores[i]);
    free(residual.scores);
    pilot_instruments_clear(&residual.instruments);
    pilot_overlaps_free(residual.overlaps);
    pilot_subsets_free(residual.subsets);
    pilot_view_clear(&residual.view);
    return status;
}

/* ---- FINISH ---------------------------------------------------------------------------------- */

typedef struct finish {
    const pilot_analysis_t *analysis;
    const pilot_fits_t *fits;
    pilot_parts_t *parts;
    pilot_subsets_t **subsets; /* by agency */
    size_t *member;
    pilot_piece_reader_t *reader;   /* [member] */
    pilot_estimate_t *estimate;     /* [subset][model][response][treatment] */
    pilot_convention_t *convention; /* PILOT_CONVENTIONS of each estimate */
    pilot_estimate_t *iv;           /* [subset][response][treatment] */
    pilot_overlaps_t *overlaps;     /* of the levels of all; NULL: no gaps */
} finish_t;

static pilot_status_t finish_subset(finish_t *finish, size_t subset, pilot_error_t *error)
{
    const pilot_analysis_t *analysis = finish->analysis;
    pilot_parts_t *parts = finish->parts;
    size_t members = pilot_members(finish->subsets, parts->pieces,
                                   &finish->fits->subsets->subset[subset], finish->member);
    for (size_t m = 0; m < members; m++)
        finish->reader[m] = parts->reader[finish->member[m]];
    pilot_status_t status = PILOT_OK;
    size_t first = pilot_analysis_regressions(analysis, subset);
    size_t last = pilot_analysis_regressions(analysis, subset + 1);
    for (size_t next = first; next < last && status == PILOT_OK; next++) {
        size_t i = first + pilot_regressions_place(analysis, next - first);
        size_t at = i * analysis->treatments;
        status = pilot_pooled_ols_finish(finish->fits->fit[i], finish->reader, members,
                                         analysis->spec->confidence, &finish->estimate[at],
                                         &finish->convention[at * PILOT_CONVENTIONS], error);
    }
    if (status == PILOT_OK && analysis->has_iv) {
        size_t each = analysis->treatments * pilot_instrument_fits(analysis);
        status = pilot_instruments_finish(
            analysis, (const pilot_pooled_ols_fit_t *const *)&finish->fits->iv[subset * each],
            finish->reader, members,
            &finish->iv[subset * analysis->responses * analysis->treatments], error);
    }
    for (size_t m = 0; m < members; m++)
        parts->reader[finish->member[m]] = finish->reader[m];
    return status;
}

static pilot_status_t finish_subsets(finish_t *finish, pilot_error_t *error)
{
    for (size_t a = 0; a < finish->parts->pieces; a++) {
        pilot_status_t status = pilot_subsets_unpack(finish->analysis, &finish->parts->reader[a],
                                                     &finish->subsets[a], error);
        if (status != PILOT_OK)
            return status;
    }
    for (size_t s = 0; s < finish->fits->subsets->count; s++) {
        pilot_status_t status = finish_subset(finish, s, error);
        if (status != PILOT_OK)
            return status;
    }
    pilot_status_t status = PILOT_OK;
    for (size_t a = 0; finish->overlaps && a < finish->parts->pieces && status == PILOT_OK; a++)
        status = pilot_overlaps_merge(finish->overlaps, finish->fits->subsets, finish->subsets[a],
                                      &finish->parts->reader[a], error);
    return status;
}

static size_t instrument_estimates(const finish_t *finish)
{
    const pilot_analysis_t *analysis = finish->analysis;
    size_t cells = finish->fits->subsets->count * analysis->responses;
    return analysis->has_iv ? cells * analysis->treatments : 0;
}

static void refuse_all(finish_t *finish)
{
    for (size_t i = 0; i < finish->fits->fits * finish->analysis->treatments; i++) {
        pilot_estimate_refuse(&finish->estimate[i], PILOT_REASON_JOB_FAILED);
        finish->estimate[i].status = PILOT_ROW_JOB_FAILED;
    }
    for (size_t i = 0; i < instrument_estimates(finish); i++) {
        pilot_estimate_refuse(&finish->iv[i], PILOT_REASON_JOB_FAILED);
        finish->iv[i].status = PILOT_ROW_JOB_FAILED;
    }
}

static bool is_regression(const pilot_row_key_t *key)
{
    pilot_estimator_t estimator = key->slot->estimator;
    return key->slot->defined &&
           (estimator == PILOT_ESTIMATORS ||
            pilot_estimator_facts(estimator)->family == PILOT_FAMILY_REGRESSION);
}

static pilot_estimate_t *instrument_estimate(finish_t *finish, const pilot_row_key_t *key,
                                             pilot_gaps_t *gaps, const char **ret_estimator)
{
    const pilot_analysis_t *analysis = finish->analysis;
    size_t cell = key->subset * analysis->responses +
                  pilot_analysis_response(analysis, key->outcome, key->slot);
    pilot_estimate_t *estimate = &finish->iv[cell * analysis->treatments + key->arm - 1];
    *ret_estimator = key->estimator;
    pilot_mark_partial(estimate, finish->fits->given_up);
    pilot_gaps_keep(gaps, key, PILOT_GAP_IV, key->estimator, estimate);
    return estimate;
}

/* The estimate of a key that is no gap, kept for gaps; NULL where `auto` took difference_in_means
 * (POOL has its row). */
static pilot_estimate_t *level_estimate(finish_t *finish, const pilot_row_key_t *key,
                                        pilot_gaps_t *gaps, const char **ret_estimator)
{
    const pilot_analysis_t *analysis = finish->analysis;
    bool automatic = key->slot->estimator == PILOT_ESTIMATORS;
    if (key->slot->estimator == PILOT_IV)
        return instrument_estimate(finish, key, gaps, ret_estimator);
    size_t at =
        pilot_analysis_regression(analysis, key->subset, key->slot->estimator,
                                  pilot_analysis_response(analysis, key->outcome, key->slot));
    const pilot_regression_choice_t *choice = pilot_pooled_ols_choice(finish->fits->fit[at]);
    bool difference = automatic && choice->difference;
    pilot_estimate_t *estimate = &finish->estimate[at * analysis->treatments + key->arm - 1];
    *ret_estimator = difference ? "ols" : pilot_regression_choice_name(choice);
    pilot_mark_partial(estimate, finish->fits->given_up);
    if (!automatic || pilot_fits_gap_is_regression(finish->fits, analysis, key))
        pilot_gaps_keep(gaps, key, PILOT_GAP_REGRESSION, *ret_estimator, estimate);
    return difference ? NULL : estimate;
}

static void report_rows(finish_t *finish, pilot_report_t *report)
{
    const pilot_analysis_t *analysis = finish->analysis;
    pilot_subsets_t *all = finish->fits->subsets;
    pilot_row_keys_t keys = pilot_subsets_keys(all, analysis);
    pilot_row_key_t key;
    pilot_gaps_t gaps;
    pilot_gaps_init(&gaps, analysis, all, finish->overlaps);
    while (pilot_row_keys_next(&keys, &key)) {
        if (!is_regression(&key))
            continue;
        const pilot_subset_t *subset = &all->subset[key.subset];
        pilot_estimate_t gap, *estimate = &gap;
        const char *estimator = NULL;
        if (key.gap) {
            if (!pilot_gaps_estimate(&gaps, &key, &estimator, &gap))
                continue; /* auto, differences in means: POOL */
        } else {
            estimate = level_estimate(finish, &key, &gaps, &estimator);
        }
        if (estimate)
            pilot_report_estimate(report, &key, NULL, subset->name, subset->level, estimator,
                                  estimate);
        if (estimate && !key.gap && key.slot->estimator != PILOT_IV)
            pilot_report_conventions(
                report, estimate,
                &finish->convention[(size_t)(estimate - finish->estimate) * PILOT_CONVENTIONS]);
    }
    pilot_gaps_clear(&gaps);
}

static bool has_all_agencies(const finish_t *finish)
{
    const pilot_fits_t *fits = finish->fits;
    return finish->parts->pieces == fits->agencies &&
           memcmp(finish->parts->agency_index, fits->agency_index,
                  fits->agencies * sizeof *fits->agency_index) == 0;
}

pilot_status_t pilot_finish(const pilot_analysis_t *analysis, const pilot_fits_t *fits,
                            pilot_parts_t *parts, pilot_report_t *report, pilot_error_t *error)
{
    size_t agencies = parts->pieces;
    size_t estimates = fits->fits * analysis->treatments;
    finish_t finish = {.analysis = analysis,
                       .fits = fits,
                       .parts = parts,
                       .subsets = PILOT_NEW_ARRAY(pilot_subsets_t *, agencies),
                       .member = PILOT_NEW_ARRAY(size_t, agencies),
                       .reader = PILOT_NEW_ARRAY(pilot_piece_reader_t, agencies),
                       .estimate = PILOT_NEW_ARRAY(pilot_estimate_t, estimates),
                       .convention =
                           PILOT_NEW_ARRAY(pilot_convention_t, estimates * PILOT_CONVENTIONS)};
    finish.iv = PILOT_NEW_ARRAY(pilot_estimate_t, instrument_estimates(&finish));
    if (analysis->gaps)
        finish.overlaps = pilot_overlaps_new(analysis, fits->subsets);
    bool has_all = has_all_agencies(&finish);
    pilot_status_t status = PILOT_OK;
    if (has_all)
        status = finish_subsets(&finish, error);
    else
        refuse_all(&finish);
    if (status == PILOT_OK)
        status = pilot_targets_finish(analysis, fits, finish.estimate, parts->reader,
                                      has_all ? agencies : 0, report, error);
    if (status == PILOT_OK)
        report_rows(&finish, report);
    for (size_t a = 0; a < agencies; a++)
        pilot_subsets_free(finish.subsets[a]);
    free(finish.subsets);
    free(finish.member);
    free(finish.reader);
    free(finish.estimate);
    free(finish.convention);
    free(finish.iv);
    pilot_overlaps_free(finish.overlaps);
    return status;
}
