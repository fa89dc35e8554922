/* ols_finish_across.c - level: across: clusters that span agencies, and the blocks' part of M,
 * where all agencies' parts are together. */
#include <stdlib.h>
#include <string.h>

#include "cluster_robust.h"
#include "ols_residuals.h"
#include "ols_residuals_clusters.h"

typedef struct pooled {
    const pilot_fit_t *fit;
    const pilot_residuals_t *const *residuals;
    size_t agencies;
    pilot_arena_t *arena;
    pilot_cluster_work_t work;
    size_t **number; /* by agency and its block: the fit's block */
    bool tied;
    size_t components; /* 1 of all blocks (tied), or one for each */
    pilot_component_t *component;
    double *omega; /* two halves: blocks x (1 + rank) */
    size_t grams;
    pilot_cluster_gram_t *gram;
} pooled_t;

static int compare_block(const void *key, const void *entry)
{
    return strcmp(key, ((const pilot_fit_block_t *)entry)->label);
}

static bool number_blocks(pooled_t *pooled)
{
    const pilot_fit_t *fit = pooled->fit;
    pooled->number = PILOT_ARENA_RAW(pooled->arena, size_t *, pooled->agencies);
    for (size_t a = 0; a < pooled->agencies; a++) {
        const pilot_across_part_t *part = &pooled->residuals[a]->across;
        pooled->number[a] = PILOT_ARENA_RAW(pooled->arena, size_t, part->blocks);
        for (size_t b = 0; b < part->blocks; b++) {
            const pilot_fit_block_t *found =
                bsearch(part->label[b], fit->block, fit->blocks, sizeof *fit->block, compare_block);
            if (!found)
                return false;
            pooled->number[a][b] = (size_t)(found - fit->block);
        }
        /* One component of several blocks: clusters inside the agency tie them. */
        pooled->tied = pooled->tied || (part->components == 1 && part->blocks > 1);
    }
    return true;
}

/* An agency's share of a cluster, its blocks numbered as the fit's. */
typedef struct share {
    pilot_cluster_gram_t gram;
    size_t agency;
} share_t;

static int compare_shares(const void *left, const void *right)
{
    const share_t *a = left, *b = right;
    int order = strcmp(a->gram.cluster, b->gram.cluster);
    return order ? order : (a->agency > b->agency) - (a->agency < b->agency);
}

static share_t *collect_shares(const pooled_t *pooled, size_t *ret_shares)
{
    size_t total = 0;
    for (size_t a = 0; a < pooled->agencies; a++)
        total += pooled->residuals[a]->across.grams;
    share_t *share = PILOT_ARENA_RAW(pooled->arena, share_t, total);
    *ret_shares = 0;
    for (size_t a = 0; a < pooled->agencies; a++) {
        const pilot_across_part_t *part = &pooled->residuals[a]->across;
        for (size_t s = 0; s < part->grams; s++) {
            share_t *next = &share[(*ret_shares)++];
            *next = (share_t){.gram = part->gram[s], .agency = a};
            next->gram.block = PILOT_ARENA_RAW(pooled->arena, size_t, next->gram.blocks);
            for (size_t b = 0; b < next->gram.blocks; b++)
                next->gram.block[b] = pooled->number[a][part->gram[s].block[b]];
        }
    }
    qsort(share, total, sizeof *share, compare_shares);
    return share;
}

static void merge_grams(pooled_t *pooled)
{
    size_t shares;
    const share_t *share = collect_shares(pooled, &shares);
    pooled->gram = PILOT_ARENA_RAW(pooled->arena, pilot_cluster_gram_t, shares);
    for (size_t i = 0, next; i < shares; i = next) {
        size_t most = 0;
        for (next = i; next < shares && !strcmp(share[i].gram.cluster, share[next].gram.cluster);)
            most += share[next++].gram.blocks;
        pilot_cluster_gram_t *gram = &pooled->gram[pooled->grams++];
        pilot_cluster_gram_init(&pooled->work, most, pooled->arena, gram);
        for (size_t k = i; k < next; k++)
            pilot_cluster_gram_add(&pooled->work, gram, &share[k].gram);
        pooled->tied = pooled->tied || gram->blocks > 1;
    }
}

static void begin_components(pooled_t *pooled)
{
    const pilot_fit_t *fit = pooled->fit;
    size_t width = 1 + fit->rank;
    pooled->components = pooled->tied ? 1 : fit->blocks;
    pooled->component = PILOT_ARENA_RAW(pooled->arena, pilot_component_t, pooled->components);
    if (fit->omega) {
        pooled->omega = PILOT_ARENA_RAW(pooled->arena, double, fit->blocks *width);
        for (size_t b = 0; b < fit->blocks; b++)
            memcpy(pooled->omega + b * width, fit->block[b].square, width * sizeof(double));
    }
    for (size_t c = 0; c < pooled->components; c++) {
        pilot_component_init(&pooled->work, pooled->tied ? fit->blocks : 1, pooled->arena,
                             &pooled->component[c]);
        if (fit->omega)
            pooled->component[c].omega = pooled->omega + (pooled->tied ? 0 : c * width);
    }
}

