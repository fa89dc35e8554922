/* ols_fit_design.h - the pooled design, as a linear map of each agency's raw columns. */
#ifndef PILOT_STAT_OLS_FIT_DESIGN_H
#define PILOT_STAT_OLS_FIT_DESIGN_H

#include "ols_moments.h"

/* All columns that the model asks for, before any is dropped: arms, covariates, interactions. */
typedef struct pilot_pooled_design {
    size_t columns;
    size_t arms, narrow; /* arms' columns; columns without interactions */
    size_t interacted;   /* covariate columns with interactions; arms of them each, side by side */
    bool too_wide;
    pilot_column_t *column; /* as in pilot_fit_t; a plain one's center is its mean */
    const char **label;     /* of a level; NULL: missing values */
    double *length;         /* for the drop rule */
    double weight;          /* of all rows */
    uint64_t rows;
    size_t regressors;    /* used, of the task's */
    double *base, *shift; /* by regressor: a number's pooled mean is base + shift */
} pilot_pooled_design_t;

void pilot_pooled_design(const pilot_ols_task_t *task, const pilot_regression_choice_t *choice,
                         const pilot_moments_t *const *moments, size_t agencies,
                         pilot_arena_t *arena, pilot_pooled_design_t *ret);

/* One entry of the map: design column += factor x raw column. */
typedef struct pilot_map_entry {
    size_t raw, column;
    double factor;
} pilot_map_entry_t;

/* Where an agency's raw columns go.  Entries live in the arena. */
typedef struct pilot_map {
    size_t entries;
    pilot_map_entry_t *entry;
} pilot_map_t;

void pilot_map_columns(const pilot_pooled_design_t *design, const pilot_ols_task_t *task,
                       const pilot_moments_t *moments, pilot_arena_t *arena, pilot_map_t *ret);

#endif
