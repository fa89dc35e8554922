/* Simulated: intervals of averages over persons and agencies hold the truth as often as they say,
 * also where effects go with size; tests of attributes that do nothing reject as often as they say.
 */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>

#include "../harness/meta_study.h"
#include "../harness/tap.h"

#define SPREAD 0.7 /* of the logarithm of an agency's size */

static uint64_t state = 7;

static double uniform(void)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* The mean effect of agencies is 0.2; weighted by size, slope * SPREAD more. */
static void make(study_t *study, double *persons, double slope)
{
    for (size_t i = 0; i < study->agencies; i++) {
        double size = normal(), error;
        persons[i] = rint(200 * exp(SPREAD * size));
        error = 2 / sqrt(persons[i]);
        study->estimate[i] = PILOT_GIVEN(0.2 + slope * size + 0.1 * normal() + error * normal());
        study->std_error[i] = PILOT_GIVEN(error);
    }
}

static void test_averages(size_t agencies, double slope, double least)
{
    static study_t study;
    static double persons[MOST];
    enum { DRAWS = 4000 };
    double held[2] = {0};
    pilot_meta_options_t options = {
        .confidence = 0.95, .method = PILOT_META_REML, .test = PILOT_META_KNHA};
    study.agencies = agencies;
    for (int draw = 0; draw < DRAWS; draw++) {
        make(&study, persons, slope);
        for (int by = 0; by < 2; by++) {
            double truth = 0.2 + (by ? slope * SPREAD : 0);
            pilot_meta_average_t average;
            pilot_meta_average(study.estimate, study.std_error, by ? persons : NULL, agencies,
                               &options, &average);
            held[by] += average.ci_low.given && average.ci_low.value <= truth &&
                        truth <= average.ci_high.value;
        }
    }
    ok(held[0] >= least * DRAWS && held[1] >= least * DRAWS && held[0] <= 0.97 * DRAWS &&
           held[1] <= 0.99 * DRAWS,
       "%zu agencies, effects %s size: 95%% intervals hold %.1f%% by agencies, %.1f%% by persons",
       agencies, slope > 0 ? "that go with" : "whatever the", 100 * held[0] / DRAWS,
       100 * held[1] / DRAWS);
}

static void test_size(size_t agencies)
{
    static const char *const level[] = {"a", "b", "c"};
    static study_t study;
    enum { DRAWS = 1500 };
    size_t rejected[2] = {0};
    pilot_meta_options_t options = {.confidence = 0.95, .method = PILOT_META_REML};
    study.agencies = agencies;
    study.attribute[0] =
        (pilot_attribute_t){.name = "number", .is_number = true, .number = study.number[0]};
    study.attribute[1] = (pilot_attribute_t){.name = "text", .level = study.level[0]};
    for (int draw = 0; draw < DRAWS; draw++) {
        for (size_t i = 0; i < agencies; i++) {
            double error = 0.2 * exp(uniform() - 0.5);
            study.estimate[i] = PILOT_GIVEN(0.2 * normal() + error * normal());
            study.std_error[i] = PILOT_GIVEN(error);
            study.number[0][i] = normal();
            study.level[0][i] = level[(size_t)(3 * uniform())];
        }
        for (int knha = 0; knha < 2; knha++) {
            pilot_moderator_t *row;
            size_t rows;
            options.test = knha ? PILOT_META_KNHA : PILOT_META_Z;
            pilot_meta_regression(study.estimate, study.std_error, agencies, study.attribute, 2,
                                  &options, &row, &rows);
            const pilot_moderator_t *all = find(row, rows, "test", "", "");
            rejected[knha] += all->p_value.given && all->p_value.value <= 0.05;
            free(row);
        }
    }
    ok(rejected[1] <= 0.08 * DRAWS && rejected[1] >= 0.03 * DRAWS && rejected[0] > rejected[1],
       "%zu agencies, attributes that do nothing: 5%% tests find them in %.1f%% (knha), %.1f%% (z)",
       agencies, 100 * (double)rejected[1] / DRAWS, 100 * (double)rejected[0] / DRAWS);
}

int main(void)
{
    gsl_set_error_handler_off();
    test_averages(5, 0, 0.94);
    test_averages(5, 0.1, 0.93);
    test_averages(20, 0, 0.94);
    test_averages(20, 0.1, 0.93);
    test_size(10);
    test_size(20);
    return tap_done();
}
