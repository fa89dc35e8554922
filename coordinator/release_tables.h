/* release_tables.h - the released tables that are made row by row: what is read of a row of
 * results, who decides, and where it goes. */
#ifndef PILOT_RELEASE_TABLES_H
#define PILOT_RELEASE_TABLES_H

#include <libpq-fe.h>
#include <string.h>

#include "pilot/text.h"
#include "release_rows.h"
#include "staged.h"

enum { TYPE_FLOAT8 = 701 }; /* pg_type.oid, fixed for good */

/* A row as it was read: numbers[] begin behind the texts. */
typedef struct source_row {
    const PGresult *result;
    int row;
} source_row_t;

/* Columns are read in the order: ordinal, texts, status and reason (or none), flag (or none),
 * numbers, then what only the decision needs; and written in the order of `to`. */
typedef struct release_table {
    pilot_staged_table_t to;
    const char *select; /* SQL, $1 is the analysis */
    int texts;
    int hidden_text; /* not told of a hidden row: it says how its numbers came about; 0: none */
    int estimator;   /* the text that names it; 0: none */
    bool has_status, has_flag;
    bool hides_flag; /* where no number is shown */
    bool has_place;  /* within its effect: counted as rows are told, which come in their order */
    /* May a hidden row be there at all?  NULL: yes. */
    bool (*stays)(const source_row_t *row);
    int numbers;
    uint32_t whole;      /* bit i: number i is a bigint */
    uint32_t structural; /* bit i: number i is z by the plan or the version, not by the row */
    bool (*decide)(const release_t *release, const source_row_t *row, pilot_released_t *released);
    bool (*is_told)(
        const source_row_t *row); /* rows that no release has; NULL: every row is told */
} release_table_t;

/* NULL where there is none. */
static inline const char *text_at(const source_row_t *row, int column)
{
    return PQgetisnull(row->result, row->row, column) ? NULL
                                                      : PQgetvalue(row->result, row->row, column);
}

static inline pilot_field_t field_at(const source_row_t *row, int column)
{
    return (pilot_field_t){.data = (const unsigned char *)text_at(row, column),
                           .length = (uint32_t)PQgetlength(row->result, row->row, column)};
}

static inline bool truth_at(const source_row_t *row, int column)
{
    const char *byte = text_at(row, column);
    return byte && *byte;
}

/* float8, bigint and int columns. */
static inline pilot_number_in_t number_at(const source_row_t *row, int column)
{
    pilot_field_t field = field_at(row, column);
    if (!field.data)
        return (pilot_number_in_t){0};
    double value = field.length == 4                             ? pilot_field_int4(&field)
                   : PQftype(row->result, column) == TYPE_FLOAT8 ? pilot_field_float8(&field)
                                                                 : (double)pilot_field_int8(&field);
    return (pilot_number_in_t){.value = value, .given = true};
}

static inline void numbers_at(const source_row_t *row, int column, int count,
                              pilot_number_in_t *number)
{
    for (int i = 0; i < count; i++)
        number[i] = number_at(row, column + i);
}

#define CONTRAST_TEXTS "outcome, subgroup, level, arm, control, estimand, estimator, parameter"

/* column: the first of CONTRAST_TEXTS. */
static inline pilot_disclosure_key_t contrast_key(const source_row_t *row, const char *agency,
                                                  int column)
{
    return (pilot_disclosure_key_t){.agency = agency,
                                    .outcome = text_at(row, column),
                                    .subgroup = text_at(row, column + 1),
                                    .level = text_at(row, column + 2),
                                    .arm = text_at(row, column + 3),
                                    .control = text_at(row, column + 4),
                                    .estimand = text_at(row, column + 5),
                                    .estimator = text_at(row, column + 6),
                                    .parameter = text_at(row, column + 7)};
}

/* release_compared.c: what is made of agencies' effects. */
extern const release_table_t release_comparisons, release_agencies, release_averages,
    release_moderators, release_distribution;

#endif
