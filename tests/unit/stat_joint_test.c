/* Joint tests: what must not matter, what reduces to what, and what cannot be had. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/tap.h"
#include "pilot/joint.h"

#define MOST 6

static double uniform(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return ((*state >> 8) + 0.5) / 16777216.0;
}

static double spread(unsigned *state)
{
    return uniform(state) + uniform(state) + uniform(state) - 1.5;
}

static bool near(double got, double want, double relative)
{
    return fabs(got - want) <= relative * fabs(want) + 1e-300;
}

static pilot_estimate_t effect(double value, double error, double df)
{
    pilot_estimate_t row = {.status = PILOT_ROW_OK,
                            .estimate = PILOT_GIVEN(value),
                            .std_error = PILOT_GIVEN(error),
                            .df = df > 0 ? PILOT_GIVEN(df) : PILOT_ABSENT,
                            .control_mean = PILOT_GIVEN(10 * value),
                            .n = 40,
                            .n_arm = 18,
                            .n_control = 22,
                            .clusters = 9,
                            .blocks = 3,
                            .std_error_type = PILOT_SE_HC2};
    pilot_estimate_infer(&row, 0.95);
    return row;
}

/* ---- Wald */

/* A covariance of q numbers that rest on `rows` random rows. */
static void random_covariance(unsigned *state, size_t q, size_t rows, double *covariance)
{
    double row[MOST];
    memset(covariance, 0, q * q * sizeof *covariance);
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < q; i++)
            row[i] = spread(state);
        for (size_t i = 0; i < q; i++)
            for (size_t j = 0; j < q; j++)
                covariance[i * q + j] += row[i] * row[j];
    }
}

static void test_wald_scale(void)
{
    bool same = true;
    unsigned state = 5;
    for (unsigned draw = 0; draw < 2000; draw++) {
        size_t q = 1 + draw % MOST;
        double estimate[MOST], covariance[MOST * MOST], factor[MOST];
        pilot_wald_t one, two;
        random_covariance(&state, q, q + 3, covariance);
        for (size_t i = 0; i < q; i++) {
            estimate[i] = spread(&state);
            factor[i] = (uniform(&state) < 0.5 ? -1 : 1) * pow(10, 18 * uniform(&state) - 9);
        }
        pilot_wald_test(estimate, covariance, q, PILOT_GIVEN(30), PILOT_WALD_HOTELLING, &one);
        for (size_t i = 0; i < q; i++) {
            estimate[i] *= factor[i];
            for (size_t j = 0; j < q; j++)
                covariance[i * q + j] *= factor[i] * factor[j];
        }
        pilot_wald_test(estimate, covariance, q, PILOT_GIVEN(30), PILOT_WALD_HOTELLING, &two);
        same &=
            one.rank == q && two.rank == q && near(two.statistic.value, one.statistic.value, 1e-9);
    }
    ok(same, "Wald: each number in its own unit, the same test");
}

/* Numbers that are sums of the others add nothing. */
static void test_wald_rank(void)
{
    bool same = true;
    unsigned state = 9;
    for (unsigned draw = 0; draw < 1000; draw++) {
        double estimate[4], covariance[9], wide[16], sum[4];
        pilot_wald_t one, two;
        random_covariance(&state, 3, 8, covariance);
        for (size_t i = 0; i < 3; i++)
            estimate[i] = spread(&state);
        estimate[3] = estimate[0] + 2 * estimate[1] - estimate[2];
        for (size_t i = 0; i < 3; i++)
            sum[i] = covariance[i] + 2 * covariance[3 + i] - covariance[6 + i];
        sum[3] = sum[0] + 2 * sum[1] - sum[2];
        for (size_t i = 0; i < 4; i++)
            for (size_t j = 0; j < 4; j++)
                wide[4 * i + j] = i == 3 ? sum[j] : j == 3 ? sum[i] : covariance[3 * i + j];
        pilot_wald_test(estimate, covariance, 3, PILOT_GIVEN(12.5), PILOT_WALD_F, &one);
        pilot_wald_test(estimate, wide, 4, PILOT_GIVEN(12.5), PILOT_WALD_F, &two);
        same &= two.rank == 3 && two.df1.value == 3 && two.used == 4 &&
                near(two.statistic.value, one.statistic.value, 1e-7);
    }
    ok(same, "Wald: a number that follows from the others is passed over, and the rank tells");
}

