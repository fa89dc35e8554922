/* agency.h - small made-up agencies, row by row, for tests of the statistics library. */
#ifndef PILOT_TEST_AGENCY_H
#define PILOT_TEST_AGENCY_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/dim.h"

#define AGENCY_MOST 400

/* Codes ascend with the rows, as in any frame. */
typedef struct agency {
    size_t rows, blocks, clusters;
    uint16_t arm[AGENCY_MOST];
    uint32_t block[AGENCY_MOST], cluster[AGENCY_MOST];
    double weight[AGENCY_MOST], value[AGENCY_MOST];
    uint8_t present[AGENCY_MOST];
    const char *block_label[AGENCY_MOST], *cluster_label[AGENCY_MOST];
    char names[AGENCY_MOST][8];
    pilot_frame_t frame;
    pilot_variable_t outcome;
} agency_t;

typedef enum design { PLAIN = 0, BLOCKED = 1, CLUSTERED = 2, WEIGHTED = 4 } design_t;

/* Codes below AGENCY_MOST become labels "0000", "0001", ... */
static inline agency_t *agency_new(unsigned design, size_t arms)
{
    agency_t *agency = calloc(1, sizeof *agency);
    for (size_t i = 0; i < AGENCY_MOST; i++) {
        snprintf(agency->names[i], sizeof agency->names[i], "%04u", (unsigned)i % 10000);
        agency->block_label[i] = agency->cluster_label[i] = agency->names[i];
    }
    agency->frame = (pilot_frame_t){.arms = arms,
                                    .arm = agency->arm,
                                    .block = design & BLOCKED ? agency->block : NULL,
                                    .cluster = design & CLUSTERED ? agency->cluster : NULL,
                                    .weight = design & WEIGHTED ? agency->weight : NULL,
                                    .block_label = agency->block_label,
                                    .cluster_label = agency->cluster_label};
    agency->outcome = (pilot_variable_t){agency->value, agency->present};
    return agency;
}

static inline void add(agency_t *agency, unsigned block, unsigned cluster, unsigned arm,
                       double weight, double value)
{
    size_t i = agency->rows++;
    agency->block[i] = block;
    agency->cluster[i] = cluster;
    agency->arm[i] = (uint16_t)arm;
    agency->weight[i] = weight;
    agency->value[i] = (value != value) ? 0 : value;
    agency->present[i] = value == value;
    agency->frame.rows = agency->rows;
    agency->frame.blocks = agency->frame.block ? AGENCY_MOST : 0;
    agency->frame.clusters = agency->frame.cluster ? AGENCY_MOST : 0;
}

static inline pilot_estimate_t estimate(const agency_t *const *agency, size_t agencies, size_t arm)
{
    const pilot_dim_summary_t *summary[8];
    pilot_estimate_t row;
    for (size_t i = 0; i < agencies; i++)
        summary[i] = pilot_dim_summarize(&agency[i]->frame, &agency[i]->outcome, NULL, 0, false);
    pilot_dim_estimate(summary, agencies, arm, 0, 0.95, &row);
    for (size_t i = 0; i < agencies; i++)
        pilot_dim_summary_free((pilot_dim_summary_t *)summary[i]);
    return row;
}

static inline pilot_estimate_t estimate_one(const agency_t *agency)
{
    return estimate(&agency, 1, 1);
}

static inline void random_agency(agency_t *agency, unsigned seed, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        unsigned r = (unsigned)((i + 1) * 2654435761u + seed * 40503u) >> 8;
        unsigned cluster = (unsigned)i / 5;
        unsigned arm = agency->frame.cluster ? (cluster * 7 + seed) % 3 : r % 3;
        add(agency, (unsigned)i / 25, cluster, arm, 0.25 + r % 11,
            r % 13 == 0 ? (double)NAN : r % 1000);
    }
}

static inline bool same_bits(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

static inline bool same_row(const pilot_estimate_t *a, const pilot_estimate_t *b)
{
    return same_bits(a->estimate.value, b->estimate.value) &&
           same_bits(a->std_error.value, b->std_error.value) &&
           same_bits(a->df.value, b->df.value) &&
           same_bits(a->control_mean.value, b->control_mean.value) &&
           same_bits(a->control_std_dev.value, b->control_std_dev.value) && a->n == b->n &&
           a->clusters == b->clusters && a->blocks == b->blocks && a->status == b->status &&
           a->reason == b->reason && strcmp(a->detail, b->detail) == 0;
}

#endif
