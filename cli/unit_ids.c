#include "unit_ids.h"

#include <string.h>

#include "pilot/memory.h"

bool pilot_unit_ids_hashed(const pilot_context_t *context, const pilot_plan_t *plan)
{
    if (plan->unit_ids == PILOT_UNIT_IDS_DEFAULT)
        return !pilot_context_is_embedded(context);
    return plan->unit_ids == PILOT_UNIT_IDS_HMAC;
}

static pilot_status_t read_twice(const char *what, pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_PLAN,
                           "%s is read from the unit's column, whose ids do not leave the agency: "
                           "give it a column of its own, or write unit_ids: plain",
                           what);
}

pilot_status_t pilot_unit_ids_check(const pilot_plan_t *plan, pilot_error_t *error)
{
    const char *unit = plan->columns.unit;
    size_t count = 0;
    const pilot_stored_column_t *column = pilot_plan_stored_columns(plan, &count);
    if (!unit)
        return PILOT_OK;
    if (plan->columns.agency && strcmp(plan->columns.agency, unit) == 0)
        return read_twice("columns.agency", error);
    for (size_t i = 0; i < count; i++)
        if (column[i].kind != PILOT_VALUE_UNIT && column[i].kind != PILOT_VALUE_CODE &&
            column[i].header && strcmp(column[i].header, unit) == 0)
            return read_twice(column[i].name, error);
    return PILOT_OK;
}

pilot_status_t pilot_unit_ids_open(const pilot_context_t *context, const pilot_plan_t *plan,
                                   const char *folder, pilot_key_missing_t missing, pilot_db_t *db,
                                   pilot_keyring_t **ret_keyring, pilot_error_t *error)
{
    *ret_keyring = NULL;
    if (!pilot_unit_ids_hashed(context, plan))
        return PILOT_OK;
    pilot_keyring_t *keyring = NULL;
    pilot_status_t status = pilot_unit_ids_check(plan, error);
    if (!status)
        status = pilot_keyring_open(folder, plan->pilot, missing, &keyring, error);
    if (!status && db)
        status = pilot_keyring_expect(keyring, db, error);
    if (status)
        pilot_keyring_free(keyring);
    else
        *ret_keyring = keyring;
    return status;
}

void pilot_unit_ids_say(const pilot_context_t *context, const pilot_plan_t *plan)
{
    if (pilot_unit_ids_hashed(context, plan) && plan->level == PILOT_LEVEL_ACROSS)
        pilot_say("unit_ids: each agency makes pseudonyms with a key of its own, so nobody can see "
                  "whether two agencies have the same unit");
}
