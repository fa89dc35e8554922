/* contrasts.h - the estimators of pilot/contrast.h on the rows of a dataset: an agency's, or those
 * of all agencies merged.  Pure. */
#ifndef PILOT_WORKER_CONTRASTS_H
#define PILOT_WORKER_CONTRASTS_H

#include "evaluate.h"
#include "pilot/contrast.h"

#define PILOT_MOST_PARAMETERS PILOT_QUANTILES

/* Which rows and columns an estimator's sample has. */
typedef enum pilot_sample_kind {
    PILOT_SAMPLE_OUTCOME,
    PILOT_SAMPLE_EVENT,       /* with the event column */
    PILOT_SAMPLE_PROBABILITY, /* with the column of probabilities, where there is one */
    PILOT_SAMPLE_BOUNDS,      /* rows without the outcome too, and covariate cells */
    PILOT_SAMPLE_KINDS
} pilot_sample_kind_t;

typedef struct pilot_contrasts {
    pilot_view_t *view;
    uint32_t agency_index; /* of random draws; UINT32_MAX: pooled */
    uint32_t *cell;        /* NULL until needed, or where there are no covariates to cross */
    size_t cells;
    bool has_cells; /* cell was looked for */
    /* Of the latest outcome, subset and arm. */
    size_t outcome, arm;
    const pilot_subset_t *subset;
    bool selected[PILOT_SAMPLE_KINDS];
    pilot_sample_t sample[PILOT_SAMPLE_KINDS];
    pilot_estimator_t estimator; /* whose estimates these are */
    pilot_estimate_t estimate[PILOT_MOST_PARAMETERS];
} pilot_contrasts_t;

/* view: borrowed until cleared. */
void pilot_contrasts_init(pilot_contrasts_t *contrasts, pilot_view_t *view, uint32_t agency_index);
void pilot_contrasts_clear(pilot_contrasts_t *contrasts);

/* The rows of a contrast; they live until another contrast is asked for. */
const pilot_sample_t *pilot_contrasts_sample(pilot_contrasts_t *contrasts, size_t outcome,
                                             size_t arm, const pilot_subset_t *subset,
                                             pilot_sample_kind_t kind);

/* The estimate of a key of the CONTRAST family; it lives until the next call.  NULL: this version
 * does not compute it. */
pilot_estimate_t *pilot_contrasts_estimate(pilot_contrasts_t *contrasts, const pilot_row_key_t *key,
                                           const pilot_subset_t *subset);

/* Both bounds of a contrast that the plan does not ask for, because attrition rings: rows behind
 * all others. */
void pilot_contrasts_report_bounds(pilot_contrasts_t *contrasts, const pilot_row_keys_t *keys,
                                   size_t outcome, size_t arm, const pilot_subset_t *whole_sample,
                                   const char *agency, pilot_report_t *report);

/* The arms' Kaplan-Meier curves of every outcome, first .. last, that survival estimators are asked
 * for, and every subset; at most PILOT_CURVE_POINTS each. */
#define PILOT_CURVE_POINTS ((size_t)500)
void pilot_contrasts_report_curves(pilot_contrasts_t *contrasts, const pilot_subsets_t *subsets,
                                   size_t first, size_t last, const char *agency,
                                   pilot_report_t *report);

/* Does this version compute it?  Must say the same as pilot_estimator_facts(...)->computed. */
bool pilot_contrasts_computes(pilot_estimator_t estimator);

/* Cells that rows fall into when columns of codes (below codes[i], or PILOT_CATEGORY_MISSING, which
 * is a code of its own) are crossed: numbered from 0, by the first column, then the second ...
 * Returns how many occur; caller frees *ret_cell. */
size_t pilot_cross_codes(const uint32_t *const *code, const size_t *codes, size_t columns,
                         size_t rows, uint32_t **ret_cell);

#endif
