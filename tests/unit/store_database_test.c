/* Sessions: parameters, errors as one line without values, limits, interruption, loss. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "pilot/clock.h"
#include "store_cluster.h"

static pilot_error_t error;

static void check_queries(pilot_db_t *db)
{
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, &error, "SELECT $1::text || 'x', $2::text IS NULL, $3::float8", 3,
                     "a'b\"; --", NULL, "0.1");
    ok(status == PILOT_OK, "a query with parameters runs");
    is_text(PQgetvalue(result, 0, 0), "a'b\"; --x", "a parameter is a value, whatever it holds");
    is_text(PQgetvalue(result, 0, 1), "t", "a NULL parameter is SQL NULL");
    is_text(PQgetvalue(result, 0, 2), "0.1", "a double comes in its shortest form");
    PQclear(result);
    ok(pilot_db_run(db, NULL, &error, "SELECT 1", 0) == PILOT_OK, "rows may be left unread");
    ok(pilot_db_script(db, "BEGIN; SELECT 1; SELECT 2; COMMIT", &error) == PILOT_OK,
       "a script of several statements runs");
    ok(pilot_db_run(db, &result, &error,
                    "SELECT current_setting('search_path'), current_setting('TimeZone'),"
                    " current_setting('application_name')",
                    0) == PILOT_OK,
       "settings can be read");
    is_text(PQgetvalue(result, 0, 0), "pg_catalog, pg_temp", "the search path is fixed");
    is_text(PQgetvalue(result, 0, 1), "UTC", "times are UTC");
    is_text(PQgetvalue(result, 0, 2), "test", "the session tells its application");
    PQclear(result);
    char *long_text PILOT_AUTOFREE = pilot_alloc(3 << 20, 1);
    memset(long_text, 'x', (3 << 20) - 1);
    ok(pilot_db_run(db, &result, &error, "SELECT $1", 1, long_text) == PILOT_OK &&
           PQgetlength(result, 0, 0) == (3 << 20) - 1,
       "a parameter of 3 MB goes out and comes back");
    PQclear(result);
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_db_append_identifier(db, &sql, "a\"b'; drop");
    is_text(sql.data, "\"a\"\"b'; drop\"", "an identifier is quoted");
    pilot_text_clear(&sql);
}

static void expect(pilot_db_t *db, const char *sql, pilot_status_t status, const char *sqlstate,
                   const char *message, const char *name)
{
    PGresult *untouched = (PGresult *)&error;
    PGresult *result = untouched;
    ok(pilot_db_run(db, &result, &error, sql, 0) == status, "%s: status", name);
    is_text(error.sqlstate, sqlstate, "%s: SQLSTATE", name);
    is_text(error.message, message, "%s: message", name);
    ok(result == untouched, "%s: the result is untouched", name);
}

static void check_errors(pilot_db_t *db)
{
    static const struct {
        const char *sqlstate;
        pilot_status_t status;
    } ours[] = {{"PL001", PILOT_E_NOT_FOUND},
                {"PL002", PILOT_E_DATA},
                {"PL003", PILOT_E_USAGE},
                {"PL004", PILOT_E_SCHEMA},
                {"PL005", PILOT_E_WITHDRAWN}};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        char *sql PILOT_AUTOFREE =
            pilot_format("DO $$ BEGIN RAISE EXCEPTION 'no pilot \"x\"' USING ERRCODE = '%s', "
                         "DETAIL = 'secret', HINT = 'secret'; END $$",
                         ours[i].sqlstate);
        expect(db, sql, ours[i].status, ours[i].sqlstate, "no pilot \"x\"", ours[i].sqlstate);
        ok(!pilot_db_is_retryable(&error), "%s is not retried", ours[i].sqlstate);
    }
    expect(db, "SELECT 'secret'::int", PILOT_E_DATABASE, "22P02",
           "PostgreSQL: invalid input syntax for type integer: \"\"", "a bad value is not told");
    expect(db, "SELECT 'sec\"ret'::int", PILOT_E_DATABASE, "22P02",
           "PostgreSQL: invalid input syntax for type integer: \"\"",
           "a bad value with a quote is not told");
    expect(db, "SELECT 'se\ncret'::json", PILOT_E_DATABASE, "22P02",
           "PostgreSQL: invalid input syntax for type json", "details are not told");
    ok(pilot_db_script(db, "CREATE TEMP TABLE t (a text UNIQUE); INSERT INTO t VALUES ('secret')",
                       &error) == PILOT_OK,
       "a table is made");
    expect(db, "INSERT INTO t VALUES ('secret')", PILOT_E_DATABASE, "23505",
           "PostgreSQL: duplicate key value violates unique constraint \"t_a_key\"",
           "a duplicate value is not told");
    expect(db, "COPY t TO STDOUT", PILOT_E_BUG, "", "a COPY was sent as a query",
           "a COPY is no query");
    ok(pilot_db_run(db, NULL, &error, "SELECT 1", 0) == PILOT_OK, "the session works after errors");
    ok(pilot_db_run(db, NULL, NULL, "SELECT 1/0", 0) == PILOT_E_DATABASE, "an error may be unread");
}

static void check_retryable(void)
{
    static const struct {
        pilot_status_t status;
        const char *sqlstate;
        bool retry;
    } cases[] = {
        {PILOT_E_DATABASE, "", true},       {PILOT_E_DATABASE, "08006", true},
        {PILOT_E_DATABASE, "40001", true},  {PILOT_E_DATABASE, "40P01", true},
        {PILOT_E_DATABASE, "53300", true},  {PILOT_E_DATABASE, "57P01", true},
        {PILOT_E_DATABASE, "57P03", true},  {PILOT_E_DATABASE, "25006", true},
        {PILOT_E_DATABASE, "57014", false}, {PILOT_E_DATABASE, "23505", false},
        {PILOT_E_DATABASE, "42P01", false}, {PILOT_E_DATABASE, "53100", false},
        {PILOT_E_DATA, "", false},          {PILOT_E_INTERRUPTED, "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pilot_error_t one = {.status = cases[i].status};
        memcpy(one.sqlstate, cases[i].sqlstate, strlen(cases[i].sqlstate));
        ok(pilot_db_is_retryable(&one) == cases[i].retry, "%s '%s' is %sretried",
           pilot_status_name(cases[i].status), cases[i].sqlstate, cases[i].retry ? "" : "not ");
        ok(pilot_db_is_full(&one) == (strcmp(cases[i].sqlstate, "53300") == 0),
           "'%s' is %sa server without a connection to spare", cases[i].sqlstate,
           strcmp(cases[i].sqlstate, "53300") == 0 ? "" : "not ");
    }
}

static void check_connecting(void)
{
    pilot_db_t *db = (pilot_db_t *)&error;
    ok(pilot_db_open("password=se cret=1 host", "test", &db, &error) == PILOT_E_USAGE,
       "a connection string that is none is a usage error");
    ok(!strstr(error.message, "cret"), "which does not quote it");
    ok(pilot_db_open("host=/nonexistent password=hunter2 user=u dbname=d", "test", &db, &error) ==
           PILOT_E_DATABASE,
       "a server that is not there cannot be reached");
    ok(!strstr(error.message, "hunter2") && strstr(error.message, "/nonexistent"),
       "the message has the place and not the password");
    ok(pilot_db_is_retryable(&error), "it may be there later");
    ok(db == (pilot_db_t *)&error, "the session is untouched");

    /* A server that takes the connection and says nothing. */
    int silent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", test_dir);
    ok(bind(silent, (struct sockaddr *)&address, sizeof address) == 0 && listen(silent, 5) == 0,
       "a silent server listens");
    char *conninfo PILOT_AUTOFREE =
        pilot_format("host=%s user=u dbname=d connect_timeout=1", test_dir);
    int64_t start = pilot_clock_ms();
    ok(pilot_db_open(conninfo, "test", &db, &error) == PILOT_E_DATABASE, "it is given up");
    ok(pilot_clock_ms() - start < 5000, "in the time that was asked for");
    ok(strstr(error.message, "no answer in 1 s") != NULL, "the message says so");
    close(silent);
    unlink(address.sun_path);

    char *partial PILOT_AUTOFREE =
        pilot_format("host=%s user=pilot", pilot_cluster_run_dir(test_cluster));
    setenv("PGDATABASE", "pilot", 1);
    db = NULL;
    ok(pilot_db_open(partial, "test", &db, &error) == PILOT_OK,
       "PG* variables complete a server's connection string");
    unsetenv("PGDATABASE");
    pilot_db_close(db);
    pilot_db_close(NULL);
}

