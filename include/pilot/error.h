/* pilot/error.h - one way to fail: a status, an exit status, and one line for the person.
 *
 * A function that can fail returns pilot_status_t (0 = PILOT_OK) and takes pilot_error_t * last
 * (NULL is allowed).  The message is one line: what is wrong, where, what to do.  It never holds a
 * value of people's data, a password, or a CSV header that the plan does not name.
 * What statistics cannot give is not an error: see pilot/estimate.h. */
#ifndef PILOT_ERROR_H
#define PILOT_ERROR_H

#include <stdbool.h>

#define PILOT_MESSAGE_SIZE 1024

typedef enum pilot_status {
    PILOT_OK = 0,
    PILOT_E_USAGE,       /* options or arguments                                exit 2 */
    PILOT_E_FILE,        /* a file that cannot be read or written               exit 2 */
    PILOT_E_PLAN,        /* an invalid plan                                     exit 2 */
    PILOT_E_DATA,        /* data rejected                                       exit 3 */
    PILOT_E_DATABASE,    /* PostgreSQL unreachable or refusing                  exit 4 */
    PILOT_E_SCHEMA,      /* a schema of another version or not ours             exit 4 */
    PILOT_E_COORDINATOR, /* coordinator unreachable or unfit                    exit 4 */
    PILOT_E_PROTOCOL,    /* a frame that breaks the protocol or its limits      exit 4 */
    PILOT_E_FENCED,      /* another coordinator holds the lease                 exit 4 */
    PILOT_E_WITHDRAWN,   /* pinned data is gone                                 exit 1 */
    PILOT_E_JOBS_FAILED, /* the analysis ended with failed jobs                 exit 1 */
    PILOT_E_TAMPERED,    /* the audit log is not as it was written              exit 1 */
    PILOT_E_NOT_FOUND,   /* no such pilot, analysis or plan                     exit 2 */
    PILOT_E_INTERRUPTED, /* SIGINT or SIGTERM                                   exit 130 */
    PILOT_E_BUG,         /* should not happen                                   exit 70 */
    PILOT_STATUS_COUNT
} pilot_status_t;

typedef struct pilot_error {
    pilot_status_t status;
    char sqlstate[6]; /* "" unless PostgreSQL gave one */
    char message[PILOT_MESSAGE_SIZE];
} pilot_error_t;

/* Fill error (NULL allowed) and return status, so that `return pilot_error_set(...)` reads well.
 * Control characters in the formatted text become '?', newlines become spaces. */
pilot_status_t pilot_error_set(pilot_error_t *error, pilot_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "prefix: " before the message of an error that is already set. */
pilot_status_t pilot_error_prefix(pilot_error_t *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The program's exit status for a status (contract: 0 1 2 3 4 130 70). */
int pilot_status_exit(pilot_status_t status);

/* Short name, for logs: "database", "plan", ... */
const char *pilot_status_name(pilot_status_t status);

#endif
