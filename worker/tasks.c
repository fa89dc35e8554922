#include "tasks.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pilot/memory.h"
#include "pilot/wire.h"

enum { BUCKETS = 4096 };

typedef struct queue {
    pilot_task_t *first, *last;
    size_t count;
} queue_t;

struct pilot_tasks {
    pilot_task_t *bucket[BUCKETS]; /* I/O thread only */
    size_t count;
    int finished_fd;
    pthread_mutex_t mutex; /* guards what follows, and the tasks' state */
    pthread_cond_t wake;
    queue_t waiting, finished;
    bool stopped;
};

pilot_tasks_t *pilot_tasks_new(void)
{
    pilot_tasks_t *tasks = PILOT_NEW(pilot_tasks_t);
    pthread_mutex_init(&tasks->mutex, NULL);
    pthread_cond_init(&tasks->wake, NULL);
    tasks->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (tasks->finished_fd < 0)
        pilot_out_of_memory();
    return tasks;
}

static void free_task(pilot_task_t *task)
{
    pilot_wire_free(task->frame);
    free(task->outcome.rows);
    free(task->outcome.reason);
    free(task);
}

void pilot_tasks_free(pilot_tasks_t *tasks)
{
    if (!tasks)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        pilot_task_t *task = tasks->bucket[i];
        while (task) {
            pilot_task_t *next = task->next_in_bucket;
            free_task(task);
            task = next;
        }
    }
    close(tasks->finished_fd);
    pthread_cond_destroy(&tasks->wake);
    pthread_mutex_destroy(&tasks->mutex);
    free(tasks);
}

int pilot_tasks_finished_fd(const pilot_tasks_t *tasks)
{
    return tasks->finished_fd;
}

/* ---- queues: the mutex is held ----------------------------------------------------------------
 */

static void push(queue_t *queue, pilot_task_t *task)
{
    task->next = NULL;
    if (queue->last)
        queue->last->next = task;
    else
        queue->first = task;
    queue->last = task;
    queue->count++;
}

static pilot_task_t *pop(queue_t *queue)
{
    pilot_task_t *task = queue->first;
    if (!task)
        return NULL;
    queue->first = task->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    task->next = NULL;
    return task;
}

static void take_out(queue_t *queue, pilot_task_t *task)
{
    pilot_task_t *before = NULL;
    for (pilot_task_t *at = queue->first; at && at != task; at = at->next)
        before = at;
    if (before)
        before->next = task->next;
    else
        queue->first = task->next;
    if (queue->last == task)
        queue->last = before;
    queue->count--;
    task->next = NULL;
}

/* ---- I/O thread ------------------------------------------------------------------------------ */

pilot_task_t *pilot_tasks_add(pilot_tasks_t *tasks, Pilot__Frame *frame, size_t session)
{
    pilot_task_t *task = PILOT_NEW(pilot_task_t);
    task->frame = frame;
    task->job = frame->job;
    task->id = frame->job->job;
    task->session = session;
    task->wake_fd = -1;
    task->state = PILOT_TASK_WAITING;
    pilot__lease__init(&task->lease);
    task->lease.job = task->id;
    task->lease.epoch = frame->job->epoch;
    task->lease.counter = frame->job->counter;
    pilot_task_t **bucket = &tasks->bucket[task->id % BUCKETS];
    task->next_in_bucket = *bucket;
    *bucket = task;
    tasks->count++;
    return task;
}

pilot_task_t *pilot_tasks_find(pilot_tasks_t *tasks, uint64_t job)
{
    pilot_task_t *task = tasks->bucket[job % BUCKETS];
    while (task && task->id != job)
        task = task->next_in_bucket;
    return task;
}

void pilot_tasks_queue(pilot_tasks_t *tasks, pilot_task_t *task)
{
    pthread_mutex_lock(&tasks->mutex);
    push(&tasks->waiting, task);
    pthread_cond_signal(&tasks->wake);
    pthread_mutex_unlock(&tasks->mutex);
}

