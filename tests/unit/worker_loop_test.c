/* The worker's I/O loop against a coordinator played by the test: one frame after another. */
#include "../harness/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

#include "../../worker/loop.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "pilot/wire.h"

enum { PATIENCE_MS = 5000, HEARTBEAT_MS = 50 };

typedef struct stage {
    void *context, *router;
    char *endpoint;
    pilot_routing_t worker;
    pilot_loop_options_t options;
    const char *endpoints[1];
    atomic_ullong progress;
    int signal_pipe[2];
    pthread_t thread;
    pilot_status_t status;
    pilot_error_t error;
} stage_t;

static void *run_loop(void *context)
{
    stage_t *stage = context;
    stage->status = pilot_loop_run(&stage->options, &stage->error);
    return NULL;
}

static void bind_router(stage_t *stage)
{
    pilot_wire_router_new(stage->context, &stage->router, NULL);
    zmq_bind(stage->router, stage->endpoint);
}

static void start(stage_t *stage)
{
    static int number;
    *stage = (stage_t){.context = zmq_ctx_new(),
                       .endpoint = pilot_format("ipc:///tmp/pilot-loop-test-%ld-%d.sock",
                                                (long)getpid(), ++number)};
    bind_router(stage);
    if (pipe2(stage->signal_pipe, O_NONBLOCK | O_CLOEXEC) != 0)
        pilot_out_of_memory();
    stage->endpoints[0] = stage->endpoint;
    stage->options = (pilot_loop_options_t){.endpoint = stage->endpoints,
                                            .endpoints = 1,
                                            .threads = 2,
                                            .signal_fd = stage->signal_pipe[0],
                                            .tasks = pilot_tasks_new(),
                                            .cache = pilot_cache_new(1000),
                                            .progress = &stage->progress};
    pthread_create(&stage->thread, NULL, run_loop, stage);
}

static void end(stage_t *stage)
{
    pthread_join(stage->thread, NULL);
    pilot_tasks_free(stage->options.tasks);
    pilot_cache_free(stage->options.cache);
    zmq_close(stage->router);
    zmq_ctx_term(stage->context);
    unlink(stage->endpoint + strlen("ipc://"));
    free(stage->endpoint);
    close(stage->signal_pipe[0]);
    close(stage->signal_pipe[1]);
}

static void give_signal(stage_t *stage, int number)
{
    struct signalfd_siginfo info = {.ssi_signo = (uint32_t)number};
    (void)!write(stage->signal_pipe[1], &info, sizeof info);
}

/* The next frame of this kind, others passed over; NULL when none came.  Caller frees. */
static Pilot__Frame *expect(stage_t *stage, Pilot__Frame__BodyCase body)
{
    for (int waited = 0; waited < PATIENCE_MS;) {
        Pilot__Frame *frame = NULL;
        pilot_wire_receive(stage->router, &stage->worker, NULL, &frame, NULL);
        if (frame && frame->body_case == body)
            return frame;
        if (!frame) {
            zmq_pollitem_t item = {.socket = stage->router, .events = ZMQ_POLLIN};
            waited += zmq_poll(&item, 1, 50) == 0 ? 50 : 0;
        }
        pilot_wire_free(frame);
    }
    return NULL;
}

static void send_body(stage_t *stage, Pilot__Frame__BodyCase body, ProtobufCMessage *message)
{
    Pilot__Frame frame = pilot_wire_frame(body, message);
    pilot_wire_send(stage->router, &stage->worker, &frame);
}

static void welcome(stage_t *stage, uint64_t epoch)
{
    Pilot__Welcome message = PILOT__WELCOME__INIT;
    message.epoch = epoch;
    message.heartbeat_ms = HEARTBEAT_MS;
    send_body(stage, PILOT__FRAME__BODY_WELCOME, &message.base);
}

static void give_job(stage_t *stage, uint64_t job, Pilot__JobKind kind, uint64_t counter)
{
    Pilot__Job message = PILOT__JOB__INIT;
    message.job = job;
    message.analysis = 1;
    message.kind = kind;
    message.epoch = 1;
    message.counter = counter;
    send_body(stage, PILOT__FRAME__BODY_JOB, &message.base);
}

