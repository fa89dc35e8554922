/* assigned.h - one agency's registered units: who was assigned to which arm, block and cluster, as
 * salted hashes in the order of their keys.  18 bytes a unit. */
#ifndef PILOT_CLI_ASSIGNED_H
#define PILOT_CLI_ASSIGNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/hash.h"

#define PILOT_SALT_SIZE 16

typedef struct pilot_assigned {
    unsigned char salt[PILOT_SALT_SIZE];
    size_t units, capacity;
    uint64_t *key; /* ascending as signed numbers, as in the database; equal ones are possible */
    uint16_t *arm; /* index in plan->arms; PILOT_INTAKE_NO_ARM: an arm that the plan lacks */
    uint32_t *block, *cluster; /* NULL: were not registered */
} pilot_assigned_t;

void pilot_assigned_init(pilot_assigned_t *assigned, size_t units, bool blocks, bool clusters);
void pilot_assigned_clear(pilot_assigned_t *assigned);

typedef struct pilot_assigned_unit {
    uint64_t key;
    uint16_t arm;
    uint32_t block, cluster;
} pilot_assigned_unit_t;

/* More than capacity is a bug. */
void pilot_assigned_add(pilot_assigned_t *assigned, const pilot_assigned_unit_t *unit);
/* Put them in the order of keys. */
void pilot_assigned_sort(pilot_assigned_t *assigned);

/* First 8 bytes of SHA-256(salt, label): a unit's key; a block's or cluster's tag is its upper
 * half. */
uint64_t pilot_assigned_hash(pilot_sha256_t *hash, const unsigned char salt[PILOT_SALT_SIZE],
                             const char *label, size_t length);

typedef enum pilot_assigned_answer {
    PILOT_ASSIGNED_SAME,
    PILOT_ASSIGNED_UNKNOWN, /* no such unit */
    PILOT_ASSIGNED_OTHER_ARM,
    PILOT_ASSIGNED_OTHER_BLOCK,
    PILOT_ASSIGNED_OTHER_CLUSTER
} pilot_assigned_answer_t;

/* with_block, with_cluster: the unit has these; they are compared where both sides have them. */
pilot_assigned_answer_t pilot_assigned_check(const pilot_assigned_t *assigned,
                                             const pilot_assigned_unit_t *unit, bool with_block,
                                             bool with_cluster);

#endif
