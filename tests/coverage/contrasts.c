/* contrasts.c - see contrasts.h. */
#include "contrasts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "design.h"
#include "parameter.h"
#include "pilot/contrast.h"
#include "pilot/joint.h"
#include "pilot/ols.h"

/* Of a bootstrap; one repetition in SKIP has them. */
#define DRAWS 399
#define SKIP 2

static const design_t designs[] = {
    {.name = "complete, 12", .units = 12, .arms = 2, .share = 0.5},
    {.name = "complete, 30", .units = 30, .arms = 2, .share = 0.5},
    {.name = "complete, 100", .units = 100, .arms = 2, .share = 0.5},
    {.name = "complete, 400", .units = 400, .arms = 2, .share = 0.5},
    {.name = "complete, 100, one in five treated", .units = 100, .arms = 2, .share = 0.2},
    {.name = "complete, 100, weighted", .units = 100, .arms = 2, .share = 0.5, .weighted = true},
    {.name = "10 blocks of 10", .blocks = 10, .units = 100, .arms = 2, .share = 0.5},
    {.name = "20 blocks of 4, two treated", .blocks = 20, .units = 80, .arms = 2, .share = 0.5},
    {.name = "20 blocks of 4, one treated", .blocks = 20, .units = 80, .arms = 2, .share = 0.25},
    {.name = "40 pairs", .blocks = 40, .units = 80, .arms = 2, .share = 0.5},
    {.name = "10 clusters of 20", .clusters = 10, .units = 20, .arms = 2, .share = 0.5},
    {.name = "40 clusters of 1 to 39",
     .clusters = 40,
     .units = 20,
     .uneven = true,
     .arms = 2,
     .share = 0.5},
    {.name = "5 blocks of 8 clusters of 10",
     .blocks = 5,
     .clusters = 40,
     .units = 10,
     .arms = 2,
     .share = 0.5},
};
#define DESIGNS (sizeof designs / sizeof *designs)

/* ---- estimators ------------------------------------------------------------------------------ */

typedef struct setting {
    const char *name; /* column's head */
    pilot_contrast_estimator_t *estimate;
    parameter_t *parameter;
    size_t estimates, which; /* of what it gives, and the one looked at */
    bool bootstrap, missing; /* the latter: some outcomes are not seen */
} setting_t;

static double variance(const pilot_estimate_t *row)
{
    return row->std_error.given ? row->std_error.value * row->std_error.value : 0;
}

/* As the worker does: where everybody took what was assigned, the first stage has no variance. */
static void instruments(const pilot_draw_t *draw, pilot_ols_t *ols, pilot_estimate_t *ret_row)
{
    static const char *const name[COVARIATES] = {"female", "baseline", "age"};
    static const pilot_regression_model_t additive = PILOT_MODEL_OLS;
    pilot_variable_t covariate[COVARIATES],
        response[2] = {{.value = draw->outcome_received}, {.value = draw->received}};
    pilot_regressor_t regressor[COVARIATES];
    pilot_ols_scores_t scores[2] = {0};
    pilot_estimate_t row[2];
    for (size_t k = 0; k < COVARIATES; k++) {
        covariate[k] = (pilot_variable_t){.value = draw->covariate[k]};
        regressor[k] = (pilot_regressor_t){.name = name[k], .number = &covariate[k]};
    }
    pilot_ols_task_t task = {.frame = &draw->frame,
                             .regressor = regressor,
                             .regressors = COVARIATES,
                             .impute = true,
                             .confidence = 0.95};
    pilot_ols_estimate(ols, &task, &additive, 1, response, 2,
                       &(pilot_ols_output_t){.estimate = row, .scores = scores});
    *ret_row = (pilot_estimate_t){0};
    bool exact = row[1].reason == PILOT_REASON_ZERO_VARIANCE;
    if (row[0].std_error.given && (row[1].std_error.given || exact)) {
        pilot_iv_parts_t parts = {
            .reduced_form = row[0].estimate.value,
            .first_stage = row[1].estimate.value,
            .variance_reduced = variance(&row[0]),
            .variance_first = variance(&row[1]),
            .covariance = exact ? 0 : pilot_ols_scores_covariance(&scores[0], 0, &scores[1], 0),
            .df = row[0].df};
        pilot_iv_finish(&parts, 0.95, ret_row, NULL);
    }
    for (size_t k = 0; k < 2; k++)
        pilot_ols_scores_clear(&scores[k]);
}

static pilot_estimate_t estimate(const setting_t *setting, const pilot_draw_t *draw, uint64_t seed,
                                 pilot_ols_t *ols)
{
    const pilot_contrast_options_t options = {
        .confidence = 0.95, .seed = seed, .bootstrap_draws = DRAWS, .horizon = HORIZON};
    pilot_variable_t outcome = {.value = draw->outcome,
                                .present = setting->missing ? draw->seen : NULL};
    pilot_variable_t event = {.value = draw->event};
    pilot_sample_columns_t columns = {.outcome = &outcome};
    pilot_estimate_t row[PILOT_QUANTILES] = {0};
    pilot_sample_t sample;
    if (!setting->estimate) {
        instruments(draw, ols, row);
        return row[0];
    }
    if (setting->estimate == pilot_rmst_estimate || setting->estimate == pilot_log_rank_estimate)
        columns.event = &event;
    pilot_sample_select(&draw->frame, &columns, NULL, 0, draw->frame.arms - 1, setting->missing,
                        &sample);
    setting->estimate(&sample, &options, row);
    pilot_sample_clear(&sample);
    return row[setting->which];
}

/* ---- cells ----------------------------------------------------------------------------------- */

typedef struct cell {
    size_t tried, intervals, covered;
} cell_t;

