/* qr_stack.h - a triangular factor that grows by rows (a tall-skinny QR in panels of fixed size),
 * and the least-squares solution that it holds.
 *
 * Stacked rows A and the factor R satisfy A'A = R'R to within rounding of each column, so factors
 * of parts of the rows stack like rows. */
#ifndef PILOT_STAT_QR_STACK_H
#define PILOT_STAT_QR_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "ols_arena.h"

typedef struct pilot_qr {
    size_t columns;
    double *r; /* row-major, columns x columns, upper */
} pilot_qr_t;

void pilot_qr_init(pilot_qr_t *qr, size_t columns, pilot_arena_t *arena);
/* Stack rows: columns lie `stride` apart and are followed by zeros up to PILOT_PAD(rows).
 * The panel is destroyed. */
void pilot_qr_add(pilot_qr_t *qr, double *panel, size_t stride, size_t rows);

/* Least squares of the last column on those before it, taken in order.  A column whose part that
 * is not explained by earlier ones is shorter than 1e-11 of its whole length is dropped. */
typedef struct pilot_solution {
    size_t columns; /* without the last, y */
    size_t rank;
    size_t *kept;      /* rank: column numbers, ascending */
    bool *dropped;     /* columns */
    double *r;         /* rank x rank, row-major, upper; zeros below */
    double *r_inverse; /* the same */
    double *effect;    /* rank: Q'y */
    double *beta;      /* rank */
    double rest;       /* length of y's part outside the columns */
} pilot_solution_t;

#define PILOT_DROP_TOLERANCE 1e-11

/* length: of each column (columns of them, y not among them) as the drop rule sees it: before any
 * demeaning.  Everything in *ret lives in the arena. */
void pilot_qr_solve(const pilot_qr_t *qr, const double *length, pilot_arena_t *arena,
                    pilot_solution_t *ret);

#endif
