/* pilot/signals.h - SIGINT, SIGTERM and SIGHUP as a file descriptor that a poll can wait for. */
#ifndef PILOT_SIGNALS_H
#define PILOT_SIGNALS_H

/* Block the signals in this thread (call before others start) and return a signalfd; SIGPIPE is
 * ignored.  A second SIGINT or SIGTERM still waits in the descriptor. */
int pilot_signals_open(void);

/* The next pending signal's number, or 0. */
int pilot_signals_read(int fd);

/* In a child after fork, before exec: the default signal mask and dispositions. */
void pilot_signals_restore(void);

#endif
