#include "session.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/clock.h"
#include "pilot/debug_point.h"
#include "pilot/memory.h"

#define CONNECT_TIMEOUT_S 15
#define LEAST_SERVER 150000
#define CANCEL_PATIENCE_MS 5000
#define CANCEL_AGAIN_MS 100

/* Where neither the conninfo nor a PG* variable says otherwise.  tcp_user_timeout equals the
 * connect timeout so that a host that swallows packets gives way to the next of a list. */
static const struct {
    const char *keyword, *value;
} connection_defaults[] = {
    {"connect_timeout", "15"},     {"keepalives", "1"},       {"keepalives_idle", "30"},
    {"keepalives_interval", "10"}, {"keepalives_count", "3"}, {"tcp_user_timeout", "15000"},
};

/* What our queries and their readers rely on, whatever the role or database has set. */
static const char session_settings[] =
    "SELECT pg_catalog.set_config(name, value, false) FROM (VALUES"
    " ('search_path', 'pg_catalog, pg_temp'), ('client_encoding', 'UTF8'), ('TimeZone', 'UTC'),"
    " ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'), ('extra_float_digits', '1'),"
    " ('bytea_output', 'hex'), ('standard_conforming_strings', 'on'),"
    " ('client_min_messages', 'error'), ('client_connection_check_interval', '5s'),"
    /* A client whose network is gone is noticed by the server as soon as the server by us. */
    " ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'),"
    " ('tcp_keepalives_count', '3'))"
    " AS setting (name, value)";

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context, (void)result;
}

bool pilot_db_interrupted(const pilot_db_t *db)
{
    if (db->interrupt_fd < 0)
        return false;
    struct pollfd wait = {.fd = db->interrupt_fd, .events = POLLIN};
    return poll(&wait, 1, 0) > 0;
}

pilot_status_t pilot_db_wait(pilot_db_t *db, short events, int timeout_ms, short *ret_events,
                             pilot_error_t *error)
{
    int64_t deadline = db->deadline_ms ? db->deadline_ms : INT64_MAX;
    if (timeout_ms >= 0)
        deadline = pilot_clock_ms() + timeout_ms;
    for (;;) {
        struct pollfd wait[2] = {
            {.fd = PQsocket(db->connection), .events = events},
            {.fd = db->interrupt_fd, .events = POLLIN}, /* -1: poll ignores it */
        };
        int64_t left = deadline - pilot_clock_ms();
        int ready = poll(wait, 2, deadline == INT64_MAX ? -1 : left > 0 ? (int)left : 0);
        if (ready > 0 && wait[1].revents)
            return pilot_error_set(error, PILOT_E_INTERRUPTED, "interrupted");
        if (ready > 0) {
            if (ret_events)
                *ret_events = wait[0].revents;
            return PILOT_OK;
        }
        if (ready == 0)
            return pilot_error_set(error, PILOT_E_DATABASE, "PostgreSQL did not answer in time");
    }
}

/* ---- connect --------------------------------------------------------------------------------- */

typedef struct parameters {
    const char *keyword[64];
    const char *value[64];
    int count;
    int hosts;
    int timeout_s;
} parameters_t;

static void add_parameter(parameters_t *parameters, const char *keyword, const char *value)
{
    if (parameters->count < 63) {
        parameters->keyword[parameters->count] = keyword;
        parameters->value[parameters->count++] = value;
    }
}

static const PQconninfoOption *find_option(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options;
    return NULL;
}

static bool is_left_open(const PQconninfoOption *options, const char *keyword)
{
    const PQconninfoOption *option = find_option(options, keyword);
    return option && !option->val && !(option->envvar && getenv(option->envvar));
}

static int count_hosts(const char *list)
{
    int hosts = 1;
    for (; list && *list; list++)
        hosts += *list == ',';
    return hosts;
}

