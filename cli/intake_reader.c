#include "intake_reader.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake_row.h"
#include "intake_source.h"
#include "pilot/memory.h"

#define NO_COLUMN UINT32_MAX

/* What stands at one position of the file: a stored column, and the next one that takes the same
 * field; or the agency. */
struct position {
    uint32_t column;
    bool agency; /* besides: the plan may use one CSV column twice */
};

struct pilot_reader {
    pilot_reader_setup_t setup;
    const pilot_intake_layout_t *layout;
    pilot_csv_t *csv;
    pilot_sha256_t *hash;

    uint16_t file;
    const char *file_agency;
    bool header_done, header_bad;
    bool other_separator;      /* the header row has semicolons or tabs */
    struct position *position; /* of the file in hand */
    size_t positions, position_capacity;
    uint32_t *next_column;    /* columns: the next stored column fed by the same field */
    uint32_t *found_position; /* columns: position + 1 in the file in hand, 0 = not found */
    uint32_t agency_position;
    uint64_t file_rows;

    pilot_row_t row;
    int64_t row_agency; /* -1: none */
    int64_t agency;     /* of the row before */
    const char *agency_name;
    size_t agency_name_length;
    uint64_t rows;
    pilot_chunk_t *chunk;
    bool disorder, stopped, passed_over_arms;
};

pilot_reader_t *pilot_reader_new(const pilot_reader_setup_t *setup)
{
    pilot_reader_t *reader = PILOT_NEW(pilot_reader_t);
    const pilot_intake_layout_t *layout = setup->layout;
    reader->setup = *setup;
    reader->layout = layout;
    reader->hash = pilot_sha256_new();
    reader->next_column = PILOT_NEW_ARRAY(uint32_t, layout->columns);
    reader->found_position = PILOT_NEW_ARRAY(uint32_t, layout->columns);
    pilot_row_init(&reader->row, layout);
    reader->agency = -1;
    return reader;
}

void pilot_reader_free(pilot_reader_t *reader)
{
    if (!reader)
        return;
    if (reader->chunk)
        pilot_chunk_release(reader->setup.queue, reader->chunk);
    pilot_csv_free(reader->csv);
    pilot_sha256_free(reader->hash);
    free(reader->position);
    free(reader->next_column);
    free(reader->found_position);
    pilot_row_clear(&reader->row);
    free(reader);
}

bool pilot_reader_saw_disorder(const pilot_reader_t *reader)
{
    return reader->disorder;
}

bool pilot_reader_passed_over_arms(const pilot_reader_t *reader)
{
    return reader->passed_over_arms;
}

uint64_t pilot_reader_rows(const pilot_reader_t *reader)
{
    return reader->rows;
}

static void stop(pilot_reader_t *reader)
{
    reader->stopped = true;
    if (reader->csv)
        pilot_csv_stop(reader->csv);
}

/* ---- problems ------------------------------------------------------------------------------- */

static void file_problem(pilot_reader_t *reader, uint64_t row, uint32_t position,
                         const char *header, pilot_problem_code_t code, const char *message)
{
    pilot_problem_place_t place = {
        .file = reader->file, .row = row, .position = position, .header = header};
    pilot_problems_add(reader->setup.problems, &place, code, message);
}

/* The plan's name for a position, or NULL. */
static const char *header_at(const pilot_reader_t *reader, size_t position)
{
    if (position >= reader->positions)
        return NULL;
    uint32_t column = reader->position[position].column;
    if (column != NO_COLUMN)
        return reader->layout->column[column].stored->header;
    return reader->position[position].agency ? reader->layout->plan->columns.agency : NULL;
}

/* ---- header --------------------------------------------------------------------------------- */

static bool is_named(const char *header, const char *bytes, size_t length)
{
    return header && strlen(header) == length && memcmp(header, bytes, length) == 0;
}

static void duplicate_column(pilot_reader_t *reader, size_t position, const char *header)
{
    reader->header_bad = true;
    pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_DUPLICATE_COLUMN,
                      "more than one column of the file has this header");
}

