/* Scores: their squares are the variance, their products covariances; of arms and of interactions,
 * in one agency and pooled, also against estimatr and clubSandwich (tests/golden/ols/lin.R). */
#include <math.h>

#include "../harness/ols_made.h"
#include "../harness/ols_pool.h"
#include "../harness/tap.h"

enum { ROWS = 360, MODELS = 2 };
static const pilot_regression_model_t models[MODELS] = {PILOT_MODEL_OLS, PILOT_MODEL_LIN};
static pilot_ols_t *ols;

static bool near(double got, double want, double relative)
{
    bool good = fabs(got - want) <= relative * fabs(want);
    if (!good)
        printf("# got %.17g, want %.17g\n", got, want);
    return good;
}

static void clear(pilot_ols_scores_t *scores, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pilot_ols_scores_clear(&scores[i]);
}

/* The scores' factor and squares against the row; classical rows have HC2's scores. */
static bool is_variance(const pilot_ols_scores_t *scores, const pilot_estimate_t *row)
{
    bool good = scores->available && scores->contrasts == 2;
    for (size_t arm = 0; arm < 2 && good; arm++)
        good = near(pilot_ols_scores_covariance(scores, arm, scores, arm),
                    row[arm].std_error.value * row[arm].std_error.value, 1e-11) &&
               scores->contrast[arm].given &&
               scores->contrast[arm].estimate == row[arm].estimate.value;
    return good;
}

/* Estimates of y, z and y + z; with the same rows, contrasts are linear in the outcome. */
static void test_outcomes(size_t block_rows, size_t cluster_rows, bool weighted,
                          pilot_std_error_t type)
{
    made_t *made = made_new(41, ROWS, block_rows, cluster_rows);
    double *sum = calloc(ROWS, sizeof *sum), *other = calloc(ROWS, sizeof *other);
    pilot_ols_scores_t scores[3 * MODELS] = {{0}};
    pilot_estimate_t row[6 * MODELS];
    bool squares = true, products = true;
    if (weighted)
        made->agency.frame.weight = made->weight;
    for (size_t i = 0; i < ROWS; i++) {
        other[i] = made->z[i] * made->weight[i] + 0.1 * made->y[i];
        sum[i] = other[i] + made->y[i];
    }
    pilot_variable_t outcome[3] = {{.value = made->y}, {.value = other}, {.value = sum}};
    pilot_ols_task_t task = ols_task(&made->agency);
    task.interact = true;
    task.std_error = type;
    pilot_ols_estimate(ols, &task, models, MODELS, outcome, 3,
                       &(pilot_ols_output_t){.estimate = row, .scores = scores});
    for (size_t m = 0; m < MODELS; m++) {
        const pilot_ols_scores_t *s = scores + 3 * m;
        for (size_t o = 0; o < 3 && type != PILOT_SE_CLASSICAL; o++)
            squares = squares && is_variance(&s[o], row + 2 * (3 * m + o));
        for (size_t arm = 0; arm < 2; arm++) {
            double cross = pilot_ols_scores_covariance(&s[0], arm, &s[1], arm);
            double all = pilot_ols_scores_covariance(&s[2], arm, &s[2], arm);
            for (size_t o = 0; o < 2; o++)
                all -= pilot_ols_scores_covariance(&s[o], arm, &s[o], arm);
            products = products && near(2 * cross, all, 1e-9);
        }
    }
    ok(squares, "squared scores are the variance: %s%s%s", pilot_std_error_name(type),
       block_rows ? ", blocks" : "", weighted ? ", weights" : "");
    ok(products, "... and products the covariance of two outcomes");
    clear(scores, 3 * MODELS);
    free(sum);
    free(other);
    made_free(made);
}

/* Classical rows: HC2's scores. */
static void test_classical(void)
{
    made_t *made = made_new(42, ROWS, 60, 0);
    pilot_ols_scores_t scores = {0};
    pilot_estimate_t classical[2], adjusted[2];
    pilot_ols_task_t task = ols_task(&made->agency);
    ols_estimate(ols, &task, made->agency.outcome, 1, adjusted);
    task.std_error = PILOT_SE_CLASSICAL;
    pilot_ols_estimate(ols, &task, models, 1, made->agency.outcome, 1,
                       &(pilot_ols_output_t){.estimate = classical, .scores = &scores});
    ok(is_variance(&scores, adjusted), "a classical fit has the scores of HC2");
    pilot_ols_scores_clear(&scores);
    made_free(made);
}

