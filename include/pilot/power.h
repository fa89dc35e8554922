/* pilot/power.h - what a pilot can find out: power, minimum detectable effect and sample size of a
 * contrast, treatment arm against control, before the data and after.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/power.md */
#ifndef PILOT_POWER_H
#define PILOT_POWER_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/estimate.h"

/* After the data: the effect that a two-sided test at level alpha would have found with this power,
 * (t_{alpha/2} + t_{1-power}) x std_error (Bloom 1995).  df absent: normal. */
double pilot_power_ex_post(double std_error, pilot_number_t df, double alpha, double power);

/* Of which row of the results.  `units` below are those of the scope: one agency's, or all. */
typedef enum pilot_power_scope {
    PILOT_POWER_AGENCY,    /* one agency, of average size */
    PILOT_POWER_POOLED,    /* all agencies together, agency x block the block */
    PILOT_POWER_COMPARISON /* the mean over agencies that differ in their effects */
} pilot_power_scope_t;
const char *pilot_power_scope_name(pilot_power_scope_t scope); /* "agency", ... */

typedef enum pilot_power_type {
    PILOT_POWER_MEAN,  /* the standard deviation is the same in every arm */
    PILOT_POWER_SHARE, /* 0 or 1: the variance follows from the arm's share */
    PILOT_POWER_COUNT  /* the variance is proportional to the arm's mean */
} pilot_power_type_t;

/* A contrast of a design.  Unit of effects, sd and mean: the outcome's own. */
typedef struct pilot_power_design {
    pilot_power_scope_t scope;
    size_t arms;                     /* of the plan, the control among them */
    double arm_share, control_share; /* of the units, of the contrast's two arms; together <= 1 */
    double agencies;                 /* POOLED, COMPARISON: how many; >= 1 */

    bool clustered;
    double cluster_size;    /* units a cluster, attrition not yet taken off */
    double cluster_size_cv; /* standard deviation of the sizes over their mean */
    double icc;             /* share of the variance between clusters */

    bool blocked;
    double block_size; /* units, or clusters, a block: more units are more blocks; or 0 and ... */
    double blocks;     /* ... so many blocks in the scope: more units are larger blocks */
    double r2_block;   /* share of the variance between units (clusters) that lies between blocks */

    bool adjusted;     /* a regression on covariates, not a difference in means */
    double r2;         /* share of the variance between units (within clusters and blocks) ... */
    double r2_cluster; /* ... and between clusters (within blocks) that covariates explain */
    double covariates; /* columns of covariates that vary within clusters, or between units ... */
    double cluster_covariates; /* ... and that vary between clusters only */

    double attrition; /* share of the units whose outcome will be missing */

    pilot_power_type_t type;
    double sd;        /* MEAN, COUNT (in the control arm) */
    double mean;      /* SHARE, COUNT: of the control arm */
    double effect_sd; /* COMPARISON: standard deviation of the effects between agencies */
    bool normal;      /* COMPARISON: a z test, not Knapp and Hartung's */

    double alpha;  /* two-sided */
    bool textbook; /* degrees of freedom and tests as published, not as our estimators have them */
} pilot_power_design_t;

typedef struct pilot_power_precision {
    double std_error;
    double df;                         /* INFINITY: normal */
    double arm_n, control_n;           /* units with an outcome */
    double arm_groups, control_groups; /* clusters; 0: not clustered */
    double blocks;                     /* in use; 0: not blocked */
} pilot_power_precision_t;

/* How precise the contrast will be, should this be the effect.  False when the design is too small
 * for a standard error with at least one degree of freedom. */
bool pilot_power_precision(const pilot_power_design_t *design, double units, double effect,
                           pilot_power_precision_t *ret_precision);

/* P(the two-sided test rejects | effect), both tails.  Absent when the design is too small, or when
 * the effect takes a share or a mean out of its range. */
pilot_number_t pilot_power(const pilot_power_design_t *design, double units, double effect);

/* The smallest effect, upwards or downwards (then < 0), that is found with this power (> alpha).
 * Absent when there is none: the design is too small, or a share or mean ends before. */
pilot_number_t pilot_power_effect(const pilot_power_design_t *design, double units, double power,
                                  bool down);

/* The units (real; at most 1e12) with which the effect is found with this power (> alpha).  Absent
 * when no number suffices: agencies that differ too much, or blocks that cannot grow. */
pilot_number_t pilot_power_units(const pilot_power_design_t *design, double effect, double power);

#endif
