/* pilot/cluster.h - the private PostgreSQL cluster of one directory (embedded mode), and the choice
 * between it and a server. */
#ifndef PILOT_CLUSTER_H
#define PILOT_CLUSTER_H

#include <stdbool.h>

#include "pilot/error.h"

typedef struct pilot_cluster pilot_cluster_t;

/* Default data directory: $XDG_STATE_HOME/pilot or ~/.local/state/pilot; as root /var/lib/pilot.
 * Caller frees. */
char *pilot_cluster_default_dir(void);

/* Take the shared lock of DIR, create the cluster if there is none (initdb; UTF8, locale C, no TCP,
 * peer authentication; as root PostgreSQL runs as `postgres`), start it if it is down, create or
 * migrate the schema.  Socket folder: $XDG_RUNTIME_DIR/pilot-<hash> or /tmp/pilot-<uid>-<hash>,
 * 0700, owner checked.  PILOT_E_FILE names a folder that cannot be used and what to do;
 * PILOT_E_SCHEMA for another PostgreSQL major version.  interrupt_fd: -1 or readable = stop. */
pilot_status_t pilot_cluster_open(const char *dir, int interrupt_fd, pilot_cluster_t **ret_cluster,
                                  pilot_error_t *error);

/* Give the lock back; the last one out stops the server, unless it is kept (pilot up). */
void pilot_cluster_close(pilot_cluster_t *cluster);

const char *pilot_cluster_conninfo(const pilot_cluster_t *cluster); /* borrowed */
const char *pilot_cluster_run_dir(const pilot_cluster_t *cluster);  /* sockets; borrowed */
const char *pilot_cluster_dir(const pilot_cluster_t *cluster);      /* borrowed */

/* `pilot up` / `pilot down`: mark the server as kept, or not. */
pilot_status_t pilot_cluster_keep(pilot_cluster_t *cluster, bool keep, pilot_error_t *error);
bool pilot_cluster_is_kept(const pilot_cluster_t *cluster);

#endif
