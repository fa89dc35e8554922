#include "table.h"

#include <libsmartcols.h>

#include "pilot/memory.h"
#include "pilot/text.h"

/* Columns between columns; how much of a text column is worth more than the columns that may go;
 * what is left of one at least, and of the first one. */
enum { GAP = 2, WORTH = 24, LEAST = 8, FIRST = 20 };

typedef struct table_column {
    const char *header;
    bool right, plot, remarks;
    int drop;
    bool left_out, dropped;
    size_t width;
} table_column_t;

/* Rows of one key stand together, under what is shown (NULL: none); the note stands below. */
typedef struct table_heading {
    char *key, *shown, *note;
} table_heading_t;

struct pilot_table {
    int width;
    table_column_t *column;
    size_t columns, column_capacity;
    char **cell; /* rows x columns */
    size_t cells, cell_capacity;
    table_heading_t *heading; /* one a row */
    size_t rows, row_capacity;
    pilot_forest_t *forest; /* NULL: no plot */
};

pilot_table_t *pilot_table_new(int width)
{
    pilot_table_t *table = PILOT_NEW(pilot_table_t);
    table->width = width;
    return table;
}

void pilot_table_free(pilot_table_t *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->cells; i++)
        free(table->cell[i]);
    for (size_t i = 0; i < table->rows; i++) {
        free(table->heading[i].key);
        free(table->heading[i].shown);
        free(table->heading[i].note);
    }
    free(table->cell);
    free(table->heading);
    free(table->column);
    free(table);
}

void pilot_table_column(pilot_table_t *table, const char *header, bool right, int drop)
{
    table->column = pilot_grow(table->column, &table->column_capacity, table->columns + 1,
                               sizeof *table->column);
    table->column[table->columns++] =
        (table_column_t){.header = header, .right = right, .drop = drop};
}

void pilot_table_plot(pilot_table_t *table, pilot_forest_t *forest, int drop)
{
    pilot_table_column(table, "", false, drop);
    table->column[table->columns - 1].plot = true;
    table->forest = forest;
}

void pilot_table_remarks(pilot_table_t *table, const char *header)
{
    pilot_table_column(table, header, false, 0);
    table->column[table->columns - 1].remarks = true;
}

bool pilot_table_has_plot(const pilot_table_t *table)
{
    for (size_t c = 0; c < table->columns; c++)
        if (table->column[c].plot)
            return !table->column[c].left_out;
    return false;
}

void pilot_table_row(pilot_table_t *table)
{
    while (table->cells < table->rows * table->columns)
        pilot_table_cell(table, NULL);
    table->heading =
        pilot_grow(table->heading, &table->row_capacity, table->rows + 1, sizeof *table->heading);
    table->heading[table->rows++] = (table_heading_t){0};
}

void pilot_table_heading(pilot_table_t *table, char *key, char *shown)
{
    table->heading[table->rows - 1].key = key;
    table->heading[table->rows - 1].shown = shown;
}

void pilot_table_note(pilot_table_t *table, char *text)
{
    table->heading[table->rows - 1].note = text;
}

void pilot_table_cell(pilot_table_t *table, char *text)
{
    table->cell =
        pilot_grow(table->cell, &table->cell_capacity, table->cells + 1, sizeof *table->cell);
    table->cell[table->cells++] = text;
}

void pilot_table_cell_text(pilot_table_t *table, const char *text)
{
    pilot_table_cell(table, text ? pilot_strdup(text) : NULL);
}

/* ---- fitting ------------------------------------------------------------------------------------
 */

static const char *cell_text(const pilot_table_t *table, size_t row, size_t column)
{
    const char *text = table->cell[row * table->columns + column];
    return text ? text : "";
}

/* plot: remarks that may stand in it take no room of their own. */
static void measure(pilot_table_t *table, bool plot)
{
    for (size_t c = 0; c < table->columns; c++) {
        table_column_t *column = &table->column[c];
        size_t widest = 0;
        for (size_t row = 0; row < table->rows; row++) {
            const char *text = cell_text(table, row, c);
            size_t width = pilot_utf8_width(text, strlen(text));
            if (plot && column->remarks && !pilot_forest_has(table->forest, row))
                width = 0;
            widest = width > widest ? width : widest;
        }
        size_t header = pilot_utf8_width(column->header, strlen(column->header));
        column->width = widest > header ? widest : header;
        /* Nothing in it: nothing to show. */
        column->left_out = table->rows > 0 && widest == 0;
        column->dropped = false;
        if (column->plot) {
            column->width = PILOT_FOREST_LEAST;
            column->left_out = !plot;
        }
    }
}

