/* rank.c - P(treated > control) + half P(equal), with the Brunner-Munzel standard error.
 *
 * Brunner & Munzel (2000), "The nonparametric Behrens-Fisher problem: asymptotic theory and a
 * small-sample approximation".  Their variance is that of the two mean placements, and their df
 * are Welch's, which is how blocks, clusters and weights come in: docs/methods/ranks.md. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "ordered_rows.h"
#include "pilot/memory.h"

#define NULL_VALUE 0.5
/* A unit with nearly all of its arm's weight, as in difference in means. */
#define LEVERAGE_ONE 1e-9

typedef struct rank_work {
    const ordered_rows_t *rows;
    double *placement;   /* by row: share of the other arm below it, ties counted half */
    double *unit_score;  /* by unit: sum of w (placement - mean) ... */
    double *unit_weight; /* ... and of w */
} rank_work_t;

typedef struct rank_arm {
    double mean, variance;
    size_t units;
    bool leverage_one;
} rank_arm_t;

/* Weight of the run of rows that tie with `value`, from place *at on; moves *at behind it. */
static double take_ties(const ordered_rows_t *rows, const ordered_cell_t *cell, double value,
                        size_t *at)
{
    compensated_t weight = {0};
    while (*at < cell->present && rows->value[cell->first + *at] == value)
        compensated_add(&weight, rows->weight[cell->first + (*at)++]);
    return compensated_value(&weight);
}

/* Both cells ascend: one merge gives every row its placement. */
static void place_block(rank_work_t *work, const ordered_cell_t *control,
                        const ordered_cell_t *treated)
{
    const ordered_rows_t *rows = work->rows;
    const ordered_cell_t *cell[2] = {control, treated};
    compensated_t below[2] = {{0, 0}, {0, 0}};
    size_t at[2] = {0, 0};
    while (at[0] < control->present || at[1] < treated->present) {
        size_t from[2] = {at[0], at[1]};
        double value = INFINITY, tied[2];
        for (size_t z = 0; z < 2; z++)
            if (at[z] < cell[z]->present)
                value = fmin(value, rows->value[cell[z]->first + at[z]]);
        for (size_t z = 0; z < 2; z++)
            tied[z] = take_ties(rows, cell[z], value, &at[z]);
        for (size_t z = 0; z < 2; z++)
            for (size_t i = from[z]; i < at[z]; i++)
                work->placement[cell[z]->first + i] =
                    (compensated_value(&below[1 - z]) + tied[1 - z] / 2) / cell[1 - z]->weight;
        for (size_t z = 0; z < 2; z++)
            compensated_add(&below[z], tied[z]);
    }
}

/* Mean placement and its variance: over units, with the leverage of a (weighted) mean.  Without
 * clusters and weights that is S^2/n. */
static rank_arm_t summarize_arm(rank_work_t *work, const ordered_cell_t *cell)
{
    const ordered_rows_t *rows = work->rows;
    rank_arm_t arm = {.units = cell->units};
    compensated_t sum = {0}, variance = {0};
    for (size_t i = cell->first; i < cell->first + cell->rows; i++)
        compensated_add(&sum, rows->weight[i] * work->placement[i]);
    arm.mean = compensated_value(&sum) / cell->weight;
    for (size_t i = cell->first; i < cell->first + cell->rows; i++) {
        work->unit_score[rows->unit[i]] += rows->weight[i] * (work->placement[i] - arm.mean);
        work->unit_weight[rows->unit[i]] += rows->weight[i];
    }
    for (size_t u = cell->first_unit; u < cell->first_unit + cell->units; u++) {
        double rest = 1 - work->unit_weight[u] / cell->weight;
        double score = work->unit_score[u] / cell->weight;
        if (rest <= LEVERAGE_ONE)
            arm.leverage_one = true;
        else
            compensated_add(&variance, score * score / rest);
    }
    arm.variance = compensated_value(&variance);
    return arm;
}

/* Sums over blocks. */
typedef struct rank_total {
    double estimate, variance, df;
    bool leverage_one;
} rank_total_t;

static double total_weight(const ordered_rows_t *rows)
{
    compensated_t weight = {0};
    for (size_t b = 0; b < rows->blocks; b++)
        compensated_add(&weight, ordered_rows_block_weight(rows, b));
    return compensated_value(&weight);
}

