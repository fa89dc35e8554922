/* submission.h - what has to be known before data is submitted: the plan, and whose data this login
 * may submit. */
#ifndef PILOT_CLI_SUBMISSION_H
#define PILOT_CLI_SUBMISSION_H

#include "intake_dictionary.h"
#include "pilot/database.h"
#include "pilot/plan.h"

typedef struct pilot_submission {
    pilot_plan_t *plan; /* the latest one of the pilot */
    int64_t plan_id;
    bool restricted;        /* to the agencies in own */
    pilot_dictionary_t own; /* names */
    char *agency;           /* all rows are this agency's; NULL: the plan's column says, or files */
} pilot_submission_t;

/* agency: as the person named it, or NULL.  Without, and without an agency column, it is the only
 * agency of a login that has one.  PILOT_E_USAGE when it has several, PILOT_E_DATA when it may not
 * submit for the named one. Clear *ret_submission in any case. */
pilot_status_t pilot_submission_begin(pilot_db_t *db, const char *pilot, const char *agency,
                                      pilot_submission_t *ret_submission, pilot_error_t *error);
void pilot_submission_clear(pilot_submission_t *submission);

/* Plan and rights alone. */
pilot_status_t pilot_submission_read(pilot_db_t *db, const char *pilot,
                                     pilot_submission_t *ret_submission, pilot_error_t *error);

#endif