static void header_field(pilot_reader_t *reader, size_t index, const char *bytes, size_t length,
                         bool valid)
{
    struct position position = {.column = NO_COLUMN};
    const pilot_intake_layout_t *layout = reader->layout;
    if (!valid) {
        reader->header_bad = true;
        pilot_row_problem(&reader->row, index, NULL, PILOT_PROBLEM_BAD_ENCODING,
                          "the header is not valid UTF-8, or holds a NUL byte");
    } else if (length > PILOT_INTAKE_LONGEST_FIELD) {
        reader->header_bad = true;
        pilot_row_problem(&reader->row, index, NULL, PILOT_PROBLEM_TOO_LARGE,
                          "the header is longer than 64 KB");
    }
    if (memchr(bytes, ';', length) || memchr(bytes, '\t', length))
        reader->other_separator = true;
    bool told = false;
    for (size_t i = layout->columns; i-- > 0;) {
        const char *header = layout->column[i].stored->header;
        if (!is_named(header, bytes, length))
            continue;
        if (reader->found_position[i] != 0 && !told) {
            duplicate_column(reader, index, header);
            told = true;
        }
        reader->found_position[i] = (uint32_t)index + 1;
        reader->next_column[i] = position.column;
        position.column = (uint32_t)i;
    }
    if (position.column == NO_COLUMN && is_named(layout->plan->columns.arm, bytes, length))
        reader->passed_over_arms = true;
    const char *agency = layout->plan->columns.agency;
    if (is_named(agency, bytes, length)) {
        if (reader->agency_position != 0 && !told)
            duplicate_column(reader, index, agency);
        reader->agency_position = (uint32_t)index + 1;
        position.agency = true;
    }
    reader->position = pilot_grow(reader->position, &reader->position_capacity,
                                  reader->positions + 1, sizeof *reader->position);
    reader->position[reader->positions++] = position;
}

static void missing_column(pilot_reader_t *reader, uint64_t line, const char *header)
{
    reader->header_bad = true;
    bool other_separator = reader->positions == 1 && reader->other_separator;
    file_problem(reader, line, 0, header, PILOT_PROBLEM_MISSING_COLUMN,
                 other_separator
                     ? "the file has one column only: columns must be separated by commas"
                     : "the plan names this column and the file has none with this header");
}

static void header_record(pilot_reader_t *reader, uint64_t line)
{
    const pilot_intake_layout_t *layout = reader->layout;
    const char *agency = layout->plan->columns.agency;
    for (size_t i = 0; i < reader->row.problems; i++) {
        const pilot_row_problem_t *problem = &reader->row.problem[i];
        file_problem(reader, line, problem->position, problem->header, problem->code,
                     problem->message);
    }
    reader->row.problems = 0;
    if (agency && reader->agency_position == 0)
        missing_column(reader, line, agency);
    for (size_t i = 0; i < layout->columns; i++) {
        const char *header = layout->column[i].stored->header;
        bool told = !header || (agency && strcmp(agency, header) == 0);
        for (size_t j = 0; j < i && !told; j++)
            told = layout->column[j].stored->header &&
                   strcmp(layout->column[j].stored->header, header) == 0;
        if (!told && reader->found_position[i] == 0)
            missing_column(reader, line, header);
    }
    reader->header_done = true;
    if (reader->header_bad)
        pilot_csv_stop(reader->csv);
}

/* ---- fields --------------------------------------------------------------------------------- */

static void find_agency(pilot_reader_t *reader, const char *name, size_t length)
{
    if (reader->agency >= 0 && length == reader->agency_name_length &&
        memcmp(name, reader->agency_name, length) == 0) {
        reader->row_agency = reader->agency;
        return;
    }
    reader->row_agency = pilot_agencies_find(reader->setup.agencies, name, length);
    if (reader->row_agency >= 0)
        return;
    file_problem(reader, pilot_csv_line(reader->csv), reader->agency_position,
                 reader->layout->plan->columns.agency, PILOT_PROBLEM_TOO_LARGE,
                 "more than 100,000 agencies; is this the agency's column? reading stopped here");
    stop(reader);
}

static void agency_field(pilot_reader_t *reader, size_t position, const char *bytes, size_t length)
{
    const char *header = reader->layout->plan->columns.agency;
    if (length == 0)
        pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_MISSING_VALUE,
                          "every row needs an agency");
    else if (reader->setup.agency && !is_named(reader->setup.agency, bytes, length))
        pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_WRONG_AGENCY,
                          "the row is of another agency than the one that submits");
    else
        find_agency(reader, bytes, length);
}

static bool field_is_sound(pilot_reader_t *reader, size_t position, size_t length, bool valid)
{
    const char *header = header_at(reader, position);
    if (!valid) {
        pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_BAD_ENCODING,
                          "not valid UTF-8, or holds a NUL byte");
        return false;
    }
    if (length > PILOT_INTAKE_LONGEST_FIELD) {
        pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_TOO_LARGE,
                          "longer than 64 KB");
        return false;
    }
    if (length > PILOT_INTAKE_LONGEST_KEPT && header) {
        pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_TOO_LARGE,
                          "longer than 2,000 bytes");
        return false;
    }
    return true;
}

