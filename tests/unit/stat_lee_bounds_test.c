/* Lee bounds: golden values (tests/golden/distribution/lee_bounds.R), trimming the long way, that
 * the truth lies between, what they are without attrition, invariance, cells, edges. */
#include "pilot/contrast.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../../lib/stat/imbens_manski.h"
#include "../harness/sample_made.h"
#include "../harness/tap.h"
#include "pilot/dim.h"

static const pilot_contrast_options_t usual = {.confidence = 0.95};

typedef struct bounds {
    pilot_estimate_t row[2];
} bounds_t;

static bounds_t bounds_of(const pilot_sample_t *sample)
{
    bounds_t bounds;
    pilot_lee_bounds_estimate(sample, &usual, bounds.row);
    return bounds;
}

static double number(const table_t *cases, size_t i, const char *column)
{
    return strtod(table_get(cases, i, column), NULL);
}

/* Bounds are exact; standard errors by numerical derivatives to seven digits. */
static void test_golden_case(const table_t *data, const table_t *cases, size_t i)
{
    const char *cell = table_get(cases, i, "cell"), *by = table_get(cases, i, "by");
    unsigned design = (unsigned)(*table_get(cases, i, "block") - '0') * SAMPLE_BLOCKED +
                      (unsigned)(*table_get(cases, i, "cluster") - '0') * SAMPLE_CLUSTERED +
                      (unsigned)(*table_get(cases, i, "weight") - '0') * SAMPLE_WEIGHTED;
    pilot_sample_t sample = sample_of_table(data, "z", design, true, *cell ? cell : NULL);
    bool swapped = *table_get(cases, i, "swapped") == '1';
    double relative = strcmp(by, "Lee") == 0 ? 1e-12 : 1e-7;
    bounds_t got;
    if (swapped)
        sample_swap_arms(&sample);
    got = bounds_of(&sample);
    is_close(got.row[0].estimate.value, number(cases, i, "lower"), 1e-11,
             "design %u%s %s: lower bound by %s", design, swapped ? ", swapped" : "", cell, by);
    is_close(got.row[1].estimate.value, number(cases, i, "upper"), 1e-11,
             "design %u%s %s: upper bound", design, swapped ? ", swapped" : "", cell);
    is_close(got.row[0].std_error.value, number(cases, i, "lower_se"), relative,
             "design %u%s %s: lower standard error", design, swapped ? ", swapped" : "", cell);
    is_close(got.row[1].std_error.value, number(cases, i, "upper_se"), relative,
             "design %u%s %s: upper standard error", design, swapped ? ", swapped" : "", cell);
    is_close(got.row[0].ci_low.value, number(cases, i, "ci_low"), 10 * relative,
             "design %u%s %s: Imbens and Manski's lower end", design, swapped ? ", swapped" : "",
             cell);
    is_close(got.row[1].ci_high.value, number(cases, i, "ci_high"), 10 * relative,
             "design %u%s %s: and upper end", design, swapped ? ", swapped" : "", cell);
    ok(got.row[0].n == 227 && sample.n == 314 && got.row[0].status == PILOT_ROW_OK,
       "design %u%s %s: counts are of observed rows", design, swapped ? ", swapped" : "", cell);
    pilot_sample_clear(&sample);
}

static void test_golden(void)
{
    table_t cases = table_read("tests/golden/distribution/lee_bounds.csv");
    table_t data = table_read("tests/golden/distribution/data.csv");
    for (size_t i = 0; i < cases.rows; i++)
        test_golden_case(&data, &cases, i);
    table_free(&cases);
    table_free(&data);
}

/* A random sample some of whose rows lack the outcome. */
static pilot_sample_t with_missing(unsigned design, uint64_t seed, size_t n, size_t cells)
{
    pilot_sample_t sample = sample_make(design, seed, n);
    uint64_t state = seed + 1000;
    double rate[2] = {0.5 * sample_uniform(&state), 0.5 * sample_uniform(&state)};
    sample.present = calloc(n + 1, 1);
    sample.cell = cells ? calloc(n + 1, sizeof(uint32_t)) : NULL;
    sample.cells = cells;
    for (size_t i = 0; i < n; i++) {
        sample.present[i] = sample_uniform(&state) > rate[sample.treated[i]];
        if (!sample.present[i])
            sample.outcome[i] = 0;
        if (cells)
            sample.cell[i] = (uint32_t)(sample_random(&state) % cells);
    }
    return sample;
}

