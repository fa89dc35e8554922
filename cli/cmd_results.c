/* cmd_results.c - `pilot results PILOT`: what an analysis found, from the views of results. */
#include <inttypes.h>

#include "analysis.h"
#include "commands.h"
#include "pilot/memory.h"
#include "render.h"

typedef struct results_request {
    const char *view, *format, *output, *audience;
    int64_t analysis;
    bool all, alarms, conventions;
    const char *sort; /* as given: "-estimate" */
    int64_t top;
    bool no_pager;
} results_request_t;

/* The analysis that was asked for, or the pilot's latest finished one; its story on stderr. */
#define LATEST(schema, why, which)                                                                 \
    "SELECT analysis, state, confirmatory, jobs, jobs_done, jobs_failed, data_state, "             \
    "to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"'), " why " FROM " schema  \
    ".analyses WHERE pilot = $1 " which "AND CASE WHEN $2 = '0' "                                  \
    "THEN state IN ('done', 'failed') ELSE analysis = $2::bigint END "                             \
    "ORDER BY finished_at DESC NULLS LAST, analysis DESC LIMIT 1"
static const char latest_sql[] = LATEST("results", "not_confirmatory", "");
static const char latest_released_sql[] =
    LATEST("dashboard", "NULL::text", "AND released_at IS NOT NULL ");

static pilot_status_t nothing_found(pilot_db_t *db, const char *pilot, int64_t analysis,
                                    pilot_error_t *error)
{
    pilot_status_t status =
        pilot_db_run(db, NULL, error, "SELECT registry.find_pilot($1)", 1, pilot);
    if (status == PILOT_E_NOT_FOUND)
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "there is no pilot '%s'; `pilot status` lists what there is", pilot);
    if (status)
        return status;
    if (analysis)
        return pilot_error_set(error, PILOT_E_NOT_FOUND, "pilot %s has no analysis %" PRId64, pilot,
                               analysis);
    return pilot_error_set(error, PILOT_E_NOT_FOUND,
                           "pilot %s has no finished analysis yet; `pilot status` shows how they "
                           "stand",
                           pilot);
}

/* The public is not told which pilots there are beside those with something released. */
static pilot_status_t nothing_released(const char *pilot, int64_t analysis, pilot_error_t *error)
{
    if (analysis)
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "nothing is released of analysis %" PRId64 " of pilot %s", analysis,
                               pilot);
    return pilot_error_set(error, PILOT_E_NOT_FOUND, "nothing is released of a pilot '%s'", pilot);
}

static void tell_analysis(const PGresult *result)
{
    const char *state = PQgetvalue(result, 0, 1);
    const char *kind = PQgetvalue(result, 0, 2)[0] == 't' ? "confirmatory" : "not confirmatory";
    if (strcmp(state, "done") == 0)
        pilot_say("analysis %s (%s), finished %s", PQgetvalue(result, 0, 0), kind,
                  PQgetvalue(result, 0, 7));
    else if (strcmp(state, "failed") == 0)
        pilot_say("analysis %s (%s) ended with %s failed jobs: what is known follows; "
                  "pilot jobs %s tells more",
                  PQgetvalue(result, 0, 0), kind, PQgetvalue(result, 0, 5),
                  PQgetvalue(result, 0, 0));
    else
        pilot_say("analysis %s (%s) is %s, %s of %s jobs done: what is known so far follows",
                  PQgetvalue(result, 0, 0), kind, state, PQgetvalue(result, 0, 4),
                  PQgetvalue(result, 0, 3));
    if (!PQgetisnull(result, 0, 8))
        pilot_say("not confirmatory: %s", PQgetvalue(result, 0, 8));
    if (strcmp(PQgetvalue(result, 0, 6), "withdrawn") == 0)
        pilot_say("some of its data was withdrawn since");
    else if (strcmp(PQgetvalue(result, 0, 6), "superseded") == 0)
        pilot_say("some of its data has a newer revision");
}

static pilot_status_t choose_analysis(pilot_db_t *db, const char *pilot, bool released,
                                      int64_t *analysis, pilot_error_t *error)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, *analysis);
    PGresult *result = NULL;
    pilot_status_t status =
        released ? pilot_analysis_wait_for_release(db, pilot, *analysis, error) : PILOT_OK;
    if (!status)
        status = pilot_db_run(db, &result, error, released ? latest_released_sql : latest_sql, 2,
                              pilot, id);
    if (status)
        return status;
    if (PQntuples(result) == 0) {
        status = released ? nothing_released(pilot, *analysis, error)
                          : nothing_found(db, pilot, *analysis, error);
    } else {
        tell_analysis(result);
        const char *found = PQgetvalue(result, 0, 0);
        pilot_int64_parse(found, strlen(found), analysis);
    }
    PQclear(result);
    return status;
}

/* Agencies read their own effects and no comparison. */
static pilot_status_t find_own(pilot_db_t *db, bool *ret_own, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error, "SELECT NOT has_table_privilege('results.comparisons', 'SELECT')", 0);
    *ret_own = !status && *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    return status;
}

static const char *sort_name(const results_request_t *request)
{
    return request->sort + (request->sort[0] == '-');
}

static pilot_status_t check_order(const results_request_t *request, pilot_error_t *error)
{
    const pilot_view_t *view = pilot_view_find(request->view);
    bool sortable = view->sort_group || strcmp(view->name, "comparison") == 0;
    if (!request->sort && request->top == 0)
        return PILOT_OK;
    if (!sortable)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "--sort and --top are of effects, comparisons and agencies, not of "
                               "--view %s",
                               view->name);
    if (request->sort && !pilot_view_sort_column(view, sort_name(request)))
        return pilot_error_set(error, PILOT_E_USAGE, "--view %s has nothing to sort by '%s'",
                               view->name, sort_name(request));
    return PILOT_OK;
}

