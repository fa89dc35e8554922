/* service_frames.c - what workers say. */
#include "service.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/log.h"
#include "pilot/memory.h"

static pilot_sender_t sender_of(const pilot_service_t *service, uint32_t slot)
{
    return (pilot_sender_t){.worker = slot, .generation = service->peers.peer[slot].generation};
}

/* To somebody who is no peer (yet). */
static void answer(pilot_service_t *service, const pilot_routing_t *routing,
                   Pilot__Frame__BodyCase body, ProtobufCMessage *message)
{
    Pilot__Frame frame = pilot_wire_frame(body, message);
    if (routing->size)
        pilot_wire_send(service->socket, routing, &frame);
}

static void refuse(pilot_service_t *service, const pilot_routing_t *routing, const char *reason)
{
    Pilot__Refuse message = PILOT__REFUSE__INIT;
    message.reason = (char *)reason;
    answer(service, routing, PILOT__FRAME__BODY_REFUSE, &message.base);
}

/* ---- HELLO ----------------------------------------------------------------------------------- */

static bool lists_job(Pilot__Lease *const *leases, size_t count, uint64_t job)
{
    for (size_t i = 0; i < count; i++)
        if (leases[i]->job == job)
            return true;
    return false;
}

/* Leases that we believe in and the worker does not know were lost on the way. */
static void drop_lost_leases(pilot_service_t *service, uint32_t slot, const Pilot__Hello *hello,
                             int64_t now_ms)
{
    pilot_peer_t *peer = &service->peers.peer[slot];
    for (size_t i = peer->lease_count; i-- > 0;) {
        uint64_t job = peer->leases[i].job;
        if (lists_job(hello->held, hello->n_held, job) ||
            lists_job(hello->unacknowledged, hello->n_unacknowledged, job))
            continue;
        pilot_queue_return(service->queue, job, slot, now_ms);
        pilot_peers_release(&service->peers, slot, job);
    }
}

/* The coordinator before us may have died before it could log that. */
static void note_claimed(pilot_service_t *service, uint32_t slot, uint64_t job)
{
    uint64_t analysis;
    uint8_t kind;
    uint32_t first, last;
    if (pilot_queue_pins(service->queue, job, &analysis, &kind, &first, &last))
        service_note_handed(service, slot, analysis, kind, first, last);
}

/* Take over the leases that it lists.  unwanted: those that nobody needs are cancelled. */
static void claim_leases(pilot_service_t *service, uint32_t slot, Pilot__Lease *const *leases,
                         size_t count, bool cancel_unwanted, int64_t now_ms)
{
    PILOT_AUTOFREE uint64_t *unwanted = PILOT_NEW_ARRAY(uint64_t, count);
    size_t unwanted_count = 0;
    for (size_t i = 0; i < count; i++) {
        pilot_peers_release(&service->peers, slot, leases[i]->job); /* in the worker's order */
        if (pilot_queue_claim(service->queue, leases[i]->job, slot, leases[i]->counter, now_ms)) {
            note_claimed(service, slot, leases[i]->job);
            pilot_peers_lease(&service->peers, slot, leases[i]->job, leases[i]->counter);
        } else {
            unwanted[unwanted_count++] = leases[i]->job;
        }
    }
    service_tell_handed(service);
    if (cancel_unwanted)
        service_cancel(service, slot, unwanted, unwanted_count, now_ms);
}

