/* power_simulate.c - draws pilots from a design and counts in how many the effect is found. */
#include "pilot/power_simulate.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "philox.h"
#include "pilot/dim.h"
#include "pilot/memory.h"
#include "pilot/ols.h"
#include "power_outcome.h"

#define MOST_OF_A_KIND 32 /* columns of noise beyond these are left out */
#define MOST_COVARIATES (2 * MOST_OF_A_KIND)

/* One agency, or all in one fit; rows are in the order of blocks and clusters. */
typedef struct population {
    size_t groups;   /* what is randomized: units, or clusters */
    size_t blocks;   /* 0: not blocked */
    size_t rows;     /* of this draw */
    size_t capacity; /* of the arrays below */
    uint16_t *arm;
    uint32_t *block, *cluster;
    double *value;
    uint8_t *present;
    double *covariate[MOST_COVARIATES];
} population_t;

struct pilot_power_simulator {
    pilot_power_simulation_t task;
    power_outcome_t outcome;
    double units; /* of a fit */
    size_t fits;  /* in a draw: the agencies of a comparison, else 1 */
    size_t cluster_covariates, covariates;
    uint16_t *group_arm;
    size_t *group_size;
    population_t population;
    pilot_ols_t *ols;
    pilot_estimate_t *estimate;                /* of each treatment arm */
    pilot_number_t *agency, *agency_std_error; /* fits */
};

static double uniform(pilot_stream_t *stream)
{
    return ((double)(pilot_stream_wide(stream) >> 11) + 0.5) * 0x1p-53;
}

static double normal(pilot_stream_t *stream)
{
    return gsl_cdf_ugaussian_Pinv(uniform(stream));
}

/* ---- making and freeing ---------------------------------------------------------------------- */

static void lay_out(pilot_power_simulator_t *s)
{
    const pilot_power_design_t *d = s->task.design;
    population_t *p = &s->population;
    double groups = d->clustered ? s->units / d->cluster_size : s->units, blocks = 0;
    p->groups = (size_t)fmax(2, rint(groups));
    if (d->blocked)
        blocks = d->block_size > 0 ? (double)p->groups / d->block_size : d->blocks;
    if (d->scope == PILOT_POWER_COMPARISON && d->blocked && !(d->block_size > 0))
        blocks /= d->agencies;
    if (d->scope == PILOT_POWER_POOLED && d->agencies > 1)
        blocks = fmax(blocks, d->agencies);
    p->blocks = d->blocked || blocks > 0 ? (size_t)fmax(1, rint(blocks)) : 0;
    if (p->blocks > p->groups)
        p->blocks = p->groups;
}

pilot_power_simulator_t *pilot_power_simulator_new(const pilot_power_simulation_t *simulation)
{
    pilot_power_simulator_t *s = PILOT_NEW(pilot_power_simulator_t);
    const pilot_power_design_t *d = simulation->design;
    s->task = *simulation;
    s->fits = d->scope == PILOT_POWER_COMPARISON ? (size_t)d->agencies : 1;
    s->units = simulation->units / (double)s->fits;
    power_outcome_init(&s->outcome, d, simulation->effect);
    lay_out(s);
    if (d->adjusted) {
        double of_clusters = d->clustered ? fmax(d->cluster_covariates, d->r2_cluster > 0) : 0;
        double of_units = fmax(d->covariates - of_clusters, d->r2 > 0);
        s->cluster_covariates = (size_t)fmin(of_clusters, MOST_OF_A_KIND);
        s->covariates = (size_t)fmin(of_units, MOST_OF_A_KIND) + s->cluster_covariates;
        s->ols = pilot_ols_new();
    }
    s->group_arm = PILOT_NEW_ARRAY(uint16_t, s->population.groups);
    s->group_size = PILOT_NEW_ARRAY(size_t, s->population.groups);
    s->estimate = PILOT_NEW_ARRAY(pilot_estimate_t, d->arms);
    s->agency = PILOT_NEW_ARRAY(pilot_number_t, s->fits);
    s->agency_std_error = PILOT_NEW_ARRAY(pilot_number_t, s->fits);
    return s;
}

static void free_population(population_t *p)
{
    free(p->arm);
    free(p->block);
    free(p->cluster);
    free(p->value);
    free(p->present);
    for (size_t i = 0; i < MOST_COVARIATES; i++)
        free(p->covariate[i]);
}

void pilot_power_simulator_free(pilot_power_simulator_t *s)
{
    if (!s)
        return;
    power_outcome_clear(&s->outcome);
    free_population(&s->population);
    free(s->group_arm);
    free(s->group_size);
    pilot_ols_free(s->ols);
    free(s->estimate);
    free(s->agency);
    free(s->agency_std_error);
    free(s);
}

bool pilot_power_simulator_weakened(const pilot_power_simulator_t *simulator)
{
    return simulator->outcome.weakened;
}

