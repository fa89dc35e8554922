/* pilot/joint.h - what several estimates say together: Wald tests, the gap between subgroups'
 * effects, and the ratio of two effects that instrumental variables are.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/joint.md */
#ifndef PILOT_JOINT_H
#define PILOT_JOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/estimate.h"

/* A test that several numbers are all 0. */
typedef struct pilot_wald {
    pilot_number_t statistic; /* F, or chi-square where df2 is absent */
    pilot_number_t df1, df2, p_value;
    size_t rank;           /* of the covariance; df1 is it */
    size_t used;           /* numbers, or levels, that went in */
    pilot_reason_t reason; /* why there is no statistic */
} pilot_wald_t;

typedef enum pilot_wald_reference {
    PILOT_WALD_F,        /* Q/q against F(q, df) */
    PILOT_WALD_HOTELLING /* (df - q + 1)/(df q) Q against F(q, df - q + 1), for small df */
} pilot_wald_reference_t;

/* q estimates and their covariance (q x q, row-major, symmetric); df absent: chi-square, whatever
 * the reference.  Where the covariance has not full rank, numbers that follow from others (all but
 * 1e-10 of their variance) are passed over; so are numbers of no variance. */
void pilot_wald_test(const double *estimate, const double *covariance, size_t q, pilot_number_t df,
                     pilot_wald_reference_t reference, pilot_wald_t *ret_wald);

/* Append "joint F(2, 37.1) = 4.2, p 0.022", or what there is instead. */
void pilot_wald_note(const pilot_wald_t *wald, pilot_estimate_t *row);

/* What the two levels' fits share. */
typedef struct pilot_overlap {
    double covariance; /* of the two effects */
    bool correlated;   /* some cluster has rows in both levels; else covariance is not read */
    uint64_t clusters, blocks;
} pilot_overlap_t;

/* The effect in a level less the effect in the first level.  overlap NULL: nothing is shared.
 * Independent: variances add, Welch-Satterthwaite df; correlated: the smaller df.  A level's effect
 * that is absent makes the gap absent, for the same reason.  control_mean: the same difference of
 * the control means, the gap without the pilot.  n, n_arm, n_control add up. */
void pilot_gap_estimate(const pilot_estimate_t *level, const pilot_estimate_t *first,
                        const pilot_overlap_t *overlap, double confidence,
                        pilot_estimate_t *ret_gap);

/* Do the levels' effects differ?  covariance: levels x levels with squared standard errors on
 * its diagonal, or NULL when they are independent: then Welch's test.  Else Wald's of the
 * differences to the first level, Hotelling's reference with the smallest df.  Levels without a
 * standard error stay out. */
void pilot_gap_test(const pilot_estimate_t *level, size_t levels, const double *covariance,
                    pilot_wald_t *ret_wald);

/* Coefficients of the arm in the regressions of the outcome (reduced form) and of what was
 * received (first stage) on the same regressors, their joint robust covariance, and the arm's df
 * there (absent: normal). */
typedef struct pilot_iv_parts {
    double reduced_form, first_stage;
    double variance_reduced, variance_first, covariance;
    pilot_number_t df;
} pilot_iv_parts_t;

typedef struct pilot_iv_strength {
    pilot_number_t first_stage_f;   /* absent: no spread, received follows assignment exactly */
    pilot_number_t ar_low, ar_high; /* Anderson & Rubin; absent: not an interval */
} pilot_iv_strength_t;

/* Two-stage least squares: fills the row's estimate, standard error, df, statistic, p, interval,
 * status and reason, and appends F and the Anderson-Rubin interval to detail; the rest of the row
 * is the caller's.  Flagged weak_first_stage when F < 10 or the Anderson-Rubin set is no interval.
 * ret_strength may be NULL. */
void pilot_iv_finish(const pilot_iv_parts_t *parts, double confidence, pilot_estimate_t *row,
                     pilot_iv_strength_t *ret_strength);

#endif
