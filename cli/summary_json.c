/* What a program is told of an intake. */
#include <inttypes.h>
#include <string.h>

#include "summary_print.h"

static void append_text(pilot_text_t *json, const char *text)
{
    if (text && text[0])
        pilot_text_append_json(json, text, strlen(text));
    else
        pilot_text_append(json, "null");
}

static void append_number(pilot_text_t *json, const char *key, bool given, int64_t value)
{
    pilot_text_appendf(json, ",\"%s\":", key);
    if (given)
        pilot_text_appendf(json, "%" PRId64, value);
    else
        pilot_text_append(json, "null");
}

static void append_previous(pilot_text_t *json, const pilot_intake_agency_t *agency,
                            const pilot_intake_layout_t *layout)
{
    const pilot_previous_t *previous = &agency->previous;
    pilot_text_append(json, ",\"previous\":");
    if (previous->revision == 0) {
        pilot_text_append(json, "null");
        return;
    }
    pilot_text_appendf(json, "{\"revision\":%d,\"rows\":%" PRIu64, previous->revision,
                       previous->rows);
    append_number(json, "units_added", agency->units_added >= 0, agency->units_added);
    append_number(json, "units_removed", agency->units_added >= 0, agency->units_removed);
    pilot_text_append(json, ",\"summary\":");
    if (previous->summary)
        pilot_summary_json(previous->summary, layout, json);
    else
        pilot_text_append(json, "null");
    pilot_text_append_char(json, '}');
}

static void append_agency(pilot_text_t *json, const pilot_intake_agency_t *agency,
                          const pilot_intake_layout_t *layout)
{
    pilot_text_append(json, "{\"agency\":");
    pilot_text_append_json(json, agency->name, strlen(agency->name));
    append_number(json, "revision", agency->revision > 0, agency->revision);
    pilot_text_appendf(json, ",\"unchanged\":%s,\"rows\":%" PRIu64 ",\"content_sha256\":",
                       agency->unchanged ? "true" : "false", agency->rows);
    append_text(json, agency->content_sha256);
    pilot_text_append(json, ",\"summary\":");
    if (agency->summary)
        pilot_summary_json(agency->summary, layout, json);
    else
        pilot_text_append(json, "null");
    append_previous(json, agency, layout);
    pilot_text_append(json, ",\"warnings\":");
    pilot_warnings_json(&agency->warnings, json);
    pilot_text_append_char(json, '}');
}

/* As the last line for people has it; a check says accepted of what is valid. */
static const char *verdict_of(const pilot_intake_result_t *result)
{
    if (pilot_problems_total(result->problems) > 0)
        return "rejected";
    size_t unchanged = 0;
    for (size_t i = 0; i < result->agencies; i++)
        unchanged += result->agency[i].unchanged;
    if (result->stored == 0 && unchanged > 0)
        return "unchanged";
    return pilot_summary_warnings(result) > 0 ? "accepted_with_warnings" : "accepted";
}

void pilot_summary_result_json(const pilot_intake_result_t *result, const pilot_plan_t *plan,
                               bool dry_run, pilot_text_t *json)
{
    pilot_intake_layout_t layout;
    pilot_intake_layout_init(&layout, plan);
    pilot_text_append(json, "{\"pilot\":");
    append_text(json, plan->pilot);
    pilot_text_appendf(json, ",\"verdict\":\"%s\",\"dry_run\":%s", verdict_of(result),
                       dry_run ? "true" : "false");
    append_number(json, "rows", true, (int64_t)result->rows);
    append_number(json, "agencies_stored", true, (int64_t)result->stored);
    pilot_text_append(json, ",\"file_sha256\":");
    append_text(json, result->file_sha256);
    pilot_text_append(json, ",\"agencies\":[");
    for (size_t i = 0; i < result->agencies; i++) {
        pilot_text_append(json, i > 0 ? ",\n" : "\n");
        append_agency(json, &result->agency[i], &layout);
    }
    pilot_text_append(json, "],\"problems\":");
    if (pilot_problems_total(result->problems) > 0)
        pilot_problems_json(result->problems, json);
    else
        pilot_text_append(json, "[]");
    pilot_text_append(json, "}\n");
    pilot_intake_layout_clear(&layout);
}
