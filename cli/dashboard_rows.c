/* dashboard_rows.c - rows of a table as HTML: cells, links to other pages, sorting, pages, search.
 */
#include <inttypes.h>

#include "dashboard.h"
#include "numbers.h"
#include "pilot/memory.h"
#include "pilot/page.h"
#include "pilot/summary.h"

/* ---- links -------------------------------------------------------------------------------------
 */

/* What a permalink keeps, in this order. */
static const char *const kept[] = {"analysis",  "outcome",   "subgroup", "level", "arm", "estimand",
                                   "estimator", "parameter", "pilot",    "sort",  "q",   "page"};

static void append_pair(pilot_text_t *out, const char *name, const char *value, bool *first)
{
    pilot_text_appendf(out, "%c%s=", *first ? '?' : '&', name);
    dashboard_escape_address(out, value);
    *first = false;
}

void dashboard_append_link(pilot_text_t *out, const dashboard_page_t *page, const char *name,
                           const char *value)
{
    bool first = true;
    pilot_text_append(out, page->address);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        bool changed = strcmp(kept[i], name) == 0;
        /* Other rows, or in another order, begin at the first page. */
        bool restart = strcmp(kept[i], "page") == 0 && strcmp(name, "format") != 0;
        const char *field = NULL;
        for (size_t n = 0;
             !changed && !restart && (field = pilot_http_value(page->request, kept[i], n)); n++)
            if (*field)
                append_pair(out, kept[i], field, &first);
        if (changed && value)
            append_pair(out, name, value, &first);
    }
    if (strcmp(name, "format") == 0 && value)
        append_pair(out, name, value, &first);
}

void dashboard_append_hidden(pilot_text_t *out, const dashboard_page_t *page,
                             const char *const *but)
{
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        bool left_out = strcmp(kept[i], "page") == 0;
        for (const char *const *name = but; *name; name++)
            left_out = left_out || strcmp(*name, kept[i]) == 0;
        const char *value = NULL;
        for (size_t n = 0; !left_out && (value = pilot_http_value(page->request, kept[i], n));
             n++) {
            pilot_text_appendf(out, "<input type=\"hidden\" name=\"%s\" value=\"", kept[i]);
            dashboard_escape(out, value);
            pilot_text_append(out, "\">");
        }
    }
}

static void append_anchor(dashboard_page_t *page, const char *name, const char *value,
                          const char *attributes, const char *text)
{
    pilot_text_t address = PILOT_TEXT_INIT;
    dashboard_append_link(&address, page, name, value);
    pilot_text_append(&page->out, "<a href=\"");
    dashboard_escape(&page->out, address.data);
    pilot_text_appendf(&page->out, "\"%s>", attributes);
    dashboard_escape(&page->out, text);
    pilot_text_append(&page->out, "</a>");
    pilot_text_clear(&address);
}

/* ---- cells -------------------------------------------------------------------------------------
 */

/* NULL: not there. */
static const char *value_of(const PGresult *rows, int row, const char *name)
{
    int field = name ? PQfnumber(rows, name) : -1;
    return field < 0 || PQgetisnull(rows, row, field) ? NULL : PQgetvalue(rows, row, field);
}

static const char *mark_of(const PGresult *rows, int row, const dashboard_column_t *column)
{
    char *name PILOT_AUTOFREE = pilot_format("%s_mark", column->name);
    return value_of(rows, row, name);
}

static bool is_numeric(dashboard_kind_t kind)
{
    switch (kind) {
    case DASHBOARD_NUMBER:
    case DASHBOARD_LOW:
    case DASHBOARD_COUNT:
    case DASHBOARD_P:
    case DASHBOARD_SHARE:
        return true;
    default:
        return false;
    }
}

/* A column that says nothing of any row is left out. */
static bool is_shown(const PGresult *rows, const dashboard_column_t *column)
{
    if (column->kind == DASHBOARD_HIDDEN || column->kind == DASHBOARD_HIGH)
        return false;
    int field = PQfnumber(rows, column->name);
    for (int row = 0; row < PQntuples(rows); row++)
        if (!PQgetisnull(rows, row, field) || (column->marked && mark_of(rows, row, column)))
            return true;
    return false;
}