static pilot_status_t show(pilot_context_t *context, const char *pilot,
                           const results_request_t *request, pilot_error_t *error)
{
    const pilot_view_t *view = pilot_view_find(request->view);
    int64_t analysis = request->analysis;
    bool released = request->audience && strcmp(request->audience, "public") == 0;
    if (released && !view->is_public)
        return pilot_error_set(error, PILOT_E_USAGE, "%s are not released to the public",
                               view->name);
    pilot_db_t *db = NULL;
    pilot_status_t status = pilot_context_db(context, &db, error);
    /* Submissions belong to no analysis, but their pilot must exist. */
    if (!status && view->by_analysis)
        status = choose_analysis(db, pilot, released, &analysis, error);
    if (!status && view->by_analysis && !released)
        status = pilot_analysis_say_purged(db, analysis, error);
    bool own = false;
    if (!status && !released)
        status = find_own(db, &own, error);
    if (status)
        return status;
    pilot_render_t render = {
        .view = view,
        .format = request->format ? request->format : pilot_render_format_of(request->output),
        .output = request->output,
        .all = request->all,
        .alarms = request->alarms,
        .released = released,
        .own = own,
        .sort = request->sort ? pilot_view_sort_column(view, sort_name(request)) : NULL,
        .descending = request->sort && request->sort[0] == '-',
        .top = request->top,
        .pager = !request->no_pager,
        .pilot = pilot,
        .analysis = analysis};
    uint64_t rows = 0;
    status = pilot_render(context, &render, &rows, error);
    if (!status && rows == 0 && !view->by_analysis) {
        status = released ? nothing_released(pilot, 0, error) : nothing_found(db, pilot, 0, error);
        if (status == PILOT_E_NOT_FOUND && strstr(error->message, "no finished"))
            status = PILOT_OK;
    }
    bool for_people = strcmp(render.format, "table") == 0;
    if (!status && rows > 0 && for_people && !request->all &&
        strcmp(view->name, "conventions") == 0)
        pilot_say("of the pooled effects; --all shows each agency's too");
    if (!status && rows == 0)
        pilot_say(request->alarms ? "no alarms in %s" : "no rows in %s", request->view);
    return status;
}

/* --alarms and --conventions imply their view, and go with no other. */
static pilot_status_t choose_view(results_request_t *request, pilot_error_t *error)
{
    if (!request->view)
        request->view = request->alarms        ? "quality"
                        : request->conventions ? "conventions"
                                               : "effects";
    if (request->conventions && strcmp(request->view, "conventions") != 0)
        return pilot_error_set(error, PILOT_E_USAGE, "--conventions is --view conventions");
    if (request->alarms && strcmp(request->view, "quality") != 0)
        return pilot_error_set(error, PILOT_E_USAGE, "--alarms is of --view quality");
    return PILOT_OK;
}

pilot_status_t pilot_cmd_results(pilot_context_t *context, int argc, char **argv,
                                 pilot_error_t *error)
{
    results_request_t request = {.view = NULL};
    const pilot_option_t options[] = {
        {.name = "view",
         .type = PILOT_OPTION_CHOICE,
         .target = &request.view,
         .argument = "VIEW",
         .help = "which results (default: effects)",
         .choices = "effects|comparison|agencies|averages|moderators|distribution|"
                    "quality|curves|conventions|submissions"},
        {.name = "analysis",
         .type = PILOT_OPTION_COUNT,
         .target = &request.analysis,
         .argument = "ID",
         .help = "of this analysis (default: the latest finished one)",
         .minimum = 1,
         .maximum = INT64_MAX},
        {.name = "audience",
         .type = PILOT_OPTION_CHOICE,
         .target = &request.audience,
         .argument = "WHO",
         .help =
             "public: what is released after disclosure control, with the marks c (suppressed), "
             "k (low) and z (not applicable)",
         .choices = "evaluators|public"},
        PILOT_FORMAT_OPTIONS(request),
        {.name = "all",
         .type = PILOT_OPTION_FLAG,
         .target = &request.all,
         .help = "in a table: every row, all methods and tests of the comparison too"},
        {.name = "alarms",
         .type = PILOT_OPTION_FLAG,
         .target = &request.alarms,
         .help = "of --view quality (implied): only the checks that ring"},
        {.name = "sort",
         .type = PILOT_OPTION_CHOICE,
         .target = &request.sort,
         .argument = "COLUMN",
         .help = "sort the rows of each heading; with - the largest first (--sort=-estimate)",
         .choices = "estimate|eb|rank|p|name|-estimate|-eb|-rank|-p|-name"},
        {.name = "top",
         .type = PILOT_OPTION_COUNT,
         .target = &request.top,
         .argument = "N",
         .help = "only the first N rows of each heading",
         .minimum = 1,
         .maximum = INT64_MAX},
        {.name = "no-pager",
         .type = PILOT_OPTION_FLAG,
         .target = &request.no_pager,
         .help = "on a terminal: do not show long tables through $PAGER or less"},
        {.name = "conventions",
         .type = PILOT_OPTION_FLAG,
         .target = &request.conventions,
         .help = "--view conventions: standard error, df and p of ols and lin as estimatr, Stata "
                 "and fixest give them"},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT",
        "Shows effects, their comparison across agencies, each agency beside its shrunken "
        "estimate, quality checks, survival curves, conventions of standard errors or submissions.",
        1, 1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    status = choose_view(&request, error);
    if (!status)
        status = check_order(&request, error);
    if (status)
        return status;
    return show(context, argv[1], &request, error);
}
