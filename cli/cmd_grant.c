/* cmd_grant.c - `pilot grant`, `pilot revoke`, `pilot grants`: who may do what on a server.
 * PostgreSQL's roles and registry.grants are the truth; rights: docs/operations/rights.md */
#include "commands.h"
#include "pilot/memory.h"
#include "pilot/suggest.h"
#include "table.h"

static const char *const role_names[] = {"agency", "evaluator", "coordinator",
                                         "worker", "dashboard", "auditor"};

typedef struct grant_request {
    const char *pilot, *login;
    const char *role, *name; /* operands: "agency" and its name, or another role and a login */
    bool agency;
} grant_request_t;

static pilot_status_t check_role(const char *name, pilot_error_t *error)
{
    pilot_suggest_t suggest = PILOT_SUGGEST_INIT(name);
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++) {
        if (strcmp(role_names[i], name) == 0)
            return PILOT_OK;
        pilot_suggest_offer(&suggest, role_names[i]);
    }
    if (strcmp(name, "owner") == 0)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "owners are made by PostgreSQL itself: GRANT pilot_owner TO login, "
                               "as a superuser");
    if (suggest.best)
        return pilot_error_set(error, PILOT_E_USAGE, "there is no role '%s': did you mean '%s'?",
                               name, suggest.best);
    return pilot_error_set(error, PILOT_E_USAGE,
                           "there is no role '%s': agency, evaluator, coordinator, worker, "
                           "dashboard, auditor",
                           name);
}

static pilot_status_t check_request(grant_request_t *request, const char *command,
                                    pilot_error_t *error)
{
    pilot_status_t status = check_role(request->role, error);
    if (status)
        return status;
    request->agency = strcmp(request->role, "agency") == 0;
    if (request->agency && (!request->pilot || !request->login))
        return pilot_error_set(error, PILOT_E_USAGE,
                               "%s is missing: pilot %s agency NAME --pilot PILOT --login LOGIN",
                               request->pilot ? "--login" : "--pilot", command);
    if (!request->agency && (request->pilot || request->login))
        return pilot_error_set(error, PILOT_E_USAGE,
                               "%s is for agencies: pilot %s %s LOGIN (for all pilots)",
                               request->pilot ? "--pilot" : "--login", command, request->role);
    return PILOT_OK;
}

/* Grants are a server's matter, and its owners'. */
static pilot_status_t open_as_owner(pilot_context_t *context, pilot_db_t **ret_db,
                                    pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_context_db(context, ret_db, error);
    if (!status)
        status = pilot_db_run(*ret_db, &result, error,
                              "SELECT pg_has_role(session_user, 'pilot_owner', 'MEMBER'), "
                              "session_user",
                              0);
    if (!status && PQgetvalue(result, 0, 0)[0] != 't')
        status = pilot_error_set(error, PILOT_E_DATABASE,
                                 "only owners grant and revoke, and the login '%s' is none; "
                                 "connect as one (a member of pilot_owner)",
                                 PQgetvalue(result, 0, 1));
    PQclear(result);
    return status;
}

static pilot_status_t refuse_embedded(const pilot_context_t *context, pilot_error_t *error)
{
    if (!pilot_context_is_embedded(context))
        return PILOT_OK;
    return pilot_error_set(error, PILOT_E_USAGE,
                           "here everybody who can open the folder is the owner and may do "
                           "everything; roles are for a server (--db CONNINFO)");
}

static pilot_status_t change_agency(pilot_db_t *db, const grant_request_t *request, bool grant,
                                    pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error,
                                         grant ? "SELECT registry.grant_agency($1, $2, $3)"
                                               : "SELECT registry.revoke_agency($1, $2, $3)",
                                         3, request->pilot, request->name, request->login);
    if (status)
        return status;
    bool changed = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    if (grant)
        pilot_say(changed ? "%s submits for agency %s of pilot %s from now on"
                          : "%s submits for agency %s of pilot %s already",
                  request->login, request->name, request->pilot);
    else if (changed)
        pilot_say("%s submits no longer for agency %s of pilot %s", request->login, request->name,
                  request->pilot);
    else
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "%s was not granted agency '%s' of pilot %s; pilot grants lists "
                               "who is",
                               request->login, request->name, request->pilot);
    return PILOT_OK;
}

static pilot_status_t change_role(pilot_db_t *db, const grant_request_t *request, bool grant,
                                  pilot_error_t *error)
{
    PILOT_AUTOFREE char *role = pilot_format("pilot_%s", request->role);
    PGresult *result = NULL;
    /* Of the membership itself: owners and superusers are members of everything. */
    pilot_status_t status =
        pilot_db_run(db, &result, error,
                     "SELECT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON "
                     "r.oid = m.roleid JOIN pg_roles l ON l.oid = m.member WHERE r.rolname = $1 "
                     "AND l.rolname = $2)",
                     2, role, request->name);
    if (status)
        return status;
    bool is_member = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    status = pilot_db_run(db, NULL, error,
                          grant ? "SELECT registry.grant_role($1, $2)"
                                : "SELECT registry.revoke_role($1, $2)",
                          2, role, request->name);
    if (status)
        return status;
    if (!grant && !is_member)
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "%s was not granted %s; pilot grants lists who is", request->name,
                               request->role);
    pilot_say(!grant      ? "%s is %s no longer"
              : is_member ? "%s is %s already"
                          : "%s is %s from now on",
              request->name, request->role);
    return PILOT_OK;
}

