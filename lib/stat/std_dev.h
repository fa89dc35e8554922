/* std_dev.h - the standard deviation in a control arm, from squares that add up over parts.
 *
 * With weights it is that of the weighted mean: sqrt(S / W * n / (n - 1)), S the weighted sum of
 * squares about the weighted mean, W the sum of weights.  It does not depend on the scale of the
 * weights, and with equal ones it is the usual one with n - 1. */
#ifndef PILOT_STAT_STD_DEV_H
#define PILOT_STAT_STD_DEV_H

#include "compensated.h"
#include "pilot/estimate.h"

/* What parts of an arm know; parts combine as in Chan, Golub & LeVeque (1983).  Begins zeroed. */
typedef struct std_dev_parts {
    uint64_t n;
    double weight, mean; /* of what is added so far */
    compensated_t squares;
} std_dev_parts_t;

/* A part: n rows of this total weight (> 0) and mean, and their weighted sum of squares about it.
 * Means are less a common constant. */
void std_dev_add(std_dev_parts_t *parts, uint64_t n, double weight, double mean, double squares);

/* Absent below two rows, or beyond the range of numbers. */
pilot_number_t std_dev_of(const std_dev_parts_t *parts);

#endif
