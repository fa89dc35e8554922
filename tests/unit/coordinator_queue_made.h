/* coordinator_queue_made.h - a queue with two workers, and short words for what is done to it. */
#ifndef PILOT_COORDINATOR_QUEUE_MADE_H
#define PILOT_COORDINATOR_QUEUE_MADE_H

#include "../../coordinator/queue.h"

static inline pilot_queue_t *new_queue(void)
{
    pilot_queue_t *queue = pilot_queue_new(&pilot_queue_default_rules, 7);
    pilot_queue_worker_came(queue, 0, "c");
    pilot_queue_worker_came(queue, 1, "c");
    return queue;
}

static inline void add(pilot_queue_t *queue, uint64_t analysis, const pilot_job_row_t *rows,
                       size_t count)
{
    pilot_queue_add_analysis(queue, analysis, 0, "c");
    pilot_queue_add_jobs(queue, analysis, rows, count, 0);
    pilot_queue_loaded(queue, analysis, 0);
}

/* Job that this worker gets now, 0 = none. */
static inline uint64_t pick(pilot_queue_t *queue, uint32_t worker, int64_t now_ms)
{
    pilot_job_order_t order;
    return pilot_queue_pick(queue, worker, true, now_ms, &order, NULL) ? order.job : 0;
}

static inline void finish(pilot_queue_t *queue, uint64_t job)
{
    uint32_t holder;
    pilot_queue_result(queue, job, &holder);
    pilot_queue_stored(queue, job, 0);
}

static inline pilot_job_state_t state_of(const pilot_queue_t *queue, uint64_t job)
{
    uint64_t analysis;
    pilot_job_state_t state = PILOT_JOB_STATES;
    uint32_t worker;
    pilot_queue_job(queue, job, &analysis, &state, &worker);
    return state;
}

static inline bool is_finished(pilot_queue_t *queue, uint64_t *ret_given_up)
{
    pilot_note_t note;
    bool finished = false;
    while (pilot_queue_next_note(queue, &note)) {
        finished = finished || note.kind == PILOT_NOTE_FINISHED;
        *ret_given_up = note.given_up;
    }
    return finished;
}

#endif
