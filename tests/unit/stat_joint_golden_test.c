/* Joint tests and instrumental variables against R: tests/golden/joint/make_joint.R. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/table.h"
#include "../harness/tap.h"
#include "pilot/joint.h"

#define GOLDEN 1e-9
#define MOST 8

static double number(const table_t *table, size_t row, const char *column)
{
    return strtod(table_get(table, row, column), NULL);
}

static pilot_number_t df_or_normal(const table_t *table, size_t row, const char *column)
{
    double df = number(table, row, column);
    return isfinite(df) ? PILOT_GIVEN(df) : PILOT_ABSENT;
}

/* Rows of one case stand together: returns how many from row i on. */
static size_t case_rows(const table_t *table, size_t i)
{
    size_t rows = 1;
    while (i + rows < table->rows &&
           strcmp(table_get(table, i + rows, "case"), table_get(table, i, "case")) == 0)
        rows++;
    return rows;
}

static void test_levels(const table_t *table)
{
    for (size_t i = 0, levels; i < table->rows; i += levels) {
        pilot_estimate_t level[MOST] = {0}, gap;
        pilot_wald_t test;
        levels = case_rows(table, i);
        for (size_t l = 0; l < levels; l++) {
            level[l].estimate = PILOT_GIVEN(number(table, i + l, "estimate"));
            level[l].std_error = PILOT_GIVEN(number(table, i + l, "std_error"));
            level[l].df = PILOT_GIVEN(number(table, i + l, "df"));
        }
        pilot_gap_test(level, levels, NULL, &test);
        is_close(test.statistic.value, number(table, i, "f"), GOLDEN, "%zu levels: oneway's F",
                 levels);
        is_close(test.df2.value, number(table, i, "df2"), GOLDEN, "%zu levels: oneway's df",
                 levels);
        is_close(test.p_value.value, number(table, i, "p_value"), GOLDEN, "%zu levels: oneway's p",
                 levels);
        ok(test.df1.value == (double)levels - 1 && test.used == levels && test.reason == 0,
           "%zu levels: numerator df", levels);
        if (levels > 2)
            continue;
        pilot_gap_estimate(&level[1], &level[0], NULL, 0.95, &gap);
        is_close(gap.p_value.value, number(table, i, "p_value"), GOLDEN,
                 "two levels: the gap's p is Welch's t");
        is_close(gap.df.value, number(table, i, "df2"), GOLDEN, "two levels: and so is its df");
    }
}

static void test_wald(const table_t *table)
{
    for (size_t i = 0, q; i < table->rows; i += q) {
        double estimate[MOST], covariance[MOST * MOST];
        pilot_number_t df = df_or_normal(table, i, "df");
        const char *name = table_get(table, i, "case");
        pilot_wald_t test;
        q = case_rows(table, i);
        for (size_t k = 0; k < q; k++) {
            char *at = (char *)(uintptr_t)table_get(table, i + k, "covariance");
            estimate[k] = number(table, i + k, "estimate");
            for (size_t j = 0; j < q; j++)
                covariance[k * q + j] = strtod(at, &at);
        }
        pilot_wald_test(estimate, covariance, q, PILOT_ABSENT, PILOT_WALD_F, &test);
        is_close(test.statistic.value, number(table, i, "chisq"), GOLDEN, "%s: chi-square", name);
        is_close(test.p_value.value, number(table, i, "p_chisq"), GOLDEN, "%s: its p", name);
        ok(test.rank == q && !test.df2.given, "%s: full rank", name);
        if (!df.given)
            continue;
        pilot_wald_test(estimate, covariance, q, df, PILOT_WALD_F, &test);
        is_close(test.p_value.value, number(table, i, "p_f"), GOLDEN, "%s: p of F", name);
        pilot_wald_test(estimate, covariance, q, df, PILOT_WALD_HOTELLING, &test);
        if (!test.statistic.given) {
            ok(test.reason == PILOT_REASON_NO_RESIDUAL_DF &&
                   strcmp(table_get(table, i, "hotelling"), "NA") == 0,
               "%s: too few df for Hotelling", name);
            continue;
        }
        is_close(test.statistic.value, number(table, i, "hotelling"), GOLDEN, "%s: Hotelling's F",
                 name);
        is_close(test.p_value.value, number(table, i, "p_hotelling"), GOLDEN, "%s: its p", name);
    }
}

static void test_iv(const table_t *table)
{
    for (size_t i = 0; i < table->rows; i++) {
        pilot_iv_parts_t parts = {.reduced_form = number(table, i, "reduced_form"),
                                  .first_stage = number(table, i, "first_stage"),
                                  .variance_reduced = number(table, i, "v_yy"),
                                  .covariance = number(table, i, "v_yd"),
                                  .variance_first = number(table, i, "v_dd"),
                                  .df = PILOT_GIVEN(number(table, i, "df"))};
        bool interval = strcmp(table_get(table, i, "low"), "NA") != 0, weak;
        double f = number(table, i, "first_f");
        pilot_estimate_t row = {0};
        pilot_iv_strength_t strength;
        pilot_iv_finish(&parts, 0.95, &row, &strength);
        is_close(row.estimate.value, number(table, i, "estimate"), GOLDEN, "iv %zu: iv_robust", i);
        is_close(row.std_error.value, number(table, i, "std_error"), GOLDEN,
                 "iv %zu: its robust standard error is the ratio's", i);
        is_close(row.df.value, number(table, i, "iv_df"), 1e-8, "iv %zu: its df are the arm's", i);
        is_close(row.p_value.value, number(table, i, "p_value"), GOLDEN, "iv %zu: p", i);
        is_close(strength.first_stage_f.value, f, GOLDEN, "iv %zu: first-stage F", i);
        weak = f < 10 || !interval;
        ok(row.status == (weak ? PILOT_ROW_FLAGGED : PILOT_ROW_OK) &&
               row.reason == (weak ? PILOT_REASON_WEAK_FIRST_STAGE : PILOT_REASON_NONE),
           "iv %zu: %s", i, row.detail);
        ok(strength.ar_low.given == interval && strength.ar_high.given == interval,
           "iv %zu: an Anderson-Rubin interval where the set is one", i);
        if (!interval)
            continue;
        is_close(strength.ar_low.value, number(table, i, "low"), 1e-7, "iv %zu: its lower end", i);
        is_close(strength.ar_high.value, number(table, i, "high"), 1e-7, "iv %zu: its upper end",
                 i);
    }
}

int main(void)
{
    table_t levels = table_read("tests/golden/joint/levels.csv");
    table_t wald = table_read("tests/golden/joint/wald.csv");
    table_t iv = table_read("tests/golden/joint/iv.csv");
    gsl_set_error_handler_off();
    test_levels(&levels);
    test_wald(&wald);
    test_iv(&iv);
    table_free(&levels);
    table_free(&wald);
    table_free(&iv);
    return tap_done();
}
