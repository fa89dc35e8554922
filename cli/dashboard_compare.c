/* dashboard_compare.c - pilots side by side: what each found on each outcome, in its own units and
 * in standard deviations of its control arm, which are the same for all. */
#include <stdlib.h>

#include "dashboard.h"
#include "numbers.h"
#include "pilot/memory.h"
#include "pilot/picture.h"

enum { PILOTS = 8 }; /* at once */

static const dashboard_column_t columns[] = {
    {"pilot", "Pilot", DASHBOARD_PILOT, .sql = NULL},
    {"outcome", "Outcome", DASHBOARD_TEXT, .sql = NULL},
    {"arm", "Arm", DASHBOARD_TEXT, .sql = NULL},
    {"control", "Against", DASHBOARD_TEXT, .sql = NULL},
    {"estimator", "Estimator", DASHBOARD_TEXT, .sql = NULL},
    {"k", "Agencies", DASHBOARD_COUNT, .marked = true},
    {"estimate", "Effect", DASHBOARD_NUMBER, .marked = true, .scale = "std_error", .effect = true},
    {"std_error", "Std. error", DASHBOARD_HIDDEN, .marked = true},
    {"ci_low", "Confidence interval", DASHBOARD_LOW, .marked = true, .scale = "std_error",
     .effect = true},
    {"ci_high", "", DASHBOARD_HIGH, .marked = true},
    {"control_std_dev", "Std. dev. of control", DASHBOARD_HIDDEN, .sql = NULL},
    {"standardized", "In std. deviations, more is better", DASHBOARD_NUMBER,
     .scale = "standardized_std_error", .sql = "t.turn * t.estimate / t.control_std_dev"},
    {"standardized_std_error", "", DASHBOARD_HIDDEN, .sql = "t.std_error / t.control_std_dev"},
    {"standardized_low", "Its interval", DASHBOARD_LOW, .scale = "standardized_std_error",
     .sql = "CASE WHEN t.turn < 0 THEN -t.ci_high ELSE t.ci_low END / t.control_std_dev"},
    {"standardized_high", "", DASHBOARD_HIGH,
     .sql = "CASE WHEN t.turn < 0 THEN -t.ci_low ELSE t.ci_high END / t.control_std_dev"},
    {"confirmatory", "As planned", DASHBOARD_BOOL, .sql = NULL},
    {"analysis", "", DASHBOARD_HIDDEN, .sql = NULL},
};

/* Of each pilot its latest confirmatory analysis, or its newest: effects on the whole sample as
 * assigned, across agencies, or of the one agency.  $1 .. $8: the pilots. */
