/* Simulated pilots against the formulas, design by design; outcomes have the likeness they are told
 * to have; and a draw depends on nothing but its number. */
#include "pilot/power_simulate.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/stat/power_outcome.h"
#include "../harness/tap.h"

#define DRAWS 2000
/* Formula and simulation may differ by so many Monte-Carlo standard errors, and by what an
 * approximation costs. */
#define ERRORS 3.5

static const double halves[] = {0.5, 0.5}, thirds[] = {0.4, 0.3, 0.3}, few[] = {0.8, 0.2};

typedef struct trial {
    const char *name;
    pilot_power_design_t design;
    const double *share;
    double units, effect;
    pilot_regression_model_t model;
    double slack;
} trial_t;

#define SCOPE(of, n, s) .scope = PILOT_POWER_##of, .agencies = (n), .alpha = 0.05, .sd = (s)
#define COMMON SCOPE(AGENCY, 1, 1)
#define CLUSTERS(size, likeness) .clustered = true, .cluster_size = (size), .icc = (likeness)
#define COVARIATES(u, n) .adjusted = true, .r2 = (u), .covariates = (n)

static const trial_t trials[] = {
    {"complete", {COMMON}, halves, 40, 0.9, 0, 0},
    {"several arms, attrition", {COMMON, .attrition = 0.2}, thirds, 150, 0.55, 0, 0.01},
    {"small unequal arms", {COMMON}, few, 30, 1.2, 0, 0.01},
    {"shares", {COMMON, .type = PILOT_POWER_SHARE, .mean = 0.3}, halves, 300, 0.15, 0, 0.01},
    {"shares downwards",
     {COMMON, .type = PILOT_POWER_SHARE, .mean = 0.6},
     halves,
     200,
     -0.2,
     0,
     0.01},
    {"counts",
     {SCOPE(AGENCY, 1, 1.4142135623730951), .type = PILOT_POWER_COUNT, .mean = 2},
     halves,
     200,
     0.6,
     0,
     0.01},
    {"counts that vary more",
     {SCOPE(AGENCY, 1, 3), .type = PILOT_POWER_COUNT, .mean = 2},
     halves,
     300,
     1,
     0,
     0.02},
    {"matched pairs",
     {COMMON, .blocked = true, .block_size = 2, .r2_block = 0.5},
     halves,
     50,
     0.6,
     0,
     0.01},
    {"pairs, some lost",
     {COMMON, .blocked = true, .block_size = 2, .r2_block = 0.5, .attrition = 0.15},
     halves,
     80,
     0.55,
     0,
     0.02},
    {"blocks",
     {COMMON, .blocked = true, .block_size = 12, .r2_block = 0.3},
     thirds,
     144,
     0.5,
     0,
     0.01},
    {"clusters", {COMMON, CLUSTERS(15, 0.1)}, halves, 360, 0.5, 0, 0.01},
    {"few treated clusters", {COMMON, CLUSTERS(10, 0.15)}, few, 250, 0.7, 0, 0.03},
    {"unequal clusters",
     {COMMON, CLUSTERS(12, 0.1), .cluster_size_cv = 0.5},
     halves,
     480,
     0.45,
     0,
     0.03},
    {"clusters, shares",
     {COMMON, CLUSTERS(20, 0.08), .type = PILOT_POWER_SHARE, .mean = 0.35},
     halves,
     800,
     0.15,
     0,
     0.02},
    {"blocks of clusters",
     {COMMON, CLUSTERS(10, 0.2), .blocked = true, .block_size = 6, .r2_block = 0.5},
     halves,
     360,
     0.45,
     0,
     0.02},
    {"regression", {COMMON, COVARIATES(0.4, 3)}, thirds, 200, 0.4, PILOT_MODEL_OLS, 0.02},
    {"lin", {COMMON, COVARIATES(0.4, 2)}, halves, 120, 0.45, PILOT_MODEL_LIN, 0.02},
    {"auto", {COMMON, COVARIATES(0.3, 2)}, halves, 100, 0.5, PILOT_MODEL_AUTO, 0.02},
    {"regression on shares",
     {COMMON, COVARIATES(0.25, 1), .type = PILOT_POWER_SHARE, .mean = 0.4},
     halves,
     300,
     0.15,
     PILOT_MODEL_OLS,
     0.03},
    {"clusters, regression",
     {COMMON, CLUSTERS(15, 0.15), COVARIATES(0.2, 3), .r2_cluster = 0.5, .cluster_covariates = 1},
     halves,
     450,
     0.4,
     PILOT_MODEL_OLS,
     0.03},
    {"agencies pooled", {SCOPE(POOLED, 8, 1)}, halves, 160, 0.45, 0, 0.01},
    {"agencies compared", {SCOPE(COMPARISON, 12, 1), .effect_sd = 0.2}, halves, 480, 0.35, 0, 0.03},
};

static pilot_power_simulation_t task_of(const trial_t *trial, pilot_power_design_t *design)
{
    *design = trial->design;
    design->arms = trial->share == thirds ? 3 : 2;
    design->control_share = trial->share[0];
    design->arm_share = trial->share[design->arms - 1];
    return (pilot_power_simulation_t){.design = design,
                                      .arm_share = trial->share,
                                      .arm = design->arms - 1,
                                      .units = trial->units,
                                      .effect = trial->effect,
                                      .model = trial->model,
                                      .meta = {.method = PILOT_META_REML, .test = PILOT_META_KNHA},
                                      .seed = 7};
}

