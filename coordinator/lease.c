/* lease.c - the rules; lease_row.c has the SQL. */
#include "lease.h"

pilot_lease_step_t pilot_lease_decide(const pilot_lease_view_t *view, int64_t now_ms)
{
    if (view->fenced)
        return PILOT_LEASE_STOP;
    if (now_ms < pilot_lease_next_ms(view))
        return PILOT_LEASE_WAIT;
    return view->held ? PILOT_LEASE_RENEW : PILOT_LEASE_TAKE;
}

int64_t pilot_lease_deadline(const pilot_lease_view_t *view)
{
    return view->held && !view->fenced ? view->asked_ms + view->ttl_ms : 0;
}

int64_t pilot_lease_next_ms(const pilot_lease_view_t *view)
{
    int64_t wait_ms = view->ttl_ms / 3;
    if (view->held && view->tried_ms > view->asked_ms)
        wait_ms = view->ttl_ms / 10; /* the last renewal failed: there is still time */
    return view->tried_ms ? view->tried_ms + (wait_ms > 10 ? wait_ms : 10) : 0;
}
