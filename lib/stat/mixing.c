/* mixing.c - see mixing.h. */
#include "mixing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compensated.h"
#include "pilot/memory.h"

#define MOST_STEPS 200
/* The log-likelihood is below its maximum by at most this times k. */
#define TOLERANCE 1e-11
#define POOR 1e-6

/* density: k x points, each row relative to its largest. */
typedef struct mixing {
    size_t k, points;
    double *density;
    double *mixture;  /* k: of the present masses */
    double *gradient; /* points: by how much the log-likelihood rises with mass here, less k */
    size_t *support;  /* ascending */
    size_t supports;
} mixing_t;

static void fill_density(mixing_t *mixing, const double *y, const double *std_error,
                         const double *point)
{
    for (size_t i = 0; i < mixing->k; i++) {
        double *row = mixing->density + i * mixing->points, least = INFINITY;
        for (size_t j = 0; j < mixing->points; j++) {
            /* Squares stay finite: else an estimate far from all points had no nearest one. */
            double z = fmin(fabs(y[i] - point[j]) / std_error[i], 1e150);
            row[j] = 0.5 * z * z;
            least = fmin(least, row[j]);
        }
        for (size_t j = 0; j < mixing->points; j++)
            row[j] = exp(least - row[j]);
    }
}

static double log_likelihood(mixing_t *mixing, const double *mass)
{
    compensated_t sum = {0};
    for (size_t i = 0; i < mixing->k; i++) {
        const double *row = mixing->density + i * mixing->points;
        double mixture = 0;
        for (size_t s = 0; s < mixing->supports; s++)
            mixture += mass[mixing->support[s]] * row[mixing->support[s]];
        if (!(mixture > 0))
            return -INFINITY; /* masses that nobody keeps */
        mixing->mixture[i] = mixture;
        compensated_add(&sum, log(mixture));
    }
    return compensated_value(&sum);
}

/* Largest element of the gradient. */
static double fill_gradient(mixing_t *mixing)
{
    double most = -INFINITY, *restrict gradient = mixing->gradient;
    for (size_t j = 0; j < mixing->points; j++)
        gradient[j] = -(double)mixing->k;
    for (size_t i = 0; i < mixing->k; i++) {
        const double *restrict row = mixing->density + i * mixing->points;
        double inverse = 1 / mixing->mixture[i];
        for (size_t j = 0; j < mixing->points; j++)
            gradient[j] += row[j] * inverse;
    }
    for (size_t j = 0; j < mixing->points; j++)
        most = fmax(most, gradient[j]);
    return most;
}

/* Equal masses at as few points as leave no estimate more than two standard errors from one. */
static void begin(mixing_t *mixing, double *mass)
{
    size_t chosen = 0;
    memset(mass, 0, mixing->points * sizeof *mass);
    for (size_t i = 0; i < mixing->k; i++) {
        const double *row = mixing->density + i * mixing->points;
        size_t nearest = 0;
        bool covered = false;
        for (size_t j = 0; j < mixing->points; j++) {
            covered |= mass[j] > 0 && row[j] >= exp(-2);
            nearest = row[j] > row[nearest] ? j : nearest;
        }
        if (!covered)
            mass[nearest] = 1;
    }
    mixing->supports = 0;
    for (size_t j = 0; j < mixing->points; j++)
        chosen += mass[j] > 0;
    for (size_t j = 0; j < mixing->points; j++) {
        mass[j] /= (double)chosen;
        if (mass[j] > 0)
            mixing->support[mixing->supports++] = j;
    }
}

/* Points with mass, and those where the gradient has a peak above 0. */
static void choose_support(mixing_t *mixing, const double *mass)
{
    const double *g = mixing->gradient;
    mixing->supports = 0;
    for (size_t j = 0; j < mixing->points; j++) {
        bool peak = g[j] > 0 && (j == 0 || g[j] >= g[j - 1]) &&
                    (j + 1 == mixing->points || g[j] > g[j + 1]);
        if (mass[j] > 0 || peak)
            mixing->support[mixing->supports++] = j;
    }
}

