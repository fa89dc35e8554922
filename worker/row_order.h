/* row_order.h - the order of a submission's rows: block, cluster, unit id bytewise. */
#ifndef PILOT_WORKER_ROW_ORDER_H
#define PILOT_WORKER_ROW_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row's key.  `prefix` holds the first 8 bytes of the unit id, big endian, zero padded: most
 * comparisons end there (ids hold no NUL). */
typedef struct pilot_row_key {
    uint64_t group; /* block rank * 2^32 + cluster rank */
    uint64_t prefix;
    const char *unit;
    uint32_t length;
    uint32_t row;
} pilot_sort_key_t;

uint64_t pilot_row_prefix(const char *unit, size_t length);

bool pilot_row_order_is_sorted(const pilot_sort_key_t *key, size_t count);

/* Merge sort; scratch: count keys. */
void pilot_row_order_sort(pilot_sort_key_t *key, pilot_sort_key_t *scratch, size_t count);

#endif
