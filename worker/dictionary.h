/* dictionary.h - labels by code, and their order by bytes. */
#ifndef PILOT_WORKER_DICTIONARY_H
#define PILOT_WORKER_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

/* Labels in code order. */
typedef struct pilot_dictionary {
    char **label;
    size_t count, capacity;
    size_t bytes; /* memory of the labels */
} pilot_dictionary_t;

void pilot_dictionary_add(pilot_dictionary_t *dictionary, const char *label, size_t length);
void pilot_dictionary_clear(pilot_dictionary_t *dictionary);

/* Sort the labels by their bytes.  Returns rank[old code] = new code; caller frees. */
uint32_t *pilot_dictionary_rank(pilot_dictionary_t *dictionary);

/* Keep only the labels that `codes` (count of them, each below dictionary->count) name, in order
 * of first appearance, and rewrite the codes. */
void pilot_dictionary_renumber(pilot_dictionary_t *dictionary, uint32_t *codes, size_t count);

#endif
