/* quality_block.c - one block's share of the checks.
 *
 * Attrition is tested by randomization: within a block S_1 of S units (clusters, where they were
 * randomized) were drawn into the arm; with r = missing - rate * size, the sum of r over the arm
 * has mean 0 and variance S_1 S_0 / (S (S - 1)) * sum r^2.  Sums over blocks and agencies add up.
 * For single units this is the test of Mantel & Haenszel (1959). */
#include "quality_summary.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* Whole numbers all, so that sums are exact. */
typedef struct block_arm {
    uint64_t units, rows, squares; /* sum of size^2 */
} block_arm_t;

typedef struct block_missing {
    uint64_t missing, squares, products; /* sum of missing^2, of missing * size */
} block_missing_t;

struct quality_block {
    size_t arms, outcomes;
    block_arm_t *arm;         /* arms */
    block_missing_t *missing; /* outcomes x arms */
};

quality_block_t *quality_block_new(const pilot_quality_t *quality)
{
    quality_block_t *block = PILOT_NEW(quality_block_t);
    block->arms = quality->arms;
    block->outcomes = quality->outcomes;
    block->arm = PILOT_NEW_ARRAY(block_arm_t, block->arms);
    block->missing = PILOT_NEW_ARRAY(block_missing_t, block->arms * block->outcomes);
    return block;
}

void quality_block_free(quality_block_t *block)
{
    free(block->arm);
    free(block->missing);
    free(block);
}

void quality_block_add(quality_block_t *block, size_t arm, uint64_t size, const uint64_t *missing)
{
    block->arm[arm].units++;
    block->arm[arm].rows += size;
    block->arm[arm].squares += size * size;
    for (size_t v = 0; v < block->outcomes; v++) {
        block_missing_t *sums = &block->missing[v * block->arms + arm];
        sums->missing += missing[v];
        sums->squares += missing[v] * missing[v];
        sums->products += missing[v] * size;
    }
}

static void add_share(quality_share_t *share, const block_arm_t *arm, const block_arm_t *control)
{
    double both = (double)arm->units + (double)control->units, own;
    if (both == 0)
        return;
    own = (double)arm->units / both;
    share->low = share->blocks == 0 || own < share->low ? own : share->low;
    share->high = share->blocks == 0 || own > share->high ? own : share->high;
    share->blocks++;
    share->lacking += arm->units == 0 || control->units == 0;
    share->moment += (double)arm->units * own;
}

static void add_score(quality_score_t *score, const block_arm_t *arm, const block_arm_t *control,
                      const block_missing_t *in_arm, const block_missing_t *in_control)
{
    double units = (double)arm->units + (double)control->units;
    double rows = (double)arm->rows + (double)control->rows;
    double missing = (double)in_arm->missing + (double)in_control->missing, rate, spread;
    if (arm->units == 0 || control->units == 0 || missing == 0 || missing == rows)
        return;
    rate = missing / rows;
    spread = (double)(in_arm->squares + in_control->squares) -
             2 * rate * (double)(in_arm->products + in_control->products) +
             rate * rate * (double)(arm->squares + control->squares);
    score->score += (double)in_arm->missing - rate * (double)arm->rows;
    if (spread > 0)
        score->variance +=
            (double)arm->units * (double)control->units / (units * (units - 1)) * spread;
}

static void add_design(pilot_quality_t *quality, const block_arm_t *arm, size_t arms)
{
    quality_design_t *design = &quality->design;
    uint64_t units = 0;
    for (size_t a = 0; a < arms; a++)
        units += arm[a].units;
    if (units == 0)
        return;
    for (size_t a = 0; a < arms; a++)
        quality->concentration[a] += (double)arm[a].units * (double)arm[a].units / (double)units;
    design->smallest = design->blocks == 0 || units < design->smallest ? units : design->smallest;
    design->blocks++;
    design->inverse += 1 / (double)units;
}

void quality_block_end(quality_block_t *block, pilot_quality_t *quality)
{
    size_t arms = block->arms;
    add_design(quality, block->arm, arms);
    for (size_t a = 0; a < arms; a++) {
        quality->assigned[a] += block->arm[a].units;
        if (a > 0)
            add_share(&quality->share[a], &block->arm[a], &block->arm[0]);
    }
    for (size_t v = 0; v < block->outcomes; v++)
        for (size_t a = 1; a < arms; a++)
            add_score(&quality->score[v * arms + a], &block->arm[a], &block->arm[0],
                      &block->missing[v * arms + a], &block->missing[v * arms]);
    memset(block->arm, 0, arms * sizeof *block->arm);
    memset(block->missing, 0, arms * block->outcomes * sizeof *block->missing);
}
