/* quality.c - one pass over an agency's rows for all quality checks, and the summary as flat
 * arrays.
 *
 * Attrition is tested by randomization: within a block S_1 of S units (clusters, where they were
 * randomized) were drawn into the arm; with r = missing - rate * size, the sum of r over the arm
 * has mean 0 and variance S_1 S_0 / (S (S - 1)) * sum r^2.  Sums over blocks and agencies add up.
 * For single units this is the test of Mantel & Haenszel (1959). */
#include "quality_summary.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define MAX_ARMS 65536
#define MAX_OUTCOMES 65536

pilot_quality_t *quality_new(size_t arms, size_t outcomes)
{
    pilot_quality_t *quality = PILOT_NEW(pilot_quality_t);
    quality->arms = arms;
    quality->outcomes = outcomes;
    quality->rows = PILOT_NEW_ARRAY(uint64_t, arms + 1);
    quality->assigned = PILOT_NEW_ARRAY(uint64_t, arms + 1);
    quality->share = PILOT_NEW_ARRAY(quality_share_t, arms + 1);
    quality->missing = PILOT_NEW_ARRAY(uint64_t, arms * outcomes + 1);
    quality->score = PILOT_NEW_ARRAY(quality_score_t, arms * outcomes + 1);
    return quality;
}

void pilot_quality_free(pilot_quality_t *quality)
{
    if (!quality)
        return;
    free(quality->rows);
    free(quality->assigned);
    free(quality->share);
    free(quality->missing);
    free(quality->score);
    free(quality);
}

/* One block: sums over its units (rows or clusters), whole numbers all. */
typedef struct block_arm {
    uint64_t units, rows, squares; /* sum of size^2 */
} block_arm_t;

typedef struct block_missing {
    uint64_t missing, squares, products; /* sum of missing^2, of missing * size */
} block_missing_t;

typedef struct block {
    block_arm_t *arm;         /* arms */
    block_missing_t *missing; /* outcomes x arms */
    uint64_t *of_unit;        /* outcomes: missing in the unit at hand */
} block_t;

