/* pilot/estimate.h - one estimate with everything that a row of results.effects says of it.
 *
 * A number that cannot be had is absent (given = false), never 0 and never NaN, and the row then
 * has a status and a reason of the closed list. */
#ifndef PILOT_ESTIMATE_H
#define PILOT_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pilot_number {
    double value;
    bool given;
} pilot_number_t;

#define PILOT_GIVEN(v) ((pilot_number_t){.value = (v), .given = true})
#define PILOT_ABSENT ((pilot_number_t){0})

typedef enum pilot_row_status {
    PILOT_ROW_OK,
    PILOT_ROW_FLAGGED, /* numbers stand, with a reason or a flag in detail */
    PILOT_ROW_PARTIAL,
    PILOT_ROW_NOT_ESTIMABLE,
    PILOT_ROW_JOB_FAILED,
    PILOT_ROW_SUPPRESSED
} pilot_row_status_t;
const char *pilot_row_status_name(pilot_row_status_t status); /* "ok", "flagged", ... */

/* The closed list; docs/methods/reasons.md explains each. */
typedef enum pilot_reason {
    PILOT_REASON_NONE, /* "" */
    PILOT_REASON_NO_UNITS,
    PILOT_REASON_NO_CONTROL_UNITS,
    PILOT_REASON_NO_TREATED_UNITS,
    PILOT_REASON_ALL_MISSING,
    PILOT_REASON_CONSTANT_OUTCOME, /* estimate given, variance refused */
    PILOT_REASON_ZERO_VARIANCE,
    PILOT_REASON_SINGLETON_ARM_BLOCK,
    PILOT_REASON_ONE_CLUSTER_PER_ARM,
    PILOT_REASON_NO_RESIDUAL_DF,
    PILOT_REASON_LEVERAGE_ONE,
    PILOT_REASON_VARIANCE_UNIDENTIFIED,
    PILOT_REASON_COLLINEAR,
    PILOT_REASON_WEAK_FIRST_STAGE,
    PILOT_REASON_NOT_CONVERGED,
    PILOT_REASON_BELOW_MINIMUM_COUNT,
    PILOT_REASON_OUTCOME_TYPE,
    PILOT_REASON_TOO_FEW_AGENCIES,
    PILOT_REASON_JOB_FAILED,
    PILOT_REASON_DATA_WITHDRAWN,
    PILOT_REASON_NOT_IN_THIS_VERSION,
    PILOT_REASON_COUNT
} pilot_reason_t;
const char *pilot_reason_name(pilot_reason_t reason); /* "no_units", ... */

typedef enum pilot_std_error {
    PILOT_SE_NONE, /* "" */
    PILOT_SE_NEYMAN,
    PILOT_SE_PASHLEY_MIRATRIX_M,
    PILOT_SE_PASHLEY_MIRATRIX_P,
    PILOT_SE_PAIRS,
    PILOT_SE_CLASSICAL,
    PILOT_SE_HC0,
    PILOT_SE_HC1,
    PILOT_SE_HC2,
    PILOT_SE_HC3,
    PILOT_SE_CR0,
    PILOT_SE_CR1,
    PILOT_SE_CR2,
    PILOT_SE_CR3,
    PILOT_SE_YOUNG,
    PILOT_SE_LINEARIZED,
    PILOT_SE_GREENWOOD,
    PILOT_SE_BOOTSTRAP,
    PILOT_SE_DELTA,
    PILOT_SE_SCORE
} pilot_std_error_t;
const char *pilot_std_error_name(pilot_std_error_t type); /* "neyman", "HC2", ... */
/* From a plan's name ("HC2"); PILOT_SE_NONE when there is none such. */
pilot_std_error_t pilot_std_error_from_name(const char *name);

#define PILOT_DETAIL_SIZE 256

typedef struct pilot_estimate {
    pilot_number_t estimate, std_error, df, statistic, p_value, ci_low, ci_high, control_mean;
    /* Of the outcome, over the rows of control_mean; absent below two of them, and where
     * control_mean is no mean of an outcome (a gap, an area under a curve). */
    pilot_number_t control_std_dev;
    uint64_t n, n_arm, n_control;
    uint64_t clusters; /* 0: not clustered -> NULL in the table */
    uint64_t blocks;   /* 0: not blocked -> NULL in the table */
    pilot_std_error_t std_error_type;
    pilot_row_status_t status;
    pilot_reason_t reason;
    char detail[PILOT_DETAIL_SIZE]; /* "estimand_changed: 2 blocks left out; dropped: x" */
} pilot_estimate_t;

/* From estimate, std_error (> 0) and df (absent: normal): statistic, p_value and the interval at
 * the confidence level. */
void pilot_estimate_infer(pilot_estimate_t *estimate, double confidence);
/* The same where no effect is not 0 but null_value, as 1/2 is for ranks: statistic and p_value are
 * of estimate - null_value. */
void pilot_estimate_infer_against(pilot_estimate_t *estimate, double null_value, double confidence);

/* Critical values of t that were wanted before, for who infers many estimates of the same df: they
 * take longer than all the rest.  Begins zeroed; one confidence level each. */
enum { PILOT_CRITICAL_VALUES = 16 };
typedef struct pilot_criticals {
    struct {
        double df, value;
    } known[PILOT_CRITICAL_VALUES];
} pilot_criticals_t;
/* As pilot_estimate_infer, to the bit. */
void pilot_estimate_infer_many(pilot_estimate_t *estimate, double confidence,
                               pilot_criticals_t *criticals);

/* "not_estimable" with this reason, numbers that are already given kept. */
void pilot_estimate_refuse(pilot_estimate_t *estimate, pilot_reason_t reason);

/* Append "; text" to detail (cut at its size). */
void pilot_estimate_note(pilot_estimate_t *estimate, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));

#endif
