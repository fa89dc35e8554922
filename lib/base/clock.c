#include "pilot/clock.h"

#include <time.h>

int64_t pilot_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t pilot_clock_ms(void)
{
    return pilot_clock_us() / 1000;
}

void pilot_clock_utc(char text[static PILOT_UTC_SIZE])
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    if (!strftime(text, PILOT_UTC_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc))
        text[0] = '\0'; /* not before the year 10000 */
}
