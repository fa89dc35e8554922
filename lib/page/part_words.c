/* part_words.c - the parts that are words above all: summary, alarms, checks, plan, methods,
 * origin. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "row_csv.h"
#include "parts.h"
#include "pilot/memory.h"
#include "say.h"
#include "writer.h"

void page_say(pilot_page_t *page, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        pilot_out_of_memory();
    pilot_page_paragraph(page, text);
    free(text);
}

char *page_note_of(const char *status, const char *reason, const char *detail)
{
    if (page_text_is(status, "suppressed"))
        return pilot_strdup("suppressed: too few units to be shown");
    if (reason)
        return pilot_format("%s (%s)", page_reason_words(reason), reason);
    if (status && strcmp(status, "ok") != 0)
        return pilot_format("%s%s%s", status, detail ? ": " : "", detail ? detail : "");
    return NULL;
}

/* ---- summary --------------------------------------------------------------------------------- */

/* The first sentence stands out: the contrast and its verdict.  Details of it follow. */
static void write_verdict(pilot_page_t *page, const pilot_sentence_t *sentence,
                          const pilot_sentence_t *end)
{
    const char *stop = strstr(sentence->text, ". ");
    size_t length = stop ? (size_t)(stop - sentence->text) + 1 : strlen(sentence->text);
    char *first PILOT_AUTOFREE = pilot_strndup(sentence->text, length);
    bool html = page_is_html(page);
    pilot_text_append(page->out, !html ? "- **"
                                 : sentence->verdict == PILOT_VERDICT_BENEFIT
                                     ? "<li class=\"good\"><b>"
                                 : sentence->verdict == PILOT_VERDICT_HARM ? "<li class=\"bad\"><b>"
                                                                           : "<li><b>");
    page_text(page, first);
    pilot_text_append(page->out, html ? "</b> " : "** ");
    page_text(page, sentence->text + length + (stop ? 1 : 0));
    for (const pilot_sentence_t *next = sentence + 1;
         next < end && next->kind == PILOT_SENTENCE_DETAIL; next++) {
        pilot_text_append(page->out, html ? "<p>" : "\n  - ");
        page_text(page, next->text);
        pilot_text_append(page->out, html ? "</p>" : "");
    }
    pilot_text_append(page->out, html ? "</li>\n" : "\n");
}

static bool any_of(const pilot_summary_t *summary, pilot_sentence_kind_t kind)
{
    for (size_t i = 0; i < summary->count; i++)
        if (summary->sentence[i].kind == kind)
            return true;
    return false;
}

static void write_kind(pilot_page_t *page, const pilot_summary_t *summary,
                       pilot_sentence_kind_t kind)
{
    if (!any_of(summary, kind))
        return;
    if (kind == PILOT_SENTENCE_HEADLINE)
        pilot_page_raw(page, "<ul class=\"verdicts\">\n");
    else if (kind != PILOT_SENTENCE_WARNING)
        pilot_page_list_begin(page);
    for (size_t i = 0; i < summary->count; i++) {
        const pilot_sentence_t *sentence = &summary->sentence[i];
        if (sentence->kind != kind)
            continue;
        if (kind == PILOT_SENTENCE_WARNING)
            pilot_page_alert(page, sentence->text);
        else if (kind == PILOT_SENTENCE_HEADLINE)
            write_verdict(page, sentence, summary->sentence + summary->count);
        else
            pilot_page_item(page, sentence->text);
    }
    if (kind != PILOT_SENTENCE_WARNING)
        pilot_page_list_end(page);
}

void page_part_summary(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    pilot_summary_t summary;
    pilot_summarize(evaluation, &summary);
    pilot_page_section_begin(page, "summary", "Summary");
    write_kind(page, &summary, PILOT_SENTENCE_WARNING);
    write_kind(page, &summary, PILOT_SENTENCE_HEADLINE);
    if (!any_of(&summary, PILOT_SENTENCE_HEADLINE))
        pilot_page_paragraph(page, "There is no effect on a primary outcome to tell of.");
    write_kind(page, &summary, PILOT_SENTENCE_FINDING);
    write_kind(page, &summary, PILOT_SENTENCE_REMARK);
    pilot_page_section_end(page);
    pilot_summary_clear(&summary);
}

/* ---- quality --------------------------------------------------------------------------------- */

#define MOST_ALARMS 300

static const pilot_page_column_t alarm_columns[] = {
    {"Agency", false}, {"What", false}, {"Arm", false}, {"Variable", false},
    {"Value", true},   {"p", true},     {"More", false}};

