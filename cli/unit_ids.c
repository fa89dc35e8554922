#include "unit_ids.h"

bool pilot_unit_ids_hashed(const pilot_context_t *context, const pilot_plan_t *plan)
{
    if (plan->unit_ids == PILOT_UNIT_IDS_DEFAULT)
        return !pilot_context_is_embedded(context);
    return plan->unit_ids == PILOT_UNIT_IDS_HMAC;
}

pilot_status_t pilot_unit_ids_open(const pilot_context_t *context, const pilot_plan_t *plan,
                                   const char *folder, pilot_key_missing_t missing, pilot_db_t *db,
                                   pilot_keyring_t **ret_keyring, pilot_error_t *error)
{
    *ret_keyring = NULL;
    if (!pilot_unit_ids_hashed(context, plan))
        return PILOT_OK;
    pilot_keyring_t *keyring = NULL;
    pilot_status_t status = pilot_keyring_open(folder, plan->pilot, missing, &keyring, error);
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
