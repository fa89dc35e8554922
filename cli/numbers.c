#include "numbers.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/text.h"

bool pilot_number_read(const char *text, double *ret_value)
{
    return text && pilot_double_parse(text, strlen(text), ret_value);
}

static int decimals_for(const char *scale, double value)
{
    double s = 0;
    if (pilot_number_read(scale, &s) && s > 0)
        return pilot_decimals(s);
    /* Nothing to judge by: counts as they are, others to four significant digits. */
    return value == rint(value) && fabs(value) < 1e9 ? 0 : pilot_decimals(fabs(value) / 100);
}

char *pilot_show_number(const char *number, const char *scale)
{
    double value = 0;
    return pilot_number_read(number, &value) ? pilot_fixed(value, decimals_for(scale, value))
                                             : NULL;
}

char *pilot_show_interval(const char *low, const char *high, const char *scale)
{
    double from = 0, to = 0;
    if (!pilot_number_read(low, &from) || !pilot_number_read(high, &to))
        return NULL;
    double s = 0;
    int decimals = pilot_decimals(pilot_number_read(scale, &s) && s > 0 ? s : (to - from) / 4);
    char *first PILOT_AUTOFREE = pilot_fixed(from, decimals);
    char *last PILOT_AUTOFREE = pilot_fixed(to, decimals);
    return pilot_format("[%s, %s]", first, last);
}

char *pilot_show_p(const char *p)
{
    double value = 0;
    if (!pilot_number_read(p, &value))
        return NULL;
    return value < 0.001 ? pilot_strdup("<0.001") : pilot_format("%.3f", value);
}

char *pilot_show_percent(const char *percent)
{
    double value = 0;
    return pilot_number_read(percent, &value) ? pilot_format("%.0f%%", value) : NULL;
}

char *pilot_show_root(const char *square, const char *scale)
{
    double value = 0;
    if (!pilot_number_read(square, &value) || value < 0)
        return NULL;
    value = sqrt(value);
    return pilot_fixed(value, decimals_for(scale, value));
}

char *pilot_show_rank(const char *rank, const char *low, const char *high)
{
    double value = 0, from = 0, to = 0;
    if (!pilot_number_read(rank, &value))
        return NULL;
    if (!pilot_number_read(low, &from) || !pilot_number_read(high, &to))
        return pilot_format("%.0f", value);
    return pilot_format("%.0f (%.0f-%.0f)", value, from, to);
}
