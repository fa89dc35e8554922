/* instruments.h - the estimator iv: assignment as instrument for the treatment received, contrast
 * by contrast.  Pure.
 *
 * Each contrast's two arms give two regressions on the same rows and regressors: of the response
 * (reduced form) and of what was received (first stage); docs/methods/iv.md.  As all regressions
 * they are pooled in two rounds; the one sum more is the product of their scores. */
#ifndef PILOT_WORKER_INSTRUMENTS_H
#define PILOT_WORKER_INSTRUMENTS_H

#include "analysis.h"
#include "evaluate.h"
#include "overlaps.h"
#include "pilot/pooled_ols.h"

/* Regressions of a contrast in one subset: by response, the reduced form, the first stage and,
 * where clusters span agencies, their sum (which has the covariance that scores have not). */
size_t pilot_instrument_fits(const pilot_analysis_t *analysis);

/* The columns of one view; everything owned but the view. */
typedef struct pilot_instruments {
    pilot_view_t *view;
    pilot_variable_t *column; /* pilot_instrument_fits of them, of one contrast */
    double *received;         /* rows: what was received, or 1{arm received}, of that contrast */
    uint8_t **present;        /* by response: outcome and received are given */
    double *sum;              /* [response][rows]; NULL: no need */
    uint32_t *row;            /* rows of a subset's two arms */
    pilot_ols_scores_t *scores;
    pilot_estimate_t *estimate; /* [fit][treatment] */
    pilot_overlaps_t *overlaps; /* borrowed; keeps scores of levels; NULL: nobody does */
} pilot_instruments_t;

/* The view must have its responses, and the analysis iv. */
void pilot_instruments_init(pilot_instruments_t *instruments, pilot_view_t *view);
void pilot_instruments_clear(pilot_instruments_t *instruments);

/* One agency's estimates of a contrast: ret_estimate[response].  index: of the subset. */
void pilot_instruments_estimate(pilot_instruments_t *instruments, pilot_ols_t *ols,
                                const pilot_subset_t *subset, size_t index, size_t arm,
                                pilot_estimate_t *ret_estimate);

/* Round 1: moments of every contrast. */
void pilot_instruments_moments(pilot_instruments_t *instruments, pilot_ols_t *ols,
                               const pilot_subset_t *subset, pilot_piece_t *piece);
/* Merge them: ret_fit[treatment][fit]. */
pilot_status_t pilot_instruments_fit(const pilot_analysis_t *analysis, const pilot_subset_t *subset,
                                     pilot_piece_reader_t *reader, size_t agencies,
                                     pilot_pooled_ols_fit_t **ret_fit, pilot_error_t *error);
/* Round 2: residual-based sums and products of scores of every contrast. */
pilot_status_t pilot_instruments_residuals(pilot_instruments_t *instruments, pilot_ols_t *ols,
                                           const pilot_subset_t *subset, size_t index,
                                           const pilot_pooled_ols_fit_t *const *fit,
                                           pilot_piece_t *piece, pilot_error_t *error);
/* Their sums: ret_estimate[response][treatment]. */
pilot_status_t pilot_instruments_finish(const pilot_analysis_t *analysis,
                                        const pilot_pooled_ols_fit_t *const *fit,
                                        pilot_piece_reader_t *reader, size_t agencies,
                                        pilot_estimate_t *ret_estimate, pilot_error_t *error);

#endif
