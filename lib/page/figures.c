/* figures.c - numbers as people read them: see pilot/summary.h. */
#include <math.h>

#include "pilot/digits.h"
#include "pilot/memory.h"
#include "pilot/summary.h"

static const char *absent(pilot_figure_t figure)
{
    return figure.mark == 'c' ? "suppressed" : figure.mark == 'k' ? "low" : "-";
}

static bool has_scale(pilot_figure_t scale)
{
    return scale.given && scale.value > 0 && isfinite(scale.value);
}

char *pilot_figure_text(pilot_figure_t figure, pilot_figure_t scale)
{
    if (!figure.given)
        return pilot_strdup(absent(figure));
    int decimals = pilot_decimals(fabs(figure.value) / 100);
    if (has_scale(scale))
        decimals = pilot_decimals(scale.value);
    else if (figure.value == rint(figure.value))
        decimals = 0;
    return pilot_fixed(figure.value, decimals);
}

char *pilot_figure_interval(pilot_figure_t low, pilot_figure_t high, pilot_figure_t scale)
{
    if (!low.given && !high.given)
        return pilot_strdup(absent(low));
    double from = low.given ? low.value : high.value, to = high.given ? high.value : low.value;
    int decimals = pilot_decimals(has_scale(scale) ? scale.value : (to - from) / 4);
    char *first PILOT_AUTOFREE =
        low.given ? pilot_fixed(low.value, decimals) : pilot_strdup(absent(low));
    char *last PILOT_AUTOFREE =
        high.given ? pilot_fixed(high.value, decimals) : pilot_strdup(absent(high));
    return pilot_format("%s to %s", first, last);
}

char *pilot_figure_p(pilot_figure_t p)
{
    if (!p.given)
        return pilot_strdup(absent(p));
    return p.value < 0.001 ? pilot_strdup("<0.001") : pilot_format("%.3f", p.value);
}

char *pilot_figure_share(pilot_figure_t share)
{
    return share.given ? pilot_format("%.0f%%", 100 * share.value) : pilot_strdup(absent(share));
}

char *pilot_figure_count(pilot_figure_t count)
{
    return count.given ? pilot_format("%.0f", count.value) : pilot_strdup(absent(count));
}

/* Of a logarithm: the ratio, its standard error by the delta method for the digits alone. */
static pilot_figure_t ratio_of(pilot_figure_t figure)
{
    if (figure.given)
        figure.value = exp(figure.value);
    return figure;
}

static pilot_figure_t ratio_scale(pilot_figure_t value, pilot_figure_t std_error)
{
    std_error.value *= exp(value.given ? value.value : 0);
    return std_error;
}

char *pilot_effect_text(const pilot_effect_key_t *key, pilot_figure_t value,
                        pilot_figure_t std_error)
{
    if (!pilot_effect_key_is_ratio(key))
        return pilot_figure_text(value, std_error);
    return pilot_figure_text(ratio_of(value), ratio_scale(value, std_error));
}

char *pilot_effect_interval(const pilot_effect_key_t *key, pilot_figure_t low, pilot_figure_t high,
                            pilot_figure_t std_error)
{
    if (!pilot_effect_key_is_ratio(key))
        return pilot_figure_interval(low, high, std_error);
    return pilot_figure_interval(ratio_of(low), ratio_of(high), ratio_scale(low, std_error));
}
