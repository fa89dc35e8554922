/* dim_estimate.c - one contrast from block summaries: which blocks serve, which variance they
 * allow, and the row.  The table of designs is in docs/methods/difference-in-means.md. */
#include "dim_block.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "dim_small.h"
#include "std_dev.h"
#include "pilot/memory.h"

typedef struct contrast {
    dim_block_t *block; /* those with both arms */
    size_t blocks, capacity;
    uint64_t lack_treated, lack_control;   /* blocks left out */
    uint64_t treated_units, control_units; /* with or without the outcome */
    uint64_t present;                      /* rows of the two arms with the outcome */
    uint64_t crossing;                     /* clusters with rows in several blocks */
    bool blocked, clustered, weighted;
} contrast_t;

static const dim_cell_t *find_cell(const pilot_dim_summary_t *summary, size_t block, size_t arm)
{
    for (size_t i = summary->first_cell[block]; i < summary->first_cell[block + 1]; i++)
        if (summary->cell[i].arm == arm)
            return &summary->cell[i];
    return NULL;
}

static void collect_blocks(contrast_t *contrast, const pilot_dim_summary_t *summary, size_t arm,
                           size_t control)
{
    for (size_t b = 0; b < summary->blocks; b++) {
        const dim_cell_t *one = find_cell(summary, b, arm);
        const dim_cell_t *zero = find_cell(summary, b, control);
        contrast->present += (one ? one->n : 0) + (zero ? zero->n : 0);
        contrast->lack_treated += !one && zero;
        contrast->lack_control += one && !zero;
        if (!one || !zero)
            continue;
        contrast->block = pilot_grow(contrast->block, &contrast->capacity, contrast->blocks + 1,
                                     sizeof *contrast->block);
        dim_block_fill(&contrast->block[contrast->blocks++], summary, one, zero);
    }
}

static contrast_t collect(const pilot_dim_summary_t *const *summary, size_t count, size_t arm,
                          size_t control)
{
    contrast_t contrast = {.blocked = count > 1};
    for (size_t i = 0; i < count; i++) {
        contrast.blocked |= summary[i]->blocked;
        contrast.clustered |= summary[i]->clustered;
        contrast.weighted |= summary[i]->weighted;
        if (arm >= summary[i]->arms || control >= summary[i]->arms)
            continue;
        contrast.treated_units += summary[i]->units[arm];
        contrast.control_units += summary[i]->units[control];
        contrast.crossing += summary[i]->crossing[arm] + summary[i]->crossing[control];
        collect_blocks(&contrast, summary[i], arm, control);
    }
    return contrast;
}

/* Why there is no block with both arms. */
static pilot_reason_t no_block(const contrast_t *contrast)
{
    if (contrast->treated_units + contrast->control_units == 0)
        return PILOT_REASON_NO_UNITS;
    if (contrast->treated_units == 0)
        return PILOT_REASON_NO_TREATED_UNITS;
    if (contrast->control_units == 0)
        return PILOT_REASON_NO_CONTROL_UNITS;
    if (contrast->present == 0)
        return PILOT_REASON_ALL_MISSING;
    return contrast->lack_treated >= contrast->lack_control ? PILOT_REASON_NO_TREATED_UNITS
                                                            : PILOT_REASON_NO_CONTROL_UNITS;
}

/* Estimate, control mean and counts over the blocks in use. */
static void fill_numbers(const contrast_t *contrast, pilot_estimate_t *row)
{
    compensated_t weight = {0}, effect = {0}, control_weight = {0}, control = {0};
    double base = contrast->block[0].summary->shift;
    std_dev_parts_t spread = {0};
    row->n_arm = row->n_control = row->clusters = 0;
    for (size_t b = 0; b < contrast->blocks; b++) {
        const dim_block_t *block = &contrast->block[b];
        const dim_cell_t *cell = block->control.cell;
        compensated_add(&weight, block->weight);
        compensated_add(&effect, block->weight * block->effect);
        compensated_add(&control_weight, cell->weight);
        compensated_add(&control, cell->weight * (cell->mean + (block->summary->shift - base)));
        std_dev_add(&spread, cell->n, cell->weight, cell->mean + (block->summary->shift - base),
                    cell->squares);
        row->n_arm += block->treated.cell->n;
        row->n_control += cell->n;
        row->clusters += contrast->clustered ? block->treated.units + block->control.units : 0;
    }
    row->n = row->n_arm + row->n_control;
    row->blocks = contrast->blocked ? contrast->blocks : 0;
    row->estimate = PILOT_GIVEN(contrast->blocks == 1
                                    ? contrast->block[0].effect
                                    : compensated_value(&effect) / compensated_value(&weight));
    row->control_mean =
        PILOT_GIVEN(base + compensated_value(&control) / compensated_value(&control_weight));
    row->control_std_dev = std_dev_of(&spread);
}