/* Unweighted rows of one arm, cut in 1000 slices each: the highest q of them go. */
static double trimmed_mean(const pilot_sample_t *sample, uint8_t arm, double q, bool top)
{
    double value[400], kept = 0, sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < sample->n; i++)
        if (sample->treated[i] == arm && sample->present[i])
            value[n++] = sample->outcome[i];
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && (top ? value[j] < value[j - 1] : value[j] > value[j - 1]);
             j--) {
            double swap = value[j];
            value[j] = value[j - 1];
            value[j - 1] = swap;
        }
    for (size_t i = 0; i < n; i++) {
        double take = fmin(1, fmax(0, (1 - q) * (double)n - (double)i));
        kept += take;
        sum += take * value[i];
    }
    return sum / kept;
}

static void test_trimming(void)
{
    double worst = 0;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        pilot_sample_t sample = with_missing(seed % 2 ? SAMPLE_TIES : 0, seed, 30 + seed % 60, 0);
        double all[2] = {0}, seen[2] = {0}, q, low, high;
        bounds_t got = bounds_of(&sample);
        for (size_t i = 0; i < sample.n; i++) {
            all[sample.treated[i]]++;
            seen[sample.treated[i]] += sample.present[i];
        }
        q = seen[1] / all[1] - seen[0] / all[0];
        if (q > 0) {
            q /= seen[1] / all[1];
            low = trimmed_mean(&sample, 1, q, true) - trimmed_mean(&sample, 0, 0, true);
            high = trimmed_mean(&sample, 1, q, false) - trimmed_mean(&sample, 0, 0, true);
        } else {
            q /= -seen[0] / all[0];
            low = trimmed_mean(&sample, 1, 0, true) - trimmed_mean(&sample, 0, q, false);
            high = trimmed_mean(&sample, 1, 0, true) - trimmed_mean(&sample, 0, q, true);
        }
        worst = fmax(worst, fabs(got.row[0].estimate.value - low));
        worst = fmax(worst, fabs(got.row[1].estimate.value - high));
        pilot_sample_clear(&sample);
    }
    ok(worst < 1e-12, "2000 samples trimmed the long way (%.1e)", worst);
}

/* Nobody missing: the difference in means, and Neyman's standard error. */
static void test_no_attrition(unsigned design)
{
    double worst = 0, cells = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        pilot_sample_t sample = sample_make(design, seed, 120);
        pilot_frame_t frame = {.rows = 120,
                               .arms = 2,
                               .block = sample.block,
                               .blocks = sample.blocks,
                               .weight = sample.weight};
        uint16_t arm[120];
        pilot_variable_t outcome = {sample.outcome, NULL};
        pilot_estimate_t row;
        bounds_t got = bounds_of(&sample), tight;
        for (size_t i = 0; i < 120; i++)
            arm[i] = sample.treated[i];
        frame.arm = arm;
        pilot_dim_summary_t *summary = pilot_dim_summarize(&frame, &outcome, NULL, 0, false);
        const pilot_dim_summary_t *one = summary;
        pilot_dim_estimate(&one, 1, 1, 0, 0.95, &row);
        for (size_t k = 0; k < 2 && row.status == PILOT_ROW_OK; k++) {
            worst = fmax(worst, sample_distance(got.row[k].estimate, row.estimate, 1));
            if (!(design & SAMPLE_WEIGHTED))
                worst = fmax(worst, sample_distance(got.row[k].std_error, row.std_error, 1));
        }
        sample.cell = calloc(120, sizeof(uint32_t));
        for (size_t i = 0; i < 120; i++)
            sample.cell[i] = i % 3 == 0;
        tight = bounds_of(&sample);
        cells = fmax(cells, fabs(tight.row[0].estimate.value - tight.row[1].estimate.value));
        pilot_dim_summary_free(summary);
        pilot_sample_clear(&sample);
    }
    ok(worst < 1e-12, "design %u: nobody missing: difference in means (%.1e)", design, worst);
    ok(cells < 1e-13, "design %u: nobody missing, in cells: both bounds the same", design);
}

typedef struct worst {
    double swap, scale, shift, halve, weights, negative, order, crossed, one;
} worst_t;

