/* intake_chunk.h - blocks of records between the thread that reads and the thread that stores,
 * and the bound on how much of them there is at a time. */
#ifndef PILOT_CLI_INTAKE_CHUNK_H
#define PILOT_CLI_INTAKE_CHUNK_H

#include <stdbool.h>
#include <stddef.h>

#include "intake_layout.h"

#define PILOT_CHUNK_SIZE ((size_t)256 << 10)

typedef struct pilot_chunk {
    struct pilot_chunk *next;
    size_t used, capacity;
    _Alignas(8) unsigned char bytes[];
} pilot_chunk_t;

/* Chunks in flight between two threads.  _give and _take block; after _stop both return at once
 * (_take: NULL). */
typedef struct pilot_chunk_queue pilot_chunk_queue_t;

/* limit: bytes in flight (given, or taken and not yet released) at which _new_chunk waits;
 * 0 = never wait (one thread does both). */
pilot_chunk_queue_t *pilot_chunk_queue_new(size_t limit);
void pilot_chunk_queue_free(pilot_chunk_queue_t *queue);

/* An empty chunk with room for `least` bytes; NULL after _stop. */
pilot_chunk_t *pilot_chunk_new(pilot_chunk_queue_t *queue, size_t least);
void pilot_chunk_release(pilot_chunk_queue_t *queue, pilot_chunk_t *chunk);

void pilot_chunk_give(pilot_chunk_queue_t *queue, pilot_chunk_t *chunk);
pilot_chunk_t *
pilot_chunk_take(pilot_chunk_queue_t *queue);       /* NULL: closed and empty, or stopped */
void pilot_chunk_close(pilot_chunk_queue_t *queue); /* no more will be given */
void pilot_chunk_stop(pilot_chunk_queue_t *queue);
bool pilot_chunk_stopped(pilot_chunk_queue_t *queue);

/* for (record = first; record; record = next) */
static inline pilot_record_t *pilot_chunk_first(pilot_chunk_t *chunk)
{
    return chunk->used > 0 ? (pilot_record_t *)chunk->bytes : NULL;
}

static inline pilot_record_t *pilot_chunk_next(pilot_chunk_t *chunk, pilot_record_t *record)
{
    unsigned char *next = (unsigned char *)record + record->size;
    return next < chunk->bytes + chunk->used ? (pilot_record_t *)next : NULL;
}

#endif
