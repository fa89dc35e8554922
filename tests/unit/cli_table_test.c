#include "../../cli/table.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../cli/convention_note.h"
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

/* Rows of results.conventions: convention and what the note reads. */
static PGresult *conventions(const char *const (*row)[3], const char *clusters, int rows)
{
    static char names[][16] = {"convention", "std_error", "df", "n", "clusters", "status"};
    PGresAttDesc column[6] = {{0}};
    for (int i = 0; i < 6; i++)
        column[i] = (PGresAttDesc){.name = names[i], .typlen = -1};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PQsetResultAttrs(result, 6, column);
    for (int i = 0; i < rows; i++) {
        const char *value[] = {row[i][0], row[i][1], row[i][2], "40", clusters, "ok"};
        for (int k = 0; k < 6; k++)
            PQsetvalue(result, i, k, (char *)value[k], value[k] ? (int)strlen(value[k]) : -1);
    }
    return result;
}

/* The note of an effect's rows, in two batches; caller frees. */
static char *note_of(const char *const (*row)[3], const char *clusters, int rows)
{
    pilot_convention_note_t note = {0};
    char *last = NULL;
    for (int i = 0; i < rows; i++) {
        PGresult *batch = conventions(row + i, clusters, 1);
        last = pilot_convention_note_take(&note, batch, 0);
        ok(!last == (i < rows - 1), "the note comes with an effect's last row");
        PQclear(batch);
    }
    return last;
}

static void test_convention_notes(void)
{
    static const char *const rows[][3] = {{"plan", "1", "35"},
                                          {"estimatr", "1", "35"},
                                          {"stata", "1.5", "35"},
                                          {"fixest", "1.5", "35"}};
    char *text = note_of(rows, NULL, 4);
    is_text(text, "HC1: HC0 x N/(N-K), 40/35; HC2: squared residuals over 1 - leverage",
            "without clusters HC1 and HC2 differ, with the row's numbers");
    free(text);
    static const char *const nested[][3] = {
        {"plan", "1", "3.2"}, {"stata", "1.5", "4"}, {"fixest", "1.25", "4"}};
    text = note_of(nested, "5", 3);
    is_text(text,
            "CR1: CR0 x (N-1)/(N-K) x S/(S-1), df S-1; CR2: by leverage, df Satterthwaite\n"
            "fixest: of block effects that are nested in clusters only one counts in K\n"
            "estimatr: CR2 is computed where the plan's std_error is auto or CR2",
            "clusters: what fixest counts, and where estimatr's is");
    free(text);

    pilot_table_t *table = make(30);
    pilot_table_row(table);
    pilot_table_heading(table, pilot_strdup("first"), pilot_strdup("first"));
    pilot_table_cell_text(table, "north");
    pilot_table_note(table, pilot_strdup("why\x1b[2J\nand more"));
    pilot_table_row(table);
    pilot_table_heading(table, pilot_strdup("second"), pilot_strdup("second"));
    pilot_table_cell_text(table, "west");
    pilot_table_note(table, NULL);
    text = print(table);
    is_text(text, "agency\n\nfirst\nnorth\nwhy?[2J\nand more\n\nsecond\nwest\n",
            "notes stand under their rows, without what commands a terminal");
    free(text);
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
    const pilot_view_t *effects = pilot_view_find("effects");
    pilot_text_reset(&sql);
    pilot_view_sql(effects, (pilot_view_rows_t){.released = true, .for_people = true}, &sql);
    ok(strstr(sql.data, "COALESCE(\"n\"::text, \"n_mark\"::text, 'z')") &&
           strstr(sql.data, "COALESCE(\"df\"::text, \"df_mark\"::text, 'z')") &&
           strstr(sql.data, "FROM dashboard.effects ") && !strstr(sql.data, "results."),
       "what is released comes from dashboard, a mark where there is no number");
    pilot_text_reset(&sql);
    pilot_view_sql(effects, (pilot_view_rows_t){.released = true, .marks = true}, &sql);
    ok(!strstr(sql.data, "COALESCE") &&
           strstr(sql.data, ", \"estimate_mark\", \"std_error_mark\", \"df_mark\", ") &&
           strstr(sql.data, ", \"clusters_mark\", \"blocks_mark\", \"control_std_dev_mark\" FROM"),
       "or marks in columns of their own, each once");
    ok(pilot_view_find("submissions")->is_public && !pilot_view_find("conventions")->is_public,
       "conventions are not released");
    pilot_text_clear(&sql);
    static const char *const names[] = {"effects", "comparison", "agencies",
                                        "quality", "curves",     "submissions"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const pilot_view_t *view = pilot_view_find(names[i]);
        bool known = true;
        for (const pilot_view_cell_t *cell = view->cell; cell->header; cell++)
            known = known &&
                    (cell->kind == PILOT_CELL_PLOT || pilot_view_index(view, cell->a) >= 0) &&
                    (!cell->b || pilot_view_index(view, cell->b) >= 0) &&
                    (!cell->c || pilot_view_index(view, cell->c) >= 0);
        ok(known, "every cell of %s shows columns that it has", names[i]);
    }
}