static double row_distance(const pilot_estimate_t *a, const pilot_estimate_t *b, double sign,
                           double scale)
{
    pilot_number_t low = sign > 0 ? b->ci_low : b->ci_high;
    pilot_number_t high = sign > 0 ? b->ci_high : b->ci_low;
    double far;
    low.value *= sign * scale;
    high.value *= sign * scale;
    far = fabs(a->estimate.value - sign * scale * b->estimate.value) / scale;
    if (a->estimate.given != b->estimate.given || a->std_error.given != b->std_error.given)
        return INFINITY;
    if (a->std_error.given)
        far = fmax(far, fabs(a->std_error.value / scale - b->std_error.value));
    far = fmax(far, sample_distance(a->ci_low, low, scale));
    return fmax(far, sample_distance(a->ci_high, high, scale));
}

/* The largest distance of two pairs of bounds; sign -1: they changed places. */
static double distance(const bounds_t *a, const bounds_t *b, double sign, double scale)
{
    return fmax(row_distance(&a->row[0], &b->row[sign < 0], sign, scale),
                row_distance(&a->row[1], &b->row[sign > 0], sign, scale));
}

static void try_invariance(unsigned design, uint64_t seed, worst_t *worst)
{
    size_t cells = seed % 3 == 0 ? 4 : 0;
    pilot_sample_t sample = with_missing(design, seed, 60 + seed % 190, cells);
    pilot_sample_t copy = sample_copy(&sample);
    bounds_t base = bounds_of(&sample), got;
    if (!base.row[0].estimate.given) {
        pilot_sample_clear(&copy);
        pilot_sample_clear(&sample);
        return;
    }
    worst->crossed = fmax(worst->crossed, base.row[0].estimate.value - base.row[1].estimate.value);
    sample_shuffle(&copy, seed);
    got = bounds_of(&copy);
    worst->order = fmax(worst->order, distance(&got, &base, 1, 1));
    sample_swap_arms(&copy);
    got = bounds_of(&copy);
    worst->swap = fmax(worst->swap, distance(&got, &base, -1, 1));
    sample_swap_arms(&copy);
    for (size_t i = 0; i < copy.n; i++)
        copy.outcome[i] *= -1e9;
    got = bounds_of(&copy);
    worst->negative = fmax(worst->negative, distance(&got, &base, -1, 1e9));
    for (size_t i = 0; i < copy.n; i++)
        copy.outcome[i] *= -1e-18;
    got = bounds_of(&copy);
    worst->scale = fmax(worst->scale, distance(&got, &base, 1, 1e-9));
    for (size_t i = 0; i < copy.n; i++) {
        copy.outcome[i] = round(copy.outcome[i] * 1e9) + 1e9;
        if (copy.weight)
            copy.weight[i] *= 37;
    }
    got = bounds_of(&copy);
    if (design & SAMPLE_TIES)
        worst->shift = fmax(worst->shift, distance(&got, &base, 1, 1));
    pilot_sample_clear(&copy);
    copy = sample_halve(&sample);
    got = bounds_of(&copy);
    /* Cells may no longer be small, nor a block of one unit in an arm. */
    if (!cells && got.row[0].blocks == base.row[0].blocks) {
        worst->halve =
            fmax(worst->halve, fabs(got.row[0].estimate.value - base.row[0].estimate.value));
        worst->halve =
            fmax(worst->halve, fabs(got.row[1].estimate.value - base.row[1].estimate.value));
        if (sample.cluster)
            worst->halve = fmax(worst->halve, distance(&got, &base, 1, 1));
    }
    pilot_sample_clear(&copy);
    copy = sample_copy(&sample);
    free(copy.cluster);
    copy.cluster = NULL;
    base = bounds_of(&copy);
    copy.cluster = calloc(copy.n, sizeof *copy.cluster);
    copy.clusters = copy.n;
    for (size_t i = 0; i < copy.n; i++)
        copy.cluster[i] = (uint32_t)i;
    got = bounds_of(&copy);
    worst->one = fmax(worst->one, distance(&got, &base, 1, 1));
    pilot_sample_clear(&copy);
    pilot_sample_clear(&sample);
}

