/* piece.c - see pilot/piece.h. */
#include "pilot/piece.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

void pilot_piece_clear(pilot_piece_t *piece)
{
    for (size_t i = 0; i < piece->labels; i++)
        free(piece->label[i]);
    free(piece->number);
    free(piece->count);
    free(piece->label);
    *piece = (pilot_piece_t){0};
}

void pilot_piece_add_numbers(pilot_piece_t *piece, const double *number, size_t numbers)
{
    if (numbers == 0)
        return;
    piece->number = pilot_grow(piece->number, &piece->number_capacity, piece->numbers + numbers,
                               sizeof *piece->number);
    memcpy(piece->number + piece->numbers, number, numbers * sizeof *number);
    piece->numbers += numbers;
}

void pilot_piece_add_number(pilot_piece_t *piece, double number)
{
    pilot_piece_add_numbers(piece, &number, 1);
}

void pilot_piece_add_counts(pilot_piece_t *piece, const uint64_t *count, size_t counts)
{
    if (counts == 0)
        return;
    piece->count = pilot_grow(piece->count, &piece->count_capacity, piece->counts + counts,
                              sizeof *piece->count);
    memcpy(piece->count + piece->counts, count, counts * sizeof *count);
    piece->counts += counts;
}

void pilot_piece_add_count(pilot_piece_t *piece, uint64_t count)
{
    pilot_piece_add_counts(piece, &count, 1);
}

void pilot_piece_add_label(pilot_piece_t *piece, const char *label)
{
    piece->label =
        pilot_grow(piece->label, &piece->label_capacity, piece->labels + 1, sizeof *piece->label);
    piece->label[piece->labels++] = pilot_strdup(label);
}

void pilot_piece_append(pilot_piece_t *piece, pilot_piece_t *part)
{
    pilot_piece_add_numbers(piece, part->number, part->numbers);
    pilot_piece_add_counts(piece, part->count, part->counts);
    for (size_t i = 0; i < part->labels; i++)
        pilot_piece_add_label(piece, part->label[i]);
    pilot_piece_clear(part);
}

const double *pilot_piece_take_numbers(pilot_piece_reader_t *reader, uint64_t wanted)
{
    static const double none = 0;
    const double *taken = reader->number;
    if (wanted > reader->numbers)
        return NULL;
    if (wanted == 0)
        return &none;
    reader->number += wanted;
    reader->numbers -= wanted;
    return taken;
}

const uint64_t *pilot_piece_take_counts(pilot_piece_reader_t *reader, uint64_t wanted)
{
    static const uint64_t none = 0;
    const uint64_t *taken = reader->count;
    if (wanted > reader->counts)
        return NULL;
    if (wanted == 0)
        return &none;
    reader->count += wanted;
    reader->counts -= wanted;
    return taken;
}

const pilot_label_t *pilot_piece_take_labels(pilot_piece_reader_t *reader, uint64_t wanted)
{
    static const pilot_label_t none = {"", 0};
    const pilot_label_t *taken = reader->label;
    if (wanted > reader->labels)
        return NULL;
    if (wanted == 0)
        return &none;
    reader->label += wanted;
    reader->labels -= wanted;
    return taken;
}

bool pilot_piece_at_end(const pilot_piece_reader_t *reader)
{
    return reader->numbers == 0 && reader->counts == 0 && reader->labels == 0;
}
