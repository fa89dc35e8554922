/* round.h - how far a number that is shown is rounded. */
#ifndef PILOT_DISCLOSURE_ROUND_H
#define PILOT_DISCLOSURE_ROUND_H

#include <stdint.h>

#include "pilot/disclosure.h"

/* times * 10^exponent; times: 1, 2 or 5. */
typedef struct unit {
    int times, exponent;
} unit_t;

/* The unit of the second significant digit of a number > 0. */
unit_t unit_of(double number);
/* The smallest unit that is no smaller than this number > 0. */
unit_t unit_above(double number);
double unit_value(unit_t unit);

/* Nearest multiple, halves away from 0; "k" where that makes 0 of another number. */
pilot_released_t round_number(double value, unit_t unit);
pilot_released_t round_count(int64_t count, int64_t to);
/* 0.37, 0.04, 0.003; below 0.0005 "k". */
pilot_released_t round_p_value(double value);

pilot_released_t suppressed(pilot_number_in_t number); /* "c", or "z" where there is none */

#endif
