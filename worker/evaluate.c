#include "evaluate.h"

#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "contrasts.h"
#include "contributions.h"
#include "gaps.h"
#include "instruments.h"
#include "pilot/dim.h"
#include "pilot/memory.h"
#include "regressions.h"
#include "targets.h"

/* What one agency's rows give, by [subset][response](treatment). */
typedef struct evaluation {
    pilot_view_t view;
    pilot_contrasts_t contrasts;
    pilot_subsets_t *subsets;
    uint64_t *rows; /* with the outcome and a positive weight */
    pilot_dim_summary_t **summary;
    /* [subset][model][response](treatment); NULL where not asked for */
    pilot_estimate_t *regression;
    pilot_regression_choice_t *choice;
    pilot_convention_t *convention;  /* PILOT_CONVENTIONS of each estimate in regression */
    pilot_ols_scores_t *scores;      /* [subset][model][response]; of some, where needed */
    pilot_piece_t *moments;          /* by subset: of its regressions */
    pilot_instruments_t instruments; /* of iv */
    pilot_estimate_t *iv;            /* [subset][treatment][response] */
    pilot_overlaps_t *overlaps;      /* NULL: no gaps */
    pilot_gaps_t gaps;
} evaluation_t;

static size_t cell_of(const pilot_analysis_t *analysis, size_t subset, size_t response)
{
    return subset * analysis->responses + response;
}

static uint64_t count_rows(const pilot_view_t *view, const pilot_subset_t *subset, size_t response)
{
    const uint8_t *present = view->response[response].present;
    const double *weight = view->frame.weight;
    if (!present && !weight)
        return subset->rows;
    uint64_t rows = 0;
    for (size_t i = 0; i < subset->rows; i++) {
        size_t row = subset->level ? subset->row[i] : i;
        rows += (!present || present[row]) && (!weight || weight[row] > 0);
    }
    return rows;
}

static void evaluate_subset(evaluation_t *evaluation, pilot_ols_t *ols, size_t subset_index)
{
    pilot_view_t *view = &evaluation->view;
    const pilot_analysis_t *analysis = view->analysis;
    const pilot_subset_t *subset = &evaluation->subsets->subset[subset_index];
    bool across = analysis->spec->across;
    for (size_t i = 0; i < analysis->responses; i++) {
        size_t cell = cell_of(analysis, subset_index, i);
        evaluation->rows[cell] = count_rows(view, subset, i);
        evaluation->summary[cell] =
            pilot_dim_summarize(&view->frame, &view->response[i],
                                subset->level ? subset->row : NULL, subset->rows, across);
    }
    if (analysis->models == 0 || analysis->responses == 0)
        return;
    size_t first = pilot_analysis_regressions(analysis, subset_index);
    pilot_ols_output_t wanted = {.moments = &evaluation->moments[subset_index]};
    if (evaluation->regression) {
        wanted.estimate = &evaluation->regression[first * analysis->treatments];
        wanted.choice = &evaluation->choice[first];
        wanted.convention =
            &evaluation->convention[first * analysis->treatments * PILOT_CONVENTIONS];
        if (pilot_overlaps_need_scores(evaluation->overlaps, analysis, subset_index))
            wanted.scores = &evaluation->scores[first];
    }
    pilot_regressions_estimate(view, ols, subset, evaluation->regression ? analysis->models : 0,
                               &wanted);
}

static void evaluate_instruments(evaluation_t *evaluation, pilot_ols_t *ols)
{
    const pilot_analysis_t *analysis = evaluation->view.analysis;
    size_t subsets = evaluation->subsets->count, treatments = analysis->treatments;
    evaluation->iv = PILOT_NEW_ARRAY(pilot_estimate_t, subsets * treatments * analysis->responses);
    for (size_t s = 0; s < subsets; s++)
        for (size_t arm = 1; arm <= treatments; arm++)
            pilot_instruments_estimate(
                &evaluation->instruments, ols, &evaluation->subsets->subset[s], s, arm,
                &evaluation->iv[(s * treatments + arm - 1) * analysis->responses]);
}

