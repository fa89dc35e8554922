/* dim_summary.c - the storage of block summaries.  See dim_summary.h. */
#include "dim_summary.h"

#include <stdlib.h>

#include "compensated.h"
#include "pilot/memory.h"

pilot_dim_summary_t *dim_summary_new(size_t arms)
{
    pilot_dim_summary_t *summary = PILOT_NEW(pilot_dim_summary_t);
    summary->arms = arms;
    summary->units = PILOT_NEW_ARRAY(uint64_t, arms + 1);
    summary->crossing = PILOT_NEW_ARRAY(uint64_t, arms + 1);
    summary->first_cell = pilot_grow(NULL, &summary->block_capacity, 2, sizeof(size_t));
    summary->first_cell[0] = 0;
    return summary;
}

void pilot_dim_summary_free(pilot_dim_summary_t *summary)
{
    if (!summary)
        return;
    for (size_t i = 0; summary->block_label && i < summary->blocks; i++)
        free(summary->block_label[i]);
    for (size_t i = 0; summary->cluster_label && i < summary->clusters; i++)
        free(summary->cluster_label[i]);
    free(summary->block_label);
    free(summary->cluster_label);
    free(summary->units);
    free(summary->crossing);
    free(summary->first_cell);
    free(summary->cell);
    free(summary->cluster);
    free(summary);
}

void dim_summary_add_block(pilot_dim_summary_t *summary, const char *label, size_t length)
{
    size_t block = summary->blocks++;
    summary->first_cell = pilot_grow(summary->first_cell, &summary->block_capacity, block + 2,
                                     sizeof *summary->first_cell);
    summary->first_cell[block] = summary->cells;
    summary->first_cell[block + 1] = summary->cells;
    if (!summary->blocked || !summary->labelled)
        return;
    summary->block_label = pilot_grow(summary->block_label, &summary->name_capacity, block + 1,
                                      sizeof *summary->block_label);
    summary->block_label[block] = pilot_strndup(label, length);
}

dim_cell_t *dim_summary_add_cell(pilot_dim_summary_t *summary, uint32_t arm)
{
    dim_cell_t *cell;
    summary->cell = pilot_grow(summary->cell, &summary->cell_capacity, summary->cells + 1,
                               sizeof *summary->cell);
    cell = &summary->cell[summary->cells++];
    *cell = (dim_cell_t){.arm = arm, .first_cluster = summary->clusters};
    summary->first_cell[summary->blocks] = summary->cells;
    return cell;
}

dim_cluster_t *dim_summary_add_cluster(pilot_dim_summary_t *summary, const char *label,
                                       size_t length)
{
    size_t old = summary->cluster_capacity, place = summary->clusters++;
    summary->cluster = pilot_grow(summary->cluster, &summary->cluster_capacity, place + 1,
                                  sizeof *summary->cluster);
    if (summary->labelled) {
        if (summary->cluster_capacity != old)
            summary->cluster_label = pilot_realloc(
                summary->cluster_label, summary->cluster_capacity, sizeof *summary->cluster_label);
        summary->cluster_label[place] = pilot_strndup(label, length);
    }
    summary->cluster[place] = (dim_cluster_t){0};
    summary->cell[summary->cells - 1].clusters++;
    return &summary->cluster[place];
}

void dim_cell_total(const pilot_dim_summary_t *summary, dim_cell_t *cell)
{
    const dim_cluster_t *cluster = summary->cluster + cell->first_cluster;
    compensated_t weight = {0}, moment = {0};
    cell->n = 0;
    for (size_t s = 0; s < cell->clusters; s++) {
        cell->n += cluster[s].n;
        compensated_add(&weight, cluster[s].weight);
        compensated_add(&moment, cluster[s].weight * cluster[s].weighted_mean);
    }
    cell->weight = compensated_value(&weight);
    cell->mean = compensated_value(&moment) / cell->weight;
    if (cell->low == cell->high)
        cell->mean = cell->low;
    compensated_t squares = {.sum = cell->within};
    for (size_t s = 0; s < cell->clusters; s++) {
        double distance = cluster[s].weighted_mean - cell->mean;
        compensated_add(&squares, cluster[s].weight * distance * distance);
    }
    cell->squares = cell->low == cell->high ? 0 : compensated_value(&squares);
}

bool dim_cell_is_constant(const pilot_dim_summary_t *summary, const dim_cell_t *cell)
{
    return summary->clustered ? cell->low == cell->high : cell->spread == 0;
}
