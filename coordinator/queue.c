/* queue.c - states of jobs, stages of analyses; queue_pick.c chooses among the ready ones. */
#include "queue_private.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

const pilot_queue_rules_t pilot_queue_default_rules = {
    .deaths_max = 3,
    .errors_max = 3,
    .excused_max = 120,
    .backoff_ms = 250,
    .backoff_max_ms = 30000,
    .load_base_ms = 2,
    .load_rows_a_ms = 1000,
    .alone_patience_ms = 5000,
};

/* ---- the table ---------------------------------------------------------------------------------
 */

static void enter_ready(pilot_queue_t *queue, uint32_t index, int64_t now_ms);
static void enter_waiting(pilot_queue_t *queue, uint32_t index, int64_t now_ms);
static void enter_final(pilot_queue_t *queue, uint32_t index, int64_t now_ms);

/* Leaving `ready` takes a job out of its ring; `action` is what entering the next state asks for.
 */
static const struct transition {
    pilot_job_state_t state;
    pilot_job_event_t event;
    pilot_job_state_t next;
    void (*action)(pilot_queue_t *queue, uint32_t index, int64_t now_ms);
} transitions[] = {
    {PILOT_JOB_READY, PILOT_JOB_LEASE, PILOT_JOB_LEASED, NULL},
    {PILOT_JOB_READY, PILOT_JOB_RESULT, PILOT_JOB_STORING, NULL}, /* late, but the first */
    {PILOT_JOB_READY, PILOT_JOB_GIVE_UP, PILOT_JOB_QUARANTINED, enter_final}, /* inputs given up */
    {PILOT_JOB_READY, PILOT_JOB_CANCEL, PILOT_JOB_CANCELLED, enter_final},
    {PILOT_JOB_LEASED, PILOT_JOB_RESULT, PILOT_JOB_STORING, NULL},
    {PILOT_JOB_LEASED, PILOT_JOB_RETURN, PILOT_JOB_READY, enter_ready},
    {PILOT_JOB_LEASED, PILOT_JOB_FAIL, PILOT_JOB_WAITING, enter_waiting},
    {PILOT_JOB_LEASED, PILOT_JOB_GIVE_UP, PILOT_JOB_QUARANTINED, enter_final},
    {PILOT_JOB_LEASED, PILOT_JOB_CANCEL, PILOT_JOB_CANCELLED, enter_final},
    {PILOT_JOB_WAITING, PILOT_JOB_DUE, PILOT_JOB_READY, enter_ready},
    {PILOT_JOB_WAITING, PILOT_JOB_LEASE, PILOT_JOB_LEASED, NULL}, /* claimed */
    {PILOT_JOB_WAITING, PILOT_JOB_RESULT, PILOT_JOB_STORING, NULL},
    {PILOT_JOB_WAITING, PILOT_JOB_CANCEL, PILOT_JOB_CANCELLED, enter_final},
    {PILOT_JOB_STORING, PILOT_JOB_COMMIT, PILOT_JOB_STORED, enter_final},
    {PILOT_JOB_STORING, PILOT_JOB_FAIL, PILOT_JOB_WAITING, enter_waiting}, /* cannot be stored */
    {PILOT_JOB_STORING, PILOT_JOB_GIVE_UP, PILOT_JOB_QUARANTINED, enter_final},
    {PILOT_JOB_STORING, PILOT_JOB_CANCEL, PILOT_JOB_CANCELLED, enter_final},
};

static const struct transition *find_transition(pilot_job_state_t state, pilot_job_event_t event)
{
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++)
        if (transitions[i].state == state && transitions[i].event == event)
            return &transitions[i];
    return NULL;
}

bool pilot_job_next_state(pilot_job_state_t state, pilot_job_event_t event,
                          pilot_job_state_t *ret_next)
{
    const struct transition *transition = find_transition(state, event);
    if (transition)
        *ret_next = transition->next;
    return transition != NULL;
}

const char *pilot_job_state_name(pilot_job_state_t state)
{
    static const char *const names[] = {"ready",  "leased",      "waiting",  "storing",
                                        "stored", "quarantined", "cancelled"};
    return names[state];
}

bool queue_apply(pilot_queue_t *queue, uint32_t index, pilot_job_event_t event, int64_t now_ms)
{
    job_t *job = &queue->pool[index];
    const struct transition *transition = find_transition(job->state, event);
    if (!transition)
        return false;
    queue_ring_leave(queue, index);
    queue->in_state[job->state]--;
    queue->in_state[transition->next]++;
    job->state = (uint8_t)transition->next;
    if (transition->next != PILOT_JOB_LEASED)
        job->worker = NOBODY;
    if (transition->action)
        transition->action(queue, index, now_ms);
    return true;
}

/* ---- actions -----------------------------------------------------------------------------------
 */

static void enter_ready(pilot_queue_t *queue, uint32_t index, int64_t now_ms)
{
    if (queue->pool[index].stage <= queue->analyses[queue->pool[index].analysis].open_stage)
        queue_ring_enter(queue, index, now_ms);
}

