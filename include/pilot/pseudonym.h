/* pilot/pseudonym.h - pseudonyms of unit ids: HMAC-SHA-256 (RFC 2104, FIPS 198-1) under a secret
 * key that an agency keeps to itself, cut to 128 bits, in base64url (RFC 4648) without padding.
 *
 * Of n units two get the same pseudonym with probability below n^2 / 2^129: 2e-24 for 40 million.
 * Pure but for the system's random numbers; one object a thread. */
#ifndef PILOT_PSEUDONYM_H
#define PILOT_PSEUDONYM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/hash.h"

#define PILOT_UNIT_KEY_SIZE 32
#define PILOT_PSEUDONYM_LENGTH 22

/* Zeroed memory for a key, kept out of the swap where the system allows it; _free overwrites it
 * first (NULL is fine). */
uint8_t *pilot_unit_key_new(void);
void pilot_unit_key_free(uint8_t *key);
void pilot_unit_key_random(uint8_t key[PILOT_UNIT_KEY_SIZE]);
/* Overwrite something that held a key. */
void pilot_forget(void *memory, size_t length);
/* 64 hex digits, either case; false otherwise.  In time that does not depend on the digits. */
bool pilot_unit_key_parse(const char *hex, size_t length, uint8_t ret_key[PILOT_UNIT_KEY_SIZE]);

/* Any key length. */
void pilot_hmac_sha256(const uint8_t *key, size_t key_length, const void *bytes, size_t length,
                       uint8_t ret_digest[PILOT_SHA256_SIZE]);

/* A key made ready: about 0.2 us a short id, against 0.5 us from the start. */
typedef struct pilot_pseudonym pilot_pseudonym_t;

pilot_pseudonym_t *pilot_pseudonym_new(const uint8_t key[PILOT_UNIT_KEY_SIZE]);
void pilot_pseudonym_free(pilot_pseudonym_t *pseudonym); /* NULL is fine */

/* Which key it is, without giving it away: HMAC(key, "pilot unit key fingerprint") in hex.
 * Borrowed. */
const char *pilot_pseudonym_fingerprint(const pilot_pseudonym_t *pseudonym);
void pilot_pseudonym_digest(pilot_pseudonym_t *pseudonym, const void *bytes, size_t length,
                            uint8_t ret_digest[PILOT_SHA256_SIZE]);
/* 22 characters, no NUL.  `ret_text` may be where `id` is. */
void pilot_pseudonym_of(pilot_pseudonym_t *pseudonym, const char *id, size_t length,
                        char ret_text[PILOT_PSEUDONYM_LENGTH]);
/* Does the text look like one? */
bool pilot_pseudonym_is(const char *text, size_t length);

#endif
