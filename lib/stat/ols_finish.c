/* ols_finish.c - estimates from the coefficients and the residual-based sums. */
#include <math.h>

#include "compensated.h"
#include "distribution.h"
#include "ols_residuals.h"

/* A residual below this share of the outcome's range is rounding. */
#define ROUNDING 1e-13

/* Influence that no residual speaks for, as a share: more is not rounding. */
#define LOST_TOLERANCE 1e-10

/* Of one contrast, over all agencies. */
typedef struct sums {
    double square;
    double meat, plain_meat, adjusted_meat;
    uint64_t leverage_one;
    bool too_tied;
    size_t contrast;               /* in clusters */
    pilot_cluster_sums_t clusters; /* of all contrasts; scalar is NULL where there are none */
} sums_t;

static sums_t add_agencies(const pilot_residuals_t *const *residuals, size_t agencies, size_t arm)
{
    compensated_t square = {0}, meat = {0}, plain = {0}, adjusted = {0};
    sums_t sums = {0};
    for (size_t a = 0; a < agencies; a++) {
        compensated_add(&square, residuals[a]->square);
        compensated_add(&meat, residuals[a]->meat[arm]);
        compensated_add(&plain, residuals[a]->plain_meat[arm]);
        compensated_add(&adjusted, residuals[a]->adjusted_meat[arm]);
        sums.leverage_one += residuals[a]->leverage_one[arm];
        sums.too_tied = sums.too_tied || residuals[a]->too_tied;
    }
    sums.square = compensated_value(&square);
    sums.meat = compensated_value(&meat);
    sums.plain_meat = compensated_value(&plain);
    sums.adjusted_meat = compensated_value(&adjusted);
    return sums;
}

static void add_entries(double *to, const double *from, size_t entries)
{
    for (size_t i = 0; i < entries; i++)
        to[i] += from[i];
}

static double *copy_entries(const double *from, size_t entries, pilot_arena_t *arena)
{
    double *to = PILOT_ARENA_ARRAY(arena, double, entries);
    add_entries(to, from, entries);
    return to;
}

/* Cluster sums of all agencies; scalar stays NULL when no agency has any. */
static pilot_cluster_sums_t add_clusters(const pilot_residuals_t *const *residuals, size_t agencies,
                                         pilot_arena_t *arena)
{
    pilot_cluster_sums_t sums = {0};
    size_t scalars = 0, m = 0, cross = 0, edge = 0;
    for (size_t a = 0; a < agencies; a++) {
        const pilot_cluster_sums_t *from = &residuals[a]->clusters;
        if (!from->scalar)
            continue;
        if (sums.scalar) {
            add_entries(sums.scalar, from->scalar, scalars);
            add_entries(sums.m, from->m, m);
            add_entries(sums.cross, from->cross, cross);
            add_entries(sums.edge, from->edge, edge);
            continue;
        }
        size_t side = from->halves * from->rank;
        scalars = from->contrasts * PILOT_CLUSTER_SCALARS;
        m = from->contrasts * side * side;
        cross = from->halves == 2 ? from->contrasts * side * from->rank : 0;
        edge = from->halves == 2 ? from->contrasts * from->rank * from->rank : 0;
        sums = *from;
        sums.scalar = copy_entries(from->scalar, scalars, arena);
        sums.m = copy_entries(from->m, m, arena);
        sums.cross = copy_entries(from->cross, cross, arena);
        sums.edge = copy_entries(from->edge, edge, arena);
    }
    return sums;
}

/* Squared length of the contrast's row of R^-1: its classical variance is sigma^2 times this. */
static double contrast_square(const pilot_fit_t *fit, size_t arm)
{
    size_t column = fit->arm_column[arm];
    double square = 0;
    for (size_t k = column; k < fit->rank; k++)
        square += fit->r_inverse[column * fit->rank + k] * fit->r_inverse[column * fit->rank + k];
    return square;
}

/* What forbids an estimate, or NONE. */
static pilot_reason_t refuse_estimate(const pilot_fit_t *fit, size_t arm)
{
    if (fit->rows == 0)
        return fit->candidates > 0 ? PILOT_REASON_ALL_MISSING : PILOT_REASON_NO_UNITS;
    if (fit->arm_rows[0] == 0)
        return PILOT_REASON_NO_CONTROL_UNITS;
    if (fit->arm_rows[arm] == 0)
        return PILOT_REASON_NO_TREATED_UNITS;
    if (fit->too_wide)
        return PILOT_REASON_NOT_IN_THIS_VERSION;
    if (fit->arm_column[arm] == SIZE_MAX)
        return PILOT_REASON_COLLINEAR;
    if (!isfinite(fit->beta[fit->arm_column[arm]]))
        return PILOT_REASON_NOT_CONVERGED;
    return PILOT_REASON_NONE;
}

static uint64_t coefficients(const pilot_fit_t *fit)
{
    return fit->rank + fit->blocks;
}

