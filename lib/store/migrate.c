#include "pilot/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* The files of deploy/sql in order, compiled in; ends with a NULL name. */
extern const struct {
    const char *name; /* 0001_schema */
    const char *sql;
} pilot_migration_table[];

/* "Pilot migration" in the two-key space of advisory locks: two commands at once wait. */
#define LOCK_CLASS "1885957743"

/* From the step that makes the roles on, what a migration makes belongs to pilot_owner. */
#define STEP_OF_ROLES 9

int pilot_migrate_version(void)
{
    int version = 0;
    while (pilot_migration_table[version].name)
        version++;
    return version;
}

/* *ret_version: 0 when none of our schemas exists. */
static pilot_status_t find_version(pilot_db_t *db, int *ret_version, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error,
        "SELECT pg_catalog.to_regclass('registry.schema_version') IS NOT NULL,"
        " (SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname IN"
        " ('registry', 'outcomes', 'work', 'results', 'dashboard')),"
        " COALESCE((SELECT pg_catalog.obj_description(oid, 'pg_namespace') LIKE 'Pilot:%'"
        " FROM pg_catalog.pg_namespace WHERE nspname = 'registry'), false),"
        " pg_catalog.current_setting('server_version_num')::int >= 150000,"
        " pg_catalog.getdatabaseencoding()",
        0);
    if (status)
        return status;
    bool ours = *PQgetvalue(result, 0, 0) == 't' && *PQgetvalue(result, 0, 2) == 't';
    bool none = strcmp(PQgetvalue(result, 0, 1), "0") == 0;
    bool recent = *PQgetvalue(result, 0, 3) == 't';
    bool utf8 = strcmp(PQgetvalue(result, 0, 4), "UTF8") == 0;
    PQclear(result);
    if (!recent)
        return pilot_error_set(error, PILOT_E_SCHEMA, "PostgreSQL 15 or later is needed");
    if (!utf8)
        return pilot_error_set(error, PILOT_E_SCHEMA,
                               "the database's encoding is not UTF8; create one with "
                               "ENCODING 'UTF8' TEMPLATE template0");
    *ret_version = 0;
    if (none)
        return PILOT_OK;
    if (!ours)
        return pilot_error_set(error, PILOT_E_SCHEMA,
                               "this database has a schema named registry, outcomes, work, results "
                               "or dashboard that is not pilot's; use another database");
    status =
        pilot_db_run(db, &result, error,
                     "SELECT COALESCE(max(version), 0), count(*) FROM registry.schema_version", 0);
    if (status)
        return status;
    *ret_version = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return PILOT_OK;
}

static pilot_status_t newer(int version, pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_SCHEMA,
                           "the database's schema has version %d and this program knows %d; "
                           "use a newer pilot",
                           version, pilot_migrate_version());
}

pilot_status_t pilot_db_check_schema(pilot_db_t *db, pilot_error_t *error)
{
    int version = 0;
    pilot_status_t status = find_version(db, &version, error);
    if (status)
        return status;
    if (version > pilot_migrate_version())
        return newer(version, error);
    if (version == 0)
        return pilot_error_set(error, PILOT_E_SCHEMA,
                               "the database has no pilot schema yet; run pilot init");
    if (version < pilot_migrate_version())
        return pilot_error_set(error, PILOT_E_SCHEMA,
                               "the database's schema has version %d, this program needs %d; "
                               "run pilot init",
                               version, pilot_migrate_version());
    return PILOT_OK;
}

static pilot_status_t apply(pilot_db_t *db, int step, pilot_error_t *error)
{
    const char *name = pilot_migration_table[step].name;
    pilot_status_t status =
        step >= STEP_OF_ROLES ? pilot_db_script(db, "SET LOCAL ROLE pilot_owner", error) : PILOT_OK;
    if (!status)
        status = pilot_db_script(db, pilot_migration_table[step].sql, error);
    if (status) {
        pilot_error_prefix(error, "migration %s", name);
        return status;
    }
    char version[16];
    snprintf(version, sizeof version, "%d", step + 1);
    return pilot_db_run(db, NULL, error,
                        "INSERT INTO registry.schema_version (version, name) VALUES ($1, $2)", 2,
                        version, name);
}

static pilot_status_t one_step(pilot_db_t *db, bool *ret_more, pilot_error_t *error)
{
    pilot_status_t status =
        pilot_db_script(db,
                        "BEGIN ISOLATION LEVEL READ COMMITTED;"
                        " SELECT pg_catalog.pg_advisory_xact_lock(" LOCK_CLASS ", 1)",
                        error);
    int version = 0;
    if (!status)
        status = find_version(db, &version, error);
    if (!status && version > pilot_migrate_version())
        status = newer(version, error);
    *ret_more = !status && version < pilot_migrate_version();
    if (*ret_more)
        status = apply(db, version, error);
    if (status) {
        pilot_db_script(db, "ROLLBACK", NULL);
        return status;
    }
    return pilot_db_script(db, "COMMIT", error);
}

pilot_status_t pilot_migrate(pilot_db_t *db, int *ret_steps, pilot_error_t *error)
{
    int steps = 0;
    for (;;) {
        bool more = false;
        pilot_status_t status = one_step(db, &more, error);
        if (status)
            return status;
        if (!more)
            break;
        steps++;
    }
    if (ret_steps)
        *ret_steps = steps;
    return PILOT_OK;
}
