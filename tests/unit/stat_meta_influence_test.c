/* What one agency does to the average, and averages with given weights: against metafor and
 * clubSandwich (tests/golden/meta/make_influence.R), against the comparison made again without the
 * agency, their edge cases, and their indifference to unit and order. */
#include "pilot/meta.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/table.h"
#include "../harness/tap.h"

#define GOLDEN 1e-8
#define MOST 400

typedef struct study {
    pilot_number_t estimate[MOST], std_error[MOST];
    double weight[MOST];
    size_t agencies;
} study_t;

static pilot_meta_options_t options_of(pilot_meta_method_t method, pilot_meta_test_t test)
{
    return (pilot_meta_options_t){.confidence = 0.95, .method = method, .test = test};
}

static void load(const table_t *data, const char *name, study_t *study)
{
    study->agencies = 0;
    for (size_t i = 0; i < data->rows; i++) {
        size_t k = study->agencies;
        if (strcmp(table_get(data, i, "dataset"), name) != 0)
            continue;
        study->estimate[k] = PILOT_GIVEN(strtod(table_get(data, i, "yi"), NULL));
        study->std_error[k] = PILOT_GIVEN(sqrt(strtod(table_get(data, i, "vi"), NULL)));
        study->weight[k] = k == 0 ? 3000 : rint(50 + 400 * (double)((k + 1) * 7 % 11) / 11);
        study->agencies++;
    }
}

/* A number of a whole order of magnitude `unit` or more is compared by its digits. */
static bool agrees(pilot_number_t got, double want, double unit, const char *what)
{
    bool good = got.given && fabs(got.value - want) <= GOLDEN * fmax(fabs(want), unit);
    if (!good)
        printf("# %s: got %s%.17g, want %.17g\n", what, got.given ? "" : "absent ", got.value,
               want);
    return good;
}

static double golden(const table_t *table, size_t row, const char *column)
{
    return strtod(table_get(table, row, column), NULL);
}

static void test_influence_of(const table_t *rows, size_t first, size_t count, const study_t *study)
{
    const char *method_name = table_get(rows, first, "method");
    const char *test_name = table_get(rows, first, "test");
    pilot_meta_options_t options = options_of(PILOT_META_REML, PILOT_META_Z);
    static pilot_meta_influence_t influence[MOST];
    static pilot_meta_agency_t agency[MOST];
    pilot_meta_row_t row[PILOT_META_ROWS];
    bool good = count == study->agencies &&
                pilot_meta_method_from_name(method_name, &options.method) &&
                pilot_meta_test_from_name(test_name, &options.test);
    pilot_meta_influence(study->estimate, study->std_error, study->agencies, &options, influence);
    pilot_meta(study->estimate, study->std_error, study->agencies, &options, row, agency);
    for (size_t i = 0; good && i < count; i++) {
        size_t at = first + i;
        double unit = study->std_error[i].value;
        good = agrees(influence[i].hat, golden(rows, at, "hat"), 0, "hat") &&
               agrees(influence[i].std_residual, golden(rows, at, "std_residual"), 1e-2,
                      "std_residual") &&
               agrees(influence[i].cooks_distance, golden(rows, at, "cooks_distance"), 1e-2,
                      "cooks_distance") &&
               agrees(influence[i].dfbetas, golden(rows, at, "dfbetas"), 1e-1, "dfbetas") &&
               agrees(agency[i].leave_one_out_estimate, golden(rows, at, "without"), unit * 1e-2,
                      "leave_one_out_estimate");
    }
    ok(good, "%s, %s x %s: each agency's influence is metafor's", table_get(rows, first, "dataset"),
       method_name, test_name);
}

static void test_golden_influence(void)
{
    table_t data = table_read("tests/golden/meta/data.csv");
    table_t rows = table_read("tests/golden/meta/influence.csv");
    static study_t study;
    for (size_t first = 0, next; first < rows.rows; first = next) {
        const char *name = table_get(&rows, first, "dataset");
        load(&data, name, &study);
        for (next = first; next < rows.rows && next - first < study.agencies; next++)
            if (strcmp(table_get(&rows, next, "dataset"), name) != 0)
                break;
        test_influence_of(&rows, first, next - first, &study);
    }
    table_free(&data);
    table_free(&rows);
}

