/* room.h - what the modules of the server share.
 *
 * Threads: libmicrohttpd's one (requests, answers), the page thread (pages.c), and the caller's
 * (forget, tell, tick).  Each part has a lock of its own; none is held while another is taken, and
 * none while a handler runs. */
#ifndef PILOT_HTTP_ROOM_H
#define PILOT_HTTP_ROOM_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "pilot/http.h"

/* ---- a finished answer (answer.c) --------------------------------------------------------------
 */

typedef struct http_answer {
    atomic_int references;
    unsigned int status;
    struct MHD_Response *response;
    struct MHD_Response *unchanged; /* 304, or NULL */
    char etag[40];                  /* "" without one */
    size_t size;
} http_answer_t;

/* Consumes made->body.  Never NULL. */
http_answer_t *http_answer_new(pilot_http_answer_t *made);
http_answer_t *http_answer_of_stream(struct MHD_Response *stream); /* consumed */
http_answer_t *http_answer_keep(http_answer_t *answer);
void http_answer_drop(http_answer_t *answer); /* NULL is fine */
/* Is `header` (If-None-Match) of the page that answer holds? */
bool http_answer_is_known(const http_answer_t *answer, const char *header);
/* Headers that every answer has. */
void http_answer_add_headers(struct MHD_Response *response);

/* ---- pages that are kept (cache.c) -------------------------------------------------------------
 */

typedef struct http_cache http_cache_t;

/* What a page that is begun now must be put with. */
typedef struct http_epoch {
    uint64_t all, live;
} http_epoch_t;

http_cache_t *http_cache_new(void);
void http_cache_free(http_cache_t *cache);
http_answer_t *http_cache_find(http_cache_t *cache, const char *key); /* a reference, or NULL */
http_epoch_t http_cache_epoch(http_cache_t *cache);
/* Does nothing when the page was forgotten since the epoch. */
void http_cache_put(http_cache_t *cache, const char *key, http_answer_t *answer, bool live,
                    http_epoch_t epoch);
void http_cache_forget(http_cache_t *cache, bool live_only);

/* ---- a request (request.c) ---------------------------------------------------------------------
 */

typedef struct http_field {
    char *name, *value;
} http_field_t;

struct pilot_http_request {
    char *uri;   /* as it was sent */
    int refusal; /* 0, or the status with which to refuse it */
    char *segment[PILOT_HTTP_SEGMENTS];
    size_t segments;
    http_field_t field[PILOT_HTTP_FIELDS];
    size_t fields;
    bool begun; /* its head was seen */
    struct MHD_Connection *connection;
    http_answer_t *answer; /* once it is there */
    struct pilot_http_request *next;
};

/* MHD_OPTION_URI_LOG_CALLBACK: the uri as it was sent, before anything is decoded. */
void *http_request_begin(void *context, const char *uri, struct MHD_Connection *connection);

/* ---- addresses and names (address.c) -----------------------------------------------------------
 */

typedef struct http_address {
    int socket;
    bool loopback;
    char *url;
} http_address_t;

pilot_status_t http_address_listen(const char *listen, http_address_t *ret_address,
                                   pilot_error_t *error);
/* May a request with this Host header (NULL: none) be answered? */
bool http_host_is_ours(const char *host, bool loopback, const char *hosts);

/* ---- events (events.c) -------------------------------------------------------------------------
 */

typedef struct http_events http_events_t;

http_events_t *http_events_new(void);
void http_events_free(http_events_t *events);
/* NULL when there are too many listeners. */
http_answer_t *http_events_listen(http_events_t *events, struct MHD_Connection *connection);
void http_events_tell(http_events_t *events, const char *name, const char *data);
void http_events_tick(http_events_t *events);
void http_events_end(http_events_t *events); /* all streams; later ones end at once */

/* ---- connections and their deadlines (deadlines.c) ---------------------------------------------
 */

typedef struct http_deadlines http_deadlines_t;

http_deadlines_t *http_deadlines_new(void);
void http_deadlines_free(http_deadlines_t *deadlines);
void http_deadlines_open(http_deadlines_t *deadlines, int socket, void **ret_connection);
void http_deadlines_close(http_deadlines_t *deadlines, void *connection);
void http_deadlines_set(http_deadlines_t *deadlines, void *connection, int64_t ms); /* 0: none */
void http_deadlines_tick(http_deadlines_t *deadlines);

/* ---- the page thread (pages.c) -----------------------------------------------------------------
 */

typedef struct http_pages http_pages_t;

http_pages_t *http_pages_new(const pilot_http_options_t *options, http_cache_t *cache,
                             http_events_t *events);
/* Suspends the request's connection until its answer is there.  False: too many wait. */
bool http_pages_ask(http_pages_t *pages, pilot_http_request_t *request);
/* What waits is refused, the thread ends. */
void http_pages_end(http_pages_t *pages);
void http_pages_free(http_pages_t *pages);
http_answer_t *http_pages_refuse(http_pages_t *pages, int status);

#endif
