/* Variance ratios: golden values (tests/golden/distribution/variance_ratio.R), the studentized
 * bootstrap resampled the long way, invariance, edges. */
#include "pilot/contrast.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../../lib/stat/bootstrap.h"
#include "../harness/sample_made.h"
#include "../harness/tap.h"

static const pilot_contrast_options_t usual = {
    .confidence = 0.95, .seed = 77, .agency_index = UINT32_MAX, .bootstrap_draws = 199};

static pilot_estimate_t ratio_of(const pilot_sample_t *sample)
{
    pilot_estimate_t row;
    pilot_variance_ratio_estimate(sample, &usual, &row);
    return row;
}

static void test_golden(void)
{
    table_t cases = table_read("tests/golden/distribution/variance_ratio.csv");
    table_t data = table_read("tests/golden/distribution/data.csv");
    for (size_t i = 0; i < cases.rows; i++) {
        const char *outcome = table_get(&cases, i, "outcome");
        unsigned design = (unsigned)(*table_get(&cases, i, "block") - '0') * SAMPLE_BLOCKED +
                          (unsigned)(*table_get(&cases, i, "cluster") - '0') * SAMPLE_CLUSTERED +
                          (unsigned)(*table_get(&cases, i, "weight") - '0') * SAMPLE_WEIGHTED;
        pilot_sample_t sample = sample_of_table(&data, outcome, design, false, NULL);
        pilot_estimate_t row = ratio_of(&sample);
        is_close(row.estimate.value, strtod(table_get(&cases, i, "estimate"), NULL), 1e-12,
                 "%s, design %u: log ratio", outcome, design);
        is_close(row.std_error.value, strtod(table_get(&cases, i, "std_error"), NULL), 1e-12,
                 "%s, design %u: standard error", outcome, design);
        ok(row.n == strtoull(table_get(&cases, i, "n"), NULL, 10) && row.status == PILOT_ROW_OK &&
               row.std_error_type == PILOT_SE_LINEARIZED && !row.df.given,
           "%s, design %u: counts and status", outcome, design);
        pilot_sample_clear(&sample);
    }
    table_free(&cases);
    table_free(&data);
}

/* The rows of a draw, written out, and the formulas of a complete design. */
static double plain_ratio(const ordered_rows_t *rows, const uint32_t *times, double *ret_std_error,
                          double *ret_plain)
{
    double s2[2], plain[2], variance = 0;
    for (size_t z = 0; z < 2; z++) {
        double value[200], mean = 0, m2 = 0, m4 = 0;
        size_t n = 0;
        for (size_t i = rows->cell[z].first; i < rows->cell[z].first + rows->cell[z].rows; i++)
            for (uint32_t k = 0; k < times[i]; k++)
                value[n++] = rows->value[i];
        for (size_t i = 0; i < n; i++)
            mean += value[i] / (double)n;
        for (size_t i = 0; i < n; i++) {
            m2 += pow(value[i] - mean, 2) / (double)n;
            m4 += pow(value[i] - mean, 4) / (double)n;
        }
        plain[z] = m2;
        s2[z] = m2 * (double)n / (double)(n - 1);
        variance += (m4 / (m2 * m2) - 1) / (double)n;
    }
    *ret_std_error = sqrt(variance);
    if (ret_plain)
        *ret_plain = log(plain[1] / plain[0]);
    return log(s2[1] / s2[0]);
}

static void test_the_long_way(void)
{
    pilot_sample_t sample = sample_make(0, 4, 60);
    pilot_estimate_t row = ratio_of(&sample);
    ordered_rows_t rows;
    uint32_t times[60];
    double t[199], std_error, centre, above = 1, below = 1;
    ordered_rows_make(&sample, false, 2, &rows);
    for (size_t u = 0; u < rows.units; u++)
        times[u] = 1;
    plain_ratio(&rows, times, &std_error, &centre);
    for (size_t b = 0; b < 199; b++) {
        double ratio;
        bootstrap_draw(&rows, &usual, b, 0, times);
        ratio = plain_ratio(&rows, times, &std_error, NULL);
        t[b] = (ratio - centre) / std_error;
        above += t[b] >= row.statistic.value;
        below += t[b] <= row.statistic.value;
    }
    bootstrap_sort(t, 199);
    is_close(row.ci_low.value, row.estimate.value - t[194] * row.std_error.value, 1e-11,
             "lower end: the 195th of 199 studentized draws");
    is_close(row.ci_high.value, row.estimate.value - t[4] * row.std_error.value, 1e-11,
             "upper end: the 5th");
    is_close(row.p_value.value, 2 * fmin(above, below) / 200, 1e-14, "p-value: the smaller tail");
    is_close(row.statistic.value, row.estimate.value / row.std_error.value, 1e-15, "statistic");
    ok(strstr(row.detail, "ratio ") && strstr(row.detail, "199 draws"), "in words: %s", row.detail);
    ordered_rows_clear(&rows);
    pilot_sample_clear(&sample);
}