static void test_invariance(void)
{
    for (unsigned design = 0; design < 16; design++) {
        worst_t worst = {0};
        for (uint64_t seed = 1; seed <= 200; seed++)
            try_invariance(design, seed, &worst);
        ok(worst.crossed < 1e-12, "design %u: the lower bound is not above the upper one", design);
        ok(worst.order < 1e-12, "design %u: another row order (%.1e)", design, worst.order);
        ok(worst.swap < 1e-10, "design %u: arms swapped: bounds change places and sign (%.1e)",
           design, worst.swap);
        ok(worst.negative < 1e-10, "design %u: outcome x -1e9: so they do (%.1e)", design,
           worst.negative);
        ok(worst.scale < 1e-10, "design %u: outcome x 1e-9 (%.1e)", design, worst.scale);
        ok(worst.shift < 1e-10, "design %u: whole numbers + 1e9, weights x 37 (%.1e)", design,
           worst.shift);
        ok(worst.halve < 1e-10, "design %u: rows twice at half weight (%.1e)", design, worst.halve);
        ok(worst.one < 1e-12, "design %u: clusters of one row (%.1e)", design, worst.one);
    }
}

/* Always-observed people gain 1; those whom the pilot makes observed are another kind.  500 samples
 * of 400: the interval covers 1 nearly always (it may not more seldom than 95 %), and the mean
 * bounds enclose it; tightened ones are closer together. */
static void test_truth(void)
{
    uint64_t state = 12345;
    double low = 0, high = 0, tight = 0, wide = 0;
    size_t covered = 0, samples = 500;
    for (size_t s = 0; s < samples; s++) {
        pilot_sample_t sample = {.n = 400,
                                 .outcome = calloc(400, sizeof(double)),
                                 .treated = calloc(400, 1),
                                 .present = calloc(400, 1),
                                 .cell = NULL,
                                 .candidates = 400};
        uint32_t cell[400];
        bounds_t got, tightened;
        for (size_t i = 0; i < 400; i++) {
            double kind = sample_uniform(&state), x = sample_uniform(&state);
            bool always = kind < 0.7, if_treated = kind < 0.85;
            cell[i] = x > 0.5;
            sample.treated[i] = i % 2;
            sample.present[i] = always || (if_treated && sample.treated[i]);
            sample.outcome[i] = sample.present[i] ? sample_normal(&state) + 2 * cell[i] +
                                                        sample.treated[i] - (always ? 0 : 2)
                                                  : 0;
        }
        got = bounds_of(&sample);
        sample.cell = cell;
        sample.cells = 2;
        tightened = bounds_of(&sample);
        sample.cell = NULL;
        low += got.row[0].estimate.value / (double)samples;
        high += got.row[1].estimate.value / (double)samples;
        wide += got.row[1].estimate.value - got.row[0].estimate.value;
        tight += tightened.row[1].estimate.value - tightened.row[0].estimate.value;
        covered += got.row[0].ci_low.value <= 1 && 1 <= got.row[0].ci_high.value;
        pilot_sample_clear(&sample);
    }
    ok(low < 1 && high > 1, "the truth, 1, lies between the mean bounds %.3f and %.3f", low, high);
    ok(covered >= samples * 95 / 100, "the interval covers it in %zu of %zu samples", covered,
       samples);
    ok(tight < 0.9 * wide, "cells tighten the bounds: %.3f of the width", tight / wide);
}

static void test_critical(void)
{
    is_close(imbens_manski_critical(0.95, 0, 1), 1.959963984540054, 1e-14,
             "a point: the two-sided critical value");
    is_close(imbens_manski_critical(0.95, 1e6, 1), 1.644853626951472, 1e-14,
             "a wide range: the one-sided one");
    for (double width = 0.1; width < 4; width *= 2) {
        double c = imbens_manski_critical(0.9, width, 1);
        is_close(gsl_cdf_ugaussian_P(c + width) - gsl_cdf_ugaussian_P(-c), 0.9, 1e-14,
                 "width %g: covers 0.9", width);
    }
}

/* Ten cells of about 12 observed rows an arm are joined; all of them into one. */
static void test_cells(void)
{
    pilot_sample_t sample = with_missing(0, 9, 300, 10), plain = sample_copy(&sample);
    bounds_t joined = bounds_of(&sample), whole;
    free(plain.cell);
    plain.cell = NULL;
    whole = bounds_of(&plain);
    ok(joined.row[0].estimate.value == whole.row[0].estimate.value &&
           strstr(joined.row[0].detail, "1 cell of 10"),
       "small cells are joined: %s", joined.row[0].detail);
    for (size_t i = 0; i < 300; i++)
        sample.cell[i] = sample.cell[i] < 5 ? 0 : sample.cell[i] < 9 ? 1 : 2;
    joined = bounds_of(&sample);
    for (size_t i = 0; i < 300; i++)
        sample.cell[i] = sample.cell[i] == 0 ? 0 : 1;
    whole = bounds_of(&sample);
    ok(joined.row[0].estimate.value == whole.row[0].estimate.value &&
           joined.row[1].std_error.value == whole.row[1].std_error.value &&
           strstr(joined.row[0].detail, "2 cells of 3"),
       "one that is too small alone joins the smallest of the others: %s", joined.row[0].detail);
    pilot_sample_clear(&sample);
    pilot_sample_clear(&plain);
}

