/* meta_tau2.c - see meta_tau2.h.
 *
 * DerSimonian & Laird (1986); Paule & Mandel (1982); restricted likelihood as in
 * Viechtbauer (2005), "Bias and efficiency of meta-analytic variance estimators in the
 * random-effects model", with P = W - W1(1'W1)^-1 1'W. */
#include "meta_tau2.h"

#include <math.h>

meta_fit_t meta_fit(const meta_data_t *data, double tau2)
{
    meta_fit_t fit = {.tau2 = tau2};
    double moment = 0;
    for (size_t i = 0; i < data->k; i++) {
        double w = 1 / (data->v[i] + tau2);
        fit.weight += w;
        moment += w * data->y[i];
    }
    fit.mean = moment / fit.weight;
    for (size_t i = 0; i < data->k; i++) {
        double r = data->y[i] - fit.mean;
        fit.q += r * r / (data->v[i] + tau2);
    }
    return fit;
}

/* tr(P) at tau2 = 0: the sum of w (1 - share of the weight), where 1 - share of an agency with
 * nearly all of it is the others' share, not a difference. */
static double trace(const meta_data_t *data, double weight)
{
    double sum = 0;
    for (size_t i = 0; i < data->k; i++) {
        double w = 1 / data->v[i], rest = weight - w;
        if (w > 0.5 * weight) {
            rest = 0;
            for (size_t j = 0; j < data->k; j++)
                rest += j == i ? 0 : 1 / data->v[j];
        }
        sum += w * (rest / weight);
    }
    return sum;
}

double meta_typical_variance(const meta_data_t *data)
{
    double weight = 0;
    for (size_t i = 0; i < data->k; i++)
        weight += 1 / data->v[i];
    return ((double)data->k - 1) / trace(data, weight);
}

double meta_dersimonian_laird(const meta_data_t *data)
{
    meta_fit_t fit = meta_fit(data, 0);
    return fmax(0, (fit.q - ((double)data->k - 1)) / trace(data, fit.weight));
}

/* Q falls and is convex in tau2, so Newton's method from 0 climbs to the root and never passes
 * it. */
double meta_solve_q(const meta_data_t *data, double target)
{
    double tau2 = 0, unit = meta_typical_variance(data);
    for (int step = 0; step < META_MAX_STEPS; step++) {
        meta_fit_t fit = meta_fit(data, tau2);
        double slope = 0, change;
        for (size_t i = 0; i < data->k; i++) {
            double u = (data->y[i] - fit.mean) / (data->v[i] + tau2);
            slope += u * u;
        }
        change = slope > 0 ? (fit.q - target) / slope : 0;
        if (tau2 + change <= 0)
            return 0;
        tau2 += change;
        if (fabs(change) <= META_STOP * (tau2 + unit) * 1e-2)
            break;
    }
    return tau2;
}

static double restricted_log_likelihood(const meta_data_t *data, double tau2)
{
    meta_fit_t fit = meta_fit(data, tau2);
    double logs = 0;
    for (size_t i = 0; i < data->k; i++)
        logs += log(data->v[i] + tau2);
    return -0.5 * (logs + log(fit.weight) + fit.q);
}

/* Twice the score, y'PPy - tr(P), and its derivative tr(PP) - 2 y'PPPy. */
static double score(const meta_data_t *data, double tau2, double *ret_slope)
{
    meta_fit_t fit = meta_fit(data, tau2);
    double w2 = 0, w3 = 0, uu = 0, wu = 0, wuu = 0;
    for (size_t i = 0; i < data->k; i++) {
        double w = 1 / (data->v[i] + tau2), u = w * (data->y[i] - fit.mean);
        w2 += w * w;
        w3 += w * w * w;
        uu += u * u;
        wu += w * u;
        wuu += w * u * u;
    }
    *ret_slope = w2 - 2 * w3 / fit.weight + (w2 / fit.weight) * (w2 / fit.weight) -
                 2 * (wuu - wu * wu / fit.weight);
    return uu - (fit.weight - w2 / fit.weight);
}

/* Newton's method kept between low (score > 0) and high (score < 0). */
static bool solve_score(const meta_data_t *data, double low, double high, double *ret_tau2)
{
    double unit = meta_typical_variance(data), tau2 = 0.5 * (low + high);
    for (int step = 0; step < META_MAX_STEPS; step++) {
        double slope, value = score(data, tau2, &slope), next;
        if (value > 0)
            low = tau2;
        else
            high = tau2;
        next = tau2 - value / slope;
        if (!(slope < 0) || !(next >= low) || !(next <= high))
            next = 0.5 * (low + high);
        if (fabs(next - tau2) <= META_STOP * (next + unit)) {
            *ret_tau2 = next;
            return true;
        }
        tau2 = next;
    }
    return false;
}

/* Beyond it the score is negative: weights are within a factor of 2 of each other, and
 * y'PPy <= sum(w) range^2 / (4 tau2) <= tr(P). */
double meta_upper_bound(const meta_data_t *data)
{
    double low = data->y[0], high = data->y[0], largest = 0;
    for (size_t i = 0; i < data->k; i++) {
        low = fmin(low, data->y[i]);
        high = fmax(high, data->y[i]);
        largest = fmax(largest, data->v[i]);
    }
    return fmax(largest, (high - low) * (high - low));
}

void meta_grid(double smallest, double last, double ret_point[META_GRID_POINTS])
{
    double step;
    ret_point[0] = 0;
    ret_point[1] = 1e-3 * smallest;
    ret_point[META_GRID + 1] = last;
    step = (log(last) - log(ret_point[1])) / META_GRID;
    for (int g = 2; g <= META_GRID; g++)
        ret_point[g] = ret_point[1] * exp(step * (g - 1));
}

bool meta_reml(const meta_data_t *data, double *ret_tau2)
{
    double point[META_GRID_POINTS], slope, best_likelihood = -INFINITY, smallest = data->v[0];
    int best = 0;
    for (size_t i = 0; i < data->k; i++)
        smallest = fmin(smallest, data->v[i]);
    meta_grid(smallest, meta_upper_bound(data), point);
    for (int g = 0; g < META_GRID_POINTS; g++) {
        double likelihood = restricted_log_likelihood(data, point[g]);
        if (likelihood > best_likelihood) {
            best_likelihood = likelihood;
            best = g;
        }
    }
    if (!isfinite(best_likelihood))
        return false;
    if (score(data, point[best], &slope) > 0)
        return best <= META_GRID && score(data, point[best + 1], &slope) < 0 &&
               solve_score(data, point[best], point[best + 1], ret_tau2);
    if (best == 0) {
        *ret_tau2 = 0;
        return true;
    }
    return score(data, point[best - 1], &slope) > 0 &&
           solve_score(data, point[best - 1], point[best], ret_tau2);
}

double meta_tau2(const meta_data_t *data, pilot_meta_method_t method, bool *ret_by_pm)
{
    double tau2 = 0;
    *ret_by_pm = false;
    if (method == PILOT_META_DL)
        return meta_dersimonian_laird(data);
    if (method == PILOT_META_REML)
        *ret_by_pm = !meta_reml(data, &tau2);
    if (method == PILOT_META_PM || *ret_by_pm)
        tau2 = meta_solve_q(data, (double)data->k - 1);
    return tau2;
}
