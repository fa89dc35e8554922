/* cluster_robust_eigen.c - see cluster_robust_eigen.h.
 * Cyclic Jacobi: Golub & Van Loan, Matrix Computations, 8.5; rotations as in Rutishauser (1966). */
#include "cluster_robust_eigen.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

/* Up to here rotations are faster than LAPACK's calls. */
#define MOST_JACOBI ((size_t)12)
#define MOST_SWEEPS 30

/* Zero a[p][q] by a rotation of rows and columns p and q. */
static void rotate(double *a, size_t n, size_t p, size_t q, double *vector)
{
    double off = a[p * n + q], theta = (a[q * n + q] - a[p * n + p]) / (2 * off);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(1 + theta * theta));
    double c = 1 / sqrt(1 + t * t), s = t * c;
    a[p * n + p] -= t * off;
    a[q * n + q] += t * off;
    a[p * n + q] = a[q * n + p] = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == p || i == q)
            continue;
        double x = a[i * n + p], y = a[i * n + q];
        a[i * n + p] = a[p * n + i] = c * x - s * y;
        a[i * n + q] = a[q * n + i] = s * x + c * y;
    }
    for (size_t i = 0; i < n; i++) {
        double x = vector[p * n + i], y = vector[q * n + i];
        vector[p * n + i] = c * x - s * y;
        vector[q * n + i] = s * x + c * y;
    }
}

static void jacobi(double *a, size_t n, double *value, double *vector)
{
    memset(vector, 0, n * n * sizeof *vector);
    for (size_t i = 0; i < n; i++)
        vector[i * n + i] = 1;
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
        size_t rotations = 0;
        for (size_t p = 0; p + 1 < n; p++)
            for (size_t q = p + 1; q < n; q++) {
                /* Small beside both diagonal entries and beside 1, the size of all matrices here.
                 */
                double size = fabs(a[p * n + p]) + fabs(a[q * n + q]) + 1;
                if (fabs(a[p * n + q]) <= 1e-17 * size)
                    continue;
                rotate(a, n, p, q, vector);
                rotations++;
            }
        if (rotations == 0)
            break;
    }
    for (size_t i = 0; i < n; i++)
        value[i] = a[i * n + i];
}

void pilot_eigen(double *a, size_t n, double *ret_value, double *ret_vector)
{
    if (n == 1) {
        ret_value[0] = a[0];
        ret_vector[0] = 1;
        return;
    }
    /* Column-major for LAPACK is the transpose: eigenvectors come back as rows of ours. */
    if (n > MOST_JACOBI) {
        memcpy(ret_vector, a, n * n * sizeof *a);
        if (LAPACKE_dsyev(LAPACK_COL_MAJOR, 'V', 'U', (lapack_int)n, ret_vector, (lapack_int)n,
                          ret_value) == 0)
            return;
    }
    jacobi(a, n, ret_value, ret_vector);
}
