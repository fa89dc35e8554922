/* balance_attrition.c - do missing outcomes go with other covariates in one arm than in the other?
 *
 * In the regression of m (1: the outcome is missing) on blocks, z, x and z (x - mean x), the robust
 * score test that all interactions are 0: with g and r the residuals of the interactions and of m
 * on the other columns, the sum over units of g r, and of its outer product.  Blocks, slopes of x
 * and the arm's effect are the agency's own, so that both sums add up over agencies.  Units and
 * blocks are counted, since the residuals of small blocks are too small. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balance_summary.h"
#include "least_squares_kernel.h"
#include "pilot/memory.h"

#define COLLINEAR 1e-12

/* One contrast's rows by column: z~, x~ by column, interactions by column, m~ by outcome that
 * misses some; all less their block's means and times the root of the weight. */
typedef struct panel {
    const pilot_frame_t *frame;
    const pilot_balance_covariate_t *covariate;
    const double *center;
    const pilot_balance_t *balance;
    const pilot_variable_t *outcome;
    size_t arm;
    size_t *missing; /* outcomes that miss some */
    size_t missings;
    size_t width; /* 1 + 2 columns + missings */
    size_t rows;
    size_t stride, length; /* from column to column; rows and padding */
    double *matrix;
    uint8_t *given;        /* covariates x stride */
    double *weight, *root; /* and its root */
    size_t *place;         /* row of the frame */
} panel_t;

static double weight_of(const pilot_frame_t *frame, size_t i)
{
    return frame->weight ? frame->weight[i] : 1;
}

static bool in_contrast(const panel_t *panel, size_t i)
{
    size_t arm = panel->frame->arm[i];
    return (arm == panel->arm || arm == 0) && weight_of(panel->frame, i) > 0;
}

static void find_missing(panel_t *panel)
{
    panel->missings = 0;
    for (size_t y = 0; y < panel->balance->outcomes; y++) {
        const uint8_t *present = panel->outcome[y].present;
        bool any = false;
        for (size_t i = 0; present && !any && i < panel->frame->rows; i++)
            any = !present[i] && in_contrast(panel, i);
        if (any)
            panel->missing[panel->missings++] = y;
    }
}

static double *column_of(const panel_t *panel, size_t k)
{
    return panel->matrix + k * panel->stride;
}

/* Covariates about their centers; where one is missing `given` is 0. */
static void fill_covariate(const panel_t *panel, size_t v)
{
    const pilot_balance_covariate_t *covariate = &panel->covariate[v];
    double *x = column_of(panel, 1 + panel->balance->covariate[v].first);
    uint8_t *given = panel->given + v * panel->stride;
    if (covariate->category)
        memset(x, 0, panel->balance->covariate[v].columns * panel->stride * sizeof *x);
    for (size_t r = 0; r < panel->rows; r++) {
        size_t i = panel->place[r];
        if (covariate->category) {
            uint32_t code = covariate->category->code[i];
            given[r] = code != PILOT_CATEGORY_MISSING;
            if (given[r])
                x[code * panel->stride + r] = 1;
        } else {
            given[r] = !covariate->number->present || covariate->number->present[i];
            x[r] = given[r] ? covariate->number->value[i] - panel->center[v] : 0;
        }
    }
}

static bool same_block(const panel_t *panel, size_t r, size_t s)
{
    const uint32_t *block = panel->frame->block;
    return !block || block[panel->place[r]] == block[panel->place[s]];
}

/* The mean of a covariate's column over rows first .. until - 1 that have it; else `otherwise`. */
static double mean_of(const panel_t *panel, const double *x, const uint8_t *given, size_t first,
                      size_t until, double otherwise)
{
    double weight = 0, total = 0;
    for (size_t r = first; r < until; r++) {
        if (given[r]) {
            weight += panel->weight[r];
            total += panel->weight[r] * x[r];
        }
    }
    return weight > 0 ? total / weight : otherwise;
}

static size_t end_of_block(const panel_t *panel, size_t first)
{
    size_t until = first + 1;
    while (until < panel->rows && same_block(panel, first, until))
        until++;
    return until;
}

