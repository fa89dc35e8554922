/* pilot/clock.h - CLOCK_MONOTONIC for deadlines and durations; what time it is for people alone. */
#ifndef PILOT_CLOCK_H
#define PILOT_CLOCK_H

#include <stdint.h>

int64_t pilot_clock_ms(void);
int64_t pilot_clock_us(void);

enum { PILOT_UTC_SIZE = sizeof "2026-03-01T12:00:00Z" };
/* Now, to the second, in UTC: 2026-03-01T12:00:00Z. */
void pilot_clock_utc(char text[static PILOT_UTC_SIZE]);

#endif
