/* What must not change an estimate, and what must refuse one. */
#include <math.h>

#include "../harness/ols_made.h"
#include "../harness/tap.h"
#include "pilot/ols.h"

static pilot_ols_t *ols;

static pilot_ols_task_t task_of(const made_t *made)
{
    return ols_task(&made->agency);
}

static void estimate(const made_t *made, const pilot_ols_task_t *task, pilot_estimate_t ret[2])
{
    ols_estimate(ols, task, made->agency.outcome, 1, ret);
}

static bool same_bits(const pilot_estimate_t *a, const pilot_estimate_t *b)
{
    return memcmp(&a->estimate, &b->estimate, sizeof(double)) == 0 &&
           memcmp(&a->std_error, &b->std_error, sizeof(double)) == 0 &&
           memcmp(&a->df, &b->df, sizeof(double)) == 0 && a->n == b->n && a->n_arm == b->n_arm &&
           a->n_control == b->n_control && strcmp(a->detail, b->detail) == 0;
}

static bool near(double got, double want, double relative)
{
    return fabs(got - want) <= relative * fabs(want);
}

static bool nearly_same(const pilot_estimate_t *a, const pilot_estimate_t *b, double scale,
                        double relative)
{
    bool same = a->estimate.given && a->std_error.given &&
                near(a->estimate.value, scale * b->estimate.value, relative) &&
                near(a->std_error.value, scale * b->std_error.value, relative) &&
                near(a->df.value, b->df.value, 10 * relative);
    if (!same)
        printf("# %.17g %.17g %.17g\n# %.17g %.17g %.17g\n", a->estimate.value, a->std_error.value,
               a->df.value, scale * b->estimate.value, scale * b->std_error.value, b->df.value);
    return same;
}

static void test_scale_and_shift(size_t block_rows, size_t cluster_rows)
{
    made_t *made = made_new(1, 600, block_rows, cluster_rows);
    pilot_ols_task_t task = task_of(made);
    pilot_estimate_t before[2], after[2];
    for (size_t i = 0; i < 600; i++)
        made->y[i] = round(100 * made->y[i]);
    estimate(made, &task, before);
    for (int power = -9; power <= 9; power += 18) {
        double scale = pow(10, power);
        for (size_t i = 0; i < 600; i++)
            made->y[i] *= scale;
        estimate(made, &task, after);
        for (size_t i = 0; i < 600; i++)
            made->y[i] = round(made->y[i] / scale);
        ok(nearly_same(&after[0], &before[0], scale, 1e-10) &&
               nearly_same(&after[1], &before[1], scale, 1e-10),
           "an outcome times 1e%d scales the answer", power);
    }
    for (size_t i = 0; i < 600; i++)
        made->y[i] += 1e9;
    estimate(made, &task, after);
    ok(nearly_same(&after[0], &before[0], 1, 1e-10) && nearly_same(&after[1], &before[1], 1, 1e-10),
       "an integer outcome plus 1e9 gives the same answer");
    for (size_t i = 0; i < 600; i++) {
        made->y[i] -= 1e9;
        made->x[i] = made->x[i] * 1e6 + 1e9;
    }
    estimate(made, &task, after);
    ok(nearly_same(&after[0], &before[0], 1, 1e-10), "a covariate's unit and zero do not matter");
    made_free(made);
}

static void test_arms_renamed(void)
{
    made_t *made = made_new(2, 300, 30, 3);
    pilot_ols_task_t task = task_of(made);
    pilot_estimate_t before[2], after[2];
    estimate(made, &task, before);
    for (size_t i = 0; i < 300; i++)
        made->arm[i] = made->arm[i] == 0 ? 0 : (uint16_t)(3 - made->arm[i]);
    estimate(made, &task, after);
    ok(nearly_same(&after[0], &before[1], 1, 1e-10) && nearly_same(&after[1], &before[0], 1, 1e-10),
       "arms may change places");
    made_free(made);
}

