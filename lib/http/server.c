/* server.c - libmicrohttpd's daemon: what is refused at once, what comes from the cache, what the
 * page thread is asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pilot/memory.h"
#include "room.h"

enum { QUIET_S = 30, POOL_SIZE = 16 << 10, STACK_SIZE = 512 << 10 };

struct pilot_http {
    pilot_http_options_t options;
    char *hosts;
    http_address_t address;
    http_cache_t *cache;
    http_events_t *events;
    http_deadlines_t *deadlines;
    http_pages_t *pages;
    struct MHD_Daemon *daemon;
};

static void *watched_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* 0, or the status with which the request is refused. */
static int refusal_of(const pilot_http_t *http, const pilot_http_request_t *request,
                      const char *method)
{
    struct MHD_Connection *connection = request->connection;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    const char *host =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    if (!host)
        return MHD_HTTP_BAD_REQUEST;
    if (!http_host_is_ours(host, http->address.loopback, http->hosts))
        return MHD_HTTP_MISDIRECTED_REQUEST;
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if ((length && strcmp(length, "0") != 0) ||
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING))
        return MHD_HTTP_BAD_REQUEST;
    return request->refusal;
}

static enum MHD_Result send_answer(pilot_http_t *http, pilot_http_request_t *request)
{
    const http_answer_t *answer = request->answer;
    bool stream = !answer->size && !answer->etag[0] && answer->status == MHD_HTTP_OK;
    http_deadlines_set(http->deadlines, watched_of(request->connection),
                       stream ? 0 : PILOT_HTTP_BODY_MS);
    const char *known = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                    MHD_HTTP_HEADER_IF_NONE_MATCH);
    if (http_answer_is_known(answer, known))
        return MHD_queue_response(request->connection, MHD_HTTP_NOT_MODIFIED, answer->unchanged);
    return MHD_queue_response(request->connection, answer->status, answer->response);
}

static enum MHD_Result begin(pilot_http_t *http, pilot_http_request_t *request, const char *method)
{
    request->begun = true;
    /* Making a page has no deadline here: the handler has its own. */
    http_deadlines_set(http->deadlines, watched_of(request->connection), 0);
    int refusal = refusal_of(http, request, method);
    if (!refusal)
        return MHD_YES; /* called again when the request is whole */
    request->answer = http_pages_refuse(http->pages, refusal);
    return send_answer(http, request);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_context)
{
    (void)connection, (void)url, (void)version, (void)upload;
    pilot_http_t *http = context;
    pilot_http_request_t *request = *request_context;
    if (!request->begun)
        return begin(http, request, method);
    if (*upload_size) { /* refused already: not read */
        *upload_size = 0;
        return MHD_YES;
    }
    if (!request->answer)
        request->answer = http_cache_find(http->cache, request->uri);
    if (!request->answer) {
        if (http_pages_ask(http->pages, request))
            return MHD_YES; /* called again when the answer is there */
        request->answer = http_pages_refuse(http->pages, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    return send_answer(http, request);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    (void)code;
    pilot_http_t *http = context;
    http_deadlines_set(http->deadlines, watched_of(connection), PILOT_HTTP_IDLE_MS);
    pilot_http_request_free(*request_context);
    *request_context = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    pilot_http_t *http = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        http_deadlines_open(http->deadlines, info->connect_fd, socket_context);
    } else {
        http_deadlines_close(http->deadlines, *socket_context);
        *socket_context = NULL;
    }
}

static bool start_daemon(pilot_http_t *http)
{
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL,
        on_request, http, MHD_OPTION_LISTEN_SOCKET, http->address.socket,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned int)PILOT_HTTP_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_SIZE, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned int)QUIET_S, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)STACK_SIZE, MHD_OPTION_URI_LOG_CALLBACK, http_request_begin, http,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_END);
    return http->daemon != NULL;
}

pilot_status_t pilot_http_start(const pilot_http_options_t *options, pilot_http_t **ret_http,
                                pilot_error_t *error)
{
    http_address_t address = {.socket = -1};
    pilot_status_t status = http_address_listen(options->listen, &address, error);
    if (status)
        return status;
    pilot_http_t *http = PILOT_NEW(pilot_http_t);
    http->options = *options;
    http->options.listen = http->options.hosts = NULL;
    http->hosts = options->hosts ? pilot_strdup(options->hosts) : NULL;
    http->address = address;
    http->cache = http_cache_new();
    http->events = http_events_new();
    http->deadlines = http_deadlines_new();
    http->pages = http_pages_new(&http->options, http->cache, http->events);
    if (!start_daemon(http)) {
        pilot_http_stop(http);
        return pilot_error_set(error, PILOT_E_USAGE, "--listen: the server on %s cannot be started",
                               options->listen);
    }
    *ret_http = http;
    return PILOT_OK;
}

void pilot_http_stop(pilot_http_t *http)
{
    if (!http)
        return;
    http_events_end(http->events);
    http_pages_end(http->pages);
    if (http->daemon)
        MHD_stop_daemon(http->daemon); /* closes the socket, too */
    else
        close(http->address.socket);
    http_pages_free(http->pages);
    http_cache_free(http->cache);
    http_events_free(http->events);
    http_deadlines_free(http->deadlines);
    free(http->address.url);
    free(http->hosts);
    free(http);
}

const char *pilot_http_url(const pilot_http_t *http)
{
    return http->address.url;
}

void pilot_http_forget(pilot_http_t *http, bool live_only)
{
    http_cache_forget(http->cache, live_only);
}

void pilot_http_tell(pilot_http_t *http, const char *name, const char *data)
{
    http_events_tell(http->events, name, data);
}

void pilot_http_tick(pilot_http_t *http)
{
    http_deadlines_tick(http->deadlines);
    http_events_tick(http->events);
}

const char *pilot_http_library(void)
{
    static char text[48];
    snprintf(text, sizeof text, "libmicrohttpd %s", MHD_get_version());
    return text;
}
