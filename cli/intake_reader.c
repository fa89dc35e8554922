#include "intake_reader.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "intake_reader_private.h"
#include "intake_source.h"
#include "pilot/memory.h"

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

/* ---- files ---------------------------------------------------------------------------------- */

void pilot_reader_begin(pilot_reader_t *reader, uint16_t file, const char *name)
{
    const pilot_csv_handler_t handler = {
        .field = pilot_reader_on_field, .record = pilot_reader_on_record, .context = reader};
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
    pilot_row_reset(&reader->row);
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
        pilot_reader_problem(reader, line, 0, NULL, PILOT_PROBLEM_BAD_QUOTING,
                             "a quote inside a field, or one that is not closed; "
                             "the rest of the file was not read");
        break;
    case PILOT_CSV_TOO_LARGE:
        pilot_reader_problem(reader, line, 0, NULL, PILOT_PROBLEM_TOO_LARGE,
                             "the row is larger than 16 MB (a quote that is not closed?); "
                             "the rest of the file was not read");
        break;
    case PILOT_CSV_TOO_MANY_FIELDS:
        pilot_reader_problem(
            reader, line, 0, NULL, PILOT_PROBLEM_TOO_LARGE,
            "the row has more than 100,000 fields; the rest of the file was not read");
        break;
    case PILOT_CSV_COMPLETE:
        if (reader->stopped || reader->header_bad)
            break;
        if (!reader->header_done)
            pilot_reader_problem(reader, 1, 0, NULL, PILOT_PROBLEM_EMPTY_FILE, "the file is empty");
        else if (reader->file_rows == 0)
            pilot_reader_problem(reader, 1, 0, NULL, PILOT_PROBLEM_EMPTY_FILE,
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
    for (uint64_t bytes = 0;;) {
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
        bytes += piece.length;
        if (reader->setup.progress)
            reader->setup.progress(reader->setup.context, bytes);
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
    if (!status && reader->status) {
        status = reader->status;
        if (error)
            *error = reader->error;
    }
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
