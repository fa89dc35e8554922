/* pilot/plan_diff.h - what two versions of a plan say differently, key by key. */
#ifndef PILOT_PLAN_DIFF_H
#define PILOT_PLAN_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/error.h"

/* path: keys parted by dots, list elements by name: "outcomes[math].role".  An element without a
 * name goes by its place from 0: "x[0]".  "outcomes[]" is the order of a list's elements, told
 * where both versions hold them in another order.  A key or name that holds one of . [ ] " a blank
 * or a control character is written as a JSON string.
 * before, after: JSON of the value (scalars are strings, as in the plan's canonical JSON; plain
 * null is null); NULL: not given. */
typedef struct pilot_plan_change {
    char *path;
    char *before, *after;
} pilot_plan_change_t;

typedef struct pilot_plan_diff {
    pilot_plan_change_t *change; /* in the order of the first plan, then what the second adds */
    size_t count, capacity;
} pilot_plan_diff_t;

/* Both are plans' source texts.  A plain name stands for {name: ...} where lists mix both.
 * PILOT_E_PLAN when one is not readable.  Clear with pilot_plan_diff_clear, in any case. */
pilot_status_t pilot_plan_diff(const char *before, const char *after, pilot_plan_diff_t *ret_diff,
                               pilot_error_t *error);
void pilot_plan_diff_clear(pilot_plan_diff_t *diff);

/* Do two paths tell of the same thing: equal, or one within the other? */
bool pilot_plan_paths_meet(const char *a, const char *b);

#endif
