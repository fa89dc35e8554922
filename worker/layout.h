/* layout.h - which columns of outcomes.<pilot> an analysis needs, in the order of the pull.
 *
 * Two analyses with the same layout share cached datasets; `key` is that identity. */
#ifndef PILOT_WORKER_LAYOUT_H
#define PILOT_WORKER_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/row_keys.h"

typedef struct pilot_layout_variable {
    char *name;    /* SQL column */
    bool category; /* a dictionary code, not a number */
    bool received; /* a number, or an arm's index in the submission's dictionary of this column */
} pilot_layout_variable_t;

#define PILOT_NO_VARIABLE SIZE_MAX

/* Fields of a pulled row: pilot_submission, pilot_unit, pilot_arm, then block, cluster and weight
 * where the plan has them, then the variables: outcomes, then covariates, in plan order, then what
 * estimators of the plan need besides: events, probability, received. */
typedef struct pilot_layout {
    char *pilot;
    char **arm; /* labels in plan order; [0] is the control */
    size_t arm_count;
    bool has_block, has_cluster, has_weight;
    pilot_layout_variable_t *variable;
    size_t variable_count;
    size_t *event; /* by outcome: index into variable, or PILOT_NO_VARIABLE */
    size_t probability, received;
    size_t fields;
    char *key;
    size_t key_length;
} pilot_layout_t;

/* Caller frees with pilot_layout_free. */
pilot_layout_t *pilot_layout_new(const pilot_row_slots_t *slots);
void pilot_layout_free(pilot_layout_t *layout); /* NULL is fine */

#endif
