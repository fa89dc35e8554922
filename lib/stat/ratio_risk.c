/* ratio_risk.c - log risk ratio and log odds ratio of a binary outcome: the ratio of the two arms'
 * block-standardized risks, with the delta method; tables with a 0 cell take the score interval.
 * See docs/methods/ratios.md. */
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "distribution.h"
#include "pilot/dim.h"
#include "pilot/memory.h"
#include "ratio.h"

typedef struct cell {
    size_t n, events;
    compensated_t weight, weighted_events;
} cell_t;

typedef struct risk {
    ratio_kind_t kind;
    contrast_rows_t rows;
    cell_t (*cell)[2]; /* by block and arm, 0 control */
    double weight;     /* of all rows */
    double value[2];   /* standardized risk by arm ... */
    double left[2];    /* ... and 1 - risk, summed from those without the outcome */
    size_t events[2], none[2];
    size_t small; /* blocks left out, since no formula gives them a variance */
} risk_t;

static void sum_cells(risk_t *risk)
{
    const contrast_rows_t *rows = &risk->rows;
    compensated_t weight = {0};
    free(risk->cell);
    risk->cell = pilot_alloc(rows->blocks + 1, sizeof *risk->cell);
    for (int arm = 0; arm < 2; arm++)
        risk->events[arm] = risk->none[arm] = 0;
    for (size_t i = 0; i < rows->n; i++) {
        int arm = rows->treated[i] != 0;
        cell_t *cell = &risk->cell[rows->block[i]][arm];
        bool event = rows->outcome[i] != 0;
        cell->n++;
        compensated_add(&cell->weight, rows->weight[i]);
        compensated_add(&weight, rows->weight[i]);
        if (event) {
            cell->events++;
            compensated_add(&cell->weighted_events, rows->weight[i]);
        }
        risk->events[arm] += event;
        risk->none[arm] += !event;
    }
    risk->weight = compensated_value(&weight);
}

static double block_weight(const risk_t *risk, size_t block)
{
    return compensated_value(&risk->cell[block][0].weight) +
           compensated_value(&risk->cell[block][1].weight);
}

/* Risks standardized to the blocks' shares of all rows. */
static void standardize(risk_t *risk)
{
    for (int arm = 0; arm < 2; arm++) {
        compensated_t value = {0}, left = {0};
        for (size_t b = 0; b < risk->rows.blocks; b++) {
            const cell_t *cell = &risk->cell[b][arm];
            double weight = compensated_value(&cell->weight);
            double events = compensated_value(&cell->weighted_events);
            double share = risk->rows.blocks == 1 ? 1 : block_weight(risk, b) / risk->weight;
            bool all = cell->events == cell->n;
            compensated_add(&value, all ? share : share * (events / weight));
            compensated_add(&left, all ? 0 : share * ((weight - events) / weight));
        }
        risk->value[arm] = compensated_value(&value);
        risk->left[arm] = compensated_value(&left);
    }
}

/* -INFINITY and INFINITY where one arm's is 0; NAN where both are. */
static double log_ratio(const risk_t *risk)
{
    double one = log(risk->value[1]), zero = log(risk->value[0]);
    if (risk->kind == RATIO_ODDS) {
        one -= log(risk->left[1]);
        zero -= log(risk->left[0]);
    }
    return one - zero;
}

/* What the logarithm changes by, a unit of the arm's risk. */
static double slope(const risk_t *risk, int arm)
{
    double value = risk->value[arm];
    return risk->kind == RATIO_ODDS ? 1 / (value * risk->left[arm]) : 1 / value;
}

/* One block, no weights, no clusters: 1/a - 1/n1 + 1/c - 1/n0, or 1/a + 1/b + 1/c + 1/d. */
static double table_variance(const risk_t *risk)
{
    double variance = 0;
    for (int arm = 0; arm < 2; arm++) {
        double events = (double)risk->events[arm], none = (double)risk->none[arm];
        variance +=
            risk->kind == RATIO_ODDS ? 1 / events + 1 / none : none / (events * (events + none));
    }
    return variance;
}

/* One block: influences summed within clusters, squared; clusters times S/(S-1). */
static double one_block_variance(const risk_t *risk, const contrast_unit_t *unit, size_t units)
{
    const contrast_rows_t *rows = &risk->rows;
    compensated_t variance = {0};
    double clusters = (double)units;
    if (!rows->cluster && !rows->weighted)
        return table_variance(risk);
    for (size_t u = 0; u < units; u++) {
        int arm = unit[u].treated;
        double scale = slope(risk, arm) / compensated_value(&risk->cell[0][arm].weight);
        compensated_t sum = {0};
        for (size_t i = unit[u].first; i < unit[u].end; i++)
            compensated_add(&sum, rows->weight[i] * (rows->outcome[i] != 0 ? risk->left[arm]
                                                                           : -risk->value[arm]));
        compensated_add(&variance,
                        compensated_value(&sum) * compensated_value(&sum) * scale * scale);
    }
    return compensated_value(&variance) * (rows->cluster ? clusters / (clusters - 1) : 1);
}

