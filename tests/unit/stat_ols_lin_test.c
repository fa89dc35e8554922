/* Model lin and the choice of `auto`: what they are equal to, and what must not change them. */
#include <math.h>

#include "../harness/ols_made.h"
#include "../harness/ols_pool.h"
#include "../harness/tap.h"

static pilot_ols_t *ols;

static bool near(double got, double want, double relative)
{
    return fabs(got - want) <= relative * fabs(want);
}

static bool nearly_same(const pilot_estimate_t *a, const pilot_estimate_t *b, double relative)
{
    bool same = a->estimate.given && a->std_error.given && b->std_error.given &&
                near(a->estimate.value, b->estimate.value, relative) &&
                near(a->std_error.value, b->std_error.value, relative) &&
                near(a->df.value, b->df.value, 10 * relative) && a->n == b->n;
    if (!same)
        printf("# %.17g %.17g %.17g %s %s\n# %.17g %.17g %.17g %s %s\n", a->estimate.value,
               a->std_error.value, a->df.value, pilot_reason_name(a->reason), a->detail,
               b->estimate.value, b->std_error.value, b->df.value, pilot_reason_name(b->reason),
               b->detail);
    return same;
}

static bool same_bits(const pilot_estimate_t *a, const pilot_estimate_t *b)
{
    return memcmp(&a->estimate, &b->estimate, sizeof a->estimate) == 0 &&
           memcmp(&a->std_error, &b->std_error, sizeof a->std_error) == 0 &&
           memcmp(&a->df, &b->df, sizeof a->df) == 0 &&
           memcmp(&a->p_value, &b->p_value, sizeof a->p_value) == 0 && a->n == b->n &&
           a->status == b->status && a->reason == b->reason && strcmp(a->detail, b->detail) == 0;
}

/* x and z less their (weighted) means, each times the arms, as covariates of their own. */
typedef struct explicit_columns {
    double *value[6];
    pilot_variable_t number[6];
    pilot_regressor_t regressor[6];
} explicit_columns_t;

static void make_explicit(const made_t *made, explicit_columns_t *ret)
{
    const pilot_frame_t *frame = &made->agency.frame;
    for (size_t k = 0; k < 2; k++) {
        const double *x = k ? made->z : made->x;
        double sum = 0, weight = 0;
        for (size_t i = 0; i < frame->rows; i++) {
            double w = frame->weight ? frame->weight[i] : 1;
            sum += w * x[i];
            weight += w;
        }
        for (uint16_t arm = 0; arm < 3; arm++) {
            double *value = ret->value[3 * k + arm] = calloc(frame->rows, sizeof *value);
            for (size_t i = 0; i < frame->rows; i++)
                value[i] = arm == 0 || made->arm[i] == arm ? x[i] - sum / weight : 0;
            ret->number[3 * k + arm] = (pilot_variable_t){.value = value};
            ret->regressor[3 * k + arm] =
                (pilot_regressor_t){.name = "c", .number = &ret->number[3 * k + arm]};
        }
    }
}

static void test_explicit(size_t block_rows, size_t cluster_rows, bool weighted)
{
    made_t *made = made_new(31, 480, block_rows, cluster_rows);
    explicit_columns_t columns;
    pilot_estimate_t lin[2], want[2];
    if (weighted)
        made->agency.frame.weight = made->weight;
    make_explicit(made, &columns);
    pilot_ols_task_t task = ols_task(&made->agency);
    ols_estimate_model(ols, &task, PILOT_MODEL_LIN, made->agency.outcome, 1, lin);
    task.regressor = columns.regressor;
    task.regressors = 6;
    ols_estimate(ols, &task, made->agency.outcome, 1, want);
    ok(nearly_same(&lin[0], &want[0], 1e-11) && nearly_same(&lin[1], &want[1], 1e-11),
       "lin is ols with centred interactions%s%s%s", block_rows ? ", blocks" : "",
       cluster_rows ? ", clusters" : "", weighted ? ", weights" : "");
    for (size_t k = 0; k < 6; k++)
        free(columns.value[k]);
    made_free(made);
}

