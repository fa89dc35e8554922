/* survival_design.c - which blocks of a contrast of durations serve, and what is said of them.
 * See survival.h. */
#include <stdlib.h>

#include "compensated.h"
#include "pilot/memory.h"
#include "survival.h"

/* Clusters of each arm are counted once a block: seen[cluster] is the block's number + 1. */
typedef struct seen {
    uint32_t *by_arm[2];
} seen_t;

static survival_block_t look_at_block(const pilot_sample_t *sample, const survival_key_t *key,
                                      size_t first, seen_t *seen)
{
    survival_block_t block = {.first = first};
    compensated_t weight = {0};
    uint32_t mark = key[first].block + 1;
    for (size_t i = first; i < sample->n && key[i].block == key[first].block; i++) {
        size_t row = key[i].row, arm = sample->treated[row];
        bool fresh = true;
        if (sample->cluster) {
            fresh = seen->by_arm[arm][sample->cluster[row]] != mark;
            seen->by_arm[arm][sample->cluster[row]] = mark;
        }
        block.n++;
        block.n_control += !arm;
        block.units += fresh;
        block.units_control += fresh && !arm;
        compensated_add(&weight, survival_weight(sample, &key[i]));
    }
    block.weight = compensated_value(&weight);
    return block;
}

survival_design_t survival_design_make(const pilot_sample_t *sample, const survival_key_t *key)
{
    survival_design_t design = {0};
    size_t capacity = 0;
    seen_t seen = {
        {PILOT_NEW_ARRAY(uint32_t, sample->clusters), PILOT_NEW_ARRAY(uint32_t, sample->clusters)}};
    for (size_t first = 0; first < sample->n;) {
        survival_block_t block = look_at_block(sample, key, first, &seen);
        first += block.n;
        if (block.n_control == 0 || block.n_control == block.n) {
            design.lacking++;
            continue;
        }
        design.block = pilot_grow(design.block, &capacity, design.blocks + 1, sizeof *design.block);
        design.block[design.blocks++] = block;
    }
    free(seen.by_arm[0]);
    free(seen.by_arm[1]);
    return design;
}

static pilot_reason_t why_none(const pilot_sample_t *sample)
{
    size_t treated = 0;
    if (sample->candidates == 0)
        return PILOT_REASON_NO_UNITS;
    if (sample->n == 0)
        return PILOT_REASON_ALL_MISSING;
    for (size_t i = 0; i < sample->n; i++)
        treated += sample->treated[i];
    /* Every block lacks an arm: the arm that has fewer rows is told. */
    return 2 * treated > sample->n ? PILOT_REASON_NO_CONTROL_UNITS : PILOT_REASON_NO_TREATED_UNITS;
}

bool survival_refuses(const pilot_sample_t *sample, const survival_design_t *design,
                      pilot_estimate_t *row)
{
    if (design->blocks == 0) {
        pilot_estimate_refuse(row, why_none(sample));
        return true;
    }
    for (size_t i = 0; i < sample->n; i++) {
        if (sample->outcome[i] >= 0)
            continue;
        pilot_estimate_refuse(row, PILOT_REASON_OUTCOME_TYPE);
        pilot_estimate_note(row, "a duration is below 0");
        return true;
    }
    return false;
}

/* Clusters with rows in the blocks in use, each once even where it crosses blocks. */
static uint64_t count_clusters(const pilot_sample_t *sample, const survival_key_t *key,
                               const survival_design_t *design)
{
    uint8_t *seen = PILOT_NEW_ARRAY(uint8_t, sample->clusters);
    uint64_t clusters = 0;
    for (size_t b = 0; b < design->blocks; b++) {
        const survival_block_t *block = &design->block[b];
        for (size_t i = block->first; i < block->first + block->n; i++) {
            uint32_t cluster = sample->cluster[key[i].row];
            clusters += !seen[cluster];
            seen[cluster] = 1;
        }
    }
    free(seen);
    return clusters;
}

void survival_count(const pilot_sample_t *sample, const survival_key_t *key,
                    const survival_design_t *design, pilot_estimate_t *row)
{
    row->n = row->n_control = 0;
    for (size_t b = 0; b < design->blocks; b++) {
        row->n += design->block[b].n;
        row->n_control += design->block[b].n_control;
    }
    row->n_arm = row->n - row->n_control;
    row->clusters = sample->cluster ? count_clusters(sample, key, design) : 0;
    row->blocks = sample->block ? design->blocks : 0;
}

void survival_note_left_out(const survival_design_t *design, pilot_estimate_t *row)
{
    size_t all = design->lacking + design->small + design->beyond;
    if (all == 0)
        return;
    if (row->status == PILOT_ROW_OK)
        row->status = PILOT_ROW_FLAGGED;
    pilot_estimate_note(row, "estimand_changed: %zu block%s left out", all, all == 1 ? "" : "s");
    if (design->lacking > 0)
        pilot_estimate_note(row, "%zu without one of the arms", design->lacking);
    if (design->small > 0)
        pilot_estimate_note(row, "%zu with one unit in an arm", design->small);
    if (design->beyond > 0)
        pilot_estimate_note(row, "%zu not followed up to the horizon", design->beyond);
}

void survival_no_std_error(pilot_estimate_t *row, pilot_reason_t reason)
{
    row->std_error = PILOT_ABSENT;
    row->std_error_type = PILOT_SE_NONE;
    pilot_estimate_refuse(row, reason);
}