/* Several blocks: to first order the logarithm is the difference in means of the outcome times its
 * arm's slope, so that estimator's variance for this design is the variance. */
static pilot_estimate_t linearized(const risk_t *risk)
{
    const contrast_rows_t *rows = &risk->rows;
    double *value = pilot_alloc_raw(rows->n, sizeof *value);
    uint16_t *arm = pilot_alloc_raw(rows->n, sizeof *arm);
    pilot_frame_t frame = {.rows = rows->n,
                           .arms = 2,
                           .arm = arm,
                           .block = rows->block,
                           .blocks = rows->blocks,
                           .cluster = rows->cluster,
                           .clusters = rows->clusters,
                           .weight = rows->weighted ? rows->weight : NULL};
    pilot_variable_t outcome = {value, NULL};
    pilot_dim_summary_t *summary;
    pilot_estimate_t row;
    for (size_t i = 0; i < rows->n; i++) {
        arm[i] = rows->treated[i] != 0;
        value[i] = rows->outcome[i] * slope(risk, arm[i]);
    }
    summary = pilot_dim_summarize(&frame, &outcome, NULL, 0, false);
    pilot_dim_estimate((const pilot_dim_summary_t *const *)&summary, 1, 1, 0, 0.95, &row);
    pilot_dim_summary_free(summary);
    free(value);
    free(arm);
    return row;
}

/* Blocks with one unit in an arm, where difference in means has no formula for them. */
static void drop_small(risk_t *risk, const contrast_unit_t *unit, size_t units)
{
    size_t(*count)[2] = pilot_alloc(risk->rows.blocks + 1, sizeof *count);
    uint8_t *keep = PILOT_NEW_ARRAY(uint8_t, risk->rows.blocks + 1);
    for (size_t u = 0; u < units; u++)
        count[unit[u].block][unit[u].treated]++;
    for (size_t b = 0; b < risk->rows.blocks; b++) {
        keep[b] = count[b][0] > 1 && count[b][1] > 1;
        risk->small += !keep[b];
    }
    contrast_rows_keep_blocks(&risk->rows, keep);
    free(count);
    free(keep);
}

static void score_test(const risk_t *risk, const ratio_table_t *table, pilot_estimate_t *row)
{
    double statistic = ratio_score(risk->kind, table, risk->rows.blocks, 0);
    row->statistic = PILOT_GIVEN(statistic);
    row->p_value = PILOT_GIVEN(pilot_normal_two_sided(statistic));
}

static void score_interval(const risk_t *risk, const ratio_table_t *table, double logarithm,
                           double confidence, pilot_estimate_t *row)
{
    double critical = pilot_normal_critical(confidence), end;
    size_t blocks = risk->rows.blocks;
    if (logarithm > -INFINITY && ratio_score_solve(risk->kind, table, blocks, critical, &end))
        row->ci_low = PILOT_GIVEN(end);
    if (logarithm < INFINITY && ratio_score_solve(risk->kind, table, blocks, -critical, &end))
        row->ci_high = PILOT_GIVEN(end);
}

/* Which cell is 0, in words. */
static void note_cell(const risk_t *risk, pilot_estimate_t *row)
{
    static const char *const name[] = {"control", "treatment"};
    for (int arm = 1; arm >= 0; arm--) {
        if (risk->events[arm] == 0)
            pilot_estimate_note(row, "nobody in the %s arm has the outcome", name[arm]);
        if (risk->none[arm] == 0)
            pilot_estimate_note(row, "all in the %s arm have the outcome", name[arm]);
    }
}

/* A 0 cell: the delta method has no variance there. */
static void zero_cell(const risk_t *risk, double confidence, pilot_estimate_t *row)
{
    const contrast_rows_t *rows = &risk->rows;
    double logarithm = log_ratio(risk);
    bool finite = isfinite(logarithm), defined = !rows->cluster && !rows->weighted;
    ratio_table_t *table = PILOT_NEW_ARRAY(ratio_table_t, rows->blocks + 1);
    for (size_t b = 0; b < rows->blocks; b++) {
        const cell_t *cell = risk->cell[b];
        table[b] = (ratio_table_t){.treated_events = (double)cell[1].events,
                                   .treated = (double)cell[1].n,
                                   .control_events = (double)cell[0].events,
                                   .control = (double)cell[0].n,
                                   .share = block_weight(risk, b) / risk->weight};
    }
    if (finite)
        row->estimate = PILOT_GIVEN(logarithm);
    row->status = defined ? PILOT_ROW_FLAGGED : PILOT_ROW_NOT_ESTIMABLE;
    row->reason = finite ? PILOT_REASON_ZERO_VARIANCE : PILOT_REASON_NOT_CONVERGED;
    if (defined) {
        row->std_error_type = PILOT_SE_SCORE;
        score_test(risk, table, row);
        if (risk->kind == RATIO_RISK || rows->blocks == 1)
            score_interval(risk, table, logarithm, confidence, row);
    }
    ratio_note_extreme(row, logarithm);
    note_cell(risk, row);
    if (!defined)
        pilot_estimate_note(row, "no score interval with %s",
                            rows->cluster ? "clusters" : "weights");
    else if (!row->ci_low.given && !row->ci_high.given)
        pilot_estimate_note(row, "score test; no score interval in blocks");
    else
        pilot_estimate_note(row, "Miettinen-Nurminen score interval");
    free(table);
}