/* Models side by side give the bits that each gives alone, in one agency and pooled. */
static void test_company(size_t block_rows, size_t cluster_rows, bool weighted)
{
    static const pilot_regression_model_t models[] = {PILOT_MODEL_OLS, PILOT_MODEL_LIN,
                                                      PILOT_MODEL_AUTO};
    made_t *made = made_new(32, 360, block_rows, cluster_rows);
    pilot_estimate_t together[6], alone[2], pooled[6];
    pilot_regression_choice_t choice[3];
    if (weighted)
        made->agency.frame.weight = made->weight;
    pilot_ols_task_t task = ols_task(&made->agency);
    task.interact = true;
    pilot_ols_estimate(ols, &task, models, 3, made->agency.outcome, 1,
                       &(pilot_ols_output_t){.estimate = together, .choice = choice});
    ok(pool_models(&made->agency, 1, &task, models, 3, pooled), "parts of three models merge");
    task.interact = false;
    for (size_t m = 0; m < 3; m++) {
        ols_estimate_model(ols, &task, models[m], made->agency.outcome, 1, alone);
        ok(same_bits(&alone[0], &together[2 * m]) && same_bits(&alone[1], &together[2 * m + 1]),
           "model %zu does not depend on its company%s%s%s", m, block_rows ? ", blocks" : "",
           cluster_rows ? ", clusters" : "", weighted ? ", weights" : "");
        ok(same_bits(&pooled[2 * m], &together[2 * m]) &&
               same_bits(&pooled[2 * m + 1], &together[2 * m + 1]),
           "... and is its own pooled estimate");
    }
    ok(choice[0].model == PILOT_MODEL_OLS && choice[1].model == PILOT_MODEL_LIN &&
           choice[1].interacted == SIZE_MAX && choice[2].regressors == 2,
       "choices are told");
    made_free(made);
}

static void test_choice(void)
{
    struct {
        uint64_t rows[3], clusters[3];
        bool clustered;
        size_t covariates;
        const char *name;
        size_t regressors, interacted;
    } all[] = {
        {{6, 6, 7}, {0}, false, 5, "difference_in_means", 0, 0},
        {{6, 7, 7}, {0}, false, 5, "ols", 1, 0},
        {{40, 40, 19}, {0}, false, 5, "ols", 4, 0},
        {{40, 40, 20}, {0}, false, 5, "lin", 5, 1},
        {{99, 65, 59}, {0}, false, 5, "lin", 5, 2},
        {{99, 65, 59}, {0}, false, 0, "difference_in_means", 0, 0},
        {{20, 0, 20}, {0}, false, 3, "lin", 3, 1},
        {{0, 0, 0}, {0}, false, 3, "difference_in_means", 0, 0},
        {{100, 100, 100}, {25, 30, 19}, true, 30, "ols", 15, 0},
        {{100, 100, 100}, {45, 50, 40}, true, 30, "lin", 30, 2},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        pilot_regression_choice_t got = pilot_regression_choose(
            all[i].rows, all[i].clustered ? all[i].clusters : NULL, 3, all[i].covariates);
        ok(strcmp(pilot_regression_choice_name(&got), all[i].name) == 0 &&
               got.regressors == all[i].regressors && got.interacted == all[i].interacted,
           "auto, case %zu: %s, %zu covariates, %zu interacted", i, all[i].name, got.regressors,
           got.interacted);
    }
}

