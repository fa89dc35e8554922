/* The service between scripted workers and a scripted writer: sockets in this process, no database.
 */
#include "../../coordinator/service.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "../harness/tap.h"
#include "pilot/clock.h"
#include "pilot/log.h"
#include "pilot/memory.h"

typedef struct scene {
    void *context, *router;
    pilot_shared_t shared;
    pilot_service_t service;
} scene_t;

static scene_t *new_scene(int64_t heartbeat_ms)
{
    scene_t *scene = PILOT_NEW(scene_t);
    scene->context = zmq_ctx_new();
    pilot_wire_router_new(scene->context, &scene->router, NULL);
    zmq_bind(scene->router, "inproc://scene");
    scene->shared.epoch = 7;
    scene->shared.to_service = pilot_mailbox_new();
    scene->shared.to_writer = pilot_mailbox_new();
    scene->shared.to_planner = pilot_mailbox_new();
    atomic_store(&scene->shared.lease_deadline_ms, INT64_MAX);
    pilot_service_init(&scene->service, &scene->shared, scene->router, heartbeat_ms);
    return scene;
}

static pilot_writer_mail_t *next_to_writer(scene_t *scene)
{
    static pilot_mail_t *kept; /* the mailbox gives all at once */
    if (!kept)
        kept = pilot_mailbox_take(scene->shared.to_writer);
    pilot_writer_mail_t *mail = (pilot_writer_mail_t *)kept;
    if (kept)
        kept = kept->next;
    return mail;
}

static void free_scene(scene_t *scene)
{
    for (pilot_writer_mail_t *mail; (mail = next_to_writer(scene));)
        pilot_writer_mail_free(mail);
    pilot_service_clear(&scene->service);
    pilot_mailbox_free(scene->shared.to_service);
    pilot_mailbox_free(scene->shared.to_writer);
    pilot_mailbox_free(scene->shared.to_planner);
    zmq_close(scene->router);
    zmq_ctx_term(scene->context);
    free(scene);
}

static void rounds(scene_t *scene, int count)
{
    for (int i = 0; i < count; i++)
        pilot_service_round(&scene->service, -1);
}

/* ---- the planner's part ---------------------------------------------------------------------- */

static pilot_service_mail_t *post(pilot_service_mail_kind_t kind, uint64_t analysis)
{
    pilot_service_mail_t *mail = PILOT_NEW(pilot_service_mail_t);
    mail->kind = kind;
    mail->analysis = analysis;
    return mail;
}

static void send_mail(scene_t *scene, pilot_service_mail_t *mail)
{
    pilot_mailbox_put(scene->shared.to_service, &mail->mail);
}

static void add_jobs(scene_t *scene, uint64_t analysis, uint64_t first, size_t count)
{
    pilot_service_mail_t *mail = post(PILOT_MAIL_ADD, analysis);
    mail->work = PILOT_NEW(pilot_work_t);
    mail->work->analysis = analysis;
    send_mail(scene, mail);
    mail = post(PILOT_MAIL_JOBS, analysis);
    mail->rows = PILOT_NEW_ARRAY(pilot_job_row_t, count);
    mail->count = count;
    for (size_t i = 0; i < count; i++)
        mail->rows[i].job = first + i;
    send_mail(scene, mail);
    send_mail(scene, post(PILOT_MAIL_LOADED, analysis));
    send_mail(scene, post(PILOT_MAIL_OPEN, 0));
}

/* ---- the worker's part ----------------------------------------------------------------------- */

static void *connect_worker(scene_t *scene)
{
    void *socket;
    pilot_wire_dealer_new(scene->context, &socket, NULL);
    zmq_connect(socket, "inproc://scene");
    return socket;
}

static void say(void *worker, Pilot__Frame__BodyCase body, ProtobufCMessage *message)
{
    Pilot__Frame frame = pilot_wire_frame(body, message);
    pilot_wire_send(worker, NULL, &frame);
}

