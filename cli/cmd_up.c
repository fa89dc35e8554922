/* cmd_up.c - `pilot up` and `pilot down`: the embedded stack in the background. */
#include <errno.h>
#include <unistd.h>

#include "commands.h"
#include "pilot/memory.h"
#include "stack.h"

static pilot_status_t need_embedded(const pilot_context_t *context, const char *command,
                                    pilot_error_t *error)
{
    if (pilot_context_is_embedded(context))
        return PILOT_OK;
    return pilot_error_set(error, PILOT_E_USAGE,
                           "`pilot %s` is for the embedded database; with a server, run "
                           "pilot-coordinator and pilot-worker themselves",
                           command);
}

pilot_status_t pilot_cmd_up(pilot_context_t *context, int argc, char **argv, pilot_error_t *error)
{
    int64_t workers = pilot_stack_default_workers();
    const pilot_option_t options[] = {{.name = "workers",
                                       .type = PILOT_OPTION_COUNT,
                                       .target = &workers,
                                       .argument = "N",
                                       .environment = "PILOT_WORKERS",
                                       .help = "how many workers (default: the cores)",
                                       .minimum = 1,
                                       .maximum = PILOT_STACK_MAX_WORKERS},
                                      PILOT_CONTEXT_OPTIONS(context),
                                      {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "",
        "Starts database, coordinator and workers in the background; `pilot down` ends them.", 0, 0,
        argc, argv, &operands, error);
    if (status || context->done)
        return status;
    status = need_embedded(context, "up", error);
    pilot_db_t *db = NULL;
    if (!status)
        status = pilot_context_db(context, &db, error);
    int started = 0;
    if (!status)
        status = pilot_stack_up(context, workers, &started, error);
    if (!status)
        status = pilot_cluster_keep(context->cluster, true, error);
    if (status)
        return status;
    int running = 0;
    pilot_stack_is_up(context, &running);
    pilot_say("%s: %s with %d worker%s; logs in %s/log", pilot_cluster_dir(context->cluster),
              started ? "up" : "already up", running, running == 1 ? "" : "s",
              pilot_cluster_dir(context->cluster));
    return PILOT_OK;
}

pilot_status_t pilot_cmd_down(pilot_context_t *context, int argc, char **argv, pilot_error_t *error)
{
    const pilot_option_t options[] = {PILOT_CONTEXT_OPTIONS(context), {0}};
    int operands = 0;
    pilot_status_t status =
        pilot_context_parse(context, options, "",
                            "Ends what `pilot up` started.  Running analyses go on when it is up "
                            "again.",
                            0, 0, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    status = need_embedded(context, "down", error);
    if (status)
        return status;
    /* Opening would create a cluster where there is none. */
    char *fallback PILOT_AUTOFREE = context->dir ? NULL : pilot_cluster_default_dir();
    const char *dir = context->dir ? context->dir : fallback;
    if (access(dir, F_OK) != 0 && errno == ENOENT) {
        pilot_say("%s: nothing was up", dir);
        return PILOT_OK;
    }
    pilot_db_t *db = NULL;
    status = pilot_context_db(context, &db, error);
    if (status)
        return status;
    bool kept = pilot_cluster_is_kept(context->cluster);
    int ended = 0;
    status = pilot_stack_down(context, &ended, error);
    if (!status)
        status = pilot_cluster_keep(context->cluster, false, error);
    if (!status)
        pilot_say(kept || ended ? "%s: down" : "%s: nothing was up",
                  pilot_cluster_dir(context->cluster));
    return status;
}
