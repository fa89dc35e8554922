#include "intake_dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define FIRST_SLOTS 64
/* A table that grew beyond this is given back between agencies. */
#define KEPT_SLOTS 65536

uint64_t pilot_hash64(const char *bytes, size_t length)
{
    uint64_t hash = 0x9e3779b97f4a7c15u ^ length;
    while (length > 0) {
        uint64_t word = 0;
        size_t part = length < 8 ? length : 8;
        memcpy(&word, bytes, part);
        hash ^= word;
        hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
        hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
        hash ^= hash >> 31;
        bytes += part;
        length -= part;
    }
    return hash;
}

void pilot_dictionary_clear(pilot_dictionary_t *dictionary)
{
    free(dictionary->bytes);
    free(dictionary->end);
    free(dictionary->slot);
    *dictionary = (pilot_dictionary_t){0};
}

void pilot_dictionary_reset(pilot_dictionary_t *dictionary)
{
    if (dictionary->slots > KEPT_SLOTS) {
        pilot_dictionary_clear(dictionary);
        return;
    }
    if (dictionary->count > 0)
        memset(dictionary->slot, 0, dictionary->slots * sizeof *dictionary->slot);
    dictionary->count = 0;
    dictionary->bytes_used = 0;
}

static size_t find_slot(const pilot_dictionary_t *dictionary, const char *label, size_t length)
{
    size_t mask = dictionary->slots - 1;
    size_t place = pilot_hash64(label, length) & mask;
    for (; dictionary->slot[place] != 0; place = (place + 1) & mask) {
        size_t have_length;
        const char *have =
            pilot_dictionary_label(dictionary, dictionary->slot[place] - 1, &have_length);
        if (have_length == length && memcmp(have, label, length) == 0)
            break;
    }
    return place;
}

static void grow(pilot_dictionary_t *dictionary)
{
    free(dictionary->slot);
    dictionary->slots = dictionary->slots > 0 ? 2 * dictionary->slots : FIRST_SLOTS;
    dictionary->slot = PILOT_NEW_ARRAY(uint32_t, dictionary->slots);
    for (uint32_t code = 0; code < dictionary->count; code++) {
        size_t length;
        const char *label = pilot_dictionary_label(dictionary, code, &length);
        dictionary->slot[find_slot(dictionary, label, length)] = code + 1;
    }
}

uint32_t pilot_dictionary_code(pilot_dictionary_t *dictionary, const char *label, size_t length)
{
    if (2 * (dictionary->count + 1) > dictionary->slots)
        grow(dictionary);
    size_t place = find_slot(dictionary, label, length);
    if (dictionary->slot[place] != 0)
        return dictionary->slot[place] - 1;
    dictionary->bytes = pilot_grow(dictionary->bytes, &dictionary->bytes_capacity,
                                   dictionary->bytes_used + length + 1, 1);
    if (length > 0)
        memcpy(dictionary->bytes + dictionary->bytes_used, label, length);
    dictionary->bytes_used += length;
    dictionary->end = pilot_grow(dictionary->end, &dictionary->end_capacity, dictionary->count + 1,
                                 sizeof *dictionary->end);
    dictionary->end[dictionary->count++] = dictionary->bytes_used;
    dictionary->slot[place] = (uint32_t)dictionary->count;
    return (uint32_t)dictionary->count - 1;
}

bool pilot_dictionary_find(const pilot_dictionary_t *dictionary, const char *label, size_t length,
                           uint32_t *ret_code)
{
    if (dictionary->slots == 0)
        return false;
    size_t place = find_slot(dictionary, label, length);
    if (dictionary->slot[place] == 0)
        return false;
    *ret_code = dictionary->slot[place] - 1;
    return true;
}
