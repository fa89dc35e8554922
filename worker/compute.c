#include "compute.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "compare.h"
#include "evaluate.h"
#include "fetch.h"
#include "merged.h"
#include "pilot/clock.h"
#include "pilot/debug_point.h"
#include "pilot/frame_limits.h"
#include "pilot/memory.h"
#include "pooled.h"
#include "stored.h"
#include "whole.h"

/* One attempt at one job. */
typedef struct attempt {
    pilot_compute_t *compute;
    pilot_task_t *task;
    const pilot_analysis_t *analysis;
    pilot_report_t *report;
    bool lagging;
    pilot_error_t error;
} attempt_t;

pilot_status_t pilot_compute_open_database(const char *conninfo, pilot_db_t **ret_db,
                                           pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_status_t status = pilot_db_open(conninfo, "pilot-worker", &db, error);
    if (status == PILOT_OK)
        status = pilot_db_script(db, "SET default_transaction_read_only = on", error);
    if (status == PILOT_OK)
        *ret_db = db;
    else
        pilot_db_close(db);
    return status;
}

static bool is_cancelled(const attempt_t *attempt)
{
    return atomic_load(&attempt->task->cancelled);
}

static void count_progress(const attempt_t *attempt)
{
    atomic_fetch_add(attempt->compute->progress, 1);
}

/* ---- job kinds ------------------------------------------------------------------------------- */

typedef pilot_status_t (*each_agency_t)(attempt_t *attempt, const pilot_dataset_t *dataset,
                                        const Pilot__Pin *pin, const pilot_fits_t *fits);

/* Pull the batch, then one agency after another; each is let go as soon as it is done. */
static pilot_status_t for_each_agency(attempt_t *attempt, each_agency_t each,
                                      const pilot_fits_t *fits)
{
    pilot_compute_t *compute = attempt->compute;
    const Pilot__Job *job = attempt->task->job;
    pilot_fetched_t fetched;
    int64_t begin = pilot_clock_us();
    pilot_status_t status =
        pilot_fetch(compute->db, compute->cache, attempt->analysis->layout, job->pin, job->n_pin,
                    &fetched, &attempt->lagging, &attempt->error);
    attempt->task->outcome.pull_us = (uint64_t)(pilot_clock_us() - begin);
    if (status != PILOT_OK)
        return status;
    attempt->task->outcome.unit_rows = fetched.rows_pulled;
    attempt->task->outcome.cached = fetched.all_cached;
    for (size_t i = 0; i < job->n_pin && status == PILOT_OK; i++) {
        if (is_cancelled(attempt))
            status = pilot_error_set(&attempt->error, PILOT_E_INTERRUPTED, "cancelled");
        else
            status = each(attempt, pilot_cached_dataset(fetched.cached[i]), job->pin[i], fits);
        pilot_cache_release(compute->cache, fetched.cached[i]);
        fetched.cached[i] = NULL;
        count_progress(attempt);
    }
    pilot_fetched_release(&fetched, compute->cache);
    return status;
}

static pilot_status_t estimate_one(attempt_t *attempt, const pilot_dataset_t *dataset,
                                   const Pilot__Pin *pin, const pilot_fits_t *fits)
{
    (void)fits;
    pilot_evaluate_agency(attempt->analysis, attempt->compute->ols, dataset, pin, attempt->report);
    return PILOT_OK;
}

static pilot_status_t residual_one(attempt_t *attempt, const pilot_dataset_t *dataset,
                                   const Pilot__Pin *pin, const pilot_fits_t *fits)
{
    return pilot_residual_agency(attempt->analysis, attempt->compute->ols, dataset, pin, fits,
                                 attempt->report, &attempt->error);
}

static pilot_status_t run_residual(attempt_t *attempt)
{
    pilot_fits_t *fits = NULL;
    pilot_status_t status =
        pilot_stored_fits(attempt->compute->db, attempt->task->job->pool_job, attempt->analysis,
                          &fits, &attempt->lagging, &attempt->error);
    if (status == PILOT_OK)
        status = for_each_agency(attempt, residual_one, fits);
    pilot_fits_free(fits);
    return status;
}

