/* pilot/http.h - a small HTTP server for pages that are only read, over libmicrohttpd: GET and
 * HEAD, no cookies, no bodies, no state of a client.  It knows neither SQL nor HTML: a handler
 * makes pages, one at a time, in a thread of its own; the server keeps them in a bounded cache
 * until it is told to forget them, so that a slow page never keeps one from the cache waiting.
 * Every answer has a strict Content-Security-Policy, nosniff, no referrer and no frames. */
#ifndef PILOT_HTTP_H
#define PILOT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"

typedef struct pilot_http pilot_http_t;
typedef struct pilot_http_request pilot_http_request_t;

/* ---- what was asked for ------------------------------------------------------------------------
 * "/pilot/a%2Fb?q=x+y" has the segments "pilot" and "a/b" and the value "x y" of q; all are valid
 * UTF-8 without NUL, else the request is refused (400) before any handler sees it. */

size_t pilot_http_segments(const pilot_http_request_t *request);
/* Borrowed; "" behind the last one. */
const char *pilot_http_segment(const pilot_http_request_t *request, size_t index);
/* The value of the index-th field of this name, or NULL.  Borrowed. */
const char *pilot_http_value(const pilot_http_request_t *request, const char *name, size_t index);
/* Path and query as they were sent.  Borrowed. */
const char *pilot_http_uri(const pilot_http_request_t *request);
/* A request of `uri` apart from any connection (tests); NULL when it is not well formed. */
pilot_http_request_t *pilot_http_request_new(const char *uri);
void pilot_http_request_free(pilot_http_request_t *request);

/* ---- what is answered --------------------------------------------------------------------------
 */

typedef enum pilot_http_kind {
    PILOT_HTTP_ONCE,   /* not kept */
    PILOT_HTTP_KEEP,   /* kept until pilot_http_forget(http, false) */
    PILOT_HTTP_LIVE,   /* kept until either kind of pilot_http_forget */
    PILOT_HTTP_EVENTS, /* no page: the stream of events; body is not used */
} pilot_http_kind_t;

typedef struct pilot_http_answer {
    int status; /* 200, 400, 404, 503, ... */
    pilot_http_kind_t kind;
    const char *type;     /* of the content; static text */
    const char *filename; /* NULL, or the name under which a browser saves it; static, ASCII */
    char *body;           /* from pilot_alloc; consumed */
    size_t length;
} pilot_http_answer_t;

/* Fill *ret_answer.  Called in the server's page thread, one call at a time. */
typedef void pilot_http_page_t(void *context, const pilot_http_request_t *request,
                               pilot_http_answer_t *ret_answer);
/* The body of an answer that the server gives by itself (400 404 405 414 421 431 503): any thread.
 */
typedef void pilot_http_refusal_t(void *context, int status, pilot_http_answer_t *ret_answer);

typedef struct pilot_http_options {
    /* "127.0.0.1:8080", "[::1]:8080", "localhost:8080", "8080" (on 127.0.0.1); port 0: a free one.
     */
    const char *listen;
    /* More names, parted by commas, under which browsers reach us (behind a proxy); NULL: none.
     * Listening on a loopback address, only its own names are taken otherwise: else a page from
     * elsewhere could make its name point here and read what is meant for this machine. */
    const char *hosts;
    pilot_http_page_t *page;
    pilot_http_refusal_t *refusal;
    void *context;
} pilot_http_options_t;

/* Listen and serve, in threads that block the caller's signals.  PILOT_E_USAGE with one line when
 * the address is wrong, or in use.  options->listen and ->hosts are borrowed for the call. */
pilot_status_t pilot_http_start(const pilot_http_options_t *options, pilot_http_t **ret_http,
                                pilot_error_t *error);
/* "http://127.0.0.1:8080/" with the port that was taken.  Borrowed. */
const char *pilot_http_url(const pilot_http_t *http);
/* Ends connections and threads; a page under way is waited for.  NULL is fine. */
void pilot_http_stop(pilot_http_t *http);

/* Pages have changed: all of them, or those alone that are live.  A page that was begun before is
 * not kept. */
void pilot_http_forget(pilot_http_t *http, bool live_only);
/* Tell all listeners; also told first to those who come later.  A listener that reads slowly gets
 * the last one of each name only.  At most 4 names; data: one line of text. */
void pilot_http_tell(pilot_http_t *http, const char *name, const char *data);
/* Once a second or so: ends connections that are overdue, keeps those of listeners alive. */
void pilot_http_tick(pilot_http_t *http);

/* "libmicrohttpd 0.9.75": the library in use.  Static. */
const char *pilot_http_library(void);

/* ---- limits ------------------------------------------------------------------------------------
 */

enum {
    PILOT_HTTP_URI_SIZE = 2048,   /* bytes of path and query; longer: 414 */
    PILOT_HTTP_FIELDS = 32,       /* of a query; more: 400 */
    PILOT_HTTP_SEGMENTS = 8,      /* of a path; more: 404 */
    PILOT_HTTP_CONNECTIONS = 512, /* more wait to be taken up */
    PILOT_HTTP_LISTENERS = 128,   /* to events; more: 503 */
    PILOT_HTTP_WAITING = 128,     /* for a page to be made; more: 503 */
    PILOT_HTTP_CACHED_PAGES = 1024,
    PILOT_HTTP_CACHED_BYTES = 32 << 20, /* the least lately used go first */
    PILOT_HTTP_HEAD_MS = 10000,  /* for a request's head to be there, from the connection on */
    PILOT_HTTP_IDLE_MS = 30000,  /* between requests */
    PILOT_HTTP_BODY_MS = 120000, /* for an answer to be taken */
};

#endif
