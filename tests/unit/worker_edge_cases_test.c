/* The edge cases that every estimator must know, through the worker's jobs: one agency's rows and
 * the pooled rows of each estimator in each design.  Whatever the data, a row's numbers are finite,
 * what is missing has a reason, and no number stands where it cannot be had. */
#include <math.h>

#include "worker_edge_table.h"

/* ---- what holds for any row -------------------------------------------------------------------
 */

static bool is_number(bool has, double value)
{
    return has ? isfinite(value) : value == 0;
}

static bool is_sound(const Pilot__Effect *row)
{
    bool sound = is_number(row->has_estimate, row->estimate) &&
                 is_number(row->has_std_error, row->std_error) && is_number(row->has_df, row->df) &&
                 is_number(row->has_statistic, row->statistic) &&
                 is_number(row->has_p_value, row->p_value) &&
                 is_number(row->has_ci_low, row->ci_low) &&
                 is_number(row->has_ci_high, row->ci_high) &&
                 is_number(row->has_control_mean, row->control_mean);
    bool bounds = strcmp(row->estimator, "lee_bounds") == 0;
    bool refused = strcmp(row->status, "not_estimable") == 0;
    sound &= !row->has_std_error || (row->std_error > 0 && row->has_estimate);
    sound &= !row->has_p_value || (row->p_value >= 0 && row->p_value <= 1 && row->has_statistic);
    sound &= !row->has_df || row->df > 0;
    sound &= !(row->has_ci_low && row->has_ci_high) || row->ci_low <= row->ci_high;
    sound &= !refused || (row->reason && !row->has_p_value);
    /* An ok row has its estimate and its spread. */
    sound &= strcmp(row->status, "ok") != 0 ||
             (row->has_estimate && !row->reason &&
              (bounds || row->has_std_error || (row->has_ci_low && row->has_ci_high)));
    return sound;
}

static void all_are_sound(const jobs_results_t *results, const char *name, int design)
{
    size_t rows = 0, sound = 0;
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; results->rows[k] && i < results->rows[k]->n_effect; i++) {
            const Pilot__Effect *row = results->rows[k]->effect[i];
            bool is = is_sound(row);
            rows++;
            sound += is;
            if (!is)
                ok(false, "%s%s: %s %s %s %s %s is sound (%s, %s: est %g se %g df %g p %g)", name,
                   design_name(design), row->agency ? row->agency : "pooled", row->outcome,
                   row->estimator, row->parameter ? row->parameter : "", row->arm, row->status,
                   row->reason ? row->reason : "-", row->estimate, row->std_error, row->df,
                   row->p_value);
        }
    ok(rows > 0 && sound == rows, "%s%s: all %zu rows are sound", name, design_name(design), rows);
}

/* ---- one case: the reason of each estimator's row ----------------------------------------------
 */

typedef struct expected {
    const char *estimators; /* names, each between blanks; the first line that has it counts */
    const char *reasons;    /* between blanks; "-": numbers stand without a reason */
} expected_t;

static void check_expected(const jobs_results_t *results, const expected_t *expected,
                           const char *name, int design, const char *agency)
{
    for (size_t e = 0; e < ESTIMATORS; e++) {
        jobs_key_t key = {.agency = agency,
                          .outcome = outcome_of(estimators[e]),
                          .arm = "a",
                          .estimand = strcmp(estimators[e], "iv") ? "itt" : "cace",
                          .estimator = estimators[e]};
        const expected_t *want = expected;
        while (!holds(want->estimators, estimators[e]))
            want++;
        const Pilot__Effect *row = jobs_find(results, key);
        for (int k = 0; !row && k < 2; k++) {
            static const char *const others[] = {"late", "att"};
            key.estimand = others[k];
            row = jobs_find(results, key);
        }
        const char *reason = row && row->reason ? row->reason : "-";
        ok(row && holds(want->reasons, reason), "%s%s: %s%s says%s(%s)", name, design_name(design),
           estimators[e], agency ? "" : ", pooled,", want->reasons, row ? reason : "no row");
    }
}

/* Of agencies alone where `pooled` is false: two agencies are two blocks then, another design. */
static void case_of(const char *name, edit_t *edit, unsigned designs, bool pooled,
                    const expected_t *expected)
{
    table_t table = make_table(edit, false);
    for (int design = 0; design < DESIGNS; design++) {
        if (!(designs >> design & 1))
            continue;
        jobs_plan_t plan = plan_of(design);
        jobs_results_t results = jobs_run(&plan, &table);
        all_are_sound(&results, name, design);
        check_expected(&results, expected, name, design, "a0");
        if (pooled)
            check_expected(&results, expected, name, design, NULL);
        jobs_free(&results);
    }
    table_free(&table);
}

#define EVERY 15u
#define WITH_BLOCKS (1u << BLOCKED | 1u << (BLOCKED | CLUSTERED))

static void nobody(unit_t *unit)
{
    unit->gone = strcmp(unit->arm, "a") == 0;
}