static void test_wald_reasons(void)
{
    const double two[2] = {1, 2}, none[4] = {0}, whole[4] = {1, 0, 0, 4};
    const double one_only[4] = {0, 0, 0, 4}, huge[4] = {INFINITY, 0, 0, 1};
    pilot_estimate_t row = {0};
    pilot_wald_t test;
    pilot_wald_test(two, none, 2, PILOT_ABSENT, PILOT_WALD_F, &test);
    ok(test.reason == PILOT_REASON_ZERO_VARIANCE && !test.statistic.given && test.rank == 0,
       "Wald: numbers without spread cannot be tested");
    pilot_wald_note(&test, &row);
    is_text(row.detail, "no joint test: zero_variance", "Wald: which detail says");
    pilot_wald_test(two, huge, 2, PILOT_ABSENT, PILOT_WALD_F, &test);
    ok(test.reason == PILOT_REASON_VARIANCE_UNIDENTIFIED && !test.p_value.given,
       "Wald: a covariance beyond numbers");
    pilot_wald_test(two, one_only, 2, PILOT_ABSENT, PILOT_WALD_F, &test);
    ok(test.rank == 1 && test.statistic.value == 1, "Wald: a number without spread is passed over");
    pilot_wald_test(two, whole, 2, PILOT_GIVEN(0.9), PILOT_WALD_HOTELLING, &test);
    ok(test.reason == PILOT_REASON_NO_RESIDUAL_DF && !test.statistic.given,
       "Wald: too few df for Hotelling");
    pilot_wald_test(two, whole, 2, PILOT_GIVEN(10), PILOT_WALD_F, &test);
    memset(&row, 0, sizeof row);
    pilot_wald_note(&test, &row);
    is_text(row.detail, "joint F(2, 10) = 1, p 0.402", "Wald: detail has F");
    pilot_wald_test(two, whole, 2, PILOT_ABSENT, PILOT_WALD_HOTELLING, &test);
    memset(&row, 0, sizeof row);
    pilot_wald_note(&test, &row);
    is_text(row.detail, "joint chi-square(2) = 2, p 0.368", "Wald: or chi-square");
}

/* ---- gap */
static void test_gap(void)
{
    pilot_estimate_t first = effect(2, 3, 12), level = effect(5, 4, 7), gap, back;
    pilot_overlap_t overlap = {.correlated = true, .covariance = 4.5, .clusters = 5, .blocks = 3};
    pilot_gap_estimate(&level, &first, NULL, 0.95, &gap);
    ok(gap.estimate.value == 3 && gap.std_error.value == 5 && gap.status == PILOT_ROW_OK,
       "gap: difference, and root of the sum of squares");
    is_close(gap.df.value, 25.0 * 25 / (81.0 / 12 + 256.0 / 7), 1e-14, "gap: Welch's df");
    ok(gap.n == 80 && gap.n_arm == 36 && gap.n_control == 44 && gap.clusters == 18 &&
           gap.blocks == 6 && gap.control_mean.value == 30 && gap.p_value.given &&
           gap.std_error_type == PILOT_SE_HC2,
       "gap: counts add up, the control means' gap stands beside");
    pilot_gap_estimate(&first, &level, NULL, 0.95, &back);
    ok(back.estimate.value == -gap.estimate.value && back.std_error.value == gap.std_error.value &&
           back.df.value == gap.df.value && back.ci_low.value == -gap.ci_high.value,
       "gap: levels swapped, sign swapped");
    pilot_gap_estimate(&level, &first, &overlap, 0.95, &gap);
    ok(gap.std_error.value == 4 && gap.df.value == 7 && gap.clusters == 13 && gap.blocks == 3,
       "gap: levels that share clusters: covariance, smaller df, no cluster twice");
    first.df = level.df = PILOT_ABSENT;
    pilot_gap_estimate(&level, &first, NULL, 0.95, &gap);
    ok(!gap.df.given && gap.p_value.given, "gap: of two normal effects is normal");
    overlap.covariance = 12.5;
    pilot_gap_estimate(&level, &first, &overlap, 0.95, &gap);
    ok(gap.reason == PILOT_REASON_ZERO_VARIANCE && !gap.std_error.given && gap.estimate.given,
       "gap: effects that move together exactly have no spread");
}