static void say_hello(void *worker, const char *instance, uint32_t credits, uint64_t held)
{
    Pilot__Hello hello = PILOT__HELLO__INIT;
    Pilot__Lease lease = PILOT__LEASE__INIT, *leases[] = {&lease};
    lease.job = held;
    lease.counter = 1;
    hello.instance = (char *)instance;
    hello.build = (char *)"1";
    hello.cpu_class = (char *)"c";
    hello.credits = credits;
    hello.n_held = held != 0;
    hello.held = leases;
    say(worker, PILOT__FRAME__BODY_HELLO, &hello.base);
}

static void say_result(void *worker, uint64_t job)
{
    Pilot__Result result = PILOT__RESULT__INIT;
    result.job = job;
    say(worker, PILOT__FRAME__BODY_RESULT, &result.base);
}

static void say_failure(void *worker, uint64_t job, const char *code, bool retryable)
{
    Pilot__Failure failure = PILOT__FAILURE__INIT;
    failure.job = job;
    failure.reason = (char *)"because";
    failure.code = (char *)code;
    failure.retryable = retryable;
    say(worker, PILOT__FRAME__BODY_FAILURE, &failure.base);
}

/* The next frame of this kind, others passed over (freed); NULL after some rounds without one. */
static Pilot__Frame *hear(scene_t *scene, void *worker, Pilot__Frame__BodyCase body)
{
    for (int i = 0; i < 5; i++) {
        Pilot__Frame *frame = NULL;
        do {
            pilot_wire_receive(worker, NULL, NULL, &frame, NULL);
            if (frame && frame->body_case == body)
                return frame;
            pilot_wire_free(frame);
        } while (frame);
        rounds(scene, 1);
    }
    return NULL;
}

/* The job that this worker is sent, 0 = none. */
static uint64_t hear_job(scene_t *scene, void *worker)
{
    Pilot__Frame *frame = hear(scene, worker, PILOT__FRAME__BODY_JOB);
    uint64_t job = frame ? frame->job->job : 0;
    pilot_wire_free(frame);
    return job;
}

static uint64_t hear_acknowledge(scene_t *scene, void *worker)
{
    Pilot__Frame *frame = hear(scene, worker, PILOT__FRAME__BODY_ACKNOWLEDGE);
    uint64_t job = frame ? frame->acknowledge->job[0] : 0;
    pilot_wire_free(frame);
    return job;
}

static bool hears(scene_t *scene, void *worker, Pilot__Frame__BodyCase body)
{
    Pilot__Frame *frame = hear(scene, worker, body);
    pilot_wire_free(frame);
    return frame != NULL;
}

/* ---- the writer's part ----------------------------------------------------------------------- */

/* The next mail of this kind to the writer; NULL when there is none. */
static pilot_writer_mail_t *take(scene_t *scene, pilot_writer_mail_kind_t kind)
{
    rounds(scene, 1);
    for (pilot_writer_mail_t *mail; (mail = next_to_writer(scene)); pilot_writer_mail_free(mail))
        if (mail->kind == kind)
            return mail;
    return NULL;
}

static void commit(scene_t *scene, pilot_writer_mail_t *result)
{
    pilot_service_mail_t *mail = post(PILOT_MAIL_STORED, 0);
    mail->receipts = PILOT_NEW_ARRAY(pilot_receipt_t, 1);
    mail->receipts[0] = (pilot_receipt_t){.job = result->job, .sender = result->sender};
    mail->count = 1;
    send_mail(scene, mail);
    pilot_writer_mail_free(result);
}

/* ---- scenes ---------------------------------------------------------------------------------- */