static pilot_status_t run_pool(attempt_t *attempt)
{
    const Pilot__Job *job = attempt->task->job;
    pilot_parts_t parts = {0};
    pilot_status_t status =
        pilot_stored_parts(attempt->compute->db, job->analysis, PILOT__JOB_KIND__ESTIMATE,
                           job->inputs, &parts, &attempt->lagging, &attempt->error);
    if (status == PILOT_OK)
        status =
            pilot_pool(attempt->analysis, &parts, job->given_up, attempt->report, &attempt->error);
    pilot_parts_clear(&parts);
    return status;
}

static pilot_status_t run_finish(attempt_t *attempt)
{
    const Pilot__Job *job = attempt->task->job;
    pilot_db_t *db = attempt->compute->db;
    pilot_parts_t parts = {0};
    pilot_fits_t *fits = NULL;
    pilot_status_t status = pilot_stored_fits(db, job->pool_job, attempt->analysis, &fits,
                                              &attempt->lagging, &attempt->error);
    if (status == PILOT_OK)
        status = pilot_stored_parts(db, job->analysis, PILOT__JOB_KIND__RESIDUAL, job->inputs,
                                    &parts, &attempt->lagging, &attempt->error);
    if (status == PILOT_OK)
        status = pilot_finish(attempt->analysis, fits, &parts, attempt->report, &attempt->error);
    pilot_parts_clear(&parts);
    pilot_fits_free(fits);
    return status;
}

/* The report borrows names from `compare`, so it is packed in here. */
static pilot_status_t run_compare(attempt_t *attempt)
{
    const Pilot__Job *job = attempt->task->job;
    const Pilot__Spec *spec = attempt->analysis->spec;
    bool all = !job->has_first_outcome || !job->has_last_outcome;
    size_t first = all ? 0 : job->first_outcome,
           last = all ? spec->n_outcome - 1 : job->last_outcome;
    if (first > last || last >= spec->n_outcome)
        return pilot_error_set(&attempt->error, PILOT_E_PROTOCOL, "a job without its outcomes");
    pilot_compare_t *compare = pilot_compare_new(attempt->analysis);
    pilot_status_t status = pilot_stored_effects(attempt->compute->db, job->analysis, spec, first,
                                                 last, compare, &attempt->error);
    if (status == PILOT_OK && spec->n_compared_by > 0)
        status =
            pilot_stored_attributes(attempt->compute->db, job->analysis, compare, &attempt->error);
    if (status == PILOT_OK) {
        pilot_compare_report(compare, first, last, job->given_up, attempt->report);
        pilot_job_outcome_t *outcome = &attempt->task->outcome;
        outcome->rows = pilot_report_pack(attempt->report, &outcome->rows_length);
    }
    pilot_compare_free(compare);
    return status;
}

/* ---- all rows in one place ------------------------------------------------------------------- */

/* What the job wants of all submissions. */
typedef struct whole {
    attempt_t *attempt;
    Pilot__Pin **pin;
    size_t pins;
    bool *wanted; /* by outcome */
    bool bounds;  /* lee_bounds is among what is wanted: covariates are needed */
    bool *alarm;  /* BOUNDS: [outcome][treatment]; else NULL */
    pilot_dataset_t *merged;
    pilot_whole_options_t options;
} whole_t;

static bool is_attempt_cancelled(const void *context)
{
    return is_cancelled(context);
}

/* One pull of some submissions, which go as soon as their rows are merged. */
static pilot_status_t merge_some(whole_t *whole, pilot_merge_t *merge, size_t first, size_t count)
{
    attempt_t *attempt = whole->attempt;
    pilot_compute_t *compute = attempt->compute;
    pilot_fetched_t fetched;
    int64_t begin = pilot_clock_us();
    pilot_status_t status =
        pilot_fetch(compute->db, compute->cache, attempt->analysis->layout, whole->pin + first,
                    count, &fetched, &attempt->lagging, &attempt->error);
    attempt->task->outcome.pull_us += (uint64_t)(pilot_clock_us() - begin);
    if (status != PILOT_OK)
        return status;
    attempt->task->outcome.unit_rows += fetched.rows_pulled;
    attempt->task->outcome.cached &= fetched.all_cached;
    for (size_t i = 0; i < count; i++) {
        pilot_merge_add(merge, pilot_cached_dataset(fetched.cached[i]));
        count_progress(attempt);
    }
    pilot_fetched_release(&fetched, compute->cache);
    return PILOT_OK;
}