/* A covariate that is nearly another one, and what is left of it: the same space. */
static void test_nearly_collinear(void)
{
    made_t *made = made_new(33, 300, 50, 0);
    pilot_estimate_t powers[2], apart[2], pooled[2];
    static const pilot_regression_model_t lin = PILOT_MODEL_LIN;
    for (size_t i = 0; i < 300; i++)
        made->x[i] = round(1024 * made->x[i]) / 1024;
    double *rest = calloc(300, sizeof *rest);
    for (size_t i = 0; i < 300; i++) {
        rest[i] = round(1024 * made->z[i]) / 1024;
        made->z[i] = 4096 * made->x[i] + rest[i];
    }
    pilot_ols_task_t task = ols_task(&made->agency);
    task.interact = true;
    ols_estimate_model(ols, &task, lin, made->agency.outcome, 1, powers);
    ok(pool_models(&made->agency, 1, &task, &lin, 1, pooled) && same_bits(&pooled[0], &powers[0]) &&
           same_bits(&pooled[1], &powers[1]),
       "nearly collinear columns, one agency pooled: its own bits");
    made->agency.number[1].value = rest;
    ols_estimate_model(ols, &task, lin, made->agency.outcome, 1, apart);
    ok(nearly_same(&powers[0], &apart[0], 1e-12) && nearly_same(&powers[1], &apart[1], 1e-12),
       "... and what they span is what counts");
    free(rest);
    made_free(made);
}

/* One random design by seed: blocks, clusters, weights, a model and a type of standard error. */
static made_t *draw(uint64_t seed, pilot_ols_task_t *ret_task, pilot_regression_model_t *ret_model)
{
    uint64_t state = seed * 77 + 5;
    bool clustered = made_uniform(&state) < 0.5, blocked = made_uniform(&state) < 0.5;
    made_t *made = made_new(seed, 216, blocked ? 72 : 0, clustered ? 6 : 0);
    if (made_uniform(&state) < 0.5)
        made->agency.frame.weight = made->weight;
    for (size_t i = 0; i < 216; i++)
        made->y[i] = round(100 * (made->y[i] + 0.3 * made->x[i] * made->arm[i]));
    *ret_task = ols_task(&made->agency);
    *ret_model = made_uniform(&state) < 0.7 ? PILOT_MODEL_LIN : PILOT_MODEL_AUTO;
    ret_task->std_error = (pilot_std_error_t)((int)(clustered ? PILOT_SE_CR0 : PILOT_SE_CLASSICAL) +
                                              (int)(made_uniform(&state) * (clustered ? 4 : 5)));
    return made;
}

static bool scaled(const pilot_estimate_t *got, const pilot_estimate_t *want, double scale,
                   double relative)
{
    pilot_estimate_t expected = *want;
    expected.estimate.value *= scale;
    expected.std_error.value *= fabs(scale);
    return nearly_same(got, &expected, relative);
}

static bool is_invariant(uint64_t seed)
{
    pilot_ols_task_t task;
    pilot_regression_model_t model;
    made_t *made = draw(seed, &task, &model);
    pilot_estimate_t before[2], after[2];
    const pilot_variable_t *y = made->agency.outcome;
    double scale = seed % 2 ? 1e9 : 1e-9;
    ols_estimate_model(ols, &task, model, y, 1, before);
    for (size_t i = 0; i < 216; i++)
        made->y[i] *= scale;
    ols_estimate_model(ols, &task, model, y, 1, after);
    bool good =
        scaled(&after[0], &before[0], scale, 1e-10) && scaled(&after[1], &before[1], scale, 1e-10);
    for (size_t i = 0; i < 216; i++) {
        made->y[i] = round(made->y[i] / scale) + 1e9;
        made->x[i] = 1e4 - 7 * made->x[i];
    }
    ols_estimate_model(ols, &task, model, y, 1, after);
    good = good && scaled(&after[0], &before[0], 1, 1e-9) && scaled(&after[1], &before[1], 1, 1e-9);
    for (size_t i = 0; i < 216; i++) {
        made->y[i] -= 1e9;
        made->arm[i] = made->arm[i] == 2 ? 2 : (uint16_t)(1 - made->arm[i]);
    }
    ols_estimate_model(ols, &task, model, y, 1, after);
    double size = fabs(before[0].estimate.value) + fabs(before[1].estimate.value);
    good = good && scaled(&after[0], &before[0], -1, 1e-9) &&
           fabs(after[1].estimate.value - before[1].estimate.value + before[0].estimate.value) <=
               1e-10 * size;
    made_free(made);
    return good;
}