static void alarm_row(pilot_page_table_t *table, const pilot_quality_row_t *row)
{
    pilot_page_table_cell(table, row->agency ? row->agency : "(all together)");
    pilot_page_table_cell(table, page_check_words(row->check));
    pilot_page_table_cell(table, row->arm);
    pilot_page_table_cell(table, row->variable);
    pilot_page_table_take(table, pilot_figure_text(row->value, (pilot_figure_t){0}));
    pilot_page_table_take(table, pilot_figure_p(row->p_value));
    pilot_page_table_cell(table, row->detail);
}

static size_t alarm_table(pilot_page_t *page, const pilot_evaluation_t *evaluation, bool agencies,
                          const pilot_text_t *csv)
{
    size_t count = 0;
    pilot_page_table_t *table = pilot_page_table_new(
        agencies ? "alarms-of-agencies" : "alarms",
        agencies ? "Checks that ring in single agencies" : "Checks of all data together that ring",
        alarm_columns, sizeof alarm_columns / sizeof *alarm_columns);
    for (size_t i = 0; i < evaluation->quality_count; i++) {
        const pilot_quality_row_t *row = &evaluation->quality[i];
        if (row->alarm && (row->agency != NULL) == agencies && count++ < MOST_ALARMS)
            alarm_row(table, row);
    }
    if (agencies) {
        pilot_page_table_csv(table, csv);
        pilot_page_table_search(table, "Find an agency");
    }
    pilot_page_table_end(page, table);
    return count;
}

void page_part_alarms(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    pilot_page_section_begin(page, "alarms", "Quality alarms");
    char *said PILOT_AUTOFREE = pilot_say_alarms(evaluation);
    pilot_page_paragraph(page, said                   ? said
                               : evaluation->released ? "No quality check rings whose numbers are "
                                                        "shown."
                                                      : "No quality check rings.");
    if (said) {
        pilot_text_t csv = PILOT_TEXT_INIT;
        page_csv_quality(evaluation, true, &csv);
        alarm_table(page, evaluation, false, NULL);
        pilot_page_details_begin(page, "In single agencies");
        size_t count = alarm_table(page, evaluation, true, &csv);
        if (count > MOST_ALARMS)
            page_say(page, "These are the first %d of %zu.", MOST_ALARMS, count);
        else if (count == 0)
            pilot_page_paragraph(page, "None.");
        pilot_page_details_end(page);
        pilot_text_clear(&csv);
    }
    char *missing PILOT_AUTOFREE = pilot_say_missing(evaluation);
    if (missing)
        pilot_page_paragraph(page, missing);
    pilot_page_section_end(page);
}

void page_part_checks(pilot_page_t *page, const pilot_evaluation_t *evaluation)
{
    static const pilot_page_column_t columns[] = {
        {"Check", false}, {"Arm", false}, {"Variable", false}, {"Value", true}, {"Statistic", true},
        {"df", true},     {"p", true},    {"Rings", false},    {"More", false}};
    pilot_page_table_t *table =
        pilot_page_table_new("quality", "Quality checks of all data together", columns,
                             sizeof columns / sizeof *columns);
    size_t count = 0;
    pilot_figure_t hundredth = {.value = 0.1, .given = true}, none = {0};
    for (size_t i = 0; i < evaluation->quality_count; i++) {
        const pilot_quality_row_t *row = &evaluation->quality[i];
        if (row->agency)
            continue;
        count++;
        pilot_page_table_cell(table, row->check);
        pilot_page_table_cell(table, row->arm);
        pilot_page_table_cell(table, row->variable);
        pilot_page_table_take(table, pilot_figure_text(row->value, none));
        pilot_page_table_take(table, pilot_figure_text(row->statistic, hundredth));
        pilot_page_table_take(table, pilot_figure_text(row->df, none));
        pilot_page_table_take(table, pilot_figure_p(row->p_value));
        pilot_page_table_cell(table, row->alarm ? "yes" : "");
        pilot_page_table_cell(table, row->detail);
    }
    pilot_text_t csv = PILOT_TEXT_INIT;
    page_csv_quality(evaluation, false, &csv);
    pilot_page_table_csv(table, &csv);
    if (count > 0) {
        pilot_page_section_begin(page, "checks", "All quality checks");
        pilot_page_details_begin(page, "Checks of all data together");
    }
    pilot_page_table_end(page, table);
    if (count > 0) {
        pilot_page_details_end(page);
        pilot_page_section_end(page);
    }
    pilot_text_clear(&csv);
}
