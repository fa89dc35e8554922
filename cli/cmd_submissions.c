/* cmd_submissions.c - `pilot submissions PILOT`: what agencies have submitted, revision by
 * revision. */
#include "commands.h"
#include "render.h"

/* An unknown pilot is told as such, also to a login that has no business with it. */
static pilot_status_t check_pilot(pilot_db_t *db, const char *pilot, pilot_error_t *error)
{
    return pilot_db_run(db, NULL, error, "SELECT registry.find_pilot($1)", 1, pilot);
}

pilot_status_t pilot_cmd_submissions(pilot_context_t *context, int argc, char **argv,
                                     pilot_error_t *error)
{
    pilot_render_t render = {.view = pilot_view_find("submissions")};
    const pilot_option_t options[] = {{.name = "agency",
                                       .type = PILOT_OPTION_TEXT,
                                       .target = &render.agency,
                                       .argument = "NAME",
                                       .help = "of this agency alone"},
                                      PILOT_FORMAT_OPTIONS(render),
                                      PILOT_CONTEXT_OPTIONS(context),
                                      {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PILOT",
        "Lists the submissions to a pilot: revision, verdict, rows, warnings, who, when, and the "
        "hash of the file.  An agency sees its own.",
        1, 1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    render.pilot = argv[1];
    if (!render.format)
        render.format = pilot_render_format_of(render.output);
    pilot_db_t *db = NULL;
    status = pilot_context_db(context, &db, error);
    if (!status)
        status = check_pilot(db, argv[1], error);
    uint64_t rows = 0;
    if (!status)
        status = pilot_render(context, &render, &rows, error);
    if (!status && rows == 0)
        pilot_say("no submissions yet");
    return status;
}
