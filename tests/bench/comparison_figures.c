/* comparison_figures.c - one effect in two thousand agencies, on one core: the comparison with each
 * agency's place and influence, the averages, and a meta-regression on six attributes with its
 * groups.  One line a figure: name, figure, unit, goal, met|missed; tab-separated.
 * For other programs to be measured on: --data N prints the first N agencies as CSV, --seconds N
 * the time of the comparison of them and of their influence. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/clock.h"
#include "pilot/memory.h"
#include "pilot/meta_regression.h"

#define AGENCIES 2000
#define ROUNDS 5

typedef struct sample {
    pilot_number_t estimate[AGENCIES], std_error[AGENCIES];
    double persons[AGENCIES], number[4][AGENCIES];
    const char *mechanism[AGENCIES], *region[AGENCIES];
    pilot_attribute_t attribute[6];
} sample_t;

static sample_t sample;
static size_t agencies = AGENCIES;
static uint64_t state = 1;

static double uniform(void)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static void make(void)
{
    static const char *const mechanism[] = {"autonomy", "competence", "connection", "monitoring"};
    static const char *const region[] = {"center", "east", "north", "south", "west"};
    static const char *const name[] = {"autonomy", "competence", "connection",
                                       "size",     "mechanism",  "region"};
    for (size_t i = 0; i < AGENCIES; i++) {
        double error = 0.2 * exp(uniform() - 0.5), effect = 0.1 + 0.1 * normal();
        for (size_t a = 0; a < 4; a++)
            sample.number[a][i] = normal();
        sample.persons[i] = floor(50 + 500 * uniform());
        sample.mechanism[i] = mechanism[(size_t)(4 * uniform())];
        sample.region[i] = region[(size_t)(5 * uniform())];
        sample.std_error[i] = PILOT_GIVEN(error);
        sample.estimate[i] = PILOT_GIVEN(effect + 0.05 * sample.number[0][i] + error * normal());
    }
    for (size_t a = 0; a < 6; a++)
        sample.attribute[a] = (pilot_attribute_t){.name = name[a],
                                                  .is_number = a < 4,
                                                  .number = a < 4 ? sample.number[a] : NULL,
                                                  .level = a == 4   ? sample.mechanism
                                                           : a == 5 ? sample.region
                                                                    : NULL};
}

static void print_data(void)
{
    puts("yi,vi,autonomy,competence,connection,size,mechanism,region");
    for (size_t i = 0; i < agencies; i++) {
        double error = sample.std_error[i].value;
        printf("%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%s,%s\n", sample.estimate[i].value,
               error * error, sample.number[0][i], sample.number[1][i], sample.number[2][i],
               sample.number[3][i], sample.mechanism[i], sample.region[i]);
    }
}

static double tell(const char *name, double microseconds, double goal)
{
    double taken = microseconds / 1e6;
    printf("%s\t%.3f\ts\t<= %g\t%s\n", name, taken, goal, taken <= goal ? "met" : "missed");
    return taken;
}

/* One effect once, each part's time less than before if it took less. */
static void measure(const pilot_meta_options_t *options, double best[4])
{
    static pilot_meta_agency_t agency[AGENCIES];
    static pilot_meta_influence_t influence[AGENCIES];
    pilot_meta_row_t row[PILOT_META_ROWS];
    pilot_meta_average_t average;
    pilot_moderator_t *moderator;
    size_t moderators;
    int64_t at[5] = {pilot_clock_us()};
    pilot_meta(sample.estimate, sample.std_error, agencies, options, row, agency);
    at[1] = pilot_clock_us();
    pilot_meta_influence(sample.estimate, sample.std_error, agencies, options, influence);
    at[2] = pilot_clock_us();
    pilot_meta_average(sample.estimate, sample.std_error, NULL, agencies, options, &average);
    pilot_meta_average(sample.estimate, sample.std_error, sample.persons, agencies, options,
                       &average);
    at[3] = pilot_clock_us();
    pilot_meta_regression(sample.estimate, sample.std_error, agencies, sample.attribute, 6, options,
                          &moderator, &moderators);
    at[4] = pilot_clock_us();
    for (size_t i = 0; i < 4; i++)
        best[i] = fmin(best[i], (double)(at[i + 1] - at[i]));
    if (!influence[0].dfbetas.given || !average.std_error.given || !moderator[0].std_error.given)
        best[0] = INFINITY;
    free(moderator);
}

int main(int argc, char **argv)
{
    double best[4] = {INFINITY, INFINITY, INFINITY, INFINITY};
    pilot_meta_options_t options = {
        .confidence = 0.95, .method = PILOT_META_REML, .test = PILOT_META_KNHA};
    make();
    if (argc == 3)
        agencies = strtoul(argv[2], NULL, 10);
    if (agencies < 3 || agencies > AGENCIES)
        return 2;
    if (argc == 3 && strcmp(argv[1], "--data") == 0) {
        print_data();
        return 0;
    }
    for (int round = 0; round < ROUNDS; round++)
        measure(&options, best);
    if (argc == 3) {
        printf("%.9f\n", (best[0] + best[1]) / 1e6);
        return 0;
    }
    tell("comparison of 2000 agencies, one effect", best[0], 0.1);
    tell("influence of each of them", best[1], 0.1);
    tell("averages over persons and agencies", best[2], 0.01);
    tell("meta-regression on six attributes, with groups", best[3], 0.2);
    tell("all of it", best[0] + best[1] + best[2] + best[3], 0.5);
    return 0;
}