static size_t pins_a_pull(const whole_t *whole, size_t first)
{
    enum { MOST_ROWS = 50000, MOST_PINS = 64 };
    size_t count = 1;
    uint64_t rows = whole->pin[first]->rows;
    while (first + count < whole->pins && count < MOST_PINS &&
           rows + whole->pin[first + count]->rows <= MOST_ROWS)
        rows += whole->pin[first + count++]->rows;
    return count;
}

static pilot_status_t merge_all(whole_t *whole)
{
    attempt_t *attempt = whole->attempt;
    uint64_t rows = 0;
    for (size_t i = 0; i < whole->pins; i++)
        rows += whole->pin[i]->rows;
    if (rows > UINT32_MAX)
        return pilot_error_set(&attempt->error, PILOT_E_DATA,
                               "%llu rows are more than can be held in one place",
                               (unsigned long long)rows);
    pilot_merge_t *merge =
        pilot_merge_new(attempt->analysis, whole->wanted, whole->bounds, whole->pins, (size_t)rows);
    pilot_status_t status = PILOT_OK;
    attempt->task->outcome.cached = true;
    for (size_t first = 0, count; first < whole->pins && status == PILOT_OK; first += count) {
        count = pins_a_pull(whole, first);
        status = is_cancelled(attempt)
                     ? pilot_error_set(&attempt->error, PILOT_E_INTERRUPTED, "cancelled")
                     : merge_some(whole, merge, first, count);
    }
    if (status == PILOT_OK)
        whole->merged = pilot_merge_finish(merge);
    pilot_merge_free(merge);
    whole->options = (pilot_whole_options_t){
        .agency_index = whole->pins == 1 ? whole->pin[0]->agency_index : UINT32_MAX,
        .is_cancelled = is_attempt_cancelled,
        .context = attempt};
    return status;
}

static pilot_status_t run_merged(whole_t *whole)
{
    attempt_t *attempt = whole->attempt;
    const Pilot__Job *job = attempt->task->job;
    pilot_status_t status = pilot_stored_pins(attempt->compute->db, job->analysis, &whole->pin,
                                              &whole->pins, &attempt->error);
    if (status == PILOT_OK)
        status = merge_all(whole);
    if (status == PILOT_OK) {
        bool done = whole->alarm
                        ? pilot_whole_bounds(attempt->analysis, whole->merged, whole->alarm,
                                             &whole->options, attempt->report)
                        : pilot_whole_report(attempt->analysis, whole->merged, job->first_outcome,
                                             job->last_outcome, &whole->options, attempt->report);
        if (!done)
            status = pilot_error_set(&attempt->error, PILOT_E_INTERRUPTED, "cancelled");
    }
    pilot_dataset_free(whole->merged);
    pilot_stored_pins_free(whole->pin, whole->pins);
    return status;
}

static pilot_status_t run_whole(attempt_t *attempt)
{
    const Pilot__Job *job = attempt->task->job;
    const pilot_analysis_t *analysis = attempt->analysis;
    if (!job->has_first_outcome || !job->has_last_outcome ||
        job->last_outcome >= analysis->outcomes)
        return pilot_error_set(&attempt->error, PILOT_E_PROTOCOL, "a job without its outcomes");
    whole_t whole = {.attempt = attempt, .wanted = PILOT_NEW_ARRAY(bool, analysis->outcomes)};
    for (size_t i = job->first_outcome; i <= job->last_outcome; i++) {
        whole.wanted[i] = pilot_row_is_whole(analysis->slots, i);
        whole.bounds |= pilot_row_has_estimator(analysis->slots, i, PILOT_LEE_BOUNDS);
    }
    pilot_status_t status = run_merged(&whole);
    free(whole.wanted);
    return status;
}

