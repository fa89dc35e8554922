/* loop.h - the worker's I/O thread: talks to coordinators, keeps leases and results, never
 * computes.  What it does with each frame: proto/PROTOCOL.md. */
#ifndef PILOT_WORKER_LOOP_H
#define PILOT_WORKER_LOOP_H

#include <stdatomic.h>

#include "cache.h"
#include "pilot/error.h"
#include "tasks.h"

typedef struct pilot_loop_options {
    const char *const *endpoint;
    size_t endpoints;
    size_t threads;
    int signal_fd;
    pilot_tasks_t *tasks;
    pilot_cache_t *cache;
    atomic_ullong *progress;
} pilot_loop_options_t;

/* Runs until a first SIGINT or SIGTERM has drained the worker (PILOT_OK), a second one came
 * (PILOT_E_INTERRUPTED), or a coordinator refused us (PILOT_E_COORDINATOR). */
pilot_status_t pilot_loop_run(const pilot_loop_options_t *options, pilot_error_t *error);

#endif
