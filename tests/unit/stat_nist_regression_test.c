/* The decomposition under NIST's StRD linear regressions: correct digits of coefficients, standard
 * errors and residual deviation.  tests/golden/data/nist/README tells where the data is from. */
#include <math.h>

#include "../../lib/stat/least_squares_kernel.h"
#include "../../lib/stat/ols_fit.h"
#include "../../lib/stat/qr_stack.h"
#include "../harness/table.h"
#include "../harness/tap.h"

typedef struct problem {
    const char *name, *file;
    int power; /* columns x^1 .. x^power of the one x; 0: the file's own columns */
    bool intercept;
    double digits;       /* wanted of coefficients and standard errors */
    double slope_digits; /* ... of the slopes where the intercept is absorbed */
} problem_t;

static const problem_t problems[] = {
    {"Norris", "norris", 1, true, 12, 12},   {"Pontius", "pontius", 2, true, 12, 12},
    {"NoInt1", "noint1", 1, false, 12, 0},   {"NoInt2", "noint2", 1, false, 12, 0},
    {"Longley", "longley", 0, true, 12, 12}, {"Filip", "filip", 10, true, 7, 7},
    {"Wampler1", "wampler1", 5, true, 9, 9}, {"Wampler2", "wampler2", 5, true, 12, 12},
    {"Wampler3", "wampler3", 5, true, 9, 9}, {"Wampler4", "wampler4", 5, true, 7, 7},
    {"Wampler5", "wampler5", 5, true, 6, 6},
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

/* Coefficients of the same problem through the estimator's own path, where the intercept is a
 * block effect: columns are demeaned, and the intercept is what they leave of the mean. */
static size_t fit_slopes(const table_t *data, const problem_t *problem, pilot_arena_t *arena,
                         double *ret_beta)
{
    size_t rows = data->rows, stride = PILOT_PAD(rows);
    double *panel = PILOT_ARENA_ARRAY(arena, double, stride * 16);
    size_t slopes = fill(data, problem, panel, stride) - 2;
    uint16_t *arm = PILOT_ARENA_ARRAY(arena, uint16_t, rows);
    pilot_variable_t *x = PILOT_ARENA_ARRAY(arena, pilot_variable_t, slopes);
    pilot_regressor_t *regressor = PILOT_ARENA_ARRAY(arena, pilot_regressor_t, slopes);
    pilot_frame_t frame = {.rows = rows, .arms = 1, .arm = arm};
    pilot_ols_task_t task = {.frame = &frame, .regressor = regressor, .regressors = slopes};
    pilot_variable_t y = {.value = panel + (slopes + 1) * stride};
    const pilot_variable_t *outcome = &y;
    pilot_rows_t used;
    pilot_moments_t moments;
    const pilot_moments_t *one = &moments;
    pilot_fit_t fit;
    for (size_t k = 0; k < slopes; k++) {
        x[k].value = panel + (k + 1) * stride;
        regressor[k] = (pilot_regressor_t){.name = "x", .number = &x[k]};
    }
    pilot_rows_select(&task, outcome, arena, &used);
    pilot_moments_compute(&used, &outcome, 1, arena, &moments);
    pilot_fit_compute(&task, PILOT_MODEL_OLS, &one, 1, arena, &fit);
    if (fit.rank == slopes)
        memcpy(ret_beta, fit.beta, slopes * sizeof *ret_beta);
    return fit.rank;
}

static void test_slopes(const table_t *certified, const problem_t *problem)
{
    char path[256];
    double beta[16] = {0}, digits = 15;
    snprintf(path, sizeof path, "tests/golden/data/nist/nist_lr_%s.csv", problem->file);
    table_t data = table_read(path);
    pilot_arena_t *arena = pilot_arena_new();
    size_t slopes = fit_slopes(&data, problem, arena, beta), j = 0;
    for (size_t row = 0; row < certified->rows; row++) {
        if (strcmp(table_get(certified, row, "dataset"), problem->name) != 0)
            continue;
        if (j++ > 0)
            digits = fmin(digits, digits_of(beta[j - 2],
                                            strtod(table_get(certified, row, "estimate"), NULL)));
    }
    ok(slopes == j - 1 && digits >= problem->slope_digits, "%s: slopes to %g digits (%.1f)",
       problem->name, problem->slope_digits, digits);
    pilot_arena_free(arena);
    table_free(&data);
}

int main(void)
{
    table_t certified = table_read("tests/golden/data/nist/nist_lr_certified.csv");
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        test_problem(&certified, &problems[i]);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (problems[i].intercept)
            test_slopes(&certified, &problems[i]);
    table_free(&certified);
    return tap_done();
}
