/* dashboard_pilot.c - a pilot's page: what was found in words, agencies as picture and table, all
 * numbers behind it. */
#include <inttypes.h>

#include "dashboard.h"
#include "pilot/memory.h"
#include "pilot/page.h"

static const dashboard_column_t agency_columns[] = {
    {"agency", "Agency", DASHBOARD_AGENCY, .sql = NULL},
    {"analysis", "", DASHBOARD_HIDDEN, .sql = NULL},
    {"estimator", "", DASHBOARD_HIDDEN, .sql = NULL},
    {"estimate", "Effect", DASHBOARD_NUMBER, .marked = true, .scale = "std_error", .effect = true},
    {"std_error", "Std. error", DASHBOARD_NUMBER, .marked = true, .scale = "std_error"},
    {"eb_estimate", "Shrunken", DASHBOARD_NUMBER, .marked = true, .scale = "std_error",
     .effect = true},
    {"eb_std_error", "Its std. error", DASHBOARD_HIDDEN, .marked = true},
    {"ceb_estimate", "", DASHBOARD_HIDDEN, .marked = true},
    {"p_exceeds", "Chance that it matters", DASHBOARD_SHARE, .marked = true},
    {"rank", "Rank", DASHBOARD_COUNT, .marked = true},
    {"rank_low", "Set of ranks", DASHBOARD_LOW, .marked = true, .scale = NULL},
    {"rank_high", "", DASHBOARD_HIGH, .marked = true},
    {"rank_simultaneous_low", "", DASHBOARD_HIDDEN, .marked = true},
    {"rank_simultaneous_high", "", DASHBOARD_HIDDEN, .marked = true},
    {"weight", "", DASHBOARD_HIDDEN, .marked = true},
    {"leave_one_out_estimate", "", DASHBOARD_HIDDEN, .marked = true},
    {"status", "Status", DASHBOARD_TEXT, .sql = NULL},
    {"reason", "", DASHBOARD_HIDDEN, .sql = NULL},
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
    {"n", "People", DASHBOARD_COUNT, .marked = true},
    {"status", "Status", DASHBOARD_TEXT, .sql = NULL},
};

static const dashboard_column_t comparison_columns[] = {
    DASHBOARD_CONTRAST_COLUMNS,
    {"k", "Agencies", DASHBOARD_COUNT, .marked = true},
    {"estimate", "Mean effect", DASHBOARD_NUMBER, .marked = true, .scale = "std_error",
     .effect = true},
    {"std_error", "Std. error", DASHBOARD_HIDDEN, .marked = true},
    {"ci_low", "Confidence interval", DASHBOARD_LOW, .marked = true, .scale = "std_error",
     .effect = true},
    {"ci_high", "", DASHBOARD_HIGH, .marked = true},
    {"p_value", "p", DASHBOARD_P, .marked = true},
    {"pi_low", "Where a new agency's effect would be", DASHBOARD_LOW, .marked = true,
     .scale = "std_error"},
    {"pi_high", "", DASHBOARD_HIGH, .marked = true},
    {"tau2", "tau²", DASHBOARD_NUMBER, .marked = true},
    {"i2", "I² (%)", DASHBOARD_NUMBER, .marked = true},
    {"status", "Status", DASHBOARD_TEXT, .sql = NULL},
};

static const dashboard_column_t quality_columns[] = {
    {"agency", "Agency", DASHBOARD_TEXT, .sql = "COALESCE(t.agency, 'all together')"},
    {"check", "Check", DASHBOARD_TEXT, .sql = "t.\"check\""},
    {"arm", "Arm", DASHBOARD_TEXT, .sql = NULL},
    {"variable", "Variable", DASHBOARD_TEXT, .sql = NULL},
    {"value", "Value", DASHBOARD_NUMBER, .marked = true},
    {"p_value", "p", DASHBOARD_P, .marked = true},
    {"alarm", "Alarm", DASHBOARD_BOOL, .sql = NULL},
};

static const dashboard_column_t running_columns[] = {
    {"analysis", "Analysis", DASHBOARD_TEXT, .sql = NULL},
    {"state", "State", DASHBOARD_TEXT,
     .sql = "CASE t.state WHEN 'done' THEN 'being released' ELSE t.state END"},
    {"jobs", "Jobs", DASHBOARD_HIDDEN, .sql = NULL},
    {"jobs_done", "Progress", DASHBOARD_PROGRESS, .sql = NULL},
    {"launched_at", "Launched", DASHBOARD_TIME, .sql = NULL},
};

enum { AGENCIES, EFFECTS, COMPARISONS, QUALITY, RUNNING, TABLES };

