/* imbens_manski.h - an interval for a number of which only bounds are estimated. */
#ifndef PILOT_STAT_IMBENS_MANSKI_H
#define PILOT_STAT_IMBENS_MANSKI_H

/* How many standard errors to go out from either bound so that the number itself (not the whole
 * range) is covered: c with Phi(c + width/std_error) - Phi(-c) = confidence (Imbens & Manski 2004,
 * equation 7).  width >= 0; std_error > 0: the larger one. */
double imbens_manski_critical(double confidence, double width, double std_error);

#endif