/* Levels of a subgroup: scores lie in the frame's order, 0 outside. */
static void test_levels(size_t cluster_rows)
{
    made_t *made = made_new(43, ROWS, 0, cluster_rows);
    pilot_ols_scores_t scores[2] = {{0}, {0}};
    pilot_estimate_t row[4];
    uint32_t level[2][ROWS];
    size_t rows[2] = {0};
    for (uint32_t i = 0; i < ROWS; i++) {
        size_t at = made->weight[i] > 1;
        level[at][rows[at]++] = i;
    }
    bool good = true;
    for (size_t l = 0; l < 2; l++) {
        pilot_ols_task_t task = ols_task(&made->agency);
        task.row = level[l];
        task.rows = rows[l];
        pilot_ols_estimate(ols, &task, models, 1, made->agency.outcome, 1,
                           &(pilot_ols_output_t){.estimate = row + 2 * l, .scores = &scores[l]});
        good = good && is_variance(&scores[l], row + 2 * l);
        for (size_t i = 0; !cluster_rows && i < rows[1 - l]; i++)
            good = good && scores[l].value[level[1 - l][i]] == 0;
    }
    ok(good, "a level of a subgroup has scores for its own units%s",
       cluster_rows ? ", by cluster" : "");
    double cross = pilot_ols_scores_covariance(&scores[0], 0, &scores[1], 0);
    ok(cluster_rows ? cross != 0 : cross == 0, "... levels are %s",
       cluster_rows ? "tied by clusters that span them" : "independent");
    clear(scores, 2);
    made_free(made);
}

static void slice(const made_t *made, size_t first, size_t rows, ols_agency_t *part)
{
    *part = made->agency;
    part->frame.rows = rows;
    part->frame.arm += first;
    part->frame.block = NULL;
    part->frame.blocks = 0;
    part->frame.cluster = made->agency.frame.cluster ? made->cluster : NULL;
    part->outcome[0].value += first;
    part->number[0].value += first;
    part->number[1].value += first;
    part->regressor[0] = (pilot_regressor_t){.name = "x", .number = &part->number[0]};
    part->regressor[1] = (pilot_regressor_t){.name = "z", .number = &part->number[1]};
}

/* Sums of products over agencies; clusters that span agencies are refused. */
static void test_pooled(size_t cluster_rows)
{
    enum { AGENCIES = 3 };
    made_t *made = made_new(44, ROWS, 0, cluster_rows);
    ols_agency_t part[AGENCIES];
    pilot_ols_scores_t scores[AGENCIES * MODELS] = {{0}};
    pilot_estimate_t row[2 * MODELS];
    pilot_ols_task_t task = ols_task(&made->agency);
    task.interact = true;
    for (size_t a = 0; a < AGENCIES; a++) {
        slice(made, a * ROWS / AGENCIES, ROWS / AGENCIES, &part[a]);
        part[a].frame.clusters = cluster_rows ? ROWS / AGENCIES / cluster_rows : 0;
    }
    pool_extra_t extra = {.scores = scores, .interactions = true};
    bool good = pool_all(part, AGENCIES, &task, models, MODELS, row, &extra);
    for (size_t m = 0; m < MODELS; m++)
        for (size_t arm = 0; arm < 2; arm++) {
            double sum = 0;
            for (size_t a = 0; a < AGENCIES; a++) {
                const pilot_ols_scores_t *s = &scores[a * MODELS + m];
                good = good && s->available && s->contrasts == (m ? 6U : 2U);
                sum += pilot_ols_scores_covariance(s, arm, s, arm);
            }
            const pilot_estimate_t *want = &row[2 * m + arm];
            good = good && near(sum, want->std_error.value * want->std_error.value, 1e-11);
        }
    ok(good, "pooled: squares add up over agencies%s", cluster_rows ? ", clusters" : "");
    task.across = true;
    good = pool_all(part, AGENCIES, &task, models, MODELS, row, &extra);
    ok(good && scores[0].available == !cluster_rows &&
           scores[0].units == part[0].frame.clusters + !cluster_rows,
       "across: %s",
       cluster_rows ? "clusters that span agencies have none" : "an agency is a unit");
    if (!cluster_rows) {
        double sum = 0;
        for (size_t a = 0; a < AGENCIES; a++)
            sum += pilot_ols_scores_covariance(&scores[a * MODELS], 0, &scores[a * MODELS], 0);
        ok(near(sum, row[0].std_error.value * row[0].std_error.value, 1e-11),
           "... and squares add up");
    }
    clear(scores, AGENCIES * MODELS);
    made_free(made);
}

/* b'V^-1 b by elimination; V is destroyed. */
static double wald(double *v, double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        for (size_t i = k + 1; i < n; i++) {
            double factor = v[i * n + k] / v[k * n + k];
            for (size_t j = k; j < n; j++)
                v[i * n + j] -= factor * v[k * n + j];
            b[i] -= factor * b[k];
        }
        sum += b[k] * b[k] / v[k * n + k];
    }
    return sum;
}

