/* weighting.c - Horvitz-Thompson and Hajek estimators with design-based variances.  Formulas and
 * sources: docs/methods/weighting.md. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "contrast_rows.h"
#include "pilot/memory.h"

typedef enum source { FROM_DATA, FROM_PLAN, FROM_SHARES } source_t;

typedef struct weighting {
    contrast_rows_t rows;
    source_t source;
    double *chance; /* rows: of the own arm, of the contrast's two */
    contrast_unit_t *unit;
    size_t units;
    double *value;    /* units: what each adds to its arm's total, before 1/chance */
    size_t certain;   /* rows that could be in one arm only: left out */
    size_t one_of_it; /* arms of blocks with one unit: joint probability 0 */
} weighting_t;

static void clear(weighting_t *w)
{
    contrast_rows_clear(&w->rows);
    free(w->chance);
    free(w->unit);
    free(w->value);
}

/* Two arms: a row's own probability tells the other arm's. */
static void chances_of_two_arms(weighting_t *w)
{
    contrast_rows_t *rows = &w->rows;
    uint8_t *keep = pilot_alloc_raw(rows->n + 1, 1);
    for (size_t i = 0; i < rows->n; i++) {
        keep[i] = rows->probability[i] < 1;
        w->certain += !keep[i];
    }
    if (w->certain > 0)
        contrast_rows_keep_rows(rows, keep);
    free(keep);
    for (size_t i = 0; i < rows->n; i++)
        w->chance[i] = rows->probability[i];
}

/* More arms: the other arm's probability is known from the block's rows in it, if those agree. */
static bool chances_of_several_arms(weighting_t *w)
{
    contrast_rows_t *rows = &w->rows;
    double(*of_block)[2];
    bool agree = true;
    contrast_rows_drop_lacking(rows);
    of_block = pilot_alloc(rows->blocks + 1, sizeof *of_block);
    for (size_t i = 0; i < rows->n; i++) {
        double *known = &of_block[rows->block[i]][rows->treated[i] != 0];
        agree &= *known == 0 || *known == rows->probability[i];
        *known = rows->probability[i];
    }
    for (size_t i = 0; i < rows->n; i++) {
        const double *known = of_block[rows->block[i]];
        w->chance[i] = rows->probability[i] / (known[0] + known[1]);
    }
    free(of_block);
    return agree;
}

static void chances_of_plan(weighting_t *w, const pilot_sample_t *sample)
{
    double both = sample->arm_probability + sample->control_probability;
    for (size_t i = 0; i < w->rows.n; i++)
        w->chance[i] =
            (w->rows.treated[i] ? sample->arm_probability : sample->control_probability) / both;
}

/* Shares of the block's units. */
static void chances_of_shares(weighting_t *w)
{
    const contrast_rows_t *rows = &w->rows;
    size_t(*count)[2] = pilot_alloc(rows->blocks + 1, sizeof *count);
    for (size_t u = 0; u < w->units; u++)
        count[w->unit[u].block][w->unit[u].treated]++;
    for (size_t i = 0; i < rows->n; i++) {
        const size_t *arm = count[rows->block[i]];
        w->chance[i] = (double)arm[rows->treated[i] != 0] / (double)(arm[0] + arm[1]);
    }
    for (size_t b = 0; b < rows->blocks; b++)
        w->one_of_it += (size_t)(count[b][0] == 1) + (count[b][1] == 1);
    free(count);
}

/* A cluster is assigned as a whole, so its rows have one probability. */
static bool clusters_agree(const weighting_t *w)
{
    for (size_t u = 0; u < w->units; u++)
        for (size_t i = w->unit[u].first + 1; i < w->unit[u].end; i++)
            if (w->chance[i] != w->chance[w->unit[u].first])
                return false;
    return true;
}

static bool probabilities_in_range(const contrast_rows_t *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        if (!(rows->probability[i] > 0 && rows->probability[i] <= 1))
            return false;
    return true;
}

static void refuse_with(pilot_estimate_t *row, const char *why)
{
    pilot_estimate_refuse(row, PILOT_REASON_NOT_IN_THIS_VERSION);
    pilot_estimate_note(row, "%s", why);
}