/* Most often nothing rings, and nothing is pulled. */
static pilot_status_t run_bounds(attempt_t *attempt)
{
    const pilot_analysis_t *analysis = attempt->analysis;
    size_t treatments = analysis->treatments;
    whole_t whole = {.attempt = attempt,
                     .wanted = PILOT_NEW_ARRAY(bool, analysis->outcomes),
                     .alarm = PILOT_NEW_ARRAY(bool, analysis->outcomes *treatments),
                     .bounds = true};
    pilot_status_t status =
        pilot_stored_alarms(attempt->compute->db, attempt->task->job->pool_job, analysis,
                            whole.alarm, &attempt->lagging, &attempt->error);
    bool rings = false;
    for (size_t i = 0; i < analysis->outcomes * treatments; i++) {
        whole.alarm[i] &= pilot_row_may_have_bounds(analysis->slots, i / treatments);
        whole.wanted[i / treatments] |= whole.alarm[i];
        rings |= whole.alarm[i];
    }
    if (status == PILOT_OK && rings)
        status = run_merged(&whole);
    free(whole.wanted);
    free(whole.alarm);
    return status;
}

static pilot_status_t run_kind(attempt_t *attempt)
{
    switch (attempt->task->job->kind) {
    case PILOT__JOB_KIND__ESTIMATE:
        return for_each_agency(attempt, estimate_one, NULL);
    case PILOT__JOB_KIND__POOL:
        return run_pool(attempt);
    case PILOT__JOB_KIND__RESIDUAL:
        return run_residual(attempt);
    case PILOT__JOB_KIND__FINISH:
        return run_finish(attempt);
    case PILOT__JOB_KIND__COMPARE:
        return run_compare(attempt);
    case PILOT__JOB_KIND__WHOLE:
        return run_whole(attempt);
    case PILOT__JOB_KIND__BOUNDS:
        return run_bounds(attempt);
    default:
        return pilot_error_set(&attempt->error, PILOT_E_PROTOCOL, "a job of an unknown kind");
    }
}

/* ---- one job --------------------------------------------------------------------------------- */

static pilot_status_t prepare_analysis(attempt_t *attempt)
{
    pilot_compute_t *compute = attempt->compute;
    const Pilot__Job *job = attempt->task->job;
    if (!job->has_spec)
        return pilot_error_set(&attempt->error, PILOT_E_PROTOCOL, "a job without a specification");
    if (!compute->analysis || compute->spec_length != job->spec.len ||
        memcmp(compute->spec, job->spec.data, job->spec.len) != 0) {
        pilot_analysis_free(compute->analysis);
        compute->analysis = NULL;
        pilot_status_t status =
            pilot_analysis_new(job->spec.data, job->spec.len, &compute->analysis, &attempt->error);
        if (status != PILOT_OK)
            return status;
        free(compute->spec);
        compute->spec_length = job->spec.len;
        compute->spec = pilot_alloc_raw(job->spec.len, 1);
        memcpy(compute->spec, job->spec.data, job->spec.len);
    }
    attempt->analysis = compute->analysis;
    return PILOT_OK;
}

/* *ret_fresh: the session has just been made, so a lost connection is news. */
static pilot_status_t prepare_database(attempt_t *attempt, bool *ret_fresh)
{
    pilot_compute_t *compute = attempt->compute;
    *ret_fresh = false;
    if (compute->db && pilot_db_is_alive(compute->db))
        return PILOT_OK;
    pilot_db_close(compute->db);
    compute->db = NULL;
    *ret_fresh = true;
    pilot_status_t status =
        pilot_compute_open_database(compute->conninfo, &compute->db, &attempt->error);
    if (status == PILOT_OK)
        pilot_db_interrupt_fd(compute->db, compute->wake_fd);
    return status;
}

