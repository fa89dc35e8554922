/* Targets against missions, as a worker tells of them, against stacked regressions in R
 * (tests/golden/decoupling/make_decoupling.R): of one agency and of all. */
#include "worker_targets_run.h"

static bool is_true(const table_t *table, size_t row, const char *column)
{
    return strcmp(table_get(table, row, column), "TRUE") == 0;
}

/* One line of effects.csv or correlations.csv names one analysis. */
static run_t run_case(const table_t *rows, const table_t *cases, size_t line, bool *ret_all)
{
    made_spec_t made;
    make_spec(&made, table_get(cases, line, "model"));
    made.spec.has_block = is_true(cases, line, "block");
    made.spec.has_cluster = is_true(cases, line, "cluster");
    made.spec.has_weight = is_true(cases, line, "weight");
    made.spec.std_error = (char *)table_get(cases, line, "type");
    *ret_all = strcmp(table_get(cases, line, "agency"), "all") == 0;
    pilot_analysis_t *analysis = made_analysis(&made.spec);
    pilot_dataset_t *dataset[AGENCIES];
    for (int i = 0; i < AGENCIES; i++)
        dataset[i] = make_dataset(analysis, rows, agencies[i], NULL);
    run_t all = run(analysis, dataset, *ret_all ? AGENCIES : 1, 0, 0);
    for (int i = 0; i < AGENCIES; i++)
        pilot_dataset_free(dataset[i]);
    pilot_analysis_free(analysis);
    return all;
}

static double wanted(const table_t *table, size_t line, const char *column)
{
    return strtod(table_get(table, line, column), NULL);
}

static void test_effects(const table_t *rows)
{
    table_t golden = table_read("tests/golden/decoupling/effects.csv");
    for (size_t i = 0; i < golden.rows; i++) {
        bool all_agencies;
        run_t all = run_case(rows, &golden, i, &all_agencies);
        const Pilot__Quality *row = find(all_agencies ? all.finished : all.own[0], "decoupling",
                                         table_get(&golden, i, "arm"));
        /* The statistic of a difference has the digits that its parts leave. */
        ok(row && near(row->value, wanted(&golden, i, "value"), 1e-9) &&
               near(row->statistic, wanted(&golden, i, "statistic"), 1e-9) &&
               near(row->df, wanted(&golden, i, "df"), 1e-8) &&
               near(row->p_value, wanted(&golden, i, "p_value"), 1e-8) &&
               row->alarm == is_true(&golden, i, "alarm"),
           "%s %s %s: the difference is the stacked regression's", table_get(&golden, i, "agency"),
           table_get(&golden, i, "model"), table_get(&golden, i, "type"));
        is_text(row->variable, "y", "a row of the target");
        run_clear(&all);
    }
    table_free(&golden);
}

static void test_correlations(const table_t *rows)
{
    table_t golden = table_read("tests/golden/decoupling/correlations.csv");
    for (size_t i = 0; i < golden.rows; i++) {
        bool all_agencies;
        run_t all = run_case(rows, &golden, i, &all_agencies);
        const char *arm = table_get(&golden, i, "arm");
        const Pilot__Quality *row =
            find(all_agencies ? all.finished : all.own[0], "decoupling_correlation", arm);
        bool control = strcmp(arm, "c") == 0;
        ok(row && near(row->value, wanted(&golden, i, "value"), 1e-9) &&
               row->has_statistic == !control && row->has_p_value == !control && !row->alarm,
           "%s %s: the correlation in arm %s, and a test where treated",
           table_get(&golden, i, "agency"), table_get(&golden, i, "type"), arm);
        run_clear(&all);
    }
    table_free(&golden);
}

int main(void)
{
    table_t rows = table_read("tests/golden/decoupling/rows.csv");
    test_effects(&rows);
    test_correlations(&rows);
    table_free(&rows);
    return tap_done();
}