/* Of difference_in_means, ols, lin and iv; *ret_estimator: which, where `auto` chose. */
static pilot_estimate_t *linear_estimate(const evaluation_t *evaluation, const pilot_row_key_t *key,
                                         pilot_estimate_t *computed, const char **ret_estimator)
{
    const pilot_analysis_t *analysis = evaluation->view.analysis;
    size_t response = pilot_analysis_response(analysis, key->outcome, key->slot);
    pilot_estimator_t estimator = key->slot->estimator;
    size_t at = pilot_analysis_regression(analysis, key->subset, estimator, response);
    bool automatic = estimator == PILOT_ESTIMATORS;
    if (automatic)
        estimator =
            pilot_estimator_from_name(pilot_regression_choice_name(&evaluation->choice[at]));
    pilot_estimate_t *estimate = NULL;
    if (estimator == PILOT_OLS || estimator == PILOT_LIN) {
        estimate = &evaluation->regression[at * analysis->treatments + key->arm - 1];
    } else if (estimator == PILOT_DIFFERENCE_IN_MEANS) {
        const pilot_dim_summary_t *summary =
            evaluation->summary[cell_of(analysis, key->subset, response)];
        estimate = computed;
        pilot_dim_estimate(&summary, 1, key->arm, 0, analysis->spec->confidence, estimate);
        if (automatic)
            pilot_estimate_note(estimate, "auto: difference_in_means");
    } else if (estimator == PILOT_IV && evaluation->iv) {
        size_t contrast = key->subset * analysis->treatments + key->arm - 1;
        estimate = &evaluation->iv[contrast * analysis->responses + response];
    }
    *ret_estimator = pilot_estimator_facts(estimator)->name;
    return estimate;
}

/* The effects of a level that gaps are made of: where `auto` takes a regression in one level of the
 * subgroup, regressions in all. */
static void keep_linear(evaluation_t *evaluation, const pilot_row_key_t *key, const char *estimator,
                        const pilot_estimate_t *estimate)
{
    const pilot_analysis_t *analysis = evaluation->view.analysis;
    bool regression = key->slot->estimator != PILOT_DIFFERENCE_IN_MEANS;
    if (key->slot->estimator == PILOT_IV) {
        pilot_gaps_keep(&evaluation->gaps, key, PILOT_GAP_IV, estimator, estimate);
        return;
    }
    if (key->slot->estimator == PILOT_ESTIMATORS) {
        size_t response = pilot_analysis_response(analysis, key->outcome, key->slot);
        size_t at = pilot_analysis_regression(analysis, key->subset, PILOT_ESTIMATORS, response);
        const pilot_subset_t *all = evaluation->subsets->subset;
        regression = false;
        for (size_t s = 1; s < evaluation->subsets->count; s++)
            regression |=
                all[s].subgroup == all[key->subset].subgroup &&
                !evaluation
                     ->choice[pilot_analysis_regression(analysis, s, PILOT_ESTIMATORS, response)]
                     .difference;
        if (regression && evaluation->choice[at].difference)
            estimator = "ols";
        if (regression)
            estimate = &evaluation->regression[at * analysis->treatments + key->arm - 1];
    }
    pilot_gaps_keep(&evaluation->gaps, key,
                    regression ? PILOT_GAP_REGRESSION : PILOT_GAP_DIFFERENCE, estimator, estimate);
}

/* NULL: the row is of no regression of its own. */
static const pilot_convention_t *conventions_of(const evaluation_t *evaluation,
                                                const pilot_row_key_t *key, const char *estimator)
{
    const pilot_analysis_t *analysis = evaluation->view.analysis;
    pilot_estimator_t given = pilot_estimator_from_name(estimator);
    if (key->gap || !key->slot->defined || (given != PILOT_OLS && given != PILOT_LIN))
        return NULL;
    size_t response = pilot_analysis_response(analysis, key->outcome, key->slot);
    size_t at = pilot_analysis_regression(analysis, key->subset, key->slot->estimator, response);
    return &evaluation->convention[(at * analysis->treatments + key->arm - 1) * PILOT_CONVENTIONS];
}

