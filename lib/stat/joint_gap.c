/* joint_gap.c - do the effects in a subgroup's levels differ?  See pilot/joint.h. */
#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "distribution.h"
#include "pilot/joint.h"
#include "pilot/memory.h"

static double variance_of(const pilot_estimate_t *estimate)
{
    return estimate->std_error.value * estimate->std_error.value;
}

static bool has_std_error(const pilot_estimate_t *estimate)
{
    return estimate->estimate.given && estimate->std_error.given && estimate->std_error.value > 0;
}

/* variance^2 / df, 0 for the normal distribution. */
static double spread_of_variance(double variance, pilot_number_t df)
{
    return df.given ? variance * variance / df.value : 0;
}

static pilot_number_t smaller(pilot_number_t one, pilot_number_t two)
{
    if (!one.given || !two.given)
        return one.given ? one : two;
    return one.value < two.value ? one : two;
}

static pilot_number_t df_of(const pilot_estimate_t *level, const pilot_estimate_t *first,
                            bool correlated)
{
    double one = variance_of(level), zero = variance_of(first);
    double share = one / (one + zero), rest = zero / (one + zero);
    double spread = spread_of_variance(share, level->df) + spread_of_variance(rest, first->df);
    if (correlated)
        return smaller(level->df, first->df);
    return spread > 0 ? PILOT_GIVEN(1 / spread) : PILOT_ABSENT;
}

/* What is said of a level's effect is said of the gap. */
static void carry(const pilot_estimate_t *from, const char *whose, pilot_estimate_t *gap)
{
    bool worse = from->status != PILOT_ROW_OK &&
                 (gap->status == PILOT_ROW_OK ||
                  (gap->status == PILOT_ROW_FLAGGED && from->status != PILOT_ROW_FLAGGED));
    if (worse) {
        gap->status = from->status;
        gap->reason = from->reason;
    }
    if (from->status != PILOT_ROW_OK && from->detail[0] != '\0')
        pilot_estimate_note(gap, "%s: %s", whose, from->detail);
}

static uint64_t without_shared(uint64_t one, uint64_t two, uint64_t shared)
{
    return one + two > shared ? one + two - shared : 0;
}

static void infer(const pilot_estimate_t *level, const pilot_estimate_t *first,
                  const pilot_overlap_t *overlap, double confidence, pilot_estimate_t *gap)
{
    bool correlated = overlap && overlap->correlated;
    double sum = variance_of(level) + variance_of(first);
    double variance = sum - (correlated ? 2 * overlap->covariance : 0);
    if (!isfinite(variance)) {
        pilot_estimate_refuse(gap, PILOT_REASON_VARIANCE_UNIDENTIFIED);
        return;
    }
    /* Effects that move together exactly leave rounding. */
    if (!(variance > 1e-15 * sum)) {
        pilot_estimate_refuse(gap, PILOT_REASON_ZERO_VARIANCE);
        return;
    }
    gap->std_error = PILOT_GIVEN(sqrt(variance));
    gap->std_error_type = level->std_error_type;
    if (first->std_error_type != level->std_error_type)
        pilot_estimate_note(gap, "first level: %s", pilot_std_error_name(first->std_error_type));
    gap->df = df_of(level, first, correlated);
    pilot_estimate_infer(gap, confidence);
}

void pilot_gap_estimate(const pilot_estimate_t *level, const pilot_estimate_t *first,
                        const pilot_overlap_t *overlap, double confidence,
                        pilot_estimate_t *ret_gap)
{
    pilot_estimate_t gap = {
        .status = PILOT_ROW_OK,
        .n = level->n + first->n,
        .n_arm = level->n_arm + first->n_arm,
        .n_control = level->n_control + first->n_control,
        .clusters =
            without_shared(level->clusters, first->clusters, overlap ? overlap->clusters : 0),
        .blocks = without_shared(level->blocks, first->blocks, overlap ? overlap->blocks : 0)};
    carry(level, "this level", &gap);
    carry(first, "first level", &gap);
    if (level->estimate.given && first->estimate.given)
        gap.estimate = PILOT_GIVEN(level->estimate.value - first->estimate.value);
    if (level->control_mean.given && first->control_mean.given)
        gap.control_mean = PILOT_GIVEN(level->control_mean.value - first->control_mean.value);
    if (has_std_error(level) && has_std_error(first))
        infer(level, first, overlap, confidence, &gap);
    *ret_gap = gap;
}

