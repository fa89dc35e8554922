#include "intake_reader.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake_source.h"
#include "intake_value.h"
#include "pilot/memory.h"

#define NO_COLUMN UINT32_MAX

/* What stands at one position of the file: a stored column, and the next one that takes the same
 * field; or the agency. */
struct position {
    uint32_t column;
    bool agency; /* besides: the plan may use one CSV column twice */
};

struct row_problem {
    uint32_t position;
    const char *header;
    pilot_problem_code_t code;
    const char *message;
};

struct text_slice {
    size_t offset;
    uint16_t length;
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

    /* The row in hand. */
    double *number;
    uint64_t *given;
    struct text_slice *text;
    char *bytes; /* of texts */
    size_t bytes_used, bytes_capacity;
    char unit[PILOT_INTAKE_LONGEST_KEPT];
    size_t unit_length;
    uint16_t arm;
    bool has_unit;
    int64_t row_agency; /* -1: none */
    struct row_problem *problem;
    size_t row_problems, problem_capacity;

    int64_t agency; /* of the row before */
    const char *agency_name;
    size_t agency_name_length;
    uint64_t rows;
    pilot_chunk_t *chunk;
    bool disorder, stopped;
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
    reader->number = PILOT_NEW_ARRAY(double, layout->numbers + 1);
    reader->given = PILOT_NEW_ARRAY(uint64_t, layout->numbers / 64 + 1);
    reader->text = PILOT_NEW_ARRAY(struct text_slice, layout->texts + 1);
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
    free(reader->number);
    free(reader->given);
    free(reader->text);
    free(reader->bytes);
    free(reader->problem);
    free(reader);
}