static void test_from_hello_to_end(void)
{
    scene_t *scene = new_scene(1000);
    void *worker = connect_worker(scene);
    Pilot__Heartbeat beat = PILOT__HEARTBEAT__INIT;
    add_jobs(scene, 1, 100, 3);
    rounds(scene, 1);
    say(worker, PILOT__FRAME__BODY_HEARTBEAT, &beat.base);
    ok(hears(scene, worker, PILOT__FRAME__BODY_REREGISTER), "a stranger is asked to register");
    say_hello(worker, "a", 2, 0);
    Pilot__Frame *welcome = hear(scene, worker, PILOT__FRAME__BODY_WELCOME);
    ok(welcome && welcome->welcome->epoch == 7 && welcome->welcome->heartbeat_ms == 1000,
       "HELLO is answered by WELCOME with epoch and interval");
    pilot_wire_free(welcome);
    ok(hear_job(scene, worker) == 100 && hear_job(scene, worker) == 101 && !hear_job(scene, worker),
       "two credits are two jobs");
    say_hello(worker, "a", 2, 100); /* still alive; 101 was lost on the way */
    ok(hear_job(scene, worker) == 102, "a job lost on the way makes room");
    pilot_writer_mail_t *class = take(scene, PILOT_MAIL_CLASS);
    ok(class && !strcmp(class->cpu_class, "c") && class->analysis == 1,
       "the first job pins the analysis to its worker's class");
    if (class)
        pilot_writer_mail_free(class);
    say_result(worker, 100);
    ok(hear_job(scene, worker) == 101, "so does a result; the lost job is sent again");
    pilot_writer_mail_t *result = take(scene, PILOT_MAIL_RESULT);
    ok(result && result->job == 100 && result->analysis == 1, "the result goes to the writer");
    ok(!hears(scene, worker, PILOT__FRAME__BODY_ACKNOWLEDGE),
       "and is not acknowledged before it is committed");
    commit(scene, result);
    ok(hear_acknowledge(scene, worker) == 100, "then it is");
    say_result(worker, 999);
    ok(hear_acknowledge(scene, worker) == 999, "a result that nobody wants is acknowledged");
    for (uint64_t job = 101; job <= 102; job++) {
        say_result(worker, job);
        rounds(scene, 2);
        commit(scene, take(scene, PILOT_MAIL_RESULT));
    }
    rounds(scene, 2);
    pilot_writer_mail_t *ended = take(scene, PILOT_MAIL_ENDED);
    ok(ended && ended->analysis == 1, "the last commit ends the analysis");
    if (ended)
        pilot_writer_mail_free(ended);
    zmq_close(worker);
    free_scene(scene);
}

static void test_failures(void)
{
    scene_t *scene = new_scene(1000);
    void *worker = connect_worker(scene);
    add_jobs(scene, 1, 100, 2);
    say_hello(worker, "a", 1, 0);
    ok(hear_job(scene, worker) == 100, "the job is sent");
    say_failure(worker, 100, "database", true);
    ok(hear_acknowledge(scene, worker) == 100 && !take(scene, PILOT_MAIL_FAILURE),
       "an unreachable database is no failure of the job");
    ok(hear_job(scene, worker) == 101, "the next job is sent meanwhile");
    say_failure(worker, 101, "data_withdrawn", false);
    pilot_writer_mail_t *failure = NULL;
    rounds(scene, 2);
    failure = take(scene, PILOT_MAIL_FAILURE);
    ok(failure && failure->given_up && !strcmp(failure->reason, "data_withdrawn: because"),
       "what cannot be retried is given up at once, with code and reason");
    if (failure)
        pilot_writer_mail_free(failure);
    zmq_close(worker);
    free_scene(scene);
}

static void test_lost_worker(void)
{
    scene_t *scene = new_scene(20);
    void *first = connect_worker(scene), *second = connect_worker(scene);
    add_jobs(scene, 1, 100, 2);
    say_hello(first, "a", 2, 0);
    ok(hear_job(scene, first) == 100 && hear_job(scene, first) == 101, "one worker has both jobs");
    say_hello(second, "b", 1, 0);
    Pilot__Heartbeat beat = PILOT__HEARTBEAT__INIT;
    int64_t end_ms = pilot_clock_ms() + 2000;
    uint64_t job = 0;
    while (!job && pilot_clock_ms() < end_ms) { /* it beats, the first is silent */
        say(second, PILOT__FRAME__BODY_HEARTBEAT, &beat.base);
        Pilot__Frame *frame = NULL;
        rounds(scene, 1);
        while (!job && !pilot_wire_receive(second, NULL, NULL, &frame, NULL) && frame) {
            job = frame->body_case == PILOT__FRAME__BODY_JOB ? frame->job->job : 0;
            pilot_wire_free(frame);
        }
        usleep(5000);
    }
    ok(job == 101, "what a lost worker had not started goes to another at once");
    pilot_writer_mail_t *failure = take(scene, PILOT_MAIL_FAILURE);
    ok(failure && failure->job == 100 && !strcmp(failure->reason, "worker_lost") &&
           !failure->given_up,
       "what it had started counts one death");
    if (failure)
        pilot_writer_mail_free(failure);
    say_result(first, 100);
    ok(hears(scene, first, PILOT__FRAME__BODY_REREGISTER), "when it comes back it must register");
    say_hello(first, "a", 2, 101);
    ok(hears(scene, first, PILOT__FRAME__BODY_CANCEL),
       "a job that another one has now is cancelled");
    say_result(first, 100);
    rounds(scene, 2);
    pilot_writer_mail_t *late = take(scene, PILOT_MAIL_RESULT);
    ok(late && late->job == 100, "its late result is stored all the same");
    if (late)
        pilot_writer_mail_free(late);
    zmq_close(first);
    zmq_close(second);
    free_scene(scene);
}