static void merge_parameters(const PQconninfoOption *given, const char *application_name,
                             parameters_t *ret_parameters)
{
    parameters_t *parameters = ret_parameters;
    *parameters = (parameters_t){.hosts = 1, .timeout_s = CONNECT_TIMEOUT_S};
    for (const PQconninfoOption *option = given; option->keyword; option++) {
        if (!option->val || strcmp(option->keyword, "client_encoding") == 0)
            continue;
        add_parameter(parameters, option->keyword, option->val);
        if (strcmp(option->keyword, "connect_timeout") == 0 && strtol(option->val, NULL, 10) > 0)
            parameters->timeout_s = (int)(strtol(option->val, NULL, 10) % 86400);
        if (strcmp(option->keyword, "host") == 0 || strcmp(option->keyword, "hostaddr") == 0)
            parameters->hosts = count_hosts(option->val);
    }
    /* A service file may say more than we can see: then libpq's own defaults have to do. */
    size_t defaults = sizeof connection_defaults / sizeof *connection_defaults;
    for (size_t i = 0; i < defaults && is_left_open(given, "service"); i++)
        if (is_left_open(given, connection_defaults[i].keyword))
            add_parameter(parameters, connection_defaults[i].keyword, connection_defaults[i].value);
    add_parameter(parameters, "client_encoding", "UTF8");
    add_parameter(parameters, "fallback_application_name", application_name);
    parameters->keyword[parameters->count] = parameters->value[parameters->count] = NULL;
}

static pilot_status_t wait_for_connection(pilot_db_t *db, const parameters_t *parameters,
                                          pilot_error_t *error)
{
    int64_t deadline = pilot_clock_ms() + (int64_t)parameters->timeout_s * 1000 * parameters->hosts;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    for (;;) {
        if (PQstatus(db->connection) == CONNECTION_BAD || state == PGRES_POLLING_FAILED)
            return pilot_db_connection_error(db, error);
        if (state == PGRES_POLLING_OK)
            return PILOT_OK;
        int64_t left = deadline - pilot_clock_ms();
        short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        pilot_status_t status = pilot_db_wait(db, events, left > 0 ? (int)left : 0, NULL, error);
        if (status == PILOT_E_DATABASE)
            return pilot_error_set(error, status,
                                   "cannot connect to PostgreSQL at '%s': no answer in %d s",
                                   PQhost(db->connection) ? PQhost(db->connection) : "",
                                   parameters->timeout_s * parameters->hosts);
        if (status)
            return status;
        state = PQconnectPoll(db->connection);
    }
}

static pilot_status_t connect_session(pilot_db_t *db, pilot_error_t *error)
{
    char *complaint = NULL;
    PQconninfoOption *given = PQconninfoParse(db->conninfo, &complaint);
    PQfreemem(complaint); /* libpq's complaint quotes the string, which may hold a password */
    if (!given)
        return pilot_error_set(
            error, PILOT_E_USAGE,
            "the database connection string is not valid; write "
            "\"host=... dbname=... user=...\" or postgresql://user@host/database");
    parameters_t parameters;
    merge_parameters(given, db->application_name, &parameters);
    db->connection = PQconnectStartParams(parameters.keyword, parameters.value, 0);
    if (!db->connection)
        pilot_out_of_memory();
    pilot_status_t status = wait_for_connection(db, &parameters, error);
    PQconninfoFree(given);
    if (status)
        return status;
    if (PQserverVersion(db->connection) < LEAST_SERVER)
        return pilot_error_set(error, PILOT_E_SCHEMA,
                               "the server is PostgreSQL %d; pilot needs 15 or later",
                               PQserverVersion(db->connection) / 10000);
    PQsetNoticeReceiver(db->connection, ignore_notice, NULL);
    PQsetnonblocking(db->connection, 1);
    return pilot_db_script(db, session_settings, error);
}

pilot_status_t pilot_db_open(const char *conninfo, const char *application_name,
                             pilot_db_t **ret_db, pilot_error_t *error)
{
    pilot_db_t *db = PILOT_NEW(pilot_db_t);
    db->interrupt_fd = -1;
    db->conninfo = pilot_strdup(conninfo);
    db->application_name = pilot_strdup(application_name);
    pilot_status_t status = connect_session(db, error);
    if (status) {
        pilot_db_close(db);
        return status;
    }
    *ret_db = db;
    return PILOT_OK;
}

pilot_status_t pilot_db_reopen(pilot_db_t *db, pilot_error_t *error)
{
    PQfinish(db->connection);
    db->connection = NULL;
    pilot_status_t status = connect_session(db, error);
    return status;
}

void pilot_db_close(pilot_db_t *db)
{
    if (!db)
        return;
    PQfinish(db->connection);
    if (db->conninfo) /* it may hold a password */
        explicit_bzero(db->conninfo, strlen(db->conninfo));
    free(db->conninfo);
    free(db->application_name);
    free(db);
}

bool pilot_db_is_alive(const pilot_db_t *db)
{
    return db->connection && PQstatus(db->connection) == CONNECTION_OK;
}

PGconn *pilot_db_raw(pilot_db_t *db)
{
    return db->connection;
}

