/* table.c - tables with their CSV: see pilot/page.h. */
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "writer.h"

struct pilot_page_table {
    char *name, *caption, *search, *picture;
    const pilot_page_column_t *column; /* borrowed */
    size_t columns;
    char **cell; /* by rows; NULL: blank */
    size_t cells, capacity;
    const pilot_text_t *csv; /* borrowed; NULL: of the cells */
};

pilot_page_table_t *pilot_page_table_new(const char *name, const char *caption,
                                         const pilot_page_column_t *columns, size_t count)
{
    pilot_page_table_t *table = PILOT_NEW(pilot_page_table_t);
    table->name = pilot_strdup(name);
    table->caption = pilot_strdup(caption);
    table->column = columns;
    table->columns = count;
    return table;
}

void pilot_page_table_take(pilot_page_table_t *table, char *text)
{
    table->cell = pilot_grow(table->cell, &table->capacity, table->cells + 1, sizeof *table->cell);
    table->cell[table->cells++] = text;
}

void pilot_page_table_cell(pilot_page_table_t *table, const char *text)
{
    pilot_page_table_take(table, text ? pilot_strdup(text) : NULL);
}

void pilot_page_table_csv(pilot_page_table_t *table, const pilot_text_t *csv)
{
    table->csv = csv;
}

void pilot_page_table_search(pilot_page_table_t *table, const char *label)
{
    free(table->search);
    table->search = pilot_strdup(label);
}

void pilot_page_table_picture(pilot_page_table_t *table, const char *prefix)
{
    free(table->picture);
    table->picture = pilot_strdup(prefix);
}

static void table_free(pilot_page_table_t *table)
{
    for (size_t i = 0; i < table->cells; i++)
        free(table->cell[i]);
    free(table->cell);
    free(table->name);
    free(table->caption);
    free(table->search);
    free(table->picture);
    free(table);
}

static size_t rows_of(const pilot_page_table_t *table)
{
    return table->columns ? table->cells / table->columns : 0;
}

static const char *cell_at(const pilot_page_table_t *table, size_t row, size_t column)
{
    const char *text = table->cell[row * table->columns + column];
    return text ? text : "";
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void append_cells_csv(const pilot_page_table_t *table, pilot_text_t *csv)
{
    for (size_t c = 0; c < table->columns; c++) {
        pilot_text_append(csv, c ? "," : "");
        pilot_text_append_csv(csv, table->column[c].header, strlen(table->column[c].header));
    }
    pilot_text_append_char(csv, '\n');
    for (size_t r = 0; r < rows_of(table); r++) {
        for (size_t c = 0; c < table->columns; c++) {
            const char *text = cell_at(table, r, c);
            pilot_text_append(csv, c ? "," : "");
            pilot_text_append_csv(csv, text, strlen(text));
        }
        pilot_text_append_char(csv, '\n');
    }
}

/* Only what an address within an attribute cannot hold is encoded: numbers stay as they are. */
static void append_data_address(pilot_text_t *out, const char *bytes, size_t length)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c > ' ' && c < 0x7f && !strchr("\"'%#&<>\\^`{|}", c)) {
            pilot_text_append_char(out, (char)c);
        } else {
            pilot_text_append_char(out, '%');
            pilot_text_append_char(out, hex[c >> 4]);
            pilot_text_append_char(out, hex[c & 15]);
        }
    }
}

static void append_json_link(pilot_page_t *page, const pilot_page_table_t *table)
{
    if (!page->links.json)
        return;
    pilot_text_append(page->out, " or <a href=\"");
    pilot_page_escape(page->out, page->links.json);
    pilot_page_escape(page->out, table->name);
    pilot_page_escape(page->out, page->links.csv_after ? page->links.csv_after : "");
    pilot_text_append(page->out, "\">JSON</a>");
}

static void append_csv_link(pilot_page_t *page, const pilot_page_table_t *table)
{
    pilot_text_t *out = page->out;
    if (page->links.csv) {
        pilot_text_append(out, "<p class=\"csv\"><a href=\"");
        pilot_page_escape(out, page->links.csv);
        pilot_page_escape(out, table->name);
        pilot_page_escape(out, page->links.csv_after ? page->links.csv_after : "");
        pilot_text_append(out, "\">CSV<span class=\"quiet\">: ");
        pilot_page_escape(out, table->caption);
        pilot_text_append(out, "</span></a>");
        append_json_link(page, table);
        pilot_text_append(out, "</p>\n");
        return;
    }
    pilot_text_t own = PILOT_TEXT_INIT;
    const pilot_text_t *csv = table->csv;
    if (!csv) {
        append_cells_csv(table, &own);
        csv = &own;
    }
    if (csv->length > page->csv_left) {
        pilot_text_append(out, "<p class=\"csv note\">Its CSV would make this page too large: "
                               "<code>pilot results</code> gives it.</p>\n");
    } else if (csv->length > 0) {
        page->csv_left -= csv->length;
        pilot_text_appendf(out,
                           "<p class=\"csv\"><a download=\"%s.csv\" "
                           "href=\"data:text/csv;charset=utf-8,",
                           table->name);
        append_data_address(out, csv->data, csv->length);
        pilot_text_append(out, "\">CSV<span class=\"quiet\">: ");
        pilot_page_escape(out, table->caption);
        pilot_text_append(out, "</span></a></p>\n");
    }
    pilot_text_clear(&own);
}

