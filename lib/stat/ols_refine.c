/* ols_refine.c - see ols_refine.h. */
#include "ols_refine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "double_double.h"

/* Below the first, coefficients have twelve digits without a step.  A step leaves about condition x
 * 1e-16 of the error: above the second, nothing would be gained. */
#define LEAST_CONDITION 100
#define MOST_CONDITION 1e14

/* Condition (Frobenius) of the columns scaled to length 1; a column's length is that of R's. */
static double find_condition(const pilot_fit_t *fit)
{
    size_t rank = fit->rank;
    double sum = 0;
    for (size_t i = 0; i < rank; i++) {
        double length = 0;
        for (size_t k = 0; k <= i; k++)
            length = hypot(length, fit->r[k * rank + i]);
        for (size_t k = i; k < rank; k++)
            sum = hypot(sum, length * fit->r_inverse[i * rank + k]);
    }
    return sum * sqrt((double)rank);
}

bool pilot_fit_needs_step(const pilot_fit_t *fit)
{
    if (fit->rank == 0)
        return false;
    double condition = find_condition(fit);
    return condition > LEAST_CONDITION && condition < MOST_CONDITION;
}

static double_double_t subtract(double_double_t x, double y)
{
    return double_double_add(x, (double_double_t){-y, 0});
}

/* A column's value in a row of the frame, without demeaning. */
static double_double_t value_at(const pilot_rows_t *rows, const pilot_column_t *column, size_t at)
{
    double_double_t value = {0, 0};
    const uint8_t *present = column->number ? column->number->present : NULL;
    uint32_t arm = rows->task->frame->arm[at];
    switch (column->kind) {
    case PILOT_COLUMN_ZERO:
        break;
    case PILOT_COLUMN_ARM:
        value.high = arm == column->code;
        break;
    case PILOT_COLUMN_NUMBER:
        if (column->number && (!present || present[at]))
            value = subtract(double_double_sum(column->number->value[at], -column->base),
                             column->shift);
        break;
    case PILOT_COLUMN_MISSING:
        value.high = present && !present[at];
        break;
    case PILOT_COLUMN_LEVEL:
        value.high = column->category->code[at] == column->code;
        break;
    }
    if (!column->arm)
        return value;
    return arm == column->arm ? subtract(value, column->center) : (double_double_t){0, 0};
}

/* Sums of one block: of w, w e and w x, e = y - x beta before demeaning. */
typedef struct block_sums {
    double_double_t weight, residual, *column;
} block_sums_t;

static void clear_block(size_t rank, block_sums_t *sums)
{
    sums->weight = sums->residual = (double_double_t){0, 0};
    for (size_t k = 0; k < rank; k++)
        sums->column[k] = (double_double_t){0, 0};
}

/* What demeaning takes away: the product of the means, as often as the block weighs. */
static void end_block(size_t rank, const block_sums_t *sums, double weight,
                      double_double_t *gradient)
{
    double_double_t mean = double_double_divide(sums->residual, -weight);
    for (size_t k = 0; k < rank; k++)
        gradient[k] = double_double_add(gradient[k], double_double_multiply(sums->column[k], mean));
}

static double *put(double *to, double_double_t number)
{
    *to++ = number.high;
    *to++ = number.low;
    return to;
}

static const double *take(const double *from, double_double_t *sum)
{
    *sum = double_double_add(*sum, (double_double_t){from[0], from[1]});
    return from + 2;
}

size_t pilot_gradient_numbers(const pilot_fit_t *fit, size_t blocks)
{
    return 2 * fit->rank + (fit->across ? blocks * 2 * (1 + fit->rank) : 0);
}

static void add_row(const pilot_rows_t *rows, const pilot_column_t *column,
                    const pilot_column_t *outcome, const pilot_fit_t *fit, size_t at,
                    double_double_t *x, block_sums_t *sums, double_double_t *gradient)
{
    double w = rows->weight ? rows->weight[at] : 1;
    double_double_t e = value_at(rows, outcome, at);
    for (size_t k = 0; k < fit->rank; k++) {
        x[k] = value_at(rows, &column[k], at);
        e = double_double_add(e, double_double_scale(x[k], -fit->beta[k]));
    }
    e = double_double_scale(e, w);
    sums->weight = double_double_add(sums->weight, (double_double_t){w, 0});
    sums->residual = double_double_add(sums->residual, e);
    for (size_t k = 0; k < fit->rank; k++) {
        gradient[k] = double_double_add(gradient[k], double_double_multiply(x[k], e));
        sums->column[k] = double_double_add(sums->column[k], double_double_scale(x[k], w));
    }
}

