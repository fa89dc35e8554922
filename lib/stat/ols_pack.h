/* ols_pack.h - shapes that several packers of least squares share. */
#ifndef PILOT_STAT_OLS_PACK_H
#define PILOT_STAT_OLS_PACK_H

#include <stdbool.h>

#include "ols_arena.h"
#include "pilot/error.h"
#include "pilot/piece.h"

/* The upper triangle of a row-major n x n matrix, and back (zeros below). */
void pilot_pack_triangle(pilot_piece_t *piece, const double *matrix, size_t n);
bool pilot_take_triangle(pilot_piece_reader_t *reader, size_t n, pilot_arena_t *arena,
                         double **ret_matrix);
/* Into the arena; false when fewer are left. */
bool pilot_take_numbers(pilot_piece_reader_t *reader, size_t n, pilot_arena_t *arena,
                        double **ret_number);
bool pilot_take_counts(pilot_piece_reader_t *reader, size_t n, pilot_arena_t *arena,
                       uint64_t **ret_count);
bool pilot_take_number(pilot_piece_reader_t *reader, double *ret_number);
bool pilot_take_count(pilot_piece_reader_t *reader, uint64_t *ret_count);
/* A NUL-terminated copy in the arena. */
bool pilot_take_label(pilot_piece_reader_t *reader, pilot_arena_t *arena, const char **ret_label);
pilot_status_t pilot_pack_error(pilot_error_t *error, const char *what);

#endif
