/* intake_agencies.h - the agencies of a load, numbered in order of first appearance.
 * Written by the reading thread; an entry's name never moves or changes. */
#ifndef PILOT_CLI_INTAKE_AGENCIES_H
#define PILOT_CLI_INTAKE_AGENCIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/pseudonym.h"

/* Beyond this, the agency column is most likely another column. */
#define PILOT_INTAKE_MOST_AGENCIES 100000u

typedef struct pilot_agency {
    char *name;
    size_t name_length;
    uint64_t rows;
    uint16_t first_file;
    bool several_files;
    pilot_pseudonym_t *pseudonym; /* of its units; borrowed; NULL: unit ids stay as they are */
    bool left;                    /* rows of another agency came after its rows */
} pilot_agency_t;

typedef struct pilot_agencies pilot_agencies_t;

pilot_agencies_t *pilot_agencies_new(void);
void pilot_agencies_free(pilot_agencies_t *agencies);
/* The agency's number; a new one at its first appearance; -1 when there are too many. */
int64_t pilot_agencies_find(pilot_agencies_t *agencies, const char *name, size_t length);
size_t pilot_agencies_count(const pilot_agencies_t *agencies);
pilot_agency_t *pilot_agencies_get(const pilot_agencies_t *agencies, size_t number);

#endif
