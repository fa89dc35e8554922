/* pilot/piece.h - one agency's share of a pooled number, as flat arrays that any wire can carry.
 *
 * A writer appends numbers, counts and labels; a reader takes them in the same order.  Several
 * summaries may stand one after another in one piece.  Pure data; what the entries mean is known
 * to the module that wrote them alone. */
#ifndef PILOT_PIECE_H
#define PILOT_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All owned; zero-initialize, clear with pilot_piece_clear. */
typedef struct pilot_piece {
    double *number;
    size_t numbers, number_capacity;
    uint64_t *count;
    size_t counts, count_capacity;
    char **label; /* NUL-terminated */
    size_t labels, label_capacity;
} pilot_piece_t;

void pilot_piece_clear(pilot_piece_t *piece);
void pilot_piece_add_number(pilot_piece_t *piece, double number);
void pilot_piece_add_numbers(pilot_piece_t *piece, const double *number, size_t numbers);
void pilot_piece_add_count(pilot_piece_t *piece, uint64_t count);
void pilot_piece_add_counts(pilot_piece_t *piece, const uint64_t *count, size_t counts);
void pilot_piece_add_label(pilot_piece_t *piece, const char *label);

/* Append all that a part holds, and clear the part. */
void pilot_piece_append(pilot_piece_t *piece, pilot_piece_t *part);

/* Bytes of somebody else's, without NUL at the end. */
typedef struct pilot_label {
    const char *bytes;
    size_t length;
} pilot_label_t;

/* What is left to read; all borrowed. */
typedef struct pilot_piece_reader {
    const double *number;
    size_t numbers;
    const uint64_t *count;
    size_t counts;
    const pilot_label_t *label;
    size_t labels;
} pilot_piece_reader_t;

/* The next `wanted` entries, borrowed, and the reader moves on; NULL (and nothing moves) when fewer
 * are left.  Taking 0 gives a pointer that must not be read. */
const double *pilot_piece_take_numbers(pilot_piece_reader_t *reader, uint64_t wanted);
const uint64_t *pilot_piece_take_counts(pilot_piece_reader_t *reader, uint64_t wanted);
const pilot_label_t *pilot_piece_take_labels(pilot_piece_reader_t *reader, uint64_t wanted);
bool pilot_piece_at_end(const pilot_piece_reader_t *reader);

#endif
