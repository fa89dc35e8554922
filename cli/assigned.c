#include "assigned.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* Order of bigint. */
#define SIGN ((uint64_t)1 << 63)

void pilot_assigned_init(pilot_assigned_t *assigned, size_t units, bool blocks, bool clusters)
{
    *assigned = (pilot_assigned_t){.capacity = units};
    assigned->key = pilot_alloc_raw(units + 1, sizeof *assigned->key);
    assigned->arm = pilot_alloc_raw(units + 1, sizeof *assigned->arm);
    if (blocks)
        assigned->block = pilot_alloc_raw(units + 1, sizeof *assigned->block);
    if (clusters)
        assigned->cluster = pilot_alloc_raw(units + 1, sizeof *assigned->cluster);
}

void pilot_assigned_clear(pilot_assigned_t *assigned)
{
    free(assigned->key);
    free(assigned->arm);
    free(assigned->block);
    free(assigned->cluster);
    *assigned = (pilot_assigned_t){0};
}

void pilot_assigned_add(pilot_assigned_t *assigned, const pilot_assigned_unit_t *unit)
{
    if (assigned->units == assigned->capacity)
        abort();
    size_t i = assigned->units++;
    assigned->key[i] = unit->key;
    assigned->arm[i] = unit->arm;
    if (assigned->block)
        assigned->block[i] = unit->block;
    if (assigned->cluster)
        assigned->cluster[i] = unit->cluster;
}

static int compare_units(const void *a, const void *b)
{
    const pilot_assigned_unit_t *x = a, *y = b;
    if (x->key != y->key)
        return (x->key ^ SIGN) < (y->key ^ SIGN) ? -1 : 1;
    return x->arm < y->arm ? -1 : x->arm > y->arm;
}

void pilot_assigned_sort(pilot_assigned_t *assigned)
{
    size_t count = assigned->units;
    pilot_assigned_unit_t *unit PILOT_AUTOFREE = PILOT_NEW_ARRAY(pilot_assigned_unit_t, count + 1);
    for (size_t i = 0; i < count; i++)
        unit[i] = (pilot_assigned_unit_t){.key = assigned->key[i],
                                          .arm = assigned->arm[i],
                                          .block = assigned->block ? assigned->block[i] : 0,
                                          .cluster = assigned->cluster ? assigned->cluster[i] : 0};
    if (count > 1)
        qsort(unit, count, sizeof *unit, compare_units);
    assigned->units = 0;
    for (size_t i = 0; i < count; i++)
        pilot_assigned_add(assigned, &unit[i]);
}

uint64_t pilot_assigned_hash(pilot_sha256_t *hash, const unsigned char salt[PILOT_SALT_SIZE],
                             const char *label, size_t length)
{
    uint8_t digest[PILOT_SHA256_SIZE];
    uint64_t first;
    pilot_sha256_reset(hash);
    pilot_sha256_update(hash, salt, PILOT_SALT_SIZE);
    pilot_sha256_update(hash, label, length);
    pilot_sha256_finish(hash, digest);
    memcpy(&first, digest, sizeof first);
    return __builtin_bswap64(first);
}

/* First place whose key is not below.  Keys are spread evenly, so that two or three guesses by
 * proportion are enough before halving ends it. */
static size_t lower_bound(const pilot_assigned_t *assigned, uint64_t key)
{
    size_t low = 0, high = assigned->units;
    uint64_t wanted = key ^ SIGN;
    for (int guess = 0; guess < 4 && high - low > 16; guess++) {
        uint64_t first = assigned->key[low] ^ SIGN, last = assigned->key[high - 1] ^ SIGN;
        if (wanted <= first || wanted > last)
            break;
        double share = (double)(wanted - first) / (double)(last - first);
        size_t at = low + (size_t)(share * (double)(high - 1 - low));
        size_t margin = (high - low) / 64 + 4;
        size_t left = at > low + margin ? at - margin : low;
        size_t right = at + margin < high ? at + margin : high;
        if (left > low && (assigned->key[left - 1] ^ SIGN) >= wanted)
            high = left;
        else if (right < high && (assigned->key[right - 1] ^ SIGN) < wanted)
            low = right;
        else {
            low = left;
            high = right;
        }
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((assigned->key[middle] ^ SIGN) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

pilot_assigned_answer_t pilot_assigned_check(const pilot_assigned_t *assigned,
                                             const pilot_assigned_unit_t *unit, bool with_block,
                                             bool with_cluster)
{
    pilot_assigned_answer_t answer = PILOT_ASSIGNED_UNKNOWN;
    with_block = with_block && assigned->block;
    with_cluster = with_cluster && assigned->cluster;
    for (size_t i = lower_bound(assigned, unit->key);
         i < assigned->units && assigned->key[i] == unit->key; i++) {
        if (assigned->arm[i] != unit->arm)
            answer = PILOT_ASSIGNED_OTHER_ARM;
        else if (with_block && assigned->block[i] != unit->block)
            answer = PILOT_ASSIGNED_OTHER_BLOCK;
        else if (with_cluster && assigned->cluster[i] != unit->cluster)
            answer = PILOT_ASSIGNED_OTHER_CLUSTER;
        else
            return PILOT_ASSIGNED_SAME;
    }
    return answer;
}
