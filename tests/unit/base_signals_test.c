/* Signals as a descriptor, also in a process with threads that block nothing. */
#include "pilot/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "../harness/tap.h"

static void *idle(void *context)
{
    for (;;)
        pause();
    return context;
}

static int next_signal(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, 2000) > 0 ? pilot_signals_read(fd) : 0;
}

static void *read_elsewhere(void *context)
{
    static int number;
    number = next_signal(*(int *)context);
    return &number;
}

int main(void)
{
    pthread_t stray[3], reader;
    for (int i = 0; i < 3; i++)
        pthread_create(&stray[i], NULL, idle, NULL); /* as a library might, before main */
    int fd = pilot_signals_open();
    ok(!pilot_signals_read(fd), "nothing is pending at first");
    for (int i = 0; i < 3; i++) {
        kill(getpid(), SIGTERM);
        ok(next_signal(fd) == SIGTERM, "SIGTERM %d comes through the descriptor", i + 1);
    }
    pthread_kill(stray[1], SIGINT);
    ok(next_signal(fd) == SIGINT, "even one that a stray thread got");
    void *got = NULL;
    pthread_create(&reader, NULL, read_elsewhere, &fd);
    kill(getpid(), SIGHUP);
    pthread_join(reader, &got);
    ok(*(int *)got == SIGHUP, "any thread may wait for it");
    return tap_done();
}
