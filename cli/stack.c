#include "stack.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pilot/clock.h"
#include "pilot/conninfo.h"
#include "pilot/memory.h"
#include "spawn.h"

/* A job that kills its worker is given up by the coordinator after three deaths; many more mean
 * that the machine, not a job, is at fault. */
enum { MAX_RESTARTS = 32, LOG_TAIL = 4096 };

typedef struct pilot_child {
    const char *program;
    pid_t pid; /* 0: not running */
    int log_fd;
} pilot_child_t;

struct pilot_stack {
    char *conninfo, *endpoint;
    char *socket_folder; /* server mode: made by us, removed at the end */
    size_t count;        /* children; [0] is the coordinator */
    pilot_child_t *child;
    int restarts;
};

int64_t pilot_stack_default_workers(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int cores = CPU_COUNT(&set);
    return cores > PILOT_STACK_MAX_WORKERS ? PILOT_STACK_MAX_WORKERS : cores;
}

static pilot_status_t start_child(pilot_stack_t *stack, pilot_child_t *child, pilot_error_t *error)
{
    /* On one machine silence means death sooner than over a network. */
    const char *coordinator[] = {"--bind",      stack->endpoint, "--lease-ttl", "5000",
                                 "--heartbeat", "300",           NULL};
    const char *worker[] = {"--connect", stack->endpoint, "--threads", "1", NULL};
    child->log_fd = memfd_create("pilot-log", MFD_CLOEXEC);
    if (child->log_fd < 0)
        return pilot_error_set(error, PILOT_E_COORDINATOR, "cannot keep a log: %s",
                               strerror(errno));
    pilot_spawn_t spawn = {.program = child->program,
                           .argument = child == stack->child ? coordinator : worker,
                           .conninfo = stack->conninfo,
                           .log_fd = child->log_fd};
    return pilot_spawn(&spawn, &child->pid, error);
}

/* Each process has a socket of its own: several may serve one database, one of them at a time. */
static pilot_status_t choose_endpoint(pilot_stack_t *stack, const pilot_context_t *context,
                                      pilot_error_t *error)
{
    if (context->cluster) {
        stack->endpoint = pilot_format("ipc://%s/coordinator-%d.sock",
                                       pilot_cluster_run_dir(context->cluster), (int)getpid());
        return PILOT_OK;
    }
    char folder[] = "/tmp/pilot-run-XXXXXX";
    if (!mkdtemp(folder))
        return pilot_error_set(error, PILOT_E_FILE, "cannot make a folder below /tmp: %s",
                               strerror(errno));
    stack->socket_folder = pilot_strdup(folder);
    stack->endpoint = pilot_format("ipc://%s/coordinator.sock", folder);
    return PILOT_OK;
}

pilot_status_t pilot_stack_start(pilot_context_t *context, int64_t workers,
                                 pilot_stack_t **ret_stack, pilot_error_t *error)
{
    pilot_stack_t *stack = PILOT_NEW(pilot_stack_t);
    stack->conninfo = pilot_strdup(pilot_context_conninfo(context));
    stack->count = (size_t)workers + 1;
    stack->child = PILOT_NEW_ARRAY(pilot_child_t, stack->count);
    for (size_t i = 0; i < stack->count; i++)
        stack->child[i] =
            (pilot_child_t){.program = i ? "pilot-worker" : "pilot-coordinator", .log_fd = -1};
    pilot_status_t status = choose_endpoint(stack, context, error);
    for (size_t i = 0; i < stack->count && !status; i++)
        status = start_child(stack, &stack->child[i], error);
    if (status) {
        pilot_stack_stop(stack, true);
        return status;
    }
    *ret_stack = stack;
    return PILOT_OK;
}