/* $1 analysis, $2 pilot; of agencies' rows $3 .. $10 the contrast.  Agencies' checks that ring, and
 * all of those that concern all together. */
static const dashboard_table_t pilot_tables[TABLES] = {
    [AGENCIES] = {.name = "agencies",
                  .caption = "Agencies",
                  .from = "dashboard.agencies t WHERE t.analysis = $1::bigint AND t.pilot = $2 AND "
                          "t.outcome = $3 AND t.arm = $4 AND t.control = $5 AND t.estimand = $6 "
                          "AND t.subgroup IS NOT DISTINCT FROM $7 AND t.level IS NOT DISTINCT FROM "
                          "$8 AND t.parameter IS NOT DISTINCT FROM $9 AND ($10 = 'auto' OR "
                          "t.estimator IN ($10, 'auto'))",
                  .order = "t.agency COLLATE \"C\", t.ordinal",
                  DASHBOARD_COLUMNS(agency_columns),
                  .parameters = 10,
                  .search = "agency",
                  .search_label = "Agency",
                  .nothing = "No agencies are compared here."},
    [EFFECTS] = {.name = "effects",
                 .caption = "Effects of all agencies together",
                 .from = "dashboard.effects t WHERE t.analysis = $1::bigint AND t.pilot = $2 AND "
                         "t.scope = 'pooled'",
                 .order = "t.ordinal",
                 DASHBOARD_COLUMNS(effect_columns),
                 .parameters = 2,
                 .nothing = "There are no effects of all agencies together."},
    [COMPARISONS] = {.name = "comparisons",
                     .caption = "Agencies compared",
                     .from = "dashboard.comparisons t WHERE t.analysis = $1::bigint AND t.pilot = "
                             "$2 AND t.headline",
                     .order = "t.ordinal",
                     DASHBOARD_COLUMNS(comparison_columns),
                     .parameters = 2,
                     .nothing = "There are no agencies to compare."},
    [QUALITY] = {.name = "quality",
                 .caption = "Checks: alarms of agencies, and all checks of all together",
                 .from = "dashboard.quality t WHERE t.analysis = $1::bigint AND t.pilot = $2 AND "
                         "(t.alarm OR t.agency IS NULL)",
                 .order = "t.alarm DESC NULLS LAST, t.agency NULLS FIRST, t.ordinal",
                 DASHBOARD_COLUMNS(quality_columns),
                 .parameters = 2,
                 .nothing = "No check rings."},
    [RUNNING] = {.name = "running",
                 .caption = "Analyses under way",
                 .from = "dashboard.analyses t WHERE $1::text IS NOT NULL AND t.pilot = $2 AND "
                         "t.released_at IS NULL AND (t.state <> 'done' OR t.finished_at > now() - "
                         "interval '5 minutes')",
                 .order = "t.analysis",
                 DASHBOARD_COLUMNS(running_columns),
                 .parameters = 2,
                 .nothing = "No analysis is under way."},
};

typedef struct pilot_view {
    const pilot_evaluation_t *evaluation;
    const pilot_comparison_row_t *comparison; /* NULL: none is shown */
    char analysis[24];
    dashboard_table_t table[TABLES];
} pilot_view_t;

/* ---- which contrast ----------------------------------------------------------------------------
 */

static bool fits(const dashboard_page_t *page, const char *name, const char *value)
{
    const char *asked = pilot_http_value(page->request, name, 0);
    return !asked || !*asked || (value && strcmp(asked, value) == 0);
}

static bool key_fits(const dashboard_page_t *page, const pilot_effect_key_t *key)
{
    return fits(page, "outcome", key->outcome) && fits(page, "arm", key->arm) &&
           fits(page, "subgroup", key->subgroup) && fits(page, "level", key->level) &&
           fits(page, "estimand", key->estimand) && fits(page, "estimator", key->estimator) &&
           fits(page, "parameter", key->parameter);
}

/* The first headline comparison that has what the query names. */
static const pilot_comparison_row_t *choose(const dashboard_page_t *page,
                                            const pilot_evaluation_t *evaluation)
{
    for (size_t i = 0; i < evaluation->comparison_count; i++)
        if (evaluation->comparisons[i].headline && key_fits(page, &evaluation->comparisons[i].key))
            return &evaluation->comparisons[i];
    return NULL;
}

static bool asks_for_contrast(const dashboard_page_t *page)
{
    return pilot_http_value(page->request, "outcome", 0) ||
           pilot_http_value(page->request, "arm", 0);
}

static void append_field(pilot_text_t *address, const char *name, const char *value)
{
    if (!value)
        return;
    pilot_text_appendf(address, "&%s=", name);
    dashboard_escape_address(address, value);
}

