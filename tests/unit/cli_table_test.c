#include "../../cli/table.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "../../cli/progress.h"
#include "../../cli/view.h"
#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/text.h"

static char *print(pilot_table_t *table)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    pilot_error_t error;
    ok(pilot_table_print(table, out, &error) == PILOT_OK, "a table prints");
    fclose(out);
    pilot_table_free(table);
    return text;
}

static pilot_table_t *make(int width)
{
    pilot_table_t *table = pilot_table_new(width);
    pilot_table_column(table, "agency", false, 0);
    pilot_table_column(table, "effect", true, 0);
    pilot_table_column(table, "extra", true, 2);
    pilot_table_column(table, "more", true, 1);
    return table;
}

static void test_fitting(void)
{
    pilot_table_t *table = make(30);
    pilot_table_row(table);
    pilot_table_heading(table, pilot_strdup("first"), pilot_strdup("first"));
    pilot_table_cell_text(table, "north");
    pilot_table_cell_text(table, "1.5");
    pilot_table_cell_text(table, "123456789");
    pilot_table_cell_text(table, "12");
    pilot_table_row(table);
    pilot_table_heading(table, pilot_strdup("first"), pilot_strdup("first"));
    pilot_table_cell_text(table, "south");
    pilot_table_row(table);
    pilot_table_heading(table, pilot_strdup("second"), pilot_strdup("second"));
    pilot_table_cell_text(table, "west");
    char *text = print(table);
    is_text(text, "agency  effect  more\n\nfirst\nnorth      1.5    12\nsouth\n\nsecond\nwest\n",
            "the column to drop goes, rows stand under headings, no blanks at line ends");
    free(text);

    table = pilot_table_new(20);
    pilot_table_column(table, "agency", false, 0);
    pilot_table_column(table, "df", true, 2);
    pilot_table_column(table, "note", true, 1);
    pilot_table_row(table);
    pilot_table_cell_text(table, "north");
    pilot_table_cell_text(table, "12");
    pilot_table_cell_text(table, "wider than the line");
    text = print(table);
    is_text(text, "agency  df\nnorth   12\n", "a column comes back when a wider one had to go");
    free(text);
}

static void test_terminal(void)
{
    pilot_table_t *table = make(80);
    pilot_table_row(table);
    pilot_table_cell_text(table, "a\x1b[31mb");
    char *text = print(table);
    ok(!strchr(text, '\x1b'), "no cell can command the terminal");
    ok(!strstr(text, "effect"), "a column with nothing in it is left out");
    free(text);

    table = make(80);
    pilot_table_row(table);
    pilot_table_heading(table, pilot_strdup("bad\x1b[2Jheading"),
                        pilot_strdup("bad\x1b[2Jheading"));
    pilot_table_cell_text(table, "x");
    text = print(table);
    ok(!strchr(text, '\x1b'), "no heading can either");
    free(text);
}

static void test_cutting(void)
{
    pilot_table_t *table = pilot_table_new(20);
    pilot_table_column(table, "agency", false, 0);
    pilot_table_column(table, "effect", true, 0);
    pilot_table_row(table);
    pilot_table_cell_text(table, "a name that is much longer than the line");
    pilot_table_cell_text(table, "1.5");
    char *text = print(table);
    is_text(text, "agency        effect\na name that~     1.5\n",
            "a long text is cut, and tells so");
    free(text);

    table = pilot_table_new(20);
    pilot_table_column(table, "agency", false, 0);
    pilot_table_row(table);
    pilot_table_cell_text(table,
                          "\xc3\x84\xc3\x96\xc3\x9c\xc3\x84\xc3\x96\xc3\x9c\xc3\x84\xc3\x96"
                          "\xc3\x9c\xc3\x84\xc3\x96\xc3\x9c\xc3\x84\xc3\x96\xc3\x9c\xc3\x84"
                          "\xc3\x96\xc3\x9c\xc3\x84\xc3\x96\xc3\x9c\xc3\x84\xc3\x96\xc3\x9c");
    text = print(table);
    ok(pilot_utf8_valid(text, strlen(text), NULL), "and never within a character");
    free(text);

    text = print(make(80));
    is_text(text, "", "no rows: nothing");
    free(text);
}

static void test_views(void)
{
    ok(pilot_view_find("effects") && pilot_view_find("submissions"), "views are found");
    ok(!pilot_view_find("nothing"), "others are not");
    pilot_text_t sql = PILOT_TEXT_INIT;
    const pilot_view_t *comparison = pilot_view_find("comparison");
    pilot_view_sql(comparison, (pilot_view_rows_t){.for_people = true}, &sql);
    ok(strstr(sql.data, "AND headline AND reason IS DISTINCT FROM 'outcome_type' ORDER BY"),
       "people see the headline, of estimators that fit the outcome");
    pilot_text_reset(&sql);
    pilot_view_sql(comparison, (pilot_view_rows_t){.for_people = true, .all = true}, &sql);
    ok(!strstr(sql.data, "AND headline"), "and with --all everything");
    pilot_text_reset(&sql);
    pilot_view_sql(comparison, (pilot_view_rows_t){0}, &sql);
    ok(!strstr(sql.data, "AND headline"), "programs always see everything");
    pilot_text_reset(&sql);
    pilot_view_sql(pilot_view_find("quality"), (pilot_view_rows_t){.alarms = true}, &sql);
    ok(strstr(sql.data, "AND alarm ORDER BY"), "but for --alarms");
    pilot_text_clear(&sql);
    static const char *const names[] = {"effects", "comparison", "agencies",
                                        "quality", "curves",     "submissions"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const pilot_view_t *view = pilot_view_find(names[i]);
        bool known = true;
        for (const pilot_view_cell_t *cell = view->cell; cell->header; cell++)
            known = known && pilot_view_index(view, cell->a) >= 0 &&
                    (!cell->b || pilot_view_index(view, cell->b) >= 0) &&
                    (!cell->c || pilot_view_index(view, cell->c) >= 0);
        ok(known, "every cell of %s shows columns that it has", names[i]);
    }
}

static void test_progress(void)
{
    char line[160];
    pilot_progress_line(line, sizeof line, 0, 0, 0, 0);
    is_text(line, "planning", "before there are jobs");
    pilot_progress_line(line, sizeof line, 12, 48, 0, 2000);
    is_text(line, "[######..................] 12/48 jobs  6.0/s  0:06 left", "a quarter done");
    pilot_progress_line(line, sizeof line, 100, 100, 2, 1000);
    is_text(line, "[########################] 100/100 jobs, 2 failed  100/s  0:00 left",
            "all done, some failed");
    pilot_progress_line(line, sizeof line, 0, 5, 0, 100);
    is_text(line, "[........................] 0/5 jobs", "no rate before the first job");
}

int main(void)
{
    setlocale(LC_CTYPE, "");
    test_fitting();
    test_terminal();
    test_cutting();
    test_views();
    test_progress();
    return tap_done();
}
