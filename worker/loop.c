#include "loop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <zmq.h>

#include "pilot/clock.h"
#include "pilot/hash.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "pilot/signals.h"
#include "session.h"

enum {
    FRAMES_A_TURN = 256,      /* from one socket before the others have their turn */
    QUICK_JOBS_IN_A_ROW = 16, /* then the window opens, lest the round trip starves us */
    QUICK_WINDOW = 512,
    DRAIN_ACKNOWLEDGE_MS = 5000, /* how long a drained worker waits for acknowledgements */
    DRAIN_ALONE_MS = 2000,       /* ... when no coordinator knows it */
    GOODBYE_LINGER_MS = 200
};

typedef struct loop {
    const pilot_loop_options_t *options;
    pilot_tasks_t *tasks;
    pilot_session_t *session;
    size_t sessions;
    void *zmq_context;
    char *name;
    char instance[33];
    uint64_t epoch_seen;
    uint32_t window;
    unsigned quick_jobs; /* in a row */
    size_t unfinished;   /* waiting or running */
    size_t unanswered;   /* done, not acknowledged */
    bool draining;
    int64_t drained_ms; /* when nothing was unfinished any more; 0: not yet */
    bool ended;
    pilot_status_t status;
    pilot_error_t *error;
} loop_t;

static uint32_t normal_window(const loop_t *loop)
{
    return (uint32_t)loop->options->threads + 1;
}

static void say_hello(loop_t *loop, pilot_session_t *session)
{
    pilot_identity_t identity = {.instance = loop->instance,
                                 .name = loop->name,
                                 .credits = normal_window(loop),
                                 .epoch_seen = loop->epoch_seen};
    session->welcomed = false;
    pilot_session_hello(session, &identity, loop->tasks);
}

/* Where answers to this task go: whoever gave it, else whoever knows us; NULL: nobody now. */
static pilot_session_t *session_of(loop_t *loop, const pilot_task_t *task)
{
    if (loop->session[task->session].welcomed)
        return &loop->session[task->session];
    pilot_session_t *best = NULL;
    for (size_t i = 0; i < loop->sessions; i++) {
        pilot_session_t *session = &loop->session[i];
        if (session->welcomed && (!best || session->epoch > best->epoch))
            best = session;
    }
    return best;
}

static void answer(loop_t *loop, const pilot_task_t *task)
{
    pilot_session_t *session = session_of(loop, task);
    if (session)
        pilot_session_answer(session, task);
}

static void set_window(loop_t *loop, uint32_t window)
{
    loop->window = window;
    for (size_t i = 0; i < loop->sessions; i++) {
        if (loop->session[i].welcomed && loop->session[i].window != window)
            pilot_session_credit(&loop->session[i], window);
    }
}

