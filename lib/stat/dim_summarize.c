/* dim_summarize.c - one pass over an agency's rows: block by block, the rows of each arm side by
 * side, then their mean and centred sums.
 *
 * Rows come sorted by block, cluster and unit, so a block, and a cluster in it, is a run of
 * rows. */
#include "dim_summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define LEVERAGE_ROOM 1e-9
#define SEVERAL SIZE_MAX

typedef struct scan {
    const pilot_frame_t *frame;
    const pilot_variable_t *outcome;
    const uint32_t *row; /* NULL: all */
    size_t rows;
    pilot_dim_summary_t *summary;
    /* The rows of one block that have the outcome: as they come, and grouped by arm. */
    double *value, *weight, *arm_value, *arm_weight;
    uint16_t *arm;
    uint32_t *cluster;
    size_t *arm_end; /* arms */
    size_t *seen;    /* clusters: the number of the block it was seen in; SEVERAL; 0: not yet */
} scan_t;

static size_t row_at(const scan_t *scan, size_t k)
{
    return scan->row ? scan->row[k] : k;
}

static bool has_value(const scan_t *scan, size_t i)
{
    return !scan->outcome->present || scan->outcome->present[i];
}

/* Pairwise summation over runs of 128 with four accumulators. */
static double sum_of(const double *x, size_t n)
{
    double a = 0, b = 0, c = 0, d = 0;
    size_t i = 0, half = (n / 2 + 3) & ~(size_t)3;
    if (n > 128)
        return sum_of(x, half) + sum_of(x + half, n - half);
    for (; i + 4 <= n; i += 4) {
        a += x[i];
        b += x[i + 1];
        c += x[i + 2];
        d += x[i + 3];
    }
    for (; i < n; i++)
        a += x[i];
    return (a + b) + (c + d);
}

static double sum_of_products(const double *x, const double *y, size_t n)
{
    double a = 0, b = 0, c = 0, d = 0;
    size_t i = 0, half = (n / 2 + 3) & ~(size_t)3;
    if (n > 128)
        return sum_of_products(x, y, half) + sum_of_products(x + half, y + half, n - half);
    for (; i + 4 <= n; i += 4) {
        a += x[i] * y[i];
        b += x[i + 1] * y[i + 1];
        c += x[i + 2] * y[i + 2];
        d += x[i + 3] * y[i + 3];
    }
    for (; i < n; i++)
        a += x[i] * y[i];
    return (a + b) + (c + d);
}

static bool is_constant(const double *x, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (x[i] != x[0])
            return false;
    return true;
}

/* x becomes x - mean; the mean is corrected by the mean of what is left, which takes away the
 * rounding of the first sum. */
static double center(double *x, size_t n, double mean)
{
    double left;
    for (size_t i = 0; i < n; i++)
        x[i] -= mean;
    left = sum_of(x, n) / (double)n;
    for (size_t i = 0; i < n; i++)
        x[i] -= left;
    return mean + left;
}

static void plain_cell(dim_cell_t *cell, double *x, size_t n)
{
    cell->n = n;
    cell->weight = (double)n;
    cell->mean = x[0];
    if (is_constant(x, n))
        return;
    cell->mean = center(x, n, sum_of(x, n) / (double)n);
    cell->spread = cell->squares = sum_of_products(x, x, n);
}

/* Sum of w (x - mean)^2; w NULL: 1. */
static double squares_about(const double *x, const double *w, size_t n, double mean)
{
    size_t half = (n / 2 + 3) & ~(size_t)3;
    if (n > 128)
        return squares_about(x, w, half, mean) +
               squares_about(x + half, w ? w + half : NULL, n - half, mean);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (w ? w[i] : 1) * ((x[i] - mean) * (x[i] - mean));
    return sum;
}

