/* contrast_sample.h - rows of one contrast made row by row or at random, and the changes that an
 * estimator must not mind, or must follow. */
#ifndef PILOT_TEST_CONTRAST_SAMPLE_H
#define PILOT_TEST_CONTRAST_SAMPLE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/contrast.h"
#include "tap.h"

#define CONTRAST_BLOCKED 1u
#define CONTRAST_CLUSTERED 2u
#define CONTRAST_WEIGHTED 4u
#define CONTRAST_PROBABILITY 8u
#define CONTRAST_DESIGNS 16u

/* Is the row without numbers, for this reason? */
static inline bool contrast_is_refused(const pilot_estimate_t *row, pilot_reason_t reason)
{
    return row->status == PILOT_ROW_NOT_ESTIMABLE && row->reason == reason &&
           !row->std_error.given && !row->p_value.given && !row->ci_low.given &&
           !row->ci_high.given && row->std_error_type == PILOT_SE_NONE;
}

/* Room for `rows` rows; add them with contrast_add; clear with pilot_sample_clear. */
static inline pilot_sample_t contrast_sample(unsigned design, size_t rows)
{
    pilot_sample_t sample = {.arms = 2};
    rows += 1;
    sample.outcome = calloc(rows, sizeof(double));
    sample.treated = calloc(rows, 1);
    if (design & CONTRAST_WEIGHTED)
        sample.weight = calloc(rows, sizeof(double));
    if (design & CONTRAST_BLOCKED)
        sample.block = calloc(rows, sizeof(uint32_t));
    if (design & CONTRAST_CLUSTERED)
        sample.cluster = calloc(rows, sizeof(uint32_t));
    if (design & CONTRAST_PROBABILITY)
        sample.probability = calloc(rows, sizeof(double));
    return sample;
}

static inline void contrast_add(pilot_sample_t *sample, unsigned block, unsigned cluster,
                                bool treated, double outcome)
{
    size_t i = sample->n++;
    sample->candidates = sample->n;
    sample->outcome[i] = outcome;
    sample->treated[i] = treated;
    if (sample->weight)
        sample->weight[i] = 1;
    if (sample->block) {
        sample->block[i] = block;
        sample->blocks = block + 1 > sample->blocks ? block + 1 : sample->blocks;
    }
    if (sample->cluster) {
        sample->cluster[i] = cluster;
        sample->clusters = cluster + 1 > sample->clusters ? cluster + 1 : sample->clusters;
    }
}

static inline double contrast_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Blocks of 4 to 9 units (clusters of 1 to 4 rows), both arms in each; outcomes 0 .. most. */
static inline pilot_sample_t contrast_sample_random(unsigned design, uint64_t seed, unsigned most)
{
    uint64_t state = seed;
    size_t blocks = 1 + (size_t)(contrast_random(&state) * 5);
    unsigned cluster = 0;
    pilot_sample_t sample = contrast_sample(design, blocks * 9 * 4);
    for (unsigned b = 0; b < blocks; b++) {
        size_t units = 4 + (size_t)(contrast_random(&state) * 6);
        size_t start = (size_t)(contrast_random(&state) * 3);
        for (size_t u = 0; u < units; u++, cluster++) {
            bool treated = (u + start) % 3 == 0 || u == 1;
            double chance = 0.2 + 0.6 * contrast_random(&state);
            size_t rows =
                design & CONTRAST_CLUSTERED ? 1 + (size_t)(contrast_random(&state) * 4) : 1;
            for (size_t k = 0; k < rows; k++) {
                contrast_add(&sample, b, cluster, treated && u != 0,
                             floor(contrast_random(&state) * (most + 1)));
                if (sample.weight)
                    sample.weight[sample.n - 1] = 0.25 + 3 * contrast_random(&state);
                if (sample.probability)
                    sample.probability[sample.n - 1] = chance;
            }
        }
    }
    return sample;
}

