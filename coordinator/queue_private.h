/* queue_private.h - the queue's structs, shared by queue.c (states), queue_analysis.c (what is in
 * it) and queue_pick.c (choice). */
#ifndef PILOT_QUEUE_PRIVATE_H
#define PILOT_QUEUE_PRIVATE_H

#include "id_map.h"
#include "queue.h"

#define NOBODY UINT32_MAX
#define ALONE (UINT32_MAX - 1) /* the ring of jobs that a worker must hold alone */
#define NO_JOB UINT32_MAX

/* 72 bytes: 100,000 of them are 7 MB. */
typedef struct job {
    uint64_t id;
    uint64_t counter; /* of the last lease */
    uint64_t submission;
    int64_t since_ms; /* ready: since when; waiting: until when */
    uint32_t rows;    /* saturated */
    uint32_t first, last;
    uint32_t next, previous; /* in its ring */
    uint32_t worker;         /* leased: its holder; ready: whose ring; NOBODY: the common one */
    uint16_t analysis;       /* slot */
    uint8_t kind, stage, state, in_ring;
    uint8_t deaths, errors, excused;
} job_t;

/* First in, first out, with removal from the middle. */
typedef struct ring {
    uint32_t first, last; /* NO_JOB when empty */
} ring_t;

typedef struct analysis {
    uint64_t id; /* 0: a free slot */
    int priority;
    bool loaded, finished, cancelled;
    bool advancing;   /* stages are being opened further up the stack */
    char *class_name; /* NULL: not pinned yet */
    uint64_t served;
    uint64_t pool_job;
    unsigned open_stage;
    uint64_t unfinished[PILOT_STAGES];
    uint64_t stored[PILOT_KINDS], given_up[PILOT_KINDS];
    uint64_t given_up_total;
    size_t ready; /* in rings */
    ring_t common;
    ring_t alone; /* jobs under which a worker died */
    ring_t *own;  /* by worker */
    size_t own_count;
    uint32_t *jobs; /* pool indices, in order of loading */
    size_t job_count, job_capacity;
} analysis_t;

typedef struct worker {
    char *class_name; /* NULL: absent */
} worker_t;

typedef struct due {
    int64_t at_ms;
    uint64_t job;
} due_t;

struct pilot_queue {
    pilot_queue_rules_t rules;
    uint64_t random;
    uint64_t counter; /* of leases */
    job_t *pool;
    size_t pool_count, pool_capacity;
    uint32_t *free_jobs;
    size_t free_count, free_capacity;
    pilot_id_map_t by_id;  /* job -> pool index */
    pilot_id_map_t cached; /* submission -> worker */
    analysis_t *analyses;
    size_t analysis_count, analysis_capacity;
    worker_t *workers;
    size_t worker_count, worker_capacity;
    due_t *due; /* heap; entries of jobs that wait no more are skipped */
    size_t due_count, due_capacity;
    pilot_note_t *notes;
    size_t note_first, note_count, note_capacity;
    size_t in_state[PILOT_JOB_STATES];
};

/* queue_pick.c: a ready job of an open stage enters its ring, or leaves it. */
void queue_ring_enter(pilot_queue_t *queue, uint32_t index, int64_t now_ms);
void queue_ring_leave(pilot_queue_t *queue, uint32_t index);

/* queue.c: take the job through its table.  False: the event means nothing now. */
bool queue_apply(pilot_queue_t *queue, uint32_t index, pilot_job_event_t event, int64_t now_ms);
/* queue.c: into its ring, if its stage is open. */
void queue_enter_ready(pilot_queue_t *queue, uint32_t index, int64_t now_ms);
/* queue.c: open what may open; tell of the end. */
void queue_advance(pilot_queue_t *queue, analysis_t *analysis, int64_t now_ms);
/* queue_analysis.c */
bool queue_find(const pilot_queue_t *queue, uint64_t job, uint32_t *ret_index);
analysis_t *queue_analysis(const pilot_queue_t *queue, uint64_t analysis);

#endif
