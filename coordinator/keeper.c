#include "keeper.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "lease.h"
#include "pilot/clock.h"
#include "pilot/log.h"
#include "pilot/signals.h"

/* Does a signal to end come within this time? */
static bool is_ended(int signal_fd, int64_t timeout_ms)
{
    struct pollfd wait = {.fd = signal_fd, .events = POLLIN};
    poll(&wait, 1, timeout_ms > 0 ? (int)timeout_ms : 0);
    int number = pilot_signals_read(signal_fd);
    return number == SIGTERM || number == SIGINT;
}

pilot_status_t pilot_keeper_wait(pilot_db_t *db, pilot_shared_t *shared, const char *endpoint,
                                 int signal_fd, pilot_error_t *error)
{
    bool told = false;
    for (;;) {
        bool taken = false;
        int64_t asked_ms = pilot_clock_ms();
        pilot_status_t status = pilot_db_is_alive(db) ? PILOT_OK : pilot_db_reopen(db, error);
        if (!status)
            status = pilot_lease_take(db, shared, endpoint, &taken, error);
        if (status && !pilot_db_is_retryable(error))
            return status;
        if (taken) {
            atomic_store(&shared->lease_deadline_ms, asked_ms + shared->lease_ttl_ms);
            return PILOT_OK;
        }
        if (status)
            pilot_log(PILOT_LOG_WARN, "lease_again", "reason=\"%s\"", error->message);
        else if (!told)
            pilot_log(PILOT_LOG_INFO, "standby", "reason=\"another coordinator holds the lease\"");
        told = true;
        int64_t wait_ms = shared->lease_ttl_ms / 6;
        if (is_ended(signal_fd, wait_ms > 1000 ? 1000 : wait_ms))
            return pilot_error_set(error, PILOT_E_INTERRUPTED,
                                   "interrupted while waiting for the lease");
    }
}

static void fence(pilot_shared_t *shared)
{
    pilot_log(PILOT_LOG_ERROR, "lease_lost", "epoch=%" PRIu64 " reason=\"another took over\"",
              shared->epoch);
    atomic_store(&shared->lease_deadline_ms, 0);
    atomic_store(&shared->fenced, true);
    pilot_mailbox_wake(shared->to_service);
}

static void renew(pilot_keeper_t *keeper, pilot_lease_view_t *view)
{
    pilot_error_t error = {0};
    bool held = false;
    view->tried_ms = pilot_clock_ms();
    pilot_status_t status =
        pilot_db_is_alive(keeper->db) ? PILOT_OK : pilot_db_reopen(keeper->db, &error);
    if (!status)
        status = pilot_lease_renew(keeper->db, keeper->shared, &held, &error);
    if (status) {
        pilot_log(PILOT_LOG_WARN, "lease_not_renewed", "reason=\"%s\"", error.message);
        return;
    }
    view->fenced = !held;
    view->asked_ms = view->tried_ms;
    atomic_store(&keeper->shared->lease_deadline_ms, pilot_lease_deadline(view));
}

static void sleep_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

void *pilot_keeper_main(void *context)
{
    enum { LOOK_MS = 50 };
    pilot_keeper_t *keeper = context;
    pilot_shared_t *shared = keeper->shared;
    pilot_lease_view_t view = {.held = true,
                               .ttl_ms = shared->lease_ttl_ms,
                               .asked_ms = keeper->taken_ms,
                               .tried_ms = keeper->taken_ms};
    while (!atomic_load(&shared->keeper_stop) && !atomic_load(&shared->fenced)) {
        switch (pilot_lease_decide(&view, pilot_clock_ms())) {
        case PILOT_LEASE_RENEW:
        case PILOT_LEASE_TAKE: /* not from here: a holder only renews */
            renew(keeper, &view);
            break;
        case PILOT_LEASE_STOP:
            fence(shared);
            break;
        case PILOT_LEASE_WAIT:
            sleep_ms(LOOK_MS);
            break;
        }
    }
    if (!atomic_load(&shared->fenced) && pilot_db_is_alive(keeper->db))
        pilot_lease_release(keeper->db, shared, NULL);
    pilot_db_close(keeper->db);
    return NULL;
}
