#include "analysis.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "pilot/spec.h"
#include "pilot/wire.h"

enum { MOST_ARMS = 64 };

/* spec->n_outcome: no outcome has this name. */
static size_t find_outcome(const Pilot__Spec *spec, const char *name)
{
    size_t i = 0;
    while (i < spec->n_outcome && strcmp(spec->outcome[i]->name, name) != 0)
        i++;
    return i;
}

static bool is_target(const Pilot__Spec *spec, size_t outcome)
{
    size_t mission = find_outcome(spec, spec->outcome[outcome]->stands_for);
    return mission < spec->n_outcome && mission != outcome &&
           spec->outcome[outcome]->n_level == 0 && spec->outcome[mission]->n_level == 0;
}

static pilot_status_t check(const Pilot__Spec *spec, pilot_error_t *error)
{
    if (spec->n_arm < 2 || spec->n_arm > MOST_ARMS || spec->n_outcome == 0)
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a job without arms or outcomes");
    if (!(spec->confidence > 0 && spec->confidence < 1))
        return pilot_error_set(error, PILOT_E_PROTOCOL, "a job with a confidence outside 0 to 1");
    for (size_t i = 0; i < spec->n_subgroup; i++) {
        if (spec->subgroup[i] >= spec->n_covariate)
            return pilot_error_set(error, PILOT_E_PROTOCOL, "a job with an unknown subgroup");
    }
    for (size_t i = 0; i < spec->n_covariate; i++) {
        if (spec->covariate[i]->has_baseline_of &&
            (spec->covariate[i]->baseline_of >= spec->n_outcome ||
             spec->covariate[i]->kind == PILOT__VARIABLE_KIND__CATEGORY))
            return pilot_error_set(error, PILOT_E_PROTOCOL, "a job with a baseline of nothing");
    }
    for (size_t i = 0; i < spec->n_outcome; i++) {
        if (spec->outcome[i]->stands_for && !is_target(spec, i))
            return pilot_error_set(error, PILOT_E_PROTOCOL, "a job with a target without mission");
    }
    return PILOT_OK;
}

static bool wants(const Pilot__Spec *spec, const char *estimator)
{
    for (size_t i = 0; i < spec->n_estimator; i++) {
        if (strcmp(spec->estimator[i], estimator) == 0)
            return true;
    }
    return spec->n_estimator == 0;
}

static void find_targets(pilot_analysis_t *analysis)
{
    const Pilot__Spec *spec = analysis->spec;
    analysis->target = PILOT_NEW_ARRAY(pilot_target_t, spec->n_outcome);
    for (size_t i = 0; i < spec->n_outcome; i++)
        if (spec->outcome[i]->stands_for)
            analysis->target[analysis->targets++] =
                (pilot_target_t){i, find_outcome(spec, spec->outcome[i]->stands_for)};
}

static bool is_paired(const pilot_analysis_t *analysis, size_t outcome)
{
    for (size_t i = 0; i < analysis->targets; i++)
        if (analysis->target[i].target == outcome || analysis->target[i].mission == outcome)
            return true;
    return false;
}

static bool is_linear(const pilot_row_slot_t *slot)
{
    return slot->defined &&
           (slot->estimator == PILOT_ESTIMATORS ||
            pilot_estimator_facts(slot->estimator)->family != PILOT_FAMILY_CONTRAST);
}

/* One response for each parameter of the first linear estimator: the others have the same. */
static void add_responses(pilot_analysis_t *analysis, size_t outcome)
{
    const pilot_row_slots_t *slots = analysis->slots;
    const pilot_row_slot_t *first = NULL;
    analysis->first_response[outcome] = analysis->responses;
    for (size_t k = slots->first[outcome]; k < slots->first[outcome + 1]; k++) {
        const pilot_row_slot_t *slot = &slots->slot[k];
        if (!first && is_linear(slot))
            first = slot;
        if (first && slot->estimator == first->estimator)
            analysis->response[analysis->responses++] =
                (pilot_response_t){outcome, slot->by_category ? slot->parameter_index : SIZE_MAX};
    }
    if (!first && is_paired(analysis, outcome))
        analysis->response[analysis->responses++] = (pilot_response_t){outcome, SIZE_MAX};
}

static size_t baseline_of(const Pilot__Spec *spec, size_t outcome)
{
    for (size_t i = 0; i < spec->n_covariate; i++)
        if (spec->covariate[i]->has_baseline_of && spec->covariate[i]->baseline_of == outcome)
            return i;
    return SIZE_MAX;
}

static void end_group(pilot_analysis_t *analysis, size_t baseline)
{
    if (analysis->responses == analysis->group[analysis->groups])
        return; /* of nothing */
    analysis->baseline[analysis->groups++] = baseline;
    analysis->group[analysis->groups] = analysis->responses;
}

