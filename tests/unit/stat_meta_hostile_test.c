/* Comparisons of made-up agencies of all sorts: variances over many orders of magnitude, outliers,
 * equal and missing estimates, no weight, attributes that repeat each other.  Every number is
 * finite, and what is missing has a reason. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../harness/meta_study.h"
#include "../harness/tap.h"

#define SEEDS 300

static uint64_t state;

static double uniform(void)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static void make(study_t *study, double *weight, uint64_t seed)
{
    static const char *const level[] = {"north", "South", "east", "West", "ö"};
    state = seed * 977 + 13;
    for (int i = 0; i < 5; i++)
        uniform();
    study->agencies = (size_t)(uniform() * uniform() * 40);
    double uneven = uniform() < 0.3 ? 10 * uniform() : uniform();
    double spread = uniform() < 0.4 ? 0 : pow(10, 4 * uniform() - 2);
    double unit = uniform() < 0.2 ? pow(10, 40 * uniform() - 20) : 1, levels = 1 + 5 * uniform();
    bool equal = uniform() < 0.1;
    for (size_t i = 0; i < study->agencies; i++) {
        double error = exp(uneven * normal()), effect = spread * normal() + error * normal();
        effect *= uniform() < 0.03 ? 1e6 : 1;
        study->estimate[i] = PILOT_GIVEN(equal ? unit : effect * unit);
        study->std_error[i] = PILOT_GIVEN(uniform() < 0.03 ? 0 : error * unit);
        if (uniform() < 0.05)
            study->estimate[i] = PILOT_ABSENT;
        weight[i] = uniform() < 0.05 ? 0 : exp(3 * normal());
        study->number[0][i] = uniform() < 0.3 ? 1 : floor(5 * uniform());
        study->number[1][i] = 2000 + 1000 * normal();
        study->missing[1][i] = uniform() < 0.05;
        study->level[0][i] = uniform() < 0.05 ? NULL : level[(size_t)(fmin(levels, 5) * uniform())];
    }
    study->attributes = 1 + seed % 4;
    study->attribute[0] =
        (pilot_attribute_t){.name = "one", .is_number = true, .number = study->number[0]};
    study->attribute[1] = (pilot_attribute_t){.name = "text", .level = study->level[0]};
    study->attribute[2] = (pilot_attribute_t){
        .name = "two", .is_number = true, .number = study->number[1], .missing = study->missing[1]};
    study->attribute[3] = study->attribute[0];
}

static bool sound(pilot_number_t number)
{
    return !number.given || isfinite(number.value);
}

static bool comparison_is_sound(const study_t *study, const pilot_meta_options_t *options)
{
    static pilot_meta_agency_t agency[MOST];
    static pilot_meta_influence_t influence[MOST];
    pilot_meta_row_t row[PILOT_META_ROWS];
    bool good = true;
    pilot_meta(study->estimate, study->std_error, study->agencies, options, row, agency);
    pilot_meta_influence(study->estimate, study->std_error, study->agencies, options, influence);
    for (size_t i = 0; i < PILOT_META_ROWS; i++)
        good &= sound(row[i].estimate) && sound(row[i].std_error) && sound(row[i].tau2) &&
                sound(row[i].tau2_high) && sound(row[i].i2) && sound(row[i].pi_high) &&
                (row[i].std_error.given || row[i].reason != PILOT_REASON_NONE);
    for (size_t i = 0; i < study->agencies; i++)
        good &= sound(agency[i].eb_estimate) && sound(agency[i].leave_one_out_estimate) &&
                sound(influence[i].hat) && sound(influence[i].std_residual) &&
                sound(influence[i].cooks_distance) && sound(influence[i].dfbetas) &&
                influence[i].hat.given == (agency[i].weight.given && row[0].k >= 2);
    return good;
}

static bool averages_are_sound(const study_t *study, const double *weight,
                               const pilot_meta_options_t *options)
{
    bool good = true;
    for (int by = 0; by < 2; by++) {
        pilot_meta_average_t average;
        pilot_meta_average(study->estimate, study->std_error, by ? weight : NULL, study->agencies,
                           options, &average);
        good &= sound(average.estimate) && sound(average.std_error) && sound(average.p_value) &&
                (average.std_error.given || average.reason != PILOT_REASON_NONE) &&
                (!average.df.given ||
                 (average.df.value > 0.9 && average.df.value < (double)average.k - 1 + 1e-6));
    }
    return good;
}

static bool regression_is_sound(const study_t *study, const pilot_meta_options_t *options)
{
    pilot_moderator_t *row;
    size_t rows;
    bool good = true;
    pilot_meta_regression(study->estimate, study->std_error, study->agencies, study->attribute,
                          study->attributes, options, &row, &rows);
    for (size_t i = 0; i < rows; i++)
        good &= sound(row[i].estimate) && sound(row[i].std_error) && sound(row[i].statistic) &&
                sound(row[i].p_value) && sound(row[i].ci_low) && sound(row[i].tau2) &&
                sound(row[i].i2) && sound(row[i].r2) &&
                (row[i].statistic.given || row[i].reason != PILOT_REASON_NONE);
    free(row);
    return good;
}

int main(void)
{
    static study_t study;
    static double weight[MOST];
    size_t bad = 0;
    gsl_set_error_handler_off();
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        make(&study, weight, seed);
        for (int i = 0; i < PILOT_META_ROWS; i++) {
            pilot_meta_options_t options = {.confidence = 0.95,
                                            .method = (pilot_meta_method_t)(i / PILOT_META_TESTS),
                                            .test = (pilot_meta_test_t)(i % PILOT_META_TESTS)};
            if (comparison_is_sound(&study, &options) &&
                averages_are_sound(&study, weight, &options) &&
                regression_is_sound(&study, &options))
                continue;
            printf("# seed %d, %s x %s\n", (int)seed, pilot_meta_method_name(options.method),
                   pilot_meta_test_name(options.test));
            bad++;
        }
    }
    ok(bad == 0, "%d hostile comparisons: every number finite, what is missing with a reason",
       SEEDS);
    return tap_done();
}
