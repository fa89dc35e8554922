/* cmd_report.c - `pilot report PILOT`: an analysis as one file for people. */
#include <string.h>

#include "analysis.h"
#include "commands.h"
#include "output.h"
#include "report.h"

/* Agencies read their own effects and no comparison: a report is of all. */
static pilot_status_t check_rights(pilot_db_t *db, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error,
        "SELECT COALESCE(bool_and(has_schema_privilege(n.oid, 'USAGE') "
        "AND has_table_privilege(c.oid, 'SELECT')), false) FROM pg_class c JOIN pg_namespace n "
        "ON n.oid = c.relnamespace WHERE n.nspname = 'results' AND c.relname = 'comparisons'",
        0);
    if (!status && *PQgetvalue(result, 0, 0) != 't')
        status =
            pilot_error_set(error, PILOT_E_DATABASE,
                            "this login may not read the comparison of agencies; `pilot report "
                            "--audience public` and `pilot results` show what it may");
    PQclear(result);
    return status;
}

static pilot_status_t write_report(pilot_context_t *context, const pilot_report_t *report,
                                   pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_status_t status = pilot_output_check(report->output, error);
    if (!status)
        status = pilot_context_db(context, &db, error);
    if (!status && !report->query.released)
        status = check_rights(db, error);
    if (!status && report->query.released)
        status =
            pilot_analysis_wait_for_release(db, report->query.pilot, report->query.analysis, error);
    return status ? status : pilot_report_write(db, report, error);
}

pilot_status_t pilot_cmd_report(pilot_context_t *context, int argc, char **argv,
                                pilot_error_t *error)
{
    pilot_report_t report = {0};
    const char *audience = NULL;
    const pilot_option_t options[] = {
        {.name = "output",
         .type = PILOT_OPTION_TEXT,
         .target = &report.output,
         .argument = "FILE.html",
         .help = "write to FILE.html; - is standard output"},
        {.name = "analysis",
         .type = PILOT_OPTION_COUNT,
         .target = &report.query.analysis,
         .argument = "ID",
         .help = "of this analysis (default: the latest finished one)",
         .minimum = 1,
         .maximum = INT64_MAX},
        {.name = "audience",
         .type = PILOT_OPTION_CHOICE,
         .target = &audience,
         .argument = "WHO",
         .help = "public: what is released after disclosure control",
         .choices = "evaluators|public"},
        {.name = "format",
         .type = PILOT_OPTION_CHOICE,
         .target = &report.format,
         .argument = "FORMAT",
         .help = "default: md when FILE ends in .md, else html",
         .choices = PILOT_REPORT_FORMATS},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT",
        "Writes an analysis as one file that needs no network and no script: a summary in plain "
        "words, alarms, the plan and every deviation, effects, agencies compared, pictures, "
        "methods, "
        "and where all of it comes from.",
        1, 1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    if (!report.output)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "a report needs a file: --output report.html (or - for standard "
                               "output)");
    report.query.pilot = argv[1];
    report.query.released = audience && strcmp(audience, "public") == 0;
    return write_report(context, &report, error);
}