static const dashboard_table_t comparison = {
    .name = "comparison",
    .caption = "Effects of pilots on the whole sample",
    .from =
        "(SELECT u.*, s.control_std_dev, CASE WHEN EXISTS (SELECT FROM dashboard.plans p, "
        "jsonb_array_elements(p.content::jsonb -> 'outcomes') o WHERE p.pilot = u.pilot AND "
        "p.plan_version = u.plan_version AND o ->> 'name' = u.outcome AND o ->> 'better' = "
        "'lower') THEN -1 ELSE 1 END AS turn FROM (SELECT DISTINCT ON (pilot) pilot, analysis, "
        "plan_version, confirmatory FROM dashboard.analyses WHERE released_at IS NOT NULL AND "
        "pilot IN ($1, $2, "
        "$3, $4, $5, $6, $7, $8) ORDER BY pilot, latest DESC, analysis DESC) AS a "
        "CROSS JOIN LATERAL (SELECT a.pilot, a.analysis, a.plan_version, a.confirmatory, 0 AS "
        "place, c.outcome, "
        "c.arm, c.control, c.estimand, c.estimator, c.k::bigint AS k, c.k_mark, c.estimate, "
        "c.estimate_mark, c.std_error, c.std_error_mark, c.ci_low, c.ci_low_mark, c.ci_high, "
        "c.ci_high_mark, c.ordinal FROM dashboard.comparisons c WHERE c.analysis = a.analysis AND "
        "c.pilot = a.pilot AND c.headline AND c.subgroup IS NULL AND c.parameter IS NULL AND "
        "c.estimand = 'itt' UNION ALL SELECT a.pilot, a.analysis, a.plan_version, a.confirmatory, "
        "1, e.outcome, "
        "e.arm, e.control, e.estimand, e.estimator, NULL, 'z', e.estimate, e.estimate_mark, "
        "e.std_error, e.std_error_mark, e.ci_low, e.ci_low_mark, e.ci_high, e.ci_high_mark, "
        "e.ordinal FROM dashboard.effects e WHERE e.analysis = a.analysis AND e.pilot = a.pilot "
        "AND "
        "e.scope = 'pooled' AND e.subgroup IS NULL AND e.parameter IS NULL AND e.estimand = 'itt' "
        "AND NOT EXISTS (SELECT FROM dashboard.comparisons n WHERE n.analysis = a.analysis)) AS u "
        "LEFT JOIN LATERAL (SELECT max(e.control_std_dev) AS control_std_dev FROM "
        "dashboard.effects e WHERE e.analysis = u.analysis AND e.scope = 'pooled' AND e.outcome = "
        "u.outcome AND e.arm = u.arm AND e.control = u.control AND e.estimand = u.estimand AND "
        "e.subgroup IS NULL AND e.parameter IS NULL AND (u.estimator = 'auto' OR e.estimator = "
        "u.estimator) AND u.estimator IN ('auto', 'difference_in_means', 'ols', 'lin') AND "
        "e.control_std_dev > 0) AS s ON true) AS t WHERE true",
    .order = "t.pilot COLLATE \"C\", t.place, t.ordinal",
    DASHBOARD_COLUMNS(columns),
    .parameters = PILOTS,
    .nothing = "Nothing is released of these pilots.",
};

/* ---- which pilots ------------------------------------------------------------------------------
 */

static bool is_asked(const dashboard_page_t *page, const char *pilot)
{
    const char *asked = NULL;
    for (size_t n = 0; (asked = pilot_http_value(page->request, "pilot", n)); n++)
        if (strcmp(asked, pilot) == 0)
            return true;
    return false;
}

static const char pilots_sql[] =
    "SELECT DISTINCT pilot COLLATE \"C\" FROM dashboard.analyses WHERE "
    "released_at IS NOT NULL ORDER BY 1 LIMIT 200";

static void write_form(dashboard_page_t *page, const PGresult *pilots, bool all)
{
    pilot_text_t *out = &page->out;
    pilot_text_append(out, "<form class=\"choose\" method=\"get\" action=\"/compare\"><fieldset>"
                           "<legend>Pilots to compare (at most 8)</legend>\n");
    for (int i = 0; i < PQntuples(pilots); i++) {
        const char *pilot = PQgetvalue(pilots, i, 0);
        bool on = all ? i < PILOTS : is_asked(page, pilot);
        pilot_text_appendf(out, "<label><input type=\"checkbox\" name=\"pilot\"%s value=\"",
                           on ? " checked" : "");
        dashboard_escape(out, pilot);
        pilot_text_append(out, "\"> ");
        dashboard_escape(out, pilot);
        pilot_text_append(out, "</label>\n");
    }
    pilot_text_append(out, "</fieldset><button>Compare</button></form>\n");
}

/* The first ones of the query; without any, the first of all. */
static pilot_status_t choose_pilots(const dashboard_page_t *page, const PGresult *pilots,
                                    const char **chosen, bool *ret_all, pilot_error_t *error)
{
    size_t count = 0;
    const char *asked = NULL;
    *ret_all = !pilot_http_value(page->request, "pilot", 0);
    for (size_t n = 0; (asked = pilot_http_value(page->request, "pilot", n)); n++) {
        if (count == PILOTS)
            return pilot_error_set(error, PILOT_E_USAGE, "At most 8 pilots can be compared.");
        chosen[count++] = asked;
    }
    for (int i = 0; *ret_all && i < PQntuples(pilots) && count < PILOTS; i++)
        chosen[count++] = PQgetvalue(pilots, i, 0);
    return PILOT_OK;
}

