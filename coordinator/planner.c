/* planner.c - the thread: finds work, plans it, hands it over, ends it. */
#include "planner.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/clock.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "pilot/wire.h"
#include "releaser.h"

enum { POLL_MS = 1000, RETRY_MS = 250 };

typedef struct handed {
    planner_analysis_t analysis;
    bool cancel_sent, release_expected;
} handed_t;

typedef struct planner {
    pilot_shared_t *shared;
    pilot_db_t *db;
    handed_t *handed; /* what the service has */
    size_t handed_count, handed_capacity;
    pilot_planner_mail_t *ends; /* to be written, oldest first */
    bool opened;
} planner_t;

static void clear_analysis(planner_analysis_t *analysis)
{
    free(analysis->pilot);
    free(analysis->source);
    free(analysis->plan_sha256);
    free(analysis->worker_class);
    *analysis = (planner_analysis_t){0};
}

static handed_t *find_handed(planner_t *planner, uint64_t analysis)
{
    for (size_t i = 0; i < planner->handed_count; i++)
        if (planner->handed[i].analysis.analysis == analysis)
            return &planner->handed[i];
    return NULL;
}

static void post(planner_t *planner, pilot_service_mail_kind_t kind, uint64_t analysis)
{
    pilot_service_mail_t *mail = PILOT_NEW(pilot_service_mail_t);
    mail->kind = kind;
    mail->analysis = analysis;
    pilot_mailbox_put(planner->shared->to_service, &mail->mail);
}

/* ---- the session ----------------------------------------------------------------------------- */

static pilot_status_t connect_session(planner_t *planner, pilot_error_t *error)
{
    if (planner->db && pilot_db_is_alive(planner->db))
        return PILOT_OK;
    pilot_status_t status = planner->db
                                ? pilot_db_reopen(planner->db, error)
                                : pilot_db_open(planner->shared->conninfo,
                                                "pilot-coordinator planner", &planner->db, error);
    return status ? status : pilot_db_script(planner->db, "LISTEN pilot_work", error);
}

/* ---- new work -------------------------------------------------------------------------------- */

/* Takes the analysis. */
static pilot_status_t start_analysis(planner_t *planner, planner_analysis_t analysis,
                                     pilot_error_t *error)
{
    pilot_work_t *work = NULL;
    Pilot__Spec *spec = NULL;
    pilot_status_t status = planner_prepare(planner->db, &analysis, &work, &spec, error);
    if (status == PILOT_E_PLAN) {
        pilot_log(PILOT_LOG_ERROR, "plan_refused", "analysis=%" PRIu64 " reason=\"%s\"",
                  analysis.analysis, error->message);
        status = planner_refuse(planner->db, planner->shared, analysis.analysis, error);
        clear_analysis(&analysis);
        return status;
    }
    if (!status)
        status = planner_plan(planner->db, planner->shared, work, spec, analysis.planned, error);
    if (spec)
        pilot_message_free(&spec->base);
    if (status) {
        pilot_work_free(work);
        clear_analysis(&analysis);
        return status == PILOT_E_NOT_FOUND ? PILOT_OK : status;
    }
    size_t pins = work->pin_count;
    status = planner_hand_over(planner->db, planner->shared, work, error);
    if (status) {
        clear_analysis(&analysis);
        return status;
    }
    pilot_log(PILOT_LOG_INFO, "analysis_started",
              "analysis=%" PRIu64 " pilot=%s agencies=%zu resumed=%s", analysis.analysis,
              analysis.pilot, pins, analysis.planned ? "yes" : "no");
    planner->handed = pilot_grow(planner->handed, &planner->handed_capacity,
                                 planner->handed_count + 1, sizeof(handed_t));
    planner->handed[planner->handed_count++] = (handed_t){.analysis = analysis};
    return PILOT_OK;
}

static planner_analysis_t read_analysis(const PGresult *found, int row)
{
    planner_analysis_t analysis = {
        .analysis = strtoull(PQgetvalue(found, row, 0), NULL, 10),
        .planned = *PQgetvalue(found, row, 1) == 't',
        .retries = (int32_t)strtol(PQgetvalue(found, row, 3), NULL, 10),
        .pilot = pilot_strdup(PQgetvalue(found, row, 4)),
        .source = pilot_strdup(PQgetvalue(found, row, 5)),
        .plan_sha256 = pilot_strdup(PQgetvalue(found, row, 7)),
    };
    if (!PQgetisnull(found, row, 6))
        analysis.worker_class = pilot_strdup(PQgetvalue(found, row, 6));
    return analysis;
}

