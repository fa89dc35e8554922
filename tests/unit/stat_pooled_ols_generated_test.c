/* Least squares in each agency and pooled, with and without blocks, weights and clusters, all types
 * of standard errors, against explicit dummies in estimatr and clubSandwich:
 * tests/golden/ols/generated.R.  A single agency pooled gives its own estimate, bit for bit. */
#include <math.h>

#include "../harness/ols_pool.h"
#include "../harness/tap.h"

static const char *const arms[] = {"c", "t", "u", NULL};

typedef struct design {
    bool blocked, weighted, clustered;
} design_t;

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
                near(got->control_mean, table_get(golden, row, "control_mean"), 1e-9) &&
                got->n == strtoull(table_get(golden, row, "n"), NULL, 10) &&
                got->clusters == strtoull(table_get(golden, row, "clusters"), NULL, 10);
    if (!ok(good, "%s%s%s%s, %s, %s as the reference has it", table_get(golden, row, "scope"),
            *table_get(golden, row, "blocked") == '1' ? ", blocked" : "",
            *table_get(golden, row, "weighted") == '1' ? ", weighted" : "",
            *table_get(golden, row, "clustered") == '1' ? ", clustered" : "",
            table_get(golden, row, "type"), table_get(golden, row, "arm")))
        printf("#   got  %.17g %.17g %.17g n %llu %llu %.17g %s %s\n#   want %s %s %s n %s %s %s\n",
               got->estimate.value, got->std_error.value, got->df.value, (unsigned long long)got->n,
               (unsigned long long)got->clusters, got->control_mean.value,
               pilot_reason_name(got->reason), got->detail, table_get(golden, row, "estimate"),
               table_get(golden, row, "std_error"), table_get(golden, row, "df"),
               table_get(golden, row, "n"), table_get(golden, row, "clusters"),
               table_get(golden, row, "control_mean"));
}

static bool is_row(const table_t *golden, size_t row, const char *scope, design_t design,
                   pilot_std_error_t type)
{
    return strcmp(table_get(golden, row, "scope"), scope) == 0 &&
           strcmp(table_get(golden, row, "type"), pilot_std_error_name(type)) == 0 &&
           (*table_get(golden, row, "blocked") == '1') == design.blocked &&
           (*table_get(golden, row, "weighted") == '1') == design.weighted &&
           (*table_get(golden, row, "clustered") == '1') == design.clustered;
}

static void test_scope(const table_t *golden, const char *scope, design_t design,
                       pilot_std_error_t type, const pilot_estimate_t *got)
{
    for (size_t row = 0; row < golden->rows; row++)
        if (is_row(golden, row, scope, design, type))
            test_row(golden, row, &got[strcmp(table_get(golden, row, "arm"), "t") != 0]);
}

static bool same_bits(const pilot_estimate_t *a, const pilot_estimate_t *b)
{
    return memcmp(&a->estimate.value, &b->estimate.value, sizeof(double)) == 0 &&
           memcmp(&a->std_error.value, &b->std_error.value, sizeof(double)) == 0 &&
           memcmp(&a->df.value, &b->df.value, sizeof(double)) == 0 &&
           memcmp(&a->p_value.value, &b->p_value.value, sizeof(double)) == 0 &&
           memcmp(&a->control_mean.value, &b->control_mean.value, sizeof(double)) == 0 &&
           memcmp(&a->control_std_dev.value, &b->control_std_dev.value, sizeof(double)) == 0 &&
           a->n == b->n && a->clusters == b->clusters && a->blocks == b->blocks &&
           a->status == b->status && strcmp(a->detail, b->detail) == 0;
}

static void test_design(const table_t *data, const table_t *golden, design_t design)
{
    ols_columns_t columns = {.agency = "agency",
                             .unit = "unit",
                             .block = design.blocked ? "block" : NULL,
                             .cluster = design.clustered ? "cluster" : NULL,
                             .weight = design.weighted ? "w" : NULL,
                             .arm = "arm",
                             .arms = arms,
                             .outcome = {"y"},
                             .number = {"x", "z"},
                             .category = {"g"}};
    size_t agencies;
    ols_agency_t *agency = ols_agencies(data, &columns, &agencies);
    pilot_ols_t *ols = pilot_ols_new();
    pilot_std_error_t first = design.clustered ? PILOT_SE_CR0 : PILOT_SE_CLASSICAL;
    pilot_std_error_t last = design.clustered ? PILOT_SE_CR3 : PILOT_SE_HC3;
    for (pilot_std_error_t type = first; type <= last; type++) {
        pilot_estimate_t estimate[2], alone[2], pooled[2];
        pilot_ols_task_t option = ols_task(&agency[0]);
        option.std_error = type;
        for (size_t a = 0; a < agencies; a++) {
            pilot_ols_task_t task = ols_task(&agency[a]);
            task.std_error = type;
            ols_estimate(ols, &task, agency[a].outcome, 1, estimate);
            test_scope(golden, agency[a].name, design, type, estimate);
            ok(pool_estimate(&agency[a], 1, &option, alone) && same_bits(&alone[0], &estimate[0]) &&
                   same_bits(&alone[1], &estimate[1]),
               "%s alone, pooled, %s: its own bits", agency[a].name, pilot_std_error_name(type));
        }
        ok(pool_estimate(agency, agencies, &option, pooled), "the parts merge");
        test_scope(golden, "pooled", design, type, pooled);
    }
    pilot_ols_free(ols);
    ols_agencies_free(agency, agencies);
}

int main(void)
{
    table_t data = table_read("tests/golden/ols/generated.csv");
    table_t golden = table_read("tests/golden/ols/generated_estimates.csv");
    for (int i = 0; i < 8; i++)
        test_design(&data, &golden, (design_t){(i & 1) != 0, (i & 2) != 0, (i & 4) != 0});
    table_free(&golden);
    table_free(&data);
    return tap_done();
}
