#include "debug_point.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "pilot/text.h"

static bool read_setting(const char *name, int64_t *ret_value)
{
    const char *at = getenv("PILOT_DEBUG_POINT");
    size_t length = strlen(name);
    while (at && *at) {
        size_t item = strcspn(at, ",");
        if (item > length && strncmp(at, name, length) == 0 && at[length] == '=')
            return pilot_int64_parse(at + length + 1, item - length - 1, ret_value);
        at += item;
        at += *at == ',';
    }
    return false;
}

void pilot_debug_point_in_job(uint64_t job)
{
    static atomic_int started;
    int64_t value, number = atomic_fetch_add(&started, 1) + 1;
    if (read_setting("sleep_in_job_ms", &value)) {
        struct timespec pause = {.tv_sec = value / 1000, .tv_nsec = value % 1000 * 1000000};
        nanosleep(&pause, NULL);
    }
    if ((read_setting("die_in_job", &value) && value == (int64_t)job) ||
        (read_setting("die_on_job_number", &value) && value == number))
        raise(SIGKILL);
}
