#include "std_dev.h"

#include <float.h>

void std_dev_add(std_dev_parts_t *parts, uint64_t n, double weight, double mean, double squares)
{
    double total = parts->weight + weight, distance = mean - parts->mean;
    compensated_add(&parts->squares, squares);
    if (parts->n > 0)
        compensated_add(&parts->squares, distance * distance * (parts->weight * (weight / total)));
    parts->mean = parts->n > 0 ? parts->mean + distance * (weight / total) : mean;
    parts->weight = total;
    parts->n += n;
}

pilot_number_t std_dev_of(const std_dev_parts_t *parts)
{
    if (parts->n < 2)
        return PILOT_ABSENT;
    double n = (double)parts->n, squares = compensated_value(&parts->squares);
    double value = sqrt(squares / parts->weight * (n / (n - 1)));
    if (!isfinite(value))
        return PILOT_ABSENT;
    /* Means of equal values differ by rounding. */
    return PILOT_GIVEN(value > 8 * DBL_EPSILON * fabs(parts->mean) ? value : 0);
}