static double welch_df(const dim_block_t *block)
{
    double one = block->treated.variance, zero = block->control.variance, sum = one + zero;
    return sum * sum /
           (one * one / (double)(block->treated.units - 1) +
            zero * zero / (double)(block->control.units - 1));
}

static double single_block_df(const contrast_t *contrast)
{
    const dim_block_t *block = contrast->block;
    if (!contrast->blocked && contrast->clustered)
        return dim_satterthwaite_df(block);
    if (!contrast->blocked && !contrast->weighted)
        return welch_df(block);
    return (double)(block->treated.units + block->control.units - 2);
}

static pilot_std_error_t variance_type(const contrast_t *contrast)
{
    if (contrast->clustered)
        return PILOT_SE_CR2;
    return contrast->weighted ? PILOT_SE_HC2 : PILOT_SE_NEYMAN;
}

/* Why one block alone with one unit in an arm has no variance. */
static pilot_reason_t small_alone(const contrast_t *contrast)
{
    const dim_block_t *block = contrast->block;
    if (contrast->clustered)
        return PILOT_REASON_ONE_CLUSTER_PER_ARM;
    return block->treated.units + block->control.units == 2 ? PILOT_REASON_NO_RESIDUAL_DF
                                                            : PILOT_REASON_SINGLETON_ARM_BLOCK;
}

/* One value in each arm, the same in all blocks? */
static bool outcome_is_constant(const contrast_t *contrast)
{
    const dim_block_t *first = &contrast->block[0];
    for (size_t b = 0; b < contrast->blocks; b++) {
        const dim_block_t *block = &contrast->block[b];
        double move = block->summary->shift - first->summary->shift;
        if (!dim_cell_is_constant(block->summary, block->treated.cell) ||
            !dim_cell_is_constant(block->summary, block->control.cell) ||
            block->treated.cell->mean + move != first->treated.cell->mean ||
            block->control.cell->mean + move != first->control.cell->mean)
            return false;
    }
    return true;
}

/* A variance of this size or less is rounding. */
static double rounding_floor(const contrast_t *contrast)
{
    double scale = 0;
    for (size_t b = 0; b < contrast->blocks; b++) {
        const dim_block_t *block = &contrast->block[b];
        scale = fmax(scale, fabs(block->summary->shift) + fabs(block->treated.cell->mean));
        scale = fmax(scale, fabs(block->summary->shift) + fabs(block->control.cell->mean));
    }
    return 16 * DBL_EPSILON * DBL_EPSILON * scale * scale;
}

static bool any_leverage_one(const contrast_t *contrast)
{
    for (size_t b = 0; b < contrast->blocks; b++)
        if (contrast->block[b].leverage_one)
            return true;
    return false;
}

static void no_std_error(pilot_estimate_t *row, pilot_reason_t reason)
{
    row->std_error = row->df = PILOT_ABSENT;
    row->std_error_type = PILOT_SE_NONE;
    pilot_estimate_refuse(row, reason);
}

static void finish(const contrast_t *contrast, double variance, double df, double confidence,
                   pilot_estimate_t *row)
{
    if (!isfinite(row->estimate.value)) {
        row->estimate = row->control_mean = row->control_std_dev = PILOT_ABSENT;
        no_std_error(row, PILOT_REASON_VARIANCE_UNIDENTIFIED);
        pilot_estimate_note(row, "sums go beyond the range of numbers");
    } else if (any_leverage_one(contrast)) {
        no_std_error(row, PILOT_REASON_LEVERAGE_ONE);
    } else if (!isfinite(variance)) {
        no_std_error(row, PILOT_REASON_VARIANCE_UNIDENTIFIED);
        pilot_estimate_note(row, "sums go beyond the range of numbers");
    } else if (outcome_is_constant(contrast)) {
        no_std_error(row, PILOT_REASON_CONSTANT_OUTCOME);
    } else if (variance <= rounding_floor(contrast)) {
        no_std_error(row, PILOT_REASON_ZERO_VARIANCE);
    } else if (!(df > 0)) {
        no_std_error(row, PILOT_REASON_NO_RESIDUAL_DF);
    } else {
        row->std_error = PILOT_GIVEN(sqrt(variance));
        row->df = PILOT_GIVEN(df);
        pilot_estimate_infer(row, confidence);
    }
}

