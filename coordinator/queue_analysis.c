/* queue_analysis.c - analyses come, load their jobs, are cancelled and forgotten. */
#include "queue_private.h"

#include <stdlib.h>

#include "pilot/memory.h"

pilot_queue_t *pilot_queue_new(const pilot_queue_rules_t *rules, uint64_t seed)
{
    pilot_queue_t *queue = PILOT_NEW(pilot_queue_t);
    queue->rules = *rules;
    queue->random = seed | 1;
    return queue;
}

static void clear_analysis(analysis_t *analysis)
{
    free(analysis->class_name);
    free(analysis->own);
    free(analysis->jobs);
    *analysis = (analysis_t){0};
}

void pilot_queue_free(pilot_queue_t *queue)
{
    if (!queue)
        return;
    for (size_t i = 0; i < queue->analysis_count; i++)
        clear_analysis(&queue->analyses[i]);
    for (size_t i = 0; i < queue->worker_count; i++)
        free(queue->workers[i].class_name);
    pilot_id_map_clear(&queue->by_id);
    pilot_id_map_clear(&queue->cached);
    free(queue->pool);
    free(queue->free_jobs);
    free(queue->analyses);
    free(queue->workers);
    free(queue->due);
    free(queue->notes);
    free(queue);
}

analysis_t *queue_analysis(const pilot_queue_t *queue, uint64_t analysis)
{
    for (size_t i = 0; i < queue->analysis_count; i++)
        if (analysis && queue->analyses[i].id == analysis)
            return &queue->analyses[i];
    return NULL;
}

bool pilot_queue_knows(const pilot_queue_t *queue, uint64_t analysis)
{
    return queue_analysis(queue, analysis) != NULL;
}

bool queue_find(const pilot_queue_t *queue, uint64_t job, uint32_t *ret_index)
{
    return job && pilot_id_map_get(&queue->by_id, job, ret_index);
}

/* A newcomer starts level with the one that was served least: it neither waits nor monopolizes. */
static uint64_t least_served(const pilot_queue_t *queue)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < queue->analysis_count; i++)
        if (queue->analyses[i].id && queue->analyses[i].served < least)
            least = queue->analyses[i].served;
    return least == UINT64_MAX ? 0 : least;
}

bool pilot_queue_add_analysis(pilot_queue_t *queue, uint64_t analysis, int priority,
                              const char *worker_class)
{
    if (!analysis || queue_analysis(queue, analysis))
        return false;
    size_t slot = 0;
    while (slot < queue->analysis_count && queue->analyses[slot].id)
        slot++;
    if (slot > UINT16_MAX)
        return false;
    uint64_t served = least_served(queue);
    if (slot == queue->analysis_count) {
        queue->analyses =
            pilot_grow(queue->analyses, &queue->analysis_capacity, slot + 1, sizeof(analysis_t));
        queue->analysis_count++;
    }
    queue->analyses[slot] = (analysis_t){
        .id = analysis,
        .priority = priority,
        .class_name = worker_class ? pilot_strdup(worker_class) : NULL,
        .served = served,
        .common = {NO_JOB, NO_JOB},
        .alone = {NO_JOB, NO_JOB},
    };
    return true;
}

static uint32_t new_job(pilot_queue_t *queue)
{
    if (queue->free_count)
        return queue->free_jobs[--queue->free_count];
    queue->pool =
        pilot_grow(queue->pool, &queue->pool_capacity, queue->pool_count + 1, sizeof(job_t));
    return (uint32_t)queue->pool_count++;
}

