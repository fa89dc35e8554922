#include "pilots_print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "pilot/memory.h"
#include "table.h"

/* ---- for programs -------------------------------------------------------------------------------
 */

static const char *const names[] = {
    "by",       "group",     "pilot", "analysis",  "confirmatory", "outcomes", "pilots",  "k",
    "estimate", "std_error", "df",    "statistic", "p_value",      "ci_low",   "ci_high", "pi_low",
    "pi_high",  "tau2",      "i2",    "status",    "reason",       "detail"};
enum { COLUMNS = sizeof names / sizeof *names, FIRST_BARE = 6, LAST_BARE = 18 };

static bool is_bare(size_t column)
{
    return column == 3 || column == 4 || (column >= FIRST_BARE && column <= LAST_BARE);
}

/* Texts of a row; NULL: nothing. */
typedef struct texts {
    char *text[COLUMNS];
} texts_t;

static void texts_clear(texts_t *texts)
{
    for (size_t i = 0; i < COLUMNS; i++)
        free(texts->text[i]);
}

static char *number_text(pilot_number_t number)
{
    char buffer[PILOT_DOUBLE_SIZE];
    if (!number.given)
        return NULL;
    pilot_double_format(number.value, buffer);
    return pilot_strdup(buffer);
}

static char *copy(const char *text)
{
    return text && text[0] ? pilot_strdup(text) : NULL;
}

static const pilot_pilots_source_t *source_of(const pilot_pilots_table_t *table, const char *pilot)
{
    for (size_t i = 0; pilot && i < table->sources; i++)
        if (strcmp(table->source[i].pilot, pilot) == 0)
            return &table->source[i];
    return NULL;
}

static void take_source(const pilot_pilots_source_t *source, texts_t *texts)
{
    if (!source || source->analysis == 0)
        return;
    texts->text[3] = pilot_format("%" PRId64, source->analysis);
    texts->text[4] = pilot_strdup(source->confirmatory ? "true" : "false");
    texts->text[5] = copy(source->outcomes);
}

static texts_t row_texts(const pilot_pilots_table_t *table, const pilot_pilots_row_t *row)
{
    const pilot_meta_row_t *pooled = &row->pooled;
    const pilot_number_t number[] = {pooled->estimate,  pooled->std_error, pooled->df,
                                     pooled->statistic, pooled->p_value,   pooled->ci_low,
                                     pooled->ci_high,   pooled->pi_low,    pooled->pi_high,
                                     pooled->tau2,      pooled->i2};
    texts_t texts = {{copy(table->by), copy(row->group), copy(row->pilot)}};
    take_source(source_of(table, row->pilot), &texts);
    texts.text[FIRST_BARE] = pilot_format("%zu", row->pilots);
    texts.text[FIRST_BARE + 1] = pilot_format("%zu", pooled->k);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        texts.text[FIRST_BARE + 2 + i] = number_text(number[i]);
    texts.text[LAST_BARE + 1] = copy(pilot_row_status_name(pooled->status));
    texts.text[LAST_BARE + 2] = copy(pilot_reason_name(pooled->reason));
    texts.text[LAST_BARE + 3] = copy(pooled->detail);
    return texts;
}

static texts_t lacking_texts(const pilot_pilots_table_t *table, const pilot_pilots_source_t *source)
{
    texts_t texts = {{copy(table->by), NULL, copy(source->pilot)}};
    take_source(source, &texts);
    texts.text[FIRST_BARE] = pilot_strdup("0");
    texts.text[FIRST_BARE + 1] = pilot_strdup("0");
    texts.text[LAST_BARE + 1] = pilot_strdup(pilot_row_status_name(PILOT_ROW_NOT_ESTIMABLE));
    texts.text[LAST_BARE + 3] = copy(source->reason);
    return texts;
}

static void write_csv(const texts_t *texts, FILE *out)
{
    pilot_text_t line = PILOT_TEXT_INIT;
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *text = texts->text[i] ? texts->text[i] : "";
        if (i)
            pilot_text_append_char(&line, ',');
        pilot_text_append_csv(&line, text, strlen(text));
    }
    fprintf(out, "%s\n", line.data);
    pilot_text_clear(&line);
}

static void write_object(const texts_t *texts, FILE *out)
{
    pilot_text_t line = PILOT_TEXT_INIT;
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *text = texts->text[i];
        pilot_text_appendf(&line, "%s\"%s\":", i ? "," : "{", names[i]);
        if (!text)
            pilot_text_append(&line, "null");
        else if (is_bare(i))
            pilot_text_append(&line, text);
        else
            pilot_text_append_json(&line, text, strlen(text));
    }
    fprintf(out, "%s}", line.data);
    pilot_text_clear(&line);
}

static void write_one(texts_t texts, const char *format, size_t *written, FILE *out)
{
    if (strcmp(format, "csv") == 0) {
        write_csv(&texts, out);
    } else {
        bool lines = strcmp(format, "jsonl") == 0;
        fputs(lines ? "" : *written ? ",\n" : "\n", out);
        write_object(&texts, out);
        fputs(lines ? "\n" : "", out);
    }
    ++*written;
    texts_clear(&texts);
}

void pilot_pilots_write(const pilot_pilots_table_t *table, const char *format, FILE *out)
{
    size_t written = 0;
    if (strcmp(format, "csv") == 0)
        for (size_t i = 0; i < COLUMNS; i++)
            fprintf(out, "%s%s", names[i], i + 1 < COLUMNS ? "," : "\n");
    if (strcmp(format, "json") == 0)
        fputc('[', out);
    for (size_t i = 0; i < table->rows; i++)
        write_one(row_texts(table, &table->row[i]), format, &written, out);
    for (size_t i = 0; i < table->sources; i++)
        if (table->source[i].reason)
            write_one(lacking_texts(table, &table->source[i]), format, &written, out);
    if (strcmp(format, "json") == 0)
        fputs(written ? "\n]\n" : "]\n", out);
}

