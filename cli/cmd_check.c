/* cmd_check.c - `pilot check PLAN.yaml [DATA.csv...]`: is it all valid?  Needs no database. */
#include "commands.h"
#include "intake.h"
#include "output.h"
#include "pilot/plan.h"
#include "register.h"

static pilot_status_t check_data(const pilot_context_t *context, const pilot_plan_t *plan,
                                 char **files, int count, const char *agency, const char *report,
                                 pilot_error_t *error)
{
    pilot_intake_options_t options = {
        .agency = agency, .name_by_file = true, .interrupt_fd = context->interrupt_fd};
    pilot_intake_result_t result = {0};
    pilot_status_t status = pilot_intake_run(NULL, plan, 0, (const char *const *)files,
                                             (size_t)count, &options, &result, error);
    if (status == PILOT_OK || status == PILOT_E_DATA) {
        pilot_status_t told = pilot_intake_tell(&result, report, status ? NULL : error);
        status = status ? status : told;
    }
    pilot_intake_clear(&result);
    return status;
}

pilot_status_t pilot_cmd_check(pilot_context_t *context, int argc, char **argv,
                               pilot_error_t *error)
{
    const char *agency = NULL, *report = NULL;
    const pilot_option_t options[] = {
        PILOT_INTAKE_OPTIONS(&agency, &report), PILOT_CONTEXT_OPTIONS(context), {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PLAN.yaml [DATA.csv...]",
        "Checks a plan, and data against it.  Writes nothing and needs no database.", 1, -1, argc,
        argv, &operands, error);
    if (status || context->done)
        return status;
    pilot_plan_t *plan = NULL;
    status = report ? pilot_output_check(report, error) : PILOT_OK;
    if (!status)
        status = pilot_plan_read(argv[1], &plan, error);
    if (status)
        return status;
    pilot_register_say_not_computed(context, plan);
    pilot_say("%s: the plan is valid", argv[1]);
    if (operands > 1)
        status = check_data(context, plan, argv + 2, operands - 1, agency, report, error);
    pilot_plan_free(plan);
    return status;
}
