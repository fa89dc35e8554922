/* debug_point.h - places where a test lets the coordinator die:
 *   PILOT_DEBUG_POINT=die_after_commit=5      when the fifth item passes the point
 * The points: die_before_commit, die_after_commit (of results and failures). */
#ifndef PILOT_DEBUG_POINT_H
#define PILOT_DEBUG_POINT_H

#include <stddef.h>

/* `items` pass the point of this name; called by one thread. */
void pilot_debug_point(const char *name, size_t items);

#endif
