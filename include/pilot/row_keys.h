/* pilot/row_keys.h - the rows of results.effects that an analysis must have, in plan order: the one
 * place that says which keys exist.
 *
 * Order: outcome, then subset (the whole sample, then each subgroup's levels), then treatment arm,
 * then estimator.  Levels are known only to who has read the data; who has not enumerates the whole
 * sample alone. */
#ifndef PILOT_ROW_KEYS_H
#define PILOT_ROW_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pilot.pb-c.h>

typedef struct pilot_row_key {
    uint32_t ordinal;
    size_t outcome;        /* index into spec->outcome */
    size_t subset;         /* 0: the whole sample; else 1 + index into the caller's subsets */
    size_t arm;            /* index into spec->arm, >= 1 */
    const char *estimator; /* borrowed */
} pilot_row_key_t;

typedef struct pilot_row_keys {
    const Pilot__Spec *spec;
    size_t subsets; /* levels over all subgroups; 0 = the whole sample alone */
    size_t next;
} pilot_row_keys_t;

/* Estimators that rows are made for: as in the plan; for `auto` one, named "auto" here (the row
 * says which it was). */
size_t pilot_row_estimators(const Pilot__Spec *spec);
const char *pilot_row_estimator(const Pilot__Spec *spec, size_t index);

pilot_row_keys_t pilot_row_keys_begin(const Pilot__Spec *spec, size_t subsets);
/* False when there are no more. */
bool pilot_row_keys_next(pilot_row_keys_t *keys, pilot_row_key_t *ret_key);

#endif
