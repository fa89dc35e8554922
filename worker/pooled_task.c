#include "pooled_task.h"

#include <stdlib.h>

#include "evaluate.h"
#include "pilot/memory.h"

void pilot_pooled_task_init(pilot_pooled_task_t *pooled, const pilot_analysis_t *analysis,
                            const pilot_subset_t *subset, size_t group)
{
    const Pilot__Spec *spec = analysis->spec;
    pooled->regressor = PILOT_NEW_ARRAY(pilot_regressor_t, spec->n_covariate);
    pooled->frame = (pilot_frame_t){.arms = spec->n_arm};
    pooled->task = pilot_regression_task(analysis, subset, group, NULL, NULL, pooled->regressor);
    pooled->task.frame = &pooled->frame;
}

void pilot_pooled_task_clear(pilot_pooled_task_t *pooled)
{
    free(pooled->regressor);
}

size_t pilot_members(pilot_subsets_t *const *subsets, size_t agencies, const pilot_subset_t *wanted,
                     size_t *ret_member)
{
    size_t members = 0;
    for (size_t a = 0; a < agencies; a++) {
        if (pilot_subsets_find(subsets[a], wanted) != SIZE_MAX)
            ret_member[members++] = a;
    }
    return members;
}

void pilot_mark_partial(pilot_estimate_t *estimate, uint64_t given_up)
{
    if (given_up == 0)
        return;
    if (estimate->status == PILOT_ROW_OK || estimate->status == PILOT_ROW_FLAGGED)
        estimate->status = PILOT_ROW_PARTIAL;
    if (estimate->reason == PILOT_REASON_NONE)
        estimate->reason = PILOT_REASON_JOB_FAILED;
    pilot_estimate_note(estimate, "partial: %llu jobs gave nothing", (unsigned long long)given_up);
}
