/* meta_mixed.c - see meta_mixed.h.
 *
 * Method of moments (DerSimonian & Laird 1986), Paule & Mandel (1982) and restricted likelihood
 * with P = W - WX(X'WX)^-1X'W, as in Raudenbush (2009), "Analyzing effect sizes: random-effects
 * models"; searches as in meta_tau2.c. */
#include "meta_mixed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define KEEP 1e-11

void meta_mixed_init(meta_mixed_t *mixed, size_t k, size_t p, const double *x, const double *y,
                     const double *v)
{
    *mixed = (meta_mixed_t){.k = k,
                            .p = p,
                            .x = x,
                            .y = y,
                            .v = v,
                            .q = PILOT_NEW_ARRAY(double, (p + 1) * k),
                            .r = PILOT_NEW_ARRAY(double, (p + 1) * (p + 1)),
                            .w = PILOT_NEW_ARRAY(double, k)};
}

void meta_mixed_clear(meta_mixed_t *mixed)
{
    free(mixed->q);
    free(mixed->r);
    free(mixed->w);
}

/* Four sums side by side, in a fixed order. */
static double product(const double *a, const double *b, size_t count)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (size_t lane = 0; lane < 4; lane++)
            sum[lane] += a[i + lane] * b[i + lane];
    }
    for (; i < count; i++)
        sum[i % 4] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* column -= what lies along unit; returns how much. */
static double take_away(double *column, const double *unit, size_t count)
{
    double along = product(column, unit, count);
    for (size_t i = 0; i < count; i++)
        column[i] -= along * unit[i];
    return along;
}

/* `passes` 1: r is right to rounding; 2: so are the columns of q. */
static double decompose(meta_mixed_t *mixed, double tau2, int passes)
{
    size_t k = mixed->k, columns = mixed->p + 1;
    double rest;
    memset(mixed->r, 0, columns * columns * sizeof *mixed->r);
    for (size_t i = 0; i < k; i++)
        mixed->w[i] = 1 / (mixed->v[i] + tau2);
    for (size_t j = 0; j < columns; j++) {
        const double *from = j < mixed->p ? mixed->x + j * k : mixed->y;
        double *column = mixed->q + j * k, length;
        for (size_t i = 0; i < k; i++)
            column[i] = sqrt(mixed->w[i]) * from[i];
        for (int pass = 0; pass < passes; pass++) {
            for (size_t c = 0; c < j; c++)
                mixed->r[c * columns + j] += take_away(column, mixed->q + c * k, k);
        }
        length = sqrt(product(column, column, k));
        mixed->r[j * columns + j] = length;
        for (size_t i = 0; i < k && j < mixed->p; i++)
            column[i] /= length;
    }
    rest = mixed->r[columns * columns - 1];
    return rest * rest;
}

double meta_mixed_fit(meta_mixed_t *mixed, double tau2)
{
    return decompose(mixed, tau2, 2);
}

void meta_mixed_solve(const meta_mixed_t *mixed, double *ret_beta, double *ret_inverse)
{
    size_t p = mixed->p, columns = p + 1;
    const double *r = mixed->r;
    memset(ret_inverse, 0, p * p * sizeof *ret_inverse);
    for (size_t j = 0; j < p; j++) {
        ret_inverse[j * p + j] = 1 / r[j * columns + j];
        for (size_t i = j; i-- > 0;) {
            double sum = 0;
            for (size_t c = i + 1; c <= j; c++)
                sum += r[i * columns + c] * ret_inverse[c * p + j];
            ret_inverse[i * p + j] = -sum / r[i * columns + i];
        }
    }
    for (size_t i = p; i-- > 0;) {
        double sum = r[i * columns + p];
        for (size_t c = i + 1; c < p; c++)
            sum -= r[i * columns + c] * ret_beta[c];
        ret_beta[i] = sum / r[i * columns + i];
    }
}

/* ---- traces ---------------------------------------------------------------------------------- */

typedef struct traces {
    double q;       /* y'Py */
    double p;       /* tr P */
    double pp;      /* tr PP */
    double squares; /* y'PPy */
    double cubes;   /* y'PPPy */
} traces_t;

/* Sum of the squared entries of Q'WQ. */
static double squared_gram(const meta_mixed_t *mixed, double *weighted)
{
    size_t k = mixed->k;
    double sum = 0;
    for (size_t a = 0; a < mixed->p; a++) {
        for (size_t i = 0; i < k; i++)
            weighted[i] = mixed->w[i] * mixed->q[a * k + i];
        for (size_t b = 0; b <= a; b++) {
            double entry = product(weighted, mixed->q + b * k, k);
            sum += (b < a ? 2 : 1) * entry * entry;
        }
    }
    return sum;
}

static traces_t trace(meta_mixed_t *mixed, double tau2)
{
    size_t k = mixed->k;
    traces_t t = {.q = decompose(mixed, tau2, 2)};
    double *row = PILOT_NEW_ARRAY(double, k);
    const double *rest = mixed->q + mixed->p * k;
    t.pp = squared_gram(mixed, row);
    for (size_t i = 0; i < k; i++) {
        double leverage = 0, w = mixed->w[i];
        for (size_t j = 0; j < mixed->p; j++)
            leverage += mixed->q[j * k + i] * mixed->q[j * k + i];
        t.p += w * (1 - leverage);
        t.pp += w * w * (1 - 2 * leverage);
        t.squares += w * rest[i] * rest[i];
        row[i] = w * rest[i];
    }
    for (size_t j = 0; j < mixed->p; j++)
        take_away(row, mixed->q + j * k, k);
    t.cubes = product(row, row, k);
    free(row);
    return t;
}

