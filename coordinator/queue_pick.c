/* queue_pick.c - the choice of a job: rings by analysis and by who has the data in its cache. */
#include "queue_private.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* ---- rings ----------------------------------------------------------------------------------- */

static ring_t *ring_of(analysis_t *analysis, uint32_t worker)
{
    if (worker == ALONE)
        return &analysis->alone;
    return worker == NOBODY ? &analysis->common : &analysis->own[worker];
}

/* Who has the job's data, if present and of the right class; NOBODY otherwise. */
static uint32_t preferred_worker(const pilot_queue_t *queue, const analysis_t *analysis,
                                 const job_t *job)
{
    uint32_t worker;
    if (!job->submission || !pilot_id_map_get(&queue->cached, job->submission, &worker) ||
        worker >= queue->worker_count || !queue->workers[worker].class_name)
        return NOBODY;
    if (analysis->class_name && strcmp(analysis->class_name, queue->workers[worker].class_name))
        return NOBODY;
    return worker;
}

static void ensure_own_ring(analysis_t *analysis, uint32_t worker)
{
    if (worker == NOBODY || worker == ALONE || worker < analysis->own_count)
        return;
    analysis->own = pilot_realloc(analysis->own, (size_t)worker + 1, sizeof(ring_t));
    while (analysis->own_count <= worker)
        analysis->own[analysis->own_count++] = (ring_t){NO_JOB, NO_JOB};
}

void queue_ring_enter(pilot_queue_t *queue, uint32_t index, int64_t now_ms)
{
    job_t *job = &queue->pool[index];
    analysis_t *analysis = &queue->analyses[job->analysis];
    job->worker = job->deaths ? ALONE : preferred_worker(queue, analysis, job);
    job->since_ms = now_ms;
    ensure_own_ring(analysis, job->worker);
    ring_t *ring = ring_of(analysis, job->worker);
    job->next = NO_JOB;
    job->previous = ring->last;
    if (ring->last == NO_JOB)
        ring->first = index;
    else
        queue->pool[ring->last].next = index;
    ring->last = index;
    job->in_ring = 1;
    analysis->ready++;
}

void queue_ring_leave(pilot_queue_t *queue, uint32_t index)
{
    job_t *job = &queue->pool[index];
    if (!job->in_ring)
        return;
    analysis_t *analysis = &queue->analyses[job->analysis];
    ring_t *ring = ring_of(analysis, job->worker);
    if (job->previous == NO_JOB)
        ring->first = job->next;
    else
        queue->pool[job->previous].next = job->next;
    if (job->next == NO_JOB)
        ring->last = job->previous;
    else
        queue->pool[job->next].previous = job->previous;
    job->in_ring = 0;
    analysis->ready--;
}

/* ---- workers --------------------------------------------------------------------------------- */

void pilot_queue_worker_came(pilot_queue_t *queue, uint32_t worker, const char *worker_class)
{
    if (worker >= queue->worker_count) {
        size_t before = queue->worker_count;
        queue->workers = pilot_grow(queue->workers, &queue->worker_capacity, (size_t)worker + 1,
                                    sizeof(worker_t));
        queue->worker_count = (size_t)worker + 1;
        memset(queue->workers + before, 0, (queue->worker_count - before) * sizeof(worker_t));
    }
    free(queue->workers[worker].class_name);
    queue->workers[worker].class_name = pilot_strdup(worker_class);
}

void pilot_queue_worker_left(pilot_queue_t *queue, uint32_t worker)
{
    if (worker >= queue->worker_count)
        return;
    free(queue->workers[worker].class_name);
    queue->workers[worker].class_name = NULL; /* so that preferred_worker passes it over */
    for (size_t i = 0; i < queue->analysis_count; i++) {
        analysis_t *analysis = &queue->analyses[i];
        while (worker < analysis->own_count && analysis->own[worker].first != NO_JOB) {
            uint32_t index = analysis->own[worker].first;
            int64_t since_ms = queue->pool[index].since_ms;
            queue_ring_leave(queue, index);
            queue_ring_enter(queue, index, since_ms);
        }
    }
}

void pilot_queue_cached(pilot_queue_t *queue, uint32_t worker, uint64_t submission)
{
    if (submission)
        pilot_id_map_put(&queue->cached, submission, worker);
}

/* ---- choice ---------------------------------------------------------------------------------- */

/* From another worker's ring only what has waited longer than loading its rows would take. */
static uint32_t steal(const pilot_queue_t *queue, const analysis_t *analysis, int64_t now_ms,
                      int64_t *again_ms)
{
    for (size_t owner = 0; owner < analysis->own_count; owner++) {
        uint32_t index = analysis->own[owner].first;
        if (index == NO_JOB)
            continue;
        const job_t *job = &queue->pool[index];
        int64_t free_at = job->since_ms + queue->rules.load_base_ms +
                          (int64_t)(job->rows / queue->rules.load_rows_a_ms);
        if (free_at <= now_ms)
            return index;
        if (again_ms && free_at < *again_ms)
            *again_ms = free_at;
    }
    return NO_JOB;
}

