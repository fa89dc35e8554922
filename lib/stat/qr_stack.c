/* qr_stack.c - see qr_stack.h.
 * Householder reflections throughout (Golub & Van Loan, Matrix Computations, 5.2); panels as in
 * Demmel, Grigori, Hoemmen & Langou (2012), Communication-optimal parallel and sequential QR. */
#include "qr_stack.h"

#include <math.h>
#include <string.h>

#include "least_squares_kernel.h"

/* Rows that are folded at once: with ten columns they stay in the first-level cache.  A constant:
 * another value gives other last bits. */
#define PANEL_ROWS ((size_t)256)

void pilot_qr_init(pilot_qr_t *qr, size_t columns, pilot_arena_t *arena)
{
    qr->columns = columns;
    qr->r = PILOT_ARENA_ARRAY(arena, double, columns *columns);
}

void pilot_qr_add(pilot_qr_t *qr, double *panel, size_t stride, size_t rows)
{
    size_t padded = PILOT_PAD(rows);
    for (size_t first = 0; first < padded; first += PANEL_ROWS) {
        size_t count = padded - first < PANEL_ROWS ? padded - first : PANEL_ROWS;
        pilot_kernel_fold(qr->r, qr->columns, panel + first, stride, count);
    }
}

static double length_below(const double *a, size_t n, size_t row, size_t column)
{
    double length = 0;
    for (size_t i = row; i < n; i++)
        length = hypot(length, a[i * n + column]);
    return length;
}

/* Reflect rows row.. of a (n x n) so that the column's entries below `row` vanish. */
static void eliminate(double *a, size_t n, size_t row, size_t column, double length)
{
    double *pivot = a + row * n;
    double beta = pivot[column] > 0 ? -length : length, head = pivot[column] - beta;
    if (length == 0 || head == 0)
        return;
    for (size_t j = column + 1; j < n; j++) {
        /* v = (1, below / head); H = I - (-head / beta) v v' */
        double dot = pivot[j];
        for (size_t i = row + 1; i < n; i++)
            dot += a[i * n + column] / head * a[i * n + j];
        dot *= -head / beta;
        pivot[j] -= dot;
        for (size_t i = row + 1; i < n; i++)
            a[i * n + j] -= dot * (a[i * n + column] / head);
    }
    pivot[column] = beta;
    for (size_t i = row + 1; i < n; i++)
        a[i * n + column] = 0;
}

/* r_inverse and beta from r and effect, by back substitution. */
static void invert(pilot_solution_t *s)
{
    size_t k = s->rank;
    for (size_t j = 0; j < k; j++) {
        s->r_inverse[j * k + j] = 1 / s->r[j * k + j];
        for (size_t i = j; i-- > 0;) {
            double dot = 0;
            for (size_t m = i + 1; m <= j; m++)
                dot += s->r[i * k + m] * s->r_inverse[m * k + j];
            s->r_inverse[i * k + j] = -dot / s->r[i * k + i];
        }
    }
    for (size_t i = k; i-- > 0;) {
        double rest = s->effect[i];
        for (size_t m = i + 1; m < k; m++)
            rest -= s->r[i * k + m] * s->beta[m];
        s->beta[i] = rest / s->r[i * k + i];
    }
}

void pilot_qr_solve(const pilot_qr_t *qr, const double *length, pilot_arena_t *arena,
                    pilot_solution_t *ret)
{
    size_t n = qr->columns, k = n - 1;
    double *a = PILOT_ARENA_RAW(arena, double, n *n);
    memcpy(a, qr->r, n * n * sizeof *a);
    *ret = (pilot_solution_t){.columns = k};
    ret->kept = PILOT_ARENA_ARRAY(arena, size_t, k);
    ret->dropped = PILOT_ARENA_ARRAY(arena, bool, k);
    for (size_t j = 0; j < k; j++) {
        double rest = length_below(a, n, ret->rank, j);
        ret->dropped[j] = !(rest >= PILOT_DROP_TOLERANCE * length[j]) || rest == 0;
        if (ret->dropped[j])
            continue;
        eliminate(a, n, ret->rank, j, rest);
        ret->kept[ret->rank++] = j;
    }
    ret->rest = length_below(a, n, ret->rank, k);
    ret->r = PILOT_ARENA_ARRAY(arena, double, ret->rank * ret->rank);
    ret->r_inverse = PILOT_ARENA_ARRAY(arena, double, ret->rank * ret->rank);
    ret->effect = PILOT_ARENA_ARRAY(arena, double, ret->rank);
    ret->beta = PILOT_ARENA_ARRAY(arena, double, ret->rank);
    for (size_t i = 0; i < ret->rank; i++) {
        for (size_t j = i; j < ret->rank; j++)
            ret->r[i * ret->rank + j] = a[i * n + ret->kept[j]];
        ret->effect[i] = a[i * n + k];
    }
    invert(ret);
}