/* ---- for people ---------------------------------------------------------------------------------
 */

/* "mechanism = autonomy"; caller frees.  NULL: there are no groups. */
static char *heading_of(const pilot_pilots_table_t *table, const pilot_pilots_row_t *row)
{
    if (strcmp(table->by, "pilot") == 0)
        return NULL;
    return row->group ? pilot_format("%s = %s", table->by, row->group)
                      : pilot_strdup("all of these");
}

static pilot_forest_row_t forest_row(const pilot_pilots_row_t *row)
{
    const pilot_meta_row_t *pooled = &row->pooled;
    bool answer = row->pilot == NULL;
    return (pilot_forest_row_t){.estimate = pooled->estimate,
                                .low = pooled->ci_low,
                                .high = pooled->ci_high,
                                .predicted_low = answer ? pooled->pi_low : PILOT_ABSENT,
                                .predicted_high = answer ? pooled->pi_high : PILOT_ABSENT,
                                .weight = answer ? 0 : (double)pooled->k,
                                .pooled = answer};
}

static char *interval_of(pilot_number_t low, pilot_number_t high)
{
    char *texts[] = {number_text(low), number_text(high)};
    char *shown = pilot_show_interval(texts[0], texts[1], "0.1");
    free(texts[0]);
    free(texts[1]);
    return shown;
}

static void add_numbers(pilot_table_t *table, const pilot_meta_row_t *pooled)
{
    char *estimate PILOT_AUTOFREE = number_text(pooled->estimate);
    char *tau2 PILOT_AUTOFREE = number_text(pooled->tau2);
    char *i2 PILOT_AUTOFREE = number_text(pooled->i2);
    pilot_table_cell(table, pilot_format("%zu", pooled->k));
    pilot_table_cell(table, pilot_show_number(estimate, "0.1"));
    pilot_table_cell(table, interval_of(pooled->ci_low, pooled->ci_high));
    pilot_table_cell(table, interval_of(pooled->pi_low, pooled->pi_high));
    pilot_table_cell(table, pilot_show_root(tau2, "0.1"));
    pilot_table_cell(table, pilot_show_percent(i2));
    pilot_table_cell(table, NULL);
}

/* Beneath a group, in words and numbers, what the plot says with dots. */
static char *note_of(const pilot_meta_row_t *pooled, bool utf8)
{
    char *tau2 PILOT_AUTOFREE = number_text(pooled->tau2);
    char *tau PILOT_AUTOFREE = pilot_show_root(tau2, "0.1");
    char *prediction PILOT_AUTOFREE = interval_of(pooled->pi_low, pooled->pi_high);
    if (!tau)
        return NULL;
    return pilot_format("%s%s%s%s %s", prediction ? "a new agency: " : "",
                        prediction ? prediction : "", prediction ? "; " : "", utf8 ? "τ" : "tau",
                        tau);
}

static void add_row(const pilot_pilots_table_t *pilots, size_t at, bool utf8, pilot_table_t *table,
                    pilot_forest_t *forest)
{
    const pilot_pilots_row_t *row = &pilots->row[at];
    const pilot_pilots_source_t *source = source_of(pilots, row->pilot);
    pilot_forest_row_t drawn = forest_row(row);
    char *heading = heading_of(pilots, row);
    bool begins = at == 0 || pilots->row[at - 1].pilot == NULL;
    pilot_table_row(table);
    pilot_table_heading(table, heading ? pilot_strdup(heading) : NULL, heading);
    pilot_forest_add(forest, &drawn, begins);
    pilot_table_cell_text(table, row->pilot ? row->pilot : "(pooled)");
    add_numbers(table, &row->pooled);
    if (row->pooled.reason != PILOT_REASON_NONE && !row->pooled.ci_low.given)
        pilot_table_cell_text(table, pilot_reason_name(row->pooled.reason));
    else if (source && !source->confirmatory)
        pilot_table_cell_text(table, "not confirmatory");
    char *note = row->pilot ? NULL : note_of(&row->pooled, utf8);
    if (note)
        pilot_table_note(table, note);
}

pilot_status_t pilot_pilots_show(const pilot_pilots_table_t *pilots, int width, bool utf8,
                                 FILE *out, pilot_error_t *error)
{
    pilot_table_t *table = pilot_table_new(width);
    pilot_forest_t *forest = pilot_forest_new(utf8);
    pilot_table_column(table, "pilot", false, 0);
    pilot_table_column(table, "k", true, 0);
    pilot_table_column(table, "effect", true, 0);
    pilot_table_column(table, "interval", true, 0);
    pilot_table_column(table, "prediction", true, 4);
    pilot_table_column(table, utf8 ? "τ" : "tau", true, 3);
    pilot_table_column(table, utf8 ? "I²" : "I2", true, 2);
    pilot_table_plot(table, forest, 1);
    pilot_table_remarks(table, "note");
    for (size_t i = 0; i < pilots->rows; i++)
        add_row(pilots, i, utf8, table, forest);
    pilot_status_t status = pilot_table_print(table, out, error);
    if (!status && pilot_table_has_plot(table)) {
        char *legend PILOT_AUTOFREE = pilot_forest_legend(forest);
        fprintf(out, "\n%s\n", legend);
    }
    if (!status && pilots->rows > 0)
        fputs("in standard deviations of each pilot's control group; more is better\n", out);
    pilot_table_free(table);
    pilot_forest_free(forest);
    return status;
}
