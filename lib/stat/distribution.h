/* distribution.h - tails and quantiles of the reference distributions.
 * Relative error about 1e-13 over the whole range, also far out in the tails. */
#ifndef PILOT_STAT_DISTRIBUTION_H
#define PILOT_STAT_DISTRIBUTION_H

/* P(|Z| >= |z|). */
double pilot_normal_two_sided(double z);
/* P(|T| >= |t|), df > 0. */
double pilot_t_two_sided(double t, double df);
/* The z, or t, with P(|.| >= it) = 1 - confidence; 0 < confidence < 1. */
double pilot_normal_critical(double confidence);
double pilot_t_critical(double confidence, double df);

/* P(F >= f); numerator df a whole number >= 1, denominator df > 0.  1e-10 above a million. */
double pilot_f_upper(double f, double numerator_df, double denominator_df);

/* P(X >= x) and the x with P(X <= x) = p; df > 0, 0 < p < 1. */
double pilot_chi_square_upper(double x, double df);
double pilot_chi_square_quantile(double p, double df);

#endif
