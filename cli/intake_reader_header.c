/* The header row: which column of the plan stands where. */
#include <string.h>

#include "intake_reader_private.h"
#include "pilot/memory.h"

bool pilot_reader_is_named(const char *header, const char *bytes, size_t length)
{
    return header && strlen(header) == length && memcmp(header, bytes, length) == 0;
}

static void duplicate_column(pilot_reader_t *reader, size_t position, const char *header)
{
    reader->header_bad = true;
    pilot_row_problem(&reader->row, position, header, PILOT_PROBLEM_DUPLICATE_COLUMN,
                      "more than one column of the file has this header");
}

void pilot_reader_header_field(pilot_reader_t *reader, size_t index, const char *bytes,
                               size_t length, bool valid)
{
    pilot_reader_position_t position = {.column = PILOT_NO_COLUMN};
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
        if (!pilot_reader_is_named(header, bytes, length))
            continue;
        if (reader->found_position[i] != 0 && !told) {
            duplicate_column(reader, index, header);
            told = true;
        }
        reader->found_position[i] = (uint32_t)index + 1;
        reader->next_column[i] = position.column;
        position.column = (uint32_t)i;
    }
    if (position.column == PILOT_NO_COLUMN &&
        pilot_reader_is_named(layout->plan->columns.arm, bytes, length))
        reader->passed_over_arms = true;
    const char *agency = layout->plan->columns.agency;
    if (pilot_reader_is_named(agency, bytes, length)) {
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
    pilot_reader_problem(reader, line, 0, header, PILOT_PROBLEM_MISSING_COLUMN,
                         other_separator
                             ? "the file has one column only: columns must be separated by commas"
                             : "the plan names this column and the file has none with this header");
}

void pilot_reader_header_record(pilot_reader_t *reader, uint64_t line)
{
    const pilot_intake_layout_t *layout = reader->layout;
    const char *agency = layout->plan->columns.agency;
    pilot_reader_row_problems(reader, line);
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