/* ---- as a picture ------------------------------------------------------------------------------
 */

static pilot_number_t number_of(const PGresult *rows, int row, const char *name)
{
    pilot_number_t number = {.value = 0};
    number.given = pilot_number_read(PQgetvalue(rows, row, PQfnumber(rows, name)), &number.value);
    return number;
}

static char *label_of(const PGresult *rows, int row)
{
    return pilot_format("%s: %s", PQgetvalue(rows, row, PQfnumber(rows, "outcome")),
                        PQgetvalue(rows, row, PQfnumber(rows, "arm")));
}

static void draw(dashboard_page_t *page, const pilot_picture_effects_t *effects, bool narrow)
{
    const pilot_picture_options_t options = {
        .prefix = narrow ? "pilots-narrow" : "pilots-wide",
        .title = "Effects in standard deviations of the control arm",
        .width = narrow ? PILOT_PICTURE_NARROW : PILOT_PICTURE_WIDE,
        .one_of_two = true};
    pilot_picture_pilots(&page->out, effects, &options);
}

static void draw_rows(dashboard_page_t *page, const PGresult *rows)
{
    size_t count = 0;
    pilot_picture_effect_t *effect =
        PILOT_NEW_ARRAY(pilot_picture_effect_t, (size_t)PQntuples(rows) + 1);
    for (int i = 0; i < PQntuples(rows); i++)
        if (number_of(rows, i, "standardized").given)
            effect[count++] =
                (pilot_picture_effect_t){.label = label_of(rows, i),
                                         .group = PQgetvalue(rows, i, PQfnumber(rows, "pilot")),
                                         .estimate = number_of(rows, i, "standardized"),
                                         .std_error = number_of(rows, i, "standardized_std_error"),
                                         .ci_low = number_of(rows, i, "standardized_low"),
                                         .ci_high = number_of(rows, i, "standardized_high")};
    const pilot_picture_effects_t effects = {.effect = effect,
                                             .effects = count,
                                             .pooled = {.note = ""},
                                             .axis = "Effect (standard deviations, more is better)",
                                             .noun = "Pilot"};
    if (count > 0) {
        pilot_text_append(&page->out, "<div class=\"picture\">\n");
        draw(page, &effects, false);
        draw(page, &effects, true);
        pilot_text_append(&page->out, "</div>\n");
    }
    for (size_t i = 0; i < count; i++)
        free((char *)effect[i].label);
    free(effect);
}

static pilot_status_t write_page(dashboard_page_t *page, const dashboard_table_t *table,
                                 const PGresult *pilots, bool all, pilot_error_t *error)
{
    dashboard_begin(&page->out, "Pilots compared", page->epoch);
    write_form(page, pilots, all);
    PGresult *rows = NULL;
    pilot_status_t status = dashboard_read_rows(page, table, &rows, error);
    if (!status) {
        dashboard_element(&page->out, "h2", "Effects side by side");
        draw_rows(page, rows);
        dashboard_write_rows(page, table, rows);
        dashboard_element(&page->out, "p",
                          "Effects in standard deviations have the sign turned where the plan says "
                          "that lower is better. They are there for continuous outcomes whose "
                          "spread in the control arm is released.");
    }
    PQclear(rows);
    dashboard_end(&page->out);
    return status;
}

pilot_status_t dashboard_compare(dashboard_page_t *page, pilot_error_t *error)
{
    PGresult *pilots = NULL;
    pilot_status_t status = dashboard_query(page, pilots_sql, 0, NULL, &pilots, error);
    dashboard_table_t table = comparison;
    bool all = false, done = false;
    if (!status)
        status = choose_pilots(page, pilots, table.parameter, &all, error);
    const dashboard_table_t *tables[] = {&table};
    if (!status)
        status = dashboard_file(page, tables, 1, &done, error);
    if (!status && !done)
        status = write_page(page, &table, pilots, all, error);
    PQclear(pilots);
    return status;
}