/* Forty blocks of four and twelve: each arm's resampled variance falls short by another factor, so
 * an interval around the estimate itself would miss in two samples of five. */
static void test_small_blocks(void)
{
    size_t covered = 0;
    for (uint32_t seed = 1; seed <= 300; seed++) {
        pilot_sample_t sample = sample_of_small_blocks(seed, 40, 4, 12);
        pilot_estimate_t row = ratio_of(&sample);
        covered += row.ci_low.given && row.ci_low.value <= 0 && row.ci_high.value >= 0;
        pilot_sample_clear(&sample);
    }
    ok(covered >= 270 && covered < 300,
       "blocks of four and twelve: 95 %% intervals cover (%zu of 300)", covered);
}

typedef struct worst {
    double swap, scale, weights;
    size_t order, shift, dual, cases;
} worst_t;

static double row_distance(const pilot_estimate_t *a, const pilot_estimate_t *b)
{
    double far = sample_distance(a->estimate, b->estimate, 1);
    far = fmax(far, sample_distance(a->std_error, b->std_error, 1));
    far = fmax(far, sample_distance(a->p_value, b->p_value, 1));
    far = fmax(far, sample_distance(a->ci_low, b->ci_low, fmax(1, fabs(b->ci_low.value))));
    return fmax(far, sample_distance(a->ci_high, b->ci_high, fmax(1, fabs(b->ci_high.value))));
}

static void try_invariance(unsigned design, uint64_t seed, worst_t *worst)
{
    pilot_sample_t sample = sample_make(design, seed, 40 + seed % 90), copy = sample_copy(&sample);
    pilot_estimate_t base = ratio_of(&sample), row;
    worst->cases += base.ci_low.given;
    if (base.ci_low.given)
        worst->dual += (base.ci_low.value > 0 || base.ci_high.value < 0) !=
                       (base.p_value.value <= 0.05 + 1e-12);
    sample_shuffle(&copy, seed);
    row = ratio_of(&copy);
    worst->order += !sample_same_row(&row, &base);
    sample_swap_arms(&copy);
    row = ratio_of(&copy);
    worst->swap =
        fmax(worst->swap, base.estimate.given ? fabs(row.estimate.value + base.estimate.value)
                                              : row.estimate.given);
    worst->swap = fmax(worst->swap, sample_distance(row.std_error, base.std_error, 1));
    sample_swap_arms(&copy);
    for (size_t i = 0; i < copy.n; i++)
        copy.outcome[i] *= -1e9;
    row = ratio_of(&copy);
    worst->scale = fmax(worst->scale, sample_distance(row.estimate, base.estimate, 1));
    worst->scale = fmax(worst->scale, sample_distance(row.std_error, base.std_error, 1));
    for (size_t i = 0; i < copy.n; i++)
        copy.outcome[i] *= -1e-18;
    row = ratio_of(&copy);
    worst->scale = fmax(worst->scale, row_distance(&row, &base));
    pilot_sample_clear(&copy);
    copy = sample_copy(&sample);
    for (size_t i = 0; i < copy.n; i++) {
        copy.outcome[i] += 1e9;
        if (copy.weight)
            copy.weight[i] *= 8;
    }
    row = ratio_of(&copy);
    worst->shift += (design & SAMPLE_TIES) && row_distance(&row, &base) != 0;
    for (size_t i = 0; i < copy.n; i++)
        copy.outcome[i] = sample.outcome[i];
    for (size_t i = 0; copy.weight && i < copy.n; i++)
        copy.weight[i] *= 37;
    row = ratio_of(&copy);
    worst->weights = fmax(worst->weights, row_distance(&row, &base));
    pilot_sample_clear(&copy);
    pilot_sample_clear(&sample);
}

