/* spawn.h - start one of our programs, and end it. */
#ifndef PILOT_CLI_SPAWN_H
#define PILOT_CLI_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pilot/error.h"

typedef struct pilot_spawn {
    const char *program;         /* "pilot-worker": looked for beside this program */
    const char *const *argument; /* after the program's name; ended by NULL */
    const char *conninfo;        /* the child's PILOT_DB; secrets in it go by a pipe of their own */
    int log_fd;                  /* the child's stdout and stderr */
    bool background;             /* outlives us, in a session of its own; else it dies with us */
} pilot_spawn_t;

pilot_status_t pilot_spawn(const pilot_spawn_t *spawn, pid_t *ret_pid, pilot_error_t *error);

/* When the process started, in clock ticks since boot; 0 when there is none.  With the pid it names
 * a process for good, since pids are used again. */
uint64_t pilot_spawn_started_at(pid_t pid);

#endif
