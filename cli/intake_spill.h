/* intake_spill.h - rows that do not fit in memory, in one temporary file without a name.
 *
 * The file is 0600 in $TMPDIR (else /tmp), unlinked before anything is written, so that it is gone
 * with the process however that ends. */
#ifndef PILOT_CLI_INTAKE_SPILL_H
#define PILOT_CLI_INTAKE_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "intake_layout.h"
#include "pilot/error.h"

/* An open, empty, nameless file. */
pilot_status_t pilot_temporary_open(int *ret_fd, pilot_error_t *error);

typedef struct pilot_spill pilot_spill_t;

pilot_status_t pilot_spill_open(pilot_spill_t **ret_spill, pilot_error_t *error);
void pilot_spill_close(pilot_spill_t *spill); /* NULL is fine */

/* Bytes at the end of the file; *ret_offset is where they begin. */
pilot_status_t pilot_spill_write(pilot_spill_t *spill, const void *bytes, size_t length,
                                 uint64_t *ret_offset, pilot_error_t *error);
pilot_status_t pilot_spill_read(pilot_spill_t *spill, uint64_t offset, void *bytes, size_t length,
                                pilot_error_t *error);

/* ---- records by agency ---------------------------------------------------------------------- */

/* Add a record to its agency's; buffered within the memory bound. */
pilot_status_t pilot_spill_add(pilot_spill_t *spill, const pilot_record_t *record,
                               pilot_error_t *error);
/* No more records will come; give the buffers back. */
pilot_status_t pilot_spill_flush(pilot_spill_t *spill, pilot_error_t *error);

/* An agency's records in the order in which they were added.  _begin, then _next until it gives
 * length 0: each call fills `bytes` (at least `least` must fit) with whole records. */
typedef struct pilot_spill_cursor {
    uint32_t agency;
    size_t extent;
} pilot_spill_cursor_t;

/* Bytes of the next piece, 0 at the end. */
size_t pilot_spill_next_length(const pilot_spill_t *spill, const pilot_spill_cursor_t *cursor);
pilot_status_t pilot_spill_next(pilot_spill_t *spill, pilot_spill_cursor_t *cursor, void *bytes,
                                pilot_error_t *error);

#endif