static void test_invariance(void)
{
    for (unsigned design = 0; design < 16; design++) {
        worst_t worst = {0};
        for (uint64_t seed = 1; seed <= 100; seed++)
            try_invariance(design, seed, &worst);
        ok(worst.cases > 20, "design %u: %zu of 100 have an interval", design, worst.cases);
        ok(worst.dual == 0, "design %u: 0 lies outside the interval just when p <= 0.05", design);
        ok(worst.order == 0, "design %u: another row order gives the same bits", design);
        ok(worst.swap < 1e-12, "design %u: arms swapped: the sign (%.1e)", design, worst.swap);
        ok(worst.scale < 1e-10, "design %u: outcome x -1e9, x 1e-9 (%.1e)", design, worst.scale);
        ok(worst.shift == 0, "design %u: whole numbers + 1e9, weights x 8", design);
        ok(worst.weights < 1e-10, "design %u: weights x 37 (%.1e)", design, worst.weights);
    }
}

static void refused(const pilot_sample_t *sample, pilot_reason_t reason, bool estimate,
                    const char *name)
{
    pilot_estimate_t row = ratio_of(sample);
    ok(row.status == PILOT_ROW_NOT_ESTIMABLE && row.reason == reason &&
           row.estimate.given == estimate && !row.std_error.given && !row.ci_low.given &&
           !row.p_value.given && row.std_error_type == PILOT_SE_NONE,
       "%s: %s, not %s (%s)", name, pilot_reason_name(reason), pilot_reason_name(row.reason),
       row.detail);
}

static void test_edges(void)
{
    double value[] = {1, 2, 3, 4, 5, 6, 7, 9}, same[] = {5, 5, 5, 5, 5, 5, 5, 5};
    double one_constant[] = {5, 5, 5, 5, 1, 2, 3, 9}, even[] = {1, 1, 3, 3, 2, 2, 6, 6};
    uint8_t treated[8];
    uint32_t block[] = {0, 0, 1, 1, 2, 2, 3, 3}, cluster[] = {0, 0, 0, 0, 1, 1, 1, 1};
    pilot_sample_t none = {.arms = 2}, missing = {.arms = 2, .candidates = 9}, sample;
    pilot_estimate_t row;
    refused(&none, PILOT_REASON_NO_UNITS, false, "no units");
    refused(&missing, PILOT_REASON_ALL_MISSING, false, "all missing");
    sample = sample_of_values(value, treated, 8, 8);
    refused(&sample, PILOT_REASON_NO_TREATED_UNITS, false, "one arm");
    sample = sample_of_values(value, treated, 8, 0);
    refused(&sample, PILOT_REASON_NO_CONTROL_UNITS, false, "the other arm");
    sample = sample_of_values(value, treated, 2, 1);
    refused(&sample, PILOT_REASON_NO_RESIDUAL_DF, false, "one unit an arm");
    sample = sample_of_values(value, treated, 8, 1);
    refused(&sample, PILOT_REASON_SINGLETON_ARM_BLOCK, false, "one control");
    sample = sample_of_values(value, treated, 8, 3);
    refused(&sample, PILOT_REASON_NO_RESIDUAL_DF, true, "three controls");
    sample = sample_of_values(same, treated, 8, 4);
    refused(&sample, PILOT_REASON_CONSTANT_OUTCOME, false, "constant outcome");
    sample = sample_of_values(one_constant, treated, 8, 4);
    refused(&sample, PILOT_REASON_ZERO_VARIANCE, false, "constant in one arm");
    sample_swap_arms(&sample);
    refused(&sample, PILOT_REASON_ZERO_VARIANCE, false, "constant in the other arm");
    sample = sample_of_values(even, treated, 8, 4);
    refused(&sample, PILOT_REASON_ZERO_VARIANCE, true, "half and half");
    is_close(ratio_of(&sample).estimate.value, log(4), 1e-14, "half and half: the ratio stands");
    sample = sample_of_values(value, treated, 8, 4);
    row = ratio_of(&sample);
    ok(row.std_error.given && row.p_value.given && !row.ci_low.given &&
           row.status == PILOT_ROW_FLAGGED,
       "four units an arm: too many draws without variance (%s)", row.detail);
    sample.cluster = cluster;
    sample.clusters = 2;
    refused(&sample, PILOT_REASON_ONE_CLUSTER_PER_ARM, true, "one cluster an arm");
    sample.cluster = NULL;
    sample.block = block;
    sample.blocks = 4;
    for (size_t i = 0; i < 8; i++)
        treated[i] = i % 2;
    refused(&sample, PILOT_REASON_SINGLETON_ARM_BLOCK, false, "pairs");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_golden();
    test_the_long_way();
    test_small_blocks();
    test_invariance();
    test_edges();
    return tap_done();
}
