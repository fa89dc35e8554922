/* intake_dictionary.h - labels to codes 0, 1, 2 ... in order of first appearance: open addressing,
 * one array of label bytes. */
#ifndef PILOT_CLI_INTAKE_DICTIONARY_H
#define PILOT_CLI_INTAKE_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pilot_dictionary {
    char *bytes; /* labels one after another */
    size_t bytes_used, bytes_capacity;
    size_t *end; /* end of label c in bytes; it starts where the one before ends */
    size_t count, end_capacity;
    uint32_t *slot; /* code + 1; 0 = free */
    size_t slots;   /* a power of two */
} pilot_dictionary_t;

void pilot_dictionary_clear(pilot_dictionary_t *dictionary); /* frees */
void pilot_dictionary_reset(pilot_dictionary_t *dictionary); /* empties, keeps some memory */

/* Code of a label, which is added when it is new. */
uint32_t pilot_dictionary_code(pilot_dictionary_t *dictionary, const char *label, size_t length);

/* Is it there? */
bool pilot_dictionary_find(const pilot_dictionary_t *dictionary, const char *label, size_t length,
                           uint32_t *ret_code);

static inline const char *pilot_dictionary_label(const pilot_dictionary_t *dictionary,
                                                 uint32_t code, size_t *ret_length)
{
    size_t start = code > 0 ? dictionary->end[code - 1] : 0;
    *ret_length = dictionary->end[code] - start;
    return dictionary->bytes + start;
}

/* A 64-bit hash of bytes: good spread, no secrets (SplitMix64 finisher over 8-byte words). */
uint64_t pilot_hash64(const char *bytes, size_t length);

#endif