/* xorshift64*: jitter needs no more. */
static uint64_t next_random(pilot_queue_t *queue)
{
    queue->random ^= queue->random >> 12;
    queue->random ^= queue->random << 25;
    queue->random ^= queue->random >> 27;
    return queue->random * 0x2545f4914f6cdd1du;
}

static void push_due(pilot_queue_t *queue, int64_t at_ms, uint64_t job)
{
    queue->due = pilot_grow(queue->due, &queue->due_capacity, queue->due_count + 1, sizeof(due_t));
    size_t i = queue->due_count++;
    for (; i && queue->due[(i - 1) / 2].at_ms > at_ms; i = (i - 1) / 2)
        queue->due[i] = queue->due[(i - 1) / 2];
    queue->due[i] = (due_t){.at_ms = at_ms, .job = job};
}

static due_t pop_due(pilot_queue_t *queue)
{
    due_t top = queue->due[0], last = queue->due[--queue->due_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < queue->due_count; i = child) {
        if (child + 1 < queue->due_count && queue->due[child + 1].at_ms < queue->due[child].at_ms)
            child++;
        if (queue->due[child].at_ms >= last.at_ms)
            break;
        queue->due[i] = queue->due[child];
    }
    queue->due[i] = last;
    return top;
}

static void enter_waiting(pilot_queue_t *queue, uint32_t index, int64_t now_ms)
{
    job_t *job = &queue->pool[index];
    unsigned tries = (unsigned)job->deaths + job->errors + job->excused;
    int64_t wait = queue->rules.backoff_ms << (tries > 1 ? (tries > 16 ? 16 : tries - 1) : 0);
    if (wait > queue->rules.backoff_max_ms)
        wait = queue->rules.backoff_max_ms;
    wait += (int64_t)(next_random(queue) % (uint64_t)(wait / 2 + 1)) - wait / 4; /* +- 25 % */
    job->since_ms = now_ms + wait;
    push_due(queue, job->since_ms, job->id);
}

int64_t pilot_queue_tick(pilot_queue_t *queue, int64_t now_ms)
{
    while (queue->due_count && queue->due[0].at_ms <= now_ms) {
        due_t due = pop_due(queue);
        uint32_t index;
        if (queue_find(queue, due.job, &index) && queue->pool[index].since_ms == due.at_ms)
            queue_apply(queue, index, PILOT_JOB_DUE, now_ms);
    }
    return queue->due_count ? queue->due[0].at_ms : INT64_MAX;
}

/* ---- stages ------------------------------------------------------------------------------------
 */

static void add_note(pilot_queue_t *queue, pilot_note_t note)
{
    size_t end = queue->note_first + queue->note_count;
    queue->notes = pilot_grow(queue->notes, &queue->note_capacity, end + 1, sizeof(pilot_note_t));
    queue->notes[end] = note;
    queue->note_count++;
}

bool pilot_queue_next_note(pilot_queue_t *queue, pilot_note_t *ret_note)
{
    if (!queue->note_count) {
        queue->note_first = 0;
        return false;
    }
    *ret_note = queue->notes[queue->note_first++];
    queue->note_count--;
    return true;
}

/* Can a job of this kind do nothing, because all that it reads was given up? */
static bool lacks_inputs(const analysis_t *analysis, unsigned kind)
{
    enum { ESTIMATE = 1, POOL = 2, RESIDUAL = 3, FINISH = 4, COMPARE = 5 };
    switch (kind) {
    case POOL:
    case COMPARE:
        return !analysis->stored[ESTIMATE] && analysis->given_up[ESTIMATE];
    case RESIDUAL:
        return analysis->given_up[POOL];
    case FINISH:
        return analysis->given_up[POOL] ||
               (!analysis->stored[RESIDUAL] && analysis->given_up[RESIDUAL]);
    default:
        return false;
    }
}

/* The jobs of the stage that has just opened. */
static void open_jobs(pilot_queue_t *queue, analysis_t *analysis, int64_t now_ms)
{
    for (size_t i = 0; i < analysis->job_count; i++) {
        uint32_t index = analysis->jobs[i];
        job_t *job = &queue->pool[index];
        if (job->stage != analysis->open_stage || job->state != PILOT_JOB_READY)
            continue;
        if (!lacks_inputs(analysis, job->kind)) {
            queue_ring_enter(queue, index, now_ms);
            continue;
        }
        add_note(queue, (pilot_note_t){
                            .kind = PILOT_NOTE_GAVE_UP, .analysis = analysis->id, .job = job->id});
        queue_apply(queue, index, PILOT_JOB_GIVE_UP, now_ms);
    }
}

/* Open what may open; tell of the end.  Giving up jobs on the way comes back here: the loop of the
 * outermost call goes on, inner calls find nothing to do. */