/* An interval may have one end alone. */
static void count(const pilot_estimate_t *row, double parameter, cell_t *cell)
{
    cell->tried++;
    if (!row->ci_low.given && !row->ci_high.given)
        return;
    cell->intervals++;
    cell->covered += (!row->ci_low.given || row->ci_low.value <= parameter) &&
                     (!row->ci_high.given || parameter <= row->ci_high.value);
}

static void print_cell(const cell_t *cell)
{
    double covered = 100.0 * (double)cell->covered / (double)cell->intervals;
    double without = 100.0 * (double)(cell->tried - cell->intervals) / (double)cell->tried;
    const char *bold = covered < 93 ? "**" : "";
    if (cell->intervals < cell->tried / 10)
        printf(" - |");
    else if (without >= 0.5)
        printf(" %s%.1f%s (%.0f) |", bold, covered, bold, without);
    else
        printf(" %s%.1f%s |", bold, covered, bold);
}

#define MOST_SETTINGS 8

static void print_row(const design_t *design, distribution_t distribution, const setting_t *setting,
                      size_t settings, size_t repetitions, gsl_rng *random, pilot_ols_t *ols)
{
    static pilot_draw_t draw;
    population_t population;
    double parameter[MOST_SETTINGS];
    cell_t cell[MOST_SETTINGS] = {0};
    draw_population(design, distribution, random, &population);
    for (size_t k = 0; k < settings; k++)
        parameter[k] = setting[k].parameter(&population);
    clear_population(&population);
    for (size_t i = 0; i < repetitions; i++) {
        draw_pilot(design, distribution, random, &draw);
        for (size_t k = 0; k < settings; k++) {
            if (setting[k].bootstrap && i % SKIP != 0)
                continue;
            pilot_estimate_t row = estimate(&setting[k], &draw, i + 1, ols);
            count(&row, parameter[k], &cell[k]);
        }
    }
    printf("| %s |", design->name);
    for (size_t k = 0; k < settings; k++)
        print_cell(&cell[k]);
    printf("\n");
    fflush(stdout);
}

/* ---- tables ---------------------------------------------------------------------------------- */

typedef struct table {
    const char *title;
    distribution_t distribution;
    bool no_effect;
    const setting_t *setting;
    size_t settings;
} table_t;

static void print_table(const table_t *table, size_t repetitions, gsl_rng *random)
{
    pilot_ols_t *ols = pilot_ols_new();
    printf("\n### %s\n\n| design |", table->title);
    for (size_t k = 0; k < table->settings; k++)
        printf(" %s |", table->setting[k].name);
    printf("\n|---|");
    for (size_t k = 0; k < table->settings; k++)
        printf("---|");
    printf("\n");
    for (size_t i = 0; i < DESIGNS; i++) {
        design_t design = designs[i];
        design.no_effect = table->no_effect;
        print_row(&design, table->distribution, table->setting, table->settings, repetitions,
                  random, ols);
    }
    pilot_ols_free(ols);
}

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

void print_contrast_table(size_t which, size_t repetitions, unsigned long seed)
{
    static const setting_t number[] = {
        {"`horvitz_thompson`", pilot_horvitz_thompson_estimate, mean_difference, 1, 0, false,
         false},
        {"`hajek`", pilot_hajek_estimate, mean_difference, 1, 0, false, false},
        {"`rank`", pilot_rank_estimate, rank_probability, 1, 0, false, false},
        {"`quantile` 0.5", pilot_quantile_estimate, median_difference, PILOT_QUANTILES, 2, true,
         false},
        {"`variance_ratio`", pilot_variance_ratio_estimate, log_variance_ratio, 1, 0, true, false},
        {"`lee_bounds`", pilot_lee_bounds_estimate, effect_of_seen, 2, 0, false, true},
        {"`iv`", NULL, effect_of_compliers, 1, 0, false, false},
    };
    static const setting_t binary[] = {
        {"`risk_ratio`", pilot_risk_ratio_estimate, log_risk_ratio, 1, 0, false, false},
        {"`odds_ratio`", pilot_odds_ratio_estimate, log_odds_ratio, 1, 0, false, false},
        {"`hajek`", pilot_hajek_estimate, mean_difference, 1, 0, false, false},
    };
    static const setting_t frequency[] = {
        {"`rate_ratio`", pilot_rate_ratio_estimate, log_risk_ratio, 1, 0, false, false},
        {"`hajek`", pilot_hajek_estimate, mean_difference, 1, 0, false, false},
        {"`rank`", pilot_rank_estimate, rank_probability, 1, 0, false, false},
    };
    static const setting_t duration[] = {
        {"`rmst`", pilot_rmst_estimate, restricted_mean_difference, 1, 0, false, false}};
    static const setting_t null[] = {
        {"`log_rank`", pilot_log_rank_estimate, no_effect, 1, 0, false, false}};
    static const table_t table[CONTRAST_TABLES] = {
        {"Outcome: normal", NORMAL, false, number, COUNT_OF(number)},
        {"Outcome: skewed", SKEWED, false, number, COUNT_OF(number)},
        {"Outcome: binary", BINARY, false, binary, COUNT_OF(binary)},
        {"Outcome: rare", RARE, false, binary, COUNT_OF(binary)},
        {"Outcome: count", COUNT, false, frequency, COUNT_OF(frequency)},
        {"Outcome: duration, about half censored", SURVIVAL, false, duration, COUNT_OF(duration)},
        {"Outcome: duration, no effect", SURVIVAL, true, null, COUNT_OF(null)},
    };
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(random, seed);
    print_table(&table[which], repetitions, random);
    gsl_rng_free(random);
}
