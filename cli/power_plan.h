/* power_plan.h - from the plan's words to a design's numbers; says what had to be assumed. */
#ifndef PILOT_CLI_POWER_PLAN_H
#define PILOT_CLI_POWER_PLAN_H

#include "power_rows.h"

/* What is the same for all outcomes. */
typedef struct pilot_power_setting {
    double units;        /* of the pilot; 0: not known */
    double cluster_size; /* 0: no clusters */
    double agencies;     /* 1 at level across */
    double target;
} pilot_power_setting_t;

/* A contrast's alpha is what the first step of the plan's adjustment leaves of it. */
pilot_status_t pilot_power_read(const pilot_plan_t *plan, const char *file,
                                const pilot_power_request_t *request,
                                pilot_power_setting_t *ret_setting, pilot_error_t *error);
/* *ret_row: the design of this outcome's contrasts but for arm and scope, and the effect. */
pilot_status_t pilot_power_read_outcome(const pilot_plan_t *plan, const char *file,
                                        const pilot_power_request_t *request,
                                        const pilot_power_setting_t *setting,
                                        const pilot_plan_outcome_t *outcome,
                                        pilot_power_row_t *ret_row, pilot_text_t *notes,
                                        pilot_error_t *error);
void pilot_power_note_design(const pilot_plan_t *plan, const pilot_power_setting_t *setting,
                             pilot_text_t *notes);

/* Of all units, in this arm of the plan. */
double pilot_power_arm_share(const pilot_plan_t *plan, size_t arm);

#endif
