/* power_precision.c - the standard error and the degrees of freedom that a design will have.
 * Formulas and sources: docs/methods/power.md */
#include <math.h>

#include "pilot/power.h"

/* With less than one degree of freedom a critical value is of no use to anyone. */
#define LEAST_DF (1 - 1e-9)

const char *pilot_power_scope_name(pilot_power_scope_t scope)
{
    static const char *const names[] = {"agency", "pooled", "comparison"};
    return names[scope];
}

/* Variance of the outcome in an arm of this mean; < 0: there is no such arm. */
static double outcome_variance(const pilot_power_design_t *d, double mean)
{
    if (d->type == PILOT_POWER_MEAN)
        return d->sd * d->sd;
    if (d->type == PILOT_POWER_SHARE)
        return mean <= 1 ? mean * (1 - mean) : -1;
    return d->sd * d->sd / d->mean * mean;
}

/* Variance of the mean of a randomized unit's outcomes, where that of an outcome is 1: of what
 * blocks and covariates leave.  With clusters of unequal size the mean weighs units alike
 * (Eldridge, Ashby & Kerry 2006). */
static double residual_share(const pilot_power_design_t *d)
{
    double within = 1 - d->r2;
    if (!d->clustered)
        return (1 - d->r2_block) * within;
    double between = (1 - d->r2_block) * (1 - d->r2_cluster);
    double size = d->cluster_size * (1 - d->attrition), cv = d->cluster_size_cv;
    return d->icc * between * (1 + cv * cv) + (1 - d->icc) * within / size;
}

/* What is randomized (units or clusters) in use: in all, by arm, and how it lies in blocks. */
typedef struct layout {
    double all;          /* of every arm of the plan */
    double arm, control; /* of the contrast */
    double blocks;       /* that hold both arms; >= 1 */
    bool small;          /* a block's smaller arm has less than two */
} layout_t;

/* A block (or pair) that loses all of an arm is lost with it: a block keeps both arms of n and m
 * units with probability (1 - a^n)(1 - a^m).  Clusters are not lost. */
static bool lay_out(const pilot_power_design_t *d, double units, layout_t *ret)
{
    double groups = d->clustered ? units / d->cluster_size : units;
    double blocks = 1, lost = d->clustered ? 0 : d->attrition;
    if (d->blocked)
        blocks = d->block_size > 0 ? groups / d->block_size : d->blocks;
    if (d->scope == PILOT_POWER_POOLED)
        blocks = fmax(blocks, d->agencies);
    blocks = fmax(blocks, 1);
    double arm = groups * d->arm_share / blocks, control = groups * d->control_share / blocks;
    if (arm < 1 - 1e-9 || control < 1 - 1e-9)
        return false;
    double arm_stays = 1, control_stays = 1;
    if (blocks > 1) {
        arm_stays = 1 - pow(lost, arm);
        control_stays = 1 - pow(lost, control);
    }
    *ret = (layout_t){.all = groups * (1 - lost),
                      .arm = blocks * arm * (1 - lost) * control_stays,
                      .control = blocks * control * (1 - lost) * arm_stays,
                      .blocks = blocks * arm_stays * control_stays,
                      .small = fmin(arm, control) < 2 - 1e-9};
    return true;
}

/* Satterthwaite over the two arms, variances v and degrees of freedom f. */
static double satterthwaite(double v1, double f1, double v0, double f0)
{
    if (f1 <= 0 || f0 <= 0)
        return 0;
    return (v1 + v0) * (v1 + v0) / (v1 * v1 / f1 + v0 * v0 / f0);
}

/* Those of the estimator: docs/methods/difference-in-means.md, least-squares.md. */
static double degrees_of_freedom(const pilot_power_design_t *d, const layout_t *l, double v1,
                                 double v0)
{
    double lost = d->clustered ? d->cluster_covariates : d->covariates;
    double pooled = l->arm + l->control - l->blocks - 1;
    if (d->textbook)
        return pooled - (d->adjusted ? lost : 0);
    /* Clusters of unequal size count as fewer of equal size, as in CR2's Satterthwaite df. */
    double unequal = d->clustered ? 1 + d->cluster_size_cv * d->cluster_size_cv : 1;
    double welch = satterthwaite(v1, l->arm / unequal - 1, v0, l->control / unequal - 1);
    if (!d->adjusted) {
        if (l->blocks <= 1)
            return welch;
        return l->small ? l->blocks - 1 : l->arm + l->control - 2 * l->blocks;
    }
    if (d->clustered)
        return welch - (l->blocks - 1) - lost;
    return l->all - (double)d->arms - (l->blocks - 1) - lost;
}

/* One agency, or all in one fit. */
static bool precision_of_fit(const pilot_power_design_t *d, double units, double effect,
                             pilot_power_precision_t *ret)
{
    layout_t l;
    double control_variance = outcome_variance(d, d->mean);
    double arm_variance = outcome_variance(d, d->mean + effect);
    if (arm_variance < 0 || !lay_out(d, units, &l))
        return false;
    double share = residual_share(d), v1 = share * arm_variance / l.arm,
           v0 = share * control_variance / l.control;
    double size = d->clustered ? d->cluster_size * (1 - d->attrition) : 1;
    *ret = (pilot_power_precision_t){
        .std_error = sqrt(v1 + v0),
        .df = degrees_of_freedom(d, &l, v1, v0),
        .arm_n = l.arm * size,
        .control_n = l.control * size,
        .arm_groups = d->clustered ? l.arm : 0,
        .control_groups = d->clustered ? l.control : 0,
        .blocks = d->blocked || l.blocks > 1 ? l.blocks : 0,
    };
    return v1 + v0 > 0 && ret->df >= LEAST_DF;
}

bool pilot_power_precision(const pilot_power_design_t *design, double units, double effect,
                           pilot_power_precision_t *ret_precision)
{
    pilot_power_precision_t precision;
    if (design->type != PILOT_POWER_MEAN && design->mean + effect < 0)
        return false;
    if (design->scope != PILOT_POWER_COMPARISON) {
        if (!precision_of_fit(design, units, effect, &precision))
            return false;
        *ret_precision = precision;
        return true;
    }
    /* The mean of k agencies' effects, each the true effect there, which varies, and its error. */
    pilot_power_design_t one = *design;
    double k = design->agencies;
    one.scope = PILOT_POWER_AGENCY;
    one.blocks = design->blocks / k;
    if (!precision_of_fit(&one, units / k, effect, &precision))
        return false;
    precision.std_error = hypot(precision.std_error, design->effect_sd) / sqrt(k);
    precision.df = design->normal ? INFINITY : k - 1;
    precision.arm_n *= k;
    precision.control_n *= k;
    precision.arm_groups *= k;
    precision.control_groups *= k;
    precision.blocks *= k;
    if (!(precision.df >= LEAST_DF))
        return false;
    *ret_precision = precision;
    return true;
}
