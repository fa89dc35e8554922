/* The noncentral t distribution against R (tests/golden/power/noncentral_t.R), its symmetries, and
 * the minimum detectable effect that goes with a standard error. */
#include <gsl/gsl_errno.h>
#include <math.h>

#include "../../lib/stat/distribution.h"
#include "../../lib/stat/noncentral_t.h"
#include "../harness/table.h"
#include "../harness/tap.h"
#include "pilot/power.h"

static double number(const table_t *table, size_t row, const char *column)
{
    return strtod(table_get(table, row, column), NULL);
}

static void test_golden(void)
{
    table_t rows = table_read("tests/golden/power/noncentral_t.csv");
    double worst = 0;
    for (size_t i = 0; i < rows.rows; i++) {
        double t = number(&rows, i, "t"), df = number(&rows, i, "df"),
               ncp = number(&rows, i, "ncp");
        double miss = fabs(pilot_noncentral_t_cdf(t, df, ncp) - number(&rows, i, "p"));
        if (miss > 1e-10)
            printf("# t %g df %g ncp %g: off by %g\n", t, df, ncp, miss);
        worst = fmax(worst, miss);
    }
    ok(rows.rows == 810 && worst < 1e-10, "R's pt(ncp=): %zu values, off by %.1e at most",
       rows.rows, worst);
    table_free(&rows);
}

static void test_properties(void)
{
    double central = 0, mirror = 0, both = 0, normal = 0;
    bool rises = true;
    for (double df = 0.5; df < 3e6; df *= 1.7)
        for (double t = -6; t <= 6; t += 0.75) {
            double p = pilot_noncentral_t_cdf(t, df, 0), q = 0.5 * pilot_t_two_sided(t, df);
            central = fmax(central, fabs(p - (t > 0 ? 1 - q : q)));
            p = pilot_noncentral_t_cdf(t, df, 1.3);
            mirror = fmax(mirror, fabs(p + pilot_noncentral_t_cdf(-t, df, -1.3) - 1));
            rises &= p > pilot_noncentral_t_cdf(t, df, 1.4);
            q = 1 - pilot_noncentral_t_cdf(fabs(t), df, 1.3) +
                pilot_noncentral_t_cdf(-fabs(t), df, 1.3);
            both = fmax(both, fabs(q - pilot_noncentral_t_two_sided(t, df, 1.3)));
        }
    for (double t = -6; t <= 6; t += 0.5)
        normal = fmax(normal,
                      fabs(pilot_noncentral_t_cdf(t, INFINITY, 2) - 0.5 * erfc((2 - t) / sqrt(2))));
    ok(central < 1e-13, "without an effect it is the t distribution (%.1e)", central);
    ok(mirror < 1e-13, "P(T <= t | d) = 1 - P(T <= -t | -d) (%.1e)", mirror);
    ok(both < 1e-13, "two-sided power is the sum of the two tails (%.1e)", both);
    ok(normal < 1e-15, "infinitely many df are the normal distribution");
    ok(rises, "it falls as the effect rises");
}

static void test_ex_post(void)
{
    is_close(pilot_power_ex_post(2, PILOT_ABSENT, 0.05, 0.8), 2 * 2.8015852181129679, 1e-12,
             "normal: 2.80 standard errors");
    is_close(pilot_power_ex_post(1, PILOT_GIVEN(10), 0.05, 0.8), 3.1071966805368634, 1e-12,
             "10 df: 3.11 standard errors");
    is_close(pilot_power_ex_post(1, PILOT_GIVEN(10), 0.05, 0.5), 2.2281388519862739, 1e-12,
             "power 0.5: the critical value");
    is_close(pilot_power_ex_post(1, PILOT_GIVEN(10), 0.05, 0.2),
             2.2281388519862739 - 0.87905782855058934, 1e-11, "power below a half");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_golden();
    test_properties();
    test_ex_post();
    return tap_done();
}