static void reserve(pilot_power_simulator_t *s, size_t rows)
{
    population_t *p = &s->population;
    p->rows = rows;
    if (rows <= p->capacity)
        return;
    p->capacity = rows + rows / 8;
    p->arm = pilot_realloc(p->arm, p->capacity, sizeof *p->arm);
    p->block = pilot_realloc(p->block, p->capacity, sizeof *p->block);
    p->cluster = pilot_realloc(p->cluster, p->capacity, sizeof *p->cluster);
    p->value = pilot_realloc(p->value, p->capacity, sizeof *p->value);
    p->present = pilot_realloc(p->present, p->capacity, sizeof *p->present);
    for (size_t i = 0; i < s->covariates; i++)
        p->covariate[i] = pilot_realloc(p->covariate[i], p->capacity, sizeof **p->covariate);
}

/* ---- drawing --------------------------------------------------------------------------------- */

static size_t block_start(const population_t *p, size_t block)
{
    return p->groups * block / p->blocks;
}

/* Whole shares of a block go to every arm; what is left of them is drawn systematically with one
 * random start, so that each arm gets its share in the mean; then the arms are shuffled. */
static void assign_block(pilot_power_simulator_t *s, size_t first, size_t count,
                         pilot_stream_t *stream)
{
    uint16_t *arm = s->group_arm + first;
    size_t filled = 0;
    double start = uniform(stream), reached = 0;
    for (size_t a = 0; a < s->task.design->arms; a++) {
        double share = (double)count * s->task.arm_share[a], whole = floor(share + 1e-9);
        double before = ceil(reached - start - 1e-9);
        reached += fmax(0, share - whole);
        double drawn = ceil(reached - start - 1e-9) - before;
        size_t end = filled + (size_t)(whole + drawn);
        while (filled < end && filled < count)
            arm[filled++] = (uint16_t)a;
    }
    while (filled < count)
        arm[filled++] = 0;
    for (size_t i = count; i > 1; i--) {
        size_t other = pilot_stream_below(stream, i);
        uint16_t kept = arm[i - 1];
        arm[i - 1] = arm[other];
        arm[other] = kept;
    }
}

/* Sizes of clusters: as even as they can be, or drawn from a gamma distribution. */
static size_t draw_sizes(pilot_power_simulator_t *s, pilot_stream_t *stream)
{
    const pilot_power_design_t *d = s->task.design;
    size_t groups = s->population.groups, total = 0;
    double shape = 1 / (d->cluster_size_cv * d->cluster_size_cv), mean = s->units / (double)groups;
    for (size_t i = 0; i < groups; i++) {
        double size = 1;
        if (d->clustered && d->cluster_size_cv > 0)
            size = rint(gsl_cdf_gamma_Pinv(uniform(stream), shape, mean / shape));
        else if (d->clustered)
            size = floor(mean * (double)(i + 1) + 1e-9) - floor(mean * (double)i + 1e-9);
        s->group_size[i] = (size_t)fmax(1, size);
        total += s->group_size[i];
    }
    return total;
}

/* The units of one group (a cluster, or a unit itself) from row `row`. */
static void draw_group(pilot_power_simulator_t *s, size_t group, size_t row, double of_block,
                       double effect, pilot_stream_t *stream)
{
    const pilot_power_design_t *d = s->task.design;
    const power_loadings_t *l = &s->outcome.loading;
    population_t *p = &s->population;
    double shared = l->block * of_block, of_cluster[MOST_COVARIATES] = {0};
    bool treated = s->group_arm[group] == s->task.arm;
    for (size_t i = 0; i < s->cluster_covariates; i++)
        of_cluster[i] = normal(stream);
    if (d->clustered)
        shared += l->cluster_covariate * of_cluster[0] + l->cluster * normal(stream);
    for (size_t i = row; i < row + s->group_size[group]; i++) {
        for (size_t j = 0; j < s->covariates; j++)
            p->covariate[j][i] = j < s->cluster_covariates ? of_cluster[j] : normal(stream);
        double latent = shared + l->unit * normal(stream);
        if (s->covariates > s->cluster_covariates)
            latent += l->covariate * p->covariate[s->cluster_covariates][i];
        p->value[i] = power_outcome_value(&s->outcome, latent, treated, effect);
        p->present[i] = d->attrition == 0 || uniform(stream) >= d->attrition;
        if (!p->present[i])
            p->value[i] = 0;
        p->arm[i] = s->group_arm[group];
        p->cluster[i] = (uint32_t)group;
    }
}