static void test_sorting(void)
{
    const pilot_view_t *agencies = pilot_view_find("agencies"),
                       *effects = pilot_view_find("effects");
    is_text(pilot_view_sort_column(agencies, "eb"), "eb_estimate", "eb is the shrunken estimate");
    is_text(pilot_view_sort_column(effects, "p"), "p_value", "p is the p-value");
    is_text(pilot_view_sort_column(pilot_view_find("comparison"), "name"), "outcome",
            "comparisons have an outcome's name");
    ok(!pilot_view_sort_column(effects, "eb") && !pilot_view_sort_column(effects, "estimate; x"),
       "what a view has not is not sorted by");
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_view_sql(
        agencies,
        (pilot_view_rows_t){.for_people = true, .sort = "estimate", .descending = true, .top = 3},
        &sql);
    ok(strstr(sql.data, "ORDER BY \"estimate\" DESC NULLS LAST, agency") &&
           strstr(sql.data, "WHERE sort_place <= 3 ORDER BY sort_group"),
       "rows are sorted and counted in their group, what is absent last");
    pilot_text_reset(&sql);
    pilot_view_sql(effects, (pilot_view_rows_t){.top = 2}, &sql);
    ok(strstr(sql.data, "parameter, agency IS NULL ORDER BY agency COLLATE"),
       "pooled rows are not counted among agencies'");
    pilot_text_clear(&sql);
}

/* Rows "n0", "n1", ... of which the last is pooled and one has no numbers; the third is far out. */
static pilot_table_t *plotted(int width, bool utf8, pilot_forest_t **ret_forest)
{
    static const double estimate[] = {1, -2, 0, 9, 1.5};
    static const double error[] = {0.5, 1, 0, 200, 0.4};
    pilot_forest_t *forest = pilot_forest_new(utf8);
    pilot_table_t *table = pilot_table_new(width);
    pilot_table_column(table, "agency", false, 0);
    pilot_table_column(table, "effect", true, 0);
    pilot_table_column(table, "extra", true, 2);
    pilot_table_plot(table, forest, 1);
    pilot_table_remarks(table, "note");
    for (int i = 0; i < 5; i++) {
        pilot_forest_row_t row = {.weight = i == 4 ? 0 : 1 + i, .pooled = i == 4};
        if (i != 2) {
            row.estimate = PILOT_GIVEN(estimate[i]);
            row.low = PILOT_GIVEN(estimate[i] - 2 * error[i]);
            row.high = PILOT_GIVEN(estimate[i] + 2 * error[i]);
        }
        if (i == 4) {
            row.predicted_low = PILOT_GIVEN(-3);
            row.predicted_high = PILOT_GIVEN(6);
        }
        pilot_forest_add(forest, &row, i == 0);
        pilot_table_row(table);
        pilot_table_cell(table, pilot_format("n%d", i));
        pilot_table_cell(table, i == 2 ? NULL : pilot_format("%.1f", estimate[i]));
        pilot_table_cell_text(table, "0.123456");
        pilot_table_cell(table, NULL);
        pilot_table_cell_text(table, i == 2 ? "no_units" : NULL);
    }
    *ret_forest = forest;
    return table;
}