static void append_contrast(dashboard_page_t *page, const pilot_view_t *view,
                            const pilot_effect_key_t *key, bool current)
{
    pilot_text_t address = PILOT_TEXT_INIT;
    pilot_text_appendf(&address, "%s?analysis=%s", page->address, view->analysis);
    append_field(&address, "outcome", key->outcome);
    append_field(&address, "arm", key->arm);
    append_field(&address, "subgroup", key->subgroup);
    append_field(&address, "level", key->level);
    append_field(&address, "estimand", key->estimand);
    append_field(&address, "estimator", key->estimator);
    append_field(&address, "parameter", key->parameter);
    char *name PILOT_AUTOFREE = pilot_page_contrast_name(key);
    pilot_text_append(&page->out, "<li><a href=\"");
    dashboard_escape(&page->out, address.data);
    pilot_text_append(&page->out, current ? "#agencies\" aria-current=\"true\">" : "#agencies\">");
    dashboard_escape(&page->out, name);
    pilot_text_append(&page->out, "</a></li>\n");
    pilot_text_clear(&address);
}

static void append_contrasts(dashboard_page_t *page, const pilot_view_t *view)
{
    const pilot_evaluation_t *evaluation = view->evaluation;
    pilot_text_append(&page->out, "<details class=\"contrasts\"><summary>Other outcomes, arms and "
                                  "groups</summary>\n<ul>\n");
    for (size_t i = 0; i < evaluation->comparison_count; i++)
        if (evaluation->comparisons[i].headline)
            append_contrast(page, view, &evaluation->comparisons[i].key,
                            &evaluation->comparisons[i] == view->comparison);
    pilot_text_append(&page->out, "</ul></details>\n");
}

/* ---- which analysis ----------------------------------------------------------------------------
 */

static const char analyses_sql[] =
    "SELECT analysis, to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), "
    "CASE WHEN NOT confirmatory THEN ', not as planned' WHEN latest THEN ', the latest as planned' "
    "ELSE '' END FROM dashboard.analyses WHERE pilot = $1 AND released_at IS NOT NULL "
    "ORDER BY analysis DESC LIMIT 200";

static pilot_status_t append_analyses(dashboard_page_t *page, const pilot_view_t *view,
                                      pilot_error_t *error)
{
    const char *parameter[] = {view->evaluation->pilot};
    PGresult *rows = NULL;
    pilot_status_t status = dashboard_query(page, analyses_sql, 1, parameter, &rows, error);
    if (status || PQntuples(rows) < 2) {
        PQclear(rows);
        return status;
    }
    pilot_text_t *out = &page->out;
    pilot_text_append(out, "<form class=\"choose\" method=\"get\" action=\"");
    dashboard_escape(out, page->address);
    pilot_text_append(out, "\"><label for=\"analysis\">Analysis</label> <select id=\"analysis\" "
                           "name=\"analysis\">");
    for (int i = 0; i < PQntuples(rows); i++) {
        const char *id = PQgetvalue(rows, i, 0);
        pilot_text_appendf(out, "<option value=\"%s\"%s>%s (%s UTC%s)</option>", id,
                           strcmp(id, view->analysis) == 0 ? " selected" : "", id,
                           PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2));
    }
    pilot_text_append(out, "</select> <button>Show</button></form>\n");
    PQclear(rows);
    return PILOT_OK;
}

/* ---- the page ----------------------------------------------------------------------------------
 */

static void fill_tables(pilot_view_t *view)
{
    for (size_t i = 0; i < TABLES; i++) {
        view->table[i] = pilot_tables[i];
        view->table[i].pilot = view->evaluation->pilot;
        view->table[i].parameter[0] = view->analysis;
        view->table[i].parameter[1] = view->evaluation->pilot;
    }
    if (!view->comparison)
        return;
    const pilot_effect_key_t *key = &view->comparison->key;
    const char *const of[] = {key->outcome,  key->arm,   key->control,   key->estimand,
                              key->subgroup, key->level, key->parameter, key->estimator};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        view->table[AGENCIES].parameter[2 + i] = of[i];
}

static pilot_status_t read_view(dashboard_page_t *page, pilot_view_t *view, pilot_error_t *error)
{
    const char *pilot = pilot_http_segment(page->request, 1);
    pilot_status_t status = dashboard_evaluate(page, pilot, &view->evaluation, error);
    if (status == PILOT_E_NOT_FOUND)
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "Nothing is released of a pilot or an analysis of that name.");
    if (status)
        return status;
    snprintf(view->analysis, sizeof view->analysis, "%" PRId64, view->evaluation->analysis);
    view->comparison = choose(page, view->evaluation);
    if (!view->comparison && asks_for_contrast(page))
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "The analysis has no such comparison of agencies.");
    fill_tables(view);
    return PILOT_OK;
}

