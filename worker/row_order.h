/* row_order.h - the order of a submission's rows: block, cluster, unit id, each bytewise. */
#ifndef PILOT_WORKER_ROW_ORDER_H
#define PILOT_WORKER_ROW_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unit ids side by side in one piece of memory: row i's ends at end[i], the next one's begins
 * there.  All borrowed. */
typedef struct pilot_unit_ids {
    const char *bytes;
    const size_t *end;
} pilot_unit_ids_t;

/* A code that is its label's rank, for each row; code NULL: no such column. */
typedef struct pilot_ranked_codes {
    const uint32_t *code; /* below `codes` */
    size_t codes;
} pilot_ranked_codes_t;

/* order[i] = the row that comes i-th; NULL when the rows stand in order already.  Caller frees. */
uint32_t *pilot_row_order(const pilot_unit_ids_t *units, pilot_ranked_codes_t block,
                          pilot_ranked_codes_t cluster, size_t rows);

/* The same for rows that are in their units' order already. */
uint32_t *pilot_row_order_by_codes(pilot_ranked_codes_t block, pilot_ranked_codes_t cluster,
                                   size_t rows);

#endif