/* What is missing becomes its block's mean; where the block lacks the covariate, that of all. */
static void impute(const panel_t *panel, size_t v)
{
    const balance_covariate_t *covariate = &panel->balance->covariate[v];
    const uint8_t *given = panel->given + v * panel->stride;
    if (!memchr(given, 0, panel->rows))
        return;
    for (size_t k = covariate->first; k < covariate->first + covariate->columns; k++) {
        double *x = column_of(panel, 1 + k);
        double all = mean_of(panel, x, given, 0, panel->rows, 0);
        for (size_t first = 0, until; first < panel->rows; first = until) {
            until = end_of_block(panel, first);
            double mean = mean_of(panel, x, given, first, until, all);
            for (size_t r = first; r < until; r++)
                x[r] = given[r] ? x[r] : mean;
        }
    }
}

/* Rows of blocks that have both arms. */
static void take_rows(panel_t *panel)
{
    const pilot_frame_t *frame = panel->frame;
    panel->rows = 0;
    for (size_t i = 0, until; i < frame->rows; i = until) {
        size_t first = panel->rows, arms[2] = {0};
        for (until = i;
             until < frame->rows && (!frame->block || frame->block[until] == frame->block[i]);
             until++) {
            if (!in_contrast(panel, until))
                continue;
            arms[frame->arm[until] != 0]++;
            panel->place[panel->rows] = until;
            panel->weight[panel->rows] = weight_of(frame, until);
            panel->root[panel->rows] = sqrt(panel->weight[panel->rows]);
            panel->rows++;
        }
        if (arms[0] == 0 || arms[1] == 0)
            panel->rows = first;
    }
    panel->length = PILOT_PAD(panel->rows);
}

/* z, x, z (x - mean x) with the mean over all rows of the contrast, and m. */
static void fill(panel_t *panel)
{
    size_t columns = panel->balance->columns;
    double *z = column_of(panel, 0), weight = pilot_kernel_sum(panel->weight, panel->rows);
    for (size_t r = 0; r < panel->rows; r++)
        z[r] = panel->frame->arm[panel->place[r]] != 0;
    for (size_t v = 0; v < panel->balance->covariates; v++) {
        fill_covariate(panel, v);
        impute(panel, v);
    }
    for (size_t k = 0; k < columns; k++) {
        const double *x = column_of(panel, 1 + k);
        double *interaction = column_of(panel, 1 + columns + k);
        double mean = pilot_kernel_dot(panel->weight, x, panel->rows) / weight;
        for (size_t r = 0; r < panel->rows; r++)
            interaction[r] = z[r] * (x[r] - mean);
    }
    for (size_t y = 0; y < panel->missings; y++) {
        const uint8_t *present = panel->outcome[panel->missing[y]].present;
        double *m = column_of(panel, 1 + 2 * columns + y);
        for (size_t r = 0; r < panel->rows; r++)
            m[r] = !present[panel->place[r]];
    }
}

static void demean(const panel_t *panel)
{
    for (size_t k = 0; k < panel->width; k++)
        memset(column_of(panel, k) + panel->rows, 0,
               (panel->length - panel->rows) * sizeof *panel->matrix);
    for (size_t first = 0, until; first < panel->rows; first = until) {
        until = end_of_block(panel, first);
        size_t rows = until - first;
        double weight = pilot_kernel_sum(panel->weight + first, rows);
        for (size_t k = 0; k < panel->width; k++) {
            double *column = column_of(panel, k) + first;
            double total = pilot_kernel_dot(panel->weight + first, column, rows);
            pilot_kernel_subtract(column, total / weight, rows);
            if (panel->frame->weight)
                pilot_kernel_multiply(column, panel->root + first, column, rows);
        }
    }
}

/* Takes the columns z~ and x~ out of those behind them, one after another (Gram & Schmidt,
 * modified); columns that nothing is left of become 0. */
