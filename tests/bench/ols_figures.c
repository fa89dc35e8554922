/* ols_figures.c - least squares alone, on one core: one agency of 2,000 rows with three outcomes,
 * and CR2 with Satterthwaite's df for 300,000 rows in 180,000 clusters and five arms. One line a
 * figure: name, figure, unit, goal, met|missed; tab-separated. */
#include <stdint.h>
#include <stdio.h>

#include "pilot/clock.h"
#include "pilot/memory.h"
#include "pilot/ols.h"

static uint64_t state = 1;

static double uniform(void)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* Rows of a made-up agency; freed by the end of the process. */
static pilot_frame_t make_frame(size_t rows, size_t arms, size_t clusters, bool blocked,
                                bool weighted)
{
    uint16_t *arm = PILOT_NEW_ARRAY(uint16_t, rows);
    uint32_t *cluster = PILOT_NEW_ARRAY(uint32_t, rows), *block = PILOT_NEW_ARRAY(uint32_t, rows);
    double *weight = PILOT_NEW_ARRAY(double, rows);
    for (size_t i = 0; i < rows; i++) {
        size_t code = clusters ? i * clusters / rows : i;
        arm[i] = (uint16_t)(code * 7 % 11 % arms);
        cluster[i] = (uint32_t)code;
        block[i] = (uint32_t)(code / 18);
        weight[i] = 0.5 + uniform();
    }
    return (pilot_frame_t){.rows = rows,
                           .arms = arms,
                           .arm = arm,
                           .cluster = clusters ? cluster : NULL,
                           .clusters = clusters,
                           .block = blocked ? block : NULL,
                           .blocks = blocked ? block[rows - 1] + 1 : 0,
                           .weight = weighted ? weight : NULL};
}

static pilot_variable_t make_variable(const pilot_frame_t *frame)
{
    double *value = PILOT_NEW_ARRAY(double, frame->rows);
    for (size_t i = 0; i < frame->rows; i++)
        value[i] = uniform() + uniform() + 0.1 * frame->arm[i];
    return (pilot_variable_t){.value = value};
}

/* The fastest of some rounds, in milliseconds. */
static double measure(const pilot_frame_t *frame, size_t regressors, size_t outcomes, size_t models,
                      int rounds)
{
    pilot_variable_t covariate[3], outcome[3];
    pilot_regressor_t regressor[3];
    static const pilot_regression_model_t model[] = {PILOT_MODEL_OLS, PILOT_MODEL_LIN};
    pilot_estimate_t *row =
        PILOT_NEW_ARRAY(pilot_estimate_t, models * outcomes * (frame->arms - 1));
    double best = 1e300;
    for (size_t k = 0; k < regressors; k++) {
        covariate[k] = make_variable(frame);
        regressor[k] = (pilot_regressor_t){.name = "x", .number = &covariate[k]};
    }
    for (size_t o = 0; o < outcomes; o++)
        outcome[o] = make_variable(frame);
    pilot_ols_task_t task = {.frame = frame,
                             .regressor = regressor,
                             .regressors = regressors,
                             .interact = models > 1,
                             .impute = true,
                             .confidence = 0.95};
    pilot_ols_t *ols = pilot_ols_new();
    for (int i = 0; i < rounds; i++) {
        int64_t begun = pilot_clock_us();
        pilot_ols_estimate(ols, &task, model, models, outcome, outcomes,
                           &(pilot_ols_output_t){.estimate = row});
        double taken = (double)(pilot_clock_us() - begun) / 1000;
        best = taken < best ? taken : best;
    }
    if (!row[0].std_error.given)
        best = 1e300;
    pilot_ols_free(ols);
    return best;
}

static void tell(const char *name, double figure, const char *unit, double goal)
{
    printf("%s\t%.3g\t%s\t<= %g\t%s\n", name, figure, unit, goal,
           figure <= goal ? "met" : "missed");
}

int main(void)
{
    pilot_frame_t agency = make_frame(2000, 3, 0, false, false);
    tell("ols, 2000 rows, 3 covariates, 3 outcomes, HC2", measure(&agency, 3, 3, 1, 200), "ms",
         0.25);
    tell("ols and lin, the same", measure(&agency, 3, 3, 2, 200), "ms", 0.35);
    for (int i = 0; i < 4; i++) {
        pilot_frame_t frame = make_frame(300000, 5, 180000, (i & 1) != 0, (i & 2) != 0);
        char name[128];
        snprintf(name, sizeof name, "CR2, 300000 rows, 180000 clusters, 5 arms%s%s",
                 i & 1 ? ", blocks" : "", i & 2 ? ", weights" : "");
        tell(name, measure(&frame, 2, 1, 1, 3) / 1000, "s", 2);
    }
    return 0;
}
