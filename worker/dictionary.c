#include "dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

enum { ALLOCATOR_OVERHEAD = 24 };

void pilot_dictionary_add(pilot_dictionary_t *dictionary, const char *label, size_t length)
{
    dictionary->label = pilot_grow(dictionary->label, &dictionary->capacity, dictionary->count + 1,
                                   sizeof *dictionary->label);
    dictionary->label[dictionary->count++] = pilot_strndup(label, length);
    dictionary->bytes += length + ALLOCATOR_OVERHEAD;
}

void pilot_dictionary_clear(pilot_dictionary_t *dictionary)
{
    for (size_t i = 0; i < dictionary->count; i++)
        free(dictionary->label[i]);
    free(dictionary->label);
    *dictionary = (pilot_dictionary_t){0};
}

typedef struct ranked_label {
    char *label;
    uint32_t code;
} ranked_label_t;

static int by_label(const void *a, const void *b)
{
    return strcmp(((const ranked_label_t *)a)->label, ((const ranked_label_t *)b)->label);
}

uint32_t *pilot_dictionary_rank(pilot_dictionary_t *dictionary)
{
    size_t count = dictionary->count;
    ranked_label_t *ranked = PILOT_NEW_ARRAY(ranked_label_t, count);
    uint32_t *rank = PILOT_NEW_ARRAY(uint32_t, count);
    for (size_t i = 0; i < count; i++)
        ranked[i] = (ranked_label_t){.label = dictionary->label[i], .code = (uint32_t)i};
    qsort(ranked, count, sizeof *ranked, by_label);
    for (size_t i = 0; i < count; i++) {
        rank[ranked[i].code] = (uint32_t)i;
        dictionary->label[i] = ranked[i].label;
    }
    free(ranked);
    return rank;
}

void pilot_dictionary_renumber(pilot_dictionary_t *dictionary, uint32_t *codes, size_t count)
{
    uint32_t *new_code = pilot_alloc_raw(dictionary->count, sizeof *new_code);
    for (size_t i = 0; i < dictionary->count; i++)
        new_code[i] = UINT32_MAX;
    pilot_dictionary_t kept = {0};
    kept.label = PILOT_NEW_ARRAY(char *, dictionary->count);
    kept.capacity = dictionary->count;
    for (size_t i = 0; i < count; i++) {
        uint32_t old = codes[i];
        if (new_code[old] == UINT32_MAX) {
            new_code[old] = (uint32_t)kept.count;
            kept.label[kept.count++] = dictionary->label[old];
            kept.bytes += strlen(dictionary->label[old]) + ALLOCATOR_OVERHEAD;
            dictionary->label[old] = NULL;
        }
        codes[i] = new_code[old];
    }
    free(new_code);
    pilot_dictionary_clear(dictionary);
    *dictionary = kept;
}