static void on_field(void *context, size_t index, const char *bytes, size_t length, bool valid)
{
    pilot_reader_t *reader = context;
    if (!reader->header_done) {
        header_field(reader, index, bytes, length, valid);
        return;
    }
    if (index >= reader->positions)
        return; /* a ragged row: told at its end */
    if (!valid || length > PILOT_INTAKE_LONGEST_KEPT)
        if (!field_is_sound(reader, index, length, valid))
            return;
    struct position position = reader->position[index];
    for (uint32_t i = position.column; i != NO_COLUMN; i = reader->next_column[i])
        pilot_row_field(&reader->row, &reader->layout->column[i], index, bytes, length);
    if (position.agency)
        agency_field(reader, index, bytes, length);
}

static void reset_row(pilot_reader_t *reader)
{
    pilot_row_reset(&reader->row);
    reader->row_agency = -1;
}

/* ---- records -------------------------------------------------------------------------------- */

/* Room for a record of `size` bytes in the chunk in hand; NULL when the other side stopped. */
static pilot_record_t *place_record(pilot_reader_t *reader, size_t size)
{
    if (reader->chunk && reader->chunk->capacity - reader->chunk->used < size) {
        reader->setup.deliver(reader->setup.context, reader->chunk);
        reader->chunk = NULL;
    }
    if (!reader->chunk)
        reader->chunk = pilot_chunk_new(reader->setup.queue, size);
    if (!reader->chunk)
        return NULL;
    pilot_record_t *record = (pilot_record_t *)(reader->chunk->bytes + reader->chunk->used);
    reader->chunk->used += size;
    return record;
}

static void append_record(pilot_reader_t *reader, uint64_t line)
{
    pilot_record_t *record = place_record(reader, pilot_row_size(&reader->row));
    if (!record) {
        stop(reader);
        return;
    }
    pilot_row_write(&reader->row, record);
    record->agency = (uint32_t)reader->agency;
    record->line = line;
    record->row = (uint32_t)reader->rows;
    record->file = reader->file;
}

/* Take the row's agency as the current one; false when its rows are not together. */
static bool enter_agency(pilot_reader_t *reader)
{
    pilot_agency_t *agency = pilot_agencies_get(reader->setup.agencies, (size_t)reader->row_agency);
    if (reader->row_agency != reader->agency) {
        if (reader->agency >= 0)
            pilot_agencies_get(reader->setup.agencies, (size_t)reader->agency)->left = true;
        if (agency->left && !reader->setup.any_order) {
            reader->disorder = true;
            stop(reader);
            return false;
        }
        reader->agency = reader->row_agency;
        reader->agency_name = agency->name;
        reader->agency_name_length = agency->name_length;
    }
    if (agency->rows == 0)
        agency->first_file = reader->file;
    else if (agency->first_file != reader->file)
        agency->several_files = true;
    agency->rows++;
    if (!reader->layout->plan->columns.unit) {
        int length = snprintf(reader->row.unit, sizeof reader->row.unit, "%llu",
                              (unsigned long long)agency->rows);
        reader->row.unit_length = (size_t)length;
        reader->row.has_unit = true;
    }
    return true;
}

static void on_record(void *context, size_t fields, uint64_t line)
{
    pilot_reader_t *reader = context;
    if (!reader->header_done) {
        header_record(reader, line);
        reset_row(reader);
        return;
    }
    reader->rows++;
    reader->file_rows++;
    if (fields != reader->positions) {
        char message[96];
        snprintf(message, sizeof message, "the row has %zu fields and the header row %zu", fields,
                 reader->positions);
        file_problem(reader, line, 0, NULL, PILOT_PROBLEM_BAD_ROW, message);
        reset_row(reader);
        return;
    }
    for (size_t i = 0; i < reader->row.problems; i++) {
        const pilot_row_problem_t *problem = &reader->row.problem[i];
        file_problem(reader, line, problem->position, problem->header, problem->code,
                     problem->message);
    }
    if (!reader->layout->plan->columns.agency && reader->row_agency < 0) {
        const char *name = reader->setup.agency ? reader->setup.agency : reader->file_agency;
        find_agency(reader, name, strlen(name));
    }
    bool unit_wanted = reader->layout->plan->columns.unit != NULL;
    if (reader->row_agency >= 0 && (reader->row.has_unit || !unit_wanted) && enter_agency(reader))
        append_record(reader, line);
    if (reader->rows == INT32_MAX) {
        file_problem(reader, line, 0, NULL, PILOT_PROBLEM_TOO_LARGE,
                     "more rows than one load can hold; reading stopped here");
        stop(reader);
    }
    reset_row(reader);
}

