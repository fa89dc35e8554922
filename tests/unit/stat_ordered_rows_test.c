/* The rows that ranks, quantiles, variances and bounds are taken from, and that none of these ever
 * gives a number that is not one, whatever the rows. */
#include "../../lib/stat/ordered_rows.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/sample_made.h"
#include "../harness/tap.h"

/* Two blocks; the second cluster has rows in both. */
static void test_order(void)
{
    double value[] = {3, 1, 2, 5, 4, 1, -0.0, 0}, weight[] = {1, 2, 1, 1, 1, 3, 1, 1};
    uint8_t treated[] = {0, 0, 1, 1, 0, 1, 1, 0}, present[] = {1, 1, 1, 1, 1, 1, 1, 0};
    uint32_t block[] = {0, 0, 0, 0, 1, 1, 1, 1}, cluster[] = {0, 1, 2, 3, 1, 4, 4, 5};
    pilot_sample_t sample = {.n = 8,
                             .outcome = value,
                             .treated = treated,
                             .present = present,
                             .weight = weight,
                             .block = block,
                             .blocks = 2,
                             .cluster = cluster,
                             .clusters = 6};
    const double want[] = {1, 3, 2, 5, 4, 0, 1};
    const uint32_t unit[] = {1, 0, 2, 3, 4, 5, 5};
    ordered_rows_t rows;
    ok(ordered_rows_make(&sample, false, 1, &rows) == PILOT_REASON_NONE && rows.n == 7 &&
           rows.blocks == 2,
       "rows without the outcome are passed over");
    ok(memcmp(rows.value, want, sizeof want) == 0, "by block, arm and value; no minus zero");
    ok(memcmp(rows.unit, unit, sizeof unit) == 0 && rows.units == 6, "units within a block's arm");
    ok(rows.crossing == 1, "one cluster has rows in two blocks");
    ok(ordered_rows_block_weight(&rows, 1) == 5 && ordered_rows_cell(&rows, 1, 1)->weight == 4,
       "weights by block and arm");
    ok(rows.base == 0 && !rows.pairs && !rows.all_small, "the smallest outcome");
    ordered_rows_clear(&rows);
    ordered_rows_make(&sample, false, 2, &rows);
    ok(rows.blocks == 1 && rows.small == 1 && rows.n == 4, "blocks with one cluster in an arm go");
    ordered_rows_clear(&rows);
    ordered_rows_make(&sample, false, 3, &rows);
    ok(rows.blocks == 2 && rows.all_small && rows.small == 0, "unless all are such");
    ordered_rows_clear(&rows);
    ordered_rows_make(&sample, true, 1, &rows);
    ok(rows.n == 8 && ordered_rows_cell(&rows, 1, 0)->rows == 2 &&
           ordered_rows_cell(&rows, 1, 0)->present == 1,
       "or kept, behind the others");
    ordered_rows_clear(&rows);
}

static bool is_number(pilot_number_t number)
{
    return !number.given || isfinite(number.value);
}

static bool is_sound(const pilot_estimate_t *row)
{
    bool numbers = is_number(row->estimate) && is_number(row->std_error) && is_number(row->df) &&
                   is_number(row->statistic) && is_number(row->p_value) && is_number(row->ci_low) &&
                   is_number(row->ci_high) && is_number(row->control_mean);
    bool p = !row->p_value.given || (row->p_value.value >= 0 && row->p_value.value <= 1);
    bool order =
        !row->ci_low.given || !row->ci_high.given || row->ci_low.value <= row->ci_high.value;
    bool reason = row->std_error.given || row->reason != PILOT_REASON_NONE;
    bool positive = !row->std_error.given || row->std_error.value > 0;
    bool told = (row->std_error.given) == (row->std_error_type != PILOT_SE_NONE);
    return numbers && p && order && reason && positive && told &&
           row->n_arm + row->n_control == row->n;
}

static double nasty_value(uint64_t *state)
{
    static const double values[] = {0,     1,      -1,  1e308,   -1e308, 5e-324, 1e-160, -1e-160,
                                    1e155, -1e155, 1e9, 1e9 + 1, 0.1,    0.3,    1e16,   1e16 + 2};
    uint64_t which = sample_random(state) % 24;
    return which < 16 ? values[which] : sample_normal(state);
}

