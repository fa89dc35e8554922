/* balance.c - two passes over an agency's rows: centers, then block by block its units. */
#include <stdlib.h>
#include <string.h>

#include "balance_summary.h"
#include "pilot/memory.h"

#define FEW_UNITS 64

pilot_balance_t *balance_new(size_t arms, size_t outcomes, size_t covariates)
{
    pilot_balance_t *balance = PILOT_NEW(pilot_balance_t);
    balance->arms = arms;
    balance->outcomes = outcomes;
    balance->covariates = covariates;
    balance->covariate = PILOT_NEW_ARRAY(balance_covariate_t, covariates);
    return balance;
}

size_t balance_square(const pilot_balance_t *balance)
{
    size_t columns = balance->columns;
    return balance->joint ? columns * (columns + 1) / 2 : columns;
}

size_t balance_numbers(const pilot_balance_t *balance)
{
    return balance->covariates + 3 * balance->columns + 2 * balance_square(balance);
}

static void open_contrast(const pilot_balance_t *balance, balance_contrast_t *contrast)
{
    double *at = contrast->memory = PILOT_NEW_ARRAY(double, balance_numbers(balance));
    contrast->precision = at;
    contrast->sum = at += balance->covariates;
    contrast->cross[0] = at += balance->columns;
    contrast->cross[1] = at += balance->columns;
    contrast->square[0] = at += balance->columns;
    contrast->square[1] = at + balance_square(balance);
    contrast->score = PILOT_NEW_ARRAY(balance_score_t, balance->outcomes);
}

void balance_open(pilot_balance_t *balance)
{
    size_t columns = 0;
    for (size_t v = 0; v < balance->covariates; v++) {
        balance->covariate[v].first = columns;
        columns += balance->covariate[v].columns;
    }
    balance->columns = columns;
    balance->joint = columns <= BALANCE_JOINT_COLUMNS;
    balance->moment = PILOT_NEW_ARRAY(balance_moment_t, balance->arms * balance->covariates);
    balance->spread = PILOT_NEW_ARRAY(balance_spread_t, balance->arms * columns);
    balance->contrast = PILOT_NEW_ARRAY(balance_contrast_t, balance->arms);
    for (size_t a = 1; a < balance->arms; a++)
        open_contrast(balance, &balance->contrast[a]);
}

void balance_score_open(const pilot_balance_t *balance, balance_score_t *score)
{
    score->sum = PILOT_NEW_ARRAY(double, balance->columns + balance_square(balance));
    score->square = score->sum + balance->columns;
}

void pilot_balance_free(pilot_balance_t *balance)
{
    if (!balance)
        return;
    for (size_t v = 0; v < balance->covariates; v++) {
        for (size_t l = 0; balance->covariate[v].label && l < balance->covariate[v].columns; l++)
            free(balance->covariate[v].label[l]);
        free(balance->covariate[v].label);
    }
    for (size_t a = 1; balance->contrast && a < balance->arms; a++) {
        for (size_t y = 0; y < balance->outcomes; y++)
            free(balance->contrast[a].score[y].sum);
        free(balance->contrast[a].score);
        free(balance->contrast[a].memory);
    }
    for (size_t i = 0; i < balance->parts; i++) {
        free(balance->part[i].block);
        free(balance->part[i].cluster);
        free(balance->part[i].number);
    }
    free(balance->part);
    free(balance->contrast);
    free(balance->spread);
    free(balance->moment);
    free(balance->covariate);
    free(balance);
}

void balance_add_part(pilot_balance_t *balance, const char *block, size_t block_length,
                      const char *cluster, size_t cluster_length, uint16_t arm,
                      const double *number)
{
    size_t numbers = 2 + balance->covariates + balance->columns, place = balance->parts++;
    balance->part =
        pilot_grow(balance->part, &balance->part_capacity, balance->parts, sizeof *balance->part);
    balance->part[place] = (balance_part_t){.block = pilot_strndup(block, block_length),
                                            .cluster = pilot_strndup(cluster, cluster_length),
                                            .arm = arm,
                                            .number = PILOT_NEW_ARRAY(double, numbers)};
    memcpy(balance->part[place].number, number, numbers * sizeof *number);
}

/* ---- one agency's rows -------------------------------------------------------------------------
 */

typedef struct pass {
    const pilot_frame_t *frame;
    const pilot_balance_covariate_t *covariate;
    pilot_balance_t *balance;
    double *center; /* by covariate; 0 for categories */
    balance_units_t units;
    double *part;
} pass_t;

static bool is_given(const pilot_balance_covariate_t *covariate, size_t i)
{
    if (covariate->category)
        return covariate->category->code[i] != PILOT_CATEGORY_MISSING;
    return !covariate->number->present || covariate->number->present[i];
}

/* The mean over all arms, so that deviations from it keep their digits. */
static double center_of(const pilot_frame_t *frame, const pilot_balance_covariate_t *covariate)
{
    double first = 0, total = 0;
    size_t rows = 0;
    if (covariate->category)
        return 0;
    for (size_t i = 0; i < frame->rows; i++) {
        if (!is_given(covariate, i))
            continue;
        if (rows++ == 0)
            first = covariate->number->value[i];
        total += covariate->number->value[i] - first;
    }
    return rows ? first + total / (double)rows : 0;
}