/* Where row i (half x block) of an agency's component lies in the pooled one. */
static size_t row_of(const pilot_component_t *from, const pilot_component_t *to,
                     const size_t *number, size_t i)
{
    size_t half = i / from->blocks, block = i % from->blocks;
    return half * to->blocks + (to->blocks > 1 ? number[block] : 0);
}

static void add_component(const pooled_t *pooled, const pilot_component_t *from,
                          const size_t *number, pilot_component_t *to)
{
    const pilot_cluster_work_t *work = &pooled->work;
    size_t side = work->halves * work->rank;
    size_t rows = work->halves * from->blocks, to_rows = work->halves * to->blocks;
    for (size_t c = 0; c < work->contrasts; c++)
        for (size_t i = 0; i < rows; i++) {
            size_t at = row_of(from, to, number, i);
            for (size_t j = 0; j < rows; j++)
                to->dd[c * to_rows * to_rows + at * to_rows + row_of(from, to, number, j)] +=
                    from->dd[c * rows * rows + i * rows + j];
            for (size_t k = 0; k < side; k++)
                to->dx[(c * to_rows + at) * side + k] += from->dx[(c * rows + i) * side + k];
        }
}

static void add_components(pooled_t *pooled)
{
    for (size_t a = 0; a < pooled->agencies; a++) {
        const pilot_across_part_t *part = &pooled->residuals[a]->across;
        for (size_t c = 0; c < part->components; c++) {
            const size_t *number = pooled->number[a] + (part->components > 1 ? c : 0);
            add_component(pooled, &part->component[c], number,
                          &pooled->component[pooled->tied ? 0 : number[0]]);
        }
    }
}

/* A cluster that lies in one block goes to that block's own component. */
static void add_gram(pooled_t *pooled, pilot_cluster_gram_t *gram)
{
    pilot_component_t *component = pooled->component;
    if (!pooled->tied && gram->blocks > 0) {
        component = &pooled->component[gram->block[0]];
        gram->block[0] = 0;
    }
    pilot_cluster_add_gram(&pooled->work, gram, component, pooled->arena);
}

static void take(const pooled_t *pooled, pilot_residuals_t *ret)
{
    const pilot_fit_t *fit = pooled->fit;
    ret->clusters = pooled->work.sums;
    for (size_t arm = 1, c = 0; arm < fit->arms; arm++) {
        if (fit->arm_column[arm] == SIZE_MAX)
            continue;
        ret->meat[arm] = compensated_value(&pooled->work.meat[c]);
        ret->plain_meat[arm] = compensated_value(&pooled->work.plain_meat[c++]);
    }
}

bool pilot_across_finish(const pilot_fit_t *fit, const pilot_residuals_t *const *residuals,
                         size_t agencies, pilot_arena_t *arena, pilot_residuals_t *ret)
{
    pooled_t pooled = {.fit = fit, .residuals = residuals, .agencies = agencies, .arena = arena};
    *ret = (pilot_residuals_t){.arms = fit->arms,
                               .meat = PILOT_ARENA_ARRAY(arena, double, fit->arms),
                               .plain_meat = PILOT_ARENA_ARRAY(arena, double, fit->arms),
                               .adjusted_meat = PILOT_ARENA_ARRAY(arena, double, fit->arms),
                               .leverage_one = PILOT_ARENA_ARRAY(arena, uint64_t, fit->arms)};
    if (fit->rows == 0 || fit->too_wide)
        return true;
    pilot_cluster_begin(&pooled.work, fit, 1, NULL, arena);
    if (!number_blocks(&pooled))
        return false;
    merge_grams(&pooled);
    if (pooled.tied && fit->std_error == PILOT_SE_CR2 &&
        !pilot_cluster_may_tie(&pooled.work, fit->blocks)) {
        ret->too_tied = true;
        return true;
    }
    begin_components(&pooled);
    add_components(&pooled);
    for (size_t s = 0; s < pooled.grams; s++)
        add_gram(&pooled, &pooled.gram[s]);
    for (size_t c = 0; c < pooled.components; c++)
        pilot_component_close(&pooled.work, &pooled.component[c]);
    pilot_cluster_finish(&pooled.work);
    take(&pooled, ret);
    return true;
}
