/* worker_targets_run.h - agencies' rows of tests/golden/decoupling through all jobs of an analysis
 * in which the outcome y stands for z. */
#ifndef PILOT_WORKER_TARGETS_RUN_H
#define PILOT_WORKER_TARGETS_RUN_H

#include <math.h>
#include <stdlib.h>

#include "../../worker/evaluate.h"
#include "../../worker/pooled.h"
#include "../harness/table.h"
#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/wire.h"
#include "worker_made_data.h"
#include "worker_made_rows.h"

enum { AGENCIES = 3 };
static const char *const agencies[AGENCIES] = {"a1", "a2", "a3"};

static inline bool near(double got, double want, double relative)
{
    return fabs(got - want) <= relative * fabs(want);
}

/* y stands for z; one covariate. */
static inline void make_spec(made_spec_t *made, const char *estimator)
{
    made_spec_init(made);
    made->outcome[0].stands_for = (char *)"z";
    made->spec.n_covariate = 1;
    made->estimator[0] = (char *)estimator;
    made->spec.n_estimator = 1;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static inline int code_of(const char *const *label, int labels, const char *text)
{
    int code = 0;
    while (code < labels && strcmp(label[code], text) != 0)
        code++;
    return code;
}

static inline void add_cell(made_row_t *row, const char *text)
{
    if (*text)
        made_number(row, strtod(text, NULL));
    else
        made_null(row);
}

/* One agency's rows of the table, as the analysis wants them.  alter: NULL or a change of y, z. */
typedef void (*alter_t)(double *y, double *z, int arm);

static inline pilot_dataset_t *make_dataset(const pilot_analysis_t *analysis, const table_t *table,
                                            const char *agency, alter_t alter)
{
    static const char *const arms[] = {"c", "a", "b"}, *const blocks[] = {"p", "q"};
    char label[18][16];
    const char *cluster[18];
    size_t rows = 0;
    for (size_t i = 0; i < table->rows; i++)
        rows += strcmp(table_get(table, i, "agency"), agency) == 0;
    pilot_dataset_builder_t *builder = pilot_dataset_builder_new(analysis->layout, 1, rows);
    for (int i = 0; i < 3; i++)
        made_label(builder, "pilot_arm", arms[i]);
    for (int i = 0; i < 2; i++)
        made_label(builder, "pilot_block", blocks[i]);
    for (int i = 0; i < 18; i++) {
        snprintf(label[i], sizeof label[i], "%s%s%d", agency, blocks[i / 9], i % 9 + 1);
        cluster[i] = label[i];
        made_label(builder, "pilot_cluster", cluster[i]);
    }
    for (size_t i = 0; i < table->rows; i++) {
        if (strcmp(table_get(table, i, "agency"), agency) != 0)
            continue;
        made_row_t row;
        int arm = code_of(arms, 3, table_get(table, i, "arm"));
        const char *text[2] = {table_get(table, i, "y"), table_get(table, i, "z")};
        made_begin(&row);
        made_text(&row, table_get(table, i, "unit"));
        made_code(&row, arm);
        if (analysis->layout->has_block)
            made_code(&row, code_of(blocks, 2, table_get(table, i, "block")));
        if (analysis->layout->has_cluster)
            made_code(&row, code_of(cluster, 18, table_get(table, i, "cluster")));
        if (analysis->layout->has_weight)
            made_number(&row, strtod(table_get(table, i, "weight"), NULL));
        double value[2] = {strtod(text[0], NULL), strtod(text[1], NULL)};
        if (alter)
            alter(&value[0], &value[1], arm);
        for (int v = 0; v < 2; v++)
            if (*text[v])
                made_number(&row, value[v]);
            else
                made_null(&row);
        add_cell(&row, table_get(table, i, "x"));
        pilot_dataset_builder_row(builder, row.field, NULL);
    }
    pilot_dataset_t *dataset = NULL;
    pilot_dataset_builder_finish(builder, &dataset, NULL);
    pilot_dataset_builder_free(builder);
    return dataset;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static inline Pilot__Pin make_pin(uint32_t index)
{
    Pilot__Pin pin = PILOT__PIN__INIT;
    pin.submission = index;
    pin.agency = (char *)agencies[index];
    pin.agency_index = index;
    return pin;
}

/* All jobs of some agencies. */
typedef struct run {
    Pilot__ResultRows *own[AGENCIES], *finished;
    bool refused; /* FINISH gave an error */
} run_t;

/* lost: so many agencies, the last ones, have no residuals; given_up: no first parts either. */
static inline run_t run(const pilot_analysis_t *analysis, pilot_dataset_t *const *dataset,
                        uint32_t count, uint32_t lost, uint64_t given_up)
{
    run_t all = {0};
    pilot_ols_t *ols = pilot_ols_new();
    pilot_parts_t first = {0}, fit = {0}, second = {0};
    for (uint32_t i = 0; i < count; i++) {
        Pilot__Pin pin = make_pin(i);
        pilot_report_t *report = pilot_report_new(analysis);
        pilot_evaluate_agency(analysis, ols, dataset[i], &pin, report);
        all.own[i] = made_rows(report);
        made_add_part(&first, all.own[i]);
    }
    pilot_parts_sort(&first, NULL);
    pilot_report_t *report = pilot_report_new(analysis);
    bool good = pilot_pool(analysis, &first, given_up, report, NULL) == PILOT_OK;
    Pilot__ResultRows *pooled = made_rows(report);
    made_add_part(&fit, pooled);
    pilot_parts_sort(&fit, NULL);
    pilot_fits_t *fits = NULL;
    good = good && pilot_fits_unpack(analysis, &fit.reader[0], &fits, NULL) == PILOT_OK &&
           pilot_piece_at_end(&fit.reader[0]);
    for (uint32_t i = 0; good && i < count - lost; i++) {
        Pilot__Pin pin = make_pin(i);
        report = pilot_report_new(analysis);
        good &= !pilot_residual_agency(analysis, ols, dataset[i], &pin, fits, report, NULL);
        Pilot__ResultRows *rows = made_rows(report);
        made_add_part(&second, rows);
        pilot_message_free(&rows->base);
    }
    pilot_parts_sort(&second, NULL);
    report = pilot_report_new(analysis);
    good = good && pilot_finish(analysis, fits, &second, report, NULL) == PILOT_OK;
    for (size_t i = 0; i < second.pieces && lost == 0; i++)
        good &= pilot_piece_at_end(&second.reader[i]);
    all.finished = made_rows(report);
    all.refused = !good;
    pilot_message_free(&pooled->base);
    pilot_fits_free(fits);
    pilot_parts_clear(&first);
    pilot_parts_clear(&fit);
    pilot_parts_clear(&second);
    pilot_ols_free(ols);
    return all;
}

static inline void run_clear(run_t *all)
{
    for (size_t i = 0; i < AGENCIES; i++)
        if (all->own[i])
            pilot_message_free(&all->own[i]->base);
    pilot_message_free(&all->finished->base);
}

static inline const Pilot__Quality *find(const Pilot__ResultRows *rows, const char *check,
                                         const char *arm)
{
    for (size_t i = 0; i < rows->n_quality; i++)
        if (strcmp(rows->quality[i]->check, check) == 0 && rows->quality[i]->arm &&
            strcmp(rows->quality[i]->arm, arm) == 0)
            return rows->quality[i];
    return NULL;
}

#endif
