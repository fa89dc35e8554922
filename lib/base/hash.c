/* SHA-256 comes from libcrypto: it uses the processor's SHA instructions, and the hash of a large
 * submission stands in the way of its load. */
#include "pilot/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "pilot/memory.h"

struct pilot_sha256 {
    EVP_MD_CTX *context;
};

pilot_sha256_t *pilot_sha256_new(void)
{
    pilot_sha256_t *hash = PILOT_NEW(pilot_sha256_t);
    hash->context = EVP_MD_CTX_new();
    if (!hash->context)
        pilot_out_of_memory();
    if (EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1)
        abort();
    return hash;
}

void pilot_sha256_free(pilot_sha256_t *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->context);
    free(hash);
}

/* The same digest again: to look it up anew takes longer than a short text's hash. */
void pilot_sha256_reset(pilot_sha256_t *hash)
{
    if (EVP_DigestInit_ex(hash->context, NULL, NULL) != 1)
        abort();
}

void pilot_sha256_update(pilot_sha256_t *hash, const void *bytes, size_t length)
{
    if (EVP_DigestUpdate(hash->context, bytes, length) != 1)
        abort();
}

void pilot_sha256_finish(pilot_sha256_t *hash, uint8_t ret_digest[PILOT_SHA256_SIZE])
{
    if (EVP_DigestFinal_ex(hash->context, ret_digest, NULL) != 1)
        abort();
}

void pilot_sha256_of(const void *bytes, size_t length, uint8_t ret_digest[PILOT_SHA256_SIZE])
{
    if (EVP_Digest(bytes, length, ret_digest, NULL, EVP_sha256(), NULL) != 1)
        abort();
}

void pilot_hex(const uint8_t *bytes, size_t length, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        ret_hex[2 * i] = digits[bytes[i] >> 4];
        ret_hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_hex[2 * length] = '\0';
}
