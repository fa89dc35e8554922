/* Rows of iv, of agencies and pooled, against AER, sandwich, estimatr and clubSandwich; the first
 * stage's strength; edge cases. */
#include <math.h>

#include "worker_table_jobs.h"

static const jobs_plan_t units_plan = {.arm = {"c", "a", "b"},
                                       .outcome = {"y", "z"},
                                       .estimator = {"iv"},
                                       .agency = {"a1", "a2", "a3", "a4"}};

static bool is_yes(const table_t *cases, size_t row, const char *column)
{
    return table_get(cases, row, column)[0] == '1';
}

static jobs_plan_t plan_of_case(const table_t *cases, size_t row)
{
    jobs_plan_t plan = units_plan;
    plan.across = strcmp(table_get(cases, row, "scope"), "across") == 0;
    plan.block = is_yes(cases, row, "blocked") ? "block" : NULL;
    plan.cluster = is_yes(cases, row, "clustered") ? "cluster" : NULL;
    plan.weight = is_yes(cases, row, "weighted") ? "w" : NULL;
    plan.received = table_get(cases, row, "received");
    plan.received_is_arm = strcmp(plan.received, "got") == 0;
    plan.std_error = table_get(cases, row, "type");
    if (is_yes(cases, row, "covariates")) {
        plan.covariate[0] = "x";
        plan.covariate[1] = "v";
        plan.covariate[2] = "#g";
    }
    return plan;
}

static bool same_plan(const jobs_plan_t *a, const jobs_plan_t *b)
{
    return a->across == b->across && !a->block == !b->block && !a->cluster == !b->cluster &&
           !a->weight == !b->weight && a->received_is_arm == b->received_is_arm &&
           !a->covariate[0] == !b->covariate[0] && strcmp(a->std_error, b->std_error) == 0;
}

/* Does detail say what R found? */
static bool tells_strength(const table_t *cases, size_t row, const Pilot__Effect *effect)
{
    char want[128] = "";
    const char *f = table_get(cases, row, "first_f"), *low = table_get(cases, row, "low");
    bool weak = *f && (strtod(f, NULL) < 10 || strstr(effect->detail, "no interval"));
    if (*f)
        snprintf(want, sizeof want, "first-stage F %.4g", strtod(f, NULL));
    if (*want && (!effect->detail || !strstr(effect->detail, want)))
        return false;
    if (is_yes(cases, row, "searched")) {
        if (*low)
            snprintf(want, sizeof want, "Anderson-Rubin %.4g to %.4g", strtod(low, NULL),
                     strtod(table_get(cases, row, "high"), NULL));
        else
            snprintf(want, sizeof want, "Anderson-Rubin: no interval");
        if (!strstr(effect->detail, want))
            return false;
    }
    return !*f || weak == (strcmp(effect->status, "flagged") == 0 &&
                           jobs_same_text(effect->reason, "weak_first_stage"));
}

static void check_case(const table_t *cases, size_t row, const jobs_results_t *results)
{
    const char *scope = table_get(cases, row, "scope");
    jobs_key_t key = {.agency = scope[0] == 'a' && scope[1] != 'c' ? scope : NULL,
                      .outcome = table_get(cases, row, "outcome"),
                      .arm = table_get(cases, row, "arm"),
                      .estimand = "cace",
                      .estimator = "iv"};
    const Pilot__Effect *effect = jobs_find(results, key);
    char name[160];
    snprintf(name, sizeof name, "%s %s %s %s%s%s%s%s%s", scope, key.outcome, key.arm,
             table_get(cases, row, "received"), is_yes(cases, row, "blocked") ? " blocks" : "",
             is_yes(cases, row, "clustered") ? " clusters" : "",
             is_yes(cases, row, "weighted") ? " weights" : "",
             is_yes(cases, row, "covariates") ? " covariates " : " ",
             table_get(cases, row, "type"));
    if (!ok(effect != NULL, "%s: a row", name))
        return;
    is_close(effect->estimate, strtod(table_get(cases, row, "estimate"), NULL), 1e-9,
             "%s: estimate", name);
    is_close(effect->std_error, strtod(table_get(cases, row, "std_error"), NULL), 1e-9,
             "%s: standard error", name);
    is_close(effect->df, strtod(table_get(cases, row, "df"), NULL), 1e-8, "%s: df", name);
    ok(effect->n == strtoul(table_get(cases, row, "n"), NULL, 10) &&
           effect->n_arm == strtoul(table_get(cases, row, "n_arm"), NULL, 10) &&
           effect->n_arm + effect->n_control == effect->n &&
           effect->clusters == strtoul(table_get(cases, row, "clusters"), NULL, 10) &&
           jobs_same_text(effect->std_error_type, table_get(cases, row, "type")),
       "%s: counts and type", name);
    ok(tells_strength(cases, row, effect), "%s: F and Anderson-Rubin (%s: %s)", name,
       effect->status, effect->detail);
}

