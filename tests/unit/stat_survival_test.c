/* Durations: a published example, what cannot be had and why. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/durations.h"
#include "../harness/tap.h"
#include "pilot/curve.h"

/* ---- Freireich and others (1963), the table of Kalbfleisch & Prentice (2002), p. 205 */
static void test_published(void)
{
    rows_t *rows = rows_of("1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23",
                           "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+");
    pilot_estimate_t row = run(pilot_log_rank_estimate, rows, 0);
    pilot_curve_t curve;
    is_close(row.statistic.value * row.statistic.value, 16.79, 1e-3, "6-MP: log-rank chi-square");
    is_close(row.estimate.value / (row.std_error.value * row.std_error.value), 9 - 19.25, 1e-3,
             "6-MP: observed less expected remissions that ended");
    ok(strstr(row.detail, "hazard ratio 0.1943 (") && strstr(row.detail, "9 events against 21"),
       "6-MP: the hazard ratio and the events are told: %s", row.detail);
    pilot_kaplan_meier(&rows->sample, true, 0.95, &curve);
    ok(curve.points == 16 && curve.n == 21 && curve.std_error_type == PILOT_SE_GREENWOOD,
       "6-MP: a point for each time");
    ok(curve.point[0].time == 6 && curve.point[0].at_risk == 21 && curve.point[0].events == 3 &&
           curve.point[0].censored == 1,
       "6-MP: three events and a censoring at 6");
    is_close(curve.point[0].survival, 18.0 / 21, 1e-15, "6-MP: survival at 6");
    is_close(curve.point[1].survival, 18.0 / 21 * 16 / 17, 1e-15, "6-MP: survival at 7");
    is_close(curve.point[0].std_error.value, sqrt(18.0 / 21 * 3 / 21 / 21), 1e-14,
             "6-MP: before any censoring the binomial standard error");
    ok(curve.point[15].ci_low.given && curve.point[15].survival > 0.4,
       "6-MP: the interval goes on where the last row is censored");
    pilot_curve_clear(&curve);
    pilot_kaplan_meier(&rows->sample, false, 0.95, &curve);
    ok(curve.point[curve.points - 1].survival == 0 &&
           !curve.point[curve.points - 1].std_error.given &&
           !curve.point[curve.points - 1].ci_low.given,
       "6-MP: once nobody is left there is no standard error");
    pilot_curve_clear(&curve);
    ok(!curve.point && !curve.points, "a cleared curve is empty");
    free(rows);
}

/* ---- reasons */
typedef struct refusal {
    const char *control, *treated, *what;
    pilot_reason_t rmst, log_rank;
    bool rmst_estimate, log_rank_estimate;
} refusal_t;

static const refusal_t refusals[] = {
    {"", "", "no rows", PILOT_REASON_NO_UNITS, PILOT_REASON_NO_UNITS, false, false},
    {"", "3 4", "no control", PILOT_REASON_NO_CONTROL_UNITS, PILOT_REASON_NO_CONTROL_UNITS, false,
     false},
    {"3 4+", "", "no treated", PILOT_REASON_NO_TREATED_UNITS, PILOT_REASON_NO_TREATED_UNITS, false,
     false},
    {"3+ 4+ 5+", "2+ 7+", "censoring alone", PILOT_REASON_CONSTANT_OUTCOME,
     PILOT_REASON_CONSTANT_OUTCOME, true, false},
    {"4 4 4", "4 4", "equal times", PILOT_REASON_CONSTANT_OUTCOME, PILOT_REASON_CONSTANT_OUTCOME,
     true, false},
    {"4", "5", "two units", PILOT_REASON_NO_RESIDUAL_DF, PILOT_REASON_NONE, true, true},
    {"4", "5 6 7", "one control unit", PILOT_REASON_SINGLETON_ARM_BLOCK, PILOT_REASON_NONE, true,
     true},
    {"3 4 5", "6+ 7+ 8+", "events in one arm", PILOT_REASON_NONE, PILOT_REASON_NONE, true, true},
    {"1 2", "3+ 4+", "everybody in one arm", PILOT_REASON_NONE, PILOT_REASON_NONE, true, true},
    {"-1 2 3", "3 4 5", "a time below 0", PILOT_REASON_OUTCOME_TYPE, PILOT_REASON_OUTCOME_TYPE,
     false, false},
    {"0 0 1", "0 2 2", "times of 0", PILOT_REASON_NONE, PILOT_REASON_NONE, true, true},
};

