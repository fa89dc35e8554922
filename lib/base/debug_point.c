#include "pilot/debug_point.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/text.h"

bool pilot_debug_point_setting(const char *name, int64_t *ret_value)
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

void pilot_debug_point_die(void)
{
    raise(SIGKILL);
}

void pilot_debug_point_pass(const char *name, uint64_t passed)
{
    char setting[64];
    int64_t wanted;
    if (!getenv("PILOT_DEBUG_POINT"))
        return;
    snprintf(setting, sizeof setting, "die_%s", name);
    if (pilot_debug_point_setting(setting, &wanted) && wanted == (int64_t)passed)
        pilot_debug_point_die();
    snprintf(setting, sizeof setting, "hold_%s", name);
    if (pilot_debug_point_setting(setting, &wanted) && wanted == (int64_t)passed)
        raise(SIGSTOP);
}
