#include "register.h"

#include <inttypes.h>

#include "unit_ids.h"

/* One more element of a PostgreSQL array literal; the caller adds the braces. */
static void append_element(pilot_text_t *array, const char *text)
{
    pilot_text_append(array, array->length > 1 ? ",\"" : "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            pilot_text_append_char(array, '\\');
        pilot_text_append_char(array, *text);
    }
    pilot_text_append_char(array, '"');
}

static const char *column_type(pilot_value_kind_t kind)
{
    switch (kind) {
    case PILOT_VALUE_UNIT:
    case PILOT_VALUE_AGENCY:
        return "text";
    case PILOT_VALUE_ARM:
        return "int2";
    case PILOT_VALUE_CODE:
    case PILOT_VALUE_CATEGORY:
        return "int4";
    case PILOT_VALUE_NUMBER:
    case PILOT_VALUE_WEIGHT:
    case PILOT_VALUE_SHARE:
    case PILOT_VALUE_BINARY:
    case PILOT_VALUE_SUCCESS:
    case PILOT_VALUE_LEVEL:
    case PILOT_VALUE_COUNT:
    case PILOT_VALUE_DURATION:
    case PILOT_VALUE_RECEIVED:
        return "float8";
    }
    return "float8";
}

static pilot_status_t read_registered(const PGresult *result, pilot_registered_t *ret_registered,
                                      pilot_error_t *error)
{
    const char *plan = PQgetvalue(result, 0, 0), *version = PQgetvalue(result, 0, 1);
    if (!pilot_int64_parse(plan, strlen(plan), &ret_registered->plan) ||
        !pilot_int64_parse(version, strlen(version), &ret_registered->version))
        return pilot_error_set(error, PILOT_E_BUG, "registry.register_plan returned no ids");
    ret_registered->is_new = PQgetvalue(result, 0, 2)[0] == 't';
    return PILOT_OK;
}

pilot_status_t pilot_register_plan(pilot_db_t *db, const pilot_plan_t *plan,
                                   pilot_registered_t *ret_registered, pilot_error_t *error)
{
    size_t count = 0;
    const pilot_stored_column_t *column = pilot_plan_stored_columns(plan, &count);
    pilot_text_t columns = PILOT_TEXT_INIT, types = PILOT_TEXT_INIT;
    pilot_text_append_char(&columns, '{');
    pilot_text_append_char(&types, '{');
    for (size_t i = 0; i < count; i++) {
        append_element(&columns, column[i].name);
        append_element(&types, column_type(column[i].kind));
    }
    pilot_text_append_char(&columns, '}');
    pilot_text_append_char(&types, '}');
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error,
        "SELECT plan, version, is_new "
        "FROM registry.register_plan($1, $2, $3, $4, $5::text[], $6::text[])",
        6, plan->pilot, plan->sha256, plan->json, plan->source, columns.data, types.data);
    if (!status)
        status = read_registered(result, ret_registered, error);
    PQclear(result);
    pilot_text_clear(&columns);
    pilot_text_clear(&types);
    return status;
}

void pilot_register_say_not_computed(const pilot_context_t *context, const pilot_plan_t *plan)
{
    pilot_text_t lines = PILOT_TEXT_INIT;
    pilot_plan_not_computed(plan, &lines);
    if (lines.length > 0)
        fputs(lines.data, stderr);
    pilot_unit_ids_say(context, plan);
    pilot_text_clear(&lines);
}

/* ---- what the new version means -------------------------------------------------------------- */

static const char lock_sql[] =
    "SELECT l.plan_version, l.locked_by, to_char(l.locked_at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD HH24:MI \"UTC\"'), v.submissions_before, work.why_late($3::bigint) "
    "FROM results.plans v LEFT JOIN results.plans l ON l.pilot = v.pilot AND l.locked_by IS NOT "
    "NULL "
    "WHERE v.pilot = $1 AND v.plan_version = $2::int";

static void tell_lock(const PGresult *result, const char *pilot, const char *version)
{
    bool locked = !PQgetisnull(result, 0, 0), late = !PQgetisnull(result, 0, 4);
    const char *before = PQgetvalue(result, 0, 3);
    if (late && locked)
        pilot_say("version %s was locked when analysis %s was launched (%s): analyses of version "
                  "%s are deviations and not confirmatory; pilot diff %s shows what differs",
                  PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2),
                  version, pilot);
    else if (late)
        pilot_say("%s submission%s had arrived: analyses of version %s are not confirmatory; "
                  "pilot diff %s --from 1 shows what differs",
                  before, strcmp(before, "1") == 0 ? "" : "s", version, pilot);
    else if (strcmp(before, "0") != 0)
        pilot_say("version %s is, unchanged, the plan in force when data arrived: analyses of it "
                  "are confirmatory",
                  version);
}

pilot_status_t pilot_register_say_lock(pilot_db_t *db, const char *pilot,
                                       const pilot_registered_t *registered, pilot_error_t *error)
{
    char version[24], plan[24];
    snprintf(version, sizeof version, "%" PRId64, registered->version);
    snprintf(plan, sizeof plan, "%" PRId64, registered->plan);
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, lock_sql, 3, pilot, version, plan);
    if (!status && PQntuples(result) > 0)
        tell_lock(result, pilot, version);
    PQclear(result);
    return status;
}
