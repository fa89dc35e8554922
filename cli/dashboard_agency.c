/* dashboard_agency.c - one agency of a pilot: where it stands among the others, all its effects,
 * the checks of its data, and what it submitted. */
#include <inttypes.h>

#include "dashboard.h"
#include "pilot/memory.h"

static const dashboard_column_t standing_columns[] = {
    {"outcome", "Outcome", DASHBOARD_TEXT, .sql = NULL},
    {"subgroup", "Among", DASHBOARD_GROUP, .sql = NULL},
    {"level", "", DASHBOARD_HIDDEN, .sql = NULL},
    {"arm", "Arm", DASHBOARD_TEXT, .sql = NULL},
    {"estimand", "Estimand", DASHBOARD_TEXT, .sql = NULL},
    {"estimator", "Estimator", DASHBOARD_TEXT, .sql = NULL},
    {"parameter", "At", DASHBOARD_TEXT, .sql = NULL},
    {"estimate", "Effect", DASHBOARD_NUMBER, .marked = true, .scale = "std_error", .effect = true},
    {"std_error", "Std. error", DASHBOARD_NUMBER, .marked = true, .scale = "std_error"},
    {"eb_estimate", "Shrunken", DASHBOARD_NUMBER, .marked = true, .scale = "std_error",
     .effect = true},
    {"p_exceeds", "Chance that it matters", DASHBOARD_SHARE, .marked = true},
    {"rank", "Rank", DASHBOARD_COUNT, .marked = true},
    {"rank_low", "Set of ranks", DASHBOARD_LOW, .marked = true, .scale = NULL},
    {"rank_high", "", DASHBOARD_HIGH, .marked = true},
    {"leave_one_out_estimate", "All others", DASHBOARD_NUMBER, .marked = true, .scale = "std_error",
     .effect = true},
    {"status", "Status", DASHBOARD_TEXT, .sql = NULL},
};

static const dashboard_column_t effect_columns[] = {
    DASHBOARD_CONTRAST_COLUMNS,
    {"estimate", "Effect", DASHBOARD_NUMBER, .marked = true, .scale = "std_error", .effect = true},
    {"std_error", "Std. error", DASHBOARD_NUMBER, .marked = true, .scale = "std_error"},
    {"ci_low", "Confidence interval", DASHBOARD_LOW, .marked = true, .scale = "std_error",
     .effect = true},
    {"ci_high", "", DASHBOARD_HIGH, .marked = true},
    {"p_value", "p", DASHBOARD_P, .marked = true},
    {"p_adjusted", "p adjusted", DASHBOARD_P, .marked = true},
    {"control_mean", "Control's mean", DASHBOARD_NUMBER, .marked = true, .scale = "std_error"},
    {"n_arm", "People in arm", DASHBOARD_COUNT, .marked = true},
    {"n_control", "In control", DASHBOARD_COUNT, .marked = true},
    {"status", "Status", DASHBOARD_TEXT, .sql = NULL},
    {"reason", "Reason", DASHBOARD_TEXT, .sql = NULL},
};

static const dashboard_column_t quality_columns[] = {
    {"check", "Check", DASHBOARD_TEXT, .sql = "t.\"check\""},
    {"arm", "Arm", DASHBOARD_TEXT, .sql = NULL},
    {"variable", "Variable", DASHBOARD_TEXT, .sql = NULL},
    {"value", "Value", DASHBOARD_NUMBER, .marked = true},
    {"p_value", "p", DASHBOARD_P, .marked = true},
    {"alarm", "Alarm", DASHBOARD_BOOL, .sql = NULL},
};

static const dashboard_column_t submission_columns[] = {
    {"revision", "Revision", DASHBOARD_TEXT, .sql = NULL},
    {"state", "State", DASHBOARD_TEXT, .sql = NULL},
    {"rows", "Rows", DASHBOARD_COUNT, .marked = true},
    {"submitted_at", "Submitted", DASHBOARD_DAY, .sql = NULL},
    {"withdrawn_at", "Withdrawn", DASHBOARD_DAY, .sql = NULL},
};

#define OF_AGENCY " t WHERE t.pilot = $1 AND t.agency = $2 AND t.analysis = $3::bigint"