static void test_weights(void)
{
    for (int clustered = 0; clustered < 2; clustered++) {
        made_t *made = made_new(3, 240, 24, clustered ? 4 : 0);
        pilot_ols_task_t task = task_of(made);
        pilot_estimate_t plain[2], twice[2], without[2];
        estimate(made, &task, plain);
        for (size_t i = 0; i < 240; i++)
            made->weight[i] = 2;
        made->agency.frame.weight = made->weight;
        estimate(made, &task, twice);
        ok(nearly_same(&twice[0], &plain[0], 1, 1e-12), "equal weights are no weights");
        uint32_t row[240];
        size_t rows = 0;
        for (size_t i = 0; i < 240; i++) {
            made->weight[i] = i % 5 == 1 ? 0 : 0.5 + (double)(i % 3);
            if (made->weight[i] > 0)
                row[rows++] = (uint32_t)i;
        }
        estimate(made, &task, twice);
        task.row = row;
        task.rows = rows;
        estimate(made, &task, without);
        ok(same_bits(&twice[0], &without[0]) && same_bits(&twice[1], &without[1]),
           "a row of weight 0 is as good as absent");
        made_free(made);
    }
}

static void test_singleton_clusters(void)
{
    made_t *made = made_new(4, 300, 50, 0);
    pilot_ols_task_t task = task_of(made);
    pilot_estimate_t units[2], clusters[2];
    estimate(made, &task, units);
    for (size_t i = 0; i < 300; i++)
        made->cluster[i] = (uint32_t)i;
    made->agency.frame.cluster = made->cluster;
    made->agency.frame.clusters = 300;
    estimate(made, &task, clusters);
    is_close(clusters[0].std_error.value, units[0].std_error.value, 1e-12,
             "CR2 of clusters of one is HC2");
    is_close(clusters[1].std_error.value, units[1].std_error.value, 1e-12, "... in every arm");
    ok(clusters[0].clusters == 300 && units[0].clusters == 0, "clusters are counted");
    made_free(made);
}

static void test_missing(void)
{
    made_t *made = made_new(5, 200, 20, 0);
    pilot_ols_task_t task = task_of(made);
    pilot_estimate_t dropped[2], filtered[2];
    uint8_t *present = malloc(200);
    uint32_t row[200];
    size_t rows = 0;
    for (size_t i = 0; i < 200; i++) {
        present[i] = i % 9 != 2;
        if (present[i])
            row[rows++] = (uint32_t)i;
    }
    made->agency.number[1].present = present;
    task.impute = false;
    estimate(made, &task, dropped);
    made->agency.number[1].present = NULL;
    task.row = row;
    task.rows = rows;
    estimate(made, &task, filtered);
    ok(same_bits(&dropped[0], &filtered[0]), "drop leaves out rows that miss a covariate");
    ok(dropped[0].n == rows, "... and does not count them");
    free(present);
    made_free(made);
}

/* Rows x columns where a covariate repeats what is there already. */
static void test_dropped(void)
{
    made_t *made = made_new(6, 120, 12, 0);
    pilot_ols_task_t task = task_of(made);
    pilot_estimate_t alone[2], both[2];
    task.regressors = 1;
    estimate(made, &task, alone);
    for (size_t i = 0; i < 120; i++)
        made->z[i] = 7 - 3 * made->x[i];
    task.regressors = 2;
    estimate(made, &task, both);
    ok(nearly_same(&both[0], &alone[0], 1, 1e-10), "a collinear covariate changes nothing");
    is_text(both[0].detail, "dropped: z", "... and is named: the later one goes");
    ok(both[0].status == PILOT_ROW_FLAGGED && both[0].std_error.given,
       "... and the row is flagged, with all its numbers");
    for (size_t i = 0; i < 120; i++)
        made->z[i] = made->block[i] * 0.1;
    estimate(made, &task, both);
    is_text(both[0].detail, "dropped: z", "a covariate that is constant in blocks is dropped");
    for (size_t i = 0; i < 120; i++)
        made->z[i] = 1e6 + 1;
    estimate(made, &task, both);
    is_text(both[0].detail, "dropped: z", "a constant covariate is dropped");
    for (size_t i = 0; i < 120; i++)
        made->arm[i] = (uint16_t)(made->block[i] % 3);
    estimate(made, &task, both);
    ok(both[0].reason == PILOT_REASON_COLLINEAR && !both[0].estimate.given,
       "arms that differ between blocks only are collinear");
    made_free(made);
}

