/* agency_distribution.c - see pilot/agency_distribution.h. */
#include "pilot/agency_distribution.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agency_order.h"
#include "mixing.h"
#include "pilot/memory.h"
#include "share_bounds.h"

static const char *const kind_name[PILOT_SHARES] = {"harm", "none", "benefit"};

const char *pilot_share_kind_name(pilot_share_kind_t kind)
{
    return (size_t)kind < PILOT_SHARES ? kind_name[kind] : "";
}

/* Points of the grid that are evenly spread, and as many that follow the estimates. */
#define EVEN_POINTS 151
#define FOLLOWING_POINTS 150

static int ascending(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* From the smallest to the largest estimate: outside there is no mass in the maximum.  Returns the
 * number of points. */
static size_t make_grid(const agency_order_t *order, double *ret_point)
{
    double high = order->y[0], low = order->y[order->k - 1];
    size_t points = 0, kept = 1;
    for (size_t i = 0; i < EVEN_POINTS; i++)
        ret_point[points++] = low + (high - low) * (double)i / (EVEN_POINTS - 1);
    for (size_t i = 0; i < FOLLOWING_POINTS && i < order->k; i++)
        ret_point[points++] = order->k <= FOLLOWING_POINTS
                                  ? order->y[i]
                                  : order->y[i * (order->k - 1) / (FOLLOWING_POINTS - 1)];
    qsort(ret_point, points, sizeof *ret_point, ascending);
    for (size_t i = 1; i < points; i++)
        if (ret_point[i] > ret_point[kept - 1])
            ret_point[kept++] = ret_point[i];
    return kept;
}

/* A place of no effect when there is no middle: half harm and half benefit. */
static void share_out(double place, double mass, const share_limits_t *limits,
                      double share[PILOT_SHARES])
{
    if (!limits->has_middle && place == limits->harm) {
        share[PILOT_SHARE_HARM] += 0.5 * mass;
        share[PILOT_SHARE_BENEFIT] += 0.5 * mass;
    } else if (place < limits->harm) {
        share[PILOT_SHARE_HARM] += mass;
    } else if (place > limits->benefit) {
        share[PILOT_SHARE_BENEFIT] += mass;
    } else {
        share[PILOT_SHARE_NONE] += mass;
    }
}

static bool estimate_shares(const agency_order_t *order, const double *point, size_t points,
                            const share_limits_t *limits, double share[PILOT_SHARES])
{
    double *mass PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, points);
    bool converged = mixing_fit(order->y, order->std_error, order->k, point, points, mass);
    for (size_t j = 0; j < points; j++)
        share_out(point[j], mass[j], limits, share);
    return converged;
}

static void remark(pilot_share_t *row, pilot_reason_t reason, const char *text)
{
    row->status = PILOT_ROW_FLAGGED;
    row->reason = reason;
    snprintf(row->detail, sizeof row->detail, "%s", text);
}

static void fill(const agency_order_t *order, const share_limits_t *limits, double confidence,
                 pilot_share_t ret_share[PILOT_SHARES])
{
    double *point PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, EVEN_POINTS + FOLLOWING_POINTS);
    size_t points = make_grid(order, point);
    double share[PILOT_SHARES] = {0};
    share_interval_t interval[PILOT_SHARES];
    bool converged = estimate_shares(order, point, points, limits, share);
    bool bounded = share_bounds(order, point, points, limits, 1 - confidence, interval);
    for (size_t i = 0; i < PILOT_SHARES; i++) {
        pilot_share_t *row = &ret_share[i];
        double value = fmin(share[i], 1);
        if (!limits->has_middle && i == PILOT_SHARE_NONE) {
            row->share = row->ci_low = row->ci_high = PILOT_GIVEN(0);
            snprintf(row->detail, sizeof row->detail,
                     "no smallest_effect: nothing is between harm and benefit");
            continue;
        }
        row->share = PILOT_GIVEN(value);
        if (bounded) {
            row->ci_low = PILOT_GIVEN(fmin(interval[i].low, value));
            row->ci_high = PILOT_GIVEN(fmax(interval[i].high, value));
        } else {
            remark(row, PILOT_REASON_NOT_CONVERGED,
                   "no interval: no single distribution of effects fits these estimates and "
                   "standard errors");
        }
        if (!converged)
            remark(row, PILOT_REASON_NOT_CONVERGED, "the likelihood has not reached its maximum");
    }
}

void pilot_agency_distribution(const pilot_number_t *estimate, const pilot_number_t *std_error,
                               size_t agencies, const pilot_agency_distribution_options_t *options,
                               pilot_share_t ret_share[PILOT_SHARES])
{
    agency_order_t order = agency_order(estimate, std_error, agencies, options->lower_is_better);
    const share_limits_t limits = {
        .harm = (-options->smallest_effect - order.origin) / order.scale,
        .benefit = (options->smallest_effect - order.origin) / order.scale,
        .has_middle = options->smallest_effect > 0,
    };
    for (size_t i = 0; i < PILOT_SHARES; i++) {
        ret_share[i] = (pilot_share_t){.kind = (pilot_share_kind_t)i, .k = order.k};
        if (order.k < PILOT_SHARE_AGENCIES) {
            ret_share[i].status = PILOT_ROW_NOT_ESTIMABLE;
            ret_share[i].reason = PILOT_REASON_TOO_FEW_AGENCIES;
        }
    }
    if (order.k >= PILOT_SHARE_AGENCIES)
        fill(&order, &limits, options->confidence, ret_share);
    agency_order_clear(&order);
}
