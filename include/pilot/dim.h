/* pilot/dim.h - difference in means in every design: complete, weighted, blocked, pairs, small
 * blocks, clustered, blocked and clustered, any number of arms.
 *
 * Two steps, so that a pooled number and an agency's come from the same code: summarize turns one
 * agency's rows into block summaries; estimate turns the summaries of one agency, or those of all
 * agencies in agency order, into one contrast's row.  With one agency both give the same bits.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/difference-in-means.md */
#ifndef PILOT_DIM_H
#define PILOT_DIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"
#include "pilot/estimate.h"
#include "pilot/frame.h"
#include "pilot/piece.h"

typedef struct pilot_dim_summary pilot_dim_summary_t;

/* All arms of one outcome at once.  row: ascending row numbers of a subgroup's level (rows of
 * them), or NULL for the whole frame (rows is then ignored).  labels: keep block and cluster labels
 * (needed by pilot_dim_merge only).  Rows of weight 0 are absent.  Caller frees. */
pilot_dim_summary_t *pilot_dim_summarize(const pilot_frame_t *frame,
                                         const pilot_variable_t *outcome, const uint32_t *row,
                                         size_t rows, bool labels);
void pilot_dim_summary_free(pilot_dim_summary_t *summary); /* NULL is fine */

/* Append the summary to a piece, and read it back bit for bit.  PILOT_E_PROTOCOL when the piece
 * does not hold one; *ret_summary (caller frees) is then untouched. */
void pilot_dim_pack(const pilot_dim_summary_t *summary, pilot_piece_t *piece);
pilot_status_t pilot_dim_unpack(pilot_piece_reader_t *reader, pilot_dim_summary_t **ret_summary,
                                pilot_error_t *error);

/* level: across: one summary out of all agencies', blocks and clusters matched by label.  The
 * summaries are clustered and labelled.  count >= 1.  Caller frees. */
pilot_dim_summary_t *pilot_dim_merge(const pilot_dim_summary_t *const *summary, size_t count);

/* One contrast, arm - control, from the summaries of one agency (count 1), or of all agencies in
 * agency order, where agency x block is the block.  *ret_estimate is filled whole; what cannot be
 * had is absent with a reason. */
void pilot_dim_estimate(const pilot_dim_summary_t *const *summary, size_t count, size_t arm,
                        size_t control, double confidence, pilot_estimate_t *ret_estimate);

/* What two sets of rows (two levels of a subgroup) share in the differences of one contrast.  The
 * sums add up over agencies (level: agency). */
typedef struct pilot_dim_overlap {
    uint64_t clusters, blocks; /* used in both */
    /* Over clusters, the products of their CR2 scores in the two differences, times the units of
     * each.  0 without clusters. */
    double cross;
} pilot_dim_overlap_t;

/* Rows as in pilot_dim_summarize; arm against control (code 0).  Of rows with themselves: the sum
 * of squares. */
void pilot_dim_overlap(const pilot_frame_t *frame, const pilot_variable_t *outcome,
                       const uint32_t *one, size_t one_rows, const uint32_t *other,
                       size_t other_rows, size_t arm, pilot_dim_overlap_t *ret_overlap);

/* Covariance of the two differences: the correlation of the clusters' scores (from sums over all
 * clusters: products, and squares of either), times both standard errors. */
double pilot_dim_overlap_covariance(double cross, double one_square, double other_square,
                                    double one_std_error, double other_std_error);

#endif
