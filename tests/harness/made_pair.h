/* made_pair.h - made-up rows with a target and its mission, for tests of the statistics library. */
#ifndef PILOT_TEST_MADE_PAIR_H
#define PILOT_TEST_MADE_PAIR_H

#include <math.h>

#include "pilot/decoupling.h"

#define MADE 60

typedef struct made {
    uint16_t arm[MADE];
    double target[MADE], mission[MADE];
    uint8_t present[MADE];
    pilot_frame_t frame;
    pilot_variable_t first, second;
    pilot_pair_task_t task;
} made_t;

static inline double uniform(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return ((*state >> 8) + 0.5) / 16777216.0;
}

static inline void make(made_t *made, unsigned seed)
{
    unsigned state = seed * 2654435761u + 99u;
    *made = (made_t){.frame = {.rows = MADE, .arms = 2, .arm = made->arm}};
    made->first = (pilot_variable_t){made->target, NULL};
    made->second = (pilot_variable_t){made->mission, made->present};
    made->task = (pilot_pair_task_t){
        .frame = &made->frame, .target = &made->first, .mission = &made->second};
    for (size_t i = 0; i < MADE; i++) {
        double common = floor(100 * uniform(&state));
        made->arm[i] = (uint16_t)(i % 2);
        made->target[i] = common + floor(50 * uniform(&state));
        made->present[i] = uniform(&state) < 0.9;
        made->mission[i] = made->present[i] ? common * 2 + floor(150 * uniform(&state)) : 0;
    }
}

#endif
