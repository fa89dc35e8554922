/* dim_pack.c - a block summary as flat arrays and back, bit for bit.
 *
 * counts:  flags arms blocks cells clusters | units of each arm | clustered: crossing clusters of
 *          each arm | per block: cells |
 *          per cell: arm * 2 + leverage_one, then n, or clustered: clusters | per cluster: n
 * numbers: shift | per cell: mean, spread if n > 1, weight and squares if weighted; clustered: low,
 *          high, within |
 *          per cluster: mean; weighted: weight, squares, weighted mean
 * labels:  if labelled: of each block if blocked, of each cluster if clustered
 *
 * What follows from the rest (totals over clusters, weight = n without weights) is not carried. */
#include "dim_summary.h"

#include <string.h>

#define FLAG_BLOCKED 1u
#define FLAG_CLUSTERED 2u
#define FLAG_WEIGHTED 4u
#define FLAG_LABELLED 8u
#define FLAG_ALL 15u
#define HEAD 5
#define MAX_ARMS 65536

static void pack_cell(const pilot_dim_summary_t *summary, const dim_cell_t *cell,
                      pilot_piece_t *piece)
{
    pilot_piece_add_count(piece, (uint64_t)cell->arm * 2 + cell->leverage_one);
    if (summary->clustered) {
        pilot_piece_add_count(piece, cell->clusters);
        pilot_piece_add_number(piece, cell->low);
        pilot_piece_add_number(piece, cell->high);
        pilot_piece_add_number(piece, cell->within);
        return;
    }
    pilot_piece_add_count(piece, cell->n);
    pilot_piece_add_number(piece, cell->mean);
    if (cell->n > 1)
        pilot_piece_add_number(piece, cell->spread);
    if (summary->weighted) {
        pilot_piece_add_number(piece, cell->weight);
        pilot_piece_add_number(piece, cell->squares);
    }
}

static void pack_cluster(const pilot_dim_summary_t *summary, const dim_cluster_t *cluster,
                         pilot_piece_t *piece)
{
    pilot_piece_add_count(piece, cluster->n);
    pilot_piece_add_number(piece, cluster->mean);
    if (!summary->weighted)
        return;
    pilot_piece_add_number(piece, cluster->weight);
    pilot_piece_add_number(piece, cluster->squares);
    pilot_piece_add_number(piece, cluster->weighted_mean);
}

void pilot_dim_pack(const pilot_dim_summary_t *summary, pilot_piece_t *piece)
{
    uint64_t flags =
        (summary->blocked ? FLAG_BLOCKED : 0) | (summary->clustered ? FLAG_CLUSTERED : 0) |
        (summary->weighted ? FLAG_WEIGHTED : 0) | (summary->labelled ? FLAG_LABELLED : 0);
    const uint64_t head[HEAD] = {flags, summary->arms, summary->blocks, summary->cells,
                                 summary->clusters};
    pilot_piece_add_counts(piece, head, HEAD);
    pilot_piece_add_counts(piece, summary->units, summary->arms);
    if (summary->clustered)
        pilot_piece_add_counts(piece, summary->crossing, summary->arms);
    pilot_piece_add_number(piece, summary->shift);
    for (size_t b = 0; b < summary->blocks; b++)
        pilot_piece_add_count(piece, summary->first_cell[b + 1] - summary->first_cell[b]);
    for (size_t i = 0; i < summary->cells; i++)
        pack_cell(summary, &summary->cell[i], piece);
    for (size_t i = 0; i < summary->clusters; i++)
        pack_cluster(summary, &summary->cluster[i], piece);
    for (size_t b = 0; summary->block_label && b < summary->blocks; b++)
        pilot_piece_add_label(piece, summary->block_label[b]);
    for (size_t i = 0; summary->cluster_label && i < summary->clusters; i++)
        pilot_piece_add_label(piece, summary->cluster_label[i]);
}

/* What is being read: the arrays apart, so that one walk over blocks, cells and clusters builds
 * the summary. */
typedef struct unpack {
    pilot_piece_reader_t reader;
    const uint64_t *block_cells, *cell_count, *cluster_count;
    const pilot_label_t *block_label, *cluster_label;
    size_t blocks, cells, clusters; /* not yet read */
    pilot_piece_reader_t cluster_numbers;
} unpack_t;

static bool unpack_cluster(unpack_t *unpack, pilot_dim_summary_t *summary)
{
    static const pilot_label_t unnamed = {"", 0};
    const pilot_label_t *label = unpack->cluster_label ? unpack->cluster_label++ : &unnamed;
    const double *number =
        pilot_piece_take_numbers(&unpack->cluster_numbers, summary->weighted ? 4 : 1);
    dim_cluster_t *cluster;
    if (unpack->clusters == 0 || !number || *unpack->cluster_count == 0)
        return false;
    unpack->clusters--;
    cluster = dim_summary_add_cluster(summary, label->bytes, label->length);
    cluster->n = *unpack->cluster_count++;
    cluster->mean = cluster->weighted_mean = number[0];
    cluster->weight = cluster->squares = (double)cluster->n;
    if (summary->weighted) {
        cluster->weight = number[1];
        cluster->squares = number[2];
        cluster->weighted_mean = number[3];
    }
    return true;
}

static bool unpack_clusters(unpack_t *unpack, pilot_dim_summary_t *summary, uint64_t clusters)
{
    size_t place = summary->cells - 1;
    const double *range = pilot_piece_take_numbers(&unpack->reader, 3);
    if (!range || clusters == 0)
        return false;
    for (uint64_t s = 0; s < clusters; s++)
        if (!unpack_cluster(unpack, summary))
            return false;
    summary->cell[place].low = range[0];
    summary->cell[place].high = range[1];
    summary->cell[place].within = range[2];
    dim_cell_total(summary, &summary->cell[place]);
    return true;
}

