/* Standard errors of other programs, in one agency and pooled, against estimatr (also its Stata
 * types), clubSandwich and fixest's documented formula: tests/golden/ols/conventions.R. */
#include <math.h>

#include "../harness/ols_pool.h"
#include "../harness/tap.h"

static const char *const arms[] = {"c", "t", "u", NULL};
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

static void test_row(size_t row, const pilot_convention_t *got, const pilot_estimate_t *own)
{
    bool good = near(got->std_error, table_get(&golden, row, "std_error"), 1e-9) &&
                near(got->df, table_get(&golden, row, "df"), 1e-8) &&
                near(got->p_value, table_get(&golden, row, "p_value"), 1e-7);
    bool is_own =
        strcmp(got->name, "estimatr") != 0 ||
        (own->std_error.value == got->std_error.value && own->df.value == got->df.value &&
         own->p_value.value == got->p_value.value && own->std_error_type == got->std_error_type);
    if (!ok(good && is_own, "%s%s%s, clusters %s, %s: %s", table_get(&golden, row, "scope"),
            says(row, "blocked", "1") ? ", blocked" : "",
            says(row, "weighted", "1") ? ", weighted" : "", table_get(&golden, row, "cluster"),
            table_get(&golden, row, "arm"), got->name))
        printf("#   got  %.17g %.17g %.17g\n#   want %s %s %s\n", got->std_error.value,
               got->df.value, got->p_value.value, table_get(&golden, row, "std_error"),
               table_get(&golden, row, "df"), table_get(&golden, row, "p_value"));
}

static void test_scope(const char *scope, const ols_columns_t *columns, const char *cluster,
                       const pilot_estimate_t *own, const pilot_convention_t *got)
{
    for (size_t row = 0; row < golden.rows; row++) {
        if (!says(row, "scope", scope) || !says(row, "cluster", cluster) ||
            !says(row, "blocked", columns->block ? "1" : "0") ||
            !says(row, "weighted", columns->weight ? "1" : "0"))
            continue;
        size_t arm = says(row, "arm", "u");
        for (size_t c = 0; c < PILOT_CONVENTIONS; c++)
            if (says(row, "convention", got[arm * PILOT_CONVENTIONS + c].name))
                test_row(row, &got[arm * PILOT_CONVENTIONS + c], &own[arm]);
    }
    if (columns->block && columns->weight && strcmp(cluster, columns->block) == 0 &&
        strcmp(scope, "pooled") == 0)
        ok(own->reason == PILOT_REASON_VARIANCE_UNIDENTIFIED && !got->std_error.given,
           "... and CR2 is refused as the row is");
}

static void test_design(const table_t *data, bool blocked, bool weighted, const char *cluster)
{
    static const pilot_regression_model_t model = PILOT_MODEL_OLS;
    ols_columns_t columns = {.agency = "agency",
                             .unit = "unit",
                             .block = blocked ? "block" : NULL,
                             .cluster = strcmp(cluster, "none") == 0 ? NULL : cluster,
                             .weight = weighted ? "w" : NULL,
                             .arm = "arm",
                             .arms = arms,
                             .outcome = {"y"},
                             .number = {"x"}};
    size_t agencies;
    ols_agency_t *agency = ols_agencies(data, &columns, &agencies);
    pilot_estimate_t row[2];
    pilot_convention_t got[2 * PILOT_CONVENTIONS];
    pilot_ols_task_t task;
    for (size_t a = 0; a < agencies; a++) {
        task = ols_task(&agency[a]);
        task.impute = false;
        pilot_ols_estimate(ols, &task, &model, 1, agency[a].outcome, 1,
                           &(pilot_ols_output_t){.estimate = row, .convention = got});
        test_scope(agency[a].name, &columns, cluster, row, got);
    }
    ok(pool_all(agency, agencies, &task, &model, 1, row, &(pool_extra_t){.convention = got}),
       "the parts merge");
    test_scope("pooled", &columns, cluster, row, got);
    ols_agencies_free(agency, agencies);
}

/* What a type of its own leaves out, and refusals. */
static void test_absent(const table_t *data)
{
    static const pilot_regression_model_t model = PILOT_MODEL_OLS;
    ols_columns_t columns = {
        .cluster = "cluster", .arm = "arm", .arms = arms, .outcome = {"y"}, .number = {"x"}};
    size_t agencies;
    ols_agency_t *agency = ols_agencies(data, &columns, &agencies);
    pilot_estimate_t row[2];
    pilot_convention_t got[2 * PILOT_CONVENTIONS];
    pilot_ols_task_t task = ols_task(agency);
    pilot_ols_output_t output = {.estimate = row, .convention = got};
    task.std_error = PILOT_SE_CR1;
    pilot_ols_estimate(ols, &task, &model, 1, agency->outcome, 1, &output);
    ok(!got[PILOT_CONVENTION_ESTIMATR].std_error.given &&
           got[PILOT_CONVENTION_STATA].std_error.value == row[0].std_error.value,
       "CR1 is Stata's, and CR2 is not at hand");
    agency->frame.cluster = NULL;
    task.std_error = PILOT_SE_HC1;
    pilot_ols_estimate(ols, &task, &model, 1, agency->outcome, 1, &output);
    ok(got[PILOT_CONVENTION_ESTIMATR].std_error.given &&
           got[PILOT_CONVENTION_STATA].std_error.value == row[0].std_error.value &&
           got[PILOT_CONVENTION_FIXEST].std_error.value == row[0].std_error.value,
       "HC1 is Stata's and fixest's, and HC2 is at hand");
    double *constant = calloc(agency->frame.rows, sizeof *constant);
    agency->outcome[0].value = constant;
    pilot_ols_estimate(ols, &task, &model, 1, agency->outcome, 1, &output);
    bool none = true;
    for (size_t c = 0; c < 2 * PILOT_CONVENTIONS; c++)
        none = none && !got[c].std_error.given && !got[c].df.given && !got[c].p_value.given;
    ok(none && row[0].reason == PILOT_REASON_CONSTANT_OUTCOME,
       "a constant outcome has no standard error by any convention");
    free(constant);
    ols_agencies_free(agency, agencies);
}

int main(void)
{
    static const char *const clusters[] = {"none", "cluster", "block"};
    table_t data = table_read("tests/golden/ols/generated.csv");
    golden = table_read("tests/golden/ols/conventions_estimates.csv");
    ols = pilot_ols_new();
    for (int i = 0; i < 12; i++)
        test_design(&data, (i & 1) != 0, (i & 2) != 0, clusters[i / 4]);
    test_absent(&data);
    pilot_ols_free(ols);
    table_free(&golden);
    table_free(&data);
    return tap_done();
}
