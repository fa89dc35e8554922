/* ols_fit.h - the coefficients, from the moments of one agency or of all. */
#ifndef PILOT_STAT_OLS_FIT_H
#define PILOT_STAT_OLS_FIT_H

#include "ols_moments.h"
#include "pilot/error.h"

/* A block that may span agencies (level: across): what its rows need to be demeaned by all of it.
 */
typedef struct pilot_fit_block {
    const char *label;
    double weight;
    const double *mean;   /* columns kept, then y: of the values less base and shift */
    const double *square; /* 1 + columns kept: Omega of its indicator with itself and the columns */
} pilot_fit_block_t;

/* Columns of the pooled design that were kept, and everything that does not depend on residuals.
 * All in one arena. */
typedef struct pilot_fit {
    size_t arms, regressors;
    bool automatic; /* the model was AUTO */
    pilot_regression_choice_t choice;
    size_t covariates, interacted; /* columns of the design, before any is dropped */
    pilot_std_error_t std_error;
    bool across, clustered, equal_weights;
    bool too_wide;
    bool blocked; /* blocks are worth telling */
    bool nested;  /* every block lies in one cluster */
    uint64_t candidates, rows, clusters, blocks;
    uint64_t *arm_rows, *arm_clusters; /* arms */
    double weight;                     /* of all rows */
    double outcome_base, outcome_low, outcome_high;
    double control_mean;
    pilot_number_t control_std_dev;
    size_t rank;
    /* Kept columns.  A level's label is NULL where it stands for missing values. */
    pilot_column_t *column;          /* rank: kind, code (arm), regressor, base, shift */
    const char **label;              /* rank: of a level */
    double *r, *r_inverse;           /* rank x rank, upper, row-major */
    double *beta;                    /* rank */
    double *omega;                   /* rank x rank (CR2 with unequal weights), or NULL */
    size_t *arm_column;              /* arms: place among the kept columns; SIZE_MAX: not there */
    char dropped[PILOT_DETAIL_SIZE]; /* names, ", " between them */
    /* level: across */
    pilot_fit_block_t *block; /* blocks, by label bytes */
    size_t spanning;
    const char **spanning_cluster; /* by label bytes: clusters that occur in several agencies */
} pilot_fit_t;

void pilot_fit_compute(const pilot_ols_task_t *task, pilot_regression_model_t model,
                       const pilot_moments_t *const *moments, size_t agencies, pilot_arena_t *arena,
                       pilot_fit_t *ret);

/* "small", "x", "x (missing)", "x=level", "small:x" */
void pilot_fit_name_column(const pilot_ols_task_t *task, const pilot_column_t *column,
                           const char *label, char *ret, size_t size);

/* The columns of this agency's design as the fit has them (kept columns; the caller adds y). */
void pilot_fit_columns(const pilot_fit_t *fit, const pilot_ols_task_t *task, pilot_column_t *ret);

void pilot_fit_pack(const pilot_fit_t *fit, pilot_piece_t *piece);
pilot_status_t pilot_fit_unpack(pilot_piece_reader_t *reader, pilot_arena_t *arena,
                                pilot_fit_t *ret, pilot_error_t *error);

#endif
