/* The audit log's chain as it is computed here: hashes against those of Python's hashlib, and every
 * way in which entries may not follow one another. */
#include "../../cli/audit_chain.h"

#include <string.h>

#include "../harness/tap.h"

#define FIRST "818681d59de57a0b338338ce714a5fc55bfcf67ab667b6e9b13377550691133e"
#define SECOND "7846935b61d65162e26c842bb4cb8e83f24e944ffebf596e8e73383386b69c77"

typedef struct made {
    pilot_audit_entry_t entry;
    uint8_t previous[PILOT_SHA256_SIZE], hash[PILOT_SHA256_SIZE];
} made_t;

static pilot_audit_text_t text(const char *data)
{
    return (pilot_audit_text_t){data, data ? strlen(data) : 0};
}

static void seal(made_t *made, pilot_sha256_t *sha256)
{
    made->entry.previous_hash =
        (pilot_audit_text_t){(const char *)made->previous, sizeof made->previous};
    pilot_audit_hash(sha256, &made->entry, made->hash);
    made->entry.hash = (pilot_audit_text_t){(const char *)made->hash, sizeof made->hash};
}

static void make_two(made_t *first, made_t *second)
{
    pilot_sha256_t *sha256 = pilot_sha256_new();
    memset(first, 0, sizeof *first);
    memset(second, 0, sizeof *second);
    first->entry = (pilot_audit_entry_t){.entry = 1};
    first->entry.text[PILOT_AUDIT_ACTOR] = text("me");
    first->entry.text[PILOT_AUDIT_ACTION] = text("begun");
    first->entry.text[PILOT_AUDIT_SUBJECT] = text("{}");
    seal(first, sha256);
    second->entry = (pilot_audit_entry_t){.entry = 2, .at_us = INT64_C(1767225600123456)};
    static const char *const texts[PILOT_AUDIT_TEXTS] = {
        "J\xc3\xbcrgen",           "psql",         "10.0.0.1", "submitted", "p",
        "\xc3\x9cn\xc3\xaf \"x\"", "{\"rows\": 2}"};
    for (size_t i = 0; i < PILOT_AUDIT_TEXTS; i++)
        second->entry.text[i] = text(texts[i]);
    memcpy(second->previous, first->hash, sizeof first->hash);
    seal(second, sha256);
    pilot_sha256_free(sha256);
}

static void test_golden(void)
{
    made_t first, second;
    char hex[PILOT_SHA256_HEX_SIZE];
    make_two(&first, &second);
    pilot_hex(first.hash, sizeof first.hash, hex);
    is_text(hex, FIRST, "the first entry's hash is Python's");
    pilot_hex(second.hash, sizeof second.hash, hex);
    is_text(hex, SECOND, "and that of one with every field");
}

/* Every field counts, and where it ends. */
static void test_fields(void)
{
    pilot_sha256_t *sha256 = pilot_sha256_new();
    made_t first, second;
    make_two(&first, &second);
    for (size_t i = 0; i < PILOT_AUDIT_TEXTS; i++) {
        uint8_t hash[PILOT_SHA256_SIZE];
        pilot_audit_entry_t other = second.entry;
        other.text[i] = text("another");
        pilot_audit_hash(sha256, &other, hash);
        bool differs = memcmp(hash, second.hash, sizeof hash) != 0;
        other.text[i] = text("");
        pilot_audit_hash(sha256, &other, hash);
        uint8_t none[PILOT_SHA256_SIZE];
        other.text[i] = text(NULL);
        pilot_audit_hash(sha256, &other, none);
        ok(differs && memcmp(hash, none, sizeof hash) != 0,
           "field %zu counts, and nothing is not the empty text", i);
    }
    pilot_audit_entry_t other = second.entry;
    uint8_t hash[PILOT_SHA256_SIZE];
    other.at_us++;
    pilot_audit_hash(sha256, &other, hash);
    ok(memcmp(hash, second.hash, sizeof hash) != 0, "so does a microsecond");
    pilot_sha256_free(sha256);
}

typedef enum damage {
    WHOLE,
    NO_FIRST,
    NO_SECOND,
    TWICE,
    LINK,
    HASH,
    SHORT_HASH,
    NO_HEAD,
    OLD_HEAD
} damage_t;