/* What forbids a standard error of this type before any is computed, or NONE. */
static pilot_reason_t refuse_std_error(const pilot_fit_t *fit, pilot_std_error_t type, size_t arm,
                                       const sums_t *sums)
{
    double range = fit->outcome_high - fit->outcome_low;
    if (!(range > 0))
        return PILOT_REASON_CONSTANT_OUTCOME;
    if (fit->clustered && fit->arm_clusters[0] == 1 && fit->arm_clusters[arm] == 1)
        return PILOT_REASON_ONE_CLUSTER_PER_ARM;
    if (fit->rows <= coefficients(fit) || (fit->clustered && fit->clusters < 2))
        return PILOT_REASON_NO_RESIDUAL_DF;
    if (sums->leverage_one > 0 && (type == PILOT_SE_HC2 || type == PILOT_SE_HC3))
        return PILOT_REASON_LEVERAGE_ONE;
    if (sums->too_tied)
        return PILOT_REASON_NOT_IN_THIS_VERSION;
    if (type >= PILOT_SE_CR2 && sums->clusters.scalar &&
        pilot_cluster_lost(&sums->clusters, fit, arm, sums->contrast) > LOST_TOLERANCE)
        return PILOT_REASON_VARIANCE_UNIDENTIFIED;
    if (!isfinite(range * range) || !isfinite(sums->square))
        return PILOT_REASON_NOT_CONVERGED; /* numbers too large to be squared */
    if (sums->square <= ROUNDING * range * ROUNDING * range * fit->weight)
        return PILOT_REASON_ZERO_VARIANCE;
    return PILOT_REASON_NONE;
}

double pilot_fit_factor(const pilot_fit_t *fit, pilot_std_error_t type)
{
    double n = (double)fit->rows, k = (double)coefficients(fit), s = (double)fit->clusters;
    if (type == PILOT_SE_HC1)
        return n / (n - k);
    if (type == PILOT_SE_CR1)
        return (n - 1) / (n - k) * (s / (s - 1));
    return 1;
}

static double variance(const pilot_fit_t *fit, const sums_t *sums, double contrast)
{
    if (fit->std_error == PILOT_SE_CLASSICAL)
        return sums->square / (double)(fit->rows - coefficients(fit)) * contrast;
    return sums->meat * pilot_fit_factor(fit, fit->std_error);
}

static double degrees_of_freedom(const pilot_fit_t *fit, const sums_t *sums, pilot_arena_t *arena)
{
    if (!fit->clustered)
        return (double)(fit->rows - coefficients(fit));
    if (fit->std_error != PILOT_SE_CR2)
        return (double)(fit->clusters - 1);
    return sums->clusters.scalar ? pilot_cluster_df(&sums->clusters, fit, sums->contrast, arena)
                                 : 0;
}

/* Is the variance no more than that of residuals which are rounding? */
static bool is_rounding(const pilot_fit_t *fit, double value, double contrast)
{
    double range = ROUNDING * (fit->outcome_high - fit->outcome_low);
    return !(value > range * range * contrast * (fit->weight / (double)fit->rows));
}

static void finish_std_error(const pilot_fit_t *fit, const sums_t *sums, size_t arm,
                             double confidence, pilot_arena_t *arena, pilot_estimate_t *ret)
{
    pilot_reason_t reason = refuse_std_error(fit, fit->std_error, arm, sums);
    if (reason) {
        pilot_estimate_refuse(ret, reason);
        if (reason == PILOT_REASON_NOT_IN_THIS_VERSION)
            pilot_estimate_note(ret, "clusters tie too many blocks together");
        return;
    }
    double contrast = contrast_square(fit, arm), value = variance(fit, sums, contrast);
    if (is_rounding(fit, value, contrast)) {
        pilot_estimate_refuse(ret, PILOT_REASON_ZERO_VARIANCE);
        return;
    }
    if (!isfinite(value)) {
        pilot_estimate_refuse(ret, PILOT_REASON_NOT_CONVERGED);
        return;
    }
    double df = degrees_of_freedom(fit, sums, arena);
    if (!(df > 0)) {
        pilot_estimate_refuse(ret, PILOT_REASON_NO_RESIDUAL_DF);
        return;
    }
    ret->std_error = PILOT_GIVEN(sqrt(value));
    ret->df = PILOT_GIVEN(df);
    pilot_estimate_infer(ret, confidence);
}

static void finish_arm(const pilot_fit_t *fit, const sums_t *sums, size_t arm, double confidence,
                       pilot_arena_t *arena, pilot_estimate_t *ret)
{
    *ret = (pilot_estimate_t){
        .n = fit->rows,
        .n_arm = fit->arm_rows[arm],
        .n_control = fit->arm_rows[0],
        .clusters = fit->clustered ? fit->clusters : 0,
        .blocks = fit->blocked ? fit->blocks : 0,
        .std_error_type = fit->std_error,
    };
    if (fit->arm_rows[0] > 0 && isfinite(fit->control_mean))
        ret->control_mean = PILOT_GIVEN(fit->control_mean);
    ret->control_std_dev = fit->control_std_dev;
    pilot_reason_t reason = refuse_estimate(fit, arm);
    if (reason)
        pilot_estimate_refuse(ret, reason);
    if (reason == PILOT_REASON_NOT_IN_THIS_VERSION)
        pilot_estimate_note(ret, "the design has more than %zu columns", PILOT_MOST_COLUMNS);
    if (!reason) {
        ret->estimate = PILOT_GIVEN(fit->beta[fit->arm_column[arm]]);
        finish_std_error(fit, sums, arm, confidence, arena, ret);
    }
    if (fit->dropped[0]) {
        if (ret->status == PILOT_ROW_OK)
            ret->status = PILOT_ROW_FLAGGED;
        pilot_estimate_note(ret, "dropped: %s", fit->dropped);
    }
}

