/* The decomposition under NIST's StRD linear regressions: correct digits of coefficients, standard
 * errors and residual deviation.  tests/golden/data/nist/README tells where the data is from. */
#include <math.h>

#include "../../lib/stat/least_squares_kernel.h"
#include "../../lib/stat/ols_refine.h"
#include "../../lib/stat/qr_stack.h"
#include "../harness/table.h"
#include "../harness/tap.h"

typedef struct problem {
    const char *name, *file;
    int power; /* columns x^1 .. x^power of the one x; 0: the file's own columns */
    bool intercept;
    double digits;       /* wanted of the plain decomposition */
    double slope_digits; /* of the estimator's slopes, where there is an intercept to absorb */
    double error_digits; /* and of its standard errors and residual deviation */
} problem_t;

static const problem_t problems[] = {
    {"Norris", "norris", 1, true, 12, 12, 12},    {"Pontius", "pontius", 2, true, 12, 12, 12},
    {"NoInt1", "noint1", 1, false, 12, 0, 0},     {"NoInt2", "noint2", 1, false, 12, 0, 0},
    {"Longley", "longley", 0, true, 12, 12, 12},  {"Filip", "filip", 10, true, 7, 7, 7},
    {"Wampler1", "wampler1", 5, true, 9, 12, 12}, {"Wampler2", "wampler2", 5, true, 12, 12, 12},
    {"Wampler3", "wampler3", 5, true, 9, 12, 12}, {"Wampler4", "wampler4", 5, true, 7, 12, 12},
    {"Wampler5", "wampler5", 5, true, 6, 12, 12},
};

/* -log10 of the relative error (of the absolute one where the truth is 0); at most 15. */
static double digits_of(double got, double want)
{
    double error = fabs(got - want) / (want == 0 ? 1 : fabs(want));
    return error > 0 ? fmin(15, -log10(error)) : 15;
}

/* Intercept, then x or its powers, then y; columns lie `stride` apart. */
static size_t fill(const table_t *data, const problem_t *problem, double *panel, size_t stride)
{
    size_t columns = 0;
    for (size_t i = 0; i < data->rows; i++) {
        columns = 0;
        if (problem->intercept)
            panel[columns++ * stride + i] = 1;
        double x = strtod(table_at(data, i, 1), NULL), power = 1;
        for (int p = 1; p <= problem->power; p++)
            panel[columns++ * stride + i] = power *= x;
        for (size_t k = 1; problem->power == 0 && k < data->columns; k++)
            panel[columns++ * stride + i] = strtod(table_at(data, i, k), NULL);
        panel[columns++ * stride + i] = strtod(table_at(data, i, 0), NULL);
    }
    return columns;
}

static void solve(const table_t *data, const problem_t *problem, pilot_arena_t *arena,
                  pilot_solution_t *ret)
{
    size_t stride = PILOT_PAD(data->rows);
    double *panel = PILOT_ARENA_ARRAY(arena, double, stride * 16);
    size_t columns = fill(data, problem, panel, stride);
    double *length = PILOT_ARENA_ARRAY(arena, double, columns);
    pilot_qr_t qr;
    for (size_t k = 0; k < columns; k++)
        length[k] = sqrt(pilot_kernel_dot(panel + k * stride, panel + k * stride, data->rows));
    pilot_qr_init(&qr, columns, arena);
    pilot_qr_add(&qr, panel, stride, data->rows);
    pilot_qr_solve(&qr, length, arena, ret);
}

static double std_error(const pilot_solution_t *solution, size_t j, double sigma)
{
    double square = 0;
    for (size_t k = j; k < solution->rank; k++)
        square += solution->r_inverse[j * solution->rank + k] *
                  solution->r_inverse[j * solution->rank + k];
    return sigma * sqrt(square);
}

