/* overlaps.h - what the levels of a subgroup share: clusters and blocks that have rows in both, and
 * with them the covariance of the two levels' effects.  Sums over agencies.  Pure. */
#ifndef PILOT_WORKER_OVERLAPS_H
#define PILOT_WORKER_OVERLAPS_H

#include "analysis.h"
#include "evaluate.h"
#include "pilot/dim.h"
#include "pilot/ols_scores.h"
#include "subsets.h"

/* Subgroups with more levels have pairs with the first level only, and no joint test where clusters
 * are shared. */
#define PILOT_MOST_PAIRED_LEVELS ((size_t)12)

/* Two levels of one subgroup, by subset; one < other. */
typedef struct pilot_level_pair {
    size_t one, other;
} pilot_level_pair_t;

typedef struct pilot_overlaps {
    const pilot_analysis_t *analysis; /* borrowed */
    pilot_level_pair_t *pair;
    size_t pairs, subsets;
    bool clustered; /* some cluster has rows in two levels; else what follows the counts is 0 */
    /* Clusters that only all agencies together could tell the covariance of (level: across). */
    bool differences_unknown, regressions_unknown, ivs_unknown;
    uint64_t *clusters, *blocks;     /* [pair][outcome]; rows of all arms */
    pilot_dim_overlap_t *difference; /* [pair][response][treatment] */
    double *square;                  /* [subset][response][treatment]: differences' own */
    double *regression;              /* [pair][model][response][treatment]: covariance */
    double *iv;                      /* [pair][response][treatment]: covariance; NULL: no iv */
    double **iv_score;               /* [subset][response][treatment]: by cluster, or NULL */
    size_t frame_clusters;
} pilot_overlaps_t;

/* Of an analysis' levels, nothing shared yet.  Caller frees. */
pilot_overlaps_t *pilot_overlaps_new(const pilot_analysis_t *analysis,
                                     const pilot_subsets_t *subsets);
void pilot_overlaps_free(pilot_overlaps_t *overlaps); /* NULL is fine */

/* Of one agency's rows: counts and, if the view has responses, shares of differences in means. */
pilot_overlaps_t *pilot_overlaps_of(const pilot_view_t *view, const pilot_subsets_t *subsets);
/* Which subsets' scores are needed: of levels that share clusters, and of the whole sample where
 * targets are compared with missions.  overlaps NULL: no gaps. */
bool pilot_overlaps_need_scores(const pilot_overlaps_t *overlaps, const pilot_analysis_t *analysis,
                                size_t subset);
/* And of its regressions.  scores: by pilot_analysis_regression. */
void pilot_overlaps_add_scores(pilot_overlaps_t *overlaps, const pilot_ols_scores_t *scores);

/* Scores of iv in a level, from those of its two regressions; kept only where they are needed. */
void pilot_overlaps_keep_iv(pilot_overlaps_t *overlaps, size_t subset, size_t response, size_t arm,
                            const pilot_ols_scores_t *form, const pilot_ols_scores_t *stage);
/* Once all levels' are kept. */
void pilot_overlaps_add_ivs(pilot_overlaps_t *overlaps);

void pilot_overlaps_pack(const pilot_overlaps_t *overlaps, pilot_piece_t *piece);
/* Read what pilot_overlaps_pack wrote of these levels and add it to `total`, whose levels are
 * `all`.  PILOT_E_PROTOCOL when the reader does not hold it. */
pilot_status_t pilot_overlaps_merge(pilot_overlaps_t *total, const pilot_subsets_t *all,
                                    const pilot_subsets_t *levels, pilot_piece_reader_t *reader,
                                    pilot_error_t *error);

/* Place of a pair, SIZE_MAX when it is not kept. */
size_t pilot_overlaps_find(const pilot_overlaps_t *overlaps, size_t one, size_t other);

#endif