/* HC2 of the weighted regression of y on arms: leverage of a unit is w over its arm's total. */
static void weighted_cell(dim_cell_t *cell, double *x, const double *w, size_t n)
{
    double total = sum_of(w, n), mean = x[0];
    bool constant = is_constant(x, n);
    cell->n = n;
    cell->weight = total;
    if (!constant)
        mean = sum_of_products(x, w, n) / total;
    cell->squares = constant ? 0 : squares_about(x, w, n, mean);
    for (size_t i = 0; i < n; i++) {
        double room = 1 - w[i] / total, moment = w[i] * (x[i] - mean);
        if (n > 1 && room <= LEVERAGE_ROOM)
            cell->leverage_one = true;
        x[i] = constant || room <= LEVERAGE_ROOM ? 0 : moment * moment / room;
    }
    cell->mean = mean;
    cell->spread = sum_of(x, n);
}

static void note_crossing(scan_t *scan, uint32_t arm, uint32_t cluster)
{
    pilot_dim_summary_t *summary = scan->summary;
    size_t *seen = &scan->seen[cluster];
    if (*seen == 0) {
        *seen = summary->blocks;
    } else if (*seen != summary->blocks && *seen != SEVERAL) {
        summary->crossing[arm]++;
        *seen = SEVERAL;
    }
}

