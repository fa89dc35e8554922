/* least_squares_kernel.c - see least_squares_kernel.h. */
#include "least_squares_kernel.h"

#include <math.h>

/* Eight lanes, loaded from anywhere. */
typedef double lanes_t __attribute__((vector_size(64), aligned(8), may_alias));
#define INLINE static inline __attribute__((always_inline))
#define LOAD(pointer) (*(const lanes_t *)(pointer))
#define STORE(pointer) (*(lanes_t *)(pointer))

INLINE double add_lanes(const lanes_t *lane)
{
    const lanes_t l = *lane;
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

PILOT_WIDE double pilot_kernel_sum(const double *x, size_t n)
{
    lanes_t lane = {0};
    size_t i = 0;
    for (; i + PILOT_LANES <= n; i += PILOT_LANES)
        lane += LOAD(x + i);
    for (size_t k = 0; i + k < n; k++)
        lane[k] += x[i + k];
    return add_lanes(&lane);
}

PILOT_WIDE double pilot_kernel_dot(const double *x, const double *y, size_t n)
{
    lanes_t lane = {0};
    size_t i = 0;
    for (; i + PILOT_LANES <= n; i += PILOT_LANES)
        lane += LOAD(x + i) * LOAD(y + i);
    for (size_t k = 0; i + k < n; k++)
        lane[k] += x[i + k] * y[i + k];
    return add_lanes(&lane);
}

PILOT_WIDE void pilot_kernel_subtract(double *x, double c, size_t n)
{
    size_t i = 0;
    for (; i + PILOT_LANES <= n; i += PILOT_LANES)
        STORE(x + i) -= c;
    for (; i < n; i++)
        x[i] -= c;
}

PILOT_WIDE void pilot_kernel_multiply(const double *x, const double *w, double *ret, size_t n)
{
    size_t i = 0;
    for (; i + PILOT_LANES <= n; i += PILOT_LANES)
        STORE(ret + i) = LOAD(x + i) * LOAD(w + i);
    for (; i < n; i++)
        ret[i] = x[i] * w[i];
}

PILOT_WIDE void pilot_kernel_add_scaled(double *y, double a, const double *x, size_t n)
{
    size_t i = 0;
    for (; i + PILOT_LANES <= n; i += PILOT_LANES)
        STORE(y + i) += a * LOAD(x + i);
    for (; i < n; i++)
        y[i] += a * x[i];
}

PILOT_WIDE void pilot_kernel_add_square(double *y, const double *x, size_t n)
{
    size_t i = 0;
    for (; i + PILOT_LANES <= n; i += PILOT_LANES)
        STORE(y + i) += LOAD(x + i) * LOAD(x + i);
    for (; i < n; i++)
        y[i] += x[i] * x[i];
}

PILOT_WIDE double pilot_kernel_meat(const double *w, const double *u, const double *e,
                                    const double *f, size_t n)
{
    lanes_t lane = {0};
    size_t i = 0;
    for (; i + PILOT_LANES <= n; i += PILOT_LANES) {
        lanes_t s = LOAD(u + i) * LOAD(e + i);
        if (w)
            s *= LOAD(w + i);
        lane += s * s * LOAD(f + i);
    }
    for (size_t k = 0; i + k < n; k++) {
        double s = u[i + k] * e[i + k];
        if (w)
            s *= w[i + k];
        lane[k] += s * s * f[i + k];
    }
    return add_lanes(&lane);
}

/* The reflector that sends (r_kk, a) to (beta, 0) applied to `count` later columns b, which lie
 * `stride` apart, and to their entries of row k. */
INLINE void reflect(const double *a, double head, double factor, double *row, double *b,
                    size_t stride, size_t rows, int count)
{
    lanes_t dot[4] = {{0}, {0}, {0}, {0}};
    double scale[4];
    for (size_t i = 0; i < rows; i += PILOT_LANES)
        for (int j = 0; j < count; j++)
            dot[j] += LOAD(a + i) * LOAD(b + (size_t)j * stride + i);
    for (int j = 0; j < count; j++) {
        scale[j] = factor * (row[j] * head + add_lanes(&dot[j]));
        row[j] -= scale[j] * head;
    }
    for (size_t i = 0; i < rows; i += PILOT_LANES)
        for (int j = 0; j < count; j++)
            STORE(b + (size_t)j * stride + i) -= scale[j] * LOAD(a + i);
}

PILOT_WIDE void pilot_kernel_fold(double *r, size_t columns, double *panel, size_t stride,
                                  size_t rows)
{
    for (size_t k = 0; k < columns; k++) {
        double *a = panel + k * stride, *row = r + k * columns;
        lanes_t square = {0};
        for (size_t i = 0; i < rows; i += PILOT_LANES)
            square += LOAD(a + i) * LOAD(a + i);
        double below = add_lanes(&square);
        if (below == 0)
            continue;
        double norm = sqrt(row[k] * row[k] + below);
        double beta = row[k] > 0 ? -norm : norm;
        double head = row[k] - beta, factor = -1 / (beta * head);
        size_t j = k + 1;
        row[k] = beta;
        for (; j + 4 <= columns; j += 4)
            reflect(a, head, factor, row + j, panel + j * stride, stride, rows, 4);
        for (; j < columns; j++)
            reflect(a, head, factor, row + j, panel + j * stride, stride, rows, 1);
    }
}
