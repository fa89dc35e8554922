/* lease.h - which coordinator may work: rules (pure), and the row in work.lease that they read.
 *
 * The holder renews at a third of the TTL.  It believes in its lease until a deadline on its own
 * monotonic clock, counted from before the renewal was sent, so it stops before the row expires
 * for others.  Whoever finds the row expired raises the epoch; writes under an older epoch fail. */
#ifndef PILOT_LEASE_H
#define PILOT_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "mail.h"
#include "pilot/database.h"

typedef struct pilot_lease_view {
    bool held;   /* we took it */
    bool fenced; /* the row carries another epoch or holder */
    int64_t ttl_ms;
    int64_t asked_ms; /* when the last successful take or renewal was sent */
    int64_t tried_ms; /* when the last try was sent, whatever came of it */
} pilot_lease_view_t;

typedef enum pilot_lease_step {
    PILOT_LEASE_WAIT,  /* nothing to do before pilot_lease_next_ms */
    PILOT_LEASE_TAKE,  /* try to take it */
    PILOT_LEASE_RENEW, /* try to renew it */
    PILOT_LEASE_STOP   /* another one has it: end */
} pilot_lease_step_t;

pilot_lease_step_t pilot_lease_decide(const pilot_lease_view_t *view, int64_t now_ms);
/* Until when the holder may act; 0 when it may not. */
int64_t pilot_lease_deadline(const pilot_lease_view_t *view);
/* When to decide again. */
int64_t pilot_lease_next_ms(const pilot_lease_view_t *view);

/* ---- the row --------------------------------------------------------------------------------- */

/* *ret_taken: it was free, expired, or its holder's process has ended on this machine. */
pilot_status_t pilot_lease_take(pilot_db_t *db, pilot_shared_t *shared, const char *endpoint,
                                bool *ret_taken, pilot_error_t *error);
/* *ret_held false: another coordinator took over. */
pilot_status_t pilot_lease_renew(pilot_db_t *db, const pilot_shared_t *shared, bool *ret_held,
                                 pilot_error_t *error);
pilot_status_t pilot_lease_release(pilot_db_t *db, const pilot_shared_t *shared,
                                   pilot_error_t *error);
/* Last statement before COMMIT of every write: the row's epoch must be ours; it stays locked until
 * the transaction ends.  PILOT_E_FENCED otherwise. */
pilot_status_t pilot_lease_check(pilot_db_t *db, const pilot_shared_t *shared,
                                 pilot_error_t *error);

#endif