/* Welch (1951), equations 27 to 29, of effects in place of means. */
static void welch(const pilot_estimate_t *const *level, pilot_wald_t *wald)
{
    compensated_t total = {0}, sum = {0}, between = {0}, spread = {0};
    double levels = (double)wald->used, square = levels * levels - 1, mean, q = levels - 1;
    /* Against the first effect, so that a common constant costs no digits. */
    for (size_t l = 0; l < wald->used; l++) {
        double weight = 1 / variance_of(level[l]);
        compensated_add(&total, weight);
        compensated_add(&sum, weight * (level[l]->estimate.value - level[0]->estimate.value));
    }
    mean = compensated_value(&sum) / compensated_value(&total);
    for (size_t l = 0; l < wald->used; l++) {
        double weight = 1 / variance_of(level[l]);
        double effect = level[l]->estimate.value - level[0]->estimate.value - mean;
        compensated_add(&between, weight * effect * effect);
        compensated_add(&spread,
                        spread_of_variance(1 - weight / compensated_value(&total), level[l]->df));
    }
    wald->df1 = PILOT_GIVEN(q);
    if (compensated_value(&spread) > 0) {
        double lambda = compensated_value(&spread) / square;
        wald->statistic =
            PILOT_GIVEN(compensated_value(&between) / q / (1 + 2 * (levels - 2) * lambda));
        wald->df2 = PILOT_GIVEN(1 / (3 * lambda));
        wald->p_value = PILOT_GIVEN(pilot_f_upper(wald->statistic.value, q, wald->df2.value));
    } else {
        wald->statistic = PILOT_GIVEN(compensated_value(&between));
        wald->p_value = PILOT_GIVEN(pilot_chi_square_upper(wald->statistic.value, q));
    }
}

/* Differences to the first level in use; place[l] is its place among all levels. */
static void wald_of_differences(const pilot_estimate_t *const *level, const size_t *place,
                                const double *covariance, size_t levels, pilot_wald_t *wald)
{
    size_t used = wald->used, q = used - 1;
    double *difference = PILOT_NEW_ARRAY(double, q), *spread = PILOT_NEW_ARRAY(double, q *q);
    const double *first = covariance + place[0] * levels;
    pilot_number_t df = level[0]->df;
    for (size_t i = 0; i < q; i++) {
        const double *row = covariance + place[i + 1] * levels;
        difference[i] = level[i + 1]->estimate.value - level[0]->estimate.value;
        df = smaller(df, level[i + 1]->df);
        for (size_t j = 0; j < q; j++)
            spread[i * q + j] =
                (row[place[j + 1]] - row[place[0]]) - (first[place[j + 1]] - first[place[0]]);
    }
    pilot_wald_test(difference, spread, q, df, PILOT_WALD_HOTELLING, wald);
    wald->used = used;
    free(difference);
    free(spread);
}

void pilot_gap_test(const pilot_estimate_t *level, size_t levels, const double *covariance,
                    pilot_wald_t *ret_wald)
{
    pilot_wald_t wald = {.reason = PILOT_REASON_NO_UNITS};
    const pilot_estimate_t **used = PILOT_NEW_ARRAY(const pilot_estimate_t *, levels);
    size_t *place = PILOT_NEW_ARRAY(size_t, levels);
    for (size_t l = 0; l < levels; l++) {
        if (has_std_error(&level[l])) {
            place[wald.used] = l;
            used[wald.used++] = &level[l];
        } else if (wald.reason == PILOT_REASON_NO_UNITS) {
            wald.reason = level[l].reason;
        }
    }
    if (wald.used >= 2) {
        wald.reason = PILOT_REASON_NONE;
        wald.rank = wald.used - 1;
        if (covariance)
            wald_of_differences(used, place, covariance, levels, &wald);
        else
            welch(used, &wald);
    }
    free(used);
    free(place);
    *ret_wald = wald;
}
