/* queue.h - which job goes to which worker, and what becomes of it: rules over structs, without
 * sockets, SQL or a clock of its own (now_ms comes from the caller, CLOCK_MONOTONIC).
 *
 * Invariants: a job is in exactly one state; only `ready` jobs of an open stage stand in a ring; a
 * stage opens when no job of a lower stage is unfinished; a finished analysis is told of once. */
#ifndef PILOT_QUEUE_H
#define PILOT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum pilot_job_state {
    PILOT_JOB_READY,
    PILOT_JOB_LEASED,
    PILOT_JOB_WAITING, /* backoff */
    PILOT_JOB_STORING, /* its result is in the writer's hands */
    PILOT_JOB_STORED,
    PILOT_JOB_QUARANTINED,
    PILOT_JOB_CANCELLED,
    PILOT_JOB_STATES
} pilot_job_state_t;

typedef enum pilot_job_event {
    PILOT_JOB_LEASE,   /* sent to a worker, or claimed by the one that holds it */
    PILOT_JOB_RESULT,  /* a result came, whatever its lease */
    PILOT_JOB_COMMIT,  /* the result is in the database */
    PILOT_JOB_FAIL,    /* failed or its worker died; may be tried again */
    PILOT_JOB_GIVE_UP, /* not to be tried again */
    PILOT_JOB_RETURN,  /* given back, or never started */
    PILOT_JOB_DUE,     /* the backoff is over */
    PILOT_JOB_CANCEL,
    PILOT_JOB_EVENTS
} pilot_job_event_t;

const char *pilot_job_state_name(pilot_job_state_t state);

/* Next state, or false when the event means nothing in this state.  The table's only reader. */
bool pilot_job_next_state(pilot_job_state_t state, pilot_job_event_t event,
                          pilot_job_state_t *ret_next);

typedef enum pilot_failure_kind {
    PILOT_FAILURE_DEATH,   /* the worker died under it */
    PILOT_FAILURE_ERROR,   /* the worker says that it failed */
    PILOT_FAILURE_EXCUSED, /* database unreachable, lagging replica: not the job's fault */
    PILOT_FAILURE_FINAL    /* no use in trying again */
} pilot_failure_kind_t;

typedef struct pilot_queue_rules {
    unsigned deaths_max, errors_max, excused_max;
    int64_t backoff_ms, backoff_max_ms;
    int64_t load_base_ms;      /* what loading a submission costs: this ... */
    uint64_t load_rows_a_ms;   /* ... and a millisecond for so many rows */
    int64_t alone_patience_ms; /* a job that needs an idle worker gets one kept free after this */
} pilot_queue_rules_t;
extern const pilot_queue_rules_t pilot_queue_default_rules;

#define PILOT_STAGES 4
#define PILOT_KINDS 8

/* A job as the database knows it. */
typedef struct pilot_job_row {
    uint64_t job;
    uint64_t submission;  /* of its first pin, 0 = none: for locality */
    uint64_t rows;        /* of all its pins */
    uint32_t first, last; /* pins; of WHOLE: outcomes */
    uint8_t kind, stage;
    uint8_t deaths, errors; /* in this round of retries */
    bool stored, given_up;
} pilot_job_row_t;

/* What a lease needs to be sent. */
/* A COMPARE job's last outcome where it takes all. */
#define PILOT_ALL_OUTCOMES UINT32_MAX

typedef struct pilot_job_order {
    uint64_t job, analysis, counter;
    uint32_t first, last;
    uint8_t kind;
    uint64_t pool_job; /* 0: none */
    uint64_t inputs, given_up;
    bool alone;      /* a worker died under it: this one gets nothing else meanwhile */
    bool pins_class; /* the analysis has no class yet: pilot_queue_set_class before sending */
} pilot_job_order_t;

/* What the queue has to tell; taken with pilot_queue_next_note in the order it happened. */
typedef enum pilot_note_kind {
    PILOT_NOTE_GAVE_UP, /* a job was given up because its inputs were */
    PILOT_NOTE_FINISHED /* all jobs of an analysis are stored, given up or cancelled */
} pilot_note_kind_t;
typedef struct pilot_note {
    pilot_note_kind_t kind;
    uint64_t analysis, job;
    uint64_t given_up; /* FINISHED: number of jobs */
    bool cancelled;
} pilot_note_t;

typedef struct pilot_queue pilot_queue_t;

/* seed: for the jitter of backoff. */
pilot_queue_t *pilot_queue_new(const pilot_queue_rules_t *rules, uint64_t seed);
void pilot_queue_free(pilot_queue_t *queue);

/* ---- analyses -------------------------------------------------------------------------------- */

/* worker_class: class that its jobs go to, NULL = that of the first worker.  False if known. */
bool pilot_queue_add_analysis(pilot_queue_t *queue, uint64_t analysis, int priority,
                              const char *worker_class);
