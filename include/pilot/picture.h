/* pilot/picture.h - pictures of an evaluation as SVG text, for the report, the dashboard and files.
 *
 * Pure: no I/O, no log, no globals; the same numbers give the same bytes.  Every function appends
 * one <svg> element to `text`.  All strings are UTF-8, borrowed, and escaped here; NULL is "". What
 * is absent is not drawn as 0: it gets a dotted line and a word.  Infinite ends are arrow heads.
 * Colours come from classes (pilot_picture_style), so that light, dark and print differ by CSS
 * alone; what a colour says, a shape or a dash says too.  Words of use: docs/pictures.md */
#ifndef PILOT_PICTURE_H
#define PILOT_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/estimate.h"
#include "pilot/text.h"

/* ---- style --------------------------------------------------------------------------------------
 * A page appends the stylesheet once, inside <style>; a file of its own asks for
 * options.standalone. */
void pilot_picture_style(pilot_text_t *text);

/* The colours, "#rrggbb", each a custom property --pilot-<name> that a page may set otherwise. */
typedef struct pilot_picture_colour {
    const char *name, *light, *dark;
    double least_contrast; /* against "paper": 4.5 for text, 3 for graphics, 0 for surfaces */
} pilot_picture_colour_t;
const pilot_picture_colour_t *pilot_picture_colours(size_t *ret_count);
/* Contrast of two "#rrggbb" (WCAG 2.1, 1.4.3): 1 to 21. */
double pilot_picture_contrast(const char *first, const char *second);

/* ---- text
 * ---------------------------------------------------------------------------------------*/
/* Escaped for XML and HTML, in elements and attributes; what XML cannot hold becomes U+FFFD. */
void pilot_picture_escape(pilot_text_t *text, const char *string);
/* Fixed decimals with a true minus sign; never "-0".  Not escaped: it needs none. */
void pilot_picture_number(pilot_text_t *text, double value, int decimals);

/* ---- what all pictures take --------------------------------------------------------------------
 */
enum { PILOT_PICTURE_WIDE = 960, PILOT_PICTURE_NARROW = 380 };

typedef struct pilot_picture_options {
    const char *prefix;      /* of all ids: unique in the page, [A-Za-z][A-Za-z0-9-]* */
    const char *title;       /* one line, shown above and read first; NULL: the picture's own */
    const char *description; /* for who cannot see it; NULL: the picture's own, from its numbers */
    double width;    /* user units = CSS pixels; 0: PILOT_PICTURE_WIDE; below 600 labels stack */
    bool standalone; /* a file: XML namespace and its own stylesheet */
    bool hide_title; /* the page has the title as a heading; it is still read */
    bool one_of_two; /* a wide and a narrow one stand side by side: the style shows one of them.
                        Give each its own prefix */
} pilot_picture_options_t;

/* Why a number is not there: the marks of disclosure control; 0 when none. */
typedef char pilot_picture_mark_t; /* 0, 'c', 'k', 'z' */

typedef struct pilot_picture_count {
    pilot_number_t value;
    pilot_picture_mark_t mark;
} pilot_picture_count_t;

/* ---- effects: forest, caterpillar, funnel, ranks, heterogeneity --------------------------------
 */
/* One line: an agency, a level, a pilot. */
typedef struct pilot_picture_effect {
    const char *label;
    const char *group; /* "" or NULL: none; a heading stands where it changes from line to line */
    const char *href;  /* NULL, or where the label leads ("#agency-7") */
    pilot_number_t estimate, std_error, ci_low, ci_high; /* ends may be infinite */
    pilot_number_t weight; /* any scale: shown as a share of the sum; size of the square */
    pilot_number_t units;  /* people; a column when any line has it */
    pilot_number_t eb_estimate, eb_low, eb_high; /* empirical Bayes, beneath the estimate */
    pilot_number_t rank, rank_low, rank_high, rank_simultaneous_low, rank_simultaneous_high;
    bool summary; /* a diamond: pooled over the lines above it (of its group) */
    bool gap;     /* a difference between lines: hollow, dashed */
    pilot_picture_mark_t mark;
    const char *note; /* why there is no estimate, in words; NULL */
} pilot_picture_effect_t;