/* Rows, units and their probabilities; false: the row is refused. */
static bool prepare(weighting_t *w, const pilot_sample_t *sample, pilot_estimate_t *row)
{
    bool known = true;
    contrast_rows_take(sample, &w->rows);
    w->chance = pilot_alloc_raw(w->rows.n + 1, sizeof *w->chance);
    if (w->rows.probability)
        w->source = FROM_DATA;
    else if (sample->arm_probability > 0 && sample->control_probability > 0)
        w->source = FROM_PLAN;
    else
        w->source = FROM_SHARES;
    if (w->source == FROM_DATA && !probabilities_in_range(&w->rows)) {
        refuse_with(row, "probabilities: one is not above 0 and at most 1");
        return false;
    }
    if (w->source == FROM_SHARES)
        contrast_rows_drop_lacking(&w->rows);
    else if (w->source == FROM_PLAN)
        chances_of_plan(w, sample);
    else if (sample->arms <= 2)
        chances_of_two_arms(w);
    else
        known = chances_of_several_arms(w);
    if (contrast_rows_refuse(&w->rows, sample, row)) {
        contrast_rows_note_left_out(&w->rows, 0, row);
        return false;
    }
    w->unit = contrast_rows_units(&w->rows, &w->units);
    w->value = pilot_alloc(w->units, sizeof *w->value);
    if (w->source == FROM_SHARES)
        chances_of_shares(w);
    if (!known)
        refuse_with(row, "probabilities differ within an arm of a block: with more than two arms "
                         "that of the other arm is then unknown");
    else if (!clusters_agree(w))
        refuse_with(row, "probabilities differ within a cluster, which is assigned as a whole");
    return row->status == PILOT_ROW_OK;
}

typedef struct moments {
    size_t n;
    double mean, squares; /* about the mean */
    double own_square;    /* sum of the squares themselves */
} moments_t;

static moments_t moments_of(const weighting_t *w, size_t first, size_t end, bool treated)
{
    compensated_t sum = {0}, squares = {0}, own = {0};
    moments_t moments = {0};
    for (size_t u = first; u < end; u++) {
        if (w->unit[u].treated != treated)
            continue;
        compensated_add(&sum, w->value[u]);
        compensated_add(&own, w->value[u] * w->value[u]);
        moments.n++;
    }
    moments.mean = compensated_value(&sum) / (double)moments.n;
    moments.own_square = compensated_value(&own);
    for (size_t u = first; u < end; u++) {
        double left = w->value[u] - moments.mean;
        if (w->unit[u].treated == treated)
            compensated_add(&squares, left * left);
    }
    moments.squares = compensated_value(&squares);
    return moments;
}

/* s^2/n; one unit: the bound 2v^2 that stands for its pairs, whose joint probability is 0
 * (Aronow & Samii 2013). */
static double arm_variance(const moments_t *moments)
{
    double n = (double)moments->n;
    return moments->n == 1 ? 2 * moments->own_square : moments->squares / (n - 1) / n;
}

/* Difference of totals and its variance when a fixed number of each block's n units is treated: the
 * joint-probability formula is n(n-1)(s1^2/n1 + s0^2/n0) + n(difference of means)^2. */
static double shares_total(const weighting_t *w, double *ret_variance)
{
    compensated_t total = {0}, variance = {0};
    for (size_t first = 0, end; first < w->units; first = end) {
        moments_t one, zero;
        double n, difference;
        for (end = first + 1; end < w->units && w->unit[end].block == w->unit[first].block;)
            end++;
        one = moments_of(w, first, end, true);
        zero = moments_of(w, first, end, false);
        n = (double)(end - first);
        difference = one.mean - zero.mean;
        compensated_add(&total, n * difference);
        compensated_add(&variance, n * (n - 1) * (arm_variance(&one) + arm_variance(&zero)));
        compensated_add(&variance, n * difference * difference);
    }
    *ret_variance = compensated_value(&variance);
    return compensated_value(&total);
}

/* The same when units are assigned independently of each other. */
static double declared_total(const weighting_t *w, double *ret_variance)
{
    compensated_t total = {0}, variance = {0};
    for (size_t u = 0; u < w->units; u++) {
        double term = w->value[u] / w->chance[w->unit[u].first];
        compensated_add(&total, w->unit[u].treated ? term : -term);
        compensated_add(&variance, term * term);
    }
    *ret_variance = compensated_value(&variance);
    return compensated_value(&total);
}

static double total(const weighting_t *w, double *ret_variance)
{
    return w->source == FROM_SHARES ? shares_total(w, ret_variance)
                                    : declared_total(w, ret_variance);
}

/* A variance of this size or less is rounding. */
static double rounding_floor(const contrast_rows_t *rows)
{
    double scale = 0;
    for (size_t i = 0; i < rows->n; i++)
        scale = fmax(scale, fabs(rows->outcome[i]));
    return 16 * DBL_EPSILON * DBL_EPSILON * scale * scale;
}

static void note(const weighting_t *w, pilot_estimate_t *row)
{
    static const char *const from[] = {[FROM_DATA] = "the data's column",
                                       [FROM_PLAN] = "the plan",
                                       [FROM_SHARES] = "shares of units"};
    size_t crossing = contrast_rows_crossing(&w->rows);
    contrast_rows_note_left_out(&w->rows, 0, row);
    if (w->certain > 0) {
        contrast_flag(row);
        pilot_estimate_note(row, "estimand_changed: %zu row%s with probability 1 left out",
                            w->certain, w->certain == 1 ? "" : "s");
    }
    if (crossing > 0) {
        contrast_flag(row);
        pilot_estimate_note(row,
                            "clusters_cross_blocks: %zu cluster%s in several blocks, where each "
                            "part counts as a cluster",
                            crossing, crossing == 1 ? "" : "s");
    }
    pilot_estimate_note(row, "probabilities from %s%s", from[w->source],
                        w->source == FROM_SHARES && w->rows.cluster ? " (clusters)" : "");
    if (w->one_of_it > 0)
        pilot_estimate_note(row, "variance bounded where an arm of a block has one unit (%zu)",
                            w->one_of_it);
}