static void no_controls(unit_t *unit)
{
    unit->gone = strcmp(unit->arm, "c") == 0;
}

/* Blocks 0 and 2 hold control alone, 1 and 3 the treatment; the third arm is everywhere. */
static void blocks_lack_an_arm(unit_t *unit)
{
    if (strcmp(unit->arm, "b") != 0)
        unit->arm = unit->block % 2 ? "a" : "c";
}

static void one_block_lacks_an_arm(unit_t *unit)
{
    if (unit->block == 1 && strcmp(unit->arm, "a") == 0)
        unit->arm = "c";
}

static void no_outcomes(unit_t *unit)
{
    unit->y = unit->b = unit->n = unit->d = NAN;
}

static void constant(unit_t *unit)
{
    unit->y = 5.1;
    unit->b = 1;
    unit->n = 3;
    unit->d = 4;
    unit->event = 0;
}

static void constant_in_control(unit_t *unit)
{
    if (strcmp(unit->arm, "c") == 0)
        unit->y = 6.1;
}

static void separated(unit_t *unit)
{
    unit->b = strcmp(unit->arm, "a") == 0;
}

static void two_units(unit_t *unit)
{
    unit->gone = unit->id != 0 && unit->id != 3;
}

static void one_cluster_an_arm(unit_t *unit)
{
    unit->gone = unit->cluster > 2;
}

static void received_is_constant(unit_t *unit)
{
    unit->r = 1;
}

/* Blocks 0 and 2 hold control alone, 1 and 3 the treatment; nobody is in the third arm. */
static void two_arms_apart(unit_t *unit)
{
    unit->arm = unit->block % 2 ? "a" : "c";
}

/* A treated cluster in each block and one of the controls. */
static void pairs_of_clusters(unit_t *unit)
{
    unit->gone = unit->cluster % 6 > 1 || unit->arm[0] == 'b';
}

#define DOUBLED " variance_ratio " /* needs more than two clusters of an arm in a block */

static void arms_are_missing(void)
{
    case_of("no treated units", nobody, EVERY, true,
            (const expected_t[]){{" * ", " no_treated_units "}});
    case_of("no control units", no_controls, EVERY, true,
            (const expected_t[]){{" * ", " no_control_units "}});
    case_of("no outcomes", no_outcomes, EVERY, true,
            (const expected_t[]){{" * ", " all_missing "}});
    /* Regressions compare both with the third arm, which is in every block. */
    case_of("all blocks lack an arm", blocks_lack_an_arm, WITH_BLOCKS, true,
            (const expected_t[]){{" ols lin ", " - "},
                                 {" iv ", " collinear "},
                                 {" * ", " no_treated_units no_control_units "}});
    case_of("all blocks lack an arm, and no third", two_arms_apart, WITH_BLOCKS, true,
            (const expected_t[]){{" ols lin iv ", " collinear "},
                                 {" * ", " no_treated_units no_control_units "}});
    case_of("one block lacks an arm", one_block_lacks_an_arm, 1u << BLOCKED, true,
            (const expected_t[]){{" * ", " - "}});
    case_of("one block lacks an arm", one_block_lacks_an_arm, 1u << (BLOCKED | CLUSTERED), true,
            (const expected_t[]){{DOUBLED, " no_residual_df "}, {" * ", " - "}});
}

static void outcomes_do_not_vary(void)
{
    case_of("constant outcomes", constant, EVERY, true,
            (const expected_t[]){{" * ", " constant_outcome "}});
    case_of("constant in control", constant_in_control, 7u, true,
            (const expected_t[]){{" variance_ratio ", " zero_variance "}, {" * ", " - "}});
    case_of("perfect separation", separated, 7u, true,
            (const expected_t[]){{" odds_ratio risk_ratio ", " not_converged "}, {" * ", " - "}});
    case_of("received is constant", received_is_constant, 7u, true,
            (const expected_t[]){{" iv ", " weak_first_stage "}, {" * ", " - "}});
}

static void designs_are_small(void)
{
    /* Weighting by shares has a bound for one unit or cluster an arm; the log-rank test has the
     * variance of its table; binary outcomes and counts are constant in each arm. */
    case_of("two units", two_units, 1u, false,
            (const expected_t[]){{" horvitz_thompson log_rank ", " - "},
                                 {" risk_ratio odds_ratio rate_ratio ", " constant_outcome "},
                                 {" * ", " no_residual_df "}});
    case_of("one cluster an arm", one_cluster_an_arm, 1u << CLUSTERED, false,
            (const expected_t[]){{" horvitz_thompson ", " - "},
                                 {" risk_ratio odds_ratio ", " one_cluster_per_arm not_converged "},
                                 {" * ", " one_cluster_per_arm "}});
}

/* ---- dropped blocks are told -------------------------------------------------------------------
 */

