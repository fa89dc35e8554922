/* pilot/row_keys.h - the rows of results.effects that an analysis must have, in plan order: the one
 * place that says which keys exist and which job gives each.
 *
 * Order: outcome, then subset (the whole sample, then each subgroup's levels), then treatment arm,
 * then estimator, then its parameter.  Levels are known only to who has read the data; who has not
 * enumerates the whole sample alone. */
#ifndef PILOT_ROW_KEYS_H
#define PILOT_ROW_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pilot.pb-c.h>

#include "pilot/estimators.h"

/* One estimator and parameter of one outcome. */
typedef struct pilot_row_slot {
    pilot_estimator_t estimator; /* PILOT_ESTIMATORS: the linear one that `auto` takes */
    const char *name;            /* as in the plan, or "auto" */
    const char *estimand;
    const char *parameter;  /* quantile, bound, label of a category; NULL: none */
    size_t parameter_index; /* its place among the estimator's */
    size_t parameters;      /* how many there are, 1 if none */
    bool by_category;       /* the parameter is a category */
    bool defined;           /* for this outcome; else the row's reason is outcome_type */
} pilot_row_slot_t;

typedef struct pilot_row_slots {
    const Pilot__Spec *spec; /* borrowed */
    size_t outcomes, treatments;
    pilot_row_slot_t *slot; /* texts borrowed from the spec */
    size_t *first;          /* by outcome: first[i] .. first[i + 1] - 1 */
    char **text;            /* owned texts that slots borrow, by outcome; NULL: none */
} pilot_row_slots_t;

/* spec: borrowed as long as the slots.  Caller frees. */
pilot_row_slots_t *pilot_row_slots_new(const Pilot__Spec *spec);
void pilot_row_slots_free(pilot_row_slots_t *slots); /* NULL is fine */

typedef struct pilot_row_key {
    uint32_t ordinal;
    size_t outcome; /* index into spec->outcome */
    size_t subset;  /* 0: the whole sample; else 1 + index into the caller's levels */
    size_t arm;     /* index into spec->arm, >= 1 */
    const pilot_row_slot_t *slot;
    const char *estimator; /* slot's name, or the one that `auto` took */
    const char *estimand;  /* slot's, or "gap" */
    const char *parameter; /* slot's */
    bool gap;              /* subset's effect minus that of its subgroup's first level */
} pilot_row_key_t;

typedef struct pilot_row_keys {
    const pilot_row_slots_t *slots;
    const size_t *subgroup; /* by level, ascending; borrowed */
    size_t levels;          /* over all subgroups; 0: the whole sample alone */
    bool gaps;              /* set it to have gap keys too: behind the levels of each outcome */
    size_t outcome, subset, arm, slot;
    bool in_gaps;
    uint32_t next;
} pilot_row_keys_t;

/* subgroup: of each level; may be NULL when there are none. */
pilot_row_keys_t pilot_row_keys_begin(const pilot_row_slots_t *slots, const size_t *subgroup,
                                      size_t levels);
/* False when there are no more. */
bool pilot_row_keys_next(pilot_row_keys_t *keys, pilot_row_key_t *ret_key);
/* How many there are, whatever `next` has given. */
uint32_t pilot_row_keys_count(const pilot_row_keys_t *keys);
/* Has this subset gap keys? */
bool pilot_row_keys_has_gap(const pilot_row_keys_t *keys, size_t subset);
/* The ordinal of one of them.  slot: index into slots->slot; gap: only where the subset has it. */
uint32_t pilot_row_keys_ordinal(const pilot_row_keys_t *keys, size_t outcome, size_t subset,
                                size_t arm, size_t slot, bool gap);

/* Which job gives the pooled row of this key.  POOL: those of no estimator too. */
Pilot__JobKind pilot_row_job(const pilot_row_slot_t *slot);
/* Has this outcome rows of the estimator, defined ones? */
bool pilot_row_has_estimator(const pilot_row_slots_t *slots, size_t outcome,
                             pilot_estimator_t estimator);
/* Does this outcome have rows that WHOLE gives? */
bool pilot_row_is_whole(const pilot_row_slots_t *slots, size_t outcome);

/* Bounds that are reported where attrition differs by arm, though the plan does not ask: of the
 * whole sample, their ordinals behind those of all keys.  which: 0 lower, 1 upper. */
bool pilot_row_may_have_bounds(const pilot_row_slots_t *slots, size_t outcome);
pilot_row_key_t pilot_row_bounds_key(const pilot_row_keys_t *keys, size_t outcome, size_t arm,
                                     size_t which);

#endif
