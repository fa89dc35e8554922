/* Blocks and clusters that span agencies, or cut through each other, against clubSandwich with
 * explicit dummies: tests/golden/ols/across.R.  The same rows as one agency give the same. */
#include <math.h>

#include "../harness/ols_pool.h"
#include "../harness/tap.h"

static const char *const arms[] = {"c", "t", "u", NULL};

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
                got->n == strtoull(table_get(golden, row, "n"), NULL, 10) &&
                got->clusters == strtoull(table_get(golden, row, "clusters"), NULL, 10) &&
                got->blocks == strtoull(table_get(golden, row, "blocks"), NULL, 10);
    if (!ok(good, "cluster %s, block %s%s, %s, %s as clubSandwich has it",
            table_get(golden, row, "cluster"), table_get(golden, row, "block"),
            *table_get(golden, row, "weighted") == '1' ? ", weighted" : "",
            table_get(golden, row, "type"), table_get(golden, row, "arm")))
        printf("#   got  %.17g %.17g %.17g n %llu %llu %llu %s %s\n#   want %s %s %s n %s %s %s\n",
               got->estimate.value, got->std_error.value, got->df.value, (unsigned long long)got->n,
               (unsigned long long)got->clusters, (unsigned long long)got->blocks,
               pilot_reason_name(got->reason), got->detail, table_get(golden, row, "estimate"),
               table_get(golden, row, "std_error"), table_get(golden, row, "df"),
               table_get(golden, row, "n"), table_get(golden, row, "clusters"),
               table_get(golden, row, "blocks"));
}

static void test_design(const table_t *data, const table_t *golden, const char *cluster,
                        const char *block, bool weighted, bool one)
{
    bool teams = strcmp(cluster, "team") == 0;
    ols_columns_t columns = {.agency = one ? NULL : "agency",
                             .unit = "unit",
                             .block = strcmp(block, "none") == 0 ? NULL : block,
                             .cluster = teams ? "team"
                                        : one ? "agency"
                                              : NULL,
                             .weight = weighted ? "w" : NULL,
                             .arm = teams ? "arm_team" : "arm_agency",
                             .arms = arms,
                             .outcome = {"y"},
                             .number = {"x", "z"},
                             .category = {"k"}};
    size_t agencies;
    ols_agency_t *agency = ols_agencies(data, &columns, &agencies);
    for (pilot_std_error_t type = PILOT_SE_CR0; type <= PILOT_SE_CR3; type++) {
        pilot_estimate_t estimate[2];
        pilot_ols_task_t option = ols_task(&agency[0]);
        option.std_error = type;
        option.across = !one;
        ok(pool_estimate(agency, agencies, &option, estimate), "the parts of %zu agencies merge",
           agencies);
        for (size_t row = 0; row < golden->rows; row++)
            if (strcmp(table_get(golden, row, "cluster"), cluster) == 0 &&
                strcmp(table_get(golden, row, "block"), block) == 0 &&
                strcmp(table_get(golden, row, "type"), pilot_std_error_name(type)) == 0 &&
                (*table_get(golden, row, "weighted") == '1') == weighted)
                test_row(golden, row, &estimate[strcmp(table_get(golden, row, "arm"), "t") != 0]);
    }
    ols_agencies_free(agency, agencies);
}

int main(void)
{
    table_t data = table_read("tests/golden/ols/across.csv");
    table_t golden = table_read("tests/golden/ols/across_estimates.csv");
    static const char *const cluster[] = {"agency", "team"};
    static const char *const block[] = {"none", "region", "grade"};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int weighted = 0; weighted < 2; weighted++)
                for (int one = 0; one < 2; one++)
                    test_design(&data, &golden, cluster[i], block[j], weighted != 0, one != 0);
    table_free(&golden);
    table_free(&data);
    return tap_done();
}
