/* Power, minimum detectable effect and sample size against R (tests/golden/power/power.R), and what
 * must hold for every design: the three are one function solved for three things. */
#include "pilot/power.h"

#include <gsl/gsl_errno.h>
#include <math.h>

#include "../harness/table.h"
#include "../harness/tap.h"

#define GOLDEN 1e-9  /* of power ... */
#define SOLVED 1e-7  /* ... and of what R's uniroot finds */
#define DESIGNS 2000 /* random ones */

static double number(const table_t *table, size_t row, const char *column)
{
    return strtod(table_get(table, row, column), NULL);
}

static pilot_power_design_t read_design(const table_t *t, size_t i)
{
    const char *scope = table_get(t, i, "scope"), *type = table_get(t, i, "type");
    return (pilot_power_design_t){
        .scope = strcmp(scope, "comparison") == 0 ? PILOT_POWER_COMPARISON : PILOT_POWER_POOLED,
        .arms = (size_t)number(t, i, "arms"),
        .arm_share = number(t, i, "arm_share"),
        .control_share = number(t, i, "control_share"),
        .agencies = number(t, i, "agencies"),
        .clustered = number(t, i, "clustered") > 0,
        .cluster_size = number(t, i, "cluster_size"),
        .cluster_size_cv = number(t, i, "cluster_size_cv"),
        .icc = number(t, i, "icc"),
        .blocked = number(t, i, "blocked") > 0,
        .block_size = number(t, i, "block_size"),
        .blocks = number(t, i, "blocks"),
        .r2_block = number(t, i, "r2_block"),
        .adjusted = number(t, i, "adjusted") > 0,
        .r2 = number(t, i, "r2"),
        .r2_cluster = number(t, i, "r2_cluster"),
        .covariates = number(t, i, "covariates"),
        .cluster_covariates = number(t, i, "cluster_covariates"),
        .attrition = number(t, i, "attrition"),
        .type = strcmp(type, "share") == 0   ? PILOT_POWER_SHARE
                : strcmp(type, "count") == 0 ? PILOT_POWER_COUNT
                                             : PILOT_POWER_MEAN,
        .sd = number(t, i, "sd"),
        .mean = number(t, i, "mean"),
        .effect_sd = number(t, i, "effect_sd"),
        .alpha = number(t, i, "alpha"),
        .textbook = number(t, i, "textbook") > 0,
    };
}

static bool agrees(pilot_number_t got, const char *want, double relative, const char *what)
{
    bool wanted = strcmp(want, "NA") != 0;
    double value = wanted ? strtod(want, NULL) : 0;
    bool good =
        got.given == wanted && (!wanted || fabs(got.value - value) <= relative * fabs(value));
    if (!good)
        printf("# %s: got %s %.17g, want %s\n", what, got.given ? "" : "absent", got.value, want);
    return good;
}

static void test_golden(void)
{
    table_t t = table_read("tests/golden/power/power.csv");
    for (size_t i = 0; i < t.rows; i++) {
        pilot_power_design_t design = read_design(&t, i);
        double units = number(&t, i, "units"), effect = number(&t, i, "effect");
        double target = number(&t, i, "target");
        bool down = strtod(table_get(&t, i, "mde"), NULL) < 0;
        bool good =
            agrees(pilot_power(&design, units, effect), table_get(&t, i, "power"), GOLDEN, "power");
        good &= agrees(pilot_power_effect(&design, units, target, down), table_get(&t, i, "mde"),
                       SOLVED, "effect");
        good &= agrees(pilot_power_units(&design, effect, target), table_get(&t, i, "needed"),
                       SOLVED, "units");
        ok(good, "row %zu, %s", i + 2, table_get(&t, i, "name"));
    }
    table_free(&t);
}

/* ---- random designs -------------------------------------------------------------------------- */

static uint64_t state = 20240229;

