/* cmd_status.c - `pilot status [ANALYSIS]`: how analyses stand. */
#include <inttypes.h>

#include "analysis.h"
#include "commands.h"
#include "pilot/memory.h"
#include "table.h"

static const char list_sql[] =
    "SELECT analysis, pilot, plan_version, state, jobs, jobs_done, jobs_failed, "
    "CASE WHEN confirmatory THEN 'confirmatory' ELSE 'not confirmatory' END, "
    "to_char(launched_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), "
    "CASE data_state WHEN 'superseded' THEN 'some of its data has a newer revision' "
    "WHEN 'withdrawn' THEN 'some of its data was withdrawn' END "
    "FROM results.analyses ORDER BY analysis DESC LIMIT 50";

static const char one_sql[] =
    "SELECT a.analysis, a.pilot, a.plan_version, a.plan_sha256, a.data_sha256, a.state, "
    "CASE WHEN a.confirmatory THEN 'yes' ELSE 'no: ' || a.not_confirmatory END AS confirmatory, "
    "CASE a.data_state WHEN 'superseded' THEN format('superseded: %s of %s submissions have a "
    "newer revision', p.superseded, p.agencies) WHEN 'withdrawn' THEN format('withdrawn: %s of %s "
    "submissions were withdrawn', p.withdrawn, p.agencies) ELSE a.data_state END AS data_state, "
    "a.jobs, a.jobs_done, a.jobs_failed, p.agencies, p.rows, a.software_version, "
    "a.cpu_class, a.launched_by, "
    "to_char(a.launched_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS launched_at, "
    "to_char(a.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS finished_at, "
    "p.retries FROM results.analyses a, work.analysis_size(a.analysis) p "
    "WHERE a.analysis = $1::bigint";

static pilot_status_t show_list(pilot_context_t *context, pilot_db_t *db, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, list_sql, 0);
    if (status)
        return status;
    pilot_table_t *table = pilot_table_new(context->width);
    pilot_table_column(table, "analysis", true, 0);
    pilot_table_column(table, "pilot", false, 0);
    pilot_table_column(table, "plan", true, 2);
    pilot_table_column(table, "state", false, 0);
    pilot_table_column(table, "jobs", true, 0);
    pilot_table_column(table, "failed", true, 0);
    pilot_table_column(table, "kind", false, 3);
    pilot_table_column(table, "launched (UTC)", false, 1);
    for (int row = 0; row < PQntuples(result); row++) {
        pilot_table_row(table);
        for (int column = 0; column < 4; column++)
            pilot_table_cell_text(table, PQgetvalue(result, row, column));
        pilot_table_cell(
            table, pilot_format("%s/%s", PQgetvalue(result, row, 5), PQgetvalue(result, row, 4)));
        for (int column = 6; column < 9; column++)
            pilot_table_cell_text(table, PQgetvalue(result, row, column));
        if (!PQgetisnull(result, row, 9))
            pilot_table_note(table, pilot_format("           %s", PQgetvalue(result, row, 9)));
    }
    if (PQntuples(result) == 0)
        pilot_say("no analysis yet; begin with pilot run PLAN.yaml DATA.csv");
    else
        status = pilot_table_print(table, stdout, error);
    pilot_table_free(table);
    PQclear(result);
    return status;
}

static pilot_status_t show_one(pilot_db_t *db, int64_t analysis, pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, analysis);
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, one_sql, 1, id);
    if (status)
        return status;
    if (PQntuples(result) == 0)
        status = pilot_error_set(error, PILOT_E_NOT_FOUND,
                                 "there is no analysis %s; `pilot status` lists them", id);
    for (int column = 0; !status && column < PQnfields(result); column++)
        if (!PQgetisnull(result, 0, column))
            printf("%-18s  %s\n", PQfname(result, column), PQgetvalue(result, 0, column));
    PQclear(result);
    return status ? status : pilot_analysis_say_purged(db, analysis, error);
}

pilot_status_t pilot_cmd_status(pilot_context_t *context, int argc, char **argv,
                                pilot_error_t *error)
{
    const pilot_option_t options[] = {PILOT_CONTEXT_OPTIONS(context), {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "[ANALYSIS]", "Lists the latest analyses, or tells all about one.", 0, 1,
        argc, argv, &operands, error);
    if (status || context->done)
        return status;
    int64_t analysis = 0;
    if (operands == 1)
        status = pilot_analysis_parse(argv[1], &analysis, error);
    pilot_db_t *db = NULL;
    if (!status)
        status = pilot_context_db(context, &db, error);
    if (status)
        return status;
    status = analysis ? show_one(db, analysis, error) : show_list(context, db, error);
    if (!status && context->cluster) {
        int workers = 0;
        if (pilot_stack_is_up(context, &workers))
            pilot_say("up, with %d worker%s", workers, workers == 1 ? "" : "s");
        else
            pilot_say("nothing is running in the background (pilot up starts it)");
    }
    return status;
}
