/* peers.h - the workers that said HELLO: who they are, what they hold, when they were last heard.
 * Rules over structs: no sockets, no clock of its own. */
#ifndef PILOT_PEERS_H
#define PILOT_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "id_map.h"
#include "pilot/wire.h"

#define PILOT_NO_PEER UINT32_MAX

typedef enum pilot_peer_state {
    PILOT_PEER_ABSENT,
    PILOT_PEER_ACTIVE,
    PILOT_PEER_SUSPECT
} pilot_peer_state_t;

typedef struct pilot_peer_lease {
    uint64_t job, counter;
} pilot_peer_lease_t;

typedef struct pilot_peer {
    pilot_peer_state_t state;
    uint32_t generation; /* of the slot: tells a successor from him who was here before */
    pilot_routing_t routing;
    char *instance, *name, *build, *cpu_class;
    uint32_t credits;
    uint32_t threads; /* how many leases may have been started */
    int64_t heard_ms;
    int64_t gone_ms; /* since when its connection is gone, 0 = it is there */
    uint64_t progress;
    int64_t progress_ms;
    pilot_peer_lease_t *leases; /* in the order they were sent */
    size_t lease_count, lease_capacity;
    bool alone;            /* it holds a job that wants no company */
    uint64_t *acknowledge; /* to be sent */
    size_t acknowledge_count, acknowledge_capacity;
} pilot_peer_t;

typedef struct pilot_peers {
    pilot_peer_t *peer;
    size_t count, capacity;
    size_t present;
    pilot_id_map_t by_routing;
    int64_t interval_ms; /* heartbeat */
    int64_t stall_ms;    /* a worker that holds leases and makes no progress for so long is lost */
} pilot_peers_t;

void pilot_peers_clear(pilot_peers_t *peers);

/* Slot of the sender, or PILOT_NO_PEER. */
uint32_t pilot_peers_find(const pilot_peers_t *peers, const pilot_routing_t *routing);

/* The slot for a HELLO: the instance's own, now at this address, or a new one.  *ret_new tells. */
uint32_t pilot_peers_hello(pilot_peers_t *peers, const pilot_routing_t *routing,
                           const Pilot__Hello *hello, int64_t now_ms, bool *ret_new);

/* A frame came: suspicion ends. */
void pilot_peers_heard(pilot_peers_t *peers, uint32_t slot, int64_t now_ms);
void pilot_peers_progress(pilot_peers_t *peers, uint32_t slot, uint64_t progress, int64_t now_ms);
/* A send found no connection: no new work until it says HELLO again. */
void pilot_peers_gone(pilot_peers_t *peers, uint32_t slot, int64_t now_ms);

typedef enum pilot_peer_verdict {
    PILOT_PEER_FINE,
    PILOT_PEER_DOUBTFUL, /* has just become suspect */
    PILOT_PEER_LOST      /* end its leases and pilot_peers_remove it */
} pilot_peer_verdict_t;
pilot_peer_verdict_t pilot_peers_judge(pilot_peers_t *peers, uint32_t slot, int64_t now_ms);

void pilot_peers_remove(pilot_peers_t *peers, uint32_t slot);

/* May it be sent a job? */
bool pilot_peers_hungry(const pilot_peers_t *peers, uint32_t slot);

void pilot_peers_lease(pilot_peers_t *peers, uint32_t slot, uint64_t job, uint64_t counter);
/* False: it held none such. */
bool pilot_peers_release(pilot_peers_t *peers, uint32_t slot, uint64_t job);

#endif
