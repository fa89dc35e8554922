/* How far a number that is shown is rounded. */
#include "round.h"

#include <math.h>

static double power_of_ten(int exponent)
{
    return pow(10, exponent);
}

double unit_value(unit_t unit)
{
    return unit.exponent < 0 ? unit.times / power_of_ten(-unit.exponent)
                             : unit.times * power_of_ten(unit.exponent);
}

/* The power of ten at or below a number > 0; log10 may be one off at the powers themselves. */
static int decade(double number)
{
    int exponent = (int)floor(log10(number));
    if (unit_value((unit_t){1, exponent + 1}) <= number)
        exponent++;
    return exponent;
}

unit_t unit_of(double number)
{
    return (unit_t){1, decade(number) - 1};
}

unit_t unit_above(double number)
{
    int exponent = decade(number);
    static const int times[] = {1, 2, 5};
    for (int i = 0; i < 3; i++)
        if (unit_value((unit_t){times[i], exponent}) >= number)
            return (unit_t){times[i], exponent};
    return (unit_t){1, exponent + 1};
}

pilot_released_t round_number(double value, unit_t unit)
{
    if (!isfinite(value))
        return (pilot_released_t){.mark = PILOT_MARK_SUPPRESSED};
    double steps = round(value / unit_value(unit));
    if (steps == 0)
        return (pilot_released_t){.mark = value == 0 ? PILOT_MARK_SHOWN : PILOT_MARK_LOW};
    double multiple = steps * unit.times;
    double rounded = unit.exponent < 0 ? multiple / power_of_ten(-unit.exponent)
                                       : multiple * power_of_ten(unit.exponent);
    return (pilot_released_t){.value = rounded};
}

pilot_released_t round_count(int64_t count, int64_t to)
{
    if (to < 2)
        return (pilot_released_t){.value = (double)count};
    int64_t rounded = (count + to / 2) / to * to;
    if (rounded == 0 && count > 0)
        return (pilot_released_t){.mark = PILOT_MARK_LOW};
    return (pilot_released_t){.value = (double)rounded};
}

pilot_released_t round_p_value(double value)
{
    return round_number(value, (unit_t){1, value < 0.0995 ? -3 : -2});
}

pilot_released_t suppressed(pilot_number_in_t number)
{
    return (pilot_released_t){.mark =
                                  number.given ? PILOT_MARK_SUPPRESSED : PILOT_MARK_NOT_APPLICABLE};
}
