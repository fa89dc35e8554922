/* joint_wald.c - a test that several estimates are all 0.  See pilot/joint.h. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "distribution.h"
#include "pilot/joint.h"
#include "pilot/memory.h"

/* What is left of a correlation matrix's diagonal and counts as 0. */
#define RANK_TOLERANCE 1e-10

/* Cholesky factor of the correlation matrix, largest remaining diagonal first. */
typedef struct pivoted {
    double *factor;   /* q x q, row-major: row i belongs to number order[i] */
    double *left;     /* q; of the diagonal */
    double *solution; /* q; of factor * solution = scaled estimates */
    size_t *order;    /* q */
    size_t q, rank;
} pivoted_t;

static void swap_rows(pivoted_t *pivoted, size_t i, size_t j)
{
    size_t number = pivoted->order[i];
    double left = pivoted->left[i];
    pivoted->order[i] = pivoted->order[j];
    pivoted->order[j] = number;
    pivoted->left[i] = pivoted->left[j];
    pivoted->left[j] = left;
    for (size_t c = 0; c < pivoted->q; c++) {
        double entry = pivoted->factor[i * pivoted->q + c];
        pivoted->factor[i * pivoted->q + c] = pivoted->factor[j * pivoted->q + c];
        pivoted->factor[j * pivoted->q + c] = entry;
    }
}

static double row_product(const pivoted_t *pivoted, size_t i, size_t j, size_t length)
{
    compensated_t sum = {0};
    for (size_t c = 0; c < length; c++)
        compensated_add(&sum,
                        pivoted->factor[i * pivoted->q + c] * pivoted->factor[j * pivoted->q + c]);
    return compensated_value(&sum);
}

static void factor(pivoted_t *pivoted, const double *covariance)
{
    size_t q = pivoted->q;
    for (size_t k = 0; k < q; k++) {
        size_t best = k;
        for (size_t i = k + 1; i < q; i++)
            if (pivoted->left[i] > pivoted->left[best])
                best = i;
        if (!(pivoted->left[best] > RANK_TOLERANCE))
            break;
        swap_rows(pivoted, k, best);
        pivoted->factor[k * q + k] = sqrt(pivoted->left[k]);
        pivoted->rank++;
        for (size_t i = k + 1; i < q; i++) {
            size_t a = pivoted->order[i], b = pivoted->order[k];
            double scale = sqrt(covariance[a * q + a]) * sqrt(covariance[b * q + b]);
            double entry = scale > 0 ? covariance[a * q + b] / scale : 0;
            entry = (entry - row_product(pivoted, i, k, k)) / pivoted->factor[k * q + k];
            pivoted->factor[i * q + k] = entry;
            pivoted->left[i] -= entry * entry;
        }
    }
}

/* Q = |solution|^2. */
static double quadratic_form(pivoted_t *pivoted, const double *estimate, const double *covariance)
{
    compensated_t total = {0};
    size_t q = pivoted->q;
    for (size_t i = 0; i < pivoted->rank; i++) {
        size_t a = pivoted->order[i];
        compensated_t sum = {0};
        compensated_add(&sum, estimate[a] / sqrt(covariance[a * q + a]));
        for (size_t c = 0; c < i; c++)
            compensated_add(&sum, -pivoted->factor[i * q + c] * pivoted->solution[c]);
        pivoted->solution[i] = compensated_value(&sum) / pivoted->factor[i * q + i];
        compensated_add(&total, pivoted->solution[i] * pivoted->solution[i]);
    }
    return compensated_value(&total);
}

static void refer(double form, pilot_number_t df, pilot_wald_reference_t reference,
                  pilot_wald_t *wald)
{
    double q = (double)wald->rank, df2 = df.value;
    if (!df.given) {
        wald->df1 = PILOT_GIVEN(q);
        wald->statistic = PILOT_GIVEN(form);
        wald->p_value = PILOT_GIVEN(pilot_chi_square_upper(form, q));
        return;
    }
    if (reference == PILOT_WALD_HOTELLING)
        df2 = df.value - q + 1;
    if (!(df2 > 0)) {
        wald->reason = PILOT_REASON_NO_RESIDUAL_DF;
        return;
    }
    wald->statistic =
        PILOT_GIVEN(reference == PILOT_WALD_HOTELLING ? df2 / (df.value * q) * form : form / q);
    wald->df1 = PILOT_GIVEN(q);
    wald->df2 = PILOT_GIVEN(df2);
    wald->p_value = PILOT_GIVEN(pilot_f_upper(wald->statistic.value, q, df2));
}

static bool all_finite(const double *number, size_t numbers)
{
    for (size_t i = 0; i < numbers; i++)
        if (!isfinite(number[i]))
            return false;
    return true;
}

void pilot_wald_test(const double *estimate, const double *covariance, size_t q, pilot_number_t df,
                     pilot_wald_reference_t reference, pilot_wald_t *ret_wald)
{
    pilot_wald_t wald = {.used = q};
    pivoted_t pivoted = {.factor = PILOT_NEW_ARRAY(double, q *q),
                         .left = PILOT_NEW_ARRAY(double, q),
                         .solution = PILOT_NEW_ARRAY(double, q),
                         .order = PILOT_NEW_ARRAY(size_t, q),
                         .q = q};
    double form;
    for (size_t i = 0; i < q; i++) {
        pivoted.order[i] = i;
        pivoted.left[i] = covariance[i * q + i] > 0 ? 1 : 0;
    }
    if (!all_finite(estimate, q) || !all_finite(covariance, q * q)) {
        wald.reason = PILOT_REASON_VARIANCE_UNIDENTIFIED;
    } else {
        factor(&pivoted, covariance);
        wald.rank = pivoted.rank;
        form = quadratic_form(&pivoted, estimate, covariance);
        if (wald.rank == 0)
            wald.reason = PILOT_REASON_ZERO_VARIANCE;
        else
            refer(form, df, reference, &wald);
    }
    free(pivoted.factor);
    free(pivoted.left);
    free(pivoted.solution);
    free(pivoted.order);
    *ret_wald = wald;
}

void pilot_wald_note(const pilot_wald_t *wald, pilot_estimate_t *row)
{
    if (!wald->statistic.given)
        pilot_estimate_note(row, "no joint test: %s", pilot_reason_name(wald->reason));
    else if (wald->df2.given)
        pilot_estimate_note(row, "joint F(%.4g, %.4g) = %.4g, p %.3g", wald->df1.value,
                            wald->df2.value, wald->statistic.value, wald->p_value.value);
    else
        pilot_estimate_note(row, "joint chi-square(%.4g) = %.4g, p %.3g", wald->df1.value,
                            wald->statistic.value, wald->p_value.value);
}
