/* dim_merge.c - one summary out of all agencies', blocks and clusters matched by label, for pilots
 * that randomized across agencies.
 *
 * Everything is moved to the first agency's shift (exact for whole numbers).  The means of a
 * cluster's parts combine as in Chan, Golub & LeVeque (1983), "Algorithms for computing the sample
 * variance". */
#include "dim_summary.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* One agency's part of a cluster. */
typedef struct part {
    const char *block, *label;
    uint32_t arm;
    size_t order;
    dim_cluster_t cluster;
    double low, high; /* of its cell */
    double within;    /* of its cell, in the cell's first part alone */
} part_t;

static int by_key(const part_t *a, const part_t *b)
{
    int order = strcmp(a->block, b->block);
    if (order == 0 && a->arm != b->arm)
        order = a->arm < b->arm ? -1 : 1;
    return order;
}

static int by_place(const void *left, const void *right)
{
    const part_t *a = left, *b = right;
    int order = by_key(a, b);
    if (order == 0)
        order = strcmp(a->label, b->label);
    if (order == 0)
        order = a->order < b->order ? -1 : 1;
    return order;
}

static size_t collect(const pilot_dim_summary_t *summary, double move, part_t *part, size_t parts)
{
    for (size_t b = 0; b < summary->blocks; b++) {
        for (size_t i = summary->first_cell[b]; i < summary->first_cell[b + 1]; i++) {
            const dim_cell_t *cell = &summary->cell[i];
            for (size_t s = cell->first_cluster; s < cell->first_cluster + cell->clusters; s++) {
                part_t *one = &part[parts];
                *one = (part_t){.block = summary->block_label ? summary->block_label[b] : "",
                                .label = summary->cluster_label ? summary->cluster_label[s] : "",
                                .arm = cell->arm,
                                .order = parts,
                                .cluster = summary->cluster[s],
                                .low = cell->low + move,
                                .high = cell->high + move,
                                .within = s == cell->first_cluster ? cell->within : 0};
                one->cluster.mean += move;
                one->cluster.weighted_mean += move;
                parts++;
            }
        }
    }
    return parts;
}

/* Returns what the parts' distance adds to the squares within the cluster. */
static double add_part(dim_cluster_t *into, const dim_cluster_t *part)
{
    double n = (double)into->n + (double)part->n, weight = into->weight + part->weight;
    double distance = part->weighted_mean - into->weighted_mean;
    double between = distance * distance * (into->weight * (part->weight / weight));
    into->mean += (part->mean - into->mean) * ((double)part->n / n);
    into->weighted_mean += (part->weighted_mean - into->weighted_mean) * (part->weight / weight);
    into->n += part->n;
    into->weight = weight;
    into->squares += part->squares;
    return between;
}

static void build(pilot_dim_summary_t *merged, const part_t *part, size_t parts)
{
    dim_cluster_t *cluster = NULL;
    dim_cell_t *cell = NULL;
    for (size_t i = 0; i < parts; i++) {
        const part_t *before = i > 0 ? &part[i - 1] : NULL;
        if (!before || strcmp(before->block, part[i].block) != 0)
            dim_summary_add_block(merged, part[i].block, strlen(part[i].block));
        if (!before || by_key(before, &part[i]) != 0) {
            cell = dim_summary_add_cell(merged, part[i].arm);
            cell->low = part[i].low;
            cell->high = part[i].high;
            cluster = NULL;
        }
        cell->low = part[i].low < cell->low ? part[i].low : cell->low;
        cell->high = part[i].high > cell->high ? part[i].high : cell->high;
        cell->within += part[i].within;
        if (cluster && strcmp(before->label, part[i].label) == 0) {
            cell->within += add_part(cluster, &part[i].cluster);
            continue;
        }
        cluster = dim_summary_add_cluster(merged, part[i].label, strlen(part[i].label));
        *cluster = part[i].cluster;
    }
    for (size_t i = 0; i < merged->cells; i++)
        dim_cell_total(merged, &merged->cell[i]);
}

static int by_cluster(const void *left, const void *right)
{
    const part_t *a = left, *b = right;
    int order = strcmp(a->label, b->label);
    return order ? order : by_place(left, right);
}

/* Leaves the parts in another order. */
static void count_crossing(pilot_dim_summary_t *merged, part_t *part, size_t parts)
{
    qsort(part, parts, sizeof *part, by_cluster);
    for (size_t i = 0, end; i < parts; i = end) {
        bool crosses = false;
        for (end = i + 1; end < parts && strcmp(part[end].label, part[i].label) == 0; end++)
            crosses |= strcmp(part[end].block, part[i].block) != 0;
        merged->crossing[part[i].arm] += crosses;
    }
}

pilot_dim_summary_t *pilot_dim_merge(const pilot_dim_summary_t *const *summary, size_t count)
{
    pilot_dim_summary_t *merged = dim_summary_new(summary[0]->arms);
    size_t room = 1, parts = 0;
    bool shifted = false;
    part_t *part;
    merged->clustered = merged->labelled = true;
    for (size_t a = 0; a < count; a++) {
        merged->blocked |= summary[a]->blocked;
        merged->weighted |= summary[a]->weighted;
        room += summary[a]->clusters;
        for (size_t z = 0; z < merged->arms; z++)
            merged->units[z] += summary[a]->units[z];
    }
    part = pilot_alloc_raw(room, sizeof *part);
    for (size_t a = 0; a < count; a++) {
        if (summary[a]->clusters == 0)
            continue;
        if (!shifted)
            merged->shift = summary[a]->shift;
        shifted = true;
        parts = collect(summary[a], summary[a]->shift - merged->shift, part, parts);
    }
    qsort(part, parts, sizeof *part, by_place);
    build(merged, part, parts);
    count_crossing(merged, part, parts);
    free(part);
    return merged;
}
