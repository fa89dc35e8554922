#include "analysis.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>
#include <poll.h>

#include "pilot/clock.h"
#include "pilot/memory.h"
#include "progress.h"

/* A query of the state costs more on large analyses; it may take at most a tenth of the time.
 * Others who compute may be away for so long: one coordinator may take over from another. */
enum { POLL_MS = 200, POLL_SHARE = 10, ABSENCE_MS = 30000 };

pilot_status_t pilot_analysis_parse(const char *text, int64_t *ret_analysis, pilot_error_t *error)
{
    if (!pilot_int64_parse(text, strlen(text), ret_analysis) || *ret_analysis < 1)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "'%s' is not the number of an analysis; `pilot status` lists them",
                               text);
    return PILOT_OK;
}

pilot_status_t pilot_analysis_launch(pilot_db_t *db, const char *pilot, const char *submissions,
                                     const char *exploratory, int64_t *ret_analysis,
                                     pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, error, "SELECT work.launch($1, $2::bigint[], $3)", 3, pilot,
                     submissions, exploratory);
    if (status)
        return status;
    const char *id = PQgetvalue(result, 0, 0);
    if (!pilot_int64_parse(id, strlen(id), ret_analysis))
        status = pilot_error_set(error, PILOT_E_BUG, "work.launch returned no id");
    PQclear(result);
    return status;
}

static int64_t number(const PGresult *result, int column)
{
    int64_t value = 0;
    const char *text = PQgetvalue(result, 0, column);
    pilot_int64_parse(text, strlen(text), &value);
    return value;
}

pilot_status_t pilot_analysis_read(pilot_db_t *db, int64_t analysis,
                                   pilot_analysis_state_t *ret_state, pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, analysis);
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error,
                                         "SELECT state, jobs, jobs_done, jobs_failed, confirmatory "
                                         "FROM results.analyses WHERE analysis = $1::bigint",
                                         1, id);
    if (status)
        return status;
    if (PQntuples(result) == 0) {
        status = pilot_error_set(error, PILOT_E_NOT_FOUND,
                                 "there is no analysis %s; `pilot status` lists them", id);
    } else {
        snprintf(ret_state->state, sizeof ret_state->state, "%s", PQgetvalue(result, 0, 0));
        ret_state->jobs = number(result, 1);
        ret_state->jobs_done = number(result, 2);
        ret_state->jobs_failed = number(result, 3);
        ret_state->confirmatory = PQgetvalue(result, 0, 4)[0] == 't';
    }
    PQclear(result);
    return status;
}

static pilot_status_t say_missing(pilot_db_t *db, int64_t analysis, pilot_error_t *error)
{
    static const char sql[] =
        "SELECT count(*), string_agg(left(m.name, 60), ', ' ORDER BY m.place) "
        "FILTER (WHERE m.place <= 8) FROM (SELECT x.item ->> 'name' AS name, "
        "row_number() OVER (ORDER BY x.place) AS place FROM work.analyses a "
        "JOIN registry.plans p USING (plan) CROSS JOIN LATERAL "
        "jsonb_array_elements(p.json::jsonb -> 'agencies') WITH ORDINALITY AS x (item, place) "
        "WHERE a.analysis = $1::bigint AND NOT EXISTS (SELECT FROM work.pins n "
        "WHERE n.analysis = a.analysis AND n.agency = x.item ->> 'name')) AS m";
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, analysis);
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, sql, 1, id);
    if (status)
        return status;
    int64_t missing = number(result, 0);
    if (missing > 0)
        pilot_say("no data of %" PRId64 " agenc%s that the plan lists: %s%s", missing,
                  missing == 1 ? "y" : "ies", PQgetvalue(result, 0, 1), missing > 8 ? ", ..." : "");
    PQclear(result);
    return PILOT_OK;
}