static void test_cancel_and_goodbye(void)
{
    scene_t *scene = new_scene(1000);
    void *worker = connect_worker(scene);
    add_jobs(scene, 1, 100, 5);
    say_hello(worker, "a", 1, 0);
    ok(hear_job(scene, worker) == 100, "the job is sent");
    Pilot__GiveBack give_back = PILOT__GIVE_BACK__INIT;
    Pilot__Lease lease = PILOT__LEASE__INIT, *leases[] = {&lease};
    lease.job = 100;
    give_back.n_lease = 1;
    give_back.lease = leases;
    say(worker, PILOT__FRAME__BODY_GIVE_BACK, &give_back.base);
    ok(hear_job(scene, worker) == 101, "a job given back goes to the end of the line");
    send_mail(scene, post(PILOT_MAIL_CANCEL, 1));
    Pilot__Frame *cancel = hear(scene, worker, PILOT__FRAME__BODY_CANCEL);
    ok(cancel && cancel->cancel->job[0] == 101, "cancelling tells the worker");
    pilot_wire_free(cancel);
    pilot_writer_mail_t *ended = take(scene, PILOT_MAIL_ENDED);
    ok(ended && ended->cancelled, "and ends the analysis as cancelled");
    if (ended)
        pilot_writer_mail_free(ended);
    send_mail(scene, post(PILOT_MAIL_REMOVE, 1));
    Pilot__Goodbye goodbye = PILOT__GOODBYE__INIT;
    say(worker, PILOT__FRAME__BODY_GOODBYE, &goodbye.base);
    rounds(scene, 2);
    ok(!scene->service.peers.present, "a worker that says goodbye is forgotten");
    ok(pilot_service_is_idle(&scene->service), "nothing is left");
    zmq_close(worker);
    free_scene(scene);
}

static void test_bad_frames(void)
{
    scene_t *scene = new_scene(1000);
    void *worker = connect_worker(scene);
    add_jobs(scene, 1, 100, 1);
    rounds(scene, 1);
    zmq_send(worker, "GET / HTTP/1.1", 14, 0);
    zmq_send(worker, "", 0, 0);
    Pilot__Credit credit = PILOT__CREDIT__INIT;
    Pilot__Frame frame = pilot_wire_frame(PILOT__FRAME__BODY_CREDIT, &credit.base);
    frame.protocol = PILOT_PROTOCOL + 1;
    pilot_wire_send(worker, NULL, &frame);
    Pilot__Frame *refuse = hear(scene, worker, PILOT__FRAME__BODY_REFUSE);
    ok(refuse && strstr(refuse->refuse->reason, "same version"),
       "another protocol is refused with a line that says what to do");
    pilot_wire_free(refuse);
    say_hello(worker, "", 1, 0);
    ok(hears(scene, worker, PILOT__FRAME__BODY_REFUSE), "a HELLO without an instance is refused");
    say_hello(worker, "a", 1, 0);
    ok(hear_job(scene, worker) == 100, "noise does not keep a worker from working");
    zmq_close(worker);
    free_scene(scene);
}

