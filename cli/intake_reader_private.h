/* intake_reader_private.h - what the parts of the reader share: its state, and the header row. */
#ifndef PILOT_CLI_INTAKE_READER_PRIVATE_H
#define PILOT_CLI_INTAKE_READER_PRIVATE_H

#include "intake_reader.h"
#include "intake_row.h"

#define PILOT_NO_COLUMN UINT32_MAX

/* What stands at one position of the file: a stored column, and the next one that takes the same
 * field; or the agency. */
typedef struct pilot_reader_position {
    uint32_t column;
    bool agency; /* besides: the plan may use one CSV column twice */
} pilot_reader_position_t;

struct pilot_reader {
    pilot_reader_setup_t setup;
    const pilot_intake_layout_t *layout;
    pilot_csv_t *csv;
    pilot_sha256_t *hash;

    uint16_t file;
    const char *file_agency;
    bool header_done, header_bad;
    bool other_separator;              /* the header row has semicolons or tabs */
    pilot_reader_position_t *position; /* of the file in hand */
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
    pilot_status_t status; /* what stopped it, but for what is wrong with the data */
    pilot_error_t error;
};

/* A problem of the file in hand.  position counts from 1, 0: none; header: the plan's name, or
 * NULL. */
void pilot_reader_problem(pilot_reader_t *reader, uint64_t row, uint32_t position,
                          const char *header, pilot_problem_code_t code, const char *message);

/* Tell the problems of the row's fields. */
void pilot_reader_row_problems(pilot_reader_t *reader, uint64_t line);

/* A field of the header row, and its end: from then on positions are known. */
void pilot_reader_header_field(pilot_reader_t *reader, size_t index, const char *bytes,
                               size_t length, bool valid);
void pilot_reader_header_record(pilot_reader_t *reader, uint64_t line);

/* Is it this name?  header may be NULL: no. */
bool pilot_reader_is_named(const char *header, const char *bytes, size_t length);

/* pilot_csv_handler_t. */
void pilot_reader_on_field(void *context, size_t index, const char *bytes, size_t length,
                           bool valid);
void pilot_reader_on_record(void *context, size_t fields, uint64_t line);

#endif
