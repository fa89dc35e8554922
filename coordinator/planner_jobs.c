/* planner_jobs.c - from a plan and its pins to jobs, in the database and in the service. */
#include "planner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease.h"
#include "pilot/memory.h"
#include "pilot/plan.h"
#include "pilot/row_keys.h"
#include "pilot/spec.h"
#include "pilot/wire.h"

enum { CHUNK_ROWS = 10000 };

size_t pilot_planner_batch(const Pilot__Pin *pins, size_t count, size_t first)
{
    size_t taken = 1;
    uint64_t rows = pins[first].rows;
    while (first + taken < count && taken < PILOT_BATCH_AGENCIES && rows <= PILOT_BATCH_ROWS &&
           pins[first + taken].rows <= PILOT_BATCH_ROWS - rows)
        rows += pins[first + taken++].rows;
    return taken;
}

/* Levels of subgroups are known only to who has read the data: so many are taken for likely. */
enum { LIKELY_LEVELS = 5 };

size_t pilot_planner_compared(const pilot_row_slots_t *slots, size_t agencies, size_t first)
{
    /* The whole sample, levels, and their gaps. */
    uint64_t subsets = 1 + (uint64_t)slots->spec->n_subgroup * (2 * LIKELY_LEVELS - 1);
    uint64_t rows = 0;
    size_t taken = 0;
    for (size_t i = first; i < slots->outcomes; i++, taken++) {
        rows += (slots->first[i + 1] - slots->first[i]) * slots->treatments * subsets * agencies;
        if (taken > 0 && rows > PILOT_COMPARE_ROWS)
            break;
    }
    return taken;
}

/* ---- preparing ------------------------------------------------------------------------------- */

static pilot_status_t read_pins(pilot_db_t *db, pilot_work_t *work, pilot_error_t *error)
{
    char analysis[32];
    PGresult *result = NULL;
    snprintf(analysis, sizeof analysis, "%" PRIu64, work->analysis);
    pilot_status_t status = pilot_db_run(db, &result, error,
                                         "SELECT submission, agency, rows FROM work.pins "
                                         "WHERE analysis = $1::bigint ORDER BY ordinal",
                                         1, analysis);
    if (status)
        return status;
    work->pin_count = (size_t)PQntuples(result);
    work->pins = PILOT_NEW_ARRAY(Pilot__Pin, work->pin_count);
    for (size_t i = 0; i < work->pin_count; i++) {
        int row = (int)i;
        pilot__pin__init(&work->pins[i]);
        work->pins[i].submission = strtoull(PQgetvalue(result, row, 0), NULL, 10);
        work->pins[i].agency = pilot_strdup(PQgetvalue(result, row, 1));
        work->pins[i].rows = strtoull(PQgetvalue(result, row, 2), NULL, 10);
        work->pins[i].agency_index = (uint32_t)i;
    }
    PQclear(result);
    return PILOT_OK;
}

pilot_status_t planner_prepare(pilot_db_t *db, const planner_analysis_t *analysis,
                               pilot_work_t **ret_work, Pilot__Spec **ret_spec,
                               pilot_error_t *error)
{
    pilot_plan_t *plan = NULL;
    pilot_status_t status =
        pilot_plan_parse(analysis->source, strlen(analysis->source), "stored plan", &plan, error);
    /* What is confirmatory was decided by the hash: it must be that of what is computed. */
    if (!status && strcmp(plan->sha256, analysis->plan_sha256) != 0)
        status = pilot_error_set(error, PILOT_E_PLAN,
                                 "the stored plan is not the one that its SHA-256 is of");
    if (status) {
        pilot_plan_free(plan);
        return status;
    }
    pilot_work_t *work = PILOT_NEW(pilot_work_t);
    work->analysis = analysis->analysis;
    work->retries = analysis->retries;
    work->worker_class = analysis->worker_class ? pilot_strdup(analysis->worker_class) : NULL;
    Pilot__Spec *spec = pilot_spec_from_plan(plan);
    pilot_plan_free(plan);
    work->spec = pilot_message_pack(&spec->base, &work->spec_length);
    status = read_pins(db, work, error);
    if (status) {
        pilot_work_free(work);
        pilot_message_free(&spec->base);
        return status;
    }
    *ret_work = work;
    *ret_spec = spec;
    return PILOT_OK;
}