static bool is_as_said(const pilot_estimate_t *row, pilot_reason_t reason, bool estimate)
{
    bool clean = row->reason == PILOT_REASON_NONE;
    return row->reason == reason && row->estimate.given == estimate &&
           row->std_error.given == clean && row->p_value.given == clean &&
           row->ci_low.given == clean &&
           row->status == (clean ? PILOT_ROW_OK : PILOT_ROW_NOT_ESTIMABLE) &&
           (clean || row->std_error_type == PILOT_SE_NONE);
}

static void test_refusals(void)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal_t *want = &refusals[i];
        rows_t *rows = rows_of(want->control, want->treated);
        pilot_estimate_t rmst = run(pilot_rmst_estimate, rows, 0);
        pilot_estimate_t log_rank = run(pilot_log_rank_estimate, rows, 0);
        ok(is_as_said(&rmst, want->rmst, want->rmst_estimate), "rmst, %s: %s", want->what,
           pilot_reason_name(rmst.reason));
        ok(is_as_said(&log_rank, want->log_rank, want->log_rank_estimate), "log_rank, %s: %s",
           want->what, pilot_reason_name(log_rank.reason));
        free(rows);
    }
}

static void test_counts(void)
{
    rows_t *rows = rows_of("3 4 5 9", "6 7+ 8+");
    pilot_estimate_t row = run(pilot_rmst_estimate, rows, 0);
    ok(row.n == 7 && row.n_arm == 3 && row.n_control == 4 && row.clusters == 0 && row.blocks == 0,
       "rows by arm are counted");
    ok(strstr(row.detail, "horizon 8") == row.detail, "the horizon chosen is told: %s", row.detail);
    is_close(row.control_mean.value, (3 + 4 + 5 + 8) / 4.0, 1e-15,
             "the control mean is the mean of the times cut at the horizon");
    is_close(row.estimate.value, 6 + 2 * 2 / 3.0 - 5, 1e-14, "and the estimate the difference");
    rows->sample.n = 0;
    row = run(pilot_rmst_estimate, rows, 0);
    ok(row.reason == PILOT_REASON_ALL_MISSING, "rows without durations: all_missing");
    row = run(pilot_log_rank_estimate, rows, 0);
    ok(row.reason == PILOT_REASON_ALL_MISSING, "log_rank, rows without durations: all_missing");
    free(rows);
}

static void test_horizon(void)
{
    rows_t *rows = rows_of("3 4+ 5 9", "6 7+ 8+");
    pilot_estimate_t row = run(pilot_rmst_estimate, rows, 7.5);
    ok(row.status == PILOT_ROW_OK && strstr(row.detail, "horizon 7.5"), "a declared horizon holds");
    row = run(pilot_rmst_estimate, rows, 8.5);
    ok(row.reason == PILOT_REASON_NO_TREATED_UNITS && !row.estimate.given &&
           strstr(row.detail, "horizon 8.5 is beyond the arm's last observation, 8"),
       "an arm not followed so long has no mean: %s", row.detail);
    free(rows);
    rows = rows_of("3 4+ 5 9", "6 7+ 8");
    row = run(pilot_rmst_estimate, rows, 50);
    ok(row.status == PILOT_ROW_OK, "where nobody is left the curve is 0 for ever");
    is_close(row.estimate.value, 6 + 2 * 2 / 3.0 - (3 + 0.75 * 2 + 0.375 * 4), 1e-14,
             "and its area is finite");
    free(rows);
    rows = rows_of("3 4 9+", "6 7 8");
    row = run(pilot_rmst_estimate, rows, 50);
    ok(row.reason == PILOT_REASON_NO_CONTROL_UNITS, "the arm that is known less long is named");
    free(rows);
}

