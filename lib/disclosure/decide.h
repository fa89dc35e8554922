/* decide.h - entities: whose counts stand in a relation over this release and earlier ones. */
#ifndef PILOT_DISCLOSURE_DECIDE_H
#define PILOT_DISCLOSURE_DECIDE_H

#include "pattern.h"
#include "state.h"

#define NO_ENTITY UINT32_MAX

/* One agency's people as one submission has them.  The agencies of this release come first, in the
 * order given; then those that only earlier releases know. */
typedef struct entity {
    member_t member;
    uint32_t release, place; /* where its counts are: a past release, or d->pasts: this one */
    bool forced;             /* changed by too few since an earlier release */
} entity_t;

typedef struct entities {
    entity_t *entity;
    size_t count;
    uint32_t *order; /* by agency's name, then submission */
    struct {
        uint32_t before, now;
    } * change; /* another submission of the same agency, changed by enough units */
    size_t changes;
} entities_t;

/* Also fills past[].entity. */
void entities_find(pilot_disclosure_t *disclosure, entities_t *entities);
void entities_clear(entities_t *entities);

/* Of one measure, variable and arm: counts by entity and cell; the cells are the levels, then those
 * without a level (variable 0: one cell, the whole sample).  Row `entities->count` is pooled's. */
typedef struct block {
    size_t cells, entities;
    cell_t *cell;
} block_t;
void block_fill(const pilot_disclosure_t *disclosure, const entities_t *entities, uint32_t measure,
                uint32_t variable, uint32_t arm, block_t *ret_block);
void block_clear(block_t *block);

#endif
