/* events.c - server-sent events: a listener's connection sleeps (suspended) until there is
 * something that it has not had. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/clock.h"
#include "pilot/memory.h"
#include "pilot/text.h"
#include "room.h"

enum { NAMES = 4, ALIVE_MS = 15000, BLOCK = 4096 };

typedef struct event {
    char *name, *data;
    uint64_t serial;
} event_t;

typedef struct listener {
    http_events_t *events;
    struct MHD_Connection *connection;
    uint64_t seen; /* serial */
    int64_t heard; /* when it was last sent something */
    bool asleep;
    pilot_text_t out; /* what is left to send, from `at` on */
    size_t at;
    struct listener *next, *previous;
} listener_t;

struct http_events {
    pthread_mutex_t lock;
    listener_t *first;
    size_t listeners;
    event_t event[NAMES];
    uint64_t serial;
    bool ended;
};

http_events_t *http_events_new(void)
{
    http_events_t *events = PILOT_NEW(http_events_t);
    pthread_mutex_init(&events->lock, NULL);
    return events;
}

void http_events_free(http_events_t *events)
{
    if (!events)
        return;
    for (size_t i = 0; i < NAMES; i++) {
        free(events->event[i].name);
        free(events->event[i].data);
    }
    pthread_mutex_destroy(&events->lock);
    free(events);
}

/* Under the lock: what the listener has not had goes to its buffer. */
static void gather(http_events_t *events, listener_t *listener)
{
    pilot_text_reset(&listener->out);
    listener->at = 0;
    for (size_t i = 0; i < NAMES; i++) {
        const event_t *event = &events->event[i];
        if (event->name && event->serial > listener->seen)
            pilot_text_appendf(&listener->out, "event: %s\ndata: %s\n\n", event->name, event->data);
    }
    listener->seen = events->serial;
    int64_t now = pilot_clock_ms();
    if (listener->out.length == 0 && now - listener->heard >= ALIVE_MS)
        pilot_text_append(&listener->out, ":\n\n");
    if (listener->out.length)
        listener->heard = now;
}

static ssize_t read_events(void *context, uint64_t position, char *buffer, size_t size)
{
    (void)position;
    listener_t *listener = context;
    http_events_t *events = listener->events;
    pthread_mutex_lock(&events->lock);
    ssize_t given = 0;
    if (listener->at == listener->out.length && !events->ended)
        gather(events, listener);
    if (listener->at < listener->out.length) {
        size_t left = listener->out.length - listener->at;
        given = (ssize_t)(left < size ? left : size);
        memcpy(buffer, listener->out.data + listener->at, (size_t)given);
        listener->at += (size_t)given;
    } else if (events->ended) {
        given = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        listener->asleep = true;
        MHD_suspend_connection(listener->connection);
    }
    pthread_mutex_unlock(&events->lock);
    return given;
}

static void end_listener(void *context)
{
    listener_t *listener = context;
    http_events_t *events = listener->events;
    pthread_mutex_lock(&events->lock);
    *(listener->previous ? &listener->previous->next : &events->first) = listener->next;
    if (listener->next)
        listener->next->previous = listener->previous;
    events->listeners--;
    pthread_mutex_unlock(&events->lock);
    pilot_text_clear(&listener->out);
    free(listener);
}

http_answer_t *http_events_listen(http_events_t *events, struct MHD_Connection *connection)
{
    pthread_mutex_lock(&events->lock);
    bool room = events->listeners < PILOT_HTTP_LISTENERS && !events->ended;
    listener_t *listener = room ? PILOT_NEW(listener_t) : NULL;
    if (listener) {
        *listener =
            (listener_t){.events = events, .connection = connection, .heard = pilot_clock_ms()};
        pilot_text_append(&listener->out, "retry: 3000\n\n");
        listener->next = events->first;
        if (events->first)
            events->first->previous = listener;
        events->first = listener;
        events->listeners++;
    }
    pthread_mutex_unlock(&events->lock);
    if (!listener)
        return NULL;
    struct MHD_Response *stream = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK, read_events, listener, end_listener);
    if (!stream)
        pilot_out_of_memory();
    http_answer_add_headers(stream);
    MHD_add_response_header(stream, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    MHD_add_response_header(stream, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(stream, "X-Accel-Buffering", "no"); /* nginx: hand it on as it comes */
    return http_answer_of_stream(stream);
}

static void wake(listener_t *listener)
{
    if (!listener->asleep)
        return;
    listener->asleep = false;
    MHD_resume_connection(listener->connection);
}

void http_events_tell(http_events_t *events, const char *name, const char *data)
{
    pthread_mutex_lock(&events->lock);
    event_t *event = events->event;
    while (event < events->event + NAMES - 1 && event->name && strcmp(event->name, name) != 0)
        event++;
    free(event->name);
    free(event->data);
    *event = (event_t){pilot_strdup(name), pilot_strdup(data), ++events->serial};
    for (listener_t *listener = events->first; listener; listener = listener->next)
        wake(listener);
    pthread_mutex_unlock(&events->lock);
}

void http_events_tick(http_events_t *events)
{
    int64_t now = pilot_clock_ms();
    pthread_mutex_lock(&events->lock);
    for (listener_t *listener = events->first; listener; listener = listener->next)
        if (now - listener->heard >= ALIVE_MS)
            wake(listener);
    pthread_mutex_unlock(&events->lock);
}

void http_events_end(http_events_t *events)
{
    pthread_mutex_lock(&events->lock);
    events->ended = true;
    for (listener_t *listener = events->first; listener; listener = listener->next)
        wake(listener);
    pthread_mutex_unlock(&events->lock);
}
