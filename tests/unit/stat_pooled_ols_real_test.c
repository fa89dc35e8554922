/* Real clustered pilots against clubSandwich and estimatr: tests/golden/ols/real.R.  Schools in
 * pairs (some of which have lost a school), and ten arms that vary within clusters. */
#include <math.h>

#include "../harness/ols_pool.h"
#include "../harness/tap.h"

static const char *const awards_arms[] = {"0", "1", NULL};
static const char *const years[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", NULL};

static bool near(pilot_number_t got, const char *want, double relative)
{
    double value = strtod(want, NULL);
    return got.given && fabs(got.value - value) <= relative * fabs(value);
}

/* Keep the rows that have this text in a column. */
static void keep(table_t *table, const char *column, const char *text)
{
    size_t at = table_column(table, column), kept = 1;
    for (size_t row = 0; row < table->rows; row++)
        if (strcmp(table_at(table, row, at), text) == 0)
            memmove(table->cell + kept++ * table->columns, table->cell + (row + 1) * table->columns,
                    table->columns * sizeof *table->cell);
    table->rows = kept - 1;
}

static void test_row(const table_t *golden, size_t row, const pilot_estimate_t *got)
{
    bool good = near(got->estimate, table_get(golden, row, "estimate"), 1e-9) &&
                near(got->std_error, table_get(golden, row, "std_error"), 1e-9) &&
                near(got->df, table_get(golden, row, "df"), 1e-8) &&
                got->n == strtoull(table_get(golden, row, "n"), NULL, 10);
    if (!ok(good, "%s, %s%s, %s, arm %s as the reference has it", table_get(golden, row, "data"),
            table_get(golden, row, "scope"),
            *table_get(golden, row, "blocked") == '1' ? ", blocked" : "",
            table_get(golden, row, "type"), table_get(golden, row, "arm")))
        printf("#   got  %.17g %.17g %.17g n %llu %s %s\n#   want %s %s %s n %s\n",
               got->estimate.value, got->std_error.value, got->df.value, (unsigned long long)got->n,
               pilot_reason_name(got->reason), got->detail, table_get(golden, row, "estimate"),
               table_get(golden, row, "std_error"), table_get(golden, row, "df"),
               table_get(golden, row, "n"));
}

/* All golden rows of a data set, scope and design. */
static void test_scope(const table_t *data, const table_t *golden, const ols_columns_t *columns,
                       const char *name, const char *scope)
{
    size_t agencies, tested = 0;
    ols_agency_t *agency = ols_agencies(data, columns, &agencies);
    pilot_estimate_t estimate[9];
    pilot_ols_t *ols = pilot_ols_new();
    for (pilot_std_error_t type = columns->cluster ? PILOT_SE_CR0 : PILOT_SE_CLASSICAL;
         type <= (columns->cluster ? PILOT_SE_CR3 : PILOT_SE_HC3); type++) {
        pilot_ols_task_t task = ols_task(&agency[0]);
        task.std_error = type;
        if (agencies == 1)
            ols_estimate(ols, &task, agency->outcome, 1, estimate);
        else
            ok(pool_estimate(agency, agencies, &task, estimate), "the parts merge");
        for (size_t row = 0; row < golden->rows; row++) {
            if (strcmp(table_get(golden, row, "data"), name) != 0 ||
                strcmp(table_get(golden, row, "scope"), scope) != 0 ||
                (*table_get(golden, row, "blocked") == '1') != (columns->block != NULL) ||
                (*table_get(golden, row, "clustered") == '1') != (columns->cluster != NULL) ||
                strcmp(table_get(golden, row, "type"), pilot_std_error_name(type)) != 0)
                continue;
            test_row(golden, row, &estimate[strtoul(table_get(golden, row, "arm"), NULL, 10) - 1]);
            tested++;
        }
    }
    ok(tested > 0, "%s, %s is among the golden rows", name, scope);
    pilot_ols_free(ols);
    ols_agencies_free(agency, agencies);
}

int main(void)
{
    table_t awards = table_read("tests/golden/data/achievement_awards_israel.csv");
    table_t petersen = table_read("tests/golden/data/petersen_cl_simulated.csv");
    table_t golden = table_read("tests/golden/ols/real_estimates.csv");
    ols_columns_t schools = {.unit = "student_id",
                             .cluster = "school_id",
                             .arm = "treated",
                             .arms = awards_arms,
                             .outcome = {"bagrut_status"},
                             .number = {"lagscore", "siblings", "mother_ed"},
                             .category = {"sex"}};
    ols_columns_t panel = {.arm = "cluster_year", .arms = years, .outcome = {"y"}, .number = {"x"}};
    keep(&awards, "year", "2001");
    for (int blocked = 0; blocked < 2; blocked++) {
        schools.block = blocked ? "pair" : NULL;
        schools.agency = NULL;
        test_scope(&awards, &golden, &schools, "awards", "one");
        schools.agency = "school_type";
        test_scope(&awards, &golden, &schools, "awards", "pooled");
    }
    test_scope(&petersen, &golden, &panel, "petersen", "one");
    panel.cluster = "cluster_firm";
    test_scope(&petersen, &golden, &panel, "petersen", "one");
    keep(&awards, "school_type", "Secular");
    schools.agency = NULL;
    test_scope(&awards, &golden, &schools, "awards", "Secular");
    schools.block = NULL;
    test_scope(&awards, &golden, &schools, "awards", "Secular");
    table_free(&golden);
    table_free(&petersen);
    table_free(&awards);
    return tap_done();
}
