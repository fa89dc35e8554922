/* agency_order.c - see agency_order.h. */
#include "agency_order.h"

#include <math.h>
#include <stdlib.h>

#include "pilot/memory.h"

typedef struct entrant {
    double estimate, std_error;
    size_t agency;
} entrant_t;

static bool takes_part(pilot_number_t estimate, pilot_number_t std_error)
{
    double variance = std_error.value * std_error.value;
    return estimate.given && std_error.given && std_error.value > 0 && isfinite(estimate.value) &&
           isfinite(variance) && variance > 0;
}

/* Agencies that are equal here have equal numbers. */
static int best_first(const void *left, const void *right)
{
    const entrant_t *a = left, *b = right;
    if (a->estimate != b->estimate)
        return a->estimate > b->estimate ? -1 : 1;
    return (a->std_error > b->std_error) - (a->std_error < b->std_error);
}

agency_order_t agency_order(const pilot_number_t *estimate, const pilot_number_t *std_error,
                            size_t agencies, bool lower_is_better)
{
    agency_order_t order = {.agency = PILOT_NEW_ARRAY(size_t, agencies),
                            .y = PILOT_NEW_ARRAY(double, agencies),
                            .std_error = PILOT_NEW_ARRAY(double, agencies),
                            .scale = 1};
    entrant_t *entrant PILOT_AUTOFREE = PILOT_NEW_ARRAY(entrant_t, agencies);
    double logs = 0;
    for (size_t i = 0; i < agencies; i++)
        if (takes_part(estimate[i], std_error[i]))
            entrant[order.k++] =
                (entrant_t){.estimate = lower_is_better ? -estimate[i].value : estimate[i].value,
                            .std_error = std_error[i].value,
                            .agency = i};
    if (order.k == 0)
        return order;
    qsort(entrant, order.k, sizeof *entrant, best_first);
    for (size_t j = 0; j < order.k; j++)
        logs += log(entrant[j].std_error);
    order.scale = exp(logs / (double)order.k);
    order.origin = entrant[order.k / 2].estimate;
    for (size_t j = 0; j < order.k; j++) {
        order.agency[j] = entrant[j].agency;
        order.y[j] = (entrant[j].estimate - order.origin) / order.scale;
        order.std_error[j] = entrant[j].std_error / order.scale;
    }
    return order;
}

void agency_order_clear(agency_order_t *order)
{
    free(order->agency);
    free(order->y);
    free(order->std_error);
}
