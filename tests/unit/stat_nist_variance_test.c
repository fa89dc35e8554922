/* NIST's StRD univariate and analysis of variance sets through the estimators: a set against itself
 * by difference_in_means and ols, groups as arms of a regression.  Correct digits; where fewer are
 * wanted, the data's own last digit in double precision allows no more.
 * tests/golden/data/nist/README tells where the data is from. */
#include <math.h>

#include "../harness/ols_data.h"
#include "../harness/tap.h"
#include "pilot/dim.h"

enum { MOST_GROUPS = 9 };
static pilot_ols_t *ols;

/* -log10 of the relative error; at most 15. */
static double digits_of(double got, double want)
{
    double error = fabs(got - want) / fabs(want);
    return error > 0 ? fmin(15, -log10(error)) : 15;
}

static double certified(const table_t *table, const char *dataset, const char *column)
{
    for (size_t row = 0; row < table->rows; row++)
        if (strcmp(table_get(table, row, "dataset"), dataset) == 0)
            return strtod(table_get(table, row, column), NULL);
    return 0;
}

/* The set as control and as treatment: the mean, and a standard error of s root(2/n). */
static void test_univariate(const table_t *data, const table_t *truth, const char *dataset,
                            double wanted)
{
    double *y = calloc(2 * data->rows, sizeof *y);
    uint16_t *arm = calloc(2 * data->rows, sizeof *arm);
    size_t n = 0;
    for (size_t row = 0; row < data->rows; row++)
        if (strcmp(table_get(data, row, "dataset"), dataset) == 0)
            y[n++] = strtod(table_get(data, row, "y"), NULL);
    for (size_t i = 0; i < n; i++) {
        y[n + i] = y[i];
        arm[n + i] = 1;
    }
    pilot_frame_t frame = {.rows = 2 * n, .arms = 2, .arm = arm};
    pilot_variable_t outcome = {.value = y};
    pilot_ols_task_t task = {.frame = &frame, .std_error = PILOT_SE_CLASSICAL, .confidence = 0.95};
    pilot_estimate_t row[2];
    pilot_dim_summary_t *summary = pilot_dim_summarize(&frame, &outcome, NULL, 0, false);
    pilot_dim_estimate((const pilot_dim_summary_t *const *)&summary, 1, 1, 0, 0.95, &row[0]);
    ols_estimate(ols, &task, &outcome, 1, &row[1]);
    for (size_t i = 0; i < 2; i++) {
        double mean = digits_of(row[i].control_mean.value, certified(truth, dataset, "mean"));
        double sd = digits_of(row[i].std_error.value * sqrt((double)n / 2),
                              certified(truth, dataset, "sd"));
        ok(n == (size_t)certified(truth, dataset, "n") && mean >= 14 && sd >= wanted &&
               row[i].estimate.given &&
               fabs(row[i].estimate.value) < 1e-12 * row[i].std_error.value,
           "%s, %s: mean (%.1f digits), standard deviation to %g digits (%.1f)", dataset,
           i ? "ols" : "difference_in_means", mean, wanted, sd);
    }
    pilot_dim_summary_free(summary);
    free(y);
    free(arm);
}

static void test_anova(const table_t *truth, const char *dataset, const char *file, double wanted)
{
    char path[256];
    snprintf(path, sizeof path, "tests/golden/data/nist/nist_anova_%s.csv", file);
    table_t data = table_read(path);
    double *y = calloc(data.rows, sizeof *y), size[MOST_GROUPS] = {0};
    uint16_t *arm = calloc(data.rows, sizeof *arm);
    size_t groups = 0;
    for (size_t i = 0; i < data.rows; i++) {
        arm[i] = (uint16_t)(strtoul(table_get(&data, i, "group"), NULL, 10) - 1);
        y[i] = strtod(table_get(&data, i, "y"), NULL);
        groups = arm[i] + 1U > groups ? arm[i] + 1U : groups;
        size[arm[i]]++;
    }
    pilot_frame_t frame = {.rows = data.rows, .arms = groups, .arm = arm};
    pilot_variable_t outcome = {.value = y};
    pilot_ols_task_t task = {.frame = &frame, .std_error = PILOT_SE_CLASSICAL, .confidence = 0.95};
    pilot_estimate_t row[MOST_GROUPS];
    ols_estimate(ols, &task, &outcome, 1, row);
    double n = (double)data.rows, mean = 0, between = 0;
    for (size_t g = 1; g < groups; g++)
        mean += size[g] / n * row[g - 1].estimate.value;
    for (size_t g = 0; g < groups; g++) {
        double effect = g ? row[g - 1].estimate.value : 0;
        between += size[g] * (effect - mean) * (effect - mean);
    }
    double sigma = row[0].std_error.value / sqrt(1 / size[0] + 1 / size[1]);
    double f = between / (double)(groups - 1) / (sigma * sigma);
    double f_digits = digits_of(f, certified(truth, dataset, "f_statistic"));
    double sigma_digits = digits_of(sigma, certified(truth, dataset, "residual_sd"));
    ok(row[0].df.value == certified(truth, dataset, "df_within") && f_digits >= wanted &&
           sigma_digits >= wanted,
       "%s: F (%.1f) and residual deviation (%.1f) to %g digits", dataset, f_digits, sigma_digits,
       wanted);
    table_free(&data);
    free(y);
    free(arm);
}

int main(void)
{
    static const struct {
        const char *name, *file;
        double digits;
    } anova[] = {{"AtmWtAg", "atmwtag", 10}, {"SiRstv", "sirstv", 12}, {"SmLs01", "smls01", 12},
                 {"SmLs02", "smls02", 12},   {"SmLs03", "smls03", 12}, {"SmLs04", "smls04", 10},
                 {"SmLs05", "smls05", 10},   {"SmLs06", "smls06", 8},  {"SmLs07", "smls07", 4},
                 {"SmLs08", "smls08", 4},    {"SmLs09", "smls09", 2}},
      univariate[] = {{"lew", "", 14},       {"lottery", "", 14},  {"mavro", "", 12},
                      {"michelson", "", 13}, {"pidigits", "", 14}, {"numacc1", "", 15},
                      {"numacc2", "", 14},   {"numacc3", "", 9},   {"numacc4", "", 8}};
    table_t data = table_read("tests/golden/data/nist/nist_univariate.csv");
    table_t truth = table_read("tests/golden/data/nist/nist_univariate_certified.csv");
    ols = pilot_ols_new();
    for (size_t i = 0; i < sizeof univariate / sizeof *univariate; i++)
        test_univariate(&data, &truth, univariate[i].name, univariate[i].digits);
    table_free(&truth);
    truth = table_read("tests/golden/data/nist/nist_anova_certified.csv");
    for (size_t i = 0; i < sizeof anova / sizeof *anova; i++)
        test_anova(&truth, anova[i].name, anova[i].file, anova[i].digits);
    pilot_ols_free(ols);
    table_free(&truth);
    table_free(&data);
    return tap_done();
}