static inline void contrast_exchange(pilot_sample_t *sample, size_t i, size_t j)
{
#define CONTRAST_EXCHANGE(type, column)                                                            \
    if (sample->column) {                                                                          \
        type kept = sample->column[i];                                                             \
        sample->column[i] = sample->column[j];                                                     \
        sample->column[j] = kept;                                                                  \
    }
    CONTRAST_EXCHANGE(double, outcome)
    CONTRAST_EXCHANGE(uint8_t, treated)
    CONTRAST_EXCHANGE(double, weight)
    CONTRAST_EXCHANGE(uint32_t, block)
    CONTRAST_EXCHANGE(uint32_t, cluster)
    CONTRAST_EXCHANGE(double, probability)
#undef CONTRAST_EXCHANGE
}

/* Rows in another order, within their block. */
static inline void contrast_shuffle(pilot_sample_t *sample, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < sample->n; i++) {
        size_t j = i + (size_t)(contrast_random(&state) * (double)(sample->n - i));
        if (!sample->block || sample->block[i] == sample->block[j])
            contrast_exchange(sample, i, j);
    }
}

/* Blocks and clusters numbered from the other end. */
static inline void contrast_reverse(pilot_sample_t *sample)
{
    for (size_t i = 0; i < sample->n / 2; i++)
        contrast_exchange(sample, i, sample->n - 1 - i);
    for (size_t i = 0; i < sample->n; i++) {
        if (sample->block)
            sample->block[i] = (uint32_t)(sample->blocks - 1 - sample->block[i]);
        if (sample->cluster)
            sample->cluster[i] = (uint32_t)(sample->clusters - 1 - sample->cluster[i]);
    }
}

static inline void contrast_swap_arms(pilot_sample_t *sample)
{
    double kept = sample->arm_probability;
    sample->arm_probability = sample->control_probability;
    sample->control_probability = kept;
    for (size_t i = 0; i < sample->n; i++)
        sample->treated[i] = !sample->treated[i];
}

static inline void contrast_multiply(pilot_sample_t *sample, double factor)
{
    for (size_t i = 0; i < sample->n; i++)
        sample->outcome[i] *= factor;
}

/* Every row twice with half its weight, beside each other. */
static inline pilot_sample_t contrast_double(const pilot_sample_t *from)
{
    pilot_sample_t sample =
        contrast_sample(CONTRAST_WEIGHTED | (from->block ? CONTRAST_BLOCKED : 0) |
                            (from->cluster ? CONTRAST_CLUSTERED : 0) |
                            (from->probability ? CONTRAST_PROBABILITY : 0),
                        2 * from->n);
    sample.arm_probability = from->arm_probability;
    sample.control_probability = from->control_probability;
    for (size_t i = 0; i < 2 * from->n; i++) {
        contrast_add(&sample, from->block ? from->block[i / 2] : 0,
                     from->cluster ? from->cluster[i / 2] : 0, from->treated[i / 2],
                     from->outcome[i / 2]);
        sample.weight[i] = (from->weight ? from->weight[i / 2] : 1) / 2;
        if (from->probability)
            sample.probability[i] = from->probability[i / 2];
    }
    return sample;
}

static inline pilot_estimate_t contrast_call(pilot_contrast_estimator_t *call,
                                             const pilot_sample_t *sample)
{
    const pilot_contrast_options_t options = {.confidence = 0.95};
    pilot_estimate_t row;
    call(sample, &options, &row);
    return row;
}

static inline bool contrast_near(pilot_number_t got, double factor, pilot_number_t want,
                                 double relative)
{
    if (got.given != want.given)
        return false;
    return fabs(got.value - factor * want.value) <=
           relative * fmax(fabs(factor * want.value), fabs(factor) * 1e-3);
}

/* The same row, its estimate times factor. */
static inline bool contrast_same(const pilot_estimate_t *got, double factor,
                                 const pilot_estimate_t *want, double relative)
{
    bool flip = factor < 0;
    return contrast_near(got->estimate, factor, want->estimate, relative) &&
           contrast_near(got->std_error, fabs(factor), want->std_error, relative) &&
           contrast_near(got->p_value, 1, want->p_value, relative * 1e3) &&
           contrast_near(got->ci_low, factor, flip ? want->ci_high : want->ci_low,
                         relative * 1e3) &&
           contrast_near(got->ci_high, factor, flip ? want->ci_low : want->ci_high,
                         relative * 1e3) &&
           got->status == want->status && got->reason == want->reason &&
           got->std_error_type == want->std_error_type;
}

#endif
