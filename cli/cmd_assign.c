/* cmd_assign.c - `pilot assign PLAN.yaml UNITS.csv`: who gets into which arm. */
#include "assign.h"
#include "assign_record.h"
#include "commands.h"
#include "output.h"
#include "pilot/memory.h"
#include "pilot/plan.h"
#include "problem_report.h"
#include "unit_ids.h"

#define SHOWN 10

typedef struct assign_request {
    const char *agency, *output, *audit, *report, *replace;
    bool registers, as_given;
} assign_request_t;

static pilot_status_t tell_problems(pilot_units_t *units, const char *report, pilot_error_t *error)
{
    uint64_t total = pilot_problems_total(units->problems);
    if (report) {
        pilot_status_t status = pilot_problems_write(units->problems, report, error);
        if (status)
            return status;
    }
    if (total == 0)
        return PILOT_OK;
    if (report)
        pilot_say("the problems are listed in %s", report);
    else
        pilot_problems_print(units->problems, stderr, SHOWN);
    if (!report && total > SHOWN)
        pilot_say("... and %llu more; --report FILE.csv lists them",
                  (unsigned long long)(total - SHOWN));
    pilot_text_t summary = PILOT_TEXT_INIT;
    pilot_problems_summary(units->problems, &summary);
    pilot_error_set(error, PILOT_E_DATA, "nobody was assigned: %s", summary.data);
    pilot_text_clear(&summary);
    return PILOT_E_DATA;
}

/* Raw ids must not come here where they do not leave the agency. */
static pilot_status_t check_pseudonyms(const pilot_plan_t *plan, const char *file,
                                       const pilot_units_t *units, pilot_error_t *error)
{
    size_t raw = 0;
    if (!plan->columns.unit)
        return pilot_error_set(error, PILOT_E_PLAN,
                               "units without ids cannot be assigned under pseudonyms: name their "
                               "column in columns.unit, or write unit_ids: plain");
    for (size_t i = 0; i < units->count; i++)
        raw +=
            !pilot_pseudonym_is(pilot_record_unit(units->record[i]), units->record[i]->unit_length);
    if (raw == 0)
        return PILOT_OK;
    return pilot_error_set(
        error, PILOT_E_DATA,
        "%s: %zu of %zu unit ids are no pseudonyms; the agency makes them, with "
        "its key: pilot pseudonymize %s UNITS.csv --agency NAME --output FILE; or "
        "the plan says unit_ids: plain",
        file, raw, units->count, plan->pilot);
}

static pilot_status_t read_units(const pilot_context_t *context, const assign_request_t *request,
                                 const pilot_plan_t *plan, const char *file, pilot_units_t *units,
                                 pilot_error_t *error)
{
    const pilot_units_options_t options = {.agency = request->agency,
                                           .name_by_file = pilot_context_is_embedded(context),
                                           .with_arms = request->as_given,
                                           .interrupt_fd = context->interrupt_fd};
    pilot_status_t status = pilot_units_read(plan, file, &options, units, error);
    if (status)
        return status;
    pilot_units_check(units);
    status = tell_problems(units, request->report, error);
    if (!status && pilot_unit_ids_hashed(context, plan))
        status = check_pseudonyms(plan, file, units, error);
    return status;
}

static pilot_status_t write_rows(const char *path, const pilot_assignment_t *assignment,
                                 pilot_error_t *error)
{
    pilot_output_t output;
    pilot_status_t status = pilot_output_open(path, &output, error);
    if (status)
        return status;
    pilot_assignment_write(assignment, output.file);
    return pilot_output_finish(&output, error);
}

static void tell_registered(const pilot_assignment_registered_t *registered)
{
    if (registered->added == 0) {
        pilot_say("registered already: the same assignment; nothing was stored");
        return;
    }
    if (registered->version > 0)
        pilot_say("the plan is registered as version %lld", (long long)registered->version);
    pilot_say("registered: %zu %s%s", registered->added,
              registered->added == 1 ? "agency" : "agencies",
              registered->replaced > 0 ? ", another assignment was replaced" : "");
    if (registered->same > 0)
        pilot_say("%zu %s the same assignment already", registered->same,
                  registered->same == 1 ? "agency had" : "agencies had");
    if (registered->late > 0)
        pilot_say("%zu %s data that was accepted before, unchecked; submit it again to have it "
                  "checked",
                  registered->late, registered->late == 1 ? "agency has" : "agencies have");
}