static void test_gap_reasons(void)
{
    pilot_estimate_t first = effect(2, 3, 12), level = effect(5, 4, 7), gap;
    level.std_error = level.p_value = PILOT_ABSENT;
    pilot_estimate_refuse(&level, PILOT_REASON_SINGLETON_ARM_BLOCK);
    pilot_gap_estimate(&level, &first, NULL, 0.95, &gap);
    ok(gap.status == PILOT_ROW_NOT_ESTIMABLE && gap.reason == PILOT_REASON_SINGLETON_ARM_BLOCK &&
           gap.estimate.value == 3 && !gap.std_error.given && !gap.p_value.given,
       "gap: a level without standard error leaves the difference, and its reason");
    level.estimate = PILOT_ABSENT;
    level.status = PILOT_ROW_JOB_FAILED;
    level.reason = PILOT_REASON_JOB_FAILED;
    pilot_gap_estimate(&first, &level, NULL, 0.95, &gap);
    ok(gap.status == PILOT_ROW_JOB_FAILED && !gap.estimate.given, "gap: of a failed job, failed");
    level = effect(5, 4, 7);
    level.status = PILOT_ROW_FLAGGED;
    pilot_estimate_note(&level, "estimand_changed: 2 blocks left out");
    level.std_error_type = PILOT_SE_PAIRS;
    pilot_gap_estimate(&first, &level, NULL, 0.95, &gap);
    ok(gap.status == PILOT_ROW_FLAGGED && gap.p_value.given, "gap: of a flagged effect, flagged");
    is_text(gap.detail, "first level: estimand_changed: 2 blocks left out; first level: pairs",
            "gap: with what was said of it, and its standard error's type");
    pilot_estimate_refuse(&first, PILOT_REASON_NO_UNITS);
    first.estimate = first.std_error = PILOT_ABSENT;
    pilot_gap_estimate(&first, &level, NULL, 0.95, &gap);
    ok(gap.status == PILOT_ROW_NOT_ESTIMABLE && gap.reason == PILOT_REASON_NO_UNITS,
       "gap: a refusal outweighs a flag");
}