static void make_responses(pilot_analysis_t *analysis)
{
    size_t all = analysis->slots->first[analysis->outcomes];
    analysis->response = PILOT_NEW_ARRAY(pilot_response_t, all + analysis->outcomes);
    analysis->first_response = PILOT_NEW_ARRAY(size_t, analysis->outcomes);
    analysis->group = PILOT_NEW_ARRAY(size_t, analysis->outcomes + 2);
    analysis->baseline = PILOT_NEW_ARRAY(size_t, analysis->outcomes + 1);
    for (size_t i = 0; i < analysis->outcomes; i++)
        if (baseline_of(analysis->spec, i) == SIZE_MAX)
            add_responses(analysis, i);
    end_group(analysis, SIZE_MAX);
    for (size_t i = 0; i < analysis->outcomes; i++) {
        size_t baseline = baseline_of(analysis->spec, i);
        if (baseline == SIZE_MAX)
            continue;
        add_responses(analysis, i);
        end_group(analysis, baseline);
    }
}

size_t pilot_analysis_group(const pilot_analysis_t *analysis, size_t response)
{
    size_t group = 0;
    while (response >= analysis->group[group + 1])
        group++;
    return group;
}

size_t pilot_analysis_response(const pilot_analysis_t *analysis, size_t outcome,
                               const pilot_row_slot_t *slot)
{
    return analysis->first_response[outcome] + (slot->by_category ? slot->parameter_index : 0);
}

static void make_models(pilot_analysis_t *analysis)
{
    if (analysis->automatic)
        analysis->model[analysis->models++] = PILOT_MODEL_AUTO;
    else if (wants(analysis->spec, "ols"))
        analysis->model[analysis->models++] = PILOT_MODEL_OLS;
    if (!analysis->automatic && wants(analysis->spec, "lin"))
        analysis->model[analysis->models++] = PILOT_MODEL_LIN;
    if (analysis->models == 0 && analysis->targets > 0)
        analysis->model[analysis->models++] = PILOT_MODEL_OLS;
}

size_t pilot_analysis_regression(const pilot_analysis_t *analysis, size_t subset,
                                 pilot_estimator_t estimator, size_t response)
{
    size_t model = estimator == PILOT_LIN ? analysis->models - 1 : 0;
    return (subset * analysis->models + model) * analysis->responses + response;
}

size_t pilot_analysis_regressions(const pilot_analysis_t *analysis, size_t subsets)
{
    return subsets * analysis->models * analysis->responses;
}

static double *probabilities(const Pilot__Spec *spec)
{
    double *probability = PILOT_NEW_ARRAY(double, spec->n_arm);
    for (size_t i = 0; i < spec->n_arm; i++) {
        if (!spec->arm[i]->has_probability) {
            free(probability);
            return NULL;
        }
        probability[i] = spec->arm[i]->probability;
    }
    return probability;
}

pilot_status_t pilot_analysis_new(const void *spec_bytes, size_t length,
                                  pilot_analysis_t **ret_analysis, pilot_error_t *error)
{
    Pilot__Spec *spec = NULL;
    pilot_status_t status = pilot_spec_unpack(spec_bytes, length, &spec, error);
    if (status != PILOT_OK)
        return status;
    status = check(spec, error);
    if (status != PILOT_OK) {
        pilot_message_free(&spec->base);
        return status;
    }
    pilot_analysis_t *analysis = PILOT_NEW(pilot_analysis_t);
    analysis->spec = spec;
    analysis->slots = pilot_row_slots_new(spec);
    analysis->layout = pilot_layout_new(analysis->slots);
    analysis->outcomes = spec->n_outcome;
    analysis->treatments = spec->n_arm - 1;
    analysis->automatic = spec->n_estimator == 0;
    analysis->has_difference = wants(spec, "difference_in_means");
    analysis->gaps = spec->n_subgroup > 0;
    analysis->has_regression = pilot_spec_has_regression(spec);
    analysis->has_iv = !analysis->automatic && wants(spec, "iv") && spec->has_received;
    find_targets(analysis);
    make_models(analysis);
    for (size_t i = 0; i < spec->n_outcome; i++)
        analysis->has_contrast |= pilot_row_is_whole(analysis->slots, i);
    make_responses(analysis);
    for (size_t i = 0; i < spec->n_covariate; i++) {
        bool subgroup_only =
            spec->covariate[i]->has_subgroup_only && spec->covariate[i]->subgroup_only;
        analysis->regressors += subgroup_only ? 0 : 1;
    }
    analysis->std_error = pilot_std_error_from_name(spec->std_error);
    analysis->probability = probabilities(spec);
    analysis->arm_name = PILOT_NEW_ARRAY(const char *, spec->n_arm);
    for (size_t i = 0; i < spec->n_arm; i++)
        analysis->arm_name[i] = spec->arm[i]->label;
    *ret_analysis = analysis;
    return PILOT_OK;
}

void pilot_analysis_free(pilot_analysis_t *analysis)
{
    if (!analysis)
        return;
    pilot_layout_free(analysis->layout);
    pilot_row_slots_free(analysis->slots);
    free(analysis->response);
    free(analysis->first_response);
    free(analysis->group);
    free(analysis->baseline);
    free(analysis->target);
    pilot_message_free(&analysis->spec->base);
    free(analysis->probability);
    free(analysis->arm_name);
    free(analysis);
}
