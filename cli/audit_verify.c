#include "audit_verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* PostgreSQL counts microseconds from 2000-01-01. */
#define EPOCH_2000_US INT64_C(946684800000000)

/* entry, at, the texts, previous_hash, hash */
enum { FIELDS = 2 + PILOT_AUDIT_TEXTS + 2 };

static pilot_audit_text_t text_of(const pilot_field_t *field)
{
    return (pilot_audit_text_t){(const char *)field->data, field->length};
}

static pilot_status_t on_row(void *context, const pilot_field_t *field, int fields,
                             pilot_error_t *error)
{
    (void)fields;
    pilot_audit_entry_t entry = {.previous_hash = text_of(&field[FIELDS - 2]),
                                 .hash = text_of(&field[FIELDS - 1])};
    const pilot_field_t *subject = &field[2 + PILOT_AUDIT_SUBJECT];
    if (field[0].length != 8 || field[1].length != 8 || !subject->data || !subject->length ||
        subject->data[0] != 1)
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "the entry after %" PRId64 " is not of the log's form",
                               ((const pilot_audit_chain_t *)context)->last);
    entry.entry = pilot_field_int8(&field[0]);
    entry.at_us = pilot_field_int8(&field[1]) + EPOCH_2000_US;
    for (size_t i = 0; i < PILOT_AUDIT_TEXTS; i++)
        entry.text[i] = text_of(&field[2 + i]);
    /* jsonb: a byte for the version of its form, then the text. */
    entry.text[PILOT_AUDIT_SUBJECT].data++;
    entry.text[PILOT_AUDIT_SUBJECT].length--;
    return pilot_audit_chain_next(context, &entry, error);
}

typedef struct head {
    bool there;
    int64_t entry;
    uint8_t hash[PILOT_SHA256_SIZE];
    size_t length;
} head_t;

static pilot_status_t on_head(void *context, const pilot_field_t *field, int fields,
                              pilot_error_t *error)
{
    (void)fields;
    head_t *head = context;
    if (head->there || field[0].length != 8 || field[1].length > sizeof head->hash ||
        !field[1].data)
        return pilot_error_set(error, PILOT_E_TAMPERED, "the head of the log is not of its form");
    head->there = true;
    head->entry = pilot_field_int8(&field[0]);
    head->length = field[1].length;
    memcpy(head->hash, field[1].data, field[1].length);
    return PILOT_OK;
}

/* Notes that wait outside of the chain though their transactions have ended. */
static pilot_status_t check_pending(pilot_db_t *db, const pilot_audit_chain_t *chain,
                                    pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, error, "SELECT count(*) FROM registry.audit_pending", 0);
    if (status)
        return status;
    if (strcmp(PQgetvalue(result, 0, 0), "0") != 0)
        status = pilot_error_set(error, PILOT_E_TAMPERED,
                                 "entry %" PRId64 " was never written: %s notes wait in "
                                 "registry.audit_pending, so its trigger is or was off",
                                 chain->last + 1, PQgetvalue(result, 0, 0));
    PQclear(result);
    return status;
}

static pilot_status_t read_all(pilot_db_t *db, pilot_audit_chain_t *chain, uint64_t *ret_entries,
                               pilot_error_t *error)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "COPY (SELECT entry, at, actor, application, address, action, pilot, agency, subject, "
             "previous_hash, hash FROM registry.audit_log WHERE entry >= %" PRId64
             " ORDER BY entry) TO STDOUT (FORMAT binary)",
             chain->from);
    head_t head = {0};
    pilot_status_t status = pilot_copy_out(db, sql, FIELDS, on_row, chain, ret_entries, error);
    if (!status)
        status = pilot_copy_out(
            db, "COPY (SELECT entry, hash FROM registry.audit_head) TO STDOUT (FORMAT binary)", 2,
            on_head, &head, NULL, error);
    if (!status)
        status = pilot_audit_chain_end(
            chain, head.entry,
            (pilot_audit_text_t){head.there ? (const char *)head.hash : NULL, head.length}, error);
    return status ? status : check_pending(db, chain, error);
}

pilot_status_t pilot_audit_verify(pilot_db_t *db, const pilot_audit_note_t *from,
                                  const pilot_audit_note_t *expected, pilot_audit_note_t *ret_head,
                                  uint64_t *ret_entries, pilot_error_t *error)
{
    pilot_audit_chain_t chain;
    pilot_audit_chain_init(&chain, from, expected);
    pilot_status_t status =
        pilot_db_script(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
    if (!status)
        status = read_all(db, &chain, ret_entries, error);
    pilot_db_script(db, "ROLLBACK", NULL);
    if (!status) {
        ret_head->entry = chain.last;
        pilot_hex(chain.hash, sizeof chain.hash, ret_head->hash);
    }
    pilot_audit_chain_clear(&chain);
    return status;
}
