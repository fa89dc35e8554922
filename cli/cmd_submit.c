/* cmd_submit.c - `pilot submit PILOT DATA.csv...`: an agency's data, all or nothing. */
#include "commands.h"
#include "intake.h"
#include "output.h"
#include "pilot/memory.h"
#include "submission.h"
#include "submit_progress.h"
#include "summary_print.h"
#include "unit_ids.h"

typedef struct submit_request {
    const char *agency, *report, *format, *keys;
    bool dry_run;
    char **files;
    int count;
} submit_request_t;

static pilot_status_t take_in(pilot_context_t *context, pilot_db_t *db,
                              const pilot_submission_t *submission, const submit_request_t *request,
                              pilot_error_t *error)
{
    pilot_submit_progress_t progress;
    pilot_submit_progress_begin(&progress, context->terminal_err);
    pilot_intake_options_t options = {.agency = submission->agency,
                                      .name_by_file = pilot_context_is_embedded(context),
                                      .own = submission->restricted ? &submission->own : NULL,
                                      .dry_run = request->dry_run,
                                      .progress = pilot_submit_progress_update,
                                      .progress_context = &progress,
                                      .interrupt_fd = context->interrupt_fd};
    pilot_intake_result_t result = {0};
    pilot_status_t status = pilot_unit_ids_open(
        context, submission->plan, request->keys,
        request->dry_run ? PILOT_KEY_PRETEND : PILOT_KEY_MAKE, db, &options.keys, error);
    if (!status)
        status = pilot_intake_run(db, submission->plan, submission->plan_id,
                                  (const char *const *)request->files, (size_t)request->count,
                                  &options, &result, error);
    pilot_submit_progress_end(&progress);
    pilot_keyring_tell(options.keys);
    const pilot_intake_told_t told = {.report = request->report,
                                      .json = request->format && *request->format == 'j',
                                      .dry_run = request->dry_run,
                                      .width = context->width};
    if (result.problems && (!status || pilot_problems_total(result.problems) > 0)) {
        pilot_status_t say =
            pilot_intake_tell(&result, submission->plan, &told, status ? NULL : error);
        status = status ? status : say;
    }
    pilot_keyring_free(options.keys);
    pilot_intake_clear(&result);
    return status;
}

pilot_status_t pilot_cmd_submit(pilot_context_t *context, int argc, char **argv,
                                pilot_error_t *error)
{
    submit_request_t request = {0};
    const pilot_option_t options[] = {
        PILOT_INTAKE_OPTIONS(&request.agency, &request.report, &request.format),
        {.name = "dry-run",
         .type = PILOT_OPTION_FLAG,
         .target = &request.dry_run,
         .help = "do and say everything, and store nothing"},
        PILOT_KEYS_OPTION(&request.keys),
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT DATA.csv...",
        "Checks data against the pilot's plan and stores it, all or nothing, as a new revision of "
        "each agency whose data changed.  Says what the data came to, and ends with the verdict: "
        "accepted, accepted_with_warnings or rejected.",
        2, -1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    request.files = argv + 2;
    request.count = operands - 1;
    pilot_db_t *db = NULL;
    pilot_submission_t submission = {0};
    status = request.report ? pilot_output_check(request.report, error) : PILOT_OK;
    if (!status)
        status = pilot_context_db(context, &db, error);
    if (!status)
        status = pilot_submission_begin(db, argv[1], request.agency, &submission, error);
    if (!status)
        status = take_in(context, db, &submission, &request, error);
    pilot_submission_clear(&submission);
    return status;
}
