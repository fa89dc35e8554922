/* ratio_rate.c - log rate ratio by Poisson regression on the arm and block effects, with a sandwich
 * variance.  The block effects are profiled out: given the ratio, a block's events divide among
 * its arms in known shares, so a scalar Newton iteration over the blocks' totals is the whole fit.
 * See docs/methods/ratios.md. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "pilot/memory.h"
#include "ratio.h"
#include "ratio_rate.h"

#define MOST_STEPS 200

static void sum_blocks(rate_t *rate)
{
    const contrast_rows_t *rows = &rate->rows;
    free(rate->block);
    rate->block = PILOT_NEW_ARRAY(block_rate_t, rows->blocks + 1);
    for (size_t i = 0; i < rows->n; i++) {
        block_rate_t *block = &rate->block[rows->block[i]];
        compensated_add(&block->weight[rows->treated[i]], rows->weight[i]);
        compensated_add(&block->events[rows->treated[i]], rows->weight[i] * rows->outcome[i]);
    }
}

/* A block without events has no rate to multiply. */
static void drop_without_events(rate_t *rate)
{
    uint8_t *keep = PILOT_NEW_ARRAY(uint8_t, rate->rows.blocks + 1);
    for (size_t b = 0; b < rate->rows.blocks; b++) {
        keep[b] = events_of(&rate->block[b], 0) > 0 || events_of(&rate->block[b], 1) > 0;
        rate->without_events += !keep[b];
    }
    if (rate->without_events > 0 && rate->without_events < rate->rows.blocks) {
        contrast_rows_keep_blocks(&rate->rows, keep);
        sum_blocks(rate);
    }
    free(keep);
}

/* Score of the profile likelihood; sets shares and information. */
static double score(rate_t *rate, double log_ratio)
{
    compensated_t sum = {0}, information = {0};
    for (size_t b = 0; b < rate->rows.blocks; b++) {
        block_rate_t *block = &rate->block[b];
        double odds = weight_of(block, 1) / weight_of(block, 0) * exp(log_ratio);
        double one = events_of(block, 1), zero = events_of(block, 0), left = 1 / (1 + odds);
        block->share[0] = left;
        block->share[1] = isinf(odds) ? 1 : odds * left;
        compensated_add(&sum, one * left - zero * block->share[1]);
        compensated_add(&information, (one + zero) * block->share[1] * left);
    }
    rate->information = compensated_value(&information);
    return compensated_value(&sum);
}

static double total_events(const rate_t *rate, int arm)
{
    compensated_t sum = {0};
    for (size_t b = 0; b < rate->rows.blocks; b++)
        compensated_add(&sum, events_of(&rate->block[b], arm));
    return compensated_value(&sum);
}

/* Mantel and Haenszel's rate ratio: exact with one block, near in all. */
static double first_guess(const rate_t *rate)
{
    compensated_t one = {0}, zero = {0};
    for (size_t b = 0; b < rate->rows.blocks; b++) {
        const block_rate_t *block = &rate->block[b];
        double w1 = weight_of(block, 1), w0 = weight_of(block, 0);
        compensated_add(&one, events_of(block, 1) * (w0 / (w1 + w0)));
        compensated_add(&zero, events_of(block, 0) * (w1 / (w1 + w0)));
    }
    return log(compensated_value(&one) / compensated_value(&zero));
}

/* Newton within a bracket that the falling score narrows. */
static bool fit(rate_t *rate)
{
    double at = first_guess(rate), low = -INFINITY, high = INFINITY;
    if (rate->rows.blocks == 1) {
        const block_rate_t *block = rate->block;
        at = log(events_of(block, 1) / weight_of(block, 1)) -
             log(events_of(block, 0) / weight_of(block, 0));
        score(rate, at);
        rate->log_ratio = at;
        return isfinite(at);
    }
    for (int step = 0; step < MOST_STEPS && isfinite(at); step++) {
        double left = score(rate, at), next = at + left / rate->information;
        if (left > 0)
            low = at;
        else
            high = at;
        if (fabs(next - at) <= 4 * DBL_EPSILON * fmax(1, fabs(at)) || left == 0) {
            rate->log_ratio = at;
            return true;
        }
        if (!(next > low && next < high))
            next =
                isfinite(low) && isfinite(high) ? low + (high - low) / 2 : at + (left > 0 ? 1 : -1);
        at = next;
    }
    return false;
}

