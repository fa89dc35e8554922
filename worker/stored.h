/* stored.h - what earlier jobs of an analysis left in the database. */
#ifndef PILOT_WORKER_STORED_H
#define PILOT_WORKER_STORED_H

#include "compare.h"
#include "fits.h"
#include "parts.h"
#include "pilot/database.h"

/* Parts of all jobs of one kind, in agency order.  *ret_lagging: fewer than `inputs` results are
 * there.  Clear *ret_parts also on failure. */
pilot_status_t pilot_stored_parts(pilot_db_t *db, uint64_t analysis, Pilot__JobKind kind,
                                  uint64_t inputs, pilot_parts_t *ret_parts, bool *ret_lagging,
                                  pilot_error_t *error);

/* The fits that the POOL job left. */
pilot_status_t pilot_stored_fits(pilot_db_t *db, uint64_t pool_job,
                                 const pilot_analysis_t *analysis, pilot_fits_t **ret_fits,
                                 bool *ret_lagging, pilot_error_t *error);

/* All agency effects of an analysis on the outcomes first_outcome .. last_outcome. */
pilot_status_t pilot_stored_effects(pilot_db_t *db, uint64_t analysis, const Pilot__Spec *spec,
                                    size_t first_outcome, size_t last_outcome,
                                    pilot_compare_t *compare, pilot_error_t *error);

/* After the effects: what the plan says of agencies. */
pilot_status_t pilot_stored_attributes(pilot_db_t *db, uint64_t analysis, pilot_compare_t *compare,
                                       pilot_error_t *error);

/* What an analysis has pinned, in agency order.  Caller frees with pilot_stored_pins_free. */
pilot_status_t pilot_stored_pins(pilot_db_t *db, uint64_t analysis, Pilot__Pin ***ret_pin,
                                 size_t *ret_count, pilot_error_t *error);
void pilot_stored_pins_free(Pilot__Pin **pin, size_t count);

/* ret_alarm, [outcome][treatment]: does pooled attrition ring?  *ret_lagging: the POOL job's rows
 * are not there. */
pilot_status_t pilot_stored_alarms(pilot_db_t *db, uint64_t pool_job,
                                   const pilot_analysis_t *analysis, bool *ret_alarm,
                                   bool *ret_lagging, pilot_error_t *error);

#endif
