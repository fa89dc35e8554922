/* Comparison across agencies against metafor (tests/golden/meta/make_meta.R), its edge cases and
 * its indifference to the outcome's unit. */
#include "pilot/meta.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/table.h"
#include "../harness/tap.h"

#define GOLDEN 1e-8
#define MOST 4000

typedef struct study {
    pilot_number_t estimate[MOST], std_error[MOST];
    size_t agencies;
} study_t;

static study_t study;
static pilot_meta_agency_t agency[MOST];

static pilot_meta_options_t headline(pilot_meta_method_t method, pilot_meta_test_t test)
{
    return (pilot_meta_options_t){.confidence = 0.95, .method = method, .test = test};
}

static void load(const table_t *data, const char *name)
{
    study.agencies = 0;
    for (size_t i = 0; i < data->rows; i++) {
        if (strcmp(table_get(data, i, "dataset"), name) != 0)
            continue;
        study.estimate[study.agencies] = PILOT_GIVEN(strtod(table_get(data, i, "yi"), NULL));
        study.std_error[study.agencies++] =
            PILOT_GIVEN(sqrt(strtod(table_get(data, i, "vi"), NULL)));
    }
}

static bool agrees(pilot_number_t got, const char *want, const char *what)
{
    double value = strtod(want, NULL);
    bool wanted = strncmp(want, "Na", 2) != 0 && strncmp(want, "NA", 2) != 0;
    bool good = got.given == wanted &&
                (!wanted || fabs(got.value - value) <= GOLDEN * fmax(fabs(value), 1e-9));
    if (!good)
        printf("# %s: got %s %.17g, want %s\n", what, got.given ? "" : "absent", got.value, want);
    return good;
}

static void test_row(const table_t *rows, size_t i)
{
    pilot_meta_row_t all[PILOT_META_ROWS], *row;
    pilot_meta_options_t options = headline(PILOT_META_REML, PILOT_META_KNHA);
    pilot_meta_method_t method = PILOT_META_FIXED;
    pilot_meta_test_t test = PILOT_META_Z;
    const char *const names[] = {"estimate", "std_error", "p_value",  "ci_low",   "ci_high",
                                 "pi_low",   "pi_high",   "tau2",     "q",        "q_p_value",
                                 "i2",       "h2",        "tau2_low", "tau2_high"};
    bool good = pilot_meta_method_from_name(table_get(rows, i, "method"), &method) &&
                pilot_meta_test_from_name(table_get(rows, i, "test"), &test);
    pilot_meta(study.estimate, study.std_error, study.agencies, &options, all, NULL);
    row = &all[method * PILOT_META_TESTS + test];
    const pilot_number_t got[] = {row->estimate, row->std_error, row->p_value, row->ci_low,
                                  row->ci_high,  row->pi_low,    row->pi_high, row->tau2,
                                  row->q,        row->q_p_value, row->i2,      row->h2,
                                  row->tau2_low, row->tau2_high};
    for (size_t j = 0; j < sizeof got / sizeof *got; j++)
        good &= agrees(got[j], table_get(rows, i, names[j]), names[j]);
    ok(good, "%s, %s x %s is metafor's", table_get(rows, i, "dataset"),
       table_get(rows, i, "method"), table_get(rows, i, "test"));
}

static void test_agencies_of(const table_t *agencies, const char *name, const char *test_name)
{
    pilot_meta_row_t all[PILOT_META_ROWS];
    pilot_meta_test_t test = PILOT_META_Z;
    pilot_meta_options_t options;
    size_t place = 0;
    bool good = pilot_meta_test_from_name(test_name, &test);
    options = headline(PILOT_META_REML, test);
    pilot_meta(study.estimate, study.std_error, study.agencies, &options, all, agency);
    for (size_t i = 0; i < agencies->rows; i++) {
        if (strcmp(table_get(agencies, i, "dataset"), name) != 0 ||
            strcmp(table_get(agencies, i, "test"), test_name) != 0)
            continue;
        good &= agrees(agency[place].eb_estimate, table_get(agencies, i, "eb"), "eb") &&
                agrees(agency[place].eb_std_error, table_get(agencies, i, "eb_se"), "eb_se") &&
                agrees(agency[place].weight, table_get(agencies, i, "weight"), "weight");
        place++;
    }
    ok(good && place == study.agencies,
       "%s, reml x %s: each agency's shrunken estimate and weight are metafor's", name, test_name);
}

