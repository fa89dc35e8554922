#include "submission.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

static pilot_status_t read_plan(pilot_db_t *db, const char *pilot, pilot_plan_t **ret_plan,
                                int64_t *ret_plan_id, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, error,
                     "SELECT plan, source, sha256 FROM registry.submission_plan($1)", 1, pilot);
    if (status)
        return status;
    *ret_plan_id = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    status = pilot_plan_parse(PQgetvalue(result, 0, 1), (size_t)PQgetlength(result, 0, 1),
                              "registered plan", ret_plan, error);
    /* What concerns other agencies alone may be left out of the source, and the hash is the plan's.
     */
    if (!status && PQgetlength(result, 0, 2) == PILOT_SHA256_HEX_SIZE - 1)
        memcpy((*ret_plan)->sha256, PQgetvalue(result, 0, 2), PILOT_SHA256_HEX_SIZE);
    PQclear(result);
    return status;
}

static pilot_status_t read_own(pilot_db_t *db, const char *pilot, pilot_submission_t *submission,
                               pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, error,
                     "SELECT a FROM registry.own_agencies($1) AS a WHERE NOT registry.is_owner() "
                     "UNION ALL SELECT NULL WHERE registry.is_owner()",
                     1, pilot);
    if (status)
        return status;
    submission->restricted = true;
    for (int row = 0; row < PQntuples(result); row++) {
        if (PQgetisnull(result, row, 0))
            submission->restricted = false;
        else
            pilot_dictionary_code(&submission->own, PQgetvalue(result, row, 0),
                                  (size_t)PQgetlength(result, row, 0));
    }
    PQclear(result);
    return PILOT_OK;
}

static pilot_status_t choose_agency(const char *pilot, const char *agency,
                                    pilot_submission_t *submission, pilot_error_t *error)
{
    const pilot_dictionary_t *own = &submission->own;
    uint32_t code;
    if (agency)
        submission->agency = pilot_strdup(agency);
    if (!submission->restricted)
        return PILOT_OK;
    if (own->count == 0)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "this login submits for no agency of pilot %s; its evaluator can "
                               "grant that (pilot grant agency NAME --pilot %s --login LOGIN)",
                               pilot, pilot);
    if (agency && !pilot_dictionary_find(own, agency, strlen(agency), &code))
        return pilot_error_set(error, PILOT_E_DATA,
                               "rejected: nothing was stored: wrong_agency: this login may not "
                               "submit for the agency that --agency names");
    if (agency || submission->plan->columns.agency)
        return PILOT_OK;
    if (own->count > 1)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "this login submits for %zu agencies of pilot %s, and the plan has "
                               "no agency column: say whose data this is with --agency NAME",
                               own->count, pilot);
    size_t length;
    const char *name = pilot_dictionary_label(own, 0, &length);
    submission->agency = pilot_strndup(name, length);
    return PILOT_OK;
}

pilot_status_t pilot_submission_read(pilot_db_t *db, const char *pilot,
                                     pilot_submission_t *ret_submission, pilot_error_t *error)
{
    *ret_submission = (pilot_submission_t){0};
    pilot_status_t status =
        read_plan(db, pilot, &ret_submission->plan, &ret_submission->plan_id, error);
    return status ? status : read_own(db, pilot, ret_submission, error);
}

pilot_status_t pilot_submission_begin(pilot_db_t *db, const char *pilot, const char *agency,
                                      pilot_submission_t *ret_submission, pilot_error_t *error)
{
    pilot_status_t status = pilot_submission_read(db, pilot, ret_submission, error);
    return status ? status : choose_agency(pilot, agency, ret_submission, error);
}

void pilot_submission_clear(pilot_submission_t *submission)
{
    pilot_plan_free(submission->plan);
    pilot_dictionary_clear(&submission->own);
    free(submission->agency);
    *submission = (pilot_submission_t){0};
}
