/* intake_previous.h - the revision before, as the database keeps it: what it came to, and which
 * units have come and gone since. */
#ifndef PILOT_CLI_INTAKE_PREVIOUS_H
#define PILOT_CLI_INTAKE_PREVIOUS_H

#include "intake.h"

/* Into `previous` of each agency that is not unchanged, before the load is sealed. */
pilot_status_t pilot_previous_read(pilot_db_t *db, const pilot_intake_layout_t *layout,
                                   pilot_intake_result_t *result, pilot_error_t *error);

/* Into units_added and units_removed, after that and in the same transaction; where it costs little
 * (docs/data.md). */
pilot_status_t pilot_previous_units(pilot_db_t *db, const pilot_plan_t *plan,
                                    pilot_intake_result_t *result, pilot_error_t *error);

#endif
