/* unit_ids.h - are a plan's unit ids sent as they are, or as pseudonyms?  The plan's unit_ids says;
 * where it does not, they are pseudonyms on a server, and plain in the embedded database. */
#ifndef PILOT_CLI_UNIT_IDS_H
#define PILOT_CLI_UNIT_IDS_H

#include "context.h"
#include "keyring.h"
#include "pilot/plan.h"

bool pilot_unit_ids_hashed(const pilot_context_t *context, const pilot_plan_t *plan);

/* The keys for a plan's pseudonyms; *ret_keyring is NULL where ids are plain.  folder: see
 * key_file.h; db: checked against what it knows; NULL: no server. */
pilot_status_t pilot_unit_ids_open(const pilot_context_t *context, const pilot_plan_t *plan,
                                   const char *folder, pilot_key_missing_t missing, pilot_db_t *db,
                                   pilot_keyring_t **ret_keyring, pilot_error_t *error);

/* Lines on stderr about what the person should know of the plan's unit ids. */
void pilot_unit_ids_say(const pilot_context_t *context, const pilot_plan_t *plan);

/* const char **folder */
#define PILOT_KEYS_OPTION(folder)                                                                  \
    {                                                                                              \
        .name = "keys", .type = PILOT_OPTION_TEXT, .target = (folder), .argument = "DIR",          \
        .environment = "PILOT_KEYS",                                                               \
        .help = "the folder of the keys of pseudonyms (default: ~/.config/pilot/keys)"             \
    }

#endif