/* worth: long texts count only for what they are worth. */
static size_t total_width(const pilot_table_t *table, bool worth)
{
    size_t total = 0;
    for (size_t c = 0; c < table->columns; c++) {
        const table_column_t *column = &table->column[c];
        bool cut = worth && !column->right && column->width > WORTH;
        if (!column->left_out)
            total += (cut ? WORTH : column->width) + (total ? GAP : 0);
    }
    return total;
}

/* Of the columns that may go the one of the highest number; NULL: none is left. */
static table_column_t *to_drop(pilot_table_t *table)
{
    table_column_t *worst = NULL;
    for (size_t c = 0; c < table->columns; c++) {
        table_column_t *column = &table->column[c];
        if (!column->left_out && column->drop > 0 && (!worst || column->drop > worst->drop))
            worst = column;
    }
    return worst;
}

static void drop_columns(pilot_table_t *table)
{
    int most = 0;
    for (table_column_t *column;
         total_width(table, true) > (size_t)table->width && (column = to_drop(table));) {
        column->left_out = column->dropped = true;
        most = column->drop > most ? column->drop : most;
    }
    /* A wide one that had to go may leave room for narrow ones that went before it. */
    for (int drop = 1; drop <= most; drop++)
        for (size_t c = 0; c < table->columns; c++) {
            table_column_t *column = &table->column[c];
            if (!column->dropped || column->drop != drop)
                continue;
            column->left_out = false;
            column->left_out = total_width(table, true) > (size_t)table->width;
        }
}

/* The widest texts give way to each other; the first column names the row, and goes below FIRST
 * when nothing else is left. */
static void narrow_texts(pilot_table_t *table)
{
    size_t first = FIRST;
    while (total_width(table, false) > (size_t)table->width) {
        table_column_t *widest = NULL;
        for (size_t c = 0; c < table->columns; c++) {
            table_column_t *column = &table->column[c];
            if (!column->left_out && !column->right && !column->plot &&
                column->width > (c ? LEAST : first) && (!widest || column->width > widest->width))
                widest = column;
        }
        if (widest)
            widest->width--;
        else if (first > LEAST)
            first = LEAST;
        else
            return;
    }
}

void pilot_table_cut(char *text, size_t width)
{
    size_t length = strlen(text);
    if (pilot_utf8_width(text, length) <= width)
        return;
    while (length > 0 && pilot_utf8_width(text, length) > width - 1)
        do
            length--;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80);
    text[length] = '~';
    text[length + 1] = '\0';
}

static bool any_picture(const pilot_table_t *table)
{
    for (size_t row = 0; table->forest && row < table->rows; row++)
        if (pilot_forest_has(table->forest, row))
            return true;
    return false;
}

/* Pictures in what is left of the width, remarks in the place of those that there are not. */
static void fill_plot(pilot_table_t *table)
{
    size_t plot = 0, remarks = SIZE_MAX;
    for (size_t c = 0; c < table->columns; c++) {
        plot = table->column[c].plot ? c : plot;
        remarks = table->column[c].remarks ? c : remarks;
    }
    size_t total = total_width(table, false), room = (size_t)table->width;
    size_t width = table->column[plot].width + (room > total ? room - total : 0);
    width = width < PILOT_FOREST_MOST ? width : PILOT_FOREST_MOST;
    table->column[plot].width = width;
    for (size_t row = 0; row < table->rows; row++) {
        char **cell = &table->cell[row * table->columns];
        free(cell[plot]);
        cell[plot] = pilot_forest_draw(table->forest, row, width);
        if (!cell[plot] && remarks != SIZE_MAX) {
            cell[plot] = cell[remarks];
            cell[remarks] = NULL;
        }
    }
}

