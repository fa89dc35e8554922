#include "parts.h"

#include <stdlib.h>

#include "pilot/memory.h"
#include "pilot/wire.h"

pilot_status_t pilot_parts_add(pilot_parts_t *parts, const void *bytes, size_t length,
                               pilot_error_t *error)
{
    if (length == 0)
        return PILOT_OK;
    Pilot__Part *part = NULL;
    pilot_status_t status = pilot_part_unpack(bytes, length, &part, error);
    if (status != PILOT_OK)
        return status;
    parts->part =
        pilot_grow(parts->part, &parts->part_capacity, parts->parts + 1, sizeof(Pilot__Part *));
    parts->part[parts->parts++] = part;
    parts->pieces += part->n_piece;
    return PILOT_OK;
}

static int by_agency(const void *a, const void *b)
{
    uint32_t left = (*(Pilot__Piece *const *)a)->agency_index;
    uint32_t right = (*(Pilot__Piece *const *)b)->agency_index;
    return left < right ? -1 : left > right;
}

static Pilot__Piece **sorted_pieces(const pilot_parts_t *parts, size_t *ret_labels)
{
    Pilot__Piece **piece = PILOT_NEW_ARRAY(Pilot__Piece *, parts->pieces);
    size_t next = 0, labels = 0;
    for (size_t i = 0; i < parts->parts; i++) {
        for (size_t k = 0; k < parts->part[i]->n_piece; k++) {
            piece[next++] = parts->part[i]->piece[k];
            labels += parts->part[i]->piece[k]->n_label;
        }
    }
    qsort(piece, parts->pieces, sizeof *piece, by_agency);
    *ret_labels = labels;
    return piece;
}

pilot_status_t pilot_parts_sort(pilot_parts_t *parts, pilot_error_t *error)
{
    size_t labels = 0;
    Pilot__Piece **piece = sorted_pieces(parts, &labels);
    parts->agency_index = PILOT_NEW_ARRAY(uint32_t, parts->pieces);
    parts->reader = PILOT_NEW_ARRAY(pilot_piece_reader_t, parts->pieces);
    parts->labels_memory = PILOT_NEW_ARRAY(pilot_label_t, labels);
    pilot_label_t *label = parts->labels_memory;
    bool twice = false;
    for (size_t i = 0; i < parts->pieces; i++) {
        twice |= i > 0 && piece[i]->agency_index == piece[i - 1]->agency_index;
        parts->agency_index[i] = piece[i]->agency_index;
        parts->reader[i] = (pilot_piece_reader_t){.number = piece[i]->number,
                                                  .numbers = piece[i]->n_number,
                                                  .count = piece[i]->count,
                                                  .counts = piece[i]->n_count,
                                                  .label = label,
                                                  .labels = piece[i]->n_label};
        for (size_t k = 0; k < piece[i]->n_label; k++)
            *label++ = (pilot_label_t){.bytes = (const char *)piece[i]->label[k].data,
                                       .length = piece[i]->label[k].len};
    }
    free(piece);
    if (twice)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "stored parts hold an agency twice");
    return PILOT_OK;
}

void pilot_parts_clear(pilot_parts_t *parts)
{
    for (size_t i = 0; i < parts->parts; i++)
        pilot_message_free(&parts->part[i]->base);
    free(parts->part);
    free(parts->agency_index);
    free(parts->reader);
    free(parts->labels_memory);
    *parts = (pilot_parts_t){0};
}
