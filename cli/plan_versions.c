#include "plan_versions.h"

#include <stdlib.h>

#include "pilot/memory.h"

/* Versions have no gaps. */
static const char versions_sql[] =
    "SELECT v.plan_version, p.source, v.plan_sha256, v.registered_by, "
    "to_char(v.registered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
    "v.submissions_before, "
    "to_char(v.locked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), v.in_force "
    "FROM results.plans v JOIN registry.pilots g ON g.name = v.pilot "
    "JOIN registry.plans p ON p.pilot = g.pilot AND p.version = v.plan_version "
    "WHERE v.pilot = $1 ORDER BY v.plan_version";

pilot_status_t pilot_plan_versions_read(pilot_db_t *db, const char *pilot,
                                        pilot_plan_versions_t *ret_versions, pilot_error_t *error)
{
    *ret_versions = (pilot_plan_versions_t){0};
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, versions_sql, 1, pilot);
    if (status)
        return status;
    int rows = PQntuples(result);
    if (rows == 0) {
        PQclear(result);
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "there is no pilot '%s'; `pilot status` lists what there is", pilot);
    }
    pilot_plan_version_t *version = PILOT_NEW_ARRAY(pilot_plan_version_t, (size_t)rows);
    for (int row = 0; row < rows; row++)
        version[row] = (pilot_plan_version_t){
            .version = (int)strtol(PQgetvalue(result, row, 0), NULL, 10),
            .source = PQgetvalue(result, row, 1),
            .sha256 = PQgetvalue(result, row, 2),
            .registered_by = PQgetvalue(result, row, 3),
            .registered_at = PQgetvalue(result, row, 4),
            .submissions_before = PQgetvalue(result, row, 5),
            .locked_at = PQgetisnull(result, row, 6) ? NULL : PQgetvalue(result, row, 6),
            .in_force = *PQgetvalue(result, row, 7) == 't'};
    *ret_versions =
        (pilot_plan_versions_t){.version = version, .count = (size_t)rows, .result = result};
    return PILOT_OK;
}

void pilot_plan_versions_clear(pilot_plan_versions_t *versions)
{
    free(versions->version);
    PQclear(versions->result);
    *versions = (pilot_plan_versions_t){0};
}
