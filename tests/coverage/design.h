/* design.h - made-up pilots for the coverage simulation: a design, an outcome's distribution, and
 * one random draw of units and assignment. */
#ifndef PILOT_COVERAGE_DESIGN_H
#define PILOT_COVERAGE_DESIGN_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/frame.h"

#define MOST_ROWS 4000
#define COVARIATES 3

typedef struct design {
    const char *name;
    size_t blocks, clusters; /* 0: none; clusters are the units of assignment, spread over blocks */
    size_t units;            /* in all, or for each cluster on average */
    bool uneven;             /* cluster sizes from 1 to 2 x units - 1 */
    size_t arms;
    double share; /* of the last arm; the others share the rest */
    bool weighted;
    bool no_effect; /* of any treatment arm on anybody */
} design_t;

typedef enum distribution { NORMAL, SKEWED, BINARY, RARE, COUNT, SURVIVAL } distribution_t;
extern const char *const distribution_name[];

/* Rows of one draw, sorted by block, cluster, unit.  The effect of every treatment arm is the same
 * in the population: see draw_unit. */
typedef struct pilot_draw {
    size_t rows;
    uint16_t arm[MOST_ROWS];
    uint32_t block[MOST_ROWS], cluster[MOST_ROWS];
    double weight[MOST_ROWS], outcome[MOST_ROWS], event[MOST_ROWS];
    double covariate[COVARIATES][MOST_ROWS];
    double received[MOST_ROWS], outcome_received[MOST_ROWS]; /* of those who take what they like */
    uint8_t seen[MOST_ROWS];                                 /* the outcome is known */
    pilot_frame_t frame;
} pilot_draw_t;

/* One person of the population; block and cluster are effects common to their members. */
typedef struct person {
    double covariate[COVARIATES], untreated, treated;
    double event_untreated, event_treated; /* SURVIVAL: 1 an event, 0 censored */
    /* In control and in a treatment arm: takes the treatment; can be found for the outcome. */
    bool takes[2], seen[2];
} person_t;

/* Blocks are given, so their effects are the same in every draw; clusters are drawn. */
double block_effect(const design_t *design, size_t block);
double cluster_effect(const design_t *design, gsl_rng *random);
void draw_person(distribution_t distribution, double block, double cluster, gsl_rng *random,
                 person_t *person);
void draw_pilot(const design_t *design, distribution_t distribution, gsl_rng *random,
                pilot_draw_t *draw);

#endif
