/* power_experiment.h - fills in the power that simulated pilots had, beside the formula's. */
#ifndef PILOT_CLI_POWER_EXPERIMENT_H
#define PILOT_CLI_POWER_EXPERIMENT_H

#include "context.h"
#include "power_rows.h"

/* Of every row that has an effect and a size, so many pilots.  PILOT_E_INTERRUPTED within the time
 * of a few of them when the person asks to stop. */
pilot_status_t pilot_power_experiment(const pilot_context_t *context, const pilot_plan_t *plan,
                                      int64_t simulations, pilot_power_rows_t *rows,
                                      pilot_error_t *error);

#endif
