/* request.c - path and query taken apart.  Segments are parted before they are decoded: a name may
 * hold a slash. */
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/text.h"
#include "room.h"

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* NULL when it is not well formed, or not UTF-8 without NUL. */
static char *decode(const char *text, size_t length, bool plus_is_blank)
{
    char *out = pilot_alloc_raw(length + 1, 1);
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '+' && plus_is_blank) {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < length ? digit(text[i + 1]) : -1;
            int low = high >= 0 ? digit(text[i + 2]) : -1;
            if (low < 0)
                goto malformed;
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[at++] = c;
    }
    out[at] = '\0';
    if (pilot_utf8_valid(out, at, NULL))
        return out;
malformed:
    free(out);
    return NULL;
}

static int parse_path(pilot_http_request_t *request, const char *path, size_t length)
{
    if (length == 0 || path[0] != '/')
        return MHD_HTTP_BAD_REQUEST;
    if (length == 1)
        return 0;
    const char *end = path + length;
    while (path < end) {
        const char *from = path + 1;
        const char *to = memchr(from, '/', (size_t)(end - from));
        to = to ? to : end;
        if (request->segments == PILOT_HTTP_SEGMENTS)
            return MHD_HTTP_NOT_FOUND;
        char *segment = decode(from, (size_t)(to - from), false);
        if (!segment)
            return MHD_HTTP_BAD_REQUEST;
        request->segment[request->segments++] = segment;
        path = to;
    }
    return 0;
}

static int parse_query(pilot_http_request_t *request, const char *query)
{
    while (*query) {
        size_t length = strcspn(query, "&");
        size_t name = strcspn(query, "=&");
        if (length > 0) {
            if (request->fields == PILOT_HTTP_FIELDS)
                return MHD_HTTP_BAD_REQUEST;
            http_field_t *field = &request->field[request->fields++];
            field->name = decode(query, name, true);
            size_t skip = name < length ? name + 1 : name;
            field->value = decode(query + skip, length - skip, true);
            if (!field->name || !field->value)
                return MHD_HTTP_BAD_REQUEST;
        }
        query += length + (query[length] == '&');
    }
    return 0;
}

static int parse(pilot_http_request_t *request)
{
    if (strlen(request->uri) > PILOT_HTTP_URI_SIZE)
        return MHD_HTTP_URI_TOO_LONG;
    size_t length = strcspn(request->uri, "?");
    int refusal = parse_path(request, request->uri, length);
    return refusal || !request->uri[length] ? refusal
                                            : parse_query(request, request->uri + length + 1);
}

/* Of the server: always one, to be refused perhaps. */
static pilot_http_request_t *request_of(const char *uri)
{
    pilot_http_request_t *request = PILOT_NEW(pilot_http_request_t);
    request->uri = pilot_strdup(uri);
    request->refusal = parse(request);
    return request;
}

void *http_request_begin(void *context, const char *uri, struct MHD_Connection *connection)
{
    (void)context;
    pilot_http_request_t *request = request_of(uri);
    request->connection = connection;
    return request;
}

pilot_http_request_t *pilot_http_request_new(const char *uri)
{
    pilot_http_request_t *request = request_of(uri);
    if (request->refusal == 0)
        return request;
    pilot_http_request_free(request);
    return NULL;
}

void pilot_http_request_free(pilot_http_request_t *request)
{
    if (!request)
        return;
    for (size_t i = 0; i < request->segments; i++)
        free(request->segment[i]);
    for (size_t i = 0; i < request->fields; i++) {
        free(request->field[i].name);
        free(request->field[i].value);
    }
    http_answer_drop(request->answer);
    free(request->uri);
    free(request);
}

size_t pilot_http_segments(const pilot_http_request_t *request)
{
    return request->segments;
}

const char *pilot_http_segment(const pilot_http_request_t *request, size_t index)
{
    return index < request->segments ? request->segment[index] : "";
}

const char *pilot_http_value(const pilot_http_request_t *request, const char *name, size_t index)
{
    for (size_t i = 0; i < request->fields; i++)
        if (strcmp(request->field[i].name, name) == 0 && index-- == 0)
            return request->field[i].value;
    return NULL;
}

const char *pilot_http_uri(const pilot_http_request_t *request)
{
    return request->uri;
}
