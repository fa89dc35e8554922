/* parts.h - the pieces of many agencies, as earlier jobs stored them, in agency order. */
#ifndef PILOT_WORKER_PARTS_H
#define PILOT_WORKER_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include <pilot.pb-c.h>

#include "pilot/error.h"
#include "pilot/piece.h"

typedef struct pilot_parts {
    Pilot__Part **part;
    size_t parts, part_capacity;
    /* After pilot_parts_sort: by agency. */
    uint32_t *agency_index;
    pilot_piece_reader_t *reader;
    pilot_label_t *labels_memory;
    size_t pieces;
} pilot_parts_t;

/* Unpack one stored part (length 0: a job that had none). */
pilot_status_t pilot_parts_add(pilot_parts_t *parts, const void *bytes, size_t length,
                               pilot_error_t *error);
/* Once all are added.  PILOT_E_PROTOCOL: an agency that comes twice. */
pilot_status_t pilot_parts_sort(pilot_parts_t *parts, pilot_error_t *error);
void pilot_parts_clear(pilot_parts_t *parts);

#endif
