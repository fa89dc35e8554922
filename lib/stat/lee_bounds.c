/* lee_bounds.c - bounds on the effect among those whose outcome is observed in either arm.
 *
 * Lee (2009), "Training, wages, and sample selection", proposition 2 and 3, with the boundary unit
 * trimmed by the fraction that is wanted.  The variance is the sum of squared influences, which
 * in a complete design is Lee's formula; blocks, clusters, weights and cells come in there:
 * docs/methods/bounds.md. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "imbens_manski.h"
#include "lee_cells.h"
#include "ordered_rows.h"
#include "pilot/memory.h"

/* Shares this close are equal. */
#define SAME_SHARE 1e-12

/* Mean of an arm's observed rows after trimming q of their weight at one end. */
typedef struct trimmed {
    double q, mean;
    double edge;  /* the last outcome that is kept */
    size_t whole; /* rows kept whole, from the end that is not trimmed */
    double part;  /* share of the next one that is kept */
    bool top;     /* trimmed above */
} trimmed_t;

/* One cell's comparison. */
typedef struct comparison {
    size_t trimmed_arm;
    trimmed_t trimmed;
    double effect;
    double share[2]; /* how each arm's observed weight counts for the cell's share */
} comparison_t;

/* One bound. */
typedef struct bound {
    double estimate, variance;
    comparison_t *cell;
    double total; /* sum of the cells' shares */
} bound_t;

typedef struct work {
    const ordered_rows_t *rows;
    lee_cells_t cells;
    double *influence;  /* n */
    double *kept;       /* n; share of the row that is left in the trimmed arm */
    double *unit_score; /* units */
} work_t;

/* The k-th row from the end that is kept. */
static uint32_t kept_row(const lee_arm_t *arm, bool top, size_t k)
{
    return arm->row[top ? k : arm->observed - 1 - k];
}

static trimmed_t trim(const work_t *work, const lee_arm_t *arm, double q, bool top)
{
    const ordered_rows_t *rows = work->rows;
    double keep = (1 - q) * arm->observed_weight;
    trimmed_t trimmed = {.q = q, .top = top};
    compensated_t kept = {0}, sum = {0};
    for (size_t k = 0; k < arm->observed; k++) {
        uint32_t i = kept_row(arm, top, k);
        double weight = work->cells.weight[i], left = keep - compensated_value(&kept);
        double value = rows->value[i] - rows->base;
        if (left <= SAME_SHARE * keep)
            break;
        trimmed.edge = value;
        if (weight > left + SAME_SHARE * keep) {
            trimmed.part = left / weight;
            compensated_add(&kept, left);
            compensated_add(&sum, left * value);
            break;
        }
        trimmed.whole = k + 1;
        compensated_add(&kept, weight);
        compensated_add(&sum, weight * value);
    }
    trimmed.mean = compensated_value(&sum) / compensated_value(&kept);
    return trimmed;
}

/* The lower bound trims the treatment arm above, or control below; the upper one the other ends. */
static comparison_t compare_trimming(const work_t *work, size_t cell, size_t trimmed_arm, double q,
                                     bool lower)
{
    const lee_arm_t *arm = work->cells.arm[cell];
    comparison_t comparison = {.trimmed_arm = trimmed_arm};
    double mean[2] = {arm[0].mean, arm[1].mean};
    comparison.trimmed = trim(work, &arm[trimmed_arm], q, lower == (trimmed_arm == 1));
    mean[trimmed_arm] = comparison.trimmed.mean;
    comparison.effect = mean[1] - mean[0];
    comparison.share[1 - trimmed_arm] = 1;
    return comparison;
}

/* The arm with the larger observed share is trimmed.  Where they are the same nobody is, and the
 * bound bends: its variance is that of the steeper side; both arms then tell the cell's share. */
static comparison_t compare_cell(const work_t *work, size_t cell, bool lower)
{
    const lee_arm_t *arm = work->cells.arm[cell];
    double gap = arm[1].share - arm[0].share, steep[2];
    comparison_t comparison[2];
    size_t more = gap > 0;
    if (fabs(gap) > SAME_SHARE)
        return compare_trimming(work, cell, more, fabs(gap) / arm[more].share, lower);
    for (size_t z = 0; z < 2; z++) {
        comparison[z] = compare_trimming(work, cell, z, 0, lower);
        comparison[z].share[0] = comparison[z].share[1] = 0.5;
        steep[z] = fabs(comparison[z].trimmed.mean - comparison[z].trimmed.edge);
    }
    return comparison[steep[1] >= steep[0]];
}

