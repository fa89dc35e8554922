/* From a checked plan to what its jobs carry. */
#include "pilot/spec.h"

#include <string.h>

#include "pilot/estimators.h"
#include "pilot/memory.h"

static Pilot__VariableKind variable_kind(pilot_covariate_type_t type)
{
    switch (type) {
    case PILOT_COVARIATE_BINARY:
        return PILOT__VARIABLE_KIND__BINARY;
    case PILOT_COVARIATE_CATEGORICAL:
        return PILOT__VARIABLE_KIND__CATEGORY;
    case PILOT_COVARIATE_CONTINUOUS:
        break;
    }
    return PILOT__VARIABLE_KIND__NUMBER;
}

/* An array of `count` new messages of one type. */
#define NEW_MESSAGES(array, type, count, init)                                                     \
    do {                                                                                           \
        (array) = PILOT_NEW_ARRAY(type *, (count));                                                \
        for (size_t index = 0; index < (count); index++) {                                         \
            (array)[index] = PILOT_NEW(type);                                                      \
            init((array)[index]);                                                                  \
        }                                                                                          \
    } while (0)

static void add_arms(Pilot__Spec *spec, const pilot_plan_t *plan)
{
    spec->n_arm = plan->arm_count;
    NEW_MESSAGES(spec->arm, Pilot__Arm, plan->arm_count, pilot__arm__init);
    for (size_t i = 0; i < plan->arm_count; i++) {
        spec->arm[i]->label = pilot_strdup(plan->arms[i].label);
        spec->arm[i]->has_probability = plan->arms[i].has_probability;
        spec->arm[i]->probability = plan->arms[i].probability;
    }
}

static void add_outcomes(Pilot__Spec *spec, const pilot_plan_t *plan)
{
    spec->n_outcome = plan->outcome_count;
    NEW_MESSAGES(spec->outcome, Pilot__Outcome, plan->outcome_count, pilot__outcome__init);
    for (size_t i = 0; i < plan->outcome_count; i++) {
        const pilot_plan_outcome_t *outcome = &plan->outcomes[i];
        spec->outcome[i]->name = pilot_strdup(outcome->name);
        spec->outcome[i]->type = pilot_strdup(pilot_outcome_type_name(outcome->type));
        spec->outcome[i]->has_smallest_effect = outcome->has_smallest_effect;
        spec->outcome[i]->smallest_effect = outcome->smallest_effect;
        spec->outcome[i]->n_level = outcome->levels.count;
        spec->outcome[i]->level = PILOT_NEW_ARRAY(char *, outcome->levels.count);
        for (size_t k = 0; k < outcome->levels.count; k++)
            spec->outcome[i]->level[k] = pilot_strdup(outcome->levels.item[k]);
        spec->outcome[i]->has_event = spec->outcome[i]->event = outcome->event != NULL;
        spec->outcome[i]->has_horizon = outcome->has_horizon;
        spec->outcome[i]->horizon = outcome->horizon;
        spec->outcome[i]->has_baseline = spec->outcome[i]->baseline = outcome->baseline != NULL;
        if (outcome->stands_for)
            spec->outcome[i]->stands_for = pilot_strdup(outcome->stands_for);
        spec->outcome[i]->has_lower_is_better = spec->outcome[i]->lower_is_better =
            outcome->better == PILOT_BETTER_LOWER;
    }
}

