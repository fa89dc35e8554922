#include "intake_source.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pilot/memory.h"
#include "pilot/text.h"

#define BUFFERS 4
#define BUFFER_SIZE ((size_t)256 << 10)

struct buffer {
    char *bytes;
    size_t length;
    int reason; /* errno of a failed read */
    bool valid_text, has_quote;
};

struct pilot_source {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct buffer buffer[BUFFERS];
    size_t filled, taken; /* buffers so far; the one in the caller's hands is not yet taken */
    bool stop, holding;
    pilot_sha256_t *hash;
};

static void fill(pilot_source_t *source, struct buffer *buffer)
{
    ssize_t got;
    do
        got = read(source->fd, buffer->bytes, BUFFER_SIZE);
    while (got < 0 && errno == EINTR);
    buffer->reason = got < 0 ? errno : 0;
    buffer->length = got > 0 ? (size_t)got : 0;
    pilot_sha256_update(source->hash, buffer->bytes, buffer->length);
    buffer->valid_text = pilot_utf8_valid(buffer->bytes, buffer->length, NULL);
    buffer->has_quote = memchr(buffer->bytes, '"', buffer->length) != NULL;
}

static void *run(void *context)
{
    pilot_source_t *source = context;
    for (bool end = false; !end;) {
        pthread_mutex_lock(&source->lock);
        while (source->filled - source->taken == BUFFERS && !source->stop)
            pthread_cond_wait(&source->changed, &source->lock);
        end = source->stop;
        struct buffer *buffer = &source->buffer[source->filled % BUFFERS];
        pthread_mutex_unlock(&source->lock);
        if (end)
            break;
        fill(source, buffer);
        end = buffer->length == 0;
        pthread_mutex_lock(&source->lock);
        source->filled++;
        pthread_cond_signal(&source->changed);
        pthread_mutex_unlock(&source->lock);
    }
    return NULL;
}

static void source_free(pilot_source_t *source)
{
    for (size_t i = 0; i < BUFFERS; i++)
        free(source->buffer[i].bytes);
    pthread_mutex_destroy(&source->lock);
    pthread_cond_destroy(&source->changed);
    pilot_sha256_free(source->hash);
    free(source);
}

pilot_status_t pilot_source_open(int fd, pilot_source_t **ret_source, pilot_error_t *error)
{
    pilot_source_t *source = PILOT_NEW(pilot_source_t);
    source->fd = fd;
    source->hash = pilot_sha256_new();
    pthread_mutex_init(&source->lock, NULL);
    pthread_cond_init(&source->changed, NULL);
    for (size_t i = 0; i < BUFFERS; i++)
        source->buffer[i].bytes = pilot_alloc_raw(BUFFER_SIZE, 1);
    if (pthread_create(&source->thread, NULL, run, source) != 0) {
        source_free(source);
        return pilot_error_set(error, PILOT_E_BUG, "cannot start a thread");
    }
    *ret_source = source;
    return PILOT_OK;
}

pilot_status_t pilot_source_next(pilot_source_t *source, pilot_piece_t *ret_piece,
                                 pilot_error_t *error)
{
    pthread_mutex_lock(&source->lock);
    if (source->holding) {
        source->taken++;
        pthread_cond_signal(&source->changed);
    }
    while (source->filled == source->taken)
        pthread_cond_wait(&source->changed, &source->lock);
    source->holding = true;
    const struct buffer *buffer = &source->buffer[source->taken % BUFFERS];
    pthread_mutex_unlock(&source->lock);
    if (buffer->reason != 0)
        return pilot_error_set(error, PILOT_E_FILE, "%s", strerror(buffer->reason));
    *ret_piece = (pilot_piece_t){.bytes = buffer->bytes,
                                 .length = buffer->length,
                                 .valid_text = buffer->valid_text,
                                 .has_quote = buffer->has_quote};
    return PILOT_OK;
}

void pilot_source_digest(pilot_source_t *source, uint8_t ret_digest[PILOT_SHA256_SIZE])
{
    pilot_sha256_finish(source->hash, ret_digest);
}

void pilot_source_close(pilot_source_t *source)
{
    if (!source)
        return;
    pthread_mutex_lock(&source->lock);
    source->stop = true;
    pthread_cond_signal(&source->changed);
    pthread_mutex_unlock(&source->lock);
    pthread_join(source->thread, NULL);
    source_free(source);
}
