/* Ranks: golden values (tests/golden/distribution/rank.R), the published example, enumeration,
 * invariance, and what cannot be had. */
#include "pilot/contrast.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/sample_made.h"
#include "../harness/tap.h"

static const pilot_contrast_options_t options = {.confidence = 0.95};

static pilot_estimate_t rank_of(const pilot_sample_t *sample)
{
    pilot_estimate_t row;
    pilot_rank_estimate(sample, &options, &row);
    return row;
}

static void test_golden(void)
{
    table_t cases = table_read("tests/golden/distribution/rank.csv");
    table_t data = table_read("tests/golden/distribution/data.csv");
    for (size_t i = 0; i < cases.rows; i++) {
        const char *outcome = table_get(&cases, i, "outcome");
        unsigned design = (unsigned)(*table_get(&cases, i, "block") - '0') * SAMPLE_BLOCKED +
                          (unsigned)(*table_get(&cases, i, "cluster") - '0') * SAMPLE_CLUSTERED +
                          (unsigned)(*table_get(&cases, i, "weight") - '0') * SAMPLE_WEIGHTED;
        pilot_sample_t sample = sample_of_table(&data, outcome, design, false, NULL);
        pilot_estimate_t row = rank_of(&sample);
        is_close(row.estimate.value, strtod(table_get(&cases, i, "estimate"), NULL), 1e-12,
                 "%s, design %u: probability", outcome, design);
        is_close(row.std_error.value, strtod(table_get(&cases, i, "std_error"), NULL), 1e-11,
                 "%s, design %u: standard error", outcome, design);
        is_close(row.df.value, strtod(table_get(&cases, i, "df"), NULL), 1e-10, "%s, design %u: df",
                 outcome, design);
        is_close(row.p_value.value, strtod(table_get(&cases, i, "p_value"), NULL), 1e-9,
                 "%s, design %u: p-value", outcome, design);
        ok(row.n == strtoull(table_get(&cases, i, "n"), NULL, 10) && row.status == PILOT_ROW_OK &&
               row.std_error_type == PILOT_SE_LINEARIZED,
           "%s, design %u: counts and status", outcome, design);
        pilot_sample_clear(&sample);
    }
    table_free(&cases);
    table_free(&data);
}

/* Brunner & Munzel (2000), section 5, shoulder pain on the third day: 3.1375, 17.683 df, p 0.00579;
 * R's lawstat and scipy print more digits. */
static void test_published(void)
{
    double pain[] = {1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1, 3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4};
    uint8_t treated[25];
    pilot_sample_t sample = sample_of_values(pain, treated, 25, 14);
    pilot_estimate_t row = rank_of(&sample);
    is_close(row.estimate.value, 0.788961038961039, 1e-14, "shoulder pain: probability");
    is_close(row.statistic.value, 3.1374674823029505, 1e-14, "shoulder pain: statistic");
    is_close(row.df.value, 17.682841979481548, 1e-13, "shoulder pain: df");
    is_close(row.p_value.value, 0.005786208666151538, 1e-11, "shoulder pain: p-value");
    is_close(row.ci_low.value, 0.5952169, 1e-6, "shoulder pain: lower end");
    is_close(row.ci_high.value, 0.9827052, 1e-6, "shoulder pain: upper end");
}

/* Over all assignments of 4 of 8 units the mean is the share of pairs of different units. */
static void test_enumeration(void)
{
    const double control[8] = {3, 1, 4, 1, 5, 9, 2, 6}, gain[8] = {0, 1, -1, 2, 0, 3, 1, -2};
    double truth = 0, mean = 0, value[8];
    uint8_t treated[8];
    size_t assignments = 0;
    pilot_sample_t sample = {.n = 8, .outcome = value, .treated = treated, .arms = 2};
    for (size_t i = 0; i < 8; i++)
        for (size_t k = 0; k < 8; k++) {
            double one = control[i] + gain[i];
            truth += i == k ? 0 : ((one > control[k]) + 0.5 * (one == control[k])) / 56;
        }
    for (unsigned bits = 0; bits < 256; bits++) {
        if (__builtin_popcount(bits) != 4)
            continue;
        for (size_t i = 0; i < 8; i++) {
            treated[i] = bits >> i & 1;
            value[i] = control[i] + (treated[i] ? gain[i] : 0);
        }
        mean += rank_of(&sample).estimate.value;
        assignments++;
    }
    is_close(mean / (double)assignments, truth, 1e-12, "the mean over 70 assignments is the truth");
}

typedef struct worst {
    double swap, scale, halve, one;
    size_t monotone, order, cases;
} worst_t;

