/* meta_leave_out.c - see meta_leave_out.h.
 *
 * Sums over all agencies are made once for each point of the grid on which the likelihood is looked
 * at; without an agency they are those sums less its own terms.  So the best point and the first
 * step from the tau2 of all take no loop over agencies, and Newton's method then needs two.  Where
 * an agency is most of a sum, what is left after it would have few digits: it is left out by
 * copying the others and beginning from nothing, as is one whose search finds no answer. */
#include "meta_leave_out.h"

#include <math.h>
#include <stdlib.h>

#include "pilot/memory.h"

/* Sums of w^a r^b with w = 1/(v + tau2), r = y - centre. */
typedef struct moments {
    double w, wr, wrr, w2, w2r, w2rr, w3, w3r, w3rr;
} moments_t;

#define NOBODY ((size_t)-1)

static void add(moments_t *sum, double sign, double w, double r)
{
    double w2 = w * w * sign, w3 = w2 * w, signed_w = w * sign;
    sum->w += signed_w;
    sum->wr += signed_w * r;
    sum->wrr += signed_w * r * r;
    sum->w2 += w2;
    sum->w2r += w2 * r;
    sum->w2rr += w2 * r * r;
    sum->w3 += w3;
    sum->w3r += w3 * r;
    sum->w3rr += w3 * r * r;
}

static moments_t sum_up(const meta_data_t *data, double tau2, double centre, size_t without)
{
    moments_t sum = {0};
    for (size_t i = 0; i < data->k; i++) {
        if (i != without)
            add(&sum, 1, 1 / (data->v[i] + tau2), data->y[i] - centre);
    }
    return sum;
}

static meta_fit_t fit_of(const moments_t *sum, double tau2, double centre)
{
    double mean = sum->wr / sum->w;
    return (meta_fit_t){.tau2 = tau2,
                        .weight = sum->w,
                        .mean = centre + mean,
                        .q = fmax(0, sum->wrr - mean * sum->wr)};
}

/* y'PPy: minus the slope of Q. */
static double squares_of(const moments_t *sum)
{
    double mean = sum->wr / sum->w;
    return sum->w2rr - 2 * mean * sum->w2r + mean * mean * sum->w2;
}

/* As score() of meta_tau2.c. */
static double score_of(const moments_t *sum, double *ret_slope)
{
    double mean = sum->wr / sum->w, share = sum->w2 / sum->w;
    double wu = sum->w2r - mean * sum->w2;
    double wuu = sum->w3rr - 2 * mean * sum->w3r + mean * mean * sum->w3;
    *ret_slope = sum->w2 - 2 * sum->w3 / sum->w + share * share - 2 * (wuu - wu * wu / sum->w);
    return squares_of(sum) - (sum->w - share);
}

/* All agencies at one tau2, about their mean there. */
typedef struct point {
    double tau2, centre, logs;
    moments_t all;
} point_t;

static point_t point_at(const meta_data_t *data, double tau2, bool with_logs)
{
    point_t point = {.tau2 = tau2, .centre = meta_fit(data, tau2).mean};
    point.all = sum_up(data, tau2, point.centre, NOBODY);
    for (size_t i = 0; with_logs && i < data->k; i++)
        point.logs += log(data->v[i] + tau2);
    return point;
}

static moments_t point_without(const point_t *point, const meta_data_t *data, size_t i)
{
    moments_t left = point->all;
    add(&left, -1, 1 / (data->v[i] + point->tau2), data->y[i] - point->centre);
    return left;
}

static double likelihood_without(const point_t *point, const meta_data_t *data, size_t i)
{
    moments_t left = point_without(point, data, i);
    double logs = point->logs - log(data->v[i] + point->tau2);
    return -0.5 * (logs + log(left.w) + fit_of(&left, point->tau2, 0).q);
}