static rank_total_t sum_blocks(rank_work_t *work, double *effect)
{
    const ordered_rows_t *rows = work->rows;
    double weight = total_weight(rows), variance;
    compensated_t estimate = {0}, total = {0}, squares = {0};
    rank_total_t result = {0};
    for (size_t b = 0; b < rows->blocks; b++) {
        const ordered_cell_t *control = ordered_rows_cell(rows, b, 0);
        const ordered_cell_t *treated = ordered_rows_cell(rows, b, 1);
        double share = rows->blocks == 1 ? 1 : ordered_rows_block_weight(rows, b) / weight;
        place_block(work, control, treated);
        rank_arm_t arm[2] = {summarize_arm(work, control), summarize_arm(work, treated)};
        effect[b] = arm[1].mean;
        compensated_add(&estimate, share * effect[b]);
        for (size_t z = 0; z < 2; z++) {
            double part = share * share * arm[z].variance;
            result.leverage_one |= arm[z].leverage_one;
            compensated_add(&total, part);
            compensated_add(&squares, part * part / ((double)arm[z].units - 1));
        }
    }
    variance = compensated_value(&total);
    result.estimate = compensated_value(&estimate);
    result.variance = variance;
    result.df = variance * variance / compensated_value(&squares);
    return result;
}

/* Imai, King & Nall (2009): the spread of the pairs' own numbers. */
static void sum_pairs(const ordered_rows_t *rows, const double *effect, rank_total_t *total)
{
    double pairs = (double)rows->blocks, weight = total_weight(rows);
    compensated_t squares = {0};
    for (size_t b = 0; b < rows->blocks; b++) {
        double share = ordered_rows_block_weight(rows, b) / weight * pairs;
        double distance = share * effect[b] - total->estimate;
        compensated_add(&squares, distance * distance);
    }
    total->variance = compensated_value(&squares) / (pairs * (pairs - 1));
    total->df = pairs - 1;
    total->leverage_one = false;
}

static void infer(const ordered_rows_t *rows, const rank_total_t *total, double confidence,
                  pilot_estimate_t *row)
{
    if (rows->all_small && !rows->pairs) {
        pilot_estimate_refuse(row, ordered_rows_small_reason(rows));
    } else if (ordered_rows_constant(rows)) {
        pilot_estimate_refuse(row, PILOT_REASON_CONSTANT_OUTCOME);
    } else if (total->leverage_one) {
        pilot_estimate_refuse(row, PILOT_REASON_LEVERAGE_ONE);
    } else if (!(total->variance > 16 * DBL_EPSILON * DBL_EPSILON)) {
        pilot_estimate_refuse(row, PILOT_REASON_ZERO_VARIANCE);
        if (total->estimate == 0 || total->estimate == 1)
            pilot_estimate_note(row, "the arms' outcomes do not overlap");
    } else {
        row->std_error = PILOT_GIVEN(sqrt(total->variance));
        row->std_error_type = rows->pairs ? PILOT_SE_PAIRS : PILOT_SE_LINEARIZED;
        row->df = PILOT_GIVEN(total->df);
        pilot_estimate_infer_against(row, NULL_VALUE, confidence);
        /* It is a probability. */
        if (row->ci_low.given) {
            row->ci_low.value = fmax(row->ci_low.value, 0);
            row->ci_high.value = fmin(row->ci_high.value, 1);
        }
    }
}

void pilot_rank_estimate(const pilot_sample_t *sample, const pilot_contrast_options_t *options,
                         pilot_estimate_t *ret_estimate)
{
    pilot_estimate_t row = {.status = PILOT_ROW_OK};
    ordered_rows_t rows;
    pilot_reason_t reason = ordered_rows_make(sample, false, 2, &rows);
    if (reason != PILOT_REASON_NONE) {
        pilot_estimate_refuse(&row, reason);
    } else {
        rank_work_t work = {.rows = &rows,
                            .placement = PILOT_NEW_ARRAY(double, rows.n),
                            .unit_score = PILOT_NEW_ARRAY(double, rows.units),
                            .unit_weight = PILOT_NEW_ARRAY(double, rows.units)};
        double *effect = PILOT_NEW_ARRAY(double, rows.blocks);
        rank_total_t total = sum_blocks(&work, effect);
        if (rows.pairs)
            sum_pairs(&rows, effect, &total);
        ordered_rows_count(&rows, &row);
        row.estimate = PILOT_GIVEN(total.estimate);
        infer(&rows, &total, options->confidence, &row);
        ordered_rows_note(&rows, &row);
        free(effect);
        free(work.placement);
        free(work.unit_score);
        free(work.unit_weight);
    }
    ordered_rows_clear(&rows);
    *ret_estimate = row;
}