/* Blocks: 0 serves, 1 lacks control, 2 has one treated row, 3 is followed up to 4 alone. */
static rows_t *mixed_blocks(bool small_alone)
{
    rows_t *rows = rows_new(BLOCKED);
    for (unsigned i = 0; i < 6 && !small_alone; i++)
        add(rows, 0, 0, i % 2, 1, 5 + i, i != 4);
    add(rows, 1, 0, 1, 1, 3, 1);
    for (unsigned i = 0; i < 4; i++)
        add(rows, 2, 0, i == 3, 1, 12 + i, 1);
    for (unsigned i = 0; i < 6 && !small_alone; i++)
        add(rows, 3, 0, i % 2, 1, i < 3 ? 2 : 4, i < 2);
    return rows;
}

static void test_blocks(void)
{
    rows_t *rows = mixed_blocks(false);
    pilot_estimate_t row = run(pilot_rmst_estimate, rows, 8);
    ok(row.status == PILOT_ROW_FLAGGED && row.std_error.given && row.blocks == 1 && row.n == 6,
       "blocks that cannot serve are left out");
    ok(strstr(row.detail, "estimand_changed: 3 blocks left out; 1 without one of the arms; 1 with "
                          "one unit in an arm; 1 not followed up to the horizon"),
       "and counted: %s", row.detail);
    row = run(pilot_rmst_estimate, rows, 0);
    ok(row.blocks == 2 && strstr(row.detail, "horizon 4, the shortest follow-up in a block"),
       "without a declared horizon the shortest follow-up decides: %s", row.detail);
    row = run(pilot_log_rank_estimate, rows, 0);
    ok(row.blocks == 3 && row.status == PILOT_ROW_FLAGGED && row.std_error.given &&
           strstr(row.detail, "estimand_changed: 1 block left out"),
       "log_rank needs both arms in a block, no more: %s", row.detail);
    row = run(pilot_rmst_estimate, rows, 100);
    ok(row.status == PILOT_ROW_NOT_ESTIMABLE && !row.estimate.given &&
           strstr(row.detail, "in no block were both arms followed up to the horizon 100"),
       "no block followed so long: %s", row.detail);
    free(rows);
    rows = mixed_blocks(true);
    row = run(pilot_rmst_estimate, rows, 0);
    ok(row.reason == PILOT_REASON_SINGLETON_ARM_BLOCK && row.estimate.given && !row.std_error.given,
       "one unit in an arm of every block: an estimate alone");
    free(rows);
}

static void test_clusters(void)
{
    rows_t *rows = rows_new(CLUSTERED);
    pilot_estimate_t row;
    pilot_curve_t curve;
    for (unsigned i = 0; i < 20; i++)
        add(rows, 0, i < 5 ? 0 : 1 + i % 3, i >= 5, 1, 3 + (i * 7) % 11, i % 4 > 0);
    row = run(pilot_rmst_estimate, rows, 0);
    ok(row.reason == PILOT_REASON_ONE_CLUSTER_PER_ARM && row.estimate.given &&
           !row.std_error.given && row.clusters == 4,
       "rmst: an arm of one cluster has no variance");
    row = run(pilot_log_rank_estimate, rows, 0);
    ok(row.reason == PILOT_REASON_ONE_CLUSTER_PER_ARM && row.estimate.given && !row.std_error.given,
       "log_rank: an arm of one cluster has no variance");
    pilot_kaplan_meier(&rows->sample, false, 0.95, &curve);
    ok(curve.points > 0 && !curve.point[0].std_error.given && curve.std_error_type == PILOT_SE_NONE,
       "nor has its curve");
    pilot_curve_clear(&curve);
    free(rows);
    rows = rows_new(PLAIN);
    pilot_kaplan_meier(&rows->sample, true, 0.95, &curve);
    ok(curve.points == 0, "without rows a curve has no points");
    pilot_curve_clear(&curve);
    free(rows);
}

int main(void)
{
    gsl_set_error_handler_off();
    test_published();
    test_refusals();
    test_counts();
    test_horizon();
    test_blocks();
    test_clusters();
    return tap_done();
}
