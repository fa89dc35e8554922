/* worker_table_jobs.h - a CSV of units of several agencies through the worker's jobs, without
 * PostgreSQL or sockets: ESTIMATE, POOL, RESIDUAL, FINISH and WHOLE.  For tests that compare rows
 * of results with golden values. */
#ifndef PILOT_WORKER_TABLE_JOBS_H
#define PILOT_WORKER_TABLE_JOBS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../worker/evaluate.h"
#include "../../worker/merged.h"
#include "../../worker/pooled.h"
#include "../../worker/whole.h"
#include "../harness/table.h"
#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/wire.h"
#include "worker_made_data.h"
#include "worker_made_rows.h"

#define JOBS_MISSING ""

enum { JOBS_NAMES = 18, JOBS_AGENCIES = 8, JOBS_VARIABLES = 12, JOBS_LABELS = 192 };

/* Columns by name; NULL ends each list.  A name of a category begins with '#'. */
typedef struct jobs_plan {
    const char *arm[JOBS_NAMES]; /* labels; [0] control */
    const char *outcome[JOBS_NAMES], *type[JOBS_NAMES];
    const char *covariate[JOBS_NAMES];
    const char *subgroup; /* a covariate, without '#'; for subgroups alone; NULL: none */
    const char *estimator[JOBS_NAMES];
    const char *std_error;
    const char *block, *cluster, *weight; /* NULL: none */
    const char *received;                 /* JOBS_MISSING: a column without values */
    bool received_is_arm, across, drop;
    const char *agency[JOBS_AGENCIES];                          /* names, in byte order */
    double (*change)(const char *column, size_t row, double v); /* of a number; NAN: missing */
} jobs_plan_t;

typedef struct jobs_results {
    Pilot__ResultRows *rows[4]; /* of ESTIMATE, POOL, FINISH, WHOLE */
} jobs_results_t;

/* ---- the Spec -------------------------------------------------------------------------------- */

static inline const char *jobs_name(const char *name)
{
    return name + (name[0] == '#');
}

static inline size_t jobs_count(const char *const *name)
{
    size_t count = 0;
    while (count < JOBS_NAMES && name[count])
        count++;
    return count;
}

static inline pilot_analysis_t *jobs_analysis(const jobs_plan_t *plan)
{
    made_spec_t made;
    Pilot__Arm arm[JOBS_NAMES], *arms[JOBS_NAMES];
    Pilot__Outcome outcome[JOBS_NAMES], *outcomes[JOBS_NAMES];
    Pilot__Covariate covariate[JOBS_NAMES], *covariates[JOBS_NAMES];
    made_spec_init(&made);
    Pilot__Spec *spec = &made.spec;
    spec->arm = arms;
    spec->outcome = outcomes;
    spec->covariate = covariates;
    spec->n_arm = jobs_count(plan->arm);
    spec->n_outcome = jobs_count(plan->outcome);
    spec->n_covariate = jobs_count(plan->covariate);
    spec->n_estimator = jobs_count(plan->estimator);
    spec->estimator = (char **)plan->estimator;
    spec->std_error = (char *)(plan->std_error ? plan->std_error : "auto");
    spec->has_block = plan->block != NULL;
    spec->has_cluster = plan->cluster != NULL;
    spec->has_weight = plan->weight != NULL;
    spec->has_received = plan->received != NULL;
    spec->across = plan->across;
    spec->impute = !plan->drop;
    for (size_t i = 0; i < JOBS_NAMES; i++) {
        pilot__arm__init(arms[i] = &arm[i]);
        arm[i].label = (char *)plan->arm[i];
        pilot__outcome__init(outcomes[i] = &outcome[i]);
        outcome[i].name = (char *)plan->outcome[i];
        outcome[i].type = (char *)(plan->type[i] ? plan->type[i] : "continuous");
        if (strcmp(outcome[i].type, "duration") == 0)
            outcome[i].has_event = outcome[i].event = true;
        pilot__covariate__init(covariates[i] = &covariate[i]);
        if (i >= spec->n_covariate)
            continue;
        covariate[i].name = (char *)jobs_name(plan->covariate[i]);
        covariate[i].kind = plan->covariate[i][0] == '#' ? PILOT__VARIABLE_KIND__CATEGORY
                                                         : PILOT__VARIABLE_KIND__NUMBER;
        if (!plan->subgroup || strcmp(covariate[i].name, plan->subgroup) != 0)
            continue;
        covariate[i].has_subgroup_only = covariate[i].subgroup_only = true;
        made.subgroup[0] = (uint32_t)i;
        spec->subgroup = made.subgroup;
        spec->n_subgroup = 1;
    }
    return made_analysis(spec);
}

