/* ols_arena.h - memory that lives until the next fit: taken piece by piece, given back at once.
 * After warm-up a fit takes nothing from the heap. */
#ifndef PILOT_STAT_OLS_ARENA_H
#define PILOT_STAT_OLS_ARENA_H

#include <stddef.h>

typedef struct pilot_arena pilot_arena_t;

pilot_arena_t *pilot_arena_new(void);
void pilot_arena_free(pilot_arena_t *arena); /* NULL is fine */
/* Everything taken is void; the memory is kept. */
void pilot_arena_reset(pilot_arena_t *arena);
/* count x size bytes, aligned to 64; zeroed, or not. */
void *pilot_arena_take(pilot_arena_t *arena, size_t count, size_t size);
void *pilot_arena_take_raw(pilot_arena_t *arena, size_t count, size_t size);

#define PILOT_ARENA_ARRAY(arena, type, count)                                                      \
    ((type *)pilot_arena_take((arena), (count), sizeof(type)))
#define PILOT_ARENA_RAW(arena, type, count)                                                        \
    ((type *)pilot_arena_take_raw((arena), (count), sizeof(type)))

#endif