static void one_cluster(scan_t *scan, dim_cell_t *cell, size_t begin, size_t end)
{
    const pilot_frame_t *frame = scan->frame;
    const char *label = frame->cluster_label ? frame->cluster_label[scan->cluster[begin]] : "";
    dim_cluster_t *cluster = dim_summary_add_cluster(scan->summary, label, strlen(label));
    const double *x = scan->value + begin, *w = scan->weight + begin;
    size_t n = end - begin;
    double low = x[0], high = x[0];
    note_crossing(scan, cell->arm, scan->cluster[begin]);
    for (size_t i = 1; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    cluster->n = n;
    cluster->weight = cluster->squares = (double)n;
    cluster->mean = cluster->weighted_mean = low == high ? low : sum_of(x, n) / (double)n;
    if (frame->weight) {
        cluster->weight = sum_of(w, n);
        cluster->squares = sum_of_products(w, w, n);
        if (low != high)
            cluster->weighted_mean = sum_of_products(x, w, n) / cluster->weight;
    }
    if (low != high)
        cell->within += squares_about(x, frame->weight ? w : NULL, n, cluster->weighted_mean);
    cell->low = cell->clusters == 1 || low < cell->low ? low : cell->low;
    cell->high = cell->clusters == 1 || high > cell->high ? high : cell->high;
}

static void clustered_cell(scan_t *scan, uint32_t arm, size_t count)
{
    dim_cell_t *cell = dim_summary_add_cell(scan->summary, arm);
    size_t begin = 0;
    while (begin < count) {
        size_t end = begin + 1;
        while (end < count && scan->arm[end] == scan->arm[begin] &&
               scan->cluster[end] == scan->cluster[begin])
            end++;
        if (scan->arm[begin] == arm)
            one_cluster(scan, cell, begin, end);
        begin = end;
    }
    dim_cell_total(scan->summary, cell);
}

/* Group the block's rows by arm; arm_end[a] becomes the end of arm a's rows. */
static void group_by_arm(scan_t *scan, size_t count)
{
    size_t arms = scan->summary->arms, begin = 0;
    memset(scan->arm_end, 0, arms * sizeof *scan->arm_end);
    for (size_t k = 0; k < count; k++)
        scan->arm_end[scan->arm[k]]++;
    for (size_t a = 0; a < arms; a++) {
        size_t size = scan->arm_end[a];
        scan->arm_end[a] = begin;
        begin += size;
    }
    if (scan->summary->clustered) {
        for (size_t k = 0; k < count; k++)
            scan->arm_end[scan->arm[k]]++;
        return;
    }
    for (size_t k = 0; k < count; k++) {
        size_t place = scan->arm_end[scan->arm[k]]++;
        scan->arm_value[place] = scan->value[k];
        if (scan->weight)
            scan->arm_weight[place] = scan->weight[k];
    }
}

static void block_cells(scan_t *scan, uint32_t code, size_t count)
{
    const pilot_frame_t *frame = scan->frame;
    const char *label = frame->block && frame->block_label ? frame->block_label[code] : "";
    size_t begin = 0;
    dim_summary_add_block(scan->summary, label, strlen(label));
    group_by_arm(scan, count);
    for (size_t a = 0; a < scan->summary->arms; a++) {
        size_t n = scan->arm_end[a] - begin;
        if (n > 0 && scan->summary->clustered)
            clustered_cell(scan, (uint32_t)a, count);
        else if (n > 0 && scan->weight)
            weighted_cell(dim_summary_add_cell(scan->summary, (uint32_t)a), scan->arm_value + begin,
                          scan->arm_weight + begin, n);
        else if (n > 0)
            plain_cell(dim_summary_add_cell(scan->summary, (uint32_t)a), scan->arm_value + begin,
                       n);
        begin = scan->arm_end[a];
    }
}

/* One block's rows, from k on; returns the k after them. */
static size_t one_block(scan_t *scan, size_t k)
{
    const pilot_frame_t *frame = scan->frame;
    const double shift = scan->summary->shift;
    uint32_t code = frame->block ? frame->block[row_at(scan, k)] : 0;
    size_t count = 0;
    for (; k < scan->rows; k++) {
        size_t i = row_at(scan, k);
        if (frame->block && frame->block[i] != code)
            break;
        if (frame->weight && !(frame->weight[i] > 0))
            continue;
        scan->summary->units[frame->arm[i]]++;
        if (!has_value(scan, i))
            continue;
        scan->value[count] = scan->outcome->value[i] - shift;
        scan->arm[count] = frame->arm[i];
        if (frame->weight)
            scan->weight[count] = frame->weight[i];
        scan->cluster[count] = frame->cluster ? frame->cluster[i] : 0;
        count++;
    }
    if (count > 0)
        block_cells(scan, code, count);
    return k;
}

static double first_value(const scan_t *scan)
{
    const double *weight = scan->frame->weight;
    for (size_t k = 0; k < scan->rows; k++) {
        size_t i = row_at(scan, k);
        if (has_value(scan, i) && (!weight || weight[i] > 0))
            return scan->outcome->value[i];
    }
    return 0;
}

pilot_dim_summary_t *pilot_dim_summarize(const pilot_frame_t *frame,
                                         const pilot_variable_t *outcome, const uint32_t *row,
                                         size_t rows, bool labels)
{
    pilot_dim_summary_t *summary = dim_summary_new(frame->arms);
    size_t room = (row ? rows : frame->rows) + 1;
    scan_t scan = {.frame = frame,
                   .outcome = outcome,
                   .row = row,
                   .rows = row ? rows : frame->rows,
                   .summary = summary,
                   .value = pilot_alloc_raw(room, sizeof(double)),
                   .arm_value = pilot_alloc_raw(room, sizeof(double)),
                   .arm = pilot_alloc_raw(room, sizeof(uint16_t)),
                   .cluster = pilot_alloc_raw(room, sizeof(uint32_t)),
                   .arm_end = PILOT_NEW_ARRAY(size_t, frame->arms + 1),
                   .seen = PILOT_NEW_ARRAY(size_t, frame->clusters + 1)};
    if (frame->weight) {
        scan.weight = pilot_alloc_raw(room, sizeof(double));
        scan.arm_weight = pilot_alloc_raw(room, sizeof(double));
    }
    summary->blocked = frame->block != NULL;
    summary->clustered = frame->cluster != NULL;
    summary->weighted = frame->weight != NULL;
    summary->labelled = labels;
    summary->shift = first_value(&scan);
    for (size_t k = 0; k < scan.rows;)
        k = one_block(&scan, k);
    free(scan.value);
    free(scan.weight);
    free(scan.arm_value);
    free(scan.arm_weight);
    free(scan.arm);
    free(scan.cluster);
    free(scan.arm_end);
    free(scan.seen);
    return summary;
}
