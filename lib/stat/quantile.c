/* quantile.c - differences of quantiles, with a bootstrap that respects the design.
 *
 * Type-1 quantiles (Hyndman & Fan 1996), the inverse of the distribution function, of arms
 * weighted to the same mix of blocks.  Rows are sorted once; a draw is how often each unit
 * occurs, and one pass over the sorted rows gives its quantiles: docs/methods/quantiles.md. */
#include <math.h>
#include <stdlib.h>

#include "bootstrap.h"
#include "compensated.h"
#include "ordered_rows.h"
#include "pilot/memory.h"

static const double quantile_at[PILOT_QUANTILES] = {0.1, 0.25, 0.5, 0.75, 0.9};

/* A sum of weights this close to the wanted share has reached it. */
#define ROUNDING 1e-12
/* Fewer units than this beyond a quantile, and its bootstrap says little. */
#define TAIL_UNITS 5

typedef struct quantile_work {
    const ordered_rows_t *rows;
    uint32_t *sorted;  /* n: control's rows by value, then the treatment arm's */
    uint32_t *cell_of; /* n: cell of a row */
    size_t arm_rows[2];
    double *cell_weight; /* 2 x blocks, of the draw */
    double *scale;       /* 2 x blocks: how often a unit that is drawn once counts */
    double *factor;      /* 2 x blocks: what a row's weight is multiplied by */
    uint32_t *times;     /* units */
    double *difference;  /* PILOT_QUANTILES x draws */
} quantile_work_t;

typedef struct sort_key {
    double value;
    uint32_t row;
} sort_key_t;