static pilot_status_t change(pilot_context_t *context, bool grant, int argc, char **argv,
                             pilot_error_t *error)
{
    grant_request_t request = {0};
    const pilot_option_t options[] = {{.name = "pilot",
                                       .type = PILOT_OPTION_TEXT,
                                       .target = &request.pilot,
                                       .argument = "PILOT",
                                       .help = "agency: of this pilot"},
                                      {.name = "login",
                                       .type = PILOT_OPTION_TEXT,
                                       .target = &request.login,
                                       .argument = "LOGIN",
                                       .help = "agency: the PostgreSQL login that submits for it"},
                                      PILOT_CONTEXT_OPTIONS(context),
                                      {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "ROLE NAME",
        grant ? "Lets a login of the server do what a role may: ROLE is evaluator, coordinator, "
                "worker, dashboard or auditor and NAME the login; or ROLE is agency and NAME the "
                "agency, with --pilot and --login."
              : "Takes a role away from a login again; ROLE and NAME as for pilot grant.  What "
                "the login submitted stays.",
        2, 2, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    request.role = argv[1];
    request.name = argv[2];
    status = check_request(&request, grant ? "grant" : "revoke", error);
    if (!status)
        status = refuse_embedded(context, error);
    pilot_db_t *db = NULL;
    if (!status)
        status = open_as_owner(context, &db, error);
    if (status)
        return status;
    return request.agency ? change_agency(db, &request, grant, error)
                          : change_role(db, &request, grant, error);
}

pilot_status_t pilot_cmd_grant(pilot_context_t *context, int argc, char **argv,
                               pilot_error_t *error)
{
    return change(context, true, argc, argv, error);
}

pilot_status_t pilot_cmd_revoke(pilot_context_t *context, int argc, char **argv,
                                pilot_error_t *error)
{
    return change(context, false, argc, argv, error);
}

/* $1: a pilot, or NULL for all of them and the roles that are for all pilots. */
static const char grants_sql[] =
    "SELECT g.role, g.login, g.pilot, g.agency, g.granted_by, g.granted_at FROM ("
    "SELECT 'agency' AS role, COALESCE(l.rolname::text, '(dropped login ' || g.login::oid || ')') "
    "AS login, p.name AS pilot, a.name AS agency, g.granted_by, "
    "to_char(g.granted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"') AS granted_at, 1 AS "
    "place "
    "FROM registry.grants g JOIN registry.agencies a USING (agency) "
    "JOIN registry.pilots p USING (pilot) LEFT JOIN pg_roles l ON l.oid = g.login "
    "WHERE $1::text IS NULL OR p.name = $1 UNION ALL "
    "SELECT substr(r.rolname, 7), l.rolname, NULL, NULL, NULL, NULL, 0 FROM pg_auth_members m "
    "JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles l ON l.oid = m.member WHERE $1::text IS "
    "NULL "
    "AND r.rolname IN ('pilot_owner', 'pilot_evaluator', 'pilot_coordinator', 'pilot_worker', "
    "'pilot_dashboard', 'pilot_auditor') AND l.rolname <> 'pilot_owner') AS g "
    "ORDER BY g.place, CASE WHEN g.place = 0 THEN g.role END COLLATE \"C\", g.pilot COLLATE \"C\", "
    "g.agency COLLATE \"C\", g.login COLLATE \"C\"";

static pilot_status_t print_grants(const pilot_context_t *context, const PGresult *result,
                                   pilot_error_t *error)
{
    pilot_table_t *table = pilot_table_new(context->width);
    static const char *const headers[] = {"role", "login", "pilot", "agency", "granted by", "at"};
    static const int drops[] = {0, 0, 0, 0, 1, 2};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        pilot_table_column(table, headers[i], false, drops[i]);
    for (int row = 0; row < PQntuples(result); row++) {
        pilot_table_row(table);
        for (int column = 0; column < PQnfields(result); column++)
            pilot_table_cell_text(table, PQgetvalue(result, row, column));
    }
    pilot_status_t status = pilot_table_print(table, stdout, error);
    pilot_table_free(table);
    return status;
}

pilot_status_t pilot_cmd_grants(pilot_context_t *context, int argc, char **argv,
                                pilot_error_t *error)
{
    const char *pilot = NULL;
    const pilot_option_t options[] = {{.name = "pilot",
                                       .type = PILOT_OPTION_TEXT,
                                       .target = &pilot,
                                       .argument = "PILOT",
                                       .help = "only the agencies of this pilot"},
                                      PILOT_CONTEXT_OPTIONS(context),
                                      {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "", "Lists which login has which role, and submits for which agency.", 0,
        0, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    status = refuse_embedded(context, error);
    pilot_db_t *db = NULL;
    if (!status)
        status = pilot_context_db(context, &db, error);
    PGresult *result = NULL;
    if (!status && pilot)
        status = pilot_db_run(db, NULL, error, "SELECT registry.find_pilot($1)", 1, pilot);
    if (!status)
        status = pilot_db_run(db, &result, error, grants_sql, 1, pilot);
    if (!status && PQntuples(result) == 0)
        pilot_say("nothing is granted yet; pilot grant --help");
    else if (!status)
        status = print_grants(context, result, error);
    PQclear(result);
    return status;
}