static void golden(const table_t *units)
{
    table_t cases = table_read("tests/golden/iv/cases.csv");
    bool *done = PILOT_NEW_ARRAY(bool, cases.rows);
    for (size_t first = 0; first < cases.rows; first++) {
        if (done[first])
            continue;
        jobs_plan_t plan = plan_of_case(&cases, first);
        jobs_results_t results = jobs_run(&plan, units);
        for (size_t i = first; i < cases.rows; i++) {
            jobs_plan_t other = plan_of_case(&cases, i);
            if (!same_plan(&plan, &other))
                continue;
            check_case(&cases, i, &results);
            done[i] = true;
        }
        jobs_free(&results);
    }
    free(done);
    table_free(&cases);
}

/* ---- edge cases ------------------------------------------------------------------------------ */

/* The unit's contrast alone, in a table of its own. */
static const table_t *changed_table;

static const Pilot__Effect *iv_row(const jobs_results_t *results, const char *agency)
{
    return jobs_find(
        results,
        (jobs_key_t){
            .agency = agency, .outcome = "y", .arm = "a", .estimand = "cace", .estimator = "iv"});
}

static bool is_refused(const Pilot__Effect *row, const char *reason)
{
    return row && strcmp(row->status, "not_estimable") == 0 &&
           jobs_same_text(row->reason, reason) && !row->has_std_error && !row->has_p_value;
}

static double constant_dose(const char *column, size_t row, double value)
{
    (void)row;
    return strcmp(column, "dose") == 0 ? 0.37 : value;
}

static double constant_outcome(const char *column, size_t row, double value)
{
    (void)row;
    return strcmp(column, "y") == 0 ? 4.1 : value;
}

static double both_constant(const char *column, size_t row, double value)
{
    return constant_dose(column, row, constant_outcome(column, row, value));
}

/* y = 2 dose + 1 exactly. */
static double exact_outcome(const char *column, size_t row, double value)
{
    if (strcmp(column, "y") != 0)
        return value;
    return 2 * strtod(table_get(changed_table, row, "dose"), NULL) + 1;
}

/* Without covariates, in three designs and three types of standard error. */
static void each_design(const table_t *units, const jobs_plan_t *base, const char *name,
                        void (*check)(const jobs_results_t *, const jobs_plan_t *, const char *))
{
    static const char *const types[3][3] = {
        {"HC2", "classical", "HC1"}, {"HC2", "classical", "HC3"}, {"CR2", "CR1", "CR3"}};
    changed_table = units;
    for (int design = 0; design < 3; design++)
        for (int type = 0; type < 3; type++) {
            jobs_plan_t plan = *base;
            char label[96];
            plan.block = design > 0 ? "block" : NULL;
            plan.cluster = design > 1 ? "cluster" : NULL;
            plan.std_error = types[design][type];
            snprintf(label, sizeof label, "%s, %s%s%s", name, plan.std_error,
                     plan.block ? ", blocks" : "", plan.cluster ? ", clusters" : "");
            jobs_results_t results = jobs_run(&plan, units);
            check(&results, &plan, label);
            jobs_free(&results);
        }
}

static void does_not_move(const jobs_results_t *results, const jobs_plan_t *plan, const char *name)
{
    (void)plan;
    const Pilot__Effect *own = iv_row(results, "a2"), *pooled = iv_row(results, NULL);
    ok(is_refused(own, "weak_first_stage") && !own->has_estimate && own->n > 0 &&
           strstr(own->detail, "did not move"),
       "%s: no estimate, weak_first_stage", name);
    ok(is_refused(pooled, "weak_first_stage") && !pooled->has_estimate, "%s: pooled too", name);
}

static void has_constant_outcome(const jobs_results_t *results, const jobs_plan_t *plan,
                                 const char *name)
{
    (void)plan;
    const Pilot__Effect *own = iv_row(results, "a2"), *pooled = iv_row(results, NULL);
    ok(is_refused(own, "constant_outcome") && own->has_estimate && own->estimate == 0,
       "%s: estimate 0, no variance", name);
    ok(is_refused(pooled, "constant_outcome") && pooled->has_estimate && pooled->estimate == 0,
       "%s: pooled too", name);
}

