/* share_bounds.c - see share_bounds.h.
 *
 * The mean over agencies of the estimates' distribution functions is F(t) = sum over effects of
 * their share x H(t - effect), H(x) = mean of Phi(x / std_error).  Intervals for F at some of the
 * ordered estimates, which hold all together, make a region of distributions of effects; the least
 * and the largest share in it are linear programs (Ignatiadis & Wager 2022). */
#include "share_bounds.h"

#include <glpk.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "pilot/memory.h"

/* Ordered estimates at which F is bounded. */
#define MOST_PLACES 16
/* Points beyond the smallest and the largest estimate, each twice as far out as the one before. */
#define BEYOND 4

typedef struct place {
    double at, low, high;
} place_t;

/* The x with P(Beta(a, b) <= x) = tail, or P(Beta(a, b) >= x) = tail, by bisection: GSL's inverse
 * does not converge for thousands of agencies. */
static double beta_quantile(double tail, double a, double b, bool upper)
{
    double low = 0, high = 1;
    for (int i = 0; i < 50; i++) {
        double x = 0.5 * (low + high);
        bool beyond = upper ? gsl_cdf_beta_Q(x, a, b) <= tail : gsl_cdf_beta_P(x, a, b) >= tail;
        if (beyond)
            high = x;
        else
            low = x;
    }
    return upper ? high : low;
}

/* Clopper & Pearson's bounds at level / (2 places) each: exact for F at an ordered estimate if all
 * had one distribution, and at least as safe for different ones (Hoeffding 1956, theorem 4).
 * Places lie close where F is near 0 or 1, and there its bounds are narrow. */
static size_t choose_places(const agency_order_t *order, double level, place_t *ret_place)
{
    size_t wanted = order->k < MOST_PLACES ? order->k : MOST_PLACES, places = 0, last = 0;
    double k = (double)order->k, tail = level / (2 * (double)wanted);
    for (size_t p = 0; p < wanted; p++) {
        double root = sin(M_PI_2 * (double)p / (double)(wanted - 1));
        size_t rank = 1 + (size_t)lround(root * root * (k - 1));
        if (rank == last)
            continue;
        last = rank;
        ret_place[places++] =
            (place_t){.at = order->y[order->k - rank],
                      .low = beta_quantile(tail, (double)rank, k - (double)rank + 1, false),
                      .high = beta_quantile(tail, (double)rank, k - (double)rank + 1, true)};
    }
    return places;
}

/* ---- H -------------------------------------------------------------------------------------- */

/* Standard errors by their logarithm, each split between two neighbours: H of thousands of agencies
 * at thousands of places would take longer than all else. */
#define CLASSES_PER_E 32.0
#define MOST_CLASSES 4096

typedef struct kernel {
    size_t classes;
    double *inverse, *share; /* 1 / standard error; of agencies */
} kernel_t;

static kernel_t kernel_new(const agency_order_t *order)
{
    double least = INFINITY, most = 0, density = CLASSES_PER_E, k = (double)order->k;
    kernel_t kernel = {0};
    size_t filled = 0;
    for (size_t i = 0; i < order->k; i++) {
        least = fmin(least, order->std_error[i]);
        most = fmax(most, order->std_error[i]);
    }
    density = fmin(density, (MOST_CLASSES - 2) / fmax(log(most / least), 1e-9));
    kernel.classes = (size_t)(log(most / least) * density) + 2;
    kernel.inverse = PILOT_NEW_ARRAY(double, kernel.classes);
    kernel.share = PILOT_NEW_ARRAY(double, kernel.classes);
    for (size_t i = 0; i < order->k; i++) {
        double at = log(order->std_error[i] / least) * density, part = at - floor(at);
        kernel.share[(size_t)at] += (1 - part) / k;
        kernel.share[(size_t)at + 1] += part / k;
    }
    for (size_t c = 0; c < kernel.classes; c++) {
        if (!(kernel.share[c] > 0))
            continue;
        kernel.share[filled] = kernel.share[c];
        kernel.inverse[filled++] = exp(-(double)c / density) / least;
    }
    kernel.classes = filled;
    return kernel;
}

static void kernel_clear(kernel_t *kernel)
{
    free(kernel->inverse);
    free(kernel->share);
}

static double distribution_at(const kernel_t *kernel, double x)
{
    double sum = 0;
    for (size_t c = 0; c < kernel->classes; c++)
        sum += kernel->share[c] * 0.5 * erfc(-x * kernel->inverse[c] * M_SQRT1_2);
    return sum;
}

/* ---- the linear programs --------------------------------------------------------------------- */