static void test_problem(const table_t *certified, const problem_t *problem)
{
    char path[256];
    snprintf(path, sizeof path, "tests/golden/data/nist/nist_lr_%s.csv", problem->file);
    table_t data = table_read(path);
    pilot_arena_t *arena = pilot_arena_new();
    pilot_solution_t solution;
    double coefficients = 15, errors = 15, deviation = 15;
    size_t j = 0;
    solve(&data, problem, arena, &solution);
    double sigma = solution.rest / sqrt((double)(data.rows - solution.rank));
    for (size_t row = 0; row < certified->rows; row++) {
        if (strcmp(table_get(certified, row, "dataset"), problem->name) != 0)
            continue;
        double want = strtod(table_get(certified, row, "std_error"), NULL);
        double want_sigma = strtod(table_get(certified, row, "residual_sd"), NULL);
        double got = j < solution.rank ? solution.beta[j] : 0;
        coefficients =
            fmin(coefficients, digits_of(got, strtod(table_get(certified, row, "estimate"), NULL)));
        if (want > 0) {
            errors = fmin(errors, digits_of(std_error(&solution, j, sigma), want));
            deviation = fmin(deviation, digits_of(sigma, want_sigma));
        }
        j++;
    }
    ok(solution.rank == j, "%s keeps its %zu columns", problem->name, j);
    ok(coefficients >= problem->digits, "%s: coefficients to %g digits (%.1f)", problem->name,
       problem->digits, coefficients);
    ok(errors >= fmin(problem->digits, 9), "%s: standard errors to %g digits (%.1f)", problem->name,
       fmin(problem->digits, 9), errors);
    ok(deviation >= fmin(problem->digits, 9), "%s: residual deviation (%.1f)", problem->name,
       deviation);
    pilot_arena_free(arena);
    table_free(&data);
}

/* The same problem through the estimator's own path, where the intercept is a block effect: columns
 * are demeaned.  Rows as one agency, or dealt out to several that share one intercept. */
enum { MOST_PARTS = 3, MOST_SLOPES = 16 };

typedef struct slopes {
    size_t count;
    double beta[MOST_SLOPES], std_error[MOST_SLOPES], sigma;
} slopes_t;

typedef struct parts {
    const pilot_ols_task_t *task[MOST_PARTS];
    pilot_rows_t rows[MOST_PARTS];
    pilot_variable_t outcome[MOST_PARTS];
    pilot_moments_t moments[MOST_PARTS];
    pilot_residuals_t residuals[MOST_PARTS + 1];
} parts_t;

/* Part `part` of `parts`: every parts-th row. */
static void make_part(const double *panel, size_t stride, size_t rows, size_t slopes, size_t part,
                      size_t count, pilot_arena_t *arena, parts_t *ret)
{
    size_t n = (rows - part + count - 1) / count;
    uint16_t *arm = PILOT_ARENA_ARRAY(arena, uint16_t, n);
    pilot_variable_t *x = PILOT_ARENA_ARRAY(arena, pilot_variable_t, slopes + 1);
    pilot_regressor_t *regressor = PILOT_ARENA_ARRAY(arena, pilot_regressor_t, slopes);
    pilot_frame_t *frame = PILOT_ARENA_RAW(arena, pilot_frame_t, 1);
    pilot_ols_task_t *task = PILOT_ARENA_RAW(arena, pilot_ols_task_t, 1);
    for (size_t k = 0; k <= slopes; k++) {
        double *value = PILOT_ARENA_RAW(arena, double, n);
        for (size_t i = 0; i < n; i++)
            value[i] = panel[(k + 1) * stride + part + i * count];
        x[k].value = value;
        if (k < slopes)
            regressor[k] = (pilot_regressor_t){.name = "x", .number = &x[k]};
    }
    *frame = (pilot_frame_t){.rows = n, .arms = 1, .arm = arm};
    *task = (pilot_ols_task_t){.frame = frame,
                               .regressor = regressor,
                               .regressors = slopes,
                               .across = count > 1,
                               .std_error = count > 1 ? PILOT_SE_CR0 : PILOT_SE_CLASSICAL};
    ret->task[part] = task;
    ret->outcome[part] = x[slopes];
    const pilot_variable_t *outcome = &ret->outcome[part];
    pilot_rows_select(task, outcome, arena, &ret->rows[part]);
    pilot_moments_compute(&ret->rows[part], &outcome, 1, arena, &ret->moments[part]);
}