static void check_interruption(pilot_db_t *db)
{
    int pipes[2];
    ok(pipe2(pipes, O_CLOEXEC) == 0 && write(pipes[1], "x", 1) == 1, "a person wants out");
    pilot_db_interrupt_fd(db, pipes[0]);
    int64_t start = pilot_clock_ms();
    ok(pilot_db_run(db, NULL, &error, "SELECT pg_sleep(30)", 0) == PILOT_E_INTERRUPTED,
       "a running query is interrupted");
    ok(pilot_clock_ms() - start < 5000, "at once");
    pilot_db_interrupt_fd(db, -1);
    ok(pilot_db_run(db, NULL, &error, "SELECT 1", 0) == PILOT_OK, "the session can go on");
    close(pipes[0]);
    close(pipes[1]);
}

static void check_loss(pilot_db_t *db)
{
    pilot_db_t *other = NULL;
    PGresult *result = NULL;
    ok(pilot_db_open(pilot_cluster_conninfo(test_cluster), "other", &other, &error) == PILOT_OK,
       "a second session opens");
    ok(pilot_db_run(other, &result, &error, "SELECT pg_backend_pid()", 0) == PILOT_OK,
       "it tells its process");
    ok(pilot_db_run(db, NULL, &error, "SELECT pg_terminate_backend($1::int)", 1,
                    PQgetvalue(result, 0, 0)) == PILOT_OK,
       "which the first one ends");
    PQclear(result);
    ok(pilot_db_run(other, NULL, &error, "SELECT 1", 0) == PILOT_E_DATABASE, "it is lost");
    ok(pilot_db_is_retryable(&error), "a lost session may be tried again");
    ok(!pilot_db_is_alive(other), "it is not alive");
    ok(pilot_db_run(other, NULL, &error, "SELECT 1", 0) == PILOT_E_DATABASE, "it stays lost");
    ok(pilot_db_reopen(other, &error) == PILOT_OK && pilot_db_is_alive(other), "until reopened");
    ok(pilot_db_run(other, NULL, &error, "SELECT 1", 0) == PILOT_OK, "then it works");
    ok(strcmp(PQparameterStatus(pilot_db_raw(other), "TimeZone"), "UTC") == 0,
       "with the same settings");
    pilot_db_close(other);
}

int main(void)
{
    pilot_db_t *db = test_session();
    check_queries(db);
    check_errors(db);
    check_retryable();
    check_connecting();
    check_interruption(db);
    check_loss(db);
    pilot_db_close(db);
    test_leave();
    return tap_done();
}
