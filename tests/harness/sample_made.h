/* sample_made.h - samples of one contrast for tests: from a golden table, or random ones. */
#ifndef PILOT_TEST_SAMPLE_MADE_H
#define PILOT_TEST_SAMPLE_MADE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/contrast.h"
#include "table.h"

enum { SAMPLE_BLOCKED = 1, SAMPLE_CLUSTERED = 2, SAMPLE_WEIGHTED = 4, SAMPLE_TIES = 8 };

static inline void *sample_clone(const void *array, size_t count, size_t size)
{
    void *copy = array ? calloc(count + 1, size) : NULL;
    if (copy && count > 0)
        memcpy(copy, array, count * size);
    return copy;
}

static inline pilot_sample_t sample_copy(const pilot_sample_t *from)
{
    pilot_sample_t copy = *from;
    copy.outcome = sample_clone(from->outcome, from->n, sizeof *from->outcome);
    copy.treated = sample_clone(from->treated, from->n, 1);
    copy.present = sample_clone(from->present, from->n, 1);
    copy.weight = sample_clone(from->weight, from->n, sizeof *from->weight);
    copy.block = sample_clone(from->block, from->n, sizeof *from->block);
    copy.cluster = sample_clone(from->cluster, from->n, sizeof *from->cluster);
    copy.event = sample_clone(from->event, from->n, 1);
    copy.probability = sample_clone(from->probability, from->n, sizeof *from->probability);
    copy.cell = sample_clone(from->cell, from->n, sizeof *from->cell);
    return copy;
}

/* Rows of a table with the columns arm (c, t), block, cluster, w, unit; design: SAMPLE_*.
 * cell_column: of labels x1, x2, ...; or NULL. */
static inline pilot_sample_t sample_of_table(const table_t *table, const char *outcome,
                                             unsigned design, bool keep_missing,
                                             const char *cell_column)
{
    static const char *const arms[] = {"c", "t", NULL};
    table_columns_t columns = {.outcome = outcome,
                               .arm = "arm",
                               .block = design & SAMPLE_BLOCKED ? "block" : NULL,
                               .cluster = design & SAMPLE_CLUSTERED ? "cluster" : NULL,
                               .weight = design & SAMPLE_WEIGHTED ? "w" : NULL,
                               .unit = "unit",
                               .arms = arms};
    table_frame_t frame = table_make_frame(table, &columns);
    table_key_t *key = calloc(table->rows + 1, sizeof *key);
    uint32_t *cell = calloc(table->rows + 1, sizeof *cell);
    pilot_sample_columns_t chosen = {.outcome = &frame.outcome};
    pilot_sample_t sample;
    if (cell_column) {
        size_t keys = table_sorted_keys(table, &columns, key);
        for (size_t i = 0; i < keys; i++)
            cell[i] = (uint32_t)(table_get(table, key[i].row, cell_column)[1] - '1');
        chosen.cell = cell;
        chosen.cells = 9;
    }
    pilot_sample_select(&frame.frame, &chosen, NULL, 0, 1, keep_missing, &sample);
    table_frame_free(&frame);
    free(key);
    free(cell);
    return sample;
}

