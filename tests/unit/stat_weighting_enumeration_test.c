/* Horvitz-Thompson over every assignment of small designs: its mean is the effect, and its variance
 * estimate is on average not below the true variance (and equal to it where there is no effect and
 * every pair of units can be seen in each pair of arms). */
#include "pilot/contrast.h"

#include <math.h>
#include <string.h>

#include "../harness/tap.h"

#define MOST 12

typedef struct population {
    const char *name;
    size_t units, arms; /* arms 0: two */
    unsigned block[MOST], cluster[MOST];
    double zero[MOST], effect[MOST];
    double weight[MOST];  /* all 0: no weights */
    unsigned count[4][3]; /* by block and arm: how many units (clusters); not for coins */
    double coin[MOST];    /* by unit: P(treated); all 0: counts are fixed */
    bool blocked, clustered, declared, column;
    bool exact; /* the variance estimate is right on average without an effect */
} population_t;

typedef struct tally {
    double weight, estimates, squares, variances;
    size_t assignments, refused;
} tally_t;

static bool has_weights(const population_t *p)
{
    return p->weight[0] > 0;
}

static double weight_of(const population_t *p, size_t i)
{
    return has_weights(p) ? p->weight[i] : 1;
}

/* What the estimator is when an arm is empty and the function has nothing to compare. */
static void add_empty_arm(const population_t *p, const uint16_t *arm, const double *value,
                          double chance, tally_t *tally)
{
    double total = 0, estimate = 0, variance = 0;
    for (size_t i = 0; i < p->units; i++)
        total += weight_of(p, i);
    for (size_t i = 0; i < p->units; i++) {
        double own = arm[i] ? p->coin[i] : 1 - p->coin[i];
        double term = weight_of(p, i) * value[i] / own / total;
        estimate += arm[i] ? term : -term;
        variance += term * term;
    }
    tally->estimates += chance * estimate;
    tally->squares += chance * estimate * estimate;
    tally->variances += chance * variance;
}

static void evaluate(const population_t *p, const uint16_t *arm, bool effects, double chance,
                     tally_t *tally)
{
    const pilot_contrast_options_t options = {.confidence = 0.95};
    static const double declared[2][3] = {{0.625, 0.375, 0}, {0.25, 0.25, 0.5}};
    double value[MOST], own[MOST];
    uint32_t block[MOST], cluster[MOST];
    pilot_variable_t outcome = {value, NULL}, probability = {own, NULL};
    pilot_sample_columns_t columns = {.outcome = &outcome};
    pilot_frame_t frame = {.rows = p->units, .arms = p->arms ? p->arms : 2, .arm = arm};
    pilot_sample_t sample;
    pilot_estimate_t row;
    for (size_t i = 0; i < p->units; i++) {
        value[i] = p->zero[i] + (arm[i] == 1 && effects ? p->effect[i] : 0);
        own[i] = arm[i] ? p->coin[i] : 1 - p->coin[i];
        block[i] = p->block[i];
        cluster[i] = p->cluster[i];
    }
    if (p->blocked) {
        frame.block = block;
        frame.blocks = MOST;
    }
    if (p->clustered) {
        frame.cluster = cluster;
        frame.clusters = MOST;
    }
    if (has_weights(p))
        frame.weight = p->weight;
    if (p->column)
        columns.probability = &probability;
    if (p->declared)
        columns.arm_probability = declared[frame.arms == 3];
    pilot_sample_select(&frame, &columns, NULL, 0, 1, false, &sample);
    pilot_horvitz_thompson_estimate(&sample, &options, &row);
    pilot_sample_clear(&sample);
    tally->assignments++;
    tally->weight += chance;
    if (!row.estimate.given) {
        tally->refused++;
        add_empty_arm(p, arm, value, chance, tally);
        return;
    }
    tally->estimates += chance * row.estimate.value;
    tally->squares += chance * row.estimate.value * row.estimate.value;
    tally->variances += chance * row.std_error.value * row.std_error.value;
}

static bool is_complete(const population_t *p, unsigned used[4][3])
{
    if (p->coin[0] > 0)
        return true;
    for (int b = 0; b < 4; b++)
        for (int a = 0; a < 3; a++)
            if (used[b][a] != p->count[b][a])
                return false;
    return true;
}

static void assign(const population_t *p, size_t unit, uint16_t *arm, unsigned used[4][3],
                   double chance, bool effects, tally_t *tally)
{
    size_t end = unit + 1, arms = p->arms ? p->arms : 2;
    if (unit == p->units) {
        if (is_complete(p, used))
            evaluate(p, arm, effects, chance, tally);
        return;
    }
    while (p->clustered && end < p->units && p->cluster[end] == p->cluster[unit])
        end++;
    for (uint16_t z = 0; z < arms; z++) {
        double of_coin = p->coin[0] <= 0 ? 1 : z ? p->coin[unit] : 1 - p->coin[unit];
        for (size_t i = unit; i < end; i++)
            arm[i] = z;
        used[p->block[unit]][z]++;
        assign(p, end, arm, used, chance * of_coin, effects, tally);
        used[p->block[unit]][z]--;
    }
}

static tally_t enumerate(const population_t *p, bool effects)
{
    uint16_t arm[MOST] = {0};
    unsigned used[4][3] = {{0}};
    tally_t tally = {0};
    assign(p, 0, arm, used, 1, effects, &tally);
    return tally;
}

