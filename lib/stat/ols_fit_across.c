/* ols_fit_across.c - see ols_fit_across.h. */
#include "ols_fit_across.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compensated.h"
#include "least_squares_kernel.h"

/* A block's means in one agency, as means of the pooled design's columns: the map of its raw
 * columns, and the shift from the agency's bases to the pooled ones. */
static void map_share(const pilot_pooled_design_t *design, const pilot_moments_t *m,
                      const pilot_map_t *map, const pilot_block_moment_t *block,
                      const pilot_fit_t *fit, double *ret)
{
    for (size_t e = 0; e < map->entries; e++)
        ret[map->entry[e].column] += map->entry[e].factor * block->mean[map->entry[e].raw];
    for (size_t j = 0; j < design->columns; j++) {
        size_t k = design->column[j].regressor;
        /* An agency that lacks the number altogether is imputed: 0 already. */
        if (design->column[j].kind == PILOT_COLUMN_NUMBER && !design->column[j].arm)
            ret[j] += (m->number[k].base - design->base[k]) - design->shift[k];
    }
    ret[design->columns] = block->mean[m->raw] + (m->outcome_base - fit->outcome_base);
}

static int compare_shares(const void *left, const void *right)
{
    const pilot_share_t *a = left, *b = right;
    int order = strcmp(a->label, b->label);
    return order ? order : (a->agency > b->agency) - (a->agency < b->agency);
}

static void collect_shares(const pilot_pooled_design_t *design, const pilot_ols_task_t *task,
                           const pilot_moments_t *const *moments, size_t agencies,
                           const pilot_fit_t *fit, pilot_arena_t *arena, pilot_fit_across_t *across)
{
    size_t columns = design->columns, total = 0;
    for (size_t a = 0; a < agencies; a++)
        total += moments[a]->rows > 0 ? moments[a]->blocks : 0;
    across->share = PILOT_ARENA_RAW(arena, pilot_share_t, total);
    for (size_t a = 0; a < agencies; a++) {
        const pilot_moments_t *m = moments[a];
        pilot_map_t map;
        if (m->rows == 0)
            continue;
        pilot_map_columns(design, task, m, arena, &map);
        for (size_t b = 0; b < m->blocks; b++) {
            pilot_share_t *share = &across->share[across->shares++];
            *share = (pilot_share_t){.label = m->block[b].label,
                                     .cluster = m->block[b].cluster,
                                     .agency = a,
                                     .weight = m->block[b].weight,
                                     .square_weight = m->block[b].square_weight,
                                     .mean = PILOT_ARENA_ARRAY(arena, double, columns + 1)};
            map_share(design, m, &map, &m->block[b], fit, share->mean);
            if (!m->block[b].square_mean)
                continue;
            share->square_mean = PILOT_ARENA_ARRAY(arena, double, columns);
            for (size_t e = 0; e < map.entries; e++)
                share->square_mean[map.entry[e].column] +=
                    map.entry[e].factor * m->block[b].square_mean[map.entry[e].raw];
        }
    }
    qsort(across->share, across->shares, sizeof *across->share, compare_shares);
}

static void pool_blocks(pilot_fit_across_t *across, pilot_arena_t *arena)
{
    size_t width = across->columns + 1;
    across->start = PILOT_ARENA_RAW(arena, size_t, across->shares + 1);
    for (size_t i = 0; i < across->shares; i++)
        if (i == 0 || strcmp(across->share[i - 1].label, across->share[i].label) != 0)
            across->start[across->blocks++] = i;
    across->start[across->blocks] = across->shares;
    across->weight = PILOT_ARENA_ARRAY(arena, double, across->blocks);
    across->mean = PILOT_ARENA_ARRAY(arena, double, across->blocks *width);
    for (size_t b = 0; b < across->blocks; b++) {
        compensated_t weight = {0};
        for (size_t i = across->start[b]; i < across->start[b + 1]; i++)
            compensated_add(&weight, across->share[i].weight);
        across->weight[b] = compensated_value(&weight);
        for (size_t k = 0; k < width; k++) {
            compensated_t sum = {0};
            for (size_t i = across->start[b]; i < across->start[b + 1]; i++)
                compensated_add(&sum, across->share[i].weight * across->share[i].mean[k]);
            across->mean[b * width + k] = compensated_value(&sum) / across->weight[b];
        }
    }
}

/* Does each block that spans agencies lie in one cluster? */
static bool are_nested(const pilot_fit_across_t *across)
{
    for (size_t b = 0; b < across->blocks; b++)
        for (size_t i = across->start[b] + 1; i < across->start[b + 1]; i++) {
            const char *one = across->share[i - 1].cluster, *other = across->share[i].cluster;
            if (!one || !other || strcmp(one, other) != 0)
                return false;
        }
    return true;
}

