/* pilot/hash.h - SHA-256, for the identity of plans, data and results. */
#ifndef PILOT_HASH_H
#define PILOT_HASH_H

#include <stddef.h>
#include <stdint.h>

#define PILOT_SHA256_SIZE 32
#define PILOT_SHA256_HEX_SIZE 65 /* with the NUL */

typedef struct pilot_sha256 pilot_sha256_t;

pilot_sha256_t *pilot_sha256_new(void);
void pilot_sha256_free(pilot_sha256_t *hash);
void pilot_sha256_reset(pilot_sha256_t *hash);
void pilot_sha256_update(pilot_sha256_t *hash, const void *bytes, size_t length);
void pilot_sha256_finish(pilot_sha256_t *hash, uint8_t ret_digest[PILOT_SHA256_SIZE]);

void pilot_sha256_of(const void *bytes, size_t length, uint8_t ret_digest[PILOT_SHA256_SIZE]);
void pilot_hex(const uint8_t *bytes, size_t length, char *ret_hex /* 2 * length + 1 */);

#endif