static void test_gap_levels(void)
{
    bool same = true, shift = true, order = true;
    unsigned state = 31;
    for (unsigned draw = 0; draw < 1000; draw++) {
        size_t levels = 2 + draw % (MOST - 1);
        pilot_estimate_t level[MOST], moved[MOST], turned[MOST];
        double covariance[MOST * MOST] = {0};
        pilot_wald_t welch, wald, other;
        for (size_t l = 0; l < levels; l++) {
            double value = spread(&state), error = 0.2 + uniform(&state);
            level[l] = effect(value, error, 0);
            moved[l] = effect(1024 * (1e6 + floor(1000 * value)), 1024 * error, 5 + (double)l);
            turned[levels - 1 - l] = effect(floor(1000 * value), error, 5 + (double)l);
            covariance[l * levels + l] = error * error;
        }
        pilot_gap_test(level, levels, NULL, &welch);
        pilot_gap_test(level, levels, covariance, &wald);
        same &= near(wald.statistic.value, welch.statistic.value, 1e-9) && !welch.df2.given &&
                welch.df1.value == (double)levels - 1;
        pilot_gap_test(moved, levels, NULL, &welch);
        pilot_gap_test(turned, levels, NULL, &other);
        shift &= near(welch.statistic.value, other.statistic.value, 1e-9) &&
                 near(welch.df2.value, other.df2.value, 1e-9);
        for (size_t l = 0; l < levels; l++)
            covariance[l * levels + l] = 1;
        pilot_gap_test(moved, levels, covariance, &wald);
        order &= wald.df2.given ? wald.df2.value == 5 - (double)(levels - 1) + 1
                                : wald.reason == PILOT_REASON_NO_RESIDUAL_DF;
    }
    ok(same, "levels: Welch's and Wald's chi-square agree where effects are normal");
    ok(shift, "levels: a common constant, the unit and the order do not matter");
    ok(order, "levels: with a covariance the smallest df, less the numerator's, plus one");
}

static void test_gap_levels_left_out(void)
{
    pilot_estimate_t level[3] = {effect(1, 1, 9), effect(0, 1, 9), effect(4, 2, 5)}, gap;
    const double covariance[9] = {1, 9, 0.5, 9, 9, 9, 0.5, 9, 4};
    pilot_wald_t test;
    pilot_estimate_refuse(&level[1], PILOT_REASON_NO_TREATED_UNITS);
    level[1].estimate = level[1].std_error = PILOT_ABSENT;
    pilot_gap_test(level, 3, NULL, &test);
    pilot_gap_estimate(&level[2], &level[0], NULL, 0.95, &gap);
    is_close(test.p_value.value, gap.p_value.value, 1e-12, "levels: the others are tested");
    ok(test.used == 2 && test.reason == PILOT_REASON_NONE, "levels: and counted");
    pilot_gap_test(level, 3, covariance, &test);
    is_close(test.statistic.value, 9.0 / (1 + 4 - 2 * 0.5), 1e-14,
             "levels: the covariance of those left out is not read");
    pilot_gap_test(level, 2, NULL, &test);
    ok(test.reason == PILOT_REASON_NO_TREATED_UNITS && !test.statistic.given,
       "levels: one level alone cannot differ, for the other's reason");
}

/* ---- iv */
static void test_iv(void)
{
    pilot_iv_parts_t parts = {.reduced_form = 2,
                              .first_stage = 0.5,
                              .variance_reduced = 0.25,
                              .variance_first = 0.0025,
                              .covariance = 0.01,
                              .df = PILOT_GIVEN(40)};
    pilot_iv_strength_t strength, mirrored;
    pilot_estimate_t row = {.n = 50}, other = {0};
    pilot_iv_finish(&parts, 0.95, &row, &strength);
    ok(row.estimate.value == 4 && row.status == PILOT_ROW_OK && row.n == 50, "iv: the ratio");
    is_close(row.std_error.value, sqrt((0.25 - 8 * 0.01 + 16 * 0.0025) / 0.25), 1e-14,
             "iv: its standard error");
    is_close(strength.first_stage_f.value, 100, 1e-14, "iv: first-stage F");
    ok(strstr(row.detail, "first-stage F 100; Anderson-Rubin ") == row.detail, "iv: %s",
       row.detail);
    parts.first_stage *= -1;
    parts.covariance *= -1;
    pilot_iv_finish(&parts, 0.95, &other, &mirrored);
    ok(other.estimate.value == -4 && other.std_error.value == row.std_error.value &&
           mirrored.ar_low.value == -strength.ar_high.value &&
           mirrored.ar_high.value == -strength.ar_low.value,
       "iv: the treatment's sign turned, the effect's turned");
    parts.reduced_form = parts.first_stage;
    parts.variance_reduced = parts.covariance = parts.variance_first;
    memset(&row, 0, sizeof row);
    pilot_iv_finish(&parts, 0.95, &row, NULL);
    ok(row.reason == PILOT_REASON_ZERO_VARIANCE && row.estimate.value == 1 && !row.std_error.given,
       "iv: an outcome that is the treatment has no spread about it");
    parts.first_stage = 0;
    memset(&row, 0, sizeof row);
    pilot_iv_finish(&parts, 0.95, &row, &strength);
    ok(row.reason == PILOT_REASON_WEAK_FIRST_STAGE && row.status == PILOT_ROW_NOT_ESTIMABLE &&
           !row.estimate.given && !strength.first_stage_f.given,
       "iv: an arm that moves nothing has no effect to give");
    parts.variance_first = NAN;
    memset(&row, 0, sizeof row);
    pilot_iv_finish(&parts, 0.95, &row, &strength);
    ok(row.reason == PILOT_REASON_VARIANCE_UNIDENTIFIED && !row.estimate.given,
       "iv: parts that are no numbers are refused");
}

