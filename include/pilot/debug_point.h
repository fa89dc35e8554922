/* pilot/debug_point.h - named places where a test lets a daemon die or dawdle, by environment:
 *   PILOT_DEBUG_POINT=die_on_job_number=3,sleep_in_job_ms=200
 *
 * worker:      die_in_job=JOB  die_on_job_number=K  sleep_in_job_ms=N
 * coordinator: die_before_commit=N  die_after_commit=N  (when the N-th item passes)
 *              die_in_release=1  (the end and its release are written, not committed)
 * submit:      die_at_message=N (the N-th message to PostgreSQL, or piece of a COPY, was sent)
 *              die_before_seal=1  die_before_commit=1  die_in_commit=1 (COMMIT was sent)
 *              die_after_commit=1; hold_ instead of die_ stops the process until SIGCONT */
#ifndef PILOT_DEBUG_POINT_H
#define PILOT_DEBUG_POINT_H

#include <stdbool.h>
#include <stdint.h>

/* The number that a test has set for this point; false: none. */
bool pilot_debug_point_setting(const char *name, int64_t *ret_value);

/* SIGKILL to ourselves: what a power cut does to a process. */
void pilot_debug_point_die(void);

/* The passed-th time (from 1) that this point is come by: die if die_<name> is set to it, stop
 * (SIGSTOP) if hold_<name> is. */
void pilot_debug_point_pass(const char *name, uint64_t passed);

#endif
