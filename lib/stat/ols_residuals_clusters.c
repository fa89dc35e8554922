/* ols_residuals_clusters.c - see ols_residuals_clusters.h. */
#include "ols_residuals_clusters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static int compare_labels(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

/* Does the cluster have rows in other agencies too? */
static bool is_spanning(const pilot_cluster_walk_t *walk, size_t code)
{
    const pilot_fit_t *fit = walk->work.fit;
    return fit->spanning > 0 && walk->rows->task->frame->cluster &&
           bsearch(walk->rows->task->frame->cluster_label[code], fit->spanning_cluster,
                   fit->spanning, sizeof *fit->spanning_cluster, compare_labels);
}

/* Give a gram to every cluster that is not one run; note whether any ties blocks of its own. */
static void find_grams(pilot_cluster_walk_t *walk)
{
    const pilot_frame_t *frame = walk->rows->task->frame;
    size_t clusters = frame->cluster ? frame->clusters : 1, grams = 0;
    uint32_t *runs = count_runs(walk->rows, clusters, walk->arena);
    bool *spanning = PILOT_ARENA_ARRAY(walk->arena, bool, clusters);
    for (size_t s = 0; s < clusters; s++) {
        spanning[s] = runs[s] > 0 && is_spanning(walk, s);
        grams += runs[s] > 1 || spanning[s];
        walk->tied = walk->tied || (runs[s] > 1 && !spanning[s]);
    }
    if (grams == 0)
        return;
    walk->place = PILOT_ARENA_RAW(walk->arena, size_t, clusters);
    walk->gram = PILOT_ARENA_RAW(walk->arena, pilot_cluster_gram_t, grams);
    for (size_t s = 0; s < clusters; s++) {
        walk->place[s] = SIZE_MAX;
        if (runs[s] <= 1 && !spanning[s])
            continue;
        walk->place[s] = walk->grams;
        pilot_cluster_gram_init(&walk->work, runs[s], walk->arena, &walk->gram[walk->grams]);
        walk->gram[walk->grams].cluster = spanning[s] ? frame->cluster_label[s] : NULL;
        walk->gram[walk->grams].unit = s;
        walk->grams++;
    }
}

bool pilot_cluster_may_tie(const pilot_cluster_work_t *work, size_t blocks)
{
    double side = (double)(work->halves * blocks);
    return side * side * (double)work->contrasts <= MOST_TIED_ENTRIES;
}

static void begin_components(pilot_cluster_walk_t *walk, bool across)
{
    bool needs_blocks = walk->work.fit->std_error == PILOT_SE_CR2;
    size_t blocks = walk->rows->blocks;
    bool together = needs_blocks && walk->tied;
    walk->too_tied = together && !pilot_cluster_may_tie(&walk->work, blocks);
    together = together && !walk->too_tied;
    walk->components = across && needs_blocks && !walk->tied ? blocks : 1;
    walk->component = PILOT_ARENA_RAW(walk->arena, pilot_component_t, walk->components);
    for (size_t c = 0; c < walk->components; c++)
        pilot_component_init(&walk->work, together ? blocks : 1, walk->arena, &walk->component[c]);
}

void pilot_cluster_walk_begin(pilot_cluster_walk_t *walk, const pilot_rows_t *rows,
                              const pilot_fit_t *fit, const size_t *block, size_t outcomes,
                              const pilot_score_sink_t *sink, pilot_arena_t *arena)
{
    size_t width = 1 + fit->rank;
    *walk = (pilot_cluster_walk_t){.rows = rows, .arena = arena};
    pilot_cluster_begin(&walk->work, fit, outcomes, sink, arena);
    find_grams(walk);
    begin_components(walk, block != NULL);
    walk->root_share = PILOT_ARENA_RAW(arena, double, rows->blocks);
    for (size_t b = 0; b < rows->blocks; b++)
        walk->root_share[b] = 1 / sqrt(block ? fit->block[block[b]].weight : rows->block_weight[b]);
    if (walk->work.halves == 1)
        return;
    walk->omega = PILOT_ARENA_ARRAY(arena, double, rows->blocks *width);
    for (size_t b = 0; block && b < rows->blocks; b++)
        memcpy(walk->omega + b * width, fit->block[block[b]].square, width * sizeof(double));
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

static void end_run(pilot_cluster_walk_t *walk)
{
    size_t block = walk->block, number = 0, width = 1 + walk->work.rank;
    pilot_component_t *component = &walk->component[walk->components > 1 ? block : 0];
    if (!walk->open)
        return;
    walk->open = false;
    walk->work.unit = walk->cluster;
    if (component->blocks > 1)
        number = block;
    if (walk->omega)
        component->omega = walk->omega + (component->blocks > 1 ? 0 : block * width);
    if (walk->place && walk->place[walk->cluster] != SIZE_MAX)
        pilot_cluster_end_part(&walk->work, block, &walk->gram[walk->place[walk->cluster]]);
    else
        pilot_cluster_end_run(&walk->work, component, number, walk->arena);
}

/* Where each cluster lies in one block, a block's part of M is whole when its rows end; a block
 * that spans agencies is closed where all are together. */
static void end_block(pilot_cluster_walk_t *walk)
{
    end_run(walk);
    if (!walk->tied && !walk->work.fit->across)
        pilot_component_close(&walk->work, walk->component);
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
    if (walk->omega && walk->tied)
        walk->component->omega = walk->omega;
    for (size_t s = 0; s < walk->grams && !walk->too_tied; s++) {
        walk->work.unit = walk->gram[s].unit;
        if (!walk->gram[s].cluster)
            pilot_cluster_add_gram(&walk->work, &walk->gram[s], walk->component, walk->arena);
    }
    if (walk->tied && !walk->work.fit->across)
        pilot_component_close(&walk->work, walk->component);
    pilot_cluster_finish(&walk->work);
}
