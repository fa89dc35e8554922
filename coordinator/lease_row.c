#include "lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool first_value(const PGresult *result, uint64_t *ret_value)
{
    if (PQntuples(result) < 1 || PQgetisnull(result, 0, 0))
        return false;
    *ret_value = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    return true;
}

/* Does the statement give a row with a number?  Its parameters are text. */
static pilot_status_t run(pilot_db_t *db, const char *sql, int count, const char *const *parameter,
                          bool *ret_any, uint64_t *ret_value, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_query(db, sql, count, parameter, &result, error);
    if (status)
        return status;
    *ret_any = first_value(result, ret_value);
    PQclear(result);
    return PILOT_OK;
}

/* The holder's name if its process has certainly ended, else an empty text. */
static pilot_status_t find_dead_holder(pilot_db_t *db, char name[PILOT_HOLDER_SIZE],
                                       pilot_error_t *error)
{
    PGresult *result = NULL;
    name[0] = '\0';
    pilot_status_t status =
        pilot_db_run(db, &result, error, "SELECT holder FROM work.lease WHERE holder <> ''", 0);
    if (!status && PQntuples(result) && pilot_holder_is_dead(PQgetvalue(result, 0, 0)))
        snprintf(name, PILOT_HOLDER_SIZE, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return status;
}

pilot_status_t pilot_lease_take(pilot_db_t *db, pilot_shared_t *shared, const char *endpoint,
                                bool *ret_taken, pilot_error_t *error)
{
    char ttl[32], dead[PILOT_HOLDER_SIZE];
    pilot_status_t status = find_dead_holder(db, dead, error);
    if (status)
        return status;
    snprintf(ttl, sizeof ttl, "%" PRId64, shared->lease_ttl_ms);
    const char *parameter[] = {shared->holder, endpoint, ttl, dead};
    return run(db,
               "UPDATE work.lease SET epoch = epoch + 1, holder = $1, endpoint = $2, expires_at = "
               "clock_timestamp() + $3::bigint * interval '1 millisecond' "
               "WHERE holder IS NULL OR expires_at < clock_timestamp() OR holder = $4 "
               "RETURNING epoch",
               4, parameter, ret_taken, &shared->epoch, error);
}

pilot_status_t pilot_lease_renew(pilot_db_t *db, const pilot_shared_t *shared, bool *ret_held,
                                 pilot_error_t *error)
{
    char ttl[32], epoch[32];
    uint64_t ignored;
    snprintf(ttl, sizeof ttl, "%" PRId64, shared->lease_ttl_ms);
    snprintf(epoch, sizeof epoch, "%" PRIu64, shared->epoch);
    const char *parameter[] = {shared->holder, epoch, ttl};
    return run(db,
               "UPDATE work.lease SET expires_at = clock_timestamp() + $3::bigint * "
               "interval '1 millisecond' WHERE holder = $1 AND epoch = $2::bigint RETURNING epoch",
               3, parameter, ret_held, &ignored, error);
}

pilot_status_t pilot_lease_release(pilot_db_t *db, const pilot_shared_t *shared,
                                   pilot_error_t *error)
{
    char epoch[32];
    snprintf(epoch, sizeof epoch, "%" PRIu64, shared->epoch);
    return pilot_db_run(db, NULL, error,
                        "UPDATE work.lease SET holder = NULL, endpoint = NULL, expires_at = NULL "
                        "WHERE holder = $1 AND epoch = $2::bigint",
                        2, shared->holder, epoch);
}

pilot_status_t pilot_lease_check(pilot_db_t *db, const pilot_shared_t *shared, pilot_error_t *error)
{
    bool any = false;
    uint64_t epoch = 0;
    /* What is left to the commit waits for others (the audit log's head): before we hold the row
     * that the renewal of the lease waits for. */
    pilot_status_t status = pilot_db_script(db, "SET CONSTRAINTS ALL IMMEDIATE", error);
    if (!status)
        status = run(db, "SELECT epoch FROM work.lease FOR SHARE", 0, NULL, &any, &epoch, error);
    if (!status && (!any || epoch != shared->epoch))
        return pilot_error_set(error, PILOT_E_FENCED,
                               "another coordinator has taken over (epoch %" PRIu64
                               ", ours %" PRIu64 ")",
                               epoch, shared->epoch);
    return status;
}
