/* background.c - `pilot up` and `pilot down`: a pid file for each process in the cluster's run
 * folder holds "<pid> <start time>", so that a pid that was used again is never taken for ours. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pilot/clock.h"
#include "pilot/memory.h"
#include "spawn.h"
#include "stack.h"

static char *pid_file(const pilot_context_t *context, int64_t number)
{
    const char *folder = pilot_cluster_run_dir(context->cluster);
    return number == 0 ? pilot_format("%s/coordinator.pid", folder)
                       : pilot_format("%s/worker-%" PRId64 ".pid", folder, number);
}

/* The living process of a pid file, or 0. */
static pid_t living(const pilot_context_t *context, int64_t number)
{
    char *path PILOT_AUTOFREE = pid_file(context, number);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    char line[64] = "";
    char *end = line;
    bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    long pid = read ? strtol(line, &end, 10) : 0;
    uint64_t start = pid > 0 ? strtoull(end, NULL, 10) : 0;
    return start != 0 && pilot_spawn_started_at((pid_t)pid) == start ? (pid_t)pid : 0;
}

static pilot_status_t write_pid_file(const pilot_context_t *context, int64_t number, pid_t pid,
                                     pilot_error_t *error)
{
    char *path PILOT_AUTOFREE = pid_file(context, number);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return pilot_error_set(error, PILOT_E_FILE, "cannot write %s: %s", path, strerror(errno));
    dprintf(fd, "%d %" PRIu64 "\n", (int)pid, pilot_spawn_started_at(pid));
    close(fd);
    return PILOT_OK;
}

bool pilot_stack_is_up(const pilot_context_t *context, int *ret_workers)
{
    if (!context->cluster)
        return false;
    int workers = 0;
    for (int64_t i = 1; i <= PILOT_STACK_MAX_WORKERS; i++)
        workers += living(context, i) != 0;
    if (ret_workers)
        *ret_workers = workers;
    return workers > 0 && living(context, 0) != 0;
}

/* DIR/log/<name>, appended to. */
static int open_log(const pilot_context_t *context, const char *name, pilot_error_t *error)
{
    char *folder PILOT_AUTOFREE = pilot_format("%s/log", pilot_cluster_dir(context->cluster));
    char *path PILOT_AUTOFREE = pilot_format("%s/%s", folder, name);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        pilot_error_set(error, PILOT_E_FILE, "cannot make %s: %s", folder, strerror(errno));
        return -1;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        pilot_error_set(error, PILOT_E_FILE, "cannot write %s: %s", path, strerror(errno));
    return fd;
}

static pilot_status_t start_one(pilot_context_t *context, int64_t number, pilot_error_t *error)
{
    char *endpoint PILOT_AUTOFREE =
        pilot_format("ipc://%s/coordinator.sock", pilot_cluster_run_dir(context->cluster));
    const char *coordinator[] = {"--bind", endpoint, NULL};
    const char *worker[] = {"--connect", endpoint, "--threads", "1", NULL};
    char *log PILOT_AUTOFREE =
        number ? pilot_format("worker-%" PRId64 ".log", number) : pilot_strdup("coordinator.log");
    int log_fd = open_log(context, log, error);
    if (log_fd < 0)
        return PILOT_E_FILE;
    pilot_spawn_t spawn = {.program = number ? "pilot-worker" : "pilot-coordinator",
                           .argument = number ? worker : coordinator,
                           .conninfo = pilot_context_conninfo(context),
                           .log_fd = log_fd,
                           .background = true};
    pid_t pid = 0;
    pilot_status_t status = pilot_spawn(&spawn, &pid, error);
    close(log_fd);
    return status ? status : write_pid_file(context, number, pid, error);
}

static pilot_status_t start_missing(pilot_context_t *context, int64_t workers, int *ret_started,
                                    pilot_error_t *error)
{
    int started = 0;
    for (int64_t i = 0; i <= workers; i++) {
        if (living(context, i))
            continue;
        pilot_status_t status = start_one(context, i, error);
        if (status)
            return status;
        started++;
    }
    /* What cannot run at all ends at once: tell it now rather than in a log. */
    usleep(started ? 300000 : 0);
    for (int64_t i = 0; i <= workers; i++)
        if (!living(context, i))
            return pilot_error_set(
                error, PILOT_E_COORDINATOR, "%s ended at once: see the log in %s/log",
                i ? "a worker" : "the coordinator", pilot_cluster_dir(context->cluster));
    *ret_started = started;
    return PILOT_OK;
}

pilot_status_t pilot_stack_up(pilot_context_t *context, int64_t workers, int *ret_started,
                              pilot_error_t *error)
{
    bool was_up = pilot_stack_is_up(context, NULL);
    pilot_status_t status = start_missing(context, workers, ret_started, error);
    int ended = 0;
    if (status && !was_up)
        pilot_stack_down(context, &ended, NULL);
    return status;
}

static void end_process(pid_t pid, int64_t until)
{
    while (pilot_spawn_started_at(pid) && pilot_clock_ms() < until)
        usleep(10000);
    if (pilot_spawn_started_at(pid))
        kill(pid, SIGKILL);
    while (pilot_spawn_started_at(pid))
        usleep(2000);
}

pilot_status_t pilot_stack_down(pilot_context_t *context, int *ret_ended, pilot_error_t *error)
{
    (void)error;
    int ended = 0;
    pid_t pid[PILOT_STACK_MAX_WORKERS + 1];
    for (int64_t i = 0; i <= PILOT_STACK_MAX_WORKERS; i++) {
        pid[i] = living(context, i);
        ended += pid[i] != 0;
    }
    /* Workers drain first, then the coordinator, which stores what they computed. */
    for (int64_t i = 1; i <= PILOT_STACK_MAX_WORKERS; i++)
        if (pid[i])
            kill(pid[i], SIGTERM);
    int64_t until = pilot_clock_ms() + 10000;
    for (int64_t i = 1; i <= PILOT_STACK_MAX_WORKERS; i++)
        if (pid[i])
            end_process(pid[i], until);
    if (pid[0]) {
        kill(pid[0], SIGTERM);
        end_process(pid[0], pilot_clock_ms() + 10000);
    }
    for (int64_t i = 0; i <= PILOT_STACK_MAX_WORKERS; i++) {
        char *path PILOT_AUTOFREE = pid_file(context, i);
        unlink(path);
    }
    *ret_ended = ended;
    return PILOT_OK;
}
