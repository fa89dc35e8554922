/* cmd_cancel.c - `pilot cancel ANALYSIS` and `pilot retry ANALYSIS`. */
#include <inttypes.h>

#include "analysis.h"
#include "commands.h"

/* An analysis' number as the only operand, then one statement with it. */
static pilot_status_t steer(pilot_context_t *context, const char *description, const char *sql,
                            int argc, char **argv, int64_t *ret_analysis, pilot_error_t *error)
{
    const pilot_option_t options[] = {PILOT_CONTEXT_OPTIONS(context), {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(context, options, "ANALYSIS", description, 1, 1,
                                                argc, argv, &operands, error);
    if (status || context->done)
        return status;
    status = pilot_analysis_parse(argv[1], ret_analysis, error);
    pilot_db_t *db = NULL;
    if (!status)
        status = pilot_context_db(context, &db, error);
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, *ret_analysis);
    return status ? status : pilot_db_run(db, NULL, error, sql, 1, id);
}

pilot_status_t pilot_cmd_cancel(pilot_context_t *context, int argc, char **argv,
                                pilot_error_t *error)
{
    int64_t analysis = 0;
    pilot_status_t status = steer(context, "Ends an analysis; what is stored of it stays.",
                                  "SELECT work.cancel($1::bigint)", argc, argv, &analysis, error);
    if (!status && !context->done)
        pilot_say("analysis %" PRId64 " is cancelled", analysis);
    return status;
}

pilot_status_t pilot_cmd_retry(pilot_context_t *context, int argc, char **argv,
                               pilot_error_t *error)
{
    int64_t analysis = 0;
    pilot_status_t status = steer(context, "Takes the failed jobs of an analysis up again.",
                                  "SELECT work.retry($1::bigint)", argc, argv, &analysis, error);
    if (status || context->done)
        return status;
    if (context->cluster && !pilot_stack_is_up(context, NULL))
        pilot_say("analysis %" PRId64 " is queued again; run `pilot up` to have it computed",
                  analysis);
    else
        pilot_say("analysis %" PRId64 " is queued again", analysis);
    return PILOT_OK;
}
