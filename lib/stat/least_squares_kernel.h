/* least_squares_kernel.h - sums over columns of numbers in one fixed order.
 *
 * Every sum runs over eight lanes (entry i goes to lane i mod 8) that are added in one fixed tree
 * at the end, and products are never fused with additions: so the bits are those of the data,
 * whatever the width of the machine's vectors. */
#ifndef PILOT_STAT_LEAST_SQUARES_KERNEL_H
#define PILOT_STAT_LEAST_SQUARES_KERNEL_H

#include <stddef.h>

/* Rows of a panel are padded with zeros to a multiple of this. */
#define PILOT_LANES ((size_t)8)
#define PILOT_PAD(rows) (((rows) + PILOT_LANES - 1) / PILOT_LANES * PILOT_LANES)

/* One body, compiled for narrow and wide vectors; the loader picks. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PILOT_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PILOT_WIDE
#endif

double pilot_kernel_sum(const double *x, size_t n);
double pilot_kernel_dot(const double *x, const double *y, size_t n);
/* x -= c */
void pilot_kernel_subtract(double *x, double c, size_t n);
/* ret = x * w, entry by entry (ret may be x) */
void pilot_kernel_multiply(const double *x, const double *w, double *ret, size_t n);
/* y += a * x */
void pilot_kernel_add_scaled(double *y, double a, const double *x, size_t n);
/* y += x * x */
void pilot_kernel_add_square(double *y, const double *x, size_t n);
/* Sum of (w u e)^2 f; w may be NULL (1). */
double pilot_kernel_meat(const double *w, const double *u, const double *e, const double *f,
                         size_t n);

/* Householder: fold `rows` (a multiple of PILOT_LANES) rows of the panel, `columns` columns that
 * lie `stride` apart, into the upper triangle r (row-major, columns x columns).  The panel is
 * destroyed. */
void pilot_kernel_fold(double *r, size_t columns, double *panel, size_t stride, size_t rows);

#endif
