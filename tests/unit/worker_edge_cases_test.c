/* The edge cases that every estimator must know, through the worker's jobs: one agency's rows and
 * the pooled rows of each estimator in each design.  Whatever the data, a row's numbers are finite,
 * what is missing has a reason, and no number stands where it cannot be had. */
#include <math.h>

#include "worker_table_jobs.h"

enum { AGENCIES = 2, UNITS = 72, ALL = AGENCIES * UNITS };

typedef struct unit {
    int agency, id, block, cluster;
    const char *arm;
    double y, b, n, d, event, x, r; /* NAN: missing */
    bool gone;
} unit_t;

typedef void edit_t(unit_t *unit);

static const char *const estimators[] = {"difference_in_means",
                                         "ols",
                                         "lin",
                                         "iv",
                                         "horvitz_thompson",
                                         "hajek",
                                         "risk_ratio",
                                         "odds_ratio",
                                         "rate_ratio",
                                         "quantile",
                                         "rank",
                                         "variance_ratio",
                                         "rmst",
                                         "log_rank",
                                         "lee_bounds"};
enum { ESTIMATORS = sizeof estimators / sizeof *estimators };

/* The outcome that suits an estimator: y continuous, b binary, n counts, d durations. */
static const char *outcome_of(const char *estimator)
{
    if (strcmp(estimator, "risk_ratio") == 0 || strcmp(estimator, "odds_ratio") == 0)
        return "b";
    if (strcmp(estimator, "rate_ratio") == 0)
        return "n";
    return strcmp(estimator, "rmst") == 0 || strcmp(estimator, "log_rank") == 0 ? "d" : "y";
}

static double draw(unsigned seed, unsigned i)
{
    unsigned long long x = (seed * 1000003ull + i + 1) * 6364136223846793005ull;
    x ^= x >> 31;
    x *= 1442695040888963407ull;
    return (double)(x >> 40) / (double)(1u << 24);
}

/* Blocks of 18 units, clusters of 3, a third of each block's clusters in each arm. */
static unit_t make_unit(unsigned i)
{
    static const char *const arms[] = {"c", "a", "b"};
    unsigned within = i % UNITS, cluster = within / 3;
    unit_t unit = {.agency = (int)(i / UNITS),
                   .id = (int)within,
                   .block = (int)(within / 18),
                   .cluster = (int)cluster};
    unit.arm = arms[cluster % 3];
    double effect = 0.5 * (cluster % 3 == 1);
    unit.x = draw(1, i);
    unit.y = round(1000 * (4 + effect + unit.x + 2 * draw(2, i) + draw(3, cluster))) / 1000;
    unit.b = draw(4, i) < 0.4 + 0.2 * effect;
    unit.n = floor(1 + effect + 5 * draw(5, i));
    unit.d = floor(1 + 20 * draw(6, i));
    unit.event = draw(7, i) < 0.7;
    unit.r = (cluster % 3 == 1 && draw(8, i) < 0.8) || draw(9, i) < 0.15;
    return unit;
}

static void print_number(FILE *out, double value)
{
    if (isnan(value))
        fputc(',', out);
    else
        fprintf(out, ",%.17g", value);
}

/* Backwards: rows in reverse order. */
static table_t make_table(edit_t *edit, bool backwards)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    fputs("agency,unit,block,cluster,arm,y,b,n,d,d_event,x,r\n", out);
    for (unsigned k = 0; k < ALL; k++) {
        unit_t unit = make_unit(backwards ? ALL - 1 - k : k);
        if (edit)
            edit(&unit);
        if (unit.gone)
            continue;
        fprintf(out, "a%d,u%03d,p%d,k%02d,%s", unit.agency, unit.id, unit.block, unit.cluster,
                unit.arm);
        print_number(out, unit.y);
        print_number(out, unit.b);
        print_number(out, unit.n);
        print_number(out, unit.d);
        print_number(out, unit.event);
        print_number(out, unit.x);
        print_number(out, unit.r);
        fputc('\n', out);
    }
    fclose(out);
    return table_parse(text);
}

enum { BLOCKED = 1, CLUSTERED = 2, DESIGNS = 4 };

static jobs_plan_t plan_of(int design)
{
    jobs_plan_t plan = {.arm = {"c", "a", "b"},
                        .outcome = {"y", "b", "n", "d"},
                        .type = {"continuous", "binary", "count", "duration"},
                        .covariate = {"x"},
                        .received = "r",
                        .agency = {"a0", "a1"}};
    memcpy(plan.estimator, estimators, sizeof estimators);
    plan.block = design & BLOCKED ? "block" : NULL;
    plan.cluster = design & CLUSTERED ? "cluster" : NULL;
    return plan;
}

static const char *design_name(int design)
{
    static const char *const names[] = {"", ", blocks", ", clusters", ", blocks, clusters"};
    return names[design];
}

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

static bool holds(const char *list, const char *word)
{
    char padded[64];
    snprintf(padded, sizeof padded, " %s ", word);
    return strcmp(list, " * ") == 0 || strstr(list, padded);
}

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

static const Pilot__Effect *row_of(const jobs_results_t *results, const char *agency,
                                   const char *estimator)
{
    return jobs_find(results, (jobs_key_t){.agency = agency,
                                           .outcome = outcome_of(estimator),
                                           .arm = "a",
                                           .estimand = strcmp(estimator, "iv") ? "itt" : "cace",
                                           .estimator = estimator});
}

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

