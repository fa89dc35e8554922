/* writer.c - the thread: gathers batches, sends each until the database has it, tells who waits. */
#include "writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "id_map.h"
#include "pilot/clock.h"
#include "pilot/debug_point.h"
#include "pilot/hash.h"
#include "pilot/log.h"
#include "pilot/memory.h"
#include "pilot/wire.h"

enum {
    BATCH_ITEMS = 1000,
    BATCH_BYTES = 32 << 20,
    RETRY_FIRST_MS = 50,
    RETRY_LAST_MS = 2000,
    STOP_PATIENCE_MS = 5000,
    WAIT_MS = 500
};

typedef struct writer {
    pilot_shared_t *shared;
    pilot_db_t *db;
    pilot_mail_t *first, *last; /* taken from the mailbox, not yet in a batch */
    pilot_writer_mail_t *batch[BATCH_ITEMS];
    size_t batch_count;
    pilot_id_map_t in_batch; /* jobs with a result in this batch */
    size_t passed;           /* items of all batches but notes for the log, for debug points */
    int64_t stop_ms;         /* when to give up after stop, 0 = not stopping */
} writer_t;

static size_t bytes_of(const pilot_writer_mail_t *item)
{
    return item->frame ? item->frame->result->rows.len : 0;
}

/* ---- the batch ------------------------------------------------------------------------------- */

static void append_mail(writer_t *writer, pilot_mail_t *mail)
{
    if (!mail)
        return;
    if (writer->last)
        writer->last->next = mail;
    else
        writer->first = mail;
    while (mail->next)
        mail = mail->next;
    writer->last = mail;
}

static void post_rejected(writer_t *writer, const pilot_writer_mail_t *item, const char *reason)
{
    pilot_service_mail_t *mail = PILOT_NEW(pilot_service_mail_t);
    mail->kind = PILOT_MAIL_REJECTED;
    mail->rejected =
        (pilot_receipt_t){.job = item->job, .bytes = bytes_of(item), .sender = item->sender};
    mail->reason = pilot_format("storing: %s", reason);
    pilot_mailbox_put(writer->shared->to_service, &mail->mail);
}

/* Rows and digest of a result.  False: it does not unpack; told and freed. */
static bool prepare(writer_t *writer, pilot_writer_mail_t *item)
{
    pilot_error_t error;
    if (item->kind != PILOT_MAIL_RESULT)
        return true;
    const ProtobufCBinaryData *rows = &item->frame->result->rows;
    if (pilot_rows_unpack(rows->data, rows->len, &item->rows, &error)) {
        post_rejected(writer, item, error.message);
        pilot_writer_mail_free(item);
        return false;
    }
    pilot_sha256_of(rows->data, rows->len, item->digest);
    return true;
}

/* Take mail up to a full batch.  A second result of a job waits for the next batch, to be compared
 * with what is stored then. */
static void fill_batch(writer_t *writer)
{
    size_t bytes = 0;
    uint32_t ignored;
    pilot_id_map_clear(&writer->in_batch);
    while (writer->first && writer->batch_count < BATCH_ITEMS && bytes < BATCH_BYTES) {
        pilot_writer_mail_t *item = (pilot_writer_mail_t *)writer->first;
        bool is_result = item->kind == PILOT_MAIL_RESULT;
        if (is_result && pilot_id_map_get(&writer->in_batch, item->job, &ignored))
            break;
        writer->first = item->mail.next;
        if (!writer->first)
            writer->last = NULL;
        if (!prepare(writer, item))
            continue;
        if (is_result)
            pilot_id_map_put(&writer->in_batch, item->job, 1);
        bytes += bytes_of(item);
        writer->batch[writer->batch_count++] = item;
    }
}

/* ---- after the commit ------------------------------------------------------------------------ */

static void post_ended(writer_t *writer, const pilot_writer_mail_t *item)
{
    pilot_planner_mail_t *mail = PILOT_NEW(pilot_planner_mail_t);
    mail->analysis = item->analysis;
    mail->given_up = item->given_up_total;
    mail->cancelled = item->cancelled;
    pilot_mailbox_put(writer->shared->to_planner, &mail->mail);
}

static void post_stored(writer_t *writer, pilot_writer_mail_t **items, size_t count)
{
    pilot_service_mail_t *mail = PILOT_NEW(pilot_service_mail_t);
    mail->kind = PILOT_MAIL_STORED;
    mail->receipts = PILOT_NEW_ARRAY(pilot_receipt_t, count);
    for (size_t i = 0; i < count; i++)
        if (items[i]->kind == PILOT_MAIL_RESULT)
            mail->receipts[mail->count++] = (pilot_receipt_t){
                .job = items[i]->job, .bytes = bytes_of(items[i]), .sender = items[i]->sender};
    pilot_mailbox_put(writer->shared->to_service, &mail->mail);
    for (size_t i = 0; i < count; i++)
        if (items[i]->kind == PILOT_MAIL_ENDED)
            post_ended(writer, items[i]);
}

