/* Rows: each field to where the plan wants it, and whole rows to records. */
#include <stdio.h>
#include <string.h>

#include "intake_reader_private.h"

static void stop(pilot_reader_t *reader)
{
    reader->stopped = true;
    if (reader->csv)
        pilot_csv_stop(reader->csv);
}

/* ---- problems ------------------------------------------------------------------------------- */

void pilot_reader_problem(pilot_reader_t *reader, uint64_t row, uint32_t position,
                          const char *header, pilot_problem_code_t code, const char *message)
{
    pilot_problem_place_t place = {
        .file = reader->file, .row = row, .position = position, .header = header};
    pilot_problems_add(reader->setup.problems, &place, code, message);
}

void pilot_reader_row_problems(pilot_reader_t *reader, uint64_t line)
{
    for (size_t i = 0; i < reader->row.problems; i++) {
        const pilot_row_problem_t *problem = &reader->row.problem[i];
        pilot_reader_problem(reader, line, problem->position, problem->header, problem->code,
                             problem->message);
    }
}

/* The plan's name for a position, or NULL. */
static const char *header_at(const pilot_reader_t *reader, size_t position)
{
    if (position >= reader->positions)
        return NULL;
    uint32_t column = reader->position[position].column;
    if (column != PILOT_NO_COLUMN)
        return reader->layout->column[column].stored->header;
    return reader->position[position].agency ? reader->layout->plan->columns.agency : NULL;
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
    pilot_reader_problem(
        reader, pilot_csv_line(reader->csv), reader->agency_position,
        reader->layout->plan->columns.agency, PILOT_PROBLEM_TOO_LARGE,
        "more than 100,000 agencies; is this the agency's column? reading stopped here");
    stop(reader);
}

/* May the one that submits do so for this agency? */
static bool is_own(const pilot_reader_t *reader, const char *name, size_t length)
{
    uint32_t code;
    if (reader->agency >= 0 && length == reader->agency_name_length &&
        memcmp(name, reader->agency_name, length) == 0)
        return true;
    return !reader->setup.own || pilot_dictionary_find(reader->setup.own, name, length, &code);
}

static void agency_field(pilot_reader_t *reader, size_t position, const char *bytes, size_t length)
{
    const char *header = reader->layout->plan->columns.agency;
    if (length == 0)
        pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_MISSING_VALUE,
                          "every row needs an agency");
    else if (reader->setup.agency && !pilot_reader_is_named(reader->setup.agency, bytes, length))
        pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_WRONG_AGENCY,
                          "the row is of another agency than the one that submits");
    else if (!is_own(reader, bytes, length))
        pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_WRONG_AGENCY,
                          "the row is of an agency that you may not submit for");
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

void pilot_reader_on_field(void *context, size_t index, const char *bytes, size_t length,
                           bool valid)
{
    pilot_reader_t *reader = context;
    if (!reader->header_done) {
        pilot_reader_header_field(reader, index, bytes, length, valid);
        return;
    }
    if (index >= reader->positions)
        return; /* a ragged row: told at its end */
    if (!valid || length > PILOT_INTAKE_LONGEST_KEPT)
        if (!field_is_sound(reader, index, length, valid))
            return;
    pilot_reader_position_t position = reader->position[index];
    for (uint32_t i = position.column; i != PILOT_NO_COLUMN; i = reader->next_column[i])
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
    if (reader->setup.keys && !agency->pseudonym) {
        reader->status = pilot_keyring_get(reader->setup.keys, agency->name, agency->name_length,
                                           &agency->pseudonym, &reader->error);
        if (reader->status) {
            stop(reader);
            return false;
        }
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
    if (agency->pseudonym)
        pilot_row_pseudonymize(&reader->row, agency->pseudonym);
    return true;
}

void pilot_reader_on_record(void *context, size_t fields, uint64_t line)
{
    pilot_reader_t *reader = context;
    if (!reader->header_done) {
        pilot_reader_header_record(reader, line);
        reset_row(reader);
        return;
    }
    reader->rows++;
    reader->file_rows++;
    if (fields != reader->positions) {
        char message[96];
        snprintf(message, sizeof message, "the row has %zu fields and the header row %zu", fields,
                 reader->positions);
        pilot_reader_problem(reader, line, 0, NULL, PILOT_PROBLEM_BAD_ROW, message);
        reset_row(reader);
        return;
    }
    pilot_reader_row_problems(reader, line);
    if (!reader->layout->plan->columns.agency && reader->row_agency < 0) {
        const char *name = reader->setup.agency ? reader->setup.agency : reader->file_agency;
        find_agency(reader, name, strlen(name));
    }
    bool unit_wanted = reader->layout->plan->columns.unit != NULL;
    if (reader->row_agency >= 0 && (reader->row.has_unit || !unit_wanted) && enter_agency(reader))
        append_record(reader, line);
    if (reader->rows == INT32_MAX) {
        pilot_reader_problem(reader, line, 0, NULL, PILOT_PROBLEM_TOO_LARGE,
                             "more rows than one load can hold; reading stopped here");
        stop(reader);
    }
    reset_row(reader);
}
