/* coverage.c - how often 95 % intervals hold the effect: every design x the default estimator, on
 * normal, skewed, binary, rare and count outcomes, small and large; and (contrasts.c) the
 * estimators of one contrast; and (agencies.c) ranks and shares of agencies.  Prints the tables of
 * docs/methods/coverage.md.
 *
 *   coverage REPETITIONS [SEED [means|contrasts|agencies]]
 *
 * Units are drawn anew each time, so the effect is the population's; it is computed once from many
 * people. */
#include <gsl/gsl_randist.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agencies.h"
#include "contrasts.h"
#include "design.h"
#include "pilot/dim.h"
#include "pilot/ols.h"

#define PEOPLE 1000000

static const design_t designs[] = {
    {.name = "complete, 12", .units = 12, .arms = 2, .share = 0.5},
    {.name = "complete, 30", .units = 30, .arms = 2, .share = 0.5},
    {.name = "complete, 100", .units = 100, .arms = 2, .share = 0.5},
    {.name = "complete, 400", .units = 400, .arms = 2, .share = 0.5},
    {.name = "complete, 100, one in five treated", .units = 100, .arms = 2, .share = 0.2},
    {.name = "complete, 1,000, one in twenty treated", .units = 1000, .arms = 2, .share = 0.05},
    {.name = "complete, 100, weighted", .units = 100, .arms = 2, .share = 0.5, .weighted = true},
    {.name = "three arms, 150", .units = 150, .arms = 3, .share = 1.0 / 3},
    {.name = "10 blocks of 10", .blocks = 10, .units = 100, .arms = 2, .share = 0.5},
    {.name = "10 blocks of 10, weighted",
     .blocks = 10,
     .units = 100,
     .arms = 2,
     .share = 0.5,
     .weighted = true},
    {.name = "40 blocks of 10, three treated", .blocks = 40, .units = 400, .arms = 2, .share = 0.3},
    {.name = "6 pairs", .blocks = 6, .units = 12, .arms = 2, .share = 0.5},
    {.name = "50 pairs", .blocks = 50, .units = 100, .arms = 2, .share = 0.5},
    {.name = "20 blocks of 4, one treated", .blocks = 20, .units = 80, .arms = 2, .share = 0.25},
    {.name = "10 clusters of 20", .clusters = 10, .units = 20, .arms = 2, .share = 0.5},
    {.name = "10 clusters of 1 to 39",
     .clusters = 10,
     .units = 20,
     .uneven = true,
     .arms = 2,
     .share = 0.5},
    {.name = "50 clusters of 20", .clusters = 50, .units = 20, .arms = 2, .share = 0.5},
    {.name = "50 clusters of 1 to 39",
     .clusters = 50,
     .units = 20,
     .uneven = true,
     .arms = 2,
     .share = 0.5},
    {.name = "30 clusters of 20, one in five treated",
     .clusters = 30,
     .units = 20,
     .arms = 2,
     .share = 0.2},
    {.name = "5 blocks of 8 clusters of 10",
     .blocks = 5,
     .clusters = 40,
     .units = 10,
     .arms = 2,
     .share = 0.5},
};
#define DESIGNS (sizeof designs / sizeof *designs)

typedef enum estimator { AUTO, DIFFERENCE, OLS, LIN, ESTIMATORS } estimator_t;
static const char *const estimator_name[ESTIMATORS] = {"auto", "difference_in_means", "ols", "lin"};

/* What happened in the repetitions of one cell. */
typedef struct tally {
    size_t intervals, covered, chosen[ESTIMATORS];
    double width;
} tally_t;

static double mean_effect(const design_t *design, distribution_t distribution, gsl_rng *random)
{
    size_t blocks = design->blocks ? design->blocks : 1;
    double sum = 0;
    person_t person;
    for (size_t i = 0; i < PEOPLE; i++) {
        draw_person(distribution, block_effect(design, i % blocks), cluster_effect(design, random),
                    random, &person);
        sum += person.treated - person.untreated;
    }
    return sum / PEOPLE;
}

/* ---- estimates ------------------------------------------------------------------------------- */

static pilot_estimate_t difference(const pilot_draw_t *draw, const pilot_variable_t *outcome)
{
    pilot_estimate_t row;
    pilot_dim_summary_t *summary = pilot_dim_summarize(&draw->frame, outcome, NULL, 0, false);
    const pilot_dim_summary_t *one = summary;
    pilot_dim_estimate(&one, 1, draw->frame.arms - 1, 0, 0.95, &row);
    pilot_dim_summary_free(summary);
    return row;
}

