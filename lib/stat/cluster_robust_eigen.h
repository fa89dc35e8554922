/* cluster_robust_eigen.h - eigenvalues and vectors of small symmetric matrices. */
#ifndef PILOT_STAT_CLUSTER_ROBUST_EIGEN_H
#define PILOT_STAT_CLUSTER_ROBUST_EIGEN_H

#include <stddef.h>

/* a (n x n, row-major, both triangles; destroyed) = V diag(value) V'.  Row i of ret_vector is the
 * i-th eigenvector.  Small ones by Jacobi's rotations in fixed order, larger ones by LAPACK. */
void pilot_eigen(double *a, size_t n, double *ret_value, double *ret_vector);

#endif