static void take_out(const panel_t *panel)
{
    size_t nuisance = 1 + panel->balance->columns, length = panel->length;
    double *norm = PILOT_NEW_ARRAY(double, panel->width);
    for (size_t k = 0; k < panel->width; k++) {
        double *column = column_of(panel, k), left, whole;
        whole = pilot_kernel_dot(column, column, length);
        for (size_t j = 0; j < nuisance && j < k; j++) {
            const double *before = column_of(panel, j);
            if (norm[j] > 0)
                pilot_kernel_add_scaled(column, -pilot_kernel_dot(before, column, length) / norm[j],
                                        before, length);
        }
        left = pilot_kernel_dot(column, column, length);
        norm[k] = left > COLLINEAR * whole ? left : 0;
        if (norm[k] == 0)
            memset(column, 0, length * sizeof *column);
    }
    free(norm);
}

static bool same_unit(const panel_t *panel, size_t r, size_t s)
{
    const pilot_frame_t *frame = panel->frame;
    size_t i = panel->place[r], j = panel->place[s];
    return frame->cluster && frame->cluster[i] == frame->cluster[j] &&
           frame->arm[i] == frame->arm[j] && same_block(panel, r, s);
}

/* Sums of x by unit, in place; returns how many units. */
static size_t sum_units(const panel_t *panel, double *x)
{
    size_t units = 0;
    if (!panel->frame->cluster)
        return panel->rows;
    for (size_t r = 0; r < panel->rows; units++) {
        double total = x[r++];
        while (r < panel->rows && same_unit(panel, r - 1, r))
            total += x[r++];
        x[units] = total;
    }
    return units;
}

/* unit: columns of panel->stride to work in. */
static void add_scores(const panel_t *panel, size_t y, double *unit, balance_score_t *score)
{
    size_t columns = panel->balance->columns, length = 0;
    const double *residual = column_of(panel, 1 + 2 * columns + y);
    for (size_t k = 0; k < columns; k++) {
        double *own = unit + k * panel->stride;
        pilot_kernel_multiply(column_of(panel, 1 + columns + k), residual, own, panel->rows);
        size_t units = sum_units(panel, own);
        score->units = (double)units;
        length = PILOT_PAD(units);
        memset(own + units, 0, (length - units) * sizeof *own);
        score->sum[k] = pilot_kernel_sum(own, length);
    }
    for (size_t first = 0; first < panel->rows; first = end_of_block(panel, first))
        score->blocks++;
    balance_square_add(score->square, unit, panel->stride, length, columns, true);
}

static void score_contrast(panel_t *panel, balance_score_t *score)
{
    size_t columns = panel->balance->columns;
    take_rows(panel);
    if (panel->rows == 0)
        return;
    panel->width = 1 + 2 * columns + panel->missings;
    fill(panel);
    demean(panel);
    take_out(panel);
    double *unit = panel->matrix; /* z~ and x~ are not needed any more */
    for (size_t y = 0; y < panel->missings; y++) {
        balance_score_open(panel->balance, &score[panel->missing[y]]);
        add_scores(panel, y, unit, &score[panel->missing[y]]);
    }
}

void balance_attrition(pilot_balance_t *balance, const pilot_frame_t *frame,
                       const pilot_balance_covariate_t *covariate, const double *center,
                       const pilot_variable_t *outcome)
{
    panel_t panel = {.frame = frame,
                     .covariate = covariate,
                     .center = center,
                     .balance = balance,
                     .outcome = outcome,
                     .stride = PILOT_PAD(frame->rows + 1),
                     .missing = PILOT_NEW_ARRAY(size_t, balance->outcomes),
                     .weight = PILOT_NEW_ARRAY(double, frame->rows),
                     .root = PILOT_NEW_ARRAY(double, frame->rows),
                     .place = PILOT_NEW_ARRAY(size_t, frame->rows)};
    panel.given = PILOT_NEW_ARRAY(uint8_t, panel.stride * balance->covariates);
    for (panel.arm = 1; panel.arm < balance->arms; panel.arm++) {
        find_missing(&panel);
        if (panel.missings > 0 && !panel.matrix)
            panel.matrix =
                pilot_alloc_raw((1 + 2 * balance->columns + balance->outcomes) * panel.stride,
                                sizeof *panel.matrix);
        if (panel.missings > 0)
            score_contrast(&panel, balance->contrast[panel.arm].score);
    }
    free(panel.matrix);
    free(panel.missing);
    free(panel.weight);
    free(panel.root);
    free(panel.place);
    free(panel.given);
}
