/* pages.c - the thread in which the handler makes pages, one after the other: those who wait for
 * the same page get the one that was made for the first. */
#include <stdlib.h>

#include "pilot/memory.h"
#include "room.h"

struct http_pages {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    pthread_t thread;
    const pilot_http_options_t *options;
    http_cache_t *cache;
    http_events_t *events;
    pilot_http_request_t *first, *last;
    size_t waiting;
    bool ended;
};

http_answer_t *http_pages_refuse(http_pages_t *pages, int status)
{
    pilot_http_answer_t made = {.status = status};
    pages->options->refusal(pages->options->context, status, &made);
    made.status = status;
    made.kind = PILOT_HTTP_ONCE;
    return http_answer_new(&made);
}

static http_answer_t *make(http_pages_t *pages, pilot_http_request_t *request)
{
    http_answer_t *answer = http_cache_find(pages->cache, request->uri);
    if (answer)
        return answer;
    http_epoch_t epoch = http_cache_epoch(pages->cache);
    pilot_http_answer_t made = {.status = MHD_HTTP_OK};
    pages->options->page(pages->options->context, request, &made);
    if (made.kind == PILOT_HTTP_EVENTS) {
        answer = http_events_listen(pages->events, request->connection);
        return answer ? answer : http_pages_refuse(pages, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    pilot_http_kind_t kind = made.kind;
    answer = http_answer_new(&made);
    if (kind != PILOT_HTTP_ONCE)
        http_cache_put(pages->cache, request->uri, answer, kind == PILOT_HTTP_LIVE, epoch);
    return answer;
}

/* The next request, or NULL at the end. */
static pilot_http_request_t *next_request(http_pages_t *pages)
{
    pthread_mutex_lock(&pages->lock);
    while (!pages->first && !pages->ended)
        pthread_cond_wait(&pages->asked, &pages->lock);
    pilot_http_request_t *request = pages->first;
    if (request) {
        pages->first = request->next;
        if (!pages->first)
            pages->last = NULL;
        pages->waiting--;
    }
    pthread_mutex_unlock(&pages->lock);
    return request;
}

static bool has_ended(http_pages_t *pages)
{
    pthread_mutex_lock(&pages->lock);
    bool ended = pages->ended;
    pthread_mutex_unlock(&pages->lock);
    return ended;
}

static void *serve(void *context)
{
    http_pages_t *pages = context;
    for (pilot_http_request_t *request; (request = next_request(pages));) {
        http_answer_t *answer = has_ended(pages)
                                    ? http_pages_refuse(pages, MHD_HTTP_SERVICE_UNAVAILABLE)
                                    : make(pages, request);
        /* Once it is resumed the request is libmicrohttpd's again. */
        struct MHD_Connection *connection = request->connection;
        request->answer = answer;
        MHD_resume_connection(connection);
    }
    return NULL;
}

http_pages_t *http_pages_new(const pilot_http_options_t *options, http_cache_t *cache,
                             http_events_t *events)
{
    http_pages_t *pages = PILOT_NEW(http_pages_t);
    *pages = (http_pages_t){.options = options, .cache = cache, .events = events};
    pthread_mutex_init(&pages->lock, NULL);
    pthread_cond_init(&pages->asked, NULL);
    if (pthread_create(&pages->thread, NULL, serve, pages) != 0)
        pilot_out_of_memory();
    return pages;
}

bool http_pages_ask(http_pages_t *pages, pilot_http_request_t *request)
{
    pthread_mutex_lock(&pages->lock);
    bool room = pages->waiting < PILOT_HTTP_WAITING && !pages->ended;
    if (room) {
        MHD_suspend_connection(request->connection);
        request->next = NULL;
        *(pages->last ? &pages->last->next : &pages->first) = request;
        pages->last = request;
        pages->waiting++;
        pthread_cond_signal(&pages->asked);
    }
    pthread_mutex_unlock(&pages->lock);
    return room;
}

void http_pages_end(http_pages_t *pages)
{
    pthread_mutex_lock(&pages->lock);
    pages->ended = true;
    pthread_cond_signal(&pages->asked);
    pthread_mutex_unlock(&pages->lock);
    pthread_join(pages->thread, NULL);
}

void http_pages_free(http_pages_t *pages)
{
    if (!pages)
        return;
    pthread_cond_destroy(&pages->asked);
    pthread_mutex_destroy(&pages->lock);
    free(pages);
}
