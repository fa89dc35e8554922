/* power_print.h - power for people (two tables) and for programs (CSV, JSON: one row a contrast and
 * scope, then its curve). */
#ifndef PILOT_CLI_POWER_PRINT_H
#define PILOT_CLI_POWER_PRINT_H

#include <stdio.h>

#include "power_rows.h"

/* Points of a curve in tables. */
#define PILOT_POWER_POINTS 10

pilot_status_t pilot_power_print_table(const pilot_plan_t *plan, const pilot_power_rows_t *rows,
                                       int width, bool utf8, FILE *out, pilot_error_t *error);
void pilot_power_print_csv(const pilot_plan_t *plan, const pilot_power_rows_t *rows, FILE *out);
void pilot_power_print_json(const pilot_plan_t *plan, const pilot_power_rows_t *rows, FILE *out);

/* An effect as people write it: "4.31", "5.2 pp" (percentage points), "0.21 sd".  Caller frees. */
char *pilot_power_show_effect(const pilot_power_row_t *row, double effect);
/* "pooled", "comparison", "one agency"; "all units" where there is but one agency. */
const char *pilot_power_show_scope(const pilot_power_row_t *row);

#endif