static bool says(const table_t *golden, size_t row, const char *column, const char *text)
{
    return strcmp(table_get(golden, row, column), text) == 0;
}

/* Sums of products of all agencies' scores of one lin fit, interactions alone. */
static void test_interactions(const table_t *golden, const char *scope,
                              const ols_columns_t *columns, const ols_agency_t *agency,
                              size_t agencies)
{
    static const char *const names[] = {"c", "t", "u"};
    pilot_ols_scores_t *scores = calloc(agencies, sizeof *scores);
    pilot_estimate_t row[2];
    pilot_ols_task_t task = ols_task(agency);
    task.interact = true;
    task.arm_name = names;
    ok(pool_all(agency, agencies, &task, &models[1], 1, row,
                &(pool_extra_t){.scores = scores, .interactions = true}),
       "the parts merge");
    size_t n = scores[0].contrasts - 2, found = 0;
    double *v = calloc(n * n, sizeof *v), *b = calloc(n, sizeof *b);
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        b[i] = scores[0].contrast[i + 2].estimate;
        for (size_t j = 0; j < n; j++)
            for (size_t a = 0; a < agencies; a++)
                v[i * n + j] += pilot_ols_scores_covariance(&scores[a], i + 2, &scores[a], j + 2);
    }
    for (size_t r = 0; r < golden->rows; r++) {
        if (!says(golden, r, "scope", scope) ||
            !says(golden, r, "blocked", columns->block ? "1" : "0") ||
            !says(golden, r, "weighted", columns->weight ? "1" : "0") ||
            !says(golden, r, "clustered", columns->cluster ? "1" : "0"))
            continue;
        double estimate = strtod(table_get(golden, r, "estimate"), NULL);
        double std_error = strtod(table_get(golden, r, "std_error"), NULL);
        for (size_t i = 0; i < n && says(golden, r, "source", "interaction"); i++) {
            if (fabs(b[i] - estimate) > 1e-9 * fabs(estimate))
                continue;
            found++;
            good = good && near(sqrt(v[i * n + i]), std_error, 1e-9);
        }
        if (says(golden, r, "source", "wald"))
            good = good && near(wald(v, b, n), estimate, 1e-8);
    }
    ok(good && found == n, "%s%s%s%s: %zu interactions and their Wald statistic", scope,
       columns->block ? ", blocked" : "", columns->weight ? ", weighted" : "",
       columns->cluster ? ", clustered" : "", n);
    is_text(scores[0].contrast[2].name, "t:x", "... have names");
    clear(scores, agencies);
    free(scores);
    free(v);
    free(b);
}

static void test_golden(void)
{
    static const char *const arms[] = {"c", "t", "u", NULL};
    table_t data = table_read("tests/golden/ols/generated.csv");
    table_t golden = table_read("tests/golden/ols/lin_estimates.csv");
    for (int i = 0; i < 8; i++) {
        ols_columns_t columns = {.agency = "agency",
                                 .unit = "unit",
                                 .block = i & 1 ? "block" : NULL,
                                 .cluster = i & 4 ? "cluster" : NULL,
                                 .weight = i & 2 ? "w" : NULL,
                                 .arm = "arm",
                                 .arms = arms,
                                 .outcome = {"y"},
                                 .number = {"x", "z"},
                                 .category = {"g"}};
        size_t agencies;
        ols_agency_t *agency = ols_agencies(&data, &columns, &agencies);
        if (!columns.cluster)
            test_interactions(&golden, "a6", &columns, &agency[5], 1);
        test_interactions(&golden, "pooled", &columns, agency, agencies);
        ols_agencies_free(agency, agencies);
    }
    table_free(&golden);
    table_free(&data);
}

int main(void)
{
    ols = pilot_ols_new();
    for (int i = 0; i < 4; i++) {
        size_t blocks = i & 1 ? 60 : 0;
        bool weighted = (i & 2) != 0;
        for (pilot_std_error_t type = PILOT_SE_CLASSICAL; type <= PILOT_SE_HC3; type++)
            test_outcomes(blocks, 0, weighted, type);
        for (pilot_std_error_t type = PILOT_SE_CR0; type <= PILOT_SE_CR3; type++) {
            test_outcomes(blocks, 5, weighted, type);
            test_outcomes(blocks, 20, weighted, type);
        }
    }
    test_classical();
    test_levels(0);
    test_levels(6);
    test_pooled(0);
    test_pooled(5);
    test_golden();
    pilot_ols_free(ols);
    return tap_done();
}
