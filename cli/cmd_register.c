/* cmd_register.c - `pilot register PLAN.yaml` */
#include <inttypes.h>

#include "commands.h"
#include "register.h"

pilot_status_t pilot_cmd_register(pilot_context_t *context, int argc, char **argv,
                                  pilot_error_t *error)
{
    const pilot_option_t options[] = {PILOT_CONTEXT_OPTIONS(context), {0}};
    int operands = 0;
    pilot_status_t status = pilot_context_parse(
        context, options, "PLAN.yaml",
        "Checks the plan and stores it; a changed plan becomes the next version. "
        "Prints the plan's SHA-256.",
        1, 1, argc, argv, &operands, error);
    if (status || context->done)
        return status;
    pilot_plan_t *plan = NULL;
    status = pilot_plan_read(argv[1], &plan, error);
    if (status)
        return status;
    pilot_register_say_not_computed(context, plan);
    pilot_db_t *db = NULL;
    status = pilot_context_db(context, &db, error);
    pilot_registered_t registered = {0};
    if (!status)
        status = pilot_register_plan(db, plan, &registered, error);
    if (!status) {
        pilot_say(registered.is_new ? "%s: version %" PRId64
                                    : "%s: the same plan as version %" PRId64 ", nothing to store",
                  plan->pilot, registered.version);
        puts(plan->sha256);
        if (registered.is_new)
            status = pilot_register_say_lock(db, plan->pilot, &registered, error);
    }
    pilot_plan_free(plan);
    return status;
}