static void test_golden_averages(void)
{
    table_t data = table_read("tests/golden/meta/data.csv");
    table_t rows = table_read("tests/golden/meta/averages.csv");
    static study_t study;
    for (size_t i = 0; i < rows.rows; i++) {
        const char *name = table_get(&rows, i, "dataset");
        bool site = strcmp(table_get(&rows, i, "weighting"), "site") == 0;
        pilot_meta_options_t fixed = options_of(PILOT_META_FIXED, PILOT_META_Z);
        pilot_meta_options_t random = options_of(PILOT_META_REML, PILOT_META_KNHA);
        pilot_meta_average_t average[2];
        load(&data, name, &study);
        const double *weight = site ? NULL : study.weight;
        pilot_meta_average(study.estimate, study.std_error, weight, study.agencies, &fixed,
                           average);
        pilot_meta_average(study.estimate, study.std_error, weight, study.agencies, &random,
                           average + 1);
        ok(agrees(average[0].estimate, golden(&rows, i, "estimate"), 0, "estimate") &&
               agrees(average[0].std_error, golden(&rows, i, "design"), 0, "design") &&
               !average[0].df.given &&
               agrees(average[1].std_error, golden(&rows, i, "robust"), 0, "robust") &&
               agrees(average[1].df, golden(&rows, i, "df"), 0, "df"),
           "%s by %s: the average is R's, its CR2 standard error and df are clubSandwich's", name,
           table_get(&rows, i, "weighting"));
    }
    table_free(&data);
    table_free(&rows);
}

/* A small generator, for data that need not be the same elsewhere. */
static uint64_t state;

static double uniform(void)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static void make(study_t *study, size_t agencies, uint64_t seed, double spread)
{
    state = seed;
    study->agencies = agencies;
    for (size_t i = 0; i < agencies; i++) {
        double se = exp(2 * uniform() - 1);
        double y = se * sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
        y += spread * (uniform() - 0.5);
        study->estimate[i] = PILOT_GIVEN(3 + y);
        study->std_error[i] = PILOT_GIVEN(se);
        study->weight[i] = floor(10 + 1000 * uniform());
    }
}

/* The fast search against pilot_meta on what is left. */
static void test_against_again(const study_t *study, const char *what)
{
    static study_t left;
    static pilot_meta_agency_t agency[MOST];
    pilot_meta_row_t row[PILOT_META_ROWS];
    double worst = 0;
    for (int m = 0; m < PILOT_META_METHODS; m++) {
        pilot_meta_options_t options = options_of((pilot_meta_method_t)m, PILOT_META_Z);
        pilot_meta(study->estimate, study->std_error, study->agencies, &options, row, agency);
        for (size_t i = 0; i < study->agencies; i++) {
            left = *study;
            left.agencies--;
            left.estimate[i] = left.estimate[left.agencies];
            left.std_error[i] = left.std_error[left.agencies];
            pilot_meta(left.estimate, left.std_error, left.agencies, &options, row, NULL);
            const pilot_meta_row_t *again = &row[m * PILOT_META_TESTS];
            double off = fabs(agency[i].leave_one_out_estimate.value - again->estimate.value);
            worst = fmax(worst, (off - 1e-14) / again->std_error.value);
        }
    }
    ok(worst < 1e-9, "%s: without an agency as if it had never been there (%.1e)", what, worst);
}

static void test_again(void)
{
    static study_t study;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        char name[64];
        snprintf(name, sizeof name, "made up, %d agencies, spread %g", (int)(3 + 9 * seed),
                 (double)(seed % 3) * 2);
        make(&study, 3 + 9 * seed, seed, (double)(seed % 3) * 2);
        test_against_again(&study, name);
    }
    study.estimate[4].value = 1e7;
    test_against_again(&study, "one agency far from all");
    make(&study, 30, 3, 1);
    study.std_error[7].value = 1e-6;
    test_against_again(&study, "one agency with nearly all the weight");
    make(&study, 12, 5, 0);
    for (size_t i = 0; i < 12; i++)
        study.estimate[i].value = 2;
    test_against_again(&study, "equal estimates");
}

