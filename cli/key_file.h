/* key_file.h - the file in which an agency keeps the key of its units' pseudonyms: one for each
 * pilot and agency, mode 0600, text with a header that tells a person what it is.
 * docs/operations/keys.md */
#ifndef PILOT_CLI_KEY_FILE_H
#define PILOT_CLI_KEY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/error.h"
#include "pilot/pseudonym.h"

/* Whose key it is; borrowed. */
typedef struct pilot_key_owner {
    const char *pilot, *agency;
    size_t agency_length;
} pilot_key_owner_t;

/* The folder: `given`, or NULL: $XDG_CONFIG_HOME/pilot/keys, ~/.config/pilot/keys.  Caller frees.
 */
pilot_status_t pilot_key_folder(const char *given, char **ret_folder, pilot_error_t *error);
/* FOLDER/PILOT-<32 hex digits of a hash of the agency's name>.key; caller frees. */
char *pilot_key_path(const char *folder, const pilot_key_owner_t *owner);

/* PILOT_E_FILE with the file's name and what to do: not readable, others may read or write it, not
 * the person's own, a link, damaged, another agency's.  *ret_found is false when there is none:
 * that is PILOT_OK. */
pilot_status_t pilot_key_read(const char *path, const pilot_key_owner_t *owner,
                              uint8_t ret_key[PILOT_UNIT_KEY_SIZE], bool *ret_found,
                              pilot_error_t *error);

/* Write a key where none is, complete and on the disk or not at all; the folder and those above it
 * are made.  *ret_exists: somebody was quicker, and nothing was written. */
pilot_status_t pilot_key_write(const char *path, const pilot_key_owner_t *owner,
                               const uint8_t key[PILOT_UNIT_KEY_SIZE], bool *ret_exists,
                               pilot_error_t *error);

/* A copy outside of the folder, on a stick, say: neither who may read it nor its folder is looked
 * at. _read_copy: PILOT_E_FILE when it is not there; _write_copy: when something is. */
pilot_status_t pilot_key_read_copy(const char *path, const pilot_key_owner_t *owner,
                                   uint8_t ret_key[PILOT_UNIT_KEY_SIZE], pilot_error_t *error);
pilot_status_t pilot_key_write_copy(const char *path, const pilot_key_owner_t *owner,
                                    const uint8_t key[PILOT_UNIT_KEY_SIZE], pilot_error_t *error);

/* The key at `path`; a new one where there is none.  *ret_made: it is new. */
pilot_status_t pilot_key_take(const char *path, const pilot_key_owner_t *owner,
                              uint8_t ret_key[PILOT_UNIT_KEY_SIZE], bool *ret_made,
                              pilot_error_t *error);

#endif