/* ---- planning -------------------------------------------------------------------------------- */

typedef struct plan_context {
    const pilot_work_t *work;
    const Pilot__Spec *spec;
    bool planned;
    int64_t jobs;
} plan_context_t;

/* Both numbers or neither. */
static void put_range(pilot_copy_in_t *copy, size_t first, size_t count)
{
    if (count) {
        pilot_copy_in_int4(copy, (int32_t)first);
        pilot_copy_in_int4(copy, (int32_t)(first + count - 1));
    } else {
        pilot_copy_in_null(copy);
        pilot_copy_in_null(copy);
    }
}

/* A job of some pins, of some outcomes, or (both counts 0) of neither. */
static void put_job(pilot_copy_in_t *copy, plan_context_t *plan, Pilot__JobKind kind, int16_t stage,
                    size_t first_pin, size_t pins, size_t first_outcome, size_t outcomes)
{
    pilot_copy_in_row(copy);
    pilot_copy_in_int8(copy, (int64_t)plan->work->analysis);
    pilot_copy_in_int2(copy, (int16_t)kind);
    pilot_copy_in_int2(copy, stage);
    put_range(copy, first_pin, pins);
    put_range(copy, first_outcome, outcomes);
    plan->jobs++;
}

static void put_batches(pilot_copy_in_t *copy, plan_context_t *plan, Pilot__JobKind kind,
                        int16_t stage)
{
    const pilot_work_t *work = plan->work;
    for (size_t first = 0, count; first < work->pin_count; first += count) {
        count = pilot_planner_batch(work->pins, work->pin_count, first);
        put_job(copy, plan, kind, stage, first, count, 0, 0);
    }
}

static void put_merged(pilot_copy_in_t *copy, plan_context_t *plan, Pilot__JobKind kind,
                       int16_t stage)
{
    put_job(copy, plan, kind, stage, 0, 0, 0, 0);
}

/* Outcomes that need all rows in one place, some a job. */
static void put_whole(pilot_copy_in_t *copy, plan_context_t *plan, const pilot_row_slots_t *slots)
{
    size_t count = 0, first = 0;
    for (size_t i = 0; i < slots->outcomes; i++) {
        if (!pilot_row_is_whole(slots, i))
            continue;
        if (count > 0 && count % PILOT_WHOLE_OUTCOMES == 0) {
            put_job(copy, plan, PILOT__JOB_KIND__WHOLE, 0, 0, 0, first, i - first);
            first = i;
        }
        count++;
    }
    if (count > 0)
        put_job(copy, plan, PILOT__JOB_KIND__WHOLE, 0, 0, 0, first, slots->outcomes - first);
}

static void put_compared(pilot_copy_in_t *copy, plan_context_t *plan,
                         const pilot_row_slots_t *slots)
{
    for (size_t first = 0, count; first < slots->outcomes; first += count) {
        count = pilot_planner_compared(slots, plan->work->pin_count, first);
        bool all = count == slots->outcomes;
        put_job(copy, plan, PILOT__JOB_KIND__COMPARE, 2, 0, 0, first, all ? 0 : count);
    }
}

static bool may_have_bounds(const pilot_row_slots_t *slots)
{
    bool found = false;
    for (size_t i = 0; i < slots->outcomes; i++)
        found |= pilot_row_may_have_bounds(slots, i);
    return found;
}

