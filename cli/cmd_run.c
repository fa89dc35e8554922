/* cmd_run.c - `pilot run PLAN.yaml DATA.csv...`: register, submit, launch, compute, print. */
#include <inttypes.h>

#include "analysis.h"
#include "commands.h"
#include "intake.h"
#include "output.h"
#include "pilot/memory.h"
#include "register.h"
#include "render.h"
#include "report.h"
#include "unit_ids.h"

typedef struct run_request {
    const char *agency, *view, *format, *output, *report, *keys;
    int64_t workers;
    pilot_option_source_t workers_source;
} run_request_t;

typedef struct run_size {
    int64_t agencies, rows;
} run_size_t;

static pilot_status_t read_size(pilot_db_t *db, int64_t analysis, run_size_t *ret_size,
                                pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, analysis);
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, error,
                     "SELECT count(*), COALESCE(sum(rows), 0)::bigint FROM work.pins "
                     "WHERE analysis = $1::bigint",
                     1, id);
    if (status)
        return status;
    const char *agencies = PQgetvalue(result, 0, 0), *rows = PQgetvalue(result, 0, 1);
    pilot_int64_parse(agencies, strlen(agencies), &ret_size->agencies);
    pilot_int64_parse(rows, strlen(rows), &ret_size->rows);
    PQclear(result);
    return PILOT_OK;
}

static void say_hints(const pilot_context_t *context, const char *pilot, int64_t analysis,
                      bool reported)
{
    char *flags PILOT_AUTOFREE = pilot_context_flags(context);
    pilot_say("\nLook further:");
    static const struct {
        const char *view, *about;
    } views[] = {{"effects", "each agency's effects, and pooled ones"},
                 {"agencies", "agencies beside their shrunken estimates"},
                 {"quality --alarms", "which checks of the data ring"}};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        pilot_say("  %s results %s%s --view %-16s # %s", context->program, pilot, flags,
                  views[i].view, views[i].about);
    pilot_say("  %s results %s%s --view comparison --all --format csv --output comparison.csv",
              context->program, pilot, flags);
    if (!reported)
        pilot_say("  %s report %s%s --output report.html # all of it, with pictures",
                  context->program, pilot, flags);
    pilot_say("  %s status %" PRId64 "%s", context->program, analysis, flags);
}

/* All files as one load.  *ret_submissions: exactly theirs, "{12,13}"; caller frees. */
static pilot_status_t take_in(pilot_context_t *context, const pilot_plan_t *plan, int64_t plan_id,
                              const run_request_t *request, char **files, int file_count,
                              char **ret_submissions, pilot_error_t *error)
{
    pilot_intake_options_t options = {.agency = request->agency,
                                      .name_by_file = pilot_context_is_embedded(context),
                                      .interrupt_fd = context->interrupt_fd};
    pilot_intake_result_t result = {0};
    pilot_status_t status = pilot_unit_ids_open(context, plan, request->keys, PILOT_KEY_MAKE,
                                                context->db, &options.keys, error);
    if (!status)
        status = pilot_intake_run(context->db, plan, plan_id, (const char *const *)files,
                                  (size_t)file_count, &options, &result, error);
    pilot_keyring_tell(options.keys);
    pilot_keyring_free(options.keys);
    const pilot_intake_told_t told = {.brief = true, .width = context->width};
    if (result.problems && (!status || pilot_problems_total(result.problems) > 0))
        pilot_intake_tell(&result, plan, &told, NULL);
    pilot_text_t submissions = PILOT_TEXT_INIT;
    pilot_text_append_char(&submissions, '{');
    for (size_t i = 0; !status && i < result.agencies; i++)
        pilot_text_appendf(&submissions, "%s%" PRId64, i ? "," : "", result.agency[i].submission);
    pilot_text_append_char(&submissions, '}');
    *ret_submissions = pilot_text_take(&submissions);
    pilot_intake_clear(&result);
    return status;
}

/* Plan and data into the database, frozen. */
static pilot_status_t prepare(pilot_context_t *context, const pilot_plan_t *plan,
                              const run_request_t *request, char **files, int file_count,
                              int64_t *ret_analysis, pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_registered_t registered = {0};
    pilot_status_t status = pilot_context_db(context, &db, error);
    if (!status)
        status = pilot_register_plan(db, plan, &registered, error);
    char *submissions = NULL;
    if (!status)
        status = take_in(context, plan, registered.plan, request, files, file_count, &submissions,
                         error);
    if (!status)
        status = pilot_analysis_launch(db, plan->pilot, submissions, NULL, ret_analysis, error);
    free(submissions);
    return status;
}

