/* balance_block.c - one block's units (rows or clusters) into the sums of every contrast. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balance_summary.h"
#include "least_squares_kernel.h"
#include "pilot/memory.h"

#define FEW_UNITS 12
/* Units that are squared together; a multiple of PILOT_LANES. */
#define WAIT ((size_t)64)

void balance_units_clear(balance_units_t *units)
{
    free(units->arm);
    free(units->weight);
    free(units->squares);
    free(units->given);
    free(units->total);
    *units = (balance_units_t){0};
}

static void make_room(balance_units_t *units, size_t capacity)
{
    units->arm = pilot_realloc(units->arm, capacity, sizeof *units->arm);
    units->weight = pilot_realloc(units->weight, capacity, sizeof *units->weight);
    units->squares = pilot_realloc(units->squares, capacity, sizeof *units->squares);
    units->given =
        pilot_realloc(units->given, capacity * units->covariates + 1, sizeof *units->given);
    units->total = pilot_realloc(units->total, capacity * units->columns + 1, sizeof *units->total);
    units->capacity = capacity;
}

void balance_units_init(balance_units_t *units, const pilot_balance_t *balance, size_t capacity)
{
    *units = (balance_units_t){.covariates = balance->covariates, .columns = balance->columns};
    make_room(units, capacity > 0 ? capacity : 1);
}

size_t balance_units_add(balance_units_t *units, uint16_t arm)
{
    size_t unit = units->count++;
    if (units->count > units->capacity)
        make_room(units, 2 * units->capacity);
    units->arm[unit] = arm;
    units->weight[unit] = units->squares[unit] = 0;
    memset(units->given + unit * units->covariates, 0, units->covariates * sizeof(double));
    memset(units->total + unit * units->columns, 0, units->columns * sizeof(double));
    return unit;
}

void balance_square_add(double *square, const double *column, size_t stride, size_t length,
                        size_t columns, bool joint)
{
    for (size_t k = 0; k < columns; k++) {
        const double *own = column + k * stride;
        for (size_t l = joint ? 0 : k; l <= k; l++)
            *square++ += pilot_kernel_dot(own, column + l * stride, length);
    }
}

/* ---- a block -----------------------------------------------------------------------------------
 */

struct balance_block {
    size_t arms, covariates, columns;
    size_t *owner;  /* column's covariate */
    size_t *units;  /* arms */
    double *weight; /* arms */
    double *given;  /* arms x covariates */
    double *total;  /* arms x columns */
    double *mean;   /* columns: the contrast's, about the centers */
    /* Units' A_s, and B_s behind them, that wait to be squared: [arm][side], columns + 1 by WAIT */
    double *waiting;
    size_t *waits; /* [arm][side]: how many */
};

balance_block_t *balance_block_new(const pilot_balance_t *balance)
{
    balance_block_t *block = PILOT_NEW(balance_block_t);
    block->arms = balance->arms;
    block->covariates = balance->covariates;
    block->columns = balance->columns;
    block->owner = PILOT_NEW_ARRAY(size_t, block->columns);
    block->units = PILOT_NEW_ARRAY(size_t, block->arms);
    block->weight = PILOT_NEW_ARRAY(double, block->arms);
    block->given = PILOT_NEW_ARRAY(double, block->arms * block->covariates);
    block->total = PILOT_NEW_ARRAY(double, block->arms * block->columns);
    block->mean = PILOT_NEW_ARRAY(double, block->columns);
    block->waiting =
        PILOT_NEW_ARRAY(double, block->arms *BALANCE_SIDES *(block->columns + 1) * WAIT);
    block->waits = PILOT_NEW_ARRAY(size_t, block->arms * BALANCE_SIDES);
    for (size_t v = 0; v < block->covariates; v++)
        for (size_t k = 0; k < balance->covariate[v].columns; k++)
            block->owner[balance->covariate[v].first + k] = v;
    return block;
}

void balance_block_free(balance_block_t *block)
{
    free(block->owner);
    free(block->units);
    free(block->weight);
    free(block->given);
    free(block->total);
    free(block->mean);
    free(block->waiting);
    free(block->waits);
    free(block);
}

static void sum_arms(balance_block_t *block, const balance_units_t *units)
{
    memset(block->units, 0, block->arms * sizeof *block->units);
    memset(block->weight, 0, block->arms * sizeof *block->weight);
    memset(block->given, 0, block->arms * block->covariates * sizeof *block->given);
    memset(block->total, 0, block->arms * block->columns * sizeof *block->total);
    for (size_t i = 0; i < units->count; i++) {
        size_t arm = units->arm[i];
        double *given = block->given + arm * block->covariates;
        double *total = block->total + arm * block->columns;
        block->units[arm]++;
        block->weight[arm] += units->weight[i];
        for (size_t v = 0; v < block->covariates; v++)
            given[v] += units->given[i * block->covariates + v];
        for (size_t k = 0; k < block->columns; k++)
            total[k] += units->total[i * block->columns + k];
    }
}

