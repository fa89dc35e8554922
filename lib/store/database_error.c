/* From PostgreSQL's errors to ours: one line, a status by SQLSTATE, and never a person's value. */
#include "session.h"

#include <string.h>

#include "pilot/memory.h"

static const struct {
    const char *sqlstate;
    pilot_status_t status;
} our_states[] = {
    {"PL001", PILOT_E_NOT_FOUND}, {"PL002", PILOT_E_DATA},      {"PL003", PILOT_E_USAGE},
    {"PL004", PILOT_E_SCHEMA},    {"PL005", PILOT_E_WITHDRAWN},
};

static pilot_status_t status_of(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof our_states / sizeof *our_states; i++)
        if (strcmp(sqlstate, our_states[i].sqlstate) == 0)
            return our_states[i].status;
    return PILOT_E_DATABASE;
}

/* Errors of class 22 quote the value that was wrong, and a value may hold quotes itself: all
 * between the first quote and the last one goes. */
static void hide_quoted(char *message)
{
    char *first = strchr(message, '"');
    char *last = strrchr(message, '"');
    if (first && first < last)
        memmove(first + 1, last, strlen(last) + 1);
}

static const char *advice_for(const char *sqlstate)
{
    if (strcmp(sqlstate, "53100") == 0)
        return ": the database's disk is full; make room there";
    if (strcmp(sqlstate, "42501") == 0)
        return ": this login has no role that may do so; the DBA gives roles with pilot grant";
    return "";
}

pilot_status_t pilot_db_error(pilot_db_t *db, const PGresult *result, pilot_error_t *error)
{
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!sqlstate || !primary) {
        const char *text = db->connection ? PQerrorMessage(db->connection) : "";
        return pilot_error_set(error, PILOT_E_DATABASE, "PostgreSQL: %s",
                               *text ? text : "the connection is lost");
    }
    char *message PILOT_AUTOFREE = pilot_strdup(primary);
    if (strncmp(sqlstate, "22", 2) == 0)
        hide_quoted(message);
    pilot_status_t status = status_of(sqlstate);
    bool ours = strncmp(sqlstate, "PL", 2) == 0;
    pilot_error_set(error, status, "%s%s%s", ours ? "" : "PostgreSQL: ", message,
                    advice_for(sqlstate));
    if (error)
        memcpy(error->sqlstate, sqlstate, strnlen(sqlstate, sizeof error->sqlstate - 1) + 1);
    return status;
}

bool pilot_db_is_full(const pilot_error_t *error)
{
    return error->status == PILOT_E_DATABASE && strcmp(error->sqlstate, "53300") == 0;
}

bool pilot_db_is_retryable(const pilot_error_t *error)
{
    static const char *const states[] = {
        "40001", "40P01",                   /* serialization, deadlock */
        "53300",                            /* too many connections */
        "55P03",                            /* lock not available */
        "57P01", "57P02", "57P03", "57P05", /* shutdown, crash, starting up, idle timeout */
        "25006", /* read-only: a failover left us on a standby; connect again */
    };
    if (error->status != PILOT_E_DATABASE)
        return false;
    if (!*error->sqlstate || strncmp(error->sqlstate, "08", 2) == 0)
        return true;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(error->sqlstate, states[i]) == 0)
            return true;
    return false;
}