static void fit(pilot_table_t *table)
{
    bool plot = any_picture(table);
    measure(table, plot);
    drop_columns(table);
    narrow_texts(table);
    if (plot &&
        (!pilot_table_has_plot(table) || total_width(table, false) > (size_t)table->width)) {
        plot = false;
        measure(table, false);
        drop_columns(table);
        narrow_texts(table);
    }
    if (plot)
        fill_plot(table);
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        const table_column_t *column = &table->column[i % table->columns];
        if (table->cell[i] && !column->right)
            pilot_table_cut(table->cell[i], column->width);
    }
}

/* ---- printing -----------------------------------------------------------------------------------
 */

static bool fill(const pilot_table_t *table, struct libscols_table *out)
{
    bool sound = true;
    for (size_t c = 0; c < table->columns; c++) {
        const table_column_t *column = &table->column[c];
        int flags = column->right ? SCOLS_FL_RIGHT : SCOLS_FL_TRUNC;
        if (!column->left_out)
            sound = sound && scols_table_new_column(out, column->header, 0, flags);
    }
    for (size_t row = 0; sound && row < table->rows; row++) {
        struct libscols_line *line = scols_table_new_line(out, NULL);
        size_t at = 0;
        for (size_t c = 0; line && sound && c < table->columns; c++)
            if (!table->column[c].left_out)
                sound = scols_line_set_data(line, at++, cell_text(table, row, c)) == 0;
        sound = sound && line;
    }
    return sound;
}

/* Headings go through no library: what a terminal could take as a command becomes '?'. */
static void print_heading(const char *heading, bool first, FILE *out)
{
    if (!first)
        fputc('\n', out);
    for (const char *c = heading; *c; c++)
        fputc((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c, out);
    fputc('\n', out);
}

static void print_line(const char **text, FILE *out)
{
    const char *end = strchrnul(*text, '\n');
    const char *last = end;
    while (last > *text && last[-1] == ' ')
        last--;
    fwrite(*text, 1, (size_t)(last - *text), out);
    fputc('\n', out);
    *text = *end ? end + 1 : end;
}

static void print_note(const char *note, FILE *out)
{
    for (const char *c = note; *c; c++)
        fputc(((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7f ? '?' : *c, out);
    fputc('\n', out);
}

/* Beneath a group's last row the axis of its plot. */
static void print_axis(const pilot_table_t *table, size_t row, FILE *out)
{
    size_t before = 0, c = 0;
    if (!pilot_table_has_plot(table))
        return;
    for (; !table->column[c].plot; c++)
        before += table->column[c].left_out ? 0 : table->column[c].width + GAP;
    char *axis PILOT_AUTOFREE = pilot_forest_axis(table->forest, row, table->column[c].width);
    if (axis)
        fprintf(out, "%*s%s\n", (int)before, "", axis);
}

static void print_lines(const pilot_table_t *table, const char *text, FILE *out)
{
    print_line(&text, out); /* the header */
    const char *current = NULL;
    for (size_t row = 0; row < table->rows; row++) {
        const table_heading_t *heading = &table->heading[row];
        if (heading->key && (!current || strcmp(current, heading->key) != 0))
            print_heading(heading->shown, false, out);
        current = heading->key;
        print_line(&text, out);
        print_axis(table, row, out);
        if (heading->note)
            print_note(heading->note, out);
    }
}

pilot_status_t pilot_table_print(pilot_table_t *table, FILE *out, pilot_error_t *error)
{
    pilot_table_row(table); /* completes the last row */
    table->rows--;
    fit(table);
    struct libscols_table *lines = scols_new_table();
    bool sound = lines && scols_table_enable_noencoding(lines, 0) == 0 &&
                 scols_table_set_column_separator(lines, "  ") == 0 &&
                 scols_table_set_termforce(lines, SCOLS_TERMFORCE_ALWAYS) == 0 &&
                 scols_table_set_termwidth(lines, (size_t)table->width) == 0 && fill(table, lines);
    char *text = NULL;
    if (sound && table->rows > 0)
        sound = scols_print_table_to_string(lines, &text) == 0 && text;
    if (text)
        print_lines(table, text, out);
    free(text);
    scols_unref_table(lines);
    return sound ? PILOT_OK : pilot_error_set(error, PILOT_E_BUG, "a table cannot be drawn");
}