static void dropped_blocks_are_told(void)
{
    table_t table = make_table(one_block_lacks_an_arm, false);
    jobs_plan_t plan = plan_of(BLOCKED);
    jobs_results_t results = jobs_run(&plan, &table);
    for (size_t e = 0; e < ESTIMATORS; e++) {
        bool keeps = holds(" ols lin iv ", estimators[e]);
        for (int pooled = 0; pooled < 2; pooled++) {
            const Pilot__Effect *row = row_of(&results, pooled ? NULL : "a0", estimators[e]);
            const char *detail = row->detail ? row->detail : "";
            bool told = strstr(detail, "estimand_changed") != NULL;
            ok(keeps
                   ? !told && row->blocks == (pooled ? 8 : 4)
                   : told && strcmp(row->status, "flagged") == 0 && row->blocks == (pooled ? 6 : 3),
               "%s%s: a block without treated units is %s (%s)", estimators[e],
               pooled ? ", pooled" : "", keeps ? "kept" : "left out, and the row says so", detail);
        }
    }
    jobs_free(&results);
    table_free(&table);
}

/* ---- a cluster that is a dummy ------------------------------------------------------------------
 */

static void cluster_is_a_dummy(unit_t *unit)
{
    unit->x = unit->cluster == 4;
}

static void without_that_cluster(unit_t *unit)
{
    cluster_is_a_dummy(unit);
    unit->gone = unit->cluster == 4;
}

/* CR2's block of that cluster is singular: its residuals are 0, and it says nothing. */
static void singular_clusters_drop_out(void)
{
    table_t with = make_table(cluster_is_a_dummy, false);
    table_t without = make_table(without_that_cluster, false);
    for (int design = CLUSTERED; design < DESIGNS; design++) {
        jobs_plan_t plan = plan_of(design);
        jobs_results_t one = jobs_run(&plan, &with), other = jobs_run(&plan, &without);
        all_are_sound(&one, "a cluster is a dummy", design);
        const Pilot__Effect *a = row_of(&one, "a0", "ols"), *b = row_of(&other, "a0", "ols");
        ok(a->has_std_error && strcmp(a->status, "ok") == 0 && a->n == b->n + 3,
           "a cluster is a dummy%s: numbers stand", design_name(design));
        is_close(a->estimate, b->estimate, 1e-10, "a cluster is a dummy%s: estimate without it",
                 design_name(design));
        is_close(a->std_error, b->std_error, 1e-10, "a cluster is a dummy%s: standard error too",
                 design_name(design));
        is_close(a->df, b->df, 1e-8, "a cluster is a dummy%s: df too", design_name(design));
        jobs_free(&one);
        jobs_free(&other);
    }
    table_free(&with);
    table_free(&without);
}

/* ---- one arm's spread alone ---------------------------------------------------------------------
 */

static void the_other_arms_df(void)
{
    table_t table = make_table(constant_in_control, false);
    jobs_plan_t plan = plan_of(0);
    jobs_results_t results = jobs_run(&plan, &table);
    const Pilot__Effect *row = row_of(&results, "a0", "difference_in_means");
    ok(row->has_df && row->df == (double)row->n_arm - 1 && row->has_p_value,
       "constant in control: Welch's df is the other arm's");
    jobs_free(&results);
    table_free(&table);
}

/* Pairs whose effects differ by rounding alone. */
static void equal_pairs(unit_t *unit)
{
    unit->arm = unit->id % 2 ? "a" : "c";
    unit->block = unit->id / 2;
    unit->cluster = unit->id;
    unit->y = unit->id / 2 * 0.1 + unit->id % 2 * 0.3;
}

static void rounding_is_no_variance(void)
{
    table_t table = make_table(equal_pairs, false);
    jobs_plan_t plan = plan_of(BLOCKED);
    jobs_results_t results = jobs_run(&plan, &table);
    for (int pooled = 0; pooled < 2; pooled++) {
        const Pilot__Effect *row = row_of(&results, pooled ? NULL : "a0", "difference_in_means");
        ok(jobs_same_text(row->reason, "zero_variance") && !row->has_std_error &&
               fabs(row->estimate - 0.3) < 1e-12,
           "pairs of one effect: a variance of rounding is zero_variance%s",
           pooled ? ", pooled" : "");
    }
    all_are_sound(&results, "pairs of one effect", BLOCKED);
    jobs_free(&results);
    table_free(&table);
}

int main(void)
{
    case_of("the data as it is", NULL, 7u, true, (const expected_t[]){{" * ", " - "}});
    case_of("the data as it is", NULL, 8u, true,
            (const expected_t[]){{DOUBLED, " no_residual_df "}, {" * ", " - "}});
    case_of("pairs of clusters", pairs_of_clusters, 8u, true,
            (const expected_t[]){{" variance_ratio ", " singleton_arm_block "},
                                 {" rmst ", " one_cluster_per_arm "},
                                 {" * ", " - "}});
    arms_are_missing();
    outcomes_do_not_vary();
    designs_are_small();
    dropped_blocks_are_told();
    singular_clusters_drop_out();
    the_other_arms_df();
    rounding_is_no_variance();
    return tap_done();
}
