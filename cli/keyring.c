#include "keyring.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "intake_agencies.h"
#include "intake_dictionary.h"
#include "pilot/memory.h"

struct pilot_keyring {
    char *folder;
    const char *pilot;
    pilot_key_missing_t missing;
    uint8_t *key; /* one at a time, in guarded memory */

    pilot_dictionary_t names; /* agencies so far */
    pilot_pseudonym_t **pseudonym;
    size_t capacity;

    pilot_dictionary_t known_names; /* agencies that the database knows a key of */
    char (*known)[PILOT_SHA256_HEX_SIZE];

    size_t made;
    char *made_path; /* the first */
};

pilot_status_t pilot_keyring_open(const char *folder, const char *pilot,
                                  pilot_key_missing_t missing, pilot_keyring_t **ret_keyring,
                                  pilot_error_t *error)
{
    char *chosen = NULL;
    pilot_status_t status = pilot_key_folder(folder, &chosen, error);
    if (status)
        return status;
    pilot_keyring_t *keyring = PILOT_NEW(pilot_keyring_t);
    keyring->folder = chosen;
    keyring->pilot = pilot;
    keyring->missing = missing;
    keyring->key = pilot_unit_key_new();
    *ret_keyring = keyring;
    return PILOT_OK;
}

void pilot_keyring_free(pilot_keyring_t *keyring)
{
    if (!keyring)
        return;
    for (uint32_t i = 0; i < keyring->names.count; i++)
        pilot_pseudonym_free(keyring->pseudonym[i]);
    free(keyring->pseudonym);
    pilot_dictionary_clear(&keyring->names);
    pilot_dictionary_clear(&keyring->known_names);
    free(keyring->known);
    free(keyring->made_path);
    free(keyring->folder);
    pilot_unit_key_free(keyring->key);
    free(keyring);
}

pilot_status_t pilot_keyring_expect(pilot_keyring_t *keyring, pilot_db_t *db, pilot_error_t *error)
{
    PGresult *result = NULL;
    pilot_status_t status =
        pilot_db_run(db, &result, error, "SELECT agency, unit_key FROM registry.unit_keys($1)", 1,
                     keyring->pilot);
    if (status)
        return status;
    int rows = PQntuples(result);
    free(keyring->known);
    keyring->known = pilot_alloc((size_t)rows + 1, sizeof *keyring->known);
    pilot_dictionary_clear(&keyring->known_names);
    for (int i = 0; i < rows; i++) {
        uint32_t code = pilot_dictionary_code(&keyring->known_names, PQgetvalue(result, i, 0),
                                              (size_t)PQgetlength(result, i, 0));
        if (PQgetlength(result, i, 1) == PILOT_SHA256_HEX_SIZE - 1)
            memcpy(keyring->known[code], PQgetvalue(result, i, 1), PILOT_SHA256_HEX_SIZE);
    }
    PQclear(result);
    return PILOT_OK;
}

/* The fingerprint that the database expects, or NULL. */
static const char *expected(const pilot_keyring_t *keyring, const pilot_key_owner_t *owner)
{
    uint32_t code;
    if (!pilot_dictionary_find(&keyring->known_names, owner->agency, owner->agency_length, &code))
        return NULL;
    return keyring->known[code];
}

static pilot_status_t no_key(const pilot_keyring_t *keyring, const pilot_key_owner_t *owner,
                             const char *path, pilot_error_t *error)
{
    const char *known = expected(keyring, owner);
    if (known)
        return pilot_error_set(error, PILOT_E_FILE,
                               "the key of agency %.60s (fingerprint %.16s...) is not in %s: put "
                               "your copy there with pilot key %s --agency NAME --import FILE; if "
                               "it is lost, see docs/operations/keys.md; nothing was sent",
                               owner->agency, known, path, keyring->pilot);
    return pilot_error_set(error, PILOT_E_FILE,
                           "agency %.60s has no key for this pilot yet: there is no %s",
                           owner->agency, path);
}

/* The key itself, into keyring->key. */
static pilot_status_t take_key(pilot_keyring_t *keyring, const pilot_key_owner_t *owner,
                               const char *path, pilot_error_t *error)
{
    bool found = false, made = false;
    pilot_status_t status = pilot_key_read(path, owner, keyring->key, &found, error);
    if (status || found)
        return status;
    if (keyring->missing == PILOT_KEY_NEEDED || expected(keyring, owner))
        return no_key(keyring, owner, path, error);
    if (keyring->missing == PILOT_KEY_PRETEND) {
        pilot_unit_key_random(keyring->key);
        return PILOT_OK;
    }
    status = pilot_key_take(path, owner, keyring->key, &made, error);
    if (!status && made && keyring->made++ == 0)
        keyring->made_path = pilot_strdup(path);
    return status;
}

static pilot_status_t open_key(pilot_keyring_t *keyring, const pilot_key_owner_t *owner,
                               pilot_pseudonym_t **ret_pseudonym, pilot_error_t *error)
{
    char *path PILOT_AUTOFREE = pilot_key_path(keyring->folder, owner);
    pilot_status_t status = take_key(keyring, owner, path, error);
    if (status)
        return status;
    pilot_pseudonym_t *pseudonym = pilot_pseudonym_new(keyring->key);
    pilot_forget(keyring->key, PILOT_UNIT_KEY_SIZE);
    const char *known = expected(keyring, owner);
    const char *fingerprint = pilot_pseudonym_fingerprint(pseudonym);
    if (known && strcmp(known, fingerprint) != 0) {
        pilot_error_set(error, PILOT_E_FILE,
                        "%s is not the key that agency %.60s first submitted with (its fingerprint "
                        "is %.16s..., that one's %.16s...): use the key file of then (pilot key %s "
                        "--import), or see docs/operations/keys.md if it is lost; nothing was sent",
                        path, owner->agency, fingerprint, known, keyring->pilot);
        pilot_pseudonym_free(pseudonym);
        return PILOT_E_FILE;
    }
    *ret_pseudonym = pseudonym;
    return PILOT_OK;
}

pilot_status_t pilot_keyring_get(pilot_keyring_t *keyring, const char *agency, size_t length,
                                 pilot_pseudonym_t **ret_pseudonym, pilot_error_t *error)
{
    uint32_t code;
    if (!pilot_dictionary_find(&keyring->names, agency, length, &code)) {
        const pilot_key_owner_t owner = {keyring->pilot, agency, length};
        pilot_pseudonym_t *pseudonym = NULL;
        pilot_status_t status = open_key(keyring, &owner, &pseudonym, error);
        if (status)
            return status;
        code = pilot_dictionary_code(&keyring->names, agency, length);
        keyring->pseudonym = pilot_grow(keyring->pseudonym, &keyring->capacity, (size_t)code + 1,
                                        sizeof(pilot_pseudonym_t *));
        keyring->pseudonym[code] = pseudonym;
    }
    *ret_pseudonym = keyring->pseudonym[code];
    return PILOT_OK;
}

void pilot_keyring_tell(const pilot_keyring_t *keyring)
{
    if (!keyring || keyring->made == 0)
        return;
    if (keyring->made == 1)
        pilot_say("a key for pseudonyms of units was made: %s; keep a copy of it in a safe place",
                  keyring->made_path);
    else
        pilot_say("%zu keys for pseudonyms of units were made in %s; keep a copy of them in a safe "
                  "place",
                  keyring->made, keyring->folder);
}
