/* distribution.c - see distribution.h.
 *
 * GSL's t distribution goes over to a Cornish-Fisher series above 30 degrees of freedom, which has
 * about seven digits; here the tail is the incomplete beta function itself, by its continued
 * fraction (DLMF 8.17.22), with the tail that is small computed and never one minus the other. */
#include "distribution.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stddef.h>

#define MAX_TERMS 200000
#define MANY_DF 1e5
#define TINY 1e-300

double pilot_normal_two_sided(double z)
{
    return erfc(fabs(z) * M_SQRT1_2);
}

double pilot_normal_critical(double confidence)
{
    return gsl_cdf_ugaussian_Qinv(0.5 * (1 - confidence));
}

/* log(Gamma(a + 1/2) / Gamma(a)); the series is DLMF 5.11.13 with a in place of z. */
static double log_gamma_half_step(double a)
{
    double r = 1 / a, s = r * r;
    if (a < 20)
        return log(tgamma(a + 0.5) / tgamma(a));
    return 0.5 * log(a) -
           r * (1.0 / 8 -
                s * (1.0 / 192 - s * (1.0 / 640 - s * (17.0 / 14336 - s * 31.0 / 18432))));
}

/* Continued fraction of the incomplete beta function I_x(a, b), without the factor in front
 * (DLMF 8.17.22), by the modified Lentz method. */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1), value;
    d = 1 / (fabs(d) < TINY ? TINY : d);
    value = d;
    for (int m = 1; m < MAX_TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double step;
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = fabs(c) < TINY ? TINY : c;
        value *= d * c;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = fabs(c) < TINY ? TINY : c;
        step = d * c;
        value *= step;
        if (fabs(step - 1) < 4 * DBL_EPSILON)
            break;
    }
    return value;
}

/* log of x^a (1-x)^(1/2) / B(a, 1/2) with x = df/(df + t^2), a = df/2. */
static double log_front(double t2, double df)
{
    return -0.5 * df * log1p(t2 / df) + 0.5 * (log(t2) - log(df + t2)) +
           log_gamma_half_step(0.5 * df) - 0.5 * log(M_PI);
}

/* The z that is as far out as t, for many df (Hill 1970, Algorithm 395; the next term of the
 * series is of order df^-4). */
static double normal_of_t(double t2, double df)
{
    double a = df - 0.5, b = 48 * a * a, y = a * log1p(t2 / df);
    double term = ((-0.4 * y - 3.3) * y - 24) * y - 85.5;
    return ((term / (0.8 * y * y + 100 + b) + y + 3) / b + 1) * sqrt(y);
}

double pilot_t_two_sided(double t, double df)
{
    double a = 0.5 * df, t2 = t * t, x = df / (df + t2), front;
    if (df > MANY_DF)
        return pilot_normal_two_sided(normal_of_t(t2, df));
    if (t2 == 0)
        return 1;
    if (isinf(t2))
        return t2 / df > 0 && df < 1e-3 ? exp(-df * log(fabs(t))) : 0;
    front = exp(log_front(t2, df));
    /* With many df x is 1 but for its last digits: then the other tail, while that is not too
     * close to 1. */
    if (x < (a + 1) / (a + 2.5) && !(df > 100 && t2 < 6))
        return fmin(1, front * beta_fraction(a, 0.5, x) / a);
    return fmax(0, 1 - front * beta_fraction(0.5, a, t2 / (df + t2)) * 2);
}

/* Newton's method on log P against log t, where the tail is concave: from the second step on it
 * comes down to the root from the right; convergence is quadratic, so a step of 1e-9 is the
 * last. */
double pilot_t_critical(double confidence, double df)
{
    double p = 1 - confidence, s = log(pilot_normal_critical(confidence));
    if (df > 1e15)
        return exp(s);
    for (int i = 0; i < 200; i++) {
        double t = exp(s), tail = pilot_t_two_sided(t, df);
        /* d log P / d log t = -2 t f(t) / P, and 2 t f(t) is twice the factor in front. */
        double step = (log(tail) - log(p)) * tail / (2 * exp(log_front(t * t, df)));
        s += step;
        if (!(fabs(step) > 1e-9))
            break;
    }
    return exp(s);
}

/* log of Gamma(a + b) / (Gamma(a) Gamma(b)), b a multiple of 1/2: no difference of large numbers.
 */
static double log_inverse_beta(double a, double b)
{
    size_t whole = (size_t)b;
    double value = -lgamma(b);
    if (b > (double)whole) {
        value += log_gamma_half_step(a);
        a += 0.5;
    }
    for (size_t i = 0; i < whole; i++)
        value += log(a + (double)i);
    return value;
}

/* With many denominator df the chi-square tail and its first correction, from the mean over the
 * denominator: E Q(b, u Y), Y ~ Gamma(a)/a. */
static double f_upper_of_many(double u, double b, double a)
{
    double density = exp((b - 1) * log(u) - u - lgamma(b));
    return fmin(1, pilot_chi_square_upper(2 * u, 2 * b) + density * u * (u - b + 1) / (2 * a));
}

/* P(F >= f) = I_x(d2/2, d1/2), x = d2/(d2 + d1 f) (DLMF 8.17). */
double pilot_f_upper(double f, double numerator_df, double denominator_df)
{
    double a = 0.5 * denominator_df, b = 0.5 * numerator_df, ratio = b * f / a;
    double front;
    if (!(f > 0))
        return 1;
    if (!isfinite(ratio))
        return 0;
    if (denominator_df > 1e7)
        return f_upper_of_many(b * f, b, a);
    front = exp(log_inverse_beta(a, b) - a * log1p(ratio) + b * (log(ratio) - log1p(ratio)));
    if (1 / (1 + ratio) < (a + 1) / (a + b + 2))
        return fmin(1, front * beta_fraction(a, b, 1 / (1 + ratio)) / a);
    return fmax(0, 1 - front * beta_fraction(b, a, ratio / (1 + ratio)) / b);
}

double pilot_chi_square_upper(double x, double df)
{
    return gsl_cdf_chisq_Q(x, df);
}

/* GSL's inverse stops early; two Newton steps take it to full precision. */
double pilot_chi_square_quantile(double p, double df)
{
    double x = gsl_cdf_chisq_Pinv(p, df);
    for (int i = 0; i < 3; i++) {
        double density = gsl_ran_chisq_pdf(x, df);
        double miss = p < 0.5 ? gsl_cdf_chisq_P(x, df) - p : (1 - p) - gsl_cdf_chisq_Q(x, df);
        double next = x - miss / density;
        if (!(density > 0) || !(next > 0))
            break;
        x = next;
    }
    return x;
}
