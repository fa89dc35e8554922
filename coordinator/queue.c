/* queue.c - states of jobs, stages of analyses; queue_analysis.c keeps the analyses, queue_pick.c
 * chooses among the ready jobs. */
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

/* ---- the table ------------------------------------------------------------------------------- */

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
    {PILOT_JOB_LEASED, PILOT_JOB_RETURN, PILOT_JOB_READY, queue_enter_ready},
    {PILOT_JOB_LEASED, PILOT_JOB_FAIL, PILOT_JOB_WAITING, enter_waiting},
    {PILOT_JOB_LEASED, PILOT_JOB_GIVE_UP, PILOT_JOB_QUARANTINED, enter_final},
    {PILOT_JOB_LEASED, PILOT_JOB_CANCEL, PILOT_JOB_CANCELLED, enter_final},
    {PILOT_JOB_WAITING, PILOT_JOB_DUE, PILOT_JOB_READY, queue_enter_ready},
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

/* ---- actions --------------------------------------------------------------------------------- */

void queue_enter_ready(pilot_queue_t *queue, uint32_t index, int64_t now_ms)
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

/* ---- stages ---------------------------------------------------------------------------------- */

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
    enum { ESTIMATE = 1, POOL = 2, RESIDUAL = 3, FINISH = 4, COMPARE = 5, BOUNDS = 7 };
    switch (kind) {
    case POOL:
    case COMPARE:
        return !analysis->stored[ESTIMATE] && analysis->given_up[ESTIMATE];
    case RESIDUAL:
    case BOUNDS:
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
void queue_advance(pilot_queue_t *queue, analysis_t *analysis, int64_t now_ms)
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
    queue_advance(queue, analysis, now_ms);
}

/* ---- what happens to jobs -------------------------------------------------------------------- */

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

/* ---- questions ------------------------------------------------------------------------------- */

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

bool pilot_queue_pins(const pilot_queue_t *queue, uint64_t job, uint64_t *ret_analysis,
                      uint8_t *ret_kind, uint32_t *ret_first, uint32_t *ret_last)
{
    uint32_t index;
    if (!queue_find(queue, job, &index))
        return false;
    const job_t *found = &queue->pool[index];
    *ret_analysis = queue->analyses[found->analysis].id;
    *ret_kind = found->kind;
    *ret_first = found->first;
    *ret_last = found->last;
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
