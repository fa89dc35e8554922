/* Targets against missions: the two effects side by side, and when the alarm rings. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/made_pair.h"
#include "../harness/tap.h"
#include "pilot/decoupling.h"
#include "pilot/dim.h"

static bool near(double got, double want, double relative)
{
    return fabs(got - want) <= relative * fabs(want) + 1e-300;
}

static pilot_estimate_t effect_of(const made_t *made, double target, double mission)
{
    double value[MADE];
    pilot_variable_t outcome = {value, made->present};
    pilot_dim_summary_t *summary;
    pilot_estimate_t row;
    for (size_t i = 0; i < MADE; i++)
        value[i] = target * made->target[i] + mission * made->mission[i];
    summary = pilot_dim_summarize(&made->frame, &outcome, NULL, 0, false);
    pilot_dim_estimate((const pilot_dim_summary_t *const[]){summary}, 1, 1, 0, 0.95, &row);
    pilot_dim_summary_free(summary);
    return row;
}

/* The difference of the two effects is the effect on the difference. */
static void test_effects(void)
{
    bool same = true;
    for (unsigned seed = 0; seed < 1000; seed++) {
        static made_t made;
        pilot_estimate_t target, mission, sum, want;
        pilot_decoupling_t both;
        double covariance;
        make(&made, seed);
        target = effect_of(&made, 1, 0);
        mission = effect_of(&made, 0, 1);
        sum = effect_of(&made, 1, 1);
        covariance = (sum.std_error.value * sum.std_error.value -
                      target.std_error.value * target.std_error.value -
                      mission.std_error.value * mission.std_error.value) /
                     2;
        want = effect_of(&made, 1 / 30.0, -1 / -80.0);
        pilot_decoupling_test(
            &(pilot_decoupling_side_t){.effect = &target, .control_sd = PILOT_GIVEN(30)},
            &(pilot_decoupling_side_t){
                .effect = &mission, .control_sd = PILOT_GIVEN(80), .lower_is_better = true},
            covariance, 0.95, &both);
        same &= fabs(both.difference.estimate.value - want.estimate.value) < 1e-12 &&
                near(both.difference.std_error.value, want.std_error.value, 1e-9) &&
                both.difference.df.value == fmin(target.df.value, mission.df.value) &&
                near(both.mission.estimate.value, -mission.estimate.value / 80, 1e-15) &&
                near(both.mission.p_value.value, mission.p_value.value, 1e-12);
    }
    ok(same, "the difference in standard deviations is the effect on the standardized difference");
}

static pilot_estimate_t plain_effect(double value, double error)
{
    pilot_estimate_t row = {.status = PILOT_ROW_OK,
                            .estimate = PILOT_GIVEN(value),
                            .std_error = PILOT_GIVEN(error),
                            .df = PILOT_GIVEN(50),
                            .n = 100};
    pilot_estimate_infer(&row, 0.95);
    return row;
}

static pilot_decoupling_t decouple(pilot_estimate_t target, pilot_estimate_t mission,
                                   bool lower_is_better)
{
    pilot_decoupling_t both;
    pilot_decoupling_test(
        &(pilot_decoupling_side_t){
            .effect = &target, .control_sd = PILOT_GIVEN(2), .lower_is_better = lower_is_better},
        &(pilot_decoupling_side_t){
            .effect = &mission, .control_sd = PILOT_GIVEN(2), .lower_is_better = lower_is_better},
        0, 0.95, &both);
    return both;
}

static void test_alarm(void)
{
    pilot_decoupling_t both = decouple(plain_effect(4, 1), plain_effect(0, 1), false);
    ok(both.alarm, "a target that moved without its mission rings");
    ok(both.difference.estimate.value == 2 &&
           strstr(both.difference.detail, "target 2 sd (p 0.000"),
       "and the row tells both: %s", both.difference.detail);
    ok(decouple(plain_effect(-4, 1), plain_effect(0, 1), true).alarm,
       "so it does where lower is better");
    ok(!decouple(plain_effect(-4, 1), plain_effect(0, 1), false).alarm,
       "a target that got worse does not ring");
    ok(!decouple(plain_effect(1, 1), plain_effect(-4, 1), false).alarm,
       "nor does one that did not move");
    ok(!decouple(plain_effect(9, 1), plain_effect(4, 1), false).alarm,
       "nor one whose mission moved too");
    ok(!decouple(plain_effect(3, 1), plain_effect(1.5, 1), false).alarm,
       "nor one that cannot be told from its mission");
    ok(decouple(plain_effect(3, 1), plain_effect(-4, 1), false).alarm,
       "a mission that got worse does");
}

static void test_effect_reasons(void)
{
    pilot_estimate_t good = plain_effect(4, 1), bad = plain_effect(1, 1);
    pilot_decoupling_side_t side = {.effect = &good, .control_sd = PILOT_GIVEN(2)}, other = side;
    pilot_decoupling_t both;
    pilot_estimate_refuse(&bad, PILOT_REASON_SINGLETON_ARM_BLOCK);
    bad.std_error = bad.p_value = PILOT_ABSENT;
    other.effect = &bad;
    pilot_decoupling_test(&side, &other, 0, 0.95, &both);
    ok(both.difference.reason == PILOT_REASON_SINGLETON_ARM_BLOCK && !both.alarm &&
           both.difference.estimate.value == 1.5 && !both.difference.std_error.given,
       "an effect without standard error: its reason, the difference alone");
    other.effect = &good;
    other.control_sd = PILOT_GIVEN(0);
    pilot_decoupling_test(&side, &other, 0, 0.95, &both);
    ok(both.difference.reason == PILOT_REASON_CONSTANT_OUTCOME && !both.difference.estimate.given &&
           !both.mission.estimate.given && both.target.estimate.given,
       "control does not vary: no standard deviations to measure in");
    other.control_sd = PILOT_ABSENT;
    pilot_decoupling_test(&side, &other, 0, 0.95, &both);
    ok(both.difference.reason == PILOT_REASON_NO_RESIDUAL_DF, "nor with one control row");
    other.control_sd = PILOT_GIVEN(2);
    pilot_decoupling_test(&side, &other, 1, 0.95, &both);
    ok(both.difference.reason == PILOT_REASON_ZERO_VARIANCE && both.difference.estimate.value == 0,
       "a target that is its mission has no difference to test");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_effects();
    test_alarm();
    test_effect_reasons();
    return tap_done();
}
