#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output.h"
#include "pilot/memory.h"
#include "pilot/signals.h"

/* What the shell says of a command that is not there, or that cannot be run. */
enum { NOT_RUNNABLE = 126, NOT_FOUND = 127 };

static size_t count_lines(const char *text, size_t length)
{
    size_t lines = 0;
    for (const char *at = text; (at = memchr(at, '\n', length - (size_t)(at - text))); at++)
        lines++;
    return lines;
}

static bool is_long(const char *text, size_t length)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
           count_lines(text, length) >= size.ws_row;
}

static bool is_there(const char *program)
{
    const char *path = getenv("PATH");
    for (const char *end; path && *path; path = *end ? end + 1 : end) {
        end = strchrnul(path, ':');
        char *file PILOT_AUTOFREE = pilot_format("%.*s/%s", (int)(end - path), path, program);
        if (access(file, X_OK) == 0)
            return true;
    }
    return false;
}

/* For `sh -c`; NULL: none. */
static const char *wanted_pager(void)
{
    const char *wish = getenv("PAGER"), *terminal = getenv("TERM");
    if (wish)
        return wish[0] && strcmp(wish, "cat") != 0 ? wish : NULL;
    bool dumb = !terminal || !terminal[0] || strcmp(terminal, "dumb") == 0;
    return !dumb && is_there("less") ? "less" : NULL;
}

/* In the child; never returns. */
_Noreturn static void become(const char *command, int text_fd)
{
    pilot_signals_restore();
    /* What fits goes through at once; lines are not wrapped; the screen stays. */
    setenv("LESS", "FRSX", 0);
    if (dup2(text_fd, STDIN_FILENO) < 0)
        _exit(NOT_RUNNABLE);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(NOT_FOUND);
}

/* Until everything is read or the pager has gone; a signal to stop ends it, Ctrl-C is its own. */
static bool feed(pilot_context_t *context, int pipe_fd, int pid_fd, const char *text, size_t length)
{
    bool stop = false, open = true;
    for (;;) {
        struct pollfd wait[] = {{.fd = pid_fd, .events = POLLIN},
                                {.fd = context->interrupt_fd, .events = POLLIN},
                                {.fd = open ? pipe_fd : -1, .events = POLLOUT}};
        if (poll(wait, 3, -1) < 0 && errno != EINTR)
            break;
        int number = wait[1].revents ? pilot_signals_read(context->interrupt_fd) : 0;
        stop |= number != 0 && number != SIGINT;
        if (stop || (wait[0].revents & POLLIN))
            break;
        if (!open || !wait[2].revents)
            continue;
        ssize_t written = wait[2].revents & POLLOUT ? write(pipe_fd, text, length) : -1;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
        if (length == 0 || (written < 0 && errno != EAGAIN && errno != EINTR) ||
            (wait[2].revents & POLLERR)) {
            close(pipe_fd);
            open = false;
        }
    }
    if (open)
        close(pipe_fd);
    return stop;
}

static pilot_status_t write_all(const char *text, size_t length, pilot_error_t *error)
{
    fwrite(text, 1, length, stdout);
    return pilot_output_flush(error);
}

static pilot_status_t page(pilot_context_t *context, const char *pager, const char *text,
                           size_t length, pilot_error_t *error)
{
    /* A shell that stays would die of the Ctrl-C that its pager lives through. */
    bool simple = strpbrk(pager, "|&;<>()`'\"\\$\n") == NULL;
    char *command PILOT_AUTOFREE = pilot_format("%s%s", simple ? "exec " : "", pager);
    int ends[2];
    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return write_all(text, length, error);
    pid_t pid = fork();
    if (pid == 0)
        become(command, ends[0]);
    close(ends[0]);
    if (pid < 0) {
        close(ends[1]);
        return write_all(text, length, error);
    }
    int pid_fd = pidfd_open(pid, 0), status = 0;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    bool stop = pid_fd >= 0 && feed(context, ends[1], pid_fd, text, length);
    if (pid_fd >= 0)
        close(pid_fd);
    else
        close(ends[1]);
    if (stop || pid_fd < 0)
        kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (stop || (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT))
        return pilot_error_set(error, PILOT_E_INTERRUPTED, "interrupted");
    if (pid_fd < 0 || (WIFEXITED(status) &&
                       (WEXITSTATUS(status) == NOT_FOUND || WEXITSTATUS(status) == NOT_RUNNABLE)))
        return write_all(text, length, error);
    return PILOT_OK;
}

pilot_status_t pilot_pager_show(pilot_context_t *context, const char *text, size_t length,
                                pilot_error_t *error)
{
    const char *pager = context->terminal_out && is_long(text, length) ? wanted_pager() : NULL;
    return pager ? page(context, pager, text, length, error) : write_all(text, length, error);
}
