#include "../harness/tap.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../../worker/tasks.h"
#include "pilot/memory.h"
#include "pilot/wire.h"

static Pilot__Frame *make_frame(uint64_t job)
{
    Pilot__Job message = PILOT__JOB__INIT;
    message.job = job;
    message.analysis = 1;
    message.kind = PILOT__JOB_KIND__NOOP;
    message.epoch = 3;
    message.counter = job + 100;
    Pilot__Frame frame = pilot_wire_frame(PILOT__FRAME__BODY_JOB, &message.base);
    size_t length = 0;
    uint8_t *bytes = pilot_wire_pack(&frame, &length);
    Pilot__Frame *unpacked = NULL;
    pilot_wire_unpack(bytes, length, &unpacked, NULL);
    free(bytes);
    return unpacked;
}

static pilot_task_t *add(pilot_tasks_t *tasks, uint64_t job)
{
    pilot_task_t *task = pilot_tasks_add(tasks, make_frame(job), 0);
    pilot_tasks_queue(tasks, task);
    return task;
}

static bool is_readable(int fd)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    return poll(&item, 1, 0) == 1;
}

static void jobs_go_in_order(int wake_fd)
{
    pilot_tasks_t *tasks = pilot_tasks_new();
    add(tasks, 5);
    add(tasks, 4101); /* the same bucket as 5 */
    ok(pilot_tasks_count(tasks) == 2 && pilot_tasks_find(tasks, 4101)->id == 4101 &&
           !pilot_tasks_find(tasks, 6),
       "tasks are found by job");
    pilot_task_t *task = pilot_tasks_take(tasks, wake_fd);
    ok(task->id == 5 && task->lease.epoch == 3 && task->lease.counter == 105,
       "the first to come is the first to run, with its lease");
    ok(pilot_tasks_state(tasks, task) == PILOT_TASK_RUNNING, "a taken task runs");
    ok(!pilot_tasks_finished(tasks) && !is_readable(pilot_tasks_finished_fd(tasks)),
       "nothing is finished yet");
    pilot_tasks_finish(tasks, task);
    ok(is_readable(pilot_tasks_finished_fd(tasks)), "a finished task wakes the I/O thread");
    ok(pilot_tasks_finished(tasks) == task && pilot_tasks_state(tasks, task) == PILOT_TASK_DONE,
       "and is done once collected");
    pilot_tasks_remove(tasks, task);
    ok(pilot_tasks_count(tasks) == 1 && pilot_tasks_find(tasks, 4101), "the other one stays");
    pilot_tasks_free(tasks);
}

static void waiting_jobs_can_be_given_back(void)
{
    pilot_tasks_t *tasks = pilot_tasks_new();
    for (uint64_t job = 1; job <= 3; job++)
        add(tasks, job);
    pilot_task_t *task = pilot_tasks_unqueue_last(tasks, 2);
    ok(task && task->id == 3, "the last to come goes back first");
    pilot_tasks_remove(tasks, task);
    ok(!pilot_tasks_unqueue_last(tasks, 2), "as many as wanted are kept");
    pilot_tasks_free(tasks);
}

static void cancelled_jobs_end(int wake_fd)
{
    pilot_tasks_t *tasks = pilot_tasks_new();
    add(tasks, 1);
    add(tasks, 2);
    pilot_task_t *running = pilot_tasks_take(tasks, wake_fd);
    pilot_task_t *waiting = pilot_tasks_find(tasks, 2);
    ok(pilot_tasks_cancel(tasks, waiting), "a waiting task may go at once");
    pilot_tasks_remove(tasks, waiting);
    ok(!pilot_tasks_cancel(tasks, running) && atomic_load(&running->cancelled) &&
           running->forgotten,
       "a running one is told, and goes when it ends");
    ok(is_readable(wake_fd), "its thread is woken");
    pilot_tasks_finish(tasks, running);
    ok(!pilot_tasks_cancel(tasks, running), "finished and not collected: still not");
    ok(pilot_tasks_finished(tasks) == running && pilot_tasks_cancel(tasks, running),
       "collected: it may");
    pilot_tasks_remove(tasks, running);
    add(tasks, 3);
    pilot_tasks_take(tasks, wake_fd);
    ok(!is_readable(wake_fd), "a stale wake does not reach the next task");
    pilot_tasks_free(tasks);
}

static void *take_one(void *context)
{
    return pilot_tasks_take(context, -1);
}

static void stop_wakes_threads(void)
{
    pilot_tasks_t *tasks = pilot_tasks_new();
    pthread_t thread;
    pthread_create(&thread, NULL, take_one, tasks);
    pilot_tasks_stop(tasks);
    void *got = tasks;
    pthread_join(thread, &got);
    ok(!got, "a waiting thread gets nothing and ends");
    pilot_tasks_free(tasks);
}

int main(void)
{
    int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    jobs_go_in_order(wake_fd);
    waiting_jobs_can_be_given_back();
    cancelled_jobs_end(wake_fd);
    stop_wakes_threads();
    close(wake_fd);
    return tap_done();
}
