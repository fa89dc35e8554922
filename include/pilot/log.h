/* pilot/log.h - one key=value line on stderr per event; used by main and service layers only.
 * Never a parameter value, an outcome row or a password. */
#ifndef PILOT_LOG_H
#define PILOT_LOG_H

typedef enum pilot_log_level {
    PILOT_LOG_DEBUG,
    PILOT_LOG_INFO,
    PILOT_LOG_WARN,
    PILOT_LOG_ERROR
} pilot_log_level_t;

/* program: borrowed for the life of the process.  Lines below `least` are dropped. */
void pilot_log_init(const char *program, pilot_log_level_t least);

/* pilot_log(PILOT_LOG_INFO, "worker_lost", "worker=%s jobs=%zu", name, jobs) ->
 * 2026-01-31T12:00:00.123Z level=info program=pilot-coordinator event=worker_lost worker=... */
void pilot_log(pilot_log_level_t level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
