/* keyring.h - an agency's keys at hand while its units are read, and whether they are those that
 * the server knows.  One thread. */
#ifndef PILOT_CLI_KEYRING_H
#define PILOT_CLI_KEYRING_H

#include "key_file.h"
#include "pilot/database.h"

typedef struct pilot_keyring pilot_keyring_t;

/* Where an agency has no key file: */
typedef enum pilot_key_missing {
    PILOT_KEY_MAKE,    /* make one */
    PILOT_KEY_PRETEND, /* take a key that is thrown away: nothing is kept or sent */
    PILOT_KEY_NEEDED   /* that is an error */
} pilot_key_missing_t;

/* folder: NULL is the default one.  All borrowed for its life. */
pilot_status_t pilot_keyring_open(const char *folder, const char *pilot,
                                  pilot_key_missing_t missing, pilot_keyring_t **ret_keyring,
                                  pilot_error_t *error);
void pilot_keyring_free(pilot_keyring_t *keyring); /* NULL is fine */

/* Ask the database which keys it knows; from then on another one is refused. */
pilot_status_t pilot_keyring_expect(pilot_keyring_t *keyring, pilot_db_t *db, pilot_error_t *error);

/* An agency's; borrowed until _free.  PILOT_E_FILE as in key_file.h, and when it is not the key
 * that the database knows. */
pilot_status_t pilot_keyring_get(pilot_keyring_t *keyring, const char *agency, size_t length,
                                 pilot_pseudonym_t **ret_pseudonym, pilot_error_t *error);

/* For the person, on stderr: which keys are new, and that they want a backup. */
void pilot_keyring_tell(const pilot_keyring_t *keyring);

#endif
