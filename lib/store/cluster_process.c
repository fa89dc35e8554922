/* Child processes of a private cluster: a clean start, an interruptible wait. */
#include "cluster_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pilot/signals.h"

static const char *const clean_environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
                                                "TZ=UTC", NULL};

/* After fork: nothing of the caller's session, rights, signals, descriptors. */
static void become_server(const pilot_cluster_t *cluster, int input_fd, int log_fd, bool bound)
{
    setsid();
    pilot_signals_restore();
    if (dup2(input_fd, 0) < 0 || dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0)
        _exit(126);
    close_range(3, ~0u, 0);
    if (geteuid() == 0 && (initgroups(cluster->server_user, cluster->server_gid) ||
                           setgid(cluster->server_gid) || setuid(cluster->server_uid)))
        _exit(126);
    umask(077);
    if (chdir(cluster->dir) && chdir("/"))
        _exit(126);
    if (bound)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
}

pid_t pilot_cluster_spawn(const pilot_cluster_t *cluster, const char *const *argv, int input_fd,
                          int log_fd, bool bound)
{
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pid_t child = fork();
    if (child == 0) {
        become_server(cluster, input_fd >= 0 ? input_fd : null_fd, log_fd, bound);
        execve(argv[0], (char *const *)argv, (char *const *)clean_environment);
        _exit(127);
    }
    close(null_fd);
    return child > 0 ? child : 0;
}

pilot_status_t pilot_cluster_sleep(const pilot_cluster_t *cluster, int ms, pilot_error_t *error)
{
    struct pollfd wait = {.fd = cluster->interrupt_fd, .events = POLLIN};
    if (poll(&wait, 1, ms) > 0 && wait.revents)
        return pilot_error_set(error, PILOT_E_INTERRUPTED, "interrupted");
    return PILOT_OK;
}

pilot_status_t pilot_cluster_wait(const pilot_cluster_t *cluster, pid_t child, int *ret_exit,
                                  pilot_error_t *error)
{
    int state = 0;
    for (;;) {
        pid_t ended = waitpid(child, &state, WNOHANG);
        if (ended == child || (ended < 0 && errno != EINTR))
            break;
        pilot_status_t status = pilot_cluster_sleep(cluster, 10, error);
        if (status) {
            kill(-child, SIGKILL);
            kill(child, SIGKILL); /* it may not have its own session yet */
            waitpid(child, &state, 0);
            return status;
        }
    }
    *ret_exit = WIFEXITED(state) ? WEXITSTATUS(state) : 128;
    return PILOT_OK;
}

bool pilot_cluster_read_command(const char *const *argv, pilot_text_t *output)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC))
        return false;
    pid_t child = fork();
    if (child == 0) {
        int null_fd = open("/dev/null", O_RDWR);
        pilot_signals_restore();
        if (dup2(null_fd, 0) < 0 || dup2(pipes[1], 1) < 0 || dup2(null_fd, 2) < 0)
            _exit(126);
        close_range(3, ~0u, 0);
        execve(argv[0], (char *const *)argv, (char *const *)clean_environment);
        _exit(127);
    }
    close(pipes[1]);
    char bytes[512];
    ssize_t got;
    while (child > 0 && (got = read(pipes[0], bytes, sizeof bytes)) != 0) {
        if (got < 0 && errno != EINTR)
            break;
        if (got > 0 && output->length < 65536)
            pilot_text_append_bytes(output, bytes, (size_t)got);
    }
    close(pipes[0]);
    int state = -1;
    return child > 0 && waitpid(child, &state, 0) == child && state == 0;
}
