/* pooled_task.h - what the jobs that merge parts share: a regression without rows, and which
 * agencies have a subset. */
#ifndef PILOT_WORKER_POOLED_TASK_H
#define PILOT_WORKER_POOLED_TASK_H

#include "analysis.h"
#include "pilot/pooled_ols.h"
#include "subsets.h"

typedef struct pilot_pooled_task {
    pilot_ols_task_t task;
    pilot_frame_t frame;
    pilot_regressor_t *regressor;
} pilot_pooled_task_t;

void pilot_pooled_task_init(pilot_pooled_task_t *pooled, const pilot_analysis_t *analysis,
                            const pilot_subset_t *subset, size_t group);
void pilot_pooled_task_clear(pilot_pooled_task_t *pooled);

/* Agencies that have this subset, ascending; returns how many. */
size_t pilot_members(pilot_subsets_t *const *subsets, size_t agencies, const pilot_subset_t *wanted,
                     size_t *ret_member);

/* Some parts are missing for good: the row is `partial` and says how many jobs gave nothing. */
void pilot_mark_partial(pilot_estimate_t *estimate, uint64_t given_up);

#endif
