/* staged.h - rows into a table with row-level security, which COPY cannot fill: through a temporary
 * table of the session that has the same columns. */
#ifndef PILOT_STAGED_H
#define PILOT_STAGED_H

#include "pilot/database.h"
#include "pilot/error.h"

typedef struct pilot_staged_table {
    const char *schema, *name, *columns; /* columns: a list as in SQL */
    int count;                           /* of columns */
} pilot_staged_table_t;

/* COPY rows to *ret_copy; within a transaction. */
pilot_status_t pilot_staged_begin(pilot_db_t *db, const pilot_staged_table_t *table,
                                  pilot_copy_in_t **ret_copy, pilot_error_t *error);
/* The rows of all COPYs of this transaction, ended by pilot_copy_in_end, to where they belong. */
pilot_status_t pilot_staged_insert(pilot_db_t *db, const pilot_staged_table_t *table,
                                   pilot_error_t *error);
/* End the one COPY and insert its rows, in the order in which they came. */
pilot_status_t pilot_staged_end(pilot_db_t *db, const pilot_staged_table_t *table,
                                pilot_copy_in_t *copy, pilot_error_t *error);

#endif