static void fit_slopes(const table_t *data, const problem_t *problem, size_t count,
                       pilot_arena_t *arena, slopes_t *ret)
{
    size_t stride = PILOT_PAD(data->rows);
    double *panel = PILOT_ARENA_ARRAY(arena, double, stride *MOST_SLOPES), square = 0;
    size_t slopes = fill(data, problem, panel, stride) - 2;
    parts_t *parts = PILOT_ARENA_ARRAY(arena, parts_t, 1);
    const pilot_moments_t *moments[MOST_PARTS];
    const pilot_residuals_t *residuals[MOST_PARTS];
    pilot_fit_t fit;
    const pilot_fit_t *fits = &fit;
    for (size_t p = 0; p < count; p++) {
        make_part(panel, stride, data->rows, slopes, p, count, arena, parts);
        moments[p] = &parts->moments[p];
    }
    pilot_fit_compute(parts->task[0], PILOT_MODEL_OLS, moments, count, arena, &fit);
    for (size_t p = 0; p < count; p++) {
        const pilot_variable_t *outcome = &parts->outcome[p];
        (void)pilot_residuals_compute(&parts->rows[p], &outcome, &fits, 1, NULL, arena,
                                      &parts->residuals[p]);
        residuals[p] = &parts->residuals[p];
        square += parts->residuals[p].square;
    }
    const double *beta = fit.beta;
    if (pilot_fit_needs_step(&fit))
        beta = pilot_fit_step(&fit, residuals, count, arena);
    *ret =
        (slopes_t){.count = fit.rank, .sigma = sqrt(square / (double)(data->rows - fit.rank - 1))};
    for (size_t j = 0; j < fit.rank; j++) {
        double length = 0;
        for (size_t k = j; k < fit.rank; k++)
            length = hypot(length, fit.r_inverse[j * fit.rank + k]);
        ret->beta[j] = beta[j];
        ret->std_error[j] = ret->sigma * length;
    }
}

static void test_slopes(const table_t *certified, const problem_t *problem, size_t parts)
{
    char path[256];
    double digits = 15, errors = 15, deviation = 15;
    snprintf(path, sizeof path, "tests/golden/data/nist/nist_lr_%s.csv", problem->file);
    table_t data = table_read(path);
    pilot_arena_t *arena = pilot_arena_new();
    slopes_t got;
    size_t j = 0;
    fit_slopes(&data, problem, parts, arena, &got);
    for (size_t row = 0; row < certified->rows; row++) {
        if (strcmp(table_get(certified, row, "dataset"), problem->name) != 0 || j++ == 0)
            continue;
        double want = strtod(table_get(certified, row, "std_error"), NULL);
        digits = fmin(digits, digits_of(got.beta[j - 2],
                                        strtod(table_get(certified, row, "estimate"), NULL)));
        if (!(want > 0))
            continue;
        errors = fmin(errors, digits_of(got.std_error[j - 2], want));
        deviation =
            fmin(deviation,
                 digits_of(got.sigma, strtod(table_get(certified, row, "residual_sd"), NULL)));
    }
    const char *how = parts > 1 ? ", pooled over three agencies" : "";
    ok(got.count == j - 1 && digits >= problem->slope_digits, "%s%s: slopes to %g digits (%.1f)",
       problem->name, how, problem->slope_digits, digits);
    ok(errors >= problem->error_digits && deviation >= problem->error_digits,
       "%s%s: standard errors to %g digits (%.1f), residual deviation (%.1f)", problem->name, how,
       problem->error_digits, errors, deviation);
    pilot_arena_free(arena);
    table_free(&data);
}

int main(void)
{
    table_t certified = table_read("tests/golden/data/nist/nist_lr_certified.csv");
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        test_problem(&certified, &problems[i]);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        for (size_t parts = 1; problems[i].intercept && parts <= MOST_PARTS; parts += 2)
            test_slopes(&certified, &problems[i], parts);
    table_free(&certified);
    return tap_done();
}