/* ---- datasets -------------------------------------------------------------------------------- */

/* Codes by first appearance, as a submission's dictionary has them. */
typedef struct jobs_labels {
    const char *label[JOBS_LABELS];
    int count;
} jobs_labels_t;

static inline int jobs_code(jobs_labels_t *labels, const char *label)
{
    for (int i = 0; i < labels->count; i++)
        if (strcmp(labels->label[i], label) == 0)
            return i;
    if (labels->count == JOBS_LABELS) {
        printf("Bail out! more than %d labels\n", JOBS_LABELS);
        exit(1);
    }
    labels->label[labels->count] = label;
    return labels->count++;
}

static inline void jobs_put_code(made_row_t *row, jobs_labels_t *labels, const char *cell)
{
    if (*cell)
        made_code(row, jobs_code(labels, cell));
    else
        made_null(row);
}

static inline void jobs_put_number(const jobs_plan_t *plan, made_row_t *row, const char *column,
                                   size_t at, const char *cell)
{
    double value = *cell ? strtod(cell, NULL) : NAN;
    if (plan->change && *cell)
        value = plan->change(column, at, value);
    if (isnan(value))
        made_null(row);
    else
        made_number(row, value);
}

typedef struct jobs_dictionaries {
    jobs_labels_t arm, block, cluster, variable[JOBS_VARIABLES];
} jobs_dictionaries_t;

static inline void jobs_put_row(const jobs_plan_t *plan, const pilot_layout_t *layout,
                                const table_t *table, size_t at, jobs_dictionaries_t *codes,
                                made_row_t *row)
{
    made_begin(row);
    made_text(row, table_get(table, at, "unit"));
    jobs_put_code(row, &codes->arm, table_get(table, at, "arm"));
    if (plan->block)
        jobs_put_code(row, &codes->block, table_get(table, at, plan->block));
    if (plan->cluster)
        jobs_put_code(row, &codes->cluster, table_get(table, at, plan->cluster));
    if (plan->weight)
        jobs_put_number(plan, row, plan->weight, at, table_get(table, at, plan->weight));
    for (size_t i = 0; i < layout->variable_count; i++) {
        const pilot_layout_variable_t *variable = &layout->variable[i];
        const char *name = variable->received ? plan->received : variable->name;
        const char *cell = *name ? table_get(table, at, name) : "";
        if (variable->category)
            jobs_put_code(row, &codes->variable[i], cell);
        else if (*cell && variable->received && plan->received_is_arm)
            made_number(row, jobs_code(&codes->variable[i], cell));
        else
            jobs_put_number(plan, row, name, at, cell);
    }
}

static inline void jobs_put_labels(pilot_dataset_builder_t *builder, const char *column,
                                   const jobs_labels_t *labels)
{
    for (int i = 0; i < labels->count; i++)
        made_label(builder, column, labels->label[i]);
}