static void compare_cells(const work_t *work, bool lower, bound_t *bound)
{
    compensated_t total = {0}, sum = {0};
    for (size_t c = 0; c < work->cells.cells; c++) {
        const lee_arm_t *arm = work->cells.arm[c];
        comparison_t comparison = compare_cell(work, c, lower);
        double share = comparison.share[0] * arm[0].observed_weight +
                       comparison.share[1] * arm[1].observed_weight;
        bound->cell[c] = comparison;
        compensated_add(&total, share);
        compensated_add(&sum, share * comparison.effect);
    }
    bound->total = compensated_value(&total);
    bound->estimate =
        work->cells.cells == 1 ? bound->cell[0].effect : compensated_value(&sum) / bound->total;
}

/* Share of each row that is kept: of the trimmed arms all, some or nothing. */
static void mark_kept(work_t *work, const bound_t *bound)
{
    for (size_t i = 0; i < work->rows->n; i++)
        work->kept[i] = 0;
    for (size_t c = 0; c < work->cells.cells; c++) {
        const comparison_t *comparison = &bound->cell[c];
        const lee_arm_t *arm = &work->cells.arm[c][comparison->trimmed_arm];
        const trimmed_t *trimmed = &comparison->trimmed;
        for (size_t k = 0; k < trimmed->whole; k++)
            work->kept[kept_row(arm, trimmed->top, k)] = 1;
        if (trimmed->part > 0)
            work->kept[kept_row(arm, trimmed->top, trimmed->whole)] = trimmed->part;
    }
}

/* Derivative of the cell's effect by the logarithm of the row's weight. */
static double influence_in_cell(const work_t *work, const comparison_t *comparison, size_t i)
{
    const lee_cells_t *cells = &work->cells;
    const lee_arm_t *arm = cells->arm[cells->cell[i]];
    const lee_arm_t *own = &arm[cells->treated[i]];
    const trimmed_t *trimmed = &comparison->trimmed;
    double sign = comparison->trimmed_arm == 1 ? 1 : -1, weight = cells->weight[i];
    double trimmed_share = arm[comparison->trimmed_arm].share;
    double by_q = sign * (trimmed->mean - trimmed->edge) / (1 - trimmed->q);
    double of_share = weight * (cells->seen[i] - own->share) / own->weight;
    double value = work->rows->value[i] - work->rows->base;
    if (cells->treated[i] != comparison->trimmed_arm)
        return -by_q / trimmed_share * of_share -
               (cells->seen[i] ? sign * weight * (value - own->mean) / own->observed_weight : 0);
    return by_q * (1 - trimmed->q) / trimmed_share * of_share +
           (cells->seen[i] ? sign * weight *
                                 (work->kept[i] * (value - trimmed->edge) / (1 - trimmed->q) +
                                  trimmed->edge - trimmed->mean) /
                                 own->observed_weight
                           : 0);
}

static void fill_influence(work_t *work, const bound_t *bound)
{
    const lee_cells_t *cells = &work->cells;
    mark_kept(work, bound);
    for (size_t i = 0; i < work->rows->n; i++) {
        const comparison_t *comparison = &bound->cell[cells->cell[i]];
        const lee_arm_t *arm = cells->arm[cells->cell[i]];
        double share = comparison->share[0] * arm[0].observed_weight +
                       comparison->share[1] * arm[1].observed_weight;
        double own = cells->seen[i] ? comparison->share[cells->treated[i]] * cells->weight[i] : 0;
        work->influence[i] =
            (share * influence_in_cell(work, comparison, i) +
             (cells->cells == 1 ? 0 : own * (comparison->effect - bound->estimate))) /
            bound->total;
    }
}

/* Units are independent within a block's arm, whose weight is fixed: what they have in common is
 * taken out, and n/(n - 1) makes up for it. */