void pilot_gradient_compute(const pilot_rows_t *rows, const pilot_column_t *column,
                            const pilot_column_t *outcome, const pilot_fit_t *fit,
                            pilot_arena_t *arena, pilot_residuals_t *ret)
{
    size_t rank = fit->rank;
    double_double_t *gradient = PILOT_ARENA_ARRAY(arena, double_double_t, rank);
    double_double_t *x = PILOT_ARENA_RAW(arena, double_double_t, rank);
    block_sums_t sums = {.column = PILOT_ARENA_ARRAY(arena, double_double_t, rank)};
    ret->gradient = PILOT_ARENA_RAW(arena, double, pilot_gradient_numbers(fit, rows->blocks));
    double *share = ret->gradient + 2 * rank;
    for (size_t block = 0; block < rows->blocks; block++) {
        clear_block(rank, &sums);
        for (size_t i = rows->block_start[block]; i < rows->block_start[block + 1]; i++)
            add_row(rows, column, outcome, fit, pilot_rows_at(rows, i), x, &sums, gradient);
        if (!fit->across) {
            end_block(rank, &sums, sums.weight.high, gradient);
            continue;
        }
        share = put(share, sums.residual);
        for (size_t k = 0; k < rank; k++)
            share = put(share, sums.column[k]);
    }
    for (size_t k = 0; k < rank; k++)
        (void)put(ret->gradient + 2 * k, gradient[k]);
}

static int compare_block(const void *key, const void *entry)
{
    return strcmp(key, ((const pilot_fit_block_t *)entry)->label);
}

/* level: across: blocks' sums over all agencies, then what demeaning takes away. */
static void demean_across(const pilot_fit_t *fit, const pilot_residuals_t *const *residuals,
                          size_t agencies, pilot_arena_t *arena, double_double_t *gradient)
{
    size_t width = 1 + fit->rank;
    double_double_t *sum = PILOT_ARENA_ARRAY(arena, double_double_t, fit->blocks * width);
    for (size_t a = 0; a < agencies; a++) {
        const pilot_across_part_t *part = &residuals[a]->across;
        const double *share = residuals[a]->gradient;
        share = share ? share + 2 * fit->rank : NULL;
        for (size_t b = 0; share && b < part->blocks; b++) {
            const pilot_fit_block_t *found =
                bsearch(part->label[b], fit->block, fit->blocks, sizeof *found, compare_block);
            double_double_t unknown = {0, 0};
            for (size_t k = 0; k < width; k++)
                share =
                    take(share, found ? &sum[(size_t)(found - fit->block) * width + k] : &unknown);
        }
    }
    for (size_t b = 0; b < fit->blocks; b++) {
        block_sums_t sums = {.residual = sum[b * width], .column = sum + b * width + 1};
        end_block(fit->rank, &sums, fit->block[b].weight, gradient);
    }
}

double *pilot_fit_step(const pilot_fit_t *fit, const pilot_residuals_t *const *residuals,
                       size_t agencies, pilot_arena_t *arena)
{
    size_t rank = fit->rank;
    double *half = PILOT_ARENA_ARRAY(arena, double, rank);
    double *beta = PILOT_ARENA_RAW(arena, double, rank);
    double_double_t *gradient = PILOT_ARENA_ARRAY(arena, double_double_t, rank);
    for (size_t k = 0; k < rank; k++)
        for (size_t a = 0; a < agencies; a++)
            if (residuals[a]->gradient)
                (void)take(residuals[a]->gradient + 2 * k, &gradient[k]);
    if (fit->across)
        demean_across(fit, residuals, agencies, arena, gradient);
    for (size_t k = 0; k < rank; k++)
        for (size_t j = k; j < rank; j++)
            half[j] += fit->r_inverse[k * rank + j] * gradient[k].high;
    for (size_t k = 0; k < rank; k++) {
        double step = 0;
        for (size_t j = k; j < rank; j++)
            step += fit->r_inverse[k * rank + j] * half[j];
        beta[k] = isfinite(step) ? fit->beta[k] + step : fit->beta[k];
    }
    return beta;
}
