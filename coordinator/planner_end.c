/* planner_end.c - the end of an analysis: rows that say what is missing, and the final state. */
#include "planner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "pilot/row_keys.h"
#include "pilot/wire.h"
#include "staged.h"

pilot_status_t planner_fenced(pilot_db_t *db, const pilot_shared_t *shared, planner_body_t body,
                              void *context, pilot_error_t *error)
{
    pilot_status_t status = pilot_db_script(db, "BEGIN", error);
    if (!status)
        status = body(db, context, error);
    if (!status)
        status = pilot_lease_check(db, shared, error); /* last: its lock holds up the renewal */
    if (!status)
        return pilot_db_script(db, "COMMIT", error);
    pilot_db_script(db, "ROLLBACK", NULL);
    return status;
}

/* ---- rows of jobs that were given up --------------------------------------------------------- */

typedef struct end_context {
    const planner_analysis_t *analysis;
    const pilot_planner_mail_t *end;
    const pilot_work_t *work; /* NULL unless jobs were given up */
    const Pilot__Spec *spec;
    const pilot_row_slots_t *slots;
    bool without_rows;
} end_context_t;

/* Levels are not known without the data, so the ordinals of a plan with subgroups are not either:
 * these rows then stand behind all others. */
enum { ORDINAL_BEHIND = 1000000 };

typedef struct lost_job {
    uint64_t job;
    int kind;
    uint32_t first_pin, last_pin;         /* ESTIMATE */
    uint32_t first_outcome, last_outcome; /* WHOLE, COMPARE */
    bool withdrawn;
} lost_job_t;

static void put_parameter(pilot_copy_in_t *copy, const pilot_row_key_t *key)
{
    if (key->parameter)
        pilot_copy_in_bytes(copy, key->parameter, strlen(key->parameter));
    else
        pilot_copy_in_null(copy);
}

static void put_lost_row(pilot_copy_in_t *copy, const end_context_t *context,
                         const lost_job_t *lost, const char *agency, const pilot_row_key_t *key)
{
    const Pilot__Spec *spec = context->spec;
    const char *texts[] = {spec->outcome[key->outcome]->name,
                           spec->arm[key->arm]->label,
                           spec->arm[0]->label,
                           key->estimand,
                           key->estimator,
                           "job_failed",
                           lost->withdrawn ? "data_withdrawn" : "job_failed"};
    pilot_copy_in_row(copy);
    pilot_copy_in_int8(copy, (int64_t)context->analysis->analysis);
    pilot_copy_in_int8(copy, (int64_t)lost->job);
    pilot_copy_in_int4(copy, (int32_t)key->ordinal + (spec->n_subgroup ? ORDINAL_BEHIND : 0));
    if (agency)
        pilot_copy_in_bytes(copy, agency, strlen(agency));
    else
        pilot_copy_in_null(copy);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        pilot_copy_in_bytes(copy, texts[i], strlen(texts[i]));
    put_parameter(copy, key);
}

/* `auto` is decided by POOL. */
static bool makes_row(const lost_job_t *lost, const pilot_row_key_t *key)
{
    return pilot_row_job(key->slot) == (Pilot__JobKind)lost->kind &&
           (lost->kind != PILOT__JOB_KIND__WHOLE ||
            (key->outcome >= lost->first_outcome && key->outcome <= lost->last_outcome));
}

static void put_lost_job(pilot_copy_in_t *copy, const end_context_t *context,
                         const lost_job_t *lost)
{
    pilot_row_key_t key;
    pilot_row_keys_t keys;
    if (lost->kind == PILOT__JOB_KIND__ESTIMATE && !context->spec->across) {
        for (size_t pin = lost->first_pin; pin <= lost->last_pin && pin < context->work->pin_count;
             pin++) {
            keys = pilot_row_keys_begin(context->slots, NULL, 0);
            while (pilot_row_keys_next(&keys, &key))
                put_lost_row(copy, context, lost, context->work->pins[pin].agency, &key);
        }
    } else if (lost->kind == PILOT__JOB_KIND__POOL || lost->kind == PILOT__JOB_KIND__FINISH ||
               lost->kind == PILOT__JOB_KIND__WHOLE) {
        keys = pilot_row_keys_begin(context->slots, NULL, 0);
        while (pilot_row_keys_next(&keys, &key))
            if (makes_row(lost, &key))
                put_lost_row(copy, context, lost, NULL, &key);
    }
}

static pilot_status_t read_lost_jobs(pilot_db_t *db, const end_context_t *context,
                                     PGresult **ret_result, pilot_error_t *error)
{
    char analysis[32], retries[16];
    snprintf(analysis, sizeof analysis, "%" PRIu64, context->analysis->analysis);
    snprintf(retries, sizeof retries, "%" PRId32, context->analysis->retries);
    return pilot_db_run(
        db, ret_result, error,
        "SELECT j.job, j.kind, coalesce(j.first_pin, 0), coalesce(j.last_pin, 0), "
        "coalesce(bool_or(f.reason LIKE 'data\\_withdrawn%'), false), "
        "coalesce(j.first_outcome, 0), coalesce(j.last_outcome, 2147483647) FROM work.jobs j "
        "LEFT JOIN work.failures f ON f.job = j.job AND f.retries = $2::int "
        "WHERE j.analysis = $1::bigint AND NOT EXISTS "
        "(SELECT FROM work.job_results r WHERE r.job = j.job) GROUP BY j.job ORDER BY j.job",
        2, analysis, retries);
}

