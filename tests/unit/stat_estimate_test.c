/* Names of the closed lists, and inference from an estimate: R's pt and qt to twelve digits. */
#include "pilot/estimate.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../../lib/stat/distribution.h"
#include "../harness/tap.h"

static void test_names(void)
{
    size_t named = 0;
    for (size_t i = 1; i < PILOT_REASON_COUNT; i++)
        named += pilot_reason_name((pilot_reason_t)i)[0] != '\0';
    ok(named == PILOT_REASON_COUNT - 1, "every reason has a name");
    is_text(pilot_reason_name(PILOT_REASON_NONE), "", "no reason is empty");
    is_text(pilot_reason_name(PILOT_REASON_COUNT), "", "a reason beyond the list is empty");
    is_text(pilot_row_status_name(PILOT_ROW_NOT_ESTIMABLE), "not_estimable", "status by name");
    is_text(pilot_std_error_name(PILOT_SE_PASHLEY_MIRATRIX_M), "pashley_miratrix_m",
            "standard error by name");
    for (int i = 1; i <= PILOT_SE_CR3; i++)
        ok(pilot_std_error_from_name(pilot_std_error_name((pilot_std_error_t)i)) ==
               (pilot_std_error_t)i,
           "%s is found by its name", pilot_std_error_name((pilot_std_error_t)i));
    ok(pilot_std_error_from_name("HC4") == PILOT_SE_NONE &&
           pilot_std_error_from_name("") == PILOT_SE_NONE,
       "an unknown standard error is none");
}

/* R 4.2.2: format(2 * pt(-t, df), digits = 16), qt(.975, df). */
static void test_distributions(void)
{
    is_close(pilot_t_two_sided(0, 3), 1, 1e-15, "P(|T| >= 0) is 1");
    is_close(pilot_t_two_sided(12.7062047361747, 1), 0.05, 1e-13, "t tail, 1 df");
    is_close(pilot_t_two_sided(4.30265272974946, 2), 0.05, 1e-13, "t tail, 2 df");
    is_close(pilot_t_two_sided(1, 1), 0.5, 1e-14, "t tail at the quartile of the Cauchy");
    is_close(pilot_t_critical(0.95, 1), 12.7062047361747, 1e-14, "t quantile, 1 df");
    is_close(pilot_t_critical(0.95, 2), 4.30265272974946, 1e-14, "t quantile, 2 df");
    is_close(pilot_t_critical(0.95, 30), 2.0422724563012382, 1e-13, "t quantile, 30 df");
    is_close(pilot_t_critical(0.95, 1e300), pilot_normal_critical(0.95), 1e-14,
             "t quantile, no end of df: normal");
    is_close(pilot_normal_critical(0.95), 1.9599639845400543, 1e-15, "normal quantile");
    is_close(pilot_normal_two_sided(10), 1.523970604832094e-23, 1e-13, "normal tail far out");
    is_close(pilot_chi_square_quantile(0.975, 12), 23.336664158645339, 1e-13,
             "chi-square quantile");
    is_close(pilot_chi_square_upper(pilot_chi_square_quantile(0.025, 3), 3), 0.975, 1e-13,
             "chi-square tail and quantile agree");
    is_close(pilot_f_upper(3.2, 2, 7.5), 0.09889497767641779, 1e-13, "F tail, 2 and 7.5 df");
    is_close(pilot_f_upper(1.1, 5, 88.25), 0.3662337147360195, 1e-13, "F tail, 5 and 88.25 df");
    is_close(pilot_f_upper(40, 3, 4), 0.001929984563963373, 1e-13, "F tail, 3 and 4 df");
    is_close(pilot_f_upper(2, 4, 1e6), 0.09157907359355603, 1e-10, "F tail, a million df");
    is_close(pilot_f_upper(2.5, 1, 1e8), 0.1138463011693, 1e-10, "F tail, no end of df");
    ok(pilot_f_upper(0, 2, 5) == 1 && pilot_f_upper(INFINITY, 2, 5) == 0, "F tail at its ends");
    for (int i = -1; i < 14; i++) {
        double df = pow(3.7, i);
        is_close(pilot_f_upper(4, 1, df), pilot_t_two_sided(2, df), 1e-9,
                 "F tail with 1 df is that of t, %.3g df", df);
        is_close(pilot_t_two_sided(pilot_t_critical(0.99, df), df), 0.01, 1e-11,
                 "t tail and quantile agree, %.3g df", df);
    }
}

