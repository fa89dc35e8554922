/* intake_row.h - one row while its fields come in: values by stored column, and what is wrong with
 * them; then a record. */
#ifndef PILOT_CLI_INTAKE_ROW_H
#define PILOT_CLI_INTAKE_ROW_H

#include "intake_layout.h"
#include "pilot/pseudonym.h"
#include "problem_report.h"

typedef struct pilot_row_problem {
    uint32_t position; /* counted from 1 */
    const char *header;
    pilot_problem_code_t code;
    const char *message; /* static */
} pilot_row_problem_t;

typedef struct pilot_text_slice {
    size_t offset;
    uint16_t length; /* UINT16_MAX: absent */
} pilot_text_slice_t;

typedef struct pilot_row {
    const pilot_intake_layout_t *layout; /* borrowed */
    double *number;
    uint64_t *given;
    pilot_text_slice_t *text;
    char *bytes; /* of texts */
    size_t bytes_used, bytes_capacity;
    char unit[PILOT_INTAKE_LONGEST_KEPT];
    size_t unit_length;
    bool has_unit;
    uint16_t arm;
    /* Kept until the row's number of fields is known: in a ragged row nothing else means
     * anything. */
    pilot_row_problem_t *problem;
    size_t problems, problem_capacity;
} pilot_row_t;

void pilot_row_init(pilot_row_t *row, const pilot_intake_layout_t *layout);
void pilot_row_clear(pilot_row_t *row);
void pilot_row_reset(pilot_row_t *row);

/* position counts from 0; header: the plan's name of the column, or NULL. */
void pilot_row_problem(pilot_row_t *row, size_t position, const char *header,
                       pilot_problem_code_t code, const char *message);
/* A field of a stored column; at most PILOT_INTAKE_LONGEST_KEPT bytes of valid UTF-8. */
void pilot_row_field(pilot_row_t *row, const pilot_intake_column_t *column, size_t position,
                     const char *bytes, size_t length);

/* Put the pseudonym in the place of the unit, and of texts read from the same column. */
void pilot_row_pseudonymize(pilot_row_t *row, pilot_pseudonym_t *pseudonym);

/* Bytes of the row's record. */
size_t pilot_row_size(const pilot_row_t *row);
/* Write it: size, arm, unit and values; agency, line, row and file are the caller's to set. */
void pilot_row_write(const pilot_row_t *row, pilot_record_t *record);

#endif
