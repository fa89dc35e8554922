/* pilot/meta.h - comparison of one effect across agencies: fixed and random effects.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/comparison.md */
#ifndef PILOT_META_H
#define PILOT_META_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/estimate.h"

typedef enum pilot_meta_method {
    PILOT_META_FIXED,
    PILOT_META_DL,
    PILOT_META_PM,
    PILOT_META_REML,
    PILOT_META_METHODS
} pilot_meta_method_t;

typedef enum pilot_meta_test {
    PILOT_META_Z,
    PILOT_META_KNHA,
    PILOT_META_ADHOC,
    PILOT_META_TESTS
} pilot_meta_test_t;

#define PILOT_META_ROWS (PILOT_META_METHODS * PILOT_META_TESTS)

const char *pilot_meta_method_name(pilot_meta_method_t method); /* "fixed", "dl", ... */
const char *pilot_meta_test_name(pilot_meta_test_t test);       /* "z", "knha", "adhoc" */
/* From a plan's name; false when there is none such. */
bool pilot_meta_method_from_name(const char *name, pilot_meta_method_t *ret_method);
bool pilot_meta_test_from_name(const char *name, pilot_meta_test_t *ret_test);

typedef struct pilot_meta_options {
    double confidence;
    pilot_meta_method_t method; /* the headline, and what agencies are shrunk by */
    pilot_meta_test_t test;
    bool prediction_k_minus_1; /* df of the prediction interval; default k - 2 */
} pilot_meta_options_t;

typedef struct pilot_meta_row {
    pilot_meta_method_t method;
    pilot_meta_test_t test;
    bool headline;
    size_t k; /* agencies with an estimate and a positive standard error */
    pilot_number_t estimate, std_error, df, statistic, p_value, ci_low, ci_high;
    pilot_number_t pi_low, pi_high;
    pilot_number_t tau2, tau2_low, tau2_high;
    pilot_number_t q, q_df, q_p_value, i2, h2;
    pilot_row_status_t status;
    pilot_reason_t reason;
    char detail[PILOT_DETAIL_SIZE];
} pilot_meta_row_t;

/* Under the headline method and test.  An agency without estimate or standard error is
 * not_estimable here; its reason is the caller's to copy from its effect. */
typedef struct pilot_meta_agency {
    pilot_number_t eb_estimate, eb_std_error;
    pilot_number_t weight; /* share, the sum over agencies is 1 */
    pilot_number_t leave_one_out_estimate;
    pilot_row_status_t status;
    pilot_reason_t reason;
} pilot_meta_agency_t;

/* What one agency does to the headline estimate: hat (its share of the weight), its residual from
 * the mean of the others over that residual's standard error, Cook's distance, and the change of
 * the estimate in standard errors.  tau2 is estimated anew without the agency; the variance is that
 * of the headline test.  Absent for an agency that does not take part; all but hat also with fewer
 * than 3 agencies (2 under fixed x z). */
typedef struct pilot_meta_influence {
    pilot_number_t hat, std_residual, cooks_distance, dfbetas;
} pilot_meta_influence_t;
void pilot_meta_influence(const pilot_number_t *estimate, const pilot_number_t *std_error,
                          size_t agencies, const pilot_meta_options_t *options,
                          pilot_meta_influence_t *ret_influence);

/* Averages that do not depend on tau2: what an average person (weight: an agency's persons) or an
 * average agency (weight NULL) gains.  An agency whose weight is not above 0 does not take part.
 * Under fixed these agencies are all there is to know of: SE^2 = sum(w^2 v), normal.  Under the
 * other methods they are a sample: CR2 of the weighted mean, with Satterthwaite's df unless the
 * test is z; adhoc takes the larger of both.  detail says which. */
typedef struct pilot_meta_average {
    size_t k;
    pilot_number_t estimate, std_error, df, statistic, p_value, ci_low, ci_high;
    pilot_row_status_t status;
    pilot_reason_t reason;
    char detail[PILOT_DETAIL_SIZE];
} pilot_meta_average_t;
void pilot_meta_average(const pilot_number_t *estimate, const pilot_number_t *std_error,
                        const double *weight, size_t agencies, const pilot_meta_options_t *options,
                        pilot_meta_average_t *ret_average);

/* estimate and std_error: one entry an agency.  Rows are method-major: ret_row[method * TESTS +
 * test].  ret_agency: `agencies` entries, or NULL. */
void pilot_meta(const pilot_number_t *estimate, const pilot_number_t *std_error, size_t agencies,
                const pilot_meta_options_t *options, pilot_meta_row_t ret_row[PILOT_META_ROWS],
                pilot_meta_agency_t *ret_agency);

#endif