pilot_status_t pilot_analysis_why_not(pilot_db_t *db, int64_t analysis, bool released,
                                      char **ret_why, pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, analysis);
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error,
        released ? "SELECT CASE WHEN NOT confirmatory THEN 'it was not planned before the data, or "
                   "is a second look' END FROM dashboard.analyses WHERE analysis = $1::bigint"
                 : "SELECT not_confirmatory FROM results.analyses WHERE analysis = $1::bigint",
        1, id);
    if (status)
        return status;
    bool any = PQntuples(result) > 0 && !PQgetisnull(result, 0, 0);
    *ret_why = any ? pilot_strdup(PQgetvalue(result, 0, 0)) : NULL;
    PQclear(result);
    return PILOT_OK;
}

pilot_status_t pilot_analysis_say_purged(pilot_db_t *db, int64_t analysis, pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, analysis);
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, error,
                     "SELECT agencies, to_char(purged_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') "
                     "FROM results.purged WHERE analysis = $1::bigint",
                     1, id);
    if (!status && PQntuples(result) > 0)
        pilot_say("its numbers stand, but cannot be computed again: rows of %s agenc%s were purged "
                  "on %s",
                  PQgetvalue(result, 0, 0), number(result, 0) == 1 ? "y" : "ies",
                  PQgetvalue(result, 0, 1));
    PQclear(result);
    return status;
}

pilot_status_t pilot_analysis_say_remarks(pilot_db_t *db, int64_t analysis, pilot_error_t *error)
{
    pilot_status_t status = say_missing(db, analysis, error);
    PILOT_AUTOFREE char *why = NULL;
    if (!status)
        status = pilot_analysis_why_not(db, analysis, false, &why, error);
    if (why)
        pilot_say("this analysis is not confirmatory: %s", why);
    return status;
}

pilot_status_t pilot_analysis_is_served(pilot_context_t *context, bool *ret_served,
                                        pilot_error_t *error)
{
    *ret_served = pilot_stack_is_up(context, NULL);
    if (context->cluster)
        return PILOT_OK;
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(context->db, &result, error,
                     "SELECT 1 FROM work.lease WHERE expires_at > clock_timestamp()", 0);
    if (!status)
        *ret_served = PQntuples(result) > 0;
    PQclear(result);
    return status;
}

/* ---- waiting ------------------------------------------------------------------------------------
 */

static bool has_ended(const pilot_analysis_state_t *state)
{
    return strcmp(state->state, "queued") != 0 && strcmp(state->state, "running") != 0;
}

/* Sleep until the time is over, something comes from the database, or the person wants out. */
static pilot_status_t wait_a_moment(pilot_context_t *context, int64_t ms, pilot_error_t *error)
{
    PGconn *connection = pilot_db_raw(context->db);
    struct pollfd fd[2] = {{.fd = context->interrupt_fd, .events = POLLIN},
                           {.fd = PQsocket(connection), .events = POLLIN}};
    if (poll(fd, 2, (int)ms) > 0 && (fd[1].revents & POLLIN)) {
        /* Notices only wake us: what they say is read from the tables. */
        PQconsumeInput(connection);
        for (PGnotify *notice; (notice = PQnotifies(connection)) != NULL;)
            PQfreemem(notice);
    }
    return pilot_context_check(context, error);
}

/* Those who compute: our children, or others, who must not be away for long. */
static pilot_status_t check_computing(pilot_context_t *context, pilot_stack_t *stack,
                                      int64_t analysis, int64_t *last_seen_ms, pilot_error_t *error)
{
    if (stack)
        return pilot_stack_check(stack, error);
    bool served = false;
    pilot_status_t status = pilot_analysis_is_served(context, &served, error);
    if (served)
        *last_seen_ms = pilot_clock_ms();
    if (status || pilot_clock_ms() - *last_seen_ms < ABSENCE_MS)
        return status;
    return pilot_error_set(error, PILOT_E_COORDINATOR,
                           "no coordinator is serving this database any more; analysis %" PRId64
                           " stays as it is",
                           analysis);
}