typedef struct pilot_picture_effects {
    const pilot_picture_effect_t *effect;
    size_t effects;
    pilot_picture_effect_t
        pooled; /* label "" : "Pooled"; estimate absent: none (mark, note told) */
    pilot_number_t pi_low, pi_high;             /* prediction interval of a new agency's effect */
    pilot_number_t smallest_low, smallest_high; /* where an effect begins to matter, on the axis */
    bool ratio;  /* values are natural logarithms of ratios, as in results: told as ratios */
    double null; /* no effect: 0, of ratios too; 0.5 of a chance to be ranked above */
    bool lower_is_better;
    bool undirected;   /* neither end of the axis is better */
    double confidence; /* 0: 0.95 */
    const char *axis;  /* "Effect on employed after 12 months (share)" */
    const char *noun;  /* what a line is: NULL: "Agency" */
    const char *note;  /* a line beneath: "I² 34 %, τ² 0.012, Q 31.2 (df 24), p 0.15"; NULL */
    pilot_number_t axis_low, axis_high; /* shared between pictures; absent: from the numbers */
} pilot_picture_effects_t;

enum { PILOT_PICTURE_FOREST_ROWS = 80 };
/* A line each in the caller's order; more than PILOT_PICTURE_FOREST_ROWS lines: the caterpillar.
 * Line i is <g id="PREFIX-i">, counted from 0. */
void pilot_picture_forest(pilot_text_t *text, const pilot_picture_effects_t *effects,
                          const pilot_picture_options_t *options);
/* Sorted by estimate (then label, then order), thin bars, a name on hovering; line i of the
 * caller's order is id="PREFIX-i", and is emphasized when it is the page's #fragment.  Lines
 * without an estimate are counted beneath.  Up to 500
 * lines lead to their href. */
void pilot_picture_caterpillar(pilot_text_t *text, const pilot_picture_effects_t *effects,
                               const pilot_picture_options_t *options);
/* Estimate against std_error; the funnel is pooled +- 1.96 std_error. */
void pilot_picture_funnel(pilot_text_t *text, const pilot_picture_effects_t *effects,
                          const pilot_picture_options_t *options);
/* Rank (1: the most beneficial) with marginal (thick) and simultaneous (thin) sets, sorted by rank.
 */
void pilot_picture_ranks(pilot_text_t *text, const pilot_picture_effects_t *effects,
                         const pilot_picture_options_t *options);

/* Share of agencies with harm, nothing that matters, benefit. */
typedef struct pilot_picture_share {
    pilot_number_t share, ci_low, ci_high; /* 0 to 1 */
    pilot_picture_mark_t mark;
} pilot_picture_share_t;
/* Histograms of the estimates (outline) and of the empirical Bayes effects (filled); beneath, a bar
 * and an interval for each share: share[0] harm, [1] none, [2] benefit; NULL: no bars. */
void pilot_picture_heterogeneity(pilot_text_t *text, const pilot_picture_effects_t *effects,
                                 const pilot_picture_share_t share[3],
                                 const pilot_picture_options_t *options);

/* ---- subgroups ---------------------------------------------------------------------------------
 */
/* One subgroup: its levels' effects, and the gap of each level to the first (gap[0] is not drawn;
 * gap NULL: none).  A gap without a label of its own is called "gap: level − first". */
typedef struct pilot_picture_subgroup {
    const char *name;
    const pilot_picture_effect_t *level, *gap;
    size_t levels;
} pilot_picture_subgroup_t;
typedef struct pilot_picture_gaps {
    const pilot_picture_subgroup_t *subgroup;
    size_t subgroups;
    pilot_picture_effect_t whole; /* the effect on all, on top; absent: none */
    bool ratio;
    pilot_number_t smallest_low, smallest_high;
    bool lower_is_better;
    bool undirected;
    double confidence;
    const char *axis;
} pilot_picture_gaps_t;
void pilot_picture_gaps(pilot_text_t *text, const pilot_picture_gaps_t *gaps,
                        const pilot_picture_options_t *options);

/* ---- several pilots ----------------------------------------------------------------------------
 */
/* A forest of pilots in standard deviations of the control group; effect.group = the mechanism, the
 * agency or the country, with a summary line each where the caller has one. */
void pilot_picture_pilots(pilot_text_t *text, const pilot_picture_effects_t *pilots,
                          const pilot_picture_options_t *options);

/* ---- flow of units -----------------------------------------------------------------------------
 */