static void report_row(evaluation_t *evaluation, const pilot_row_key_t *key, const char *agency,
                       pilot_report_t *report)
{
    const pilot_subset_t *subset = &evaluation->subsets->subset[key->subset];
    const char *estimator = key->estimator;
    pilot_estimate_t computed, *estimate = NULL;
    if (key->gap) {
        if (pilot_gaps_estimate(&evaluation->gaps, key, &estimator, &computed))
            estimate = &computed;
    } else if (pilot_row_job(key->slot) == PILOT__JOB_KIND__WHOLE) {
        estimate = pilot_contrasts_estimate(&evaluation->contrasts, key, subset);
        if (estimate)
            pilot_gaps_keep(&evaluation->gaps, key, PILOT_GAP_CONTRAST, estimator, estimate);
    } else if (key->slot->defined) {
        estimate = linear_estimate(evaluation, key, &computed, &estimator);
        if (estimate && key->subset > 0)
            keep_linear(evaluation, key, estimator, estimate);
    }
    pilot_report_estimate(report, key, agency, subset->name, subset->level, estimator, estimate);
    const pilot_convention_t *convention = conventions_of(evaluation, key, estimator);
    if (convention)
        pilot_report_conventions(report, estimate, convention);
}

static void write_piece(evaluation_t *evaluation, pilot_ols_t *ols, const pilot_checks_t *checks,
                        uint32_t agency_index, pilot_report_t *report)
{
    pilot_view_t *view = &evaluation->view;
    const pilot_analysis_t *analysis = view->analysis;
    pilot_piece_t piece = {0};
    pilot_subsets_pack(evaluation->subsets, analysis, &piece);
    pilot_checks_pack(checks, &piece);
    if (evaluation->overlaps)
        pilot_overlaps_pack(evaluation->overlaps, &piece);
    for (size_t s = 0; s < evaluation->subsets->count; s++) {
        size_t first = cell_of(analysis, s, 0);
        pilot_piece_add_counts(&piece, &evaluation->rows[first], analysis->responses);
        for (size_t i = 0; i < analysis->responses; i++)
            pilot_dim_pack(evaluation->summary[first + i], &piece);
        pilot_piece_append(&piece, &evaluation->moments[s]);
        if (analysis->has_iv)
            pilot_instruments_moments(&evaluation->instruments, ols,
                                      &evaluation->subsets->subset[s], &piece);
    }
    pilot_targets_moments(view, &piece);
    pilot_report_piece(report, agency_index, &piece);
}

/* Where attrition rings, bounds stand beside the estimates though the plan does not ask. */
static void report_bounds(evaluation_t *evaluation, const pilot_check_rows_t *rows,
                          const char *agency, pilot_report_t *report)
{
    const pilot_analysis_t *analysis = evaluation->view.analysis;
    pilot_row_keys_t keys = pilot_subsets_keys(evaluation->subsets, analysis);
    for (size_t i = 0; i < analysis->outcomes; i++) {
        if (!pilot_row_may_have_bounds(analysis->slots, i))
            continue;
        for (size_t arm = 1; arm <= analysis->treatments; arm++)
            if (pilot_check_rows_attrition(rows, i, arm))
                pilot_contrasts_report_bounds(&evaluation->contrasts, &keys, i, arm,
                                              &evaluation->subsets->subset[0], agency, report);
    }
}

static void report_effects(evaluation_t *evaluation, const pilot_check_rows_t *rows,
                           const char *agency, pilot_report_t *report)
{
    const pilot_analysis_t *analysis = evaluation->view.analysis;
    pilot_row_keys_t keys = pilot_subsets_keys(evaluation->subsets, analysis);
    pilot_row_key_t key;
    while (pilot_row_keys_next(&keys, &key))
        report_row(evaluation, &key, agency, report);
    report_bounds(evaluation, rows, agency, report);
    pilot_contrasts_report_curves(&evaluation->contrasts, evaluation->subsets, 0,
                                  analysis->outcomes - 1, agency, report);
}