static void test_invariance(void)
{
    enum { CASES = 3000 };
    size_t good = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        bool one = is_invariant(seed);
        if (!one)
            printf("# seed %llu\n", (unsigned long long)seed);
        good += one;
    }
    ok(good == CASES,
       "units and zeros of outcome and covariate do not matter; swapped arms flip signs: %zu of %d",
       good, CASES);
}

static const char *const names[] = {"c", "small", "aide"};

/* Interactions that repeat what is there, and arms that cannot be told from blocks. */
static void test_dropped(void)
{
    made_t *made = made_new(34, 120, 12, 0);
    pilot_ols_task_t task = ols_task(&made->agency);
    pilot_estimate_t alone[2], both[2];
    task.arm_name = names;
    task.regressors = 1;
    ols_estimate_model(ols, &task, PILOT_MODEL_LIN, made->agency.outcome, 1, alone);
    for (size_t i = 0; i < 120; i++)
        made->z[i] = 7 - 3 * made->x[i];
    task.regressors = 2;
    ols_estimate_model(ols, &task, PILOT_MODEL_LIN, made->agency.outcome, 1, both);
    is_text(both[0].detail, "dropped: z, small:z, aide:z", "interactions are dropped by name");
    ok(nearly_same(&both[0], &alone[0], 1e-10) && nearly_same(&both[1], &alone[1], 1e-10) &&
           both[0].status == PILOT_ROW_FLAGGED,
       "... and the effect stays what it is");
    for (size_t i = 0; i < 120; i++)
        made->z[i] = 1e6 + 1;
    ols_estimate_model(ols, &task, PILOT_MODEL_LIN, made->agency.outcome, 1, both);
    is_text(both[0].detail, "dropped: z, small:z, aide:z", "a constant has no interactions");
    ok(nearly_same(&both[0], &alone[0], 1e-10), "... and does not change the effect");
    task.regressors = 1;
    for (size_t i = 0; i < 120; i++)
        made->arm[i] = (uint16_t)(made->block[i] % 3);
    ols_estimate_model(ols, &task, PILOT_MODEL_LIN, made->agency.outcome, 1, both);
    ok(both[0].reason == PILOT_REASON_COLLINEAR && !both[0].estimate.given,
       "arms that differ between blocks only are collinear");
    made_free(made);
}

/* A level that an arm lacks: the effect there is taken to be that of the first level, so that the
 * contrast is what ols gives when the slope of that level is not interacted. */
static void test_lacking_level(void)
{
    made_t *made = made_new(35, 240, 0, 0);
    static const char *const labels[] = {"p", "q"};
    uint32_t *code = calloc(240, sizeof *code);
    double *first = calloc(240, sizeof *first), *second = calloc(240, sizeof *second), share = 0;
    for (size_t i = 0; i < 240; i++) {
        code[i] = made->arm[i] != 1 && made->x[i] > 0.5;
        first[i] = code[i];
        share += first[i] / 240;
    }
    for (size_t i = 0; i < 240; i++)
        second[i] = made->arm[i] == 2 ? first[i] - share : 0;
    pilot_category_t category = {.code = code, .levels = 2, .label = labels};
    pilot_regressor_t regressor = {.name = "g", .category = &category};
    pilot_ols_task_t task = ols_task(&made->agency);
    pilot_estimate_t lin[2], want[2];
    task.arm_name = names;
    task.regressor = &regressor;
    task.regressors = 1;
    ols_estimate_model(ols, &task, PILOT_MODEL_LIN, made->agency.outcome, 1, lin);
    is_text(lin[0].detail, "dropped: small:g=q", "an arm without a level is told");
    pilot_variable_t column[2] = {{.value = first}, {.value = second}};
    pilot_regressor_t additive[2] = {{.name = "q", .number = &column[0]},
                                     {.name = "aide q", .number = &column[1]}};
    task.regressor = additive;
    task.regressors = 2;
    ols_estimate(ols, &task, made->agency.outcome, 1, want);
    ok(nearly_same(&lin[0], &want[0], 1e-11) && nearly_same(&lin[1], &want[1], 1e-11),
       "... and has the effect of the first level there");
    free(code);
    free(first);
    free(second);
    made_free(made);
}

