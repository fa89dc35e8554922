/* noncentral_t.c - see noncentral_t.h.
 *
 * P(T <= t) is the mean of Phi(t s - noncentrality) over s = sqrt(chi-square_df / df).  With
 * s = exp(u) the density of u is proportional to exp(df (u - exp(2u)/2)), analytic and falling off
 * exponentially at either side, so that the trapezoidal rule converges faster than any power of its
 * step (Trefethen & Weideman 2014); the same rule gives the density's norm, so no gamma function of
 * a large argument is needed.  The step is halved until two results agree. */
#include "noncentral_t.h"

#include <math.h>
#include <stdbool.h>

#define MANY_DF 1e12
#define FALL 42.0 /* the density is left out where it is e^-42 = 6e-19 of its top */
#define FIRST_STEPS 64
#define MOST_STEPS (1 << 20)
#define AGREEMENT 2e-14

/* log of the density of u, 0 at its top (u = 0). */
static double log_density(double u, double df)
{
    return 0.5 * df * (2 * u - expm1(2 * u));
}

/* Where the density has fallen by FALL, on the side of `sign`. */
static double end_of_density(double df, double sign)
{
    double near = 0, far = sign / sqrt(df);
    while (log_density(far, df) > -FALL)
        far *= 2;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (near + far);
        if (log_density(middle, df) > -FALL)
            near = middle;
        else
            far = middle;
    }
    return far;
}

static double normal_cdf(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

/* What is averaged: one tail, or both beyond +-t. */
static double integrand(double s, double t, double noncentrality, bool both)
{
    if (both)
        return normal_cdf(noncentrality - t * s) + normal_cdf(-t * s - noncentrality);
    return normal_cdf(t * s - noncentrality);
}

static double average(double t, double df, double noncentrality, bool both)
{
    if (df > MANY_DF)
        return integrand(1, t, noncentrality, both);
    double low = end_of_density(df, -1), high = end_of_density(df, 1), previous = -1;
    double sum = 0, norm = 0;
    for (int steps = FIRST_STEPS; steps <= MOST_STEPS; steps *= 2) {
        double step = (high - low) / steps;
        /* Every point the first time, afterwards those in between. */
        int stride = steps == FIRST_STEPS ? 1 : 2;
        for (int i = stride - 1; i <= steps; i += stride) {
            double u = low + step * i, density = exp(log_density(u, df));
            norm += density;
            sum += density * integrand(exp(u), t, noncentrality, both);
        }
        double value = sum / norm;
        if (fabs(value - previous) <= AGREEMENT)
            return value;
        previous = value;
    }
    return previous;
}

double pilot_noncentral_t_cdf(double t, double df, double noncentrality)
{
    return average(t, df, noncentrality, false);
}

double pilot_noncentral_t_two_sided(double critical, double df, double noncentrality)
{
    return average(fabs(critical), df, fabs(noncentrality), true);
}
