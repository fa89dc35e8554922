#include "../../coordinator/lease.h"
#include "../../coordinator/peers.h"
#include "../../coordinator/planner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"

/* ---- the coordinator's lease ----------------------------------------------------------------- */

static void test_lease(void)
{
    pilot_lease_view_t view = {.ttl_ms = 9000};
    ok(pilot_lease_decide(&view, 1) == PILOT_LEASE_TAKE, "who has no lease tries to take it");
    ok(!pilot_lease_deadline(&view), "and may not act");
    view.tried_ms = 1000;
    ok(pilot_lease_decide(&view, 1001) == PILOT_LEASE_WAIT, "after a try it waits");
    ok(pilot_lease_decide(&view, 4000) == PILOT_LEASE_TAKE, "a third of the TTL");

    view = (pilot_lease_view_t){.held = true, .ttl_ms = 9000, .asked_ms = 1000, .tried_ms = 1000};
    ok(pilot_lease_deadline(&view) == 10000,
       "the deadline counts from before the renewal was sent");
    ok(pilot_lease_decide(&view, 3999) == PILOT_LEASE_WAIT, "a fresh lease is left alone");
    ok(pilot_lease_decide(&view, 4000) == PILOT_LEASE_RENEW,
       "after a third of the TTL it is renewed");
    view.tried_ms = 4000;
    ok(pilot_lease_deadline(&view) == 10000, "a renewal that failed moves no deadline");
    ok(pilot_lease_decide(&view, 4899) == PILOT_LEASE_WAIT &&
           pilot_lease_decide(&view, 4900) == PILOT_LEASE_RENEW,
       "and is repeated sooner");
    ok(pilot_lease_decide(&view, 20000) == PILOT_LEASE_RENEW,
       "past the deadline it goes on trying: nobody may have taken over");
    view.fenced = true;
    ok(pilot_lease_decide(&view, 4000) == PILOT_LEASE_STOP, "a lease that another took ends it");
    ok(!pilot_lease_deadline(&view), "from then on it may not act");
}

static void test_holder(void)
{
    char name[PILOT_HOLDER_SIZE], other[PILOT_HOLDER_SIZE + 8];
    pilot_holder_name(name);
    ok(!pilot_holder_is_dead(name), "this process is not dead (%s)", name);
    snprintf(other, sizeof other, "%s9", name);
    ok(pilot_holder_is_dead(other), "one with its number that started at another time is");
    char *identity = strrchr(name, ' ');
    identity[1] = identity[1] == 'a' ? 'b' : 'a';
    snprintf(other, sizeof other, "%s9", name);
    ok(!pilot_holder_is_dead(other), "of another boot or machine nothing is known");
    ok(!pilot_holder_is_dead("") && !pilot_holder_is_dead("host:1") &&
           !pilot_holder_is_dead("host:1 x.y.z"),
       "nor of a name in another form");
}

/* ---- workers --------------------------------------------------------------------------------- */

static const pilot_routing_t here = {.size = 5, .bytes = {0, 1, 2, 3, 4}};
static const pilot_routing_t there = {.size = 5, .bytes = {0, 1, 2, 3, 5}};

static uint32_t hello(pilot_peers_t *peers, const pilot_routing_t *routing, const char *instance,
                      int64_t now_ms, bool *ret_new)
{
    Pilot__Hello message = PILOT__HELLO__INIT;
    message.instance = (char *)instance;
    message.build = (char *)"1";
    message.cpu_class = (char *)"c";
    message.credits = 3;
    return pilot_peers_hello(peers, routing, &message, now_ms, ret_new);
}

