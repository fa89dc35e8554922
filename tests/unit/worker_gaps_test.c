/* Rows of estimand gap, of agencies and pooled, against R: independent levels, clusters that span
 * levels, tests over all levels, levels that some agencies lack. */
#include <math.h>

#include "worker_table_jobs.h"

static const jobs_plan_t units_plan = {
    .arm = {"c", "a", "b"},
    .outcome = {"y", "z"},
    .estimator = {"difference_in_means", "ols", "lin", "iv", "rank"},
    .received = "got",
    .received_is_arm = true,
    .agency = {"a1", "a2", "a3"}};

static jobs_plan_t plan_by(const char *variable, bool blocked, bool clustered)
{
    jobs_plan_t plan = units_plan;
    plan.covariate[0] = "x";
    plan.covariate[1] = strcmp(variable, "g") == 0     ? "#g"
                        : strcmp(variable, "own") == 0 ? "#own"
                        : strcmp(variable, "one") == 0 ? "#one"
                                                       : variable;
    plan.subgroup = variable;
    plan.block = blocked ? "block" : NULL;
    plan.cluster = clustered ? "cluster" : NULL;
    return plan;
}

static double number(const table_t *table, size_t row, const char *column)
{
    return strtod(table_get(table, row, column), NULL);
}

static bool is_yes(const table_t *table, size_t row, const char *column)
{
    return table_get(table, row, column)[0] == '1';
}

static jobs_key_t key_of(const table_t *table, size_t row, const char *level)
{
    const char *scope = table_get(table, row, "scope");
    return (jobs_key_t){.agency = strcmp(scope, "pooled") ? scope : NULL,
                        .outcome = "y",
                        .level = level,
                        .arm = table_get(table, row, "arm"),
                        .estimand = "gap",
                        .estimator = table_get(table, row, "estimator")};
}

static bool is_of(const table_t *table, size_t row, const char *variable, bool blocked,
                  bool clustered)
{
    return strcmp(table_get(table, row, "variable"), variable) == 0 &&
           is_yes(table, row, "blocked") == blocked && is_yes(table, row, "clustered") == clustered;
}

static void check_gap(const table_t *gaps, size_t i, const jobs_results_t *results)
{
    jobs_key_t key = key_of(gaps, i, table_get(gaps, i, "level"));
    const Pilot__Effect *gap = jobs_find(results, key);
    char name[128];
    snprintf(name, sizeof name, "%s %s %s %s%s%s %s", table_get(gaps, i, "scope"), key.estimator,
             table_get(gaps, i, "variable"), key.level, is_yes(gaps, i, "blocked") ? " blocks" : "",
             is_yes(gaps, i, "clustered") ? " clusters" : "", key.arm);
    if (!ok(gap != NULL, "%s: a gap", name))
        return;
    is_close(gap->estimate, number(gaps, i, "estimate"), 1e-9, "%s: estimate", name);
    if (is_yes(gaps, i, "alone")) {
        ok(!gap->has_std_error && strcmp(gap->status, "not_estimable") == 0 &&
               (jobs_same_text(gap->reason, "variance_unidentified") ||
                jobs_same_text(gap->reason, "one_cluster_per_arm")),
           "%s: no standard error of an arm of one cluster (%s)", name, gap->reason);
    } else {
        is_close(gap->std_error, number(gaps, i, "std_error"), 1e-9, "%s: standard error", name);
        is_close(gap->df, number(gaps, i, "df"), 1e-8, "%s: df", name);
    }
}

static void check_joint(const table_t *joint, size_t i, const jobs_results_t *results)
{
    static const char *const levels[] = {"low", "mid"};
    char want[96];
    snprintf(want, sizeof want, "joint F(%.4g, %.4g) = %.4g, p ", number(joint, i, "df1"),
             number(joint, i, "df2"), number(joint, i, "f"));
    for (int k = 0; k < 2; k++) {
        const Pilot__Effect *gap = jobs_find(results, key_of(joint, i, levels[k]));
        const char *at = gap && gap->detail ? strstr(gap->detail, want) : NULL;
        double p = at ? strtod(at + strlen(want), NULL) : -1;
        ok(at && fabs(p - number(joint, i, "p_value")) <= 6e-3 * number(joint, i, "p_value"),
           "%s %s %s: %s in %s", table_get(joint, i, "scope"), table_get(joint, i, "estimator"),
           levels[k], want, gap ? gap->detail : "no row");
    }
}

