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

/* One arm's units in a block. */
typedef struct cell {
    double weight, square, mean; /* square: of the weights */
} cell_t;

/* False when an arm is missing. */
static bool find_cells(const level_t *level, size_t first, size_t last, cell_t *ret_cell)
{
    compensated_t weight[2] = {{0}}, square[2] = {{0}}, sum[2] = {{0}};
    double base = 0;
    bool has_base = false;
    for (size_t i = first; i < last; i++) {
        size_t row = level->row[i];
        if (!counts(level, row))
            continue;
        size_t treated = level->frame->arm[row] != 0;
        double value = level->outcome->value[row], w = weight_of(level, row);
        base = has_base ? base : value;
        has_base = true;
        compensated_add(&weight[treated], w);
        compensated_add(&square[treated], w * w);
        compensated_add(&sum[treated], w * (value - base));
    }
    for (size_t z = 0; z < 2; z++) {
        double whole = compensated_value(&weight[z]);
        if (!(whole > 0))
            return false;
        ret_cell[z] = (cell_t){.weight = whole,
                               .square = compensated_value(&square[z]),
                               .mean = base + compensated_value(&sum[z]) / whole};
    }
    return true;
}

/* w'(E^(-1/2) - I)e of a symmetric 2 x 2 matrix E; eigenvalues of no size count as 0 there. */
static double adjust(double e11, double e12, double e22, const double *w, const double *e)
{
    double angle = 0.5 * atan2(2 * e12, e11 - e22), sum = 0;
    double middle = (e11 + e22) / 2, radius = hypot((e11 - e22) / 2, e12);
    for (int i = 0; i < 2; i++) {
        double x = i ? -sin(angle) : cos(angle), y = i ? cos(angle) : sin(angle);
        double value = i ? middle - radius : middle + radius;
        double factor = value > 1e-12 ? 1 / sqrt(value) : 0;
        sum += (factor - 1) * (w[0] * x + w[1] * y) * (e[0] * x + e[1] * y);
    }
    return sum;
}

/* CR2's score of a cluster's rows in one arm's weighted mean, times the arm's weight: w'A e with
 * A = B^(-1/2), B = (I - H)(I - H)' on the cluster: I + a 11' - (1w' + w1')/W, a = sum w^2 / W^2 of
 * the arm.  In the basis 1/root(n), (w - mean w)/length. */
static double score_arm(const level_t *level, size_t first, size_t last, size_t treated,
                        const cell_t *cell)
{
    double n = 0, weight = 0, plain = 0, weighted = 0, apart = 0, cross = 0;
    for (size_t i = first; i < last; i++) {
        size_t row = level->row[i];
        if (!counts(level, row) || (level->frame->arm[row] != 0) != treated)
            continue;
        double w = weight_of(level, row), e = level->outcome->value[row] - cell->mean;
        n++;
        weight += w;
        plain += e;
        weighted += w * e;
    }
    if (n == 0)
        return 0;
    for (size_t i = first; i < last && level->frame->weight; i++) {
        size_t row = level->row[i];
        if (!counts(level, row) || (level->frame->arm[row] != 0) != treated)
            continue;
        double rest = weight_of(level, row) - weight / n;
        apart += rest * rest;
        cross += rest * (level->outcome->value[row] - cell->mean);
    }
    double length = sqrt(apart), root = sqrt(n);
    if (!(length > 1e-12 * weight))
        length = cross = 0;
    double w[2] = {weight / root, length}, e[2] = {plain / root, length > 0 ? cross / length : 0};
    double a = cell->square / (cell->weight * cell->weight);
    return weighted +
           adjust(1 + a * n - 2 * weight / cell->weight, -root * length / cell->weight, 1, w, e);
}

static void score_block(level_t *level, size_t first, size_t last)
{
    const pilot_frame_t *frame = level->frame;
    cell_t cell[2];
    if (!find_cells(level, first, last, cell))
        return;
    double share = cell[0].weight + cell[1].weight;
    level->uses_block[frame->block ? frame->block[level->row[first]] : 0] = 1;
    for (size_t i = first, end; frame->cluster && i < last; i = end) {
        uint32_t cluster = frame->cluster[level->row[i]];
        for (end = i; end < last && frame->cluster[level->row[end]] == cluster; end++)
            level->has_cluster[cluster] |= counts(level, level->row[end]);
        for (size_t z = 0; z < 2; z++)
            level->score[cluster] +=
                (z ? share : -share) / cell[z].weight * score_arm(level, i, end, z, &cell[z]);
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
