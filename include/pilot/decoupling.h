/* pilot/decoupling.h - did a target move without the mission that it stands for?
 *
 * Two questions.  Are the effects on both, in standard deviations of the control group, the same?
 * And did treatment change how the two go together among units?  The second takes two rounds of
 * parts that merge in agency order, so that an agency's number and the pooled one come from the
 * same code; with one agency they are the same bits:
 *
 *   round 1, per agency:  pilot_pair_moments    rows -> moments of each arm
 *            once:        pilot_pair_merge      all moments -> correlations, control SDs
 *   round 2, per agency:  pilot_pair_residuals  rows and all moments -> sums of squared influence
 *            once:        pilot_pair_finish     all sums -> correlations and their change
 *
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/decoupling.md */
#ifndef PILOT_DECOUPLING_H
#define PILOT_DECOUPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"
#include "pilot/estimate.h"
#include "pilot/frame.h"
#include "pilot/piece.h"

/* ---- effects */

/* One outcome's effect. */
typedef struct pilot_decoupling_side {
    const pilot_estimate_t *effect; /* borrowed */
    pilot_number_t control_sd;
    bool lower_is_better;
} pilot_decoupling_side_t;

typedef struct pilot_decoupling {
    /* In standard deviations of the control group, positive where better: estimate, std_error, df,
     * p_value, interval. */
    pilot_estimate_t target, mission;
    pilot_estimate_t difference; /* target - mission */
    bool alarm; /* the target got better (p < 0.05), the mission did not, and they differ */
} pilot_decoupling_t;

/* Both effects are of one arm by one estimator; covariance: of the two as they stand in their rows,
 * from their scores by unit or cluster.  The standard deviations are taken as known.
 * difference.df is the smaller one; its n counts are the smaller ones. */
void pilot_decoupling_test(const pilot_decoupling_side_t *target,
                           const pilot_decoupling_side_t *mission, double covariance,
                           double confidence, pilot_decoupling_t *ret_decoupling);

/* ---- correlations */

typedef struct pilot_pair_task {
    const pilot_frame_t *frame;
    const pilot_variable_t *target, *mission;
    const uint32_t *row; /* ascending row numbers of a subgroup's level (rows of them), or NULL */
    size_t rows;
    bool across; /* clusters may have rows in other agencies: matched by frame->cluster_label */
} pilot_pair_task_t;

/* Round 1: append the moments of every arm of the frame. */
void pilot_pair_moments(const pilot_pair_task_t *task, pilot_piece_t *piece);

typedef struct pilot_pair pilot_pair_t;
void pilot_pair_free(pilot_pair_t *pair); /* NULL is fine */

/* Takes one pair's moments from every reader (agencies of them, in agency order); *ret_pair is the
 * caller's.  PILOT_E_PROTOCOL when a reader does not hold moments of this many arms. */
pilot_status_t pilot_pair_merge(pilot_piece_reader_t *reader, size_t agencies, size_t arms,
                                pilot_pair_t **ret_pair, pilot_error_t *error);

/* Append merged moments to a piece, and read them back bit for bit (PILOT_E_PROTOCOL). */
void pilot_pair_pack(const pilot_pair_t *pair, pilot_piece_t *piece);
pilot_status_t pilot_pair_unpack(pilot_piece_reader_t *reader, pilot_pair_t **ret_pair,
                                 pilot_error_t *error);

/* Standard deviation of the target, or of the mission, in an arm over all rows that have it (not
 * only those that have both); divisor n - 1; absent below two rows. */
pilot_number_t pilot_pair_sd(const pilot_pair_t *pair, size_t arm, bool of_mission);

/* Round 2, the same task and rows: append the sums of every arm.  PILOT_E_PROTOCOL when the pair
 * has another number of arms than the frame. */
pilot_status_t pilot_pair_residuals(const pilot_pair_task_t *task, const pilot_pair_t *pair,
                                    pilot_piece_t *piece, pilot_error_t *error);

/* A correlation within one arm. */
typedef struct pilot_correlation {
    pilot_number_t value, ci_low, ci_high;
    pilot_number_t fisher_z, std_error; /* of fisher_z */
    uint64_t n, clusters;               /* rows with both; clusters 0: not clustered */
    pilot_reason_t reason;
} pilot_correlation_t;

/* Takes one pair's sums from every reader (agencies of them, in agency order).
 * ret_correlation: arms of them.  ret_change[arm - 1]: the arm's Fisher z less control's, in
 * detail both correlations.  Either may be NULL. */
pilot_status_t pilot_pair_finish(const pilot_pair_t *pair, pilot_piece_reader_t *reader,
                                 size_t agencies, double confidence,
                                 pilot_correlation_t *ret_correlation, pilot_estimate_t *ret_change,
                                 pilot_error_t *error);

#endif
