/* Difference in means over every assignment of small designs: its mean is the effect, and its
 * variance estimate is on average not below the true variance (and equal to it where the effect is
 * the same for all). */
#include "pilot/dim.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>

#include "../harness/tap.h"

#define MOST 16

typedef struct population {
    const char *name;
    size_t units;
    unsigned block[MOST], cluster[MOST];
    double zero[MOST], effect[MOST];
    unsigned treated[MOST]; /* by block: how many units (clusters) of it */
    bool blocked, clustered;
    pilot_std_error_t type;
    bool unbiased; /* the variance estimate, with a constant effect */
} population_t;

typedef struct tally {
    double estimates, squares, variances;
    size_t assignments, wrong_type;
} tally_t;

static void evaluate(const population_t *p, const uint16_t *arm, double effect_scale,
                     tally_t *tally)
{
    static const char *const label[MOST] = {"", "", "", "", "", "", "", "",
                                            "", "", "", "", "", "", "", ""};
    double value[MOST];
    uint32_t block[MOST], cluster[MOST];
    pilot_frame_t frame = {.rows = p->units, .arms = 2, .arm = arm};
    pilot_variable_t outcome = {value, NULL};
    pilot_dim_summary_t *summary;
    pilot_estimate_t row;
    for (size_t i = 0; i < p->units; i++) {
        double effect = effect_scale < 0 ? p->effect[i] : effect_scale;
        value[i] = p->zero[i] + (arm[i] ? effect : 0);
        block[i] = p->block[i];
        cluster[i] = p->cluster[i];
    }
    if (p->blocked) {
        frame.block = block;
        frame.blocks = MOST;
        frame.block_label = label;
    }
    if (p->clustered) {
        frame.cluster = cluster;
        frame.clusters = MOST;
        frame.cluster_label = label;
    }
    summary = pilot_dim_summarize(&frame, &outcome, NULL, 0, false);
    pilot_dim_estimate((const pilot_dim_summary_t *const *)&summary, 1, 1, 0, 0.95, &row);
    pilot_dim_summary_free(summary);
    tally->assignments++;
    tally->estimates += row.estimate.value;
    tally->squares += row.estimate.value * row.estimate.value;
    tally->variances += row.std_error.value * row.std_error.value;
    tally->wrong_type += row.std_error_type != p->type;
}

/* All ways to treat p->treated[b] units (or clusters) of each block, unit by unit. */
static void assign(const population_t *p, size_t unit, uint16_t *arm, unsigned *used, double effect,
                   tally_t *tally)
{
    size_t end = unit + 1;
    if (unit == p->units) {
        for (size_t i = 0; i < p->units; i++)
            if (used[p->block[i]] != p->treated[p->block[i]])
                return;
        evaluate(p, arm, effect, tally);
        return;
    }
    while (p->clustered && end < p->units && p->cluster[end] == p->cluster[unit])
        end++;
    for (uint16_t z = 0; z < 2; z++) {
        for (size_t i = unit; i < end; i++)
            arm[i] = z;
        used[p->block[unit]] += z;
        assign(p, end, arm, used, effect, tally);
        used[p->block[unit]] -= z;
    }
}

static tally_t enumerate(const population_t *p, double effect)
{
    uint16_t arm[MOST] = {0};
    unsigned used[MOST] = {0};
    tally_t tally = {0};
    assign(p, 0, arm, used, effect, &tally);
    return tally;
}

static void test_population(const population_t *p)
{
    double effect = 0, mean, variance, estimated, n;
    tally_t tally = enumerate(p, -1);
    for (size_t i = 0; i < p->units; i++)
        effect += p->effect[i] / (double)p->units;
    n = (double)tally.assignments;
    mean = tally.estimates / n;
    variance = tally.squares / n - mean * mean;
    estimated = tally.variances / n;
    ok(fabs(mean - effect) < 1e-12, "%s: over %zu assignments the estimate is the effect", p->name,
       tally.assignments);
    ok(estimated >= variance * (1 - 1e-12),
       "%s: the variance is not underestimated (%.4g, true %.4g)", p->name, estimated, variance);
    ok(tally.wrong_type == 0, "%s: its standard error is %s", p->name,
       pilot_std_error_name(p->type));
    if (!p->unbiased)
        return;
    tally = enumerate(p, 2);
    mean = tally.estimates / n;
    variance = tally.squares / n - mean * mean;
    ok(fabs(tally.variances / n - variance) < 1e-12 * variance + 1e-13,
       "%s: with one effect for all, the variance estimate is right on average", p->name);
}

static const population_t populations[] = {
    {.name = "complete, 3 of 8",
     .units = 8,
     .zero = {1, 4, 2, 8, 5, 7, 3, 9},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2},
     .treated = {3},
     .type = PILOT_SE_NEYMAN,
     .unbiased = true},
    {.name = "blocked, 2 of 4, 3 of 5 and 2 of 4",
     .units = 13,
     .blocked = true,
     .block = {0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6, 4, 1, 1},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1, 5, 2, -3},
     .treated = {2, 3, 2},
     .type = PILOT_SE_NEYMAN,
     .unbiased = true},
    {.name = "five pairs",
     .units = 10,
     .blocked = true,
     .block = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1},
     .treated = {1, 1, 1, 1, 1},
     .type = PILOT_SE_PAIRS,
     .unbiased = true},
    {.name = "small blocks, two of each size",
     .units = 14,
     .blocked = true,
     .block = {0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6, 4, 1, 1, 0},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1, 5, 2, -3, 1},
     .treated = {1, 1, 1, 3},
     .type = PILOT_SE_PASHLEY_MIRATRIX_M,
     .unbiased = true},
    {.name = "small blocks of all sizes",
     .units = 14,
     .blocked = true,
     .block = {0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6, 4, 1, 1, 0},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1, 5, 2, -3, 1},
     .treated = {1, 1, 1, 1},
     .type = PILOT_SE_PASHLEY_MIRATRIX_P,
     .unbiased = true},
    {.name = "two pairs and a bigger block",
     .units = 10,
     .blocked = true,
     .block = {0, 0, 1, 1, 2, 2, 2, 2, 2, 2},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1},
     .treated = {1, 1, 3},
     .type = PILOT_SE_PASHLEY_MIRATRIX_M,
     .unbiased = true},
    {.name = "six clusters of two",
     .units = 12,
     .clustered = true,
     .cluster = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6, 4, 0},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1, 5, 2},
     .treated = {3},
     .type = PILOT_SE_CR2,
     .unbiased = true},
    {.name = "blocks of clusters",
     .units = 16,
     .blocked = true,
     .clustered = true,
     .block = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1},
     .cluster = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6, 4, 0, 7, 1, 1, 2},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1, 5, 2, 1, 1, 0, -2},
     .treated = {2, 2},
     .type = PILOT_SE_CR2,
     .unbiased = true},
    {.name = "pairs of clusters",
     .units = 12,
     .blocked = true,
     .clustered = true,
     .block = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2},
     .cluster = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5},
     .zero = {1, 4, 2, 8, 5, 7, 3, 9, 2, 6, 4, 0},
     .effect = {1, 2, 0, -1, 3, 1, 4, 2, 0, 1, 5, 2},
     .treated = {1, 1, 1},
     .type = PILOT_SE_PAIRS,
     .unbiased = true},
};

int main(void)
{
    gsl_set_error_handler_off();
    for (size_t i = 0; i < sizeof populations / sizeof *populations; i++)
        test_population(&populations[i]);
    return tap_done();
}