/* splitmix64 */
static double uniform(double low, double high)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return low + (high - low) * (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static bool coin(void)
{
    return uniform(0, 1) < 0.5;
}

static pilot_power_design_t random_design(double *ret_units)
{
    bool several = coin(), clustered = coin(), blocked = coin(), adjusted = coin(),
         by_size = coin();
    double share = uniform(0.15, 0.5), size = clustered ? floor(uniform(2, 60)) : 1;
    pilot_power_design_t d = {
        .scope = (pilot_power_scope_t)uniform(0, 3),
        .arms = several ? 3 : 2,
        .arm_share = share,
        .control_share = several ? uniform(0.2, 0.45) : 1 - share,
        .agencies = floor(uniform(2, 12)),
        .clustered = clustered,
        .cluster_size = size,
        .cluster_size_cv = clustered && coin() ? uniform(0, 0.8) : 0,
        .icc = clustered ? uniform(0, 0.3) : 0,
        .blocked = blocked,
        .block_size = blocked && by_size ? floor(uniform(7, 30)) : 0,
        .blocks = blocked && !by_size ? floor(uniform(12, 25)) : 1,
        .r2_block = blocked ? uniform(0, 0.4) : 0,
        .adjusted = adjusted,
        .r2 = adjusted ? uniform(0, 0.7) : 0,
        .r2_cluster = adjusted && clustered ? uniform(0, 0.7) : 0,
        .covariates = adjusted ? floor(uniform(1, 6)) : 0,
        .cluster_covariates = adjusted && clustered ? floor(uniform(0, 3)) : 0,
        .attrition = coin() ? uniform(0, 0.4) : 0,
        .type = (pilot_power_type_t)uniform(0, 3),
        .sd = uniform(0.5, 20),
        .mean = uniform(0.1, 0.9),
        .effect_sd = coin() ? uniform(0, 0.05) : 0,
        .alpha = coin() ? 0.05 : uniform(0.001, 0.1),
        .textbook = uniform(0, 1) < 0.2,
    };
    *ret_units = exp(uniform(log(400), log(200000))) * size;
    return d;
}

/* Is power given for both and not smaller at the second? */
static bool grows(const pilot_power_design_t *a, double units_a, const pilot_power_design_t *b,
                  double units_b, double effect_a, double effect_b)
{
    pilot_number_t p = pilot_power(a, units_a, effect_a), q = pilot_power(b, units_b, effect_b);
    return !p.given || (q.given && q.value >= p.value - 1e-12);
}

static void test_random_designs(void)
{
    size_t solved = 0, sizes = 0, effect_wrong = 0, units_wrong = 0, size_wrong = 0, mirrored = 0,
           units_fall = 0, effect_fall = 0, icc_rise = 0, lost_rise = 0, r2_fall = 0,
           alpha_fall = 0;
    for (int i = 0; i < DESIGNS; i++) {
        double units;
        pilot_power_design_t d = random_design(&units), other = d;
        double target = uniform(0.5, 0.95);
        bool down = coin();
        pilot_number_t effect = pilot_power_effect(&d, units, target, down);
        pilot_number_t size = pilot_power(&d, units, 0);
        sizes += size.given;
        size_wrong += size.given && fabs(size.value - d.alpha) > 1e-11;
        if (!effect.given)
            continue;
        solved++;
        effect_wrong += fabs(pilot_power(&d, units, effect.value).value - target) > 1e-9;
        pilot_number_t needed = pilot_power_units(&d, effect.value, target);
        units_wrong += !needed.given || fabs(needed.value / units - 1) > 1e-7;
        units_fall += !grows(&d, units, &d, units * 1.1, effect.value, effect.value);
        effect_fall += !grows(&d, units, &d, units, effect.value * 0.9, effect.value);
        if (d.type == PILOT_POWER_MEAN)
            mirrored += fabs(pilot_power(&d, units, -effect.value).value - target) > 1e-9;
        other.icc = d.clustered ? d.icc + 0.05 : 0;
        /* Unless blocks or covariates explain more between clusters than within. */
        icc_rise += d.r2_cluster == 0 && d.r2_block == 0 &&
                    !grows(&other, units, &d, units, effect.value, effect.value);
        other = d;
        other.attrition = d.attrition + 0.05;
        lost_rise += !grows(&other, units, &d, units, effect.value, effect.value);
        other = d;
        other.r2 = fmin(0.99, d.r2 + 0.1);
        r2_fall += !grows(&d, units, &other, units, effect.value, effect.value);
        other = d;
        other.alpha = d.alpha * 1.2;
        alpha_fall += !grows(&d, units, &other, units, effect.value, effect.value);
    }
    ok(solved > DESIGNS * 2 / 3 && sizes >= solved,
       "%zu of %d random designs have an effect that "
       "they find",
       solved, DESIGNS);
    ok(effect_wrong == 0, "that effect has the power that was asked for (not in %zu)",
       effect_wrong);
    ok(units_wrong == 0, "and needs the units that were given (not in %zu)", units_wrong);
    ok(size_wrong == 0, "without an effect the power is alpha (not in %zu)", size_wrong);
    ok(mirrored == 0, "an effect downwards has the same power (not in %zu)", mirrored);
    ok(units_fall == 0, "more units, more power (not in %zu)", units_fall);
    ok(effect_fall == 0, "a larger effect, more power (not in %zu)", effect_fall);
    ok(icc_rise == 0, "more alike within clusters, less power (not in %zu)", icc_rise);
    ok(lost_rise == 0, "more attrition, less power (not in %zu)", lost_rise);
    ok(r2_fall == 0, "better covariates, more power (not in %zu)", r2_fall);
    ok(alpha_fall == 0, "a larger alpha, more power (not in %zu)", alpha_fall);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void test_ends(void)
{
    pilot_power_design_t d = {.scope = PILOT_POWER_POOLED,
                              .arms = 2,
                              .arm_share = 0.5,
                              .control_share = 0.5,
                              .agencies = 1,
                              .sd = 1,
                              .alpha = 0.05};
    pilot_power_precision_t p = {.df = -1};
    ok(!pilot_power(&d, 2, 1).given, "one unit an arm has no power that could be told");
    ok(!pilot_power_precision(&d, 2, 1, &p) && p.df == -1, "and leaves what it cannot fill alone");
    ok(pilot_power(&d, 4, 1).given, "two have");
    d.agencies = 5;
    ok(!pilot_power(&d, 9, 1).given, "nor have five agencies of less than one unit an arm");
    d = (pilot_power_design_t){.scope = PILOT_POWER_COMPARISON,
                               .arms = 2,
                               .arm_share = 0.5,
                               .control_share = 0.5,
                               .agencies = 6,
                               .sd = 1,
                               .effect_sd = 1,
                               .alpha = 0.05};
    ok(!pilot_power_units(&d, 0.5, 0.8).given,
       "six agencies that differ by more than the effect: no number of units suffices");
    d.agencies = 1;
    ok(!pilot_power(&d, 1000, 1).given, "one agency cannot be compared");
    d = (pilot_power_design_t){.scope = PILOT_POWER_POOLED,
                               .arms = 2,
                               .arm_share = 0.5,
                               .control_share = 0.5,
                               .agencies = 1,
                               .type = PILOT_POWER_SHARE,
                               .mean = 0.95,
                               .alpha = 0.05};
    ok(!pilot_power_effect(&d, 100, 0.8, false).given, "a share of 0.95 has too little way up");
    ok(pilot_power_effect(&d, 100, 0.8, true).given, "and enough down");
    ok(!pilot_power(&d, 1000, 0.06).given, "no share is above 1");
    ok(!pilot_power(&d, 1000, -0.96).given, "nor below 0");
    /* Few treated clusters: what counts is the smaller arm, not their sum. */
    d = (pilot_power_design_t){.scope = PILOT_POWER_POOLED,
                               .arms = 2,
                               .arm_share = 0.1,
                               .control_share = 0.9,
                               .agencies = 1,
                               .sd = 1,
                               .alpha = 0.05,
                               .clustered = true,
                               .cluster_size = 10,
                               .icc = 0.1};
    bool given = pilot_power_precision(&d, 400, 0.5, &p);
    ok(given && p.df > 3.69 && p.df < 3.71, "4 clusters against 36 have 3.7 degrees of freedom");
    d.textbook = true;
    given = pilot_power_precision(&d, 400, 0.5, &p);
    ok(given && p.df == 38, "where textbooks count 38");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_golden();
    test_random_designs();
    test_ends();
    return tap_done();
}
