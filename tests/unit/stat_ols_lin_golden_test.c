/* Model lin in one agency and pooled against estimatr's lm_lin and against centred interactions as
 * explicit columns: tests/golden/ols/lin.R; and the data of Lin (2013). */
#include <math.h>

#include "../harness/ols_pool.h"
#include "../harness/tap.h"

static const char *const arms[] = {"c", "t", "u", NULL};
static const char *const men_arms[] = {"0", "1", NULL};

static table_t golden;
static pilot_ols_t *ols;

static bool near(pilot_number_t got, const char *want, double relative)
{
    double value = strtod(want, NULL);
    return got.given && fabs(got.value - value) <= relative * fabs(value);
}

static bool says(size_t row, const char *column, const char *text)
{
    return strcmp(table_get(&golden, row, column), text) == 0;
}

static void test_row(size_t row, const pilot_estimate_t *got)
{
    bool alone = says(row, "std_error", "");
    bool good = near(got->estimate, table_get(&golden, row, "estimate"), 1e-9) &&
                (alone ? got->reason == PILOT_REASON_LEVERAGE_ONE && !got->std_error.given
                       : near(got->std_error, table_get(&golden, row, "std_error"), 1e-9) &&
                             near(got->df, table_get(&golden, row, "df"), 1e-8)) &&
                got->n == strtoull(table_get(&golden, row, "n"), NULL, 10);
    if (!ok(good, "%s, %s%s%s%s, %s, %s as the reference has it", table_get(&golden, row, "source"),
            table_get(&golden, row, "scope"), says(row, "blocked", "1") ? ", blocked" : "",
            says(row, "weighted", "1") ? ", weighted" : "",
            says(row, "clustered", "1") ? ", clustered" : "", table_get(&golden, row, "type"),
            table_get(&golden, row, "arm")))
        printf("#   got  %.17g %.17g %.17g n %llu %s %s\n#   want %s %s %s n %s\n",
               got->estimate.value, got->std_error.value, got->df.value, (unsigned long long)got->n,
               pilot_reason_name(got->reason), got->detail, table_get(&golden, row, "estimate"),
               table_get(&golden, row, "std_error"), table_get(&golden, row, "df"),
               table_get(&golden, row, "n"));
}

/* All rows of one source, scope and design.  Agencies: one of them, or all pooled. */
static void test_scope(const char *source, const char *scope, const ols_columns_t *columns,
                       const ols_agency_t *agency, size_t agencies)
{
    for (size_t row = 0; row < golden.rows; row++) {
        if (!says(row, "source", source) || !says(row, "scope", scope) ||
            !says(row, "blocked", columns->block ? "1" : "0") ||
            !says(row, "weighted", columns->weight ? "1" : "0") ||
            !says(row, "clustered", columns->cluster ? "1" : "0"))
            continue;
        static const pilot_regression_model_t lin = PILOT_MODEL_LIN;
        pilot_estimate_t got[4], pooled[4];
        pilot_ols_task_t task = ols_task(agency);
        task.interact = true;
        task.impute = strcmp(source, "explicit") == 0;
        task.across = strcmp(scope, "one") == 0 && agencies > 1;
        task.std_error = pilot_std_error_from_name(table_get(&golden, row, "type"));
        if (agencies == 1)
            ols_estimate_model(ols, &task, lin, agency->outcome, 1, got);
        if (!pool_models(agency, agencies, &task, &lin, 1, pooled))
            ok(false, "the parts merge");
        size_t arm = says(row, "arm", "u");
        test_row(row, &pooled[arm]);
        if (agencies == 1 && (memcmp(&got[arm].estimate, &pooled[arm].estimate, sizeof(double)) ||
                              memcmp(&got[arm].std_error, &pooled[arm].std_error, sizeof(double)) ||
                              memcmp(&got[arm].df, &pooled[arm].df, sizeof(double))))
            ok(false, "%s alone, pooled: its own bits", scope);
    }
}

static void test_generated(const table_t *data, bool blocked, bool weighted, bool clustered)
{
    ols_columns_t columns = {.agency = "agency",
                             .unit = "unit",
                             .block = blocked ? "block" : NULL,
                             .cluster = clustered ? "cluster" : NULL,
                             .weight = weighted ? "w" : NULL,
                             .arm = "arm",
                             .arms = arms,
                             .outcome = {"y"},
                             .number = {"x", "z"},
                             .category = {"g"}};
    size_t agencies;
    ols_agency_t *agency = ols_agencies(data, &columns, &agencies);
    for (size_t a = 0; a < agencies; a++)
        test_scope("explicit", agency[a].name, &columns, &agency[a], 1);
    test_scope("explicit", "pooled", &columns, agency, agencies);
    for (size_t a = 0; a < agencies && !blocked; a++)
        test_scope("lm_lin", agency[a].name, &columns, &agency[a], 1);
    /* One intercept, clusters by label: level across, or one agency of all rows. */
    if (clustered && !blocked)
        test_scope("lm_lin", "one", &columns, agency, agencies);
    ols_agencies_free(agency, agencies);
    columns.agency = NULL;
    agency = ols_agencies(data, &columns, &agencies);
    if (!blocked)
        test_scope("lm_lin", "one", &columns, agency, agencies);
    ols_agencies_free(agency, agencies);
}

static void test_men(void)
{
    table_t data = table_read("tests/golden/data/star_canada_men.csv");
    const char *const year[] = {"gpa_year1", "gpa_year2"};
    for (size_t i = 0; i < 2; i++) {
        ols_columns_t columns = {
            .arm = "sfsp", .arms = men_arms, .outcome = {year[i]}, .number = {"gpa0"}};
        size_t agencies;
        ols_agency_t *agency = ols_agencies(&data, &columns, &agencies);
        test_scope("men", year[i], &columns, agency, agencies);
        ols_agencies_free(agency, agencies);
    }
    table_free(&data);
}

int main(void)
{
    table_t data = table_read("tests/golden/ols/generated.csv");
    golden = table_read("tests/golden/ols/lin_estimates.csv");
    ols = pilot_ols_new();
    for (int i = 0; i < 8; i++)
        test_generated(&data, (i & 1) != 0, (i & 2) != 0, (i & 4) != 0);
    test_men();
    pilot_ols_free(ols);
    table_free(&golden);
    table_free(&data);
    return tap_done();
}