/* Jobs may come in several calls, ids in any order; they are leased from the first call on, but the
 * next stage opens, and the analysis finishes, only after pilot_queue_loaded. */
void pilot_queue_add_jobs(pilot_queue_t *queue, uint64_t analysis, const pilot_job_row_t *rows,
                          size_t count, int64_t now_ms);
void pilot_queue_loaded(pilot_queue_t *queue, uint64_t analysis, int64_t now_ms);
void pilot_queue_set_class(pilot_queue_t *queue, uint64_t analysis, const char *worker_class);
/* Unstored jobs end.  The leased ones' ids are appended to *ret_leased (caller frees; may be NULL).
 */
void pilot_queue_cancel(pilot_queue_t *queue, uint64_t analysis, uint64_t **ret_leased,
                        size_t *ret_count);
/* Forget a finished analysis and its jobs. */
void pilot_queue_remove(pilot_queue_t *queue, uint64_t analysis);
bool pilot_queue_knows(const pilot_queue_t *queue, uint64_t analysis);

/* ---- workers --------------------------------------------------------------------------------- */

/* worker: a small number, the caller's.  worker_class is copied. */
void pilot_queue_worker_came(pilot_queue_t *queue, uint32_t worker, const char *worker_class);
/* Its ready jobs may go to anybody at once.  Its leases are the caller's to end. */
void pilot_queue_worker_left(pilot_queue_t *queue, uint32_t worker);
void pilot_queue_cached(pilot_queue_t *queue, uint32_t worker, uint64_t submission);

/* ---- jobs ------------------------------------------------------------------------------------ */

/* Lease the best job for this worker: highest priority, then the analysis served least, then what
 * the worker has cached, then what nobody has, then what others have cached but waits longer than
 * loading takes.  A job under which a worker died goes only to an idle worker, so that it takes no
 * other job down with it.  False: none now; *ret_again_ms (NULL allowed) is lowered to when to ask
 * again. */
bool pilot_queue_pick(pilot_queue_t *queue, uint32_t worker, bool idle, int64_t now_ms,
                      pilot_job_order_t *ret_order, int64_t *ret_again_ms);
/* A worker holds this job already (after a restart): lease it as it stands if that can be. */
bool pilot_queue_claim(pilot_queue_t *queue, uint64_t job, uint32_t worker, uint64_t counter,
                       int64_t now_ms);

typedef enum pilot_delivery {
    PILOT_DELIVERY_FIRST,   /* store it */
    PILOT_DELIVERY_AGAIN,   /* compare it with the stored one */
    PILOT_DELIVERY_UNWANTED /* acknowledge and drop */
} pilot_delivery_t;
/* *ret_holder: the worker whose lease this ended, UINT32_MAX = none. */
pilot_delivery_t pilot_queue_result(pilot_queue_t *queue, uint64_t job, uint32_t *ret_holder);
void pilot_queue_stored(pilot_queue_t *queue, uint64_t job, int64_t now_ms);

typedef enum pilot_verdict {
    PILOT_VERDICT_NONE, /* not this worker's job any more */
    PILOT_VERDICT_AGAIN,
    PILOT_VERDICT_GIVEN_UP
} pilot_verdict_t;
/* A leased or storing job failed. */
pilot_verdict_t pilot_queue_fail(pilot_queue_t *queue, uint64_t job, pilot_failure_kind_t kind,
                                 int64_t now_ms);
/* Leased by this worker and counter, back to ready: no failure. */
void pilot_queue_return(pilot_queue_t *queue, uint64_t job, uint32_t worker, int64_t now_ms);
/* End of backoffs.  Returns when the next one is due, INT64_MAX = none. */
int64_t pilot_queue_tick(pilot_queue_t *queue, int64_t now_ms);

/* ---- questions ------------------------------------------------------------------------------- */

bool pilot_queue_next_note(pilot_queue_t *queue, pilot_note_t *ret_note);
/* Analysis and state of a job; false when unknown. */
bool pilot_queue_job(const pilot_queue_t *queue, uint64_t job, uint64_t *ret_analysis,
                     pilot_job_state_t *ret_state, uint32_t *ret_worker);
size_t pilot_queue_count(const pilot_queue_t *queue, pilot_job_state_t state);
/* Jobs ready behind an open gate. */
size_t pilot_queue_ready(const pilot_queue_t *queue);
/* An analysis with ready jobs whose class no present worker has, 0 = none. */
uint64_t pilot_queue_starving(const pilot_queue_t *queue, const char **ret_class);
/* What a job reads; false when unknown. */
bool pilot_queue_pins(const pilot_queue_t *queue, uint64_t job, uint64_t *ret_analysis,
                      uint8_t *ret_kind, uint32_t *ret_first, uint32_t *ret_last);
uint64_t pilot_queue_submission(const pilot_queue_t *queue, uint64_t job);

#endif