static void test_two_maxima(void)
{
    static const double y[] = {0, 0.3, -0.2, 9, -8, 0.1, 7};
    static const double v[] = {0.01, 0.012, 0.01, 30, 30, 0.011, 25};
    static study_t study;
    study.agencies = 7;
    for (size_t i = 0; i < 7; i++) {
        study.estimate[i] = PILOT_GIVEN(y[i]);
        study.std_error[i] = PILOT_GIVEN(sqrt(v[i]));
    }
    test_against_again(&study, "a likelihood with two maxima");
}

static bool same(pilot_number_t a, pilot_number_t b)
{
    return a.given == b.given && (!a.given || memcmp(&a.value, &b.value, sizeof a.value) == 0);
}

/* Agencies turned round: the same bits. */
static void test_order(void)
{
    static study_t study, turned;
    static pilot_meta_influence_t influence[2][MOST];
    static pilot_meta_agency_t agency[2][MOST];
    pilot_meta_row_t row[2][PILOT_META_ROWS];
    pilot_meta_average_t average[2];
    pilot_meta_options_t options = options_of(PILOT_META_REML, PILOT_META_KNHA);
    bool good = true;
    make(&study, 150, 9, 2);
    for (size_t i = 20; i < 40; i++) { /* equal estimates, other weights */
        study.estimate[i] = study.estimate[20];
        study.std_error[i] = study.std_error[20];
    }
    study.estimate[5] = PILOT_ABSENT;
    turned = study;
    for (size_t i = 0; i < 150; i++) {
        turned.estimate[i] = study.estimate[149 - i];
        turned.std_error[i] = study.std_error[149 - i];
        turned.weight[i] = study.weight[149 - i];
    }
    const study_t *both[] = {&study, &turned};
    for (size_t b = 0; b < 2; b++) {
        pilot_meta(both[b]->estimate, both[b]->std_error, 150, &options, row[b], agency[b]);
        pilot_meta_influence(both[b]->estimate, both[b]->std_error, 150, &options, influence[b]);
        pilot_meta_average(both[b]->estimate, both[b]->std_error, both[b]->weight, 150, &options,
                           &average[b]);
    }
    for (size_t i = 0; i < PILOT_META_ROWS; i++)
        good &= same(row[0][i].estimate, row[1][i].estimate) &&
                same(row[0][i].std_error, row[1][i].std_error) &&
                same(row[0][i].tau2, row[1][i].tau2) && same(row[0][i].q, row[1][i].q);
    for (size_t i = 0; i < 150; i++)
        good &=
            same(agency[0][i].eb_estimate, agency[1][149 - i].eb_estimate) &&
            same(agency[0][i].leave_one_out_estimate, agency[1][149 - i].leave_one_out_estimate) &&
            same(influence[0][i].dfbetas, influence[1][149 - i].dfbetas) &&
            same(influence[0][i].cooks_distance, influence[1][149 - i].cooks_distance);
    good &= same(average[0].estimate, average[1].estimate) &&
            same(average[0].std_error, average[1].std_error) && same(average[0].df, average[1].df);
    ok(good, "agencies in another order: the same bits");
}

static double relative(pilot_number_t got, double want)
{
    return got.given ? fabs(got.value - want) / fmax(fabs(want), 1e-300) : INFINITY;
}