/* Clusters, or rows, of each arm. */
static void count_units(const rate_t *rate, size_t ret_units[2])
{
    const contrast_rows_t *rows = &rate->rows;
    uint8_t *seen = PILOT_NEW_ARRAY(uint8_t, rows->clusters + 1);
    ret_units[0] = ret_units[1] = 0;
    for (size_t i = 0; i < rows->n; i++) {
        uint8_t bit = rows->treated[i] ? 2 : 1;
        if (rows->cluster && seen[rows->cluster[i]] & bit)
            continue;
        if (rows->cluster)
            seen[rows->cluster[i]] |= bit;
        ret_units[rows->treated[i]]++;
    }
    free(seen);
}

/* What hinders a standard error of a rate ratio that is there. */
static pilot_reason_t hindrance(const rate_t *rate, pilot_reason_t unknown, double variance)
{
    size_t units[2];
    bool same;
    count_units(rate, units);
    if (contrast_rows_constant(&rate->rows, &same))
        return PILOT_REASON_CONSTANT_OUTCOME;
    if (units[0] == 1 || units[1] == 1) {
        if (rate->rows.cluster)
            return PILOT_REASON_ONE_CLUSTER_PER_ARM;
        return units[0] + units[1] == 2 ? PILOT_REASON_NO_RESIDUAL_DF
                                        : PILOT_REASON_SINGLETON_ARM_BLOCK;
    }
    if (unknown != PILOT_REASON_NONE)
        return unknown;
    /* Residuals of rounding's size relative to the means. */
    return variance <= 256 * DBL_EPSILON * DBL_EPSILON ? PILOT_REASON_ZERO_VARIANCE
                                                       : PILOT_REASON_NONE;
}

static void estimate(rate_t *rate, double confidence, pilot_estimate_t *row)
{
    double one = total_events(rate, 1), zero = total_events(rate, 0), variance;
    pilot_reason_t reason;
    if (one == 0 && zero == 0) {
        pilot_estimate_refuse(row, PILOT_REASON_CONSTANT_OUTCOME);
        pilot_estimate_note(row, "no events in either arm");
        return;
    }
    if (one == 0 || zero == 0) {
        pilot_estimate_refuse(row, PILOT_REASON_NOT_CONVERGED);
        ratio_note_extreme(row, one == 0 ? -INFINITY : INFINITY);
        pilot_estimate_note(row, "no events in the %s arm", one == 0 ? "treatment" : "control");
        return;
    }
    if (!isfinite(one) || !isfinite(zero) || !fit(rate)) {
        pilot_estimate_refuse(row, PILOT_REASON_NOT_CONVERGED);
        return;
    }
    row->estimate = PILOT_GIVEN(rate->log_ratio);
    reason = rate_ratio_variance(rate, &variance);
    reason = hindrance(rate, reason, variance);
    if (reason != PILOT_REASON_NONE) {
        contrast_no_std_error(row, reason);
    } else {
        row->std_error = PILOT_GIVEN(sqrt(variance));
        row->std_error_type = rate->rows.cluster ? PILOT_SE_CR2 : PILOT_SE_HC2;
        pilot_estimate_infer(row, confidence);
    }
    ratio_note(row);
}

static bool is_rate(const contrast_rows_t *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        if (!(rows->outcome[i] >= 0))
            return false;
    return true;
}

void pilot_rate_ratio_estimate(const pilot_sample_t *sample,
                               const pilot_contrast_options_t *options,
                               pilot_estimate_t *ret_estimate)
{
    rate_t rate = {0};
    pilot_estimate_t row = {.status = PILOT_ROW_OK};
    contrast_rows_take(sample, &rate.rows);
    contrast_rows_drop_lacking(&rate.rows);
    if (!contrast_rows_refuse(&rate.rows, sample, &row)) {
        if (is_rate(&rate.rows)) {
            sum_blocks(&rate);
            drop_without_events(&rate);
            contrast_rows_fill(&rate.rows, &row);
            estimate(&rate, options->confidence, &row);
        } else {
            pilot_estimate_refuse(&row, PILOT_REASON_OUTCOME_TYPE);
            pilot_estimate_note(&row, "a count below 0");
        }
    }
    contrast_rows_note_left_out(&rate.rows, 0, &row);
    if (rate.rows.blocked && rate.without_events > 0)
        pilot_estimate_note(&row, "%zu block%s without events add%s nothing", rate.without_events,
                            rate.without_events == 1 ? "" : "s",
                            rate.without_events == 1 ? "s" : "");
    ratio_note_crossing(&rate.rows, "each taken whole", &row);
    contrast_rows_clear(&rate.rows);
    free(rate.block);
    *ret_estimate = row;
}
