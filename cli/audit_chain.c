#include "audit_chain.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pilot/text.h"

/* ---- the hash of one entry ------------------------------------------------------------------- */

static void update_field(pilot_sha256_t *sha256, const char *data, size_t length)
{
    char size[24];
    if (!data) {
        pilot_sha256_update(sha256, "-,", 2);
        return;
    }
    int digits = snprintf(size, sizeof size, "%zu:", length);
    pilot_sha256_update(sha256, size, (size_t)digits);
    pilot_sha256_update(sha256, data, length);
    pilot_sha256_update(sha256, ",", 1);
}

static void update_number(pilot_sha256_t *sha256, int64_t number)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRId64, number);
    update_field(sha256, text, (size_t)length);
}

static void update_hex(pilot_sha256_t *sha256, pilot_audit_text_t bytes)
{
    char hex[PILOT_SHA256_HEX_SIZE];
    if (bytes.length > PILOT_SHA256_SIZE)
        bytes.length = PILOT_SHA256_SIZE; /* then the hash differs in any case */
    pilot_hex((const uint8_t *)bytes.data, bytes.length, hex);
    update_field(sha256, hex, 2 * bytes.length);
}

void pilot_audit_hash(pilot_sha256_t *sha256, const pilot_audit_entry_t *entry,
                      uint8_t ret_hash[PILOT_SHA256_SIZE])
{
    static const char format[] = "pilot audit 1";
    pilot_sha256_reset(sha256);
    update_field(sha256, format, sizeof format - 1);
    update_number(sha256, entry->entry);
    update_number(sha256, entry->at_us);
    for (size_t i = 0; i < PILOT_AUDIT_TEXTS; i++)
        update_field(sha256, entry->text[i].data, entry->text[i].length);
    update_hex(sha256, entry->previous_hash);
    pilot_sha256_finish(sha256, ret_hash);
}

/* ---- notes ----------------------------------------------------------------------------------- */

pilot_status_t pilot_audit_note_parse(const char *text, pilot_audit_note_t *ret_note,
                                      pilot_error_t *error)
{
    const char *colon = strchr(text, ':');
    const char *hash = colon ? colon + 1 : text;
    pilot_audit_note_t note = {0};
    bool good = strlen(hash) == PILOT_SHA256_HEX_SIZE - 1 &&
                strspn(hash, "0123456789abcdefABCDEF") == PILOT_SHA256_HEX_SIZE - 1;
    if (good && colon)
        good = pilot_int64_parse(text, (size_t)(colon - text), &note.entry) && note.entry > 0;
    if (!good)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "'%.100s' is not an entry's number and hash, N:HASH, as "
                               "`pilot audit --verify` prints them",
                               text);
    for (size_t i = 0; i < PILOT_SHA256_HEX_SIZE - 1; i++)
        note.hash[i] = (char)tolower((unsigned char)hash[i]);
    *ret_note = note;
    return PILOT_OK;
}

/* ---- the chain ------------------------------------------------------------------------------- */

void pilot_audit_chain_init(pilot_audit_chain_t *chain, const pilot_audit_note_t *from,
                            const pilot_audit_note_t *expected)
{
    *chain = (pilot_audit_chain_t){.sha256 = pilot_sha256_new(), .from = 1};
    if (from) {
        chain->from = from->entry;
        chain->expected = *from;
    }
    if (expected)
        chain->expected = *expected;
}

void pilot_audit_chain_clear(pilot_audit_chain_t *chain)
{
    pilot_sha256_free(chain->sha256);
    chain->sha256 = NULL;
}

static bool is_hash(pilot_audit_text_t bytes, const uint8_t hash[PILOT_SHA256_SIZE])
{
    return bytes.data && bytes.length == PILOT_SHA256_SIZE &&
           memcmp(bytes.data, hash, PILOT_SHA256_SIZE) == 0;
}

static pilot_status_t check_number(const pilot_audit_chain_t *chain, int64_t number,
                                   pilot_error_t *error)
{
    int64_t want = chain->begun ? chain->last + 1 : chain->from;
    if (number > want)
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64 " is missing: entry %" PRId64 " comes next", want,
                               number);
    if (number < want)
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64 " stands twice, or out of its order", number);
    return PILOT_OK;
}

static pilot_status_t check_expected(pilot_audit_chain_t *chain, pilot_error_t *error)
{
    char hex[PILOT_SHA256_HEX_SIZE];
    pilot_hex(chain->hash, sizeof chain->hash, hex);
    bool same = strcmp(hex, chain->expected.hash) == 0;
    if (chain->expected.entry == chain->last && !same)
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64
                               " is whole but not the one that was noted: it, or one before it, "
                               "was written anew",
                               chain->last);
    if (same && (!chain->expected.entry || chain->expected.entry == chain->last))
        chain->found = true;
    return PILOT_OK;
}

pilot_status_t pilot_audit_chain_next(pilot_audit_chain_t *chain, const pilot_audit_entry_t *entry,
                                      pilot_error_t *error)
{
    uint8_t hash[PILOT_SHA256_SIZE];
    pilot_status_t status = check_number(chain, entry->entry, error);
    if (status)
        return status;
    pilot_audit_hash(chain->sha256, entry, hash);
    if (!is_hash(entry->hash, hash))
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64 " was changed: its hash is of other contents",
                               entry->entry);
    if ((chain->begun || entry->entry == 1) && !is_hash(entry->previous_hash, chain->hash))
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64 " does not follow entry %" PRId64
                               ": one of them was put in another's place",
                               entry->entry, entry->entry - 1);
    chain->begun = true;
    chain->last = entry->entry;
    memcpy(chain->hash, hash, sizeof hash);
    return chain->expected.hash[0] ? check_expected(chain, error) : PILOT_OK;
}

pilot_status_t pilot_audit_chain_end(const pilot_audit_chain_t *chain, int64_t head_entry,
                                     pilot_audit_text_t head_hash, pilot_error_t *error)
{
    int64_t next = chain->begun ? chain->last + 1 : chain->from;
    if (!head_hash.data)
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64 " and all after it cannot be told: the row of the "
                               "head is gone",
                               next);
    if (chain->begun ? head_entry > chain->last : head_entry >= chain->from)
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64 " is missing: the head is entry %" PRId64, next,
                               head_entry);
    if (!chain->begun && chain->from > 1)
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64 " is missing: the log ends with entry %" PRId64,
                               chain->from, head_entry);
    if (head_entry != chain->last || !is_hash(head_hash, chain->hash))
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64 " is not the head, which is entry %" PRId64
                               " with another hash",
                               chain->last, head_entry);
    if (chain->expected.hash[0] && !chain->found && chain->expected.entry)
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "entry %" PRId64 " was noted and is missing: the log ends with "
                               "entry %" PRId64,
                               chain->expected.entry, head_entry);
    if (chain->expected.hash[0] && !chain->found)
        return pilot_error_set(error, PILOT_E_TAMPERED,
                               "no entry has the hash that was noted: the log was written anew, "
                               "or its end taken away (it ends with entry %" PRId64 ")",
                               head_entry);
    return PILOT_OK;
}
