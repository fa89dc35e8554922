/* service.c - the loop: poll, receive, dispatch, keep time. */
#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "pilot/clock.h"
#include "pilot/log.h"
#include "pilot/memory.h"

enum {
    ROUND_MS = 100,
    FRAMES_A_ROUND = 512,
    /* Past either, no jobs are sent until the database has caught up. */
    UNSTORED_BYTES_MAX = 64 << 20,
    UNSTORED_RESULTS_MAX = 20000,
    STALL_MS = 600000,
    WARN_MS = 60000
};

void pilot_service_init(pilot_service_t *service, pilot_shared_t *shared, void *socket,
                        int64_t heartbeat_ms)
{
    *service = (pilot_service_t){.shared = shared, .socket = socket};
    service->queue =
        pilot_queue_new(&pilot_queue_default_rules, (uint64_t)pilot_clock_us() ^ shared->epoch);
    service->peers.interval_ms = heartbeat_ms;
    service->peers.stall_ms = STALL_MS;
}

void pilot_service_clear(pilot_service_t *service)
{
    for (size_t i = 0; i < service->work_count; i++)
        pilot_work_free(service->works[i]);
    free(service->works);
    pilot_handed_clear(&service->handed);
    pilot_queue_free(service->queue);
    pilot_peers_clear(&service->peers);
}

pilot_work_t *service_work(const pilot_service_t *service, uint64_t analysis)
{
    for (size_t i = 0; i < service->work_count; i++)
        if (service->works[i]->analysis == analysis)
            return service->works[i];
    return NULL;
}

/* ---- sending --------------------------------------------------------------------------------- */

bool service_send(pilot_service_t *service, uint32_t slot, Pilot__Frame__BodyCase body,
                  ProtobufCMessage *message, int64_t now_ms)
{
    Pilot__Frame frame = pilot_wire_frame(body, message);
    pilot_peer_t *peer = &service->peers.peer[slot];
    if (peer->gone_ms)
        return false;
    if (pilot_wire_send(service->socket, &peer->routing, &frame) == PILOT_SEND_OK)
        return true;
    pilot_peers_gone(&service->peers, slot, now_ms);
    return false;
}

void service_acknowledge(pilot_service_t *service, pilot_sender_t sender, uint64_t job)
{
    if (sender.worker >= service->peers.count)
        return;
    pilot_peer_t *peer = &service->peers.peer[sender.worker];
    if (peer->state == PILOT_PEER_ABSENT || peer->generation != sender.generation)
        return; /* it will send the result again to whoever welcomes it */
    peer->acknowledge = pilot_grow(peer->acknowledge, &peer->acknowledge_capacity,
                                   peer->acknowledge_count + 1, sizeof(uint64_t));
    peer->acknowledge[peer->acknowledge_count++] = job;
}

static void send_acknowledgements(pilot_service_t *service, int64_t now_ms)
{
    for (size_t i = 0; i < service->peers.count; i++) {
        pilot_peer_t *peer = &service->peers.peer[i];
        if (peer->state == PILOT_PEER_ABSENT || !peer->acknowledge_count)
            continue;
        Pilot__Acknowledge acknowledge = PILOT__ACKNOWLEDGE__INIT;
        acknowledge.n_job = peer->acknowledge_count;
        acknowledge.job = peer->acknowledge;
        service_send(service, (uint32_t)i, PILOT__FRAME__BODY_ACKNOWLEDGE, &acknowledge.base,
                     now_ms);
        peer->acknowledge_count = 0; /* when it did not arrive, the result comes again */
    }
}

void service_cancel(pilot_service_t *service, uint32_t slot, uint64_t *jobs, size_t count,
                    int64_t now_ms)
{
    Pilot__Cancel cancel = PILOT__CANCEL__INIT;
    cancel.n_job = count;
    cancel.job = jobs;
    if (count)
        service_send(service, slot, PILOT__FRAME__BODY_CANCEL, &cancel.base, now_ms);
}

/* The analysis takes the class of its first worker, in the database too, before any result. */
static void pin_class(pilot_service_t *service, pilot_work_t *work, const pilot_peer_t *peer)
{
    work->worker_class = pilot_format("%s %s", peer->build, peer->cpu_class);
    pilot_queue_set_class(service->queue, work->analysis, work->worker_class);
    pilot_writer_mail_t *mail = PILOT_NEW(pilot_writer_mail_t);
    mail->kind = PILOT_MAIL_CLASS;
    mail->analysis = work->analysis;
    mail->build = pilot_strdup(peer->build);
    mail->cpu_class = pilot_strdup(peer->cpu_class);
    pilot_mailbox_put(service->shared->to_writer, &mail->mail);
}