static void add_row(pass_t *pass, size_t i, size_t unit)
{
    const pilot_balance_t *balance = pass->balance;
    size_t arm = pass->frame->arm[i];
    double w = pass->frame->weight ? pass->frame->weight[i] : 1;
    balance_units_t *units = &pass->units;
    double *given = units->given + unit * balance->covariates;
    double *total = units->total + unit * balance->columns;
    units->weight[unit] += w;
    units->squares[unit] += w * w;
    for (size_t v = 0; v < balance->covariates; v++) {
        balance_moment_t *moment = &balance->moment[arm * balance->covariates + v];
        size_t column = balance->covariate[v].first;
        double x = 1;
        if (!is_given(&pass->covariate[v], i)) {
            moment->missing++;
            continue;
        }
        if (balance->covariate[v].category)
            column += pass->covariate[v].category->code[i];
        else
            x = pass->covariate[v].number->value[i] - pass->center[v];
        moment->rows++;
        moment->weight += w;
        moment->squares += w * w;
        given[v] += w;
        total[column] += w * x;
        balance->spread[arm * balance->columns + column].mean += w * x;
        balance->spread[arm * balance->columns + column].deviation += w * x * x;
    }
}

/* Sums about the centers become means and deviations from them. */
static void finish_spread(pass_t *pass)
{
    const pilot_balance_t *balance = pass->balance;
    for (size_t a = 0; a < balance->arms; a++) {
        for (size_t v = 0; v < balance->covariates; v++) {
            const balance_covariate_t *covariate = &balance->covariate[v];
            double weight = balance->moment[a * balance->covariates + v].weight;
            balance_spread_t *spread = &balance->spread[a * balance->columns + covariate->first];
            for (size_t k = 0; weight > 0 && k < covariate->columns; k++) {
                double mean = spread[k].mean / weight;
                double deviation = spread[k].deviation - mean * spread[k].mean;
                spread[k] =
                    (balance_spread_t){pass->center[v] + mean, deviation > 0 ? deviation : 0};
            }
        }
    }
}

static bool same_block(const pilot_frame_t *frame, size_t i, size_t j)
{
    return !frame->block || frame->block[i] == frame->block[j];
}

static bool same_unit(const pilot_frame_t *frame, size_t i, size_t j)
{
    return frame->cluster && frame->cluster[i] == frame->cluster[j] &&
           frame->arm[i] == frame->arm[j] && same_block(frame, i, j);
}

/* level: across: the block may go on elsewhere. */
static void keep_part(pass_t *pass, size_t i)
{
    pilot_balance_t *balance = pass->balance;
    const pilot_frame_t *frame = pass->frame;
    const balance_units_t *units = &pass->units;
    const char *block = frame->block ? frame->block_label[frame->block[i]] : "";
    const char *cluster = frame->cluster_label[frame->cluster[i]];
    double *given = pass->part + 2, *mean = given + balance->covariates;
    pass->part[0] = units->weight[0];
    pass->part[1] = units->squares[0];
    memcpy(given, units->given, balance->covariates * sizeof *given);
    for (size_t v = 0; v < balance->covariates; v++) {
        const balance_covariate_t *covariate = &balance->covariate[v];
        for (size_t k = covariate->first; k < covariate->first + covariate->columns; k++)
            mean[k] = given[v] > 0 ? pass->center[v] + units->total[k] / given[v] : 0;
    }
    balance_add_part(balance, block, strlen(block), cluster, strlen(cluster), frame->arm[i],
                     pass->part);
    pass->units.count = 0;
}

static void add_rows(pass_t *pass)
{
    const pilot_frame_t *frame = pass->frame;
    balance_block_t *block = balance_block_new(pass->balance);
    bool open = false; /* the unit at hand has a row */
    size_t unit = 0, before = 0;
    for (size_t i = 0; i < frame->rows; i++) {
        if (frame->weight && !(frame->weight[i] > 0))
            continue;
        if (open && !same_unit(frame, before, i)) {
            if (pass->balance->across)
                keep_part(pass, before);
            else if (!same_block(frame, before, i))
                balance_block_end(block, pass->balance, &pass->units);
            open = false;
        }
        if (!open)
            unit = balance_units_add(&pass->units, frame->arm[i]);
        add_row(pass, i, unit);
        open = true;
        before = i;
    }
    if (open && pass->balance->across)
        keep_part(pass, before);
    else
        balance_block_end(block, pass->balance, &pass->units);
    balance_block_finish(block, pass->balance);
    balance_block_free(block);
}

static void take_covariate(const pilot_balance_covariate_t *covariate, balance_covariate_t *ret)
{
    ret->binary = covariate->binary;
    ret->category = covariate->category != NULL;
    ret->columns = covariate->category ? covariate->category->levels : 1;
    if (!covariate->category)
        return;
    ret->label = PILOT_NEW_ARRAY(char *, ret->columns);
    for (size_t l = 0; l < ret->columns; l++)
        ret->label[l] = pilot_strdup(covariate->category->label[l]);
}

pilot_balance_t *pilot_balance_summarize(const pilot_frame_t *frame,
                                         const pilot_balance_covariate_t *covariate,
                                         size_t covariates, const pilot_variable_t *outcome,
                                         size_t outcomes, bool across)
{
    pilot_balance_t *balance = balance_new(frame->arms, outcomes, covariates);
    pass_t pass = {.frame = frame,
                   .covariate = covariate,
                   .balance = balance,
                   .center = PILOT_NEW_ARRAY(double, covariates)};
    balance->across = across;
    for (size_t v = 0; v < covariates; v++) {
        take_covariate(&covariate[v], &balance->covariate[v]);
        pass.center[v] = center_of(frame, &covariate[v]);
    }
    balance_open(balance);
    if (covariates > 0) {
        pass.part = PILOT_NEW_ARRAY(double, 2 + covariates + balance->columns);
        balance_units_init(&pass.units, balance,
                           frame->block || frame->cluster ? FEW_UNITS : frame->rows);
        add_rows(&pass);
        finish_spread(&pass);
        if (!across && balance->joint)
            balance_attrition(balance, frame, covariate, pass.center, outcome);
        balance_units_clear(&pass.units);
        free(pass.part);
    }
    free(pass.center);
    return balance;
}
