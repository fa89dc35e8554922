/* What must not change a result, through the worker's jobs, for every estimator: the order of rows,
 * which arm is called control, the outcome's unit and zero. */
#include "worker_edge_table.h"

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
    for (int design = 0; design < DESIGNS; design++) {
        order_does_not_matter(design);
        arms_may_be_swapped(design);
        scaled_and_shifted(design, 1e9, 0);
        scaled_and_shifted(design, 1e-9, 0);
        scaled_and_shifted(design, 1, 1e9);
    }
    return tap_done();
}
