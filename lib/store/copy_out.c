/* COPY TO STDOUT (FORMAT binary): PostgreSQL sends one message a row, the header with the first;
 * fields are pointers into the message. */
#include "session.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "byte_order.h"
#include "pilot/memory.h"

/* How often to look at the interrupt fd while rows flow without a wait. */
#define ROWS_BETWEEN_LOOKS 4096

typedef struct reader {
    pilot_db_t *db;
    pilot_copy_row_t on_row;
    void *context;
    pilot_field_t *field;
    int fields;
    bool header_seen, trailer_seen;
    uint64_t rows;
} reader_t;

static pilot_status_t malformed(pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_DATABASE,
                           "PostgreSQL sent binary COPY data that is "
                           "not well formed");
}

/* Skip signature, flags and the header's extension; NULL when it is not one. */
static const unsigned char *skip_header(const unsigned char *at, const unsigned char *end)
{
    static const unsigned char signature[11] = "PGCOPY\n\377\r\n";
    if (end - at < 19 || memcmp(at, signature, sizeof signature) != 0)
        return NULL;
    if (load_32(at + 11) & 0x10000) /* OIDs, which no server of ours sends */
        return NULL;
    uint32_t extension = load_32(at + 15);
    at += 19;
    return (size_t)(end - at) < extension ? NULL : at + extension;
}

static const unsigned char *split_row(reader_t *reader, const unsigned char *at,
                                      const unsigned char *end)
{
    for (int i = 0; i < reader->fields; i++) {
        if (end - at < 4)
            return NULL;
        uint32_t length = load_32(at);
        at += 4;
        if (length == UINT32_MAX) {
            reader->field[i] = (pilot_field_t){NULL, 0};
            continue;
        }
        if ((size_t)(end - at) < length)
            return NULL;
        reader->field[i] = (pilot_field_t){at, length};
        at += length;
    }
    return at;
}

static pilot_status_t read_message(reader_t *reader, const unsigned char *at,
                                   const unsigned char *end, pilot_error_t *error)
{
    if (!reader->header_seen) {
        at = skip_header(at, end);
        if (!at)
            return malformed(error);
        reader->header_seen = true;
    }
    while (at < end) {
        if (end - at < 2 || reader->trailer_seen)
            return malformed(error);
        uint16_t fields = load_16(at);
        at += 2;
        if (fields == UINT16_MAX) {
            reader->trailer_seen = true;
            continue;
        }
        if (fields != reader->fields)
            return pilot_error_set(error, PILOT_E_BUG, "a COPY of %d columns where %d are read",
                                   (int)fields, reader->fields);
        at = split_row(reader, at, end);
        if (!at)
            return malformed(error);
        reader->rows++;
        pilot_status_t status =
            reader->on_row(reader->context, reader->field, reader->fields, error);
        if (status)
            return status;
    }
    return PILOT_OK;
}

static pilot_status_t read_rows(reader_t *reader, pilot_error_t *error)
{
    pilot_db_t *db = reader->db;
    for (uint64_t messages = 0;; messages++) {
        char *message = NULL;
        int length = PQgetCopyData(db->connection, &message, 1);
        if (length == -1)
            return PILOT_OK;
        if (length == -2)
            return pilot_db_error(db, NULL, error);
        if (length == 0) {
            pilot_status_t status = pilot_db_wait(db, POLLIN, -1, NULL, error);
            if (status)
                return status;
            if (!PQconsumeInput(db->connection))
                return pilot_db_error(db, NULL, error);
            continue;
        }
        const unsigned char *at = (const unsigned char *)message;
        pilot_status_t status = read_message(reader, at, at + length, error);
        PQfreemem(message);
        if (status)
            return status;
        if (messages % ROWS_BETWEEN_LOOKS == 0 && pilot_db_interrupted(db))
            return pilot_error_set(error, PILOT_E_INTERRUPTED, "interrupted");
    }
}

static pilot_status_t start(pilot_db_t *db, const char *sql, pilot_error_t *error)
{
    pilot_status_t status = pilot_db_send(db, sql, 0, NULL, error);
    if (status)
        return status;
    PGresult *result = NULL;
    status = pilot_db_next_result(db, &result, error);
    if (status == PILOT_E_INTERRUPTED)
        pilot_db_cancel(db);
    if (status)
        return status;
    if (PQresultStatus(result) != PGRES_COPY_OUT)
        status = PQresultStatus(result) == PGRES_FATAL_ERROR
                     ? pilot_db_error(db, result, error)
                     : pilot_error_set(error, PILOT_E_BUG, "not a COPY TO STDOUT");
    PQclear(result);
    if (status)
        pilot_db_finish_command(db, NULL, NULL);
    return status;
}

pilot_status_t pilot_copy_out(pilot_db_t *db, const char *sql, int fields, pilot_copy_row_t on_row,
                              void *context, uint64_t *ret_rows, pilot_error_t *error)
{
    pilot_status_t status = start(db, sql, error);
    if (status)
        return status;
    reader_t reader = {.db = db,
                       .on_row = on_row,
                       .context = context,
                       .field = PILOT_NEW_ARRAY(pilot_field_t, (size_t)fields),
                       .fields = fields};
    status = read_rows(&reader, error);
    free(reader.field);
    if (status) {
        pilot_db_cancel(db);
        return status;
    }
    status = pilot_db_finish_command(db, NULL, error);
    if (!status && !reader.trailer_seen)
        status = malformed(error);
    if (!status && ret_rows)
        *ret_rows = reader.rows;
    return status;
}

int16_t pilot_field_int2(const pilot_field_t *field)
{
    return field->length == 2 ? (int16_t)load_16(field->data) : 0;
}

int32_t pilot_field_int4(const pilot_field_t *field)
{
    return field->length == 4 ? (int32_t)load_32(field->data) : 0;
}

int64_t pilot_field_int8(const pilot_field_t *field)
{
    return field->length == 8 ? (int64_t)load_64(field->data) : 0;
}

double pilot_field_float8(const pilot_field_t *field)
{
    double value = 0;
    if (field->length == 8) {
        uint64_t bits = load_64(field->data);
        memcpy(&value, &bits, sizeof value);
    }
    return value;
}