static pilot_status_t print_results(pilot_context_t *context, const pilot_plan_t *plan,
                                    const run_request_t *request, int64_t analysis,
                                    const run_size_t *size, pilot_error_t *error)
{
    bool compared = size->agencies > 1 && plan->level == PILOT_LEVEL_AGENCY;
    const char *view = request->view ? request->view : compared ? "comparison" : "effects";
    pilot_render_t render = {.view = pilot_view_find(view),
                             .format = request->format ? request->format
                                                       : pilot_render_format_of(request->output),
                             .output = request->output,
                             .pilot = plan->pilot,
                             .analysis = analysis};
    uint64_t rows = 0;
    pilot_status_t status = pilot_render(context, &render, &rows, error);
    if (!status && rows == 0)
        pilot_say("no rows in %s", view);
    return status;
}

static pilot_status_t run(pilot_context_t *context, const run_request_t *request,
                          const pilot_plan_t *plan, char **files, int file_count,
                          pilot_error_t *error)
{
    int64_t analysis = 0;
    pilot_status_t status = prepare(context, plan, request, files, file_count, &analysis, error);
    run_size_t size = {0};
    if (!status)
        status = read_size(context->db, analysis, &size, error);
    if (status)
        return status;
    pilot_say("%s%s%s: %" PRId64 " agenc%s, %" PRId64 " rows; analysis %" PRId64, plan->pilot,
              plan->title ? " - " : "", plan->title ? plan->title : "", size.agencies,
              size.agencies == 1 ? "y" : "ies", size.rows, analysis);
    status = pilot_analysis_say_remarks(context->db, analysis, error);
    if (status)
        return status;
    int running = 0;
    if (request->workers_source == PILOT_SOURCE_FLAG && pilot_stack_is_up(context, &running))
        pilot_say("computed by the %d worker%s of `pilot up`", running, running == 1 ? "" : "s");
    status = pilot_analysis_compute(context, analysis, request->workers, true, error);
    if (status && status != PILOT_E_JOBS_FAILED)
        return status;
    /* What is known is worth seeing even when some jobs failed. */
    pilot_status_t shown =
        print_results(context, plan, request, analysis, &size, status ? NULL : error);
    if (!shown && request->report) {
        const pilot_report_t report = {.query = {.pilot = plan->pilot, .analysis = analysis},
                                       .output = request->report};
        shown = pilot_report_write(context->db, &report, status ? NULL : error);
        if (!shown && strcmp(request->report, "-") != 0)
            pilot_say("report: %s", request->report);
    }
    if (!shown && !status)
        say_hints(context, plan->pilot, analysis, request->report != NULL);
    return status ? status : shown;
}

/* What can be refused is refused before anything is stored. */
static pilot_status_t begin(pilot_context_t *context, const run_request_t *request,
                            const char *plan_file, char **files, int file_count,
                            pilot_error_t *error)
{
    pilot_plan_t *plan = NULL;
    pilot_status_t status = pilot_output_check(request->output, error);
    if (!status && request->report)
        status = pilot_output_check(request->report, error);
    if (!status)
        status = pilot_plan_read(plan_file, &plan, error);
    if (status)
        return status;
    pilot_register_say_not_computed(context, plan);
    status = run(context, request, plan, files, file_count, error);
    pilot_plan_free(plan);
    return status;
}

pilot_status_t pilot_cmd_run(pilot_context_t *context, int argc, char **argv, pilot_error_t *error)
{
    run_request_t request = {.workers = pilot_stack_default_workers()};
    const pilot_option_t options[] = {
        {.name = "agency",
         .type = PILOT_OPTION_TEXT,
         .target = &request.agency,
         .argument = "NAME",
         .help = "the agency of a file without an agency column (default: the file's name)"},
        {.name = "workers",
         .type = PILOT_OPTION_COUNT,
         .target = &request.workers,
         .argument = "N",
         .environment = "PILOT_WORKERS",
         .help = "compute with N workers (default: the cores)",
         .minimum = 1,
         .maximum = PILOT_STACK_MAX_WORKERS,
         .source = &request.workers_source},
        {.name = "view",
         .type = PILOT_OPTION_CHOICE,
         .target = &request.view,
         .argument = "VIEW",
         .help = "what to print (default: comparison; effects when there is one agency)",
         .choices = "effects|comparison|agencies|averages|moderators|distribution|"
                    "quality|submissions"},
        PILOT_FORMAT_OPTIONS(request),
        {.name = "report",
         .type = PILOT_OPTION_TEXT,
         .target = &request.report,
         .argument = "FILE.html",
         .help = "write the report of the analysis to FILE.html"},
        PILOT_KEYS_OPTION(&request.keys),
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PLAN.yaml DATA.csv...",
        "Evaluates a pilot on this machine in one go: stores plan and data, computes, and prints "
        "the comparison of agencies.",
        2, -1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    return begin(context, &request, argv[1], argv + 2, operands - 1, error);
}
