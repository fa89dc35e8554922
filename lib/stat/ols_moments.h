/* ols_moments.h - round 1: all that the fit needs to know of one agency's rows. */
#ifndef PILOT_STAT_OLS_MOMENTS_H
#define PILOT_STAT_OLS_MOMENTS_H

#include "design_matrix_panel.h"
#include "pilot/error.h"
#include "pilot/piece.h"

/* Columns of a design; more are refused before they cost memory. */
#define PILOT_MOST_COLUMNS ((size_t)512)

typedef struct pilot_number_moment {
    uint64_t missing;
    double base;
    double sum;    /* weighted, of x - base where present */
    double weight; /* of the rows where it is present */
    double length; /* root of the weighted sum of x^2 where present */
} pilot_number_moment_t;

typedef struct pilot_category_moment {
    size_t levels; /* that occur, by label bytes; a level of missing values is not among them */
    const char **label;
    double *weight;
    double missing_weight; /* 0: none missing */
} pilot_category_moment_t;

typedef struct pilot_block_moment {
    const char *label;
    const char *cluster; /* label of the one cluster that it lies in, or NULL: several, or none */
    double weight;
    const double *mean; /* raw columns, then y; of (x - base) */
    /* Of the squared weights, where clusters and weights ask for it: their sum, and the mean of the
     * demeaned raw columns under them. */
    double square_weight;
    const double *square_mean;
} pilot_block_moment_t;

typedef struct pilot_cluster_moment {
    const char *label;
    uint64_t arm;
} pilot_cluster_moment_t;

/* Raw columns: the treatment arms that have rows, ascending; then for each regressor a number's x
 * (0 where missing) and, if any is missing, its indicator; or an indicator for each level that
 * occurs and, if any is missing, one for that; then, if interactions are asked for, each of these
 * covariate columns times each of the arms, arms side by side.  All demeaned by block.  Since
 * interactions are last, the leading part of the factor is that of the narrow design, bit for bit.
 */
typedef struct pilot_moments {
    bool too_wide, blocked, clustered;
    bool interacted, interactions_too_wide;
    bool nested;                 /* every block lies in one cluster */
    pilot_std_error_t std_error; /* after `auto` */
    size_t arms, regressors;
    uint64_t candidates, rows, clusters, blocks;
    uint64_t *arm_rows, *arm_clusters; /* arms */
    double weight_low, weight_high;
    double *arm_weight;  /* arms */
    double outcome_base; /* subtracted from y */
    double outcome_low, outcome_high;
    double control_sum;                /* weighted, of y - base */
    double control_squares;            /* weighted, of y - the control arm's mean */
    pilot_number_moment_t *number;     /* regressors; used where the regressor is a number */
    pilot_category_moment_t *category; /* regressors; used where it is a category */
    size_t raw, narrow;                /* all, and without interactions */
    double *r;        /* raw x raw, row-major, upper: of the columns times root weight */
    double *effect;   /* raw: the y column of that factor */
    double rest;      /* and its diagonal entry */
    double *square_r; /* raw x raw: of the columns times weight; NULL where not needed */
    /* level: across */
    pilot_block_moment_t *block;     /* blocks */
    pilot_cluster_moment_t *cluster; /* clusters, or NULL: the agency is the one cluster */
} pilot_moments_t;

/* The moments of outcomes with the same rows.  ret_moments[i] belongs to outcome[i]; what they
 * share they share in memory, all in the arena. */
void pilot_moments_compute(const pilot_rows_t *rows, const pilot_variable_t *const *outcome,
                           size_t outcomes, pilot_arena_t *arena, pilot_moments_t *ret_moments);

void pilot_moments_pack(const pilot_moments_t *moments, const pilot_ols_task_t *task,
                        pilot_piece_t *piece);
pilot_status_t pilot_moments_unpack(pilot_piece_reader_t *reader, const pilot_ols_task_t *task,
                                    pilot_arena_t *arena, pilot_moments_t *ret,
                                    pilot_error_t *error);

/* Is the task clustered, and are its standard errors? */
bool pilot_task_is_clustered(const pilot_ols_task_t *task);
/* The type of standard error after `auto`. */
pilot_std_error_t pilot_task_std_error(const pilot_ols_task_t *task);

#endif
