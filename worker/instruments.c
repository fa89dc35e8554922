#include "instruments.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/joint.h"
#include "pilot/memory.h"
#include "pooled_task.h"

static const pilot_regression_model_t additive = PILOT_MODEL_OLS;

/* Is the covariance of the two regressions that of their sum?  Scores of clusters that span
 * agencies are known nowhere. */
static bool by_sum(const pilot_analysis_t *analysis)
{
    return analysis->spec->across && analysis->spec->has_cluster;
}

/* Regressions of one response. */
static size_t fits_of_response(const pilot_analysis_t *analysis)
{
    return by_sum(analysis) ? 3 : 2;
}

size_t pilot_instrument_fits(const pilot_analysis_t *analysis)
{
    return analysis->responses * fits_of_response(analysis);
}

/* ---- columns --------------------------------------------------------------------------------- */

static const pilot_column_t *received_column(const pilot_view_t *view)
{
    return &view->dataset->column[view->analysis->layout->received];
}

static uint8_t *both_given(const pilot_view_t *view, size_t response)
{
    size_t rows = view->frame.rows;
    const uint8_t *outcome = view->response[response].present;
    const uint8_t *received = received_column(view)->present;
    uint8_t *present = PILOT_NEW_ARRAY(uint8_t, rows);
    for (size_t i = 0; i < rows; i++)
        present[i] = (!outcome || outcome[i]) && (!received || received[i]);
    return present;
}

void pilot_instruments_init(pilot_instruments_t *instruments, pilot_view_t *view)
{
    const pilot_analysis_t *analysis = view->analysis;
    size_t fits = pilot_instrument_fits(analysis), rows = view->frame.rows;
    *instruments = (pilot_instruments_t){
        .view = view,
        .column = PILOT_NEW_ARRAY(pilot_variable_t, fits),
        .received = PILOT_NEW_ARRAY(double, rows),
        .present = PILOT_NEW_ARRAY(uint8_t *, analysis->responses),
        .sum = by_sum(analysis) ? PILOT_NEW_ARRAY(double, analysis->responses *rows) : NULL,
        .row = PILOT_NEW_ARRAY(uint32_t, rows),
        .scores = PILOT_NEW_ARRAY(pilot_ols_scores_t, fits),
        .estimate = PILOT_NEW_ARRAY(pilot_estimate_t, fits * analysis->treatments)};
    for (size_t r = 0; r < analysis->responses; r++)
        instruments->present[r] = both_given(view, r);
}

void pilot_instruments_clear(pilot_instruments_t *instruments)
{
    if (!instruments->view)
        return;
    const pilot_analysis_t *analysis = instruments->view->analysis;
    for (size_t r = 0; r < analysis->responses; r++)
        free(instruments->present[r]);
    for (size_t i = 0; i < pilot_instrument_fits(analysis); i++)
        pilot_ols_scores_clear(&instruments->scores[i]);
    free(instruments->column);
    free(instruments->received);
    free(instruments->present);
    free(instruments->sum);
    free(instruments->row);
    free(instruments->scores);
    free(instruments->estimate);
    *instruments = (pilot_instruments_t){0};
}

/* An arm's name means 1{received = arm}: of this contrast's arm. */
static void set_received(pilot_instruments_t *instruments, size_t arm)
{
    const pilot_column_t *column = received_column(instruments->view);
    for (size_t i = 0; i < instruments->view->frame.rows; i++)
        instruments->received[i] =
            column->is_arm ? column->value[i] == (double)arm : column->value[i];
}

static void set_columns(pilot_instruments_t *instruments)
{
    const pilot_view_t *view = instruments->view;
    const pilot_analysis_t *analysis = view->analysis;
    size_t rows = view->frame.rows, each = fits_of_response(analysis);
    for (size_t r = 0; r < analysis->responses; r++) {
        pilot_variable_t *column = &instruments->column[r * each];
        const uint8_t *present = instruments->present[r];
        column[0] = (pilot_variable_t){.value = view->response[r].value, .present = present};
        column[1] = (pilot_variable_t){.value = instruments->received, .present = present};
        if (each < 3)
            continue;
        double *sum = &instruments->sum[r * rows];
        for (size_t i = 0; i < rows; i++)
            sum[i] = present[i] ? column[0].value[i] + column[1].value[i] : 0;
        column[2] = (pilot_variable_t){.value = sum, .present = present};
    }
}

/* The regression of a subset's rows in the contrast's two arms; rows live until the next call. */
static pilot_ols_task_t contrast_task(pilot_instruments_t *instruments,
                                      const pilot_subset_t *subset, size_t arm, size_t group)
{
    const uint16_t *code = instruments->view->frame.arm;
    pilot_ols_task_t task = pilot_view_task(instruments->view, subset, group);
    size_t rows = 0, candidates = task.row ? task.rows : instruments->view->frame.rows;
    for (size_t i = 0; i < candidates; i++) {
        uint32_t row = task.row ? task.row[i] : (uint32_t)i;
        if (code[row] == 0 || code[row] == arm)
            instruments->row[rows++] = row;
    }
    task.row = instruments->row;
    task.rows = rows;
    task.interact = false;
    task.classical_scores = true;
    set_received(instruments, arm);
    set_columns(instruments);
    return task;
}

