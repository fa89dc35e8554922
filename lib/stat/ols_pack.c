/* ols_pack.c - see ols_pack.h. */
#include "ols_pack.h"

#include <string.h>

void pilot_pack_triangle(pilot_piece_t *piece, const double *matrix, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pilot_piece_add_numbers(piece, matrix + i * n + i, n - i);
}

bool pilot_take_triangle(pilot_piece_reader_t *reader, size_t n, pilot_arena_t *arena,
                         double **ret_matrix)
{
    const double *packed = pilot_piece_take_numbers(reader, (uint64_t)n * (n + 1) / 2);
    if (!packed)
        return false;
    double *matrix = PILOT_ARENA_ARRAY(arena, double, n *n);
    for (size_t i = 0; i < n; i++) {
        memcpy(matrix + i * n + i, packed, (n - i) * sizeof *matrix);
        packed += n - i;
    }
    *ret_matrix = matrix;
    return true;
}

bool pilot_take_numbers(pilot_piece_reader_t *reader, size_t n, pilot_arena_t *arena,
                        double **ret_number)
{
    const double *packed = pilot_piece_take_numbers(reader, n);
    if (!packed)
        return false;
    *ret_number = PILOT_ARENA_RAW(arena, double, n);
    memcpy(*ret_number, packed, n * sizeof *packed);
    return true;
}

bool pilot_take_counts(pilot_piece_reader_t *reader, size_t n, pilot_arena_t *arena,
                       uint64_t **ret_count)
{
    const uint64_t *packed = pilot_piece_take_counts(reader, n);
    if (!packed)
        return false;
    *ret_count = PILOT_ARENA_RAW(arena, uint64_t, n);
    memcpy(*ret_count, packed, n * sizeof *packed);
    return true;
}

bool pilot_take_number(pilot_piece_reader_t *reader, double *ret_number)
{
    const double *packed = pilot_piece_take_numbers(reader, 1);
    if (packed)
        *ret_number = *packed;
    return packed != NULL;
}

bool pilot_take_count(pilot_piece_reader_t *reader, uint64_t *ret_count)
{
    const uint64_t *packed = pilot_piece_take_counts(reader, 1);
    if (packed)
        *ret_count = *packed;
    return packed != NULL;
}

bool pilot_take_label(pilot_piece_reader_t *reader, pilot_arena_t *arena, const char **ret_label)
{
    const pilot_label_t *packed = pilot_piece_take_labels(reader, 1);
    if (!packed)
        return false;
    char *label = PILOT_ARENA_RAW(arena, char, packed->length + 1);
    if (packed->length > 0)
        memcpy(label, packed->bytes, packed->length);
    label[packed->length] = '\0';
    *ret_label = label;
    return true;
}

pilot_status_t pilot_pack_error(pilot_error_t *error, const char *what)
{
    return pilot_error_set(error, PILOT_E_PROTOCOL,
                           "a part of an ols estimate does not hold %s: do all workers run the "
                           "same version?",
                           what);
}
