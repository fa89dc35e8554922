/* pilot/debug_point.h - named places where a test lets a daemon die or dawdle, by environment:
 *   PILOT_DEBUG_POINT=die_on_job_number=3,sleep_in_job_ms=200
 *
 * worker:      die_in_job=JOB  die_on_job_number=K  sleep_in_job_ms=N
 * coordinator: die_before_commit=N  die_after_commit=N  (when the N-th item passes)
 *              die_in_release=1  (the end and its release are written, not committed) */
#ifndef PILOT_DEBUG_POINT_H
#define PILOT_DEBUG_POINT_H

#include <stdbool.h>
#include <stdint.h>

/* The number that a test has set for this point; false: none. */
bool pilot_debug_point_setting(const char *name, int64_t *ret_value);

/* SIGKILL to ourselves: what a power cut does to a process. */
void pilot_debug_point_die(void);

#endif