/* The masses on the support that maximize the quadratic approximation: |P mass|^2 + (sum - 1)^2 is
 * least, P = density / mixture - 2 (Wang 2007). */
static void newton(const mixing_t *mixing, double *ret_mass)
{
    size_t n = mixing->supports;
    double *matrix PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, n *n);
    double *row PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, n);
    double *value PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, n);
    double total = 0;
    for (size_t i = 0; i < mixing->k; i++) {
        const double *density = mixing->density + i * mixing->points;
        for (size_t a = 0; a < n; a++)
            row[a] = density[mixing->support[a]] / mixing->mixture[i] - 2;
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b <= a; b++)
                matrix[a * n + b] += row[a] * row[b];
    }
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b <= a; b++)
            matrix[b * n + a] = matrix[a * n + b] = matrix[a * n + b] / (double)mixing->k + 1;
    for (size_t a = 0; a < n; a++)
        row[a] = 1;
    nonnegative_solve(matrix, row, n, value);
    for (size_t a = 0; a < n; a++)
        total += value[a];
    memset(ret_mass, 0, mixing->points * sizeof *ret_mass);
    for (size_t a = 0; a < n; a++)
        ret_mass[mixing->support[a]] = value[a] / total;
}

/* Goes from mass towards target as far as the likelihood rises well enough (Armijo); false when it
 * does not rise. */
static bool line_search(mixing_t *mixing, double *mass, const double *target, double *now)
{
    double *trial PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, mixing->points);
    double slope = 0, length = 1;
    for (size_t s = 0; s < mixing->supports; s++) {
        size_t j = mixing->support[s];
        slope += (target[j] - mass[j]) * mixing->gradient[j];
    }
    for (int halving = 0; halving < 40; halving++, length *= 0.5) {
        for (size_t s = 0; s < mixing->supports; s++) {
            size_t j = mixing->support[s];
            trial[j] = length < 1 ? mass[j] + length * (target[j] - mass[j]) : target[j];
        }
        double then = log_likelihood(mixing, trial);
        if (then > *now && then >= *now + 0.3 * length * slope) {
            *now = then;
            memcpy(mass, trial, mixing->points * sizeof *mass);
            return true;
        }
    }
    log_likelihood(mixing, mass);
    return false;
}

/* One step that cannot fail: EM on the support. */
static void expectation_step(mixing_t *mixing, double *mass, double *now)
{
    for (size_t s = 0; s < mixing->supports; s++) {
        size_t j = mixing->support[s];
        mass[j] *= 1 + mixing->gradient[j] / (double)mixing->k;
    }
    *now = log_likelihood(mixing, mass);
}

bool mixing_fit(const double *y, const double *std_error, size_t k, const double *point,
                size_t points, double *ret_mass)
{
    mixing_t mixing = {.k = k,
                       .points = points,
                       .density = PILOT_NEW_ARRAY(double, k *points),
                       .mixture = PILOT_NEW_ARRAY(double, k),
                       .gradient = PILOT_NEW_ARRAY(double, points),
                       .support = PILOT_NEW_ARRAY(size_t, points)};
    double *target PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, points);
    double now, rise = INFINITY;
    fill_density(&mixing, y, std_error, point);
    begin(&mixing, ret_mass);
    now = log_likelihood(&mixing, ret_mass);
    for (int step = 0; step < MOST_STEPS; step++) {
        rise = fill_gradient(&mixing);
        if (rise <= TOLERANCE * (double)k)
            break;
        choose_support(&mixing, ret_mass);
        newton(&mixing, target);
        if (!line_search(&mixing, ret_mass, target, &now))
            expectation_step(&mixing, ret_mass, &now);
    }
    free(mixing.density);
    free(mixing.mixture);
    free(mixing.gradient);
    free(mixing.support);
    return rise <= POOR * (double)k;
}