static const dashboard_table_t agency_tables[] = {
    {.name = "effects",
     .caption = "All effects of the agency",
     .from = "dashboard.effects" OF_AGENCY,
     .order = "t.ordinal",
     DASHBOARD_COLUMNS(effect_columns),
     .parameters = 3,
     .nothing = "The analysis has no effects of this agency."},
    {.name = "standing",
     .caption = "The agency among the others",
     .from = "dashboard.agencies" OF_AGENCY,
     .order = "t.ordinal",
     DASHBOARD_COLUMNS(standing_columns),
     .parameters = 3,
     .nothing = "It is not compared with others."},
    {.name = "quality",
     .caption = "Checks of its data",
     .from = "dashboard.quality" OF_AGENCY,
     .order = "t.alarm DESC NULLS LAST, t.ordinal",
     DASHBOARD_COLUMNS(quality_columns),
     .parameters = 3,
     .nothing = "No check concerns this agency alone."},
    {.name = "submissions",
     .caption = "Its submissions, the latest first",
     .from = "dashboard.submissions t WHERE t.pilot = $1 AND t.agency = $2",
     .order = "t.revision DESC",
     DASHBOARD_COLUMNS(submission_columns),
     .parameters = 2,
     .nothing = "It has submitted nothing."},
};
enum { TABLES = sizeof agency_tables / sizeof *agency_tables };

/* The analysis that is meant, if the agency has anything in it or has submitted. */
static const char find_sql[] =
    "SELECT a.analysis, a.finished_at::date, a.confirmatory FROM dashboard.analyses a "
    "WHERE a.pilot = $1 AND a.released_at IS NOT NULL AND ($3 = '0' OR a.analysis = $3::bigint) "
    "AND (EXISTS (SELECT FROM dashboard.submissions s WHERE s.pilot = $1 AND s.agency = $2) "
    "OR EXISTS (SELECT FROM dashboard.effects e WHERE e.analysis = a.analysis AND e.agency = $2)) "
    "ORDER BY a.latest DESC, a.analysis DESC LIMIT 1";

static pilot_status_t find(dashboard_page_t *page, const char *pilot, const char *agency,
                           char ret_analysis[24], pilot_error_t *error)
{
    int64_t asked = 0;
    pilot_status_t status = dashboard_analysis_field(page, &asked, error);
    if (status)
        return status;
    snprintf(ret_analysis, 24, "%" PRId64, asked);
    const char *parameter[] = {pilot, agency, ret_analysis};
    PGresult *rows = NULL;
    status = dashboard_query(page, find_sql, 3, parameter, &rows, error);
    if (!status && PQntuples(rows) == 0)
        status = pilot_error_set(error, PILOT_E_NOT_FOUND,
                                 "Nothing is released of an agency of that name in this pilot.");
    if (!status)
        snprintf(ret_analysis, 24, "%s", PQgetvalue(rows, 0, 0));
    PQclear(rows);
    return status;
}

static void write_top(dashboard_page_t *page, const char *pilot, const char *agency,
                      const char *analysis)
{
    pilot_text_t *out = &page->out;
    char *title PILOT_AUTOFREE = pilot_format("%s in %s", agency, pilot);
    dashboard_begin(out, title, page->epoch);
    pilot_text_append(out, "<p>Of <a href=\"/pilot/");
    pilot_text_t address = PILOT_TEXT_INIT;
    dashboard_escape_address(&address, pilot);
    pilot_text_appendf(out, "%s?analysis=%s\">", address.data, analysis);
    pilot_text_clear(&address);
    dashboard_escape(out, pilot);
    pilot_text_appendf(out, "</a>, analysis %s.</p>\n", analysis);
}

pilot_status_t dashboard_agency(dashboard_page_t *page, pilot_error_t *error)
{
    static const char *const headings[TABLES] = {"Effects", "Among the others", "Quality",
                                                 "Submissions"};
    const char *pilot = pilot_http_segment(page->request, 1);
    const char *agency = pilot_http_segment(page->request, 3);
    char analysis[24];
    page->answer->kind = PILOT_HTTP_LIVE;
    pilot_status_t status = find(page, pilot, agency, analysis, error);
    if (status)
        return status;
    dashboard_table_t tables[TABLES];
    const dashboard_table_t *pointers[TABLES];
    for (size_t i = 0; i < TABLES; i++) {
        tables[i] = agency_tables[i];
        tables[i].pilot = pilot;
        tables[i].parameter[0] = pilot;
        tables[i].parameter[1] = agency;
        tables[i].parameter[2] = analysis;
        pointers[i] = &tables[i];
    }
    bool done = false;
    status = dashboard_file(page, pointers, TABLES, &done, error);
    if (status || done)
        return status;
    write_top(page, pilot, agency, analysis);
    for (size_t i = 0; !status && i < TABLES; i++) {
        dashboard_element(&page->out, "h2", headings[i]);
        status = dashboard_table(page, &tables[i], error);
    }
    dashboard_end(&page->out);
    return status;
}