static void try_invariance(unsigned design, uint64_t seed, worst_t *worst)
{
    pilot_sample_t sample = sample_make(design, seed, 24 + seed % 90), copy = sample_copy(&sample);
    pilot_estimate_t base = rank_of(&sample), row;
    sample_swap_arms(&copy);
    row = rank_of(&copy);
    worst->swap = fmax(worst->swap, fabs(1 - row.estimate.value - base.estimate.value));
    worst->swap = fmax(worst->swap, sample_distance(row.p_value, base.p_value, 1));
    worst->swap = fmax(worst->swap, sample_distance(row.df, base.df, base.df.value));
    sample_swap_arms(&copy);
    for (size_t i = 0; i < copy.n; i++)
        copy.outcome[i] = exp(copy.outcome[i] / 3) * 1e9;
    row = rank_of(&copy);
    worst->monotone += !sample_same_row(&row, &base);
    sample_shuffle(&copy, seed);
    row = rank_of(&copy);
    worst->order += !sample_same_row(&row, &base);
    pilot_sample_clear(&copy);
    copy = sample_halve(&sample);
    row = rank_of(&copy);
    worst->halve = fmax(worst->halve, fabs(row.estimate.value - base.estimate.value));
    if (sample.cluster)
        worst->halve = fmax(worst->halve, sample_distance(row.std_error, base.std_error, 1));
    pilot_sample_clear(&copy);
    copy = sample_copy(&sample);
    for (size_t i = 0; copy.weight && i < copy.n; i++)
        copy.weight[i] *= 37;
    row = rank_of(&copy);
    worst->scale = fmax(worst->scale, sample_distance(row.p_value, base.p_value, 1));
    pilot_sample_clear(&copy);
    /* Clusters of one row are rows. */
    copy = sample_copy(&sample);
    free(copy.cluster);
    copy.cluster = NULL;
    base = rank_of(&copy);
    copy.cluster = calloc(copy.n, sizeof *copy.cluster);
    copy.clusters = copy.n;
    for (size_t i = 0; i < copy.n; i++)
        copy.cluster[i] = (uint32_t)i;
    row = rank_of(&copy);
    worst->one = fmax(worst->one, sample_distance(row.p_value, base.p_value, 1));
    pilot_sample_clear(&copy);
    pilot_sample_clear(&sample);
    worst->cases++;
}

static void test_invariance(void)
{
    for (unsigned design = 0; design < 16; design++) {
        worst_t worst = {0};
        for (uint64_t seed = 1; seed <= 250; seed++)
            try_invariance(design, seed, &worst);
        ok(worst.swap < 1e-12, "design %u: arms swapped: 1 - p (%.1e)", design, worst.swap);
        ok(worst.monotone == 0, "design %u: a monotone transform gives the same bits", design);
        ok(worst.order == 0, "design %u: another row order gives the same bits", design);
        ok(worst.halve < 1e-13, "design %u: rows twice at half weight (%.1e)", design, worst.halve);
        ok(worst.scale < 1e-12, "design %u: all weights times 37 (%.1e)", design, worst.scale);
        ok(worst.one < 1e-12, "design %u: clusters of one row (%.1e)", design, worst.one);
    }
}

/* Pairs: sign comparisons, whose variance is that of their mean. */
static void test_pairs(void)
{
    double value[] = {1, 2, 3, 1, 5, 5, 2, 7, 4, 9};
    uint8_t treated[] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    uint32_t block[] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4};
    pilot_sample_t sample = {.n = 10,
                             .outcome = value,
                             .treated = treated,
                             .block = block,
                             .blocks = 5,
                             .candidates = 10};
    pilot_estimate_t row = rank_of(&sample);
    is_close(row.estimate.value, 0.7, 1e-15, "pairs: 1, 0, 1/2, 1, 1");
    is_close(row.std_error.value, sqrt(0.2 / 5), 1e-14, "pairs: spread of the pairs");
    ok(row.df.value == 4 && row.std_error_type == PILOT_SE_PAIRS && row.blocks == 5,
       "pairs: df is their number less one");
}

static void refused(const pilot_sample_t *sample, pilot_reason_t reason, bool estimate,
                    const char *name)
{
    pilot_estimate_t row = rank_of(sample);
    ok(row.status == PILOT_ROW_NOT_ESTIMABLE && row.reason == reason &&
           row.estimate.given == estimate && !row.std_error.given && !row.p_value.given &&
           !row.ci_low.given && row.std_error_type == PILOT_SE_NONE,
       "%s: %s, not %s", name, pilot_reason_name(reason), pilot_reason_name(row.reason));
}

static void test_edges(void)
{
    double value[] = {1, 2, 3, 4, 5, 6, 7, 8};
    double same[] = {5, 5, 5, 5, 5, 5, 5, 5};
    uint8_t treated[8];
    uint32_t block[] = {0, 0, 0, 0, 0, 1, 1, 1}, cluster[] = {0, 0, 0, 0, 1, 1, 1, 1};
    pilot_sample_t none = {.arms = 2}, missing = {.arms = 2, .candidates = 9}, sample;
    pilot_estimate_t row;
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
    ok(rank_of(&sample).estimate.value == 0.5, "constant outcome: one half");
    sample = sample_of_values(value, treated, 8, 4);
    refused(&sample, PILOT_REASON_ZERO_VARIANCE, true, "no overlap");
    ok(rank_of(&sample).estimate.value == 1, "no overlap: 1");
    sample.cluster = cluster;
    sample.clusters = 2;
    refused(&sample, PILOT_REASON_ONE_CLUSTER_PER_ARM, true, "one cluster an arm");
    sample.cluster = NULL;
    sample.block = block;
    sample.blocks = 2;
    treated[1] = 1;
    treated[4] = 1;
    treated[2] = treated[3] = 0;
    treated[5] = treated[6] = treated[7] = 1;
    row = rank_of(&sample);
    ok(row.status == PILOT_ROW_FLAGGED && row.blocks == 1 && row.n == 5 &&
           strncmp(row.detail, "estimand_changed: 1 block left out", 34) == 0,
       "a block without controls is left out: %s", row.detail);
    treated[5] = 0;
    row = rank_of(&sample);
    ok(row.status == PILOT_ROW_FLAGGED && row.blocks == 1 && row.n == 5,
       "a block with one control is left out: %s", row.detail);
    memcpy(value, same, sizeof value);
    value[1] = 9;
    sample.block = NULL;
    row = rank_of(&sample);
    ok(row.std_error.given && row.ci_high.value <= 1 && row.ci_low.value >= 0,
       "constant in one arm: the other's spread");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_golden();
    test_published();
    test_enumeration();
    test_invariance();
    test_pairs();
    test_edges();
    return tap_done();
}
