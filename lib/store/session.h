/* store/session.h - what the files of this room share of a session: its struct, and the one wait
 * that all of them use. */
#ifndef PILOT_STORE_SESSION_H
#define PILOT_STORE_SESSION_H

#include "pilot/database.h"

struct pilot_db {
    PGconn *connection;
    char *conninfo;
    char *application_name;
    int interrupt_fd;
    int64_t deadline_ms; /* of waits that have none of their own; 0: they wait for ever */
    uint64_t messages;   /* sent so far, pieces of a COPY too: tests kill us after one of them */
};

/* Has the person asked to stop? */
bool pilot_db_interrupted(const pilot_db_t *db);

/* Wait until the socket is ready for `events` (POLLIN, POLLOUT).  *ret_events (NULL allowed) gets
 * what it is ready for.  PILOT_E_INTERRUPTED when the interrupt fd speaks first; PILOT_E_DATABASE
 * after timeout_ms (-1: never). */
pilot_status_t pilot_db_wait(pilot_db_t *db, short events, int timeout_ms, short *ret_events,
                             pilot_error_t *error);

/* Why the connection did not come about: libpq's line, and what to do about it. */
pilot_status_t pilot_db_connection_error(pilot_db_t *db, pilot_error_t *error);

/* Push out all that libpq has buffered; input that arrives meanwhile is taken in. */
pilot_status_t pilot_db_flush(pilot_db_t *db, pilot_error_t *error);

/* The next result of the running command (NULL: it is over).  Caller clears. */
pilot_status_t pilot_db_next_result(pilot_db_t *db, PGresult **ret_result, pilot_error_t *error);

/* Take the remaining results of a command, keeping the first error and the last result (NULL
 * allowed: rows are dropped).  After an interruption the command is cancelled. */
pilot_status_t pilot_db_finish_command(pilot_db_t *db, PGresult **ret_result, pilot_error_t *error);

/* Close the connection without a word more: the other side does not listen. */
void pilot_db_cut(pilot_db_t *db);

/* Ask the server to cancel what runs, and take what it still sends for at most a few seconds.  A
 * session that does not come to rest is cut. */
void pilot_db_cancel(pilot_db_t *db);

/* Send one command: PQsendQueryParams, flushed. */
pilot_status_t pilot_db_send(pilot_db_t *db, const char *sql, int parameters,
                             const char *const *parameter, pilot_error_t *error);

#endif