typedef struct program {
    glp_prob *problem;
    const kernel_t *kernel;
    const place_t *place;
    size_t places;
    int *kind; /* of the column's effect; columns are numbered from 1 */
} program_t;

static void add_column(program_t *program, double effect, pilot_share_kind_t kind)
{
    int index[MOST_PLACES + 2], column = glp_add_cols(program->problem, 1);
    double value[MOST_PLACES + 2];
    int rows = (int)program->places + 1;
    for (int r = 1; r < rows; r++) {
        index[r] = r;
        value[r] = isinf(effect)
                       ? (double)(effect < 0)
                       : distribution_at(program->kernel, program->place[r - 1].at - effect);
    }
    index[rows] = rows;
    value[rows] = 1;
    glp_set_col_bnds(program->problem, column, GLP_LO, 0, 0);
    glp_set_mat_col(program->problem, column, rows, index, value);
    program->kind[column] = kind;
}

static void add_effect(program_t *program, double effect, const share_limits_t *limits)
{
    if (effect == limits->harm || effect == limits->benefit)
        return; /* added once, as either */
    add_column(program, effect,
               effect < limits->harm      ? PILOT_SHARE_HARM
               : effect > limits->benefit ? PILOT_SHARE_BENEFIT
                                          : PILOT_SHARE_NONE);
}

/* At a limit an effect may count as either: a share just beyond is no different. */
static void add_limits(program_t *program, const share_limits_t *limits)
{
    add_column(program, limits->harm, PILOT_SHARE_HARM);
    add_column(program, limits->benefit, PILOT_SHARE_BENEFIT);
    if (limits->has_middle) {
        add_column(program, limits->harm, PILOT_SHARE_NONE);
        add_column(program, limits->benefit, PILOT_SHARE_NONE);
    }
}

static void add_columns(program_t *program, const double *point, size_t points,
                        const share_limits_t *limits)
{
    for (size_t j = 0; j < points; j++)
        add_effect(program, point[j], limits);
    for (int i = 0; i < BEYOND; i++) {
        add_effect(program, point[0] - ldexp(1, i), limits);
        add_effect(program, point[points - 1] + ldexp(1, i), limits);
    }
    add_column(program, -INFINITY, PILOT_SHARE_HARM);
    add_column(program, INFINITY, PILOT_SHARE_BENEFIT);
    add_limits(program, limits);
}

static void add_rows(program_t *program)
{
    int rows = (int)program->places + 1;
    glp_add_rows(program->problem, rows);
    for (int r = 1; r < rows; r++)
        glp_set_row_bnds(program->problem, r, GLP_DB, program->place[r - 1].low,
                         program->place[r - 1].high);
    glp_set_row_bnds(program->problem, rows, GLP_FX, 1, 1);
}

static bool extreme_share(program_t *program, size_t kind, int direction, double *ret_share)
{
    glp_smcp how;
    glp_init_smcp(&how);
    how.msg_lev = GLP_MSG_OFF;
    glp_set_obj_dir(program->problem, direction);
    for (int column = 1; column <= glp_get_num_cols(program->problem); column++)
        glp_set_obj_coef(program->problem, column, program->kind[column] == (int)kind);
    if (glp_simplex(program->problem, &how) != 0 || glp_get_status(program->problem) != GLP_OPT)
        return false;
    *ret_share = fmin(fmax(glp_get_obj_val(program->problem), 0), 1);
    return true;
}

bool share_bounds(const agency_order_t *order, const double *point, size_t points,
                  const share_limits_t *limits, double level,
                  share_interval_t ret_interval[PILOT_SHARES])
{
    place_t place[MOST_PLACES];
    kernel_t kernel = kernel_new(order);
    int *kind PILOT_AUTOFREE = PILOT_NEW_ARRAY(int, points + 2 * BEYOND + 8);
    program_t program = {.kernel = &kernel, .place = place, .kind = kind};
    bool compatible = true;
    glp_term_out(GLP_OFF);
    program.places = choose_places(order, level, place);
    program.problem = glp_create_prob();
    add_rows(&program);
    add_columns(&program, point, points, limits);
    for (size_t i = 0; i < PILOT_SHARES && compatible; i++)
        compatible = extreme_share(&program, i, GLP_MIN, &ret_interval[i].low) &&
                     extreme_share(&program, i, GLP_MAX, &ret_interval[i].high);
    glp_delete_prob(program.problem);
    /* GLPK keeps an environment for each thread. */
    glp_free_env();
    kernel_clear(&kernel);
    return compatible;
}
