/* survival.h - durations with censoring: rows in order of time, the product-limit curve, the area
 * under it and what each row adds to that area; which blocks of a contrast serve.
 *
 * Two durations are one time when they are the same number; at one time events come before
 * censorings.  Method and sources: docs/methods/survival.md */
#ifndef PILOT_STAT_SURVIVAL_H
#define PILOT_STAT_SURVIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/contrast.h"

/* One row of the sample.  Sorted by block, group, time and row number. */
typedef struct survival_key {
    double time;
    uint32_t block, row;
    uint8_t group; /* the arm, where arms stand apart; else 0 */
} survival_key_t;

/* All rows of the sample, in order; arms_apart: a block's control rows, then its treated ones.
 * Caller frees. */
survival_key_t *survival_sort(const pilot_sample_t *sample, bool arms_apart);

/* What happened at one time.  Sums of weights; counts where there are no weights. */
typedef struct survival_step {
    double time;
    double at_risk, events, survivors; /* at_risk = events + survivors */
    size_t first, rows;                /* rows that end here: key[first .. first + rows) */
    size_t event_rows, rows_at_risk;
    double survival; /* after this time; exactly 0 when nobody survives it */
    double area;     /* under the curve from this time on; see survival_area */
} survival_step_t;

/* The curve of rows that stand together. */
typedef struct survival_curve {
    const pilot_sample_t *sample; /* borrowed */
    const survival_key_t *key;    /* borrowed */
    size_t n, steps;
    survival_step_t *step; /* owned; each time once, ascending */
} survival_curve_t;

survival_curve_t survival_curve_make(const pilot_sample_t *sample, const survival_key_t *key,
                                     size_t n);
void survival_curve_clear(survival_curve_t *curve);

/* How far the curve is known: up to the last time, or without end where nobody survives it. */
double survival_known_until(const survival_curve_t *curve);

/* Fills the steps' areas, up to tau (0 from there on), and returns the area from base to tau; no
 * time is below base, base <= tau <= survival_known_until. */
double survival_area(survival_curve_t *curve, double base, double tau);

/* Greenwood's variance of that area. */
double survival_area_variance(const survival_curve_t *curve);

/* influence[row of the sample] += factor * weight * d area / d weight, for the curve's rows. */
void survival_area_influence(const survival_curve_t *curve, double factor, double *influence);

/* Sum over clusters (or rows) of the squared sum of their influence. */
double survival_square_sum(const pilot_sample_t *sample, const double *influence);

static inline double survival_weight(const pilot_sample_t *sample, const survival_key_t *key)
{
    return sample->weight ? sample->weight[key->row] : 1;
}

static inline bool survival_is_event(const pilot_sample_t *sample, const survival_key_t *key)
{
    return !sample->event || sample->event[key->row];
}

/* A block of the contrast: key[first .. first + n). */
typedef struct survival_block {
    size_t first, n, n_control;
    size_t units, units_control; /* clusters, or rows */
    double weight;
} survival_block_t;

/* The blocks that serve. */
typedef struct survival_design {
    survival_block_t *block; /* owned */
    size_t blocks;
    size_t lacking, small, beyond; /* left out: without an arm, with one unit in an arm, not
                                      followed as long as the horizon */
} survival_design_t;

/* Blocks with both arms. */
survival_design_t survival_design_make(const pilot_sample_t *sample, const survival_key_t *key);

/* Without rows of both arms in a block, or with a duration below 0: says why in the row. */
bool survival_refuses(const pilot_sample_t *sample, const survival_design_t *design,
                      pilot_estimate_t *row);

/* n, n_arm, n_control, clusters, blocks of what is in use. */
void survival_count(const pilot_sample_t *sample, const survival_key_t *key,
                    const survival_design_t *design, pilot_estimate_t *row);

void survival_note_left_out(const survival_design_t *design, pilot_estimate_t *row);

/* No standard error, for this reason. */
void survival_no_std_error(pilot_estimate_t *row, pilot_reason_t reason);

#endif
