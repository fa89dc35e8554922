/* COPY FROM STDIN (FORMAT binary): fields are laid into one chunk, which is handed to libpq when
 * it is full.  A chunk with its message header is 8 KB: larger ones keep client and server from
 * working at the same time. */
#include "session.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "byte_order.h"
#include "pilot/clock.h"
#include "pilot/debug_point.h"
#include "pilot/memory.h"

#define END_PATIENCE_MS 5000
#define MESSAGE_HEADER 5
#define CHUNK_SIZE (8192 - MESSAGE_HEADER)
#define LARGEST_FIXED_FIELD 12

static const unsigned char signature[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";

struct pilot_copy_in {
    pilot_db_t *db;
    int fields;
    uint64_t rows;
    size_t used;
    pilot_error_t error; /* the first thing that went wrong while sending */
    bool server_spoke;   /* input during COPY IN: the server has given up */
    unsigned char chunk[CHUNK_SIZE];
};

/* Wait until the socket takes a chunk.  During COPY IN a server says something only when it has
 * given up; that must be seen here, before libpq, finding the socket full, reads it away.  Over TLS
 * the socket may be readable for the protocol's own reasons: there the error is found at the end.
 */
static bool wait_for_room(pilot_copy_in_t *copy)
{
    bool tls = PQsslInUse(copy->db->connection);
    short ready = 0;
    if (pilot_db_wait(copy->db, tls ? POLLOUT : POLLOUT | POLLIN, -1, &ready, &copy->error))
        return false;
    copy->server_spoke = !tls && (ready & POLLIN);
    return !copy->server_spoke;
}

static void send_chunk(pilot_copy_in_t *copy)
{
    size_t length = copy->used;
    copy->used = 0;
    if (pilot_copy_in_failed(copy) || length == 0)
        return;
    PGconn *connection = copy->db->connection;
    int taken = 0;
    while (taken == 0 && !pilot_copy_in_failed(copy)) {
        if (!wait_for_room(copy))
            return;
        taken = PQputCopyData(connection, (const char *)copy->chunk, (int)length);
        /* What does not go out now goes before the next chunk. */
        if (taken < 0 || PQflush(connection) < 0)
            pilot_db_error(copy->db, NULL, &copy->error);
    }
    pilot_debug_point_pass("at_message", ++copy->db->messages);
}

static inline unsigned char *reserve(pilot_copy_in_t *copy, size_t length)
{
    if (__builtin_expect(copy->used + length > CHUNK_SIZE, 0))
        send_chunk(copy);
    unsigned char *place = copy->chunk + copy->used;
    copy->used += length;
    return place;
}

pilot_status_t pilot_copy_in_begin(pilot_db_t *db, const char *sql, int fields,
                                   pilot_copy_in_t **ret_copy, pilot_error_t *error)
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
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        status = PQresultStatus(result) == PGRES_FATAL_ERROR
                     ? pilot_db_error(db, result, error)
                     : pilot_error_set(error, PILOT_E_BUG, "not a COPY FROM STDIN");
        PQclear(result);
        pilot_db_finish_command(db, NULL, NULL);
        return status;
    }
    PQclear(result);
    pilot_copy_in_t *copy = pilot_alloc_raw(1, sizeof *copy);
    copy->db = db;
    copy->fields = fields;
    copy->rows = 0;
    copy->error = (pilot_error_t){0};
    copy->server_spoke = false;
    copy->used = sizeof signature;
    memcpy(copy->chunk, signature, sizeof signature);
    *ret_copy = copy;
    return PILOT_OK;
}

void pilot_copy_in_row(pilot_copy_in_t *copy)
{
    copy->rows++;
    store_16(reserve(copy, 2), (uint16_t)copy->fields);
}

void pilot_copy_in_null(pilot_copy_in_t *copy)
{
    store_32(reserve(copy, 4), UINT32_MAX);
}

void pilot_copy_in_bool(pilot_copy_in_t *copy, bool value)
{
    unsigned char *place = reserve(copy, 5);
    store_32(place, 1);
    place[4] = value;
}

void pilot_copy_in_int2(pilot_copy_in_t *copy, int16_t value)
{
    unsigned char *place = reserve(copy, 6);
    store_32(place, 2);
    store_16(place + 4, (uint16_t)value);
}

void pilot_copy_in_int4(pilot_copy_in_t *copy, int32_t value)
{
    unsigned char *place = reserve(copy, 8);
    store_32(place, 4);
    store_32(place + 4, (uint32_t)value);
}

