/* dim_small.c - variance over several blocks.
 *
 * Pairs: Imai (2008), "Variance identification and efficiency analysis in randomized experiments
 * under the matched-pair design"; Imai, King & Nall (2009) for pairs of unequal weight.  Small
 * blocks: Pashley & Miratrix (2021), "Insights on variance estimation for blocked and matched
 * pairs designs": the hybrid estimators with subscript m and p. */
#include "dim_small.h"

#include <stdlib.h>

#include "compensated.h"
#include "pilot/memory.h"

dim_variance_t dim_pairs(const dim_block_t *block, size_t blocks, double effect)
{
    double pairs = (double)blocks, total;
    compensated_t weight = {0}, squares = {0};
    for (size_t b = 0; b < blocks; b++)
        compensated_add(&weight, block[b].weight);
    total = compensated_value(&weight);
    for (size_t b = 0; b < blocks; b++) {
        double share = block[b].weight / total * pairs;
        double distance = share * block[b].effect - effect;
        compensated_add(&squares, distance * distance);
    }
    return (dim_variance_t){compensated_value(&squares) / (pairs * (pairs - 1)), pairs - 1};
}

/* Small blocks by weight. */
typedef struct small {
    double weight, effect;
    size_t order;
} small_t;

static int by_weight(const void *left, const void *right)
{
    const small_t *a = left, *b = right;
    if (a->weight != b->weight)
        return a->weight < b->weight ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* Caller frees; NULL when there is none. */
static small_t *sorted_small(const dim_block_t *block, size_t blocks, size_t *ret_count,
                             double *ret_total)
{
    small_t *small = NULL;
    size_t count = 0, capacity = 0;
    compensated_t total = {0};
    for (size_t b = 0; b < blocks; b++) {
        if (!block[b].small)
            continue;
        small = pilot_grow(small, &capacity, count + 1, sizeof *small);
        small[count++] = (small_t){block[b].weight, block[b].effect, b};
        compensated_add(&total, block[b].weight);
    }
    if (count > 0)
        qsort(small, count, sizeof *small, by_weight);
    *ret_count = count;
    *ret_total = compensated_value(&total);
    return small;
}

/* End of the run of equal weights that begins at i. */
static size_t run_end(const small_t *small, size_t count, size_t i)
{
    size_t end = i + 1;
    while (end < count && small[end].weight == small[i].weight)
        end++;
    return end;
}

dim_small_t dim_small_kind(const dim_block_t *block, size_t blocks)
{
    size_t count;
    double total;
    small_t *small = sorted_small(block, blocks, &count, &total);
    dim_small_t kind = DIM_SMALL_M;
    for (size_t i = 0, end; i < count; i = end) {
        end = run_end(small, count, i);
        if (end - i < 2)
            kind = DIM_SMALL_P;
    }
    if (count == 0)
        kind = DIM_SMALL_NONE;
    else if (kind == DIM_SMALL_P && !(small[count - 1].weight < total / 2))
        kind = DIM_SMALL_NO_FORMULA;
    free(small);
    return kind;
}

/* A part of the variance with its own degrees of freedom. */
typedef struct groups {
    compensated_t variance, squares;
    size_t count;
    double last_df;
} groups_t;

static void add_group(groups_t *groups, double variance, double df)
{
    compensated_add(&groups->variance, variance);
    compensated_add(&groups->squares, variance * variance / df);
    groups->count++;
    groups->last_df = df;
}

/* Hybrid m: among the blocks of one size, the spread of their effects. */
static void small_by_size(const small_t *small, size_t count, double total, groups_t *groups)
{
    for (size_t i = 0, end; i < count; i = end) {
        double k, mean, share;
        compensated_t sum = {0}, squares = {0};
        end = run_end(small, count, i);
        k = (double)(end - i);
        for (size_t j = i; j < end; j++)
            compensated_add(&sum, small[j].effect);
        mean = compensated_value(&sum) / k;
        for (size_t j = i; j < end; j++)
            compensated_add(&squares, (small[j].effect - mean) * (small[j].effect - mean));
        share = small[i].weight * k / total;
        add_group(groups, share * share * compensated_value(&squares) / (k * (k - 1)), k - 1);
    }
}

/* Hybrid p: all small blocks together, weights that make the formula unbiased when their
 * effects are equal. */
static void small_pooled(const small_t *small, size_t count, double sum, double total,
                         groups_t *groups)
{
    compensated_t effect = {0}, inner = {0}, variance = {0};
    double mean, base, scale = sum / total;
    for (size_t i = 0; i < count; i++) {
        compensated_add(&effect, small[i].weight * small[i].effect);
        compensated_add(&inner, small[i].weight * (small[i].weight / (sum - 2 * small[i].weight)));
    }
    mean = compensated_value(&effect) / sum;
    base = sum + compensated_value(&inner);
    for (size_t i = 0; i < count; i++) {
        double w = small[i].weight, distance = small[i].effect - mean;
        compensated_add(&variance, w / (sum - 2 * w) * (w / base) * distance * distance);
    }
    add_group(groups, scale * scale * compensated_value(&variance), (double)count - 1);
}

static void big_blocks(const dim_block_t *block, size_t blocks, double total, groups_t *groups)
{
    compensated_t variance = {0};
    double df = 0;
    for (size_t b = 0; b < blocks; b++) {
        double share = block[b].weight / total;
        if (block[b].small)
            continue;
        compensated_add(&variance,
                        share * share * (block[b].treated.variance + block[b].control.variance));
        df += (double)(block[b].treated.units + block[b].control.units - 2);
    }
    if (df > 0)
        add_group(groups, compensated_value(&variance), df);
}

dim_variance_t dim_blocks(const dim_block_t *block, size_t blocks, dim_small_t kind)
{
    groups_t groups = {0};
    compensated_t weight = {0};
    double total, sum, variance;
    size_t count;
    small_t *small = sorted_small(block, blocks, &count, &sum);
    for (size_t b = 0; b < blocks; b++)
        compensated_add(&weight, block[b].weight);
    total = compensated_value(&weight);
    big_blocks(block, blocks, total, &groups);
    if (kind == DIM_SMALL_M)
        small_by_size(small, count, total, &groups);
    else if (kind == DIM_SMALL_P)
        small_pooled(small, count, sum, total, &groups);
    free(small);
    variance = compensated_value(&groups.variance);
    if (groups.count == 1)
        return (dim_variance_t){variance, groups.last_df};
    return (dim_variance_t){variance, variance * variance / compensated_value(&groups.squares)};
}