/* All follow their assignment: the effect is the arm's, with its interval. */
static void test_iv_perfect(void)
{
    pilot_iv_parts_t parts = {
        .reduced_form = 3, .first_stage = 1, .variance_reduced = 4, .df = PILOT_GIVEN(20)};
    pilot_iv_strength_t strength;
    pilot_estimate_t row = {0};
    pilot_iv_finish(&parts, 0.95, &row, &strength);
    ok(row.estimate.value == 3 && row.std_error.value == 2 && row.status == PILOT_ROW_OK &&
           !strength.first_stage_f.given,
       "iv: with full compliance it is the arm's effect (%s)", row.detail);
    is_close(strength.ar_low.value, row.ci_low.value, 1e-12, "iv: and so is Anderson-Rubin");
    is_close(strength.ar_high.value, row.ci_high.value, 1e-12, "iv: at both ends");
}

static void test_iv_scale(void)
{
    bool same = true, holds = true;
    unsigned state = 71;
    for (unsigned draw = 0; draw < 3000; draw++) {
        double a = 1 + uniform(&state), b = 0.05 + 0.1 * uniform(&state);
        double cross = 1.9 * (uniform(&state) - 0.5), up = pow(10, 18 * uniform(&state) - 9);
        pilot_iv_parts_t parts = {.reduced_form = 3 * spread(&state),
                                  .first_stage = 0.6 * spread(&state),
                                  .variance_reduced = a * a,
                                  .variance_first = b * b,
                                  .covariance = cross * a * b,
                                  .df = PILOT_GIVEN(25)};
        pilot_iv_strength_t strength, scaled;
        pilot_estimate_t row = {0}, other = {0};
        pilot_iv_finish(&parts, 0.95, &row, &strength);
        parts.reduced_form *= up;
        parts.covariance *= up;
        parts.variance_reduced *= up * up;
        pilot_iv_finish(&parts, 0.95, &other, &scaled);
        same &= near(other.estimate.value, up * row.estimate.value, 1e-12) &&
                near(other.std_error.value, up * row.std_error.value, 1e-10) &&
                other.status == row.status && scaled.ar_low.given == strength.ar_low.given &&
                fabs(scaled.ar_low.value - up * strength.ar_low.value) <=
                    1e-9 * up * (fabs(strength.ar_low.value) + fabs(strength.ar_high.value));
        holds &= !strength.ar_low.given || (strength.ar_low.value <= row.estimate.value &&
                                            row.estimate.value <= strength.ar_high.value);
    }
    ok(same, "iv: outcome in another unit");
    ok(holds, "iv: the Anderson-Rubin interval holds the estimate");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_wald_scale();
    test_wald_rank();
    test_wald_reasons();
    test_gap();
    test_gap_reasons();
    test_gap_levels();
    test_gap_levels_left_out();
    test_iv();
    test_iv_perfect();
    test_iv_scale();
    return tap_done();
}
