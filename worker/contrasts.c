#include "contrasts.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* An estimator of the CONTRAST family is computed once its function stands here and
 * lib/plan/estimators.c says so. */
static pilot_contrast_estimator_t *const functions[PILOT_ESTIMATORS] = {
    [PILOT_HORVITZ_THOMPSON] = pilot_horvitz_thompson_estimate,
    [PILOT_HAJEK] = pilot_hajek_estimate,
    [PILOT_RISK_RATIO] = pilot_risk_ratio_estimate,
    [PILOT_ODDS_RATIO] = pilot_odds_ratio_estimate,
    [PILOT_RATE_RATIO] = pilot_rate_ratio_estimate,
    [PILOT_QUANTILE] = pilot_quantile_estimate,
    [PILOT_RANK] = pilot_rank_estimate,
    [PILOT_VARIANCE_RATIO] = pilot_variance_ratio_estimate,
    [PILOT_RMST] = pilot_rmst_estimate,
    [PILOT_LOG_RANK] = pilot_log_rank_estimate,
    [PILOT_LEE_BOUNDS] = pilot_lee_bounds_estimate,
};

bool pilot_contrasts_computes(pilot_estimator_t estimator)
{
    return functions[estimator] != NULL;
}

void pilot_contrasts_init(pilot_contrasts_t *contrasts, pilot_view_t *view, uint32_t agency_index)
{
    *contrasts = (pilot_contrasts_t){
        .view = view, .agency_index = agency_index, .estimator = PILOT_ESTIMATORS};
}

static void forget_samples(pilot_contrasts_t *contrasts)
{
    for (size_t i = 0; i < PILOT_SAMPLE_KINDS; i++) {
        if (contrasts->selected[i])
            pilot_sample_clear(&contrasts->sample[i]);
        contrasts->selected[i] = false;
    }
    contrasts->estimator = PILOT_ESTIMATORS;
}