static void is_exact(const jobs_results_t *results, const jobs_plan_t *plan, const char *name)
{
    (void)plan;
    const Pilot__Effect *own = iv_row(results, "a2"), *pooled = iv_row(results, NULL);
    bool given = own->has_estimate && pooled->has_estimate;
    ok(given && is_refused(own, "zero_variance") && is_refused(pooled, "zero_variance"),
       "%s: estimate, zero_variance (%s, %g)", name, own->reason, own->std_error);
    is_close(own->estimate, 2, 1e-12, "%s: estimate", name);
    is_close(pooled->estimate, 2, 1e-12, "%s: pooled", name);
}

static void is_weak(const jobs_results_t *results, const jobs_plan_t *plan, const char *name)
{
    (void)plan;
    const Pilot__Effect *pooled = iv_row(results, NULL);
    ok(strcmp(pooled->status, "flagged") == 0 && pooled->has_std_error && pooled->has_p_value &&
           jobs_same_text(pooled->reason, "weak_first_stage") &&
           strstr(pooled->detail, "Anderson-Rubin: no interval"),
       "%s: flagged, numbers stand", name);
}

/* Received what was assigned: HC2 without covariates is the difference in means of the two arms,
 * with their standard error. */
static void everybody_complies(const table_t *units)
{
    jobs_plan_t plan = units_plan;
    plan.received = "arm";
    plan.received_is_arm = true;
    plan.estimator[1] = "difference_in_means";
    jobs_results_t results = jobs_run(&plan, units);
    const Pilot__Effect *iv = iv_row(&results, "a2"), *itt;
    itt = jobs_find(&results, (jobs_key_t){.agency = "a2",
                                           .outcome = "y",
                                           .arm = "a",
                                           .estimand = "itt",
                                           .estimator = "difference_in_means"});
    is_close(iv->estimate, itt->estimate, 1e-13, "full compliance: the difference in means");
    is_close(iv->std_error, itt->std_error, 1e-13, "and its standard error");
    ok(strcmp(iv->status, "ok") == 0 && iv->df == (double)iv->n - 2 &&
           strstr(iv->detail, "first stage without spread") && strstr(iv->detail, "Anderson-Rubin"),
       "full compliance: ok (%s)", iv->detail);
    char want[64];
    snprintf(want, sizeof want, "Anderson-Rubin %.4g to %.4g", iv->ci_low, iv->ci_high);
    ok(strstr(iv->detail, want), "full compliance: Anderson-Rubin's interval is the row's");
    ok(iv_row(&results, NULL)->has_std_error, "full compliance: pooled");
    jobs_free(&results);
}

static void data_may_lack_an_arm(const table_t *units)
{
    jobs_plan_t plan = units_plan;
    plan.arm[2] = "nobody";
    plan.arm[3] = "b";
    plan.received = "dose";
    jobs_results_t results = jobs_run(&plan, units);
    const Pilot__Effect *row = jobs_find(&results, (jobs_key_t){.agency = "a2",
                                                                .outcome = "y",
                                                                .arm = "nobody",
                                                                .estimand = "cace",
                                                                .estimator = "iv"});
    ok(is_refused(row, "no_treated_units") && !row->has_estimate, "an arm without units");
    row = jobs_find(
        &results,
        (jobs_key_t){.outcome = "y", .arm = "nobody", .estimand = "cace", .estimator = "iv"});
    ok(is_refused(row, "no_treated_units") && !row->has_estimate, "an arm without units, pooled");
    jobs_free(&results);
    plan.received = JOBS_MISSING;
    results = jobs_run(&plan, units);
    ok(is_refused(iv_row(&results, "a2"), "all_missing") &&
           is_refused(iv_row(&results, NULL), "all_missing"),
       "what was received is missing everywhere: all_missing");
    jobs_free(&results);
}

static void one_agency_is_the_pool(const jobs_results_t *results, const jobs_plan_t *plan,
                                   const char *name)
{
    bool same = true;
    for (int i = 0; i < 4; i++) {
        jobs_key_t key = {.agency = plan->agency[0],
                          .outcome = i < 2 ? "y" : "z",
                          .arm = i % 2 ? "b" : "a",
                          .estimand = "cace",
                          .estimator = "iv"};
        const Pilot__Effect *own = jobs_find(results, key);
        key.agency = NULL;
        same &= jobs_same_row(own, jobs_find(results, key)) && own->has_std_error;
    }
    ok(same, "%s: one agency pooled is itself, bit for bit", name);
}

/* ---- scales ---------------------------------------------------------------------------------- */