static pilot_power_count_t run(const pilot_power_simulation_t *task, uint64_t first, uint64_t count)
{
    pilot_power_simulator_t *simulator = pilot_power_simulator_new(task);
    pilot_power_count_t counts = {0};
    pilot_power_simulator_run(simulator, first, count, &counts);
    pilot_power_simulator_free(simulator);
    return counts;
}

static void test_formulas(void)
{
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
        pilot_power_design_t design;
        pilot_power_simulation_t task = task_of(&trials[i], &design);
        pilot_number_t power = pilot_power(&design, task.units, task.effect);
        pilot_power_count_t found = run(&task, 0, DRAWS);
        double share = (double)found.found / DRAWS;
        double error = sqrt(power.value * (1 - power.value) / DRAWS);
        task.effect = 0;
        double size = (double)run(&task, 0, DRAWS).found / DRAWS;
        printf("# %s: formula %.3f, simulated %.3f +-%.3f; without an effect %.3f\n",
               trials[i].name, power.value, share, error, size);
        ok(power.given && fabs(share - power.value) < ERRORS * error + trials[i].slack &&
               found.refused == 0,
           "%s: simulated pilots find the effect as often as the formula says", trials[i].name);
        ok(fabs(size - 0.05) < ERRORS * sqrt(0.0475 / DRAWS) + trials[i].slack,
           "%s: and an effect that is not there in one of twenty", trials[i].name);
    }
}

static void test_reproducible(void)
{
    pilot_power_design_t design;
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i += 4) {
        pilot_power_simulation_t task = task_of(&trials[i], &design);
        pilot_power_count_t whole = run(&task, 0, 120), part = run(&task, 0, 50),
                            rest = run(&task, 50, 70);
        ok(whole.found == part.found + rest.found && whole.draws == 120,
           "%s: a draw is the same in whatever company", trials[i].name);
        pilot_power_simulator_t *simulator = pilot_power_simulator_new(&task);
        pilot_power_count_t backwards = {0};
        for (uint64_t draw = 120; draw-- > 0;)
            pilot_power_simulator_run(simulator, draw, 1, &backwards);
        pilot_power_simulator_free(simulator);
        ok(backwards.found == whole.found, "%s: in whatever order", trials[i].name);
        bool differs = false;
        for (task.seed = 8; task.seed < 12; task.seed++)
            differs |= run(&task, 0, 120).found != whole.found;
        ok(differs, "%s: and another with another seed", trials[i].name);
    }
}

static double upper_tail(double z)
{
    return 0.5 * erfc(z / sqrt(2));
}

/* Covariance of two outcomes whose latent variables correlate by r < 1: the variance of their mean
 * given what they have in common. */
static double covariance(const power_outcome_t *outcome, double r)
{
    double sum = 0, first = 0, weight = 0;
    for (double common = -9; common <= 9; common += 0.01) {
        double density = exp(-0.5 * common * common), mean = 0;
        for (size_t j = 0; j < outcome->thresholds; j++)
            mean += upper_tail((outcome->threshold[j] - sqrt(r) * common) / sqrt(1 - r));
        weight += density;
        first += density * mean;
        sum += density * mean * mean;
    }
    return sum / weight - first / weight * (first / weight);
}

static double variance_of(const power_outcome_t *outcome)
{
    double mean = 0, square = 0;
    for (size_t j = 0; j < outcome->thresholds; j++) {
        mean += upper_tail(outcome->threshold[j]);
        square += (2 * (double)j + 1) * upper_tail(outcome->threshold[j]);
    }
    return square - mean * mean;
}

static void test_likeness(void)
{
    static const struct {
        pilot_power_type_t type;
        double mean, sd;
    } kinds[] = {{PILOT_POWER_SHARE, 0.1, 0.3},
                 {PILOT_POWER_COUNT, 3, 1.7320508075688772},
                 {PILOT_POWER_COUNT, 1.5, 2.5}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        pilot_power_design_t d = {.arms = 2,
                                  .clustered = true,
                                  .cluster_size = 10,
                                  .icc = 0.2,
                                  .blocked = true,
                                  .r2_block = 0.25,
                                  .type = kinds[i].type,
                                  .mean = kinds[i].mean,
                                  .sd = kinds[i].sd};
        power_outcome_t outcome;
        power_outcome_init(&outcome, &d, 0);
        const power_loadings_t *l = &outcome.loading;
        double block = l->block * l->block, variance = variance_of(&outcome);
        double cluster = block + l->cluster * l->cluster;
        is_close(variance, d.sd * d.sd, 1e-6, "kind %zu: the variance", i);
        is_close(covariance(&outcome, block) / variance, 0.05, 1e-6, "kind %zu: alike in blocks",
                 i);
        is_close(covariance(&outcome, cluster) / variance, 0.2, 1e-6, "kind %zu: in clusters", i);
        is_close(cluster + l->unit * l->unit, 1, 1e-12, "kind %zu: loadings are of length 1", i);
        ok(!outcome.weakened, "kind %zu: as much as was asked for", i);
        power_outcome_clear(&outcome);
    }
    pilot_power_design_t d = {
        .arms = 2, .adjusted = true, .r2 = 0.9, .type = PILOT_POWER_SHARE, .mean = 0.5};
    power_outcome_t outcome;
    power_outcome_init(&outcome, &d, 0);
    ok(outcome.weakened,
       "no share is explained to nine tenths by a normal covariate, and this is said");
    power_outcome_clear(&outcome);
}

int main(void)
{
    gsl_set_error_handler_off();
    test_formulas();
    test_reproducible();
    test_likeness();
    return tap_done();
}
