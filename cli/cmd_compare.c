/* cmd_compare.c - `pilot compare PILOT...`: effects of several pilots in one unit, pooled. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "pager.h"
#include "pilot/memory.h"
#include "pilots_print.h"
#include "render.h"

typedef struct compare_request {
    const char *by, *format, *output, *audience, *outcome;
    bool no_pager;
} compare_request_t;

/* --outcome may be given several times, and the options' parser keeps the last. */
static size_t collect_outcomes(int argc, char **argv, const char **ret_outcome)
{
    size_t count = 0;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--outcome=", strlen("--outcome=")) == 0)
            ret_outcome[count++] = argv[i] + strlen("--outcome=");
        else if (strcmp(argv[i], "--outcome") == 0 && i + 1 < argc)
            ret_outcome[count++] = argv[++i];
    }
    return count;
}

/* Agencies read their own effects and no comparison. */
static pilot_status_t check_rights(pilot_db_t *db, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error, "SELECT has_table_privilege('results.comparisons', 'SELECT')", 0);
    if (!status && *PQgetvalue(result, 0, 0) != 't')
        status = pilot_error_set(error, PILOT_E_USAGE,
                                 "this login may not read comparisons of agencies; `pilot compare "
                                 "--audience public` compares what is released");
    PQclear(result);
    return status;
}

static void tell_source(const pilot_pilots_source_t *source, const char *by)
{
    if (source->reason && source->analysis == 0)
        pilot_say("%s: takes no part: %s", source->pilot, source->reason);
    else if (source->reason)
        pilot_say("%s: analysis %" PRId64 " takes no part: %s", source->pilot, source->analysis,
                  source->reason);
    else
        pilot_say("%s: analysis %" PRId64 " (%s), %s: %zu effects", source->pilot, source->analysis,
                  source->confirmatory ? "confirmatory" : "not confirmatory", source->outcomes,
                  source->effects);
    if (!source->reason && source->groupless > 0)
        pilot_say("%s: %zu effects of agencies without %s%s are left out", source->pilot,
                  source->groupless, strcmp(by, "agency") == 0 ? "an id" : "the attribute ",
                  strcmp(by, "agency") == 0 ? "" : by);
}

/* All in one snapshot. */
static pilot_status_t read_sources(pilot_db_t *db, char **pilot, size_t pilots,
                                   const pilot_pilots_query_t *query,
                                   pilot_pilots_source_t *ret_source, pilot_error_t *error)
{
    pilot_status_t status = pilot_db_script(db,
                                            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                                            "SET LOCAL extra_float_digits = 1",
                                            error);
    if (status)
        return status;
    for (size_t i = 0; !status && i < pilots; i++)
        status = pilot_pilots_read(db, pilot[i], query, &ret_source[i], error);
    pilot_status_t ended =
        pilot_db_script(db, status ? "ROLLBACK" : "COMMIT", status ? NULL : error);
    return status ? status : ended;
}

static pilot_status_t print(pilot_context_t *context, const compare_request_t *request,
                            const pilot_pilots_table_t *table, pilot_error_t *error)
{
    const char *format =
        request->format ? request->format : pilot_render_format_of(request->output);
    pilot_output_t output;
    pilot_status_t status = pilot_output_open(request->output, &output, error);
    if (status)
        return status;
    bool on_stdout = output.file == stdout, for_people = strcmp(format, "table") == 0;
    char *text PILOT_AUTOFREE = NULL;
    size_t length = 0;
    FILE *out = for_people && on_stdout ? open_memstream(&text, &length) : output.file;
    if (!out)
        pilot_out_of_memory();
    if (for_people)
        status =
            pilot_pilots_show(table, on_stdout ? context->width : 80, context->utf8, out, error);
    else
        pilot_pilots_write(table, format, out);
    if (out != output.file && fclose(out) != 0)
        pilot_out_of_memory();
    if (!status && text && request->no_pager)
        fwrite(text, 1, length, stdout);
    else if (!status && text)
        status = pilot_pager_show(context, text, length, error);
    if (status)
        pilot_output_abandon(&output);
    return status ? status : pilot_output_finish(&output, error);
}

