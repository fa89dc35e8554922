/* numbers.h - numbers for people's eyes: as many digits as the standard error makes worth reading.
 * Files and programs get the shortest form that reads back (pilot/text.h), never these. */
#ifndef PILOT_CLI_NUMBERS_H
#define PILOT_CLI_NUMBERS_H

#include <stdbool.h>

#include "pilot/digits.h"

/* false when the text is NULL, empty or no number. */
bool pilot_number_read(const char *text, double *ret_value);

/* Texts of results as PostgreSQL wrote them; NULL or "" is absent and gives NULL.  Caller frees. */
char *pilot_show_number(const char *number, const char *scale);
char *pilot_show_interval(const char *low, const char *high, const char *scale);
char *pilot_show_p(const char *p); /* "0.013", "<0.001" */
char *pilot_show_percent(const char *percent);
char *pilot_show_root(const char *square, const char *scale); /* tau from tau2 */
char *pilot_show_rank(const char *rank, const char *low, const char *high);

#endif