/* A table of one of the report's sections? */
static bool section_file(dashboard_page_t *page, const pilot_view_t *view)
{
    const char *format = pilot_http_value(page->request, "format", 0);
    const char *name = pilot_http_value(page->request, "table", 0);
    bool csv = format && strcmp(format, "csv") == 0;
    if (!name || !format || (!csv && strcmp(format, "json") != 0))
        return false;
    for (size_t i = 0; i < TABLES; i++)
        if (strcmp(view->table[i].name, name) == 0)
            return false;
    if (!dashboard_part_file(page, view->evaluation, name, csv))
        return false;
    page->answer->type = dashboard_type(csv);
    return true;
}

static pilot_status_t file_of(dashboard_page_t *page, const pilot_view_t *view, bool *ret_done,
                              pilot_error_t *error)
{
    const dashboard_table_t *tables[TABLES];
    size_t count = 0;
    *ret_done = section_file(page, view);
    if (*ret_done)
        return PILOT_OK;
    for (size_t i = 0; i < TABLES; i++)
        if (i != AGENCIES || view->comparison)
            tables[count++] = &view->table[i];
    return dashboard_file(page, tables, count, ret_done, error);
}

static pilot_status_t write_top(dashboard_page_t *page, const pilot_view_t *view,
                                pilot_error_t *error)
{
    const pilot_evaluation_t *evaluation = view->evaluation;
    pilot_text_t *out = &page->out;
    bool titled = evaluation->plan && evaluation->plan->title && evaluation->plan->title[0];
    dashboard_begin(out, titled ? evaluation->plan->title : evaluation->pilot, page->epoch);
    pilot_text_append(out, "<p>");
    dashboard_escape(out, evaluation->pilot);
    pilot_text_appendf(out, ", analysis %s, %s, finished %.10s.</p>\n", view->analysis,
                       evaluation->confirmatory ? "as planned" : "not as planned",
                       evaluation->finished_at ? evaluation->finished_at : "");
    if (evaluation->data_state && strcmp(evaluation->data_state, "superseded") == 0)
        dashboard_element(out, "p", "An agency has sent newer data since.");
    return append_analyses(page, view, error);
}

static pilot_status_t write_agencies(dashboard_page_t *page, const pilot_view_t *view,
                                     pilot_error_t *error)
{
    if (!view->comparison)
        return PILOT_OK;
    char *name PILOT_AUTOFREE = pilot_page_contrast_name(&view->comparison->key);
    pilot_text_append(&page->out, "<h2 id=\"agencies\">Agencies: ");
    dashboard_escape(&page->out, name);
    pilot_text_append(&page->out, "</h2>\n");
    append_contrasts(page, view);
    dashboard_draw_agencies(page, view->evaluation, view->comparison);
    return dashboard_table(page, &view->table[AGENCIES], error);
}

static pilot_status_t write_section(dashboard_page_t *page, const char *heading,
                                    const dashboard_table_t *table, pilot_error_t *error)
{
    dashboard_element(&page->out, "h2", heading);
    return dashboard_table(page, table, error);
}

static pilot_status_t write_running(dashboard_page_t *page, const dashboard_table_t *table,
                                    pilot_error_t *error)
{
    PGresult *rows = NULL;
    pilot_status_t status = dashboard_read_rows(page, table, &rows, error);
    if (!status && PQntuples(rows) > 0) {
        dashboard_element(&page->out, "h2", "Under way");
        dashboard_write_rows(page, table, rows);
    }
    PQclear(rows);
    return status;
}

pilot_status_t dashboard_pilot(dashboard_page_t *page, pilot_error_t *error)
{
    pilot_view_t view = {.comparison = NULL};
    bool done = false;
    page->answer->kind = PILOT_HTTP_LIVE;
    pilot_status_t status = read_view(page, &view, error);
    if (!status)
        status = file_of(page, &view, &done, error);
    if (status || done)
        return status;
    status = write_top(page, &view, error);
    if (!status)
        status = write_running(page, &view.table[RUNNING], error);
    if (!status)
        dashboard_write_parts(page, view.evaluation, true);
    if (!status)
        status = write_agencies(page, &view, error);
    if (!status)
        status = write_section(page, "Agencies compared", &view.table[COMPARISONS], error);
    if (!status)
        status = write_section(page, "All agencies together", &view.table[EFFECTS], error);
    if (!status)
        status = write_section(page, "Quality", &view.table[QUALITY], error);
    if (!status)
        dashboard_write_parts(page, view.evaluation, false);
    dashboard_end(&page->out);
    return status;
}
