/* pilot/meta_regression.h - which agencies the effect is larger in: meta-regression on attributes
 * of agencies, and pooling by the levels of one.  Pure: no I/O, no log, no globals.
 * Method and sources: docs/methods/meta-regression.md */
#ifndef PILOT_META_REGRESSION_H
#define PILOT_META_REGRESSION_H

#include "pilot/meta.h"

/* An attribute of agencies: numbers, or texts.  The first level of a text (by bytes, of the
 * agencies that take part) is the reference. */
typedef struct pilot_attribute {
    const char *name;
    bool is_number;
    const double *number;     /* one an agency; is_number */
    const char *const *level; /* one an agency, NULL: missing; !is_number */
    const bool *missing;      /* one an agency; is_number; NULL: none */
} pilot_attribute_t;

typedef enum pilot_moderator_kind {
    PILOT_MODERATOR_INTERCEPT,   /* the effect where every number is 0, every text its reference */
    PILOT_MODERATOR_COEFFICIENT, /* of one unit of a number; of a level against the reference */
    PILOT_MODERATOR_TEST,        /* F or chi-square of one attribute, or (attribute NULL) of all */
    PILOT_MODERATOR_RESIDUAL,    /* heterogeneity that is left: tau2, Q_E as statistic, I2, R2 */
    PILOT_MODERATOR_GROUP        /* the effect among agencies of one level, pooled by itself */
} pilot_moderator_kind_t;
const char *pilot_moderator_kind_name(pilot_moderator_kind_t kind); /* "intercept", ... */

typedef struct pilot_moderator {
    pilot_moderator_kind_t kind;
    const char *attribute; /* borrowed; NULL: of the whole model */
    const char *level;     /* borrowed; NULL: none */
    size_t k;
    /* df: of t (COEFFICIENT, INTERCEPT, GROUP; absent: normal), of Q_E (RESIDUAL), of the numerator
     * (TEST).  df_residual: the denominator of F; absent where TEST is a chi-square. */
    pilot_number_t estimate, std_error, df, df_residual, statistic, p_value, ci_low, ci_high;
    pilot_number_t tau2, i2, r2; /* RESIDUAL, and but for r2 GROUP; i2 and r2 in percent */
    pilot_row_status_t status;
    pilot_reason_t reason;
    char detail[PILOT_DETAIL_SIZE];
} pilot_moderator_t;

/* One model of all attributes together, then every text attribute's groups.  Agencies that lack an
 * attribute are left out of the model and told of in detail (a group needs its own attribute
 * alone). method, test, confidence as in the options.  Rows: intercept; per attribute its
 * coefficients, then its test; the test of all; what is left; groups.  Without an attribute no
 * rows.  Caller frees; the same, to the bit, in any order of the agencies. */
void pilot_meta_regression(const pilot_number_t *estimate, const pilot_number_t *std_error,
                           size_t agencies, const pilot_attribute_t *attribute, size_t attributes,
                           const pilot_meta_options_t *options, pilot_moderator_t **ret_row,
                           size_t *ret_rows);

#endif
