/* double_double.h - numbers of about 32 digits as the unevaluated sum of two doubles, for the few
 * sums in which everything but the last digits cancels.
 * Dekker (1971); Hida, Li & Bailey (2001), "Algorithms for quad-double precision floating point
 * arithmetic".  Needs -ffp-contract=off. */
#ifndef PILOT_STAT_DOUBLE_DOUBLE_H
#define PILOT_STAT_DOUBLE_DOUBLE_H

#include <math.h>

typedef struct double_double {
    double high, low; /* low is at most half a unit in high's last place */
} double_double_t;

/* a + b exactly. */
static inline double_double_t double_double_sum(double a, double b)
{
    double high = a + b, part = high - a;
    return (double_double_t){high, (a - (high - part)) + (b - part)};
}

/* a b exactly. */
static inline double_double_t double_double_product(double a, double b)
{
    double high = a * b;
    return (double_double_t){high, fma(a, b, -high)};
}

static inline double_double_t double_double_add(double_double_t x, double_double_t y)
{
    double_double_t high = double_double_sum(x.high, y.high);
    double_double_t low = double_double_sum(x.low, y.low);
    high = double_double_sum(high.high, high.low + low.high);
    return double_double_sum(high.high, high.low + low.low);
}

static inline double_double_t double_double_multiply(double_double_t x, double_double_t y)
{
    double_double_t product = double_double_product(x.high, y.high);
    double low = product.low + (x.high * y.low + x.low * y.high);
    return double_double_sum(product.high, low);
}

static inline double_double_t double_double_scale(double_double_t x, double factor)
{
    return double_double_multiply(x, (double_double_t){factor, 0});
}

static inline double_double_t double_double_divide(double_double_t x, double divisor)
{
    double quotient = x.high / divisor;
    double_double_t product = double_double_product(quotient, divisor);
    double_double_t rest = double_double_add(x, (double_double_t){-product.high, -product.low});
    return double_double_sum(quotient, rest.high / divisor);
}

#endif
