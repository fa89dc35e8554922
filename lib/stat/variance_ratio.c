/* variance_ratio.c - log(s1^2/s0^2): did the pilot make outcomes more alike?
 *
 * Standard error from the fourth moments, which needs no normal distribution (Layard 1973, "Robust
 * large-sample tests for homogeneity of variances"); interval and p-value from the studentized
 * bootstrap (Davison & Hinkley 1997, section 5.2): docs/methods/variance-ratio.md. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "bootstrap.h"
#include "compensated.h"
#include "ordered_rows.h"
#include "pilot/memory.h"

/* With three units in a cell m4/m2^2 is 3/2, with two 1, whatever the outcomes. */
#define LEAST_UNITS ((size_t)4)

typedef struct ratio {
    double estimate, variance; /* of the logarithm */
    double plain;              /* log of the ratio of m2: what a draw's estimate aims at */
    double arm[2];             /* s^2 */
} ratio_t;

typedef struct work {
    const ordered_rows_t *rows;
    uint32_t *times;    /* units; how often each counts */
    double *unit_score; /* units; sum of w (d^2 - m2) of one copy */
} work_t;

typedef struct moments {
    double weight; /* of the draw's rows */
    double s2, m2; /* with and without the correction for the mean */
    double spread; /* variance of m2 */
} moments_t;

/* Mean of value - shift. */
static double cell_mean(const work_t *work, const ordered_cell_t *cell, double shift,
                        double *ret_weight, double *ret_squared)
{
    const ordered_rows_t *rows = work->rows;
    compensated_t weight = {0}, squared = {0}, sum = {0};
    for (size_t i = cell->first; i < cell->first + cell->rows; i++) {
        double w = rows->weight[i], times = work->times[rows->unit[i]];
        compensated_add(&weight, times * w);
        compensated_add(&squared, times * w * w);
        compensated_add(&sum, times * w * (rows->value[i] - shift));
    }
    *ret_weight = compensated_value(&weight);
    *ret_squared = compensated_value(&squared);
    return compensated_value(&sum) / *ret_weight;
}

/* The outcome of the first row that counts: cells of one value then have no spread at all. */
static double first_value(const work_t *work, const ordered_cell_t *cell)
{
    size_t i = cell->first;
    while (work->times[work->rows->unit[i]] == 0)
        i++;
    return work->rows->value[i];
}

static moments_t cell_moments(const work_t *work, const ordered_cell_t *cell)
{
    const ordered_rows_t *rows = work->rows;
    double shift = first_value(work, cell), squared, mean;
    compensated_t second = {0}, spread = {0};
    moments_t moments = {0};
    mean = cell_mean(work, cell, shift, &moments.weight, &squared);
    for (size_t i = cell->first; i < cell->first + cell->rows; i++) {
        double d = rows->value[i] - shift - mean;
        compensated_add(&second, work->times[rows->unit[i]] * rows->weight[i] * d * d);
    }
    moments.m2 = compensated_value(&second) / moments.weight;
    moments.s2 = compensated_value(&second) / (moments.weight - squared / moments.weight);
    for (size_t u = cell->first_unit; u < cell->first_unit + cell->units; u++)
        work->unit_score[u] = 0;
    for (size_t i = cell->first; i < cell->first + cell->rows; i++) {
        double d = rows->value[i] - shift - mean;
        work->unit_score[rows->unit[i]] += rows->weight[i] * (d * d - moments.m2);
    }
    for (size_t u = cell->first_unit; u < cell->first_unit + cell->units; u++) {
        double score = work->unit_score[u] / moments.weight;
        compensated_add(&spread, work->times[u] * score * score);
    }
    moments.spread = compensated_value(&spread);
    return moments;
}

