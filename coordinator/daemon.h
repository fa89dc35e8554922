/* daemon.h - the coordinator from endpoint to exit: lease, threads, service, drain. */
#ifndef PILOT_DAEMON_H
#define PILOT_DAEMON_H

#include <stdint.h>

#include "pilot/error.h"

typedef struct pilot_daemon_options {
    const char *bind;
    const char *conninfo;
    int64_t lease_ttl_ms, heartbeat_ms, drain_ms;
} pilot_daemon_options_t;

/* Runs until a signal (drains, PILOT_OK; a second one ends at once, PILOT_E_INTERRUPTED), or until
 * another coordinator takes over (PILOT_E_FENCED). */
pilot_status_t pilot_daemon_run(const pilot_daemon_options_t *options, int signal_fd,
                                pilot_error_t *error);

#endif
