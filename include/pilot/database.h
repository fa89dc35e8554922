/* pilot/database.h - a PostgreSQL session of ours over libpq: parameters always apart from the
 * SQL, time limits, interruption, decisions on retry by SQLSTATE class.
 * One session belongs to one thread at a time. */
#ifndef PILOT_DATABASE_H
#define PILOT_DATABASE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"
#include "pilot/text.h"

typedef struct pilot_db pilot_db_t;

/* Is this the error of a server that has no connection to spare?  (SQLSTATE 53300) */
bool pilot_db_is_full(const pilot_error_t *error);

/* Connect.  conninfo: a libpq connection string or URI.  Sets application_name, connect_timeout,
 * keepalives, tcp_user_timeout, UTF8, and search_path = pg_catalog (all names are written with
 * their schema), where the caller's conninfo leaves them open.
 * PILOT_E_DATABASE with one line when it cannot. */
pilot_status_t pilot_db_open(const char *conninfo, const char *application_name,
                             pilot_db_t **ret_db, pilot_error_t *error);
void pilot_db_close(pilot_db_t *db); /* NULL is fine */

/* Is the schema there, ours, and of this program's version?  PILOT_E_SCHEMA ("run pilot init"). */
pilot_status_t pilot_db_check_schema(pilot_db_t *db, pilot_error_t *error);

/* When the session is lost: connect again with the same conninfo (one try). */
pilot_status_t pilot_db_reopen(pilot_db_t *db, pilot_error_t *error);
bool pilot_db_is_alive(const pilot_db_t *db);
PGconn *pilot_db_raw(pilot_db_t *db); /* borrowed */

/* May the same transaction be tried again?  (connection lost, deadlock, serialization, shutdown,
 * too many connections: by SQLSTATE class; no SQLSTATE = the connection.) */
bool pilot_db_is_retryable(const pilot_error_t *error);

/* A text-format query with text parameters (NULL = SQL NULL).  *ret_result (NULL allowed when no
 * rows are wanted) is the caller's: PQclear.  Waits in poll so that a pending interruption
 * (pilot_db_interrupt_fd) cancels the query: PILOT_E_INTERRUPTED. */
pilot_status_t pilot_db_query(pilot_db_t *db, const char *sql, int parameters,
                              const char *const *parameter, PGresult **ret_result,
                              pilot_error_t *error);
/* The same with the columns in binary (network byte order): numbers that nobody prints nor reads.
 */
pilot_status_t pilot_db_query_binary(pilot_db_t *db, const char *sql, int parameters,
                                     const char *const *parameter, PGresult **ret_result,
                                     pilot_error_t *error);
/* Shorthand: pilot_db_run(db, &result, error, "SELECT ... $1 ... $2", 2, a, b). */
pilot_status_t pilot_db_run(pilot_db_t *db, PGresult **ret_result, pilot_error_t *error,
                            const char *sql, int parameters, ...);
/* Several statements without parameters (migrations, BEGIN, COMMIT). */
pilot_status_t pilot_db_script(pilot_db_t *db, const char *sql, pilot_error_t *error);
/* COMMIT of data; when the answer does not come the message says that it is not known. */
pilot_status_t pilot_db_commit(pilot_db_t *db, pilot_error_t *error);

/* fd that becomes readable when the person wants out; -1 = none.  Checked in every wait. */
void pilot_db_interrupt_fd(pilot_db_t *db, int fd);

/* Append an identifier, quoted (PQescapeIdentifier). */
void pilot_db_append_identifier(pilot_db_t *db, pilot_text_t *sql, const char *name);

/* Error of a failed result or connection, as one line with its SQLSTATE.  DETAIL and CONTEXT are
 * left out: they can quote rows. */
pilot_status_t pilot_db_error(pilot_db_t *db, const PGresult *result, pilot_error_t *error);

/* ---- COPY in, binary ------------------------------------------------------------------------- */

typedef struct pilot_copy_in pilot_copy_in_t;

/* `sql`: COPY ... FROM STDIN (FORMAT binary).  Data goes out in chunks of at most 8 KB. */
pilot_status_t pilot_copy_in_begin(pilot_db_t *db, const char *sql, int fields,
                                   pilot_copy_in_t **ret_copy, pilot_error_t *error);
/* One row: begin, then each field in order; errors are kept and told by _end or _check. */
void pilot_copy_in_row(pilot_copy_in_t *copy);
void pilot_copy_in_null(pilot_copy_in_t *copy);
void pilot_copy_in_bool(pilot_copy_in_t *copy, bool value);
void pilot_copy_in_int2(pilot_copy_in_t *copy, int16_t value);
void pilot_copy_in_int4(pilot_copy_in_t *copy, int32_t value);
void pilot_copy_in_int8(pilot_copy_in_t *copy, int64_t value);
void pilot_copy_in_float8(pilot_copy_in_t *copy, double value);
void pilot_copy_in_bytes(pilot_copy_in_t *copy, const void *bytes, size_t length); /* text, bytea */
bool pilot_copy_in_failed(const pilot_copy_in_t *copy);
/* Ends the COPY and frees it.  abandon != NULL: the COPY is failed with that text. */
pilot_status_t pilot_copy_in_end(pilot_copy_in_t *copy, const char *abandon, uint64_t *ret_rows,
                                 pilot_error_t *error);

/* ---- COPY out, binary ------------------------------------------------------------------------ */

typedef struct pilot_field {
    const unsigned char *data; /* NULL: SQL NULL; network byte order; valid until the next row */
    uint32_t length;
} pilot_field_t;

/* Called once a row.  Anything but PILOT_OK ends the COPY (cancelled) with that status. */
typedef pilot_status_t (*pilot_copy_row_t)(void *context, const pilot_field_t *field, int fields,
                                           pilot_error_t *error);

/* `sql`: COPY (...) TO STDOUT (FORMAT binary) with `fields` columns. */
pilot_status_t pilot_copy_out(pilot_db_t *db, const char *sql, int fields, pilot_copy_row_t on_row,
                              void *context, uint64_t *ret_rows, pilot_error_t *error);

int16_t pilot_field_int2(const pilot_field_t *field);
int32_t pilot_field_int4(const pilot_field_t *field);
int64_t pilot_field_int8(const pilot_field_t *field);
double pilot_field_float8(const pilot_field_t *field);

#endif