static size_t count_small(const contrast_t *contrast, bool *ret_all_pairs)
{
    size_t small = 0;
    *ret_all_pairs = true;
    for (size_t b = 0; b < contrast->blocks; b++) {
        small += contrast->block[b].small;
        *ret_all_pairs &=
            contrast->block[b].treated.units == 1 && contrast->block[b].control.units == 1;
    }
    return small;
}

/* Only the big blocks stay. */
static void drop_small(contrast_t *contrast)
{
    size_t kept = 0;
    for (size_t b = 0; b < contrast->blocks; b++)
        if (!contrast->block[b].small)
            contrast->block[kept++] = contrast->block[b];
    contrast->blocks = kept;
}

static void note_left_out(const contrast_t *contrast, size_t small, pilot_estimate_t *row)
{
    uint64_t lacking = contrast->lack_treated + contrast->lack_control, all = lacking + small;
    if (all == 0)
        return;
    if (row->status == PILOT_ROW_OK)
        row->status = PILOT_ROW_FLAGGED;
    pilot_estimate_note(row, "estimand_changed: %llu block%s left out", (unsigned long long)all,
                        all == 1 ? "" : "s");
    if (lacking > 0)
        pilot_estimate_note(row, "%llu without one of the arms", (unsigned long long)lacking);
    if (small > 0)
        pilot_estimate_note(row, "%zu with one unit in an arm and no variance formula", small);
}

/* Not an error of the numbers, but the design is not the declared one: said, whatever the row is.
 */
static void note_crossing(const contrast_t *contrast, pilot_estimate_t *row)
{
    if (contrast->crossing == 0 || !row->estimate.given)
        return;
    if (row->status == PILOT_ROW_OK)
        row->status = PILOT_ROW_FLAGGED;
    pilot_estimate_note(row,
                        "clusters_cross_blocks: %llu cluster%s in several blocks, where each part "
                        "counts as a cluster",
                        (unsigned long long)contrast->crossing, contrast->crossing == 1 ? "" : "s");
}

/* Big blocks, and small ones where there are. */
static void several_blocks(contrast_t *contrast, double confidence, pilot_estimate_t *row)
{
    bool all_pairs;
    size_t small = count_small(contrast, &all_pairs), dropped = 0;
    dim_variance_t variance;
    if (all_pairs) {
        row->std_error_type = PILOT_SE_PAIRS;
        variance = dim_pairs(contrast->block, contrast->blocks, row->estimate.value);
    } else {
        dim_small_t kind = dim_small_kind(contrast->block, contrast->blocks);
        if (kind == DIM_SMALL_NO_FORMULA && small == contrast->blocks) {
            no_std_error(row, PILOT_REASON_SINGLETON_ARM_BLOCK);
            note_left_out(contrast, 0, row);
            return;
        }
        row->std_error_type = kind == DIM_SMALL_M   ? PILOT_SE_PASHLEY_MIRATRIX_M
                              : kind == DIM_SMALL_P ? PILOT_SE_PASHLEY_MIRATRIX_P
                                                    : variance_type(contrast);
        if (kind == DIM_SMALL_NO_FORMULA) {
            dropped = small;
            drop_small(contrast);
            fill_numbers(contrast, row);
        }
        variance = dim_blocks(contrast->block, contrast->blocks, kind);
    }
    finish(contrast, variance.variance, variance.df, confidence, row);
    note_left_out(contrast, dropped, row);
}

void pilot_dim_estimate(const pilot_dim_summary_t *const *summary, size_t count, size_t arm,
                        size_t control, double confidence, pilot_estimate_t *ret_estimate)
{
    contrast_t contrast = collect(summary, count, arm, control);
    pilot_estimate_t row = {.status = PILOT_ROW_OK};
    if (contrast.blocks == 0) {
        pilot_estimate_refuse(&row, no_block(&contrast));
    } else {
        fill_numbers(&contrast, &row);
        if (contrast.blocks > 1) {
            several_blocks(&contrast, confidence, &row);
        } else if (contrast.block[0].small) {
            no_std_error(&row, small_alone(&contrast));
            note_left_out(&contrast, 0, &row);
        } else {
            row.std_error_type = variance_type(&contrast);
            finish(&contrast,
                   contrast.block[0].treated.variance + contrast.block[0].control.variance,
                   single_block_df(&contrast), confidence, &row);
            note_left_out(&contrast, 0, &row);
        }
    }
    note_crossing(&contrast, &row);
    free(contrast.block);
    *ret_estimate = row;
}
