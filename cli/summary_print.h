/* summary_print.h - what a person or a program is told of data that is valid: rows, arms, what is
 * missing, how it differs from the revision before, and the warnings.
 *
 * Of one agency in full; of several a line each, up to a few, and totals. */
#ifndef PILOT_CLI_SUMMARY_PRINT_H
#define PILOT_CLI_SUMMARY_PRINT_H

#include <stdio.h>

#include "intake.h"

/* How many warnings there are, of all agencies. */
size_t pilot_summary_warnings(const pilot_intake_result_t *result);

pilot_status_t pilot_summary_print(const pilot_intake_result_t *result, const pilot_plan_t *plan,
                                   int width, FILE *out, pilot_error_t *error);

/* What a program is told, also of data that was rejected: one JSON object.  verdict: accepted,
 * accepted_with_warnings, unchanged or rejected. */
void pilot_summary_result_json(const pilot_intake_result_t *result, const pilot_plan_t *plan,
                               bool dry_run, pilot_text_t *json);

#endif
