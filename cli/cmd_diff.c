/* cmd_diff.c - `pilot diff PILOT`: how the plan was changed since the first launch locked it. */
#include <inttypes.h>
#include <stdlib.h>

#include "commands.h"
#include "pilot/memory.h"
#include "pilot/plan_diff.h"
#include "plan_versions.h"
#include "table.h"

typedef struct diff_request {
    const char *pilot, *format;
    int64_t from, to;
} diff_request_t;

/* ---- for people ------------------------------------------------------------------------------ */

/* A plain text without its quotes; what is not given is said.  Caller frees. */
static char *shown(const char *json)
{
    if (!json)
        return pilot_strdup("(not given)");
    size_t length = strlen(json);
    bool plain = length > 2 && json[0] == '"' && !strchr(json, '\\');
    return plain ? pilot_strndup(json + 1, length - 2) : pilot_strdup(json);
}

static void say_version(const pilot_plan_version_t *version)
{
    pilot_say("version %d: registered %s by %s, %s%s%s%s%s", version->version,
              version->registered_at, version->registered_by,
              version->submissions_before[0] == '0' ? "before any data"
                                                    : version->submissions_before,
              version->submissions_before[0] == '0' ? "" : " submissions had arrived",
              version->locked_at ? "; locked " : "", version->locked_at ? version->locked_at : "",
              version->in_force ? "; in force when data arrived" : "");
}

