/* share_bounds.h - which shares of harm, none and benefit are compatible with the estimates,
 * whatever the distribution of effects is.  docs/methods/distribution.md */
#ifndef PILOT_STAT_SHARE_BOUNDS_H
#define PILOT_STAT_SHARE_BOUNDS_H

#include <stdbool.h>

#include "agency_order.h"
#include "pilot/agency_distribution.h"

/* In the units of the order: harm below, benefit above, none between with both ends. */
typedef struct share_limits {
    double harm, benefit;
    bool has_middle; /* else harm and benefit are the same place, which may count as either */
} share_limits_t;

typedef struct share_interval {
    double low, high;
} share_interval_t;

/* point: an ascending grid from the smallest estimate to the largest.  Each interval holds at
 * confidence 1 - level, and all three at once.  False when no distribution is compatible. */
bool share_bounds(const agency_order_t *order, const double *point, size_t points,
                  const share_limits_t *limits, double level,
                  share_interval_t ret_interval[PILOT_SHARES]);

#endif
