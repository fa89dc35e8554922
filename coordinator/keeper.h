/* keeper.h - the thread that keeps the coordinator's lease, and the wait for it before. */
#ifndef PILOT_KEEPER_H
#define PILOT_KEEPER_H

#include "mail.h"
#include "pilot/database.h"
#include "pilot/error.h"

/* Wait until the lease is ours: sets shared->epoch and the deadline.  Survives lost connections.
 * PILOT_E_INTERRUPTED when SIGTERM or SIGINT comes. */
pilot_status_t pilot_keeper_wait(pilot_db_t *db, pilot_shared_t *shared, const char *endpoint,
                                 int signal_fd, pilot_error_t *error);

typedef struct pilot_keeper {
    pilot_shared_t *shared;
    pilot_db_t *db; /* consumed: closed when the thread ends */
    int64_t taken_ms;
} pilot_keeper_t;

/* Thread: renews until shared->keeper_stop, then releases; sets shared->fenced when another took
 * over. */
void *pilot_keeper_main(void *keeper);

#endif
