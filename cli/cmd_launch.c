/* cmd_launch.c - `pilot launch PILOT`: freeze plan and data; with --follow, compute and wait. */
#include <inttypes.h>

#include "analysis.h"
#include "commands.h"

static void say_queued(const pilot_context_t *context, bool served)
{
    if (served)
        return;
    if (context->cluster)
        pilot_say("queued; run `pilot up`, or `pilot launch --follow`, to have it computed");
    else
        pilot_say("queued; no coordinator is serving this database at the moment");
}

static pilot_status_t follow(pilot_context_t *context, int64_t analysis, int64_t workers,
                             bool served, pilot_error_t *error)
{
    /* A server's own coordinator has workers of its own; an embedded one may be a passing `run`. */
    if (!context->cluster && served) {
        pilot_analysis_state_t state = {0};
        return pilot_analysis_follow(context, analysis, NULL, &state, error);
    }
    pilot_status_t status = pilot_analysis_compute(context, analysis, workers, false, error);
    if (status == PILOT_E_INTERRUPTED)
        pilot_say("analysis %" PRId64 " stays as it is; `pilot up` has it computed on", analysis);
    return status;
}

pilot_status_t pilot_cmd_launch(pilot_context_t *context, int argc, char **argv,
                                pilot_error_t *error)
{
    bool wanted = false;
    const char *exploratory = NULL;
    int64_t workers = pilot_stack_default_workers();
    const pilot_option_t options[] = {
        {.name = "follow",
         .type = PILOT_OPTION_FLAG,
         .target = &wanted,
         .help = "compute now, and wait until it has ended"},
        {.name = "exploratory",
         .type = PILOT_OPTION_TEXT,
         .target = &exploratory,
         .argument = "REASON",
         .help = "not the analysis that was planned, and why"},
        {.name = "workers",
         .type = PILOT_OPTION_COUNT,
         .target = &workers,
         .argument = "N",
         .environment = "PILOT_WORKERS",
         .help = "with --follow: compute with N workers (default: the cores)",
         .minimum = 1,
         .maximum = PILOT_STACK_MAX_WORKERS},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT",
        "Freezes the latest plan and the current data into an analysis, and prints its number.", 1,
        1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    if (exploratory && !exploratory[0])
        return pilot_error_set(error, PILOT_E_USAGE, "--exploratory needs a reason");
    pilot_db_t *db = NULL;
    status = pilot_context_db(context, &db, error);
    int64_t analysis = 0;
    if (!status)
        status = pilot_analysis_launch(db, argv[1], NULL, exploratory, &analysis, error);
    if (status)
        return status;
    printf("%" PRId64 "\n", analysis);
    fflush(stdout);
    bool served = false;
    status = pilot_analysis_say_remarks(db, analysis, error);
    if (!status)
        status = pilot_analysis_is_served(context, &served, error);
    if (!status && wanted)
        return follow(context, analysis, workers, served, error);
    if (!status)
        say_queued(context, served);
    return status;
}
