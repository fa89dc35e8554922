/* dashboard_home.c - the first page: pilots and what they found, analyses under way, and whose data
 * has come. */
#include "dashboard.h"
#include "pilot/memory.h"

static const dashboard_column_t pilot_columns[] = {
    {"pilot", "Pilot", DASHBOARD_PILOT, .sql = NULL},
    {"outcome", "First outcome", DASHBOARD_TEXT, .sql = NULL},
    {"arm", "Arm", DASHBOARD_TEXT, .sql = NULL},
    {"control", "Against", DASHBOARD_TEXT, .sql = NULL},
    {"estimator", "", DASHBOARD_HIDDEN, .sql = NULL},
    {"estimate", "Effect", DASHBOARD_NUMBER, .marked = true, .scale = "std_error", .effect = true},
    {"std_error", "Std. error", DASHBOARD_HIDDEN, .marked = true},
    {"ci_low", "Confidence interval", DASHBOARD_LOW, .marked = true, .scale = "std_error",
     .effect = true},
    {"ci_high", "", DASHBOARD_HIGH, .marked = true},
    {"k", "Agencies", DASHBOARD_COUNT, .marked = true},
    {"analysis", "Analysis", DASHBOARD_ANALYSIS, .sql = NULL},
    {"confirmatory", "As planned", DASHBOARD_BOOL, .sql = NULL},
    {"finished_at", "Finished", DASHBOARD_TIME, .sql = NULL},
};

/* Each pilot's latest confirmatory analysis, or its newest one; of that the first contrast: as
 * compared across agencies, or where there is nothing to compare the effect of all together. */
#define FIGURES                                                                                    \
    "outcome, arm, control, estimator, estimate, estimate_mark, std_error, std_error_mark, "       \
    "ci_low, "                                                                                     \
    "ci_low_mark, ci_high, ci_high_mark, "
static const char pilots_from[] =
    "(SELECT DISTINCT ON (pilot) pilot, analysis, confirmatory, finished_at FROM "
    "dashboard.analyses WHERE released_at IS NOT NULL ORDER BY pilot, latest DESC, "
    "analysis DESC) AS a LEFT JOIN LATERAL (SELECT * FROM ((SELECT 0 AS place, " FIGURES
    "k::bigint AS k, k_mark FROM dashboard.comparisons c WHERE c.pilot = a.pilot AND c.analysis = "
    "a.analysis AND c.headline ORDER BY c.ordinal LIMIT 1) UNION ALL (SELECT 1, " FIGURES
    "NULL, NULL FROM dashboard.effects e WHERE e.pilot = a.pilot AND e.analysis = a.analysis AND "
    "e.scope = 'pooled' ORDER BY e.ordinal LIMIT 1)) AS u ORDER BY estimate IS NULL, place LIMIT "
    "1) AS h ON true CROSS JOIN LATERAL (SELECT a.*, h.*) AS t WHERE true";

static const dashboard_column_t running_columns[] = {
    {"analysis", "Analysis", DASHBOARD_TEXT, .sql = NULL},
    {"pilot", "Pilot", DASHBOARD_TEXT, .sql = NULL},
    {"state", "State", DASHBOARD_TEXT,
     .sql = "CASE t.state WHEN 'done' THEN 'being released' ELSE t.state END"},
    {"jobs", "Jobs", DASHBOARD_HIDDEN, .sql = NULL},
    {"jobs_done", "Progress", DASHBOARD_PROGRESS, .sql = NULL},
    {"launched_at", "Launched", DASHBOARD_TIME, .sql = NULL},
};

static const dashboard_column_t submission_columns[] = {
    {"agency", "Agency", DASHBOARD_AGENCY, .sql = NULL},
    {"pilot", "Pilot", DASHBOARD_PILOT, .sql = NULL},
    {"state", "Data", DASHBOARD_TEXT, .sql = NULL},
    {"revision", "Revision", DASHBOARD_COUNT, .sql = NULL},
    {"rows", "Rows", DASHBOARD_COUNT, .marked = true},
    {"submitted_at", "Submitted", DASHBOARD_DAY, .sql = NULL},
};

static const dashboard_table_t pilots = {
    .name = "pilots",
    .caption = "Pilots, with their first outcome",
    .from = pilots_from,
    .order = "t.pilot COLLATE \"C\"",
    DASHBOARD_COLUMNS(pilot_columns),
    .nothing = "Nothing is released yet.",
};
static const dashboard_table_t running = {
    .name = "running",
    .caption = "Analyses under way",
    .from = "dashboard.analyses t WHERE t.released_at IS NULL AND (t.state <> 'done' OR "
            "t.finished_at > now() - interval '5 minutes')",
    .order = "t.analysis",
    DASHBOARD_COLUMNS(running_columns),
    .nothing = "No analysis is under way.",
};
/* Each agency's last word. */
static const dashboard_table_t submissions = {
    .name = "submissions",
    .caption = "Agencies' data: the last submission of each",
    .from = "(SELECT DISTINCT ON (pilot, agency) * FROM dashboard.submissions ORDER BY pilot, "
            "agency, revision DESC) AS t WHERE true",
    .order = "t.pilot COLLATE \"C\", t.agency COLLATE \"C\"",
    DASHBOARD_COLUMNS(submission_columns),
    .search = "agency",
    .search_label = "Agency",
    .nothing = "No agency of a released pilot has submitted data.",
};

pilot_status_t dashboard_home(dashboard_page_t *page, pilot_error_t *error)
{
    static const dashboard_table_t *const tables[] = {&pilots, &running, &submissions};
    bool done = false;
    page->answer->kind = PILOT_HTTP_LIVE;
    pilot_status_t status = dashboard_file(page, tables, 3, &done, error);
    if (status || done)
        return status;
    dashboard_begin(&page->out, "Pilots", page->epoch);
    dashboard_element(&page->out, "h2", "What was found");
    status = dashboard_table(page, &pilots, error);
    if (!status) {
        dashboard_element(&page->out, "h2", "Under way");
        status = dashboard_table(page, &running, error);
    }
    if (!status) {
        dashboard_element(&page->out, "h2", "Agencies");
        status = dashboard_table(page, &submissions, error);
    }
    dashboard_end(&page->out);
    return status;
}
