/* balance_attrition.c - do missing outcomes go with other covariates in one arm than in the other?
 *
 * In the regression of m (1: the outcome is missing) on blocks, z, x and z (x - mean x), the robust
 * score test that all interactions are 0: with g and r the residuals of the interactions and of m
 * on the other columns, the sum over units of g r, and of its outer product.  Blocks, slopes of x
 * and the arm's effect are the agency's own, so that both sums add up over agencies. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balance_summary.h"
#include "pilot/memory.h"

#define COLLINEAR 1e-12

/* One contrast's rows as a matrix, each row: z~, x~ by column, interactions by column, m~ by
 * outcome that misses some; all less their block's means and times the root of the weight. */
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
    double *matrix;
    uint8_t *given; /* x covariates */
    double *root;   /* of the weight */
    size_t *place;  /* row of the frame */
    double *mean;   /* width */
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

/* Covariate columns about their centers; where one is missing `given` is 0. */
static void fill_covariates(const panel_t *panel, size_t i, double *x, uint8_t *given)
{
    const pilot_balance_t *balance = panel->balance;
    memset(x, 0, balance->columns * sizeof *x);
    for (size_t v = 0; v < balance->covariates; v++) {
        const pilot_balance_covariate_t *covariate = &panel->covariate[v];
        size_t first = balance->covariate[v].first;
        if (covariate->category) {
            given[v] = covariate->category->code[i] != PILOT_CATEGORY_MISSING;
            if (given[v])
                x[first + covariate->category->code[i]] = 1;
        } else {
            given[v] = !covariate->number->present || covariate->number->present[i];
            if (given[v])
                x[first] = covariate->number->value[i] - panel->center[v];
        }
    }
}

static bool same_block(const panel_t *panel, size_t r, size_t s)
{
    const uint32_t *block = panel->frame->block;
    return !block || block[panel->place[r]] == block[panel->place[s]];
}

/* The mean of a column over rows first .. until - 1 that have the covariate; else what is given. */
static double mean_of(const panel_t *panel, size_t v, size_t k, size_t first, size_t until,
                      double otherwise)
{
    double weight = 0, total = 0;
    for (size_t r = first; r < until; r++) {
        if (panel->given[r * panel->balance->covariates + v]) {
            double w = panel->root[r] * panel->root[r];
            weight += w;
            total += w * panel->matrix[r * panel->width + 1 + k];
        }
    }
    return weight > 0 ? total / weight : otherwise;
}

/* What is missing becomes its block's mean; where the block lacks the covariate, that of all. */
static void impute(panel_t *panel, size_t v, size_t k)
{
    double all = mean_of(panel, v, k, 0, panel->rows, 0);
    for (size_t first = 0, until; first < panel->rows; first = until) {
        for (until = first; until < panel->rows && same_block(panel, first, until); until++)
            ;
        double mean = mean_of(panel, v, k, first, until, all);
        for (size_t r = first; r < until; r++)
            if (!panel->given[r * panel->balance->covariates + v])
                panel->matrix[r * panel->width + 1 + k] = mean;
    }
}

static void impute_all(panel_t *panel)
{
    const pilot_balance_t *balance = panel->balance;
    for (size_t v = 0; v < balance->covariates; v++) {
        const balance_covariate_t *covariate = &balance->covariate[v];
        bool any = false;
        for (size_t r = 0; r < panel->rows && !any; r++)
            any = !panel->given[r * balance->covariates + v];
        for (size_t k = covariate->first; any && k < covariate->first + covariate->columns; k++)
            impute(panel, v, k);
    }
}

static void take_row(panel_t *panel, size_t i)
{
    size_t row = panel->rows++;
    double *at = panel->matrix + row * panel->width;
    panel->place[row] = i;
    panel->root[row] = sqrt(weight_of(panel->frame, i));
    at[0] = panel->frame->arm[i] != 0;
    fill_covariates(panel, i, at + 1, panel->given + row * panel->balance->covariates);
    for (size_t y = 0; y < panel->missings; y++)
        at[1 + 2 * panel->balance->columns + y] = !panel->outcome[panel->missing[y]].present[i];
}

/* Rows of blocks that have both arms. */
static void take_rows(panel_t *panel)
{
    const pilot_frame_t *frame = panel->frame;
    for (size_t i = 0, until; i < frame->rows; i = until) {
        size_t first = panel->rows, arms[2] = {0};
        for (until = i;
             until < frame->rows && (!frame->block || frame->block[until] == frame->block[i]);
             until++) {
            if (!in_contrast(panel, until))
                continue;
            arms[frame->arm[until] != 0]++;
            take_row(panel, until);
        }
        if (arms[0] == 0 || arms[1] == 0)
            panel->rows = first;
    }
}

/* z (x - mean x), with the mean over all rows of the contrast. */
static void interact(panel_t *panel)
{
    size_t columns = panel->balance->columns;
    double weight = 0;
    memset(panel->mean, 0, panel->width * sizeof *panel->mean);
    for (size_t r = 0; r < panel->rows; r++) {
        double w = panel->root[r] * panel->root[r];
        weight += w;
        for (size_t k = 0; k < columns; k++)
            panel->mean[k] += w * panel->matrix[r * panel->width + 1 + k];
    }
    for (size_t r = 0; r < panel->rows; r++) {
        double *row = panel->matrix + r * panel->width;
        for (size_t k = 0; k < columns; k++)
            row[1 + columns + k] = row[0] * (row[1 + k] - panel->mean[k] / weight);
    }
}

