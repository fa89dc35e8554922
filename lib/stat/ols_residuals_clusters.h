/* ols_residuals_clusters.h - round 2 where standard errors are cluster-robust: rows become runs of
 * one cluster in one block, runs become clusters. */
#ifndef PILOT_STAT_OLS_RESIDUALS_CLUSTERS_H
#define PILOT_STAT_OLS_RESIDUALS_CLUSTERS_H

#include "cluster_robust.h"
#include "design_matrix_panel.h"

typedef struct pilot_cluster_walk {
    pilot_cluster_work_t work;
    const pilot_rows_t *rows;
    pilot_arena_t *arena;
    double *root_share; /* by block: 1 / root of its weight, of all agencies */
    double *omega;      /* two halves: blocks x (1 + rank), to be filled before the walk */
    /* Clusters in several blocks (or agencies) wait in a gram until all rows are seen. */
    size_t *place; /* by cluster code: number of its gram, or SIZE_MAX; NULL: there is none */
    pilot_cluster_gram_t *gram;
    size_t grams;
    bool tied;     /* such clusters tie blocks together: one component */
    bool too_tied; /* ... of more blocks than memory should be given to */
    /* One of all blocks (tied), one for each (level: across), or one for the current block. */
    pilot_component_t *component;
    size_t components;
    /* The run that is being read. */
    bool open;
    size_t block, cluster;
} pilot_cluster_walk_t;

/* block: at level: across the fit's number of each of the rows' blocks, else NULL. */
void pilot_cluster_walk_begin(pilot_cluster_walk_t *walk, const pilot_rows_t *rows,
                              const pilot_fit_t *fit, const size_t *block, size_t outcomes,
                              const pilot_score_sink_t *sink, pilot_arena_t *arena);
/* Entries of M between tied blocks that memory may be given to? */
bool pilot_cluster_may_tie(const pilot_cluster_work_t *work, size_t blocks);
/* The panel's columns are Q, then residuals. */
void pilot_cluster_walk_panel(pilot_cluster_walk_t *walk, const pilot_panel_t *panel);
void pilot_cluster_walk_end(pilot_cluster_walk_t *walk);

/* A panel's share of omega; its columns are Q. */
void pilot_cluster_walk_omega(pilot_cluster_walk_t *walk, const pilot_panel_t *panel);

#endif
