/* ols_residuals_clusters.c - see ols_residuals_clusters.h. */
#include "ols_residuals_clusters.h"

#include <math.h>

/* Entries of M between blocks that clusters tie together, at most (64 MB). */
#define MOST_TIED_ENTRIES ((double)(1 << 23))

static size_t cluster_at(const pilot_rows_t *rows, size_t used)
{
    const uint32_t *cluster = rows->task->frame->cluster;
    return cluster ? cluster[pilot_rows_at(rows, used)] : 0;
}

/* Runs of every cluster: how many blocks it lies in. */
static uint32_t *count_runs(const pilot_rows_t *rows, size_t clusters, pilot_arena_t *arena)
{
    uint32_t *runs = PILOT_ARENA_ARRAY(arena, uint32_t, clusters);
    for (size_t block = 0; block < rows->blocks; block++)
        for (size_t i = rows->block_start[block]; i < rows->block_start[block + 1]; i++)
            if (i == rows->block_start[block] || cluster_at(rows, i) != cluster_at(rows, i - 1))
                runs[cluster_at(rows, i)]++;
    return runs;
}

static void find_tied(pilot_cluster_walk_t *walk)
{
    const pilot_frame_t *frame = walk->rows->task->frame;
    size_t clusters = frame->cluster ? frame->clusters : 1;
    uint32_t *runs = count_runs(walk->rows, clusters, walk->arena);
    for (size_t s = 0; s < clusters; s++)
        walk->grams += runs[s] > 1;
    walk->tied = walk->grams > 0;
    if (walk->grams == 0)
        return;
    walk->place = PILOT_ARENA_RAW(walk->arena, size_t, clusters);
    walk->gram = PILOT_ARENA_RAW(walk->arena, pilot_cluster_gram_t, walk->grams);
    walk->grams = 0;
    for (size_t s = 0; s < clusters; s++) {
        walk->place[s] = SIZE_MAX;
        if (runs[s] <= 1)
            continue;
        walk->place[s] = walk->grams;
        pilot_cluster_gram_init(&walk->work, runs[s], walk->arena, &walk->gram[walk->grams++]);
    }
}

void pilot_cluster_walk_begin(pilot_cluster_walk_t *walk, const pilot_rows_t *rows,
                              const pilot_fit_t *fit, size_t outcomes, pilot_arena_t *arena)
{
    *walk = (pilot_cluster_walk_t){.rows = rows, .arena = arena};
    pilot_cluster_begin(&walk->work, fit, outcomes, arena);
    find_tied(walk);
    double side = (double)(walk->work.halves * rows->blocks);
    bool needs_blocks = walk->tied && fit->std_error == PILOT_SE_CR2;
    walk->too_tied = needs_blocks && side * side * (double)walk->work.contrasts > MOST_TIED_ENTRIES;
    pilot_component_init(&walk->work, needs_blocks && !walk->too_tied ? rows->blocks : 1, arena,
                         &walk->component);
    walk->root_share = PILOT_ARENA_RAW(arena, double, rows->blocks);
    for (size_t b = 0; b < rows->blocks; b++)
        walk->root_share[b] = 1 / sqrt(rows->block_weight[b]);
    if (walk->work.halves == 2)
        walk->omega = PILOT_ARENA_ARRAY(arena, double, rows->blocks *(1 + fit->rank));
}

void pilot_cluster_walk_omega(pilot_cluster_walk_t *walk, const pilot_panel_t *panel)
{
    size_t rank = walk->work.rank, block = panel->first_block;
    for (size_t i = 0; i < panel->count; i++) {
        while (panel->first + i >= walk->rows->block_start[block + 1])
            block++;
        double w = panel->weight[i], share = walk->root_share[block];
        double *omega = walk->omega + block * (1 + rank);
        omega[0] += w * w * share * share;
        for (size_t k = 0; k < rank; k++)
            omega[1 + k] += w * w * share * panel->data[k * panel->stride + i];
    }
}

static size_t component_block(const pilot_cluster_walk_t *walk, size_t block)
{
    return walk->component.blocks > 1 ? block : 0;
}

static void end_run(pilot_cluster_walk_t *walk)
{
    size_t block = walk->block;
    if (!walk->open)
        return;
    walk->open = false;
    if (walk->omega)
        walk->component.omega =
            walk->omega + (walk->component.blocks > 1 ? 0 : block * (1 + walk->work.rank));
    if (walk->place && walk->place[walk->cluster] != SIZE_MAX)
        pilot_cluster_end_part(&walk->work, component_block(walk, block),
                               &walk->gram[walk->place[walk->cluster]]);
    else
        pilot_cluster_end_run(&walk->work, &walk->component, component_block(walk, block),
                              walk->arena);
}

/* Where each cluster lies in one block, a block's part of M is whole when its rows end. */
static void end_block(pilot_cluster_walk_t *walk)
{
    end_run(walk);
    if (!walk->tied)
        pilot_component_close(&walk->work, &walk->component);
}

void pilot_cluster_walk_panel(pilot_cluster_walk_t *walk, const pilot_panel_t *panel)
{
    size_t block = panel->first_block;
    for (size_t i = 0; i < panel->count; i++) {
        while (panel->first + i >= walk->rows->block_start[block + 1])
            block++;
        size_t cluster = cluster_at(walk->rows, panel->first + i);
        if (block != walk->block)
            end_block(walk);
        else if (cluster != walk->cluster)
            end_run(walk);
        walk->block = block;
        walk->cluster = cluster;
        walk->open = true;
        pilot_cluster_add_row(&walk->work, panel->data + i, panel->stride, panel->weight[i],
                              walk->root_share[block]);
    }
}

void pilot_cluster_walk_end(pilot_cluster_walk_t *walk)
{
    end_block(walk);
    if (walk->tied && !walk->too_tied)
        for (size_t s = 0; s < walk->grams; s++)
            pilot_cluster_add_gram(&walk->work, &walk->gram[s], &walk->component, walk->arena);
    if (walk->tied)
        pilot_component_close(&walk->work, &walk->component);
    pilot_cluster_finish(&walk->work);
}
