/* noncentral_t.h - the noncentral t distribution: what a t statistic follows when there is an
 * effect.  Absolute error below 1e-12. */
#ifndef PILOT_STAT_NONCENTRAL_T_H
#define PILOT_STAT_NONCENTRAL_T_H

/* P(T <= t), T = (Z + noncentrality) / sqrt(chi-square_df / df).  df > 0; infinite: normal. */
double pilot_noncentral_t_cdf(double t, double df, double noncentrality);

/* P(|T| >= critical): the power of a two-sided test, the far tail counted too. */
double pilot_noncentral_t_two_sided(double critical, double df, double noncentrality);

#endif