double meta_mixed_typical_variance(meta_mixed_t *mixed)
{
    return (double)(mixed->k - mixed->p) / trace(mixed, 0).p;
}

/* ---- tau2 ------------------------------------------------------------------------------------ */

/* As meta_solve_q. */
static double solve_q(meta_mixed_t *mixed, double unit)
{
    double tau2 = 0, target = (double)(mixed->k - mixed->p);
    for (int step = 0; step < META_MAX_STEPS; step++) {
        traces_t t = trace(mixed, tau2);
        double change = t.squares > 0 ? (t.q - target) / t.squares : 0;
        if (tau2 + change <= 0)
            return 0;
        tau2 += change;
        if (fabs(change) <= META_STOP * (tau2 + unit) * 1e-2)
            break;
    }
    return tau2;
}

static double restricted_log_likelihood(meta_mixed_t *mixed, double tau2)
{
    double q = decompose(mixed, tau2, 1), logs = 0;
    for (size_t i = 0; i < mixed->k; i++)
        logs += log(mixed->v[i] + tau2);
    for (size_t j = 0; j < mixed->p; j++)
        logs += 2 * log(mixed->r[j * (mixed->p + 1) + j]);
    return -0.5 * (logs + q);
}

/* Twice the score and its derivative. */
static double score(meta_mixed_t *mixed, double tau2, double *ret_slope)
{
    traces_t t = trace(mixed, tau2);
    *ret_slope = t.pp - 2 * t.cubes;
    return t.squares - t.p;
}

/* Between low (score > 0) and high (score < 0). */
static bool solve_score(meta_mixed_t *mixed, double unit, double low, double high, double *ret_tau2)
{
    double tau2 = 0.5 * (low + high);
    for (int step = 0; step < META_MAX_STEPS; step++) {
        double slope, value = score(mixed, tau2, &slope), next;
        if (value > 0)
            low = tau2;
        else
            high = tau2;
        next = tau2 - value / slope;
        if (!(slope < 0) || !(next >= low) || !(next <= high))
            next = 0.5 * (low + high);
        if (fabs(next - tau2) <= META_STOP * (next + unit)) {
            *ret_tau2 = next;
            return true;
        }
        tau2 = next;
    }
    return false;
}

/* From the largest variance on, weights are within a factor of 2 of each other:
 * y'PPy <= rest / tau2^2 with the unweighted rest, and tr P >= (k - p) / (2 tau2). */
static double upper_bound(meta_mixed_t *mixed, double largest)
{
    double far = 1e6 * largest, rest = decompose(mixed, far, 1) * (far + largest);
    return fmax(largest, 2.1 * rest / (double)(mixed->k - mixed->p));
}

static bool reml(meta_mixed_t *mixed, double unit, double *ret_tau2)
{
    double point[META_GRID_POINTS], slope, best_likelihood = -INFINITY;
    double smallest = mixed->v[0], largest = mixed->v[0];
    int best = 0;
    for (size_t i = 0; i < mixed->k; i++) {
        smallest = fmin(smallest, mixed->v[i]);
        largest = fmax(largest, mixed->v[i]);
    }
    meta_grid(smallest, upper_bound(mixed, largest), point);
    for (int g = 0; g < META_GRID_POINTS; g++) {
        double likelihood = restricted_log_likelihood(mixed, point[g]);
        if (likelihood > best_likelihood) {
            best_likelihood = likelihood;
            best = g;
        }
    }
    if (!isfinite(best_likelihood))
        return false;
    if (score(mixed, point[best], &slope) > 0)
        return best <= META_GRID && score(mixed, point[best + 1], &slope) < 0 &&
               solve_score(mixed, unit, point[best], point[best + 1], ret_tau2);
    if (best == 0) {
        *ret_tau2 = 0;
        return true;
    }
    return score(mixed, point[best - 1], &slope) > 0 &&
           solve_score(mixed, unit, point[best - 1], point[best], ret_tau2);
}

double meta_mixed_tau2(meta_mixed_t *mixed, pilot_meta_method_t method, bool *ret_by_pm)
{
    double tau2 = 0, df = (double)(mixed->k - mixed->p);
    traces_t none = trace(mixed, 0);
    *ret_by_pm = false;
    if (method == PILOT_META_DL)
        return fmax(0, (none.q - df) / none.p);
    if (method == PILOT_META_REML)
        *ret_by_pm = !reml(mixed, df / none.p, &tau2);
    if (method == PILOT_META_PM || *ret_by_pm)
        tau2 = solve_q(mixed, df / none.p);
    return tau2;
}

size_t meta_mixed_choose(size_t k, size_t columns, const double *x, const double *length,
                         bool *ret_kept)
{
    double *q = PILOT_NEW_ARRAY(double, columns *k);
    size_t rank = 0;
    for (size_t j = 0; j < columns; j++) {
        double *column = q + rank * k, left;
        memcpy(column, x + j * k, k * sizeof *column);
        for (int pass = 0; pass < 2; pass++) {
            for (size_t c = 0; c < rank; c++)
                take_away(column, q + c * k, k);
        }
        left = sqrt(product(column, column, k));
        ret_kept[j] = left > KEEP * length[j];
        if (!ret_kept[j])
            continue;
        for (size_t i = 0; i < k; i++)
            column[i] /= left;
        rank++;
    }
    free(q);
    return rank;
}