/* COMPARE writes all rows of its outcomes or none: one row of each kind for each effect says so.
 * Where outcomes are split over jobs, others' rows have ordinals that are not known here. */
enum { SPLIT_ORDINAL_BEHIND = 1000000000 };

static bool next_lost_key(const lost_job_t *lost, pilot_row_keys_t *keys, pilot_row_key_t *key)
{
    while (lost->kind == PILOT__JOB_KIND__COMPARE && pilot_row_keys_next(keys, key))
        if (key->outcome >= lost->first_outcome && key->outcome <= lost->last_outcome)
            return true;
    return false;
}

/* analysis, job, ordinal, k, outcome, arm, control, estimand, estimator, status, reason, parameter
 */
#define LOST_COLUMNS                                                                               \
    "analysis, job, ordinal, k, outcome, arm, control, estimand, estimator, status, reason, "      \
    "parameter"

static void put_lost_contrast(pilot_copy_in_t *copy, const end_context_t *context,
                              const lost_job_t *lost, const pilot_row_key_t *key)
{
    const Pilot__Spec *spec = context->spec;
    bool split = lost->first_outcome > 0 || lost->last_outcome < spec->n_outcome - 1;
    const char *texts[] = {spec->outcome[key->outcome]->name,
                           spec->arm[key->arm]->label,
                           spec->arm[0]->label,
                           key->estimand,
                           key->estimator,
                           "job_failed",
                           "job_failed"};
    pilot_copy_in_row(copy);
    pilot_copy_in_int8(copy, (int64_t)context->analysis->analysis);
    pilot_copy_in_int8(copy, (int64_t)lost->job);
    pilot_copy_in_int4(copy, (int32_t)key->ordinal + (split ? SPLIT_ORDINAL_BEHIND : 0));
    pilot_copy_in_int4(copy, 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        pilot_copy_in_bytes(copy, texts[i], strlen(texts[i]));
    put_parameter(copy, key);
}

static void put_lost_comparisons(pilot_copy_in_t *copy, const end_context_t *context,
                                 const lost_job_t *lost)
{
    const char *method = context->spec->comparison_method, *test = context->spec->comparison_test;
    pilot_row_key_t key;
    pilot_row_keys_t keys = pilot_row_keys_begin(context->slots, NULL, 0);
    while (next_lost_key(lost, &keys, &key)) {
        put_lost_contrast(copy, context, lost, &key);
        pilot_copy_in_bool(copy, true);
        pilot_copy_in_bytes(copy, method, strlen(method));
        pilot_copy_in_bytes(copy, test, strlen(test));
    }
}

/* Rows of a table that is told apart by one word, each word once. */
static void put_lost_kinds(pilot_copy_in_t *copy, const end_context_t *context,
                           const lost_job_t *lost, const char *const *kind, size_t kinds)
{
    pilot_row_key_t key;
    pilot_row_keys_t keys = pilot_row_keys_begin(context->slots, NULL, 0);
    while (next_lost_key(lost, &keys, &key)) {
        for (size_t i = 0; i < kinds; i++) {
            put_lost_contrast(copy, context, lost, &key);
            pilot_copy_in_int4(copy, (int32_t)i);
            pilot_copy_in_bytes(copy, kind[i], strlen(kind[i]));
        }
    }
}

static void put_lost_averages(pilot_copy_in_t *copy, const end_context_t *context,
                              const lost_job_t *lost)
{
    static const char *const weighting[] = {"person", "site"};
    put_lost_kinds(copy, context, lost, weighting, 2);
}

static void put_lost_shares(pilot_copy_in_t *copy, const end_context_t *context,
                            const lost_job_t *lost)
{
    static const char *const part[] = {"harm", "none", "benefit"};
    put_lost_kinds(copy, context, lost, part, 3);
}

/* The test of all attributes stands for the model. */
static void put_lost_moderators(pilot_copy_in_t *copy, const end_context_t *context,
                                const lost_job_t *lost)
{
    static const char *const kind[] = {"test"};
    put_lost_kinds(copy, context, lost, kind, context->spec->n_compared_by > 0 ? 1 : 0);
}

typedef void (*put_lost_t)(pilot_copy_in_t *copy, const end_context_t *context,
                           const lost_job_t *lost);

static pilot_status_t copy_lost(pilot_db_t *db, const end_context_t *context, const PGresult *jobs,
                                const pilot_staged_table_t *table, put_lost_t put,
                                pilot_error_t *error)
{
    pilot_copy_in_t *copy = NULL;
    pilot_status_t status = pilot_staged_begin(db, table, &copy, error);
    if (status)
        return status;
    for (int i = 0; i < PQntuples(jobs); i++) {
        lost_job_t lost = {.job = strtoull(PQgetvalue(jobs, i, 0), NULL, 10),
                           .kind = (int)strtol(PQgetvalue(jobs, i, 1), NULL, 10),
                           .first_pin = (uint32_t)strtoul(PQgetvalue(jobs, i, 2), NULL, 10),
                           .last_pin = (uint32_t)strtoul(PQgetvalue(jobs, i, 3), NULL, 10),
                           .withdrawn = *PQgetvalue(jobs, i, 4) == 't',
                           .first_outcome = (uint32_t)strtoul(PQgetvalue(jobs, i, 5), NULL, 10),
                           .last_outcome = (uint32_t)strtoul(PQgetvalue(jobs, i, 6), NULL, 10)};
        put(copy, context, &lost);
    }
    return pilot_staged_end(db, table, copy, error);
}

static const struct lost_table {
    pilot_staged_table_t table;
    put_lost_t put;
} lost_tables[] = {
    {{"work", "effects",
      "analysis, job, ordinal, agency, outcome, arm, control, estimand, estimator, status, "
      "reason, parameter",
      12},
     put_lost_job},
    {{"work", "comparisons", LOST_COLUMNS ", headline, method, test", 15}, put_lost_comparisons},
    {{"work", "averages", LOST_COLUMNS ", place, weighting", 14}, put_lost_averages},
    {{"work", "distribution", LOST_COLUMNS ", place, part", 14}, put_lost_shares},
    {{"work", "moderators", LOST_COLUMNS ", place, kind", 14}, put_lost_moderators},
};

static pilot_status_t insert_lost_rows(pilot_db_t *db, const end_context_t *context,
                                       pilot_error_t *error)
{
    PGresult *jobs = NULL;
    pilot_status_t status = read_lost_jobs(db, context, &jobs, error);
    for (size_t i = 0; !status && i < sizeof lost_tables / sizeof *lost_tables; i++)
        status = copy_lost(db, context, jobs, &lost_tables[i].table, lost_tables[i].put, error);
    PQclear(jobs);
    return status;
}

/* ---- the end --------------------------------------------------------------------------------- */

pilot_status_t planner_notify(pilot_db_t *db, uint64_t analysis, pilot_error_t *error)
{
    char id[32];
    snprintf(id, sizeof id, "%" PRIu64, analysis);
    return pilot_db_run(db, NULL, error, "SELECT pg_notify('pilot_results', $1)", 1, id);
}

static pilot_status_t set_state(pilot_db_t *db, uint64_t analysis, const char *state,
                                pilot_error_t *error)
{
    char id[32];
    snprintf(id, sizeof id, "%" PRIu64, analysis);
    pilot_status_t status =
        pilot_db_run(db, NULL, error,
                     "UPDATE work.analyses SET state = $2, finished_at = now() "
                     "WHERE analysis = $1::bigint AND state IN ('queued', 'running')",
                     2, id, state);
    return status ? status : planner_notify(db, analysis, error);
}

static pilot_status_t end_body(pilot_db_t *db, void *context, pilot_error_t *error)
{
    end_context_t *ending = context;
    pilot_status_t status = PILOT_OK;
    if (ending->end->given_up && !ending->end->cancelled && !ending->without_rows)
        status = insert_lost_rows(db, ending, error);
    const char *state = ending->end->cancelled  ? "cancelled"
                        : ending->end->given_up ? "failed"
                                                : "done";
    return status ? status : set_state(db, ending->analysis->analysis, state, error);
}

pilot_status_t planner_end(pilot_db_t *db, const pilot_shared_t *shared,
                           const planner_analysis_t *analysis, const pilot_planner_mail_t *end,
                           pilot_error_t *error)
{
    pilot_work_t *work = NULL;
    Pilot__Spec *spec = NULL;
    pilot_status_t status = PILOT_OK;
    if (end->given_up)
        status = planner_prepare(db, analysis, &work, &spec, error);
    pilot_row_slots_t *slots = spec ? pilot_row_slots_new(spec) : NULL;
    end_context_t context = {
        .analysis = analysis, .end = end, .work = work, .spec = spec, .slots = slots};
    if (!status)
        status = planner_fenced(db, shared, end_body, &context, error);
    if (status && status != PILOT_E_FENCED && end->given_up && !pilot_db_is_retryable(error)) {
        /* The end matters more than rows that say what is missing. */
        pilot_log(PILOT_LOG_ERROR, "rows_not_stored", "analysis=%" PRIu64 " reason=\"%s\"",
                  analysis->analysis, error->message);
        context.without_rows = true;
        status = planner_fenced(db, shared, end_body, &context, error);
    }
    pilot_row_slots_free(slots);
    pilot_work_free(work);
    if (spec)
        pilot_message_free(&spec->base);
    return status;
}

static pilot_status_t refuse_body(pilot_db_t *db, void *context, pilot_error_t *error)
{
    return set_state(db, *(const uint64_t *)context, "failed", error);
}

pilot_status_t planner_refuse(pilot_db_t *db, const pilot_shared_t *shared, uint64_t analysis,
                              pilot_error_t *error)
{
    return planner_fenced(db, shared, refuse_body, &analysis, error);
}
