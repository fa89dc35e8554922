/* dashboard_table.c - a table's rows from the database, as the fields sort, page and q of the query
 * want them; whatever is shown, CSV and JSON of the same rows are a link away. */
#include <inttypes.h>

#include "dashboard.h"
#include "pilot/memory.h"

typedef struct table_view {
    const dashboard_column_t *sorted; /* NULL: the table's own order */
    bool descending;
    int64_t page; /* from 1 on; 0: all rows */
    const char *search;
} table_view_t;

static const dashboard_column_t *find_column(const dashboard_table_t *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    return NULL;
}

static pilot_status_t read_view(const dashboard_page_t *page, const dashboard_table_t *table,
                                table_view_t *view, pilot_error_t *error)
{
    *view = (table_view_t){.page = table->search ? 1 : 0, .search = ""};
    if (!table->search)
        return PILOT_OK;
    const char *sort = pilot_http_value(page->request, "sort", 0);
    const char *number = pilot_http_value(page->request, "page", 0);
    const char *search = pilot_http_value(page->request, "q", 0);
    if (search)
        view->search = search;
    if (sort && *sort) {
        view->descending = *sort == '-';
        view->sorted = find_column(table, sort + view->descending);
        if (!view->sorted)
            return pilot_error_set(error, PILOT_E_USAGE, "the table has no such column to sort by");
    }
    if (number && strcmp(number, "all") == 0)
        view->page = 0;
    else if (number && *number &&
             (!pilot_int64_parse(number, strlen(number), &view->page) || view->page < 1 ||
              view->page > 1000000))
        return pilot_error_set(error, PILOT_E_USAGE, "page is a number from 1 on, or all");
    return PILOT_OK;
}

static void append_columns(pilot_text_t *sql, const dashboard_table_t *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const dashboard_column_t *column = &table->columns[i];
        if (column->sql)
            pilot_text_appendf(sql, "%s AS %s, ", column->sql, column->name);
        else if (column->kind == DASHBOARD_TIME)
            pilot_text_appendf(sql,
                               "to_char(t.%s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
                               "AS %s, ",
                               column->name, column->name);
        else if (column->kind == DASHBOARD_DAY)
            pilot_text_appendf(sql, "to_char(t.%s AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS %s, ",
                               column->name, column->name);
        else
            pilot_text_appendf(sql, "t.%s, ", column->name);
        if (column->marked)
            pilot_text_appendf(sql, "t.%s_mark, ", column->name);
    }
    pilot_text_append(sql, "count(*) OVER () AS rows_in_all");
}

/* All names in it are the table's own; values are parameters. */
static char *statement(const dashboard_table_t *table, const table_view_t *view)
{
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_text_append(&sql, "SELECT ");
    append_columns(&sql, table);
    pilot_text_appendf(&sql, " FROM %s", table->from);
    if (*view->search)
        pilot_text_appendf(&sql, " AND position(lower($%d) IN lower(t.%s)) > 0",
                           table->parameters + 1, table->search);
    pilot_text_append(&sql, " ORDER BY ");
    if (view->sorted)
        pilot_text_appendf(&sql, "%s%s %s NULLS LAST, ", view->sorted->sql ? "" : "t.",
                           view->sorted->sql ? view->sorted->sql : view->sorted->name,
                           view->descending ? "DESC" : "ASC");
    int64_t rows = view->page ? DASHBOARD_ROWS : DASHBOARD_ALL_ROWS;
    pilot_text_appendf(&sql, "%s LIMIT %" PRId64 " OFFSET %" PRId64, table->order, rows,
                       view->page ? (view->page - 1) * rows : 0);
    return pilot_text_take(&sql);
}

pilot_status_t dashboard_read_rows(dashboard_page_t *page, const dashboard_table_t *table,
                                   PGresult **ret_rows, pilot_error_t *error)
{
    table_view_t view;
    pilot_status_t status = read_view(page, table, &view, error);
    if (status)
        return status;
    const char *parameter[DASHBOARD_PARAMETERS + 1];
    for (int i = 0; i < table->parameters; i++)
        parameter[i] = table->parameter[i];
    parameter[table->parameters] = view.search;
    char *sql PILOT_AUTOFREE = statement(table, &view);
    return dashboard_query(page, sql, table->parameters + (*view.search != '\0'), parameter,
                           ret_rows, error);
}

pilot_status_t dashboard_table(dashboard_page_t *page, const dashboard_table_t *table,
                               pilot_error_t *error)
{
    PGresult *rows = NULL;
    pilot_status_t status = dashboard_read_rows(page, table, &rows, error);
    if (!status)
        dashboard_write_rows(page, table, rows);
    PQclear(rows);
    return status;
}

