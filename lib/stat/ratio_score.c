/* ratio_score.c - Miettinen and Nurminen's score statistic and its inversion.  See ratio.h. */
#include <math.h>

#include "compensated.h"
#include "ratio.h"

/* Ratios from e^-40 to e^40 are looked at: beyond, rounding decides. */
#define FARTHEST 40.0
#define REACH 640
#define STEP 0.0625

typedef struct risks {
    double treated, treated_left, control, control_left; /* p and 1 - p */
} risks_t;

/* Maximum likelihood with the control's risk times `ratio` in the treatment arm: the smaller root
 * of n ratio p^2 - (n1 ratio + x1 + n0 + x0 ratio) p + x1 + x0. */
static risks_t fit_risk_ratio(const ratio_table_t *t, double ratio)
{
    double a = (t->treated + t->control) * ratio;
    double b = t->treated * ratio + t->treated_events + t->control + t->control_events * ratio;
    double c = t->treated_events + t->control_events;
    double root = sqrt(fmax(b * b - 4 * a * c, 0)), p = 2 * c / (b + root);
    return (risks_t){.treated = fmin(p * ratio, 1),
                     .treated_left = fmax(1 - p * ratio, 0),
                     .control = fmin(p, 1),
                     .control_left = fmax(1 - p, 0)};
}

/* The control's risk with odds times `ratio` in the treatment arm and `events` in both: the root in
 * [0, 1] of n0 (ratio-1) p^2 + b p - events, b = n1 ratio + n0 - events (ratio-1). */
static double control_risk(const ratio_table_t *t, double events, double ratio)
{
    double a = t->control * (ratio - 1);
    double b = (t->treated - events) * ratio + t->control + events;
    double root = sqrt(fmax(b * b + 4 * a * events, 0));
    return fmin(b >= 0 ? 2 * events / (b + root) : (root - b) / (2 * a), 1);
}

/* 1 - p is the risk of not having the outcome, so that it keeps its digits where p is near 1. */
static risks_t fit_odds_ratio(const ratio_table_t *t, double ratio)
{
    double events = t->treated_events + t->control_events;
    double p = control_risk(t, events, ratio);
    double left = control_risk(t, t->treated + t->control - events, 1 / ratio);
    double scale = left + p * ratio;
    return (risks_t){.treated = p * ratio / scale,
                     .treated_left = left / scale,
                     .control = p,
                     .control_left = left};
}

/* n/(n-1), by which Miettinen and Nurminen's variance exceeds Koopman's. */
static double inflation(const ratio_table_t *t)
{
    double n = t->treated + t->control;
    return n / (n - 1);
}

static double odds_score(const ratio_table_t *t, double ratio)
{
    risks_t fit = fit_odds_ratio(t, ratio);
    double one = t->treated * fit.treated * fit.treated_left;
    double zero = t->control * fit.control * fit.control_left;
    double left = t->treated_events * fit.treated_left -
                  (t->treated - t->treated_events) * fit.treated; /* x1 - n1 p1, no cancellation */
    return left * sqrt((1 / one + 1 / zero) / inflation(t));
}

double ratio_score(ratio_kind_t kind, const ratio_table_t *table, size_t tables, double log_ratio)
{
    double ratio = exp(log_ratio), spread;
    compensated_t distance = {0}, variance = {0};
    if (kind == RATIO_ODDS && tables == 1 && log_ratio != 0)
        return odds_score(table, ratio);
    for (size_t j = 0; j < tables; j++) {
        const ratio_table_t *t = &table[j];
        risks_t fit = fit_risk_ratio(t, ratio);
        double one = fit.treated * fit.treated_left / t->treated;
        double zero = fit.control * fit.control_left / t->control;
        compensated_add(&distance, t->share * (t->treated_events / t->treated -
                                               ratio * (t->control_events / t->control)));
        compensated_add(&variance,
                        t->share * t->share * (one + ratio * ratio * zero) * inflation(t));
    }
    spread = sqrt(compensated_value(&variance));
    return spread > 0 ? compensated_value(&distance) / spread : 0;
}

/* One table: the statistic falls as the ratio rises.  Steps that double, until the root is between
 * *low and *high. */
static bool bracket(ratio_kind_t kind, const ratio_table_t *table, double target, double *low,
                    double *high)
{
    double step = 1;
    *low = *high = 0;
    if (ratio_score(kind, table, 1, 0) > target) {
        while (ratio_score(kind, table, 1, *high) > target) {
            *low = *high;
            *high += step;
            step *= 2;
            if (*high > FARTHEST)
                return false;
        }
        return true;
    }
    while (!(ratio_score(kind, table, 1, *low) > target)) {
        *high = *low;
        *low -= step;
        step *= 2;
        if (*low < -FARTHEST)
            return false;
    }
    return true;
}

/* Several tables: with few units in some of them it need not fall everywhere, so the root farthest
 * out is taken: the interval then holds every ratio that the test does not reject. */
static bool bracket_farthest(ratio_kind_t kind, const ratio_table_t *table, size_t tables,
                             double target, double *low, double *high)
{
    for (int i = -REACH; i < REACH; i++) {
        double at = (target > 0 ? i : -i) * STEP, next = (target > 0 ? i + 1 : -i - 1) * STEP;
        bool above = ratio_score(kind, table, tables, at) > target;
        if (above == (ratio_score(kind, table, tables, next) > target))
            continue;
        *low = fmin(at, next);
        *high = fmax(at, next);
        return above == (target > 0);
    }
    return false;
}

bool ratio_score_solve(ratio_kind_t kind, const ratio_table_t *table, size_t tables, double target,
                       double *ret_log_ratio)
{
    double low, high;
    bool found = tables == 1 ? bracket(kind, table, target, &low, &high)
                             : bracket_farthest(kind, table, tables, target, &low, &high);
    if (!found)
        return false;
    for (int i = 0; i < 200; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (ratio_score(kind, table, tables, middle) > target)
            low = middle;
        else
            high = middle;
    }
    *ret_log_ratio = low + (high - low) / 2;
    return true;
}