/* ---- from two regressions to a row ----------------------------------------------------------- */

static double square(pilot_number_t number)
{
    return number.given ? number.value * number.value : 0;
}

/* Residuals of no size are no obstacle: their variance is 0. */
static bool is_exact(const pilot_estimate_t *estimate)
{
    return estimate->reason == PILOT_REASON_ZERO_VARIANCE ||
           estimate->reason == PILOT_REASON_CONSTANT_OUTCOME;
}

static bool has_variance(const pilot_estimate_t *estimate)
{
    return estimate->std_error.given || is_exact(estimate);
}

/* known: the covariance is; it is not where clusters tie too many blocks together. */
static pilot_estimate_t finish_row(const pilot_analysis_t *analysis, const pilot_estimate_t *form,
                                   const pilot_estimate_t *stage, double covariance, bool known)
{
    pilot_estimate_t row = *form;
    row.estimate = row.std_error = row.df = row.statistic = row.p_value = PILOT_ABSENT;
    row.ci_low = row.ci_high = PILOT_ABSENT;
    const pilot_estimate_t *without = !form->estimate.given ? form : stage;
    if (!form->estimate.given || !stage->estimate.given) {
        pilot_estimate_refuse(&row, without->reason);
        return row;
    }
    bool exact = is_exact(form) || is_exact(stage);
    if (exact) {
        row.status = PILOT_ROW_OK;
        row.reason = PILOT_REASON_NONE;
    }
    const pilot_estimate_t *worse = !has_variance(form)    ? form
                                    : !has_variance(stage) ? stage
                                                           : NULL;
    if (worse || !known) {
        if (stage->estimate.value != 0)
            row.estimate = PILOT_GIVEN(form->estimate.value / stage->estimate.value);
        pilot_estimate_refuse(&row, worse ? worse->reason : PILOT_REASON_NOT_IN_THIS_VERSION);
        return row;
    }
    pilot_iv_parts_t parts = {.reduced_form = form->estimate.value,
                              .first_stage = stage->estimate.value,
                              .variance_reduced = square(form->std_error),
                              .variance_first = square(stage->std_error),
                              .covariance = exact ? 0 : covariance,
                              .df = form->df.given ? form->df : stage->df};
    pilot_iv_finish(&parts, analysis->spec->confidence, &row, NULL);
    if (row.reason == PILOT_REASON_ZERO_VARIANCE && form->reason == PILOT_REASON_CONSTANT_OUTCOME)
        row.reason = PILOT_REASON_CONSTANT_OUTCOME;
    return row;
}

/* Of the sum's variance: the covariance of its terms. */
static double from_sum(const pilot_estimate_t *estimate, size_t treatments)
{
    return (square(estimate[2 * treatments].std_error) - square(estimate[0].std_error) -
            square(estimate[treatments].std_error)) /
           2;
}

/* ---- one agency ------------------------------------------------------------------------------ */

void pilot_instruments_estimate(pilot_instruments_t *instruments, pilot_ols_t *ols,
                                const pilot_subset_t *subset, size_t index, size_t arm,
                                pilot_estimate_t *ret_estimate)
{
    const pilot_analysis_t *analysis = instruments->view->analysis;
    size_t each = fits_of_response(analysis), treatments = analysis->treatments;
    for (size_t g = 0; g < analysis->groups; g++) {
        pilot_ols_task_t task = contrast_task(instruments, subset, arm, g);
        size_t first = analysis->group[g] * each, last = analysis->group[g + 1] * each;
        pilot_ols_estimate(
            ols, &task, &additive, 1, &instruments->column[first], last - first,
            &(pilot_ols_output_t){.estimate = &instruments->estimate[first * treatments],
                                  .scores = &instruments->scores[first]});
    }
    for (size_t r = 0; r < analysis->responses; r++) {
        const pilot_estimate_t *form = &instruments->estimate[r * each * treatments + arm - 1];
        const pilot_ols_scores_t *scores = &instruments->scores[r * each];
        double covariance =
            each == 3 ? from_sum(form, treatments)
                      : pilot_ols_scores_covariance(&scores[0], arm - 1, &scores[1], arm - 1);
        ret_estimate[r] = finish_row(analysis, form, &form[treatments], covariance, true);
        pilot_overlaps_keep_iv(instruments->overlaps, index, r, arm, &scores[0], &scores[1]);
    }
}

/* ---- pooled ---------------------------------------------------------------------------------- */

void pilot_instruments_moments(pilot_instruments_t *instruments, pilot_ols_t *ols,
                               const pilot_subset_t *subset, pilot_piece_t *piece)
{
    const pilot_analysis_t *analysis = instruments->view->analysis;
    size_t each = fits_of_response(analysis);
    for (size_t arm = 1; arm <= analysis->treatments; arm++)
        for (size_t g = 0; g < analysis->groups; g++) {
            pilot_ols_task_t task = contrast_task(instruments, subset, arm, g);
            size_t first = analysis->group[g] * each, last = analysis->group[g + 1] * each;
            pilot_pooled_ols_moments(ols, &task, &instruments->column[first], last - first, piece);
        }
}

