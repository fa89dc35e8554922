/* planner.h - the thread that turns launched analyses into jobs and ends them. */
#ifndef PILOT_PLANNER_H
#define PILOT_PLANNER_H

#include "mail.h"
#include "pilot/database.h"
#include "pilot/error.h"
#include "pilot/row_keys.h"

/* Thread: context is pilot_shared_t *.  Looks for work on NOTIFY pilot_work and every second.  Lets
 * the service open once everything that was running is loaded. */
void *pilot_planner_main(void *context);

/* ---- batches (pure) -------------------------------------------------------------------------- */

#define PILOT_BATCH_ROWS 50000
#define PILOT_BATCH_AGENCIES 64

/* The number of pins, from `first` on, that one job takes: at least one, then as long as the sum of
 * rows stays within PILOT_BATCH_ROWS and the count within PILOT_BATCH_AGENCIES.  It depends on the
 * pins alone, so neither on workers nor on time. */
size_t pilot_planner_batch(const Pilot__Pin *pins, size_t count, size_t first);

/* A WHOLE job holds the rows of at most so many outcomes that need them in one place. */
#define PILOT_WHOLE_OUTCOMES 4

/* Agency rows that a COMPARE job may have to give, as far as a plan tells, before outcomes are
 * split over jobs: about half a second of work, so that workers share it.  At 300 bytes each a
 * result stays far below a frame's 64 MB. */
#define PILOT_COMPARE_ROWS 4000
/* How many outcomes from `first` on go into one COMPARE job (at least 1): a pure function of the
 * plan and the number of agencies. */
size_t pilot_planner_compared(const pilot_row_slots_t *slots, size_t agencies, size_t first);

/* ---- within the planner ---------------------------------------------------------------------- */

typedef struct planner_analysis {
    uint64_t analysis;
    char *pilot;
    char *source; /* the plan as written */
    char *plan_sha256;
    int32_t retries;
    bool planned;
    char *worker_class; /* or NULL */
} planner_analysis_t;

/* planner_jobs.c: spec and pins; *ret_work is complete but for its jobs. */
pilot_status_t planner_prepare(pilot_db_t *db, const planner_analysis_t *analysis,
                               pilot_work_t **ret_work, Pilot__Spec **ret_spec,
                               pilot_error_t *error);
/* Insert all jobs and set the analysis running, in one fenced transaction. */
pilot_status_t planner_plan(pilot_db_t *db, const pilot_shared_t *shared, const pilot_work_t *work,
                            const Pilot__Spec *spec, bool planned, pilot_error_t *error);
/* Read the jobs back and hand them to the service, the work (consumed) first. */
pilot_status_t planner_hand_over(pilot_db_t *db, const pilot_shared_t *shared, pilot_work_t *work,
                                 pilot_error_t *error);

/* planner_end.c: rows for what is missing, the final state, NOTIFY; one fenced transaction. */
pilot_status_t planner_end(pilot_db_t *db, const pilot_shared_t *shared,
                           const planner_analysis_t *analysis, const pilot_planner_mail_t *end,
                           pilot_error_t *error);
/* A plan that cannot be read: the analysis fails without a job. */
pilot_status_t planner_refuse(pilot_db_t *db, const pilot_shared_t *shared, uint64_t analysis,
                              pilot_error_t *error);

/* Tells who listens on pilot_results when the transaction commits. */
pilot_status_t planner_notify(pilot_db_t *db, uint64_t analysis, pilot_error_t *error);

/* Begin, body, epoch check, commit. */
typedef pilot_status_t (*planner_body_t)(pilot_db_t *db, void *context, pilot_error_t *error);
pilot_status_t planner_fenced(pilot_db_t *db, const pilot_shared_t *shared, planner_body_t body,
                              void *context, pilot_error_t *error);

#endif