static inline uint64_t sample_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline double sample_uniform(uint64_t *state)
{
    return ((double)(sample_random(state) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double sample_normal(uint64_t *state)
{
    double u = sample_uniform(state), v = sample_uniform(state);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* Random rows; blocks (of about 16 rows) and clusters (of 1 to 4 rows, each in one arm) by design.
 * present stays NULL.  With SAMPLE_TIES the outcome is a whole number from -3 to 3. */
static inline pilot_sample_t sample_make(unsigned design, uint64_t seed, size_t n)
{
    uint64_t state = seed * 7919 + design;
    pilot_sample_t sample = {.n = n,
                             .outcome = calloc(n + 1, sizeof(double)),
                             .treated = calloc(n + 1, 1),
                             .arms = 2,
                             .candidates = n};
    sample.block = design & SAMPLE_BLOCKED ? calloc(n + 1, sizeof(uint32_t)) : NULL;
    sample.cluster = design & SAMPLE_CLUSTERED ? calloc(n + 1, sizeof(uint32_t)) : NULL;
    sample.weight = design & SAMPLE_WEIGHTED ? calloc(n + 1, sizeof(double)) : NULL;
    for (size_t i = 0, left = 0, block = 0, in_block = 0; i < n; i++) {
        bool fresh = left == 0;
        if (fresh && in_block >= 16 && n - i >= 12) {
            block++;
            in_block = 0;
        }
        if (fresh)
            left = sample.cluster ? 1 + sample_random(&state) % 4 : 1;
        left--;
        sample.treated[i] = fresh ? sample_random(&state) % 2 : sample.treated[i - 1];
        /* Both arms, with two units or more each. */
        if (fresh && in_block < 2)
            sample.treated[i] = in_block % 2;
        if (sample.cluster)
            sample.cluster[i] = (uint32_t)(sample.clusters += fresh) - 1;
        in_block++;
        if (sample.block)
            sample.block[i] = (uint32_t)block;
        sample.blocks = sample.block ? block + 1 : 0;
        sample.outcome[i] = 2 * sample_normal(&state) + (double)(block % 3) + sample.treated[i];
        if (design & SAMPLE_TIES)
            sample.outcome[i] = fmin(3, fmax(-3, round(sample.outcome[i])));
        if (sample.weight)
            sample.weight[i] = 0.25 + (double)(sample_random(&state) % 12) / 4;
    }
    return sample;
}

static inline void sample_swap_arms(pilot_sample_t *sample)
{
    for (size_t i = 0; i < sample->n; i++)
        sample->treated[i] = !sample->treated[i];
}

static inline void sample_swap_rows(pilot_sample_t *sample, size_t i, size_t j)
{
#define SAMPLE_SWAP(type, array)                                                                   \
    if (sample->array) {                                                                           \
        type kept = sample->array[i];                                                              \
        sample->array[i] = sample->array[j];                                                       \
        sample->array[j] = kept;                                                                   \
    }
    SAMPLE_SWAP(double, outcome)
    SAMPLE_SWAP(uint8_t, treated)
    SAMPLE_SWAP(uint8_t, present)
    SAMPLE_SWAP(double, weight)
    SAMPLE_SWAP(uint32_t, cluster)
    SAMPLE_SWAP(uint32_t, cell)
#undef SAMPLE_SWAP
}

/* Another order of the rows within each block. */
static inline void sample_shuffle(pilot_sample_t *sample, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = sample->n; i-- > 1;) {
        size_t j = sample_random(&state) % (i + 1);
        if (!sample->block || sample->block[i] == sample->block[j])
            sample_swap_rows(sample, i, j);
    }
}

/* Every row twice, with half its weight. */
static inline pilot_sample_t sample_halve(const pilot_sample_t *from)
{
    pilot_sample_t sample = *from;
    size_t n = 2 * from->n;
    sample.n = n;
    sample.candidates = n;
#define SAMPLE_DOUBLE(type, array)                                                                 \
    sample.array = from->array ? calloc(n + 1, sizeof(type)) : NULL;                               \
    for (size_t i = 0; sample.array && i < n; i++)                                                 \
        sample.array[i] = from->array[i / 2];
    SAMPLE_DOUBLE(double, outcome)
    SAMPLE_DOUBLE(uint8_t, treated)
    SAMPLE_DOUBLE(uint8_t, present)
    SAMPLE_DOUBLE(uint32_t, block)
    SAMPLE_DOUBLE(uint32_t, cluster)
    SAMPLE_DOUBLE(uint32_t, cell)
#undef SAMPLE_DOUBLE
    sample.weight = calloc(n + 1, sizeof(double));
    for (size_t i = 0; i < n; i++)
        sample.weight[i] = (from->weight ? from->weight[i / 2] : 1) / 2;
    return sample;
}

/* Rows of one block without clusters and weights, borrowed; n_control controls come first. */
static inline pilot_sample_t sample_of_values(double *outcome, uint8_t *treated, size_t n,
                                              size_t n_control)
{
    for (size_t i = 0; i < n; i++)
        treated[i] = i >= n_control;
    return (pilot_sample_t){
        .n = n, .outcome = outcome, .treated = treated, .arms = 2, .candidates = n};
}

static inline bool sample_same_number(pilot_number_t a, pilot_number_t b)
{
    return a.given == b.given && (!a.given || memcmp(&a.value, &b.value, sizeof a.value) == 0);
}

/* The same bits. */
static inline bool sample_same_row(const pilot_estimate_t *a, const pilot_estimate_t *b)
{
    return sample_same_number(a->estimate, b->estimate) &&
           sample_same_number(a->std_error, b->std_error) && sample_same_number(a->df, b->df) &&
           sample_same_number(a->statistic, b->statistic) &&
           sample_same_number(a->p_value, b->p_value) && sample_same_number(a->ci_low, b->ci_low) &&
           sample_same_number(a->ci_high, b->ci_high) && a->n == b->n && a->n_arm == b->n_arm &&
           a->n_control == b->n_control && a->clusters == b->clusters && a->blocks == b->blocks &&
           a->status == b->status && a->reason == b->reason && strcmp(a->detail, b->detail) == 0;
}

/* |a - b| as a share of scale; absent numbers agree only with absent ones. */
static inline double sample_distance(pilot_number_t a, pilot_number_t b, double scale)
{
    if (a.given != b.given)
        return INFINITY;
    return a.given ? fabs(a.value - b.value) / fmax(fabs(scale), 1e-300) : 0;
}

/* Blocks of so many treated and control rows, standard normal outcomes. */
static inline pilot_sample_t sample_of_small_blocks(uint64_t seed, size_t blocks, size_t treated,
                                                    size_t control)
{
    size_t size = treated + control, n = blocks * size;
    pilot_sample_t sample = {.n = n, .blocks = blocks, .arms = 2, .candidates = n};
    uint64_t state = seed;
    sample.outcome = calloc(n, sizeof *sample.outcome);
    sample.treated = calloc(n, 1);
    sample.block = calloc(n, sizeof *sample.block);
    for (size_t i = 0; i < n; i++) {
        sample.outcome[i] = sample_normal(&state);
        sample.treated[i] = i % size < treated;
        sample.block[i] = (uint32_t)(i / size);
    }
    return sample;
}

#endif
