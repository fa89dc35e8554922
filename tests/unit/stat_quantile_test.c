/* Quantile differences: golden values (tests/golden/distribution/quantile.R), draws recomputed from
 * Philox and resampled the long way, the bootstrap's exact distribution, invariance, edges. */
#include "pilot/contrast.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../../lib/stat/bootstrap.h"
#include "../../lib/stat/philox.h"
#include "../harness/sample_made.h"
#include "../harness/tap.h"

static const double at[PILOT_QUANTILES] = {0.1, 0.25, 0.5, 0.75, 0.9};
static const pilot_contrast_options_t usual = {
    .confidence = 0.95, .seed = 20240301, .agency_index = 3, .bootstrap_draws = 99};

static void test_golden(void)
{
    table_t cases = table_read("tests/golden/distribution/quantile.csv");
    table_t data = table_read("tests/golden/distribution/data.csv");
    for (size_t i = 0; i < cases.rows; i++) {
        const char *outcome = table_get(&cases, i, "outcome");
        unsigned design = (unsigned)(*table_get(&cases, i, "block") - '0') * SAMPLE_BLOCKED +
                          (unsigned)(*table_get(&cases, i, "weight") - '0') * SAMPLE_WEIGHTED;
        double tau = strtod(table_get(&cases, i, "tau"), NULL);
        double want = strtod(table_get(&cases, i, "estimate"), NULL);
        pilot_sample_t sample = sample_of_table(&data, outcome, design, false, NULL);
        pilot_estimate_t row[PILOT_QUANTILES];
        size_t q = 0;
        while (at[q] != tau)
            q++;
        pilot_quantile_estimate(&sample, &usual, row);
        ok(fabs(row[q].estimate.value - want) < 1e-12 &&
               row[q].n == strtoull(table_get(&cases, i, "n"), NULL, 10),
           "%s, design %u, quantile %g: as quantile regression has it", outcome, design, tau);
        pilot_sample_clear(&sample);
    }
    table_free(&cases);
    table_free(&data);
}

/* Five controls and six treated: the i-th unit's word is word i mod 4 at counter i/4. */
static void test_draws(void)
{
    double value[11] = {1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6};
    uint8_t treated[11];
    uint32_t want[11] = {0}, got[11];
    pilot_sample_t sample = sample_of_values(value, treated, 11, 5);
    ordered_rows_t rows;
    bool same = true;
    ordered_rows_make(&sample, false, 2, &rows);
    for (uint32_t draw = 0; draw < 50; draw++) {
        memset(want, 0, sizeof want);
        for (uint32_t i = 0; i < 11; i++) {
            uint32_t word[4], counter[4] = {draw, i / 4, 3, 3u << 24};
            uint64_t count = i < 5 ? 5 : 6;
            pilot_philox(20240301, counter, word);
            want[(i < 5 ? 0 : 5) + (word[i % 4] * count >> 32)]++;
        }
        bootstrap_draw(&rows, &usual, draw, 0, got);
        same &= memcmp(got, want, sizeof want) == 0;
    }
    ok(same, "a draw follows from seed, number, agency and place alone");
    ordered_rows_clear(&rows);
}

/* boot 1.3-28.1: boot:::norm.inter(log(1:39), p). */
static void test_percentile(void)
{
    static const double p[] = {.025, .05, .1, .33, .5, .97, .999};
    static const double want[] = {0,
                                  0.69314718055994529,
                                  1.38629436111989057,
                                  2.57994493421407256,
                                  2.99573227355399085,
                                  3.65703539592585791,
                                  3.66356164612964630};
    double value[39];
    for (size_t i = 0; i < 39; i++)
        value[i] = log((double)(39 - i));
    bootstrap_sort(value, 39);
    for (size_t i = 0; i < 7; i++)
        ok(fabs(bootstrap_quantile(value, 39, p[i]) - want[i]) < 1e-13,
           "percentile %g as boot interpolates it", p[i]);
}

/* Smallest outcome of the arm at which the blocks' distribution functions, weighted by the draw's
 * block shares, reach tau.  times (units): how often each counts. */
static double slow_quantile(const ordered_rows_t *rows, const double *times, size_t arm, double tau)
{
    double best = INFINITY, all = 0;
    for (size_t i = 0; i < rows->n; i++)
        all += times[rows->unit[i]] * rows->weight[i];
    for (size_t k = 0; k < rows->n; k++) {
        double reached = 0;
        for (size_t b = 0; b < rows->blocks; b++) {
            double below = 0, own = 0, both = 0;
            for (size_t z = 0; z < 2; z++) {
                const ordered_cell_t *cell = ordered_rows_cell(rows, b, z);
                for (size_t i = cell->first; i < cell->first + cell->rows; i++) {
                    double w = times[rows->unit[i]] * rows->weight[i];
                    both += w;
                    own += z == arm ? w : 0;
                    below += z == arm && rows->value[i] <= rows->value[k] ? w : 0;
                }
            }
            reached += own > 0 ? both / all * (below / own) : 0;
        }
        if (reached >= tau - 1e-11)
            best = fmin(best, rows->value[k]);
    }
    return best;
}

