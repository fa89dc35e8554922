/* Pooled least squares over STAR's schools, in two rounds of packed parts, against estimatr with a
 * dummy for every school: tests/golden/ols/star.R. */
#include <math.h>

#include "../harness/ols_pool.h"
#include "../harness/tap.h"

static const char *const arms[] = {"regular", "small", "regular+aide", NULL};

static bool near(pilot_number_t got, const char *want, double relative)
{
    double value = strtod(want, NULL);
    return got.given && fabs(got.value - value) <= relative * fabs(value);
}

static void test_row(const table_t *golden, size_t row, const pilot_estimate_t *got)
{
    bool good = near(got->estimate, table_get(golden, row, "estimate"), 1e-9) &&
                near(got->std_error, table_get(golden, row, "std_error"), 1e-9) &&
                near(got->df, table_get(golden, row, "df"), 1e-8) &&
                got->n == strtoull(table_get(golden, row, "n"), NULL, 10);
    if (!ok(good, "pooled %s, covariates %s, %s, %s as estimatr has it",
            table_get(golden, row, "outcome"), table_get(golden, row, "covariates"),
            table_get(golden, row, "type"), table_get(golden, row, "arm")))
        printf("#   got  %.17g %.17g %.17g n %llu %s %s\n", got->estimate.value,
               got->std_error.value, got->df.value, (unsigned long long)got->n,
               pilot_reason_name(got->reason), got->detail);
}

static void test_covariates(const table_t *star, const table_t *golden, bool covariates)
{
    ols_columns_t columns = {.agency = "school",
                             .unit = "student",
                             .arm = "class_type",
                             .arms = arms,
                             .outcome = {"reading", "math"}};
    size_t agencies;
    if (covariates) {
        columns.number[0] = "female";
        columns.number[1] = "age";
    }
    ols_agency_t *agency = ols_agencies(star, &columns, &agencies);
    pilot_ols_task_t task = ols_task(&agency[0]);
    for (pilot_std_error_t type = PILOT_SE_CLASSICAL; type <= PILOT_SE_HC3; type++) {
        pilot_estimate_t estimate[4];
        task.std_error = type;
        ok(pool_estimate(agency, agencies, &task, estimate), "the parts of 79 schools merge");
        for (size_t row = 0; row < golden->rows; row++) {
            bool small = strcmp(table_get(golden, row, "arm"), "small") == 0;
            bool math = strcmp(table_get(golden, row, "outcome"), "math") == 0;
            if (strcmp(table_get(golden, row, "type"), pilot_std_error_name(type)) == 0 &&
                strcmp(table_get(golden, row, "covariates"), covariates ? "female_age" : "none") ==
                    0)
                test_row(golden, row, &estimate[(math ? 2 : 0) + (small ? 0 : 1)]);
        }
    }
    ols_agencies_free(agency, agencies);
}

int main(void)
{
    table_t star = table_read("deploy/demo/star_kindergarten.csv");
    table_t golden = table_read("tests/golden/ols/star_pooled.csv");
    test_covariates(&star, &golden, false);
    test_covariates(&star, &golden, true);
    table_free(&golden);
    table_free(&star);
    return tap_done();
}
