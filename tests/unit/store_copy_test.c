/* Binary COPY in both directions: every type, long fields, failures on either side. */
#include <fcntl.h>
#include <float.h>
#include <limits.h>
#include <math.h>

#include "pilot/clock.h"
#include "store_cluster.h"

static pilot_error_t error;
static const char copy_in[] = "COPY pg_temp.t FROM STDIN (FORMAT binary)";
static const char copy_out[] =
    "COPY (SELECT * FROM pg_temp.t ORDER BY d) TO STDOUT (FORMAT binary)";

static void put_row(pilot_copy_in_t *copy, int16_t a, int32_t b, int64_t c, double d,
                    const char *text, size_t length)
{
    pilot_copy_in_row(copy);
    pilot_copy_in_bool(copy, a > 0);
    pilot_copy_in_int2(copy, a);
    pilot_copy_in_int4(copy, b);
    pilot_copy_in_int8(copy, c);
    pilot_copy_in_float8(copy, d);
    if (text)
        pilot_copy_in_bytes(copy, text, length);
    else
        pilot_copy_in_null(copy);
}

typedef struct seen {
    int rows;
    bool good;
    int stop_at;
    size_t text_bytes;
    const char *long_text;
    size_t long_length;
} seen_t;

static pilot_status_t check_row(void *context, const pilot_field_t *field, int fields,
                                pilot_error_t *ret_error)
{
    seen_t *seen = context;
    int row = seen->rows++;
    if (seen->stop_at && seen->rows == seen->stop_at)
        return pilot_error_set(ret_error, PILOT_E_DATA, "enough");
    bool good = fields == 6;
    if (row == 0)
        good = good && *field[0].data == 0 && pilot_field_int2(field + 1) == INT16_MIN &&
               pilot_field_int4(field + 2) == INT32_MIN &&
               pilot_field_int8(field + 3) == INT64_MIN &&
               pilot_field_float8(field + 4) == -DBL_MAX && !field[5].data;
    else if (row == 1)
        good = good && *field[0].data == 1 && pilot_field_int2(field + 1) == INT16_MAX &&
               pilot_field_int4(field + 2) == INT32_MAX &&
               pilot_field_int8(field + 3) == INT64_MAX && pilot_field_float8(field + 4) == 0 &&
               !signbit(pilot_field_float8(field + 4)) && field[5].data && field[5].length == 0;
    else if (row == 2)
        good = good && pilot_field_float8(field + 4) == 5e-324 &&
               field[5].length == seen->long_length &&
               memcmp(field[5].data, seen->long_text, seen->long_length) == 0;
    seen->good = seen->good && good;
    seen->text_bytes += field[5].length;
    return PILOT_OK;
}

static void check_round_trip(pilot_db_t *db)
{
    size_t length = 100000;
    char *text PILOT_AUTOFREE = pilot_alloc(length, 1);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)('a' + i % 26);
    pilot_copy_in_t *copy = NULL;
    uint64_t rows = 0;
    ok(pilot_copy_in_begin(db, copy_in, 6, &copy, &error) == PILOT_OK, "a COPY begins");
    put_row(copy, INT16_MIN, INT32_MIN, INT64_MIN, -DBL_MAX, NULL, 0);
    put_row(copy, INT16_MAX, INT32_MAX, INT64_MAX, 0, "", 0);
    put_row(copy, 1, 2, 3, 5e-324, text, length);
    for (int i = 1; i <= 20000; i++)
        put_row(copy, 1, i, i, i, text, (size_t)(i % 50));
    ok(!pilot_copy_in_failed(copy), "nothing failed on the way");
    ok(pilot_copy_in_end(copy, NULL, &rows, &error) == PILOT_OK, "it ends well");
    ok(rows == 20003, "it counts its rows");
    seen_t seen = {.good = true, .long_text = text, .long_length = length};
    ok(pilot_copy_out(db, copy_out, 6, check_row, &seen, &rows, &error) == PILOT_OK,
       "the rows come back");
    ok(rows == 20003 && seen.rows == 20003, "all of them");
    ok(seen.good, "bit for bit");
    ok(seen.text_bytes == length + 400 * 1225, "with all their text");
    pilot_field_t short_field = {(const unsigned char *)"xy", 2};
    ok(pilot_field_int4(&short_field) == 0 && pilot_field_int8(&short_field) == 0 &&
           pilot_field_float8(&short_field) == 0,
       "a field of another length is not read over its end");
}