static pilot_status_t copy_jobs(pilot_db_t *db, plan_context_t *plan, pilot_error_t *error)
{
    pilot_copy_in_t *copy;
    pilot_status_t status = pilot_copy_in_begin(
        db,
        "COPY work.jobs (analysis, kind, stage, first_pin, last_pin, first_outcome, last_outcome) "
        "FROM STDIN (FORMAT binary)",
        7, &copy, error);
    if (status)
        return status;
    pilot_row_slots_t *slots = pilot_row_slots_new(plan->spec);
    put_batches(copy, plan, PILOT__JOB_KIND__ESTIMATE, 0);
    put_whole(copy, plan, slots);
    put_merged(copy, plan, PILOT__JOB_KIND__POOL, 1);
    if (!plan->spec->across)
        put_compared(copy, plan, slots);
    if (pilot_spec_has_regression(plan->spec)) {
        put_batches(copy, plan, PILOT__JOB_KIND__RESIDUAL, 2);
        put_merged(copy, plan, PILOT__JOB_KIND__FINISH, 3);
    }
    if (may_have_bounds(slots))
        put_merged(copy, plan, PILOT__JOB_KIND__BOUNDS, 2);
    pilot_row_slots_free(slots);
    return pilot_copy_in_end(copy, NULL, NULL, error);
}

static pilot_status_t plan_body(pilot_db_t *db, void *context, pilot_error_t *error)
{
    plan_context_t *plan = context;
    char analysis[32], jobs[32];
    PGresult *result = NULL;
    snprintf(analysis, sizeof analysis, "%" PRIu64, plan->work->analysis);
    pilot_status_t status =
        pilot_db_run(db, &result, error,
                     "UPDATE work.analyses SET state = 'running' WHERE analysis = $1::bigint AND "
                     "state IN ('queued', 'running') AND planned = $2::boolean RETURNING analysis",
                     2, analysis, plan->planned ? "true" : "false");
    if (status)
        return status;
    bool still_wanted = PQntuples(result) == 1;
    PQclear(result);
    if (!still_wanted)
        return pilot_error_set(error, PILOT_E_NOT_FOUND, "analysis %s was cancelled meanwhile",
                               analysis);
    if (plan->planned)
        return PILOT_OK;
    plan->jobs = 0;
    status = copy_jobs(db, plan, error);
    snprintf(jobs, sizeof jobs, "%" PRId64, plan->jobs);
    if (!status)
        status = pilot_db_run(db, NULL, error,
                              "UPDATE work.analyses SET planned = true, job_count = $2::bigint "
                              "WHERE analysis = $1::bigint",
                              2, analysis, jobs);
    return status;
}

pilot_status_t planner_plan(pilot_db_t *db, const pilot_shared_t *shared, const pilot_work_t *work,
                            const Pilot__Spec *spec, bool planned, pilot_error_t *error)
{
    plan_context_t plan = {.work = work, .spec = spec, .planned = planned};
    return planner_fenced(db, shared, plan_body, &plan, error);
}

/* ---- handing over ---------------------------------------------------------------------------- */

typedef struct hand_over {
    const pilot_shared_t *shared;
    uint64_t analysis;
    const Pilot__Pin *pins; /* the planner's own: the service may free its work at any time */
    size_t pin_count;
    pilot_job_row_t *rows;
    size_t count;
} hand_over_t;

static void post(const pilot_shared_t *shared, pilot_service_mail_kind_t kind, uint64_t analysis,
                 pilot_work_t *work, pilot_job_row_t *rows, size_t count)
{
    pilot_service_mail_t *mail = PILOT_NEW(pilot_service_mail_t);
    mail->kind = kind;
    mail->analysis = analysis;
    mail->work = work;
    mail->rows = rows;
    mail->count = count;
    pilot_mailbox_put(shared->to_service, &mail->mail);
}

static void post_chunk(hand_over_t *over)
{
    if (over->count)
        post(over->shared, PILOT_MAIL_JOBS, over->analysis, NULL, over->rows, over->count);
    over->rows = NULL;
    over->count = 0;
}

static uint8_t saturate(int64_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 200 ? 200 : value);
}

