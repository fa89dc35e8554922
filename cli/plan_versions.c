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

/* 127 .. 159 may stand in JSON as they are, and not in YAML: they become blanks. */
static const char released_sql[] =
    "SELECT v.plan_version, regexp_replace(v.content, '([\\x7f-\\x9f])', ' ', 'g'), "
    "v.plan_sha256, NULL, to_char(v.registered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), NULL, NULL, "
    "v.in_force FROM dashboard.plans v WHERE v.pilot = $1 ORDER BY v.plan_version";

static const char *text_at(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

static void take_versions(PGresult *result, pilot_plan_versions_t *ret_versions)
{
    int rows = PQntuples(result);
    pilot_plan_version_t *version = PILOT_NEW_ARRAY(pilot_plan_version_t, (size_t)rows + 1);
    for (int row = 0; row < rows; row++)
        version[row] =
            (pilot_plan_version_t){.version = (int)strtol(PQgetvalue(result, row, 0), NULL, 10),
                                   .source = PQgetvalue(result, row, 1),
                                   .sha256 = PQgetvalue(result, row, 2),
                                   .registered_by = text_at(result, row, 3),
                                   .registered_at = PQgetvalue(result, row, 4),
                                   .submissions_before = text_at(result, row, 5),
                                   .locked_at = text_at(result, row, 6),
                                   .in_force = *PQgetvalue(result, row, 7) == 't'};
    *ret_versions =
        (pilot_plan_versions_t){.version = version, .count = (size_t)rows, .result = result};
}

pilot_status_t pilot_plan_versions_read(pilot_db_t *db, const char *pilot,
                                        pilot_plan_versions_t *ret_versions, pilot_error_t *error)
{
    *ret_versions = (pilot_plan_versions_t){0};
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, versions_sql, 1, pilot);
    if (status)
        return status;
    if (PQntuples(result) == 0) {
        PQclear(result);
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "there is no pilot '%s'; `pilot status` lists what there is", pilot);
    }
    take_versions(result, ret_versions);
    return PILOT_OK;
}

pilot_status_t pilot_plan_versions_read_released(pilot_db_t *db, const char *pilot,
                                                 pilot_plan_versions_t *ret_versions,
                                                 pilot_error_t *error)
{
    *ret_versions = (pilot_plan_versions_t){0};
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, released_sql, 1, pilot);
    if (!status)
        take_versions(result, ret_versions);
    return status;
}

void pilot_plan_versions_clear(pilot_plan_versions_t *versions)
{
    free(versions->version);
    PQclear(versions->result);
    *versions = (pilot_plan_versions_t){0};
}

pilot_status_t pilot_plan_versions_attribute(const pilot_plan_versions_t *versions, size_t from,
                                             size_t to, const pilot_plan_diff_t *diff,
                                             size_t *ret_by, pilot_error_t *error)
{
    for (size_t i = 0; i < diff->count; i++)
        ret_by[i] = to;
    if (to <= from)
        return PILOT_OK;
    for (size_t v = from + 1; v <= to; v++) {
        pilot_plan_diff_t step;
        pilot_status_t status = pilot_plan_diff(versions->version[v - 1].source,
                                                versions->version[v].source, &step, error);
        for (size_t i = 0; !status && i < diff->count; i++)
            for (size_t k = 0; k < step.count; k++)
                if (pilot_plan_paths_meet(diff->change[i].path, step.change[k].path))
                    ret_by[i] = v;
        pilot_plan_diff_clear(&step);
        if (status)
            return status;
    }
    return PILOT_OK;
}