/* A draw; in blocks of one unit less than a cell has, which make up for it. */
static void slow_draw(const ordered_rows_t *rows, const pilot_contrast_options_t *options,
                      size_t draw, double *times)
{
    uint32_t drawn[46];
    bool fewer = rows->blocks > 1;
    bootstrap_draw(rows, options, draw, fewer, drawn);
    for (size_t c = 0; c < 2 * rows->blocks; c++) {
        const ordered_cell_t *cell = &rows->cell[c];
        double sum = 0, units = (double)cell->units;
        for (size_t u = cell->first_unit; u < cell->first_unit + cell->units; u++)
            sum += drawn[u];
        for (size_t u = cell->first_unit; u < cell->first_unit + cell->units; u++)
            times[u] = drawn[u] * (units / sum);
        if (sum != units - fewer)
            times[cell->first_unit] = NAN;
    }
}

static void test_the_long_way(unsigned design)
{
    pilot_sample_t sample = sample_make(design, 5, 46);
    pilot_contrast_options_t options = usual;
    pilot_estimate_t row[PILOT_QUANTILES];
    ordered_rows_t rows;
    double draw[40], times[46];
    options.bootstrap_draws = 40;
    ordered_rows_make(&sample, false, 2, &rows);
    pilot_quantile_estimate(&sample, &options, row);
    for (size_t q = 0; q < PILOT_QUANTILES; q++) {
        for (size_t b = 0; b < 40; b++) {
            slow_draw(&rows, &options, b, times);
            draw[b] = slow_quantile(&rows, times, 1, at[q]) - slow_quantile(&rows, times, 0, at[q]);
        }
        is_close(row[q].std_error.value, bootstrap_deviation(draw, 40), 1e-13,
                 "design %u, quantile %g: resampled the long way", design, at[q]);
        for (size_t u = 0; u < rows.units; u++)
            times[u] = 1;
        ok(row[q].estimate.value ==
               slow_quantile(&rows, times, 1, at[q]) - slow_quantile(&rows, times, 0, at[q]),
           "design %u, quantile %g: estimate by definition", design, at[q]);
    }
    ordered_rows_clear(&rows);
    pilot_sample_clear(&sample);
}

/* Variance of a type-1 quantile over all resamples of n sorted values: the k-th one or less is
 * drawn with probability P(at least ceil(n tau) of n fall on the first k) (Efron 1979, section 3).
 */
static double exact_variance(const double *value, size_t n, double tau)
{
    unsigned need = (unsigned)ceil((double)n * tau - 1e-9);
    double before = 0, mean = 0, squares = 0;
    for (size_t k = 1; k <= n; k++) {
        double upto = k == n ? 1 : gsl_cdf_binomial_Q(need - 1, (double)k / (double)n, (unsigned)n);
        mean += (upto - before) * value[k - 1];
        squares += (upto - before) * value[k - 1] * value[k - 1];
        before = upto;
    }
    return squares - mean * mean;
}

static void test_exact_distribution(void)
{
    pilot_sample_t sample = sample_make(0, 11, 61);
    pilot_contrast_options_t options = usual;
    pilot_estimate_t row[PILOT_QUANTILES];
    ordered_rows_t rows;
    options.bootstrap_draws = 20000;
    ordered_rows_make(&sample, false, 2, &rows);
    pilot_quantile_estimate(&sample, &options, row);
    for (size_t q = 0; q < PILOT_QUANTILES; q++) {
        double exact =
            sqrt(exact_variance(rows.value, rows.cell[0].rows, at[q]) +
                 exact_variance(rows.value + rows.cell[1].first, rows.cell[1].rows, at[q]));
        ok(fabs(row[q].std_error.value / exact - 1) < 0.03,
           "quantile %g: 20000 draws come to the bootstrap's exact standard error (%.3f)", at[q],
           row[q].std_error.value / exact);
    }
    ordered_rows_clear(&rows);
    pilot_sample_clear(&sample);
}

/* The bootstrap's variance against that of the estimate itself over samples; drawing two of two
 * units gives 0.63 of it. */
