#include "../harness/tap.h"

#include <stdlib.h>

#include "../../worker/compare.h"
#include "pilot/wire.h"
#include "worker_made_data.h"
#include "worker_made_rows.h"

static pilot_status_t add(pilot_compare_t *compare, const char *agency, const char *level,
                          const char *arm, const char *estimator, double estimate, double std_error)
{
    pilot_compared_t row = {.agency = agency,
                            .outcome = "y",
                            .subgroup = level ? "g" : NULL,
                            .level = level,
                            .arm = arm,
                            .estimand = "itt",
                            .estimator = estimator,
                            .estimate = PILOT_GIVEN(estimate),
                            .std_error = PILOT_GIVEN(std_error)};
    if (std_error <= 0) {
        row.estimate = row.std_error = PILOT_ABSENT;
        row.reason = "no_treated_units";
    }
    return pilot_compare_add(compare, &row, NULL);
}

static Pilot__ResultRows *report(const pilot_analysis_t *analysis, pilot_compare_t *compare,
                                 uint64_t given_up)
{
    pilot_report_t *rows = pilot_report_new(analysis);
    pilot_compare_report(compare, 0, analysis->spec->n_outcome - 1, given_up, rows);
    return made_rows(rows);
}

static void keys_are_compared(const pilot_analysis_t *analysis)
{
    pilot_compare_t *compare = pilot_compare_new(analysis);
    const char *estimator = "difference_in_means";
    ok(add(compare, "north", NULL, "a", estimator, 2, 1) == PILOT_OK, "a row is taken");
    add(compare, "north", "old", "a", estimator, 1, 1);
    add(compare, "south", NULL, "a", estimator, 4, 1);
    add(compare, "south", "new", "a", estimator, 5, 1);
    add(compare, "west", NULL, "a", estimator, 0, 0);
    pilot_compared_t stranger = {
        .agency = "x", .outcome = "other", .arm = "a", .estimand = "itt", .estimator = "ols"};
    ok(pilot_compare_add(compare, &stranger, NULL) == PILOT_E_PROTOCOL,
       "an outcome that the plan lacks is refused");
    stranger.outcome = "y";
    stranger.arm = "c";
    ok(pilot_compare_add(compare, &stranger, NULL) == PILOT_E_PROTOCOL, "the control as arm too");
    Pilot__ResultRows *rows = report(analysis, compare, 0);
    /* 2 outcomes x (whole + 2 levels + their gap) x 2 treatments x 2 estimators x 12 */
    ok(rows->n_comparison == 32 * 12, "12 rows for each key of the plan");
    const Pilot__Comparison *fixed = rows->comparison[0];
    ok(fixed->k == 2 && fixed->has_estimate, "agencies with a standard error count");
    is_close(fixed->estimate, 3, 1e-15, "equal weights give the mean");
    size_t headlines = 0;
    for (size_t i = 0; i < 12; i++)
        headlines += rows->comparison[i]->headline ? 1 : 0;
    ok(headlines == 1, "one of the 12 is the headline");
    is_text(rows->comparison[4 * 12]->level, "new", "levels of all agencies, by bytes");
    ok(rows->comparison[4 * 12]->k == 1, "only agencies that have the level");
    ok(rows->n_agency_effect == 5, "an agency row for each effect row");
    const Pilot__AgencyEffect *west = rows->agency_effect[2];
    ok(strcmp(west->agency, "west") == 0 && !west->has_estimate &&
           strcmp(west->status, "not_estimable") == 0,
       "an agency without estimate is there, without numbers");
    is_text(west->reason, "no_treated_units", "with its effect's reason");
    is_close(rows->agency_effect[0]->weight, 0.5, 1e-12, "weights are shares");
    pilot_message_free(&rows->base);
    rows = report(analysis, compare, 2);
    is_text(rows->comparison[0]->status, "partial",
            "after jobs were given up the rows are partial");
    ok(strstr(rows->comparison[0]->detail, "2 jobs gave nothing"), "and say why");
    pilot_message_free(&rows->base);
    pilot_compare_free(compare);
}

static void add_gap(pilot_compare_t *compare, const char *agency, const char *level,
                    double estimate)
{
    pilot_compared_t row = {.agency = agency,
                            .outcome = "y",
                            .subgroup = "g",
                            .level = level,
                            .arm = "a",
                            .estimand = "gap",
                            .estimator = "difference_in_means",
                            .estimate = PILOT_GIVEN(estimate),
                            .std_error = PILOT_GIVEN(1)};
    ok(pilot_compare_add(compare, &row, NULL) == PILOT_OK, "a gap is taken");
}

