/* cmd_submit.c - `pilot submit PILOT DATA.csv...`: an agency's data, all or nothing. */
#include <stdlib.h>

#include "commands.h"
#include "intake.h"
#include "output.h"
#include "pilot/memory.h"
#include "pilot/plan.h"

/* The pilot's latest plan, as it was registered. */
static pilot_status_t read_plan(pilot_db_t *db, const char *pilot, pilot_plan_t **ret_plan,
                                int64_t *ret_plan_id, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error, "SELECT plan, source FROM registry.submission_plan($1)", 1, pilot);
    if (status)
        return status;
    *ret_plan_id = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    status = pilot_plan_parse(PQgetvalue(result, 0, 1), (size_t)PQgetlength(result, 0, 1),
                              "registered plan", ret_plan, error);
    PQclear(result);
    return status;
}

pilot_status_t pilot_cmd_submit(pilot_context_t *context, int argc, char **argv,
                                pilot_error_t *error)
{
    const char *agency = NULL, *report = NULL;
    const pilot_option_t options[] = {
        PILOT_INTAKE_OPTIONS(&agency, &report), PILOT_CONTEXT_OPTIONS(context), {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT DATA.csv...",
        "Checks data against the pilot's plan and stores it, all or nothing, as a new revision of "
        "each agency whose data changed.",
        2, -1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    pilot_db_t *db = NULL;
    pilot_plan_t *plan = NULL;
    int64_t plan_id = 0;
    status = report ? pilot_output_check(report, error) : PILOT_OK;
    if (!status)
        status = pilot_context_db(context, &db, error);
    if (!status)
        status = read_plan(db, argv[1], &plan, &plan_id, error);
    if (status)
        return status;
    pilot_intake_options_t intake = {.agency = agency,
                                     .name_by_file = pilot_context_is_embedded(context),
                                     .interrupt_fd = context->interrupt_fd};
    pilot_intake_result_t result = {0};
    status = pilot_intake_run(db, plan, plan_id, (const char *const *)argv + 2,
                              (size_t)operands - 1, &intake, &result, error);
    if (status == PILOT_OK || status == PILOT_E_DATA) {
        pilot_status_t told = pilot_intake_tell(&result, report, status ? NULL : error);
        if (!status)
            pilot_intake_tell_assignment(&result, plan);
        status = status ? status : told;
    }
    pilot_intake_clear(&result);
    pilot_plan_free(plan);
    return status;
}
