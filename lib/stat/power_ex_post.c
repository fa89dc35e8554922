/* power_ex_post.c - the minimum detectable effect that goes with a standard error. */
#include "distribution.h"
#include "pilot/power.h"

/* The t, or z, below which lies a share of the distribution. */
static double quantile(double share, pilot_number_t df)
{
    double inside = share > 0.5 ? 2 * share - 1 : 1 - 2 * share;
    if (inside <= 0)
        return 0;
    double out = df.given ? pilot_t_critical(inside, df.value) : pilot_normal_critical(inside);
    return share > 0.5 ? out : -out;
}

double pilot_power_ex_post(double std_error, pilot_number_t df, double alpha, double power)
{
    return (quantile(1 - alpha / 2, df) + quantile(power, df)) * std_error;
}
