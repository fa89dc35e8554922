/* joint_test.h - are several differences all 0?  Columns that follow from earlier ones drop out. */
#ifndef PILOT_STAT_JOINT_TEST_H
#define PILOT_STAT_JOINT_TEST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct joint_test {
    size_t rank;      /* columns that are left */
    bool given;       /* else the rest is not set */
    double statistic; /* F, or chi-square */
    double df;        /* of the denominator (the numerator has rank), or of chi-square */
    double p_value;
} joint_test_t;

/* Differences d with covariance treated + control, each known with so many degrees of freedom:
 * Hotelling's T^2 with the df of Krishnamoorthy & Yu (2004); Welch's test for one column.
 * Matrices: columns x columns, symmetric, row-major. */
joint_test_t joint_test_means(size_t columns, const double *d, const double *treated,
                              const double *control, double treated_df, double control_df);

/* Sums of scores and of their outer products: the heteroskedasticity-robust score test (Wooldridge
 * 2010, section 4.2.3), chi-square. */
joint_test_t joint_test_scores(size_t columns, const double *sum, const double *square);

#endif
