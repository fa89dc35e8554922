/* Migrations: from nothing, from now, from a later version, over schemas that are not ours. */
#include "pilot/migrate.h"

#include "store_cluster.h"

static pilot_error_t error;

/* A session with a new database of the test's cluster. */
static pilot_db_t *new_database(pilot_db_t *db, const char *name, const char *options)
{
    pilot_db_t *fresh = NULL;
    char *sql PILOT_AUTOFREE = pilot_format("CREATE DATABASE %s %s", name, options);
    char *conninfo PILOT_AUTOFREE =
        pilot_format("%s dbname=%s", pilot_cluster_conninfo(test_cluster), name);
    if (pilot_db_script(db, sql, &error) || pilot_db_open(conninfo, "test", &fresh, &error)) {
        printf("Bail out! %s\n", error.message);
        exit(1);
    }
    return fresh;
}

static void check_fresh(pilot_db_t *db)
{
    pilot_db_t *fresh = new_database(db, "fresh", "");
    int steps = -1;
    ok(pilot_db_check_schema(fresh, &error) == PILOT_E_SCHEMA, "an empty database has no schema");
    is_text(error.message, "the database has no pilot schema yet; run pilot init",
            "the message says what to do");
    ok(pilot_migrate(fresh, &steps, &error) == PILOT_OK, "it is migrated");
    ok(steps == pilot_migrate_version() && steps >= 3, "step by step");
    ok(pilot_db_check_schema(fresh, &error) == PILOT_OK, "then its schema is right");
    ok(pilot_migrate(fresh, &steps, &error) == PILOT_OK && steps == 0,
       "and there is no more to do");
    ok(pilot_db_script(fresh, "DELETE FROM registry.schema_version WHERE version > 1", &error) ==
           PILOT_OK,
       "of an older version");
    ok(pilot_db_check_schema(fresh, &error) == PILOT_E_SCHEMA &&
           strstr(error.message, "has version 1, this program needs") &&
           strstr(error.message, "run pilot init"),
       "it is to be migrated");
    ok(pilot_migrate(fresh, &steps, &error) == PILOT_E_DATABASE &&
           strncmp(error.message, "migration 0002_", 15) == 0,
       "a migration that fails is named");
    ok(pilot_db_run(fresh, NULL, &error, "SELECT 1", 0) == PILOT_OK, "and is rolled back");
    ok(pilot_db_script(fresh, "INSERT INTO registry.schema_version VALUES (999, 'later')",
                       &error) == PILOT_OK,
       "of a later version");
    ok(pilot_db_check_schema(fresh, &error) == PILOT_E_SCHEMA &&
           strstr(error.message, "use a newer pilot"),
       "it asks for a newer program");
    ok(pilot_migrate(fresh, &steps, &error) == PILOT_E_SCHEMA, "and is left alone");
    pilot_db_close(fresh);
}

static void check_foreign(pilot_db_t *db)
{
    static const char *const schemas[] = {"registry", "outcomes", "work", "results", "dashboard"};
    pilot_db_t *fresh = new_database(db, "shared", "");
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        char *make PILOT_AUTOFREE = pilot_format("CREATE SCHEMA %s", schemas[i]);
        char *drop PILOT_AUTOFREE = pilot_format("DROP SCHEMA %s", schemas[i]);
        ok(pilot_db_script(fresh, make, &error) == PILOT_OK &&
               pilot_migrate(fresh, NULL, &error) == PILOT_E_SCHEMA,
           "somebody else's schema %s is refused", schemas[i]);
        ok(strstr(error.message, "not pilot's; use another database") != NULL, "and said so");
        ok(pilot_db_check_schema(fresh, &error) == PILOT_E_SCHEMA, "at connecting too");
        pilot_db_script(fresh, drop, &error);
    }
    ok(pilot_db_script(fresh,
                       "CREATE SCHEMA registry; CREATE TABLE registry.schema_version"
                       " (version int, name text)",
                       &error) == PILOT_OK &&
           pilot_migrate(fresh, NULL, &error) == PILOT_E_SCHEMA,
       "a table of the same name does not make it ours");
    PGresult *result = NULL;
    ok(pilot_db_run(fresh, &result, &error,
                    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                    " WHERE nspname = 'registry'",
                    0) == PILOT_OK &&
           strcmp(PQgetvalue(result, 0, 0), "1") == 0,
       "nothing was added to it");
    PQclear(result);
    pilot_db_close(fresh);
    fresh = new_database(db, "latin", "ENCODING 'LATIN1' TEMPLATE template0");
    ok(pilot_migrate(fresh, NULL, &error) == PILOT_E_SCHEMA && strstr(error.message, "UTF8"),
       "another encoding is refused");
    pilot_db_close(fresh);
}

/* Two programs migrate one database at once: one does it, the other finds it done. */
static void check_two_at_once(pilot_db_t *db)
{
    pilot_db_t *first = new_database(db, "twins", "");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pilot_db_t *second = NULL;
        char *conninfo = pilot_format("%s dbname=twins", pilot_cluster_conninfo(test_cluster));
        _exit(pilot_db_open(conninfo, "second", &second, NULL) ||
              pilot_migrate(second, NULL, NULL) || pilot_db_check_schema(second, NULL));
    }
    int state = -1;
    ok(pilot_migrate(first, NULL, &error) == PILOT_OK, "two at once: the first is content");
    ok(waitpid(child, &state, 0) == child && state == 0, "and so is the second");
    pilot_db_close(first);
}

int main(void)
{
    pilot_db_t *db = test_session();
    check_fresh(db);
    check_foreign(db);
    check_two_at_once(db);
    pilot_db_close(db);
    test_leave();
    return tap_done();
}