static pilot_status_t assign(pilot_context_t *context, const assign_request_t *request,
                             pilot_units_t *units, pilot_error_t *error)
{
    pilot_assignment_t assignment;
    pilot_text_t audit = PILOT_TEXT_INIT;
    pilot_assignment_make(units, &assignment);
    pilot_assignment_audit(&assignment, &audit);
    pilot_status_t status = pilot_context_check(context, error);
    pilot_db_t *db = NULL;
    pilot_assignment_registered_t registered;
    if (!status && request->registers)
        status = pilot_context_db(context, &db, error);
    if (!status && request->registers)
        status = pilot_assignment_register(db, &assignment, audit.data, request->replace,
                                           &registered, error);
    if (!status)
        pilot_assignment_tell(&assignment);
    if (!status && request->registers)
        tell_registered(&registered);
    if (!status && request->audit)
        status = pilot_output_text(request->audit, &audit, error);
    if (!status && !request->as_given)
        status = write_rows(request->output, &assignment, error);
    pilot_text_clear(&audit);
    pilot_assignment_clear(&assignment);
    return status;
}

static pilot_status_t check_request(const assign_request_t *request, pilot_error_t *error)
{
    const char *const files[] = {request->output, request->audit, request->report};
    if (request->replace && !request->registers)
        return pilot_error_set(error, PILOT_E_USAGE, "--replace goes with --register");
    if (request->replace && !*request->replace)
        return pilot_error_set(error, PILOT_E_USAGE, "--replace: say why");
    if (request->as_given && !request->registers)
        return pilot_error_set(error, PILOT_E_USAGE, "--as-given goes with --register");
    if (request->as_given && request->output)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--as-given draws nothing: there is nothing for --output");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        pilot_status_t status = files[i] ? pilot_output_check(files[i], error) : PILOT_OK;
        if (status)
            return status;
    }
    return PILOT_OK;
}

static void say_remarks(const assign_request_t *request, const pilot_plan_t *plan,
                        const pilot_units_t *units)
{
    if (!request->as_given && !plan->has_seed && !plan->has_assignment_seed)
        pilot_say(
            "the plan gives no seed, so 0 is used, which anybody can foresee; write seed: and "
            "a number of many digits");
    if (!plan->columns.agency && !request->agency) {
        const pilot_agency_t *agency = pilot_agencies_get(units->agencies, 0);
        pilot_say("these are the units of the agency %s, as the file is called; --agency NAME says "
                  "otherwise",
                  agency->name);
    }
    if (!plan->columns.unit)
        pilot_say("the plan names no unit column: units are known by the number of their row");
    if (units->passed_over_arms)
        pilot_say("the file's column of arms is not read");
}

static pilot_status_t begin(pilot_context_t *context, const assign_request_t *request,
                            const char *plan_file, const char *units_file, pilot_error_t *error)
{
    pilot_plan_t *plan = NULL;
    pilot_status_t status = check_request(request, error);
    if (!status)
        status = pilot_plan_read(plan_file, &plan, error);
    if (status)
        return status;
    pilot_units_t units;
    status = read_units(context, request, plan, units_file, &units, error);
    if (!status) {
        say_remarks(request, plan, &units);
        status = assign(context, request, &units, error);
    }
    pilot_units_clear(&units);
    pilot_plan_free(plan);
    return status;
}

pilot_status_t pilot_cmd_assign(pilot_context_t *context, int argc, char **argv,
                                pilot_error_t *error)
{
    assign_request_t request = {0};
    const pilot_option_t options[] = {
        {.name = "output",
         .type = PILOT_OPTION_TEXT,
         .target = &request.output,
         .argument = "FILE",
         .help = "write the assigned units to FILE (default: standard output)"},
        {.name = "audit",
         .type = PILOT_OPTION_TEXT,
         .target = &request.audit,
         .argument = "FILE.json",
         .help = "write seed, method, counts and hashes to FILE.json"},
        {.name = "register",
         .type = PILOT_OPTION_FLAG,
         .target = &request.registers,
         .help = "store the assignment, so that submissions are checked against it"},
        {.name = "as-given",
         .type = PILOT_OPTION_FLAG,
         .target = &request.as_given,
         .help = "with --register: draw nothing, store the arms that are in the file"},
        {.name = "replace",
         .type = PILOT_OPTION_TEXT,
         .target = &request.replace,
         .argument = "REASON",
         .help = "with --register: put it in the place of another one, as long as no data was "
                 "accepted under that"},
        {.name = "agency",
         .type = PILOT_OPTION_TEXT,
         .target = &request.agency,
         .argument = "NAME",
         .help = "whose units they are, where the file has no agency column"},
        {.name = "report",
         .type = PILOT_OPTION_TEXT,
         .target = &request.report,
         .argument = "FILE.csv",
         .help = "list what is wrong with the units in FILE.csv"},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PLAN.yaml UNITS.csv",
        "Assigns units (or whole clusters) to arms at random: by the plan's blocks, clusters, "
        "probabilities and seed.  The same plan and units always give the same arms, whatever the "
        "order of rows.",
        2, 2, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    return begin(context, &request, argv[1], argv[2], error);
}
