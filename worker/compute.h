/* compute.h - a compute thread: takes tasks, pulls data over its own read-only session, computes,
 * hands results back.  Talks to nobody else. */
#ifndef PILOT_WORKER_COMPUTE_H
#define PILOT_WORKER_COMPUTE_H

#include <pthread.h>
#include <stdatomic.h>

#include "analysis.h"
#include "cache.h"
#include "pilot/database.h"
#include "pilot/ols.h"
#include "tasks.h"

typedef struct pilot_compute {
    pthread_t thread;
    pilot_tasks_t *tasks;
    pilot_cache_t *cache;
    const char *conninfo;
    atomic_ullong *progress; /* rises with every agency that is computed */
    int wake_fd;             /* readable: the running task is cancelled */
    pilot_db_t *db;          /* NULL until the first job that needs it */
    pilot_ols_t *ols;
    /* Of the latest job: the next one has most often the same. */
    pilot_analysis_t *analysis;
    uint8_t *spec;
    size_t spec_length;
} pilot_compute_t;

/* Open a session as compute threads do: read only.  Caller closes. */
pilot_status_t pilot_compute_open_database(const char *conninfo, pilot_db_t **ret_db,
                                           pilot_error_t *error);

void pilot_compute_start(pilot_compute_t *compute, pilot_tasks_t *tasks, pilot_cache_t *cache,
                         const char *conninfo, atomic_ullong *progress);
/* After pilot_tasks_stop: waits for the thread and frees what it had. */
void pilot_compute_join(pilot_compute_t *compute);

/* Run one task in this thread; fills task->outcome. */
void pilot_compute_run(pilot_compute_t *compute, pilot_task_t *task);

#endif
