/* id_map.h - ids (never 0) to small numbers: open addressing, linear probing, 12 bytes a slot. */
#ifndef PILOT_ID_MAP_H
#define PILOT_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pilot_id_map {
    uint64_t *key; /* 0: free */
    uint32_t *value;
    size_t capacity; /* 0 or a power of two */
    size_t count;
} pilot_id_map_t;

void pilot_id_map_clear(pilot_id_map_t *map); /* frees */
void pilot_id_map_put(pilot_id_map_t *map, uint64_t key, uint32_t value);
bool pilot_id_map_get(const pilot_id_map_t *map, uint64_t key, uint32_t *ret_value);
void pilot_id_map_remove(pilot_id_map_t *map, uint64_t key); /* absent is fine */

#endif
