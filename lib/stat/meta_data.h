/* meta_data.h - the agencies that take part in a comparison, in an order of their own, in units in
 * which the geometric mean of the variances is 1: so neither the order of the agencies nor the
 * outcome's unit is in any sum or stopping rule. */
#ifndef PILOT_STAT_META_DATA_H
#define PILOT_STAT_META_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/estimate.h"

typedef struct meta_data {
    size_t k;
    double *y; /* (estimate - origin) / scale */
    double *v; /* variance / scale^2 */
    double origin, scale;
    size_t *place; /* in the caller's arrays */
} meta_data_t;

/* An estimate, and a standard error that is above 0 and can be squared. */
bool meta_takes_part(pilot_number_t estimate, pilot_number_t std_error);

/* Sorted by estimate, standard error, then `ties` more numbers an agency (row-major; may be NULL):
 * whoever sums more than y and v passes it there, so that equal agencies are equal in all. */
void meta_gather(const pilot_number_t *estimate, const pilot_number_t *std_error, size_t agencies,
                 const double *tie, size_t ties, meta_data_t *ret_data);
void meta_data_clear(meta_data_t *data);

#endif