pilot_status_t pilot_instruments_fit(const pilot_analysis_t *analysis, const pilot_subset_t *subset,
                                     pilot_piece_reader_t *reader, size_t agencies,
                                     pilot_pooled_ols_fit_t **ret_fit, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    size_t fits = pilot_instrument_fits(analysis), each = fits_of_response(analysis);
    for (size_t i = 0; i < analysis->treatments * fits && status == PILOT_OK; i++) {
        pilot_pooled_task_t pooled;
        pilot_pooled_task_init(&pooled, analysis, subset,
                               pilot_analysis_group(analysis, i % fits / each));
        pooled.task.interact = false;
        status =
            pilot_pooled_ols_fit(&pooled.task, &additive, 1, reader, agencies, &ret_fit[i], error);
        pilot_pooled_task_clear(&pooled);
    }
    return status;
}

pilot_status_t pilot_instruments_residuals(pilot_instruments_t *instruments, pilot_ols_t *ols,
                                           const pilot_subset_t *subset, size_t index,
                                           const pilot_pooled_ols_fit_t *const *fit,
                                           pilot_piece_t *piece, pilot_error_t *error)
{
    const pilot_analysis_t *analysis = instruments->view->analysis;
    size_t fits = pilot_instrument_fits(analysis), each = fits_of_response(analysis);
    pilot_status_t status = PILOT_OK;
    for (size_t arm = 1; arm <= analysis->treatments && status == PILOT_OK; arm++) {
        for (size_t g = 0; g < analysis->groups && status == PILOT_OK; g++) {
            pilot_ols_task_t task = contrast_task(instruments, subset, arm, g);
            size_t first = analysis->group[g] * each, last = analysis->group[g + 1] * each;
            status = pilot_pooled_ols_residuals(ols, &task, &instruments->column[first],
                                                last - first, &fit[(arm - 1) * fits + first], 1,
                                                piece, &instruments->scores[first], false, error);
        }
        for (size_t r = 0; r < analysis->responses && status == PILOT_OK; r++) {
            const pilot_ols_scores_t *scores = &instruments->scores[r * each];
            bool both = scores[0].available && scores[1].available;
            pilot_overlaps_keep_iv(instruments->overlaps, index, r, arm, &scores[0], &scores[1]);
            pilot_piece_add_count(piece, pilot_ols_scores_unknown(&scores[0], arm - 1) ||
                                             pilot_ols_scores_unknown(&scores[1], arm - 1));
            pilot_piece_add_number(
                piece,
                both ? pilot_ols_scores_covariance(&scores[0], arm - 1, &scores[1], arm - 1) : 0);
        }
    }
    return status;
}

static pilot_status_t finish_contrast(const pilot_analysis_t *analysis,
                                      const pilot_pooled_ols_fit_t *const *fit,
                                      pilot_piece_reader_t *reader, size_t agencies, size_t arm,
                                      pilot_estimate_t *estimate, pilot_estimate_t *ret_estimate,
                                      pilot_error_t *error)
{
    size_t fits = pilot_instrument_fits(analysis), each = fits_of_response(analysis);
    size_t treatments = analysis->treatments;
    for (size_t i = 0; i < fits; i++) {
        pilot_status_t status = pilot_pooled_ols_finish(fit[(arm - 1) * fits + i], reader, agencies,
                                                        analysis->spec->confidence,
                                                        &estimate[i * treatments], NULL, error);
        if (status != PILOT_OK)
            return status;
    }
    for (size_t r = 0; r < analysis->responses; r++) {
        const pilot_estimate_t *form = &estimate[r * each * treatments + arm - 1];
        double covariance = 0;
        bool known = true;
        for (size_t a = 0; a < agencies; a++) {
            const uint64_t *unknown = pilot_piece_take_counts(&reader[a], 1);
            const double *product = pilot_piece_take_numbers(&reader[a], 1);
            if (!unknown || !product)
                return pilot_error_set(error, PILOT_E_PROTOCOL, "a part without products of iv");
            known = known && *unknown == 0;
            covariance += *product;
        }
        if (each == 3)
            covariance = from_sum(form, treatments);
        ret_estimate[r * treatments + arm - 1] =
            finish_row(analysis, form, &form[treatments], covariance, known || each == 3);
    }
    return PILOT_OK;
}

pilot_status_t pilot_instruments_finish(const pilot_analysis_t *analysis,
                                        const pilot_pooled_ols_fit_t *const *fit,
                                        pilot_piece_reader_t *reader, size_t agencies,
                                        pilot_estimate_t *ret_estimate, pilot_error_t *error)
{
    pilot_estimate_t *estimate =
        PILOT_NEW_ARRAY(pilot_estimate_t, pilot_instrument_fits(analysis) * analysis->treatments);
    pilot_status_t status = PILOT_OK;
    for (size_t arm = 1; arm <= analysis->treatments && status == PILOT_OK; arm++)
        status =
            finish_contrast(analysis, fit, reader, agencies, arm, estimate, ret_estimate, error);
    free(estimate);
    return status;
}