static pilot_status_t compare(pilot_context_t *context, const compare_request_t *request,
                              const pilot_pilots_query_t *query, pilot_pilots_source_t *source,
                              size_t sources, pilot_error_t *error)
{
    static const pilot_meta_options_t usual = {
        .confidence = 0.95, .method = PILOT_META_REML, .test = PILOT_META_KNHA};
    size_t effects = 0, taken = 0;
    for (size_t i = 0; i < sources; i++) {
        tell_source(&source[i], query->by);
        effects += source[i].effect_count;
    }
    pilot_pilots_effect_t *all PILOT_AUTOFREE = PILOT_NEW_ARRAY(pilot_pilots_effect_t, effects + 1);
    for (size_t i = 0; i < sources; i++)
        for (size_t k = 0; k < source[i].effect_count; k++)
            all[taken++] = source[i].effect[k];
    pilot_pilots_table_t table = {.by = query->by, .source = source, .sources = sources};
    pilot_pilots_row_t *row PILOT_AUTOFREE = pilot_pilots_compare(all, taken, &usual, &table.rows);
    table.row = row;
    return print(context, request, &table, error);
}

static pilot_status_t check_pilots(char **pilot, size_t pilots, pilot_error_t *error)
{
    for (size_t i = 0; i < pilots; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(pilot[i], pilot[k]) == 0)
                return pilot_error_set(error, PILOT_E_USAGE, "pilot '%s' is named twice", pilot[i]);
    return PILOT_OK;
}

static pilot_status_t run(pilot_context_t *context, const compare_request_t *request,
                          const pilot_pilots_query_t *query, char **pilot, size_t pilots,
                          pilot_error_t *error)
{
    pilot_db_t *db = NULL;
    pilot_status_t status = check_pilots(pilot, pilots, error);
    if (!status)
        status = pilot_output_check(request->output, error);
    if (!status)
        status = pilot_context_db(context, &db, error);
    if (!status && !query->released)
        status = check_rights(db, error);
    if (status)
        return status;
    pilot_pilots_source_t *source = PILOT_NEW_ARRAY(pilot_pilots_source_t, pilots);
    status = read_sources(db, pilot, pilots, query, source, error);
    if (!status)
        status = compare(context, request, query, source, pilots, error);
    for (size_t i = 0; i < pilots; i++)
        pilot_pilots_clear(&source[i]);
    free(source);
    return status;
}

pilot_status_t pilot_cmd_compare(pilot_context_t *context, int argc, char **argv,
                                 pilot_error_t *error)
{
    compare_request_t request = {.by = "pilot"};
    const pilot_option_t options[] = {
        {.name = "by",
         .type = PILOT_OPTION_TEXT,
         .target = &request.by,
         .argument = "WHAT",
         .help = "pool by pilot (default), by agency (those of the same id in the plans), or by an "
                 "attribute that the plans give agencies, such as mechanism"},
        {.name = "outcome",
         .type = PILOT_OPTION_TEXT,
         .target = &request.outcome,
         .argument = "NAME",
         .help = "of this outcome; may be given several times (default: the primary ones)"},
        {.name = "audience",
         .type = PILOT_OPTION_CHOICE,
         .target = &request.audience,
         .argument = "WHO",
         .help = "public: of what is released after disclosure control alone",
         .choices = "evaluators|public"},
        PILOT_FORMAT_OPTIONS(request),
        {.name = "no-pager",
         .type = PILOT_OPTION_FLAG,
         .target = &request.no_pager,
         .help = "on a terminal: do not show long tables through $PAGER or less"},
        PILOT_CONTEXT_OPTIONS(context),
        {0}};
    const char **outcome PILOT_AUTOFREE = PILOT_NEW_ARRAY(const char *, (size_t)argc + 1);
    size_t outcomes = collect_outcomes(argc, argv, outcome);
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT...",
        "Compares pilots: effects of their agencies in standard deviations of each pilot's control "
        "group, the sign turned so that more is better, pooled by pilot, agency or an attribute "
        "of agencies. Of each pilot its latest confirmatory analysis, else the latest finished "
        "one.",
        1, -1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    if (!request.by[0])
        return pilot_error_set(error, PILOT_E_USAGE, "--by needs pilot, agency or an attribute");
    const pilot_pilots_query_t query = {.by = request.by,
                                        .outcome = outcome,
                                        .outcomes = outcomes,
                                        .released = request.audience &&
                                                    strcmp(request.audience, "public") == 0};
    return run(context, &request, &query, argv + 1, (size_t)operands, error);
}