static inline pilot_dataset_t *jobs_dataset(const jobs_plan_t *plan,
                                            const pilot_analysis_t *analysis, const table_t *table,
                                            const char *agency)
{
    size_t rows = 0, at_agency = table_column(table, "agency");
    jobs_dictionaries_t codes = {0};
    for (size_t i = 0; i < table->rows; i++)
        rows += strcmp(table_at(table, i, at_agency), agency) == 0;
    pilot_dataset_builder_t *builder = pilot_dataset_builder_new(analysis->layout, 1, rows);
    for (size_t i = 0; i < table->rows; i++) {
        made_row_t row;
        if (strcmp(table_at(table, i, at_agency), agency) != 0)
            continue;
        jobs_put_row(plan, analysis->layout, table, i, &codes, &row);
        pilot_dataset_builder_row(builder, row.field, NULL);
    }
    jobs_put_labels(builder, "pilot_arm", &codes.arm);
    jobs_put_labels(builder, "pilot_block", &codes.block);
    jobs_put_labels(builder, "pilot_cluster", &codes.cluster);
    for (size_t i = 0; i < analysis->layout->variable_count; i++)
        jobs_put_labels(builder, analysis->layout->variable[i].name, &codes.variable[i]);
    pilot_dataset_t *dataset = NULL;
    pilot_error_t error = {0};
    if (pilot_dataset_builder_finish(builder, &dataset, &error) != PILOT_OK) {
        printf("Bail out! %s\n", error.message);
        exit(1);
    }
    pilot_dataset_builder_free(builder);
    return dataset;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static inline Pilot__Pin jobs_pin(const jobs_plan_t *plan, size_t agency, size_t rows)
{
    Pilot__Pin pin = PILOT__PIN__INIT;
    pin.agency = (char *)plan->agency[agency];
    pin.rows = rows;
    pin.agency_index = (uint32_t)agency;
    return pin;
}

static inline Pilot__ResultRows *jobs_pool(const pilot_analysis_t *analysis,
                                           const Pilot__ResultRows *estimate)
{
    pilot_parts_t parts = {0};
    pilot_report_t *report = pilot_report_new(analysis);
    made_add_part(&parts, estimate);
    if (pilot_parts_sort(&parts, NULL) != PILOT_OK ||
        pilot_pool(analysis, &parts, 0, report, NULL) != PILOT_OK)
        ok(false, "parts pool");
    pilot_parts_clear(&parts);
    return made_rows(report);
}

static inline Pilot__ResultRows *jobs_finish(const jobs_plan_t *plan,
                                             const pilot_analysis_t *analysis,
                                             pilot_dataset_t *const *dataset, size_t agencies,
                                             const Pilot__ResultRows *pooled)
{
    pilot_parts_t fit_parts = {0}, parts = {0};
    pilot_fits_t *fits = NULL;
    made_add_part(&fit_parts, pooled);
    pilot_parts_sort(&fit_parts, NULL);
    if (fit_parts.pieces == 0) {
        pilot_parts_clear(&fit_parts);
        return NULL;
    }
    if (pilot_fits_unpack(analysis, &fit_parts.reader[0], &fits, NULL) != PILOT_OK)
        ok(false, "fits unpack");
    pilot_ols_t *ols = pilot_ols_new();
    pilot_report_t *residuals = pilot_report_new(analysis);
    for (size_t i = 0; i < agencies; i++) {
        Pilot__Pin pin = jobs_pin(plan, i, dataset[i]->rows);
        pilot_residual_agency(analysis, ols, dataset[i], &pin, fits, residuals, NULL);
    }
    Pilot__ResultRows *rows = made_rows(residuals);
    made_add_part(&parts, rows);
    pilot_report_t *report = pilot_report_new(analysis);
    if (pilot_parts_sort(&parts, NULL) != PILOT_OK ||
        pilot_finish(analysis, fits, &parts, report, NULL) != PILOT_OK)
        ok(false, "residuals finish");
    pilot_message_free(&rows->base);
    pilot_ols_free(ols);
    pilot_fits_free(fits);
    pilot_parts_clear(&fit_parts);
    pilot_parts_clear(&parts);
    return made_rows(report);
}

static inline Pilot__ResultRows *jobs_whole(const pilot_analysis_t *analysis,
                                            pilot_dataset_t *const *dataset, size_t agencies)
{
    bool all[JOBS_NAMES];
    size_t rows = 0;
    for (size_t i = 0; i < JOBS_NAMES; i++)
        all[i] = true;
    for (size_t i = 0; i < agencies; i++)
        rows += dataset[i]->rows;
    pilot_merge_t *merge = pilot_merge_new(analysis, all, true, agencies, rows);
    for (size_t i = 0; i < agencies; i++)
        pilot_merge_add(merge, dataset[i]);
    pilot_dataset_t *merged = pilot_merge_finish(merge);
    pilot_merge_free(merge);
    pilot_report_t *report = pilot_report_new(analysis);
    const pilot_whole_options_t options = {.agency_index = agencies == 1 ? 0 : UINT32_MAX};
    pilot_whole_report(analysis, merged, 0, analysis->outcomes - 1, &options, report);
    pilot_dataset_free(merged);
    return made_rows(report);
}

static inline jobs_results_t jobs_run(const jobs_plan_t *plan, const table_t *table)
{
    jobs_results_t results = {0};
    pilot_analysis_t *analysis = jobs_analysis(plan);
    pilot_dataset_t *dataset[JOBS_AGENCIES] = {0};
    size_t agencies = 0;
    pilot_ols_t *ols = pilot_ols_new();
    pilot_report_t *report = pilot_report_new(analysis);
    while (agencies < JOBS_AGENCIES && plan->agency[agencies]) {
        pilot_dataset_t *one = jobs_dataset(plan, analysis, table, plan->agency[agencies]);
        Pilot__Pin pin = jobs_pin(plan, agencies, one->rows);
        dataset[agencies++] = one;
        pilot_evaluate_agency(analysis, ols, one, &pin, report);
    }
    pilot_ols_free(ols);
    results.rows[0] = made_rows(report);
    results.rows[1] = jobs_pool(analysis, results.rows[0]);
    results.rows[2] = jobs_finish(plan, analysis, dataset, agencies, results.rows[1]);
    if (analysis->has_contrast)
        results.rows[3] = jobs_whole(analysis, dataset, agencies);
    for (size_t i = 0; i < agencies; i++)
        pilot_dataset_free(dataset[i]);
    pilot_analysis_free(analysis);
    return results;
}

static inline void jobs_free(jobs_results_t *results)
{
    for (size_t i = 0; i < 4; i++)
        if (results->rows[i])
            pilot_message_free(&results->rows[i]->base);
}

/* ---- rows ------------------------------------------------------------------------------------ */

typedef struct jobs_key {
    const char *agency;                                       /* NULL: pooled */
    const char *outcome, *level, *arm, *estimand, *estimator; /* level NULL: the whole sample */
    const char *parameter;                                    /* NULL: any */
} jobs_key_t;

static inline bool jobs_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : !a && !b;
}

