/* cmd_jobs.c - `pilot jobs ANALYSIS`: each job and how it stands; --sql: what it reads. */
#include <inttypes.h>

#include "analysis.h"
#include "commands.h"
#include "pilot/memory.h"
#include "table.h"

/* A job is done if its result row exists; leases live in the coordinator's memory. */
static const char jobs_sql[] =
    "SELECT j.job, (ARRAY['noop', 'estimate', 'pool', 'residual', 'finish', 'compare', "
    "'whole', 'bounds'])[j.kind + 1], CASE WHEN j.kind = 6 THEN 'all' "
    "WHEN j.first_pin IS NULL THEN '' WHEN j.first_pin = j.last_pin "
    "THEN f.agency ELSE f.agency || ' .. ' || l.agency END, "
    "CASE WHEN r.job IS NOT NULL THEN 'stored' WHEN x.given_up THEN 'failed' "
    "WHEN a.state = 'cancelled' THEN 'cancelled' ELSE 'waiting' END, "
    "r.unit_rows, round(r.pull_us / 1000.0, 1), round(r.compute_us / 1000.0, 1), "
    "NULLIF(x.failures, 0), x.reason, r.worker "
    "FROM work.jobs j JOIN work.analyses a USING (analysis) "
    "LEFT JOIN work.job_results r USING (job) "
    "LEFT JOIN work.pins f ON f.analysis = j.analysis AND f.ordinal = j.first_pin "
    "LEFT JOIN work.pins l ON l.analysis = j.analysis AND l.ordinal = j.last_pin "
    "LEFT JOIN LATERAL (SELECT count(*) AS failures, "
    "bool_or(given_up AND retries = a.retries) AS given_up, "
    "(array_agg(reason ORDER BY failure DESC))[1] AS reason "
    "FROM work.failures WHERE job = j.job) x ON true "
    "WHERE j.analysis = $1::bigint ORDER BY j.stage, j.job";

/* What a job reads of the pilot's rows, ready for psql. */
static const char sql_sql[] =
    "SELECT format(E'-- job %s: %s submissions\\nSELECT pilot_submission, pilot_row, %s\\n"
    "FROM outcomes.%I\\nWHERE pilot_submission = ANY (''{%s}'');', j.job, count(*), "
    "(SELECT string_agg(quote_ident(c), ', ' ORDER BY place) "
    "FROM unnest(v.columns) WITH ORDINALITY AS u (c, place)), p.name, "
    "string_agg(n.submission::text, ',' ORDER BY n.ordinal)) "
    "FROM work.jobs j JOIN work.analyses a USING (analysis) JOIN registry.plans v USING (plan) "
    "JOIN registry.pilots p ON p.pilot = a.pilot "
    "JOIN work.pins n ON n.analysis = j.analysis "
    "AND (n.ordinal BETWEEN j.first_pin AND j.last_pin OR j.kind = 6) "
    "WHERE j.analysis = $1::bigint GROUP BY j.job, j.stage, v.columns, p.name "
    "ORDER BY j.stage, j.job";

static pilot_status_t show_sql(pilot_db_t *db, const char *id, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, sql_sql, 1, id);
    if (status)
        return status;
    for (int row = 0; row < PQntuples(result); row++)
        puts(PQgetvalue(result, row, 0));
    PQclear(result);
    return PILOT_OK;
}

static pilot_status_t show_jobs(pilot_context_t *context, pilot_db_t *db, const char *id,
                                pilot_error_t *error)
{
    static const struct {
        const char *header;
        bool right;
        int drop;
    } columns[] = {{"job", true, 0},     {"kind", false, 0},    {"agencies", false, 0},
                   {"state", false, 0},  {"rows", true, 0},     {"pull ms", true, 2},
                   {"work ms", true, 1}, {"failures", true, 0}, {"last failure", false, 0},
                   {"worker", false, 3}};
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(db, &result, error, jobs_sql, 1, id);
    if (status)
        return status;
    pilot_table_t *table = pilot_table_new(context->width);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        pilot_table_column(table, columns[i].header, columns[i].right, columns[i].drop);
    for (int row = 0; row < PQntuples(result); row++) {
        pilot_table_row(table);
        for (int column = 0; column < PQnfields(result); column++)
            pilot_table_cell_text(table, PQgetvalue(result, row, column));
    }
    if (PQntuples(result) == 0)
        pilot_say("analysis %s has no jobs yet", id);
    else
        status = pilot_table_print(table, stdout, error);
    pilot_table_free(table);
    PQclear(result);
    return status;
}

pilot_status_t pilot_cmd_jobs(pilot_context_t *context, int argc, char **argv, pilot_error_t *error)
{
    bool sql = false;
    const pilot_option_t options[] = {
        {.name = "sql",
         .type = PILOT_OPTION_FLAG,
         .target = &sql,
         .help = "print the query with which each job reads its rows, for psql"},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status =
        pilot_context_parse(context, options, "ANALYSIS", "Lists the jobs of an analysis.", 1, 1,
                            argc, argv, &operands, error);
    if (status || context->done)
        return status;
    int64_t analysis = 0;
    status = pilot_analysis_parse(argv[1], &analysis, error);
    pilot_db_t *db = NULL;
    if (!status)
        status = pilot_context_db(context, &db, error);
    pilot_analysis_state_t state = {0};
    if (!status)
        status = pilot_analysis_read(db, analysis, &state, error);
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, analysis);
    if (status)
        return status;
    return sql ? show_sql(db, id, error) : show_jobs(context, db, id, error);
}