static void test_small_blocks(void)
{
    enum { BLOCKS = 30, SAMPLES = 400 };
    double value[4 * BLOCKS], sum = 0, squares = 0, variance = 0;
    uint8_t treated[4 * BLOCKS];
    uint32_t block[4 * BLOCKS];
    uint64_t state = 8;
    pilot_sample_t sample = {.n = 4 * BLOCKS,
                             .outcome = value,
                             .treated = treated,
                             .block = block,
                             .blocks = BLOCKS,
                             .candidates = 4 * BLOCKS};
    for (size_t s = 0; s < SAMPLES; s++) {
        pilot_estimate_t row[PILOT_QUANTILES];
        for (size_t i = 0; i < sample.n; i++) {
            block[i] = (uint32_t)(i / 4);
            treated[i] = i % 2;
            value[i] = sample_normal(&state);
        }
        pilot_quantile_estimate(&sample, &usual, row);
        sum += row[2].estimate.value;
        squares += row[2].estimate.value * row[2].estimate.value;
        variance += row[2].std_error.value * row[2].std_error.value;
    }
    double ratio = variance / (squares - sum * sum / SAMPLES);
    ok(ratio > 0.85 && ratio < 1.4,
       "blocks of two units an arm: variances are not too small (%.2f of what they should be)",
       ratio);
}

typedef struct worst {
    size_t order, swap, halve, weights, monotone;
    double scale, shift;
} worst_t;

static void estimate_into(const pilot_sample_t *sample, pilot_estimate_t row[PILOT_QUANTILES])
{
    pilot_contrast_options_t options = usual;
    options.bootstrap_draws = 19;
    pilot_quantile_estimate(sample, &options, row);
}

static void try_invariance(unsigned design, uint64_t seed, worst_t *worst)
{
    pilot_sample_t sample = sample_make(design, seed, 24 + seed % 90), copy = sample_copy(&sample);
    pilot_estimate_t base[PILOT_QUANTILES], row[PILOT_QUANTILES];
    estimate_into(&sample, base);
    sample_shuffle(&copy, seed);
    estimate_into(&copy, row);
    for (size_t q = 0; q < PILOT_QUANTILES; q++)
        worst->order += !sample_same_row(&row[q], &base[q]);
    sample_swap_arms(&copy);
    estimate_into(&copy, row);
    for (size_t q = 0; q < PILOT_QUANTILES; q++)
        worst->swap += row[q].estimate.value != -base[q].estimate.value;
    pilot_sample_clear(&copy);
    copy = sample_halve(&sample);
    estimate_into(&copy, row);
    for (size_t q = 0; q < PILOT_QUANTILES; q++) {
        worst->halve += row[q].estimate.value != base[q].estimate.value;
        if (sample.cluster && sample_distance(row[q].std_error, base[q].std_error, 1) > 1e-12)
            worst->halve++;
    }
    pilot_sample_clear(&copy);
    copy = sample_copy(&sample);
    for (size_t i = 0; i < copy.n; i++)
        copy.outcome[i] *= 1e-9;
    estimate_into(&copy, row);
    for (size_t q = 0; q < PILOT_QUANTILES; q++) {
        worst->scale =
            fmax(worst->scale, fabs(row[q].estimate.value * 1e9 - base[q].estimate.value));
        if (base[q].std_error.given)
            worst->scale =
                fmax(worst->scale, fabs(row[q].std_error.value * 1e9 - base[q].std_error.value));
    }
    for (size_t i = 0; i < copy.n; i++)
        copy.outcome[i] = sample.outcome[i] + 1e9;
    estimate_into(&copy, row);
    for (size_t q = 0; q < PILOT_QUANTILES && (design & SAMPLE_TIES); q++)
        worst->shift =
            fmax(worst->shift, fabs(row[q].estimate.value - base[q].estimate.value) +
                                   sample_distance(row[q].std_error, base[q].std_error, 1));
    pilot_sample_clear(&copy);
    pilot_sample_clear(&sample);
}

static void test_invariance(void)
{
    for (unsigned design = 0; design < 16; design++) {
        worst_t worst = {0};
        for (uint64_t seed = 1; seed <= 150; seed++)
            try_invariance(design, seed, &worst);
        ok(worst.order == 0, "design %u: another row order gives the same bits", design);
        ok(worst.swap == 0, "design %u: arms swapped: the sign alone", design);
        ok(worst.halve == 0, "design %u: rows twice at half weight", design);
        ok(worst.scale < 1e-13, "design %u: outcome x 1e-9 (%.1e)", design, worst.scale);
        ok(worst.shift == 0, "design %u: whole numbers + 1e9", design);
    }
}

static void refused(const pilot_sample_t *sample, pilot_reason_t reason, bool estimate,
                    const char *name)
{
    pilot_estimate_t row[PILOT_QUANTILES];
    bool good = true;
    pilot_quantile_estimate(sample, &usual, row);
    for (size_t q = 0; q < PILOT_QUANTILES; q++)
        good &= row[q].status == PILOT_ROW_NOT_ESTIMABLE && row[q].reason == reason &&
                row[q].estimate.given == estimate && !row[q].std_error.given &&
                !row[q].ci_low.given && row[q].std_error_type == PILOT_SE_NONE;
    ok(good, "%s: %s, not %s", name, pilot_reason_name(reason), pilot_reason_name(row[2].reason));
}

