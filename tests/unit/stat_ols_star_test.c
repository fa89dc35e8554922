/* Least squares in every STAR school against estimatr: tests/golden/ols/star.R. */
#include <math.h>

#include "../harness/ols_data.h"
#include "../harness/tap.h"
#include "pilot/ols.h"

static const char *const arms[] = {"regular", "small", "regular+aide", NULL};

static const ols_columns_t columns = {.agency = "school",
                                      .unit = "student",
                                      .arm = "class_type",
                                      .arms = arms,
                                      .outcome = {"reading", "math"},
                                      .number = {"female", "age"}};

/* An empty cell: there is no such number. */
static bool near(pilot_number_t got, const char *want, double relative)
{
    double value = strtod(want, NULL);
    if (*want == '\0')
        return !got.given;
    return got.given && fabs(got.value - value) <= relative * fabs(value);
}

static void test_school(const table_t *golden, size_t row, const pilot_estimate_t *got)
{
    bool good = near(got->estimate, table_get(golden, row, "estimate"), 1e-9) &&
                near(got->std_error, table_get(golden, row, "std_error"), 1e-9) &&
                near(got->df, table_get(golden, row, "df"), 1e-8) &&
                near(got->p_value, table_get(golden, row, "p_value"), 1e-8) &&
                got->n == strtoull(table_get(golden, row, "n"), NULL, 10);
    if (!ok(good, "school %s, %s, %s as estimatr has it", table_get(golden, row, "school"),
            table_get(golden, row, "outcome"), table_get(golden, row, "arm")))
        printf("#   got  %.17g %.17g %.17g n %llu %s %s\n#   want %s %s %s n %s\n",
               got->estimate.value, got->std_error.value, got->df.value, (unsigned long long)got->n,
               pilot_reason_name(got->reason), got->detail, table_get(golden, row, "estimate"),
               table_get(golden, row, "std_error"), table_get(golden, row, "df"),
               table_get(golden, row, "n"));
}

int main(void)
{
    table_t star = table_read("deploy/demo/star_kindergarten.csv");
    table_t golden = table_read("tests/golden/ols/star_by_school.csv");
    size_t agencies;
    ols_agency_t *agency = ols_agencies(&star, &columns, &agencies);
    pilot_ols_t *ols = pilot_ols_new();
    ok(agencies == 79, "STAR has 79 schools");
    for (size_t a = 0, row = 0; a < agencies; a++) {
        pilot_estimate_t estimate[4];
        pilot_ols_task_t task = ols_task(&agency[a]);
        ols_estimate(ols, &task, agency[a].outcome, agency[a].outcomes, estimate);
        for (size_t e = 0; e < 4 && row < golden.rows; e++, row++) {
            if (strcmp(table_get(&golden, row, "school"), agency[a].name) != 0)
                ok(false, "the golden rows are in the schools' order");
            test_school(&golden, row, &estimate[e]);
        }
    }
    pilot_ols_free(ols);
    ols_agencies_free(agency, agencies);
    table_free(&golden);
    table_free(&star);
    return tap_done();
}
