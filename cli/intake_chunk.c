#include "intake_chunk.h"

#include <pthread.h>
#include <stdlib.h>

#include "pilot/memory.h"

struct pilot_chunk_queue {
    pthread_mutex_t lock;
    pthread_cond_t given;    /* a chunk, or closed, or stopped */
    pthread_cond_t released; /* or stopped */
    pilot_chunk_t *first, *last;
    pilot_chunk_t *spare; /* standard-sized, for the next _new */
    size_t limit, in_flight;
    bool closed, stopped;
};

pilot_chunk_queue_t *pilot_chunk_queue_new(size_t limit)
{
    pilot_chunk_queue_t *queue = PILOT_NEW(pilot_chunk_queue_t);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->given, NULL);
    pthread_cond_init(&queue->released, NULL);
    queue->limit = limit;
    return queue;
}

static void free_list(pilot_chunk_t *chunk)
{
    while (chunk) {
        pilot_chunk_t *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void pilot_chunk_queue_free(pilot_chunk_queue_t *queue)
{
    if (!queue)
        return;
    free_list(queue->first);
    free_list(queue->spare);
    pthread_mutex_destroy(&queue->lock);
    pthread_cond_destroy(&queue->given);
    pthread_cond_destroy(&queue->released);
    free(queue);
}

pilot_chunk_t *pilot_chunk_new(pilot_chunk_queue_t *queue, size_t least)
{
    size_t capacity = least > PILOT_CHUNK_SIZE ? least : PILOT_CHUNK_SIZE;
    pilot_chunk_t *chunk = NULL;
    pthread_mutex_lock(&queue->lock);
    while (queue->limit > 0 && queue->in_flight >= queue->limit && !queue->stopped)
        pthread_cond_wait(&queue->released, &queue->lock);
    bool stopped = queue->stopped;
    if (!stopped) {
        queue->in_flight += capacity;
        if (capacity == PILOT_CHUNK_SIZE && queue->spare) {
            chunk = queue->spare;
            queue->spare = chunk->next;
        }
    }
    pthread_mutex_unlock(&queue->lock);
    if (stopped)
        return NULL;
    if (!chunk)
        chunk = pilot_alloc_raw(1, sizeof *chunk + capacity);
    chunk->next = NULL;
    chunk->used = 0;
    chunk->capacity = capacity;
    return chunk;
}

void pilot_chunk_release(pilot_chunk_queue_t *queue, pilot_chunk_t *chunk)
{
    pthread_mutex_lock(&queue->lock);
    queue->in_flight -= chunk->capacity;
    if (chunk->capacity == PILOT_CHUNK_SIZE) {
        chunk->next = queue->spare;
        queue->spare = chunk;
        chunk = NULL;
    }
    pthread_cond_signal(&queue->released);
    pthread_mutex_unlock(&queue->lock);
    free(chunk);
}

void pilot_chunk_give(pilot_chunk_queue_t *queue, pilot_chunk_t *chunk)
{
    pthread_mutex_lock(&queue->lock);
    chunk->next = NULL;
    if (queue->last)
        queue->last->next = chunk;
    else
        queue->first = chunk;
    queue->last = chunk;
    pthread_cond_signal(&queue->given);
    pthread_mutex_unlock(&queue->lock);
}

pilot_chunk_t *pilot_chunk_take(pilot_chunk_queue_t *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (!queue->first && !queue->closed && !queue->stopped)
        pthread_cond_wait(&queue->given, &queue->lock);
    pilot_chunk_t *chunk = queue->stopped ? NULL : queue->first;
    if (chunk) {
        queue->first = chunk->next;
        if (!queue->first)
            queue->last = NULL;
        chunk->next = NULL;
    }
    pthread_mutex_unlock(&queue->lock);
    return chunk;
}

void pilot_chunk_close(pilot_chunk_queue_t *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->given);
    pthread_mutex_unlock(&queue->lock);
}

void pilot_chunk_stop(pilot_chunk_queue_t *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->stopped = true;
    pthread_cond_broadcast(&queue->given);
    pthread_cond_broadcast(&queue->released);
    pthread_mutex_unlock(&queue->lock);
}

bool pilot_chunk_stopped(pilot_chunk_queue_t *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool stopped = queue->stopped;
    pthread_mutex_unlock(&queue->lock);
    return stopped;
}
