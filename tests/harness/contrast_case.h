/* contrast_case.h - golden cases of estimators of one contrast: a line of cases.csv names the file,
 * the columns and the numbers expected; an empty number is not looked at. */
#ifndef PILOT_TEST_CONTRAST_CASE_H
#define PILOT_TEST_CONTRAST_CASE_H

#include <math.h>
#include <string.h>

#include "pilot/contrast.h"
#include "table.h"
#include "tap.h"

typedef struct contrast_named {
    const char *name;
    pilot_contrast_estimator_t *estimate;
} contrast_named_t;

/* Arms c, t, u, of which the plan has the first two or all; declared shares .5, .3, .2. */
static inline pilot_estimate_t contrast_case_estimate(const table_t *data, const table_t *cases,
                                                      size_t i, pilot_contrast_estimator_t *call)
{
    static const char *const three[] = {"c", "t", "u", NULL}, *const two[] = {"c", "t", NULL};
    static const double declared[] = {0.5, 0.3, 0.2};
    const char *block = table_get(cases, i, "block"), *cluster = table_get(cases, i, "cluster");
    const char *weight = table_get(cases, i, "weight");
    const char *probability = table_get(cases, i, "probability");
    const char *const *arms = strcmp(table_get(cases, i, "plan_arms"), "2") == 0 ? two : three;
    const pilot_contrast_options_t options = {.confidence = 0.95};
    table_columns_t columns = {.outcome = table_get(cases, i, "outcome"),
                               .arm = "arm",
                               .block = *block ? block : NULL,
                               .cluster = *cluster ? cluster : NULL,
                               .weight = *weight ? weight : NULL,
                               .unit = "unit",
                               .arms = arms};
    table_frame_t frame = table_make_frame(data, &columns), chances = {0};
    pilot_sample_columns_t of = {.outcome = &frame.outcome};
    pilot_sample_t sample;
    pilot_estimate_t row;
    if (*probability) {
        columns.outcome = probability;
        chances = table_make_frame(data, &columns);
        of.probability = &chances.outcome;
    }
    if (*table_get(cases, i, "declared"))
        of.arm_probability = declared;
    pilot_sample_select(&frame.frame, &of, NULL, 0,
                        table_arm_code(arms, table_get(cases, i, "treated")), false, &sample);
    call(&sample, &options, &row);
    pilot_sample_clear(&sample);
    table_frame_free(&frame);
    table_frame_free(&chances);
    return row;
}

static inline bool contrast_case_near(const pilot_number_t *got, const char *want, double relative)
{
    double value = strtod(want, NULL);
    if (!*want)
        return true;
    if (strcmp(want, "none") == 0)
        return !got->given;
    return got->given && fabs(got->value - value) <= relative * fmax(fabs(value), 1e-9);
}

static inline bool contrast_case_test(const table_t *data, const table_t *cases, size_t i,
                                      pilot_contrast_estimator_t *call, double relative)
{
    static const char *const column[] = {"estimate", "std_error", "p_value", "ci_low", "ci_high"};
    pilot_estimate_t row = contrast_case_estimate(data, cases, i, call);
    const pilot_number_t *number[] = {&row.estimate, &row.std_error, &row.p_value, &row.ci_low,
                                      &row.ci_high};
    bool good = row.n == strtoull(table_get(cases, i, "n"), NULL, 10), has[5];
    for (size_t k = 0; k < 5; k++) {
        has[k] = false;
        for (size_t c = 0; c < cases->columns; c++)
            has[k] |= strcmp(cases->cell[c], column[k]) == 0;
        good &= !has[k] || contrast_case_near(number[k], table_get(cases, i, column[k]), relative);
    }
    ok(good, "%s of %s in %s: %s - c%s%s%s%s%s as %s gives it", table_get(cases, i, "estimator"),
       table_get(cases, i, "outcome"), table_get(cases, i, "file"), table_get(cases, i, "treated"),
       *table_get(cases, i, "block") ? ", blocked" : "",
       *table_get(cases, i, "cluster") ? ", clustered" : "",
       *table_get(cases, i, "weight") ? ", weighted" : "",
       *table_get(cases, i, "declared") ? ", declared" : "",
       *table_get(cases, i, "probability") ? ", probabilities in the data" : "",
       table_get(cases, i, "by"));
    for (size_t k = 0; k < 5 && !good; k++)
        if (has[k])
            printf("#   %s: got %.17g%s, want %s\n", column[k], number[k]->value,
                   number[k]->given ? "" : " (absent)", table_get(cases, i, column[k]));
    if (!good)
        printf("#   n %llu, %s %s: %s\n", (unsigned long long)row.n,
               pilot_std_error_name(row.std_error_type), pilot_reason_name(row.reason), row.detail);
    return good;
}

/* All cases of folder/cases.csv. */
static inline void contrast_case_test_all(const char *folder, const contrast_named_t *named,
                                          size_t names, double relative)
{
    char path[256];
    table_t cases, data = {0};
    const char *open = NULL;
    snprintf(path, sizeof path, "%s/cases.csv", folder);
    cases = table_read(path);
    for (size_t i = 0; i < cases.rows; i++) {
        const char *file = table_get(&cases, i, "file");
        if (!open || strcmp(file, open) != 0) {
            table_free(&data);
            snprintf(path, sizeof path, "%s/%s", folder, file);
            data = table_read(path);
            open = file;
        }
        for (size_t k = 0; k < names; k++)
            if (strcmp(named[k].name, table_get(&cases, i, "estimator")) == 0)
                contrast_case_test(&data, &cases, i, named[k].estimate, relative);
    }
    table_free(&data);
    table_free(&cases);
}

#endif