static void test_limit(void)
{
    made_t *made = made_new(7, 39, 0, 0);
    pilot_ols_task_t task = task_of(made);
    pilot_estimate_t limited[2], one[2];
    ols_estimate_model(ols, &task, PILOT_MODEL_AUTO, made->agency.outcome, 1, limited);
    is_text(limited[0].detail, "auto: ols (1 of 2 covariates)", "39 rows take one covariate");
    limited[0].detail[0] = '\0';
    task.regressors = 1;
    estimate(made, &task, one);
    ok(same_bits(&limited[0], &one[0]), "... and give what it gives");
    made_free(made);
}

static void expect(const made_t *made, const pilot_ols_task_t *task, size_t arm,
                   pilot_reason_t reason, bool given, const char *name)
{
    pilot_estimate_t row[2];
    estimate(made, task, row);
    ok(row[arm - 1].reason == reason && row[arm - 1].estimate.given == given &&
           !row[arm - 1].std_error.given && !row[arm - 1].p_value.given &&
           row[arm - 1].status == PILOT_ROW_NOT_ESTIMABLE,
       "%s: %s (%s)", name, pilot_reason_name(reason), pilot_reason_name(row[arm - 1].reason));
}

static void test_units_reasons(void)
{
    made_t *made = made_new(8, 60, 0, 0);
    pilot_ols_task_t task = task_of(made);
    uint8_t *present = calloc(60, 1);
    uint32_t row[60];
    task.row = row;
    expect(made, &task, 1, PILOT_REASON_NO_UNITS, false, "no rows");
    made->agency.outcome[0].present = present;
    task.row = NULL;
    expect(made, &task, 1, PILOT_REASON_ALL_MISSING, false, "no outcome");
    for (size_t i = 0; i < 60; i++)
        present[i] = made->arm[i] != 0;
    expect(made, &task, 1, PILOT_REASON_NO_CONTROL_UNITS, false, "no control");
    for (size_t i = 0; i < 60; i++)
        present[i] = made->arm[i] != 1;
    expect(made, &task, 1, PILOT_REASON_NO_TREATED_UNITS, false, "no treated");
    pilot_estimate_t other[2];
    estimate(made, &task, other);
    ok(other[1].std_error.given && other[1].n == 40, "... and the other arm stands");
    memset(present, 0, 60);
    for (size_t i = 0; i < 5; i++)
        present[i] = 1;
    expect(made, &task, 1, PILOT_REASON_NO_RESIDUAL_DF, true, "as many rows as coefficients");
    made_free(made);
    free(present);
}

static void test_outcome_reasons(void)
{
    made_t *made = made_new(9, 60, 0, 0);
    pilot_ols_task_t task = task_of(made);
    for (size_t i = 0; i < 60; i++)
        made->y[i] = 0.1;
    expect(made, &task, 1, PILOT_REASON_CONSTANT_OUTCOME, true, "one value");
    for (size_t i = 0; i < 60; i++)
        made->y[i] = 0.1 + 0.7 * made->x[i] + made->arm[i];
    expect(made, &task, 2, PILOT_REASON_ZERO_VARIANCE, true, "a perfect fit");
    for (size_t i = 0; i < 60; i++)
        made->y[i] = 1e300 * made->x[i];
    expect(made, &task, 1, PILOT_REASON_NOT_CONVERGED, false, "numbers that overflow");
    made_free(made);
}