static pilot_status_t judge(int64_t analysis, const pilot_analysis_state_t *state,
                            pilot_error_t *error)
{
    if (strcmp(state->state, "failed") == 0)
        return pilot_error_set(error, PILOT_E_JOBS_FAILED,
                               "analysis %" PRId64 " ended with %" PRId64
                               " failed jobs: see pilot jobs %" PRId64 "; pilot retry %" PRId64
                               " takes them up again",
                               analysis, state->jobs_failed, analysis, analysis);
    if (strcmp(state->state, "cancelled") == 0)
        return pilot_error_set(error, PILOT_E_JOBS_FAILED, "analysis %" PRId64 " was cancelled",
                               analysis);
    return PILOT_OK;
}

pilot_status_t pilot_analysis_follow(pilot_context_t *context, int64_t analysis,
                                     pilot_stack_t *stack, pilot_analysis_state_t *ret_state,
                                     pilot_error_t *error)
{
    pilot_status_t status = pilot_db_script(context->db, "LISTEN pilot_results", error);
    int64_t last_seen_ms = pilot_clock_ms();
    pilot_progress_t progress;
    pilot_progress_begin(&progress, context->terminal_err);
    while (!status) {
        int64_t asked = pilot_clock_ms();
        status = pilot_analysis_read(context->db, analysis, ret_state, error);
        if (status || has_ended(ret_state))
            break;
        pilot_progress_update(&progress, ret_state->jobs_done, ret_state->jobs,
                              ret_state->jobs_failed);
        status = check_computing(context, stack, analysis, &last_seen_ms, error);
        int64_t pause = (pilot_clock_ms() - asked) * POLL_SHARE;
        if (!status)
            status = wait_a_moment(context, pause > POLL_MS ? pause : POLL_MS, error);
    }
    pilot_progress_end(&progress);
    return status ? status : judge(analysis, ret_state, error);
}

/* What is stored stays, what is not begun will not be. */
static void cancel_quietly(pilot_context_t *context, int64_t analysis)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, analysis);
    pilot_db_interrupt_fd(context->db, -1);
    pilot_db_run(context->db, NULL, NULL, "SELECT work.cancel($1::bigint)", 1, id);
}

pilot_status_t pilot_analysis_compute(pilot_context_t *context, int64_t analysis, int64_t workers,
                                      bool give_up, pilot_error_t *error)
{
    pilot_stack_t *stack = NULL;
    pilot_status_t status = PILOT_OK;
    if (!pilot_stack_is_up(context, NULL))
        status = pilot_stack_start(context, workers, &stack, error);
    pilot_analysis_state_t state = {0};
    if (!status)
        status = pilot_analysis_follow(context, analysis, stack, &state, error);
    bool unfinished = status && status != PILOT_E_JOBS_FAILED;
    if (unfinished && give_up)
        cancel_quietly(context, analysis);
    pilot_stack_stop(stack, unfinished);
    /* Its coordinator may have gone before it heard of that. */
    if (unfinished && give_up)
        cancel_quietly(context, analysis);
    return status;
}

pilot_status_t pilot_analysis_wait_for_release(pilot_db_t *db, const char *pilot, int64_t analysis,
                                               pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, analysis);
    enum { STEP_MS = 100, TRIES = 300 };
    bool pending = true;
    pilot_status_t status = PILOT_OK;
    for (int i = 0; !status && pending && i < TRIES; i++) {
        PGresult *result = NULL;
        status = pilot_db_run(db, &result, error,
                              "SELECT FROM dashboard.analyses WHERE pilot = $1 AND state = 'done' "
                              "AND released_at IS NULL AND $2 IN ('0', analysis::text) "
                              "AND finished_at > now() - interval '5 minutes'",
                              2, pilot, id);
        pending = !status && PQntuples(result) > 0;
        PQclear(result);
        if (pending && i == 0)
            pilot_say("an analysis has just ended: waiting for its release");
        if (pending)
            usleep(STEP_MS * 1000);
    }
    return status;
}
