/* intake_order.h - records in the order of their units' bytes: an array in memory, sorted runs in
 * a temporary file when there are too many, and one walk over both. */
#ifndef PILOT_CLI_INTAKE_ORDER_H
#define PILOT_CLI_INTAKE_ORDER_H

#include "intake_layout.h"
#include "intake_spill.h"

typedef struct pilot_order pilot_order_t;

pilot_order_t *pilot_order_new(void);
void pilot_order_free(pilot_order_t *order); /* NULL is fine */

/* Forget all records and runs. */
void pilot_order_reset(pilot_order_t *order);
/* Borrowed until the next _write_run or _reset. */
void pilot_order_add(pilot_order_t *order, const pilot_record_t *record);
size_t pilot_order_in_memory(const pilot_order_t *order); /* records */
uint64_t pilot_order_count(const pilot_order_t *order);   /* records, runs included */

/* Sort what is in memory and write it out as a run; nothing is borrowed any more. */
pilot_status_t pilot_order_write_run(pilot_order_t *order, pilot_error_t *error);

/* Call `visit` with each record in order of (unit bytes, row); previous: the one before, or NULL.
 * Both are valid during the call only.  May be called again.  Anything but PILOT_OK ends it. */
typedef pilot_status_t (*pilot_order_visit_t)(void *context, const pilot_record_t *record,
                                              const pilot_record_t *previous, pilot_error_t *error);
pilot_status_t pilot_order_walk(pilot_order_t *order, pilot_order_visit_t visit, void *context,
                                pilot_error_t *error);

/* Is the unit of both the same? */
bool pilot_order_same_unit(const pilot_record_t *a, const pilot_record_t *b);

#endif