static void test_leverage(void)
{
    made_t *made = made_new(10, 61, 0, 0);
    pilot_ols_task_t task = task_of(made);
    pilot_estimate_t with[2], without[2];
    uint32_t row[60];
    for (uint32_t i = 0; i < 60; i++)
        row[i] = i;
    made->block[60] = 1;
    made->agency.frame.block = made->block;
    made->agency.frame.blocks = 2;
    estimate(made, &task, with);
    task.row = row;
    task.rows = 60;
    estimate(made, &task, without);
    ok(nearly_same(&with[0], &without[0], 1, 1e-12) && with[0].n == 61,
       "a block of one row does not void the regression");
    made_free(made);
    made = made_new(11, 40, 0, 0);
    task = task_of(made);
    for (size_t i = 0; i < 40; i++)
        made->arm[i] = i == 0 ? 2 : i % 2;
    expect(made, &task, 2, PILOT_REASON_LEVERAGE_ONE, true, "an arm of one row");
    estimate(made, &task, with);
    ok(with[0].std_error.given, "... while the other arm stands");
    made_free(made);
}

static void test_cluster_reasons(void)
{
    made_t *made = made_new(12, 60, 0, 20);
    pilot_ols_task_t task = task_of(made);
    expect(made, &task, 1, PILOT_REASON_ONE_CLUSTER_PER_ARM, true, "one cluster in each arm");
    made_free(made);
    made = made_new(13, 60, 0, 10);
    task = task_of(made);
    for (size_t i = 0; i < 60; i++)
        made->arm[i] = (uint16_t)(i < 30 ? 0 : i < 50 ? 1 : 2);
    expect(made, &task, 2, PILOT_REASON_VARIANCE_UNIDENTIFIED, true, "an arm of one cluster");
    pilot_estimate_t row[2];
    estimate(made, &task, row);
    ok(row[0].std_error.given, "... while the other arm stands");
    made_free(made);
}

static void test_too_wide(void)
{
    enum { ROWS = 1200 };
    made_t *made = made_new(14, ROWS, 0, 0);
    pilot_ols_task_t task = task_of(made);
    pilot_category_t category = {.code = made->block, .levels = ROWS, .label = made->labels};
    pilot_regressor_t regressor = {.name = "id", .category = &category};
    pilot_estimate_t row[2];
    for (uint32_t i = 0; i < ROWS; i++)
        made->block[i] = i;
    task.regressor = &regressor;
    task.regressors = 1;
    expect(made, &task, 1, PILOT_REASON_NOT_IN_THIS_VERSION, false, "a category of all rows");
    estimate(made, &task, row);
    is_text(row[0].detail, "the design has more than 512 columns", "... says why");
    made_free(made);
}

/* Outcomes that ride on one decomposition give the bits that each has alone. */
static void test_groups(void)
{
    made_t *made = made_new(15, 400, 40, 4);
    pilot_ols_task_t task = task_of(made);
    uint8_t *present = malloc(400);
    pilot_variable_t outcome[4] = {
        {made->y, NULL}, {made->z, NULL}, {made->y, present}, {made->weight, NULL}};
    pilot_estimate_t together[8], alone[2];
    bool same = true;
    for (size_t i = 0; i < 400; i++)
        present[i] = i % 11 != 0;
    task.regressors = 1;
    ols_estimate(ols, &task, outcome, 4, together);
    for (size_t o = 0; o < 4; o++) {
        ols_estimate(ols, &task, &outcome[o], 1, alone);
        same = same && same_bits(&alone[0], &together[2 * o]) &&
               same_bits(&alone[1], &together[2 * o + 1]);
    }
    ok(same, "outcomes do not depend on their company");
    free(present);
    made_free(made);
}

int main(void)
{
    ols = pilot_ols_new();
    test_scale_and_shift(0, 0);
    test_scale_and_shift(50, 5);
    test_arms_renamed();
    test_weights();
    test_singleton_clusters();
    test_missing();
    test_dropped();
    test_limit();
    test_units_reasons();
    test_outcome_reasons();
    test_leverage();
    test_cluster_reasons();
    test_too_wide();
    test_groups();
    pilot_ols_free(ols);
    return tap_done();
}
