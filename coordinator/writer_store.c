/* writer_store.c - one batch, one transaction. */
#include "writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease.h"
#include "pilot/hash.h"
#include "pilot/log.h"
#include "pilot/memory.h"

/* Once a session; a lost session loses it. */
static const char make_temporary[] =
    "CREATE TEMPORARY TABLE IF NOT EXISTS pilot_incoming (job bigint, digest bytea, part bytea, "
    "worker text, epoch bigint, unit_rows bigint, pull_us bigint, compute_us bigint) "
    "ON COMMIT DELETE ROWS";

static void put_measure(pilot_copy_in_t *copy, bool given, uint64_t value)
{
    if (given)
        pilot_copy_in_int8(copy, (int64_t)value);
    else
        pilot_copy_in_null(copy);
}

static void put_result(pilot_copy_in_t *copy, const pilot_shared_t *shared,
                       const pilot_writer_mail_t *item)
{
    static const Pilot__Measures none = PILOT__MEASURES__INIT;
    const Pilot__Measures *measures = item->frame->result->measures;
    if (!measures)
        measures = &none;
    pilot_copy_in_row(copy);
    pilot_copy_in_int8(copy, (int64_t)item->job);
    pilot_copy_in_bytes(copy, item->digest, sizeof item->digest);
    if (item->rows->has_part)
        pilot_copy_in_bytes(copy, item->rows->part.data, item->rows->part.len);
    else
        pilot_copy_in_null(copy);
    pilot_copy_in_bytes(copy, item->worker, strlen(item->worker));
    pilot_copy_in_int8(copy, (int64_t)shared->epoch);
    put_measure(copy, measures->has_rows, measures->rows);
    put_measure(copy, measures->has_pull_us, measures->pull_us);
    put_measure(copy, measures->has_compute_us, measures->compute_us);
}

/* ---- what is new ----------------------------------------------------------------------------- */

static int by_job(const void *left, const void *right)
{
    const pilot_writer_mail_t *const *a = left, *const *b = right;
    return (*a)->job < (*b)->job ? -1 : (*a)->job > (*b)->job;
}

static pilot_writer_mail_t *find_job(pilot_writer_mail_t **sorted, size_t count, uint64_t job)
{
    pilot_writer_mail_t key = {.job = job}, *pointer = &key;
    pilot_writer_mail_t **found = bsearch(&pointer, sorted, count, sizeof *sorted, by_job);
    return found ? *found : NULL;
}

static void mark_new(pilot_writer_mail_t **sorted, size_t count, const PGresult *inserted)
{
    for (size_t i = 0; i < count; i++)
        sorted[i]->is_new = false;
    for (int i = 0; i < PQntuples(inserted); i++) {
        pilot_writer_mail_t *item =
            find_job(sorted, count, strtoull(PQgetvalue(inserted, i, 0), NULL, 10));
        if (item)
            item->is_new = true;
    }
}

/* Results that came a second time must be what came first: jobs are pure. */
static pilot_status_t compare_stored(pilot_db_t *db, pilot_writer_mail_t **sorted, size_t count,
                                     pilot_error_t *error)
{
    PGresult *stored = NULL;
    pilot_status_t status =
        pilot_db_run(db, &stored, error,
                     "SELECT r.job, encode(r.digest, 'hex') FROM pg_temp.pilot_incoming i "
                     "JOIN work.job_results r USING (job)",
                     0);
    if (status)
        return status;
    for (int i = 0; i < PQntuples(stored); i++) {
        char hex[2 * 32 + 1];
        pilot_writer_mail_t *item =
            find_job(sorted, count, strtoull(PQgetvalue(stored, i, 0), NULL, 10));
        if (!item || item->is_new)
            continue;
        pilot_hex(item->digest, sizeof item->digest, hex);
        if (strcmp(hex, PQgetvalue(stored, i, 1)) != 0)
            pilot_log(PILOT_LOG_ERROR, "result_mismatch",
                      "job=%" PRIu64 " analysis=%" PRIu64 " worker=%s stored=%.16s again=%.16s",
                      item->job, item->analysis, item->worker, PQgetvalue(stored, i, 1), hex);
    }
    PQclear(stored);
    return PILOT_OK;
}

