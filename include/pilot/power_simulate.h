/* pilot/power_simulate.h - power by experiment: pilots drawn from a design, each estimated by the
 * estimator that real data would meet.
 *
 * A draw is a function of the seed, the stream and its number alone, so any split of the draws
 * gives the same counts.  Pure: no I/O, no log, no globals.  Method: docs/methods/power.md */
#ifndef PILOT_POWER_SIMULATE_H
#define PILOT_POWER_SIMULATE_H

#include <stdint.h>

#include "pilot/design_matrix.h"
#include "pilot/meta.h"
#include "pilot/power.h"

typedef struct pilot_power_simulation {
    const pilot_power_design_t *design; /* borrowed while the simulator lives, like arm_share */
    const double *arm_share;            /* design->arms; together 1 */
    size_t arm;                         /* the contrast's, a treatment: 1 .. arms-1 */
    double units;                       /* of the scope; made whole */
    double effect;                      /* of that arm; the others have none */
    pilot_regression_model_t model;     /* where the design is adjusted; else difference in means */
    pilot_std_error_t std_error;        /* of a regression; PILOT_SE_NONE: auto */
    pilot_meta_options_t meta;          /* COMPARISON; its confidence is not read */
    uint64_t seed;
    uint32_t stream; /* apart from the seed's other simulations */
} pilot_power_simulation_t;

typedef struct pilot_power_count {
    uint64_t draws;
    uint64_t found;   /* p_value < alpha */
    uint64_t refused; /* no p_value: counted as not found */
} pilot_power_count_t;

typedef struct pilot_power_simulator pilot_power_simulator_t;

/* Caller frees.  The design must be one that pilot_power_precision takes. */
pilot_power_simulator_t *pilot_power_simulator_new(const pilot_power_simulation_t *simulation);
void pilot_power_simulator_free(pilot_power_simulator_t *simulator); /* NULL is fine */

/* Draws first .. first + count - 1 (below 2^32), added to *count_of. */
void pilot_power_simulator_run(pilot_power_simulator_t *simulator, uint64_t first, uint64_t count,
                               pilot_power_count_t *counts);

/* A share or count cannot be as alike, or as well explained, as the design says: its simulation has
 * the most that there can be. */
bool pilot_power_simulator_weakened(const pilot_power_simulator_t *simulator);

#endif
