/* quality.c - one pass over an agency's rows for all quality checks. */
#include "quality_summary.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

pilot_quality_t *quality_new(size_t arms, size_t outcomes)
{
    pilot_quality_t *quality = PILOT_NEW(pilot_quality_t);
    quality->arms = arms;
    quality->outcomes = outcomes;
    quality->rows = PILOT_NEW_ARRAY(uint64_t, arms + 1);
    quality->assigned = PILOT_NEW_ARRAY(uint64_t, arms + 1);
    quality->share = PILOT_NEW_ARRAY(quality_share_t, arms + 1);
    quality->concentration = PILOT_NEW_ARRAY(double, arms + 1);
    quality->missing = PILOT_NEW_ARRAY(uint64_t, arms * outcomes + 1);
    quality->score = PILOT_NEW_ARRAY(quality_score_t, arms * outcomes + 1);
    return quality;
}

void pilot_quality_free(pilot_quality_t *quality)
{
    if (!quality)
        return;
    for (size_t i = 0; i < quality->clusters; i++) {
        free(quality->cluster[i].block);
        free(quality->cluster[i].label);
    }
    free(quality->cluster);
    free(quality->cluster_missing);
    free(quality->rows);
    free(quality->assigned);
    free(quality->share);
    free(quality->concentration);
    free(quality->missing);
    free(quality->score);
    free(quality);
}

void quality_add_cluster(pilot_quality_t *quality, const char *block, size_t block_length,
                         const char *label, size_t label_length, uint64_t arm, uint64_t rows,
                         const uint64_t *missing)
{
    size_t place = quality->clusters++, first = place * quality->outcomes;
    quality->cluster = pilot_grow(quality->cluster, &quality->cluster_capacity, quality->clusters,
                                  sizeof *quality->cluster);
    quality->cluster[place] = (quality_cluster_t){.block = pilot_strndup(block, block_length),
                                                  .label = pilot_strndup(label, label_length),
                                                  .arm = arm,
                                                  .rows = rows};
    quality->cluster_missing =
        pilot_grow(quality->cluster_missing, &quality->missing_capacity, first + quality->outcomes,
                   sizeof *quality->cluster_missing);
    memcpy(quality->cluster_missing + first, missing, quality->outcomes * sizeof *missing);
}

bool quality_same_block(const pilot_frame_t *frame, size_t i, size_t j)
{
    return !frame->block || frame->block[i] == frame->block[j];
}

bool quality_same_unit(const pilot_frame_t *frame, size_t i, size_t j)
{
    return frame->cluster && frame->cluster[i] == frame->cluster[j] &&
           frame->arm[i] == frame->arm[j] && quality_same_block(frame, i, j);
}

/* A unit of randomization that ends with row i. */
static void end_unit(pilot_quality_t *quality, quality_block_t *block, const pilot_frame_t *frame,
                     size_t i, uint64_t size, const uint64_t *missing)
{
    size_t arm = frame->arm[i];
    quality->rows[arm] += size;
    for (size_t v = 0; v < quality->outcomes; v++)
        quality->missing[v * quality->arms + arm] += missing[v];
    if (quality->across && frame->cluster) {
        const char *name = frame->block ? frame->block_label[frame->block[i]] : "";
        const char *label = frame->cluster_label[frame->cluster[i]];
        quality_add_cluster(quality, name, strlen(name), label, strlen(label), arm, size, missing);
    } else {
        quality_block_add(block, arm, size, missing);
    }
}

pilot_quality_t *pilot_quality_summarize(const pilot_frame_t *frame,
                                         const pilot_variable_t *outcome, size_t outcomes,
                                         const pilot_variable_t *probability, bool across)
{
    pilot_quality_t *quality = quality_new(frame->arms, outcomes);
    quality_block_t *block = quality_block_new(quality);
    uint64_t *missing = PILOT_NEW_ARRAY(uint64_t, outcomes), size = 0;
    quality->clustered = frame->cluster != NULL;
    quality->across = across && frame->cluster;
    for (size_t i = 0; i < frame->rows; i++) {
        bool last = i + 1 == frame->rows;
        size++;
        for (size_t v = 0; v < outcomes; v++)
            missing[v] += outcome[v].present && !outcome[v].present[i];
        if (last || !quality_same_unit(frame, i, i + 1)) {
            end_unit(quality, block, frame, i, size, missing);
            memset(missing, 0, outcomes * sizeof *missing);
            size = 0;
        }
        if (!quality->across && (last || !quality_same_block(frame, i, i + 1)))
            quality_block_end(block, quality);
    }
    if (probability && !across)
        quality_probability(frame, probability, &quality->column);
    quality_block_free(block);
    free(missing);
    return quality;
}
