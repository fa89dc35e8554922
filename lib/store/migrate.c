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

/* What a login without any right may ask: catalogs only. */
static const char find_sql[] =
    "SELECT COALESCE(c.oid IS NOT NULL"
    " AND pg_catalog.obj_description(n.oid, 'pg_namespace') LIKE 'Pilot:%', false),"
    " (SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname IN"
    " ('registry', 'outcomes', 'work', 'results', 'dashboard')),"
    " COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
    " AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), false),"
    " COALESCE(pg_catalog.pg_get_userbyid(n.nspowner) = 'pilot_owner', false),"
    " pg_catalog.current_setting('server_version_num')::int >= 150000,"
    " pg_catalog.getdatabaseencoding(), current_user"
    " FROM (VALUES (1)) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'registry'"
    " LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'schema_version'";

static bool is_true(const PGresult *result, int column)
{
    return *PQgetvalue(result, 0, column) == 't';
}

/* From version 9 on every role of ours may read the version. */
static pilot_status_t no_role(const PGresult *result, pilot_error_t *error)
{
    if (!is_true(result, 3))
        return pilot_error_set(error, PILOT_E_SCHEMA,
                               "the database's schema is older than this program, which needs "
                               "version %d; run pilot init as its owner",
                               pilot_migrate_version());
    return pilot_error_set(error, PILOT_E_SCHEMA,
                           "the login '%.63s' has no role of pilot's in this database; the DBA "
                           "gives it one with pilot grant",
                           PQgetvalue(result, 0, 6));
}

/* *ret_version: 0 when none of our schemas exists, -1 when they are ours and it has to be read. */
static pilot_status_t judge_database(const PGresult *result, int *ret_version, pilot_error_t *error)
{
    if (!is_true(result, 4))
        return pilot_error_set(error, PILOT_E_SCHEMA, "PostgreSQL 15 or later is needed");
    if (strcmp(PQgetvalue(result, 0, 5), "UTF8") != 0)
        return pilot_error_set(error, PILOT_E_SCHEMA,
                               "the database's encoding is not UTF8; create one with "
                               "ENCODING 'UTF8' TEMPLATE template0");
    bool none = strcmp(PQgetvalue(result, 0, 1), "0") == 0;
    if (!none && !is_true(result, 0))
        return pilot_error_set(error, PILOT_E_SCHEMA,
                               "this database has a schema named registry, outcomes, work, results "
                               "or dashboard that is not pilot's; use another database");
    if (!none && !is_true(result, 2))
        return no_role(result, error);
    *ret_version = none ? 0 : -1;
    return PILOT_OK;
}

/* *ret_version: 0 when none of our schemas exists. */
static pilot_status_t find_version(pilot_db_t *db, int *ret_version, pilot_error_t *error)
{
    PGresult *result = NULL;
    int version = 0;
    pilot_status_t status = pilot_db_run(db, &result, error, find_sql, 0);
    if (!status)
        status = judge_database(result, &version, error);
    PQclear(result);
    if (status || version == 0) {
        *ret_version = 0;
        return status;
    }
    result = NULL;
    status = pilot_db_run(db, &result, error,
                          "SELECT COALESCE(max(version), 0) FROM registry.schema_version", 0);
    if (!status)
        *ret_version = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return status;
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

/* May this login migrate?  Asked first, for an error that says what it lacks. */
static pilot_status_t check_rights(pilot_db_t *db, int version, pilot_error_t *error)
{
    static const char sql[] =
        "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),"
        " r.rolsuper OR r.rolcreaterole OR (SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname"
        " IN ('pilot_owner', 'pilot_evaluator', 'pilot_agency', 'pilot_coordinator',"
        " 'pilot_worker', 'pilot_dashboard', 'pilot_auditor')) = 7,"
        " EXISTS (SELECT FROM pg_catalog.pg_roles o WHERE o.rolname = 'pilot_owner'"
        " AND pg_catalog.pg_has_role(o.oid, 'MEMBER')), pg_catalog.current_database(), r.rolname"
        " FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, sql, 0);
    if (status)
        return status;
    const char *database = PQgetvalue(result, 0, 3), *login = PQgetvalue(result, 0, 4);
    if (version < STEP_OF_ROLES && !is_true(result, 0))
        status = pilot_error_set(error, PILOT_E_SCHEMA,
                                 "pilot init makes schemas in database \"%s\", which '%s' may not: "
                                 "run it as the database's owner or as a superuser",
                                 database, login);
    else if (version < STEP_OF_ROLES && !is_true(result, 1))
        status = pilot_error_set(error, PILOT_E_SCHEMA,
                                 "pilot init makes roles (pilot_owner, pilot_agency, ...), which "
                                 "'%s' may not: run it as a superuser, or with CREATEROLE",
                                 login);
    else if (version >= STEP_OF_ROLES && !is_true(result, 2))
        status = pilot_error_set(error, PILOT_E_SCHEMA,
                                 "the tables belong to pilot_owner: run pilot init as a superuser, "
                                 "or have the DBA GRANT pilot_owner TO \"%s\"",
                                 login);
    PQclear(result);
    return status;
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
        status = check_rights(db, version, error);
    if (*ret_more && !status)
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