typedef struct pilot_picture_flow_arm {
    const char *arm;
    pilot_picture_count_t assigned, received, analysed;
    bool control; /* received: although it was to get nothing */
} pilot_picture_flow_arm_t;
typedef struct pilot_picture_flow {
    pilot_picture_count_t agencies_listed, agencies_submitted,
        agencies_analysed;       /* absent: no box */
    pilot_picture_count_t units; /* all assigned; absent: the arms' sum where all are given */
    const pilot_picture_flow_arm_t *arm;
    size_t arms;
    const char *outcome; /* of `analysed`; NULL: not told */
} pilot_picture_flow_t;
void pilot_picture_flow(pilot_text_t *text, const pilot_picture_flow_t *flow,
                        const pilot_picture_options_t *options);

/* ---- balance -----------------------------------------------------------------------------------
 */
/* Standardized differences arm - control; lines keep the order in which covariates first appear. */
typedef struct pilot_picture_balance_point {
    const char *covariate, *arm;
    pilot_number_t difference;
    pilot_picture_mark_t mark;
} pilot_picture_balance_point_t;
typedef struct pilot_picture_balance {
    const pilot_picture_balance_point_t *point;
    size_t points;
    double band; /* 0: 0.1 */
} pilot_picture_balance_t;
void pilot_picture_balance(pilot_text_t *text, const pilot_picture_balance_t *balance,
                           const pilot_picture_options_t *options);

/* ---- curves ------------------------------------------------------------------------------------
 */
typedef struct pilot_picture_point {
    double at; /* time, or probability */
    pilot_number_t value, low, high;
} pilot_picture_point_t;
typedef struct pilot_picture_curve {
    const char *label;                  /* the arm */
    const pilot_picture_point_t *point; /* by rising `at` */
    size_t points;
    const pilot_picture_count_t *at_risk; /* one for each of survival.risk_time, or NULL */
    pilot_picture_mark_t mark;
} pilot_picture_curve_t;

typedef struct pilot_picture_survival {
    const pilot_picture_curve_t *curve;
    size_t curves;
    const double *risk_time; /* where numbers at risk are told */
    size_t risk_times;
    const char *time_axis;  /* "Days since assignment" */
    const char *axis;       /* NULL: "Share without the event" */
    pilot_number_t horizon; /* a line */
    double confidence;
} pilot_picture_survival_t;
/* Kaplan-Meier: steps, bands, numbers at risk. */
void pilot_picture_survival(pilot_text_t *text, const pilot_picture_survival_t *survival,
                            const pilot_picture_options_t *options);

typedef struct pilot_picture_quantiles {
    const pilot_picture_curve_t *curve; /* effect by probability; one an arm */
    size_t curves;
    pilot_number_t mean_effect; /* a dashed line */
    double confidence;
    const char *axis;
} pilot_picture_quantiles_t;
void pilot_picture_quantiles(pilot_text_t *text, const pilot_picture_quantiles_t *quantiles,
                             const pilot_picture_options_t *options);

/* ---- targets against missions ------------------------------------------------------------------
 */
/* Of each agency the effect on the target and on the mission that it stands for, both turned so
 * that more is better.  alone: the target moved and the mission did not (the caller's rule). */
typedef struct pilot_picture_target {
    const char *label, *href;
    pilot_number_t target, mission;
    bool alone;
    pilot_picture_mark_t mark;
} pilot_picture_target_t;
typedef struct pilot_picture_targets {
    const pilot_picture_target_t *agency;
    size_t agencies;
    pilot_number_t pooled_target, pooled_mission; /* a cross */
    const char *target_axis, *mission_axis;
} pilot_picture_targets_t;
void pilot_picture_targets(pilot_text_t *text, const pilot_picture_targets_t *targets,
                           const pilot_picture_options_t *options);

/* ---- a bar in a table's cell -------------------------------------------------------------------
 */
typedef struct pilot_picture_scale {
    double low, high; /* low < high */
    bool ratio;
} pilot_picture_scale_t;
/* One scale for all cells of a column. */
pilot_picture_scale_t pilot_picture_scale(const pilot_picture_effect_t *effect, size_t effects,
                                          bool ratio);
/* 120 x 16, no axis: interval, estimate, line of no effect.  prefix is not used: no ids; its
 * description is its aria-label. */
void pilot_picture_bar(pilot_text_t *text, const pilot_picture_effect_t *effect,
                       const pilot_picture_scale_t *scale);

#endif