void pilot_db_interrupt_fd(pilot_db_t *db, int fd)
{
    db->interrupt_fd = fd;
}

/* ---- commands -------------------------------------------------------------------------------- */

pilot_status_t pilot_db_flush(pilot_db_t *db, pilot_error_t *error)
{
    for (;;) {
        int pending = PQflush(db->connection);
        if (pending == 0)
            return PILOT_OK;
        if (pending < 0)
            return pilot_db_error(db, NULL, error);
        short ready = 0;
        pilot_status_t status = pilot_db_wait(db, POLLIN | POLLOUT, -1, &ready, error);
        if (status)
            return status;
        /* A server that is full of output reads nothing until we take some of it. */
        if ((ready & POLLIN) && !PQconsumeInput(db->connection))
            return pilot_db_error(db, NULL, error);
    }
}

pilot_status_t pilot_db_next_result(pilot_db_t *db, PGresult **ret_result, pilot_error_t *error)
{
    while (PQisBusy(db->connection)) {
        pilot_status_t status = pilot_db_wait(db, POLLIN, -1, NULL, error);
        if (status)
            return status;
        if (!PQconsumeInput(db->connection))
            return pilot_db_error(db, NULL, error);
    }
    *ret_result = PQgetResult(db->connection);
    return PILOT_OK;
}

/* Drop the rows of a COPY out that are here; true when it is over. */
static bool drop_rows(pilot_db_t *db)
{
    char *row = NULL;
    int length;
    while ((length = PQgetCopyData(db->connection, &row, 1)) > 0)
        PQfreemem(row);
    return length != 0;
}

/* Drop what the server has sent of a command; true when the session is at rest. */
static bool drop_results(pilot_db_t *db)
{
    while (!PQisBusy(db->connection)) {
        PGresult *result = PQgetResult(db->connection);
        ExecStatusType kind = PQresultStatus(result);
        PQclear(result);
        if (!result)
            return true;
        if (kind == PGRES_COPY_IN && PQputCopyEnd(db->connection, "cancelled") < 0)
            return false;
        if (kind == PGRES_COPY_OUT && !drop_rows(db))
            return false;
    }
    return false;
}

static void send_cancel(const pilot_db_t *db)
{
    PGcancel *cancel = PQgetCancel(db->connection);
    char complaint[256];
    if (cancel)
        PQcancel(cancel, complaint, sizeof complaint);
    PQfreeCancel(cancel);
}

void pilot_db_cut(pilot_db_t *db)
{
    PQfinish(db->connection);
    db->connection = NULL;
}

void pilot_db_cancel(pilot_db_t *db)
{
    int interrupt_fd = db->interrupt_fd;
    db->interrupt_fd = -1;
    int64_t deadline = pilot_clock_ms() + CANCEL_PATIENCE_MS;
    bool at_rest = false;
    while (pilot_db_is_alive(db) && !(at_rest = drop_results(db))) {
        if (pilot_clock_ms() > deadline)
            break;
        /* Again and again: one that comes before its command has begun is lost. */
        send_cancel(db);
        PQflush(db->connection);
        if (pilot_db_wait(db, POLLIN, CANCEL_AGAIN_MS, NULL, NULL) == PILOT_OK &&
            !PQconsumeInput(db->connection))
            break;
    }
    db->interrupt_fd = interrupt_fd;
    if (!at_rest)
        pilot_db_cut(db);
}

pilot_status_t pilot_db_finish_command(pilot_db_t *db, PGresult **ret_result, pilot_error_t *error)
{
    PGresult *kept = NULL;
    pilot_status_t status = PILOT_OK;
    for (;;) {
        PGresult *result = NULL;
        pilot_status_t waited = pilot_db_next_result(db, &result, status ? NULL : error);
        if (waited) {
            status = status ? status : waited;
            if (waited == PILOT_E_INTERRUPTED)
                pilot_db_cancel(db);
            break;
        }
        if (!result)
            break;
        ExecStatusType kind = PQresultStatus(result);
        bool good = kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK ||
                    kind == PGRES_EMPTY_QUERY || kind == PGRES_SINGLE_TUPLE;
        if (kind == PGRES_COPY_IN || kind == PGRES_COPY_OUT || kind == PGRES_COPY_BOTH) {
            PQclear(result);
            pilot_db_cancel(db);
            status = pilot_error_set(error, PILOT_E_BUG, "a COPY was sent as a query");
            break;
        }
        if (!good && !status)
            status = pilot_db_error(db, result, error);
        PQclear(kept);
        kept = result;
    }
    if (!status && ret_result)
        *ret_result = kept;
    else
        PQclear(kept);
    return status;
}

