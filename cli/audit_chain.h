/* audit_chain.h - the audit log's chain, recomputed here: no function of the database is asked.
 * docs/operations/audit.md tells the format. */
#ifndef PILOT_CLI_AUDIT_CHAIN_H
#define PILOT_CLI_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"
#include "pilot/hash.h"

typedef struct pilot_audit_text {
    const char *data; /* NULL: SQL NULL */
    size_t length;
} pilot_audit_text_t;

/* In the order in which they are hashed. */
enum {
    PILOT_AUDIT_ACTOR,
    PILOT_AUDIT_APPLICATION,
    PILOT_AUDIT_ADDRESS,
    PILOT_AUDIT_ACTION,
    PILOT_AUDIT_PILOT,
    PILOT_AUDIT_AGENCY,
    PILOT_AUDIT_SUBJECT,
    PILOT_AUDIT_TEXTS
};

typedef struct pilot_audit_entry {
    int64_t entry;
    int64_t at_us; /* microseconds since 1970 */
    pilot_audit_text_t text[PILOT_AUDIT_TEXTS];
    pilot_audit_text_t previous_hash, hash; /* bytes; 32 each, in a log as it was written */
} pilot_audit_entry_t;

/* SHA-256 of the entry, its own hash left out. */
void pilot_audit_hash(pilot_sha256_t *sha256, const pilot_audit_entry_t *entry,
                      uint8_t ret_hash[PILOT_SHA256_SIZE]);

/* Entry number (0: not told) and hash that somebody has noted. */
typedef struct pilot_audit_note {
    int64_t entry;
    char hash[PILOT_SHA256_HEX_SIZE];
} pilot_audit_note_t;

/* "N:HASH", or "HASH" alone.  PILOT_E_USAGE. */
pilot_status_t pilot_audit_note_parse(const char *text, pilot_audit_note_t *ret_note,
                                      pilot_error_t *error);

typedef struct pilot_audit_chain {
    pilot_sha256_t *sha256;
    bool begun;
    int64_t last; /* number and hash of the last entry that was found good; 0 and zeros: none */
    uint8_t hash[PILOT_SHA256_SIZE];
    int64_t from;                /* first entry to look at */
    pilot_audit_note_t expected; /* hash "": none */
    bool found;                  /* the expected one has come by */
} pilot_audit_chain_t;

/* from, expected: NULL = none.  From a noted entry on, that one must have the noted hash. */
void pilot_audit_chain_init(pilot_audit_chain_t *chain, const pilot_audit_note_t *from,
                            const pilot_audit_note_t *expected);
void pilot_audit_chain_clear(pilot_audit_chain_t *chain);

/* The next entry, in the order of numbers.  PILOT_E_TAMPERED names the first bad one. */
pilot_status_t pilot_audit_chain_next(pilot_audit_chain_t *chain, const pilot_audit_entry_t *entry,
                                      pilot_error_t *error);
/* After the last: does the head tell the same, was the expected one there? */
pilot_status_t pilot_audit_chain_end(const pilot_audit_chain_t *chain, int64_t head_entry,
                                     pilot_audit_text_t head_hash, pilot_error_t *error);

#endif
