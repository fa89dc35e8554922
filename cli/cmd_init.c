/* cmd_init.c - `pilot init`: create the tables in a database, or bring them up to date. */
#include "commands.h"
#include "pilot/migrate.h"

pilot_status_t pilot_cmd_init(pilot_context_t *context, int argc, char **argv, pilot_error_t *error)
{
    const pilot_option_t options[] = {PILOT_CONTEXT_OPTIONS(context), {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "",
        "Creates Pilot's tables in a database, or brings them to this program's version.  "
        "Refuses a database whose schemas of these names are not Pilot's.",
        0, 0, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    pilot_db_t *db = NULL;
    if (pilot_context_is_embedded(context)) {
        /* Opening an embedded cluster brings it up to date. */
        status = pilot_context_db(context, &db, error);
        if (!status)
            pilot_say("%s: version %d", pilot_cluster_dir(context->cluster),
                      pilot_migrate_version());
        return status;
    }
    status = pilot_db_open(context->conninfo, "pilot", &context->db, error);
    if (status)
        return status;
    pilot_db_interrupt_fd(context->db, context->interrupt_fd);
    int steps = 0;
    status = pilot_migrate(context->db, &steps, error);
    if (!status)
        pilot_say(steps ? "the database is now at version %d"
                        : "the database is at version %d already",
                  pilot_migrate_version());
    return status;
}