/* A session that was cut has no connection; say so in the same words as libpq would. */
static pilot_status_t need_connection(pilot_db_t *db, pilot_error_t *error)
{
    if (db->connection)
        return PILOT_OK;
    return pilot_error_set(error, PILOT_E_DATABASE, "the connection to PostgreSQL is closed");
}

static pilot_status_t send_query(pilot_db_t *db, const char *sql, int parameters,
                                 const char *const *parameter, bool binary, pilot_error_t *error)
{
    pilot_status_t status = need_connection(db, error);
    if (status)
        return status;
    if (!PQsendQueryParams(db->connection, sql, parameters, NULL, parameter, NULL, NULL, binary))
        return pilot_db_error(db, NULL, error);
    status = pilot_db_flush(db, error);
    if (status == PILOT_E_INTERRUPTED)
        pilot_db_cancel(db);
    pilot_debug_point_pass("at_message", ++db->messages);
    return status;
}

pilot_status_t pilot_db_send(pilot_db_t *db, const char *sql, int parameters,
                             const char *const *parameter, pilot_error_t *error)
{
    return send_query(db, sql, parameters, parameter, false, error);
}

pilot_status_t pilot_db_query_binary(pilot_db_t *db, const char *sql, int parameters,
                                     const char *const *parameter, PGresult **ret_result,
                                     pilot_error_t *error)
{
    pilot_status_t status = send_query(db, sql, parameters, parameter, true, error);
    return status ? status : pilot_db_finish_command(db, ret_result, error);
}

pilot_status_t pilot_db_query(pilot_db_t *db, const char *sql, int parameters,
                              const char *const *parameter, PGresult **ret_result,
                              pilot_error_t *error)
{
    pilot_status_t status = pilot_db_send(db, sql, parameters, parameter, error);
    return status ? status : pilot_db_finish_command(db, ret_result, error);
}

pilot_status_t pilot_db_run(pilot_db_t *db, PGresult **ret_result, pilot_error_t *error,
                            const char *sql, int parameters, ...)
{
    const char *parameter[32];
    if (parameters < 0 || parameters > 32)
        return pilot_error_set(error, PILOT_E_BUG, "a query with %d parameters", parameters);
    va_list arguments;
    va_start(arguments, parameters);
    for (int i = 0; i < parameters; i++)
        parameter[i] = va_arg(arguments, const char *);
    va_end(arguments);
    return pilot_db_query(db, sql, parameters, parameter, ret_result, error);
}

pilot_status_t pilot_db_script(pilot_db_t *db, const char *sql, pilot_error_t *error)
{
    pilot_status_t status = need_connection(db, error);
    if (status)
        return status;
    if (!PQsendQuery(db->connection, sql))
        return pilot_db_error(db, NULL, error);
    status = pilot_db_flush(db, error);
    if (status == PILOT_E_INTERRUPTED)
        pilot_db_cancel(db);
    pilot_debug_point_pass("at_message", ++db->messages);
    return status ? status : pilot_db_finish_command(db, NULL, error);
}

pilot_status_t pilot_db_commit(pilot_db_t *db, pilot_error_t *error)
{
    pilot_error_t answer = {0};
    pilot_debug_point_pass("before_commit", 1);
    pilot_status_t status = pilot_db_send(db, "COMMIT", 0, NULL, &answer);
    pilot_debug_point_pass("in_commit", 1);
    if (!status)
        status = pilot_db_finish_command(db, NULL, &answer);
    pilot_debug_point_pass("after_commit", 1);
    /* A refusal has an SQLSTATE and leaves the session alive. */
    bool unknown =
        status && (status == PILOT_E_INTERRUPTED || !answer.sqlstate[0] || !pilot_db_is_alive(db));
    if (unknown)
        pilot_error_prefix(&answer, "it is not known whether the data was stored; submit it again "
                                    "(what is stored already is not stored twice)");
    if (status && error)
        *error = answer;
    return status;
}

void pilot_db_append_identifier(pilot_db_t *db, pilot_text_t *sql, const char *name)
{
    (void)db;
    /* What PQescapeIdentifier does in UTF-8, without a connection being needed. */
    pilot_text_append_char(sql, '"');
    for (; *name; name++) {
        if (*name == '"')
            pilot_text_append_char(sql, '"');
        pilot_text_append_char(sql, *name);
    }
    pilot_text_append_char(sql, '"');
}