static bool send_job(pilot_service_t *service, uint32_t slot, const pilot_job_order_t *order,
                     int64_t now_ms)
{
    pilot_work_t *work = service_work(service, order->analysis);
    Pilot__Pin *pins[256];
    Pilot__Job job = PILOT__JOB__INIT;
    job.job = order->job;
    job.analysis = order->analysis;
    job.kind = (Pilot__JobKind)order->kind;
    job.epoch = service->shared->epoch;
    job.counter = order->counter;
    if (order->kind != PILOT__JOB_KIND__NOOP && work) {
        job.has_spec = 1;
        job.spec = (ProtobufCBinaryData){.len = work->spec_length, .data = work->spec};
    }
    bool has_pins =
        order->kind == PILOT__JOB_KIND__ESTIMATE || order->kind == PILOT__JOB_KIND__RESIDUAL;
    for (uint64_t i = order->first; work && has_pins && i <= order->last; i++)
        if (i < work->pin_count && job.n_pin < sizeof pins / sizeof *pins)
            pins[job.n_pin++] = &work->pins[i];
    job.pin = pins;
    if (job.kind == PILOT__JOB_KIND__WHOLE ||
        (job.kind == PILOT__JOB_KIND__COMPARE && order->last != PILOT_ALL_OUTCOMES)) {
        job.has_first_outcome = job.has_last_outcome = 1;
        job.first_outcome = order->first;
        job.last_outcome = order->last;
    }
    job.has_pool_job = order->pool_job != 0;
    job.pool_job = order->pool_job;
    job.has_inputs = job.kind == PILOT__JOB_KIND__POOL || job.kind == PILOT__JOB_KIND__FINISH ||
                     job.kind == PILOT__JOB_KIND__COMPARE;
    job.inputs = order->inputs;
    job.has_given_up = order->given_up != 0;
    job.given_up = order->given_up;
    return service_send(service, slot, PILOT__FRAME__BODY_JOB, &job.base, now_ms);
}

void service_note_handed(pilot_service_t *service, uint32_t slot, uint64_t analysis, uint8_t kind,
                         uint32_t first, uint32_t last)
{
    const pilot_work_t *work = service_work(service, analysis);
    const pilot_peer_t *peer = &service->peers.peer[slot];
    bool all = kind == PILOT__JOB_KIND__WHOLE || kind == PILOT__JOB_KIND__BOUNDS;
    if (!work || !work->pin_count ||
        !(all || kind == PILOT__JOB_KIND__ESTIMATE || kind == PILOT__JOB_KIND__RESIDUAL))
        return; /* it reads no unit rows */
    pilot_handed_add(&service->handed, analysis, slot, peer->generation, peer->name,
                     all ? 0 : first, all ? (uint32_t)work->pin_count - 1 : last);
}

void service_tell_handed(pilot_service_t *service)
{
    if (!service->handed.job_count)
        return;
    pilot_writer_mail_t *mail = PILOT_NEW(pilot_writer_mail_t);
    mail->kind = PILOT_MAIL_HANDED;
    mail->handed = service->handed;
    service->handed = (pilot_handed_t){0};
    pilot_mailbox_put(service->shared->to_writer, &mail->mail);
}

/* One job to this worker, if there is one for it. */
static bool dispatch_one(pilot_service_t *service, uint32_t slot, int64_t now_ms, int64_t *again_ms)
{
    pilot_job_order_t order;
    if (!pilot_peers_hungry(&service->peers, slot) ||
        !pilot_queue_pick(service->queue, slot, !service->peers.peer[slot].lease_count, now_ms,
                          &order, again_ms))
        return false;
    pilot_work_t *work = service_work(service, order.analysis);
    if (order.pins_class && work)
        pin_class(service, work, &service->peers.peer[slot]);
    if (!send_job(service, slot, &order, now_ms)) {
        pilot_queue_return(service->queue, order.job, slot, now_ms);
        return false;
    }
    service_note_handed(service, slot, order.analysis, order.kind, order.first, order.last);
    pilot_peers_lease(&service->peers, slot, order.job, order.counter);
    service->peers.peer[slot].alone = order.alone;
    return true;
}