/* The message of what is found, "" = whole. */
static void check(damage_t damage, const char *from, const char *expect, const char *want,
                  const char *name)
{
    made_t first, second;
    pilot_audit_chain_t chain;
    pilot_audit_note_t note = {0};
    pilot_error_t error = {0};
    make_two(&first, &second);
    if (from || expect)
        pilot_audit_note_parse(from ? from : expect, &note, NULL);
    pilot_audit_chain_init(&chain, from ? &note : NULL, expect ? &note : NULL);
    if (damage == LINK) {
        second.previous[31] ^= 1;
        seal(&second, chain.sha256);
    }
    if (damage == HASH)
        second.hash[0] ^= 1;
    if (damage == SHORT_HASH)
        second.entry.hash.length--;
    pilot_status_t status = PILOT_OK;
    if (damage != NO_FIRST && !from)
        status = pilot_audit_chain_next(&chain, &first.entry, &error);
    if (!status && damage != NO_SECOND)
        status = pilot_audit_chain_next(&chain, &second.entry, &error);
    if (!status && damage == TWICE)
        status = pilot_audit_chain_next(&chain, &second.entry, &error);
    pilot_audit_text_t head = {(const char *)second.hash, PILOT_SHA256_SIZE};
    if (damage == NO_HEAD)
        head.data = NULL;
    if (!status)
        status = pilot_audit_chain_end(&chain, damage == OLD_HEAD ? 1 : 2, head, &error);
    ok(status == (want[0] ? PILOT_E_TAMPERED : PILOT_OK), "%s: status", name);
    is_text(error.message, want, "%s", name);
    pilot_audit_chain_clear(&chain);
}

static void test_chain(void)
{
    check(WHOLE, NULL, NULL, "", "a whole chain");
    check(NO_FIRST, NULL, NULL, "entry 1 is missing: entry 2 comes next", "the first deleted");
    check(NO_SECOND, NULL, NULL, "entry 2 is missing: the head is entry 2", "the last deleted");
    check(TWICE, NULL, NULL, "entry 2 stands twice, or out of its order", "one put in");
    check(LINK, NULL, NULL,
          "entry 2 does not follow entry 1: one of them was put in another's place", "a link");
    check(HASH, NULL, NULL, "entry 2 was changed: its hash is of other contents", "a hash");
    check(SHORT_HASH, NULL, NULL, "entry 2 was changed: its hash is of other contents",
          "a hash that is no hash");
    check(NO_HEAD, NULL, NULL,
          "entry 3 and all after it cannot be told: the row of the head is gone", "no head");
    check(OLD_HEAD, NULL, NULL, "entry 2 is not the head, which is entry 1 with another hash",
          "a head set back");
    check(WHOLE, "2:" SECOND, NULL, "", "from the second on");
    check(LINK, "2:" SECOND, NULL,
          "entry 2 is whole but not the one that was noted: it, or one before it, was written anew",
          "from the second on, of another past");
    check(NO_SECOND, "2:" SECOND, NULL, "entry 2 is missing: the head is entry 2",
          "from the second on, which is gone");
    check(WHOLE, NULL, "1:" FIRST, "", "the first is expected");
    check(WHOLE, NULL, SECOND, "", "the second is expected by its hash");
    check(WHOLE, NULL, "2:" FIRST,
          "entry 2 is whole but not the one that was noted: it, or one before it, was written anew",
          "another is expected");
    check(WHOLE, NULL, "3:" SECOND, "entry 3 was noted and is missing: the log ends with entry 2",
          "a third is expected");
}

static void test_notes(void)
{
    pilot_audit_note_t note;
    pilot_error_t error = {0};
    ok(!pilot_audit_note_parse("12:" FIRST, &note, &error) && note.entry == 12 &&
           !strcmp(note.hash, FIRST),
       "number and hash");
    ok(!pilot_audit_note_parse(FIRST, &note, &error) && note.entry == 0, "a hash alone");
    static const char *const wrong[] = {"",          "12",           ":" FIRST,  "0:" FIRST,
                                        "-1:" FIRST, "1:" FIRST "0", "x:" FIRST, "1:2:" FIRST,
                                        "1: " FIRST, "1:" FIRST "\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ok(pilot_audit_note_parse(wrong[i], &note, &error) == PILOT_E_USAGE, "wrong note %zu", i);
}

int main(void)
{
    test_golden();
    test_fields();
    test_chain();
    test_notes();
    return tap_done();
}