static void test_unit(double factor)
{
    static study_t study, scaled;
    static pilot_meta_influence_t influence[2][MOST];
    pilot_meta_average_t average[2];
    pilot_meta_options_t options = options_of(PILOT_META_REML, PILOT_META_KNHA);
    double worst = 0;
    make(&study, 60, 4, 2);
    scaled = study;
    for (size_t i = 0; i < 60; i++) {
        scaled.estimate[i].value *= factor;
        scaled.std_error[i].value *= factor;
    }
    pilot_meta_influence(study.estimate, study.std_error, 60, &options, influence[0]);
    pilot_meta_influence(scaled.estimate, scaled.std_error, 60, &options, influence[1]);
    pilot_meta_average(study.estimate, study.std_error, study.weight, 60, &options, &average[0]);
    pilot_meta_average(scaled.estimate, scaled.std_error, study.weight, 60, &options, &average[1]);
    for (size_t i = 0; i < 60; i++) {
        worst = fmax(worst, relative(influence[1][i].hat, influence[0][i].hat.value));
        worst = fmax(worst, fabs(influence[1][i].dfbetas.value - influence[0][i].dfbetas.value));
        worst =
            fmax(worst, relative(influence[1][i].std_residual, influence[0][i].std_residual.value));
    }
    worst = fmax(worst, relative(average[1].estimate, average[0].estimate.value * factor));
    worst = fmax(worst, relative(average[1].std_error, average[0].std_error.value * factor));
    worst = fmax(worst, relative(average[1].p_value, average[0].p_value.value));
    ok(worst < 1e-10, "outcome x %g: the same influence and averages (%.1e)", factor, worst);
}

static void test_duplicates(void)
{
    static study_t study;
    pilot_meta_row_t twice[PILOT_META_ROWS], once[PILOT_META_ROWS];
    pilot_meta_options_t options = options_of(PILOT_META_FIXED, PILOT_META_Z);
    double worst = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        make(&study, 10, seed, 1);
        study.estimate[10] = study.estimate[3];
        study.std_error[10] = study.std_error[3];
        pilot_meta(study.estimate, study.std_error, 11, &options, twice, NULL);
        study.std_error[3].value /= sqrt(2);
        pilot_meta(study.estimate, study.std_error, 10, &options, once, NULL);
        worst = fmax(worst, relative(twice[0].estimate, once[0].estimate.value));
        worst = fmax(worst, relative(twice[0].std_error, once[0].std_error.value));
        worst = fmax(worst, relative(twice[0].q, once[0].q.value));
    }
    ok(worst < 1e-12, "an agency twice is one of half its variance, in fixed pooling (%.1e)",
       worst);
}

static void test_few_influence(void)
{
    pilot_number_t y[] = {PILOT_GIVEN(2), PILOT_GIVEN(5), PILOT_ABSENT, PILOT_GIVEN(3)};
    pilot_number_t s[] = {PILOT_GIVEN(1), PILOT_GIVEN(2), PILOT_GIVEN(1), PILOT_GIVEN(1)};
    pilot_meta_influence_t influence[4];
    pilot_meta_options_t options = options_of(PILOT_META_REML, PILOT_META_KNHA);
    pilot_meta_influence(y, s, 0, &options, influence);
    pilot_meta_influence(y, s, 1, &options, influence);
    ok(!influence[0].hat.given && !influence[0].dfbetas.given, "one agency has no influence");
    pilot_meta_influence(y, s, 2, &options, influence);
    ok(influence[0].hat.given && !influence[0].dfbetas.given && !influence[0].std_residual.given,
       "two agencies: a share of the weight, nothing without tau2 of the other");
    options = options_of(PILOT_META_FIXED, PILOT_META_Z);
    pilot_meta_influence(y, s, 2, &options, influence);
    ok(fabs(influence[0].std_residual.value + 3 / sqrt(5)) < 1e-12 &&
           fabs(influence[0].hat.value - 0.8) < 1e-12,
       "two agencies, fixed x z: one against the other");
    options = options_of(PILOT_META_REML, PILOT_META_KNHA);
    pilot_meta_influence(y, s, 4, &options, influence);
    ok(!influence[2].hat.given && influence[3].dfbetas.given,
       "an agency without an estimate has no influence");
    y[1] = y[3] = PILOT_GIVEN(2);
    pilot_meta_influence(y, s, 4, &options, influence);
    ok(influence[0].hat.given && !influence[0].dfbetas.given && !influence[0].cooks_distance.given,
       "equal estimates: Knapp-Hartung has no variance to measure influence by");
}