static void acknowledge(stage_t *stage, uint64_t job)
{
    Pilot__Acknowledge message = PILOT__ACKNOWLEDGE__INIT;
    message.n_job = 1;
    message.job = &job;
    send_body(stage, PILOT__FRAME__BODY_ACKNOWLEDGE, &message.base);
}

static void cancel(stage_t *stage, uint64_t job)
{
    Pilot__Cancel message = PILOT__CANCEL__INIT;
    message.n_job = 1;
    message.job = &job;
    send_body(stage, PILOT__FRAME__BODY_CANCEL, &message.base);
}

static void greet(stage_t *stage)
{
    Pilot__Frame *frame = expect(stage, PILOT__FRAME__BODY_HELLO);
    pilot_wire_free(frame);
    welcome(stage, 1);
}

static void results_are_kept_until_acknowledged(void)
{
    stage_t stage;
    start(&stage);
    Pilot__Frame *frame = expect(&stage, PILOT__FRAME__BODY_HELLO);
    ok(frame && frame->hello->credits == 3 && frame->hello->n_held == 0 &&
           strlen(frame->hello->instance) == 32,
       "Hello tells threads + 1 credits and a random instance");
    char *instance = frame ? pilot_strdup(frame->hello->instance) : pilot_strdup("");
    pilot_wire_free(frame);
    welcome(&stage, 1);
    give_job(&stage, 7, PILOT__JOB_KIND__NOOP, 1);
    frame = expect(&stage, PILOT__FRAME__BODY_RESULT);
    ok(frame && frame->result->job == 7 && frame->result->counter == 1, "an empty job is answered");
    pilot_wire_free(frame);
    Pilot__Reregister reregister = PILOT__REREGISTER__INIT;
    send_body(&stage, PILOT__FRAME__BODY_REREGISTER, &reregister.base);
    frame = expect(&stage, PILOT__FRAME__BODY_HELLO);
    ok(frame && frame->hello->n_unacknowledged == 1 && frame->hello->unacknowledged[0]->job == 7 &&
           strcmp(frame->hello->instance, instance) == 0,
       "asked to register again, the same instance tells of its result");
    pilot_wire_free(frame);
    welcome(&stage, 2);
    frame = expect(&stage, PILOT__FRAME__BODY_RESULT);
    ok(frame && frame->result->job == 7, "and sends it again after Welcome");
    pilot_wire_free(frame);
    give_job(&stage, 7, PILOT__JOB_KIND__NOOP, 9);
    frame = expect(&stage, PILOT__FRAME__BODY_RESULT);
    ok(frame && frame->result->counter == 9, "leased again: the same result under the newer lease");
    pilot_wire_free(frame);
    acknowledge(&stage, 7);
    send_body(&stage, PILOT__FRAME__BODY_REREGISTER, &reregister.base);
    frame = expect(&stage, PILOT__FRAME__BODY_HELLO);
    ok(frame && frame->hello->n_unacknowledged == 0 && frame->hello->epoch_seen == 2,
       "acknowledged, it is forgotten");
    pilot_wire_free(frame);
    give_signal(&stage, SIGTERM);
    end(&stage);
    ok(stage.status == PILOT_OK, "nothing to do: SIGTERM ends it well");
    free(instance);
}

static void waiting_jobs_are_given_back(void)
{
    stage_t stage;
    start(&stage);
    greet(&stage);
    give_job(&stage, 1, PILOT__JOB_KIND__ESTIMATE, 1); /* no thread takes jobs in this test */
    give_job(&stage, 2, PILOT__JOB_KIND__ESTIMATE, 2);
    cancel(&stage, 1);
    give_job(&stage, 3, PILOT__JOB_KIND__NOOP, 3);
    pilot_wire_free(expect(&stage, PILOT__FRAME__BODY_RESULT));
    give_signal(&stage, SIGTERM);
    Pilot__Frame *frame = expect(&stage, PILOT__FRAME__BODY_CREDIT);
    ok(frame && frame->credit->credits == 0, "drain: no more jobs, please");
    pilot_wire_free(frame);
    frame = expect(&stage, PILOT__FRAME__BODY_GIVE_BACK);
    ok(frame && frame->give_back->n_lease == 1 && frame->give_back->lease[0]->job == 2 &&
           frame->give_back->lease[0]->counter == 2,
       "what waits is given back; what was cancelled is not");
    pilot_wire_free(frame);
    give_job(&stage, 4, PILOT__JOB_KIND__NOOP, 4);
    frame = expect(&stage, PILOT__FRAME__BODY_GIVE_BACK);
    ok(frame && frame->give_back->lease[0]->job == 4, "a job that crosses the drain too");
    pilot_wire_free(frame);
    acknowledge(&stage, 3);
    frame = expect(&stage, PILOT__FRAME__BODY_GOODBYE);
    ok(frame != NULL, "once its result is acknowledged it says Goodbye");
    pilot_wire_free(frame);
    end(&stage);
    ok(stage.status == PILOT_OK, "and ends well");
}

