/* assign.h - an assignment of a file's units: drawn, counted, hashed, written as CSV. */
#ifndef PILOT_CLI_ASSIGN_H
#define PILOT_CLI_ASSIGN_H

#include <stdio.h>

#include "assigned.h"
#include "pilot/assign.h"
#include "units.h"

/* One agency's part of it. */
typedef struct pilot_assigned_agency {
    uint32_t agency;
    size_t first, units; /* its records in by_agency */
    uint64_t *count;     /* units by arm */
    char content_sha256[PILOT_SHA256_HEX_SIZE];
} pilot_assigned_agency_t;

/* What was drawn in one block. */
typedef struct pilot_assigned_block {
    uint32_t group;
    uint32_t wholes; /* units, or clusters */
    uint64_t units;
    uint64_t *count; /* units by arm */
} pilot_assigned_block_t;

typedef struct pilot_assignment {
    pilot_units_t *units; /* borrowed; its records hold the arms */
    pilot_shares_t shares;
    pilot_record_t **by_agency;
    pilot_assigned_agency_t *agency; /* in byte order of their names */
    size_t agencies;
    pilot_assigned_block_t *block; /* in rank order */
    size_t blocks;
    uint64_t wholes;
    uint64_t *count, *count_wholes; /* by arm */
    char sha256[PILOT_SHA256_HEX_SIZE];
} pilot_assignment_t;

/* Draw (unless the units came with their arms) and take stock. */
void pilot_assignment_make(pilot_units_t *units, pilot_assignment_t *ret_assignment);
void pilot_assignment_clear(pilot_assignment_t *assignment);

/* unit, agency, block, cluster as the plan names them, then arm and, if the plan has a column for
 * it, probability; rows as in the file. */
void pilot_assignment_write(const pilot_assignment_t *assignment, FILE *file);

/* How it was drawn, in one line. */
const char *pilot_assignment_method(const pilot_units_t *units);

/* The number of a group: the first 8 bytes of SHA-256 of the pilot's name, a line feed, and the
 * agency's name (nothing at level across), read from the upper byte down. */
uint64_t pilot_assignment_group(const pilot_units_t *units, uint32_t agency);

/* An agency's units as they are registered. */
void pilot_assignment_pack(const pilot_assignment_t *assignment,
                           const pilot_assigned_agency_t *agency,
                           const unsigned char salt[PILOT_SALT_SIZE],
                           pilot_assigned_t *ret_assigned);

#endif
