/* pilot/curve.h - the Kaplan-Meier curve of one arm of a contrast, for pictures and tables.
 * Pure: no I/O, no log, no globals.  Method and sources: docs/methods/survival.md */
#ifndef PILOT_CURVE_H
#define PILOT_CURVE_H

#include <stdbool.h>
#include <stddef.h>

#include "pilot/contrast.h"
#include "pilot/estimate.h"

/* One time at which rows ended, by the event or by censoring.  at_risk (just before), events and
 * censored are sums of weights: counts where there are no weights. */
typedef struct pilot_curve_point {
    double time;
    double at_risk, events, censored;
    double survival;                           /* share without the event after this time */
    pilot_number_t std_error, ci_low, ci_high; /* of survival; absent once survival is 0 */
} pilot_curve_point_t;

/* Ascending in time, each time once; the curve is 1 before the first point and stays level between
 * points.  Clear with pilot_curve_clear. */
typedef struct pilot_curve {
    size_t points;
    pilot_curve_point_t *point;       /* owned */
    size_t n;                         /* rows */
    pilot_std_error_t std_error_type; /* greenwood; linearized with weights or clusters */
} pilot_curve_t;

/* The rows of the treatment arm (treated) or of control, blocks disregarded.  The interval is on
 * the scale of log survival, cut at 1, at this confidence level.  Without rows: no points.  A
 * cluster alone in its arm has no standard errors. */
void pilot_kaplan_meier(const pilot_sample_t *sample, bool treated, double confidence,
                        pilot_curve_t *ret_curve);
void pilot_curve_clear(pilot_curve_t *curve);

#endif
