/* Targets against missions, as a worker tells of them: one agency pooled, the alarm, and what
 * cannot be had. */
#include "worker_targets_run.h"

/* ---- one agency ------------------------------------------------------------------------------ */

static bool same_number(bool has_a, double a, bool has_b, double b)
{
    return has_a == has_b && (!has_a || a == b);
}

static bool same_row(const Pilot__Quality *a, const Pilot__Quality *b)
{
    return strcmp(a->check, b->check) == 0 && strcmp(a->arm, b->arm) == 0 &&
           a->ordinal == b->ordinal &&
           same_number(a->has_value, a->value, b->has_value, b->value) &&
           same_number(a->has_statistic, a->statistic, b->has_statistic, b->statistic) &&
           same_number(a->has_df, a->df, b->has_df, b->df) &&
           same_number(a->has_p_value, a->p_value, b->has_p_value, b->p_value) &&
           a->alarm == b->alarm && strcmp(a->detail, b->detail) == 0;
}

static void test_one_agency(const table_t *rows)
{
    static const char *const estimators[] = {"ols", "lin", "difference_in_means", "rank", NULL};
    for (int e = 0; e < 5; e++)
        for (int design = 0; design < 8; design++) {
            made_spec_t made;
            make_spec(&made, estimators[e] ? estimators[e] : "");
            made.spec.n_estimator = estimators[e] ? 1 : 0;
            made.spec.has_block = design & 1;
            made.spec.has_cluster = (design & 2) != 0;
            made.spec.has_weight = (design & 4) != 0;
            if (design == 0)
                made.spec.std_error = (char *)"classical";
            pilot_analysis_t *analysis = made_analysis(&made.spec);
            pilot_dataset_t *dataset = make_dataset(analysis, rows, "a1", NULL);
            run_t all = run(analysis, &dataset, 1, 0, 0);
            size_t own = 0, same = 0;
            for (size_t i = 0; i < all.own[0]->n_quality; i++) {
                const Pilot__Quality *row = all.own[0]->quality[i];
                if (strncmp(row->check, "decoupling", strlen("decoupling")) != 0)
                    continue;
                const Pilot__Quality *pooled = find(all.finished, row->check, row->arm);
                own++;
                same += pooled && !pooled->agency && same_row(row, pooled) && row->has_value;
            }
            ok(!all.refused && own == 5 && same == 5,
               "%s, design %d: one agency's rows are the pooled ones, bit for bit",
               estimators[e] ? estimators[e] : "auto", design);
            run_clear(&all);
            pilot_dataset_free(dataset);
            pilot_analysis_free(analysis);
        }
}

/* ---- the alarm ------------------------------------------------------------------------------- */

/* The rows as they are: arm a moves the target alone, arm b both. */
static void move_nothing(double *y, double *z, int arm)
{
    *y -= arm ? 5 : 0;
    *z -= arm == 2 ? 11 : 0;
}

static void turn_target(double *y, double *z, int arm)
{
    (void)z;
    (void)arm;
    *y = -*y;
}

static run_t run_altered(const table_t *rows, alter_t alter, bool lower)
{
    made_spec_t made;
    make_spec(&made, "ols");
    made.outcome[0].has_lower_is_better = made.outcome[0].lower_is_better = lower;
    pilot_analysis_t *analysis = made_analysis(&made.spec);
    pilot_dataset_t *dataset[AGENCIES];
    for (int i = 0; i < AGENCIES; i++)
        dataset[i] = make_dataset(analysis, rows, agencies[i], alter);
    run_t all = run(analysis, dataset, AGENCIES, 0, 0);
    for (int i = 0; i < AGENCIES; i++)
        pilot_dataset_free(dataset[i]);
    pilot_analysis_free(analysis);
    return all;
}

static void test_alarm(const table_t *rows)
{
    run_t all = run_altered(rows, NULL, false);
    const Pilot__Quality *row = find(all.finished, "decoupling", "a");
    ok(row->alarm && !row->agency, "a target that moves without its mission rings");
    is_text(row->detail,
            "y stands for z: target +1.23 SD (p < 0.001), mission +0.30 SD (p 0.091), by ols; the "
            "target moved and the mission did not",
            "and says so");
    double value = row->value, statistic = row->statistic;
    row = find(all.finished, "decoupling", "b");
    ok(!row->alarm && row->has_p_value && !strstr(row->detail, "did not"),
       "where both move nothing rings");
    row = find(all.finished, "decoupling_correlation", "c");
    ok(strncmp(row->detail, "correlation of y and z 0.", 25) == 0 && !strstr(row->detail, ";"),
       "the control's correlation stands alone");
    row = find(all.finished, "decoupling_correlation", "b");
    ok(strstr(row->detail, "; control 0."), "a treatment's has the control's beside it");
    run_clear(&all);
    all = run_altered(rows, move_nothing, false);
    ok(!find(all.finished, "decoupling", "a")->alarm &&
           !find(all.finished, "decoupling", "b")->alarm,
       "where neither moves nothing rings");
    run_clear(&all);
    all = run_altered(rows, turn_target, true);
    row = find(all.finished, "decoupling", "a");
    ok(row->alarm && near(row->value, value, 1e-12) && near(row->statistic, statistic, 1e-12),
       "better: lower, and the target turned round: the same");
    run_clear(&all);
    all = run_altered(rows, turn_target, false);
    row = find(all.finished, "decoupling", "a");
    ok(!row->alarm && row->value < 0 && strstr(row->detail, "target -1.23 SD (p < 0.001)"),
       "a target that got worse does not ring");
    run_clear(&all);
}

