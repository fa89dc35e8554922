/* Pilots in standard deviations of their control groups, against metafor
 * (tests/golden/compare_pilots/make.R); what cannot take part; the order does not matter. */
#include "pilot/compare_pilots.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/table.h"
#include "../harness/tap.h"

enum { MOST = 64 };
static const pilot_meta_options_t usual = {
    .confidence = 0.95, .method = PILOT_META_REML, .test = PILOT_META_KNHA};

static size_t load(const table_t *data, bool by_mechanism, pilot_pilots_effect_t *effect)
{
    for (size_t i = 0; i < data->rows; i++)
        effect[i] = (pilot_pilots_effect_t){
            .pilot = table_get(data, i, "pilot"),
            .agency = table_get(data, i, "agency"),
            .group = by_mechanism ? table_get(data, i, "mechanism") : "",
            .estimate = PILOT_GIVEN(strtod(table_get(data, i, "estimate"), NULL)),
            .std_error = PILOT_GIVEN(strtod(table_get(data, i, "std_error"), NULL)),
            .control_std_dev = PILOT_GIVEN(strtod(table_get(data, i, "std_dev"), NULL)),
            .lower_is_better = *table_get(data, i, "lower") == '1'};
    return data->rows;
}

static bool near(pilot_number_t got, const char *want)
{
    double value = strtod(want, NULL);
    if (!*want || strcmp(want, "NA") == 0)
        return !got.given;
    return got.given && fabs(got.value - value) <= 1e-8 * fmax(fabs(value), 1e-3);
}

static void test_golden(const table_t *data, const table_t *golden, const char *by)
{
    pilot_pilots_effect_t effect[MOST];
    size_t effects = load(data, strcmp(by, "mechanism") == 0, effect), rows, at = 0;
    pilot_pilots_row_t *row = pilot_pilots_compare(effect, effects, &usual, &rows);
    for (size_t i = 0; i < golden->rows; i++) {
        if (strcmp(table_get(golden, i, "by"), by) != 0)
            continue;
        const pilot_pilots_row_t *got = &row[at < rows ? at : 0];
        const char *group = table_get(golden, i, "group"), *pilot = table_get(golden, i, "pilot");
        bool place = at++ < rows && strcmp(got->group ? got->group : "(all)", group) == 0 &&
                     strcmp(got->pilot ? got->pilot : "", pilot) == 0;
        const pilot_meta_row_t *pooled = &got->pooled;
        ok(place && pooled->k == strtoull(table_get(golden, i, "k"), NULL, 10) &&
               near(pooled->estimate, table_get(golden, i, "estimate")) &&
               near(pooled->std_error, table_get(golden, i, "std_error")) &&
               near(pooled->ci_low, table_get(golden, i, "ci_low")) &&
               near(pooled->ci_high, table_get(golden, i, "ci_high")) &&
               near(pooled->pi_low, table_get(golden, i, "pi_low")) &&
               near(pooled->pi_high, table_get(golden, i, "pi_high")) &&
               near(pooled->tau2, table_get(golden, i, "tau2")),
           "by %s: '%s' '%s' as metafor has it", by, group, pilot);
    }
    ok(at == rows, "by %s: no row besides", by);
    free(row);
}

static void test_order(const table_t *data)
{
    pilot_pilots_effect_t effect[MOST], other[MOST];
    size_t effects = load(data, true, effect), rows, others;
    for (size_t i = 0; i < effects; i++)
        other[i] = effect[(i * 17 + 5) % effects];
    pilot_pilots_row_t *row = pilot_pilots_compare(effect, effects, &usual, &rows);
    pilot_pilots_row_t *moved = pilot_pilots_compare(other, effects, &usual, &others);
    bool same = rows == others;
    for (size_t i = 0; same && i < rows; i++)
        same = memcmp(&row[i].pooled.estimate.value, &moved[i].pooled.estimate.value,
                      sizeof(double)) == 0 &&
               memcmp(&row[i].pooled.tau2.value, &moved[i].pooled.tau2.value, sizeof(double)) == 0;
    ok(same, "in another order: the same bits");
    free(row);
    free(moved);
    for (size_t i = 0; i < effects; i++) {
        other[i] = effect[i];
        other[i].estimate.value *= 1e9;
        other[i].std_error.value *= 1e9;
        other[i].control_std_dev.value *= 1e9;
    }
    row = pilot_pilots_compare(effect, effects, &usual, &rows);
    moved = pilot_pilots_compare(other, effects, &usual, &others);
    ok(fabs(row[rows - 1].pooled.estimate.value - moved[rows - 1].pooled.estimate.value) < 1e-10,
       "an outcome's unit does not matter");
    ok(row[rows - 1].pilots == 4 && row[rows - 1].pooled.k == 25, "all: 4 pilots, 25 agencies");
    free(row);
    free(moved);
}

static void test_edges(void)
{
    pilot_pilots_effect_t effect = {.pilot = "p",
                                    .agency = "a",
                                    .group = "",
                                    .estimate = PILOT_GIVEN(3),
                                    .std_error = PILOT_GIVEN(1),
                                    .control_std_dev = PILOT_GIVEN(2),
                                    .lower_is_better = true};
    pilot_number_t estimate, std_error;
    size_t rows;
    ok(pilot_pilots_standardize(&effect, &estimate, &std_error) && estimate.value == -1.5 &&
           std_error.value == 0.5,
       "where lower is better the sign is turned");
    pilot_pilots_row_t *row = pilot_pilots_compare(&effect, 1, &usual, &rows);
    ok(rows == 2 && row[0].pooled.k == 1 && row[0].pooled.std_error.value == 0.5 &&
           !row[0].pooled.df.given && row[0].pooled.status == PILOT_ROW_OK,
       "one effect is its own answer");
    free(row);
    for (int which = 0; which < 5; which++) {
        pilot_pilots_effect_t lacking = effect;
        if (which == 0)
            lacking.estimate = PILOT_ABSENT;
        if (which == 1)
            lacking.std_error = PILOT_ABSENT;
        if (which == 2)
            lacking.control_std_dev = PILOT_ABSENT;
        if (which == 3)
            lacking.control_std_dev = PILOT_GIVEN(0);
        if (which == 4)
            lacking.std_error = PILOT_GIVEN(0);
        ok(!pilot_pilots_standardize(&lacking, &estimate, &std_error) &&
               !pilot_pilots_compare(&lacking, 1, &usual, &rows) && rows == 0,
           "case %d: what lacks a number takes no part", which);
    }
    pilot_pilots_effect_t twice[2] = {effect, effect};
    twice[1].estimate = PILOT_GIVEN(1);
    twice[1].std_error = PILOT_GIVEN(2);
    row = pilot_pilots_compare(twice, 2, &usual, &rows);
    ok(row[0].pooled.k == 1 && row[0].pooled.estimate.value == -1 &&
           row[0].pooled.std_error.value == 0.75,
       "two effects of an agency count once: their mean, and the mean of their errors");
    free(row);
    ok(!pilot_pilots_compare(NULL, 0, &usual, &rows) && rows == 0, "of nothing there is nothing");
}

int main(void)
{
    gsl_set_error_handler_off();
    table_t data = table_read("tests/golden/compare_pilots/effects.csv");
    table_t golden = table_read("tests/golden/compare_pilots/rows.csv");
    test_golden(&data, &golden, "pilot");
    test_golden(&data, &golden, "mechanism");
    test_order(&data);
    test_edges();
    table_free(&golden);
    table_free(&data);
    return tap_done();
}
