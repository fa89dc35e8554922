/* pilot/memory.h - checked allocation.
 *
 * A failed allocation or an overflowing size ends the process with one line and status 70: a
 * worker's jobs are then requeued, a load is rolled back by PostgreSQL, and no caller needs a
 * path that nobody can test.  Sizes that come from outside are bounded by their reader first. */
#ifndef PILOT_MEMORY_H
#define PILOT_MEMORY_H

#include <stddef.h>

void *pilot_alloc(size_t count, size_t size);     /* zeroed; count * size is checked */
void *pilot_alloc_raw(size_t count, size_t size); /* not zeroed */
void *pilot_realloc(void *memory, size_t count, size_t size);
char *pilot_strdup(const char *text);
char *pilot_strndup(const char *text, size_t length);
char *pilot_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void pilot_out_of_memory(void);

#define PILOT_NEW(type) ((type *)pilot_alloc(1, sizeof(type)))
#define PILOT_NEW_ARRAY(type, count) ((type *)pilot_alloc((count), sizeof(type)))

/* Grow *array (elements of `size` bytes, *capacity of them) so that `needed` fit; amortized. */
void *pilot_grow(void *array, size_t *capacity, size_t needed, size_t size);

void pilot_free_pointer(void *pointer_to_pointer);
/* char *s PILOT_AUTOFREE = ...; frees at scope end. */
#define PILOT_AUTOFREE __attribute__((cleanup(pilot_free_pointer)))
#define PILOT_CLEANUP(function) __attribute__((cleanup(function)))

#endif
