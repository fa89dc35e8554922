#include "peers.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* ROUTER gives 5 bytes, 0 and a number; never 0 as a key. */
static uint64_t routing_key(const pilot_routing_t *routing)
{
    uint64_t key = 1;
    for (size_t i = 0; i < routing->size && i < 7; i++)
        key = key << 8 | routing->bytes[i];
    return key;
}

static void clear_peer(pilot_peer_t *peer)
{
    uint32_t generation = peer->generation;
    free(peer->instance);
    free(peer->name);
    free(peer->build);
    free(peer->cpu_class);
    free(peer->leases);
    free(peer->acknowledge);
    *peer = (pilot_peer_t){.generation = generation};
}

void pilot_peers_clear(pilot_peers_t *peers)
{
    for (size_t i = 0; i < peers->count; i++)
        clear_peer(&peers->peer[i]);
    free(peers->peer);
    pilot_id_map_clear(&peers->by_routing);
    *peers = (pilot_peers_t){0};
}

uint32_t pilot_peers_find(const pilot_peers_t *peers, const pilot_routing_t *routing)
{
    uint32_t slot;
    return pilot_id_map_get(&peers->by_routing, routing_key(routing), &slot) ? slot : PILOT_NO_PEER;
}

static uint32_t find_instance(const pilot_peers_t *peers, const char *instance)
{
    for (size_t i = 0; i < peers->count; i++)
        if (peers->peer[i].state != PILOT_PEER_ABSENT && !strcmp(peers->peer[i].instance, instance))
            return (uint32_t)i;
    return PILOT_NO_PEER;
}

static uint32_t new_slot(pilot_peers_t *peers)
{
    size_t slot = 0;
    while (slot < peers->count && peers->peer[slot].state != PILOT_PEER_ABSENT)
        slot++;
    if (slot == peers->count) {
        peers->peer = pilot_grow(peers->peer, &peers->capacity, slot + 1, sizeof(pilot_peer_t));
        peers->peer[peers->count++] = (pilot_peer_t){0};
    }
    peers->peer[slot].generation++;
    peers->present++;
    return (uint32_t)slot;
}

static void replace_text(char **text, const char *value)
{
    free(*text);
    *text = pilot_strdup(value);
}

uint32_t pilot_peers_hello(pilot_peers_t *peers, const pilot_routing_t *routing,
                           const Pilot__Hello *hello, int64_t now_ms, bool *ret_new)
{
    uint32_t slot = find_instance(peers, hello->instance);
    *ret_new = slot == PILOT_NO_PEER;
    if (*ret_new)
        slot = new_slot(peers);
    pilot_peer_t *peer = &peers->peer[slot];
    if (!*ret_new)
        pilot_id_map_remove(&peers->by_routing, routing_key(&peer->routing));
    peer->routing = *routing;
    pilot_id_map_put(&peers->by_routing, routing_key(routing), slot);
    replace_text(&peer->instance, hello->instance);
    replace_text(&peer->name, hello->name ? hello->name : hello->instance);
    replace_text(&peer->build, hello->build);
    replace_text(&peer->cpu_class, hello->cpu_class);
    peer->credits = hello->credits < PILOT_CREDITS_MAX ? hello->credits : PILOT_CREDITS_MAX;
    peer->threads = peer->credits > 1 ? peer->credits - 1 : 1;
    peer->gone_ms = 0;
    peer->progress_ms = now_ms;
    pilot_peers_heard(peers, slot, now_ms);
    return slot;
}

void pilot_peers_heard(pilot_peers_t *peers, uint32_t slot, int64_t now_ms)
{
    peers->peer[slot].heard_ms = now_ms;
    peers->peer[slot].state = PILOT_PEER_ACTIVE;
}

void pilot_peers_progress(pilot_peers_t *peers, uint32_t slot, uint64_t progress, int64_t now_ms)
{
    pilot_peer_t *peer = &peers->peer[slot];
    if (progress != peer->progress || !peer->lease_count)
        peer->progress_ms = now_ms;
    peer->progress = progress;
}

void pilot_peers_gone(pilot_peers_t *peers, uint32_t slot, int64_t now_ms)
{
    if (!peers->peer[slot].gone_ms)
        peers->peer[slot].gone_ms = now_ms;
}

pilot_peer_verdict_t pilot_peers_judge(pilot_peers_t *peers, uint32_t slot, int64_t now_ms)
{
    pilot_peer_t *peer = &peers->peer[slot];
    if (peer->state == PILOT_PEER_ABSENT)
        return PILOT_PEER_FINE;
    int64_t silence = now_ms - peer->heard_ms;
    if (silence > PILOT_LOST_INTERVALS * peers->interval_ms ||
        (peer->gone_ms && now_ms - peer->gone_ms > PILOT_SUSPECT_INTERVALS * peers->interval_ms) ||
        (peer->lease_count && now_ms - peer->progress_ms > peers->stall_ms))
        return PILOT_PEER_LOST;
    if (peer->state == PILOT_PEER_ACTIVE &&
        (peer->gone_ms || silence > PILOT_SUSPECT_INTERVALS * peers->interval_ms)) {
        peer->state = PILOT_PEER_SUSPECT;
        return PILOT_PEER_DOUBTFUL;
    }
    return PILOT_PEER_FINE;
}

void pilot_peers_remove(pilot_peers_t *peers, uint32_t slot)
{
    pilot_id_map_remove(&peers->by_routing, routing_key(&peers->peer[slot].routing));
    clear_peer(&peers->peer[slot]);
    peers->present--;
}

bool pilot_peers_hungry(const pilot_peers_t *peers, uint32_t slot)
{
    const pilot_peer_t *peer = &peers->peer[slot];
    return peer->state == PILOT_PEER_ACTIVE && !peer->gone_ms && !peer->alone &&
           peer->lease_count < peer->credits;
}

void pilot_peers_lease(pilot_peers_t *peers, uint32_t slot, uint64_t job, uint64_t counter)
{
    pilot_peer_t *peer = &peers->peer[slot];
    peer->leases = pilot_grow(peer->leases, &peer->lease_capacity, peer->lease_count + 1,
                              sizeof(pilot_peer_lease_t));
    peer->leases[peer->lease_count++] = (pilot_peer_lease_t){.job = job, .counter = counter};
}

bool pilot_peers_release(pilot_peers_t *peers, uint32_t slot, uint64_t job)
{
    pilot_peer_t *peer = &peers->peer[slot];
    for (size_t i = 0; i < peer->lease_count; i++) { /* results come in about this order */
        if (peer->leases[i].job != job)
            continue;
        memmove(&peer->leases[i], &peer->leases[i + 1],
                (peer->lease_count - i - 1) * sizeof(pilot_peer_lease_t));
        peer->lease_count--;
        peer->alone = peer->alone && peer->lease_count;
        return true;
    }
    return false;
}
