/* assignments.h - the assignments that a load is checked against: registered in the database, read
 * one agency at a time, or made of a file. */
#ifndef PILOT_CLI_ASSIGNMENTS_H
#define PILOT_CLI_ASSIGNMENTS_H

#include "assigned.h"
#include "pilot/database.h"
#include "pilot/plan.h"

typedef struct pilot_assignments pilot_assignments_t;

/* Those registered for the plan's pilot.  All borrowed for its life. */
pilot_status_t pilot_assignments_open(pilot_db_t *db, const pilot_plan_t *plan,
                                      pilot_assignments_t **ret_assignments, pilot_error_t *error);
/* None yet; _put adds them. */
pilot_assignments_t *pilot_assignments_new(const pilot_plan_t *plan);
void pilot_assignments_free(pilot_assignments_t *assignments); /* NULL is fine */

/* One agency's, consumed. */
void pilot_assignments_put(pilot_assignments_t *assignments, const char *agency, size_t length,
                           pilot_assigned_t *assigned);

/* Does it take part in the checks at all: is there any, or must there be? */
bool pilot_assignments_matter(const pilot_assignments_t *assignments);
/* Is an agency's data to be rejected when it has none? */
bool pilot_assignments_required(const pilot_assignments_t *assignments);

/* An agency's assignment, borrowed until the next call; *ret_assigned is NULL when it has none.
 * It asks the database in whatever transaction is open, which must not be in a COPY. */
pilot_status_t pilot_assignments_get(pilot_assignments_t *assignments, const char *agency,
                                     size_t length, const pilot_assigned_t **ret_assigned,
                                     pilot_error_t *error);

#endif
