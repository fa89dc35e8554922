/* power_rows.h - what a plan's section `power` asks: each outcome x contrast x scope as a design,
 * and its numbers. */
#ifndef PILOT_CLI_POWER_ROWS_H
#define PILOT_CLI_POWER_ROWS_H

#include "pilot/error.h"
#include "pilot/plan.h"
#include "pilot/power.h"
#include "pilot/text.h"

/* What the command line says instead of the plan; 0: nothing. */
typedef struct pilot_power_request {
    int64_t units;
    double effect, power;
} pilot_power_request_t;

typedef struct pilot_power_row {
    const pilot_plan_outcome_t *outcome; /* the plan's */
    size_t arm;                          /* of the plan; the control is arm 0 */
    pilot_power_design_t design;
    const char *estimator;
    double parts;      /* scopes in a pilot: the agencies where the scope is one agency, else 1 */
    bool standardized; /* effects are in standard deviations, for want of one */
    bool down;         /* effects are downwards; they are told without a sign */
    double target;     /* power to plan for */

    double units; /* of the scope: given, or what is needed */
    bool units_given;
    pilot_number_t effect, power, detectable;
    pilot_number_t needed; /* units of the scope, whole in every arm */
    bool has_precision;
    pilot_power_precision_t precision;

    /* Of simulated pilots: the share that found the effect. */
    int64_t simulations;
    pilot_number_t simulated, simulated_error;
} pilot_power_row_t;

typedef struct pilot_power_rows {
    pilot_power_row_t *row; /* outcomes in plan order, arms in plan order, scopes */
    size_t count;
    pilot_text_t notes; /* lines: what was assumed */
} pilot_power_rows_t;

/* PILOT_E_PLAN or PILOT_E_USAGE when something is missing that only the person can know.  file: the
 * plan's, for messages.  The plan outlives the rows; pilot_power_rows_clear in any case. */
pilot_status_t pilot_power_rows_make(const pilot_plan_t *plan, const char *file,
                                     const pilot_power_request_t *request,
                                     pilot_power_rows_t *ret_rows, pilot_error_t *error);
void pilot_power_rows_clear(pilot_power_rows_t *rows);

/* With another number of units (of the scope), or another effect. */
pilot_number_t pilot_power_row_at(const pilot_power_row_t *row, double units, double effect);
pilot_number_t pilot_power_row_detectable(const pilot_power_row_t *row, double units);

/* Is its curve over sizes of the pilot?  Else over effects, for want of one. */
bool pilot_power_row_by_units(const pilot_power_row_t *row);

/* The sizes (the row's own among them) or effects at which the curve is told, ascending and round;
 * at most `most`.  Returns how many. */
size_t pilot_power_row_grid(const pilot_power_row_t *row, size_t most, double *ret_point);

/* A round step (1, 2, 2.5 or 5 times a power of ten) of which `most` reach over the range. */
double pilot_power_nice_step(double range, size_t most);

#endif