static void golden(const table_t *units)
{
    static const char *const variable[] = {"g", "s", "own"};
    table_t gaps = table_read("tests/golden/gap/gaps.csv");
    table_t joint = table_read("tests/golden/gap/joint.csv");
    for (int v = 0; v < 3; v++)
        for (int design = 0; design < 4; design++) {
            bool blocked = design & 1, clustered = design & 2;
            jobs_plan_t plan = plan_by(variable[v], blocked, clustered);
            jobs_results_t results = jobs_run(&plan, units);
            for (size_t i = 0; i < gaps.rows; i++)
                if (!is_yes(&gaps, i, "weighted") &&
                    is_of(&gaps, i, variable[v], blocked, clustered))
                    check_gap(&gaps, i, &results);
            for (size_t i = 0; i < joint.rows; i++)
                if (is_of(&joint, i, variable[v], blocked, clustered))
                    check_joint(&joint, i, &results);
            jobs_free(&results);
        }
    for (int design = 2; design < 4; design++) {
        jobs_plan_t plan = plan_by("g", design & 1, true);
        plan.weight = "w";
        jobs_results_t results = jobs_run(&plan, units);
        for (size_t i = 0; i < gaps.rows; i++)
            if (is_yes(&gaps, i, "weighted") && is_yes(&gaps, i, "blocked") == (design & 1))
                check_gap(&gaps, i, &results);
        jobs_free(&results);
    }
    table_free(&gaps);
    table_free(&joint);
}

/* ---- what any gap row is made of --------------------------------------------------------------
 */

static bool has_level(const jobs_results_t *results, jobs_key_t key, const char *level)
{
    key.level = level;
    key.estimand = strcmp(key.estimator, "iv") == 0 ? "cace" : "itt";
    return jobs_find(results, key) != NULL;
}

/* Every row of estimand gap of independent levels, from the rows of its levels. */
static void check_parts(const jobs_results_t *results, const char *first)
{
    size_t gaps = 0, good = 0;
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; results->rows[k] && i < results->rows[k]->n_effect; i++) {
            const Pilot__Effect *gap = results->rows[k]->effect[i], *one, *other;
            if (strcmp(gap->estimand, "gap") != 0)
                continue;
            jobs_key_t key = {.agency = gap->agency,
                              .outcome = gap->outcome,
                              .level = gap->level,
                              .arm = gap->arm,
                              .estimand = strcmp(gap->estimator, "iv") ? "itt" : "cace",
                              .estimator = gap->estimator,
                              .parameter = gap->parameter};
            other = jobs_find(results, key);
            key.level = first;
            one = jobs_find(results, key);
            double v = other->std_error * other->std_error, u = one->std_error * one->std_error;
            bool both = other->has_std_error && one->has_std_error;
            bool is_good = gap->has_estimate == (other->has_estimate && one->has_estimate) &&
                           gap->has_std_error == both;
            if (gap->has_estimate)
                is_good &= fabs(gap->estimate - (other->estimate - one->estimate)) <= 1e-12;
            if (both && !other->has_df && !one->has_df)
                is_good &= !gap->has_df && fabs(gap->std_error / sqrt(v + u) - 1) < 1e-12;
            else if (both)
                is_good &=
                    fabs(gap->std_error / sqrt(v + u) - 1) < 1e-12 &&
                    fabs(gap->df * (v * v / other->df + u * u / one->df) / ((v + u) * (v + u)) -
                         1) < 1e-12;
            is_good &= gap->n == one->n + other->n && gap->n_arm == one->n_arm + other->n_arm;
            gaps++;
            good += is_good;
            if (!is_good)
                ok(false, "%s %s %s %s %s is made of its levels", gap->agency, gap->outcome,
                   gap->estimator, gap->arm, gap->level);
        }
    ok(gaps > 0 && good == gaps, "%zu gaps are made of their levels' rows", gaps);
}

/* Estimators with t, with normal reference, and several parameters; y continuous, z binary. */
static void gaps_are_made_of_levels(const table_t *units)
{
    for (int design = 0; design < 3; design++) {
        jobs_plan_t plan = plan_by(design == 2 ? "own" : "g", design > 0, design == 2);
        static const char *const more[] = {"hajek", "risk_ratio", "quantile", "variance_ratio",
                                           "horvitz_thompson"};
        memcpy(plan.estimator + 5, more, sizeof more);
        plan.type[1] = "binary";
        plan.weight = design == 1 ? "w" : NULL;
        jobs_results_t results = jobs_run(&plan, units);
        check_parts(&results, "high");
        jobs_free(&results);
    }
}

static size_t count_gaps(const jobs_results_t *results)
{
    size_t count = 0;
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; results->rows[k] && i < results->rows[k]->n_effect; i++)
            count += strcmp(results->rows[k]->effect[i]->estimand, "gap") == 0;
    return count;
}

