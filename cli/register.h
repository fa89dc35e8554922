/* register.h - a checked plan becomes a version in the registry. */
#ifndef PILOT_CLI_REGISTER_H
#define PILOT_CLI_REGISTER_H

#include "context.h"
#include "pilot/database.h"
#include "pilot/plan.h"

typedef struct pilot_registered {
    int64_t plan;
    int64_t version;
    bool is_new; /* false: the latest version is this very plan */
} pilot_registered_t;

pilot_status_t pilot_register_plan(pilot_db_t *db, const pilot_plan_t *plan,
                                   pilot_registered_t *ret_registered, pilot_error_t *error);

/* One line on stderr for each thing that the plan asks for and this version does not compute. */
void pilot_register_say_not_computed(const pilot_context_t *context, const pilot_plan_t *plan);

/* On stderr: that the version comes after the pilot's first launch, or after its first data. */
pilot_status_t pilot_register_say_lock(pilot_db_t *db, const char *pilot,
                                       const pilot_registered_t *registered, pilot_error_t *error);

#endif
