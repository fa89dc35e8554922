/* agency_order.h - the agencies of a comparison in one order whatever order they came in: so that
 * sums, and all that follows from them, are the same to the bit. */
#ifndef PILOT_STAT_AGENCY_ORDER_H
#define PILOT_STAT_AGENCY_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/estimate.h"

/* The best first, in units in which the geometric mean of the standard errors is 1: y is
 * (estimate - origin) / scale, of the negated estimate where lower is better. */
typedef struct agency_order {
    size_t k;       /* agencies with an estimate and a positive standard error */
    size_t *agency; /* which */
    double *y, *std_error;
    double origin, scale;
} agency_order_t;

agency_order_t agency_order(const pilot_number_t *estimate, const pilot_number_t *std_error,
                            size_t agencies, bool lower_is_better);
void agency_order_clear(agency_order_t *order);

#endif
