/* cluster_robust_component.c - the part of |M|^2, or of tr((TM)^2), in which block indicators take
 * part.  d: indicators, x: columns, both in both halves; T as in docs/methods/least-squares.md. */
#include <string.h>

#include "cluster_robust.h"

void pilot_component_init(const pilot_cluster_work_t *work, size_t blocks, pilot_arena_t *arena,
                          pilot_component_t *ret)
{
    size_t rows = work->halves * blocks, side = work->halves * work->rank;
    *ret = (pilot_component_t){
        .blocks = blocks,
        .dd = PILOT_ARENA_ARRAY(arena, double, work->contrasts *rows *rows),
        .dx = PILOT_ARENA_ARRAY(arena, double, work->contrasts *rows *side),
    };
    for (int i = 0; work->halves == 2 && i < 4; i++)
        ret->scratch[i] = PILOT_ARENA_RAW(arena, double, rows *(i < 2 ? rows : side));
}

static double sum_squares(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

/* Rows of T_dd times m (2 blocks x columns): upper -omega m_u + m_w, lower m_u. */
static void times_t_dd(const pilot_component_t *component, size_t rank, const double *m,
                       size_t columns, double *ret)
{
    size_t blocks = component->blocks;
    for (size_t b = 0; b < blocks; b++)
        for (size_t j = 0; j < columns; j++) {
            double upper = m[b * columns + j], lower = m[(blocks + b) * columns + j];
            ret[b * columns + j] = lower - component->omega[b * (1 + rank)] * upper;
            ret[(blocks + b) * columns + j] = upper;
        }
}

/* B = T_dx M_xd: upper rows -omega_b' of M's upper columns, lower rows 0. */
static void times_t_dx(const pilot_component_t *component, size_t rank, const double *dx,
                       double *ret)
{
    size_t blocks = component->blocks, rows = 2 * blocks, side = 2 * rank;
    memset(ret, 0, rows * rows * sizeof *ret);
    for (size_t b = 0; b < blocks; b++)
        for (size_t j = 0; j < rows; j++)
            for (size_t k = 0; k < rank; k++)
                ret[b * rows + j] -= component->omega[b * (1 + rank) + 1 + k] * dx[j * side + k];
}

static double trace_product(const double *a, const double *b, size_t n)
{
    double trace = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            trace += a[i * n + j] * b[j * n + i];
    return trace;
}

/* tr(T_dd M_dx T_xd M_dd), td = T_dd M_dx. */
static double trace_third(const pilot_component_t *component, size_t rank, const double *td,
                          const double *dd)
{
    size_t blocks = component->blocks, rows = 2 * blocks, side = 2 * rank;
    double trace = 0;
    for (size_t i = 0; i < rows; i++)
        for (size_t b = 0; b < blocks; b++) {
            const double *omega = component->omega + b * (1 + rank) + 1;
            double along = 0;
            for (size_t k = 0; k < rank; k++)
                along += td[i * side + k] * omega[k];
            trace -= along * dd[b * rows + i];
        }
    return trace;
}

/* tr(T_dd M_dx T_xx M_xd). */
static double trace_fourth(const pilot_cluster_work_t *work, const pilot_component_t *component,
                           const double *td, const double *dx, double *row)
{
    size_t rank = work->rank, side = 2 * rank;
    double trace = 0;
    for (size_t i = 0; i < 2 * component->blocks; i++) {
        const double *m = dx + i * side;
        pilot_cluster_omega(work, m, 0, NULL, component, row);
        for (size_t k = 0; k < rank; k++)
            trace += td[i * side + k] * (m[rank + k] - row[k]) + td[i * side + rank + k] * m[k];
    }
    return trace;
}

/* cross += M_xd T_dx, edge += T_xd M_dd T_dx. */
static void add_edges(pilot_cluster_work_t *work, const pilot_component_t *component,
                      size_t contrast, const double *dd, const double *dx)
{
    size_t rank = work->rank, side = 2 * rank, blocks = component->blocks, rows = 2 * blocks;
    double *cross = work->sums.cross + contrast * side * rank;
    double *edge = work->sums.edge + contrast * rank * rank;
    for (size_t b = 0; b < blocks; b++) {
        const double *omega = component->omega + b * (1 + rank) + 1;
        for (size_t i = 0; i < side; i++)
            for (size_t k = 0; k < rank; k++)
                cross[i * rank + k] -= dx[b * side + i] * omega[k];
        for (size_t c = 0; c < blocks; c++) {
            const double *other = component->omega + c * (1 + rank) + 1;
            for (size_t i = 0; i < rank; i++)
                for (size_t k = 0; k < rank; k++)
                    edge[i * rank + k] += omega[i] * dd[b * rows + c] * other[k];
        }
    }
}

static double weighted_norm(pilot_cluster_work_t *work, const pilot_component_t *component,
                            const double *dd, const double *dx)
{
    size_t rank = work->rank, rows = 2 * component->blocks;
    double *a = component->scratch[0], *b = component->scratch[1];
    double *td = component->scratch[2], *row = component->scratch[3];
    times_t_dd(component, rank, dd, rows, a);
    times_t_dx(component, rank, dx, b);
    times_t_dd(component, rank, dx, 2 * rank, td);
    return trace_product(a, a, rows) + 2 * trace_product(a, b, rows) +
           2 * trace_third(component, rank, td, dd) +
           2 * trace_fourth(work, component, td, dx, row);
}

void pilot_component_close(pilot_cluster_work_t *work, pilot_component_t *component)
{
    size_t rows = work->halves * component->blocks, side = work->halves * work->rank;
    for (size_t c = 0; c < work->contrasts; c++) {
        double *dd = component->dd + c * rows * rows, *dx = component->dx + c * rows * side;
        double norm = work->halves == 1
                          ? sum_squares(dd, rows * rows) + 2 * sum_squares(dx, rows * side)
                          : weighted_norm(work, component, dd, dx);
        compensated_add(&work->scalar[c * PILOT_CLUSTER_SCALARS + PILOT_CLUSTER_NORM], norm);
        if (work->halves == 2)
            add_edges(work, component, c, dd, dx);
    }
    memset(component->dd, 0, work->contrasts * rows * rows * sizeof *component->dd);
    memset(component->dx, 0, work->contrasts * rows * side * sizeof *component->dx);
}
