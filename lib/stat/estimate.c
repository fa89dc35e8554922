/* estimate.c - names of the closed lists, and what follows from an estimate and its standard
 * error.  See pilot/estimate.h. */
#include "pilot/estimate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "distribution.h"

static const char *const status_name[] = {
    [PILOT_ROW_OK] = "ok",
    [PILOT_ROW_FLAGGED] = "flagged",
    [PILOT_ROW_PARTIAL] = "partial",
    [PILOT_ROW_NOT_ESTIMABLE] = "not_estimable",
    [PILOT_ROW_JOB_FAILED] = "job_failed",
    [PILOT_ROW_SUPPRESSED] = "suppressed",
};

static const char *const reason_name[PILOT_REASON_COUNT] = {
    [PILOT_REASON_NONE] = "",
    [PILOT_REASON_NO_UNITS] = "no_units",
    [PILOT_REASON_NO_CONTROL_UNITS] = "no_control_units",
    [PILOT_REASON_NO_TREATED_UNITS] = "no_treated_units",
    [PILOT_REASON_ALL_MISSING] = "all_missing",
    [PILOT_REASON_CONSTANT_OUTCOME] = "constant_outcome",
    [PILOT_REASON_ZERO_VARIANCE] = "zero_variance",
    [PILOT_REASON_SINGLETON_ARM_BLOCK] = "singleton_arm_block",
    [PILOT_REASON_ONE_CLUSTER_PER_ARM] = "one_cluster_per_arm",
    [PILOT_REASON_NO_RESIDUAL_DF] = "no_residual_df",
    [PILOT_REASON_LEVERAGE_ONE] = "leverage_one",
    [PILOT_REASON_VARIANCE_UNIDENTIFIED] = "variance_unidentified",
    [PILOT_REASON_COLLINEAR] = "collinear",
    [PILOT_REASON_WEAK_FIRST_STAGE] = "weak_first_stage",
    [PILOT_REASON_NOT_CONVERGED] = "not_converged",
    [PILOT_REASON_BELOW_MINIMUM_COUNT] = "below_minimum_count",
    [PILOT_REASON_OUTCOME_TYPE] = "outcome_type",
    [PILOT_REASON_TOO_FEW_AGENCIES] = "too_few_agencies",
    [PILOT_REASON_JOB_FAILED] = "job_failed",
    [PILOT_REASON_DATA_WITHDRAWN] = "data_withdrawn",
    [PILOT_REASON_NOT_IN_THIS_VERSION] = "not_in_this_version",
};

