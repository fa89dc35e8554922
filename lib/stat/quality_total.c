/* quality_total.c - what the summaries of several agencies say together. */
#include "quality_summary.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

static void add_share(quality_share_t *into, const quality_share_t *more)
{
    if (more->blocks == 0)
        return;
    into->low = into->blocks == 0 || more->low < into->low ? more->low : into->low;
    into->high = into->blocks == 0 || more->high > into->high ? more->high : into->high;
    into->blocks += more->blocks;
    into->lacking += more->lacking;
    into->moment += more->moment;
}

static void add_design(pilot_quality_t *sum, const pilot_quality_t *more)
{
    quality_design_t *into = &sum->design;
    if (more->design.blocks == 0)
        return;
    if (into->blocks == 0 || more->design.smallest < into->smallest)
        into->smallest = more->design.smallest;
    into->blocks += more->design.blocks;
    into->inverse += more->design.inverse;
    for (size_t a = 0; a < sum->arms; a++)
        sum->concentration[a] += more->concentration[a];
}

static void add_column(quality_column_t *into, const quality_column_t *more)
{
    if (more->blocks > 0 && (into->blocks == 0 || more->least < into->least))
        into->least = more->least;
    into->blocks += more->blocks;
    into->left_out += more->left_out;
    into->statistic += more->statistic;
    into->df += more->df;
    into->variance += more->variance;
}

/* A cluster's part in one agency. */
typedef struct part {
    const quality_cluster_t *cluster;
    const uint64_t *missing;
} part_t;

static int by_unit(const part_t *a, const part_t *b)
{
    int order = strcmp(a->cluster->block, b->cluster->block);
    if (order == 0)
        order = strcmp(a->cluster->label, b->cluster->label);
    if (order == 0 && a->cluster->arm != b->cluster->arm)
        order = a->cluster->arm < b->cluster->arm ? -1 : 1;
    return order;
}

static int compare_parts(const void *left, const void *right)
{
    return by_unit(left, right);
}

/* Clusters are whole now: into the sums with them, block by block. */
static void add_clusters(pilot_quality_t *sum, part_t *part, size_t parts)
{
    quality_block_t *block = quality_block_new(sum);
    uint64_t *missing = PILOT_NEW_ARRAY(uint64_t, sum->outcomes), size = 0;
    qsort(part, parts, sizeof *part, compare_parts);
    for (size_t i = 0; i < parts; i++) {
        bool last = i + 1 == parts;
        size += part[i].cluster->rows;
        for (size_t v = 0; v < sum->outcomes; v++)
            missing[v] += part[i].missing[v];
        if (last || by_unit(&part[i], &part[i + 1]) != 0) {
            quality_block_add(block, part[i].cluster->arm, size, missing);
            memset(missing, 0, sum->outcomes * sizeof *missing);
            size = 0;
        }
        if (last || strcmp(part[i].cluster->block, part[i + 1].cluster->block) != 0)
            quality_block_end(block, sum);
    }
    quality_block_free(block);
    free(missing);
}

static void gather_clusters(const pilot_quality_t *const *quality, size_t count,
                            pilot_quality_t *sum)
{
    size_t clusters = 0, parts = 0;
    part_t *part;
    for (size_t i = 0; i < count; i++)
        clusters += quality[i]->clusters;
    if (clusters == 0)
        return;
    part = PILOT_NEW_ARRAY(part_t, clusters);
    for (size_t i = 0; i < count; i++)
        for (size_t s = 0; s < quality[i]->clusters; s++)
            part[parts++] =
                (part_t){&quality[i]->cluster[s], quality[i]->cluster_missing + s * sum->outcomes};
    add_clusters(sum, part, parts);
    free(part);
}

pilot_quality_t *quality_total(const pilot_quality_t *const *quality, size_t count)
{
    pilot_quality_t *sum = quality_new(quality[0]->arms, quality[0]->outcomes);
    for (size_t i = 0; i < count; i++) {
        sum->clustered |= quality[i]->clustered;
        sum->across |= quality[i]->across;
        add_design(sum, quality[i]);
        add_column(&sum->column, &quality[i]->column);
        for (size_t a = 0; a < sum->arms; a++) {
            sum->rows[a] += quality[i]->rows[a];
            sum->assigned[a] += quality[i]->assigned[a];
            add_share(&sum->share[a], &quality[i]->share[a]);
        }
        for (size_t j = 0; j < sum->arms * sum->outcomes; j++) {
            sum->missing[j] += quality[i]->missing[j];
            sum->score[j].score += quality[i]->score[j].score;
            sum->score[j].variance += quality[i]->score[j].variance;
        }
    }
    gather_clusters(quality, count, sum);
    return sum;
}