static void on_hello(pilot_service_t *service, const pilot_routing_t *routing,
                     const Pilot__Hello *hello, int64_t now_ms)
{
    bool is_new;
    if (!*hello->instance || !*hello->cpu_class) {
        refuse(service, routing, "a HELLO without instance or cpu_class");
        return;
    }
    uint32_t slot = pilot_peers_hello(&service->peers, routing, hello, now_ms, &is_new);
    pilot_peer_t *peer = &service->peers.peer[slot];
    PILOT_AUTOFREE char *worker_class = pilot_format("%s %s", peer->build, peer->cpu_class);
    pilot_queue_worker_came(service->queue, slot, worker_class);
    Pilot__Welcome welcome = PILOT__WELCOME__INIT;
    welcome.epoch = service->shared->epoch;
    welcome.heartbeat_ms = (uint32_t)service->peers.interval_ms;
    service_send(service, slot, PILOT__FRAME__BODY_WELCOME, &welcome.base, now_ms);
    drop_lost_leases(service, slot, hello, now_ms);
    claim_leases(service, slot, hello->held, hello->n_held, true, now_ms);
    claim_leases(service, slot, hello->unacknowledged, hello->n_unacknowledged, false, now_ms);
    if (is_new)
        pilot_log(PILOT_LOG_INFO, "worker_joined",
                  "worker=%s build=%s cpu_class=%s credits=%u held=%zu", peer->name, peer->build,
                  peer->cpu_class, peer->credits, peer->lease_count);
}

/* ---- results and failures -------------------------------------------------------------------- */

/* Takes the frame. */
static void hand_to_writer(pilot_service_t *service, uint32_t slot, Pilot__Frame *frame)
{
    pilot_job_state_t state;
    uint32_t holder;
    pilot_writer_mail_t *mail = PILOT_NEW(pilot_writer_mail_t);
    mail->kind = PILOT_MAIL_RESULT;
    mail->job = frame->result->job;
    pilot_queue_job(service->queue, mail->job, &mail->analysis, &state, &holder);
    mail->frame = frame;
    mail->sender = sender_of(service, slot);
    snprintf(mail->worker, sizeof mail->worker, "%s", service->peers.peer[slot].name);
    service->unstored_bytes += frame->result->rows.len;
    service->unstored_results++;
    pilot_mailbox_put(service->shared->to_writer, &mail->mail);
}

/* Takes the frame. */
static void on_result(pilot_service_t *service, uint32_t slot, Pilot__Frame *frame, int64_t now_ms)
{
    uint64_t job = frame->result->job;
    uint32_t holder;
    pilot_peer_t *peer = &service->peers.peer[slot];
    peer->progress_ms = now_ms;
    pilot_peers_release(&service->peers, slot, job);
    pilot_delivery_t delivery = pilot_queue_result(service->queue, job, &holder);
    if (delivery == PILOT_DELIVERY_UNWANTED) {
        service_acknowledge(service, sender_of(service, slot), job);
        pilot_wire_free(frame);
        return;
    }
    service->results++;
    if (holder != PILOT_NO_PEER && holder != slot &&
        pilot_peers_release(&service->peers, holder, job))
        service_cancel(service, holder, &job, 1, now_ms); /* somebody else was faster */
    pilot_queue_cached(service->queue, slot, pilot_queue_submission(service->queue, job));
    hand_to_writer(service, slot, frame);
}

static pilot_failure_kind_t failure_kind(const Pilot__Failure *failure)
{
    if (!failure->retryable)
        return PILOT_FAILURE_FINAL;
    if (failure->code && (!strcmp(failure->code, "database") || !strcmp(failure->code, "lagging")))
        return PILOT_FAILURE_EXCUSED;
    return PILOT_FAILURE_ERROR;
}

static void on_failure(pilot_service_t *service, uint32_t slot, const Pilot__Failure *failure,
                       int64_t now_ms)
{
    const char *code = failure->code && *failure->code ? failure->code : "error";
    PILOT_AUTOFREE char *reason = pilot_format("%s: %s", code, failure->reason);
    service->peers.peer[slot].progress_ms = now_ms;
    if (pilot_peers_release(&service->peers, slot, failure->job))
        service_fail(service, failure->job, slot, failure_kind(failure), reason, now_ms);
    service_acknowledge(service, sender_of(service, slot), failure->job);
}

static void on_give_back(pilot_service_t *service, uint32_t slot, const Pilot__GiveBack *give_back,
                         int64_t now_ms)
{
    for (size_t i = 0; i < give_back->n_lease; i++)
        if (pilot_peers_release(&service->peers, slot, give_back->lease[i]->job))
            pilot_queue_return(service->queue, give_back->lease[i]->job, slot, now_ms);
}

