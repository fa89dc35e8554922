/* debug_point.h - places where a test lets this worker die or dawdle:
 *   PILOT_DEBUG_POINT=die_in_job=JOB,die_on_job_number=K,sleep_in_job_ms=N */
#ifndef PILOT_WORKER_DEBUG_POINT_H
#define PILOT_WORKER_DEBUG_POINT_H

#include <stdint.h>

/* Called as each job starts to compute, from any thread. */
void pilot_debug_point_in_job(uint64_t job);

#endif
