/* ols_arena.c - see ols_arena.h. */
#include "ols_arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define ALIGNMENT ((size_t)64)
#define FIRST_CHUNK ((size_t)1 << 18)

typedef struct chunk {
    struct chunk *next; /* older */
    size_t size, used;
    unsigned char *memory; /* what malloc gave; the aligned part starts at base */
    unsigned char *base;
} chunk_t;

struct pilot_arena {
    chunk_t *chunk; /* newest, the one being filled */
    size_t total;
};

pilot_arena_t *pilot_arena_new(void)
{
    return PILOT_NEW(pilot_arena_t);
}

static void free_chunks(pilot_arena_t *arena)
{
    while (arena->chunk) {
        chunk_t *older = arena->chunk->next;
        free(arena->chunk->memory);
        free(arena->chunk);
        arena->chunk = older;
    }
    arena->total = 0;
}

void pilot_arena_free(pilot_arena_t *arena)
{
    if (!arena)
        return;
    free_chunks(arena);
    free(arena);
}

static void add_chunk(pilot_arena_t *arena, size_t size)
{
    chunk_t *chunk = PILOT_NEW(chunk_t);
    chunk->memory = pilot_alloc_raw(size + ALIGNMENT, 1);
    chunk->base = chunk->memory + (ALIGNMENT - (uintptr_t)chunk->memory % ALIGNMENT);
    chunk->size = size;
    chunk->next = arena->chunk;
    arena->chunk = chunk;
    arena->total += size;
}

void pilot_arena_reset(pilot_arena_t *arena)
{
    if (arena->chunk && arena->chunk->next) {
        /* One chunk for what took several: the next fit of this size allocates nothing. */
        size_t total = arena->total;
        free_chunks(arena);
        add_chunk(arena, total);
    }
    if (arena->chunk)
        arena->chunk->used = 0;
}

void *pilot_arena_take_raw(pilot_arena_t *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - 4 * ALIGNMENT)
        pilot_out_of_memory();
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!arena->chunk || arena->chunk->size - arena->chunk->used < bytes) {
        size_t wanted = arena->total > FIRST_CHUNK ? arena->total : FIRST_CHUNK;
        add_chunk(arena, bytes > wanted ? bytes : wanted);
    }
    void *taken = arena->chunk->base + arena->chunk->used;
    arena->chunk->used += bytes;
    return taken;
}

void *pilot_arena_take(pilot_arena_t *arena, size_t count, size_t size)
{
    void *taken = pilot_arena_take_raw(arena, count, size);
    memset(taken, 0, count * size);
    return taken;
}