static pilot_status_t try_once(attempt_t *attempt, bool *ret_fresh)
{
    pilot_status_t status = prepare_analysis(attempt);
    if (status == PILOT_OK)
        status = prepare_database(attempt, ret_fresh);
    if (status != PILOT_OK)
        return status;
    attempt->report = pilot_report_new(attempt->analysis);
    status = run_kind(attempt);
    pilot_job_outcome_t *outcome = &attempt->task->outcome;
    if (status == PILOT_OK && !outcome->rows)
        outcome->rows = pilot_report_pack(attempt->report, &outcome->rows_length);
    pilot_report_free(attempt->report);
    attempt->report = NULL;
    if (status == PILOT_OK && outcome->rows_length > PILOT_RESULT_ROWS_BYTES) {
        free(outcome->rows);
        outcome->rows = NULL;
        status = pilot_error_set(&attempt->error, PILOT_E_PROTOCOL,
                                 "a result of %zu bytes; at most %u can be sent",
                                 outcome->rows_length, PILOT_RESULT_ROWS_BYTES);
    }
    return status;
}

static void fail(attempt_t *attempt, pilot_status_t status)
{
    pilot_job_outcome_t *outcome = &attempt->task->outcome;
    outcome->failed = true;
    outcome->reason = pilot_strdup(attempt->error.message);
    outcome->retryable = status == PILOT_E_DATABASE || status == PILOT_E_SCHEMA;
    if (status == PILOT_E_WITHDRAWN)
        outcome->code = "data_withdrawn";
    else if (attempt->lagging)
        outcome->code = "lagging";
    else if (status == PILOT_E_DATABASE && pilot_db_is_retryable(&attempt->error))
        outcome->code = "database";
}

static void pass_debug_points(uint64_t job)
{
    static atomic_int started;
    int64_t value, number = atomic_fetch_add(&started, 1) + 1;
    if (pilot_debug_point_setting("sleep_in_job_ms", &value)) {
        struct timespec pause = {.tv_sec = value / 1000, .tv_nsec = value % 1000 * 1000000};
        nanosleep(&pause, NULL);
    }
    if ((pilot_debug_point_setting("die_in_job", &value) && value == (int64_t)job) ||
        (pilot_debug_point_setting("die_on_job_number", &value) && value == number))
        pilot_debug_point_die();
}

void pilot_compute_run(pilot_compute_t *compute, pilot_task_t *task)
{
    attempt_t attempt = {.compute = compute, .task = task};
    int64_t begin = pilot_clock_us();
    pass_debug_points(task->id);
    bool fresh = true;
    pilot_status_t status = try_once(&attempt, &fresh);
    /* A session that broke since its last use says nothing about the database: once more. */
    if (status == PILOT_E_DATABASE && !fresh && !attempt.lagging && !is_cancelled(&attempt) &&
        pilot_db_is_retryable(&attempt.error))
        status = try_once(&attempt, &fresh);
    if (status != PILOT_OK)
        fail(&attempt, status);
    uint64_t total = (uint64_t)(pilot_clock_us() - begin);
    task->outcome.compute_us = total - task->outcome.pull_us;
    count_progress(&attempt);
}

/* ---- thread ---------------------------------------------------------------------------------- */

static void *run_thread(void *context)
{
    pilot_compute_t *compute = context;
    pilot_task_t *task;
    while ((task = pilot_tasks_take(compute->tasks, compute->wake_fd))) {
        pilot_compute_run(compute, task);
        pilot_tasks_finish(compute->tasks, task);
    }
    return NULL;
}

void pilot_compute_start(pilot_compute_t *compute, pilot_tasks_t *tasks, pilot_cache_t *cache,
                         const char *conninfo, atomic_ullong *progress)
{
    *compute = (pilot_compute_t){.tasks = tasks,
                                 .cache = cache,
                                 .conninfo = conninfo,
                                 .progress = progress,
                                 .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                 .ols = pilot_ols_new()};
    if (compute->wake_fd < 0 || pthread_create(&compute->thread, NULL, run_thread, compute) != 0)
        pilot_out_of_memory();
}

void pilot_compute_join(pilot_compute_t *compute)
{
    pthread_join(compute->thread, NULL);
    pilot_db_close(compute->db);
    pilot_ols_free(compute->ols);
    pilot_analysis_free(compute->analysis);
    free(compute->spec);
    close(compute->wake_fd);
}