/* Is every line at most so wide? */
static bool fits(const char *text, size_t width)
{
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        if (pilot_utf8_width(line, strcspn(line, "\n")) > width)
            return false;
    return true;
}

static void test_plot(void)
{
    pilot_forest_t *forest;
    for (int width = 40; width <= 140; width += 20) {
        char *text = print(plotted(width, true, &forest));
        ok(fits(text, (size_t)width), "a plot fits %d columns", width);
        ok(strstr(text, "◆") && strstr(text, "┄") && (strstr(text, "│") || strstr(text, "┼")),
           "%d columns: pooled, prediction and no effect are drawn", width);
        ok(strstr(text, "no_units"), "%d columns: what has no number says why in its place", width);
        ok(!strstr(text, "note"), "%d columns: and needs no column of its own", width);
        ok(strstr(text, "→") || strstr(text, "←"), "%d columns: what reaches far has arrows",
           width);
        free(text);
        pilot_forest_free(forest);
    }
    char *text = print(plotted(30, true, &forest));
    ok(!strstr(text, "◆") && strstr(text, "no_units") && fits(text, 30),
       "at 30 columns there is no plot, and the note has its column");
    free(text);
    char *legend = pilot_forest_legend(forest);
    is_text(legend, "▃-█ effect by weight, ─ interval, ◆ pooled, ━ interval, ┄ prediction",
            "the legend tells the signs that are used");
    free(legend);
    pilot_forest_free(forest);
    text = print(plotted(80, false, &forest));
    bool plain = true;
    for (const char *c = text; *c; c++)
        plain = plain && (unsigned char)*c < 0x80;
    ok(plain && strchr(text, '#') && strchr(text, '|'), "without UTF-8 it is plain ASCII");
    free(text);
    pilot_forest_free(forest);
}

static char *drawn(pilot_forest_row_t row, size_t width, char **ret_axis)
{
    pilot_forest_t *forest = pilot_forest_new(true);
    pilot_forest_add(forest, &row, true);
    char *text = pilot_forest_draw(forest, 0, width);
    *ret_axis = pilot_forest_axis(forest, 0, width);
    pilot_forest_free(forest);
    return text;
}

static void test_forest(void)
{
    char *axis, *text = drawn((pilot_forest_row_t){.estimate = PILOT_GIVEN(0.6931471805599453),
                                                   .low = PILOT_GIVEN(0),
                                                   .high = PILOT_GIVEN(1.3862943611198906),
                                                   .log_scale = true},
                              25, &axis);
    is_text(axis, "1 ───────────────────── 4", "of logarithms the axis tells the ratios");
    is_text(text, "┼───────────▆────────────", "and they are drawn on the log scale");
    free(text);
    free(axis);
    text = drawn((pilot_forest_row_t){.estimate = PILOT_GIVEN(0.7),
                                      .low = PILOT_GIVEN(0.6),
                                      .high = PILOT_GIVEN(0.8),
                                      .null = 0.5},
                 25, &axis);
    ok(strstr(axis, "0.5") == axis, "no effect is where the estimator has it");
    free(text);
    free(axis);
    text = drawn((pilot_forest_row_t){.low = PILOT_GIVEN(1), .high = PILOT_GIVEN(2)}, 25, &axis);
    ok(!text && !axis, "without an estimate nothing is drawn");
    text = drawn((pilot_forest_row_t){.estimate = PILOT_GIVEN(0)}, 25, &axis);
    ok(text && axis && pilot_utf8_width(text, strlen(text)) == 25,
       "an estimate of 0 without an interval has a scale too");
    free(text);
    free(axis);
    text = drawn((pilot_forest_row_t){.estimate = PILOT_GIVEN(1),
                                      .low = PILOT_GIVEN((double)-INFINITY),
                                      .high = PILOT_GIVEN((double)INFINITY)},
                 25, &axis);
    ok(text && pilot_utf8_width(text, strlen(text)) == 25, "limits beyond all numbers do no harm");
    free(text);
    free(axis);
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
    setlocale(LC_CTYPE, "C.UTF-8");
    test_fitting();
    test_convention_notes();
    test_terminal();
    test_cutting();
    test_views();
    test_sorting();
    test_plot();
    test_forest();
    test_progress();
    return tap_done();
}
