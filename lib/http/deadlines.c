/* deadlines.c - a connection that is too slow is ended, however steadily it drips: libmicrohttpd's
 * own time limit begins anew with every byte. */
#include <stdlib.h>
#include <sys/socket.h>

#include "pilot/clock.h"
#include "pilot/memory.h"
#include "room.h"

typedef struct watched {
    int socket;
    int64_t until; /* 0: no limit */
    struct watched *next, *previous;
} watched_t;

struct http_deadlines {
    pthread_mutex_t lock;
    watched_t *first;
};

http_deadlines_t *http_deadlines_new(void)
{
    http_deadlines_t *deadlines = PILOT_NEW(http_deadlines_t);
    pthread_mutex_init(&deadlines->lock, NULL);
    return deadlines;
}

void http_deadlines_free(http_deadlines_t *deadlines)
{
    if (!deadlines)
        return;
    pthread_mutex_destroy(&deadlines->lock);
    free(deadlines);
}

void http_deadlines_open(http_deadlines_t *deadlines, int socket, void **ret_connection)
{
    watched_t *watched = PILOT_NEW(watched_t);
    watched->socket = socket;
    watched->until = pilot_clock_ms() + PILOT_HTTP_HEAD_MS;
    pthread_mutex_lock(&deadlines->lock);
    watched->next = deadlines->first;
    if (deadlines->first)
        deadlines->first->previous = watched;
    deadlines->first = watched;
    pthread_mutex_unlock(&deadlines->lock);
    *ret_connection = watched;
}

/* Before its socket is closed: the number may be another's soon. */
void http_deadlines_close(http_deadlines_t *deadlines, void *connection)
{
    watched_t *watched = connection;
    if (!watched)
        return;
    pthread_mutex_lock(&deadlines->lock);
    *(watched->previous ? &watched->previous->next : &deadlines->first) = watched->next;
    if (watched->next)
        watched->next->previous = watched->previous;
    pthread_mutex_unlock(&deadlines->lock);
    free(watched);
}

void http_deadlines_set(http_deadlines_t *deadlines, void *connection, int64_t ms)
{
    watched_t *watched = connection;
    if (!watched)
        return;
    pthread_mutex_lock(&deadlines->lock);
    watched->until = ms ? pilot_clock_ms() + ms : 0;
    pthread_mutex_unlock(&deadlines->lock);
}

void http_deadlines_tick(http_deadlines_t *deadlines)
{
    int64_t now = pilot_clock_ms();
    pthread_mutex_lock(&deadlines->lock);
    for (watched_t *watched = deadlines->first; watched; watched = watched->next)
        if (watched->until && now > watched->until) {
            /* Its thread sees the end and closes it. */
            shutdown(watched->socket, SHUT_RDWR);
            watched->until = 0;
        }
    pthread_mutex_unlock(&deadlines->lock);
}
