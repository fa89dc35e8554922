/* Durations against R's survival: tests/golden/survival/make_survival.R. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/table.h"
#include "../harness/tap.h"
#include "pilot/contrast.h"
#include "pilot/curve.h"

#define GOLDEN 1e-9

static const char *const arms[] = {"c", "t", "u", NULL};

static bool is_true(const table_t *cases, size_t i, const char *column)
{
    return strcmp(table_get(cases, i, column), "TRUE") == 0;
}

static pilot_sample_t sample_of(const table_t *data, const table_t *cases, size_t i,
                                const char *time, bool blocked, const char *arm)
{
    table_columns_t columns = {.outcome = time,
                               .arm = "arm",
                               .block = blocked ? "block" : NULL,
                               .cluster = is_true(cases, i, "clustered") ? "cluster" : NULL,
                               .weight = is_true(cases, i, "weighted") ? "weight" : NULL,
                               .unit = "unit",
                               .arms = arms};
    table_frame_t durations = table_make_frame(data, &columns), events;
    pilot_sample_t sample;
    columns.outcome = "event";
    events = table_make_frame(data, &columns);
    pilot_sample_select(
        &durations.frame,
        &(pilot_sample_columns_t){.outcome = &durations.outcome, .event = &events.outcome}, NULL, 0,
        table_arm_code(arms, arm), false, &sample);
    table_frame_free(&durations);
    table_frame_free(&events);
    return sample;
}

static void test_case(const table_t *data, const table_t *cases, size_t i)
{
    const char *name = table_get(cases, i, "estimator");
    bool rmst = strcmp(name, "rmst") == 0, blocked = is_true(cases, i, "blocked"), good;
    pilot_sample_t sample = sample_of(data, cases, i, table_get(cases, i, "time"), blocked,
                                      table_get(cases, i, "treated"));
    pilot_contrast_options_t options = {.confidence = 0.95,
                                        .horizon = strtod(table_get(cases, i, "horizon"), NULL)};
    double want = strtod(table_get(cases, i, "estimate"), NULL);
    double error = strtod(table_get(cases, i, "std_error"), NULL);
    double mean = strtod(table_get(cases, i, "control_mean"), NULL);
    bool linearized = sample.weight || sample.cluster;
    pilot_estimate_t row;
    (rmst ? pilot_rmst_estimate : pilot_log_rank_estimate)(&sample, &options, &row);
    good = row.status == PILOT_ROW_OK && fabs(row.estimate.value - want) <= GOLDEN * fabs(want) &&
           fabs(row.std_error.value - error) <= GOLDEN * error && row.n == sample.n &&
           row.clusters == sample.clusters && row.blocks == sample.blocks && !row.df.given &&
           row.control_mean.given == rmst && fabs(row.control_mean.value - mean) <= GOLDEN * mean &&
           row.std_error_type == (linearized ? PILOT_SE_LINEARIZED
                                  : rmst     ? PILOT_SE_GREENWOOD
                                             : PILOT_SE_SCORE);
    ok(good, "%s of %s, %s against c%s%s%s, horizon %s, as %s gives it", name,
       table_get(cases, i, "time"), table_get(cases, i, "treated"), blocked ? ", blocked" : "",
       sample.cluster ? ", clustered" : "", sample.weight ? ", weighted" : "",
       table_get(cases, i, "horizon"), table_get(cases, i, "by"));
    if (!good)
        printf("#   got  %.17g %.17g %.17g (%s %s)\n#   want %.17g %.17g %.17g\n",
               row.estimate.value, row.std_error.value, row.control_mean.value,
               pilot_std_error_name(row.std_error_type), row.detail, want, error, mean);
    pilot_sample_clear(&sample);
}

static bool number_is(pilot_number_t got, const char *want)
{
    double value = strtod(want, NULL);
    return got.given == (*want != '\0') && fabs(got.value - value) <= GOLDEN * fabs(value);
}

static bool point_is(const pilot_curve_point_t *point, const table_t *curves, size_t i)
{
    const char *at_risk = table_get(curves, i, "at_risk");
    return number_is(PILOT_GIVEN(point->time), table_get(curves, i, "time")) &&
           (!*at_risk || number_is(PILOT_GIVEN(point->at_risk), at_risk)) &&
           number_is(PILOT_GIVEN(point->events), table_get(curves, i, "events")) &&
           number_is(PILOT_GIVEN(point->censored), table_get(curves, i, "censored")) &&
           number_is(PILOT_GIVEN(point->survival), table_get(curves, i, "survival")) &&
           number_is(point->std_error, table_get(curves, i, "std_error")) &&
           number_is(point->ci_low, table_get(curves, i, "low")) &&
           number_is(point->ci_high, table_get(curves, i, "high"));
}

/* The curve whose points stand from row i on; returns where the next one begins. */
static size_t test_curve(const table_t *data, const table_t *curves, size_t i)
{
    const char *time = table_get(curves, i, "column"), *arm = table_get(curves, i, "arm");
    pilot_sample_t sample = sample_of(data, curves, i, time, true, "t");
    pilot_curve_t curve;
    size_t same = 0, k = 0;
    pilot_kaplan_meier(&sample, *arm == 't', 0.95, &curve);
    for (; i + k < curves->rows && k < curve.points; k++) {
        bool good = point_is(&curve.point[k], curves, i + k);
        same += good;
        if (!good)
            printf("#   %.17g: %.17g %.17g %.17g to %.17g, want %s %s %s to %s\n",
                   curve.point[k].time, curve.point[k].survival, curve.point[k].std_error.value,
                   curve.point[k].ci_low.value, curve.point[k].ci_high.value,
                   table_get(curves, i + k, "survival"), table_get(curves, i + k, "std_error"),
                   table_get(curves, i + k, "low"), table_get(curves, i + k, "high"));
    }
    ok(k > 5 && same == k, "curve of %s in %s%s%s as survfit gives it, %zu points", time, arm,
       sample.cluster ? ", clustered" : "", sample.weight ? ", weighted" : "", k);
    pilot_sample_clear(&sample);
    pilot_curve_clear(&curve);
    return i + k;
}

int main(void)
{
    table_t data = table_read("tests/golden/survival/durations.csv");
    table_t cases = table_read("tests/golden/survival/cases.csv");
    table_t curves = table_read("tests/golden/survival/curves.csv");
    gsl_set_error_handler_off();
    for (size_t i = 0; i < cases.rows; i++)
        test_case(&data, &cases, i);
    for (size_t i = 0, next; i < curves.rows; i = next) {
        next = test_curve(&data, &curves, i);
        if (next == i)
            break;
    }
    table_free(&data);
    table_free(&cases);
    table_free(&curves);
    return tap_done();
}