static void free_batch(writer_t *writer)
{
    for (size_t i = 0; i < writer->batch_count; i++)
        pilot_writer_mail_free(writer->batch[i]);
    writer->batch_count = 0;
}

/* ---- until it is stored ---------------------------------------------------------------------- */

static void sleep_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static bool gives_up(writer_t *writer)
{
    if (atomic_load(&writer->shared->fenced))
        return true;
    if (!writer->stop_ms && atomic_load(&writer->shared->stop))
        writer->stop_ms = pilot_clock_ms() + STOP_PATIENCE_MS;
    return writer->stop_ms && pilot_clock_ms() > writer->stop_ms;
}

static pilot_status_t try_once(writer_t *writer, pilot_writer_mail_t **items, size_t count,
                               pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    if (!writer->db)
        status =
            pilot_db_open(writer->shared->conninfo, "pilot-coordinator writer", &writer->db, error);
    else if (!pilot_db_is_alive(writer->db))
        status = pilot_db_reopen(writer->db, error);
    return status ? status : writer_store(writer->db, writer->shared, items, count, error);
}

/* The same items until they are stored.  PILOT_OK; what the database refuses for good; or, when the
 * writer is to end, PILOT_E_INTERRUPTED. */
static pilot_status_t store_again(writer_t *writer, pilot_writer_mail_t **items, size_t count,
                                  pilot_error_t *error)
{
    int64_t wait_ms = RETRY_FIRST_MS;
    for (;;) {
        pilot_status_t status = try_once(writer, items, count, error);
        if (status == PILOT_E_FENCED) {
            atomic_store(&writer->shared->fenced, true);
            return PILOT_E_INTERRUPTED;
        }
        if (!status || !pilot_db_is_retryable(error))
            return status;
        if (gives_up(writer))
            return PILOT_E_INTERRUPTED;
        pilot_log(PILOT_LOG_WARN, "store_again", "items=%zu reason=\"%s\"", count, error->message);
        sleep_ms(wait_ms);
        wait_ms = wait_ms * 2 < RETRY_LAST_MS ? wait_ms * 2 : RETRY_LAST_MS;
    }
}

/* A batch that the database refuses goes item by item, so that one bad result fails alone. */
static void store_singly(writer_t *writer)
{
    for (size_t i = 0; i < writer->batch_count; i++) {
        pilot_error_t error = {0};
        pilot_writer_mail_t *item = writer->batch[i];
        pilot_status_t status = store_again(writer, &item, 1, &error);
        if (status == PILOT_E_INTERRUPTED)
            return;
        if (!status)
            post_stored(writer, &item, 1);
        else if (item->kind == PILOT_MAIL_RESULT)
            post_rejected(writer, item, error.message);
        else if (item->kind == PILOT_MAIL_HANDED)
            pilot_log(PILOT_LOG_ERROR, "audit_not_stored", "jobs=%zu reason=\"%s\"",
                      item->handed.job_count, error.message);
        else
            pilot_log(PILOT_LOG_ERROR, "not_stored", "job=%" PRIu64 " reason=\"%s\"", item->job,
                      error.message);
    }
}

/* A test may end the coordinator when its N-th item passes a point. */
static void die_at(const char *point, size_t passed)
{
    int64_t wanted;
    if (pilot_debug_point_setting(point, &wanted) && (int64_t)passed >= wanted)
        pilot_debug_point_die();
}

static void store_batch(writer_t *writer)
{
    pilot_error_t error = {0};
    for (size_t i = 0; i < writer->batch_count; i++)
        writer->passed += writer->batch[i]->kind != PILOT_MAIL_HANDED;
    die_at("die_before_commit", writer->passed);
    pilot_status_t status = store_again(writer, writer->batch, writer->batch_count, &error);
    die_at("die_after_commit", writer->passed);
    if (!status)
        post_stored(writer, writer->batch, writer->batch_count);
    else if (status != PILOT_E_INTERRUPTED)
        store_singly(writer);
    free_batch(writer);
}

void *pilot_writer_main(void *context)
{
    pilot_shared_t *shared = context;
    writer_t *writer = PILOT_NEW(writer_t);
    writer->shared = shared;
    for (;;) {
        bool stop = atomic_load(&shared->stop); /* before the last look into the mailbox */
        append_mail(writer, writer->first || stop ? pilot_mailbox_take(shared->to_writer)
                                                  : pilot_mailbox_wait(shared->to_writer, WAIT_MS));
        fill_batch(writer);
        if (writer->batch_count)
            store_batch(writer);
        if ((stop && !writer->first) || gives_up(writer))
            break;
    }
    while (writer->first) {
        pilot_writer_mail_t *item = (pilot_writer_mail_t *)writer->first;
        writer->first = item->mail.next;
        pilot_writer_mail_free(item);
    }
    pilot_id_map_clear(&writer->in_batch);
    pilot_db_close(writer->db);
    free(writer);
    return NULL;
}
