/* dashboard_route.c - which address is which page, and what is said when there is none. */
#include "dashboard.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "pilot/page.h"
#include "pilot/picture.h"

/* ---- pages without a database ------------------------------------------------------------------
 */

static const struct {
    int status;
    const char *title, *words;
} refusals[] = {
    {400, "That address is not well formed", "Go to the pilots and follow the links from there."},
    {404, "There is no such page", "What you look for may not be released, or no longer."},
    {405, "Pages can only be read", "This server takes GET and HEAD requests."},
    {414, "That address is too long", "Give fewer or shorter words."},
    {421, "This is not the server that you asked for",
     "The name in the address is not one of this dashboard's. Where it is reached under another "
     "name, start it with --host NAME."},
    {500, "Something is wrong here", "The dashboard could not make this page; its log says why."},
    {503, "The dashboard cannot answer now", "Try again in a moment."},
};

static void message_page(pilot_http_answer_t *answer, int status, const char *message)
{
    size_t i = 0;
    while (refusals[i].status != status && i + 1 < sizeof refusals / sizeof *refusals)
        i++;
    pilot_text_t out = PILOT_TEXT_INIT;
    dashboard_begin(&out, refusals[i].title, 0);
    if (message)
        dashboard_element(&out, "p", message);
    dashboard_element(&out, "p", refusals[i].words);
    pilot_text_append(&out, "<p><a href=\"/\">To the pilots</a></p>\n");
    dashboard_end(&out);
    *answer = (pilot_http_answer_t){.status = status,
                                    .kind = PILOT_HTTP_ONCE,
                                    .type = "text/html; charset=utf-8",
                                    .length = out.length};
    answer->body = pilot_text_take(&out);
}

void dashboard_refuse(void *context, int status, pilot_http_answer_t *ret_answer)
{
    (void)context;
    message_page(ret_answer, status, NULL);
}

/* The status, and the words that it may be told with: what PostgreSQL says is for the log. */
static int status_of(pilot_status_t status, const pilot_error_t *error, const char **ret_message)
{
    *ret_message = NULL;
    switch (status) {
    case PILOT_E_NOT_FOUND:
        *ret_message = error->message;
        return 404;
    case PILOT_E_USAGE:
        *ret_message = error->message;
        return 400;
    case PILOT_E_DATABASE:
        /* 42: our own SQL is wrong. */
        if (strncmp(error->sqlstate, "42", 2) == 0 && strcmp(error->sqlstate, "42501") != 0)
            return 500;
        *ret_message = "The database does not answer, or not in time.";
        return 503;
    case PILOT_E_SCHEMA:
        *ret_message = "The database does not answer, or not in time.";
        return 503;
    case PILOT_E_INTERRUPTED:
        return 503;
    default:
        return 500;
    }
}

/* ---- files of the site -------------------------------------------------------------------------
 */

static pilot_status_t style_file(dashboard_page_t *page, pilot_error_t *error)
{
    (void)error;
    page->answer->type = "text/css; charset=utf-8";
    pilot_text_append(&page->out, pilot_page_style());
    pilot_picture_style(&page->out);
    pilot_text_append(&page->out, dashboard_style());
    return PILOT_OK;
}

static pilot_status_t script_file(dashboard_page_t *page, pilot_error_t *error)
{
    (void)error;
    page->answer->type = "text/javascript; charset=utf-8";
    pilot_text_append(&page->out, pilot_page_script());
    pilot_text_append(&page->out, dashboard_script());
    return PILOT_OK;
}

static pilot_status_t robots_file(dashboard_page_t *page, pilot_error_t *error)
{
    (void)error;
    page->answer->type = "text/plain; charset=utf-8";
    pilot_text_append(&page->out, "User-agent: *\nDisallow: /\n");
    return PILOT_OK;
}

static pilot_status_t events(dashboard_page_t *page, pilot_error_t *error)
{
    (void)error;
    page->answer->kind = PILOT_HTTP_EVENTS;
    return PILOT_OK;
}

/* ---- routes ------------------------------------------------------------------------------------
 */

/* "*" is any name; no segments: "/". */
static const struct {
    const char *segment[4];
    size_t segments;
    dashboard_page_function_t *function;
} routes[] = {
    {{NULL}, 0, dashboard_home},
    {{"pilot", "*"}, 2, dashboard_pilot},
    {{"pilot", "*", "agency", "*"}, 4, dashboard_agency},
    {{"compare"}, 1, dashboard_compare},
    {{"events"}, 1, events},
    {{"style.css"}, 1, style_file},
    {{"script.js"}, 1, script_file},
    {{"robots.txt"}, 1, robots_file},
};

static dashboard_page_function_t *find_route(const pilot_http_request_t *request)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        bool fits = pilot_http_segments(request) == routes[i].segments;
        for (size_t n = 0; fits && n < routes[i].segments; n++)
            fits = strcmp(routes[i].segment[n], "*") == 0
                       ? *pilot_http_segment(request, n) != '\0'
                       : strcmp(routes[i].segment[n], pilot_http_segment(request, n)) == 0;
        if (fits)
            return routes[i].function;
    }
    return NULL;
}

static char *address_of(const pilot_http_request_t *request)
{
    pilot_text_t address = PILOT_TEXT_INIT;
    for (size_t i = 0; i < pilot_http_segments(request); i++) {
        pilot_text_append_char(&address, '/');
        dashboard_escape_address(&address, pilot_http_segment(request, i));
    }
    if (address.length == 0)
        pilot_text_append_char(&address, '/');
    return pilot_text_take(&address);
}

void dashboard_answer(void *context, const pilot_http_request_t *request,
                      pilot_http_answer_t *ret_answer)
{
    dashboard_page_function_t *function = find_route(request);
    if (!function) {
        message_page(ret_answer, 404, NULL);
        return;
    }
    *ret_answer = (pilot_http_answer_t){
        .status = 200, .kind = PILOT_HTTP_KEEP, .type = "text/html; charset=utf-8"};
    char *address PILOT_AUTOFREE = address_of(request);
    dashboard_page_t page = {.dashboard = context,
                             .request = request,
                             .answer = ret_answer,
                             .out = PILOT_TEXT_INIT,
                             .address = address,
                             .epoch = atomic_load(&((dashboard_t *)context)->epoch)};
    pilot_error_t error = {0};
    pilot_status_t status = function(&page, &error);
    if (status) {
        const char *message = NULL;
        int answer = status_of(status, &error, &message);
        if (answer >= 500 && status != PILOT_E_INTERRUPTED)
            pilot_log(PILOT_LOG_WARN, "page_failed", "status=%d reason=\"%s\"", answer,
                      error.message);
        message_page(ret_answer, answer, message);
    } else if (ret_answer->kind != PILOT_HTTP_EVENTS) {
        ret_answer->length = page.out.length;
        ret_answer->body = pilot_text_take(&page.out);
    }
    pilot_text_clear(&page.out);
}