static void refused(const pilot_sample_t *sample, pilot_reason_t reason, bool estimate,
                    const char *name)
{
    bounds_t got = bounds_of(sample);
    bool good = true;
    for (size_t k = 0; k < 2; k++)
        good &= got.row[k].status == PILOT_ROW_NOT_ESTIMABLE && got.row[k].reason == reason &&
                got.row[k].estimate.given == estimate && !got.row[k].std_error.given &&
                !got.row[k].ci_low.given && !got.row[k].p_value.given;
    ok(good, "%s: %s, not %s", name, pilot_reason_name(reason),
       pilot_reason_name(got.row[0].reason));
}

static void test_edges(void)
{
    double value[] = {1, 2, 3, 4, 5, 6, 7, 9}, same[] = {5, 5, 5, 5, 5, 5, 5, 5};
    uint8_t treated[8], present[] = {1, 1, 0, 1, 1, 1, 1, 1};
    uint32_t block[] = {0, 0, 1, 1, 2, 2, 3, 3};
    pilot_sample_t none = {.arms = 2}, sample;
    bounds_t got;
    refused(&none, PILOT_REASON_NO_UNITS, false, "no units");
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
    sample.present = (uint8_t[8]){0};
    refused(&sample, PILOT_REASON_ALL_MISSING, false, "nobody observed");
    sample.present = (uint8_t[]){1, 1, 1, 1, 0, 0, 0, 0};
    refused(&sample, PILOT_REASON_NO_TREATED_UNITS, false, "nobody of the treatment arm observed");
    sample.present = (uint8_t[]){0, 0, 0, 0, 1, 1, 1, 1};
    refused(&sample, PILOT_REASON_NO_CONTROL_UNITS, false, "nobody of the control arm observed");
    sample = sample_of_values(value, treated, 8, 4);
    sample.present = (uint8_t[]){1, 1, 1, 1, 0, 1, 0, 0};
    refused(&sample, PILOT_REASON_SINGLETON_ARM_BLOCK, true, "one observed in an arm");
    sample.present = present;
    got = bounds_of(&sample);
    is_close(got.row[0].estimate.value, 6 - 7.0 / 3, 1e-14,
             "three of four controls seen: one treated unit is trimmed above");
    is_close(got.row[1].estimate.value, 22 / 3.0 - 7 / 3.0, 1e-14, "or below");
    ok(got.row[0].std_error.given && strstr(got.row[0].detail, "0.25 of treatment's trimmed"),
       "told in detail: %s", got.row[0].detail);
    memcpy(value, (double[]){5, 5, 5, 5, 1, 2, 3, 4}, sizeof value);
    got = bounds_of(&sample);
    ok(got.row[0].std_error.given && got.row[1].std_error.given,
       "constant in one arm: the other's spread");
    sample = sample_of_values(value, treated, 8, 4);
    sample.block = block;
    sample.blocks = 4;
    for (size_t i = 0; i < 8; i++)
        treated[i] = i % 2;
    got = bounds_of(&sample);
    /* Pairs differ by 0, 0, 1, 1. */
    is_close(got.row[0].std_error.value, sqrt(1.0 / 12), 1e-14,
             "pairs, nobody missing: the spread of the differences");
    ok(got.row[0].blocks == 4 && got.row[0].estimate.value == 0.5, "pairs: their mean");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_golden();
    test_critical();
    test_trimming();
    test_no_attrition(0);
    test_no_attrition(SAMPLE_BLOCKED);
    test_no_attrition(SAMPLE_WEIGHTED);
    test_no_attrition(SAMPLE_BLOCKED | SAMPLE_WEIGHTED);
    test_invariance();
    test_truth();
    test_cells();
    test_edges();
    return tap_done();
}