void pilot_contrasts_clear(pilot_contrasts_t *contrasts)
{
    forget_samples(contrasts);
    free(contrasts->cell);
    contrasts->cell = NULL;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Ranks of the numbers that occur; returns how many. */
static size_t rank_numbers(const uint64_t *number, size_t rows, uint32_t *ret_rank)
{
    uint64_t *sorted = pilot_alloc_raw(rows, sizeof *sorted);
    memcpy(sorted, number, rows * sizeof *sorted);
    qsort(sorted, rows, sizeof *sorted, by_number);
    size_t count = 0;
    for (size_t i = 0; i < rows; i++)
        if (i == 0 || sorted[i] != sorted[count - 1])
            sorted[count++] = sorted[i];
    for (size_t i = 0; i < rows; i++) {
        const uint64_t *found = bsearch(&number[i], sorted, count, sizeof *sorted, by_number);
        ret_rank[i] = (uint32_t)(found - sorted);
    }
    free(sorted);
    return count;
}

size_t pilot_cross_codes(const uint32_t *const *code, const size_t *codes, size_t columns,
                         size_t rows, uint32_t **ret_cell)
{
    uint32_t *cell = PILOT_NEW_ARRAY(uint32_t, rows);
    uint64_t *pair = pilot_alloc_raw(rows, sizeof *pair);
    size_t cells = rows > 0;
    for (size_t c = 0; c < columns; c++) {
        for (size_t i = 0; i < rows; i++) {
            bool missing = code[c][i] == PILOT_CATEGORY_MISSING;
            pair[i] = (uint64_t)cell[i] * (codes[c] + 1) + (missing ? codes[c] : code[c][i]);
        }
        cells = rank_numbers(pair, rows, cell);
    }
    free(pair);
    *ret_cell = cell;
    return cells;
}

static uint32_t *codes_of_binary(const pilot_column_t *column, size_t rows)
{
    uint32_t *code = pilot_alloc_raw(rows, sizeof *code);
    for (size_t i = 0; i < rows; i++)
        code[i] =
            column->present && !column->present[i] ? PILOT_CATEGORY_MISSING : column->value[i] != 0;
    return code;
}

/* The binary and categorical covariates of the plan, crossed. */
static void make_cells(pilot_contrasts_t *contrasts)
{
    const pilot_analysis_t *analysis = contrasts->view->analysis;
    const pilot_dataset_t *dataset = contrasts->view->dataset;
    const Pilot__Spec *spec = analysis->spec;
    const uint32_t **code = PILOT_NEW_ARRAY(const uint32_t *, spec->n_covariate);
    uint32_t **made = PILOT_NEW_ARRAY(uint32_t *, spec->n_covariate);
    size_t *codes = PILOT_NEW_ARRAY(size_t, spec->n_covariate);
    size_t columns = 0;
    for (size_t i = 0; i < spec->n_covariate; i++) {
        const Pilot__Covariate *covariate = spec->covariate[i];
        const pilot_column_t *column = &dataset->column[analysis->outcomes + i];
        if ((covariate->has_subgroup_only && covariate->subgroup_only) ||
            covariate->kind == PILOT__VARIABLE_KIND__NUMBER)
            continue;
        if (!column->code)
            made[columns] = codes_of_binary(column, dataset->rows);
        code[columns] = column->code ? column->code : made[columns];
        codes[columns++] = column->code ? column->levels.count : 2;
    }
    if (columns > 0)
        contrasts->cells = pilot_cross_codes(code, codes, columns, dataset->rows, &contrasts->cell);
    for (size_t i = 0; i < columns; i++)
        free(made[i]);
    free(made);
    free(codes);
    free(code);
    contrasts->has_cells = true;
}

/* ---- samples --------------------------------------------------------------------------------- */

static pilot_sample_kind_t kind_of(pilot_estimator_t estimator)
{
    const pilot_estimator_facts_t *facts = pilot_estimator_facts(estimator);
    if (estimator == PILOT_LEE_BOUNDS)
        return PILOT_SAMPLE_BOUNDS;
    if (facts->needs_event)
        return PILOT_SAMPLE_EVENT;
    return facts->uses_probability ? PILOT_SAMPLE_PROBABILITY : PILOT_SAMPLE_OUTCOME;
}

static const pilot_variable_t *given(const pilot_variable_t *variable)
{
    return variable->value ? variable : NULL;
}

static void turn_to(pilot_contrasts_t *contrasts, size_t outcome, size_t arm,
                    const pilot_subset_t *subset)
{
    if (contrasts->outcome == outcome && contrasts->arm == arm && contrasts->subset == subset)
        return;
    forget_samples(contrasts);
    contrasts->outcome = outcome;
    contrasts->arm = arm;
    contrasts->subset = subset;
}

const pilot_sample_t *pilot_contrasts_sample(pilot_contrasts_t *contrasts, size_t outcome,
                                             size_t arm, const pilot_subset_t *subset,
                                             pilot_sample_kind_t kind)
{
    turn_to(contrasts, outcome, arm, subset);
    const pilot_view_t *view = contrasts->view;
    pilot_sample_t *sample = &contrasts->sample[kind];
    if (contrasts->selected[kind])
        return sample;
    bool bounds = kind == PILOT_SAMPLE_BOUNDS;
    if (bounds && !contrasts->has_cells)
        make_cells(contrasts);
    const pilot_sample_columns_t columns = {
        .outcome = &view->outcome[outcome],
        .event = kind == PILOT_SAMPLE_EVENT ? given(&view->event[outcome]) : NULL,
        .probability = kind == PILOT_SAMPLE_PROBABILITY ? given(&view->probability) : NULL,
        .cell = bounds ? contrasts->cell : NULL,
        .cells = bounds ? contrasts->cells : 0,
        .arm_probability = view->analysis->probability};
    pilot_sample_select(&view->frame, &columns, subset->level ? subset->row : NULL, subset->rows,
                        arm, bounds, sample);
    contrasts->selected[kind] = true;
    return sample;
}

/* ---- estimates ------------------------------------------------------------------------------- */

static void compute(pilot_contrasts_t *contrasts, pilot_estimator_t estimator)
{
    const Pilot__Spec *spec = contrasts->view->analysis->spec;
    const Pilot__Outcome *outcome = spec->outcome[contrasts->outcome];
    const pilot_contrast_options_t options = {
        .confidence = spec->confidence,
        .seed = spec->seed,
        .agency_index = contrasts->agency_index,
        .bootstrap_draws = spec->has_bootstrap_draws ? spec->bootstrap_draws : 0,
        .horizon = outcome->has_horizon ? outcome->horizon : 0};
    memset(contrasts->estimate, 0, sizeof contrasts->estimate);
    const pilot_sample_t *sample = pilot_contrasts_sample(
        contrasts, contrasts->outcome, contrasts->arm, contrasts->subset, kind_of(estimator));
    functions[estimator](sample, &options, contrasts->estimate);
    contrasts->estimator = estimator;
}

pilot_estimate_t *pilot_contrasts_estimate(pilot_contrasts_t *contrasts, const pilot_row_key_t *key,
                                           const pilot_subset_t *subset)
{
    pilot_estimator_t estimator = key->slot->estimator;
    if (!functions[estimator])
        return NULL;
    turn_to(contrasts, key->outcome, key->arm, subset);
    if (contrasts->estimator != estimator)
        compute(contrasts, estimator);
    pilot_estimate_t *estimate = &contrasts->estimate[key->slot->parameter_index];
    if (contrasts->view->analysis->automatic && estimator != PILOT_LEE_BOUNDS)
        pilot_estimate_note(estimate, "auto: %s", key->slot->name);
    return estimate;
}

void pilot_contrasts_report_bounds(pilot_contrasts_t *contrasts, const pilot_row_keys_t *keys,
                                   size_t outcome, size_t arm, const pilot_subset_t *whole_sample,
                                   const char *agency, pilot_report_t *report)
{
    for (size_t which = 0; which < 2; which++) {
        pilot_row_key_t key = pilot_row_bounds_key(keys, outcome, arm, which);
        pilot_estimate_t *estimate = pilot_contrasts_estimate(contrasts, &key, whole_sample);
        if (estimate)
            pilot_estimate_note(estimate, "attrition alarm");
        pilot_report_estimate(report, &key, agency, NULL, NULL, key.estimator, estimate);
    }
}