void pilot_copy_in_int8(pilot_copy_in_t *copy, int64_t value)
{
    unsigned char *place = reserve(copy, LARGEST_FIXED_FIELD);
    store_32(place, 8);
    store_64(place + 4, (uint64_t)value);
}

void pilot_copy_in_float8(pilot_copy_in_t *copy, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    unsigned char *place = reserve(copy, LARGEST_FIXED_FIELD);
    store_32(place, 8);
    store_64(place + 4, bits);
}

void pilot_copy_in_bytes(pilot_copy_in_t *copy, const void *bytes, size_t length)
{
    if (length > INT32_MAX) {
        if (!pilot_copy_in_failed(copy))
            pilot_error_set(&copy->error, PILOT_E_BUG, "a field of more than 2 GB");
        return;
    }
    store_32(reserve(copy, 4), (uint32_t)length);
    const unsigned char *from = bytes;
    while (length > 0) {
        size_t room = CHUNK_SIZE - copy->used;
        if (room == 0) {
            send_chunk(copy);
            continue;
        }
        size_t part = length < room ? length : room;
        memcpy(copy->chunk + copy->used, from, part);
        copy->used += part;
        from += part;
        length -= part;
    }
}

bool pilot_copy_in_failed(const pilot_copy_in_t *copy)
{
    return copy->server_spoke || copy->error.status != PILOT_OK;
}

/* PQputCopyEnd may have to be repeated while the output buffer is full. */
static pilot_status_t put_end(pilot_copy_in_t *copy, const char *complaint, pilot_error_t *error)
{
    PGconn *connection = copy->db->connection;
    int taken;
    while ((taken = PQputCopyEnd(connection, complaint)) == 0) {
        pilot_status_t status = pilot_db_wait(copy->db, POLLOUT, -1, NULL, error);
        if (status)
            return status;
    }
    return taken < 0 ? pilot_db_error(copy->db, NULL, error) : pilot_db_flush(copy->db, error);
}

/* The COPY is being failed by us: what the server answers is of interest only if it had failed
 * first, for a reason of its own. */
static pilot_status_t end_failed(pilot_copy_in_t *copy, const char *abandon, pilot_error_t *error)
{
    pilot_db_t *db = copy->db;
    pilot_error_t answer = {0};
    if (copy->error.status == PILOT_E_INTERRUPTED) {
        int interrupt_fd = db->interrupt_fd;
        db->interrupt_fd = -1;
        db->deadline_ms = pilot_clock_ms() + END_PATIENCE_MS;
        if (put_end(copy, "interrupted", NULL) || pilot_db_finish_command(db, NULL, &answer))
            if (!answer.sqlstate[0]) /* it is not the server that says so */
                pilot_db_cut(db);
        db->deadline_ms = 0;
        db->interrupt_fd = interrupt_fd;
        if (error)
            *error = copy->error;
        return PILOT_E_INTERRUPTED;
    }
    pilot_status_t status = put_end(copy, abandon ? abandon : "the client stopped", &answer);
    if (!status)
        status = pilot_db_finish_command(db, NULL, &answer);
    if (abandon && !pilot_copy_in_failed(copy)) {
        bool expected = status == PILOT_E_DATABASE && strcmp(answer.sqlstate, "57014") == 0;
        if (expected)
            return PILOT_OK;
    }
    if (!copy->server_spoke && copy->error.status)
        answer = copy->error;
    if (error)
        *error = answer;
    return answer.status;
}

pilot_status_t pilot_copy_in_end(pilot_copy_in_t *copy, const char *abandon, uint64_t *ret_rows,
                                 pilot_error_t *error)
{
    pilot_status_t status;
    if (!abandon && !pilot_copy_in_failed(copy)) {
        store_16(reserve(copy, 2), UINT16_MAX);
        send_chunk(copy);
    }
    if (abandon || pilot_copy_in_failed(copy)) {
        status = end_failed(copy, abandon, error);
    } else {
        status = put_end(copy, NULL, error);
        if (status == PILOT_E_INTERRUPTED)
            pilot_db_cancel(copy->db);
        else if (!status)
            status = pilot_db_finish_command(copy->db, NULL, error);
        else
            pilot_db_finish_command(copy->db, NULL, NULL);
    }
    if (!status && ret_rows)
        *ret_rows = copy->rows;
    free(copy);
    return status;
}