static void evaluation_init(evaluation_t *evaluation, const pilot_analysis_t *analysis,
                            const pilot_dataset_t *dataset, const Pilot__Pin *pin)
{
    *evaluation = (evaluation_t){0};
    pilot_view_init(&evaluation->view, analysis, dataset, pin->agency);
    pilot_view_make_responses(&evaluation->view);
    pilot_contrasts_init(&evaluation->contrasts, &evaluation->view, pin->agency_index);
    evaluation->subsets = pilot_subsets_of(analysis, dataset);
    size_t subsets = evaluation->subsets->count, cells = subsets * analysis->responses;
    evaluation->rows = PILOT_NEW_ARRAY(uint64_t, cells);
    evaluation->summary = PILOT_NEW_ARRAY(pilot_dim_summary_t *, cells);
    evaluation->moments = PILOT_NEW_ARRAY(pilot_piece_t, subsets);
    size_t regressions = pilot_analysis_regressions(analysis, subsets);
    if (!analysis->spec->across && regressions > 0) {
        evaluation->regression =
            PILOT_NEW_ARRAY(pilot_estimate_t, regressions * analysis->treatments);
        evaluation->choice = PILOT_NEW_ARRAY(pilot_regression_choice_t, regressions);
        evaluation->convention = PILOT_NEW_ARRAY(
            pilot_convention_t, regressions * analysis->treatments * PILOT_CONVENTIONS);
    }
    if (analysis->gaps)
        evaluation->overlaps = pilot_overlaps_of(&evaluation->view, evaluation->subsets);
    evaluation->scores = PILOT_NEW_ARRAY(pilot_ols_scores_t, regressions);
    pilot_gaps_init(&evaluation->gaps, analysis, evaluation->subsets, evaluation->overlaps);
    if (analysis->has_iv)
        pilot_instruments_init(&evaluation->instruments, &evaluation->view);
    evaluation->instruments.overlaps = evaluation->overlaps;
}

static void evaluation_clear(evaluation_t *evaluation)
{
    const pilot_analysis_t *analysis = evaluation->view.analysis;
    size_t subsets = evaluation->subsets->count;
    for (size_t i = 0; i < subsets * analysis->responses; i++)
        pilot_dim_summary_free(evaluation->summary[i]);
    free(evaluation->summary);
    free(evaluation->rows);
    free(evaluation->regression);
    free(evaluation->choice);
    free(evaluation->convention);
    free(evaluation->moments);
    for (size_t i = 0; i < pilot_analysis_regressions(analysis, subsets); i++)
        pilot_ols_scores_clear(&evaluation->scores[i]);
    free(evaluation->scores);
    pilot_instruments_clear(&evaluation->instruments);
    free(evaluation->iv);
    pilot_gaps_clear(&evaluation->gaps);
    pilot_overlaps_free(evaluation->overlaps);
    pilot_contrasts_clear(&evaluation->contrasts);
    pilot_subsets_free(evaluation->subsets);
    pilot_view_clear(&evaluation->view);
}

void pilot_evaluate_agency(const pilot_analysis_t *analysis, pilot_ols_t *ols,
                           const pilot_dataset_t *dataset, const Pilot__Pin *pin,
                           pilot_report_t *report)
{
    bool effects = !analysis->spec->across;
    evaluation_t evaluation;
    evaluation_init(&evaluation, analysis, dataset, pin);
    pilot_checks_t *checks = pilot_checks_of(&evaluation.view);
    pilot_check_rows_t *rows =
        pilot_checks_rows(analysis, (const pilot_checks_t *const *)&checks, 1);
    for (size_t s = 0; s < evaluation.subsets->count; s++)
        evaluate_subset(&evaluation, ols, s);
    if (analysis->has_iv && effects)
        evaluate_instruments(&evaluation, ols);
    if (evaluation.overlaps)
        pilot_overlaps_add_ivs(evaluation.overlaps);
    if (evaluation.overlaps && evaluation.regression)
        pilot_overlaps_add_scores(evaluation.overlaps, evaluation.scores);
    if (effects)
        report_effects(&evaluation, rows, pin->agency, report);
    pilot_check_rows_report(rows, pin->agency, report);
    if (effects)
        pilot_targets_report(&evaluation.view, evaluation.regression, evaluation.choice,
                             evaluation.scores, pin->agency, report);
    pilot_contributions_report(&evaluation.view, evaluation.subsets, pin->agency, report);
    write_piece(&evaluation, ols, checks, pin->agency_index, report);
    pilot_check_rows_free(rows);
    pilot_checks_free(checks);
    evaluation_clear(&evaluation);
}