/* Is so little of the sums left without the agency that their digits went with it? */
static bool dominates(const point_t *point, const meta_data_t *data, size_t i)
{
    moments_t left = point_without(point, data, i);
    return !(left.w >= 0.5 * point->all.w) ||
           !(fit_of(&left, point->tau2, 0).q >= 1e-4 * point->all.wrr);
}

typedef struct leaver {
    const meta_data_t *data;
    pilot_meta_method_t method;
    double unit;
    point_t none, full; /* at tau2 = 0; at the tau2 of all */
    point_t grid[META_GRID_POINTS];
    meta_data_t others; /* room for a copy */
} leaver_t;

static void copy_without(leaver_t *leaver, size_t i, meta_left_t *left)
{
    const meta_data_t *data = leaver->data;
    meta_data_t *others = &leaver->others;
    bool by_pm;
    double tau2 = 0;
    others->k = 0;
    for (size_t j = 0; j < data->k; j++) {
        if (j == i)
            continue;
        others->y[others->k] = data->y[j];
        others->v[others->k++] = data->v[j];
    }
    if (left->has_tau2 && others->k >= 2)
        tau2 = meta_tau2(others, leaver->method, &by_pm);
    left->fit = meta_fit(others, tau2);
}

static bool dersimonian_laird(const leaver_t *leaver, size_t i, meta_left_t *left)
{
    moments_t sum = point_without(&leaver->none, leaver->data, i);
    double q = fit_of(&sum, 0, 0).q, df = (double)leaver->data->k - 2;
    /* Another has so much of the weight that the denominator would have few digits. */
    if (sum.w2 > 0.9 * sum.w * sum.w)
        return false;
    double tau2 = fmax(0, (q - df) / (sum.w - sum.w2 / sum.w)), centre = leaver->full.centre;
    sum = sum_up(leaver->data, tau2, centre, i);
    left->fit = fit_of(&sum, tau2, centre);
    return true;
}

/* Where the mean and tau2 lie without the agency, by one step of Newton's method from all. */
static double mean_near(const leaver_t *leaver, const moments_t *near)
{
    return leaver->full.centre + near->wr / near->w;
}

/* From the left of the root steps never pass it; from the right one passes it at most once. */
static bool solve_q(const leaver_t *leaver, size_t i, meta_left_t *left)
{
    moments_t sum = point_without(&leaver->none, leaver->data, i);
    double target = (double)leaver->data->k - 2, tau2 = leaver->full.tau2, centre;
    if (fit_of(&sum, 0, 0).q <= target) {
        left->fit = fit_of(&sum, 0, leaver->none.centre);
        return true;
    }
    sum = point_without(&leaver->full, leaver->data, i);
    centre = mean_near(leaver, &sum);
    for (int step = 0; step < META_MAX_STEPS; step++) {
        double change = (fit_of(&sum, 0, 0).q - target) / squares_of(&sum);
        bool settled = step > 0 && fabs(change) <= META_STOP * (tau2 + leaver->unit);
        tau2 = fmax(0, tau2 + change);
        if (settled) {
            left->fit = fit_of(&sum, tau2, centre);
            return true;
        }
        sum = sum_up(leaver->data, tau2, centre, i);
    }
    return false;
}

/* Between low (score > 0) and high (score < 0). */
static bool solve_score(const leaver_t *leaver, size_t i, double low, double high,
                        meta_left_t *left)
{
    moments_t sum = point_without(&leaver->full, leaver->data, i);
    double centre = mean_near(leaver, &sum), tau2 = leaver->full.tau2, slope;
    tau2 -= score_of(&sum, &slope) / slope;
    if (!(slope < 0) || !(tau2 > low) || !(tau2 < high))
        tau2 = 0.5 * (low + high);
    for (int step = 0; step < META_MAX_STEPS; step++) {
        double value, next;
        sum = sum_up(leaver->data, tau2, centre, i);
        value = score_of(&sum, &slope);
        if (value > 0)
            low = tau2;
        else
            high = tau2;
        next = tau2 - value / slope;
        if (!(slope < 0) || !(next >= low) || !(next <= high))
            next = 0.5 * (low + high);
        if (fabs(next - tau2) <= META_STOP * (next + leaver->unit)) {
            left->fit = fit_of(&sum, next, centre);
            return true;
        }
        tau2 = next;
    }
    return false;
}

