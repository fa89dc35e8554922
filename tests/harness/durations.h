/* durations.h - rows of one contrast of durations, one by one, for tests of the statistics library.
 */
#ifndef PILOT_TEST_DURATIONS_H
#define PILOT_TEST_DURATIONS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/contrast.h"

#define MOST 256

/* Rows in place, borrowed by the sample. */
typedef struct rows {
    double time[MOST], weight[MOST];
    uint8_t treated[MOST], event[MOST];
    uint32_t block[MOST], cluster[MOST];
    pilot_sample_t sample;
} rows_t;

typedef enum design { PLAIN = 0, BLOCKED = 1, CLUSTERED = 2, WEIGHTED = 4 } design_t;

static inline rows_t *rows_new(unsigned design)
{
    rows_t *rows = calloc(1, sizeof *rows);
    rows->sample = (pilot_sample_t){.outcome = rows->time,
                                    .treated = rows->treated,
                                    .event = rows->event,
                                    .weight = design & WEIGHTED ? rows->weight : NULL,
                                    .block = design & BLOCKED ? rows->block : NULL,
                                    .cluster = design & CLUSTERED ? rows->cluster : NULL,
                                    .arms = 2};
    return rows;
}

static inline void add(rows_t *rows, unsigned block, unsigned cluster, unsigned treated,
                       double weight, double time, unsigned event)
{
    size_t i = rows->sample.n++;
    rows->time[i] = time;
    rows->weight[i] = weight;
    rows->treated[i] = (uint8_t)treated;
    rows->event[i] = (uint8_t)event;
    rows->block[i] = block;
    rows->cluster[i] = cluster;
    rows->sample.candidates++;
    if (rows->sample.block && block >= rows->sample.blocks)
        rows->sample.blocks = block + 1;
    if (rows->sample.cluster && cluster >= rows->sample.clusters)
        rows->sample.clusters = cluster + 1;
}

/* Unblocked, unclustered, from "3 5+ 8" (+: censored) of control, then treated. */
static inline rows_t *rows_of(const char *control, const char *treated)
{
    rows_t *rows = rows_new(PLAIN);
    for (unsigned arm = 0; arm < 2; arm++) {
        for (const char *at = arm ? treated : control; *at;) {
            char *end;
            double time = strtod(at, &end);
            add(rows, 0, 0, arm, 1, time, *end != '+');
            at = end + (*end == '+');
            at += *at == ' ';
        }
    }
    return rows;
}

static inline pilot_estimate_t run(pilot_contrast_estimator_t *estimator, const rows_t *rows,
                                   double horizon)
{
    pilot_contrast_options_t options = {.confidence = 0.95, .horizon = horizon};
    pilot_estimate_t row;
    memset(&row, 0xff, sizeof row);
    estimator(&rows->sample, &options, &row);
    return row;
}

static inline double uniform(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return ((*state >> 8) + 0.5) / 16777216.0;
}

/* 4 blocks, 6 clusters in each; ties; a fifth is censored (none, if censoring is 0). */
static inline rows_t *random_rows(unsigned design, unsigned seed, double censoring)
{
    rows_t *rows = rows_new(design);
    unsigned state = seed * 2654435761u + 12345u;
    for (unsigned i = 0; i < 120; i++) {
        unsigned cluster = i / 5, block = cluster / 6;
        unsigned arm = design & CLUSTERED ? cluster % 2 : (i + i / 7) % 2;
        double time = ceil(-20 * log(uniform(&state)) * (arm ? 1.3 : 1)) / 2;
        unsigned event = uniform(&state) >= censoring;
        add(rows, block, cluster, arm, 0.25 + 2 * uniform(&state), time, event);
    }
    return rows;
}

static inline bool near(double got, double want, double relative)
{
    return fabs(got - want) <= relative * fabs(want) + 1e-300;
}

#endif
