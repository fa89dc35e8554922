/* view_sql.c - the statement that reads a view: its columns, which rows, in which order. */
#include <string.h>

#include "view_columns.h"

static void append_column(const pilot_view_column_t *column, bool with_mark, pilot_text_t *text)
{
    if (column->type == PILOT_VIEW_TIME)
        pilot_text_appendf(text,
                           "to_char(\"%s\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
                           column->name);
    else if (column->type == PILOT_VIEW_BOOLEAN)
        pilot_text_appendf(text, "\"%s\"::text", column->name);
    else if (with_mark && column->mark)
        pilot_text_appendf(text, "COALESCE(\"%s\"::text, \"%s\"::text, 'z')", column->name,
                           column->mark);
    else
        pilot_text_appendf(text, "\"%s\"", column->name);
}

static void append_marks(const pilot_view_t *view, pilot_text_t *text)
{
    for (const pilot_view_column_t *column = view->column; column->name; column++) {
        const pilot_view_column_t *first = view->column;
        while (column->mark && (!first->mark || strcmp(first->mark, column->mark) != 0))
            first++;
        if (first == column && column->mark)
            pilot_text_appendf(text, ", \"%s\"", column->mark);
    }
}

static void append_replaced(pilot_text_t *text, const char *sql, const char *what, const char *by)
{
    for (const char *at; (at = strstr(sql, what)); sql = at + strlen(what)) {
        pilot_text_append_bytes(text, sql, (size_t)(at - sql));
        pilot_text_append(text, by);
    }
    pilot_text_append(text, sql);
}

static void append_source(const pilot_view_t *view, pilot_view_rows_t rows, pilot_text_t *text)
{
    pilot_text_appendf(text, " FROM %s WHERE pilot = $1", view->source);
    if (view->by_analysis)
        pilot_text_append(text, " AND analysis = $2::bigint");
    if (rows.for_people && !rows.all && view->table_where)
        pilot_text_appendf(text, " AND %s", view->table_where);
    if (rows.of_agency)
        pilot_text_append(text, " AND agency = $2");
    if (rows.alarms)
        pilot_text_append(text, " AND alarm");
}

static bool is_sorted(pilot_view_rows_t rows)
{
    return rows.sort || rows.top > 0;
}

/* Groups in their usual order, their rows by the column asked for, pooled ones last; what is equal
 * there stays in the usual order. */
static void append_sorted(const pilot_view_t *view, pilot_view_rows_t rows, pilot_text_t *text)
{
    pilot_text_append(text, " FROM (SELECT *, row_number() OVER (");
    if (view->sort_group)
        pilot_text_appendf(text, "PARTITION BY %s ", view->sort_group);
    pilot_text_append(text, "ORDER BY ");
    if (rows.sort)
        pilot_text_appendf(text, "\"%s\"%s%s NULLS LAST, ", rows.sort,
                           strcmp(rows.sort, "agency") == 0 ? " COLLATE \"C\"" : "",
                           rows.descending ? " DESC" : "");
    pilot_text_appendf(text, "%s) AS sort_place, ", view->order);
    if (view->sort_group)
        pilot_text_appendf(text, "min(ordinal) OVER (PARTITION BY %s) AS sort_group",
                           CONTRAST_GROUP);
    else
        pilot_text_append(text, "0 AS sort_group");
    append_source(view, rows, text);
    pilot_text_append(text, ") AS sorted");
    if (rows.top > 0)
        pilot_text_appendf(text, " WHERE sort_place <= %lld", (long long)rows.top);
    pilot_text_appendf(text, " ORDER BY sort_group, %ssort_place",
                       view->sort_group ? CONTRAST_GROUP ", agency IS NULL, " : "");
}

static void append_select(const pilot_view_t *view, pilot_view_rows_t rows, pilot_text_t *text)
{
    pilot_text_append(text, "SELECT ");
    for (const pilot_view_column_t *column = view->column; column->name; column++) {
        pilot_text_append(text, column == view->column ? "" : ", ");
        append_column(column, rows.released && !rows.marks, text);
    }
    if (rows.released && rows.marks)
        append_marks(view, text);
    if (rows.for_people && view->table_more)
        pilot_text_appendf(text, ", %s", view->table_more);
    if (is_sorted(rows)) {
        append_sorted(view, rows, text);
        return;
    }
    append_source(view, rows, text);
    pilot_text_appendf(text, " ORDER BY %s", rows.for_people ? view->table_order : view->order);
}

void pilot_view_sql(const pilot_view_t *view, pilot_view_rows_t rows, pilot_text_t *text)
{
    if (!rows.released && !rows.own) {
        append_select(view, rows, text);
        return;
    }
    pilot_text_t sql = PILOT_TEXT_INIT;
    append_select(view, rows, &sql);
    /* The released tables bear the names of the views that they were made of. */
    if (rows.released)
        append_replaced(text, sql.data, "results.", "dashboard.");
    else
        append_replaced(text, sql.data, COMPARED, NOTHING_COMPARED);
    pilot_text_clear(&sql);
}
