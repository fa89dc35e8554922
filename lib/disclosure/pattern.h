/* pattern.h - complementary suppression along one additive relation: which agencies' tables are
 * hidden so that the sum over agencies (the pooled table) gives nothing away.
 *
 * A table has cells (the levels of a variable, and those without a level); an agency's table is
 * hidden in whole.  Every hidden agency has a signature: the releases whose pooled table holds it
 * among the hidden.  People can be moved between hidden agencies of the same signature without any
 * pooled number, now or earlier, changing: that is the whole argument (docs/methods/disclosure.md),
 * and each class of equal signature must have room for it by itself. */
#ifndef PILOT_DISCLOSURE_PATTERN_H
#define PILOT_DISCLOSURE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one cell of one entity: how far its count may go down and up as far as anybody knows, if the
 * entity is hidden; and whether, being sensitive, it must be free to go up or down. */
typedef struct room {
    uint32_t down, up;
    bool raise, lower;
} room_t;

#define ROOM_FREE UINT32_MAX

enum entity_flag {
    ENTITY_NOW = 1,        /* in this release */
    ENTITY_FORCED = 2,     /* hidden, all its cells as if they were sensitive */
    ENTITY_HIDDEN = 4,     /* hidden already, by a wider rule */
    ENTITY_KNOWN = 8,      /* was shown in an earlier release */
    ENTITY_FREE_TOTAL = 16 /* the sum of its cells is not shown either */
};

typedef struct pattern_problem {
    size_t entities, cells, layers;
    const room_t *room;    /* [layer][entity][cell] */
    const uint8_t *flag;   /* by entity */
    const uint64_t *past;  /* by entity: earlier releases whose pooled table hides it */
    const uint64_t *cost;  /* by entity: what is lost by hiding it */
    const uint32_t *order; /* entities in the order of their names, to break ties */
    uint32_t minimum;
    bool pooled; /* may the pooled table be shown, for all that is known beforehand? */
} pattern_problem_t;

/* ret_hidden: by entity, 1 or 0.  Returns whether the pooled table may be shown. */
bool pattern_solve(const pattern_problem_t *problem, uint8_t *ret_hidden);

#endif