/* NULL when there is no such row. */
static inline const Pilot__Effect *jobs_find(const jobs_results_t *results, jobs_key_t key)
{
    for (size_t k = key.agency ? 0 : 1; k < (key.agency ? 1 : 4); k++)
        for (size_t i = 0; results->rows[k] && i < results->rows[k]->n_effect; i++) {
            const Pilot__Effect *row = results->rows[k]->effect[i];
            if (jobs_same_text(row->agency, key.agency) && !strcmp(row->outcome, key.outcome) &&
                jobs_same_text(row->level, key.level) && !strcmp(row->arm, key.arm) &&
                !strcmp(row->estimand, key.estimand) && !strcmp(row->estimator, key.estimator) &&
                (!key.parameter || jobs_same_text(row->parameter, key.parameter)))
                return row;
        }
    return NULL;
}

static inline bool jobs_same_number(bool has_a, double a, bool has_b, double b)
{
    return has_a == has_b && (!has_a || memcmp(&a, &b, sizeof a) == 0);
}

/* Bit for bit, but for the agency. */
static inline bool jobs_same_row(const Pilot__Effect *a, const Pilot__Effect *b)
{
    return a && b && jobs_same_number(a->has_estimate, a->estimate, b->has_estimate, b->estimate) &&
           jobs_same_number(a->has_std_error, a->std_error, b->has_std_error, b->std_error) &&
           jobs_same_number(a->has_df, a->df, b->has_df, b->df) &&
           jobs_same_number(a->has_p_value, a->p_value, b->has_p_value, b->p_value) &&
           jobs_same_number(a->has_ci_low, a->ci_low, b->has_ci_low, b->ci_low) && a->n == b->n &&
           a->clusters == b->clusters && a->blocks == b->blocks &&
           jobs_same_text(a->std_error_type, b->std_error_type) &&
           jobs_same_text(a->status, b->status) && jobs_same_text(a->reason, b->reason) &&
           jobs_same_text(a->detail, b->detail);
}

#endif
