/* pilot/design_matrix.h - what a regression of an outcome on arms and covariates is made of: the
 * columns' plain data, the models and the rules that turn them into a design.
 *
 * The design, in plan order: block effects (absorbed by demeaning; a frame without blocks is one
 * block, so the intercept is never a column of its own), an indicator of each treatment arm that
 * has units, then each covariate: a number or a 0/1 column as itself, a category as an indicator
 * for every level but the first in byte order.
 * Covariates missing: impute = the (weighted) mean over the fit's rows, and where more than 10 % of
 * the rows miss it an indicator of missingness besides; a missing category is a level of its own,
 * behind all others.  drop = rows that miss any covariate leave the fit.
 * Model lin: behind these, each covariate column less its (weighted) mean over the fit's rows times
 * each treatment arm's indicator, so that an arm's coefficient is its effect at the mean. */
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

typedef enum pilot_regression_model {
    PILOT_MODEL_OLS, /* covariates additive */
    PILOT_MODEL_LIN, /* and interacted with every treatment arm, about their means: Lin (2013) */
    PILOT_MODEL_AUTO /* what pilot_regression_choose takes for the rows of the fit */
} pilot_regression_model_t;

/* What a model comes to for the rows of one fit. */
typedef struct pilot_regression_choice {
    /* Too few rows, or no covariates: difference_in_means is to be used; a regression that is made
     * all the same is one on the arms alone. */
    bool difference;
    pilot_regression_model_t model; /* OLS or LIN */
    size_t regressors;              /* the first so many enter */
    size_t interacted;              /* of the covariate columns; SIZE_MAX: all */
} pilot_regression_choice_t;

/* The rule of `estimators: auto`, from the counts of the whole fit (all agencies', when pooled):
 * rows and, where the design is clustered, clusters by arm (else NULL).  With m the size of the
 * smallest arm that has rows, in clusters if there are any, and N all rows:
 * m >= 20: lin, the first floor(m/20) covariate columns interacted; m < 20 <= N: ols with at most
 * floor(N/20) covariates; N < 20 or no covariates: difference_in_means. */
pilot_regression_choice_t pilot_regression_choose(const uint64_t *arm_rows,
                                                  const uint64_t *arm_clusters, size_t arms,
                                                  size_t regressors);
/* "ols", "lin" or "difference_in_means", as results.effects has it. */
const char *pilot_regression_choice_name(const pilot_regression_choice_t *choice);

/* One regression on one set of rows, for any number of outcomes.  All borrowed. */
typedef struct pilot_ols_task {
    const pilot_frame_t *frame;
    /* Ascending row numbers of a subgroup's level (rows of them; the caller leaves the subgroup's
     * variable out of the regressors), or NULL for the whole frame (rows is then ignored). */
    const uint32_t *row;
    size_t rows;
    const pilot_regressor_t *regressor; /* in plan order, the same in every agency */
    size_t regressors;
    /* Models other than OLS are wanted: one decomposition then serves all, and what OLS gives does
     * not change by a bit. */
    bool interact;
    /* By code, for "dropped: small:x" in a row's detail; NULL: "arm 1", ... */
    const char *const *arm_name;
    bool impute;
    /* level: across.  Blocks and clusters are matched by label across agencies (the frame must
     * carry labels), without blocks all agencies together are one block, and without clusters the
     * agency itself is the cluster. */
    bool across;
    /* PILOT_SE_NONE = auto: HC2, or CR2 where there are clusters. */
    pilot_std_error_t std_error;
    double confidence;
    /* Scores of a classical fit are root(w) e |l|, so that sums of products are classical
     * covariances; else those of HC2.  For other types it says nothing. */
    bool classical_scores;
} pilot_ols_task_t;

#endif
