/* meta_tau2.c - see meta_tau2.h.
 *
 * DerSimonian & Laird (1986); Paule & Mandel (1982); restricted likelihood as in
 * Viechtbauer (2005), "Bias and efficiency of meta-analytic variance estimators in the
 * random-effects model", with P = W - W1(1'W1)^-1 1'W. */
#include "meta_tau2.h"

#include <math.h>

#define STOP 1e-12
#define GRID 80
#define MAX_STEPS 200

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

double meta_typical_variance(const meta_data_t *data)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < data->k; i++) {
        sum += 1 / data->v[i];
        squares += 1 / (data->v[i] * data->v[i]);
    }
    return ((double)data->k - 1) * sum / (sum * sum - squares);
}

double meta_dersimonian_laird(const meta_data_t *data)
{
    meta_fit_t fit = meta_fit(data, 0);
    double squares = 0;
    for (size_t i = 0; i < data->k; i++)
        squares += 1 / (data->v[i] * data->v[i]);
    return fmax(0, (fit.q - ((double)data->k - 1)) / (fit.weight - squares / fit.weight));
}

/* Q falls and is convex in tau2, so Newton's method from 0 climbs to the root and never passes
 * it. */
double meta_solve_q(const meta_data_t *data, double target)
{
    double tau2 = 0, unit = meta_typical_variance(data);
    for (int step = 0; step < MAX_STEPS; step++) {
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
        if (fabs(change) <= STOP * (tau2 + unit) * 1e-2)
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
    for (int step = 0; step < MAX_STEPS; step++) {
        double slope, value = score(data, tau2, &slope), next;
        if (value > 0)
            low = tau2;
        else
            high = tau2;
        next = tau2 - value / slope;
        if (!(slope < 0) || !(next >= low) || !(next <= high))
            next = 0.5 * (low + high);
        if (fabs(next - tau2) <= STOP * (next + unit)) {
            *ret_tau2 = next;
            return true;
        }
        tau2 = next;
    }
    return false;
}

/* Beyond it the score is negative: weights are within a factor of 2 of each other, and
 * y'PPy <= sum(w) range^2 / (4 tau2) <= tr(P). */
static double upper_bound(const meta_data_t *data)
{
    double low = data->y[0], high = data->y[0], largest = 0;
    for (size_t i = 0; i < data->k; i++) {
        low = fmin(low, data->y[i]);
        high = fmax(high, data->y[i]);
        largest = fmax(largest, data->v[i]);
    }
    return fmax(largest, (high - low) * (high - low));
}

bool meta_reml(const meta_data_t *data, double *ret_tau2)
{
    double point[GRID + 2], slope, best_likelihood = -INFINITY, smallest = data->v[0], step;
    int best = 0;
    for (size_t i = 0; i < data->k; i++)
        smallest = fmin(smallest, data->v[i]);
    point[0] = 0;
    point[1] = 1e-3 * smallest;
    point[GRID + 1] = upper_bound(data);
    step = (log(point[GRID + 1]) - log(point[1])) / GRID;
    for (int g = 2; g <= GRID; g++)
        point[g] = point[1] * exp(step * (g - 1));
    for (int g = 0; g <= GRID + 1; g++) {
        double likelihood = restricted_log_likelihood(data, point[g]);
        if (likelihood > best_likelihood) {
            best_likelihood = likelihood;
            best = g;
        }
    }
    if (!isfinite(best_likelihood))
        return false;
    if (score(data, point[best], &slope) > 0)
        return best <= GRID && score(data, point[best + 1], &slope) < 0 &&
               solve_score(data, point[best], point[best + 1], ret_tau2);
    if (best == 0) {
        *ret_tau2 = 0;
        return true;
    }
    return score(data, point[best - 1], &slope) > 0 &&
           solve_score(data, point[best - 1], point[best], ret_tau2);
}
