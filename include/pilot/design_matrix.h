/* pilot/design_matrix.h - what a regression of an outcome on arms and covariates is made of: the
 * columns' plain data and the rules that turn them into a design.
 *
 * The design, in plan order: block effects (absorbed by demeaning; a frame without blocks is one
 * block, so the intercept is never a column of its own), an indicator of each treatment arm that
 * has units, then each covariate: a number or a 0/1 column as itself, a category as an indicator
 * for every level but the first in byte order.
 * Covariates missing: impute = the (weighted) mean over the fit's rows, and where more than 10 % of
 * the rows miss it an indicator of missingness besides; a missing category is a level of its own,
 * behind all others.  drop = rows that miss any covariate leave the fit. */
#ifndef PILOT_DESIGN_MATRIX_H
#define PILOT_DESIGN_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/estimate.h"
#include "pilot/frame.h"

/* A covariate as the plan names it.  Exactly one of number and category is not NULL; borrowed. */
typedef struct pilot_regressor {
    const char *name; /* for "dropped: ..." in a row's detail */
    const pilot_variable_t *number;
    const pilot_category_t *category;
} pilot_regressor_t;

/* One regression on one set of rows, for any number of outcomes.  All borrowed. */
typedef struct pilot_ols_task {
    const pilot_frame_t *frame;
    /* Ascending row numbers of a subgroup's level (rows of them; the caller leaves the subgroup's
     * variable out of the regressors), or NULL for the whole frame (rows is then ignored). */
    const uint32_t *row;
    size_t rows;
    const pilot_regressor_t *regressor; /* in plan order, the same in every agency */
    size_t regressors;
    /* Keep only the first floor(N/20) regressors, N = rows of the fit (estimators: auto). */
    bool limit_regressors;
    bool impute;
    /* level: across.  Blocks and clusters are matched by label across agencies (the frame must
     * carry labels), without blocks all agencies together are one block, and without clusters the
     * agency itself is the cluster. */
    bool across;
    /* PILOT_SE_NONE = auto: HC2, or CR2 where there are clusters. */
    pilot_std_error_t std_error;
    double confidence;
} pilot_ols_task_t;

#endif