static void test_population(const population_t *p)
{
    double effect = 0, weight = 0, mean, variance, estimated;
    tally_t tally = enumerate(p, true);
    for (size_t i = 0; i < p->units; i++) {
        effect += weight_of(p, i) * p->effect[i];
        weight += weight_of(p, i);
    }
    effect /= weight;
    mean = tally.estimates / tally.weight;
    variance = tally.squares / tally.weight - mean * mean;
    estimated = tally.variances / tally.weight;
    ok(fabs(mean - effect) < 1e-12, "%s: over %zu assignments the estimate is the effect (%.15g)",
       p->name, tally.assignments, mean - effect);
    ok(estimated >= variance * (1 - 1e-12),
       "%s: the variance is not underestimated (%.6g, true %.6g)", p->name, estimated, variance);
    ok(tally.refused == (p->coin[0] > 0 ? 2u : 0u),
       "%s: only an empty arm leaves nothing to compare", p->name);
    if (!p->exact)
        return;
    tally = enumerate(p, false);
    mean = tally.estimates / tally.weight;
    variance = tally.squares / tally.weight - mean * mean;
    estimated = tally.variances / tally.weight;
    ok(fabs(estimated - variance) < 1e-12 * variance,
       "%s: without an effect the variance estimate is right on average", p->name);
}

static const population_t populations[] = {
    {.name = "complete, 3 of 8",
     .units = 8,
     .zero = {1, 4, 2, 8, 5, 7, 3, 9},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2},
     .count = {{5, 3}},
     .exact = true},
    {.name = "complete, 3 of 8, weighted",
     .units = 8,
     .zero = {1, 4, 2, 8, 5, 7, 3, 9},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2},
     .weight = {1, 2, .5, 1, 3, 1, .25, 2},
     .count = {{5, 3}},
     .exact = true},
    /* Without the bound for pairs that are never treated together, this one falls short. */
    {.name = "complete, 1 of 6, outcomes of both signs",
     .units = 6,
     .zero = {-5, 4, -2, 8, -6, 1},
     .effect = {1, 0, 0, -1, 0, 0},
     .count = {{5, 1}}},
    {.name = "blocked, 2 of 4, 3 of 5 and 1 of 3",
     .units = 12,
     .blocked = true,
     .block = {0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2},
     .zero = {1, 4, 2, 8, 5, -7, 3, 9, 2, 6, 4, -11},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1, 5, 2},
     .count = {{2, 2}, {2, 3}, {2, 1}}},
    {.name = "blocked, 2 of 4 and 3 of 5",
     .units = 9,
     .blocked = true,
     .block = {0, 0, 0, 0, 1, 1, 1, 1, 1},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0},
     .count = {{2, 2}, {2, 3}},
     .exact = true},
    {.name = "four pairs, outcomes of both signs",
     .units = 8,
     .blocked = true,
     .block = {0, 0, 1, 1, 2, 2, 3, 3},
     .zero = {1, -4, 2, -8, 5, -7, 3, -9},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2},
     .count = {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
    {.name = "six clusters of different sizes",
     .units = 12,
     .clustered = true,
     .cluster = {0, 1, 1, 2, 2, 2, 3, 4, 4, 5, 5, 5},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6, 4, 0},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1, 5, 2},
     .count = {{4, 2}},
     .exact = true},
    {.name = "blocks of clusters, weighted",
     .units = 12,
     .blocked = true,
     .clustered = true,
     .block = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1},
     .cluster = {0, 1, 1, 2, 2, 3, 4, 5, 6, 6, 7, 8},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6, 4, 0},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1, 5, 2},
     .weight = {1, 2, .5, 1, 3, 1, .25, 2, 1, 1, 4, 1},
     .count = {{2, 2}, {3, 2}},
     .exact = true},
    {.name = "three arms of 2, 3 and 3",
     .units = 8,
     .arms = 3,
     .zero = {1, 4, 2, 8, 5, 7, 3, 9},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2},
     .count = {{2, 3, 3}},
     .exact = true},
    {.name = "three arms in two blocks",
     .units = 11,
     .arms = 3,
     .blocked = true,
     .block = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 2, 6},
     .effect = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
     .count = {{2, 2, 1}, {2, 2, 2}}},
    {.name = "declared shares, 3 of 8",
     .units = 8,
     .declared = true,
     .zero = {1, 4, 2, 8, 5, 7, 3, 9},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2},
     .count = {{5, 3}}},
    {.name = "declared shares, three arms of 2, 2 and 4",
     .units = 8,
     .arms = 3,
     .declared = true,
     .zero = {1, 4, 2, 8, 5, 7, 3, 9},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2},
     .count = {{2, 2, 4}}},
    {.name = "declared shares, a coin for each unit",
     .units = 8,
     .declared = true,
     .zero = {1, 4, 2, 8, 5, 7, 3, 9},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2},
     .coin = {.375, .375, .375, .375, .375, .375, .375, .375}},
    {.name = "a coin of its own for each unit",
     .units = 8,
     .column = true,
     .zero = {1, 4, 2, 8, 5, -7, 3, 9},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2},
     .weight = {1, 2, .5, 1, 3, 1, .25, 2},
     .coin = {.375, .25, .5, .8, .375, .7, .1, .5}},
    {.name = "a coin of its own for each cluster",
     .units = 10,
     .column = true,
     .clustered = true,
     .cluster = {0, 1, 1, 2, 2, 2, 3, 4, 4, 5},
     .zero = {1, 4, 2, 8, 5, -7, 3, 9, 1, 1},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1},
     .coin = {.375, .25, .25, .8, .8, .8, .375, .7, .7, .5}},
};

int main(void)
{
    for (size_t i = 0; i < sizeof populations / sizeof *populations; i++)
        test_population(&populations[i]);
    return tap_done();
}
