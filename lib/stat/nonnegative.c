/* nonnegative.c - see mixing.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mixing.h"
#include "pilot/memory.h"

#define LEAST_PIVOT 1e-13

typedef struct active_set {
    const double *matrix, *right;
    size_t count;
    size_t *free; /* places that are not held at 0, in the order of their entry */
    size_t frees;
    bool *barred; /* entered and added no new direction */
    double *factor, *solution;
} active_set_t;

/* Solve for the free ones by Cholesky; false when the last one to enter hardly differs from a
 * combination of the others. */
static bool solve_free(active_set_t *set)
{
    size_t n = set->frees;
    for (size_t i = 0; i < n; i++) {
        const double *row = set->matrix + set->free[i] * set->count;
        double *left = set->factor + i * set->count, sum;
        for (size_t j = 0; j < i; j++) {
            const double *other = set->factor + j * set->count;
            sum = row[set->free[j]];
            for (size_t m = 0; m < j; m++)
                sum -= left[m] * other[m];
            left[j] = sum / other[j];
        }
        sum = row[set->free[i]];
        for (size_t m = 0; m < i; m++)
            sum -= left[m] * left[m];
        if (!(sum > LEAST_PIVOT * row[set->free[i]]))
            return false;
        left[i] = sqrt(sum);
        sum = set->right[set->free[i]];
        for (size_t m = 0; m < i; m++)
            sum -= left[m] * set->solution[m];
        set->solution[i] = sum / left[i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t m = i + 1; m < n; m++)
            set->solution[i] -= set->factor[m * set->count + i] * set->solution[m];
        set->solution[i] /= set->factor[i * set->count + i];
    }
    return true;
}

/* The place at which the objective falls fastest; count when it falls nowhere. */
static size_t steepest(const active_set_t *set, const double *value)
{
    size_t best = set->count;
    double most = 0;
    for (size_t i = 0; i < set->count; i++) {
        double fall = set->right[i], size = fabs(fall);
        if (value[i] > 0 || set->barred[i])
            continue;
        for (size_t j = 0; j < set->count; j++)
            fall -= set->matrix[i * set->count + j] * value[j];
        if (fall > most && fall > 1e-14 * size) {
            most = fall;
            best = i;
        }
    }
    return best;
}

/* Walk from value towards the solution until the first free one is 0, and hold it there. */
static bool step_to_bound(active_set_t *set, double *value)
{
    double length = 1;
    size_t kept = 0;
    for (size_t i = 0; i < set->frees; i++) {
        double at = value[set->free[i]];
        if (set->solution[i] <= 0)
            length = fmin(length, at / (at - set->solution[i]));
    }
    for (size_t i = 0; i < set->frees; i++) {
        double *at = &value[set->free[i]];
        bool bound = set->solution[i] <= 0 && *at / (*at - set->solution[i]) <= length;
        *at = bound ? 0 : *at + length * (set->solution[i] - *at);
        if (*at > 0)
            set->free[kept++] = set->free[i];
        else
            *at = 0;
    }
    bool all = kept == set->frees;
    set->frees = kept;
    return all;
}

void nonnegative_solve(const double *matrix, const double *right, size_t count, double *ret_value)
{
    active_set_t set = {.matrix = matrix,
                        .right = right,
                        .count = count,
                        .free = PILOT_NEW_ARRAY(size_t, count),
                        .barred = PILOT_NEW_ARRAY(bool, count),
                        .factor = PILOT_NEW_ARRAY(double, count *count),
                        .solution = PILOT_NEW_ARRAY(double, count)};
    memset(ret_value, 0, count * sizeof *ret_value);
    for (size_t entered = 0; entered < 3 * count; entered++) {
        size_t enter = steepest(&set, ret_value);
        if (enter == count)
            break;
        set.free[set.frees++] = enter;
        if (!solve_free(&set) || !(set.solution[set.frees - 1] > 0)) {
            set.barred[enter] = true;
            set.frees--;
            continue;
        }
        while (!step_to_bound(&set, ret_value) && set.frees > 0 && solve_free(&set))
            ;
    }
    free(set.free);
    free(set.barred);
    free(set.factor);
    free(set.solution);
}