static void test_fence(void)
{
    scene_t *scene = new_scene(1000);
    void *worker = connect_worker(scene);
    add_jobs(scene, 1, 100, 1);
    atomic_store(&scene->shared.lease_deadline_ms, pilot_clock_ms() - 1);
    say_hello(worker, "a", 1, 0);
    ok(hears(scene, worker, PILOT__FRAME__BODY_WELCOME) && !hear_job(scene, worker),
       "past its own deadline a coordinator sends no jobs");
    atomic_store(&scene->shared.lease_deadline_ms, INT64_MAX);
    say_hello(worker, "a", 1, 0);
    ok(hear_job(scene, worker) == 100, "a renewed lease lets it go on");
    zmq_close(worker);
    free_scene(scene);
}

/* What the writer is told of hand-outs, up to its next mail of another kind; caller frees. */
static char *hear_handed(scene_t *scene)
{
    pilot_writer_mail_t *mail = take(scene, PILOT_MAIL_HANDED);
    if (!mail)
        return pilot_strdup("");
    const pilot_handed_t *handed[] = {&mail->handed};
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_handed_json(handed, 1, 7, &json);
    pilot_writer_mail_free(mail);
    return pilot_text_take(&json);
}

static void is_handed(scene_t *scene, const char *want, const char *name)
{
    char *got = hear_handed(scene);
    is_text(got, want, "%s", name);
    free(got);
}

static void test_handed(void)
{
    scene_t *scene = new_scene(1000);
    void *worker = connect_worker(scene), *other = connect_worker(scene);
    pilot_service_mail_t *mail = post(PILOT_MAIL_ADD, 1);
    mail->work = PILOT_NEW(pilot_work_t);
    mail->work->analysis = 1;
    mail->work->pins = PILOT_NEW_ARRAY(Pilot__Pin, 9);
    mail->work->pin_count = 9;
    for (size_t i = 0; i < 9; i++) {
        pilot__pin__init(&mail->work->pins[i]);
        mail->work->pins[i].agency = pilot_strdup("x");
    }
    send_mail(scene, mail);
    static const pilot_job_row_t rows[] = {
        {.job = 100, .first = 2, .last = 4, .kind = PILOT__JOB_KIND__ESTIMATE},
        {.job = 101, .first = 5, .last = 5, .kind = PILOT__JOB_KIND__ESTIMATE},
        {.job = 102, .kind = PILOT__JOB_KIND__NOOP},
        {.job = 103, .first = 1, .last = 1, .kind = PILOT__JOB_KIND__WHOLE}};
    mail = post(PILOT_MAIL_JOBS, 1);
    mail->count = sizeof rows / sizeof *rows;
    mail->rows = PILOT_NEW_ARRAY(pilot_job_row_t, mail->count);
    memcpy(mail->rows, rows, sizeof rows);
    send_mail(scene, mail);
    send_mail(scene, post(PILOT_MAIL_LOADED, 1));
    send_mail(scene, post(PILOT_MAIL_OPEN, 0));
    say_hello(worker, "a", 2, 0);
    ok(hear_job(scene, worker) == 100 && hear_job(scene, worker) == 101, "two jobs go out");
    is_handed(scene, "[{\"analysis\":1,\"epoch\":7,\"jobs\":2,\"workers\":{\"a\":\"2-5\"}}]",
              "the writer is told which pins went to whom");
    say_result(worker, 100);
    ok(hear_job(scene, worker) == 102, "a job without data goes out");
    is_handed(scene, "", "and the writer is told of none");
    say_hello(other, "b", 1, 0);
    ok(hear_job(scene, other) == 103, "a job of everything goes out");
    say_result(other, 103);
    rounds(scene, 3);
    is_handed(scene, "[{\"analysis\":1,\"epoch\":7,\"jobs\":1,\"workers\":{\"b\":\"0-8\"}}]",
              "every pin went to that worker");
    pilot_writer_mail_t *result = take(scene, PILOT_MAIL_RESULT);
    ok(result && result->job == 103, "its result comes to the writer after that");
    if (result)
        pilot_writer_mail_free(result);
    zmq_close(worker);
    zmq_close(other);
    free_scene(scene);
}

int main(void)
{
    pilot_log_init("coordinator_service_test", PILOT_LOG_ERROR);
    test_from_hello_to_end();
    test_failures();
    test_lost_worker();
    test_cancel_and_goodbye();
    test_bad_frames();
    test_fence();
    test_handed();
    return tap_done();
}