static void draw_population(pilot_power_simulator_t *s, double effect, pilot_stream_t *stream)
{
    population_t *p = &s->population;
    size_t blocks = p->blocks ? p->blocks : 1, row = 0;
    reserve(s, draw_sizes(s, stream));
    for (size_t block = 0; block < blocks; block++) {
        size_t first = p->blocks ? block_start(p, block) : 0;
        size_t end = p->blocks ? block_start(p, block + 1) : p->groups;
        double of_block = normal(stream);
        assign_block(s, first, end - first, stream);
        for (size_t group = first; group < end; group++) {
            draw_group(s, group, row, of_block, effect, stream);
            for (size_t i = 0; i < s->group_size[group]; i++)
                p->block[row++] = (uint32_t)block;
        }
    }
}

/* ---- estimating ------------------------------------------------------------------------------ */

static void compare_means(const pilot_power_simulator_t *s, const pilot_frame_t *frame,
                          const pilot_variable_t *outcome, pilot_estimate_t *ret)
{
    pilot_dim_summary_t *summary = pilot_dim_summarize(frame, outcome, NULL, 0, false);
    const pilot_dim_summary_t *const list[] = {summary};
    pilot_dim_estimate(list, 1, s->task.arm, 0, 1 - s->task.design->alpha, ret);
    pilot_dim_summary_free(summary);
}

static void regress(pilot_power_simulator_t *s, const pilot_frame_t *frame,
                    const pilot_variable_t *outcome, pilot_estimate_t *ret)
{
    pilot_variable_t column[MOST_COVARIATES];
    pilot_regressor_t regressor[MOST_COVARIATES];
    for (size_t i = 0; i < s->covariates; i++) {
        column[i] = (pilot_variable_t){.value = s->population.covariate[i]};
        regressor[i] = (pilot_regressor_t){.name = "x", .number = &column[i]};
    }
    pilot_ols_task_t task = {.frame = frame,
                             .regressor = regressor,
                             .regressors = s->covariates,
                             .interact = s->task.model != PILOT_MODEL_OLS,
                             .impute = true,
                             .std_error = s->task.std_error,
                             .confidence = 1 - s->task.design->alpha};
    pilot_regression_choice_t choice = {0};
    pilot_ols_output_t output = {.estimate = s->estimate, .choice = &choice};
    pilot_ols_estimate(s->ols, &task, &s->task.model, 1, outcome, 1, &output);
    if (s->task.model == PILOT_MODEL_AUTO && choice.difference)
        compare_means(s, frame, outcome, ret);
    else
        *ret = s->estimate[s->task.arm - 1];
}

static void estimate_fit(pilot_power_simulator_t *s, pilot_estimate_t *ret)
{
    const population_t *p = &s->population;
    const pilot_power_design_t *d = s->task.design;
    pilot_frame_t frame = {.rows = p->rows,
                           .arms = d->arms,
                           .arm = p->arm,
                           .block = p->blocks ? p->block : NULL,
                           .blocks = p->blocks,
                           .cluster = d->clustered ? p->cluster : NULL,
                           .clusters = d->clustered ? p->groups : 0};
    pilot_variable_t outcome = {.value = p->value, .present = p->present};
    if (d->adjusted)
        regress(s, &frame, &outcome, ret);
    else
        compare_means(s, &frame, &outcome, ret);
}

/* The p-value of the comparison's headline row. */
static pilot_number_t compare_agencies(const pilot_power_simulator_t *s)
{
    pilot_meta_row_t row[PILOT_META_ROWS];
    pilot_meta_options_t options = s->task.meta;
    options.confidence = 1 - s->task.design->alpha;
    pilot_meta(s->agency, s->agency_std_error, s->fits, &options, row, NULL);
    return row[options.method * PILOT_META_TESTS + options.test].p_value;
}

static pilot_number_t run_draw(pilot_power_simulator_t *s, uint32_t draw)
{
    const pilot_power_design_t *d = s->task.design;
    pilot_stream_t stream =
        pilot_stream(s->task.seed, draw, s->task.stream, PILOT_PURPOSE_POWER, 0);
    pilot_estimate_t estimate = {0};
    if (d->scope != PILOT_POWER_COMPARISON) {
        draw_population(s, s->task.effect, &stream);
        estimate_fit(s, &estimate);
        return estimate.p_value;
    }
    for (size_t i = 0; i < s->fits; i++) {
        double effect = s->task.effect + d->effect_sd * normal(&stream);
        power_outcome_aim(&s->outcome, d, effect);
        draw_population(s, effect, &stream);
        estimate_fit(s, &estimate);
        s->agency[i] = estimate.estimate;
        s->agency_std_error[i] = estimate.std_error;
    }
    return compare_agencies(s);
}

void pilot_power_simulator_run(pilot_power_simulator_t *simulator, uint64_t first, uint64_t count,
                               pilot_power_count_t *counts)
{
    for (uint64_t draw = first; draw < first + count; draw++) {
        pilot_number_t p = run_draw(simulator, (uint32_t)draw);
        counts->draws++;
        counts->refused += !p.given;
        counts->found += p.given && p.value < simulator->task.design->alpha;
    }
}