static void append_mark(pilot_text_t *out, const PGresult *rows, int row,
                        const dashboard_column_t *column)
{
    const char *mark = column->marked ? mark_of(rows, row, column) : NULL;
    if (!mark)
        return;
    const char *words = *mark == 'c'   ? "suppressed"
                        : *mark == 'k' ? "low: rounds to 0"
                                       : "not applicable";
    pilot_text_appendf(out, "<abbr title=\"%s\">%s</abbr>", words, mark);
}

static pilot_figure_t figure_of(const char *text)
{
    pilot_figure_t figure = {.value = 0};
    figure.given = pilot_number_read(text, &figure.value);
    return figure;
}

/* An effect that is a logarithm, as the ratio that it is of; NULL: it is none. */
static char *shown_ratio(const PGresult *rows, int row, const dashboard_column_t *column,
                         const char *value)
{
    const pilot_effect_key_t key = {.estimator = value_of(rows, row, "estimator"),
                                    .estimand = value_of(rows, row, "estimand")};
    const char *high = column->kind == DASHBOARD_LOW ? value_of(rows, row, column[1].name) : value;
    if (!column->effect || !key.estimator || !high || !pilot_effect_key_is_ratio(&key))
        return NULL;
    pilot_figure_t error = figure_of(value_of(rows, row, column->scale));
    if (column->kind != DASHBOARD_LOW) {
        char *ratio PILOT_AUTOFREE = pilot_effect_text(&key, figure_of(value), error);
        return pilot_format("\u00d7%s", ratio);
    }
    char *from PILOT_AUTOFREE = pilot_effect_text(&key, figure_of(value), error);
    char *to PILOT_AUTOFREE = pilot_effect_text(&key, figure_of(high), error);
    return pilot_format("[%s, %s]", from, to);
}

static char *shown(const PGresult *rows, int row, const dashboard_column_t *column,
                   const char *value)
{
    char *ratio = shown_ratio(rows, row, column, value);
    if (ratio)
        return ratio;
    switch (column->kind) {
    case DASHBOARD_NUMBER:
        return pilot_show_number(value, value_of(rows, row, column->scale));
    case DASHBOARD_LOW:
        return pilot_show_interval(value, value_of(rows, row, column[1].name),
                                   value_of(rows, row, column->scale));
    case DASHBOARD_P:
        return pilot_show_p(value);
    case DASHBOARD_SHARE: {
        double share = 0;
        return pilot_number_read(value, &share) ? pilot_format("%.0f\u00a0%%", share * 100) : NULL;
    }
    case DASHBOARD_TIME:
        return pilot_format("%.10s %.5s UTC", value, strlen(value) > 16 ? value + 11 : "");
    case DASHBOARD_GROUP: {
        const char *level = value_of(rows, row, "level");
        return level ? pilot_format("%s = %s", value, level) : pilot_strdup(value);
    }
    case DASHBOARD_BOOL:
        return pilot_strdup(*value == 't' ? "yes" : "no");
    default:
        return pilot_strdup(value);
    }
}

static void append_place(pilot_text_t *out, const dashboard_table_t *table, const PGresult *rows,
                         int row, const dashboard_column_t *column, const char *value)
{
    const char *pilot = table->pilot ? table->pilot : value_of(rows, row, "pilot");
    const char *analysis = value_of(rows, row, "analysis");
    pilot_text_t address = PILOT_TEXT_INIT;
    pilot_text_append(&address, "/pilot/");
    dashboard_escape_address(&address, pilot ? pilot : "");
    if (column->kind == DASHBOARD_AGENCY) {
        pilot_text_append(&address, "/agency/");
        dashboard_escape_address(&address, value);
    }
    if (column->kind != DASHBOARD_PILOT && analysis)
        pilot_text_appendf(&address, "?analysis=%s", analysis);
    pilot_text_append(out, "<a href=\"");
    dashboard_escape(out, address.data);
    pilot_text_append(out, "\">");
    dashboard_escape(out, value);
    pilot_text_append(out, "</a>");
    pilot_text_clear(&address);
}