static double outcome_scale, outcome_shift, dose_scale, dose_shift;

static double rescale(const char *column, size_t row, double value)
{
    (void)row;
    if (strcmp(column, "dose") == 0)
        return dose_scale * value + dose_shift;
    return strcmp(column, "z") == 0 ? outcome_scale * value + outcome_shift : value;
}

static void scales_do_not_matter(const table_t *units, const char *type)
{
    static const double scale[][4] = {{1e9, 0, 1, 0},   {1e-9, 0, 1, 0}, {1, 1e9, 1, 0},
                                      {1, 0, 1e9, 0},   {1, 0, 1e-9, 0}, {1, 0, -1, 7},
                                      {1e6, 0, 1e-6, 0}};
    jobs_plan_t plan = units_plan;
    plan.received = "dose";
    plan.block = "block";
    plan.cluster = type[0] == 'C' ? "cluster" : NULL;
    plan.std_error = type;
    plan.covariate[0] = "x";
    jobs_results_t plain = jobs_run(&plan, units);
    plan.change = rescale;
    for (size_t i = 0; i < sizeof scale / sizeof *scale; i++) {
        outcome_scale = scale[i][0];
        outcome_shift = scale[i][1];
        dose_scale = scale[i][2];
        dose_shift = scale[i][3];
        jobs_results_t other = jobs_run(&plan, units);
        double ratio = outcome_scale / dose_scale;
        for (int pooled = 0; pooled < 2; pooled++) {
            jobs_key_t key = {.agency = pooled ? NULL : "a3",
                              .outcome = "z",
                              .arm = "b",
                              .estimand = "cace",
                              .estimator = "iv"};
            const Pilot__Effect *a = jobs_find(&plain, key), *b = jobs_find(&other, key);
            is_close(b->estimate, ratio * a->estimate, 1e-10, "%s: scale %zu, estimate", type, i);
            is_close(b->std_error, fabs(ratio) * a->std_error, 1e-10,
                     "%s: scale %zu, standard error", type, i);
            is_close(b->df, a->df, 1e-10, "%s: scale %zu, df", type, i);
        }
        jobs_free(&other);
    }
    jobs_free(&plain);
}

static void arms_may_be_swapped(const table_t *units)
{
    jobs_plan_t plan = units_plan;
    plan.received = "dose";
    plan.cluster = "cluster";
    plan.covariate[0] = "x";
    jobs_results_t one = jobs_run(&plan, units);
    plan.arm[0] = "a";
    plan.arm[1] = "c";
    jobs_results_t other = jobs_run(&plan, units);
    jobs_key_t key = {
        .agency = "a2", .outcome = "y", .arm = "a", .estimand = "cace", .estimator = "iv"};
    for (int pooled = 0; pooled < 2; pooled++) {
        key.agency = pooled ? NULL : "a2";
        key.arm = "a";
        const Pilot__Effect *a = jobs_find(&one, key);
        key.arm = "c";
        const Pilot__Effect *b = jobs_find(&other, key);
        is_close(b->estimate, a->estimate, 1e-10, "arms swapped: the effect of what was received");
        is_close(b->std_error, a->std_error, 1e-10, "arms swapped: its standard error");
        is_close(b->df, a->df, 1e-10, "arms swapped: its df");
    }
    jobs_free(&one);
    jobs_free(&other);
}

int main(void)
{
    table_t units = table_read("tests/golden/iv/units.csv");
    jobs_plan_t plan = units_plan;
    golden(&units);
    plan.received = "dose";
    plan.change = constant_dose;
    each_design(&units, &plan, "received constant", does_not_move);
    plan.change = both_constant;
    each_design(&units, &plan, "received and outcome constant", does_not_move);
    plan.change = constant_outcome;
    each_design(&units, &plan, "outcome constant", has_constant_outcome);
    plan.change = exact_outcome;
    each_design(&units, &plan, "outcome follows received exactly", is_exact);
    plan.change = NULL;
    plan.received = "x";
    each_design(&units, &plan, "received has nothing to do with arms", is_weak);
    plan.received = "dose";
    plan.covariate[0] = "v";
    plan.agency[0] = "a2";
    plan.agency[1] = NULL;
    each_design(&units, &plan, "alone", one_agency_is_the_pool);
    everybody_complies(&units);
    data_may_lack_an_arm(&units);
    scales_do_not_matter(&units, "HC2");
    scales_do_not_matter(&units, "CR2");
    scales_do_not_matter(&units, "classical");
    arms_may_be_swapped(&units);
    table_free(&units);
    return tap_done();
}
