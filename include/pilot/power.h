/* pilot/power.h - what a pilot can find out: power, minimum detectable effect and sample size of a
 * contrast, before the data and after.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/power.md */
#ifndef PILOT_POWER_H
#define PILOT_POWER_H

#include "pilot/estimate.h"

/* After the data: the effect that a two-sided test at level alpha would have found with this power,
 * (t_{alpha/2} + t_{1-power}) x std_error (Bloom 1995).  df absent: normal. */
double pilot_power_ex_post(double std_error, pilot_number_t df, double alpha, double power);

#endif