/* The last line that a child wrote; caller frees.  "" when it said nothing. */
static char *last_words(const pilot_child_t *child)
{
    char tail[LOG_TAIL + 1];
    struct stat state;
    off_t end = child->log_fd >= 0 && fstat(child->log_fd, &state) == 0 ? state.st_size : 0;
    off_t from = end > LOG_TAIL ? end - LOG_TAIL : 0;
    ssize_t length = end > 0 ? pread(child->log_fd, tail, LOG_TAIL, from) : 0;
    if (length <= 0)
        return pilot_strdup("");
    tail[length] = '\0';
    while (length > 0 && tail[length - 1] == '\n')
        tail[--length] = '\0';
    const char *line = strrchr(tail, '\n');
    return pilot_strdup(line ? line + 1 : tail);
}

static void close_log(pilot_child_t *child)
{
    if (child->log_fd >= 0)
        close(child->log_fd);
    child->log_fd = -1;
}

static pilot_status_t child_ended(pilot_stack_t *stack, pilot_child_t *child, int how,
                                  pilot_error_t *error)
{
    child->pid = 0;
    bool killed = WIFSIGNALED(how);
    if (killed && child != stack->child && stack->restarts++ < MAX_RESTARTS) {
        close_log(child);
        return start_child(stack, child, error);
    }
    char *words PILOT_AUTOFREE = last_words(child);
    if (strstr(words, " level=info "))
        words[0] = '\0'; /* of a log's line, the last words of a process that was killed */
    const char *colon = words[0] ? ": " : "";
    if (killed)
        return pilot_error_set(error, PILOT_E_COORDINATOR, "%s was killed by signal %d%s%s",
                               child->program, WTERMSIG(how), colon, words);
    return pilot_error_set(error, PILOT_E_COORDINATOR, "%s ended with status %d%s%s",
                           child->program, WEXITSTATUS(how), colon, words);
}

pilot_status_t pilot_stack_check(pilot_stack_t *stack, pilot_error_t *error)
{
    for (size_t i = 0; i < stack->count; i++) {
        pilot_child_t *child = &stack->child[i];
        int how = 0;
        if (child->pid > 0 && waitpid(child->pid, &how, WNOHANG) == child->pid) {
            pilot_status_t status = child_ended(stack, child, how, error);
            if (status)
                return status;
        }
    }
    return PILOT_OK;
}

/* Wait until the child has gone or the time is up. */
static bool wait_for(pilot_child_t *child, int64_t until)
{
    while (child->pid > 0) {
        pid_t gone = waitpid(child->pid, NULL, WNOHANG);
        if (gone == child->pid || (gone < 0 && errno == ECHILD))
            child->pid = 0;
        else if (pilot_clock_ms() >= until)
            return false;
        else
            usleep(2000);
    }
    return true;
}

static void end_children(pilot_stack_t *stack, size_t from, size_t to, int64_t patience_ms)
{
    for (size_t i = from; i < to; i++)
        if (stack->child[i].pid > 0)
            kill(stack->child[i].pid, SIGTERM);
    int64_t until = pilot_clock_ms() + patience_ms;
    for (size_t i = from; i < to; i++) {
        if (wait_for(&stack->child[i], until))
            continue;
        kill(stack->child[i].pid, SIGKILL);
        wait_for(&stack->child[i], INT64_MAX);
    }
}

void pilot_stack_stop(pilot_stack_t *stack, bool at_once)
{
    if (!stack)
        return;
    /* Workers first: the coordinator then has nobody to wait for, and gives its lease back.  It may
     * still be releasing what has ended. */
    end_children(stack, 1, stack->count, at_once ? 100 : 2000);
    end_children(stack, 0, 1, at_once ? 1000 : 120000);
    for (size_t i = 0; i < stack->count; i++)
        close_log(&stack->child[i]);
    if (strncmp(stack->endpoint ? stack->endpoint : "", "ipc://", 6) == 0)
        unlink(stack->endpoint + 6);
    if (stack->socket_folder)
        rmdir(stack->socket_folder);
    free(stack->socket_folder);
    free(stack->endpoint);
    pilot_conninfo_wipe(stack->conninfo);
    free(stack->child);
    free(stack);
}