static void append_progress(pilot_text_t *out, const PGresult *rows, int row, const char *done)
{
    const char *analysis = value_of(rows, row, "analysis");
    const char *jobs = value_of(rows, row, "jobs");
    pilot_text_appendf(
        out,
        "<span data-analysis=\"%s\"><progress aria-label=\"Progress of analysis %s\" "
        "max=\"%s\" value=\"%s\"></progress> <span class=\"of\">%s of %s jobs</span>"
        "</span>",
        analysis, analysis, jobs && strcmp(jobs, "0") != 0 ? jobs : "1", done, done, jobs);
}

static void append_cell(pilot_text_t *out, const dashboard_table_t *table, const PGresult *rows,
                        int row, const dashboard_column_t *column)
{
    const char *value = value_of(rows, row, column->name);
    if (!value) {
        append_mark(out, rows, row, column);
        return;
    }
    switch (column->kind) {
    case DASHBOARD_PILOT:
    case DASHBOARD_AGENCY:
    case DASHBOARD_ANALYSIS:
        append_place(out, table, rows, row, column, value);
        return;
    case DASHBOARD_PROGRESS:
        append_progress(out, rows, row, value);
        return;
    default:
        break;
    }
    char *text PILOT_AUTOFREE = shown(rows, row, column, value);
    if (text)
        dashboard_escape(out, text);
    else
        append_mark(out, rows, row, column->kind == DASHBOARD_LOW ? column + 1 : column);
}

/* ---- the table ---------------------------------------------------------------------------------
 */

static void append_header(dashboard_page_t *page, const dashboard_table_t *table,
                          const dashboard_column_t *column)
{
    const char *sort = pilot_http_value(page->request, "sort", 0);
    bool sorted = sort && strcmp(sort + (*sort == '-'), column->name) == 0;
    pilot_text_appendf(&page->out, "<th scope=\"col\"%s%s>",
                       is_numeric(column->kind) ? " class=\"n\"" : "",
                       !table->search || !sorted ? ""
                       : *sort == '-'            ? " aria-sort=\"descending\""
                                                 : " aria-sort=\"ascending\"");
    if (!table->search || column->kind == DASHBOARD_PROGRESS) {
        dashboard_escape(&page->out, column->header);
    } else {
        char *other PILOT_AUTOFREE =
            pilot_format("%s%s", sorted && *sort != '-' ? "-" : "", column->name);
        append_anchor(page, "sort", other, "", column->header);
    }
    pilot_text_append(&page->out, "</th>");
}

static void append_row(pilot_text_t *out, const dashboard_table_t *table, const PGresult *rows,
                       int row, uint64_t shown_columns)
{
    pilot_text_append(out, "<tr>");
    bool head = true;
    for (size_t i = 0; i < table->count; i++) {
        const dashboard_column_t *column = &table->columns[i];
        if (!(shown_columns >> i & 1))
            continue;
        pilot_text_append(out, head                       ? "<th scope=\"row\">"
                               : is_numeric(column->kind) ? "<td class=\"n\">"
                                                          : "<td>");
        append_cell(out, table, rows, row, column);
        pilot_text_append(out, head ? "</th>" : "</td>");
        head = false;
    }
    pilot_text_append(out, "</tr>\n");
}