static double cell_variance(work_t *work, const ordered_cell_t *cell)
{
    const ordered_rows_t *rows = work->rows;
    compensated_t common = {0}, squares = {0};
    for (size_t u = cell->first_unit; u < cell->first_unit + cell->units; u++)
        work->unit_score[u] = 0;
    for (size_t i = cell->first; i < cell->first + cell->rows; i++)
        compensated_add(&common, work->influence[i]);
    for (size_t i = cell->first; i < cell->first + cell->rows; i++)
        work->unit_score[rows->unit[i]] +=
            work->influence[i] - rows->weight[i] * compensated_value(&common) / cell->weight;
    for (size_t u = cell->first_unit; u < cell->first_unit + cell->units; u++)
        compensated_add(&squares, work->unit_score[u] * work->unit_score[u]);
    return compensated_value(&squares) * (double)cell->units / ((double)cell->units - 1);
}

/* Pairs differ as wholes. */
static double pair_variance(const work_t *work)
{
    const ordered_rows_t *rows = work->rows;
    double pairs = (double)rows->blocks;
    compensated_t squares = {0};
    for (size_t b = 0; b < rows->blocks; b++) {
        compensated_t pair = {0};
        for (size_t z = 0; z < 2; z++) {
            const ordered_cell_t *cell = ordered_rows_cell(rows, b, z);
            for (size_t i = cell->first; i < cell->first + cell->rows; i++)
                compensated_add(&pair, work->influence[i]);
        }
        compensated_add(&squares, compensated_value(&pair) * compensated_value(&pair));
    }
    return compensated_value(&squares) * pairs / (pairs - 1);
}

static void compute_bound(work_t *work, bool lower, bound_t *bound)
{
    compensated_t variance = {0};
    compare_cells(work, lower, bound);
    fill_influence(work, bound);
    for (size_t c = 0; !work->rows->pairs && c < 2 * work->rows->blocks; c++)
        compensated_add(&variance, cell_variance(work, &work->rows->cell[c]));
    bound->variance = work->rows->pairs ? pair_variance(work) : compensated_value(&variance);
}

/* A variance of this size is rounding. */
static double rounding_floor(const work_t *work)
{
    const ordered_rows_t *rows = work->rows;
    double largest = 0;
    for (size_t i = 0; i < rows->n; i++)
        if (work->cells.seen[i])
            largest = fmax(largest, rows->value[i] - rows->base);
    return 16 * DBL_EPSILON * DBL_EPSILON * largest * largest;
}

/* How much was observed and trimmed, in words. */
static void note_shares(const work_t *work, const bound_t *bound, pilot_estimate_t *row)
{
    static const char *const name[] = {"control", "treatment"};
    const lee_cells_t *cells = &work->cells;
    double observed[2] = {0, 0}, all[2] = {0, 0}, trimmed[2] = {0, 0};
    for (size_t c = 0; c < cells->cells; c++) {
        size_t arm = bound->cell[c].trimmed_arm;
        trimmed[arm] += bound->cell[c].trimmed.q * cells->arm[c][arm].observed_weight;
        for (size_t z = 0; z < 2; z++) {
            observed[z] += cells->arm[c][z].observed_weight;
            all[z] += cells->arm[c][z].weight;
        }
    }
    if (!isfinite(all[0]) || !isfinite(all[1]))
        return; /* weights whose sum is beyond the range of numbers */
    pilot_estimate_note(row, "observed: %.4g of treatment, %.4g of control", observed[1] / all[1],
                        observed[0] / all[0]);
    for (size_t z = 2; z-- > 0;)
        if (trimmed[z] > 0)
            pilot_estimate_note(row, "%.4g of %s's trimmed", trimmed[z] / observed[z], name[z]);
    if (work->rows->tightening)
        pilot_estimate_note(row, "%zu cell%s of %zu", cells->cells, cells->cells == 1 ? "" : "s",
                            cells->given);
}

/* Each bound by its own standard error, then one interval for what lies between them. */
static void infer(const bound_t bound[2], double floor, double confidence, pilot_estimate_t row[2])
{
    double std_error[2], critical;
    for (size_t k = 0; k < 2; k++) {
        std_error[k] = sqrt(bound[k].variance);
        if (!(bound[k].variance > floor)) {
            pilot_estimate_refuse(&row[k], PILOT_REASON_ZERO_VARIANCE);
            continue;
        }
        row[k].std_error = PILOT_GIVEN(std_error[k]);
        row[k].std_error_type = PILOT_SE_LINEARIZED;
        pilot_estimate_infer(&row[k], confidence);
        row[k].ci_low = row[k].ci_high = PILOT_ABSENT;
    }
    if (!row[0].std_error.given || !row[1].std_error.given)
        return;
    critical = imbens_manski_critical(confidence, fmax(bound[1].estimate - bound[0].estimate, 0),
                                      fmax(std_error[0], std_error[1]));
    for (size_t k = 0; k < 2; k++) {
        row[k].ci_low = PILOT_GIVEN(bound[0].estimate - critical * std_error[0]);
        row[k].ci_high = PILOT_GIVEN(bound[1].estimate + critical * std_error[1]);
    }
}