static bool may_dispatch(const pilot_service_t *service, int64_t now_ms)
{
    return service->open && !service->draining && pilot_queue_ready(service->queue) &&
           service->unstored_bytes < UNSTORED_BYTES_MAX &&
           service->unstored_results < UNSTORED_RESULTS_MAX &&
           now_ms < atomic_load(&service->shared->lease_deadline_ms);
}

/* Returns when to try again at the latest. */
static int64_t dispatch(pilot_service_t *service, int64_t now_ms)
{
    int64_t again_ms = INT64_MAX;
    bool any = may_dispatch(service, now_ms);
    while (any) { /* one each in turn, so that nobody's window fills while others starve */
        any = false;
        for (size_t i = 0; i < service->peers.count; i++)
            any |= dispatch_one(service, (uint32_t)i, now_ms, &again_ms);
    }
    service_tell_handed(service);
    return again_ms;
}

/* ---- failures and notes ---------------------------------------------------------------------- */

static void write_failure(pilot_service_t *service, uint64_t analysis, uint64_t job,
                          const char *worker, const char *reason, bool given_up)
{
    pilot_work_t *work = service_work(service, analysis);
    pilot_writer_mail_t *mail = PILOT_NEW(pilot_writer_mail_t);
    mail->kind = PILOT_MAIL_FAILURE;
    mail->analysis = analysis;
    mail->job = job;
    mail->retries = work ? work->retries : 0;
    mail->given_up = given_up;
    mail->reason = pilot_strndup(reason, strnlen(reason, 1000));
    snprintf(mail->worker, sizeof mail->worker, "%s", worker);
    pilot_mailbox_put(service->shared->to_writer, &mail->mail);
    pilot_log(given_up ? PILOT_LOG_ERROR : PILOT_LOG_WARN, given_up ? "job_given_up" : "job_failed",
              "job=%llu analysis=%llu worker=%s reason=\"%s\"", (unsigned long long)job,
              (unsigned long long)analysis, worker, reason);
}

void service_fail(pilot_service_t *service, uint64_t job, uint32_t slot, pilot_failure_kind_t kind,
                  const char *reason, int64_t now_ms)
{
    uint64_t analysis;
    pilot_job_state_t state;
    uint32_t holder;
    if (!pilot_queue_job(service->queue, job, &analysis, &state, &holder) || holder != slot)
        return;
    pilot_verdict_t verdict = pilot_queue_fail(service->queue, job, kind, now_ms);
    if (verdict == PILOT_VERDICT_NONE)
        return;
    if (kind == PILOT_FAILURE_EXCUSED && verdict == PILOT_VERDICT_AGAIN) {
        pilot_log(PILOT_LOG_WARN, "job_again", "job=%llu analysis=%llu reason=\"%s\"",
                  (unsigned long long)job, (unsigned long long)analysis, reason);
        return;
    }
    write_failure(service, analysis, job,
                  slot == PILOT_NO_PEER ? "" : service->peers.peer[slot].name, reason,
                  verdict == PILOT_VERDICT_GIVEN_UP);
}

