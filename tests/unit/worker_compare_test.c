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

/* ---- beside the others -------------------------------------------------------------------------
 */

enum { SITES = 12 };

static pilot_compare_t *made_compare(const pilot_analysis_t *analysis)
{
    static const char *const mechanism[] = {"autonomy", "monitoring", "competence"};
    pilot_compare_t *compare = pilot_compare_new(analysis);
    char agency[SITES][8], number[8];
    for (int i = 0; i < SITES; i++) {
        snprintf(agency[i], sizeof agency[i], "a%02d", i);
        for (int z = 0; z < 2; z++) {
            pilot_compared_t row = {.agency = agency[i],
                                    .outcome = z ? "z" : "y",
                                    .arm = "a",
                                    .estimand = "itt",
                                    .estimator = "difference_in_means",
                                    .n = (uint64_t)(100 + i),
                                    .estimate = PILOT_GIVEN((i * 5 % SITES) * 0.7 - 2),
                                    .std_error = PILOT_GIVEN(0.5 + 0.1 * (i % 3))};
            pilot_compare_add(compare, &row, NULL);
        }
    }
    for (int i = 0; i < SITES - 1; i++) { /* the last one lacks both */
        pilot_compare_attribute(compare, agency[i], "mechanism", mechanism[i % 3]);
        snprintf(number, sizeof number, "%d.5", i * i);
        pilot_compare_attribute(compare, agency[i], "size", number);
    }
    pilot_compare_attribute(compare, "stranger", "size", "1");
    pilot_compare_attribute(compare, agency[0], "colour", "red");
    return compare;
}

static void names_are_right(const Pilot__ResultRows *rows)
{
    const Pilot__Moderator *slope = NULL, *group = NULL;
    for (size_t i = 0; i < rows->n_moderator && rows->moderator[i]->contrast->ordinal == 0; i++) {
        const Pilot__Moderator *row = rows->moderator[i];
        if (strcmp(row->kind, "coefficient") == 0 && strcmp(row->attribute, "size") == 0)
            slope = row;
        if (strcmp(row->kind, "group") == 0 && strcmp(row->attribute_level, "monitoring") == 0)
            group = row;
    }
    ok(slope && slope->k == SITES - 1 && slope->has_estimate && !slope->attribute_level,
       "numbers give one slope, without the agency that has none");
    ok(group && group->k == 4 && group->has_estimate, "a text gives groups, by its agencies");
    const Pilot__Average *person = rows->average[0], *site = rows->average[1];
    is_text(person->weighting, "person", "an average by people");
    double sum = 0, weight = 0;
    for (int i = 0; i < SITES; i++) {
        sum += (100 + i) * ((i * 5 % SITES) * 0.7 - 2);
        weight += 100 + i;
    }
    is_close(person->estimate, sum / weight, 1e-12, "weighs an agency by its n");
    is_text(site->weighting, "site", "and one by agencies");
    is_close(site->estimate, 0.7 * 5.5 - 2, 1e-12, "weighs none");
    ok(rows->n_share >= 3 && rows->share[0]->threshold == 1, "shares begin at the smallest effect");
    is_text(rows->share[0]->part, "harm", "with harm");
    const Pilot__AgencyEffect *best = rows->agency_effect[0];
    for (size_t i = 0; i < SITES; i++)
        if (rows->agency_effect[i]->rank == 1)
            best = rows->agency_effect[i];
    is_close(best->estimate, -2, 1e-12, "where lower is better the smallest is first");
    ok(best->has_rank_low && best->has_rank_simultaneous_high && best->has_ceb_estimate &&
           best->has_p_exceeds && best->p_exceeds > 0.5 && best->has_hat &&
           best->has_std_residual && best->has_cooks_distance && best->has_dfbetas,
       "all is told of how an agency stands");
}

static void agencies_stand_beside_each_other(made_spec_t *made)
{
    Pilot__ComparedBy mechanism = PILOT__COMPARED_BY__INIT, size = PILOT__COMPARED_BY__INIT;
    Pilot__ComparedBy *by[] = {&mechanism, &size};
    mechanism.name = (char *)"mechanism";
    size.name = (char *)"size";
    size.is_number = true;
    made->spec.compared_by = by;
    made->spec.n_compared_by = 2;
    Pilot__Outcome *y = made->spec.outcome[0];
    y->has_lower_is_better = y->lower_is_better = true;
    y->has_smallest_effect = true;
    y->smallest_effect = 1;
    pilot_analysis_t *analysis = made_analysis(&made->spec);
    pilot_compare_t *compare = made_compare(analysis);
    Pilot__ResultRows *rows = report(analysis, compare, 0);
    names_are_right(rows);
    /* By outcomes, as jobs share them out: the same rows. */
    size_t comparisons = 0, agencies = 0, moderators = 0;
    bool same = true;
    for (size_t o = 0; o < made->spec.n_outcome; o++) {
        pilot_report_t *part = pilot_report_new(analysis);
        pilot_compare_report(compare, o, o, 0, part);
        Pilot__ResultRows *some = made_rows(part);
        for (size_t i = 0; i < some->n_comparison; i++)
            same &= some->comparison[i]->ordinal == rows->comparison[comparisons + i]->ordinal;
        for (size_t i = 0; i < some->n_agency_effect; i++)
            same &= some->agency_effect[i]->dfbetas == rows->agency_effect[agencies + i]->dfbetas;
        comparisons += some->n_comparison;
        agencies += some->n_agency_effect;
        moderators += some->n_moderator;
        pilot_message_free(&some->base);
    }
    ok(same && comparisons == rows->n_comparison && agencies == rows->n_agency_effect &&
           moderators == rows->n_moderator,
       "rows by outcome are the rows of all");
    pilot_message_free(&rows->base);
    rows = report(analysis, compare, 1);
    is_text(rows->average[0]->status, "partial", "after a job was given up averages are partial");
    is_text(rows->share[0]->status, "partial", "and shares");
    pilot_message_free(&rows->base);
    pilot_compare_free(compare);
    pilot_analysis_free(analysis);
    made->spec.n_compared_by = 0;
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
    agencies_stand_beside_each_other(&made);
    made.spec.n_estimator = 0;
    auto_rows_are_one_key(&made);
    return tap_done();
}