/* ---- HTML and Markdown ----------------------------------------------------------------------- */

/* A column that nobody has something in is left out; the first one stands. */
static bool is_shown(const pilot_page_table_t *table, size_t column)
{
    if (column == 0)
        return true;
    for (size_t r = 0; r < rows_of(table); r++)
        if (*cell_at(table, r, column))
            return true;
    return false;
}

static bool *shown_columns(const pilot_page_table_t *table)
{
    bool *shown = PILOT_NEW_ARRAY(bool, table->columns);
    for (size_t c = 0; c < table->columns; c++)
        shown[c] = is_shown(table, c);
    return shown;
}

static void write_head(pilot_text_t *out, const pilot_page_table_t *table, const bool *shown)
{
    pilot_text_append(out, "<thead><tr>");
    for (size_t c = 0; c < table->columns; c++) {
        if (!shown[c])
            continue;
        pilot_text_append(out, table->column[c].right ? "<th scope=\"col\" class=\"n\">"
                                                      : "<th scope=\"col\">");
        pilot_page_escape(out, table->column[c].header);
        pilot_text_append(out, "</th>");
    }
    pilot_text_append(out, "</tr></thead>\n");
}

static void write_html(pilot_page_t *page, const pilot_page_table_t *table)
{
    pilot_text_t *out = page->out;
    PILOT_AUTOFREE bool *shown = shown_columns(table);
    pilot_text_append(out,
                      "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Table: ");
    pilot_page_escape(out, table->caption);
    pilot_text_append(out, "\">\n<table");
    if (table->search) {
        pilot_text_append(out, " data-search=\"");
        pilot_page_escape(out, table->search);
        pilot_text_append_char(out, '"');
    }
    if (table->picture)
        pilot_text_appendf(out, " data-picture=\"%s\"", table->picture);
    pilot_text_append(out, ">\n<caption>");
    pilot_page_escape(out, table->caption);
    pilot_text_append(out, "</caption>\n");
    write_head(out, table, shown);
    pilot_text_append(out, "<tbody>\n");
    for (size_t r = 0; r < rows_of(table); r++) {
        pilot_text_append(out, "<tr><th scope=\"row\">");
        pilot_page_escape(out, cell_at(table, r, 0));
        pilot_text_append(out, "</th>");
        /* End tags of cells may be left out: a page of 2,000 agencies has many. */
        for (size_t c = 1; c < table->columns; c++) {
            if (!shown[c])
                continue;
            pilot_text_append(out, table->column[c].right ? "<td class=n>" : "<td>");
            pilot_page_escape(out, cell_at(table, r, c));
        }
        pilot_text_append(out, "</tr>\n");
    }
    pilot_text_append(out, "</tbody>\n</table>\n</div>\n");
    append_csv_link(page, table);
}

static void write_markdown(pilot_page_t *page, const pilot_page_table_t *table)
{
    pilot_text_t *out = page->out;
    PILOT_AUTOFREE bool *shown = shown_columns(table);
    pilot_text_append(out, "**");
    page_escape_markdown(out, table->caption);
    pilot_text_append(out, "**\n\n|");
    for (size_t c = 0; c < table->columns; c++) {
        if (!shown[c])
            continue;
        pilot_text_append_char(out, ' ');
        page_escape_markdown(out, table->column[c].header);
        pilot_text_append(out, " |");
    }
    pilot_text_append(out, "\n|");
    for (size_t c = 0; c < table->columns; c++)
        if (shown[c])
            pilot_text_append(out, table->column[c].right ? " ---: |" : " --- |");
    for (size_t r = 0; r < rows_of(table); r++) {
        pilot_text_append(out, "\n|");
        for (size_t c = 0; c < table->columns; c++) {
            if (!shown[c])
                continue;
            pilot_text_append_char(out, ' ');
            page_escape_markdown(out, cell_at(table, r, c));
            pilot_text_append(out, " |");
        }
    }
    pilot_text_append(out, "\n\n");
}

void pilot_page_take_csv(pilot_page_t *page, const char *name, pilot_text_t *csv)
{
    page->taken_name = name;
    page->taken = csv;
}

static void give_csv(pilot_page_t *page, const pilot_page_table_t *table)
{
    if (!page->taken_name || strcmp(page->taken_name, table->name) != 0)
        return;
    if (table->csv)
        pilot_text_append_bytes(page->taken, table->csv->data, table->csv->length);
    else
        append_cells_csv(table, page->taken);
    page->taken_name = NULL;
}

void pilot_page_table_end(pilot_page_t *page, pilot_page_table_t *table)
{
    if (rows_of(table) > 0) {
        give_csv(page, table);
        if (page_is_html(page))
            write_html(page, table);
        else
            write_markdown(page, table);
    }
    table_free(table);
}