static void demean(panel_t *panel)
{
    for (size_t first = 0, until; first < panel->rows; first = until) {
        double weight = 0;
        memset(panel->mean, 0, panel->width * sizeof *panel->mean);
        for (until = first; until < panel->rows && same_block(panel, first, until); until++) {
            const double *row = panel->matrix + until * panel->width;
            double w = panel->root[until] * panel->root[until];
            weight += w;
            for (size_t k = 0; k < panel->width; k++)
                panel->mean[k] += w * row[k];
        }
        for (size_t r = first; r < until; r++) {
            double *row = panel->matrix + r * panel->width;
            for (size_t k = 0; k < panel->width; k++)
                row[k] = panel->root[r] * (row[k] - panel->mean[k] / weight);
        }
    }
}

/* Takes the columns z~ and x~ out of those behind them, one after another (Gram & Schmidt,
 * modified); columns that nothing is left of become 0. */
static void take_out(panel_t *panel)
{
    size_t nuisance = 1 + panel->balance->columns, width = panel->width;
    double *norm = PILOT_NEW_ARRAY(double, width), *product = panel->mean;
    for (size_t r = 0; r < panel->rows; r++)
        for (size_t k = 0; k < width; k++)
            norm[k] += panel->matrix[r * width + k] * panel->matrix[r * width + k];
    for (size_t j = 0; j < nuisance; j++) {
        memset(product, 0, width * sizeof *product);
        for (size_t r = 0; r < panel->rows; r++) {
            const double *row = panel->matrix + r * width;
            for (size_t k = j; k < width; k++)
                product[k] += row[j] * row[k];
        }
        if (!(product[j] > COLLINEAR * norm[j]))
            continue;
        for (size_t k = j + 1; k < width; k++)
            product[k] /= product[j];
        for (size_t r = 0; r < panel->rows; r++) {
            double *row = panel->matrix + r * width;
            for (size_t k = j + 1; k < width; k++)
                row[k] -= product[k] * row[j];
        }
    }
    memset(product, 0, width * sizeof *product);
    for (size_t r = 0; r < panel->rows; r++)
        for (size_t k = nuisance; k < width; k++)
            product[k] += panel->matrix[r * width + k] * panel->matrix[r * width + k];
    for (size_t k = nuisance; k < width; k++)
        for (size_t r = 0; r < panel->rows && !(product[k] > COLLINEAR * norm[k]); r++)
            panel->matrix[r * width + k] = 0;
    free(norm);
}

static bool same_unit(const panel_t *panel, size_t r, size_t s)
{
    const pilot_frame_t *frame = panel->frame;
    size_t i = panel->place[r], j = panel->place[s];
    return frame->cluster && frame->cluster[i] == frame->cluster[j] &&
           frame->arm[i] == frame->arm[j] && same_block(panel, r, s);
}

static void add_scores(const panel_t *panel, size_t y, double *unit, balance_score_t *score)
{
    size_t columns = panel->balance->columns;
    memset(unit, 0, columns * sizeof *unit);
    for (size_t r = 0; r < panel->rows; r++) {
        const double *row = panel->matrix + r * panel->width;
        double residual = row[1 + 2 * columns + y];
        for (size_t k = 0; k < columns; k++)
            unit[k] += row[1 + columns + k] * residual;
        if (r + 1 < panel->rows && same_unit(panel, r, r + 1))
            continue;
        for (size_t k = 0; k < columns; k++)
            score->sum[k] += unit[k];
        balance_square_add(score->square, unit, columns, true);
        memset(unit, 0, columns * sizeof *unit);
    }
}

static void score_contrast(panel_t *panel, balance_score_t *score)
{
    size_t rows = panel->frame->rows, columns = panel->balance->columns;
    panel->rows = 0;
    panel->width = 1 + 2 * columns + panel->missings;
    panel->matrix = pilot_alloc_raw(rows * panel->width + 1, sizeof *panel->matrix);
    panel->mean = PILOT_NEW_ARRAY(double, panel->width);
    take_rows(panel);
    if (panel->rows > 0) {
        impute_all(panel);
        interact(panel);
        demean(panel);
        take_out(panel);
    }
    for (size_t y = 0; y < panel->missings && panel->rows > 0; y++) {
        balance_score_open(panel->balance, &score[panel->missing[y]]);
        add_scores(panel, y, panel->mean, &score[panel->missing[y]]);
    }
    free(panel->matrix);
    free(panel->mean);
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
                     .missing = PILOT_NEW_ARRAY(size_t, balance->outcomes),
                     .root = PILOT_NEW_ARRAY(double, frame->rows),
                     .place = PILOT_NEW_ARRAY(size_t, frame->rows),
                     .given = PILOT_NEW_ARRAY(uint8_t, frame->rows * balance->covariates)};
    for (panel.arm = 1; panel.arm < balance->arms; panel.arm++) {
        find_missing(&panel);
        if (panel.missings > 0)
            score_contrast(&panel, balance->contrast[panel.arm].score);
    }
    free(panel.missing);
    free(panel.root);
    free(panel.place);
    free(panel.given);
}