/* Of the last arm against the control: ret[AUTO] ...; returns what auto came to. */
static estimator_t estimate(pilot_ols_t *ols, const pilot_draw_t *draw, pilot_estimate_t *ret)
{
    static const char *const name[COVARIATES] = {"female", "baseline", "age"};
    static const pilot_regression_model_t model[] = {PILOT_MODEL_AUTO, PILOT_MODEL_OLS,
                                                     PILOT_MODEL_LIN};
    pilot_variable_t outcome = {.value = draw->outcome}, covariate[COVARIATES];
    pilot_regressor_t regressor[COVARIATES];
    for (size_t k = 0; k < COVARIATES; k++) {
        covariate[k] = (pilot_variable_t){.value = draw->covariate[k]};
        regressor[k] = (pilot_regressor_t){.name = name[k], .number = &covariate[k]};
    }
    pilot_ols_task_t task = {.frame = &draw->frame,
                             .regressor = regressor,
                             .regressors = COVARIATES,
                             .interact = true,
                             .impute = true,
                             .confidence = 0.95};
    size_t treatments = draw->frame.arms - 1;
    pilot_estimate_t row[3 * 8];
    pilot_regression_choice_t choice[3];
    pilot_ols_estimate(ols, &task, model, 3, &outcome, 1,
                       &(pilot_ols_output_t){.estimate = row, .choice = choice});
    ret[DIFFERENCE] = difference(draw, &outcome);
    ret[OLS] = row[2 * treatments - 1];
    ret[LIN] = row[3 * treatments - 1];
    ret[AUTO] = choice[0].difference ? ret[DIFFERENCE] : row[treatments - 1];
    if (choice[0].difference)
        return DIFFERENCE;
    return choice[0].model == PILOT_MODEL_LIN ? LIN : OLS;
}

static void count(const pilot_estimate_t *row, double effect, tally_t *tally)
{
    if (!row->ci_low.given)
        return;
    tally->intervals++;
    tally->covered += row->ci_low.value <= effect && effect <= row->ci_high.value;
    tally->width += row->ci_high.value - row->ci_low.value;
}

static void simulate(const design_t *one, distribution_t distribution, size_t repetitions,
                     gsl_rng *random, pilot_ols_t *ols, tally_t *ret)
{
    static pilot_draw_t draw;
    double effect = mean_effect(one, distribution, random);
    memset(ret, 0, ESTIMATORS * sizeof *ret);
    for (size_t i = 0; i < repetitions; i++) {
        pilot_estimate_t row[ESTIMATORS];
        draw_pilot(one, distribution, random, &draw);
        ret[AUTO].chosen[estimate(ols, &draw, row)]++;
        for (estimator_t e = 0; e < ESTIMATORS; e++)
            count(&row[e], effect, &ret[e]);
    }
}

/* ---- the page -------------------------------------------------------------------------------- */

static double coverage(const tally_t *tally)
{
    return tally->intervals ? 100.0 * (double)tally->covered / (double)tally->intervals : 0;
}

static estimator_t usual_choice(const tally_t *automatic)
{
    estimator_t usual = DIFFERENCE;
    for (estimator_t e = DIFFERENCE; e < ESTIMATORS; e++)
        if (automatic->chosen[e] > automatic->chosen[usual])
            usual = e;
    return usual;
}

static void print_cell(const tally_t *tally, size_t repetitions)
{
    if (tally->intervals < repetitions / 10) {
        printf(" |");
        return;
    }
    bool low = coverage(tally) < 93;
    printf(" %s%.1f%s |", low ? "**" : "", coverage(tally), low ? "**" : "");
}

static void print_row(const design_t *one, const tally_t *tally, size_t repetitions)
{
    printf("| %s | %s |", one->name, estimator_name[usual_choice(&tally[AUTO])]);
    for (estimator_t e = 0; e < ESTIMATORS; e++)
        print_cell(&tally[e], repetitions);
    const tally_t *difference_width = &tally[DIFFERENCE], *chosen = &tally[AUTO];
    if (difference_width->width > 0 && chosen->intervals > 0 && difference_width->intervals > 0)
        printf(" %.2f |", chosen->width / (double)chosen->intervals /
                              (difference_width->width / (double)difference_width->intervals));
    else
        printf(" |");
    printf(" %.1f |\n",
           100.0 * (double)(repetitions - tally[AUTO].intervals) / (double)repetitions);
}

static void print_linear_tables(size_t repetitions, gsl_rng *random)
{
    static const distribution_t distribution[] = {NORMAL, SKEWED, BINARY, RARE, COUNT};
    pilot_ols_t *ols = pilot_ols_new();
    for (size_t d = 0; d < sizeof distribution / sizeof *distribution; d++) {
        printf("\n### Outcome: %s\n\n", distribution_name[distribution[d]]);
        printf("| design | `auto` takes | `auto` | `difference_in_means` | `ols` | `lin` | width | "
               "no interval |\n|---|---|---|---|---|---|---|---|\n");
        for (size_t i = 0; i < DESIGNS; i++) {
            tally_t tally[ESTIMATORS];
            simulate(&designs[i], distribution[d], repetitions, random, ols, tally);
            print_row(&designs[i], tally, repetitions);
            fflush(stdout);
        }
    }
    pilot_ols_free(ols);
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long repetitions = argc > 1 ? strtoul(argv[1], &end, 10) : 0;
    unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1985;
    const char *part = argc > 3 ? argv[3] : "";
    if (repetitions == 0 || *end) {
        fputs("usage: coverage REPETITIONS [SEED [means|contrasts|agencies]]\n", stderr);
        return 2;
    }
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(random, seed);
    if (!*part || strcmp(part, "means") == 0) {
        printf("\n## Means: `auto` and what it chooses among\n");
        print_linear_tables(repetitions, random);
    }
    if (!*part || strcmp(part, "contrasts") == 0) {
        printf("\n## Estimators of one contrast, and instrumental variables\n");
        for (size_t i = 0; i < CONTRAST_TABLES; i++)
            print_contrast_table(i, repetitions, seed);
    }
    if (!*part || strcmp(part, "agencies") == 0) {
        printf("\n## Agencies compared\n");
        print_rank_table(repetitions, seed);
        print_share_table(repetitions, seed);
    }
    gsl_rng_free(random);
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