static void give_back_waiting(loop_t *loop, size_t keep)
{
    pilot_task_t *task;
    while ((task = pilot_tasks_unqueue_last(loop->tasks, keep))) {
        pilot_session_t *session = session_of(loop, task);
        Pilot__Lease *lease = &task->lease;
        if (session)
            pilot_session_give_back(session, &lease, 1);
        loop->unfinished--;
        pilot_tasks_remove(loop->tasks, task);
    }
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* Empty jobs are answered on the spot; many in a row open the window. */
static void answer_noop(loop_t *loop, pilot_task_t *task)
{
    task->state = PILOT_TASK_DONE;
    task->outcome.rows = pilot_alloc(1, 1); /* packed ResultRows without rows are no bytes */
    loop->unanswered++;
    answer(loop, task);
    if (++loop->quick_jobs == QUICK_JOBS_IN_A_ROW && !loop->draining)
        set_window(loop, QUICK_WINDOW);
}

static void queue_job(loop_t *loop, pilot_task_t *task)
{
    loop->quick_jobs = 0;
    loop->unfinished++;
    pilot_tasks_queue(loop->tasks, task);
    if (loop->window > normal_window(loop)) {
        set_window(loop, normal_window(loop));
        give_back_waiting(loop, normal_window(loop));
    }
}

/* Consumes the frame. */
static void on_job(loop_t *loop, Pilot__Frame *frame, size_t session)
{
    const Pilot__Job *job = frame->job;
    pilot_task_t *task = pilot_tasks_find(loop->tasks, job->job);
    if (task) { /* the newer lease counts; the work is done once */
        task->lease.epoch = job->epoch;
        task->lease.counter = job->counter;
        task->session = session;
        if (pilot_tasks_state(loop->tasks, task) == PILOT_TASK_DONE)
            answer(loop, task);
        pilot_wire_free(frame);
        return;
    }
    task = pilot_tasks_add(loop->tasks, frame, session);
    if (loop->draining) {
        Pilot__Lease *lease = &task->lease;
        pilot_session_give_back(&loop->session[session], &lease, 1);
        pilot_tasks_remove(loop->tasks, task);
    } else if (job->kind == PILOT__JOB_KIND__NOOP) {
        answer_noop(loop, task);
    } else {
        queue_job(loop, task);
    }
}

/* Acknowledged or cancelled: its result is wanted no more. */
static void forget_job(loop_t *loop, uint64_t job)
{
    pilot_task_t *task = pilot_tasks_find(loop->tasks, job);
    if (!task || task->forgotten)
        return;
    bool done = pilot_tasks_state(loop->tasks, task) == PILOT_TASK_DONE;
    if (!pilot_tasks_cancel(loop->tasks, task))
        return; /* it goes when its thread lets go of it */
    if (done)
        loop->unanswered--;
    else
        loop->unfinished--;
    pilot_tasks_remove(loop->tasks, task);
}

static void on_finished(loop_t *loop)
{
    uint64_t count;
    (void)!read(pilot_tasks_finished_fd(loop->tasks), &count, sizeof count);
    pilot_task_t *task;
    while ((task = pilot_tasks_finished(loop->tasks))) {
        loop->unfinished--;
        if (task->forgotten) {
            pilot_tasks_remove(loop->tasks, task);
            continue;
        }
        if (task->outcome.failed)
            pilot_log(PILOT_LOG_WARN, "job_failed", "job=%llu retryable=%d reason=\"%s\"",
                      (unsigned long long)task->id, task->outcome.retryable, task->outcome.reason);
        loop->unanswered++;
        pilot_session_t *session = session_of(loop, task);
        if (session) {
            pilot_session_answer(session, task);
            if (!task->outcome.cached && task->outcome.unit_rows > 0)
                pilot_session_heartbeat(session, atomic_load(loop->options->progress),
                                        loop->options->cache);
        }
    }
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void answer_again(void *context, pilot_task_t *task)
{
    loop_t *loop = context;
    if (pilot_tasks_state(loop->tasks, task) == PILOT_TASK_DONE)
        answer(loop, task);
}

/* What went to a session that is gone may not have arrived: to whoever else knows us. */
static void answer_elsewhere(loop_t *loop, pilot_session_t *gone)
{
    gone->welcomed = false;
    pilot_tasks_visit(loop->tasks, answer_again, loop);
}

static void on_welcome(loop_t *loop, pilot_session_t *session, const Pilot__Welcome *welcome)
{
    if (!session->welcomed)
        pilot_log(PILOT_LOG_INFO, "welcomed", "endpoint=%s epoch=%llu", session->endpoint,
                  (unsigned long long)welcome->epoch);
    session->welcomed = true;
    session->epoch = welcome->epoch;
    session->interval_ms = welcome->heartbeat_ms > 0 ? welcome->heartbeat_ms : PILOT_HEARTBEAT_MS;
    if (welcome->epoch > loop->epoch_seen)
        loop->epoch_seen = welcome->epoch;
    loop->quick_jobs = 0;
    loop->window = normal_window(loop);
    pilot_tasks_visit(loop->tasks, answer_again, loop);
    pilot_cache_renew_news(loop->options->cache);
    pilot_session_heartbeat(session, atomic_load(loop->options->progress), loop->options->cache);
    if (loop->draining)
        pilot_session_credit(session, 0);
}

static void on_refuse(loop_t *loop, const pilot_session_t *session, const Pilot__Refuse *refuse)
{
    loop->ended = true;
    loop->status = pilot_error_set(loop->error, PILOT_E_COORDINATOR, "%s refused this worker: %s",
                                   session->endpoint, refuse->reason);
}

/* Consumes the frame. */
static void on_frame(loop_t *loop, size_t index, Pilot__Frame *frame)
{
    pilot_session_t *session = &loop->session[index];
    session->heard_ms = pilot_clock_ms();
    switch (frame->body_case) {
    case PILOT__FRAME__BODY_JOB:
        on_job(loop, frame, index);
        return;
    case PILOT__FRAME__BODY_ACKNOWLEDGE:
        for (size_t i = 0; i < frame->acknowledge->n_job; i++)
            forget_job(loop, frame->acknowledge->job[i]);
        break;
    case PILOT__FRAME__BODY_CANCEL:
        for (size_t i = 0; i < frame->cancel->n_job; i++)
            forget_job(loop, frame->cancel->job[i]);
        break;
    case PILOT__FRAME__BODY_WELCOME:
        on_welcome(loop, session, frame->welcome);
        break;
    case PILOT__FRAME__BODY_REREGISTER:
        say_hello(loop, session);
        break;
    case PILOT__FRAME__BODY_REFUSE:
        on_refuse(loop, session, frame->refuse);
        break;
    case PILOT__FRAME__BODY_GOODBYE:
        answer_elsewhere(loop, session);
        break;
    default: /* a heartbeat: that it came is all it says */
        break;
    }
    pilot_wire_free(frame);
}

static void receive(loop_t *loop, size_t index)
{
    for (int i = 0; i < FRAMES_A_TURN && !loop->ended; i++) {
        Pilot__Frame *frame = NULL;
        pilot_error_t error;
        pilot_status_t status =
            pilot_wire_receive(loop->session[index].socket, NULL, NULL, &frame, &error);
        if (status != PILOT_OK)
            pilot_log(PILOT_LOG_WARN, "bad_frame", "endpoint=%s reason=\"%s\"",
                      loop->session[index].endpoint, error.message);
        else if (!frame)
            return;
        else
            on_frame(loop, index, frame);
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

/* A half-open connection would take frames for ever: make a new one. */
static void reconnect(loop_t *loop, pilot_session_t *session)
{
    pilot_log(PILOT_LOG_WARN, "coordinator_silent", "endpoint=%s", session->endpoint);
    const char *endpoint = session->endpoint;
    pilot_session_close(session, 0);
    if (pilot_session_open(session, loop->zmq_context, endpoint, loop->error) != PILOT_OK) {
        loop->ended = true;
        loop->status = PILOT_E_COORDINATOR;
        return;
    }
    session->heard_ms = pilot_clock_ms();
    answer_elsewhere(loop, session);
    say_hello(loop, session);
}

static void keep_in_touch(loop_t *loop, int64_t now)
{
    for (size_t i = 0; i < loop->sessions && !loop->ended; i++) {
        pilot_session_t *session = &loop->session[i];
        if (session->welcomed &&
            now - session->heard_ms > PILOT_LOST_INTERVALS * session->interval_ms)
            reconnect(loop, session);
        else if (now >= session->speak_ms && session->welcomed)
            pilot_session_heartbeat(session, atomic_load(loop->options->progress),
                                    loop->options->cache);
        else if (now >= session->speak_ms)
            say_hello(loop, session);
    }
}

static bool is_known(const loop_t *loop)
{
    for (size_t i = 0; i < loop->sessions; i++) {
        if (loop->session[i].welcomed)
            return true;
    }
    return false;
}

static void start_draining(loop_t *loop)
{
    pilot_log(PILOT_LOG_INFO, "draining", "unfinished=%zu unacknowledged=%zu", loop->unfinished,
              loop->unanswered);
    loop->draining = true;
    set_window(loop, 0);
    give_back_waiting(loop, 0);
}

static void check_drained(loop_t *loop, int64_t now)
{
    if (!loop->draining || loop->unfinished > 0)
        return;
    if (loop->drained_ms == 0)
        loop->drained_ms = now;
    int64_t patience = is_known(loop) ? DRAIN_ACKNOWLEDGE_MS : DRAIN_ALONE_MS;
    loop->ended = loop->unanswered == 0 || now - loop->drained_ms >= patience;
}

static void on_signal(loop_t *loop)
{
    int number;
    while ((number = pilot_signals_read(loop->options->signal_fd)) != 0) {
        if (number == SIGHUP)
            continue;
        if (!loop->draining) {
            start_draining(loop);
        } else {
            loop->ended = true;
            loop->status = pilot_error_set(loop->error, PILOT_E_INTERRUPTED, "interrupted");
        }
    }
}

static int next_timeout(const loop_t *loop, int64_t now)
{
    int64_t soonest = now + PILOT_HEARTBEAT_MS;
    for (size_t i = 0; i < loop->sessions; i++) {
        if (loop->session[i].speak_ms < soonest)
            soonest = loop->session[i].speak_ms;
    }
    if (loop->draining && soonest > now + 100)
        soonest = now + 100;
    return soonest > now ? (int)(soonest - now) : 0;
}

/* ---- run ------------------------------------------------------------------------------------- */

static void turn(loop_t *loop, zmq_pollitem_t *item)
{
    size_t sessions = loop->sessions;
    for (size_t i = 0; i < sessions; i++)
        item[i] = (zmq_pollitem_t){.socket = loop->session[i].socket, .events = ZMQ_POLLIN};
    zmq_poll(item, (int)sessions + 2, next_timeout(loop, pilot_clock_ms()));
    if (item[sessions].revents)
        on_finished(loop);
    if (item[sessions + 1].revents)
        on_signal(loop);
    for (size_t i = 0; i < sessions && !loop->ended; i++) {
        if (item[i].revents)
            receive(loop, i);
    }
    int64_t now = pilot_clock_ms();
    keep_in_touch(loop, now);
    check_drained(loop, now);
}

static void make_identity(loop_t *loop)
{
    uint8_t random[16];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        pilot_out_of_memory();
    pilot_hex(random, sizeof random, loop->instance);
    char host[256];
    if (gethostname(host, sizeof host) != 0)
        host[0] = '\0';
    host[sizeof host - 1] = '\0';
    loop->name = pilot_format("%s:%ld", host, (long)getpid());
}

pilot_status_t pilot_loop_run(const pilot_loop_options_t *options, pilot_error_t *error)
{
    loop_t loop = {.options = options, .tasks = options->tasks, .error = error};
    loop.window = normal_window(&loop);
    make_identity(&loop);
    loop.zmq_context = zmq_ctx_new();
    loop.session = PILOT_NEW_ARRAY(pilot_session_t, options->endpoints);
    for (size_t i = 0; i < options->endpoints && loop.status == PILOT_OK; i++) {
        loop.status =
            pilot_session_open(&loop.session[i], loop.zmq_context, options->endpoint[i], error);
        loop.sessions += loop.status == PILOT_OK;
    }
    loop.ended = loop.status != PILOT_OK;
    zmq_pollitem_t *item = PILOT_NEW_ARRAY(zmq_pollitem_t, options->endpoints + 2);
    item[loop.sessions] =
        (zmq_pollitem_t){.fd = pilot_tasks_finished_fd(loop.tasks), .events = ZMQ_POLLIN};
    item[loop.sessions + 1] = (zmq_pollitem_t){.fd = options->signal_fd, .events = ZMQ_POLLIN};
    while (!loop.ended)
        turn(&loop, item);
    for (size_t i = 0; i < loop.sessions; i++) {
        if (loop.session[i].welcomed && loop.status == PILOT_OK)
            pilot_session_goodbye(&loop.session[i]);
        pilot_session_close(&loop.session[i], GOODBYE_LINGER_MS);
    }
    zmq_ctx_term(loop.zmq_context);
    free(item);
    free(loop.session);
    free(loop.name);
    return loop.status;
}