static uint32_t pick_in(const pilot_queue_t *queue, const analysis_t *analysis, uint32_t worker,
                        bool idle, int64_t now_ms, int64_t *again_ms)
{
    if (idle && analysis->alone.first != NO_JOB)
        return analysis->alone.first;
    if (worker < analysis->own_count && analysis->own[worker].first != NO_JOB)
        return analysis->own[worker].first;
    if (analysis->common.first != NO_JOB)
        return analysis->common.first;
    return steal(queue, analysis, now_ms, again_ms);
}

static bool is_served_before(const analysis_t *left, const analysis_t *right)
{
    if (left->priority != right->priority)
        return left->priority > right->priority;
    if (left->served != right->served)
        return left->served < right->served;
    return left->id < right->id;
}

static void fill_order(const analysis_t *analysis, const job_t *job, pilot_job_order_t *ret_order)
{
    enum { ESTIMATE = 1, POOL = 2, RESIDUAL = 3, FINISH = 4, COMPARE = 5, BOUNDS = 7 };
    unsigned inputs = job->kind == FINISH ? RESIDUAL : ESTIMATE;
    bool reads = job->kind == POOL || job->kind == FINISH || job->kind == COMPARE;
    *ret_order = (pilot_job_order_t){
        .job = job->id,
        .analysis = analysis->id,
        .counter = job->counter,
        .first = job->first,
        .last = job->last,
        .kind = job->kind,
        .pool_job = job->kind == RESIDUAL || job->kind == FINISH || job->kind == BOUNDS
                        ? analysis->pool_job
                        : 0,
        .inputs = reads ? analysis->stored[inputs] : 0,
        .given_up = reads ? analysis->given_up[inputs] : 0,
        .alone = job->deaths > 0,
        .pins_class = !analysis->class_name,
    };
}

static bool fits(const analysis_t *analysis, const char *class_name)
{
    return !analysis->class_name || !strcmp(analysis->class_name, class_name);
}

/* Workers that are always busy would never be idle: after some patience the first of a class is
 * sent nothing until it is. */
static bool is_kept_free(const pilot_queue_t *queue, uint32_t worker, int64_t now_ms)
{
    const char *class_name = queue->workers[worker].class_name;
    for (uint32_t other = 0; other < worker; other++)
        if (queue->workers[other].class_name &&
            !strcmp(queue->workers[other].class_name, class_name))
            return false;
    for (size_t i = 0; i < queue->analysis_count; i++) {
        const analysis_t *analysis = &queue->analyses[i];
        if (analysis->ready && analysis->alone.first != NO_JOB && fits(analysis, class_name) &&
            queue->pool[analysis->alone.first].since_ms + queue->rules.alone_patience_ms < now_ms)
            return true;
    }
    return false;
}

bool pilot_queue_pick(pilot_queue_t *queue, uint32_t worker, bool idle, int64_t now_ms,
                      pilot_job_order_t *ret_order, int64_t *ret_again_ms)
{
    analysis_t *best = NULL;
    uint32_t best_index = NO_JOB;
    if (worker >= queue->worker_count || !queue->workers[worker].class_name)
        return false;
    if (!idle && is_kept_free(queue, worker, now_ms))
        return false;
    const char *class_name = queue->workers[worker].class_name;
    for (size_t i = 0; i < queue->analysis_count; i++) {
        analysis_t *analysis = &queue->analyses[i];
        if (!analysis->ready || (best && !is_served_before(analysis, best)) ||
            !fits(analysis, class_name))
            continue;
        uint32_t index = pick_in(queue, analysis, worker, idle, now_ms, ret_again_ms);
        if (index == NO_JOB)
            continue;
        best = analysis;
        best_index = index;
    }
    if (!best)
        return false;
    job_t *job = &queue->pool[best_index];
    queue_apply(queue, best_index, PILOT_JOB_LEASE, now_ms);
    job->worker = worker;
    job->counter = ++queue->counter;
    best->served++;
    fill_order(best, job, ret_order);
    return true;
}

bool pilot_queue_claim(pilot_queue_t *queue, uint64_t job, uint32_t worker, uint64_t counter,
                       int64_t now_ms)
{
    uint32_t index;
    if (!queue_find(queue, job, &index))
        return false;
    job_t *found = &queue->pool[index];
    if (found->state == PILOT_JOB_LEASED)
        return found->worker == worker;
    if (found->state == PILOT_JOB_READY && !found->in_ring)
        return false; /* behind its gate: nobody was to have it */
    if (!queue_apply(queue, index, PILOT_JOB_LEASE, now_ms))
        return false;
    found->worker = worker;
    found->counter = counter;
    if (queue->counter < counter)
        queue->counter = counter;
    return true;
}

size_t pilot_queue_ready(const pilot_queue_t *queue)
{
    size_t ready = 0;
    for (size_t i = 0; i < queue->analysis_count; i++)
        ready += queue->analyses[i].ready;
    return ready;
}

uint64_t pilot_queue_starving(const pilot_queue_t *queue, const char **ret_class)
{
    for (size_t i = 0; i < queue->analysis_count; i++) {
        const analysis_t *analysis = &queue->analyses[i];
        bool found = !analysis->ready || !analysis->class_name;
        for (size_t w = 0; w < queue->worker_count && !found; w++)
            found = queue->workers[w].class_name &&
                    !strcmp(queue->workers[w].class_name, analysis->class_name);
        if (!found) {
            *ret_class = analysis->class_name;
            return analysis->id;
        }
    }
    return 0;
}
