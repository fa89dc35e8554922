/* HMAC-SHA-256 against RFC 4231, and what a pseudonym is. */
#include "pilot/pseudonym.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"

typedef struct vector {
    const char *name, *digest;
    size_t key_length, length;
    uint8_t key[131], bytes[152];
} vector_t;

static vector_t make(const char *name, int key_byte, size_t key_length, int byte, size_t length,
                     const char *digest)
{
    vector_t vector = {.name = name, .digest = digest, .key_length = key_length, .length = length};
    memset(vector.key, key_byte, key_length);
    memset(vector.bytes, byte, length);
    return vector;
}

static vector_t with_text(vector_t vector, const char *text)
{
    vector.length = strlen(text);
    memcpy(vector.bytes, text, vector.length);
    return vector;
}

static void check_vector(const vector_t *vector)
{
    uint8_t digest[PILOT_SHA256_SIZE];
    char hex[PILOT_SHA256_HEX_SIZE];
    pilot_hmac_sha256(vector->key, vector->key_length, vector->bytes, vector->length, digest);
    pilot_hex(digest, sizeof digest, hex);
    is_text(hex, vector->digest, "RFC 4231, %s", vector->name);
    if (vector->key_length > PILOT_UNIT_KEY_SIZE)
        return;
    /* A key shorter than a block is one with zeros after it. */
    uint8_t key[PILOT_UNIT_KEY_SIZE] = {0};
    memcpy(key, vector->key, vector->key_length);
    pilot_pseudonym_t *pseudonym = pilot_pseudonym_new(key);
    for (int again = 0; again < 2; again++) {
        pilot_pseudonym_digest(pseudonym, vector->bytes, vector->length, digest);
        pilot_hex(digest, sizeof digest, hex);
        is_text(hex, vector->digest, "RFC 4231, %s, by states made ready%s", vector->name,
                again ? ", again" : "");
    }
    pilot_pseudonym_free(pseudonym);
}

static void test_vectors(void)
{
    static const char large[] =
        "This is a test using a larger than block-size key and a larger than "
        "block-size data. The key needs to be hashed before being used by "
        "the HMAC algorithm.";
    vector_t counted = make("case 4", 0, 25, 0xcd, 50,
                            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    for (size_t i = 0; i < 25; i++)
        counted.key[i] = (uint8_t)(i + 1);
    vector_t jefe = make("case 2", 0, 4, 0, 0,
                         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memcpy(jefe.key, "Jefe", 4);
    const vector_t vectors[] = {
        with_text(make("case 1", 0x0b, 20, 0, 0,
                       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
                  "Hi There"),
        with_text(jefe, "what do ya want for nothing?"),
        make("case 3", 0xaa, 20, 0xdd, 50,
             "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        counted,
        with_text(make("case 6", 0xaa, 131, 0, 0,
                       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
                  "Test Using Larger Than Block-Size Key - Hash Key First"),
        with_text(make("case 7", 0xaa, 131, 0, 0,
                       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
                  large),
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        check_vector(&vectors[i]);
}

/* The first 16 bytes of the digest, read back from the text. */
static bool reads_back(const char *text, const uint8_t *digest)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[17] = {0};
    unsigned held = 0, bits = 0;
    size_t at = 0;
    for (size_t i = 0; i < PILOT_PSEUDONYM_LENGTH; i++) {
        held = held << 6 | (unsigned)(strchr(digits, text[i]) - digits);
        bits += 6;
        if (bits >= 8)
            bytes[at++] = (uint8_t)(held >> (bits -= 8));
    }
    return at == 16 && memcmp(bytes, digest, 16) == 0;
}

static void test_text(void)
{
    uint8_t *key = pilot_unit_key_new(), *other = pilot_unit_key_new();
    pilot_unit_key_random(key);
    pilot_unit_key_random(other);
    pilot_pseudonym_t *one = pilot_pseudonym_new(key), *two = pilot_pseudonym_new(other);
    size_t sound = 0, in_place = 0, recognized = 0, apart = 0;
    for (int i = 0; i < 2000; i++) {
        char id[2100], text[PILOT_PSEUDONYM_LENGTH], foreign[PILOT_PSEUDONYM_LENGTH];
        uint8_t digest[PILOT_SHA256_SIZE];
        size_t length = (size_t)(i + 1);
        memset(id, 'a' + i % 26, length);
        pilot_pseudonym_of(one, id, length, text);
        pilot_pseudonym_of(two, id, length, foreign);
        pilot_hmac_sha256(key, PILOT_UNIT_KEY_SIZE, id, length, digest);
        sound += reads_back(text, digest);
        recognized += pilot_pseudonym_is(text, sizeof text);
        apart += memcmp(text, foreign, sizeof text) != 0;
        pilot_pseudonym_of(one, id, length, id);
        in_place += memcmp(text, id, sizeof text) == 0;
    }
    ok(sound == 2000,
       "a pseudonym is 128 bits of the HMAC in base64url, for ids of 1 to 2000 bytes");
    ok(in_place == 2000, "it may be written over the id");
    ok(recognized == 2000, "it is known for one");
    ok(apart == 2000, "another key gives others");
    ok(!pilot_pseudonym_is("AAAAAAAAAAAAAAAAAAAAA", 21), "21 letters are none");
    ok(pilot_pseudonym_is("AAAAAAAAAAAAAAAAAAAAAA", 22), "22 can be");
    ok(!pilot_pseudonym_is("AAAAAAAAAAAAAAAAAAAAAB", 22), "the last one has two bits only");
    ok(!pilot_pseudonym_is("AAAAAAAAAAAAAAAAAAAA+A", 22), "+ is not of base64url");
    uint8_t digest[PILOT_SHA256_SIZE];
    char hex[PILOT_SHA256_HEX_SIZE];
    pilot_hmac_sha256(key, PILOT_UNIT_KEY_SIZE, "pilot unit key fingerprint", 26, digest);
    pilot_hex(digest, sizeof digest, hex);
    is_text(pilot_pseudonym_fingerprint(one), hex, "the fingerprint");
    pilot_pseudonym_free(one);
    pilot_pseudonym_free(two);
    pilot_unit_key_free(key);
    pilot_unit_key_free(other);
}

static void test_keys(void)
{
    static const uint8_t zero[PILOT_UNIT_KEY_SIZE];
    uint8_t *key = pilot_unit_key_new(), other[PILOT_UNIT_KEY_SIZE];
    char hex[2 * PILOT_UNIT_KEY_SIZE + 1];
    ok(memcmp(key, zero, sizeof zero) == 0, "a new place for a key is empty");
    pilot_unit_key_random(key);
    pilot_unit_key_random(other);
    ok(memcmp(key, zero, sizeof zero) != 0 && memcmp(key, other, sizeof zero) != 0,
       "random keys differ");
    pilot_hex(key, PILOT_UNIT_KEY_SIZE, hex);
    ok(pilot_unit_key_parse(hex, 64, other) && memcmp(key, other, sizeof other) == 0,
       "a key is read back from its digits");
    ok(!pilot_unit_key_parse(hex, 63, other) && !pilot_unit_key_parse(hex, 62, other),
       "not from fewer");
    hex[10] = 'g';
    ok(!pilot_unit_key_parse(hex, 64, other), "not from other letters");
    pilot_forget(other, sizeof other);
    ok(memcmp(other, zero, sizeof zero) == 0, "what is forgotten is overwritten");
    pilot_unit_key_free(key);
    pilot_unit_key_free(NULL);
    pilot_pseudonym_free(NULL);
}

int main(void)
{
    test_vectors();
    test_text();
    test_keys();
    return tap_done();
}