/* ---- what cannot be had ---------------------------------------------------------------------- */

static void level_control(double *y, double *z, int arm)
{
    (void)z;
    *y = arm ? *y : 7;
}

static void measure_mission_twice(double *y, double *z, int arm)
{
    (void)arm;
    *y = *z * 2;
}

static void test_reasons(const table_t *rows)
{
    run_t all = run_altered(rows, level_control, false);
    const Pilot__Quality *row = find(all.finished, "decoupling", "a");
    ok(!row->has_value && !row->has_p_value && !row->alarm &&
           strstr(row->detail, "target: constant_outcome, mission +"),
       "a target that does not vary in control has no standard deviation");
    row = find(all.finished, "decoupling_correlation", "a");
    ok(row->has_value && !row->has_statistic && strstr(row->detail, "control: constant_outcome"),
       "nor has control a correlation to compare with");
    row = find(all.finished, "decoupling_correlation", "c");
    ok(!row->has_value && strstr(row->detail, "y and z: constant_outcome"), "and says why");
    run_clear(&all);
    all = run_altered(rows, measure_mission_twice, false);
    row = find(all.finished, "decoupling_correlation", "a");
    ok(row->has_value && row->value > 1 - 1e-12 && !row->has_p_value &&
           strstr(row->detail, "no standard error, zero_variance"),
       "a target that is its mission goes with it, always");
    run_clear(&all);
}

/* At level across; clusters of the agencies, or (spanning) clusters with the same names in all. */
static void test_across(const table_t *rows)
{
    made_spec_t made;
    make_spec(&made, "ols");
    made.spec.across = true;
    made.spec.has_cluster = true;
    pilot_analysis_t *analysis = made_analysis(&made.spec);
    for (int spanning = 0; spanning < 2; spanning++) {
        pilot_dataset_t *dataset[AGENCIES];
        for (int i = 0; i < AGENCIES; i++)
            dataset[i] = make_dataset(analysis, rows, agencies[spanning ? 0 : i], NULL);
        run_t all = run(analysis, dataset, AGENCIES, 0, 0);
        const Pilot__Quality *row = find(all.finished, "decoupling", "a");
        ok(!find(all.own[0], "decoupling", "a"), "an agency has no effects, and no such rows");
        if (spanning)
            ok(row->has_value && !row->has_p_value && !row->alarm &&
                   strstr(row->detail, "no joint standard error: clusters have rows in several "),
               "clusters that span agencies: a difference without standard error, and why");
        else
            ok(row->has_p_value, "clusters within agencies: a standard error");
        row = find(all.finished, "decoupling_correlation", "a");
        ok(!all.refused && row->has_value && row->has_p_value,
           "correlations match clusters by label");
        run_clear(&all);
        for (int i = 0; i < AGENCIES; i++)
            pilot_dataset_free(dataset[i]);
    }
    pilot_analysis_free(analysis);
}

static void test_lost_parts(const table_t *rows)
{
    made_spec_t made;
    make_spec(&made, "ols");
    pilot_analysis_t *analysis = made_analysis(&made.spec);
    pilot_dataset_t *dataset[AGENCIES];
    for (int i = 0; i < AGENCIES; i++)
        dataset[i] = make_dataset(analysis, rows, agencies[i], NULL);
    run_t all = run(analysis, dataset, AGENCIES, 1, 0);
    size_t failed = 0;
    for (size_t i = 0; i < all.finished->n_quality; i++)
        if (strncmp(all.finished->quality[i]->check, "decoupling", 10) == 0)
            failed += !all.finished->quality[i]->has_value &&
                      strstr(all.finished->quality[i]->detail, "job_failed");
    ok(!all.refused && failed == 5, "an agency without residuals leaves rows that say job_failed");
    run_clear(&all);
    all = run(analysis, dataset, 2, 0, 3);
    const Pilot__Quality *row = find(all.finished, "decoupling", "a");
    ok(row->has_p_value && strstr(row->detail, "; partial: 3 jobs gave nothing"),
       "rows over what is known say so");
    run_clear(&all);
    for (int i = 0; i < AGENCIES; i++)
        pilot_dataset_free(dataset[i]);
    pilot_analysis_free(analysis);
}

static bool is_refused(const made_spec_t *made)
{
    size_t length = 0;
    uint8_t *bytes = pilot_message_pack(&made->spec.base, &length);
    pilot_analysis_t *analysis = NULL;
    bool refused = pilot_analysis_new(bytes, length, &analysis, NULL) == PILOT_E_PROTOCOL;
    pilot_analysis_free(analysis);
    free(bytes);
    return refused;
}

static void test_specs(void)
{
    static char *levels[] = {(char *)"low", (char *)"high"};
    made_spec_t made;
    make_spec(&made, "ols");
    ok(!is_refused(&made), "a target with its mission is understood");
    made.outcome[0].stands_for = (char *)"y";
    ok(is_refused(&made), "one that stands for itself is refused");
    made.outcome[0].stands_for = (char *)"w";
    ok(is_refused(&made), "one whose mission is nowhere too");
    made.outcome[0].stands_for = (char *)"z";
    made.outcome[1].level = levels;
    made.outcome[1].n_level = 2;
    ok(is_refused(&made), "and one whose mission has levels");
}

int main(void)
{
    table_t rows = table_read("tests/golden/decoupling/rows.csv");
    test_one_agency(&rows);
    test_alarm(&rows);
    test_reasons(&rows);
    test_across(&rows);
    test_lost_parts(&rows);
    test_specs();
    table_free(&rows);
    return tap_done();
}
