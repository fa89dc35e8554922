/* pilot/migrate.h - create the schema, or bring it to this program's version: deploy/sql is
 * compiled into the library, each file one step in one transaction. */
#ifndef PILOT_MIGRATE_H
#define PILOT_MIGRATE_H

#include "pilot/database.h"

/* Refuses a database whose schemas registry, outcomes, work, results or dashboard are not ours
 * (PILOT_E_SCHEMA).  *ret_steps (NULL allowed): how many steps were applied. */
pilot_status_t pilot_migrate(pilot_db_t *db, int *ret_steps, pilot_error_t *error);

/* Version that this program needs. */
int pilot_migrate_version(void);

#endif
