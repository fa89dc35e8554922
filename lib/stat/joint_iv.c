/* joint_iv.c - one arm's instrumental variable estimate from its two regressions.
 * See pilot/joint.h.
 *
 * With one instrument two-stage least squares is the ratio of the two coefficients; its residual is
 * that of the reduced form less the estimate times that of the first stage, and the projected
 * regressors span the same columns, so its HC and CR variances and its df are those of the ratio
 * below to the last digit (docs/methods/joint.md). */
#include <float.h>
#include <math.h>

#include "distribution.h"
#include "pilot/joint.h"

#define STRONG_F 10

/* Variance of reduced form - beta * first stage; 0 when only rounding is left. */
static double variance_at(const pilot_iv_parts_t *parts, double beta)
{
    double one = parts->variance_reduced, cross = beta * parts->covariance;
    double two = beta * beta * parts->variance_first, variance = (one - cross) + (two - cross);
    return variance > 8 * DBL_EPSILON * (one + 2 * fabs(cross) + two) ? variance : 0;
}

/* {beta: (reduced - beta first)^2 <= t^2 variance_at(beta)} is a beta^2 - 2 b beta + c <= 0. */
static void anderson_rubin(const pilot_iv_parts_t *parts, double critical,
                           pilot_iv_strength_t *strength)
{
    double t2 = critical * critical;
    double a = parts->first_stage * parts->first_stage - t2 * parts->variance_first;
    double b = parts->reduced_form * parts->first_stage - t2 * parts->covariance;
    double c = parts->reduced_form * parts->reduced_form - t2 * parts->variance_reduced;
    double root, far;
    if (!(a > 0))
        return;
    /* The estimate lies in the set, so that there are two roots; the sum of like signs first. */
    root = sqrt(fmax(0, b * b - a * c));
    far = b >= 0 ? b + root : b - root;
    if (far == 0) {
        strength->ar_low = strength->ar_high = PILOT_GIVEN(0);
        return;
    }
    strength->ar_low = PILOT_GIVEN(fmin(far / a, c / far));
    strength->ar_high = PILOT_GIVEN(fmax(far / a, c / far));
}

static void note_strength(const pilot_iv_strength_t *strength, pilot_estimate_t *row)
{
    if (strength->first_stage_f.given)
        pilot_estimate_note(row, "first-stage F %.4g", strength->first_stage_f.value);
    else
        pilot_estimate_note(row, "first stage without spread");
    if (strength->ar_low.given)
        pilot_estimate_note(row, "Anderson-Rubin %.4g to %.4g", strength->ar_low.value,
                            strength->ar_high.value);
    else
        pilot_estimate_note(row, "Anderson-Rubin: no interval");
}

static bool is_usable(const pilot_iv_parts_t *parts)
{
    return isfinite(parts->reduced_form) && isfinite(parts->first_stage) &&
           isfinite(parts->variance_reduced) && isfinite(parts->variance_first) &&
           isfinite(parts->covariance);
}

void pilot_iv_finish(const pilot_iv_parts_t *parts, double confidence, pilot_estimate_t *row,
                     pilot_iv_strength_t *ret_strength)
{
    pilot_iv_strength_t strength = {0};
    double first = parts->first_stage, beta = parts->reduced_form / first, variance, critical;
    if (ret_strength)
        *ret_strength = strength;
    if (!is_usable(parts)) {
        pilot_estimate_refuse(row, PILOT_REASON_VARIANCE_UNIDENTIFIED);
        return;
    }
    if (first == 0 || !isfinite(beta)) {
        pilot_estimate_refuse(row, PILOT_REASON_WEAK_FIRST_STAGE);
        pilot_estimate_note(row, "assignment did not move what was received");
        return;
    }
    row->estimate = PILOT_GIVEN(beta);
    variance = variance_at(parts, beta) / (first * first);
    if (!(variance > 0)) {
        pilot_estimate_refuse(row, PILOT_REASON_ZERO_VARIANCE);
        return;
    }
    row->std_error = PILOT_GIVEN(sqrt(variance));
    row->df = parts->df;
    pilot_estimate_infer(row, confidence);
    critical = parts->df.given ? pilot_t_critical(confidence, parts->df.value)
                               : pilot_normal_critical(confidence);
    if (parts->variance_first > 0)
        strength.first_stage_f = PILOT_GIVEN(first * first / parts->variance_first);
    anderson_rubin(parts, critical, &strength);
    note_strength(&strength, row);
    if (!strength.ar_low.given ||
        (strength.first_stage_f.given && strength.first_stage_f.value < STRONG_F)) {
        if (row->status == PILOT_ROW_OK)
            row->status = PILOT_ROW_FLAGGED;
        row->reason = PILOT_REASON_WEAK_FIRST_STAGE;
    }
    if (ret_strength)
        *ret_strength = strength;
}
