/* dashboard_session.c - sessions that can read dashboard.* and nothing else, whatever the login
 * may. */
#include "dashboard.h"
#include "pilot/memory.h"

/* Its own tables apart, the role may read the schema's version. */
static const char beyond_sql[] =
    "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname IN ('registry', 'outcomes', 'work', 'results') "
    "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND c.oid IS DISTINCT FROM to_regclass('registry.schema_version') "
    "AND (has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE') "
    "OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')) LIMIT 1";

static const char settings_sql[] = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;"
                                   "SET statement_timeout = '20s';"
                                   "SET idle_in_transaction_session_timeout = '60s'";

/* The way back to the login's own rights stays open to SQL; there is no SQL here but ours, with its
 * values apart. */
static pilot_status_t become_dashboard(pilot_db_t *db, pilot_error_t *error)
{
    pilot_error_t answer = {0};
    pilot_status_t status = pilot_db_script(db, "SET ROLE pilot_dashboard", &answer);
    if (status && strcmp(answer.sqlstate, "42501") == 0)
        return pilot_error_set(error, PILOT_E_DATABASE,
                               "this login is no dashboard's: as the owner, `pilot grant dashboard "
                               "%s` makes it one",
                               PQuser(pilot_db_raw(db)));
    if (status) {
        if (error)
            *error = answer;
        return status;
    }
    status = pilot_db_script(db, settings_sql, error);
    PGresult *result = NULL;
    if (!status)
        status = pilot_db_run(db, &result, error, beyond_sql, 0);
    if (!status && PQntuples(result) > 0)
        status =
            pilot_error_set(error, PILOT_E_DATABASE,
                            "the role pilot_dashboard may use %s, which is not for the public: "
                            "revoke that first (docs/operations/rights.md)",
                            PQgetvalue(result, 0, 0));
    PQclear(result);
    return status;
}

pilot_status_t dashboard_session_open(pilot_context_t *context, pilot_db_t **ret_db,
                                      pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_status_t status = pilot_context_db_new(context, &db, error);
    if (!status)
        status = become_dashboard(db, error);
    if (status)
        pilot_db_close(db);
    else
        *ret_db = db;
    return status;
}

pilot_status_t dashboard_session_reopen(pilot_db_t *db, pilot_error_t *error)
{
    pilot_status_t status = pilot_db_reopen(db, error);
    return status ? status : become_dashboard(db, error);
}

pilot_status_t dashboard_query(dashboard_page_t *page, const char *sql, int parameters,
                               const char *const *parameter, PGresult **ret_rows,
                               pilot_error_t *error)
{
    pilot_db_t *db = page->dashboard->db;
    pilot_status_t status = PILOT_OK;
    if (!pilot_db_is_alive(db))
        status = dashboard_session_reopen(db, error);
    if (!status)
        status = pilot_db_query(db, sql, parameters, parameter, ret_rows, error);
    if (status != PILOT_E_DATABASE || pilot_db_is_alive(db))
        return status;
    status = dashboard_session_reopen(db, error);
    return status ? status : pilot_db_query(db, sql, parameters, parameter, ret_rows, error);
}
