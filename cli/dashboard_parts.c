/* dashboard_parts.c - the report's sections as parts of a pilot's page, and their tables as files.
 */
#include <stdlib.h>

#include "dashboard.h"
#include "pilot/memory.h"
#include "pilot/page.h"

/* The tables of effects, agencies and checks are the dashboard's own: they have pages and links. */
static const pilot_page_part_t before[] = {PILOT_PAGE_SUMMARY, PILOT_PAGE_ALARMS};
static const pilot_page_part_t behind[] = {
    PILOT_PAGE_HETEROGENEITY, PILOT_PAGE_MODERATORS, PILOT_PAGE_PEOPLE, PILOT_PAGE_TARGETS,
    PILOT_PAGE_FLOW,          PILOT_PAGE_BALANCE,    PILOT_PAGE_CURVES, PILOT_PAGE_PLAN,
    PILOT_PAGE_METHODS,       PILOT_PAGE_ORIGIN,
};
enum { BEFORE = sizeof before / sizeof *before, BEHIND = sizeof behind / sizeof *behind };

static void write_parts(pilot_page_t *sections, const pilot_evaluation_t *evaluation,
                        const pilot_page_part_t *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pilot_page_part(sections, evaluation, parts[i]);
}

void dashboard_write_parts(dashboard_page_t *page, const pilot_evaluation_t *evaluation,
                           bool is_before)
{
    char *csv PILOT_AUTOFREE = pilot_format("%s?analysis=%lld&format=csv&table=", page->address,
                                            (long long)evaluation->analysis);
    char *json PILOT_AUTOFREE = pilot_format("%s?analysis=%lld&format=json&table=", page->address,
                                             (long long)evaluation->analysis);
    const pilot_page_links_t links = {
        .style = "/style.css", .script = "/script.js", .csv = csv, .json = json};
    pilot_page_t *sections = pilot_page_new(&page->out, PILOT_PAGE_HTML);
    pilot_page_set_links(sections, &links);
    if (is_before)
        write_parts(sections, evaluation, before, BEFORE);
    else
        write_parts(sections, evaluation, behind, BEHIND);
    pilot_page_free(sections);
}

/* ---- a table's CSV, as a file ------------------------------------------------------------------
 */

/* One field from *at on, unquoted; *at stands behind it and what ends it.  True at a line's end. */
static bool take_field(const char **at, pilot_text_t *field)
{
    const char *c = *at;
    pilot_text_reset(field);
    pilot_text_append(field, "");
    if (*c == '"') {
        for (c++; *c && (*c != '"' || c[1] == '"'); c++) {
            c += *c == '"';
            pilot_text_append_char(field, *c);
        }
        c += *c == '"';
    } else {
        size_t length = strcspn(c, ",\n");
        pilot_text_append_bytes(field, c, length);
        c += length;
    }
    bool end = *c != ',';
    *at = *c ? c + 1 : c;
    return end;
}

static void write_csv(pilot_text_t *out, const char *csv)
{
    pilot_text_t field = PILOT_TEXT_INIT;
    while (*csv) {
        bool end = take_field(&csv, &field);
        pilot_text_append_csv(out, field.data, field.length);
        pilot_text_append(out, end ? "\r\n" : ",");
    }
    pilot_text_clear(&field);
}

enum { HEADERS = 64 };

/* Texts all: what is a number and what a name that looks like one, the table does not say. */
static void write_json(pilot_text_t *out, const char *csv)
{
    char *header[HEADERS];
    size_t headers = 0, column = 0;
    pilot_text_t field = PILOT_TEXT_INIT;
    for (bool end = false; *csv && !end && headers < HEADERS;) {
        end = take_field(&csv, &field);
        header[headers++] = pilot_strndup(field.data, field.length);
    }
    pilot_text_append(out, "[\n");
    for (bool first = true; *csv; first = false) {
        pilot_text_append(out, first ? "{" : ",\n{");
        bool end = false;
        for (column = 0; *csv && !end; column++) {
            end = take_field(&csv, &field);
            if (column >= headers)
                continue;
            pilot_text_append(out, column ? "," : "");
            pilot_text_append_json(out, header[column], strlen(header[column]));
            pilot_text_append_char(out, ':');
            if (field.length)
                pilot_text_append_json(out, field.data, field.length);
            else
                pilot_text_append(out, "null");
        }
        pilot_text_append_char(out, '}');
    }
    pilot_text_append(out, "\n]\n");
    for (size_t i = 0; i < headers; i++)
        free(header[i]);
    pilot_text_clear(&field);
}

bool dashboard_part_file(dashboard_page_t *page, const pilot_evaluation_t *evaluation,
                         const char *name, bool csv)
{
    pilot_text_t ignored = PILOT_TEXT_INIT, table = PILOT_TEXT_INIT;
    const pilot_page_links_t links = {.style = "", .script = "", .csv = ""};
    pilot_page_t *sections = pilot_page_new(&ignored, PILOT_PAGE_HTML);
    pilot_page_set_links(sections, &links);
    pilot_page_take_csv(sections, name, &table);
    write_parts(sections, evaluation, before, BEFORE);
    write_parts(sections, evaluation, behind, BEHIND);
    pilot_page_free(sections);
    bool found = table.length > 0;
    if (found && csv)
        write_csv(&page->out, table.data);
    else if (found)
        write_json(&page->out, table.data);
    pilot_text_clear(&table);
    pilot_text_clear(&ignored);
    return found;
}
