/* intake_clusters.h - the arm of each cluster of a load whose clusters span agencies.
 *
 * A label is kept as its 64-bit hash: 10 bytes a cluster instead of the label, so that millions
 * fit in the memory bound.  Two of a million labels share a hash with probability 3e-8. */
#ifndef PILOT_CLI_INTAKE_CLUSTERS_H
#define PILOT_CLI_INTAKE_CLUSTERS_H

#include <stddef.h>
#include <stdint.h>

/* Told of a cluster once: its arm is then this. */
#define PILOT_CLUSTER_TOLD (UINT16_MAX - 1)

typedef struct pilot_clusters {
    uint64_t *hash; /* 0 = free */
    uint16_t *arm;
    size_t count, slots;
} pilot_clusters_t;

void pilot_clusters_clear(pilot_clusters_t *clusters); /* frees */
/* Where the arm of this cluster is kept; PILOT_INTAKE_NO_ARM at its first appearance.  Valid until
 * the next call. */
uint16_t *pilot_clusters_arm(pilot_clusters_t *clusters, const char *label, size_t length);

#endif