bool pilot_reader_saw_disorder(const pilot_reader_t *reader)
{
    return reader->disorder;
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

/* Kept until the row's number of fields is known: in a ragged row nothing else means anything. */
static void row_problem(pilot_reader_t *reader, size_t position, const char *header,
                        pilot_problem_code_t code, const char *message)
{
    reader->problem = pilot_grow(reader->problem, &reader->problem_capacity,
                                 reader->row_problems + 1, sizeof *reader->problem);
    reader->problem[reader->row_problems++] = (struct row_problem){
        .position = (uint32_t)position + 1, .header = header, .code = code, .message = message};
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
    row_problem(reader, position, header, PILOT_PROBLEM_DUPLICATE_COLUMN,
                "more than one column of the file has this header");
}

static void header_field(pilot_reader_t *reader, size_t index, const char *bytes, size_t length,
                         bool valid)
{
    struct position position = {.column = NO_COLUMN};
    const pilot_intake_layout_t *layout = reader->layout;
    if (!valid) {
        reader->header_bad = true;
        row_problem(reader, index, NULL, PILOT_PROBLEM_BAD_ENCODING,
                    "the header is not valid UTF-8, or holds a NUL byte");
    } else if (length > PILOT_INTAKE_LONGEST_FIELD) {
        reader->header_bad = true;
        row_problem(reader, index, NULL, PILOT_PROBLEM_TOO_LARGE,
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
    for (size_t i = 0; i < reader->row_problems; i++) {
        const struct row_problem *problem = &reader->problem[i];
        file_problem(reader, line, problem->position, problem->header, problem->code,
                     problem->message);
    }
    reader->row_problems = 0;
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

static void set_number(pilot_reader_t *reader, uint32_t slot, double value)
{
    reader->number[slot] = value;
    reader->given[slot / 64] |= (uint64_t)1 << (slot % 64);
}

static pilot_value_result_t unit_field(pilot_reader_t *reader, const char *bytes, size_t length,
                                       pilot_value_problem_t *problem)
{
    if (length == 0) {
        *problem = (pilot_value_problem_t){PILOT_PROBLEM_MISSING_VALUE, "every row needs a unit"};
        return PILOT_VALUE_WRONG;
    }
    memcpy(reader->unit, bytes, length);
    reader->unit_length = length;
    reader->has_unit = true;
    return PILOT_VALUE_GIVEN;
}

static pilot_value_result_t text_field(pilot_reader_t *reader, const pilot_intake_column_t *column,
                                       const char *bytes, size_t length,
                                       pilot_value_problem_t *problem)
{
    if (column->stored->kind == PILOT_VALUE_CATEGORY) {
        if (pilot_intake_is_missing(reader->layout, bytes, length))
            return PILOT_VALUE_ABSENT;
    } else if (length == 0) {
        *problem = (pilot_value_problem_t){PILOT_PROBLEM_MISSING_VALUE, "must not be empty"};
        return PILOT_VALUE_WRONG;
    }
    reader->bytes =
        pilot_grow(reader->bytes, &reader->bytes_capacity, reader->bytes_used + length + 1, 1);
    memcpy(reader->bytes + reader->bytes_used, bytes, length);
    reader->text[column->slot] =
        (struct text_slice){.offset = reader->bytes_used, .length = (uint16_t)length};
    reader->bytes_used += length;
    return PILOT_VALUE_GIVEN;
}

static pilot_value_result_t received_field(pilot_reader_t *reader,
                                           const pilot_intake_column_t *column, const char *bytes,
                                           size_t length, pilot_value_problem_t *problem)
{
    bool is_number = false, is_arm = false;
    double number = 0, arm = 0;
    pilot_value_result_t result = pilot_intake_received(reader->layout, bytes, length, &is_number,
                                                        &number, &is_arm, &arm, problem);
    if (result == PILOT_VALUE_GIVEN && is_number)
        set_number(reader, column->slot, number);
    if (result == PILOT_VALUE_GIVEN && is_arm)
        set_number(reader, column->slot + 1, arm);
    return result;
}

static void stored_field(pilot_reader_t *reader, const pilot_intake_column_t *column,
                         size_t position, const char *bytes, size_t length)
{
    pilot_value_problem_t problem;
    pilot_value_result_t result = PILOT_VALUE_ABSENT;
    double value;
    switch (column->place) {
    case PILOT_PLACE_NUMBER:
        result =
            pilot_intake_number(reader->layout, column->stored, bytes, length, &value, &problem);
        if (result == PILOT_VALUE_GIVEN)
            set_number(reader, column->slot, value);
        break;
    case PILOT_PLACE_UNIT:
        result = unit_field(reader, bytes, length, &problem);
        break;
    case PILOT_PLACE_ARM:
        result = pilot_intake_arm(reader->layout, bytes, length, &reader->arm, &problem);
        break;
    case PILOT_PLACE_TEXT:
        result = text_field(reader, column, bytes, length, &problem);
        break;
    case PILOT_PLACE_RECEIVED:
        result = received_field(reader, column, bytes, length, &problem);
        break;
    }
    if (result == PILOT_VALUE_WRONG)
        row_problem(reader, position, column->stored->header, problem.code, problem.message);
}

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
        row_problem(reader, position, header, PILOT_PROBLEM_MISSING_VALUE,
                    "every row needs an agency");
    else if (reader->setup.agency && !is_named(reader->setup.agency, bytes, length))
        row_problem(reader, position, header, PILOT_PROBLEM_WRONG_AGENCY,
                    "the row is of another agency than the one that submits");
    else
        find_agency(reader, bytes, length);
}

static bool field_is_sound(pilot_reader_t *reader, size_t position, size_t length, bool valid)
{
    const char *header = header_at(reader, position);
    if (!valid) {
        row_problem(reader, position, header, PILOT_PROBLEM_BAD_ENCODING,
                    "not valid UTF-8, or holds a NUL byte");
        return false;
    }
    if (length > PILOT_INTAKE_LONGEST_FIELD) {
        row_problem(reader, position, header, PILOT_PROBLEM_TOO_LARGE, "longer than 64 KB");
        return false;
    }
    if (length > PILOT_INTAKE_LONGEST_KEPT && header) {
        row_problem(reader, position, header, PILOT_PROBLEM_TOO_LARGE, "longer than 2,000 bytes");
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
        stored_field(reader, &reader->layout->column[i], index, bytes, length);
    if (position.agency)
        agency_field(reader, index, bytes, length);
}

/* ---- records -------------------------------------------------------------------------------- */

static void reset_row(pilot_reader_t *reader)
{
    memset(reader->given, 0, 8 * ((reader->layout->numbers + 63) / 64));
    for (size_t i = 0; i < reader->layout->texts; i++)
        reader->text[i].length = UINT16_MAX;
    reader->bytes_used = 0;
    reader->has_unit = false;
    reader->arm = PILOT_INTAKE_NO_ARM;
    reader->row_agency = -1;
    reader->row_problems = 0;
}

static void write_fixed(const pilot_reader_t *reader, pilot_record_t *record)
{
    const pilot_intake_layout_t *layout = reader->layout;
    memcpy(pilot_record_numbers(record), reader->number, 8 * layout->numbers);
    memcpy(pilot_record_given(layout, record), reader->given, 8 * ((layout->numbers + 63) / 64));
    uint32_t *code = pilot_record_codes(layout, record);
    uint16_t *length = pilot_record_text_lengths(layout, record);
    for (size_t i = 0; i < layout->texts; i++) {
        code[i] = PILOT_INTAKE_NO_CODE;
        length[i] = reader->text[i].length;
    }
}

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
    const pilot_intake_layout_t *layout = reader->layout;
    size_t fixed = pilot_record_fixed(layout);
    size_t size = (fixed + reader->unit_length + reader->bytes_used + 7) & ~(size_t)7;
    pilot_record_t *record = place_record(reader, size);
    if (!record) {
        stop(reader);
        return;
    }
    *record = (pilot_record_t){.size = (uint32_t)size,
                               .agency = (uint32_t)reader->agency,
                               .line = line,
                               .row = (uint32_t)reader->rows,
                               .file = reader->file,
                               .arm = reader->arm,
                               .unit_length = (uint16_t)reader->unit_length,
                               .fixed_words = (uint16_t)(fixed / 8),
                               .rejected = reader->row_problems > 0};
    write_fixed(reader, record);
    char *bytes = (char *)record + fixed;
    memcpy(bytes, reader->unit, reader->unit_length);
    bytes += reader->unit_length;
    for (size_t i = 0; i < layout->texts; i++) {
        struct text_slice text = reader->text[i];
        if (text.length == UINT16_MAX)
            continue;
        memcpy(bytes, reader->bytes + text.offset, text.length);
        bytes += text.length;
    }
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
        int length =
            snprintf(reader->unit, sizeof reader->unit, "%llu", (unsigned long long)agency->rows);
        reader->unit_length = (size_t)length;
        reader->has_unit = true;
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
    for (size_t i = 0; i < reader->row_problems; i++) {
        const struct row_problem *problem = &reader->problem[i];
        file_problem(reader, line, problem->position, problem->header, problem->code,
                     problem->message);
    }
    if (!reader->layout->plan->columns.agency && reader->row_agency < 0) {
        const char *name = reader->setup.agency ? reader->setup.agency : reader->file_agency;
        find_agency(reader, name, strlen(name));
    }
    bool unit_wanted = reader->layout->plan->columns.unit != NULL;
    if (reader->row_agency >= 0 && (reader->has_unit || !unit_wanted) && enter_agency(reader))
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