/* ---- order, names, scale ------------------------------------------------------------------------
 */

static void order_does_not_matter(int design)
{
    table_t forward = make_table(NULL, false), backward = make_table(NULL, true);
    jobs_plan_t plan = plan_of(design);
    jobs_results_t one = jobs_run(&plan, &forward), other = jobs_run(&plan, &backward);
    size_t rows = 0, same = 0;
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; one.rows[k] && i < one.rows[k]->n_effect; i++, rows++)
            same += other.rows[k]->n_effect == one.rows[k]->n_effect &&
                    jobs_same_row(one.rows[k]->effect[i], other.rows[k]->effect[i]);
    ok(rows > 0 && same == rows, "rows in reverse: all %zu rows the same, bit for bit%s", rows,
       design_name(design));
    jobs_free(&one);
    jobs_free(&other);
    table_free(&forward);
    table_free(&backward);
}

/* Swapped arms turn the sign of what is compared with 0, and p into 1 - p for ranks. */
static void arms_may_be_swapped(int design)
{
    table_t table = make_table(NULL, false);
    jobs_plan_t plan = plan_of(design), turned = plan;
    turned.arm[0] = "a";
    turned.arm[1] = "c";
    jobs_results_t one = jobs_run(&plan, &table), other = jobs_run(&turned, &table);
    for (size_t e = 0; e < ESTIMATORS; e++) {
        if (holds(" iv lee_bounds quantile variance_ratio ", estimators[e]))
            continue; /* of their own: worker_instruments_test, stat_lee_bounds_test, ... */
        for (int pooled = 0; pooled < 2; pooled++) {
            jobs_key_t key = {.agency = pooled ? NULL : "a1",
                              .outcome = outcome_of(estimators[e]),
                              .arm = "a",
                              .estimand = "itt",
                              .estimator = estimators[e]};
            const Pilot__Effect *a = jobs_find(&one, key), *b;
            key.arm = "c";
            b = jobs_find(&other, key);
            double null = strcmp(estimators[e], "rank") == 0 ? 0.5 : 0;
            is_close(b->estimate - null, -(a->estimate - null), 1e-9, "arms swapped: %s%s%s",
                     estimators[e], pooled ? ", pooled" : "", design_name(design));
            is_close(b->std_error, a->std_error, 1e-9, "arms swapped: standard error of %s%s%s",
                     estimators[e], pooled ? ", pooled" : "", design_name(design));
        }
    }
    jobs_free(&one);
    jobs_free(&other);
    table_free(&table);
}

static double scale, shift;

static void rescale(unit_t *unit)
{
    unit->y = scale * unit->y + shift;
}

static void rescale_whole(unit_t *unit)
{
    unit->y = scale * floor(unit->y) + shift;
}

static void scaled_and_shifted(int design, double by, double plus)
{
    edit_t *edit = plus != 0 ? rescale_whole : rescale;
    scale = 1;
    shift = 0;
    table_t table = make_table(edit, false);
    scale = by;
    shift = plus;
    table_t changed = make_table(edit, false);
    jobs_plan_t plan = plan_of(design);
    jobs_results_t one = jobs_run(&plan, &table), other = jobs_run(&plan, &changed);
    static const char *const linear[] = {"difference_in_means", "ols",   "lin",     "iv",
                                         "horvitz_thompson",    "hajek", "quantile"};
    for (size_t e = 0; e < sizeof linear / sizeof *linear; e++) {
        if (plus != 0 && strcmp(linear[e], "horvitz_thompson") == 0)
            continue;
        for (int pooled = 0; pooled < 2; pooled++) {
            const char *agency = pooled ? NULL : "a1";
            const Pilot__Effect *a = row_of(&one, agency, linear[e]);
            const Pilot__Effect *b = row_of(&other, agency, linear[e]);
            bool same = fabs(b->estimate - by * a->estimate) <= 1e-10 * by * fabs(a->estimate) &&
                        fabs(b->std_error - by * a->std_error) <= 1e-10 * by * a->std_error &&
                        fabs(b->df - a->df) <= 1e-9 * a->df && a->has_std_error;
            ok(same, "outcome x %g + %g: %s%s%s (%.17g %.17g, %.17g %.17g)", by, plus, linear[e],
               pooled ? ", pooled" : "", design_name(design), a->estimate, b->estimate,
               a->std_error, b->std_error);
        }
    }
    for (size_t e = 0; e < 2; e++) {
        const char *const free_of_scale[] = {"rank", "variance_ratio"};
        const Pilot__Effect *a = row_of(&one, "a1", free_of_scale[e]);
        const Pilot__Effect *b = row_of(&other, "a1", free_of_scale[e]);
        ok(fabs(a->estimate - b->estimate) <= 1e-10 && fabs(a->std_error - b->std_error) <= 1e-10,
           "outcome x %g + %g: %s stays%s", by, plus, free_of_scale[e], design_name(design));
    }
    jobs_free(&one);
    jobs_free(&other);
    table_free(&table);
    table_free(&changed);
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
    for (int design = 0; design < DESIGNS; design++) {
        order_does_not_matter(design);
        arms_may_be_swapped(design);
        scaled_and_shifted(design, 1e9, 0);
        scaled_and_shifted(design, 1e-9, 0);
        scaled_and_shifted(design, 1, 1e9);
    }
    return tap_done();
}
