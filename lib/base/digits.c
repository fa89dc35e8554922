#include "pilot/digits.h"

#include <math.h>

#include "pilot/memory.h"

int pilot_decimals(double scale)
{
    if (!(scale > 0) || !isfinite(scale))
        return 3;
    double places = 1 - floor(log10(scale));
    return places < 0 ? 0 : places > 9 ? 9 : (int)places;
}

/* -0.00 reads as if it were something. */
char *pilot_fixed(double value, int decimals)
{
    double half = 0.5 * pow(10, -decimals);
    if (fabs(value) < half)
        value = 0;
    if (fabs(value) >= 1e9)
        return pilot_format("%.3g", value);
    return pilot_format("%.*f", decimals, value);
}