static bool unpack_cell(unpack_t *unpack, pilot_dim_summary_t *summary, uint64_t *arm_floor)
{
    const uint64_t *count = unpack->cell_count;
    const double *number;
    dim_cell_t *cell;
    size_t wanted = 1;
    if (unpack->cells == 0 || count[0] / 2 < *arm_floor || count[0] / 2 >= summary->arms)
        return false;
    unpack->cells--;
    unpack->cell_count += 2;
    *arm_floor = count[0] / 2 + 1;
    cell = dim_summary_add_cell(summary, (uint32_t)(count[0] / 2));
    cell->leverage_one = count[0] & 1;
    if (summary->clustered)
        return unpack_clusters(unpack, summary, count[1]);
    cell->n = count[1];
    wanted += (size_t)(cell->n > 1) + 2 * (size_t)summary->weighted;
    number = pilot_piece_take_numbers(&unpack->reader, wanted);
    if (!number || cell->n == 0)
        return false;
    cell->mean = number[0];
    cell->spread = cell->n > 1 ? number[1] : 0;
    cell->weight = summary->weighted ? number[wanted - 2] : (double)cell->n;
    cell->squares = summary->weighted ? number[wanted - 1] : cell->spread;
    return true;
}

static bool unpack_block(unpack_t *unpack, pilot_dim_summary_t *summary)
{
    static const pilot_label_t unnamed = {"", 0};
    const pilot_label_t *label = unpack->block_label ? unpack->block_label++ : &unnamed;
    uint64_t cells = *unpack->block_cells++, arm_floor = 0;
    if (cells == 0)
        return false;
    dim_summary_add_block(summary, label->bytes, label->length);
    for (uint64_t i = 0; i < cells; i++)
        if (!unpack_cell(unpack, summary, &arm_floor))
            return false;
    return true;
}

/* Numbers of cells come before those of clusters: find where the latter begin. */
static bool split_numbers(unpack_t *unpack, const pilot_dim_summary_t *summary)
{
    size_t cell_numbers = 3 * unpack->cells, cluster_numbers;
    unpack->cluster_numbers = unpack->reader;
    if (!summary->clustered)
        return unpack->clusters == 0;
    cluster_numbers = unpack->clusters * (summary->weighted ? 4 : 1);
    return pilot_piece_take_numbers(&unpack->cluster_numbers, cell_numbers) &&
           unpack->cluster_numbers.numbers >= cluster_numbers;
}

static bool unpack_head(unpack_t *unpack, pilot_dim_summary_t **ret_summary)
{
    const uint64_t *head = pilot_piece_take_counts(&unpack->reader, HEAD), *units, *crossing = NULL;
    const double *shift = pilot_piece_take_numbers(&unpack->reader, 1);
    pilot_dim_summary_t *summary;
    if (!head || !shift || head[0] > FLAG_ALL || head[1] > MAX_ARMS ||
        head[2] > unpack->reader.counts || head[3] > unpack->reader.counts ||
        head[4] > unpack->reader.counts ||
        !(units = pilot_piece_take_counts(&unpack->reader, head[1])))
        return false;
    if ((head[0] & FLAG_CLUSTERED) &&
        !(crossing = pilot_piece_take_counts(&unpack->reader, head[1])))
        return false;
    summary = *ret_summary = dim_summary_new(head[1]);
    summary->blocked = head[0] & FLAG_BLOCKED;
    summary->clustered = head[0] & FLAG_CLUSTERED;
    summary->weighted = head[0] & FLAG_WEIGHTED;
    summary->labelled = head[0] & FLAG_LABELLED;
    summary->shift = *shift;
    memcpy(summary->units, units, head[1] * sizeof *units);
    if (crossing)
        memcpy(summary->crossing, crossing, head[1] * sizeof *crossing);
    unpack->blocks = head[2];
    unpack->cells = head[3];
    unpack->clusters = head[4];
    unpack->block_cells = pilot_piece_take_counts(&unpack->reader, head[2]);
    unpack->cell_count = pilot_piece_take_counts(&unpack->reader, 2 * head[3]);
    unpack->cluster_count = pilot_piece_take_counts(&unpack->reader, head[4]);
    if (summary->labelled && summary->blocked &&
        !(unpack->block_label = pilot_piece_take_labels(&unpack->reader, head[2])))
        return false;
    if (summary->labelled && summary->clustered &&
        !(unpack->cluster_label = pilot_piece_take_labels(&unpack->reader, head[4])))
        return false;
    return unpack->block_cells && unpack->cell_count && unpack->cluster_count &&
           split_numbers(unpack, summary);
}

pilot_status_t pilot_dim_unpack(pilot_piece_reader_t *reader, pilot_dim_summary_t **ret_summary,
                                pilot_error_t *error)
{
    unpack_t unpack = {.reader = *reader};
    pilot_dim_summary_t *summary = NULL;
    bool good = unpack_head(&unpack, &summary);
    for (; good && unpack.blocks > 0; unpack.blocks--)
        good = unpack_block(&unpack, summary);
    if (!good || unpack.cells != 0 || unpack.clusters != 0) {
        pilot_dim_summary_free(summary);
        return pilot_error_set(error, PILOT_E_PROTOCOL,
                               "a part does not hold a summary of difference in means; "
                               "run all programs in one version");
    }
    if (summary->clustered) {
        unpack.reader.number = unpack.cluster_numbers.number;
        unpack.reader.numbers = unpack.cluster_numbers.numbers;
    }
    *reader = unpack.reader;
    *ret_summary = summary;
    return PILOT_OK;
}
