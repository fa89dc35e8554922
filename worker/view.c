#include <stdlib.h>

#include "evaluate.h"
#include "pilot/memory.h"

void pilot_view_make_responses(pilot_view_t *view)
{
    const pilot_analysis_t *analysis = view->analysis;
    size_t rows = view->dataset->rows, indicators = 0;
    for (size_t i = 0; i < analysis->responses; i++)
        indicators += analysis->response[i].category != SIZE_MAX;
    view->indicator = pilot_alloc_raw(indicators * rows, sizeof *view->indicator);
    view->response = PILOT_NEW_ARRAY(pilot_variable_t, analysis->responses);
    double *next = view->indicator;
    for (size_t i = 0; i < analysis->responses; i++) {
        const pilot_response_t *response = &analysis->response[i];
        const pilot_variable_t *outcome = &view->outcome[response->outcome];
        view->response[i] = *outcome;
        if (response->category == SIZE_MAX)
            continue;
        for (size_t k = 0; k < rows; k++)
            next[k] = (!outcome->present || outcome->present[k]) &&
                      outcome->value[k] == (double)response->category;
        view->response[i].value = next;
        next += rows;
    }
}

static pilot_variable_t variable_of(const pilot_dataset_t *dataset, size_t column)
{
    if (column == PILOT_NO_VARIABLE)
        return (pilot_variable_t){0};
    return (pilot_variable_t){dataset->column[column].value, dataset->column[column].present};
}

void pilot_view_init(pilot_view_t *view, const pilot_analysis_t *analysis,
                     const pilot_dataset_t *dataset, const char *agency)
{
    const Pilot__Spec *spec = analysis->spec;
    size_t covariates = spec->n_covariate;
    *view = (pilot_view_t){
        .analysis = analysis,
        .dataset = dataset,
        .frame = {.rows = dataset->rows,
                  .arms = spec->n_arm,
                  .arm = dataset->arm,
                  .block = dataset->block,
                  .blocks = dataset->block ? dataset->block_labels.count : 0,
                  .cluster = dataset->cluster,
                  .clusters = dataset->cluster ? dataset->cluster_labels.count : 0,
                  .weight = dataset->weight,
                  .block_label = (const char *const *)dataset->block_labels.label,
                  .cluster_label = (const char *const *)dataset->cluster_labels.label},
        .outcome = PILOT_NEW_ARRAY(pilot_variable_t, analysis->outcomes),
        .number = PILOT_NEW_ARRAY(pilot_variable_t, covariates),
        .category = PILOT_NEW_ARRAY(pilot_category_t, covariates),
        .regressor = PILOT_NEW_ARRAY(pilot_regressor_t, covariates)};
    if (spec->across && !dataset->cluster) {
        view->agency = agency;
        view->one_cluster = PILOT_NEW_ARRAY(uint32_t, dataset->rows);
        view->frame.cluster = view->one_cluster;
        view->frame.clusters = 1;
        view->frame.cluster_label = &view->agency;
    }
    for (size_t i = 0; i < analysis->outcomes; i++)
        view->outcome[i] = (pilot_variable_t){dataset->column[i].value, dataset->column[i].present};
    for (size_t i = 0; i < covariates; i++) {
        const pilot_column_t *column = &dataset->column[analysis->outcomes + i];
        view->number[i] = (pilot_variable_t){column->value, column->present};
        view->category[i] = (pilot_category_t){.code = column->code,
                                               .levels = column->levels.count,
                                               .label = (const char *const *)column->levels.label};
    }
    view->event = PILOT_NEW_ARRAY(pilot_variable_t, analysis->outcomes);
    for (size_t i = 0; i < analysis->outcomes; i++)
        view->event[i] = variable_of(dataset, analysis->layout->event[i]);
    view->probability = variable_of(dataset, analysis->layout->probability);
}

void pilot_view_clear(pilot_view_t *view)
{
    free(view->outcome);
    free(view->response);
    free(view->indicator);
    free(view->event);
    free(view->number);
    free(view->category);
    free(view->regressor);
    free(view->one_cluster);
    *view = (pilot_view_t){0};
}

size_t pilot_regression_covariates(const pilot_analysis_t *analysis, const pilot_subset_t *subset,
                                   size_t group, size_t *ret_covariate)
{
    const Pilot__Spec *spec = analysis->spec;
    size_t count = 0;
    if (analysis->baseline[group] != SIZE_MAX)
        ret_covariate[count++] = analysis->baseline[group];
    for (size_t i = 0; i < spec->n_covariate; i++) {
        const Pilot__Covariate *covariate = spec->covariate[i];
        bool is_subgroup = subset->level && spec->subgroup[subset->subgroup] == i;
        if (!(covariate->has_subgroup_only && covariate->subgroup_only) && !is_subgroup &&
            !covariate->has_baseline_of)
            ret_covariate[count++] = i;
    }
    return count;
}

pilot_ols_task_t pilot_regression_task(const pilot_analysis_t *analysis,
                                       const pilot_subset_t *subset, size_t group,
                                       const pilot_variable_t *number,
                                       const pilot_category_t *category,
                                       pilot_regressor_t *regressor)
{
    static const pilot_variable_t any_number;
    static const pilot_category_t any_category;
    const Pilot__Spec *spec = analysis->spec;
    size_t *covariate = PILOT_NEW_ARRAY(size_t, spec->n_covariate);
    size_t regressors = pilot_regression_covariates(analysis, subset, group, covariate);
    for (size_t i = 0; i < regressors; i++) {
        size_t at = covariate[i];
        regressor[i] = (pilot_regressor_t){.name = spec->covariate[at]->name};
        if (spec->covariate[at]->kind == PILOT__VARIABLE_KIND__CATEGORY)
            regressor[i].category = category ? &category[at] : &any_category;
        else
            regressor[i].number = number ? &number[at] : &any_number;
    }
    free(covariate);
    return (pilot_ols_task_t){.regressor = regressor,
                              .regressors = regressors,
                              .interact = analysis->models > 0 &&
                                          analysis->model[analysis->models - 1] != PILOT_MODEL_OLS,
                              .arm_name = analysis->arm_name,
                              .impute = spec->impute,
                              .across = spec->across,
                              .std_error = analysis->std_error,
                              .confidence = spec->confidence};
}

pilot_ols_task_t pilot_view_task(pilot_view_t *view, const pilot_subset_t *subset, size_t group)
{
    pilot_ols_task_t task = pilot_regression_task(view->analysis, subset, group, view->number,
                                                  view->category, view->regressor);
    task.frame = &view->frame;
    task.row = subset->level ? subset->row : NULL;
    task.rows = subset->rows;
    return task;
}