/* log of n over k. */
static double log_choose(size_t n, size_t k)
{
    double product = 1;
    k = k < n - k ? k : n - k;
    if (k > FEW_UNITS)
        return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
    for (size_t i = 0; i < k; i++)
        product *= (double)(n - i) / (double)(i + 1);
    return log(product);
}

static void add_precision(const balance_block_t *block, size_t arm, balance_contrast_t *contrast)
{
    const double *given = block->given + arm * block->covariates;
    for (size_t v = 0; v < block->covariates; v++)
        if (given[v] > 0 && block->given[v] > 0)
            contrast->precision[v] += given[v] * block->given[v] / (given[v] + block->given[v]);
    for (size_t k = 0; k < block->columns; k++) {
        size_t v = block->owner[k];
        double both = given[v] + block->given[v];
        double total = block->total[arm * block->columns + k] + block->total[k];
        block->mean[k] = both > 0 ? total / both : 0;
    }
}

static void square_waiting(balance_block_t *block, pilot_balance_t *balance, size_t arm,
                           size_t side)
{
    balance_contrast_t *contrast = &balance->contrast[arm];
    size_t queue = arm * BALANCE_SIDES + side, waits = block->waits[queue];
    double *waiting = block->waiting + queue * (block->columns + 1) * WAIT;
    const double *b = waiting + block->columns * WAIT;
    size_t length = PILOT_PAD(waits);
    for (size_t k = 0; k <= block->columns; k++)
        for (size_t i = waits; i < length; i++)
            waiting[k * WAIT + i] = 0;
    for (size_t k = 0; k < block->columns; k++)
        contrast->cross[side][k] += pilot_kernel_dot(waiting + k * WAIT, b, length);
    contrast->side[side].bb += pilot_kernel_dot(b, b, length);
    balance_square_add(contrast->square[side], waiting, WAIT, length, block->columns,
                       balance->joint);
    block->waits[queue] = 0;
}

static void add_unit(balance_block_t *block, pilot_balance_t *balance, size_t arm,
                     const balance_units_t *units, size_t i, double z, double both)
{
    size_t side_index = z > 0 ? BALANCE_TREATED : BALANCE_CONTROL;
    size_t queue = arm * BALANCE_SIDES + side_index;
    balance_contrast_t *contrast = &balance->contrast[arm];
    balance_side_t *side = &contrast->side[side_index];
    double *waiting = block->waiting + queue * (block->columns + 1) * WAIT + block->waits[queue];
    const double *given = units->given + i * block->covariates;
    const double *total = units->total + i * block->columns;
    double b = units->weight[i] * z * z, c = units->squares[i] * z * z;
    side->units++;
    side->b += b;
    side->c += c;
    side->cc += c * c;
    side->cb += c * b;
    side->cm += c * units->weight[i] / both;
    for (size_t k = 0; k < block->columns; k++) {
        double score = z * (total[k] - given[block->owner[k]] * block->mean[k]);
        waiting[k * WAIT] = score;
        contrast->sum[k] += score;
    }
    waiting[block->columns * WAIT] = b;
    if (++block->waits[queue] == WAIT)
        square_waiting(block, balance, arm, side_index);
}

void balance_block_end(balance_block_t *block, pilot_balance_t *balance, balance_units_t *units)
{
    sum_arms(block, units);
    for (size_t a = 1; a < block->arms; a++) {
        balance_contrast_t *contrast = &balance->contrast[a];
        double both = block->weight[a] + block->weight[0], share = block->weight[a] / both;
        if (block->units[a] == 0 || block->units[0] == 0)
            continue;
        contrast->blocks++;
        contrast->log_assignments += log_choose(block->units[a] + block->units[0], block->units[a]);
        add_precision(block, a, contrast);
        for (size_t i = 0; i < units->count; i++)
            if (units->arm[i] == a || units->arm[i] == 0)
                add_unit(block, balance, a, units, i, units->arm[i] == a ? 1 - share : -share,
                         both);
    }
    units->count = 0;
}

void balance_block_finish(balance_block_t *block, pilot_balance_t *balance)
{
    for (size_t a = 1; a < block->arms; a++)
        for (size_t side = 0; side < BALANCE_SIDES; side++)
            square_waiting(block, balance, a, side);
}
