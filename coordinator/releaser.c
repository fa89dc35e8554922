#include "releaser.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "pilot/debug_point.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "planner.h"
#include "release.h"

enum { RETRY_MS = 250 };

/* ---- from the other threads ------------------------------------------------------------------ */

void pilot_releaser_expect(pilot_shared_t *shared)
{
    atomic_fetch_add(&shared->expected_releases, 1);
}

void pilot_releaser_wake(pilot_shared_t *shared, uint64_t analysis)
{
    pilot_releaser_mail_t *mail = PILOT_NEW(pilot_releaser_mail_t);
    mail->analysis = analysis;
    pilot_mailbox_put(shared->to_releaser, &mail->mail);
}

bool pilot_releaser_is_idle(pilot_shared_t *shared)
{
    return atomic_load(&shared->expected_releases) == 0;
}

/* ---- one release ----------------------------------------------------------------------------- */

static void log_release(uint64_t analysis, uint64_t rows, uint64_t suppressed)
{
    pilot_log(PILOT_LOG_INFO, "released",
              "analysis=%" PRIu64 " rows=%" PRIu64 " suppressed=%" PRIu64, analysis, rows,
              suppressed);
}

static void log_unreleased(uint64_t analysis, const pilot_error_t *error)
{
    pilot_log(PILOT_LOG_ERROR, "not_released", "analysis=%" PRIu64 " reason=\"%s\"", analysis,
              error->message);
}

typedef struct release_context {
    uint64_t analysis, rows, suppressed;
} release_context_t;

static pilot_status_t release_body(pilot_db_t *db, void *context, pilot_error_t *error)
{
    release_context_t *releasing = context;
    pilot_status_t status =
        pilot_release(db, releasing->analysis, &releasing->rows, &releasing->suppressed, error);
    if (!status)
        status = planner_notify(db, releasing->analysis, error);
    int64_t wanted;
    if (!status && pilot_debug_point_setting("die_in_release", &wanted))
        pilot_debug_point_die();
    return status;
}

/* The first analysis behind *ret_last (by number) that is done and unreleased, in a fenced
 * transaction of its own.  One that fails is logged and passed over. *ret_more: there was one. */
static pilot_status_t release_next(pilot_db_t *db, const pilot_shared_t *shared, uint64_t *ret_last,
                                   bool *ret_more, pilot_error_t *error)
{
    char last[24];
    PGresult *found = NULL;
    snprintf(last, sizeof last, "%" PRIu64, *ret_last);
    pilot_status_t status =
        pilot_db_run(db, &found, error,
                     "SELECT analysis FROM work.pending_releases() AS p (analysis) "
                     "WHERE analysis > $1::bigint ORDER BY analysis LIMIT 1",
                     1, last);
    if (status)
        return status;
    *ret_more = PQntuples(found) > 0;
    release_context_t context = {0};
    if (*ret_more)
        context.analysis = strtoull(PQgetvalue(found, 0, 0), NULL, 10);
    PQclear(found);
    if (!*ret_more)
        return PILOT_OK;
    status = planner_fenced(db, shared, release_body, &context, error);
    if (status == PILOT_E_FENCED || (status && pilot_db_is_retryable(error)))
        return status;
    if (status)
        log_unreleased(context.analysis, error);
    else
        log_release(context.analysis, context.rows, context.suppressed);
    *ret_last = context.analysis;
    return PILOT_OK;
}

/* ---- the thread ------------------------------------------------------------------------------ */

typedef struct releaser {
    pilot_shared_t *shared;
    pilot_db_t *db;
    uint64_t last; /* the last one tried: what cannot be released is not tried again and again */
    int due;       /* mails that this round answers */
} releaser_t;

static void take_mail(releaser_t *releaser)
{
    pilot_mail_t *mail = pilot_mailbox_take(releaser->shared->to_releaser);
    for (pilot_mail_t *next; mail; mail = next) {
        uint64_t analysis = ((pilot_releaser_mail_t *)mail)->analysis;
        if (releaser->last >= analysis)
            releaser->last = analysis > 0 ? analysis - 1 : 0;
        releaser->due++;
        next = mail->next;
        free(mail);
    }
}

static pilot_status_t connect_session(releaser_t *releaser, pilot_error_t *error)
{
    if (releaser->db && pilot_db_is_alive(releaser->db))
        return PILOT_OK;
    return releaser->db ? pilot_db_reopen(releaser->db, error)
                        : pilot_db_open(releaser->shared->conninfo, "pilot-coordinator releaser",
                                        &releaser->db, error);
}

static void rest(releaser_t *releaser)
{
    pilot_db_close(releaser->db);
    releaser->db = NULL;
    atomic_fetch_sub(&releaser->shared->expected_releases, releaser->due);
    releaser->due = 0;
}

static pilot_status_t do_round(releaser_t *releaser, pilot_error_t *error)
{
    bool more = false;
    pilot_status_t status = connect_session(releaser, error);
    if (!status)
        status = release_next(releaser->db, releaser->shared, &releaser->last, &more, error);
    if (!status && !more)
        rest(releaser);
    return status;
}

static void wait_for_mail(const releaser_t *releaser, int timeout_ms)
{
    struct pollfd wait = {.fd = pilot_mailbox_fd(releaser->shared->to_releaser), .events = POLLIN};
    poll(&wait, 1, timeout_ms);
}

void *pilot_releaser_main(void *context)
{
    releaser_t releaser = {.shared = context};
    pilot_shared_t *shared = context;
    while (!atomic_load(&shared->stop) && !atomic_load(&shared->fenced)) {
        pilot_error_t error = {0};
        take_mail(&releaser);
        pilot_status_t status = releaser.due > 0 ? do_round(&releaser, &error) : PILOT_OK;
        if (status == PILOT_E_FENCED) {
            atomic_store(&shared->fenced, true);
            pilot_mailbox_wake(shared->to_service);
            break;
        }
        if (status)
            pilot_log(PILOT_LOG_WARN, "release_again", "reason=\"%s\"", error.message);
        if (status || releaser.due == 0)
            wait_for_mail(&releaser, status ? RETRY_MS : -1);
    }
    pilot_db_close(releaser.db);
    return NULL;
}
