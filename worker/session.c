#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "pilot/clock.h"
#include "pilot/memory.h"

enum {
    MOST_LEASES_TOLD = 16384, /* a Hello stays below the limit of a frame */
    MOST_NEWS = 8192,
    UNCONNECTED_RETRY_MS = 20 /* a connection to a socket that is there takes a few */
};

pilot_status_t pilot_session_open(pilot_session_t *session, void *zmq_context, const char *endpoint,
                                  pilot_error_t *error)
{
    *session = (pilot_session_t){.endpoint = endpoint, .interval_ms = PILOT_HEARTBEAT_MS};
    pilot_status_t status = pilot_wire_dealer_new(zmq_context, &session->socket, error);
    if (status != PILOT_OK)
        return status;
    if (zmq_connect(session->socket, endpoint) != 0) {
        status = pilot_error_set(error, PILOT_E_USAGE, "--connect %s: %s", endpoint,
                                 zmq_strerror(zmq_errno()));
        pilot_session_close(session, 0);
    }
    return status;
}

void pilot_session_close(pilot_session_t *session, int linger_ms)
{
    if (session->socket) {
        zmq_setsockopt(session->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
        zmq_close(session->socket);
    }
    session->socket = NULL;
    session->welcomed = false;
}

/* What cannot be sent now is said again: by the next interval, or after the next Welcome. */
static bool send_body(pilot_session_t *session, Pilot__Frame__BodyCase body,
                      ProtobufCMessage *message)
{
    Pilot__Frame frame = pilot_wire_frame(body, message);
    return pilot_wire_send(session->socket, NULL, &frame) == PILOT_SEND_OK;
}

/* ---- Hello ----------------------------------------------------------------------------------- */

typedef struct lease_lists {
    pilot_tasks_t *tasks;
    Pilot__Lease **held, **unacknowledged;
    size_t held_count, unacknowledged_count;
} lease_lists_t;

static void list_lease(void *context, pilot_task_t *task)
{
    lease_lists_t *lists = context;
    if (pilot_tasks_state(lists->tasks, task) == PILOT_TASK_DONE) {
        if (lists->unacknowledged_count < MOST_LEASES_TOLD)
            lists->unacknowledged[lists->unacknowledged_count++] = &task->lease;
    } else if (!task->forgotten && lists->held_count < MOST_LEASES_TOLD) {
        lists->held[lists->held_count++] = &task->lease;
    }
}

void pilot_session_hello(pilot_session_t *session, const pilot_identity_t *identity,
                         pilot_tasks_t *tasks)
{
    size_t count = pilot_tasks_count(tasks);
    lease_lists_t lists = {.tasks = tasks,
                           .held = PILOT_NEW_ARRAY(Pilot__Lease *, count),
                           .unacknowledged = PILOT_NEW_ARRAY(Pilot__Lease *, count)};
    pilot_tasks_visit(tasks, list_lease, &lists);
    Pilot__Hello hello = PILOT__HELLO__INIT;
    hello.instance = (char *)identity->instance;
    hello.build = (char *)PILOT_VERSION;
    hello.cpu_class = (char *)pilot_wire_cpu_class();
    hello.credits = identity->credits;
    hello.has_epoch_seen = identity->epoch_seen > 0;
    hello.epoch_seen = identity->epoch_seen;
    hello.name = (char *)identity->name;
    hello.held = lists.held;
    hello.n_held = lists.held_count;
    hello.unacknowledged = lists.unacknowledged;
    hello.n_unacknowledged = lists.unacknowledged_count;
    bool sent = send_body(session, PILOT__FRAME__BODY_HELLO, &hello.base);
    session->window = identity->credits;
    session->speak_ms = pilot_clock_ms() + (sent ? session->interval_ms : UNCONNECTED_RETRY_MS);
    free(lists.held);
    free(lists.unacknowledged);
}

/* ---- the rest -------------------------------------------------------------------------------- */

void pilot_session_heartbeat(pilot_session_t *session, uint64_t progress, pilot_cache_t *cache)
{
    uint64_t news[MOST_NEWS];
    Pilot__Heartbeat heartbeat = PILOT__HEARTBEAT__INIT;
    heartbeat.has_progress = heartbeat.has_epoch = true;
    heartbeat.progress = progress;
    heartbeat.epoch = session->epoch;
    heartbeat.n_cached = cache ? pilot_cache_news(cache, news, MOST_NEWS) : 0;
    heartbeat.cached = news;
    send_body(session, PILOT__FRAME__BODY_HEARTBEAT, &heartbeat.base);
    session->speak_ms = pilot_clock_ms() + session->interval_ms;
}

void pilot_session_credit(pilot_session_t *session, uint32_t credits)
{
    Pilot__Credit credit = PILOT__CREDIT__INIT;
    credit.credits = credits;
    send_body(session, PILOT__FRAME__BODY_CREDIT, &credit.base);
    session->window = credits;
}

void pilot_session_give_back(pilot_session_t *session, Pilot__Lease **lease, size_t count)
{
    Pilot__GiveBack give_back = PILOT__GIVE_BACK__INIT;
    give_back.n_lease = count;
    give_back.lease = lease;
    send_body(session, PILOT__FRAME__BODY_GIVE_BACK, &give_back.base);
}

void pilot_session_goodbye(pilot_session_t *session)
{
    Pilot__Goodbye goodbye = PILOT__GOODBYE__INIT;
    send_body(session, PILOT__FRAME__BODY_GOODBYE, &goodbye.base);
}

static void answer_failure(pilot_session_t *session, const pilot_task_t *task)
{
    Pilot__Failure failure = PILOT__FAILURE__INIT;
    failure.job = task->id;
    failure.epoch = task->lease.epoch;
    failure.counter = task->lease.counter;
    failure.reason = task->outcome.reason;
    failure.retryable = task->outcome.retryable;
    failure.code = (char *)task->outcome.code;
    send_body(session, PILOT__FRAME__BODY_FAILURE, &failure.base);
}

void pilot_session_answer(pilot_session_t *session, const pilot_task_t *task)
{
    const pilot_job_outcome_t *outcome = &task->outcome;
    if (outcome->failed) {
        answer_failure(session, task);
        return;
    }
    Pilot__Measures measures = PILOT__MEASURES__INIT;
    measures.has_rows = measures.has_pull_us = measures.has_compute_us = measures.has_cached = true;
    measures.rows = outcome->unit_rows;
    measures.pull_us = outcome->pull_us;
    measures.compute_us = outcome->compute_us;
    measures.cached = outcome->cached;
    Pilot__Result result = PILOT__RESULT__INIT;
    result.job = task->id;
    result.epoch = task->lease.epoch;
    result.counter = task->lease.counter;
    result.rows.data = outcome->rows;
    result.rows.len = outcome->rows_length;
    result.measures = &measures;
    send_body(session, PILOT__FRAME__BODY_RESULT, &result.base);
}
