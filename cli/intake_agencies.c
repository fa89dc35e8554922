#include "intake_agencies.h"

#include <stdlib.h>

#include "intake_dictionary.h"
#include "pilot/memory.h"

#define BLOCK 1024

struct pilot_agencies {
    pilot_dictionary_t dictionary;
    /* In blocks that never move: another thread reads entries while new ones come. */
    pilot_agency_t *block[PILOT_INTAKE_MOST_AGENCIES / BLOCK + 1];
    size_t count;
};

pilot_agencies_t *pilot_agencies_new(void)
{
    return PILOT_NEW(pilot_agencies_t);
}

void pilot_agencies_free(pilot_agencies_t *agencies)
{
    if (!agencies)
        return;
    for (size_t i = 0; i < agencies->count; i++)
        free(pilot_agencies_get(agencies, i)->name);
    for (size_t i = 0; i * BLOCK < agencies->count; i++)
        free(agencies->block[i]);
    pilot_dictionary_clear(&agencies->dictionary);
    free(agencies);
}

int64_t pilot_agencies_find(pilot_agencies_t *agencies, const char *name, size_t length)
{
    uint32_t number = pilot_dictionary_code(&agencies->dictionary, name, length);
    if (number < agencies->count)
        return number;
    if (number >= PILOT_INTAKE_MOST_AGENCIES)
        return -1;
    if (number % BLOCK == 0)
        agencies->block[number / BLOCK] = PILOT_NEW_ARRAY(pilot_agency_t, BLOCK);
    pilot_agency_t *agency = pilot_agencies_get(agencies, number);
    agency->name = pilot_strndup(name, length);
    agency->name_length = length;
    agencies->count++;
    return number;
}

size_t pilot_agencies_count(const pilot_agencies_t *agencies)
{
    return agencies->count;
}

pilot_agency_t *pilot_agencies_get(const pilot_agencies_t *agencies, size_t number)
{
    return &agencies->block[number / BLOCK][number % BLOCK];
}
