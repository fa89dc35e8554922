/* dim_overlap.c - what differences in means of two levels of a subgroup share, where clusters have
 * rows in both.  See pilot/dim.h. */
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "pilot/dim.h"
#include "pilot/memory.h"

/* One set of rows. */
typedef struct level {
    const pilot_frame_t *frame;
    const pilot_variable_t *outcome;
    const uint32_t *row;
    size_t rows, arm;
    double *score;        /* by cluster */
    uint8_t *has_cluster; /* by cluster */
    uint8_t *uses_block;  /* by block */
} level_t;

static bool counts(const level_t *level, size_t row)
{
    const pilot_frame_t *frame = level->frame;
    return (frame->arm[row] == 0 || frame->arm[row] == level->arm) &&
           (!frame->weight || frame->weight[row] > 0) &&
           (!level->outcome->present || level->outcome->present[row]);
}

static double weight_of(const level_t *level, size_t row)
{
    return level->frame->weight ? level->frame->weight[row] : 1;
}

/* Weights and means of the two arms in one block's rows; false when an arm is missing. */
static bool find_means(const level_t *level, size_t first, size_t last, double *ret_weight,
                       double *ret_mean)
{
    compensated_t weight[2] = {{0}}, sum[2] = {{0}};
    double base = 0;
    bool has_base = false;
    for (size_t i = first; i < last; i++) {
        size_t row = level->row[i];
        if (!counts(level, row))
            continue;
        size_t treated = level->frame->arm[row] != 0;
        double value = level->outcome->value[row];
        base = has_base ? base : value;
        has_base = true;
        compensated_add(&weight[treated], weight_of(level, row));
        compensated_add(&sum[treated], weight_of(level, row) * (value - base));
    }
    for (size_t z = 0; z < 2; z++) {
        ret_weight[z] = compensated_value(&weight[z]);
        if (!(ret_weight[z] > 0))
            return false;
        ret_mean[z] = base + compensated_value(&sum[z]) / ret_weight[z];
    }
    return true;
}

/* CR2's adjustment of a cluster that has this share of its arm in the block; one that is its arm
 * has no residual. */
static double adjustment(double share)
{
    return share < 1 - 1e-12 ? 1 / sqrt(1 - share) : 0;
}

/* Rows first .. last - 1 are one cluster's. */
static void score_cluster(level_t *level, size_t first, size_t last, const double *weight,
                          const double *mean)
{
    const pilot_frame_t *frame = level->frame;
    uint32_t cluster = frame->cluster[level->row[first]];
    double own[2] = {0}, part[2] = {0};
    for (size_t i = first; i < last; i++) {
        size_t row = level->row[i];
        if (!counts(level, row))
            continue;
        size_t treated = frame->arm[row] != 0;
        own[treated] += weight_of(level, row);
        part[treated] += weight_of(level, row) * (level->outcome->value[row] - mean[treated]);
        level->has_cluster[cluster] = 1;
    }
    for (size_t z = 0; z < 2; z++) {
        double score = part[z] / weight[z] * adjustment(own[z] / weight[z]);
        level->score[cluster] += (weight[0] + weight[1]) * (z ? score : -score);
    }
}

static void score_block(level_t *level, size_t first, size_t last)
{
    const pilot_frame_t *frame = level->frame;
    double weight[2], mean[2];
    if (!find_means(level, first, last, weight, mean))
        return;
    level->uses_block[frame->block ? frame->block[level->row[first]] : 0] = 1;
    for (size_t i = first, end; frame->cluster && i < last; i = end) {
        end = i + 1;
        while (end < last && frame->cluster[level->row[end]] == frame->cluster[level->row[i]])
            end++;
        score_cluster(level, i, end, weight, mean);
    }
}

static void score(level_t *level)
{
    const pilot_frame_t *frame = level->frame;
    level->score = PILOT_NEW_ARRAY(double, frame->clusters);
    level->has_cluster = PILOT_NEW_ARRAY(uint8_t, frame->clusters);
    level->uses_block = PILOT_NEW_ARRAY(uint8_t, frame->block ? frame->blocks : 1);
    for (size_t first = 0, last = 0; first < level->rows; first = last) {
        for (last = first + 1; last < level->rows; last++)
            if (frame->block && frame->block[level->row[last]] != frame->block[level->row[first]])
                break;
        score_block(level, first, last);
    }
}

static void clear(level_t *level)
{
    free(level->score);
    free(level->has_cluster);
    free(level->uses_block);
}

void pilot_dim_overlap(const pilot_frame_t *frame, const pilot_variable_t *outcome,
                       const uint32_t *one, size_t one_rows, const uint32_t *other,
                       size_t other_rows, size_t arm, pilot_dim_overlap_t *ret_overlap)
{
    level_t a = {.frame = frame, .outcome = outcome, .row = one, .rows = one_rows, .arm = arm};
    level_t b = {.frame = frame, .outcome = outcome, .row = other, .rows = other_rows, .arm = arm};
    compensated_t cross = {0};
    *ret_overlap = (pilot_dim_overlap_t){0};
    score(&a);
    score(&b);
    for (size_t j = 0; j < (frame->block ? frame->blocks : 1); j++)
        ret_overlap->blocks += a.uses_block[j] && b.uses_block[j];
    for (size_t s = 0; frame->cluster && s < frame->clusters; s++) {
        ret_overlap->clusters += a.has_cluster[s] && b.has_cluster[s];
        compensated_add(&cross, a.score[s] * b.score[s]);
    }
    ret_overlap->cross = compensated_value(&cross);
    clear(&a);
    clear(&b);
}

double pilot_dim_overlap_covariance(double cross, double one_square, double other_square,
                                    double one_std_error, double other_std_error)
{
    double scale = sqrt(one_square) * sqrt(other_square);
    return scale > 0 ? cross / scale * one_std_error * other_std_error : 0;
}
