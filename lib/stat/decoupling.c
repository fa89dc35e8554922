/* decoupling.c - the effects on a target and on its mission, side by side.
 * See pilot/decoupling.h. */
#include "pilot/decoupling.h"

#include <math.h>

#define ALARM 0.05

static double scale_of(const pilot_decoupling_side_t *side)
{
    return (side->lower_is_better ? -1 : 1) / side->control_sd.value;
}

/* The effect in standard deviations, positive where better. */
static pilot_estimate_t standardize(const pilot_decoupling_side_t *side, double confidence)
{
    const pilot_estimate_t *effect = side->effect;
    pilot_estimate_t row = *effect;
    double scale = scale_of(side);
    row.estimate = row.std_error = row.statistic = row.p_value = PILOT_ABSENT;
    row.ci_low = row.ci_high = row.control_mean = row.control_std_dev = PILOT_ABSENT;
    if (!effect->estimate.given)
        return row;
    if (!side->control_sd.given || !isfinite(scale)) {
        row.df = PILOT_ABSENT;
        pilot_estimate_refuse(&row, side->control_sd.given ? PILOT_REASON_CONSTANT_OUTCOME
                                                           : PILOT_REASON_NO_RESIDUAL_DF);
        pilot_estimate_note(&row, "control has no standard deviation");
        return row;
    }
    row.estimate = PILOT_GIVEN(effect->estimate.value * scale);
    if (!effect->std_error.given)
        return row;
    row.std_error = PILOT_GIVEN(effect->std_error.value * fabs(scale));
    pilot_estimate_infer(&row, confidence);
    return row;
}

static uint64_t smaller_count(uint64_t one, uint64_t two)
{
    return one < two ? one : two;
}

static pilot_number_t smaller(pilot_number_t one, pilot_number_t two)
{
    if (!one.given || !two.given)
        return one.given ? one : two;
    return one.value < two.value ? one : two;
}

/* Numbers of the difference, where both sides have a standard error. */
static void compare(const pilot_estimate_t *target, const pilot_estimate_t *mission,
                    double covariance, double confidence, pilot_estimate_t *row)
{
    double sum = target->std_error.value * target->std_error.value +
                 mission->std_error.value * mission->std_error.value;
    double variance = sum - 2 * covariance;
    if (!isfinite(variance)) {
        pilot_estimate_refuse(row, PILOT_REASON_VARIANCE_UNIDENTIFIED);
        return;
    }
    /* A target that is its mission in another unit leaves rounding. */
    if (!(variance > 1e-14 * sum)) {
        pilot_estimate_refuse(row, PILOT_REASON_ZERO_VARIANCE);
        return;
    }
    row->std_error = PILOT_GIVEN(sqrt(variance));
    row->std_error_type = target->std_error_type;
    row->df = smaller(target->df, mission->df);
    pilot_estimate_infer(row, confidence);
    pilot_estimate_note(row, "target %.3g sd (p %.3g), mission %.3g sd (p %.3g)",
                        target->estimate.value, target->p_value.value, mission->estimate.value,
                        mission->p_value.value);
}

static void carry(const pilot_estimate_t *side, const char *name, pilot_estimate_t *row)
{
    if (side->status == PILOT_ROW_OK)
        return;
    if (row->status == PILOT_ROW_OK ||
        (row->status == PILOT_ROW_FLAGGED && side->status != PILOT_ROW_FLAGGED)) {
        row->status = side->status;
        row->reason = side->reason;
    }
    pilot_estimate_note(row, "%s: %s", name,
                        side->detail[0] ? side->detail : pilot_reason_name(side->reason));
}

static bool improved(const pilot_estimate_t *row)
{
    return row->p_value.given && row->p_value.value < ALARM && row->estimate.value > 0;
}

void pilot_decoupling_test(const pilot_decoupling_side_t *target,
                           const pilot_decoupling_side_t *mission, double covariance,
                           double confidence, pilot_decoupling_t *ret_decoupling)
{
    pilot_decoupling_t both = {.target = standardize(target, confidence),
                               .mission = standardize(mission, confidence)};
    pilot_estimate_t row = {.status = PILOT_ROW_OK,
                            .n = smaller_count(both.target.n, both.mission.n),
                            .n_arm = smaller_count(both.target.n_arm, both.mission.n_arm),
                            .n_control =
                                smaller_count(both.target.n_control, both.mission.n_control),
                            .clusters = smaller_count(both.target.clusters, both.mission.clusters),
                            .blocks = smaller_count(both.target.blocks, both.mission.blocks)};
    if (both.target.estimate.given && both.mission.estimate.given)
        row.estimate = PILOT_GIVEN(both.target.estimate.value - both.mission.estimate.value);
    if (both.target.p_value.given && both.mission.p_value.given)
        compare(&both.target, &both.mission, covariance * scale_of(target) * scale_of(mission),
                confidence, &row);
    carry(&both.target, "target", &row);
    carry(&both.mission, "mission", &row);
    both.difference = row;
    both.alarm = improved(&both.target) && !improved(&both.mission) && improved(&row);
    *ret_decoupling = both;
}
