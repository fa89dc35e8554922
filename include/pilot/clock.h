/* pilot/clock.h - CLOCK_MONOTONIC only: deadlines and durations, never dates. */
#ifndef PILOT_CLOCK_H
#define PILOT_CLOCK_H

#include <stdint.h>

int64_t pilot_clock_ms(void);
int64_t pilot_clock_us(void);

#endif
