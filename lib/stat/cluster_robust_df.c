/* cluster_robust_df.c - Satterthwaite's degrees of freedom from sums over all clusters. */
#include "cluster_robust.h"

/* omega is stored as its upper triangle. */
static double omega_at(const pilot_fit_t *fit, size_t i, size_t k)
{
    return fit->omega[i < k ? i * fit->rank + k : k * fit->rank + i];
}

/* ret = T_xx m, m side x columns. */
static void times_t_xx(const pilot_fit_t *fit, const double *m, size_t columns, double *ret)
{
    size_t rank = fit->rank;
    for (size_t i = 0; i < rank; i++)
        for (size_t j = 0; j < columns; j++) {
            double sum = m[(rank + i) * columns + j];
            for (size_t k = 0; k < rank; k++)
                sum -= omega_at(fit, i, k) * m[k * columns + j];
            ret[i * columns + j] = sum;
            ret[(rank + i) * columns + j] = m[i * columns + j];
        }
}

/* The rest of tr((TM)^2), see cluster_robust_component.c: P = cross, R = edge,
 * tr(P^2) + 2 tr(M R) + 2 tr(M T P) + tr((P' + T M)^2). */
static double weighted_norm(const pilot_cluster_sums_t *sums, const pilot_fit_t *fit,
                            size_t contrast, pilot_arena_t *arena)
{
    size_t rank = sums->rank, side = 2 * rank;
    const double *m = sums->m + contrast * side * side;
    const double *cross = sums->cross + contrast * side * rank;
    const double *edge = sums->edge + contrast * rank * rank;
    double *tm = PILOT_ARENA_RAW(arena, double, side *side);
    double *tp = PILOT_ARENA_RAW(arena, double, side *rank);
    double norm = 0;
    times_t_xx(fit, m, side, tm);
    times_t_xx(fit, cross, rank, tp);
    for (size_t i = 0; i < rank; i++)
        for (size_t k = 0; k < rank; k++)
            norm += cross[i * rank + k] * cross[k * rank + i] +
                    2 * m[i * side + k] * edge[k * rank + i];
    for (size_t i = 0; i < rank; i++)
        for (size_t k = 0; k < side; k++)
            norm += 2 * m[i * side + k] * tp[k * rank + i];
    /* P' has rows for the upper half alone. */
    for (size_t i = 0; i < rank; i++)
        for (size_t k = 0; k < side; k++)
            tm[i * side + k] += cross[k * rank + i];
    for (size_t i = 0; i < side; i++)
        for (size_t k = 0; k < side; k++)
            norm += tm[i * side + k] * tm[k * side + i];
    return norm;
}

double pilot_cluster_df(const pilot_cluster_sums_t *sums, const pilot_fit_t *fit, size_t contrast,
                        pilot_arena_t *arena)
{
    const double *scalar = sums->scalar + contrast * PILOT_CLUSTER_SCALARS;
    size_t side = sums->halves * sums->rank;
    const double *m = sums->m + contrast * side * side;
    double norm = scalar[PILOT_CLUSTER_NORM];
    if (sums->halves == 2)
        norm += weighted_norm(sums, fit, contrast, arena);
    else
        for (size_t i = 0; i < side * side; i++)
            norm += m[i] * m[i];
    double mean = scalar[PILOT_CLUSTER_A] - scalar[PILOT_CLUSTER_Q];
    double variance = scalar[PILOT_CLUSTER_AA] - 2 * scalar[PILOT_CLUSTER_AQ] + norm;
    return variance > 0 ? mean * mean / variance : 0;
}

double pilot_cluster_lost(const pilot_cluster_sums_t *sums, const pilot_fit_t *fit, size_t arm,
                          size_t contrast)
{
    const double *l = fit->r_inverse + fit->arm_column[arm] * fit->rank;
    double total = 0;
    for (size_t i = 0; i < fit->rank; i++)
        for (size_t k = 0; k < fit->rank; k++)
            if (sums->halves == 2 || i == k)
                total += l[i] * l[k] * (sums->halves == 2 ? omega_at(fit, i, k) : 1);
    return sums->scalar[contrast * PILOT_CLUSTER_SCALARS + PILOT_CLUSTER_LOST] / total;
}
