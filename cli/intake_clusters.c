#include "intake_clusters.h"

#include <stdlib.h>

#include "intake_dictionary.h"
#include "intake_layout.h"
#include "pilot/memory.h"

#define FIRST_SLOTS 1024

void pilot_clusters_clear(pilot_clusters_t *clusters)
{
    free(clusters->hash);
    free(clusters->arm);
    *clusters = (pilot_clusters_t){0};
}

static size_t find_slot(const pilot_clusters_t *clusters, uint64_t hash)
{
    size_t mask = clusters->slots - 1;
    size_t place = hash & mask;
    while (clusters->hash[place] != 0 && clusters->hash[place] != hash)
        place = (place + 1) & mask;
    return place;
}

static void grow(pilot_clusters_t *clusters)
{
    pilot_clusters_t old = *clusters;
    clusters->slots = old.slots > 0 ? 2 * old.slots : FIRST_SLOTS;
    clusters->hash = PILOT_NEW_ARRAY(uint64_t, clusters->slots);
    clusters->arm = pilot_alloc_raw(clusters->slots, sizeof *clusters->arm);
    for (size_t i = 0; i < old.slots; i++) {
        if (old.hash[i] == 0)
            continue;
        size_t place = find_slot(clusters, old.hash[i]);
        clusters->hash[place] = old.hash[i];
        clusters->arm[place] = old.arm[i];
    }
    pilot_clusters_clear(&old);
}

uint16_t *pilot_clusters_arm(pilot_clusters_t *clusters, const char *label, size_t length)
{
    if (4 * (clusters->count + 1) > 3 * clusters->slots)
        grow(clusters);
    uint64_t hash = pilot_hash64(label, length) | 1;
    size_t place = find_slot(clusters, hash);
    if (clusters->hash[place] == 0) {
        clusters->count++;
        clusters->hash[place] = hash;
        clusters->arm[place] = PILOT_INTAKE_NO_ARM;
    }
    return &clusters->arm[place];
}
