/* intake_value.h - one CSV field to one stored value, by the kind that the plan gives its column.
 * Pure; messages never hold the value. */
#ifndef PILOT_CLI_INTAKE_VALUE_H
#define PILOT_CLI_INTAKE_VALUE_H

#include "intake_layout.h"
#include "problem_report.h"

typedef enum pilot_value_result {
    PILOT_VALUE_GIVEN,
    PILOT_VALUE_ABSENT,
    PILOT_VALUE_WRONG /* code and message are set */
} pilot_value_result_t;

typedef struct pilot_value_problem {
    pilot_problem_code_t code;
    const char *message; /* static */
} pilot_value_problem_t;

/* Kinds that are stored as numbers. */
pilot_value_result_t pilot_intake_number(const pilot_intake_layout_t *layout,
                                         const pilot_stored_column_t *column, const char *text,
                                         size_t length, double *ret_value,
                                         pilot_value_problem_t *ret_problem);

/* PILOT_VALUE_RECEIVED: as a number and as an arm; what it is not stays absent.  ABSENT when the
 * text is a missing one. */
pilot_value_result_t pilot_intake_received(const pilot_intake_layout_t *layout, const char *text,
                                           size_t length, bool *ret_is_number, double *ret_number,
                                           bool *ret_is_arm, double *ret_arm,
                                           pilot_value_problem_t *ret_problem);

/* PILOT_VALUE_ARM: index in plan->arms. */
pilot_value_result_t pilot_intake_arm(const pilot_intake_layout_t *layout, const char *text,
                                      size_t length, uint16_t *ret_arm,
                                      pilot_value_problem_t *ret_problem);

#endif