static void add_covariates(Pilot__Spec *spec, const pilot_plan_t *plan)
{
    size_t count = plan->covariate_count;
    for (size_t i = 0; i < plan->outcome_count; i++)
        count += plan->outcomes[i].baseline != NULL;
    NEW_MESSAGES(spec->covariate, Pilot__Covariate, count, pilot__covariate__init);
    spec->n_covariate = plan->covariate_count;
    for (size_t i = 0; i < plan->covariate_count; i++) {
        spec->covariate[i]->name = pilot_strdup(plan->covariates[i].name);
        spec->covariate[i]->kind = variable_kind(plan->covariates[i].type);
        spec->covariate[i]->has_subgroup_only = plan->covariates[i].subgroup_only;
        spec->covariate[i]->subgroup_only = plan->covariates[i].subgroup_only;
    }
    /* Behind the others, so that subgroups are still the plan's. */
    for (size_t i = 0; i < plan->outcome_count; i++) {
        if (!plan->outcomes[i].baseline)
            continue;
        Pilot__Covariate *baseline = spec->covariate[spec->n_covariate++];
        baseline->name = pilot_format("%s_baseline", plan->outcomes[i].name);
        baseline->kind = PILOT__VARIABLE_KIND__NUMBER;
        baseline->has_baseline_of = true;
        baseline->baseline_of = (uint32_t)i;
    }
    spec->n_subgroup = plan->subgroup_count;
    spec->subgroup = PILOT_NEW_ARRAY(uint32_t, plan->subgroup_count);
    for (size_t i = 0; i < plan->subgroup_count; i++)
        spec->subgroup[i] = (uint32_t)plan->subgroups[i];
}

static void add_compared_by(Pilot__Spec *spec, const pilot_plan_t *plan)
{
    spec->n_compared_by = plan->comparison_by.count;
    NEW_MESSAGES(spec->compared_by, Pilot__ComparedBy, plan->comparison_by.count,
                 pilot__compared_by__init);
    for (size_t i = 0; i < plan->comparison_by.count; i++) {
        const char *name = plan->comparison_by.item[i];
        spec->compared_by[i]->name = pilot_strdup(name);
        spec->compared_by[i]->is_number = pilot_plan_attribute_is_number(plan, name);
    }
}

Pilot__Spec *pilot_spec_from_plan(const pilot_plan_t *plan)
{
    Pilot__Spec *spec = PILOT_NEW(Pilot__Spec);
    pilot__spec__init(spec);
    spec->pilot = pilot_strdup(plan->pilot);
    spec->across = plan->level == PILOT_LEVEL_ACROSS;
    add_arms(spec, plan);
    add_outcomes(spec, plan);
    add_covariates(spec, plan);
    if (!plan->estimators_auto) {
        spec->n_estimator = plan->estimators.count;
        spec->estimator = PILOT_NEW_ARRAY(char *, plan->estimators.count);
        for (size_t i = 0; i < plan->estimators.count; i++)
            spec->estimator[i] = pilot_strdup(plan->estimators.item[i]);
    }
    spec->std_error = pilot_strdup(plan->std_error);
    spec->confidence = plan->confidence;
    spec->impute = plan->covariates_missing == PILOT_MISSING_IMPUTE;
    spec->has_block = plan->columns.block != NULL;
    spec->has_cluster = plan->columns.cluster != NULL;
    spec->has_weight = plan->columns.weight != NULL;
    spec->has_received = plan->columns.received != NULL;
    spec->comparison_method = pilot_strdup(plan->comparison_method);
    spec->comparison_test = pilot_strdup(plan->comparison_test);
    spec->prediction_df = pilot_strdup(plan->prediction_df);
    spec->seed = plan->seed;
    spec->has_probability = spec->probability = plan->columns.probability != NULL;
    spec->has_bootstrap_draws = plan->bootstrap_draws > 0;
    spec->bootstrap_draws = (uint64_t)plan->bootstrap_draws;
    add_compared_by(spec, plan);
    return spec;
}

bool pilot_spec_has_regression(const Pilot__Spec *spec)
{
    if (!spec->n_estimator)
        return true; /* auto may choose it */
    for (size_t i = 0; i < spec->n_outcome; i++)
        if (spec->outcome[i]->stands_for)
            return true; /* targets and missions are compared by one */
    for (size_t i = 0; i < spec->n_estimator; i++) {
        pilot_estimator_t estimator = pilot_estimator_from_name(spec->estimator[i]);
        if (estimator < PILOT_ESTIMATORS &&
            pilot_estimator_facts(estimator)->family == PILOT_FAMILY_REGRESSION &&
            pilot_estimator_facts(estimator)->computed)
            return true;
    }
    return false;
}