static pilot_status_t look_for_work(planner_t *planner, pilot_error_t *error)
{
    PGresult *found = NULL;
    pilot_status_t status = pilot_db_run(
        planner->db, &found, error,
        "SELECT a.analysis, a.planned, a.cancel_requested, a.retries, p.name, s.source, "
        "a.software_version || ' ' || a.cpu_class, s.sha256 FROM work.analyses a "
        "JOIN registry.pilots p ON p.pilot = a.pilot JOIN registry.plans s ON s.plan = a.plan "
        "WHERE a.state IN ('queued', 'running') ORDER BY a.analysis",
        0);
    for (int row = 0; !status && row < PQntuples(found); row++) {
        uint64_t analysis = strtoull(PQgetvalue(found, row, 0), NULL, 10);
        if (!find_handed(planner, analysis))
            status = start_analysis(planner, read_analysis(found, row), error);
        handed_t *handed = find_handed(planner, analysis);
        if (!status && handed && !handed->cancel_sent && *PQgetvalue(found, row, 2) == 't') {
            handed->cancel_sent = true;
            post(planner, PILOT_MAIL_CANCEL, analysis);
        }
    }
    PQclear(found);
    return status;
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void take_mail(planner_t *planner)
{
    pilot_mail_t **tail = (pilot_mail_t **)&planner->ends;
    while (*tail)
        tail = &(*tail)->next;
    *tail = pilot_mailbox_take(planner->shared->to_planner);
}

static pilot_status_t write_ends(planner_t *planner, pilot_error_t *error)
{
    while (planner->ends) {
        pilot_planner_mail_t *end = planner->ends;
        handed_t *handed = find_handed(planner, end->analysis);
        if (handed) {
            if (!handed->release_expected) /* before anybody sees it done */
                pilot_releaser_expect(planner->shared);
            handed->release_expected = true;
            pilot_status_t status =
                planner_end(planner->db, planner->shared, &handed->analysis, end, error);
            if (status)
                return status;
            pilot_log(PILOT_LOG_INFO, "analysis_ended",
                      "analysis=%" PRIu64 " given_up=%" PRIu64 " cancelled=%s", end->analysis,
                      end->given_up, end->cancelled ? "yes" : "no");
            pilot_releaser_wake(planner->shared, end->analysis);
            post(planner, PILOT_MAIL_REMOVE, end->analysis);
            clear_analysis(&handed->analysis);
            *handed = planner->handed[--planner->handed_count];
        }
        planner->ends = (pilot_planner_mail_t *)end->mail.next;
        free(end);
    }
    return PILOT_OK;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static pilot_status_t do_round(planner_t *planner, pilot_error_t *error)
{
    take_mail(planner);
    pilot_status_t status = connect_session(planner, error);
    if (!status)
        status = write_ends(planner, error);
    if (!status)
        status = look_for_work(planner, error);
    if (!status && !planner->opened) {
        planner->opened = true;
        post(planner, PILOT_MAIL_OPEN, 0);
    }
    return status;
}

/* Until a notification, mail, or the time to look anyway. */
static void wait_for_something(planner_t *planner, int timeout_ms)
{
    PGconn *session =
        planner->db && pilot_db_is_alive(planner->db) ? pilot_db_raw(planner->db) : NULL;
    struct pollfd wait[] = {{.fd = pilot_mailbox_fd(planner->shared->to_planner), .events = POLLIN},
                            {.fd = session ? PQsocket(session) : -1, .events = POLLIN}};
    poll(wait, 2, timeout_ms);
    if (!session || !(wait[1].revents & (POLLIN | POLLHUP | POLLERR)))
        return;
    PQconsumeInput(session);
    for (PGnotify *notify; (notify = PQnotifies(session));)
        PQfreemem(notify);
}

void *pilot_planner_main(void *context)
{
    planner_t *planner = PILOT_NEW(planner_t);
    planner->shared = context;
    while (!atomic_load(&planner->shared->stop) && !atomic_load(&planner->shared->fenced)) {
        pilot_error_t error = {0};
        pilot_status_t status = do_round(planner, &error);
        if (status == PILOT_E_FENCED) {
            atomic_store(&planner->shared->fenced, true);
            pilot_mailbox_wake(planner->shared->to_service);
            break;
        }
        if (status)
            pilot_log(PILOT_LOG_WARN, "planner_again", "reason=\"%s\"", error.message);
        wait_for_something(planner, status ? RETRY_MS : POLL_MS);
    }
    take_mail(planner);
    while (planner->ends) {
        pilot_planner_mail_t *next = (pilot_planner_mail_t *)planner->ends->mail.next;
        free(planner->ends);
        planner->ends = next;
    }
    for (size_t i = 0; i < planner->handed_count; i++)
        clear_analysis(&planner->handed[i].analysis);
    free(planner->handed);
    pilot_db_close(planner->db);
    free(planner);
    return NULL;
}