/* The same outcome for all. */
static void constant(const risk_t *risk, pilot_estimate_t *row)
{
    if (risk->kind == RATIO_RISK && risk->events[0] > 0)
        row->estimate = PILOT_GIVEN(0);
    pilot_estimate_refuse(row, PILOT_REASON_CONSTANT_OUTCOME);
    note_cell(risk, row);
}

static void delta(const risk_t *risk, double variance, double confidence, pilot_estimate_t *row)
{
    row->estimate = PILOT_GIVEN(log_ratio(risk));
    if (!(variance > 0)) {
        contrast_no_std_error(row, PILOT_REASON_ZERO_VARIANCE);
    } else {
        row->std_error = PILOT_GIVEN(sqrt(variance));
        row->std_error_type = PILOT_SE_DELTA;
        pilot_estimate_infer(row, confidence);
    }
    ratio_note(row);
}

static bool any_zero_cell(const risk_t *risk)
{
    return !risk->events[0] || !risk->events[1] || !risk->none[0] || !risk->none[1];
}

static void several_blocks(const risk_t *risk, const pilot_estimate_t *of_means, double confidence,
                           pilot_estimate_t *row)
{
    if (of_means->std_error.given) {
        delta(risk, of_means->std_error.value * of_means->std_error.value, confidence, row);
        return;
    }
    row->estimate = PILOT_GIVEN(log_ratio(risk));
    contrast_no_std_error(row, of_means->reason);
    ratio_note(row);
}

/* From the rows to the row; false: blocks had to be left out, and it is to be done again. */
static bool estimate(risk_t *risk, double confidence, pilot_estimate_t *row)
{
    size_t units, treated, control;
    contrast_unit_t *unit = contrast_rows_units(&risk->rows, &units);
    bool done = true;
    contrast_count_units(unit, units, &treated, &control);
    sum_cells(risk);
    standardize(risk);
    contrast_rows_fill(&risk->rows, row);
    row->clusters = risk->rows.cluster ? units : 0;
    if (risk->events[0] + risk->events[1] == 0 || risk->none[0] + risk->none[1] == 0) {
        constant(risk, row);
    } else if (any_zero_cell(risk)) {
        zero_cell(risk, confidence, row);
    } else if (risk->rows.cluster && (treated == 1 || control == 1)) {
        row->estimate = PILOT_GIVEN(log_ratio(risk));
        contrast_no_std_error(row, PILOT_REASON_ONE_CLUSTER_PER_ARM);
        ratio_note(row);
    } else if (risk->rows.blocks == 1) {
        delta(risk, one_block_variance(risk, unit, units), confidence, row);
    } else {
        pilot_estimate_t of_means = linearized(risk);
        done = of_means.blocks == risk->rows.blocks;
        if (done)
            several_blocks(risk, &of_means, confidence, row);
        else
            drop_small(risk, unit, units);
    }
    free(unit);
    return done;
}

static bool is_binary(const contrast_rows_t *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->outcome[i] != 0 && rows->outcome[i] != 1)
            return false;
    return true;
}

static void ratio_estimate(ratio_kind_t kind, const pilot_sample_t *sample,
                           const pilot_contrast_options_t *options, pilot_estimate_t *ret_estimate)
{
    risk_t risk = {.kind = kind};
    pilot_estimate_t row = {.status = PILOT_ROW_OK};
    contrast_rows_take(sample, &risk.rows);
    contrast_rows_drop_lacking(&risk.rows);
    if (!contrast_rows_refuse(&risk.rows, sample, &row)) {
        if (is_binary(&risk.rows)) {
            while (!estimate(&risk, options->confidence, &row))
                row = (pilot_estimate_t){.status = PILOT_ROW_OK};
        } else {
            pilot_estimate_refuse(&row, PILOT_REASON_OUTCOME_TYPE);
            pilot_estimate_note(&row, "a value other than 0 and 1");
        }
    }
    contrast_rows_note_left_out(&risk.rows, risk.small, &row);
    ratio_note_crossing(&risk.rows, "where each part counts as a cluster", &row);
    contrast_rows_clear(&risk.rows);
    free(risk.cell);
    *ret_estimate = row;
}

void pilot_risk_ratio_estimate(const pilot_sample_t *sample,
                               const pilot_contrast_options_t *options,
                               pilot_estimate_t *ret_estimate)
{
    ratio_estimate(RATIO_RISK, sample, options, ret_estimate);
}

void pilot_odds_ratio_estimate(const pilot_sample_t *sample,
                               const pilot_contrast_options_t *options,
                               pilot_estimate_t *ret_estimate)
{
    ratio_estimate(RATIO_ODDS, sample, options, ret_estimate);
}
