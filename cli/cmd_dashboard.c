/* cmd_dashboard.c - `pilot dashboard`: what is released, as live pages. */
#include "commands.h"
#include "dashboard.h"
#include "pilot/log.h"
#include "pilot/memory.h"

typedef struct dashboard_request {
    const char *listen, *hosts;
} dashboard_request_t;

static pilot_status_t serve(pilot_context_t *context, const dashboard_request_t *request,
                            dashboard_t *dashboard, pilot_db_t *watched, pilot_error_t *error)
{
    pilot_http_options_t options = {.listen = request->listen,
                                    .hosts = request->hosts,
                                    .page = dashboard_answer,
                                    .refusal = dashboard_refuse,
                                    .context = dashboard};
    pilot_http_t *http = NULL;
    pilot_status_t status = pilot_http_start(&options, &http, error);
    if (status)
        return status;
    pilot_say("pilot dashboard: %s (Ctrl-C ends it)", pilot_http_url(http));
    status = dashboard_watch(context, watched, dashboard, http, error);
    pilot_http_stop(http);
    return status;
}

static pilot_status_t open_and_serve(pilot_context_t *context, const dashboard_request_t *request,
                                     pilot_error_t *error)
{
    dashboard_t dashboard = {.db = NULL};
    pilot_db_t *watched = NULL;
    pilot_status_t status = dashboard_session_open(context, &dashboard.db, error);
    if (!status)
        status = dashboard_session_open(context, &watched, error);
    if (!status)
        status = serve(context, request, &dashboard, watched, error);
    dashboard_forget_evaluations(&dashboard);
    pilot_db_close(watched);
    pilot_db_close(dashboard.db);
    return status;
}

pilot_status_t pilot_cmd_dashboard(pilot_context_t *context, int argc, char **argv,
                                   pilot_error_t *error)
{
    dashboard_request_t request = {.listen = "127.0.0.1:8080"};
    const pilot_option_t options[] = {
        {.name = "listen",
         .type = PILOT_OPTION_TEXT,
         .target = &request.listen,
         .argument = "ADDRESS:PORT",
         .environment = "PILOT_DASHBOARD_LISTEN",
         .help = "where browsers find it (default: 127.0.0.1:8080, this machine alone; port 0: a "
                 "free one)"},
        {.name = "host",
         .type = PILOT_OPTION_TEXT,
         .target = &request.hosts,
         .argument = "NAME[,NAME]",
         .help = "names under which browsers reach it through a proxy or a tunnel"},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "",
        "Shows what is released of pilots, and how analyses under way stand, as pages for a "
        "browser.  Reads dashboard.* alone, as the role pilot_dashboard.",
        0, 0, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    pilot_log_init("pilot-dashboard", PILOT_LOG_INFO);
    return open_and_serve(context, &request, error);
}
