/* page_people_test.c - what differences of quantiles say in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/summary.h"

#define FIGURE(v) ((pilot_figure_t){.value = (v), .given = true})
#define HIDDEN ((pilot_figure_t){.mark = 'c'})
enum { QUANTILES = 5 };

static const char plan_source[] =
    "version: 1\npilot: made\ncolumns: {agency: site, arm: arm}\n"
    "arms: {control: old, treatments: [new]}\n"
    "outcomes:\n"
    "  - {name: score, type: continuous, role: primary, better: higher}\n"
    "  - {name: waits, type: continuous, role: primary, better: lower}\n"
    "analysis: {smallest_effect: {waits: 5}}\n";

static void make(pilot_effect_row_t *row, const char *outcome, const double *estimate)
{
    static const char *const place[QUANTILES] = {"0.1", "0.25", "0.5", "0.75", "0.9"};
    for (size_t i = 0; i < QUANTILES; i++)
        row[i] = (pilot_effect_row_t){.key = {.outcome = outcome,
                                              .arm = "new",
                                              .control = "old",
                                              .estimand = "itt",
                                              .estimator = "quantile",
                                              .parameter = place[i]},
                                      .estimate = FIGURE(estimate[i]),
                                      .std_error = FIGURE(1),
                                      .ci_low = FIGURE(estimate[i] - 2),
                                      .ci_high = FIGURE(estimate[i] + 2),
                                      .status = "ok"};
}

static void says(char *said, const char *wanted, const char *name)
{
    is_text(said ? said : "(nothing)", wanted, "%s", name);
    free(said);
}

int main(void)
{
    pilot_error_t error = {0};
    pilot_plan_t *plan = NULL;
    if (pilot_plan_parse(plan_source, strlen(plan_source), "made", &plan, &error))
        printf("Bail out! %s\n", error.message);
    pilot_effect_row_t row[QUANTILES];
    pilot_evaluation_t evaluation = {.plan = plan, .effects = row, .effect_count = QUANTILES};

    make(row, "score", (double[]){-3, 1, 3, 4, 9});
    says(pilot_say_quantiles(&evaluation, &row[0]),
         "score, new against old, from people with low values to those with high: better at 3 of 5 "
         "quantiles, worse at 1 of 5 quantiles, could not tell at 1 of 5 quantiles. Low tail "
         "(quantile 0.1) -3.0 (95% interval -5.0 to -1.0); high tail (quantile 0.9) +9.0 (95% "
         "interval 7.0 to 11.0).",
         "who gains, who loses, and the tails");
    says(pilot_say_quantiles(&evaluation, &row[1]), "(nothing)", "once a curve");

    row[4].ci_low = row[4].ci_high = HIDDEN;
    char *said = pilot_say_quantiles(&evaluation, &row[0]);
    ok(said && strstr(said, "better at 2 of 4") && strstr(said, "high tail (quantile 0.75)"),
       "what is suppressed does not count, nor is it a tail");
    free(said);
    for (size_t i = 1; i < QUANTILES; i++)
        row[i].ci_low = row[i].ci_high = HIDDEN;
    says(pilot_say_quantiles(&evaluation, &row[0]), "(nothing)", "one quantile is no curve");

    make(row, "waits", (double[]){-8, -2, 1, 8, 9});
    said = pilot_say_quantiles(&evaluation, &row[0]);
    ok(said && strstr(said, "better at 1 of 5") && strstr(said, "worse at 2 of 5") &&
           strstr(said, "too small to matter at 2 of 5"),
       "fewer is better, and what is too small is told apart");
    free(said);
    row[0].agency = "a";
    says(pilot_say_quantiles(&evaluation, &row[0]), "(nothing)", "of one agency: nothing");
    row[0].agency = NULL;
    row[0].key.estimator = "ols";
    says(pilot_say_quantiles(&evaluation, &row[0]), "(nothing)", "of a mean: nothing");

    pilot_plan_free(plan);
    return tap_done();
}
