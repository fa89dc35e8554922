/* Numbers for pairs of texts. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* FNV-1a, both texts with their NUL. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do {
        hash ^= (unsigned char)*text;
        hash *= UINT64_C(1099511628211);
    } while (*text++ != '\0');
    return hash;
}

static uint64_t hash_pair(const char *text, const char *other)
{
    uint64_t hash = hash_text(hash_text(UINT64_C(14695981039346656037), text), other);
    return hash ^ hash >> 29;
}

static uint32_t find(const names_t *names, const char *text, const char *other, uint64_t hash)
{
    for (size_t at = hash & (names->slots - 1);; at = (at + 1) & (names->slots - 1)) {
        uint32_t number = names->slot[at];
        if (number == 0)
            return NAME_NONE;
        const name_t *name = &names->name[number - 1];
        if (name->hash == hash && strcmp(name->text, text) == 0 && strcmp(name->other, other) == 0)
            return number - 1;
    }
}

static void place(names_t *names, uint32_t number)
{
    size_t at = names->name[number].hash & (names->slots - 1);
    while (names->slot[at] != 0)
        at = (at + 1) & (names->slots - 1);
    names->slot[at] = number + 1;
}

uint32_t names_find(const names_t *names, const char *text, const char *other)
{
    text = text == NULL ? "" : text;
    other = other == NULL ? "" : other;
    return names->slots == 0 ? NAME_NONE : find(names, text, other, hash_pair(text, other));
}

uint32_t names_add(names_t *names, const char *text, const char *other)
{
    text = text == NULL ? "" : text;
    other = other == NULL ? "" : other;
    uint64_t hash = hash_pair(text, other);
    uint32_t found = names->slots == 0 ? NAME_NONE : find(names, text, other, hash);
    if (found != NAME_NONE)
        return found;
    if (2 * (names->count + 1) > names->slots) {
        free(names->slot);
        names->slots = names->slots == 0 ? 64 : 2 * names->slots;
        names->slot = PILOT_NEW_ARRAY(uint32_t, names->slots);
        for (size_t i = 0; i < names->count; i++)
            place(names, (uint32_t)i);
    }
    names->name = pilot_grow(names->name, &names->capacity, names->count + 1, sizeof(name_t));
    size_t first = strlen(text) + 1, second = strlen(other) + 1;
    name_t *name = &names->name[names->count];
    name->text = pilot_alloc_raw(first + second, 1);
    memcpy(name->text, text, first);
    memcpy(name->text + first, other, second);
    name->other = name->text + first;
    name->hash = hash;
    place(names, (uint32_t)names->count);
    return (uint32_t)names->count++;
}

void names_clear(names_t *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i].text);
    free(names->name);
    free(names->slot);
    *names = (names_t){0};
}