static void test_infer_against(void)
{
    pilot_estimate_t row = {.estimate = PILOT_GIVEN(0.75), .std_error = PILOT_GIVEN(0.125)};
    pilot_estimate_infer_against(&row, 0.5, 0.95);
    ok(row.statistic.value == 2, "the statistic is of the distance from the null value");
    is_close(row.p_value.value, pilot_normal_two_sided(2), 1e-15, "and so is the p-value");
    is_close(row.ci_low.value, 0.75 - 0.125 * pilot_normal_critical(0.95), 1e-15,
             "while the interval lies about the estimate");
}

static void test_infer(void)
{
    pilot_estimate_t row = {.estimate = PILOT_GIVEN(-3), .std_error = PILOT_GIVEN(1.5)};
    pilot_estimate_infer(&row, 0.95);
    ok(row.statistic.value == -2 && !row.df.given, "statistic is estimate over standard error");
    is_close(row.p_value.value, 0.04550026389635842, 1e-14, "without df the normal p");
    is_close(row.ci_low.value, -3 - 1.5 * 1.9599639845400543, 1e-15, "and the normal interval");
    row.df = PILOT_GIVEN(2);
    pilot_estimate_infer(&row, 0.95);
    is_close(row.ci_high.value, -3 + 1.5 * 4.30265272974946, 1e-13, "with df the t interval");
    row = (pilot_estimate_t){.estimate = PILOT_GIVEN(1), .std_error = PILOT_GIVEN(0)};
    pilot_estimate_infer(&row, 0.95);
    ok(!row.p_value.given && !row.statistic.given && !row.ci_low.given,
       "nothing follows from a standard error of 0");
    row = (pilot_estimate_t){.estimate = PILOT_GIVEN(1)};
    pilot_estimate_infer(&row, 0.95);
    ok(!row.p_value.given, "nor from none");
    row = (pilot_estimate_t){
        .estimate = PILOT_GIVEN(1), .std_error = PILOT_GIVEN(1), .df = PILOT_GIVEN(0.001)};
    pilot_estimate_infer(&row, 0.95);
    ok(row.p_value.given && !row.ci_low.given && !row.ci_high.given,
       "an interval wider than all numbers is absent");
    pilot_estimate_refuse(&row, PILOT_REASON_LEVERAGE_ONE);
    ok(row.status == PILOT_ROW_NOT_ESTIMABLE && row.reason == PILOT_REASON_LEVERAGE_ONE &&
           row.estimate.given,
       "a refusal keeps the numbers that there are");
}

static void test_notes(void)
{
    pilot_estimate_t row = {0};
    pilot_estimate_note(&row, "dropped: %s", "x");
    pilot_estimate_note(&row, "auto: ols");
    is_text(row.detail, "dropped: x; auto: ols", "notes stand one after another");
    for (int i = 0; i < 100; i++)
        pilot_estimate_note(&row, "dropped: %s", i % 2 ? "\xc3\x9cn\xc3\xaf" : "\xe2\x82\xac");
    ok(strlen(row.detail) < PILOT_DETAIL_SIZE, "a full detail stays within its size");
    for (size_t pad = 0; pad < 6; pad++) {
        const unsigned char *end;
        memset(&row, 0, sizeof row);
        memset(row.detail, 'x', PILOT_DETAIL_SIZE - 10 - pad);
        pilot_estimate_note(&row, "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac");
        end = (const unsigned char *)row.detail + strlen(row.detail);
        ok(end[-1] == 'x' || end[-1] == ' ' || (end[-3] == 0xe2 && end[-1] == 0xac),
           "a cut detail ends with a whole character (%zu)", pad);
    }
}

/* Degrees of freedom that come again, and ones that take each other's place. */
static void test_infer_many(void)
{
    static const double df[] = {3, 19, 3, 3.5, 3, 0.01, 35, 19, 2e9, 3};
    pilot_criticals_t criticals = {0};
    size_t good = 0, count = sizeof df / sizeof *df;
    for (size_t i = 0; i < count; i++) {
        pilot_estimate_t one = {
            .estimate = PILOT_GIVEN(1.5), .std_error = PILOT_GIVEN(0.7), .df = PILOT_GIVEN(df[i])};
        pilot_estimate_t other = one;
        pilot_estimate_infer(&one, 0.9);
        pilot_estimate_infer_many(&other, 0.9, &criticals);
        good += one.p_value.value == other.p_value.value &&
                one.statistic.value == other.statistic.value &&
                one.ci_low.given == other.ci_low.given && one.ci_low.value == other.ci_low.value &&
                one.ci_high.value == other.ci_high.value;
    }
    ok(good == count, "critical values that are kept change no bit");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_names();
    test_distributions();
    test_infer();
    test_infer_against();
    test_infer_many();
    test_notes();
    return tap_done();
}
