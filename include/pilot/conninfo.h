/* pilot/conninfo.h - connection strings and the secrets in them: none may come from the command
 * line, and a program of ours that starts another one hands them over by a pipe, so that neither
 * the arguments nor the environment of a child hold one.
 * Secret is what libpq calls so (password, sslpassword), and PGPASSWORD. */
#ifndef PILOT_CONNINFO_H
#define PILOT_CONNINFO_H

#include <stdbool.h>

#include "pilot/error.h"

/* False for a string that cannot be parsed. */
bool pilot_conninfo_holds_secret(const char *conninfo);

/* PILOT_E_USAGE with the other ways to give a password, when conninfo (of --db) holds a secret:
 * arguments can be read by everybody on the machine. */
pilot_status_t pilot_conninfo_refuse_secret(const char *conninfo, pilot_error_t *error);

/* Split into what everybody may read ("host='...' dbname='...'") and the secrets; both "" when
 * there is nothing.  A string that cannot be parsed counts as a secret altogether.  Caller frees
 * both; wipe the second (pilot_conninfo_wipe). */
void pilot_conninfo_split(const char *conninfo, char **ret_open, char **ret_secret);
/* Overwrite and free; NULL is fine. */
void pilot_conninfo_wipe(char *conninfo);

/* Name of the variable that tells a child from which descriptor to read. */
#define PILOT_CONNINFO_SECRET_FD "PILOT_DB_SECRET_FD"

/* The parent's half: a pipe's reading end (close-on-exec, caller closes) that holds the secrets of
 * conninfo and of this process' PGPASSWORD.  *ret_open is the rest of conninfo: the child's
 * PILOT_DB.  The child must not inherit PGPASSWORD. */
pilot_status_t pilot_conninfo_hand_over(const char *conninfo, int *ret_fd, char **ret_open,
                                        pilot_error_t *error);

/* The child's half, before there are threads: conninfo with the secrets that the parent handed
 * over, if it did; else a copy.  Caller frees. */
char *pilot_conninfo_complete(const char *conninfo);

/* What this process holds in memory (passwords, keys, rows about people) shall not lie in a core
 * file.  Call first in main. */
void pilot_conninfo_no_core(void);

#endif
