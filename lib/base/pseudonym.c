/* libsodium keeps the keys; the hash is libcrypto's, which uses the processor's SHA instructions
 * (libsodium's own is twice as slow for a short id).  The states after the two padded keys are made
 * once and copied. */
#include "pilot/pseudonym.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define BLOCK_SIZE 64

struct pilot_pseudonym {
    EVP_MD_CTX *inner, *outer, *work;
    char fingerprint[PILOT_SHA256_HEX_SIZE];
};

static void init_sodium(void)
{
    if (sodium_init() < 0)
        abort(); /* without random numbers there is no key */
}

uint8_t *pilot_unit_key_new(void)
{
    init_sodium();
    uint8_t *key = sodium_malloc(PILOT_UNIT_KEY_SIZE);
    if (!key)
        pilot_out_of_memory();
    sodium_memzero(key, PILOT_UNIT_KEY_SIZE);
    return key;
}

void pilot_unit_key_free(uint8_t *key)
{
    sodium_free(key);
}

void pilot_unit_key_random(uint8_t key[PILOT_UNIT_KEY_SIZE])
{
    init_sodium();
    randombytes_buf(key, PILOT_UNIT_KEY_SIZE);
}

void pilot_forget(void *memory, size_t length)
{
    if (memory)
        sodium_memzero(memory, length);
}

bool pilot_unit_key_parse(const char *hex, size_t length, uint8_t ret_key[PILOT_UNIT_KEY_SIZE])
{
    size_t got = 0;
    const char *end = NULL;
    return length == 2 * PILOT_UNIT_KEY_SIZE &&
           sodium_hex2bin(ret_key, PILOT_UNIT_KEY_SIZE, hex, length, NULL, &got, &end) == 0 &&
           got == PILOT_UNIT_KEY_SIZE && end == hex + length;
}

void pilot_hmac_sha256(const uint8_t *key, size_t key_length, const void *bytes, size_t length,
                       uint8_t ret_digest[PILOT_SHA256_SIZE])
{
    if (!HMAC(EVP_sha256(), key, (int)key_length, bytes, length, ret_digest, NULL))
        abort();
}

static EVP_MD_CTX *padded(const uint8_t key[PILOT_UNIT_KEY_SIZE], uint8_t pad)
{
    uint8_t block[BLOCK_SIZE];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < PILOT_UNIT_KEY_SIZE; i++)
        block[i] ^= key[i];
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    if (!state)
        pilot_out_of_memory();
    if (EVP_DigestInit_ex(state, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(state, block, sizeof block) != 1)
        abort();
    sodium_memzero(block, sizeof block);
    return state;
}

pilot_pseudonym_t *pilot_pseudonym_new(const uint8_t key[PILOT_UNIT_KEY_SIZE])
{
    static const char about[] = "pilot unit key fingerprint";
    pilot_pseudonym_t *pseudonym = PILOT_NEW(pilot_pseudonym_t);
    uint8_t digest[PILOT_SHA256_SIZE];
    init_sodium();
    pseudonym->inner = padded(key, 0x36);
    pseudonym->outer = padded(key, 0x5c);
    pseudonym->work = EVP_MD_CTX_new();
    if (!pseudonym->work)
        pilot_out_of_memory();
    pilot_pseudonym_digest(pseudonym, about, sizeof about - 1, digest);
    pilot_hex(digest, sizeof digest, pseudonym->fingerprint);
    return pseudonym;
}

void pilot_pseudonym_free(pilot_pseudonym_t *pseudonym)
{
    if (!pseudonym)
        return;
    EVP_MD_CTX_free(pseudonym->inner); /* libcrypto overwrites the states */
    EVP_MD_CTX_free(pseudonym->outer);
    EVP_MD_CTX_free(pseudonym->work);
    free(pseudonym);
}

const char *pilot_pseudonym_fingerprint(const pilot_pseudonym_t *pseudonym)
{
    return pseudonym->fingerprint;
}

void pilot_pseudonym_digest(pilot_pseudonym_t *pseudonym, const void *bytes, size_t length,
                            uint8_t ret_digest[PILOT_SHA256_SIZE])
{
    EVP_MD_CTX *work = pseudonym->work;
    if (EVP_MD_CTX_copy_ex(work, pseudonym->inner) != 1 ||
        EVP_DigestUpdate(work, bytes, length) != 1 ||
        EVP_DigestFinal_ex(work, ret_digest, NULL) != 1 ||
        EVP_MD_CTX_copy_ex(work, pseudonym->outer) != 1 ||
        EVP_DigestUpdate(work, ret_digest, PILOT_SHA256_SIZE) != 1 ||
        EVP_DigestFinal_ex(work, ret_digest, NULL) != 1)
        abort();
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void pilot_pseudonym_of(pilot_pseudonym_t *pseudonym, const char *id, size_t length,
                        char ret_text[PILOT_PSEUDONYM_LENGTH])
{
    uint8_t digest[PILOT_SHA256_SIZE];
    pilot_pseudonym_digest(pseudonym, id, length, digest);
    for (size_t i = 0, at = 0; i < 15; i += 3, at += 4) {
        unsigned group = (unsigned)digest[i] << 16 | (unsigned)digest[i + 1] << 8 | digest[i + 2];
        ret_text[at] = digits[group >> 18];
        ret_text[at + 1] = digits[group >> 12 & 63];
        ret_text[at + 2] = digits[group >> 6 & 63];
        ret_text[at + 3] = digits[group & 63];
    }
    ret_text[20] = digits[digest[15] >> 2];
    ret_text[21] = digits[(digest[15] & 3) << 4];
}

bool pilot_pseudonym_is(const char *text, size_t length)
{
    if (length != PILOT_PSEUDONYM_LENGTH || !strchr("AQgw", text[length - 1]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!text[i] || !strchr(digits, text[i]))
            return false;
    return true;
}
