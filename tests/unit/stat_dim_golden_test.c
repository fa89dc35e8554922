/* Difference in means against estimatr and clubSandwich: tests/golden/dim/make_dim.R. */
#include "pilot/dim.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/table.h"
#include "../harness/tap.h"

#define GOLDEN 1e-9
#define GOLDEN_DF 1e-8

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static void path_of(const char *file, char *path, size_t size)
{
    bool star = strcmp(file, "star_kindergarten.csv") == 0;
    snprintf(path, size, "%s/%s", star ? "deploy/demo" : "tests/golden/dim", file);
}

static bool near(double got, const char *want, double relative)
{
    double value = strtod(want, NULL);
    return fabs(got - value) <= relative * fmax(fabs(value), 1e-9);
}

static pilot_estimate_t estimate_case(const table_t *data, const table_t *cases, size_t i)
{
    const char *arms[] = {table_get(cases, i, "control"), table_get(cases, i, "treated"), NULL};
    const char *of_star[] = {"regular", "small", "regular+aide", NULL};
    const char *of_generated[] = {"c", "t", "u", NULL};
    const char *const *all = strcmp(arms[0], "regular") == 0 ? of_star
                             : strcmp(arms[0], "c") == 0     ? of_generated
                                                             : arms;
    bool star = all == of_star;
    table_columns_t columns = {.outcome = table_get(cases, i, "outcome"),
                               .arm = table_get(cases, i, "arm"),
                               .block = or_null(table_get(cases, i, "block")),
                               .cluster = or_null(table_get(cases, i, "cluster")),
                               .weight = or_null(table_get(cases, i, "weight")),
                               .unit = star ? "student" : NULL,
                               .filter = or_null(table_get(cases, i, "filter")),
                               .filter_value = table_get(cases, i, "value"),
                               .arms = all};
    table_frame_t frame = table_make_frame(data, &columns);
    pilot_dim_summary_t *summary =
        pilot_dim_summarize(&frame.frame, &frame.outcome, NULL, 0, false);
    const pilot_dim_summary_t *one = summary;
    pilot_estimate_t row;
    pilot_dim_estimate(&one, 1, table_arm_code(all, arms[1]), 0, 0.95, &row);
    pilot_dim_summary_free(summary);
    table_frame_free(&frame);
    return row;
}

static void test_case(const table_t *data, const table_t *cases, size_t i)
{
    pilot_estimate_t row = estimate_case(data, cases, i);
    bool good = near(row.estimate.value, table_get(cases, i, "estimate"), GOLDEN) &&
                near(row.std_error.value, table_get(cases, i, "std_error"), GOLDEN) &&
                near(row.df.value, table_get(cases, i, "df"), GOLDEN_DF) &&
                row.n == strtoull(table_get(cases, i, "n"), NULL, 10);
    ok(good, "%s %s%s: %s - %s%s%s%s as %s gives it", table_get(cases, i, "file"),
       table_get(cases, i, "outcome"), table_get(cases, i, "value"), table_get(cases, i, "treated"),
       table_get(cases, i, "control"), *table_get(cases, i, "block") ? ", blocked" : "",
       *table_get(cases, i, "cluster") ? ", clustered" : "",
       *table_get(cases, i, "weight") ? ", weighted" : "", table_get(cases, i, "by"));
    if (!good)
        printf("#   got  %.17g %.17g %.17g %llu (%s)\n#   want %s %s %s %s\n", row.estimate.value,
               row.std_error.value, row.df.value, (unsigned long long)row.n,
               pilot_std_error_name(row.std_error_type), table_get(cases, i, "estimate"),
               table_get(cases, i, "std_error"), table_get(cases, i, "df"),
               table_get(cases, i, "n"));
}

int main(void)
{
    table_t cases = table_read("tests/golden/dim/cases.csv"), data = {0};
    const char *open = NULL;
    gsl_set_error_handler_off();
    for (size_t i = 0; i < cases.rows; i++) {
        const char *file = table_get(&cases, i, "file");
        char path[256];
        if (!open || strcmp(file, open) != 0) {
            table_free(&data);
            path_of(file, path, sizeof path);
            data = table_read(path);
            open = file;
        }
        test_case(&data, &cases, i);
    }
    table_free(&data);
    table_free(&cases);
    return tap_done();
}
