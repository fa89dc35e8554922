/* ols_fit_across.h - level: across: blocks and clusters that are matched by label, so that one may
 * have rows in several agencies. */
#ifndef PILOT_STAT_OLS_FIT_ACROSS_H
#define PILOT_STAT_OLS_FIT_ACROSS_H

#include "ols_fit.h"
#include "ols_fit_design.h"
#include "qr_stack.h"

/* An agency's share of a block: means of the pooled design's columns, then y. */
typedef struct pilot_share {
    const char *label, *cluster; /* cluster: as in pilot_block_moment_t */
    size_t agency;
    double weight, square_weight;
    double *mean;        /* columns + 1 */
    double *square_mean; /* columns: less mean, under squared weights; NULL: not needed */
} pilot_share_t;

typedef struct pilot_fit_across {
    size_t columns, shares;
    pilot_share_t *share; /* by label, then agency */
    size_t blocks;
    size_t *start;  /* blocks + 1: a block's first share */
    double *weight; /* blocks */
    double *mean;   /* blocks x (columns + 1) */
} pilot_fit_across_t;

/* Count clusters by label into the fit. */
void pilot_fit_across_count(const pilot_moments_t *const *moments, size_t agencies,
                            pilot_arena_t *arena, pilot_fit_t *fit);
/* Count blocks by label into the fit, and stack onto qr (and square, if squares) what lies between
 * the agencies of a block. */
void pilot_fit_across_begin(const pilot_pooled_design_t *design, const pilot_ols_task_t *task,
                            const pilot_moments_t *const *moments, size_t agencies,
                            pilot_fit_t *fit, bool squares, pilot_qr_t *qr, pilot_qr_t *square,
                            pilot_arena_t *arena, pilot_fit_across_t *ret);
/* The fit's blocks, of the columns that were kept. */
void pilot_fit_across_end(const pilot_fit_across_t *across, const pilot_solution_t *solution,
                          pilot_arena_t *arena, pilot_fit_t *fit);

#endif
