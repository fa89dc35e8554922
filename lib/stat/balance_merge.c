/* balance_merge.c - what the summaries of several agencies say together. */
#include <stdlib.h>
#include <string.h>

#include "balance_summary.h"
#include "pilot/memory.h"

static int compare_labels(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The levels that any agency has, bytewise ascending. */
static void unite_levels(const pilot_balance_t *const *balance, size_t count, size_t v,
                         balance_covariate_t *ret)
{
    size_t labels = 0, next = 0, kept = 0;
    for (size_t i = 0; i < count; i++)
        labels += balance[i]->covariate[v].columns;
    const char **label = PILOT_NEW_ARRAY(const char *, labels);
    for (size_t i = 0; i < count; i++)
        for (size_t l = 0; l < balance[i]->covariate[v].columns; l++)
            label[next++] = balance[i]->covariate[v].label[l];
    if (labels > 0)
        qsort(label, labels, sizeof *label, compare_labels);
    ret->label = PILOT_NEW_ARRAY(char *, labels);
    for (size_t l = 0; l < labels; l++)
        if (l == 0 || strcmp(label[l], label[l - 1]) != 0)
            ret->label[kept++] = pilot_strdup(label[l]);
    ret->columns = kept;
    free(label);
}

/* Where each of an agency's columns stands among the merged ones; ascending. */
static void map_columns(const pilot_balance_t *from, const pilot_balance_t *into, size_t *map)
{
    for (size_t v = 0; v < from->covariates; v++) {
        const balance_covariate_t *own = &from->covariate[v], *all = &into->covariate[v];
        size_t at = 0;
        for (size_t l = 0; l < own->columns; l++) {
            while (own->label && strcmp(all->label[at], own->label[l]) != 0)
                at++;
            map[own->first + l] = all->first + at;
        }
    }
}

/* Chan, Golub & LeVeque (1983).  An agency that lacks a level has a share of 0 of it. */
static void add_moments(pilot_balance_t *into, const pilot_balance_t *from, const size_t *map)
{
    balance_spread_t *own = PILOT_NEW_ARRAY(balance_spread_t, into->columns);
    for (size_t a = 0; a < into->arms; a++) {
        memset(own, 0, into->columns * sizeof *own);
        for (size_t k = 0; k < from->columns; k++)
            own[map[k]] = from->spread[a * from->columns + k];
        for (size_t v = 0; v < into->covariates; v++) {
            balance_moment_t *sum = &into->moment[a * into->covariates + v];
            const balance_moment_t *more = &from->moment[a * into->covariates + v];
            double both = sum->weight + more->weight;
            size_t first = into->covariate[v].first;
            for (size_t k = first; k < first + into->covariate[v].columns && more->weight > 0;
                 k++) {
                balance_spread_t *spread = &into->spread[a * into->columns + k];
                double delta = own[k].mean - spread->mean;
                spread->deviation +=
                    own[k].deviation + delta * delta * sum->weight * more->weight / both;
                spread->mean =
                    sum->weight > 0 ? spread->mean + delta * more->weight / both : own[k].mean;
            }
            sum->rows += more->rows;
            sum->missing += more->missing;
            sum->weight = both;
            sum->squares += more->squares;
        }
    }
    free(own);
}

static void add_square(const pilot_balance_t *into, double *square, const pilot_balance_t *from,
                       const double *more, const size_t *map)
{
    for (size_t k = 0; k < from->columns; k++) {
        if (!into->joint) {
            square[map[k]] += from->joint ? more[k * (k + 1) / 2 + k] : more[k];
            continue;
        }
        for (size_t l = 0; l <= k; l++)
            square[map[k] * (map[k] + 1) / 2 + map[l]] += more[k * (k + 1) / 2 + l];
    }
}

static void add_contrast(const pilot_balance_t *into, balance_contrast_t *sum,
                         const pilot_balance_t *from, const balance_contrast_t *more,
                         const size_t *map)
{
    sum->blocks += more->blocks;
    sum->log_assignments += more->log_assignments;
    for (size_t v = 0; v < into->covariates; v++)
        sum->precision[v] += more->precision[v];
    for (size_t k = 0; k < from->columns; k++)
        sum->sum[map[k]] += more->sum[k];
    for (size_t s = 0; s < BALANCE_SIDES; s++) {
        double *side = (double *)&sum->side[s];
        const double *side_more = (const double *)&more->side[s];
        for (size_t i = 0; i < sizeof(balance_side_t) / sizeof(double); i++)
            side[i] += side_more[i];
        for (size_t k = 0; k < from->columns; k++)
            sum->cross[s][map[k]] += more->cross[s][k];
        add_square(into, sum->square[s], from, more->square[s], map);
    }
    for (size_t y = 0; y < into->outcomes; y++) {
        if (!more->score[y].sum || !into->joint || !from->joint)
            continue;
        if (!sum->score[y].sum)
            balance_score_open(into, &sum->score[y]);
        sum->score[y].units += more->score[y].units;
        sum->score[y].blocks += more->score[y].blocks;
        for (size_t k = 0; k < from->columns; k++)
            sum->score[y].sum[map[k]] += more->score[y].sum[k];
        add_square(into, sum->score[y].square, from, more->score[y].square, map);
    }
}

/* ---- level: across -----------------------------------------------------------------------------
 */

typedef struct piece_of_unit {
    const pilot_balance_t *agency;
    const size_t *map;
    const balance_part_t *part;
} piece_of_unit_t;

static int by_unit(const balance_part_t *a, const balance_part_t *b)
{
    int order = strcmp(a->block, b->block);
    if (order == 0)
        order = strcmp(a->cluster, b->cluster);
    return order ? order : (a->arm > b->arm) - (a->arm < b->arm);
}

static int compare_pieces(const void *left, const void *right)
{
    const piece_of_unit_t *a = left, *b = right;
    return by_unit(a->part, b->part);
}

/* A first mean of each covariate, that totals are taken about. */
static double *find_centers(const pilot_balance_t *into, const piece_of_unit_t *piece,
                            size_t pieces)
{
    double *center = PILOT_NEW_ARRAY(double, into->covariates);
    for (size_t v = 0; v < into->covariates; v++) {
        if (into->covariate[v].category)
            continue;
        for (size_t i = 0; i < pieces; i++) {
            const double *given = piece[i].part->number + 2;
            if (given[v] > 0) {
                center[v] = given[into->covariates + piece[i].agency->covariate[v].first];
                break;
            }
        }
    }
    return center;
}

static void add_piece(const pilot_balance_t *into, const piece_of_unit_t *piece,
                      const double *center, balance_units_t *units, size_t unit)
{
    const double *given = piece->part->number + 2, *mean = given + into->covariates;
    units->weight[unit] += piece->part->number[0];
    units->squares[unit] += piece->part->number[1];
    for (size_t v = 0; v < into->covariates; v++) {
        const balance_covariate_t *covariate = &piece->agency->covariate[v];
        units->given[unit * units->covariates + v] += given[v];
        for (size_t k = covariate->first; k < covariate->first + covariate->columns; k++)
            if (given[v] > 0)
                units->total[unit * units->columns + piece->map[k]] +=
                    given[v] * (mean[k] - center[v]);
    }
}

/* Units are whole now: into the sums with them, block by block. */
static void add_units(pilot_balance_t *into, piece_of_unit_t *piece, size_t pieces)
{
    balance_units_t units;
    balance_block_t *block = balance_block_new(into);
    balance_units_init(&units, into, pieces);
    if (pieces > 0)
        qsort(piece, pieces, sizeof *piece, compare_pieces);
    double *center = find_centers(into, piece, pieces);
    for (size_t i = 0; i < pieces; i++) {
        bool last = i + 1 == pieces;
        if (i == 0 || by_unit(piece[i - 1].part, piece[i].part) != 0)
            balance_units_add(&units, piece[i].part->arm);
        add_piece(into, &piece[i], center, &units, units.count - 1);
        if (last || strcmp(piece[i].part->block, piece[i + 1].part->block) != 0)
            balance_block_end(block, into, &units);
    }
    free(center);
    balance_units_clear(&units);
    balance_block_finish(block, into);
    balance_block_free(block);
}

static void add_across(pilot_balance_t *into, const pilot_balance_t *const *balance, size_t count)
{
    size_t pieces = 0, columns = 0, next = 0;
    for (size_t i = 0; i < count; i++) {
        pieces += balance[i]->parts;
        columns += balance[i]->columns;
    }
    piece_of_unit_t *piece = PILOT_NEW_ARRAY(piece_of_unit_t, pieces);
    size_t *map = PILOT_NEW_ARRAY(size_t, columns), *own = map;
    for (size_t i = 0; i < count; own += balance[i]->columns, i++) {
        map_columns(balance[i], into, own);
        for (size_t u = 0; u < balance[i]->parts; u++)
            piece[next++] = (piece_of_unit_t){balance[i], own, &balance[i]->part[u]};
    }
    add_units(into, piece, pieces);
    free(map);
    free(piece);
}

pilot_balance_t *pilot_balance_merge(const pilot_balance_t *const *balance, size_t count)
{
    pilot_balance_t *into =
        balance_new(balance[0]->arms, balance[0]->outcomes, balance[0]->covariates);
    into->across = balance[0]->across;
    for (size_t v = 0; v < into->covariates; v++) {
        into->covariate[v].category = balance[0]->covariate[v].category;
        into->covariate[v].binary = balance[0]->covariate[v].binary;
        into->covariate[v].columns = 1;
        if (into->covariate[v].category)
            unite_levels(balance, count, v, &into->covariate[v]);
    }
    balance_open(into);
    for (size_t i = 0; i < count; i++) {
        size_t *map = PILOT_NEW_ARRAY(size_t, balance[i]->columns);
        map_columns(balance[i], into, map);
        add_moments(into, balance[i], map);
        for (size_t a = 1; a < into->arms && !into->across; a++)
            add_contrast(into, &into->contrast[a], balance[i], &balance[i]->contrast[a], map);
        free(map);
    }
    if (into->across)
        add_across(into, balance, count);
    return into;
}
