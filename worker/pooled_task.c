#include "pooled_task.h"

#include <stdlib.h>

#include "evaluate.h"
#include "pilot/memory.h"

void pilot_pooled_task_init(pilot_pooled_task_t *pooled, const pilot_analysis_t *analysis,
                            const pilot_subset_t *subset)
{
    static const pilot_variable_t any_number;
    static const pilot_category_t any_category;
    const Pilot__Spec *spec = analysis->spec;
    size_t *covariate = PILOT_NEW_ARRAY(size_t, spec->n_covariate);
    size_t regressors = pilot_regression_covariates(analysis, subset, covariate);
    pooled->regressor = PILOT_NEW_ARRAY(pilot_regressor_t, regressors);
    for (size_t i = 0; i < regressors; i++) {
        const Pilot__Covariate *one = spec->covariate[covariate[i]];
        bool category = one->kind == PILOT__VARIABLE_KIND__CATEGORY;
        pooled->regressor[i] = (pilot_regressor_t){.name = one->name,
                                                   .number = category ? NULL : &any_number,
                                                   .category = category ? &any_category : NULL};
    }
    free(covariate);
    pooled->frame = (pilot_frame_t){.arms = spec->n_arm};
    pooled->task =
        (pilot_ols_task_t){.frame = &pooled->frame,
                           .regressor = pooled->regressor,
                           .regressors = regressors,
                           .interact = analysis->models > 0 &&
                                       analysis->model[analysis->models - 1] != PILOT_MODEL_OLS,
                           .arm_name = analysis->arm_name,
                           .impute = spec->impute,
                           .across = spec->across,
                           .std_error = analysis->std_error,
                           .confidence = spec->confidence};
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