/* Arms' variances are averages of the blocks' own, by the blocks' shares. */
static ratio_t compute_ratio(const work_t *work)
{
    const ordered_rows_t *rows = work->rows;
    compensated_t total = {0}, s2[2] = {{0, 0}, {0, 0}}, m2[2] = {{0, 0}, {0, 0}};
    compensated_t spread[2] = {{0, 0}, {0, 0}};
    ratio_t ratio = {0};
    for (size_t b = 0; b < rows->blocks; b++) {
        const moments_t cell[2] = {cell_moments(work, ordered_rows_cell(rows, b, 0)),
                                   cell_moments(work, ordered_rows_cell(rows, b, 1))};
        double weight = rows->blocks == 1 ? 1 : cell[0].weight + cell[1].weight;
        compensated_add(&total, weight);
        for (size_t z = 0; z < 2; z++) {
            compensated_add(&s2[z], weight * cell[z].s2);
            compensated_add(&m2[z], weight * cell[z].m2);
            compensated_add(&spread[z], weight * weight * cell[z].spread);
        }
    }
    for (size_t z = 0; z < 2; z++) {
        double second = compensated_value(&m2[z]);
        ratio.arm[z] = compensated_value(&s2[z]) / compensated_value(&total);
        ratio.variance += compensated_value(&spread[z]) / second / second;
    }
    ratio.estimate = log(ratio.arm[1] / ratio.arm[0]);
    ratio.plain = log(compensated_value(&m2[1]) / compensated_value(&m2[0]));
    return ratio;
}

/* Studentized distances of the draws from the resampled rows' own ratio, that of m2: a cell's rows
 * are the whole population of its draws, and their variance has the divisor n.  (With small cells
 * of unequal sizes the estimate itself is far from it.)  One whose arm has no variance counts as
 * extreme on either side: it stands in both lists, at the outer end. */
typedef struct draws {
    size_t count;
    double *low, *high; /* count each, sorted */
} draws_t;

static void take_draw(draws_t *draws, size_t at, const ratio_t *draw, const ratio_t *base)
{
    double t = (draw->estimate - base->plain) / sqrt(draw->variance);
    if (draw->variance == 0 && draw->estimate == base->plain)
        t = 0;
    draws->low[at] = isnan(t) || isinf(draw->estimate) ? -INFINITY : t;
    draws->high[at] = isnan(t) || isinf(draw->estimate) ? INFINITY : t;
}

static void run_draws(work_t *work, const pilot_contrast_options_t *options, const ratio_t *base,
                      draws_t *draws)
{
    for (size_t b = 0; b < draws->count; b++) {
        ratio_t draw;
        bootstrap_draw(work->rows, options, b, 0, work->times);
        draw = compute_ratio(work);
        take_draw(draws, b, &draw, base);
    }
    bootstrap_sort(draws->low, draws->count);
    bootstrap_sort(draws->high, draws->count);
}

/* Both tails have the same share, in the interval and in the p-value, so they agree. */
static void infer(const draws_t *draws, double confidence, pilot_estimate_t *row)
{
    double estimate = row->estimate.value, std_error = row->std_error.value;
    double statistic = estimate / std_error, p, low, high;
    size_t above = 1, below = 1;
    for (size_t b = 0; b < draws->count; b++) {
        above += draws->high[b] >= statistic;
        below += draws->low[b] <= statistic;
    }
    p = 2 * (double)(above < below ? above : below) / ((double)draws->count + 1);
    low =
        estimate - bootstrap_quantile(draws->high, draws->count, (1 + confidence) / 2) * std_error;
    high =
        estimate - bootstrap_quantile(draws->low, draws->count, (1 - confidence) / 2) * std_error;
    row->statistic = PILOT_GIVEN(statistic);
    row->p_value = PILOT_GIVEN(fmin(p, 1));
    if (isfinite(low) && isfinite(high)) {
        row->ci_low = PILOT_GIVEN(low);
        row->ci_high = PILOT_GIVEN(high);
        pilot_estimate_note(row, "ratio %.4g (%.4g to %.4g), %zu draws", exp(estimate), exp(low),
                            exp(high), draws->count);
    } else {
        pilot_estimate_note(row, "ratio %.4g; unbounded: too many of %zu draws have no variance",
                            exp(estimate), draws->count);
        row->status = PILOT_ROW_FLAGGED;
    }
}

