/* tasks.h - the jobs that this worker holds: waiting, running, or done with a result that is kept
 * until the coordinator acknowledges it.
 *
 * The I/O thread owns the table; compute threads take waiting tasks and hand finished ones back.
 * A file descriptor tells the I/O thread that some are finished. */
#ifndef PILOT_WORKER_TASKS_H
#define PILOT_WORKER_TASKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pilot.pb-c.h>

typedef struct pilot_job_outcome {
    bool failed;
    uint8_t *rows; /* packed ResultRows; owned */
    size_t rows_length;
    uint64_t unit_rows, pull_us, compute_us;
    bool cached;
    char *reason; /* of a failure; owned */
    bool retryable;
    const char *code; /* static, or NULL */
} pilot_job_outcome_t;

typedef enum pilot_task_state {
    PILOT_TASK_WAITING,
    PILOT_TASK_RUNNING,
    PILOT_TASK_FINISHED, /* on its way to the I/O thread */
    PILOT_TASK_DONE      /* the result is kept until it is acknowledged */
} pilot_task_state_t;

typedef struct pilot_task {
    uint64_t id;
    Pilot__Frame *frame; /* owned */
    const Pilot__Job *job;
    Pilot__Lease lease; /* the newest */
    pilot_task_state_t state;
    size_t session;        /* which endpoint gave it */
    bool forgotten;        /* cancelled while running: drop it when it ends */
    atomic_bool cancelled; /* read by the compute thread */
    int wake_fd;           /* eventfd of the thread that runs it */
    pilot_job_outcome_t outcome;
    struct pilot_task *next;           /* in a queue */
    struct pilot_task *next_in_bucket; /* in the table */
} pilot_task_t;

typedef struct pilot_tasks pilot_tasks_t;

pilot_tasks_t *pilot_tasks_new(void);
void pilot_tasks_free(pilot_tasks_t *tasks); /* no thread may be running */

/* Readable when a task has finished. */
int pilot_tasks_finished_fd(const pilot_tasks_t *tasks);

/* ---- I/O thread ------------------------------------------------------------------------------ */

/* Consumes a frame with a job; the task is in the table and not yet waiting. */
pilot_task_t *pilot_tasks_add(pilot_tasks_t *tasks, Pilot__Frame *frame, size_t session);
pilot_task_t *pilot_tasks_find(pilot_tasks_t *tasks, uint64_t job);
void pilot_tasks_queue(pilot_tasks_t *tasks, pilot_task_t *task);
/* Next finished task, or NULL. */
pilot_task_t *pilot_tasks_finished(pilot_tasks_t *tasks);
/* The waiting task that came last, taken back from the queue; NULL when `keep` or fewer wait. */
pilot_task_t *pilot_tasks_unqueue_last(pilot_tasks_t *tasks, size_t keep);
/* Take a waiting task out of the queue, or tell a running one to stop and forget it.  True when
 * the task may be removed now. */
bool pilot_tasks_cancel(pilot_tasks_t *tasks, pilot_task_t *task);
/* Out of the table; frees it. */
void pilot_tasks_remove(pilot_tasks_t *tasks, pilot_task_t *task);
/* State as the compute threads left it. */
pilot_task_state_t pilot_tasks_state(pilot_tasks_t *tasks, const pilot_task_t *task);
size_t pilot_tasks_count(const pilot_tasks_t *tasks);
/* Visit all tasks in the table. */
typedef void (*pilot_task_visit_t)(void *context, pilot_task_t *task);
void pilot_tasks_visit(pilot_tasks_t *tasks, pilot_task_visit_t visit, void *context);
/* No more tasks will be handed out: threads that wait in _take return NULL. */
void pilot_tasks_stop(pilot_tasks_t *tasks);

/* ---- compute threads ------------------------------------------------------------------------- */

/* Wait for a task; NULL when it is time to end. */
pilot_task_t *pilot_tasks_take(pilot_tasks_t *tasks, int wake_fd);
void pilot_tasks_finish(pilot_tasks_t *tasks, pilot_task_t *task);

#endif
