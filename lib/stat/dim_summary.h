/* dim_summary.h - what difference in means keeps of one agency's rows, for all its arms.
 *
 * Values are the outcome minus `shift` (the first value of the fit), so that a large common
 * constant costs no digits.  A cell is one arm in one block and exists only if it has rows; a
 * block exists only if it has a cell.  Cells of a block ascend by arm; clusters of a cell ascend
 * by label. */
#ifndef PILOT_STAT_DIM_SUMMARY_H
#define PILOT_STAT_DIM_SUMMARY_H

#include "pilot/dim.h"

typedef struct dim_cluster {
    uint64_t n;
    double weight;        /* sum of w; n without weights */
    double squares;       /* sum of w^2; n without weights */
    double mean;          /* unweighted */
    double weighted_mean; /* the same without weights */
} dim_cluster_t;

typedef struct dim_cell {
    uint32_t arm;
    bool leverage_one; /* several rows, but one has (nearly) all the weight */
    uint64_t n;
    double weight; /* sum of w; n without weights */
    double mean;   /* weighted, if there are weights */
    /* Not clustered: sum of (y - mean)^2; with weights sum of w^2 (y - mean)^2 / (1 - w/weight).
     * Exactly 0 if and only if the cell is constant. */
    double spread;
    double squares; /* sum of w (y - mean)^2 */
    /* Clustered only: smallest and largest value, and the cell's clusters. */
    double low, high;
    double within; /* sum over the clusters' rows of w (y - the cluster's weighted mean)^2 */
    size_t first_cluster, clusters;
} dim_cell_t;

struct pilot_dim_summary {
    size_t arms;
    bool blocked, clustered, weighted, labelled;
    double shift;
    uint64_t *units; /* arms: rows with weight > 0, also those without the outcome */
    /* Clustered only, arms: clusters with rows in more than one block, where each part then counts
     * as a cluster: whole clusters are randomized within blocks. */
    uint64_t *crossing;
    size_t blocks, cells, clusters;
    size_t block_capacity, cell_capacity, cluster_capacity, name_capacity;
    size_t *first_cell; /* blocks + 1 */
    char **block_label; /* blocks; NULL unless blocked and labelled */
    dim_cell_t *cell;
    dim_cluster_t *cluster;
    char **cluster_label; /* clusters; NULL unless clustered and labelled */
};

pilot_dim_summary_t *dim_summary_new(size_t arms);
/* Append; the block's cells and the cell's clusters follow it. */
void dim_summary_add_block(pilot_dim_summary_t *summary, const char *label, size_t length);
dim_cell_t *dim_summary_add_cell(pilot_dim_summary_t *summary, uint32_t arm);
dim_cluster_t *dim_summary_add_cluster(pilot_dim_summary_t *summary, const char *label,
                                       size_t length);
/* n, weight, mean and squares of a clustered cell, from its clusters and `within`. */
void dim_cell_total(const pilot_dim_summary_t *summary, dim_cell_t *cell);
bool dim_cell_is_constant(const pilot_dim_summary_t *summary, const dim_cell_t *cell);

#endif
