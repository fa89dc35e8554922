/* dashboard_watch.c - waits for what changes in the database: NOTIFY pilot_results, and a look
 * every second, since a notification can be lost.  Tells the server which pages to forget and
 * listeners what has happened. */
#include <poll.h>

#include "dashboard.h"
#include "pilot/clock.h"
#include "pilot/log.h"
#include "pilot/memory.h"

enum { LOOK_MS = 1000, LIVE_MS = 5000 };

typedef struct watch {
    pilot_db_t *db;
    dashboard_t *dashboard;
    pilot_http_t *http;
    bool down;
    char *running;      /* what was last told of analyses under way */
    char *released;     /* a mark of all that is released */
    int64_t live_until; /* then live pages are made anew, whatever happens */
} watch_t;

static const char running_sql[] =
    "SELECT COALESCE(json_agg(json_build_object('analysis', analysis::text, 'pilot', pilot, "
    "'state', state, 'jobs', jobs, 'jobs_done', jobs_done) ORDER BY analysis)::text, '[]'), "
    "COALESCE(string_agg(analysis || state, ' ' ORDER BY analysis), '') "
    "FROM dashboard.analyses WHERE released_at IS NULL AND (state <> 'done' OR finished_at > now() "
    "- interval '5 minutes')";
static const char released_sql[] =
    "SELECT count(*) || ' ' || count(withdrawn_at) || ' ' || COALESCE(max(released_at)::text, '') "
    "FROM dashboard.releases";

/* Everything may have changed. */
static void tell_change(watch_t *watch)
{
    unsigned long long epoch = atomic_fetch_add(&watch->dashboard->epoch, 1) + 1;
    pilot_http_forget(watch->http, false);
    char text[24];
    snprintf(text, sizeof text, "%llu", epoch);
    pilot_http_tell(watch->http, "results", text);
}

/* The connection's notifications; true when there was one. */
static bool take_notifications(PGconn *connection)
{
    bool any = false;
    for (PGnotify *notify; (notify = PQnotifies(connection));) {
        any = true;
        PQfreemem(notify);
    }
    return any;
}

static void replace(char **text, const char *by)
{
    free(*text);
    *text = pilot_strdup(by);
}

static pilot_status_t look(watch_t *watch, pilot_error_t *error)
{
    PGresult *running = NULL, *released = NULL;
    pilot_status_t status = pilot_db_run(watch->db, &running, error, running_sql, 0);
    if (!status)
        status = pilot_db_run(watch->db, &released, error, released_sql, 0);
    if (!status) {
        char *mark PILOT_AUTOFREE =
            pilot_format("%s / %s", PQgetvalue(released, 0, 0), PQgetvalue(running, 0, 1));
        const char *progress = PQgetvalue(running, 0, 0);
        bool moved = !watch->running || strcmp(watch->running, progress) != 0;
        if (!watch->released || strcmp(watch->released, mark) != 0) {
            replace(&watch->released, mark);
            tell_change(watch);
        } else if (moved || pilot_clock_ms() > watch->live_until) {
            pilot_http_forget(watch->http, true);
            watch->live_until = pilot_clock_ms() + LIVE_MS;
        }
        if (moved) {
            replace(&watch->running, progress);
            pilot_http_tell(watch->http, "progress", progress);
        }
    }
    PQclear(running);
    PQclear(released);
    return status;
}

static pilot_status_t listen_again(watch_t *watch, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    if (!pilot_db_is_alive(watch->db))
        status = dashboard_session_reopen(watch->db, error);
    return status ? status : pilot_db_script(watch->db, "LISTEN pilot_results", error);
}

/* What is shown must be known to be current: while the database is away, pages say that it is. */
static void note_down(watch_t *watch, const pilot_error_t *error)
{
    if (!watch->down) {
        pilot_log(PILOT_LOG_WARN, "database_lost", "reason=\"%s\"", error->message);
        pilot_http_tell(watch->http, "database", "down");
    }
    watch->down = true;
    replace(&watch->released, "");
    atomic_fetch_add(&watch->dashboard->epoch, 1);
    pilot_http_forget(watch->http, false);
}

static void look_after(watch_t *watch)
{
    pilot_error_t error = {0};
    pilot_status_t status = PILOT_OK;
    bool back = watch->down || !pilot_db_is_alive(watch->db);
    if (back)
        status = listen_again(watch, &error);
    if (!status && take_notifications(pilot_db_raw(watch->db)))
        tell_change(watch);
    if (!status)
        status = look(watch, &error);
    if (status == PILOT_E_INTERRUPTED)
        return;
    if (status) {
        note_down(watch, &error);
    } else if (watch->down) {
        watch->down = false;
        pilot_log(PILOT_LOG_INFO, "database_back", "ok=1");
        pilot_http_tell(watch->http, "database", "up");
    }
}

pilot_status_t dashboard_watch(pilot_context_t *context, pilot_db_t *db, dashboard_t *dashboard,
                               pilot_http_t *http, pilot_error_t *error)
{
    watch_t watch = {.db = db, .dashboard = dashboard, .http = http};
    pilot_status_t status = listen_again(&watch, error);
    int64_t next = 0;
    while (!status) {
        if (pilot_clock_ms() >= next) {
            look_after(&watch);
            pilot_http_tick(http);
            next = pilot_clock_ms() + LOOK_MS;
        }
        PGconn *connection = pilot_db_raw(db);
        struct pollfd wait[] = {
            {.fd = context->interrupt_fd, .events = POLLIN},
            {.fd = watch.down || !connection ? -1 : PQsocket(connection), .events = POLLIN}};
        int64_t left = next - pilot_clock_ms();
        if (poll(wait, 2, left > 0 ? (int)left : 0) > 0 && wait[0].revents)
            break;
        if (wait[1].revents && (!PQconsumeInput(connection) || take_notifications(connection))) {
            if (pilot_db_is_alive(db))
                tell_change(&watch);
            next = 0;
        }
    }
    free(watch.running);
    free(watch.released);
    return status;
}
