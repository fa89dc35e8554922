/* service.h - the thread that owns the ROUTER: carries orders and results between queue, peers and
 * the other threads.  It never waits for PostgreSQL. */
#ifndef PILOT_SERVICE_H
#define PILOT_SERVICE_H

#include "mail.h"
#include "peers.h"
#include "pilot/error.h"
#include "queue.h"

typedef struct pilot_service {
    pilot_shared_t *shared;
    void *socket;
    pilot_queue_t *queue;
    pilot_peers_t peers;
    pilot_work_t **works; /* analyses in the queue */
    size_t work_count, work_capacity;
    bool open; /* workers are answered */
    bool draining;
    size_t unstored_bytes, unstored_results;
    uint64_t results, results_told; /* for the log */
    int64_t beat_ms, warned_ms;
    pilot_handed_t handed; /* not yet told to the writer */
} pilot_service_t;

void pilot_service_init(pilot_service_t *service, pilot_shared_t *shared, void *socket,
                        int64_t heartbeat_ms);
void pilot_service_clear(pilot_service_t *service);

/* Take frames and mail, send jobs and acknowledgements, keep time; returns after one round, at most
 * about 100 ms, earlier when signal_fd is readable. */
void pilot_service_round(pilot_service_t *service, int signal_fd);

/* No new jobs from here on.  Idle: nothing leased, nothing unstored. */
void pilot_service_drain(pilot_service_t *service);
bool pilot_service_is_idle(const pilot_service_t *service);
/* Tell every worker that we end. */
void pilot_service_goodbye(pilot_service_t *service);

/* ---- within the service ---------------------------------------------------------------------- */

/* service_frames.c: one frame from a worker, or what did not unpack. */
void service_receive(pilot_service_t *service, int64_t now_ms);
/* service_mail.c: what the other threads say. */
void service_take_mail(pilot_service_t *service, int64_t now_ms);
/* service.c */
pilot_work_t *service_work(const pilot_service_t *service, uint64_t analysis);
/* Send; a missing connection is noted. */
bool service_send(pilot_service_t *service, uint32_t slot, Pilot__Frame__BodyCase body,
                  ProtobufCMessage *message, int64_t now_ms);
void service_acknowledge(pilot_service_t *service, pilot_sender_t sender, uint64_t job);
void service_cancel(pilot_service_t *service, uint32_t slot, uint64_t *jobs, size_t count,
                    int64_t now_ms);
/* The worker has got a job's pins: the writer logs it before it stores the job's result. */
void service_note_handed(pilot_service_t *service, uint32_t slot, uint64_t analysis, uint8_t kind,
                         uint32_t first, uint32_t last);
void service_tell_handed(pilot_service_t *service);
/* A job of this worker (PILOT_NO_PEER: of nobody) failed: count, write, log. */
void service_fail(pilot_service_t *service, uint64_t job, uint32_t slot, pilot_failure_kind_t kind,
                  const char *reason, int64_t now_ms);

#endif