static void test_golden(void)
{
    table_t data = table_read("tests/golden/meta/data.csv");
    table_t rows = table_read("tests/golden/meta/rows.csv");
    table_t agencies = table_read("tests/golden/meta/agencies.csv");
    for (size_t i = 0; i < rows.rows; i++) {
        const char *name = table_get(&rows, i, "dataset");
        if (i == 0 || strcmp(table_get(&rows, i - 1, "dataset"), name) != 0) {
            load(&data, name);
            test_agencies_of(&agencies, name, "z");
            test_agencies_of(&agencies, name, "knha");
        }
        test_row(&rows, i);
    }
    table_free(&data);
    table_free(&rows);
    table_free(&agencies);
}

static const pilot_meta_row_t *row_of(const pilot_meta_row_t *all, pilot_meta_method_t method,
                                      pilot_meta_test_t test)
{
    return &all[method * PILOT_META_TESTS + test];
}

static void test_few(void)
{
    pilot_meta_row_t all[PILOT_META_ROWS];
    pilot_meta_options_t options = headline(PILOT_META_REML, PILOT_META_KNHA);
    const pilot_number_t y[] = {PILOT_GIVEN(2), PILOT_ABSENT, PILOT_GIVEN(3), PILOT_GIVEN(5)};
    const pilot_number_t s[] = {PILOT_GIVEN(1), PILOT_ABSENT, PILOT_ABSENT, PILOT_GIVEN(2)};
    const pilot_meta_row_t *row;
    size_t refused = 0;

    pilot_meta(y + 1, s + 1, 2, &options, all, agency);
    for (size_t i = 0; i < PILOT_META_ROWS; i++)
        refused += all[i].k == 0 && !all[i].estimate.given && !all[i].q.given &&
                   all[i].status == PILOT_ROW_NOT_ESTIMABLE &&
                   all[i].reason == PILOT_REASON_TOO_FEW_AGENCIES;
    ok(refused == PILOT_META_ROWS, "no agency: twelve rows, all too_few_agencies");
    ok(agency[0].status == PILOT_ROW_NOT_ESTIMABLE && !agency[0].eb_estimate.given,
       "an agency without an estimate is not shrunk");

    pilot_meta(y, s, 3, &options, all, agency);
    row = row_of(all, PILOT_META_FIXED, PILOT_META_Z);
    ok(row->k == 1 && row->estimate.value == 2 && row->std_error.value == 1 && row->p_value.given,
       "one agency: fixed x z is that agency");
    ok(row->status == PILOT_ROW_FLAGGED && row->reason == PILOT_REASON_TOO_FEW_AGENCIES &&
           !row->pi_low.given && !row->q_p_value.given && !row->i2.given,
       "one agency: what needs two is absent, with a reason");
    row = row_of(all, PILOT_META_REML, PILOT_META_KNHA);
    ok(row->estimate.given && !row->std_error.given && !row->tau2.given &&
           row->status == PILOT_ROW_NOT_ESTIMABLE && row->reason == PILOT_REASON_TOO_FEW_AGENCIES,
       "one agency: a random effect has an estimate and no standard error");
    ok(agency[0].status == PILOT_ROW_NOT_ESTIMABLE &&
           agency[0].reason == PILOT_REASON_TOO_FEW_AGENCIES && !agency[0].weight.given,
       "one agency: nothing to shrink it by");

    pilot_meta(y, s, 4, &options, all, agency);
    row = row_of(all, PILOT_META_REML, PILOT_META_KNHA);
    ok(row->k == 2 && row->std_error.given && row->df.value == 1 && row->tau2.given,
       "two agencies: estimate, standard error, tau2");
    ok(!row->pi_low.given && row->status == PILOT_ROW_FLAGGED &&
           row->reason == PILOT_REASON_TOO_FEW_AGENCIES,
       "two agencies: no prediction interval with k - 2, flagged");
    ok(agency[0].leave_one_out_estimate.value == 5 && agency[3].leave_one_out_estimate.value == 2,
       "two agencies: without one there is the other");
    options.prediction_k_minus_1 = true;
    pilot_meta(y, s, 4, &options, all, NULL);
    ok(row_of(all, PILOT_META_REML, PILOT_META_KNHA)->pi_low.given,
       "two agencies: a prediction interval with k - 1");
}

static void test_equal(void)
{
    pilot_meta_row_t all[PILOT_META_ROWS];
    pilot_meta_options_t options = headline(PILOT_META_REML, PILOT_META_KNHA);
    const pilot_number_t y[] = {PILOT_GIVEN(2), PILOT_GIVEN(2), PILOT_GIVEN(2)};
    const pilot_number_t s[] = {PILOT_GIVEN(1), PILOT_GIVEN(0.5), PILOT_GIVEN(2)};
    const pilot_meta_row_t *row;
    pilot_meta(y, s, 3, &options, all, agency);
    row = row_of(all, PILOT_META_REML, PILOT_META_KNHA);
    ok(row->status == PILOT_ROW_NOT_ESTIMABLE && row->reason == PILOT_REASON_ZERO_VARIANCE &&
           row->estimate.value == 2 && !row->std_error.given,
       "equal estimates: Knapp-Hartung has no variance and says so");
    ok(row_of(all, PILOT_META_REML, PILOT_META_Z)->std_error.given &&
           row_of(all, PILOT_META_REML, PILOT_META_ADHOC)->std_error.given,
       "equal estimates: z and adhoc have one");
    ok(!row->tau2_low.given &&
           row_of(all, PILOT_META_DL, PILOT_META_Z)->status == PILOT_ROW_FLAGGED,
       "a tau2 interval below 0 is absent and flagged");
}

