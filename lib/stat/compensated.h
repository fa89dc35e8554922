/* compensated.h - sums that do not lose digits with length: Neumaier's compensated sum for running
 * totals, pairwise summation for arrays.  The order is fixed, so equal data gives equal bits. */
#ifndef PILOT_STAT_COMPENSATED_H
#define PILOT_STAT_COMPENSATED_H

#include <math.h>
#include <stddef.h>

typedef struct compensated {
    double sum, lost;
} compensated_t;

static inline void compensated_add(compensated_t *total, double term)
{
    double sum = total->sum + term;
    if (fabs(total->sum) >= fabs(term))
        total->lost += (total->sum - sum) + term;
    else
        total->lost += (term - sum) + total->sum;
    total->sum = sum;
}

static inline double compensated_value(const compensated_t *total)
{
    return total->sum + total->lost;
}

#endif
