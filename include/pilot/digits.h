/* pilot/digits.h - how many digits of a number people are shown. */
#ifndef PILOT_DIGITS_H
#define PILOT_DIGITS_H

/* Decimal places so that `scale` (a standard error) shows two significant digits; 0 .. 9.  3 when
 * there is no scale. */
int pilot_decimals(double scale);

/* Fixed notation, never "-0.00"; from 1e9 on three significant digits.  Caller frees. */
char *pilot_fixed(double value, int decimals);

#endif
