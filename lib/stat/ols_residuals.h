/* ols_residuals.h - round 2: sums over one agency's rows that need the coefficients. */
#ifndef PILOT_STAT_OLS_RESIDUALS_H
#define PILOT_STAT_OLS_RESIDUALS_H

#include "cluster_robust.h"
#include "ols_fit.h"
#include "pilot/error.h"
#include "pilot/convention.h"
#include "pilot/estimate.h"
#include "pilot/piece.h"

/* level: across: what can only be finished where all agencies are together. */
typedef struct pilot_across_part {
    size_t blocks;
    const char **label; /* of this agency's blocks */
    /* CR2: M of its blocks, one component of all or one for each; else none. */
    size_t components;
    pilot_component_t *component;
    size_t grams; /* clusters that span agencies; their blocks' numbers are this agency's */
    pilot_cluster_gram_t *gram;
    size_t outcome; /* row of the grams' scores */
} pilot_across_part_t;

/* Of one outcome; arrays by arm (entry 0 unused). */
typedef struct pilot_residuals {
    size_t arms;
    double square;          /* weighted sum of squared residuals */
    double *meat;           /* the contrast's variance, before any factor */
    double *plain_meat;     /* ... as HC0 or CR0 */
    double *adjusted_meat;  /* ... as HC2; 0 where clustered */
    uint64_t *leverage_one; /* rows that alone decide part of the contrast */
    double *gradient;       /* see ols_refine.h; NULL: none */
    /* Cluster-robust types, where the fit has columns. */
    pilot_cluster_sums_t clusters;
    bool too_tied; /* clusters tie too many blocks together */
    pilot_across_part_t across;
} pilot_residuals_t;

/* Outcomes with the same rows, and fits of one design (pilot_fit_same_design).  Everything in
 * ret_residuals lives in the arena.  sink: where scores go, or NULL.  False when the rows have a
 * block that the fit does not. */
bool pilot_residuals_compute(const pilot_rows_t *rows, const pilot_variable_t *const *outcome,
                             const pilot_fit_t *const *fit, size_t outcomes,
                             const pilot_score_sink_t *sink, pilot_arena_t *arena,
                             pilot_residuals_t *ret_residuals);
bool pilot_fit_same_design(const pilot_fit_t *one, const pilot_fit_t *other);

/* level: across: what all agencies' parts give together, as if it were one more agency's sums.
 * False when a part does not go with the fit. */
bool pilot_across_finish(const pilot_fit_t *fit, const pilot_residuals_t *const *residuals,
                         size_t agencies, pilot_arena_t *arena, pilot_residuals_t *ret);

/* The estimates of all treatment arms from all agencies' sums (beta: after the step, if there is
 * one): ret_estimate[arm - 1], and
 * ret_convention[(arm - 1) * PILOT_CONVENTIONS + convention] unless it is NULL. */
void pilot_residuals_finish(const pilot_fit_t *fit, const pilot_residuals_t *const *residuals,
                            size_t agencies, double confidence, pilot_arena_t *arena,
                            pilot_estimate_t *ret_estimate, pilot_convention_t *ret_convention);
/* The factor between the sum of squared scores and the variance: HC1's, CR1's, else 1. */
double pilot_fit_factor(const pilot_fit_t *fit, pilot_std_error_t type);

void pilot_residuals_pack(const pilot_residuals_t *residuals, const pilot_fit_t *fit,
                          pilot_piece_t *piece);
pilot_status_t pilot_residuals_unpack(pilot_piece_reader_t *reader, const pilot_fit_t *fit,
                                      pilot_arena_t *arena, pilot_residuals_t *ret,
                                      pilot_error_t *error);

#endif