static void test_peers(void)
{
    pilot_peers_t peers = {.interval_ms = 100, .stall_ms = 5000};
    bool is_new;
    ok(pilot_peers_find(&peers, &here) == PILOT_NO_PEER, "nobody is known at first");
    uint32_t slot = hello(&peers, &here, "a", 1000, &is_new);
    ok(is_new && pilot_peers_find(&peers, &here) == slot, "a HELLO makes a worker known");
    ok(peers.peer[slot].threads == 2, "credits are threads and one more");
    ok(hello(&peers, &there, "a", 1000, &is_new) == slot && !is_new,
       "the same instance at another address is the same worker");
    ok(pilot_peers_find(&peers, &here) == PILOT_NO_PEER && pilot_peers_find(&peers, &there) == slot,
       "known at the new address only");

    for (uint64_t job = 1; job <= 3; job++)
        pilot_peers_lease(&peers, slot, job, job);
    ok(!pilot_peers_hungry(&peers, slot), "it gets no more jobs than its credits");
    ok(pilot_peers_release(&peers, slot, 2) && !pilot_peers_release(&peers, slot, 2),
       "a lease ends once");
    ok(peers.peer[slot].leases[1].job == 3, "the others keep their order");
    ok(pilot_peers_hungry(&peers, slot), "and there is room again");

    ok(pilot_peers_judge(&peers, slot, 1300) == PILOT_PEER_FINE, "three intervals are fine");
    ok(pilot_peers_judge(&peers, slot, 1301) == PILOT_PEER_DOUBTFUL &&
           !pilot_peers_hungry(&peers, slot),
       "then it is suspect and gets nothing");
    ok(pilot_peers_judge(&peers, slot, 1302) == PILOT_PEER_FINE, "which is told once");
    pilot_peers_heard(&peers, slot, 1400);
    ok(pilot_peers_hungry(&peers, slot), "any frame ends the suspicion");
    ok(pilot_peers_judge(&peers, slot, 2401) == PILOT_PEER_LOST, "after ten intervals it is lost");

    pilot_peers_heard(&peers, slot, 2500);
    pilot_peers_gone(&peers, slot, 2500);
    ok(!pilot_peers_hungry(&peers, slot), "without a connection it gets nothing");
    ok(pilot_peers_judge(&peers, slot, 2801) == PILOT_PEER_LOST,
       "and is lost after three intervals");
    hello(&peers, &here, "a", 2900, &is_new);
    ok(!is_new && pilot_peers_judge(&peers, slot, 3000) == PILOT_PEER_FINE,
       "unless it comes back before");

    uint32_t generation = peers.peer[slot].generation;
    pilot_peers_remove(&peers, slot);
    ok(pilot_peers_find(&peers, &here) == PILOT_NO_PEER && !peers.present, "removed is unknown");
    ok(hello(&peers, &here, "b", 3000, &is_new) == slot && is_new &&
           peers.peer[slot].generation != generation,
       "a successor in its place is told from it");
    pilot_peers_clear(&peers);
}

static void test_stall(void)
{
    pilot_peers_t peers = {.interval_ms = 100, .stall_ms = 5000};
    bool is_new;
    uint32_t slot = hello(&peers, &here, "a", 0, &is_new);
    pilot_peers_lease(&peers, slot, 1, 1);
    for (int64_t now_ms = 100; now_ms <= 5000; now_ms += 100) {
        pilot_peers_heard(&peers, slot, now_ms);
        pilot_peers_progress(&peers, slot, 0, now_ms);
    }
    ok(pilot_peers_judge(&peers, slot, 5000) == PILOT_PEER_FINE, "a slow job is not a dead one");
    pilot_peers_heard(&peers, slot, 5001);
    ok(pilot_peers_judge(&peers, slot, 5001) == PILOT_PEER_LOST,
       "a worker that beats but computes nothing for long is lost");
    pilot_peers_progress(&peers, slot, 1, 5001);
    ok(pilot_peers_judge(&peers, slot, 5001) == PILOT_PEER_FINE, "progress saves it");
    pilot_peers_clear(&peers);
}

/* ---- batches --------------------------------------------------------------------------------- */

static void test_batches(void)
{
    Pilot__Pin pins[200];
    for (size_t i = 0; i < 200; i++) {
        pins[i] = (Pilot__Pin)PILOT__PIN__INIT;
        pins[i].rows = 10;
    }
    ok(pilot_planner_batch(pins, 200, 0) == 64, "a batch has at most 64 agencies");
    ok(pilot_planner_batch(pins, 200, 192) == 8, "and no more than there are");
    pins[3].rows = PILOT_BATCH_ROWS - 30;
    ok(pilot_planner_batch(pins, 200, 0) == 4, "exactly the row limit still fits");
    pins[3].rows++;
    ok(pilot_planner_batch(pins, 200, 0) == 3, "one row more does not");
    pins[0].rows = PILOT_BATCH_ROWS * 10;
    ok(pilot_planner_batch(pins, 200, 0) == 1, "an agency larger than the limit is alone");
    pins[0].rows = UINT64_MAX;
    ok(pilot_planner_batch(pins, 2, 0) == 1, "an absurd count does not wrap around");
}

static void test_compared(void)
{
    size_t first[] = {0, 4, 8, 40, 41};
    Pilot__Spec spec = PILOT__SPEC__INIT;
    pilot_row_slots_t slots = {.spec = &spec, .outcomes = 4, .treatments = 2, .first = first};
    ok(pilot_planner_compared(&slots, 40, 0) == 4, "few agencies: one job for all outcomes");
    ok(pilot_planner_compared(&slots, 200, 0) == 2,
       "many: as many outcomes as are half a second of work");
    ok(pilot_planner_compared(&slots, 200, 2) == 1, "an outcome that is too large is alone");
    ok(pilot_planner_compared(&slots, 200, 3) == 1, "and the last one");
    spec.n_subgroup = 1;
    ok(pilot_planner_compared(&slots, 200, 0) == 1, "levels of subgroups count");
}

int main(void)
{
    test_lease();
    test_holder();
    test_peers();
    test_stall();
    test_batches();
    test_compared();
    return tap_done();
}
