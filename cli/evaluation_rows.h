/* evaluation_rows.h - rows of a view of results or dashboard into structs, by a table of fields. */
#ifndef PILOT_CLI_EVALUATION_ROWS_H
#define PILOT_CLI_EVALUATION_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "pilot/database.h"

/* Texts that live as long as they; equal texts are one text. */
typedef struct pilot_texts_store pilot_texts_store_t;

pilot_texts_store_t *pilot_texts_store_new(void);
void pilot_texts_store_free(pilot_texts_store_t *store); /* NULL is fine */
const char *pilot_texts_store_keep(pilot_texts_store_t *store, const char *text, size_t length);

typedef enum pilot_field_kind {
    PILOT_FIELD_TEXT,   /* const char *: NULL where it is NULL */
    PILOT_FIELD_FIGURE, /* pilot_figure_t, with its mark where the relation has one */
    PILOT_FIELD_WHOLE,  /* int64_t: 0 where it is NULL */
    PILOT_FIELD_FLAG    /* bool: false where it is NULL */
} pilot_field_kind_t;

typedef struct pilot_row_field {
    const char *name; /* NULL ends the list */
    pilot_field_kind_t kind;
    size_t offset;
} pilot_row_field_t;

typedef struct pilot_row_source {
    const char *relation; /* "effects" */
    const pilot_row_field_t *field;
    size_t row_size;
    const char *where,
        *order;        /* SQL behind the pilot's and analysis' condition; where may be NULL */
    const char *times; /* names of fields that are times, each between blanks; or NULL */
} pilot_row_source_t;

/* Of one analysis.  *ret_rows: *ret_count structs of row_size bytes; caller frees. */
pilot_status_t pilot_rows_read(pilot_db_t *db, const pilot_row_source_t *source, bool released,
                               int64_t analysis, pilot_texts_store_t *store, void **ret_rows,
                               size_t *ret_count, pilot_error_t *error);

#endif
