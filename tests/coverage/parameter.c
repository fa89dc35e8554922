/* parameter.c - see parameter.h. */
#include "parameter.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define PEOPLE ((size_t)400000)

void draw_population(const design_t *design, distribution_t distribution, gsl_rng *random,
                     population_t *ret_population)
{
    size_t blocks = design->blocks ? design->blocks : 1, each = PEOPLE / blocks;
    population_t population = {.people = each * blocks, .blocks = blocks};
    population.person = PILOT_NEW_ARRAY(person_t, population.people);
    population.treated = PILOT_NEW_ARRAY(double, population.people);
    population.untreated = PILOT_NEW_ARRAY(double, population.people);
    for (size_t i = 0; i < population.people; i++) {
        draw_person(distribution, block_effect(design, i / each), cluster_effect(design, random),
                    random, &population.person[i]);
        population.treated[i] = population.person[i].treated;
        population.untreated[i] = population.person[i].untreated;
    }
    for (size_t b = 0; b < blocks; b++) {
        gsl_sort(&population.treated[b * each], 1, each);
        gsl_sort(&population.untreated[b * each], 1, each);
    }
    *ret_population = population;
}

void clear_population(population_t *population)
{
    free(population->person);
    free(population->treated);
    free(population->untreated);
    *population = (population_t){0};
}

static double mean_treated(const population_t *population)
{
    return gsl_stats_mean(population->treated, 1, population->people);
}

static double mean_untreated(const population_t *population)
{
    return gsl_stats_mean(population->untreated, 1, population->people);
}

double mean_difference(const population_t *population)
{
    return mean_treated(population) - mean_untreated(population);
}

/* Blocks move both outcomes alike, so the ratio is that of each block's means too. */
double log_risk_ratio(const population_t *population)
{
    return log(mean_treated(population) / mean_untreated(population));
}

double log_odds_ratio(const population_t *population)
{
    double one = mean_treated(population), zero = mean_untreated(population);
    return log(one / (1 - one)) - log(zero / (1 - zero));
}

static double median(const double *value, size_t n)
{
    double *sorted = PILOT_NEW_ARRAY(double, n), middle;
    memcpy(sorted, value, n * sizeof *sorted);
    gsl_sort(sorted, 1, n);
    middle = gsl_stats_median_from_sorted_data(sorted, 1, n);
    free(sorted);
    return middle;
}

double median_difference(const population_t *population)
{
    return median(population->treated, population->people) -
           median(population->untreated, population->people);
}

/* Of people of the same block. */
double rank_probability(const population_t *population)
{
    size_t each = population->people / population->blocks;
    double sum = 0;
    for (size_t b = 0; b < population->blocks; b++) {
        const double *one = &population->treated[b * each];
        const double *zero = &population->untreated[b * each];
        for (size_t i = 0, below = 0, within = 0; i < each; i++) {
            while (below < each && zero[below] < one[i])
                below++;
            while (within < each && zero[within] <= one[i])
                within++;
            sum += (double)(below + within) / 2;
        }
    }
    return sum / (double)population->people / (double)each;
}

/* Of the variances within blocks. */
double log_variance_ratio(const population_t *population)
{
    size_t each = population->people / population->blocks;
    double one = 0, zero = 0;
    for (size_t b = 0; b < population->blocks; b++) {
        one += gsl_stats_variance(&population->treated[b * each], 1, each);
        zero += gsl_stats_variance(&population->untreated[b * each], 1, each);
    }
    return log(one / zero);
}

/* A time is seen to be above t with probability S(t)(1 - t/2), as censoring is uniform on (0, 2);
 * so the area under S up to the horizon is the mean of this. */
static double restricted(double time)
{
    return -2 * log1p(-fmin(time, HORIZON) / 2);
}

double restricted_mean_difference(const population_t *population)
{
    double sum = 0;
    for (size_t i = 0; i < population->people; i++)
        sum += restricted(population->treated[i]) - restricted(population->untreated[i]);
    return sum / (double)population->people;
}

double no_effect(const population_t *population)
{
    (void)population;
    return 0;
}

double effect_of_seen(const population_t *population)
{
    double sum = 0, people = 0;
    for (size_t i = 0; i < population->people; i++) {
        const person_t *person = &population->person[i];
        sum += person->seen[0] ? person->treated - person->untreated : 0;
        people += person->seen[0];
    }
    return sum / people;
}

double effect_of_compliers(const population_t *population)
{
    double sum = 0, people = 0;
    for (size_t i = 0; i < population->people; i++) {
        const person_t *person = &population->person[i];
        bool complies = person->takes[1] && !person->takes[0];
        sum += complies ? person->treated - person->untreated : 0;
        people += complies;
    }
    return sum / people;
}