static void add_job(pilot_queue_t *queue, analysis_t *analysis, const pilot_job_row_t *row,
                    int64_t now_ms)
{
    uint8_t kind = row->kind < PILOT_KINDS ? row->kind : 0;
    uint8_t stage = row->stage < PILOT_STAGES ? row->stage : PILOT_STAGES - 1;
    uint32_t index;
    if (kind == 2)
        analysis->pool_job = row->job;
    analysis->stored[kind] += row->stored;
    analysis->given_up[kind] += !row->stored && row->given_up;
    analysis->given_up_total += !row->stored && row->given_up;
    bool given_up = row->given_up && !row->stored;
    if (given_up || queue_find(queue, row->job, &index))
        return;
    index = new_job(queue);
    queue->pool[index] = (job_t){
        .id = row->job,
        .submission = row->submission,
        .rows = row->rows < UINT32_MAX ? (uint32_t)row->rows : UINT32_MAX,
        .first = row->first,
        .last = row->last,
        .worker = NOBODY,
        .analysis = (uint16_t)(analysis - queue->analyses),
        .kind = kind,
        .stage = stage,
        .state = row->stored ? PILOT_JOB_STORED : PILOT_JOB_READY,
        .deaths = row->deaths,
        .errors = row->errors,
    };
    pilot_id_map_put(&queue->by_id, row->job, index);
    analysis->jobs = pilot_grow(analysis->jobs, &analysis->job_capacity, analysis->job_count + 1,
                                sizeof(uint32_t));
    analysis->jobs[analysis->job_count++] = index;
    queue->in_state[queue->pool[index].state]++;
    if (row->stored)
        return; /* known so that a second delivery can be compared */
    analysis->unfinished[stage]++;
    queue_enter_ready(queue, index, now_ms);
}

void pilot_queue_add_jobs(pilot_queue_t *queue, uint64_t analysis, const pilot_job_row_t *rows,
                          size_t count, int64_t now_ms)
{
    analysis_t *target = queue_analysis(queue, analysis);
    for (size_t i = 0; target && i < count; i++)
        add_job(queue, target, &rows[i], now_ms);
}

void pilot_queue_loaded(pilot_queue_t *queue, uint64_t analysis, int64_t now_ms)
{
    analysis_t *target = queue_analysis(queue, analysis);
    if (!target)
        return;
    target->loaded = true;
    queue_advance(queue, target, now_ms);
}

void pilot_queue_set_class(pilot_queue_t *queue, uint64_t analysis, const char *worker_class)
{
    analysis_t *target = queue_analysis(queue, analysis);
    if (target && !target->class_name)
        target->class_name = pilot_strdup(worker_class);
}

void pilot_queue_cancel(pilot_queue_t *queue, uint64_t analysis, uint64_t **ret_leased,
                        size_t *ret_count)
{
    analysis_t *target = queue_analysis(queue, analysis);
    size_t count = 0, capacity = 0;
    uint64_t *leased = NULL;
    if (target)
        target->cancelled = true;
    for (size_t i = 0; target && i < target->job_count; i++) {
        uint32_t index = target->jobs[i];
        if (queue->pool[index].state == PILOT_JOB_LEASED) {
            leased = pilot_grow(leased, &capacity, count + 1, sizeof *leased);
            leased[count++] = queue->pool[index].id;
        }
    }
    /* Backwards, so that later stages end first and no gate opens on the way. */
    for (size_t i = target ? target->job_count : 0; i-- > 0;)
        queue_apply(queue, target->jobs[i], PILOT_JOB_CANCEL, 0);
    *ret_leased = leased;
    *ret_count = count;
}

void pilot_queue_remove(pilot_queue_t *queue, uint64_t analysis)
{
    analysis_t *target = queue_analysis(queue, analysis);
    for (size_t i = 0; target && i < target->job_count; i++) {
        uint32_t index = target->jobs[i];
        queue_ring_leave(queue, index);
        queue->in_state[queue->pool[index].state]--;
        pilot_id_map_remove(&queue->by_id, queue->pool[index].id);
        queue->free_jobs = pilot_grow(queue->free_jobs, &queue->free_capacity,
                                      queue->free_count + 1, sizeof(uint32_t));
        queue->free_jobs[queue->free_count++] = index;
    }
    if (target)
        clear_analysis(target);
}
