/* design.c - see design.h. */
#include "design.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

const char *const distribution_name[] = {
    [NORMAL] = "normal", [SKEWED] = "skewed", [BINARY] = "binary",
    [RARE] = "rare",     [COUNT] = "count",   [SURVIVAL] = "duration",
};

/* Neither goes down by being in a treatment arm.  About 0.27 never take the treatment and 0.19
 * always do; 0.84 are seen without it and 0.91 with it.  Who has more of what the effect rests on
 * takes it rather; who has higher outcomes is seen rather. */
static void draw_conduct(double noise, gsl_rng *random, person_t *person)
{
    double liking = 0.5 * person->covariate[1] + gsl_ran_ugaussian(random);
    double presence = 0.5 * person->covariate[1] + 0.4 * noise + gsl_ran_ugaussian(random);
    person->takes[0] = liking > 1;
    person->takes[1] = liking > -0.7;
    person->seen[0] = presence > -1.2;
    person->seen[1] = presence > -1.6;
}

/* A latent number moved by covariates, block and cluster; the treatment moves it by 0.3 on average
 * and more for some than for others. */
void draw_person(distribution_t distribution, double block, double cluster, gsl_rng *random,
                 person_t *person)
{
    double latent = block + cluster, gain = 0.3;
    for (size_t k = 0; k < COVARIATES; k++) {
        person->covariate[k] = k == 0 ? gsl_ran_bernoulli(random, 0.5) : gsl_ran_ugaussian(random);
        latent += 0.5 * (person->covariate[k] - (k == 0 ? 0.5 : 0));
    }
    gain += 0.4 * person->covariate[1] + 0.2 * gsl_ran_ugaussian(random);
    double noise = gsl_ran_ugaussian(random), uniform = gsl_rng_uniform_pos(random);
    double censored = 2 * gsl_rng_uniform_pos(random);
    person->event_untreated = person->event_treated = 1;
    switch (distribution) {
    case NORMAL:
        person->untreated = latent + noise;
        person->treated = person->untreated + gain;
        break;
    case SKEWED: /* log-normal: skewness about 6 */
        person->untreated = exp(0.6 * latent + 0.8 * noise);
        person->treated = person->untreated * exp(0.3 * gain);
        break;
    case BINARY:
    case RARE: {
        double base = distribution == RARE ? -3 : 0;
        person->untreated = uniform < 1 / (1 + exp(-base - latent));
        person->treated = uniform < 1 / (1 + exp(-base - latent - gain));
        break;
    }
    case COUNT:
        person->untreated = gsl_ran_poisson(random, exp(0.5 * latent));
        person->treated = gsl_ran_poisson(random, exp(0.5 * (latent + gain)));
        break;
    case SURVIVAL: { /* exponential times, uniform censoring */
        double untreated = -log(uniform) * exp(-0.5 * latent);
        double treated = untreated * exp(0.5 * gain);
        person->event_untreated = untreated <= censored;
        person->event_treated = treated <= censored;
        person->untreated = fmin(untreated, censored);
        person->treated = fmin(treated, censored);
        break;
    }
    }
    draw_conduct(noise, random, person);
}

double block_effect(const design_t *design, size_t block)
{
    if (design->blocks == 0)
        return 0;
    return 0.7 * gsl_cdf_ugaussian_Pinv(((double)block + 0.5) / (double)design->blocks);
}

double cluster_effect(const design_t *design, gsl_rng *random)
{
    return design->clusters ? 0.5 * gsl_ran_ugaussian(random) : 0;
}

/* Arms of n assigned units: each arm's count is its share, rounded; the control takes the rest. */
static void assign(const design_t *design, size_t n, uint16_t *arm, gsl_rng *random)
{
    size_t at = 0;
    for (size_t a = design->arms - 1; a > 0; a--) {
        double share = a == design->arms - 1 ? design->share
                                             : (1 - design->share) / (double)(design->arms - 1);
        size_t wanted = (size_t)floor(share * (double)n + 0.5);
        for (size_t i = 0; i < wanted && at < n; i++)
            arm[at++] = (uint16_t)a;
    }
    while (at < n)
        arm[at++] = 0;
    gsl_ran_shuffle(random, arm, n, sizeof *arm);
}

static void add_unit(const design_t *design, distribution_t distribution, size_t block,
                     size_t cluster, uint16_t arm, const double effect[2], gsl_rng *random,
                     pilot_draw_t *draw)
{
    size_t row = draw->rows++;
    person_t person;
    draw_person(distribution, effect[0], effect[1], random, &person);
    draw->arm[row] = arm;
    draw->block[row] = (uint32_t)block;
    draw->cluster[row] = (uint32_t)cluster;
    draw->weight[row] = design->weighted ? 0.5 + 1.5 * gsl_rng_uniform(random) : 1;
    bool treated = arm && !design->no_effect, takes = person.takes[arm > 0];
    draw->outcome[row] = treated ? person.treated : person.untreated;
    draw->event[row] = treated ? person.event_treated : person.event_untreated;
    draw->received[row] = takes;
    draw->outcome_received[row] = takes ? person.treated : person.untreated;
    draw->seen[row] = person.seen[arm > 0];
    for (size_t k = 0; k < COVARIATES; k++)
        draw->covariate[k][row] = person.covariate[k];
}

void draw_pilot(const design_t *design, distribution_t distribution, gsl_rng *random,
                pilot_draw_t *draw)
{
    static uint16_t arm[MOST_ROWS];
    size_t blocks = design->blocks ? design->blocks : 1;
    size_t assigned = design->clusters ? design->clusters : design->units, cluster = 0;
    draw->rows = 0;
    for (size_t b = 0; b < blocks; b++) {
        size_t n = assigned * (b + 1) / blocks - assigned * b / blocks;
        double effect[2] = {block_effect(design, b), 0};
        assign(design, n, arm, random);
        for (size_t i = 0; i < n; i++, cluster++) {
            size_t members = 1;
            if (design->clusters) {
                effect[1] = cluster_effect(design, random);
                members = design->uneven
                              ? 1 + (size_t)gsl_rng_uniform_int(random, 2 * design->units - 1)
                              : design->units;
            }
            for (size_t m = 0; m < members; m++)
                add_unit(design, distribution, b, cluster, arm[i], effect, random, draw);
        }
    }
    draw->frame = (pilot_frame_t){.rows = draw->rows,
                                  .arms = design->arms,
                                  .arm = draw->arm,
                                  .block = design->blocks ? draw->block : NULL,
                                  .blocks = design->blocks,
                                  .cluster = design->clusters ? draw->cluster : NULL,
                                  .clusters = design->clusters,
                                  .weight = design->weighted ? draw->weight : NULL};
}