static pilot_status_t on_job(void *context, const pilot_field_t *field, int fields,
                             pilot_error_t *error)
{
    hand_over_t *over = context;
    (void)fields;
    (void)error;
    if (!over->rows)
        over->rows = PILOT_NEW_ARRAY(pilot_job_row_t, CHUNK_ROWS);
    pilot_job_row_t *row = &over->rows[over->count++];
    row->job = (uint64_t)pilot_field_int8(&field[0]);
    row->kind = (uint8_t)pilot_field_int2(&field[1]);
    row->stage = (uint8_t)pilot_field_int2(&field[2]);
    if (field[3].data && field[4].data) {
        row->first = (uint32_t)pilot_field_int4(&field[3]);
        row->last = (uint32_t)pilot_field_int4(&field[4]);
        if (row->first < over->pin_count)
            row->submission = over->pins[row->first].submission;
        for (size_t i = row->first; i <= row->last && i < over->pin_count; i++)
            row->rows += over->pins[i].rows;
    } else if (field[9].data && field[10].data) {
        row->first = (uint32_t)pilot_field_int4(&field[9]);
        row->last = (uint32_t)pilot_field_int4(&field[10]);
    } else {
        row->last = row->kind == PILOT__JOB_KIND__COMPARE ? PILOT_ALL_OUTCOMES : 0;
    }
    row->stored = pilot_field_int4(&field[5]) != 0;
    row->deaths = saturate(pilot_field_int8(&field[6]));
    row->errors = saturate(pilot_field_int8(&field[7]));
    row->given_up = pilot_field_int8(&field[8]) != 0;
    if (over->count == CHUNK_ROWS)
        post_chunk(over);
    return PILOT_OK;
}

static Pilot__Pin *copy_pins(const pilot_work_t *work)
{
    Pilot__Pin *pins = PILOT_NEW_ARRAY(Pilot__Pin, work->pin_count);
    memcpy(pins, work->pins, work->pin_count * sizeof *pins); /* the names are not looked at */
    return pins;
}

pilot_status_t planner_hand_over(pilot_db_t *db, const pilot_shared_t *shared, pilot_work_t *work,
                                 pilot_error_t *error)
{
    PILOT_AUTOFREE Pilot__Pin *pins = copy_pins(work);
    hand_over_t over = {
        .shared = shared, .analysis = work->analysis, .pins = pins, .pin_count = work->pin_count};
    PILOT_AUTOFREE char *sql = pilot_format(
        "COPY (SELECT j.job, j.kind, j.stage, j.first_pin, j.last_pin, "
        "(r.job IS NOT NULL)::int, coalesce(f.deaths, 0), coalesce(f.errors, 0), "
        "coalesce(f.given_up, 0), j.first_outcome, j.last_outcome FROM work.jobs j LEFT JOIN "
        "work.job_results r ON r.job = j.job "
        "LEFT JOIN (SELECT x.job, count(*) FILTER (WHERE x.reason = 'worker_lost') AS deaths, "
        "count(*) FILTER (WHERE x.reason <> 'worker_lost') AS errors, "
        "count(*) FILTER (WHERE x.given_up) AS given_up FROM work.failures x "
        "JOIN work.jobs y ON y.job = x.job WHERE y.analysis = %" PRIu64 " AND x.retries = %" PRId32
        " GROUP BY x.job) f ON f.job = j.job WHERE j.analysis = %" PRIu64
        " ORDER BY j.stage, j.job) TO STDOUT (FORMAT binary)",
        work->analysis, work->retries, work->analysis);
    post(shared, PILOT_MAIL_ADD, work->analysis, work, NULL, 0);
    pilot_status_t status = pilot_copy_out(db, sql, 11, on_job, &over, NULL, error);
    if (status) { /* what was handed over goes again: the caller starts anew */
        free(over.rows);
        post(shared, PILOT_MAIL_REMOVE, over.analysis, NULL, NULL, 0);
        return status;
    }
    post_chunk(&over);
    post(shared, PILOT_MAIL_LOADED, over.analysis, NULL, NULL, 0);
    return PILOT_OK;
}