static int by_value(const void *left, const void *right)
{
    const sort_key_t *a = left, *b = right;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static void sort_arm(quantile_work_t *work, size_t arm, uint32_t *sorted)
{
    const ordered_rows_t *rows = work->rows;
    sort_key_t *key = PILOT_NEW_ARRAY(sort_key_t, rows->n);
    size_t keys = 0;
    for (size_t b = 0; b < rows->blocks; b++) {
        const ordered_cell_t *cell = ordered_rows_cell(rows, b, arm);
        for (size_t i = cell->first; i < cell->first + cell->rows; i++) {
            work->cell_of[i] = (uint32_t)(2 * b + arm);
            key[keys++] = (sort_key_t){rows->value[i], (uint32_t)i};
        }
    }
    qsort(key, keys, sizeof *key, by_value);
    for (size_t i = 0; i < keys; i++)
        sorted[i] = key[i].row;
    work->arm_rows[arm] = keys;
    free(key);
}

static void work_init(quantile_work_t *work, const ordered_rows_t *rows, size_t draws)
{
    *work = (quantile_work_t){.rows = rows,
                              .sorted = PILOT_NEW_ARRAY(uint32_t, rows->n),
                              .cell_of = PILOT_NEW_ARRAY(uint32_t, rows->n),
                              .cell_weight = PILOT_NEW_ARRAY(double, 2 * rows->blocks),
                              .scale = PILOT_NEW_ARRAY(double, 2 * rows->blocks),
                              .factor = PILOT_NEW_ARRAY(double, 2 * rows->blocks),
                              .times = PILOT_NEW_ARRAY(uint32_t, rows->units),
                              .difference = PILOT_NEW_ARRAY(double, PILOT_QUANTILES *draws)};
    sort_arm(work, 0, work->sorted);
    sort_arm(work, 1, work->sorted + work->arm_rows[0]);
}

static void work_clear(quantile_work_t *work)
{
    free(work->sorted);
    free(work->cell_of);
    free(work->cell_weight);
    free(work->scale);
    free(work->factor);
    free(work->times);
    free(work->difference);
}

/* Weight of the draw's rows by cell. */
static void weigh_draw(quantile_work_t *work)
{
    const ordered_rows_t *rows = work->rows;
    bool same = !rows->weighted && !rows->clustered && !rows->pairs;
    for (size_t c = 0; c < 2 * rows->blocks; c++) {
        const ordered_cell_t *cell = &rows->cell[c];
        compensated_t weight = {0};
        for (size_t i = cell->first; !same && i < cell->first + cell->rows; i++)
            compensated_add(&weight, work->times[rows->unit[i]] * rows->weight[i]);
        work->cell_weight[c] =
            same ? (double)cell->rows : work->scale[c] * compensated_value(&weight);
    }
}

/* Both arms get the blocks' shares: a row of block j counts w N_j/n_jz.  Returns the sum of that,
 * the same for both arms but for one block, where rows count w and nothing is rounded. */
static void weigh_cells(quantile_work_t *work, double ret_total[2])
{
    const ordered_rows_t *rows = work->rows;
    compensated_t total = {0};
    if (rows->blocks == 1) {
        for (size_t z = 0; z < 2; z++) {
            work->factor[z] = 1;
            ret_total[z] = work->cell_weight[z];
        }
        return;
    }
    for (size_t b = 0; b < rows->blocks; b++) {
        double block = work->cell_weight[2 * b] + work->cell_weight[2 * b + 1];
        for (size_t z = 0; z < 2; z++)
            work->factor[2 * b + z] =
                block > 0 ? block / work->cell_weight[2 * b + z] * work->scale[2 * b + z] : 0;
        compensated_add(&total, block);
    }
    ret_total[0] = ret_total[1] = compensated_value(&total);
}

/* One pass up the arm's rows. */
static void take_quantiles(const quantile_work_t *work, size_t arm, double total,
                           double quantile[PILOT_QUANTILES])
{
    const ordered_rows_t *rows = work->rows;
    const uint32_t *sorted = work->sorted + (arm ? work->arm_rows[0] : 0);
    compensated_t below = {0};
    size_t next = 0;
    for (size_t i = 0; i < work->arm_rows[arm] && next < PILOT_QUANTILES; i++) {
        uint32_t row = sorted[i], times = work->times[rows->unit[row]];
        if (times == 0)
            continue;
        compensated_add(&below, times * rows->weight[row] * work->factor[work->cell_of[row]]);
        while (next < PILOT_QUANTILES &&
               compensated_value(&below) >= (quantile_at[next] - ROUNDING) * total)
            quantile[next++] = rows->value[row];
    }
}

/* From work->times. */
static void compute_differences(quantile_work_t *work, double difference[PILOT_QUANTILES])
{
    double quantile[2][PILOT_QUANTILES] = {{0}}, total[2];
    weigh_draw(work);
    weigh_cells(work, total);
    for (size_t z = 0; z < 2; z++)
        take_quantiles(work, z, total[z], quantile[z]);
    for (size_t q = 0; q < PILOT_QUANTILES; q++)
        difference[q] = quantile[1][q] - quantile[0][q];
}

/* In several blocks a cell of n units has n - 1 drawn, each counting n/(n - 1) times (Rao & Wu
 * 1988): n draws have a variance too small by (n - 1)/n, which more blocks do not mend. */
static bool draws_fewer(const ordered_rows_t *rows)
{
    return rows->blocks > 1 && !rows->pairs && !rows->all_small;
}

static void scale_cells(quantile_work_t *work, bool fewer)
{
    for (size_t c = 0; c < 2 * work->rows->blocks; c++) {
        double units = (double)work->rows->cell[c].units;
        work->scale[c] = fewer ? units / (units - 1) : 1;
    }
}

/* Units of an arm beyond the q-th quantile, as far as its share goes. */
static double tail_units(const ordered_rows_t *rows, size_t q)
{
    size_t units[2] = {0};
    for (size_t c = 0; c < 2 * rows->blocks; c++)
        units[c % 2] += rows->cell[c].units;
    return fmin(quantile_at[q], 1 - quantile_at[q]) *
           (double)(units[0] < units[1] ? units[0] : units[1]);
}

static void infer(const ordered_rows_t *rows, size_t q, double *draw, size_t draws,
                  double confidence, pilot_estimate_t *row)
{
    double deviation = bootstrap_deviation(draw, draws);
    if (!isfinite(deviation) || !row->estimate.given) {
        pilot_estimate_refuse(row, PILOT_REASON_VARIANCE_UNIDENTIFIED);
        pilot_estimate_note(row, "sums go beyond the range of numbers");
        return;
    }
    if (!(deviation > 0)) {
        pilot_estimate_refuse(row, PILOT_REASON_ZERO_VARIANCE);
        pilot_estimate_note(row, "the same in all %zu draws", draws);
        return;
    }
    row->std_error = PILOT_GIVEN(deviation);
    row->std_error_type = PILOT_SE_BOOTSTRAP;
    pilot_estimate_infer(row, confidence);
    bootstrap_sort(draw, draws);
    pilot_estimate_note(row, "%zu draws, percentile interval %.6g to %.6g", draws,
                        bootstrap_quantile(draw, draws, (1 - confidence) / 2),
                        bootstrap_quantile(draw, draws, (1 + confidence) / 2));
    if (tail_units(rows, q) < TAIL_UNITS) {
        row->status = PILOT_ROW_FLAGGED;
        pilot_estimate_note(row, "small_tail: fewer than %d units beyond it in an arm", TAIL_UNITS);
    }
}

static void estimate_rows(const ordered_rows_t *rows, const pilot_contrast_options_t *options,
                          pilot_estimate_t row[PILOT_QUANTILES])
{
    bool varies = !rows->all_small || rows->pairs, constant = ordered_rows_constant(rows);
    size_t draws = varies && !constant ? bootstrap_draws(options) : 0;
    double difference[PILOT_QUANTILES];
    quantile_work_t work;
    work_init(&work, rows, draws);
    for (size_t u = 0; u < rows->units; u++)
        work.times[u] = 1;
    scale_cells(&work, false);
    compute_differences(&work, difference);
    for (size_t q = 0; q < PILOT_QUANTILES; q++) {
        ordered_rows_count(rows, &row[q]);
        if (isfinite(difference[q]))
            row[q].estimate = PILOT_GIVEN(difference[q]);
    }
    scale_cells(&work, draws_fewer(rows));
    for (size_t draw = 0; draw < draws; draw++) {
        bootstrap_draw(rows, options, draw, draws_fewer(rows), work.times);
        compute_differences(&work, difference);
        for (size_t q = 0; q < PILOT_QUANTILES; q++)
            work.difference[q * draws + draw] = difference[q];
    }
    for (size_t q = 0; q < PILOT_QUANTILES; q++) {
        if (!varies)
            pilot_estimate_refuse(&row[q], ordered_rows_small_reason(rows));
        else if (constant)
            pilot_estimate_refuse(&row[q], PILOT_REASON_CONSTANT_OUTCOME);
        else
            infer(rows, q, work.difference + q * draws, draws, options->confidence, &row[q]);
        ordered_rows_note(rows, &row[q]);
    }
    work_clear(&work);
}

void pilot_quantile_estimate(const pilot_sample_t *sample, const pilot_contrast_options_t *options,
                             pilot_estimate_t *ret_estimate)
{
    pilot_estimate_t row[PILOT_QUANTILES] = {{.status = PILOT_ROW_OK}};
    ordered_rows_t rows;
    pilot_reason_t reason = ordered_rows_make(sample, false, 2, &rows);
    if (reason == PILOT_REASON_NONE)
        estimate_rows(&rows, options, row);
    for (size_t q = 0; q < PILOT_QUANTILES; q++) {
        if (reason != PILOT_REASON_NONE)
            pilot_estimate_refuse(&row[q], reason);
        ret_estimate[q] = row[q];
    }
    ordered_rows_clear(&rows);
}