static void test_edges(void)
{
    double value[] = {1, 2, 3, 4, 5, 6, 7, 8}, same[] = {5, 5, 5, 5, 5, 5, 5, 5};
    uint8_t treated[8];
    uint32_t block[] = {0, 0, 0, 0, 0, 1, 1, 1}, cluster[] = {0, 0, 0, 0, 1, 1, 1, 1};
    pilot_sample_t none = {.arms = 2}, missing = {.arms = 2, .candidates = 9}, sample;
    pilot_estimate_t row[PILOT_QUANTILES];
    refused(&none, PILOT_REASON_NO_UNITS, false, "no units");
    refused(&missing, PILOT_REASON_ALL_MISSING, false, "all missing");
    sample = sample_of_values(value, treated, 8, 8);
    refused(&sample, PILOT_REASON_NO_TREATED_UNITS, false, "one arm");
    sample = sample_of_values(value, treated, 8, 0);
    refused(&sample, PILOT_REASON_NO_CONTROL_UNITS, false, "the other arm");
    sample = sample_of_values(value, treated, 2, 1);
    refused(&sample, PILOT_REASON_NO_RESIDUAL_DF, true, "one unit an arm");
    sample = sample_of_values(value, treated, 8, 1);
    refused(&sample, PILOT_REASON_SINGLETON_ARM_BLOCK, true, "one control");
    sample = sample_of_values(same, treated, 8, 4);
    refused(&sample, PILOT_REASON_CONSTANT_OUTCOME, true, "constant outcome");
    sample = sample_of_values(value, treated, 8, 4);
    pilot_quantile_estimate(&sample, &usual, row);
    ok(row[2].estimate.value == 4 && row[2].std_error.given && row[2].status == PILOT_ROW_FLAGGED &&
           strstr(row[2].detail, "small_tail"),
       "few units are flagged: %s", row[2].detail);
    is_close(row[2].ci_low.value, 4 - gsl_cdf_ugaussian_Pinv(0.975) * row[2].std_error.value, 1e-12,
             "the interval is the normal one, as the p-value");
    sample.cluster = cluster;
    sample.clusters = 2;
    refused(&sample, PILOT_REASON_ONE_CLUSTER_PER_ARM, true, "one cluster an arm");
    sample.cluster = NULL;
    sample.block = block;
    sample.blocks = 2;
    memcpy(treated, (uint8_t[]){0, 1, 0, 0, 1, 0, 1, 1}, sizeof treated);
    pilot_quantile_estimate(&sample, &usual, row);
    ok(row[0].status == PILOT_ROW_FLAGGED && row[0].blocks == 1 && row[0].n == 5 &&
           strstr(row[0].detail, "estimand_changed: 1 block left out"),
       "a block with one control is left out: %s", row[0].detail);
    sample.block = NULL;
    memcpy(value, (double[]){2, 5, 2, 2, 6, 2, 7, 8}, sizeof value);
    pilot_quantile_estimate(&sample, &usual, row);
    ok(row[2].std_error.given, "constant in one arm: the other's spread");
    memcpy(value, (double[]){2, 5, 2, 2, 5, 2, 5, 1}, sizeof value);
    pilot_quantile_estimate(&sample, &usual, row);
    ok(row[4].reason == PILOT_REASON_ZERO_VARIANCE && row[4].estimate.value == 3,
       "the same difference in every draw: %s", row[4].detail);
}

/* Whole pairs are drawn: where pairs all have the same two values there is no spread. */
static void test_pairs(void)
{
    double value[] = {1, 2, 3, 5, 6, 8, 2, 4, 0, 1};
    uint8_t treated[] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    uint32_t block[] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4};
    pilot_sample_t sample = {.n = 10,
                             .outcome = value,
                             .treated = treated,
                             .block = block,
                             .blocks = 5,
                             .candidates = 10};
    pilot_estimate_t row[PILOT_QUANTILES];
    pilot_quantile_estimate(&sample, &usual, row);
    ok(row[2].estimate.value == 2 && row[2].std_error.given && row[2].blocks == 5,
       "pairs: whole pairs are drawn");
    for (size_t i = 0; i < 5; i++)
        value[2 * i + 1] = value[2 * i] + 7;
    pilot_quantile_estimate(&sample, &usual, row);
    ok(row[2].estimate.value == 7 && row[2].reason == PILOT_REASON_ZERO_VARIANCE,
       "pairs: the same effect in all of them has no spread");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_golden();
    test_draws();
    test_percentile();
    for (unsigned design = 0; design < 16; design++)
        test_the_long_way(design);
    test_exact_distribution();
    test_invariance();
    test_edges();
    test_pairs();
    test_small_blocks();
    return tap_done();
}