static const char *const std_error_name[] = {
    [PILOT_SE_NONE] = "",
    [PILOT_SE_NEYMAN] = "neyman",
    [PILOT_SE_PASHLEY_MIRATRIX_M] = "pashley_miratrix_m",
    [PILOT_SE_PASHLEY_MIRATRIX_P] = "pashley_miratrix_p",
    [PILOT_SE_PAIRS] = "pairs",
    [PILOT_SE_CLASSICAL] = "classical",
    [PILOT_SE_HC0] = "HC0",
    [PILOT_SE_HC1] = "HC1",
    [PILOT_SE_HC2] = "HC2",
    [PILOT_SE_HC3] = "HC3",
    [PILOT_SE_CR0] = "CR0",
    [PILOT_SE_CR1] = "CR1",
    [PILOT_SE_CR2] = "CR2",
    [PILOT_SE_CR3] = "CR3",
    [PILOT_SE_YOUNG] = "young",
    [PILOT_SE_LINEARIZED] = "linearized",
    [PILOT_SE_GREENWOOD] = "greenwood",
    [PILOT_SE_BOOTSTRAP] = "bootstrap",
    [PILOT_SE_DELTA] = "delta",
    [PILOT_SE_SCORE] = "score",
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

const char *pilot_row_status_name(pilot_row_status_t status)
{
    return (size_t)status < COUNT_OF(status_name) ? status_name[status] : "";
}

const char *pilot_reason_name(pilot_reason_t reason)
{
    return (size_t)reason < COUNT_OF(reason_name) ? reason_name[reason] : "";
}

const char *pilot_std_error_name(pilot_std_error_t type)
{
    return (size_t)type < COUNT_OF(std_error_name) ? std_error_name[type] : "";
}

pilot_std_error_t pilot_std_error_from_name(const char *name)
{
    for (size_t i = 1; i < COUNT_OF(std_error_name); i++)
        if (strcmp(name, std_error_name[i]) == 0)
            return (pilot_std_error_t)i;
    return PILOT_SE_NONE;
}

void pilot_estimate_infer(pilot_estimate_t *estimate, double confidence)
{
    pilot_estimate_infer_against(estimate, 0, confidence);
}

/* criticals: NULL, or what is known already. */
static double critical_of(double confidence, double df, pilot_criticals_t *criticals)
{
    if (!criticals || !(df > 0 && df < 1e9))
        return pilot_t_critical(confidence, df);
    size_t at = (size_t)df % PILOT_CRITICAL_VALUES;
    if (criticals->known[at].df != df) {
        criticals->known[at].value = pilot_t_critical(confidence, df);
        criticals->known[at].df = df;
    }
    return criticals->known[at].value;
}

static void infer(pilot_estimate_t *estimate, double null_value, double confidence,
                  pilot_criticals_t *criticals)
{
    double value = estimate->estimate.value, std_error = estimate->std_error.value;
    double statistic = (value - null_value) / std_error, critical;
    if (!estimate->estimate.given || !estimate->std_error.given || !(std_error > 0))
        return;
    if (estimate->df.given) {
        critical = critical_of(confidence, estimate->df.value, criticals);
        estimate->p_value = PILOT_GIVEN(pilot_t_two_sided(statistic, estimate->df.value));
    } else {
        critical = pilot_normal_critical(confidence);
        estimate->p_value = PILOT_GIVEN(pilot_normal_two_sided(statistic));
    }
    estimate->statistic = PILOT_GIVEN(statistic);
    estimate->ci_low = PILOT_ABSENT;
    estimate->ci_high = PILOT_ABSENT;
    /* A fraction of a degree of freedom can have limits beyond all doubles. */
    if (isfinite(value - critical * std_error) && isfinite(value + critical * std_error)) {
        estimate->ci_low = PILOT_GIVEN(value - critical * std_error);
        estimate->ci_high = PILOT_GIVEN(value + critical * std_error);
    }
}

void pilot_estimate_infer_against(pilot_estimate_t *estimate, double null_value, double confidence)
{
    infer(estimate, null_value, confidence, NULL);
}

void pilot_estimate_infer_many(pilot_estimate_t *estimate, double confidence,
                               pilot_criticals_t *criticals)
{
    infer(estimate, 0, confidence, criticals);
}

void pilot_estimate_refuse(pilot_estimate_t *estimate, pilot_reason_t reason)
{
    estimate->status = PILOT_ROW_NOT_ESTIMABLE;
    estimate->reason = reason;
}

/* A text that fills its buffer may end within a UTF-8 character: drop that one. */
static void cut_at_character(char *text, size_t full)
{
    size_t length = strlen(text), start = length, wanted = 1;
    if (length < full)
        return;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;
    start--;
    if ((unsigned char)text[start] >= 0xF0)
        wanted = 4;
    else if ((unsigned char)text[start] >= 0xE0)
        wanted = 3;
    else if ((unsigned char)text[start] >= 0xC0)
        wanted = 2;
    if (length - start < wanted)
        text[start] = '\0';
}

void pilot_estimate_note(pilot_estimate_t *estimate, const char *format, ...)
{
    size_t length = strnlen(estimate->detail, sizeof estimate->detail - 1);
    va_list arguments;
    if (length > 0) {
        snprintf(estimate->detail + length, sizeof estimate->detail - length, "; ");
        length = strlen(estimate->detail);
    }
    va_start(arguments, format);
    vsnprintf(estimate->detail + length, sizeof estimate->detail - length, format, arguments);
    va_end(arguments);
    cut_at_character(estimate->detail, sizeof estimate->detail - 1);
}