static void on_goodbye(pilot_service_t *service, uint32_t slot, int64_t now_ms)
{
    pilot_peer_t *peer = &service->peers.peer[slot];
    pilot_log(PILOT_LOG_INFO, "worker_left", "worker=%s", peer->name);
    pilot_queue_worker_left(service->queue, slot);
    for (size_t i = 0; i < peer->lease_count; i++)
        pilot_queue_return(service->queue, peer->leases[i].job, slot, now_ms);
    pilot_peers_remove(&service->peers, slot);
}

static void on_heartbeat(pilot_service_t *service, uint32_t slot, const Pilot__Heartbeat *heartbeat,
                         int64_t now_ms)
{
    pilot_peers_progress(&service->peers, slot, heartbeat->progress, now_ms);
    for (size_t i = 0; i < heartbeat->n_cached; i++)
        pilot_queue_cached(service->queue, slot, heartbeat->cached[i]);
}

/* ---- any frame ------------------------------------------------------------------------------- */

/* From a worker that we know.  Takes the frame. */
static void on_frame(pilot_service_t *service, uint32_t slot, Pilot__Frame *frame, int64_t now_ms)
{
    pilot_peers_heard(&service->peers, slot, now_ms);
    switch (frame->body_case) {
    case PILOT__FRAME__BODY_RESULT:
        on_result(service, slot, frame, now_ms);
        return;
    case PILOT__FRAME__BODY_FAILURE:
        on_failure(service, slot, frame->failure, now_ms);
        break;
    case PILOT__FRAME__BODY_HEARTBEAT:
        on_heartbeat(service, slot, frame->heartbeat, now_ms);
        break;
    case PILOT__FRAME__BODY_CREDIT:
        service->peers.peer[slot].credits =
            frame->credit->credits < PILOT_CREDITS_MAX ? frame->credit->credits : PILOT_CREDITS_MAX;
        break;
    case PILOT__FRAME__BODY_GIVE_BACK:
        on_give_back(service, slot, frame->give_back, now_ms);
        break;
    case PILOT__FRAME__BODY_GOODBYE:
        on_goodbye(service, slot, now_ms);
        break;
    default:
        pilot_log(PILOT_LOG_WARN, "frame_dropped", "worker=%s reason=\"not for a coordinator\"",
                  service->peers.peer[slot].name);
        break;
    }
    pilot_wire_free(frame);
}

static void on_bad_frame(pilot_service_t *service, const pilot_routing_t *routing,
                         uint32_t protocol, const pilot_error_t *error)
{
    pilot_log(PILOT_LOG_WARN, "frame_dropped", "reason=\"%s\"", error->message);
    if (protocol && protocol != PILOT_PROTOCOL) {
        PILOT_AUTOFREE char *reason =
            pilot_format("this coordinator (%s) speaks protocol %u, the worker %u: install the "
                         "same version on both sides",
                         PILOT_VERSION, PILOT_PROTOCOL, protocol);
        refuse(service, routing, reason);
    }
}

void service_receive(pilot_service_t *service, int64_t now_ms)
{
    pilot_routing_t routing;
    pilot_error_t error;
    uint32_t protocol;
    Pilot__Frame *frame;
    if (pilot_wire_receive(service->socket, &routing, &protocol, &frame, &error)) {
        on_bad_frame(service, &routing, protocol, &error);
        return;
    }
    if (!frame || !routing.size) {
        pilot_wire_free(frame);
        return;
    }
    uint32_t slot = pilot_peers_find(&service->peers, &routing);
    if (frame->body_case == PILOT__FRAME__BODY_HELLO) {
        on_hello(service, &routing, frame->hello, now_ms);
        pilot_wire_free(frame);
    } else if (slot == PILOT_NO_PEER) {
        Pilot__Reregister reregister = PILOT__REREGISTER__INIT;
        if (frame->body_case != PILOT__FRAME__BODY_GOODBYE)
            answer(service, &routing, PILOT__FRAME__BODY_REREGISTER, &reregister.base);
        pilot_wire_free(frame);
    } else {
        on_frame(service, slot, frame, now_ms);
    }
}