static const Pilot__Comparison *find_gap(const Pilot__ResultRows *rows, const char *level)
{
    for (size_t i = 0; i < rows->n_comparison; i++) {
        const Pilot__Comparison *row = rows->comparison[i];
        if (strcmp(row->estimand, "gap") == 0 && strcmp(row->level, level) == 0 &&
            strcmp(row->arm, "a") == 0 && strcmp(row->outcome, "y") == 0)
            return row;
    }
    return NULL;
}

/* Levels "new", "old" and "ripe"; the east lacks "new", so that its gap is one to "old". */
static void gaps_are_to_one_level(const pilot_analysis_t *analysis)
{
    static const char *const agencies[] = {"east", "north", "south"};
    static const char *const levels[] = {"new", "old", "ripe"};
    const char *estimator = "difference_in_means";
    pilot_compare_t *compare = pilot_compare_new(analysis);
    for (int a = 0; a < 3; a++) {
        for (int l = a == 0; l < 3; l++)
            add(compare, agencies[a], levels[l], "a", estimator, a + l, 1);
        if (a > 0)
            add_gap(compare, agencies[a], "old", 2 * a);
        add_gap(compare, agencies[a], "ripe", a == 0 ? 1000 : 3 * a);
    }
    Pilot__ResultRows *rows = report(analysis, compare, 0);
    const Pilot__Comparison *old = find_gap(rows, "old"), *ripe = find_gap(rows, "ripe");
    ok(!find_gap(rows, "new"), "the first level has no gap");
    ok(old && old->k == 2, "a gap is compared over agencies that have it");
    is_close(old->estimate, 3, 1e-12, "with equal weights their mean");
    ok(ripe && ripe->k == 2, "an agency without the first level of all is not among them");
    is_close(ripe->estimate, 4.5, 1e-12, "and its gap, to another level, does not count");
    size_t gaps = 0;
    for (size_t i = 0; i < rows->n_agency_effect; i++)
        gaps += strcmp(rows->agency_effect[i]->estimand, "gap") == 0;
    ok(gaps == 4, "nor is it among the agencies' rows");
    pilot_message_free(&rows->base);
    pilot_compare_free(compare);
}

static void nothing_to_compare(const pilot_analysis_t *analysis)
{
    pilot_compare_t *compare = pilot_compare_new(analysis);
    Pilot__ResultRows *rows = report(analysis, compare, 0);
    ok(rows->n_comparison == 8 * 12 && rows->comparison[0]->k == 0, "no agencies: rows with k = 0");
    is_text(rows->comparison[0]->reason, "too_few_agencies", "that say too_few_agencies");
    pilot_message_free(&rows->base);
    pilot_compare_free(compare);
}

static void auto_rows_are_one_key(const made_spec_t *made)
{
    pilot_analysis_t *analysis = made_analysis(&made->spec);
    pilot_compare_t *compare = pilot_compare_new(analysis);
    add(compare, "north", NULL, "a", "ols", 2, 1);
    add(compare, "south", NULL, "a", "difference_in_means", 4, 1);
    add(compare, "south", NULL, "b", "ols", 4, 1);
    Pilot__ResultRows *rows = report(analysis, compare, 0);
    is_text(rows->comparison[0]->estimator, "auto", "agencies that chose differently: auto");
    ok(rows->comparison[0]->k == 2, "and are compared together");
    is_text(rows->comparison[12]->estimator, "ols", "all the same: its name");
    is_text(rows->agency_effect[1]->estimator, "difference_in_means", "agencies say their own");
    pilot_message_free(&rows->base);
    pilot_compare_free(compare);
    pilot_analysis_free(analysis);
}

int main(void)
{
    made_spec_t made;
    made_spec_init(&made);
    made.subgroup[0] = 1;
    made.spec.subgroup = made.subgroup;
    made.spec.n_subgroup = 1;
    pilot_analysis_t *analysis = made_analysis(&made.spec);
    keys_are_compared(analysis);
    gaps_are_to_one_level(analysis);
    nothing_to_compare(analysis);
    pilot_analysis_free(analysis);
    made.spec.n_estimator = 0;
    auto_rows_are_one_key(&made);
    return tap_done();
}