pilot_task_t *pilot_tasks_finished(pilot_tasks_t *tasks)
{
    pthread_mutex_lock(&tasks->mutex);
    pilot_task_t *task = pop(&tasks->finished);
    if (task)
        task->state = PILOT_TASK_DONE;
    pthread_mutex_unlock(&tasks->mutex);
    return task;
}

pilot_task_t *pilot_tasks_unqueue_last(pilot_tasks_t *tasks, size_t keep)
{
    pthread_mutex_lock(&tasks->mutex);
    pilot_task_t *task = NULL;
    if (tasks->waiting.count > keep) {
        task = tasks->waiting.last;
        take_out(&tasks->waiting, task);
    }
    pthread_mutex_unlock(&tasks->mutex);
    return task;
}

bool pilot_tasks_cancel(pilot_tasks_t *tasks, pilot_task_t *task)
{
    pthread_mutex_lock(&tasks->mutex);
    bool removable = task->state == PILOT_TASK_WAITING || task->state == PILOT_TASK_DONE;
    if (task->state == PILOT_TASK_WAITING)
        take_out(&tasks->waiting, task);
    if (!removable) {
        task->forgotten = true;
        atomic_store(&task->cancelled, true);
        uint64_t one = 1;
        if (task->wake_fd >= 0)
            (void)!write(task->wake_fd, &one, sizeof one);
    }
    pthread_mutex_unlock(&tasks->mutex);
    return removable;
}

void pilot_tasks_remove(pilot_tasks_t *tasks, pilot_task_t *task)
{
    pilot_task_t **at = &tasks->bucket[task->id % BUCKETS];
    while (*at != task)
        at = &(*at)->next_in_bucket;
    *at = task->next_in_bucket;
    tasks->count--;
    free_task(task);
}

pilot_task_state_t pilot_tasks_state(pilot_tasks_t *tasks, const pilot_task_t *task)
{
    pthread_mutex_lock(&tasks->mutex);
    pilot_task_state_t state = task->state;
    pthread_mutex_unlock(&tasks->mutex);
    return state;
}

size_t pilot_tasks_count(const pilot_tasks_t *tasks)
{
    return tasks->count;
}

void pilot_tasks_visit(pilot_tasks_t *tasks, pilot_task_visit_t visit, void *context)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        pilot_task_t *task = tasks->bucket[i];
        while (task) {
            pilot_task_t *next = task->next_in_bucket;
            visit(context, task);
            task = next;
        }
    }
}

void pilot_tasks_stop(pilot_tasks_t *tasks)
{
    pthread_mutex_lock(&tasks->mutex);
    tasks->stopped = true;
    pthread_cond_broadcast(&tasks->wake);
    pthread_mutex_unlock(&tasks->mutex);
}

/* ---- compute threads ------------------------------------------------------------------------- */

pilot_task_t *pilot_tasks_take(pilot_tasks_t *tasks, int wake_fd)
{
    pthread_mutex_lock(&tasks->mutex);
    while (!tasks->waiting.first && !tasks->stopped)
        pthread_cond_wait(&tasks->wake, &tasks->mutex);
    pilot_task_t *task = tasks->stopped ? NULL : pop(&tasks->waiting);
    if (task) {
        uint64_t stale;
        (void)!read(wake_fd, &stale, sizeof stale); /* of a task that ended before it was woken */
        task->state = PILOT_TASK_RUNNING;
        task->wake_fd = wake_fd;
    }
    pthread_mutex_unlock(&tasks->mutex);
    return task;
}

void pilot_tasks_finish(pilot_tasks_t *tasks, pilot_task_t *task)
{
    pthread_mutex_lock(&tasks->mutex);
    task->state = PILOT_TASK_FINISHED;
    task->wake_fd = -1;
    push(&tasks->finished, task);
    pthread_mutex_unlock(&tasks->mutex);
    uint64_t one = 1;
    (void)!write(tasks->finished_fd, &one, sizeof one);
}