static void end_unit(pilot_quality_t *quality, block_t *block, size_t arm, uint64_t size)
{
    block->arm[arm].units++;
    block->arm[arm].rows += size;
    block->arm[arm].squares += size * size;
    for (size_t v = 0; v < quality->outcomes; v++) {
        block_missing_t *sums = &block->missing[v * quality->arms + arm];
        uint64_t missing = block->of_unit[v];
        if (missing == 0)
            continue;
        sums->missing += missing;
        sums->squares += missing * missing;
        sums->products += missing * size;
        block->of_unit[v] = 0;
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

static void end_block(pilot_quality_t *quality, block_t *block)
{
    size_t arms = quality->arms;
    for (size_t a = 0; a < arms; a++) {
        quality->rows[a] += block->arm[a].rows;
        quality->assigned[a] += block->arm[a].units;
        if (a > 0)
            add_share(&quality->share[a], &block->arm[a], &block->arm[0]);
    }
    for (size_t v = 0; v < quality->outcomes; v++) {
        block_missing_t *missing = &block->missing[v * arms];
        for (size_t a = 0; a < arms; a++) {
            quality->missing[v * arms + a] += missing[a].missing;
            if (a > 0)
                add_score(&quality->score[v * arms + a], &block->arm[a], &block->arm[0],
                          &missing[a], &missing[0]);
        }
    }
    memset(block->arm, 0, arms * sizeof *block->arm);
    memset(block->missing, 0, arms * quality->outcomes * sizeof *block->missing);
}

static bool same_block(const pilot_frame_t *frame, size_t i, size_t j)
{
    return !frame->block || frame->block[i] == frame->block[j];
}

static bool same_unit(const pilot_frame_t *frame, size_t i, size_t j)
{
    return frame->cluster && frame->cluster[i] == frame->cluster[j] &&
           frame->arm[i] == frame->arm[j] && same_block(frame, i, j);
}

pilot_quality_t *pilot_quality_summarize(const pilot_frame_t *frame,
                                         const pilot_variable_t *outcome, size_t outcomes)
{
    pilot_quality_t *quality = quality_new(frame->arms, outcomes);
    block_t block = {.arm = PILOT_NEW_ARRAY(block_arm_t, frame->arms + 1),
                     .missing = PILOT_NEW_ARRAY(block_missing_t, frame->arms * outcomes + 1),
                     .of_unit = PILOT_NEW_ARRAY(uint64_t, outcomes + 1)};
    uint64_t size = 0;
    quality->clustered = frame->cluster != NULL;
    for (size_t i = 0; i < frame->rows; i++) {
        bool last = i + 1 == frame->rows;
        size++;
        for (size_t v = 0; v < outcomes; v++)
            block.of_unit[v] += outcome[v].present && !outcome[v].present[i];
        if (last || !same_unit(frame, i, i + 1)) {
            end_unit(quality, &block, frame->arm[i], size);
            size = 0;
        }
        if (last || !same_block(frame, i, i + 1))
            end_block(quality, &block);
    }
    free(block.arm);
    free(block.missing);
    free(block.of_unit);
    return quality;
}

/* counts:  arms outcomes clustered | rows | assigned | missing | per treatment arm: blocks, lacking
 * numbers: per treatment arm: moment, low, high | per outcome and treatment arm: score, variance */
void pilot_quality_pack(const pilot_quality_t *quality, pilot_piece_t *piece)
{
    size_t arms = quality->arms;
    pilot_piece_add_count(piece, arms);
    pilot_piece_add_count(piece, quality->outcomes);
    pilot_piece_add_count(piece, quality->clustered);
    pilot_piece_add_counts(piece, quality->rows, arms);
    pilot_piece_add_counts(piece, quality->assigned, arms);
    pilot_piece_add_counts(piece, quality->missing, arms * quality->outcomes);
    for (size_t a = 1; a < arms; a++) {
        const quality_share_t *share = &quality->share[a];
        pilot_piece_add_count(piece, share->blocks);
        pilot_piece_add_count(piece, share->lacking);
        pilot_piece_add_number(piece, share->moment);
        pilot_piece_add_number(piece, share->low);
        pilot_piece_add_number(piece, share->high);
    }
    for (size_t v = 0; v < quality->outcomes; v++) {
        for (size_t a = 1; a < arms; a++) {
            pilot_piece_add_number(piece, quality->score[v * arms + a].score);
            pilot_piece_add_number(piece, quality->score[v * arms + a].variance);
        }
    }
}

static void unpack_numbers(pilot_quality_t *quality, const uint64_t *count, const double *number)
{
    size_t arms = quality->arms;
    for (size_t a = 1; a < arms; a++, count += 2, number += 3)
        quality->share[a] = (quality_share_t){count[0], count[1], number[0], number[1], number[2]};
    for (size_t v = 0; v < quality->outcomes; v++)
        for (size_t a = 1; a < arms; a++, number += 2)
            quality->score[v * arms + a] = (quality_score_t){number[0], number[1]};
}

pilot_status_t pilot_quality_unpack(pilot_piece_reader_t *reader, pilot_quality_t **ret_quality,
                                    pilot_error_t *error)
{
    pilot_piece_reader_t rest = *reader;
    const uint64_t *head = pilot_piece_take_counts(&rest, 3), *count = NULL;
    const double *number = NULL;
    size_t arms = 0, outcomes = 0, cells;
    pilot_quality_t *quality;
    if (head && head[0] > 0 && head[0] <= MAX_ARMS && head[1] <= MAX_OUTCOMES) {
        arms = head[0];
        outcomes = head[1];
        count = pilot_piece_take_counts(&rest, (2 + outcomes) * arms + 2 * (arms - 1));
        number = pilot_piece_take_numbers(&rest, (3 + 2 * outcomes) * (arms - 1));
    }
    if (!count || !number)
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "a part does not hold a summary of quality checks; run all programs "
                               "in one version");
    cells = arms * outcomes;
    quality = quality_new(arms, outcomes);
    quality->clustered = head[2] != 0;
    memcpy(quality->rows, count, arms * sizeof *count);
    memcpy(quality->assigned, count + arms, arms * sizeof *count);
    memcpy(quality->missing, count + 2 * arms, cells * sizeof *count);
    unpack_numbers(quality, count + 2 * arms + cells, number);
    *reader = rest;
    *ret_quality = quality;
    return PILOT_OK;
}