static void levels_may_be_missing(const table_t *units)
{
    jobs_plan_t plan = plan_by("g", false, false);
    jobs_results_t results = jobs_run(&plan, units);
    jobs_key_t key = {
        .agency = "a3", .outcome = "y", .level = "low", .arm = "a", .estimand = "gap"};
    bool absent = true, pooled = true;
    for (size_t i = 0; plan.estimator[i]; i++) {
        key.estimator = plan.estimator[i];
        key.agency = "a3";
        absent &= !jobs_find(&results, key) && !has_level(&results, key, "low") &&
                  has_level(&results, key, "high");
        key.agency = NULL;
        const Pilot__Effect *gap = jobs_find(&results, key);
        pooled &= gap && gap->has_std_error && strstr(gap->detail, "joint F(2");
    }
    ok(absent, "an agency without a level has no row of it and no gap");
    ok(pooled, "the pooled gap is of those that have it");
    jobs_free(&results);
    plan = plan_by("one", false, false);
    plan.agency[0] = "a3";
    plan.agency[1] = NULL;
    results = jobs_run(&plan, units);
    ok(count_gaps(&results) == 0 && results.rows[0]->n_effect > 0,
       "where a subgroup has one level there are no gaps");
    jobs_free(&results);
}

static const table_t *all_units;

/* In level "low" nobody is in arm b (has the outcome). */
static double without_arm(const char *column, size_t row, double value)
{
    bool gone = strcmp(column, "y") == 0 && strcmp(table_get(all_units, row, "arm"), "b") == 0 &&
                strcmp(table_get(all_units, row, "g"), "low") == 0;
    return gone ? NAN : value;
}

static void a_level_may_lack_an_arm(const table_t *units)
{
    jobs_plan_t plan = plan_by("g", false, false);
    all_units = units;
    plan.change = without_arm;
    jobs_results_t results = jobs_run(&plan, units);
    for (size_t i = 0; plan.estimator[i]; i++)
        for (int pooled = 0; pooled < 2; pooled++) {
            jobs_key_t key = {.agency = pooled ? NULL : "a1",
                              .outcome = "y",
                              .level = "low",
                              .arm = "b",
                              .estimand = "gap",
                              .estimator = plan.estimator[i]};
            const Pilot__Effect *gap = jobs_find(&results, key);
            ok(gap && !gap->has_estimate && !gap->has_std_error &&
                   jobs_same_text(gap->reason, "no_treated_units") &&
                   strcmp(gap->status, "not_estimable") == 0,
               "%s%s: a level without the arm has no gap, and says why (%s)", key.estimator,
               pooled ? ", pooled" : "", gap ? gap->reason : "no row");
            key.level = "mid";
            gap = jobs_find(&results, key);
            ok(gap && gap->has_std_error && strstr(gap->detail, "joint F(1"),
               "%s%s: other levels have theirs, and the joint test is of those (%s)", key.estimator,
               pooled ? ", pooled" : "", gap ? gap->detail : "no row");
            key.arm = "a";
            key.level = "low";
            gap = jobs_find(&results, key);
            ok(gap && gap->has_std_error, "%s%s: the other arm has its gap", key.estimator,
               pooled ? ", pooled" : "");
        }
    jobs_free(&results);
}

/* Also where clusters span levels. */
static void one_agency_is_the_pool(const table_t *units)
{
    for (int design = 0; design < 4; design++) {
        jobs_plan_t plan = plan_by("g", design & 1, design & 2);
        plan.agency[0] = "a2";
        plan.agency[1] = NULL;
        jobs_results_t results = jobs_run(&plan, units);
        size_t same = 0, gaps = 0;
        for (size_t i = 0; i < results.rows[0]->n_effect; i++) {
            const Pilot__Effect *own = results.rows[0]->effect[i];
            jobs_key_t key = {.outcome = own->outcome,
                              .level = own->level,
                              .arm = own->arm,
                              .estimand = own->estimand,
                              .estimator = own->estimator,
                              .parameter = own->parameter};
            if (strcmp(own->estimand, "gap") != 0)
                continue;
            gaps++;
            same += jobs_same_row(own, jobs_find(&results, key));
        }
        ok(gaps == 2 * 2 * 2 * 5 && same == gaps,
           "one agency: its gaps are the pooled ones, bit for bit%s%s",
           plan.block ? ", blocks" : "", plan.cluster ? ", clusters" : "");
        jobs_free(&results);
    }
}

int main(void)
{
    table_t units = table_read("tests/golden/gap/units.csv");
    golden(&units);
    gaps_are_made_of_levels(&units);
    levels_may_be_missing(&units);
    a_level_may_lack_an_arm(&units);
    one_agency_is_the_pool(&units);
    table_free(&units);
    return tap_done();
}