/* A share's distance from its block: root(weight) x (mean - the block's mean), one row a share. */
static void stack_distances(const pilot_fit_across_t *across, bool squares, pilot_qr_t *qr,
                            pilot_arena_t *arena)
{
    size_t stride = PILOT_PAD(across->shares), width = across->columns + 1;
    double *panel = PILOT_ARENA_ARRAY(arena, double, stride * qr->columns);
    for (size_t b = 0; b < across->blocks; b++)
        for (size_t i = across->start[b]; i < across->start[b + 1]; i++) {
            const pilot_share_t *share = &across->share[i];
            double root = sqrt(squares ? share->square_weight : share->weight);
            for (size_t k = 0; k < qr->columns; k++) {
                double distance = share->mean[k] - across->mean[b * width + k];
                if (squares)
                    distance += share->square_mean ? share->square_mean[k] : 0;
                panel[k * stride + i] = root * distance;
            }
        }
    pilot_qr_add(qr, panel, stride, across->shares);
}

typedef struct member {
    const char *label;
    size_t agency;
    uint64_t arm;
} member_t;

static int compare_members(const void *left, const void *right)
{
    const member_t *a = left, *b = right;
    int order = strcmp(a->label, b->label);
    return order ? order : (a->agency > b->agency) - (a->agency < b->agency);
}

/* Clusters by label: how many there are in all and by arm, and which are in several agencies. */
void pilot_fit_across_count(const pilot_moments_t *const *moments, size_t agencies,
                            pilot_arena_t *arena, pilot_fit_t *fit)
{
    size_t total = 0, members = 0;
    for (size_t a = 0; a < agencies; a++)
        total += moments[a]->cluster ? moments[a]->clusters : 0;
    if (total == 0)
        return;
    member_t *member = PILOT_ARENA_RAW(arena, member_t, total);
    for (size_t a = 0; a < agencies; a++)
        for (size_t s = 0; moments[a]->cluster && s < moments[a]->clusters; s++)
            member[members++] =
                (member_t){moments[a]->cluster[s].label, a, moments[a]->cluster[s].arm};
    qsort(member, members, sizeof *member, compare_members);
    fit->spanning_cluster = PILOT_ARENA_RAW(arena, const char *, members);
    fit->clusters = 0;
    memset(fit->arm_clusters, 0, fit->arms * sizeof *fit->arm_clusters);
    for (size_t i = 0, next; i < members; i = next) {
        for (next = i + 1; next < members && !strcmp(member[i].label, member[next].label);)
            next++;
        fit->clusters++;
        fit->arm_clusters[member[i].arm]++;
        if (next > i + 1)
            fit->spanning_cluster[fit->spanning++] = member[i].label;
    }
}

void pilot_fit_across_begin(const pilot_pooled_design_t *design, const pilot_ols_task_t *task,
                            const pilot_moments_t *const *moments, size_t agencies,
                            pilot_fit_t *fit, bool squares, pilot_qr_t *qr, pilot_qr_t *square,
                            pilot_arena_t *arena, pilot_fit_across_t *ret)
{
    *ret = (pilot_fit_across_t){.columns = design->columns};
    collect_shares(design, task, moments, agencies, fit, arena, ret);
    pool_blocks(ret, arena);
    fit->blocks = ret->blocks;
    fit->nested = fit->nested && are_nested(ret);
    stack_distances(ret, false, qr, arena);
    if (squares)
        stack_distances(ret, true, square, arena);
}

/* Omega of a block's indicator with itself and with the kept columns: sums of squared weights over
 * its rows, u = 1 / root(weight) and x R^-1. */
static double *block_omega(const pilot_fit_across_t *across, const pilot_solution_t *solution,
                           size_t block, pilot_arena_t *arena)
{
    size_t rank = solution->rank, width = across->columns + 1;
    double *omega = PILOT_ARENA_ARRAY(arena, double, 1 + rank);
    double *sum = PILOT_ARENA_ARRAY(arena, double, rank);
    for (size_t i = across->start[block]; i < across->start[block + 1]; i++) {
        const pilot_share_t *share = &across->share[i];
        omega[0] += share->square_weight / across->weight[block];
        for (size_t j = 0; j < rank; j++) {
            size_t k = solution->kept[j];
            double distance = share->mean[k] - across->mean[block * width + k];
            distance += share->square_mean ? share->square_mean[k] : 0;
            sum[j] += share->square_weight * distance;
        }
    }
    for (size_t j = 0; j < rank; j++)
        for (size_t m = 0; m <= j; m++)
            omega[1 + j] +=
                sum[m] * solution->r_inverse[m * rank + j] / sqrt(across->weight[block]);
    return omega;
}

void pilot_fit_across_end(const pilot_fit_across_t *across, const pilot_solution_t *solution,
                          pilot_arena_t *arena, pilot_fit_t *fit)
{
    size_t width = across->columns + 1;
    fit->block = PILOT_ARENA_ARRAY(arena, pilot_fit_block_t, across->blocks);
    for (size_t b = 0; b < across->blocks; b++) {
        double *mean = PILOT_ARENA_RAW(arena, double, solution->rank + 1);
        for (size_t j = 0; j < solution->rank; j++)
            mean[j] = across->mean[b * width + solution->kept[j]];
        mean[solution->rank] = across->mean[b * width + across->columns];
        fit->block[b] = (pilot_fit_block_t){.label = across->share[across->start[b]].label,
                                            .weight = across->weight[b],
                                            .mean = mean};
        if (fit->omega)
            fit->block[b].square = block_omega(across, solution, b, arena);
    }
}
