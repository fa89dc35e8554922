/* pilot/balance.h - are the arms alike before the treatment, and do they lose the same units?
 * Standardized differences, variance ratios and a joint test of all covariates; a joint test that
 * missing outcomes go with other covariates in one arm than in the other.
 *
 * As with other checks: summarize one agency's rows, merge the summaries of one agency or of all in
 * agency order, make rows.  Sums over agencies are exact: agency x block is the block.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/quality.md */
#ifndef PILOT_BALANCE_H
#define PILOT_BALANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/error.h"
#include "pilot/frame.h"
#include "pilot/piece.h"
#include "pilot/quality.h"

typedef struct pilot_balance pilot_balance_t;

/* Exactly one of number and category is not NULL; borrowed. */
typedef struct pilot_balance_covariate {
    const pilot_variable_t *number;
    const pilot_category_t *category;
    bool binary; /* a number that is 0 or 1: no variance ratio */
} pilot_balance_covariate_t;

/* Rows of weight 0 are absent.  across: clusters (the frame has them, and labels) may have rows in
 * other agencies too, so their totals are kept by label until all summaries are there.  Caller
 * frees. */
pilot_balance_t *pilot_balance_summarize(const pilot_frame_t *frame,
                                         const pilot_balance_covariate_t *covariate,
                                         size_t covariates, const pilot_variable_t *outcome,
                                         size_t outcomes, bool across);
void pilot_balance_free(pilot_balance_t *balance); /* NULL is fine */

void pilot_balance_pack(const pilot_balance_t *balance, pilot_piece_t *piece);
/* PILOT_E_PROTOCOL when the reader does not hold a summary of this plan; caller frees *ret_balance.
 */
typedef struct pilot_balance_plan {
    size_t arms, outcomes, covariates;
    const bool *category; /* covariates */
    bool across;
} pilot_balance_plan_t;
pilot_status_t pilot_balance_unpack(const pilot_balance_plan_t *plan, pilot_piece_reader_t *reader,
                                    pilot_balance_t **ret_balance, pilot_error_t *error);

/* What one agency's summary says (count 1), or all agencies' of one plan together (count >= 1);
 * levels of categories are matched by label.  Caller frees. */
pilot_balance_t *pilot_balance_merge(const pilot_balance_t *const *balance, size_t count);

/* The rows, `*ret_rows` of them, in the order of docs/methods/quality.md; of a merged summary,
 * from which they borrow levels.  Caller frees with free. */
pilot_quality_row_t *pilot_balance_check(const pilot_balance_t *merged, size_t *ret_rows);

#endif