static void refuse(pilot_estimate_t *row, const ratio_t *base)
{
    static const char *const arm[] = {"control", "treatment"};
    if (base->arm[0] == 0 && base->arm[1] == 0) {
        pilot_estimate_refuse(row, PILOT_REASON_CONSTANT_OUTCOME);
    } else if (base->arm[0] == 0 || base->arm[1] == 0) {
        pilot_estimate_refuse(row, PILOT_REASON_ZERO_VARIANCE);
        pilot_estimate_note(row, "constant in the %s arm: no ratio", arm[base->arm[1] == 0]);
    } else {
        pilot_estimate_refuse(row, PILOT_REASON_VARIANCE_UNIDENTIFIED);
        pilot_estimate_note(row, "sums go beyond the range of numbers");
    }
}

static void estimate_rows(const ordered_rows_t *rows, bool too_small,
                          const pilot_contrast_options_t *options, pilot_estimate_t *row)
{
    work_t work = {.rows = rows,
                   .times = PILOT_NEW_ARRAY(uint32_t, rows->units),
                   .unit_score = PILOT_NEW_ARRAY(double, rows->units)};
    draws_t draws = {.count = bootstrap_draws(options)};
    ratio_t base;
    for (size_t u = 0; u < rows->units; u++)
        work.times[u] = 1;
    base = compute_ratio(&work);
    ordered_rows_count(rows, row);
    if (isfinite(base.estimate))
        row->estimate = PILOT_GIVEN(base.estimate);
    if (rows->all_small) {
        pilot_estimate_refuse(row, ordered_rows_small_reason(rows));
    } else if (!isfinite(base.estimate) || !isfinite(base.variance)) {
        refuse(row, &base);
    } else if (too_small) {
        pilot_estimate_refuse(row, PILOT_REASON_NO_RESIDUAL_DF);
        pilot_estimate_note(row,
                            "fewer than %zu units in an arm say nothing of the spread of "
                            "their variance",
                            LEAST_UNITS);
    } else if (!(base.variance > 64 * DBL_EPSILON * DBL_EPSILON)) {
        pilot_estimate_refuse(row, PILOT_REASON_ZERO_VARIANCE);
        pilot_estimate_note(row, "all outcomes are equally far from their mean");
    } else {
        row->std_error = PILOT_GIVEN(sqrt(base.variance));
        row->std_error_type = PILOT_SE_LINEARIZED;
        draws.low = PILOT_NEW_ARRAY(double, draws.count);
        draws.high = PILOT_NEW_ARRAY(double, draws.count);
        run_draws(&work, options, &base, &draws);
        infer(&draws, options->confidence, row);
    }
    ordered_rows_note(rows, row);
    free(draws.low);
    free(draws.high);
    free(work.times);
    free(work.unit_score);
}

void pilot_variance_ratio_estimate(const pilot_sample_t *sample,
                                   const pilot_contrast_options_t *options,
                                   pilot_estimate_t *ret_estimate)
{
    pilot_estimate_t row = {.status = PILOT_ROW_OK};
    ordered_rows_t rows;
    pilot_reason_t reason = ordered_rows_make(sample, false, LEAST_UNITS, &rows);
    bool too_small = rows.all_small;
    if (too_small) {
        ordered_rows_clear(&rows);
        reason = ordered_rows_make(sample, false, 2, &rows);
    }
    if (reason != PILOT_REASON_NONE)
        pilot_estimate_refuse(&row, reason);
    else
        estimate_rows(&rows, too_small, options, &row);
    ordered_rows_clear(&rows);
    *ret_estimate = row;
}