static pilot_status_t store_results(pilot_db_t *db, const pilot_shared_t *shared,
                                    pilot_writer_mail_t **sorted, size_t count,
                                    pilot_error_t *error)
{
    pilot_copy_in_t *copy;
    pilot_status_t status = pilot_db_run(db, NULL, error, make_temporary, 0);
    if (!status)
        status = pilot_copy_in_begin(db, "COPY pg_temp.pilot_incoming FROM STDIN (FORMAT binary)",
                                     8, &copy, error);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++)
        put_result(copy, shared, sorted[i]);
    PGresult *inserted = NULL;
    status = pilot_copy_in_end(copy, NULL, NULL, error);
    if (!status)
        status = pilot_db_run(
            db, &inserted, error,
            "INSERT INTO work.job_results (job, digest, part, worker, epoch, unit_rows, pull_us, "
            "compute_us) SELECT job, digest, part, worker, epoch, unit_rows, pull_us, compute_us "
            "FROM pg_temp.pilot_incoming ON CONFLICT (job) DO NOTHING RETURNING job",
            0);
    if (status)
        return status;
    bool all_new = (size_t)PQntuples(inserted) == count;
    mark_new(sorted, count, inserted);
    PQclear(inserted);
    return all_new ? PILOT_OK : compare_stored(db, sorted, count, error);
}

/* ---- failures and classes -------------------------------------------------------------------- */

static pilot_status_t store_failure(pilot_db_t *db, const pilot_writer_mail_t *item,
                                    pilot_error_t *error)
{
    char job[32], retries[16];
    snprintf(job, sizeof job, "%" PRIu64, item->job);
    snprintf(retries, sizeof retries, "%" PRId32, item->retries);
    return pilot_db_run(db, NULL, error,
                        "INSERT INTO work.failures (job, retries, worker, reason, given_up) "
                        "VALUES ($1::bigint, $2::int, nullif($3, ''), $4, $5::boolean)",
                        5, job, retries, item->worker, item->reason,
                        item->given_up ? "true" : "false");
}

static pilot_status_t store_class(pilot_db_t *db, const pilot_writer_mail_t *item,
                                  pilot_error_t *error)
{
    char analysis[32];
    snprintf(analysis, sizeof analysis, "%" PRIu64, item->analysis);
    return pilot_db_run(db, NULL, error,
                        "UPDATE work.analyses SET software_version = $2, cpu_class = $3 "
                        "WHERE analysis = $1::bigint AND cpu_class IS NULL",
                        3, analysis, item->build, item->cpu_class);
}

static pilot_status_t store_others(pilot_db_t *db, pilot_writer_mail_t **items, size_t count,
                                   pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < count && !status; i++) {
        if (items[i]->kind == PILOT_MAIL_FAILURE)
            status = store_failure(db, items[i], error);
        else if (items[i]->kind == PILOT_MAIL_CLASS)
            status = store_class(db, items[i], error);
    }
    return status;
}

/* ---- the audit log --------------------------------------------------------------------------- */

/* All that was handed out, one entry an analysis; chained when the transaction commits. */
static pilot_status_t store_handed(pilot_db_t *db, const pilot_shared_t *shared,
                                   pilot_writer_mail_t **items, size_t count, pilot_error_t *error)
{
    PILOT_AUTOFREE const pilot_handed_t **handed = PILOT_NEW_ARRAY(const pilot_handed_t *, count);
    size_t handed_count = 0;
    for (size_t i = 0; i < count; i++)
        if (items[i]->kind == PILOT_MAIL_HANDED)
            handed[handed_count++] = &items[i]->handed;
    if (!handed_count)
        return PILOT_OK;
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_handed_json(handed, handed_count, shared->epoch, &json);
    pilot_status_t status = pilot_db_run(db, NULL, error, "SELECT work.note_handed($1::jsonb)", 1,
                                         (const char *)json.data);
    pilot_text_clear(&json);
    return status;
}

/* ---- the transaction ------------------------------------------------------------------------- */

static pilot_status_t store_all(pilot_db_t *db, const pilot_shared_t *shared,
                                pilot_writer_mail_t **items, size_t count, pilot_error_t *error)
{
    PILOT_AUTOFREE pilot_writer_mail_t **results = PILOT_NEW_ARRAY(pilot_writer_mail_t *, count);
    size_t result_count = 0;
    for (size_t i = 0; i < count; i++)
        if (items[i]->kind == PILOT_MAIL_RESULT)
            results[result_count++] = items[i];
    qsort(results, result_count, sizeof *results, by_job); /* one order of locks in the index */

    pilot_status_t status = store_others(db, items, count, error);
    if (!status)
        status = store_handed(db, shared, items, count, error);
    if (!status && result_count)
        status = store_results(db, shared, results, result_count, error);
    if (!status && result_count)
        status = writer_copy_rows(db, results, result_count, error);
    return status ? status : pilot_lease_check(db, shared, error);
}

pilot_status_t writer_store(pilot_db_t *db, const pilot_shared_t *shared,
                            pilot_writer_mail_t **items, size_t count, pilot_error_t *error)
{
    pilot_status_t status = pilot_db_script(db, "BEGIN", error);
    if (!status)
        status = store_all(db, shared, items, count, error);
    if (!status)
        return pilot_db_script(db, "COMMIT", error);
    pilot_db_script(db, "ROLLBACK", NULL);
    return status;
}