/* Restricted likelihood with a local maximum at 0 and the global one far from it. */
static void test_two_maxima(void)
{
    pilot_meta_row_t all[PILOT_META_ROWS];
    pilot_meta_options_t options = headline(PILOT_META_REML, PILOT_META_Z);
    double best = -INFINITY, best_tau2 = 0, got;
    const double y[] = {0, 0.3, -0.2, 9, -8, 0.1, 7};
    const double v[] = {0.01, 0.012, 0.01, 30, 30, 0.011, 25};
    pilot_number_t estimate[7], std_error[7];
    for (size_t i = 0; i < 7; i++) {
        estimate[i] = PILOT_GIVEN(y[i]);
        std_error[i] = PILOT_GIVEN(sqrt(v[i]));
    }
    for (int g = 0; g < 13000; g++) {
        double tau2 = 1e-5 * expm1(g * 1.25e-3), w = 0, m = 0, q = 0, logs = 0;
        for (size_t i = 0; i < 7; i++) {
            w += 1 / (v[i] + tau2);
            m += y[i] / (v[i] + tau2);
            logs += log(v[i] + tau2);
        }
        for (size_t i = 0; i < 7; i++)
            q += (y[i] - m / w) * (y[i] - m / w) / (v[i] + tau2);
        if (-0.5 * (logs + log(w) + q) > best) {
            best = -0.5 * (logs + log(w) + q);
            best_tau2 = tau2;
        }
    }
    pilot_meta(estimate, std_error, 7, &options, all, NULL);
    got = row_of(all, PILOT_META_REML, PILOT_META_Z)->tau2.value;
    ok(fabs(got - best_tau2) <= 2e-3 * best_tau2 + 2e-5,
       "reml finds the global maximum (%.6g; by grid %.6g)", got, best_tau2);
}

static void test_unit(double factor)
{
    pilot_meta_row_t base[PILOT_META_ROWS], scaled[PILOT_META_ROWS];
    pilot_meta_options_t options = headline(PILOT_META_REML, PILOT_META_KNHA);
    table_t data = table_read("tests/golden/meta/data.csv");
    double worst = 0;
    load(&data, "bcg");
    pilot_meta(study.estimate, study.std_error, study.agencies, &options, base, NULL);
    for (size_t i = 0; i < study.agencies; i++) {
        study.estimate[i].value *= factor;
        study.std_error[i].value *= factor;
    }
    pilot_meta(study.estimate, study.std_error, study.agencies, &options, scaled, NULL);
    for (size_t i = 0; i < PILOT_META_ROWS; i++) {
        double unit = base[i].estimate.value * factor, unit2 = base[i].tau2.value * factor * factor;
        worst = fmax(worst, fabs(scaled[i].estimate.value / unit - 1));
        worst = fmax(worst, fabs(scaled[i].p_value.value / base[i].p_value.value - 1));
        worst =
            fmax(worst, fabs(scaled[i].std_error.value / (base[i].std_error.value * factor) - 1));
        worst = fmax(worst, unit2 > 0 ? fabs(scaled[i].tau2.value / unit2 - 1) : 0);
    }
    ok(worst < 1e-10, "outcome x %g: the same comparison (%.1e)", factor, worst);
    table_free(&data);
}

static void test_names(void)
{
    pilot_meta_method_t method = PILOT_META_FIXED;
    pilot_meta_test_t test = PILOT_META_Z;
    ok(pilot_meta_method_from_name("reml", &method) && method == PILOT_META_REML &&
           !pilot_meta_method_from_name("REML", &method) && method == PILOT_META_REML,
       "methods by name; an unknown one changes nothing");
    ok(pilot_meta_test_from_name("adhoc", &test) && test == PILOT_META_ADHOC &&
           !pilot_meta_test_from_name("t", &test),
       "tests by name");
    is_text(pilot_meta_method_name(PILOT_META_DL), "dl", "dl is called dl");
    is_text(pilot_meta_test_name(PILOT_META_KNHA), "knha", "knha is called knha");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_golden();
    test_few();
    test_equal();
    test_two_maxima();
    test_unit(1e9);
    test_unit(1e-9);
    test_names();
    return tap_done();
}
