/* answer.c - a finished answer: its body, headers and tag; shared by the cache and by connections.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/hash.h"
#include "pilot/memory.h"
#include "room.h"

static const struct {
    const char *name, *value;
} always[] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
     "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

void http_answer_add_headers(struct MHD_Response *response)
{
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (MHD_add_response_header(response, always[i].name, always[i].value) != MHD_YES)
            pilot_out_of_memory();
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        pilot_out_of_memory();
}

static http_answer_t *answer_of(struct MHD_Response *response, unsigned int status)
{
    if (!response)
        pilot_out_of_memory();
    http_answer_t *answer = PILOT_NEW(http_answer_t);
    atomic_init(&answer->references, 1);
    answer->response = response;
    answer->status = status;
    return answer;
}

http_answer_t *http_answer_of_stream(struct MHD_Response *stream)
{
    return answer_of(stream, MHD_HTTP_OK);
}

/* The tag is the content's hash: a page that was made again and is the same is not sent again. */
static void add_tag(http_answer_t *answer, const char *body, size_t length)
{
    uint8_t digest[PILOT_SHA256_SIZE];
    char hex[PILOT_SHA256_HEX_SIZE];
    pilot_sha256_of(body, length, digest);
    pilot_hex(digest, PILOT_SHA256_SIZE, hex);
    snprintf(answer->etag, sizeof answer->etag, "\"%.32s\"", hex);
    answer->unchanged = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!answer->unchanged)
        pilot_out_of_memory();
    http_answer_add_headers(answer->unchanged);
    add_header(answer->unchanged, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    add_header(answer->unchanged, MHD_HTTP_HEADER_ETAG, answer->etag);
    add_header(answer->response, MHD_HTTP_HEADER_ETAG, answer->etag);
}

http_answer_t *http_answer_new(pilot_http_answer_t *made)
{
    bool kept = made->kind == PILOT_HTTP_KEEP || made->kind == PILOT_HTTP_LIVE;
    const char *body = made->body;
    /* libmicrohttpd frees with free(), which is what pilot_alloc's memory takes. */
    http_answer_t *answer =
        answer_of(MHD_create_response_from_buffer(made->length, made->body, MHD_RESPMEM_MUST_FREE),
                  (unsigned int)made->status);
    answer->size = made->length;
    http_answer_add_headers(answer->response);
    add_header(answer->response, MHD_HTTP_HEADER_CONTENT_TYPE, made->type);
    if (made->filename) {
        char *value PILOT_AUTOFREE = pilot_format("attachment; filename=\"%s\"", made->filename);
        add_header(answer->response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, value);
    }
    /* no-cache: may be stored, must be asked for again; then mostly 304. */
    add_header(answer->response, MHD_HTTP_HEADER_CACHE_CONTROL, kept ? "no-cache" : "no-store");
    if (made->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        add_header(answer->response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (made->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        add_header(answer->response, MHD_HTTP_HEADER_RETRY_AFTER, "5");
    if (kept)
        add_tag(answer, body, made->length);
    *made = (pilot_http_answer_t){0};
    return answer;
}

http_answer_t *http_answer_keep(http_answer_t *answer)
{
    atomic_fetch_add(&answer->references, 1);
    return answer;
}

void http_answer_drop(http_answer_t *answer)
{
    if (!answer || atomic_fetch_sub(&answer->references, 1) > 1)
        return;
    MHD_destroy_response(answer->response);
    if (answer->unchanged)
        MHD_destroy_response(answer->unchanged);
    free(answer);
}

bool http_answer_is_known(const http_answer_t *answer, const char *header)
{
    if (!header || !answer->unchanged)
        return false;
    /* A list of quoted tags, perhaps weak; ours has no quote within and occurs whole or not. */
    return strcmp(header, "*") == 0 || strstr(header, answer->etag) != NULL;
}