static pilot_status_t print_table(const pilot_context_t *context,
                                  const pilot_plan_versions_t *versions,
                                  const pilot_plan_diff_t *diff, const size_t *by,
                                  pilot_error_t *error)
{
    pilot_table_t *table = pilot_table_new(context->width);
    pilot_table_column(table, "what", false, 0);
    pilot_table_column(table, "was", false, 0);
    pilot_table_column(table, "is", false, 0);
    pilot_table_column(table, "version", true, 0);
    pilot_table_column(table, "who", false, 3);
    pilot_table_column(table, "when (UTC)", false, 2);
    pilot_table_column(table, "submissions by then", true, 1);
    for (size_t i = 0; i < diff->count; i++) {
        const pilot_plan_version_t *version = &versions->version[by[i]];
        pilot_table_row(table);
        pilot_table_cell_text(table, diff->change[i].path);
        pilot_table_cell(table, shown(diff->change[i].before));
        pilot_table_cell(table, shown(diff->change[i].after));
        pilot_table_cell(table, pilot_format("%d", version->version));
        pilot_table_cell_text(table, version->registered_by);
        pilot_table_cell_text(table, version->registered_at);
        pilot_table_cell_text(table, version->submissions_before);
    }
    pilot_status_t status = pilot_table_print(table, stdout, error);
    pilot_table_free(table);
    return status;
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void append_text(pilot_text_t *json, const char *key, const char *value)
{
    pilot_text_appendf(json, ",\"%s\":", key);
    if (value)
        pilot_text_append_json(json, value, strlen(value));
    else
        pilot_text_append(json, "null");
}

static void print_json(const pilot_plan_versions_t *versions, const pilot_plan_diff_t *diff,
                       const size_t *by)
{
    pilot_text_t json = PILOT_TEXT_INIT;
    pilot_text_append_char(&json, '[');
    for (size_t i = 0; i < diff->count; i++) {
        const pilot_plan_change_t *change = &diff->change[i];
        const pilot_plan_version_t *version = &versions->version[by[i]];
        pilot_text_append(&json, i ? ",\n{\"path\":" : "\n{\"path\":");
        pilot_text_append_json(&json, change->path, strlen(change->path));
        pilot_text_appendf(&json, ",\"change\":\"%s\"",
                           !change->before  ? "added"
                           : !change->after ? "removed"
                                            : "changed");
        pilot_text_appendf(&json, ",\"before\":%s,\"after\":%s,\"version\":%d",
                           change->before ? change->before : "null",
                           change->after ? change->after : "null", version->version);
        append_text(&json, "registered_by", version->registered_by);
        append_text(&json, "registered_at", version->registered_at);
        pilot_text_appendf(&json, ",\"submissions_before\":%s}", version->submissions_before);
    }
    pilot_text_append(&json, diff->count ? "\n]\n" : "]\n");
    fwrite(json.data, 1, json.length, stdout);
    pilot_text_clear(&json);
}

/* ---- the command ----------------------------------------------------------------------------- */

static pilot_status_t choose(const pilot_plan_versions_t *versions, const diff_request_t *request,
                             size_t *ret_from, size_t *ret_to, pilot_error_t *error)
{
    int64_t count = (int64_t)versions->count;
    if (request->from > count || request->to > count)
        return pilot_error_set(error, PILOT_E_NOT_FOUND,
                               "pilot %s has no plan version %" PRId64 "; the latest is %" PRId64,
                               request->pilot, request->from > count ? request->from : request->to,
                               count);
    *ret_from = 0;
    for (size_t i = 0; i < versions->count; i++)
        if (versions->version[i].locked_at)
            *ret_from = i;
    if (request->from)
        *ret_from = (size_t)request->from - 1;
    *ret_to = request->to ? (size_t)request->to - 1 : versions->count - 1;
    return PILOT_OK;
}

static pilot_status_t compare(const pilot_context_t *context, const diff_request_t *request,
                              const pilot_plan_versions_t *versions, pilot_error_t *error)
{
    size_t from = 0, to = 0;
    pilot_plan_diff_t diff = {0};
    pilot_status_t status = choose(versions, request, &from, &to, error);
    if (!status)
        status = pilot_plan_diff(versions->version[from].source, versions->version[to].source,
                                 &diff, error);
    PILOT_AUTOFREE size_t *by = PILOT_NEW_ARRAY(size_t, diff.count + 1);
    if (!status)
        status = pilot_plan_versions_attribute(versions, from, to, &diff, by, error);
    if (!status) {
        say_version(&versions->version[from]);
        if (to != from)
            say_version(&versions->version[to]);
        if (diff.count == 0)
            pilot_say(to == from ? "no other version: nothing differs" : "nothing differs");
        if (request->format && strcmp(request->format, "json") == 0)
            print_json(versions, &diff, by);
        else if (diff.count > 0)
            status = print_table(context, versions, &diff, by, error);
    }
    pilot_plan_diff_clear(&diff);
    return status;
}

pilot_status_t pilot_cmd_diff(pilot_context_t *context, int argc, char **argv, pilot_error_t *error)
{
    diff_request_t request = {0};
    const pilot_option_t options[] = {
        {.name = "from",
         .type = PILOT_OPTION_COUNT,
         .target = &request.from,
         .argument = "N",
         .help = "plan version (default: the one that the first launch locked)",
         .minimum = 1,
         .maximum = INT32_MAX},
        {.name = "to",
         .type = PILOT_OPTION_COUNT,
         .target = &request.to,
         .argument = "N",
         .help = "plan version (default: the latest)",
         .minimum = 1,
         .maximum = INT32_MAX},
        {.name = "format",
         .type = PILOT_OPTION_CHOICE,
         .target = &request.format,
         .argument = "FORMAT",
         .help = "default: table",
         .choices = "table|json"},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT",
        "Shows how a pilot's plan differs from the one that its first launch locked.", 1, 1, argc,
        argv, &operands, error);
    if (status || context->done)
        return status;
    request.pilot = argv[1];
    pilot_db_t *db = NULL;
    status = pilot_context_db(context, &db, error);
    pilot_plan_versions_t versions = {0};
    if (!status)
        status = pilot_plan_versions_read(db, request.pilot, &versions, error);
    if (!status)
        status = compare(context, &request, &versions, error);
    pilot_plan_versions_clear(&versions);
    return status;
}