static const dashboard_table_t *find_table(const dashboard_table_t *const *tables, size_t count,
                                           const char *name)
{
    if (!name)
        return tables[0];
    for (size_t i = 0; i < count; i++)
        if (strcmp(tables[i]->name, name) == 0)
            return tables[i];
    return NULL;
}

const char *dashboard_type(bool csv)
{
    return csv ? "text/csv; charset=utf-8; header=present" : "application/json";
}

pilot_status_t dashboard_file(dashboard_page_t *page, const dashboard_table_t *const *tables,
                              size_t count, bool *ret_done, pilot_error_t *error)
{
    const char *format = pilot_http_value(page->request, "format", 0);
    *ret_done = false;
    if (!format || !*format || strcmp(format, "html") == 0)
        return PILOT_OK;
    bool csv = strcmp(format, "csv") == 0;
    if (!csv && strcmp(format, "json") != 0)
        return pilot_error_set(error, PILOT_E_USAGE, "format is html, csv or json");
    const dashboard_table_t *table =
        find_table(tables, count, pilot_http_value(page->request, "table", 0));
    if (!table)
        return pilot_error_set(error, PILOT_E_NOT_FOUND, "the page has no table of that name");
    PGresult *rows = NULL;
    pilot_status_t status = dashboard_read_rows(page, table, &rows, error);
    if (status)
        return status;
    if (csv)
        dashboard_write_csv(&page->out, table, rows);
    else
        dashboard_write_json(&page->out, table, rows);
    PQclear(rows);
    page->answer->type = dashboard_type(csv);
    *ret_done = true;
    return PILOT_OK;
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* Index of the column's value in a row; marks stand behind their numbers. */
static int field_of(const PGresult *rows, const char *name)
{
    return PQfnumber(rows, name);
}

static const char *mark_of(const PGresult *rows, int row, const dashboard_column_t *column)
{
    if (!column->marked)
        return "";
    char *name PILOT_AUTOFREE = pilot_format("%s_mark", column->name);
    int field = field_of(rows, name);
    return field < 0 || PQgetisnull(rows, row, field) ? "" : PQgetvalue(rows, row, field);
}

static void append_field(pilot_text_t *out, const char *text)
{
    pilot_text_append_csv(out, text, strlen(text));
}

void dashboard_write_csv(pilot_text_t *out, const dashboard_table_t *table, const PGresult *rows)
{
    for (size_t i = 0; i < table->count; i++) {
        pilot_text_append(out, i ? "," : "");
        append_field(out, table->columns[i].name);
    }
    pilot_text_append(out, "\r\n");
    for (int row = 0; row < PQntuples(rows); row++) {
        for (size_t i = 0; i < table->count; i++) {
            int field = field_of(rows, table->columns[i].name);
            pilot_text_append(out, i ? "," : "");
            append_field(out, PQgetisnull(rows, row, field) ? mark_of(rows, row, &table->columns[i])
                                                            : PQgetvalue(rows, row, field));
        }
        pilot_text_append(out, "\r\n");
    }
}

enum { OID_BOOL = 16, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_FLOAT8 = 701 };

static void append_json_value(pilot_text_t *out, const PGresult *rows, int row, int field)
{
    const char *value = PQgetvalue(rows, row, field);
    switch (PQftype(rows, field)) {
    case OID_BOOL:
        pilot_text_append(out, *value == 't' ? "true" : "false");
        break;
    case OID_FLOAT8: /* JSON has no infinity */
        if (strpbrk(value, "IN")) {
            pilot_text_append_json(out, value, strlen(value));
            break;
        }
        pilot_text_append(out, value);
        break;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
        pilot_text_append(out, value);
        break;
    default:
        pilot_text_append_json(out, value, strlen(value));
    }
}

static void append_json_row(pilot_text_t *out, const dashboard_table_t *table, const PGresult *rows,
                            int row)
{
    for (size_t i = 0; i < table->count; i++) {
        const dashboard_column_t *column = &table->columns[i];
        int field = field_of(rows, column->name);
        const char *mark = mark_of(rows, row, column);
        pilot_text_appendf(out, "%s\"%s\":", i ? "," : "{", column->name);
        if (PQgetisnull(rows, row, field))
            pilot_text_append(out, "null");
        else
            append_json_value(out, rows, row, field);
        if (column->marked)
            pilot_text_appendf(out, *mark ? ",\"%s_mark\":\"%s\"" : ",\"%s_mark\":null%s",
                               column->name, mark);
    }
    pilot_text_append_char(out, '}');
}

void dashboard_write_json(pilot_text_t *out, const dashboard_table_t *table, const PGresult *rows)
{
    pilot_text_append_char(out, '[');
    for (int row = 0; row < PQntuples(rows); row++) {
        pilot_text_append(out, row ? ",\n" : "\n");
        append_json_row(out, table, rows, row);
    }
    pilot_text_append(out, "\n]\n");
}
