/* session.h - one coordinator endpoint: its DEALER, whether it knows us, when it last spoke.
 *
 * States: SEEKING (Hello every interval until an answer) and WELCOMED.  Welcomed becomes seeking by
 * Reregister, Goodbye, or silence of PILOT_LOST_INTERVALS. */
#ifndef PILOT_WORKER_SESSION_H
#define PILOT_WORKER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <pilot.pb-c.h>

#include "cache.h"
#include "pilot/error.h"
#include "pilot/wire.h"
#include "tasks.h"

typedef struct pilot_session {
    const char *endpoint; /* borrowed */
    void *socket;
    bool welcomed;
    uint64_t epoch;
    int64_t interval_ms;
    int64_t heard_ms; /* the last frame from there */
    int64_t speak_ms; /* when the next Hello or Heartbeat is due */
    uint32_t window;  /* credits as last told */
} pilot_session_t;

/* What a Hello says of this process; all borrowed. */
typedef struct pilot_identity {
    const char *instance, *name;
    uint32_t credits;
    uint64_t epoch_seen;
} pilot_identity_t;

pilot_status_t pilot_session_open(pilot_session_t *session, void *zmq_context, const char *endpoint,
                                  pilot_error_t *error);
void pilot_session_close(pilot_session_t *session, int linger_ms);

void pilot_session_hello(pilot_session_t *session, const pilot_identity_t *identity,
                         pilot_tasks_t *tasks);
/* Submissions that came into the cache go with it; cache NULL: none. */
void pilot_session_heartbeat(pilot_session_t *session, uint64_t progress, pilot_cache_t *cache);
void pilot_session_credit(pilot_session_t *session, uint32_t credits);
void pilot_session_give_back(pilot_session_t *session, Pilot__Lease **lease, size_t count);
void pilot_session_goodbye(pilot_session_t *session);
/* Result or Failure of a task that is done. */
void pilot_session_answer(pilot_session_t *session, const pilot_task_t *task);

#endif
