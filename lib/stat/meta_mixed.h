/* meta_mixed.h - the mixed-effects model of a comparison: effects of agencies on columns of their
 * attributes, with weights 1/(v + tau2).
 *
 * Columns are orthonormalized by the modified Gram-Schmidt process, the outcome as the last of them
 * (Bjorck 1996, section 2.4.2); where the orthonormal columns themselves are needed it runs twice.
 */
#ifndef PILOT_STAT_META_MIXED_H
#define PILOT_STAT_META_MIXED_H

#include "meta_tau2.h"

typedef struct meta_mixed {
    size_t k, p;
    const double *y, *v;
    const double *x; /* column by column: x[j * k + i]; of full rank */
    double *q;       /* p + 1 columns of k: scratch */
    double *r;       /* (p + 1) x (p + 1), row-major, upper: of the last fit */
    double *w;       /* k: weights of the last fit */
} meta_mixed_t;

/* Borrows x, y, v. */
void meta_mixed_init(meta_mixed_t *mixed, size_t k, size_t p, const double *x, const double *y,
                     const double *v);
void meta_mixed_clear(meta_mixed_t *mixed);

/* Leaves r and w of this tau2.  Returns the weighted sum of squared residuals, y'Py. */
double meta_mixed_fit(meta_mixed_t *mixed, double tau2);
/* From the last fit: coefficients (p) and the upper triangle inverted (p x p, row-major), with
 * (X'WX)^-1 = inverse inverse'. */
void meta_mixed_solve(const meta_mixed_t *mixed, double *ret_beta, double *ret_inverse);

/* k > p.  Typical variance within agencies given the columns, (k - p) / tr(P) at tau2 = 0. */
double meta_mixed_typical_variance(meta_mixed_t *mixed);
/* k > p.  As meta_tau2. */
double meta_mixed_tau2(meta_mixed_t *mixed, pilot_meta_method_t method, bool *ret_by_pm);

/* Columns, in order, whose part outside the earlier kept ones is at least 1e-11 of `length`:
 * ret_kept[j] true.  Returns how many. */
size_t meta_mixed_choose(size_t k, size_t columns, const double *x, const double *length,
                         bool *ret_kept);

#endif
