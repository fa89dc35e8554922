/* power.c - power of a design, and its inversions: each is a root of the same function. */
#include "pilot/power.h"

#include <math.h>

#include "distribution.h"
#include "noncentral_t.h"

#define MOST_DOUBLINGS 40 /* 2^40 = 1.1e12 units */

/* As in textbooks on two shares: the critical value under the null's variance, the power under the
 * alternative's (Fleiss, Levin & Paik 2003, equation 4.14, without continuity correction). */
static double power_of_shares(const pilot_power_design_t *d, const pilot_power_precision_t *p,
                              double effect)
{
    double share =
        (p->arm_n * (d->mean + effect) + p->control_n * d->mean) / (p->arm_n + p->control_n);
    double arm = (d->mean + effect) * (1 - d->mean - effect), control = d->mean * (1 - d->mean);
    double own = arm / p->arm_n + control / p->control_n;
    double null = share * (1 - share) * (1 / p->arm_n + 1 / p->control_n);
    double critical = pilot_normal_critical(1 - d->alpha) * sqrt(null / own);
    return pilot_noncentral_t_two_sided(critical, INFINITY, effect / p->std_error);
}

pilot_number_t pilot_power(const pilot_power_design_t *design, double units, double effect)
{
    pilot_power_precision_t precision;
    if (!pilot_power_precision(design, units, effect, &precision))
        return PILOT_ABSENT;
    if (design->textbook && design->type == PILOT_POWER_SHARE && !design->clustered &&
        design->scope != PILOT_POWER_COMPARISON)
        return PILOT_GIVEN(power_of_shares(design, &precision, effect));
    double critical = isinf(precision.df) ? pilot_normal_critical(1 - design->alpha)
                                          : pilot_t_critical(1 - design->alpha, precision.df);
    return PILOT_GIVEN(
        pilot_noncentral_t_two_sided(critical, precision.df, effect / precision.std_error));
}

/* ---- inversions ------------------------------------------------------------------------------ */

static bool suffices(const pilot_power_design_t *design, double units, double effect, double power)
{
    pilot_number_t reached = pilot_power(design, units, effect);
    return reached.given && reached.value >= power;
}

/* Halve [low, high] in logarithms until it is as narrow as doubles are; `high` suffices. */
static double bisect(const pilot_power_design_t *design, double low, double high, double fixed,
                     bool of_units, double power)
{
    for (int i = 0; i < 200 && fabs(high / low - 1) > 1e-15; i++) {
        double middle = low * sqrt(high / low);
        if (of_units ? suffices(design, middle, fixed, power)
                     : suffices(design, fixed, middle, power))
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* How far an effect can go. */
static double last_effect(const pilot_power_design_t *design, bool down)
{
    if (design->type == PILOT_POWER_MEAN)
        return INFINITY;
    if (down)
        return design->mean;
    return design->type == PILOT_POWER_SHARE ? 1 - design->mean : INFINITY;
}

pilot_number_t pilot_power_effect(const pilot_power_design_t *design, double units, double power,
                                  bool down)
{
    pilot_power_precision_t precision;
    double last = last_effect(design, down), sign = down ? -1 : 1;
    if (!pilot_power_precision(design, units, 0, &precision))
        return PILOT_ABSENT;
    /* Upwards in small steps, since near the end of a share's range its degrees of freedom, and
     * with them the power, may fall again. */
    double low = fmin(1e-4 * precision.std_error, 0.5 * last);
    for (int i = 0; i < 2000; i++) {
        double high = fmin(low * 1.2, last);
        if (suffices(design, units, sign * high, power))
            return PILOT_GIVEN(bisect(design, sign * low, sign * high, units, false, power));
        if (high >= last)
            return PILOT_ABSENT;
        low = high;
    }
    return PILOT_ABSENT;
}

pilot_number_t pilot_power_units(const pilot_power_design_t *design, double effect, double power)
{
    for (int doublings = 0; doublings < MOST_DOUBLINGS; doublings++) {
        double low = ldexp(1, doublings), high = 2 * low;
        if (suffices(design, high, effect, power))
            return PILOT_GIVEN(bisect(design, low, high, effect, true, power));
    }
    return PILOT_ABSENT;
}
