#include "pilot/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <ucontext.h>
#include <unistd.h>

static const int wanted[] = {SIGINT, SIGTERM, SIGHUP};
enum { WANTED = sizeof wanted / sizeof *wanted };

static void wanted_signals(sigset_t *set)
{
    sigemptyset(set);
    for (int i = 0; i < WANTED; i++)
        sigaddset(set, wanted[i]);
}

/* Runs only in threads that do not block the signal: those that a library (OpenBLAS) started before
 * main.  It blocks it there from now on, and sends it again, to whoever waits for the descriptor.
 */
static void block_and_resend(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)info;
    sigaddset(&((ucontext_t *)context)->uc_sigmask, number);
    kill(getpid(), number);
    errno = saved;
}

static void set_action(bool ours)
{
    struct sigaction action = {.sa_flags = SA_RESTART | (ours ? SA_SIGINFO : 0)};
    sigemptyset(&action.sa_mask);
    if (ours)
        action.sa_sigaction = block_and_resend;
    else
        action.sa_handler = SIG_DFL;
    for (int i = 0; i < WANTED; i++)
        sigaction(wanted[i], &action, NULL);
}

int pilot_signals_open(void)
{
    sigset_t set;
    wanted_signals(&set);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    set_action(true);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int pilot_signals_read(int fd)
{
    struct signalfd_siginfo info;
    if (fd < 0 || read(fd, &info, sizeof info) != (ssize_t)sizeof info)
        return 0;
    return (int)info.ssi_signo;
}

void pilot_signals_restore(void)
{
    sigset_t set;
    wanted_signals(&set);
    signal(SIGPIPE, SIG_DFL);
    set_action(false);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