/* Up to 14 rows of any kind, some values and weights at the ends of what a double holds. */
static pilot_sample_t nasty_sample(uint64_t seed)
{
    uint64_t state = seed;
    size_t n = sample_random(&state) % 15;
    unsigned kind = (unsigned)sample_random(&state);
    uint64_t spread = 1 + sample_random(&state) % 24;
    pilot_sample_t sample = {.n = n, .arms = 2, .candidates = n + sample_random(&state) % 2};
    sample.outcome = calloc(n + 1, sizeof(double));
    sample.treated = calloc(n + 1, 1);
    sample.present = kind & 1 ? calloc(n + 1, 1) : NULL;
    sample.weight = kind & 2 ? calloc(n + 1, sizeof(double)) : NULL;
    sample.block = kind & 4 ? calloc(n + 1, sizeof(uint32_t)) : NULL;
    sample.cluster = kind & 8 ? calloc(n + 1, sizeof(uint32_t)) : NULL;
    sample.cell = kind & 16 ? calloc(n + 1, sizeof(uint32_t)) : NULL;
    for (size_t i = 0; i < n; i++) {
        double base = kind & 32 ? sample_normal(&state) : nasty_value(&state);
        sample.outcome[i] = kind & 64 ? round(base) : base;
        sample.treated[i] = sample_random(&state) % 2;
        if (sample.present)
            sample.present[i] = sample_random(&state) % 4 > 0;
        if (sample.weight)
            sample.weight[i] = kind & 128 ? exp2((double)(sample_random(&state) % 2000) - 1000)
                                          : 0.5 + sample_uniform(&state);
        if (sample.block && i > 0)
            sample.block[i] = sample.block[i - 1] + (sample_random(&state) % spread == 0);
        if (sample.block)
            sample.blocks = sample.block[i] + 1u;
        if (sample.cluster && i > 0)
            sample.cluster[i] = sample.cluster[i - 1] + (sample_random(&state) % 2 == 0);
        if (sample.cluster)
            sample.clusters = sample.cluster[i] + 1u;
        if (sample.cell)
            sample.cell[i] = (uint32_t)(sample_random(&state) % 3);
    }
    sample.cells = 3;
    return sample;
}

static void test_nasty(pilot_contrast_estimator_t *estimate, size_t rows, const char *name)
{
    const pilot_contrast_options_t options = {.confidence = 0.95, .bootstrap_draws = 39};
    size_t sound = 0, inferred = 0, samples = 20000;
    for (uint64_t seed = 1; seed <= samples; seed++) {
        pilot_sample_t sample = nasty_sample(seed);
        pilot_estimate_t row[PILOT_QUANTILES];
        bool good = true;
        estimate(&sample, &options, row);
        for (size_t k = 0; k < rows; k++) {
            good &= is_sound(&row[k]);
            inferred += row[k].p_value.given;
            if (!is_sound(&row[k]))
                printf("# seed %u, row %zu: %g %g p %g (%g, %g) %s %s\n", (unsigned)seed, k,
                       row[k].estimate.value, row[k].std_error.value, row[k].p_value.value,
                       row[k].ci_low.value, row[k].ci_high.value, pilot_reason_name(row[k].reason),
                       row[k].detail);
        }
        sound += good;
        pilot_sample_clear(&sample);
    }
    ok(sound == samples && inferred > samples / 50,
       "%s: in %zu nasty samples every number given is one, every lack has a reason (%zu inferred)",
       name, samples, inferred);
}

/* Squares of these go beyond the range of numbers; ranks do not mind. */
static void test_overflow(void)
{
    static pilot_contrast_estimator_t *const estimate[] = {
        pilot_quantile_estimate, pilot_variance_ratio_estimate, pilot_lee_bounds_estimate};
    const pilot_contrast_options_t options = {.confidence = 0.95, .bootstrap_draws = 39};
    double value[] = {1e300, -1e300, 3e300, 2e300, 5e300, 4e300, 1e300, 7e300, 8e300, -9e300};
    uint8_t treated[10];
    pilot_sample_t sample = sample_of_values(value, treated, 10, 5);
    pilot_estimate_t row[PILOT_QUANTILES];
    for (size_t i = 0; i < 3; i++) {
        estimate[i](&sample, &options, row);
        ok(row[0].reason == PILOT_REASON_VARIANCE_UNIDENTIFIED && !row[0].std_error.given,
           "estimator %zu: squares beyond the range of numbers: %s", i,
           pilot_reason_name(row[0].reason));
    }
    pilot_rank_estimate(&sample, &options, row);
    ok(row[0].status == PILOT_ROW_OK && row[0].p_value.given, "ranks of huge outcomes");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_order();
    test_overflow();
    test_nasty(pilot_rank_estimate, 1, "rank");
    test_nasty(pilot_quantile_estimate, PILOT_QUANTILES, "quantile");
    test_nasty(pilot_variance_ratio_estimate, 1, "variance ratio");
    test_nasty(pilot_lee_bounds_estimate, 2, "Lee bounds");
    return tap_done();
}