static void check_out_failures(pilot_db_t *db)
{
    seen_t seen = {.good = true, .stop_at = 10};
    ok(pilot_copy_out(db, copy_out, 6, check_row, &seen, NULL, &error) == PILOT_E_DATA,
       "the reader can stop");
    is_text(error.message, "enough", "with its own reason");
    ok(seen.rows == 10, "no row comes after that");
    ok(pilot_db_run(db, NULL, &error, "SELECT 1", 0) == PILOT_OK, "the session goes on");
    ok(pilot_copy_out(db, copy_out, 5, check_row, &seen, NULL, &error) == PILOT_E_BUG,
       "another number of columns is refused");
    ok(pilot_copy_out(db, "COPY pg_temp.t TO STDOUT", 6, check_row, &seen, NULL, &error) ==
           PILOT_E_DATABASE,
       "text where binary is read is refused");
    ok(pilot_copy_out(db, "SELECT 1", 6, check_row, &seen, NULL, &error) == PILOT_E_BUG,
       "a query is no COPY");
    ok(pilot_copy_out(db, "COPY pg_temp.nope TO STDOUT (FORMAT binary)", 6, check_row, &seen, NULL,
                      &error) == PILOT_E_DATABASE &&
           strcmp(error.sqlstate, "42P01") == 0,
       "a table that is not there is an error");
    ok(pilot_copy_out(db,
                      "COPY (SELECT true, 1::int2, 2, 3::int8, 1.0 / (i - 5000)::float8, ''"
                      " FROM generate_series(1, 9999) i) TO STDOUT (FORMAT binary)",
                      6, check_row, &(seen_t){.good = true}, NULL, &error) == PILOT_E_DATABASE &&
           strcmp(error.sqlstate, "22012") == 0,
       "an error among the rows is told");
    int pipes[2];
    ok(pipe2(pipes, O_CLOEXEC) == 0 && write(pipes[1], "x", 1) == 1, "a person wants out");
    pilot_db_interrupt_fd(db, pipes[0]);
    ok(pilot_copy_out(db,
                      "COPY (SELECT true, 1::int2, 2, 3::int8, 1::float8, '' FROM"
                      " generate_series(1, 100000000)) TO STDOUT (FORMAT binary)",
                      6, check_row, &seen, NULL, &error) == PILOT_E_INTERRUPTED,
       "a COPY out is interrupted");
    pilot_copy_in_t *copy = NULL;
    pilot_db_interrupt_fd(db, -1);
    ok(pilot_copy_in_begin(db, copy_in, 6, &copy, &error) == PILOT_OK, "a COPY begins after it");
    pilot_db_interrupt_fd(db, pipes[0]);
    for (int i = 0; i < 100000 && !pilot_copy_in_failed(copy); i++)
        put_row(copy, 1, i, i, i, "interrupted", 11);
    ok(pilot_copy_in_failed(copy), "a COPY in is interrupted too");
    ok(pilot_copy_in_end(copy, NULL, NULL, &error) == PILOT_E_INTERRUPTED, "and says so");
    pilot_db_interrupt_fd(db, -1);
    close(pipes[0]);
    close(pipes[1]);
    ok(pilot_db_run(db, NULL, &error, "SELECT 1", 0) == PILOT_OK, "the session goes on");
}

static void check_in_failures(pilot_db_t *db)
{
    pilot_copy_in_t *copy = (pilot_copy_in_t *)&error;
    ok(pilot_copy_in_begin(db, "COPY pg_temp.nope FROM STDIN (FORMAT binary)", 1, &copy, &error) ==
               PILOT_E_DATABASE &&
           copy == (pilot_copy_in_t *)&error,
       "a COPY into no table does not begin");
    ok(pilot_copy_in_begin(db, "SELECT 1", 1, &copy, &error) == PILOT_E_BUG, "nor does a query");
    ok(pilot_copy_in_begin(db, copy_in, 6, &copy, &error) == PILOT_OK, "a COPY begins");
    put_row(copy, 1, 1, 1, NAN, "x", 1);
    uint64_t sent = 0;
    int64_t deadline = pilot_clock_ms() + 20000;
    while (!pilot_copy_in_failed(copy) && pilot_clock_ms() < deadline) {
        put_row(copy, 1, 1, 1, 1, "x", 1);
        sent++;
    }
    ok(pilot_copy_in_failed(copy), "a server that gave up is noticed while rows go out");
    uint64_t rows = 7;
    ok(pilot_copy_in_end(copy, NULL, &rows, &error) == PILOT_E_DATABASE && rows == 7,
       "the COPY ends with an error");
    is_text(error.sqlstate, "23514", "it is the server's own");
    is_text(error.message,
            "PostgreSQL: new row for relation \"t\" violates check constraint \"t_d_check\"",
            "without the row");
    ok(pilot_copy_in_begin(db, copy_in, 6, &copy, &error) == PILOT_OK, "another begins");
    put_row(copy, 1, 1, 1, INFINITY, "x", 1);
    ok(pilot_copy_in_end(copy, NULL, NULL, &error) == PILOT_E_DATABASE &&
           strcmp(error.sqlstate, "23514") == 0,
       "an error at the end is told too");
    ok(pilot_copy_in_begin(db, copy_in, 5, &copy, &error) == PILOT_OK, "one of too few fields");
    pilot_copy_in_row(copy);
    for (int i = 0; i < 5; i++)
        pilot_copy_in_null(copy);
    ok(pilot_copy_in_end(copy, NULL, NULL, &error) == PILOT_E_DATABASE &&
           strcmp(error.sqlstate, "22P04") == 0,
       "is refused by the server");
    ok(pilot_copy_in_begin(db, copy_in, 6, &copy, &error) == PILOT_OK, "one to be abandoned");
    put_row(copy, 1, 1, 1, 1, "abandoned", 9);
    ok(pilot_copy_in_end(copy, "not needed", NULL, &error) == PILOT_OK, "is abandoned in peace");
    PGresult *result = NULL;
    ok(pilot_db_run(db, &result, &error, "SELECT count(*) FROM pg_temp.t WHERE x = 'abandoned'",
                    0) == PILOT_OK &&
           strcmp(PQgetvalue(result, 0, 0), "0") == 0,
       "and leaves nothing");
    PQclear(result);
}

int main(void)
{
    pilot_db_t *db = test_session();
    ok(pilot_db_script(db,
                       "CREATE TEMP TABLE t (o bool, a int2, b int4, c int8,"
                       " d float8 CHECK (d - d = 0), x text)",
                       &error) == PILOT_OK,
       "a table is made");
    check_round_trip(db);
    check_out_failures(db);
    check_in_failures(db);
    pilot_db_close(db);
    test_leave();
    return tap_done();
}