static double score_without(const leaver_t *leaver, int point, size_t i)
{
    double slope;
    moments_t sum = point_without(&leaver->grid[point], leaver->data, i);
    return score_of(&sum, &slope);
}

/* As meta_reml. */
static bool reml(const leaver_t *leaver, size_t i, meta_left_t *left)
{
    const point_t *grid = leaver->grid;
    double best_likelihood = -INFINITY;
    int best = 0;
    for (int g = 0; g < META_GRID_POINTS; g++) {
        double likelihood = likelihood_without(&grid[g], leaver->data, i);
        if (likelihood > best_likelihood) {
            best_likelihood = likelihood;
            best = g;
        }
    }
    if (!isfinite(best_likelihood))
        return false;
    if (score_without(leaver, best, i) > 0)
        return best <= META_GRID && score_without(leaver, best + 1, i) < 0 &&
               solve_score(leaver, i, grid[best].tau2, grid[best + 1].tau2, left);
    if (best == 0) {
        moments_t sum = point_without(&leaver->none, leaver->data, i);
        left->fit = fit_of(&sum, 0, leaver->none.centre);
        return true;
    }
    return score_without(leaver, best - 1, i) > 0 &&
           solve_score(leaver, i, grid[best - 1].tau2, grid[best].tau2, left);
}

static void begin(leaver_t *leaver, const meta_data_t *data, pilot_meta_method_t method,
                  double tau2)
{
    *leaver = (leaver_t){
        .data = data,
        .method = method,
        .unit = meta_typical_variance(data),
        .none = point_at(data, 0, false),
        .full = point_at(data, tau2, false),
        .others = {.y = PILOT_NEW_ARRAY(double, data->k), .v = PILOT_NEW_ARRAY(double, data->k)}};
    if (method != PILOT_META_REML || data->k < 3)
        return;
    double grid[META_GRID_POINTS], smallest = data->v[0];
    for (size_t i = 0; i < data->k; i++)
        smallest = fmin(smallest, data->v[i]);
    meta_grid(smallest, meta_upper_bound(data), grid);
    for (int g = 0; g < META_GRID_POINTS; g++)
        leaver->grid[g] = point_at(data, grid[g], true);
}

static void leave_out(leaver_t *leaver, size_t i, meta_left_t *left)
{
    const meta_data_t *data = leaver->data;
    bool found = false;
    if (!left->has_tau2 || dominates(&leaver->none, data, i) || dominates(&leaver->full, data, i)) {
        copy_without(leaver, i, left);
        return;
    }
    if (leaver->method == PILOT_META_FIXED) {
        moments_t sum = point_without(&leaver->none, data, i);
        left->fit = fit_of(&sum, 0, leaver->none.centre);
        found = true;
    } else if (leaver->method == PILOT_META_DL) {
        found = dersimonian_laird(leaver, i, left);
    } else if (leaver->method == PILOT_META_PM) {
        found = solve_q(leaver, i, left);
    } else {
        found = reml(leaver, i, left);
    }
    if (!found)
        copy_without(leaver, i, left);
}

void meta_leave_out(const meta_data_t *data, pilot_meta_method_t method, double tau2,
                    meta_left_t *ret_left)
{
    leaver_t leaver;
    for (size_t i = 0; i < data->k; i++)
        ret_left[i] = (meta_left_t){.has_fit = data->k >= 2,
                                    .has_tau2 = data->k >= (method == PILOT_META_FIXED ? 2 : 3)};
    if (data->k < 2)
        return;
    begin(&leaver, data, method, tau2);
    for (size_t i = 0; i < data->k; i++)
        leave_out(&leaver, i, &ret_left[i]);
    free(leaver.others.y);
    free(leaver.others.v);
}
