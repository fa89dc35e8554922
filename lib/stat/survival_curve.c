/* survival_curve.c - the Kaplan-Meier curve of one arm with its standard errors.
 * See pilot/curve.h.
 *
 * Of log survival: Greenwood's C = sum d/(n(n-d)) up to now.  With weights or clusters: the sum
 * over clusters of (A - B C)^2, where B is the weight that the cluster still has at risk and A the
 * sum of w (C at the row's end - event/(n-d)) over its rows that ended, with the sign turned.  The
 * three sums of squares and products are kept up to date row by row. */
#include "pilot/curve.h"

#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "distribution.h"
#include "pilot/memory.h"
#include "survival.h"

/* Of one cluster, or row. */
typedef struct unit {
    compensated_t ended, at_risk; /* A and B */
} unit_t;

typedef struct spread {
    unit_t *unit;
    compensated_t ended_ended, ended_at_risk, at_risk_at_risk; /* sums over units */
    compensated_t cumulative;                                  /* C */
} spread_t;

static size_t unit_of(const survival_curve_t *curve, size_t key)
{
    const pilot_sample_t *sample = curve->sample;
    return sample->cluster ? sample->cluster[curve->key[key].row] : key;
}

static void take_unit(spread_t *spread, const unit_t *unit, double sign)
{
    double ended = compensated_value(&unit->ended), at_risk = compensated_value(&unit->at_risk);
    compensated_add(&spread->ended_ended, sign * (ended * ended));
    compensated_add(&spread->ended_at_risk, sign * (ended * at_risk));
    compensated_add(&spread->at_risk_at_risk, sign * (at_risk * at_risk));
}

static void start_spread(spread_t *spread, const survival_curve_t *curve)
{
    size_t units = curve->sample->cluster ? curve->sample->clusters : curve->n;
    spread->unit = PILOT_NEW_ARRAY(unit_t, units);
    for (size_t i = 0; i < curve->n; i++)
        compensated_add(&spread->unit[unit_of(curve, i)].at_risk,
                        survival_weight(curve->sample, &curve->key[i]));
    for (size_t u = 0; u < units; u++)
        take_unit(spread, &spread->unit[u], 1);
}

/* Variance of log survival after the step, where somebody survives it. */
static double pass_step(spread_t *spread, const survival_curve_t *curve,
                        const survival_step_t *step)
{
    double c;
    compensated_add(&spread->cumulative, step->events / (step->at_risk * step->survivors));
    c = compensated_value(&spread->cumulative);
    if (!spread->unit)
        return c;
    for (size_t i = step->first; i < step->first + step->rows; i++) {
        const survival_key_t *key = &curve->key[i];
        unit_t *unit = &spread->unit[unit_of(curve, i)];
        double weight = survival_weight(curve->sample, key);
        double own = survival_is_event(curve->sample, key) ? 1 / step->survivors : 0;
        take_unit(spread, unit, -1);
        compensated_add(&unit->ended, weight * (own - c));
        compensated_add(&unit->at_risk, -weight);
        take_unit(spread, unit, 1);
    }
    return compensated_value(&spread->ended_ended) -
           2 * c * compensated_value(&spread->ended_at_risk) +
           c * c * compensated_value(&spread->at_risk_at_risk);
}

static void fill_point(const survival_curve_t *curve, const survival_step_t *step,
                       pilot_curve_point_t *point)
{
    compensated_t censored = {0};
    for (size_t i = step->first; i < step->first + step->rows; i++)
        if (!survival_is_event(curve->sample, &curve->key[i]))
            compensated_add(&censored, survival_weight(curve->sample, &curve->key[i]));
    *point = (pilot_curve_point_t){.time = step->time,
                                   .at_risk = step->at_risk,
                                   .events = step->events,
                                   .censored = compensated_value(&censored),
                                   .survival = step->survival};
}

static void fill_spread(pilot_curve_point_t *point, double log_variance, double critical)
{
    double log_error = sqrt(fmax(0, log_variance));
    point->std_error = PILOT_GIVEN(point->survival * log_error);
    point->ci_low = PILOT_GIVEN(point->survival * exp(-critical * log_error));
    point->ci_high = PILOT_GIVEN(fmin(1, point->survival * exp(critical * log_error)));
}

/* Rows of one arm, by time.  Caller frees. */
static survival_key_t *keys_of_arm(const pilot_sample_t *sample, bool treated, size_t *ret_n)
{
    pilot_sample_t unblocked = *sample;
    survival_key_t *key;
    size_t treated_rows = 0;
    unblocked.block = NULL;
    key = survival_sort(&unblocked, true);
    for (size_t i = 0; i < sample->n; i++)
        treated_rows += sample->treated[i];
    *ret_n = treated ? treated_rows : sample->n - treated_rows;
    for (size_t i = 0; treated && i < treated_rows; i++)
        key[i] = key[sample->n - treated_rows + i];
    return key;
}

static bool single_cluster(const survival_curve_t *curve)
{
    if (!curve->sample->cluster)
        return false;
    for (size_t i = 1; i < curve->n; i++)
        if (unit_of(curve, i) != unit_of(curve, 0))
            return false;
    return true;
}

void pilot_kaplan_meier(const pilot_sample_t *sample, bool treated, double confidence,
                        pilot_curve_t *ret_curve)
{
    size_t n;
    survival_key_t *key = keys_of_arm(sample, treated, &n);
    survival_curve_t curve = survival_curve_make(sample, key, n);
    bool linearized = sample->weight || sample->cluster, none = n > 0 && single_cluster(&curve);
    pilot_curve_t made = {.points = curve.steps,
                          .point = PILOT_NEW_ARRAY(pilot_curve_point_t, curve.steps),
                          .n = n,
                          .std_error_type = none         ? PILOT_SE_NONE
                                            : linearized ? PILOT_SE_LINEARIZED
                                                         : PILOT_SE_GREENWOOD};
    double critical = pilot_normal_critical(confidence);
    spread_t spread = {0};
    if (linearized)
        start_spread(&spread, &curve);
    for (size_t k = 0; k < curve.steps; k++) {
        fill_point(&curve, &curve.step[k], &made.point[k]);
        if (curve.step[k].survival > 0) {
            double log_variance = pass_step(&spread, &curve, &curve.step[k]);
            if (!none)
                fill_spread(&made.point[k], log_variance, critical);
        }
    }
    free(spread.unit);
    survival_curve_clear(&curve);
    free(key);
    *ret_curve = made;
}

void pilot_curve_clear(pilot_curve_t *curve)
{
    free(curve->point);
    *curve = (pilot_curve_t){0};
}
