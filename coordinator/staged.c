#include "staged.h"

#include "pilot/memory.h"

pilot_status_t pilot_staged_begin(pilot_db_t *db, const pilot_staged_table_t *table,
                                  pilot_copy_in_t **ret_copy, pilot_error_t *error)
{
    /* One temporary table a session and target; other columns than the last time make another. */
    PILOT_AUTOFREE char *make =
        pilot_format("CREATE TEMPORARY TABLE IF NOT EXISTS staged_%s_%d ON COMMIT DELETE ROWS AS "
                     "SELECT %s FROM %s.%s WITH NO DATA",
                     table->name, table->count, table->columns, table->schema, table->name);
    PILOT_AUTOFREE char *copy =
        pilot_format("COPY pg_temp.staged_%s_%d (%s) FROM STDIN (FORMAT binary)", table->name,
                     table->count, table->columns);
    pilot_status_t status = pilot_db_script(db, make, error);
    return status ? status : pilot_copy_in_begin(db, copy, table->count, ret_copy, error);
}

pilot_status_t pilot_staged_insert(pilot_db_t *db, const pilot_staged_table_t *table,
                                   pilot_error_t *error)
{
    PILOT_AUTOFREE char *insert =
        pilot_format("INSERT INTO %s.%s (%s) SELECT %s FROM pg_temp.staged_%s_%d", table->schema,
                     table->name, table->columns, table->columns, table->name, table->count);
    return pilot_db_script(db, insert, error);
}

pilot_status_t pilot_staged_end(pilot_db_t *db, const pilot_staged_table_t *table,
                                pilot_copy_in_t *copy, pilot_error_t *error)
{
    pilot_status_t status = pilot_copy_in_end(copy, NULL, NULL, error);
    return status ? status : pilot_staged_insert(db, table, error);
}
