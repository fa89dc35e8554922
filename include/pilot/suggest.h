/* pilot/suggest.h - "did you mean": the known name nearest to a mistyped one. */
#ifndef PILOT_SUGGEST_H
#define PILOT_SUGGEST_H

#include <stddef.h>

/* Edit distance (insert, delete, replace, swap of neighbours; bytes), or SIZE_MAX for texts longer
 * than 64 bytes. */
size_t pilot_edit_distance(const char *a, const char *b);

/* Keep the nearest so far.  Begin with PILOT_SUGGEST_INIT, offer every known name, then read
 * `best`: NULL when nothing is near enough (a third of the word's letters, at least one). */
typedef struct pilot_suggest {
    const char *word, *best;
    size_t distance;
} pilot_suggest_t;

#define PILOT_SUGGEST_INIT(w) ((pilot_suggest_t){.word = (w)})

void pilot_suggest_offer(pilot_suggest_t *suggest, const char *known); /* both borrowed */

#endif
