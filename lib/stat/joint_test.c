/* joint_test.c - see joint_test.h. */
#include "joint_test.h"

#include <math.h>
#include <stdlib.h>

#include "distribution.h"
#include "pilot/memory.h"

/* Share of a column's variance that the columns before it leave; less is collinear. */
#define COLLINEAR 1e-10
#define LEAST_DF 1.0

/* A Cholesky factor of the columns that are kept, in order. */
typedef struct factor {
    size_t columns, rank;
    size_t *keep;
    double *lower; /* [i * columns + j], i and j count kept columns */
} factor_t;

static factor_t factor_new(size_t columns, const double *matrix)
{
    factor_t factor = {.columns = columns,
                       .keep = PILOT_NEW_ARRAY(size_t, columns),
                       .lower = PILOT_NEW_ARRAY(double, columns *columns)};
    for (size_t k = 0; k < columns; k++) {
        size_t rank = factor.rank;
        double *own = factor.lower + rank * columns, whole = matrix[k * columns + k];
        double left = whole;
        for (size_t i = 0; i < rank; i++) {
            const double *row = factor.lower + i * columns;
            double sum = matrix[k * columns + factor.keep[i]];
            for (size_t j = 0; j < i; j++)
                sum -= own[j] * row[j];
            own[i] = sum / row[i];
            left -= own[i] * own[i];
        }
        if (!(whole > 0) || !(left > COLLINEAR * whole))
            continue;
        own[rank] = sqrt(left);
        factor.keep[factor.rank++] = k;
    }
    return factor;
}

static void factor_clear(factor_t *factor)
{
    free(factor->keep);
    free(factor->lower);
}

/* x := L^-1 x; x: rank entries. */
static void solve(const factor_t *factor, double *x)
{
    for (size_t i = 0; i < factor->rank; i++) {
        const double *row = factor->lower + i * factor->columns;
        for (size_t j = 0; j < i; j++)
            x[i] -= row[j] * x[j];
        x[i] /= row[i];
    }
}

static double quadratic_form(const factor_t *factor, const double *d)
{
    double *x = PILOT_NEW_ARRAY(double, factor->rank), sum = 0;
    for (size_t i = 0; i < factor->rank; i++)
        x[i] = d[factor->keep[i]];
    solve(factor, x);
    for (size_t i = 0; i < factor->rank; i++)
        sum += x[i] * x[i];
    free(x);
    return sum;
}

/* tr M and tr M^2 of M = L^-1 part L^-T. */
static void traces(const factor_t *factor, const double *part, double *ret_trace,
                   double *ret_square)
{
    size_t r = factor->rank;
    double *m = PILOT_NEW_ARRAY(double, r *r);
    double *column = PILOT_NEW_ARRAY(double, r);
    *ret_trace = *ret_square = 0;
    for (size_t j = 0; j < r; j++) {
        for (size_t i = 0; i < r; i++)
            m[j * r + i] = part[factor->keep[i] * factor->columns + factor->keep[j]];
        solve(factor, m + j * r);
    }
    for (size_t j = 0; j < r; j++) {
        for (size_t i = 0; i < r; i++)
            column[i] = m[i * r + j];
        solve(factor, column);
        *ret_trace += column[j];
        for (size_t i = 0; i < r; i++)
            *ret_square += column[i] * column[i];
    }
    free(column);
    free(m);
}

joint_test_t joint_test_means(size_t columns, const double *d, const double *treated,
                              const double *control, double treated_df, double control_df)
{
    double *both = PILOT_NEW_ARRAY(double, columns *columns);
    joint_test_t test = {0};
    for (size_t i = 0; i < columns * columns; i++)
        both[i] = treated[i] + control[i];
    factor_t factor = factor_new(columns, both);
    test.rank = factor.rank;
    if (factor.rank > 0) {
        double rank = (double)factor.rank, trace, square, df;
        traces(&factor, treated, &trace, &square);
        df = (rank + rank * rank) /
             ((square + trace * trace) / treated_df +
              (rank - 2 * trace + square + (rank - trace) * (rank - trace)) / control_df);
        test.df = df - rank + 1;
        test.given = test.df >= LEAST_DF;
        test.statistic = quadratic_form(&factor, d) * test.df / (rank * df);
        if (test.given)
            test.p_value = pilot_f_upper(test.statistic, rank, test.df);
    }
    factor_clear(&factor);
    free(both);
    return test;
}

joint_test_t joint_test_scores(size_t columns, const double *sum, const double *square)
{
    factor_t factor = factor_new(columns, square);
    joint_test_t test = {.rank = factor.rank, .given = factor.rank > 0};
    if (test.given) {
        test.statistic = quadratic_form(&factor, sum);
        test.df = (double)factor.rank;
        test.p_value = pilot_chi_square_upper(test.statistic, test.df);
    }
    factor_clear(&factor);
    return test;
}