static void second_signal_ends_at_once(void)
{
    stage_t stage;
    start(&stage);
    greet(&stage);
    give_job(&stage, 3, PILOT__JOB_KIND__NOOP, 3);
    pilot_wire_free(expect(&stage, PILOT__FRAME__BODY_RESULT));
    give_signal(&stage, SIGTERM); /* its result is never acknowledged */
    pilot_wire_free(expect(&stage, PILOT__FRAME__BODY_CREDIT));
    give_signal(&stage, SIGTERM);
    end(&stage);
    ok(stage.status == PILOT_E_INTERRUPTED, "a second signal does not wait for acknowledgements");
}

static void refused_worker_ends(void)
{
    stage_t stage;
    start(&stage);
    pilot_wire_free(expect(&stage, PILOT__FRAME__BODY_HELLO));
    Pilot__Refuse refuse = PILOT__REFUSE__INIT;
    refuse.reason = (char *)"protocol 2 is spoken here";
    send_body(&stage, PILOT__FRAME__BODY_REFUSE, &refuse.base);
    end(&stage);
    ok(stage.status == PILOT_E_COORDINATOR && strstr(stage.error.message, refuse.reason),
       "refused: it ends and says why");
}

static void silent_coordinator_is_sought_again(void)
{
    stage_t stage;
    start(&stage);
    greet(&stage);
    give_job(&stage, 5, PILOT__JOB_KIND__NOOP, 1);
    pilot_wire_free(expect(&stage, PILOT__FRAME__BODY_RESULT));
    zmq_close(stage.router);
    bind_router(&stage);
    Pilot__Frame *frame = expect(&stage, PILOT__FRAME__BODY_HELLO);
    ok(frame && frame->hello->n_unacknowledged == 1,
       "a new coordinator gets a Hello after silence");
    pilot_wire_free(frame);
    welcome(&stage, 2);
    frame = expect(&stage, PILOT__FRAME__BODY_RESULT);
    ok(frame && frame->result->job == 5, "and the result that the old one did not acknowledge");
    pilot_wire_free(frame);
    acknowledge(&stage, 5);
    give_signal(&stage, SIGINT);
    end(&stage);
    ok(stage.status == PILOT_OK, "the drain is as ever");
}

static void many_empty_jobs_open_the_window(void)
{
    stage_t stage;
    start(&stage);
    greet(&stage);
    for (uint64_t job = 1; job <= 16; job++)
        give_job(&stage, job, PILOT__JOB_KIND__NOOP, job);
    Pilot__Frame *frame = expect(&stage, PILOT__FRAME__BODY_CREDIT);
    ok(frame && frame->credit->credits > 100, "16 empty jobs in a row raise the window");
    pilot_wire_free(frame);
    for (uint64_t job = 17; job <= 21; job++)
        give_job(&stage, job, PILOT__JOB_KIND__ESTIMATE, job);
    frame = expect(&stage, PILOT__FRAME__BODY_CREDIT);
    ok(frame && frame->credit->credits == 3, "a job that computes closes it again");
    pilot_wire_free(frame);
    for (uint64_t job = 1; job <= 16; job++)
        acknowledge(&stage, job);
    give_signal(&stage, SIGTERM);
    end(&stage);
    ok(stage.status == PILOT_OK, "what waits is no hindrance to the end");
}

int main(void)
{
    pilot_log_init("worker_loop_test", PILOT_LOG_ERROR);
    results_are_kept_until_acknowledged();
    waiting_jobs_are_given_back();
    second_signal_ends_at_once();
    refused_worker_ends();
    silent_coordinator_is_sought_again();
    many_empty_jobs_open_the_window();
    return tap_done();
}