static void advance(pilot_queue_t *queue, analysis_t *analysis, int64_t now_ms)
{
    if (!analysis->loaded || analysis->finished || analysis->advancing)
        return;
    analysis->advancing = true;
    while (analysis->open_stage + 1 < PILOT_STAGES && !analysis->unfinished[analysis->open_stage]) {
        analysis->open_stage++;
        open_jobs(queue, analysis, now_ms);
    }
    analysis->advancing = false;
    if (analysis->unfinished[analysis->open_stage])
        return;
    analysis->finished = true;
    add_note(queue, (pilot_note_t){.kind = PILOT_NOTE_FINISHED,
                                   .analysis = analysis->id,
                                   .given_up = analysis->given_up_total,
                                   .cancelled = analysis->cancelled});
}

static void enter_final(pilot_queue_t *queue, uint32_t index, int64_t now_ms)
{
    job_t *job = &queue->pool[index];
    analysis_t *analysis = &queue->analyses[job->analysis];
    analysis->unfinished[job->stage]--;
    analysis->stored[job->kind] += job->state == PILOT_JOB_STORED;
    analysis->given_up[job->kind] += job->state == PILOT_JOB_QUARANTINED;
    analysis->given_up_total += job->state == PILOT_JOB_QUARANTINED;
    advance(queue, analysis, now_ms);
}

/* ---- analyses and jobs -------------------------------------------------------------------------
 */

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
        .first_pin = row->first_pin,
        .last_pin = row->last_pin,
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
    enter_ready(queue, index, now_ms);
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
    advance(queue, target, now_ms);
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

/* ---- what happens to jobs ----------------------------------------------------------------------
 */

pilot_delivery_t pilot_queue_result(pilot_queue_t *queue, uint64_t job, uint32_t *ret_holder)
{
    uint32_t index;
    *ret_holder = NOBODY;
    if (!queue_find(queue, job, &index))
        return PILOT_DELIVERY_UNWANTED;
    if (queue->pool[index].state == PILOT_JOB_LEASED)
        *ret_holder = queue->pool[index].worker;
    if (queue_apply(queue, index, PILOT_JOB_RESULT, 0))
        return PILOT_DELIVERY_FIRST;
    bool there = queue->pool[index].state == PILOT_JOB_STORED ||
                 queue->pool[index].state == PILOT_JOB_STORING;
    return there ? PILOT_DELIVERY_AGAIN : PILOT_DELIVERY_UNWANTED;
}

void pilot_queue_stored(pilot_queue_t *queue, uint64_t job, int64_t now_ms)
{
    uint32_t index;
    if (queue_find(queue, job, &index))
        queue_apply(queue, index, PILOT_JOB_COMMIT, now_ms);
}

/* Count the failure; is it one too many? */
static bool is_too_many(const pilot_queue_t *queue, job_t *job, pilot_failure_kind_t kind)
{
    switch (kind) {
    case PILOT_FAILURE_DEATH:
        return ++job->deaths >= queue->rules.deaths_max;
    case PILOT_FAILURE_ERROR:
        return ++job->errors >= queue->rules.errors_max;
    case PILOT_FAILURE_EXCUSED:
        return ++job->excused >= queue->rules.excused_max;
    case PILOT_FAILURE_FINAL:
        break;
    }
    return true;
}

pilot_verdict_t pilot_queue_fail(pilot_queue_t *queue, uint64_t job, pilot_failure_kind_t kind,
                                 int64_t now_ms)
{
    uint32_t index;
    if (!queue_find(queue, job, &index) ||
        !find_transition(queue->pool[index].state, PILOT_JOB_FAIL))
        return PILOT_VERDICT_NONE;
    bool give_up = is_too_many(queue, &queue->pool[index], kind);
    queue_apply(queue, index, give_up ? PILOT_JOB_GIVE_UP : PILOT_JOB_FAIL, now_ms);
    return give_up ? PILOT_VERDICT_GIVEN_UP : PILOT_VERDICT_AGAIN;
}

void pilot_queue_return(pilot_queue_t *queue, uint64_t job, uint32_t worker, int64_t now_ms)
{
    uint32_t index;
    if (queue_find(queue, job, &index) && queue->pool[index].worker == worker &&
        queue->pool[index].state == PILOT_JOB_LEASED)
        queue_apply(queue, index, PILOT_JOB_RETURN, now_ms);
}

/* ---- questions ---------------------------------------------------------------------------------
 */

bool pilot_queue_job(const pilot_queue_t *queue, uint64_t job, uint64_t *ret_analysis,
                     pilot_job_state_t *ret_state, uint32_t *ret_worker)
{
    uint32_t index;
    if (!queue_find(queue, job, &index))
        return false;
    const job_t *found = &queue->pool[index];
    *ret_analysis = queue->analyses[found->analysis].id;
    *ret_state = found->state;
    *ret_worker = found->state == PILOT_JOB_LEASED ? found->worker : NOBODY;
    return true;
}

uint64_t pilot_queue_submission(const pilot_queue_t *queue, uint64_t job)
{
    uint32_t index;
    return queue_find(queue, job, &index) ? queue->pool[index].submission : 0;
}

size_t pilot_queue_count(const pilot_queue_t *queue, pilot_job_state_t state)
{
    return queue->in_state[state];
}
