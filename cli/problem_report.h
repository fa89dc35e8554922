/* problem_report.h - what is wrong with data: one entry a problem, for the agency to put right.
 *
 * No entry ever holds a value of the data, nor a header that the plan does not name: a column is
 * the plan's header or a position ("#7").  Of any number of problems the first 1,000 in the order
 * (file, row, column) are kept; all are counted by code. */
#ifndef PILOT_CLI_PROBLEM_REPORT_H
#define PILOT_CLI_PROBLEM_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "pilot/error.h"
#include "pilot/text.h"

#define PILOT_PROBLEMS_KEPT 1000

typedef enum pilot_problem_code {
    PILOT_PROBLEM_MISSING_COLUMN,
    PILOT_PROBLEM_DUPLICATE_COLUMN,
    PILOT_PROBLEM_BAD_ENCODING,
    PILOT_PROBLEM_BAD_ROW,
    PILOT_PROBLEM_BAD_QUOTING,
    PILOT_PROBLEM_MISSING_VALUE,
    PILOT_PROBLEM_NOT_A_NUMBER,
    PILOT_PROBLEM_OUT_OF_RANGE,
    PILOT_PROBLEM_NOT_BINARY,
    PILOT_PROBLEM_UNKNOWN_LEVEL,
    PILOT_PROBLEM_UNKNOWN_ARM,
    PILOT_PROBLEM_DUPLICATE_UNIT,
    PILOT_PROBLEM_CLUSTER_IN_TWO_ARMS,
    PILOT_PROBLEM_CLUSTER_IN_TWO_BLOCKS,
    PILOT_PROBLEM_ASSIGNMENT_DIFFERS,
    PILOT_PROBLEM_WRONG_AGENCY,
    PILOT_PROBLEM_EMPTY_FILE,
    PILOT_PROBLEM_TOO_LARGE,
    PILOT_PROBLEM_CODES
} pilot_problem_code_t;

const char *pilot_problem_code_name(pilot_problem_code_t code); /* "missing_column", ... */

/* Where a problem is.  position: column of the file counted from 1; 0: the row as a whole.
 * header: the plan's name of the column, or NULL when the plan does not name it; borrowed. */
typedef struct pilot_problem_place {
    uint32_t file; /* counted from 0 in the order of the command line */
    uint64_t row;  /* line where the record starts, counted from 1 */
    uint32_t position;
    const char *header;
} pilot_problem_place_t;

typedef struct pilot_problems pilot_problems_t;

/* `files`: how many files the load has; with more than one, messages name theirs.  The names are
 * borrowed for the report's life. */
pilot_problems_t *pilot_problems_new(size_t files, const char *const *file_names);
void pilot_problems_free(pilot_problems_t *problems); /* NULL is fine */
void pilot_problems_reset(pilot_problems_t *problems);

/* `message`: one sentence without any value; copied. */
void pilot_problems_add(pilot_problems_t *problems, const pilot_problem_place_t *place,
                        pilot_problem_code_t code, const char *message);
/* Move everything of `from` to `into`; both must have been made for the same files. */
void pilot_problems_merge(pilot_problems_t *into, pilot_problems_t *from);

uint64_t pilot_problems_total(const pilot_problems_t *problems);
uint64_t pilot_problems_count(const pilot_problems_t *problems, pilot_problem_code_t code);

/* "3 unknown_arm, 1 duplicate_unit", most frequent first. */
void pilot_problems_summary(const pilot_problems_t *problems, pilot_text_t *text);

/* The report as CSV: row,column,code,message; then a row without row number per code. */
void pilot_problems_csv(pilot_problems_t *problems, pilot_text_t *text);
/* Write that to a file, which is replaced as a whole. */
pilot_status_t pilot_problems_write(pilot_problems_t *problems, const char *path,
                                    pilot_error_t *error);
/* The first `limit` as lines for a person: "file.csv:7: reading: not_a_number: ...". */
void pilot_problems_print(pilot_problems_t *problems, FILE *stream, size_t limit);
/* [{"file":1,"row":7,"column":"reading","code":"...","message":"..."}], the summary included. */
void pilot_problems_json(pilot_problems_t *problems, pilot_text_t *text);

#endif
