/* ols_made.h - made-up agencies of any size, the same on every machine.  For tests. */
#ifndef PILOT_TEST_OLS_MADE_H
#define PILOT_TEST_OLS_MADE_H

#include <stdint.h>

#include "ols_data.h"

static inline double made_uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* Nearly normal, mean 0, variance 1. */
static inline double made_normal(uint64_t *state)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += made_uniform(state);
    return sum - 6;
}

typedef struct made {
    ols_agency_t agency; /* one outcome, numbers x and z, three arms; free with made_free */
    uint16_t *arm;
    uint32_t *block, *cluster;
    double *weight, *y, *x, *z;
    char (*label)[48]; /* of rows, for clusters of one unit */
    const char **labels;
} made_t;

static inline void made_wire(made_t *made)
{
    ols_agency_t *agency = &made->agency;
    agency->outcome[0].value = made->y;
    agency->number[0].value = made->x;
    agency->number[1].value = made->z;
    agency->regressor[0] = (pilot_regressor_t){.name = "x", .number = &agency->number[0]};
    agency->regressor[1] = (pilot_regressor_t){.name = "z", .number = &agency->number[1]};
    agency->frame.arm = made->arm;
}

/* Blocks of block_rows rows and clusters of cluster_rows; 0: none. */
static inline made_t *made_new(uint64_t seed, size_t rows, size_t block_rows, size_t cluster_rows)
{
    made_t *made = calloc(1, sizeof *made);
    uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
    made->arm = calloc(rows, sizeof *made->arm);
    made->block = calloc(rows, sizeof *made->block);
    made->cluster = calloc(rows, sizeof *made->cluster);
    made->weight = calloc(rows, sizeof *made->weight);
    made->y = calloc(rows, sizeof *made->y);
    made->x = calloc(rows, sizeof *made->x);
    made->z = calloc(rows, sizeof *made->z);
    made->label = calloc(rows, sizeof *made->label);
    made->labels = calloc(rows, sizeof *made->labels);
    for (size_t i = 0; i < rows; i++) {
        made->block[i] = (uint32_t)(block_rows ? i / block_rows : 0);
        made->cluster[i] = (uint32_t)(cluster_rows ? i / cluster_rows : 0);
        made->arm[i] = (uint16_t)((cluster_rows ? i / cluster_rows : i) % 3);
        made->weight[i] = 0.5 + made_uniform(&state);
        made->x[i] = made_normal(&state);
        made->z[i] = made_uniform(&state) + (double)(i % 7);
        made->y[i] = 3 + made->x[i] + 0.2 * made->z[i] + 0.5 * made->arm[i] +
                     (1 + 0.3 * made->arm[i]) * made_normal(&state);
        snprintf(made->label[i], sizeof made->label[i], "%llu-%06zu", (unsigned long long)seed, i);
        made->labels[i] = made->label[i];
    }
    made->agency.name = "made";
    made->agency.outcomes = 1;
    made->agency.regressors = 2;
    made->agency.frame = (pilot_frame_t){.rows = rows, .arms = 3};
    if (block_rows) {
        made->agency.frame.block = made->block;
        made->agency.frame.blocks = (rows + block_rows - 1) / block_rows;
        made->agency.frame.block_label = made->labels;
    }
    if (cluster_rows) {
        made->agency.frame.cluster = made->cluster;
        made->agency.frame.clusters = (rows + cluster_rows - 1) / cluster_rows;
        made->agency.frame.cluster_label = made->labels;
    }
    made_wire(made);
    return made;
}

static inline void made_free(made_t *made)
{
    free(made->arm);
    free(made->block);
    free(made->cluster);
    free(made->weight);
    free(made->y);
    free(made->x);
    free(made->z);
    free(made->label);
    free(made->labels);
    free(made);
}

#endif
