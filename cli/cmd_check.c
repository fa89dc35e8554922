/* cmd_check.c - `pilot check PLAN.yaml [DATA.csv...]`: is it all valid?  Needs no database. */
#include "assign.h"
#include "commands.h"
#include "intake.h"
#include "intake_input.h"
#include "output.h"
#include "pilot/memory.h"
#include "pilot/plan.h"
#include "register.h"
#include "submit_progress.h"
#include "unit_ids.h"

typedef struct check_request {
    const char *agency, *report, *format, *assignment, *keys;
    char **files;
    int count;
} check_request_t;

static void put_agencies(pilot_units_t *units, pilot_assignments_t *assignments)
{
    static const unsigned char no_salt[PILOT_SALT_SIZE];
    pilot_assignment_t given;
    pilot_assignment_make(units, &given);
    for (size_t i = 0; i < given.agencies; i++) {
        const pilot_agency_t *agency = pilot_agencies_get(units->agencies, given.agency[i].agency);
        pilot_assigned_t assigned;
        pilot_assignment_pack(&given, &given.agency[i], no_salt, &assigned);
        pilot_assignments_put(assignments, agency->name, agency->name_length, &assigned);
    }
    pilot_assignment_clear(&given);
}

/* What `pilot assign` wrote.  Without an agency column it is of the one agency whose data is
 * checked. */
static pilot_status_t read_assignment(const pilot_context_t *context, const pilot_plan_t *plan,
                                      const check_request_t *request,
                                      pilot_assignments_t *assignments, pilot_error_t *error)
{
    if (!plan->columns.agency && !request->agency && request->count > 1)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--assignment: the plan has no agency column, so this is one "
                               "agency's; give one data file, or --agency NAME");
    char *name PILOT_AUTOFREE = pilot_input_agency(request->files[0]);
    pilot_units_options_t options = {
        .agency = request->agency, .with_arms = true, .interrupt_fd = context->interrupt_fd};
    if (!request->agency && !plan->columns.agency)
        options.agency = name;
    pilot_units_t units;
    pilot_status_t status = pilot_units_read(plan, request->assignment, &options, &units, error);
    if (!status) {
        pilot_units_check(&units);
        if (pilot_problems_total(units.problems) == 0) {
            put_agencies(&units, assignments);
        } else {
            pilot_problems_print(units.problems, stderr, 10);
            status = pilot_error_set(error, PILOT_E_DATA, "%s is not a valid assignment",
                                     request->assignment);
        }
    }
    pilot_units_clear(&units);
    return status;
}

static pilot_status_t check_data(const pilot_context_t *context, const pilot_plan_t *plan,
                                 const check_request_t *request, pilot_error_t *error)
{
    pilot_submit_progress_t progress;
    pilot_submit_progress_begin(&progress, context->terminal_err);
    pilot_intake_options_t options = {.agency = request->agency,
                                      .name_by_file = true,
                                      .progress = pilot_submit_progress_update,
                                      .progress_context = &progress,
                                      .interrupt_fd = context->interrupt_fd};
    pilot_status_t status = PILOT_OK;
    if (request->assignment) {
        options.assignments = pilot_assignments_new(plan);
        status = read_assignment(context, plan, request, options.assignments, error);
        /* It is of pseudonyms. */
        if (!status)
            status = pilot_unit_ids_open(context, plan, request->keys, PILOT_KEY_NEEDED, NULL,
                                         &options.keys, error);
    }
    pilot_intake_result_t result = {0};
    if (!status)
        status = pilot_intake_run(NULL, plan, 0, (const char *const *)request->files,
                                  (size_t)request->count, &options, &result, error);
    pilot_submit_progress_end(&progress);
    const pilot_intake_told_t told = {.report = request->report,
                                      .json = request->format && *request->format == 'j',
                                      .dry_run = true,
                                      .width = context->width};
    if (result.problems && (status == PILOT_OK || status == PILOT_E_DATA)) {
        pilot_status_t say = pilot_intake_tell(&result, plan, &told, status ? NULL : error);
        status = status ? status : say;
    }
    pilot_assignments_free(options.assignments);
    pilot_keyring_free(options.keys);
    pilot_intake_clear(&result);
    return status;
}

pilot_status_t pilot_cmd_check(pilot_context_t *context, int argc, char **argv,
                               pilot_error_t *error)
{
    check_request_t request = {0};
    const pilot_option_t options[] = {
        PILOT_INTAKE_OPTIONS(&request.agency, &request.report, &request.format),
        {.name = "assignment",
         .type = PILOT_OPTION_TEXT,
         .target = &request.assignment,
         .argument = "FILE.csv",
         .help = "check the data against this assignment, as `pilot assign` wrote it"},
        PILOT_KEYS_OPTION(&request.keys),
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PLAN.yaml [DATA.csv...]",
        "Checks a plan, and data against it.  Writes nothing and needs no database.", 1, -1, argc,
        argv, &operands, error);
    if (status || context->done)
        return status;
    pilot_plan_t *plan = NULL;
    if (request.assignment && operands < 2)
        return pilot_error_set(error, PILOT_E_USAGE, "--assignment: give the data to check too");
    status = request.report ? pilot_output_check(request.report, error) : PILOT_OK;
    if (!status)
        status = pilot_plan_read(argv[1], &plan, error);
    if (status)
        return status;
    pilot_register_say_not_computed(context, plan);
    pilot_say("%s: the plan is valid", argv[1]);
    request.files = argv + 2;
    request.count = operands - 1;
    if (operands > 1)
        status = check_data(context, plan, &request, error);
    pilot_plan_free(plan);
    return status;
}