static void append_rows(dashboard_page_t *page, const dashboard_table_t *table,
                        const PGresult *rows)
{
    pilot_text_t *out = &page->out;
    pilot_text_append(out, "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"");
    dashboard_escape(out, table->caption);
    pilot_text_append(out, "\"><table>");
    dashboard_element(out, "caption", table->caption);
    pilot_text_append(out, "<thead><tr>");
    uint64_t shown_columns = 0; /* bit i: column i */
    for (size_t i = 0; i < table->count; i++)
        if (is_shown(rows, &table->columns[i])) {
            shown_columns |= UINT64_C(1) << i;
            append_header(page, table, &table->columns[i]);
        }
    pilot_text_append(out, "</tr></thead><tbody>");
    for (int row = 0; row < PQntuples(rows); row++)
        append_row(out, table, rows, row, shown_columns);
    pilot_text_append(out, "</tbody></table></div>\n");
}

static void append_search(dashboard_page_t *page, const dashboard_table_t *table)
{
    static const char *const but[] = {"q", NULL};
    pilot_text_t *out = &page->out;
    const char *value = pilot_http_value(page->request, "q", 0);
    pilot_text_append(out, "<form class=\"search\" method=\"get\" action=\"");
    dashboard_escape(out, page->address);
    pilot_text_append(out, "\" role=\"search\">");
    dashboard_append_hidden(out, page, but);
    pilot_text_appendf(out, "<label for=\"q\">%s</label> ", table->search_label);
    pilot_text_append(out, "<input type=\"search\" id=\"q\" name=\"q\" maxlength=\"200\" value=\"");
    dashboard_escape(out, value ? value : "");
    pilot_text_append(out, "\"> <button>Search</button></form>\n");
}

static void append_pages(dashboard_page_t *page, int64_t all)
{
    int64_t at = 1;
    const char *number = pilot_http_value(page->request, "page", 0);
    if (number && strcmp(number, "all") == 0)
        return;
    if (number && *number)
        pilot_int64_parse(number, strlen(number), &at);
    int64_t last = (all + DASHBOARD_ROWS - 1) / DASHBOARD_ROWS;
    if (last <= 1)
        return;
    pilot_text_t *out = &page->out;
    pilot_text_append(out, "<nav class=\"pages\" aria-label=\"Pages of the table\">");
    char text[24];
    if (at > 1) {
        snprintf(text, sizeof text, "%" PRId64, at - 1);
        append_anchor(page, "page", text, " rel=\"prev\"", "Previous");
    }
    pilot_text_appendf(out, " <span>page %" PRId64 " of %" PRId64 "</span> ", at, last);
    if (at < last) {
        snprintf(text, sizeof text, "%" PRId64, at + 1);
        append_anchor(page, "page", text, " rel=\"next\"", "Next");
    }
    pilot_text_append_char(out, ' ');
    append_anchor(page, "page", "all", "", "All on one page");
    pilot_text_append(out, "</nav>\n");
}

static void append_files(dashboard_page_t *page, const dashboard_table_t *table)
{
    static const char *const formats[][2] = {{"csv", "CSV"}, {"json", "JSON"}};
    pilot_text_t *out = &page->out;
    pilot_text_append(out, "<p class=\"files\">This table as ");
    for (size_t i = 0; i < 2; i++) {
        pilot_text_t address = PILOT_TEXT_INIT;
        dashboard_append_link(&address, page, "format", formats[i][0]);
        pilot_text_append(out, i ? " or <a href=\"" : "<a href=\"");
        dashboard_escape(out, address.data);
        pilot_text_appendf(out, "&amp;table=%s\">%s<span class=\"hidden\"> of ", table->name,
                           formats[i][1]);
        dashboard_escape(out, table->caption);
        pilot_text_append(out, "</span></a>");
        pilot_text_clear(&address);
    }
    pilot_text_append(out, "</p>\n");
}

void dashboard_write_rows(dashboard_page_t *page, const dashboard_table_t *table,
                          const PGresult *rows)
{
    pilot_text_t *out = &page->out;
    int count = PQntuples(rows);
    int64_t all = 0;
    if (count > 0) {
        const char *number = value_of(rows, 0, "rows_in_all");
        pilot_int64_parse(number, strlen(number), &all);
    }
    const char *q = table->search ? pilot_http_value(page->request, "q", 0) : NULL;
    if (table->search && (all > 8 || q))
        append_search(page, table);
    if (count == 0) {
        dashboard_element(out, "p", q && *q ? "Nothing is found." : table->nothing);
        return;
    }
    append_rows(page, table, rows);
    if (table->search)
        append_pages(page, all);
    append_files(page, table);
}