static void take_notes(pilot_service_t *service)
{
    pilot_note_t note;
    while (pilot_queue_next_note(service->queue, &note)) {
        if (note.kind == PILOT_NOTE_GAVE_UP) {
            write_failure(service, note.analysis, note.job, "",
                          "inputs: what it reads was given up", true);
            continue;
        }
        pilot_writer_mail_t *mail = PILOT_NEW(pilot_writer_mail_t);
        mail->kind = PILOT_MAIL_ENDED;
        mail->analysis = note.analysis;
        mail->given_up_total = note.given_up;
        mail->cancelled = note.cancelled;
        pilot_mailbox_put(service->shared->to_writer, &mail->mail);
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

static void lose_peer(pilot_service_t *service, uint32_t slot, int64_t now_ms)
{
    pilot_peer_t *peer = &service->peers.peer[slot];
    pilot_log(PILOT_LOG_WARN, "worker_lost", "worker=%s jobs=%zu", peer->name, peer->lease_count);
    pilot_queue_worker_left(service->queue, slot);
    for (size_t i = 0; i < peer->lease_count; i++) {
        if (i < peer->threads)
            service_fail(service, peer->leases[i].job, slot, PILOT_FAILURE_DEATH, "worker_lost",
                         now_ms);
        else /* not started */
            pilot_queue_return(service->queue, peer->leases[i].job, slot, now_ms);
    }
    pilot_peers_remove(&service->peers, slot);
}

static void judge_peers(pilot_service_t *service, int64_t now_ms)
{
    for (size_t i = 0; i < service->peers.count; i++) {
        switch (pilot_peers_judge(&service->peers, (uint32_t)i, now_ms)) {
        case PILOT_PEER_LOST:
            lose_peer(service, (uint32_t)i, now_ms);
            break;
        case PILOT_PEER_DOUBTFUL:
            pilot_log(PILOT_LOG_INFO, "worker_silent", "worker=%s", service->peers.peer[i].name);
            break;
        case PILOT_PEER_FINE:
            break;
        }
    }
}

static void warn_if_starving(pilot_service_t *service, int64_t now_ms)
{
    const char *wanted;
    uint64_t analysis = pilot_queue_starving(service->queue, &wanted);
    if (!analysis || now_ms - service->warned_ms < WARN_MS)
        return;
    service->warned_ms = now_ms;
    pilot_log(PILOT_LOG_WARN, "no_worker_of_class", "analysis=%llu class=\"%s\"",
              (unsigned long long)analysis, wanted);
}

static void beat(pilot_service_t *service, int64_t now_ms)
{
    if (now_ms < service->beat_ms)
        return;
    service->beat_ms = now_ms + service->peers.interval_ms;
    Pilot__Heartbeat heartbeat = PILOT__HEARTBEAT__INIT;
    heartbeat.has_epoch = 1;
    heartbeat.epoch = service->shared->epoch;
    for (size_t i = 0; i < service->peers.count; i++)
        if (service->peers.peer[i].state != PILOT_PEER_ABSENT)
            service_send(service, (uint32_t)i, PILOT__FRAME__BODY_HEARTBEAT, &heartbeat.base,
                         now_ms);
    warn_if_starving(service, now_ms);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static bool is_readable(void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return !zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) && (events & ZMQ_POLLIN);
}

void pilot_service_round(pilot_service_t *service, int signal_fd)
{
    int64_t now_ms = pilot_clock_ms();
    int64_t again_ms = dispatch(service, now_ms);
    int64_t due_ms = pilot_queue_tick(service->queue, now_ms);
    int64_t wait_ms = ROUND_MS;
    if (service->beat_ms - now_ms < wait_ms)
        wait_ms = service->beat_ms - now_ms;
    if (again_ms - now_ms < wait_ms)
        wait_ms = again_ms - now_ms;
    if (due_ms - now_ms < wait_ms)
        wait_ms = due_ms - now_ms;
    zmq_pollitem_t items[] = {
        {.fd = signal_fd, .events = ZMQ_POLLIN},
        {.fd = pilot_mailbox_fd(service->shared->to_service), .events = ZMQ_POLLIN},
        {.socket = service->socket, .events = ZMQ_POLLIN},
    };
    zmq_poll(items, service->open ? 3 : 2, wait_ms > 0 ? (long)wait_ms : 0);

    now_ms = pilot_clock_ms();
    service_take_mail(service, now_ms);
    for (int i = 0; service->open && i < FRAMES_A_ROUND && is_readable(service->socket); i++)
        service_receive(service, now_ms);
    beat(service, now_ms);
    judge_peers(service, now_ms);
    take_notes(service);
    send_acknowledgements(service, now_ms);
}

void pilot_service_drain(pilot_service_t *service)
{
    service->draining = true;
}

bool pilot_service_is_idle(const pilot_service_t *service)
{
    return !service->unstored_results && !pilot_queue_count(service->queue, PILOT_JOB_LEASED);
}

void pilot_service_goodbye(pilot_service_t *service)
{
    Pilot__Goodbye goodbye = PILOT__GOODBYE__INIT;
    int64_t now_ms = pilot_clock_ms();
    send_acknowledgements(service, now_ms);
    for (size_t i = 0; i < service->peers.count; i++)
        if (service->peers.peer[i].state != PILOT_PEER_ABSENT)
            service_send(service, (uint32_t)i, PILOT__FRAME__BODY_GOODBYE, &goodbye.base, now_ms);
}