static void test_few_averages(void)
{
    pilot_number_t y[] = {PILOT_GIVEN(2), PILOT_GIVEN(5), PILOT_ABSENT};
    pilot_number_t s[] = {PILOT_GIVEN(1), PILOT_GIVEN(2), PILOT_GIVEN(1)};
    double weight[] = {30, 10, 5};
    pilot_meta_average_t average;
    pilot_meta_options_t random = options_of(PILOT_META_DL, PILOT_META_KNHA);
    pilot_meta_options_t fixed = options_of(PILOT_META_FIXED, PILOT_META_KNHA);
    pilot_meta_average(y + 2, s + 2, NULL, 1, &random, &average);
    ok(average.k == 0 && !average.estimate.given && average.status == PILOT_ROW_NOT_ESTIMABLE &&
           average.reason == PILOT_REASON_TOO_FEW_AGENCIES,
       "no agency, no average");
    pilot_meta_average(y, s, NULL, 1, &random, &average);
    ok(average.estimate.value == 2 && !average.std_error.given && !average.df.given &&
           average.reason == PILOT_REASON_TOO_FEW_AGENCIES,
       "one agency of a sample: an estimate, no standard error");
    pilot_meta_average(y, s, weight, 1, &fixed, &average);
    ok(average.estimate.value == 2 && fabs(average.std_error.value - 1) < 1e-12,
       "one agency for itself: its own standard error");
    pilot_meta_average(y, s, NULL, 3, &random, &average);
    ok(average.k == 2 && fabs(average.std_error.value - 1.5) < 1e-12 &&
           fabs(average.df.value - 1) < 1e-12 && average.status == PILOT_ROW_OK,
       "two agencies: half their difference, 1 df");
    weight[1] = 0;
    pilot_meta_average(y, s, weight, 3, &fixed, &average);
    ok(average.k == 1, "an agency without weight does not take part");
    weight[1] = NAN;
    pilot_meta_average(y, s, weight, 3, &fixed, &average);
    ok(average.k == 1, "nor one whose weight is no number");
    y[1].value = 2;
    weight[1] = 10;
    pilot_meta_average(y, s, weight, 3, &random, &average);
    ok(average.estimate.value == 2 && average.reason == PILOT_REASON_ZERO_VARIANCE &&
           !average.std_error.given,
       "equal estimates: the robust variance is 0 and says so");
    random.test = PILOT_META_ADHOC;
    pilot_meta_average(y, s, weight, 3, &random, &average);
    ok(fabs(average.std_error.value - sqrt(0.75 * 0.75 + 4 * 0.25 * 0.25)) < 1e-12,
       "equal estimates, adhoc: never less than the agencies' own errors");
}

/* Shares of nearly 1 keep the digits of the others. */
static void test_giant(void)
{
    pilot_number_t y[] = {PILOT_GIVEN(1), PILOT_GIVEN(2), PILOT_GIVEN(4), PILOT_GIVEN(7)};
    pilot_number_t s[] = {PILOT_GIVEN(1), PILOT_GIVEN(1), PILOT_GIVEN(1), PILOT_GIVEN(1)};
    double weight[] = {1e9, 1, 1, 1};
    pilot_meta_average_t average;
    pilot_meta_options_t options = options_of(PILOT_META_REML, PILOT_META_KNHA);
    pilot_meta_average(y, s, weight, 4, &options, &average);
    /* Against the mean of three: residual (10/3) 3e-9 with variance (1 + 1/3) 9e-18, df 1. */
    is_close(average.std_error.value, (10.0 / 3) / sqrt(4.0 / 3), 1e-8,
             "an agency of nearly all persons: it against the rest");
    is_close(average.df.value, 1, 1e-8, "and one degree of freedom");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_golden_influence();
    test_golden_averages();
    test_again();
    test_two_maxima();
    test_order();
    test_unit(1e9);
    test_unit(1e-9);
    test_duplicates();
    test_few_influence();
    test_few_averages();
    test_giant();
    return tap_done();
}