/* 200 levels fit the design, their interactions with two arms do not. */
static void test_too_wide(void)
{
    enum { ROWS = 4000, LEVELS = 200 };
    static const pilot_regression_model_t models[] = {PILOT_MODEL_OLS, PILOT_MODEL_LIN,
                                                      PILOT_MODEL_AUTO};
    made_t *made = made_new(36, ROWS, 0, 0);
    for (size_t i = 0; i < ROWS; i++)
        made->block[i] = (uint32_t)(i * 7919 % LEVELS);
    pilot_category_t category = {.code = made->block, .levels = LEVELS, .label = made->labels};
    pilot_regressor_t regressor = {.name = "id", .category = &category};
    pilot_ols_task_t task = ols_task(&made->agency);
    pilot_estimate_t row[6], pooled[6], alone[2];
    task.regressor = &regressor;
    task.regressors = 1;
    ols_estimate(ols, &task, made->agency.outcome, 1, alone);
    task.interact = true;
    pilot_ols_estimate(ols, &task, models, 3, made->agency.outcome, 1,
                       &(pilot_ols_output_t){.estimate = row});
    ok(same_bits(&row[0], &alone[0]), "too many interactions leave ols as it is");
    ok(row[2].reason == PILOT_REASON_NOT_IN_THIS_VERSION && !row[2].estimate.given,
       "... lin says that there are too many");
    is_text(row[4].detail, "auto: ols", "... auto takes ols");
    ok(row[4].estimate.value == alone[0].estimate.value, "... with the same number");
    made->agency.regressor[0] = regressor;
    made->agency.regressors = 1;
    ok(pool_models(&made->agency, 1, &task, models, 3, pooled) && same_bits(&pooled[0], &row[0]) &&
           same_bits(&pooled[2], &row[2]) && same_bits(&pooled[4], &row[4]),
       "... and so it is pooled");
    made_free(made);
}

/* 30 rows an agency: each has ten in its smallest arm, three together thirty. */
static void test_pooled_choice(void)
{
    enum { ROWS = 30, AGENCIES = 3 };
    static const pilot_regression_model_t automatic = PILOT_MODEL_AUTO;
    made_t *made = made_new(37, ROWS * AGENCIES, 0, 0);
    ols_agency_t part[AGENCIES];
    pilot_estimate_t row[2];
    pilot_ols_task_t task = ols_task(&made->agency);
    task.interact = true;
    for (size_t a = 0; a < AGENCIES; a++) {
        part[a] = made->agency;
        part[a].frame.rows = ROWS;
        part[a].frame.arm += a * ROWS;
        part[a].outcome[0].value += a * ROWS;
        part[a].number[0].value += a * ROWS;
        part[a].number[1].value += a * ROWS;
        part[a].regressor[0].number = &part[a].number[0];
        part[a].regressor[1].number = &part[a].number[1];
    }
    ok(pool_models(part, 1, &task, &automatic, 1, row), "one agency");
    is_text(row[0].detail, "auto: ols (1 of 2 covariates)", "... takes ols");
    ok(pool_models(part, AGENCIES, &task, &automatic, 1, row), "three agencies pooled");
    is_text(row[0].detail, "auto: lin (1 of 2 covariate columns interacted)",
            "... take lin by all agencies' arms");
    task.across = true;
    ok(pool_models(part, AGENCIES, &task, &automatic, 1, row), "at level across");
    is_text(row[0].detail, "auto: ols", "... arms are counted in agencies, the clusters");
    made_free(made);
}

int main(void)
{
    ols = pilot_ols_new();
    for (int i = 0; i < 8; i++) {
        test_explicit(i & 1 ? 60 : 0, i & 2 ? 6 : 0, (i & 4) != 0);
        test_company(i & 1 ? 60 : 0, i & 2 ? 6 : 0, (i & 4) != 0);
    }
    test_choice();
    test_pooled_choice();
    test_dropped();
    test_lacking_level();
    test_too_wide();
    test_invariance();
    test_nearly_collinear();
    pilot_ols_free(ols);
    return tap_done();
}