/* One convention: variance and df of a type, refused as a row of that type would be. */
static void finish_convention(const pilot_fit_t *fit, const sums_t *sums, size_t arm, double value,
                              double df, pilot_convention_t *ret)
{
    if (refuse_std_error(fit, ret->std_error_type, arm, sums) ||
        is_rounding(fit, value, contrast_square(fit, arm)) || !isfinite(value) || !(df > 0))
        return;
    double statistic = fit->beta[fit->arm_column[arm]] / sqrt(value);
    ret->std_error = PILOT_GIVEN(sqrt(value));
    ret->df = PILOT_GIVEN(df);
    ret->p_value = PILOT_GIVEN(pilot_t_two_sided(statistic, df));
}

static void finish_conventions(const pilot_fit_t *fit, const sums_t *sums, size_t arm,
                               pilot_arena_t *arena, pilot_convention_t *ret)
{
    double n = (double)fit->rows, s = (double)fit->clusters, rest = n - (double)coefficients(fit);
    pilot_std_error_t robust = fit->clustered ? PILOT_SE_CR1 : PILOT_SE_HC1;
    pilot_convention_t *estimatr = &ret[PILOT_CONVENTION_ESTIMATR];
    pilot_convention_t *stata = &ret[PILOT_CONVENTION_STATA];
    pilot_convention_t *fixest = &ret[PILOT_CONVENTION_FIXEST];
    *estimatr = (pilot_convention_t){.name = "estimatr"};
    *stata = (pilot_convention_t){.name = "stata", .std_error_type = robust};
    *fixest = (pilot_convention_t){.name = "fixest", .std_error_type = robust};
    estimatr->std_error_type = fit->clustered ? PILOT_SE_CR2 : PILOT_SE_HC2;
    if (refuse_estimate(fit, arm))
        return;
    double factor = pilot_fit_factor(fit, robust), df = fit->clustered ? s - 1 : rest;
    if (!fit->clustered)
        finish_convention(fit, sums, arm, sums->adjusted_meat, rest, estimatr);
    else if (fit->std_error == PILOT_SE_CR2)
        finish_convention(fit, sums, arm, sums->meat, degrees_of_freedom(fit, sums, arena),
                          estimatr);
    finish_convention(fit, sums, arm, sums->plain_meat * factor, df, stata);
    /* Block effects that are nested in clusters do not count, but for one intercept. */
    if (fit->clustered && fit->nested)
        factor *= rest / (n - (double)fit->rank - 1);
    finish_convention(fit, sums, arm, sums->plain_meat * factor, df, fixest);
}

/* "auto: lin (2 of 5 covariate columns interacted)" */
static void note_choice(const pilot_fit_t *fit, pilot_estimate_t *ret)
{
    const pilot_regression_choice_t *choice = &fit->choice;
    const char *name = pilot_regression_choice_name(choice);
    if (choice->model == PILOT_MODEL_LIN && fit->interacted < fit->covariates)
        pilot_estimate_note(ret, "auto: %s (%zu of %zu covariate columns interacted)", name,
                            fit->interacted, fit->covariates);
    else if (!choice->difference && choice->regressors < fit->regressors)
        pilot_estimate_note(ret, "auto: %s (%zu of %zu covariates)", name, choice->regressors,
                            fit->regressors);
    else
        pilot_estimate_note(ret, "auto: %s", name);
}

void pilot_residuals_finish(const pilot_fit_t *fit, const pilot_residuals_t *const *residuals,
                            size_t agencies, double confidence, pilot_arena_t *arena,
                            pilot_estimate_t *ret_estimate, pilot_convention_t *ret_convention)
{
    pilot_cluster_sums_t clusters = {0};
    size_t contrast = 0;
    if (fit->clustered)
        clusters = add_clusters(residuals, agencies, arena);
    for (size_t arm = 1; arm < fit->arms; arm++) {
        sums_t sums = add_agencies(residuals, agencies, arm);
        sums.clusters = clusters;
        sums.contrast = contrast;
        finish_arm(fit, &sums, arm, confidence, arena, &ret_estimate[arm - 1]);
        if (ret_convention)
            finish_conventions(fit, &sums, arm, arena,
                               ret_convention + (arm - 1) * PILOT_CONVENTIONS);
        if (fit->automatic)
            note_choice(fit, &ret_estimate[arm - 1]);
        contrast += fit->arm_column[arm] != SIZE_MAX;
    }
}