/* ---- files ---------------------------------------------------------------------------------- */

void pilot_reader_begin(pilot_reader_t *reader, uint16_t file, const char *name)
{
    const pilot_csv_handler_t handler = {.field = on_field, .record = on_record, .context = reader};
    pilot_csv_free(reader->csv);
    reader->csv = pilot_csv_new(&handler);
    pilot_sha256_reset(reader->hash);
    reader->file = file;
    reader->file_agency = name;
    reader->header_done = reader->header_bad = reader->other_separator = false;
    reader->positions = 0;
    reader->agency_position = 0;
    reader->file_rows = 0;
    memset(reader->found_position, 0, reader->layout->columns * sizeof *reader->found_position);
    reset_row(reader);
    if (reader->stopped)
        pilot_csv_stop(reader->csv);
}

void pilot_reader_feed(pilot_reader_t *reader, const char *bytes, size_t length)
{
    pilot_sha256_update(reader->hash, bytes, length);
    if (!pilot_csv_stopped(reader->csv))
        pilot_csv_feed(reader->csv, bytes, length);
}

void pilot_reader_end(pilot_reader_t *reader, uint8_t ret_digest[PILOT_SHA256_SIZE])
{
    pilot_csv_end_t end = pilot_csv_finish(reader->csv);
    pilot_sha256_finish(reader->hash, ret_digest);
    uint64_t line = pilot_csv_line(reader->csv);
    switch (end) {
    case PILOT_CSV_BAD_QUOTING:
        file_problem(reader, line, 0, NULL, PILOT_PROBLEM_BAD_QUOTING,
                     "a quote inside a field, or one that is not closed; "
                     "the rest of the file was not read");
        break;
    case PILOT_CSV_TOO_LARGE:
        file_problem(reader, line, 0, NULL, PILOT_PROBLEM_TOO_LARGE,
                     "the row is larger than 16 MB (a quote that is not closed?); "
                     "the rest of the file was not read");
        break;
    case PILOT_CSV_TOO_MANY_FIELDS:
        file_problem(reader, line, 0, NULL, PILOT_PROBLEM_TOO_LARGE,
                     "the row has more than 100,000 fields; the rest of the file was not read");
        break;
    case PILOT_CSV_COMPLETE:
        if (reader->stopped || reader->header_bad)
            break;
        if (!reader->header_done)
            file_problem(reader, 1, 0, NULL, PILOT_PROBLEM_EMPTY_FILE, "the file is empty");
        else if (reader->file_rows == 0)
            file_problem(reader, 1, 0, NULL, PILOT_PROBLEM_EMPTY_FILE,
                         "the file has a header row and no data");
        break;
    }
}

static bool is_interrupted(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return fd >= 0 && poll(&wait, 1, 0) > 0;
}

static pilot_status_t feed_source(pilot_reader_t *reader, pilot_source_t *source, const char *path,
                                  pilot_error_t *error)
{
    for (;;) {
        if (is_interrupted(reader->setup.interrupt_fd))
            return pilot_error_set(error, PILOT_E_INTERRUPTED, "interrupted; nothing was stored");
        pilot_piece_t piece;
        pilot_status_t status = pilot_source_next(source, &piece, error);
        if (status) {
            pilot_error_prefix(error, "%s: cannot read", path);
            return status;
        }
        if (piece.length == 0 || reader->stopped)
            return PILOT_OK;
        if (!pilot_csv_stopped(reader->csv))
            pilot_csv_feed_known(reader->csv, piece.bytes, piece.length, piece.valid_text,
                                 piece.has_quote);
    }
}

pilot_status_t pilot_reader_file(pilot_reader_t *reader, uint16_t file, const char *name, int fd,
                                 const char *path, uint8_t ret_digest[PILOT_SHA256_SIZE],
                                 pilot_error_t *error)
{
    pilot_source_t *source = NULL;
    pilot_status_t status = pilot_source_open(fd, &source, error);
    if (status)
        return status;
    pilot_reader_begin(reader, file, name);
    status = feed_source(reader, source, path, error);
    if (!status) {
        pilot_reader_end(reader, ret_digest);
        if (!reader->stopped)
            pilot_source_digest(source, ret_digest);
    }
    pilot_source_close(source);
    return status;
}

void pilot_reader_finish(pilot_reader_t *reader)
{
    if (reader->chunk && !reader->stopped) {
        reader->setup.deliver(reader->setup.context, reader->chunk);
        reader->chunk = NULL;
    }
}
