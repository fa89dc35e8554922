#include "id_map.h"

#include <stdlib.h>

#include "pilot/memory.h"

static size_t home_of(const pilot_id_map_t *map, uint64_t key)
{
    uint64_t mixed = key * 0x9e3779b97f4a7c15u; /* Fibonacci hashing: ids are often consecutive */
    return (size_t)(mixed >> 20) & (map->capacity - 1);
}

/* The key's slot, or the free one where it would go. */
static size_t find_slot(const pilot_id_map_t *map, uint64_t key)
{
    size_t slot = home_of(map, key);
    while (map->key[slot] && map->key[slot] != key)
        slot = (slot + 1) & (map->capacity - 1);
    return slot;
}

static void grow(pilot_id_map_t *map)
{
    pilot_id_map_t larger = {.capacity = map->capacity ? map->capacity * 2 : 64};
    larger.key = PILOT_NEW_ARRAY(uint64_t, larger.capacity);
    larger.value = PILOT_NEW_ARRAY(uint32_t, larger.capacity);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->key[i])
            pilot_id_map_put(&larger, map->key[i], map->value[i]);
    pilot_id_map_clear(map);
    *map = larger;
}

void pilot_id_map_clear(pilot_id_map_t *map)
{
    free(map->key);
    free(map->value);
    *map = (pilot_id_map_t){0};
}

void pilot_id_map_put(pilot_id_map_t *map, uint64_t key, uint32_t value)
{
    if ((map->count + 1) * 4 > map->capacity * 3)
        grow(map);
    size_t slot = find_slot(map, key);
    map->count += !map->key[slot];
    map->key[slot] = key;
    map->value[slot] = value;
}

bool pilot_id_map_get(const pilot_id_map_t *map, uint64_t key, uint32_t *ret_value)
{
    size_t slot;
    if (!map->count || !map->key[slot = find_slot(map, key)])
        return false;
    *ret_value = map->value[slot];
    return true;
}

void pilot_id_map_remove(pilot_id_map_t *map, uint64_t key)
{
    size_t slot, mask = map->capacity - 1;
    if (!map->count || !map->key[slot = find_slot(map, key)])
        return;
    map->count--;
    /* Move back what probing would no longer find (Knuth, 6.4, algorithm R). */
    for (size_t next = (slot + 1) & mask; map->key[next]; next = (next + 1) & mask) {
        size_t home = home_of(map, map->key[next]);
        if (((next - home) & mask) >= ((next - slot) & mask)) {
            map->key[slot] = map->key[next];
            map->value[slot] = map->value[next];
            slot = next;
        }
    }
    map->key[slot] = 0;
}
