/* assign_record.h - what is kept of an assignment: the audit record, and its registration. */
#ifndef PILOT_CLI_ASSIGN_RECORD_H
#define PILOT_CLI_ASSIGN_RECORD_H

#include "assign.h"
#include "pilot/database.h"

/* The audit record as JSON, with the time of day in it. */
void pilot_assignment_audit(const pilot_assignment_t *assignment, pilot_text_t *json);

/* For the person, on stderr: counts by arm, and by block when there are few. */
void pilot_assignment_tell(const pilot_assignment_t *assignment);

typedef struct pilot_assignment_registered {
    size_t added, same, replaced; /* agencies */
    size_t late;                  /* of those added, with data already */
    int64_t version;              /* of the plan, if it was registered beside; else 0 */
} pilot_assignment_registered_t;

/* All agencies or none, and the plan if it is not registered yet.  audit: the record to keep;
 * reason: why another assignment is replaced, or NULL.  PILOT_E_DATA when that may not be. */
pilot_status_t pilot_assignment_register(pilot_db_t *db, const pilot_assignment_t *assignment,
                                         const char *audit, const char *reason,
                                         pilot_assignment_registered_t *ret_registered,
                                         pilot_error_t *error);

#endif