static void finish(const weighting_t *w, double estimate, double variance, pilot_std_error_t type,
                   double confidence, pilot_estimate_t *row)
{
    bool same;
    contrast_rows_fill(&w->rows, row);
    row->clusters = w->rows.cluster ? w->units : 0;
    row->estimate = PILOT_GIVEN(estimate);
    if (!isfinite(estimate) || !isfinite(variance)) {
        if (!isfinite(estimate))
            row->estimate = row->control_mean = row->control_std_dev = PILOT_ABSENT;
        contrast_no_std_error(row, PILOT_REASON_VARIANCE_UNIDENTIFIED);
        pilot_estimate_note(row, "sums go beyond the range of numbers");
    } else if (row->reason != PILOT_REASON_NONE) {
        contrast_no_std_error(row, row->reason);
    } else if (variance <= rounding_floor(&w->rows)) {
        contrast_no_std_error(row, contrast_rows_constant(&w->rows, &same)
                                       ? PILOT_REASON_CONSTANT_OUTCOME
                                       : PILOT_REASON_ZERO_VARIANCE);
    } else {
        row->std_error = PILOT_GIVEN(sqrt(variance));
        row->std_error_type = type;
        pilot_estimate_infer(row, confidence);
    }
    note(w, row);
}

void pilot_horvitz_thompson_estimate(const pilot_sample_t *sample,
                                     const pilot_contrast_options_t *options,
                                     pilot_estimate_t *ret_estimate)
{
    weighting_t w = {0};
    pilot_estimate_t row = {.status = PILOT_ROW_OK};
    if (prepare(&w, sample, &row)) {
        compensated_t all = {0};
        double estimate, variance;
        for (size_t i = 0; i < w.rows.n; i++)
            compensated_add(&all, w.rows.weight[i]);
        for (size_t u = 0; u < w.units; u++) {
            compensated_t sum = {0};
            for (size_t i = w.unit[u].first; i < w.unit[u].end; i++)
                compensated_add(&sum, w.rows.weight[i] * w.rows.outcome[i]);
            w.value[u] = compensated_value(&sum) / compensated_value(&all);
        }
        estimate = total(&w, &variance);
        finish(&w, estimate, variance, PILOT_SE_YOUNG, options->confidence, &row);
    }
    clear(&w);
    *ret_estimate = row;
}

/* Weighted mean of an arm less `base`, and the sum of its weights w/chance. */
static double arm_mean(const weighting_t *w, bool treated, double base, double *ret_total)
{
    compensated_t weight = {0}, sum = {0};
    for (size_t i = 0; i < w->rows.n; i++) {
        double share = w->rows.weight[i] / w->chance[i];
        if ((w->rows.treated[i] != 0) != treated)
            continue;
        compensated_add(&weight, share);
        compensated_add(&sum, share * (w->rows.outcome[i] - base));
    }
    *ret_total = compensated_value(&weight);
    return compensated_value(&sum) / *ret_total;
}

/* Why there is no variance when an arm has one unit: its residual is 0 by construction. */
static pilot_reason_t one_unit_in_arm(const weighting_t *w)
{
    size_t treated, control;
    contrast_count_units(w->unit, w->units, &treated, &control);
    if (treated > 1 && control > 1)
        return PILOT_REASON_NONE;
    if (w->rows.cluster)
        return PILOT_REASON_ONE_CLUSTER_PER_ARM;
    return w->units == 2 ? PILOT_REASON_NO_RESIDUAL_DF : PILOT_REASON_SINGLETON_ARM_BLOCK;
}

void pilot_hajek_estimate(const pilot_sample_t *sample, const pilot_contrast_options_t *options,
                          pilot_estimate_t *ret_estimate)
{
    weighting_t w = {0};
    pilot_estimate_t row = {.status = PILOT_ROW_OK};
    if (prepare(&w, sample, &row)) {
        double base = w.rows.outcome[0], all[2], mean[2], variance;
        mean[0] = arm_mean(&w, false, base, &all[0]);
        mean[1] = arm_mean(&w, true, base, &all[1]);
        for (size_t u = 0; u < w.units; u++) {
            size_t arm = w.unit[u].treated;
            compensated_t sum = {0};
            for (size_t i = w.unit[u].first; i < w.unit[u].end; i++)
                compensated_add(&sum, w.rows.weight[i] * ((w.rows.outcome[i] - base) - mean[arm]));
            w.value[u] = compensated_value(&sum) / all[arm];
        }
        total(&w, &variance);
        row.reason = one_unit_in_arm(&w);
        finish(&w, mean[1] - mean[0], variance, PILOT_SE_LINEARIZED, options->confidence, &row);
    }
    clear(&w);
    *ret_estimate = row;
}