/* Why nothing can be said of an arm nobody of whom is observed; NONE when both have somebody. */
static pilot_reason_t nobody_observed(const pilot_estimate_t *row)
{
    if (row->n == 0)
        return PILOT_REASON_ALL_MISSING;
    if (row->n_arm == 0)
        return PILOT_REASON_NO_TREATED_UNITS;
    return row->n_control == 0 ? PILOT_REASON_NO_CONTROL_UNITS : PILOT_REASON_NONE;
}

/* Why estimates have no standard errors. */
static pilot_reason_t no_variance(const ordered_rows_t *rows, const bound_t bound[2],
                                  const pilot_estimate_t *row)
{
    if (rows->all_small && !rows->pairs)
        return ordered_rows_small_reason(rows);
    if (!isfinite(bound[0].variance) || !isfinite(bound[1].variance))
        return PILOT_REASON_VARIANCE_UNIDENTIFIED;
    if (ordered_rows_constant(rows))
        return PILOT_REASON_CONSTANT_OUTCOME;
    if (row->n_arm == 1 || row->n_control == 1)
        return PILOT_REASON_SINGLETON_ARM_BLOCK;
    return PILOT_REASON_NONE;
}

static void estimate_bounds(work_t *work, double confidence, pilot_estimate_t row[2])
{
    bound_t bound[2] = {0};
    pilot_reason_t reason;
    for (size_t k = 0; k < 2; k++) {
        bound[k].cell = PILOT_NEW_ARRAY(comparison_t, work->cells.cells);
        compute_bound(work, k == 0, &bound[k]);
    }
    reason = no_variance(work->rows, bound, &row[0]);
    for (size_t k = 0; k < 2; k++) {
        if (isfinite(bound[k].estimate))
            row[k].estimate = PILOT_GIVEN(bound[k].estimate);
        if (reason != PILOT_REASON_NONE)
            pilot_estimate_refuse(&row[k], reason);
        note_shares(work, &bound[k], &row[k]);
    }
    if (reason == PILOT_REASON_NONE)
        infer(bound, rounding_floor(work), confidence, row);
    free(bound[0].cell);
    free(bound[1].cell);
}

static void estimate_rows(const ordered_rows_t *rows, double confidence, pilot_estimate_t row[2])
{
    work_t work = {.rows = rows,
                   .influence = PILOT_NEW_ARRAY(double, rows->n),
                   .kept = PILOT_NEW_ARRAY(double, rows->n),
                   .unit_score = PILOT_NEW_ARRAY(double, rows->units)};
    pilot_reason_t reason;
    ordered_rows_count(rows, &row[0]);
    ordered_rows_count(rows, &row[1]);
    reason = nobody_observed(&row[0]);
    lee_cells_make(rows, &work.cells);
    if (reason == PILOT_REASON_NONE)
        estimate_bounds(&work, confidence, row);
    for (size_t k = 0; k < 2; k++) {
        if (reason != PILOT_REASON_NONE)
            pilot_estimate_refuse(&row[k], reason);
        ordered_rows_note(rows, &row[k]);
    }
    lee_cells_clear(&work.cells);
    free(work.influence);
    free(work.kept);
    free(work.unit_score);
}

void pilot_lee_bounds_estimate(const pilot_sample_t *sample,
                               const pilot_contrast_options_t *options,
                               pilot_estimate_t *ret_estimate)
{
    pilot_estimate_t row[2] = {{.status = PILOT_ROW_OK}, {.status = PILOT_ROW_OK}};
    ordered_rows_t rows;
    pilot_reason_t reason = ordered_rows_make(sample, true, 2, &rows);
    if (reason == PILOT_REASON_NONE)
        estimate_rows(&rows, options->confidence, row);
    for (size_t k = 0; k < 2; k++) {
        if (reason != PILOT_REASON_NONE)
            pilot_estimate_refuse(&row[k], reason);
        ret_estimate[k] = row[k];
    }
    ordered_rows_clear(&rows);
}
