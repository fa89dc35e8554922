/* quality_summary.h - what quality checks keep of one agency's rows.  All of it adds up, unless
 * clusters span agencies: then the clusters are kept, by label, until all are there. */
#ifndef PILOT_STAT_QUALITY_SUMMARY_H
#define PILOT_STAT_QUALITY_SUMMARY_H

#include "pilot/quality.h"

/* Treatment arm against control, over blocks. */
typedef struct quality_share {
    uint64_t blocks;  /* with a unit of either */
    uint64_t lacking; /* of these, without one of them */
    double moment;    /* sum of n_arm^2 / (n_arm + n_control) */
    double low, high; /* of n_arm / (n_arm + n_control); set when blocks > 0 */
} quality_share_t;

/* All arms, over the blocks that have units: for the test against declared probabilities. */
typedef struct quality_design {
    uint64_t blocks, smallest; /* smallest: units of the smallest block */
    double inverse;            /* sum of 1 / units */
} quality_design_t;

/* The same against probabilities that the data gives: Pearson's statistic and its moments. */
typedef struct quality_column {
    double statistic, df, variance, least; /* least: expected units of an arm in a block */
    uint64_t blocks, left_out;             /* left_out: an arm with several probabilities */
} quality_column_t;

/* Missing outcomes in the treatment arm less what chance alone would put there, and the variance
 * of that over re-drawn assignments. */
typedef struct quality_score {
    double score, variance;
} quality_score_t;

/* A cluster that may have more rows in other agencies. */
typedef struct quality_cluster {
    char *block, *label;
    uint64_t arm, rows;
} quality_cluster_t;

struct pilot_quality {
    size_t arms, outcomes;
    bool clustered, across;
    uint64_t *rows;         /* arms */
    uint64_t *assigned;     /* arms: clusters where they were randomized, else rows */
    uint64_t *missing;      /* outcomes x arms */
    quality_share_t *share; /* arms, [0] unused */
    quality_design_t design;
    quality_column_t column; /* of zeros where the data gives no probabilities */
    double *concentration;   /* arms: sum over blocks of n_arm^2 / n, n units of all arms */
    quality_score_t *score;  /* outcomes x arms, [.][0] unused */
    /* across only; assigned, share, design and score are then still empty */
    quality_cluster_t *cluster;
    uint64_t *cluster_missing; /* clusters x outcomes */
    size_t clusters, cluster_capacity, missing_capacity;
};

pilot_quality_t *quality_new(size_t arms, size_t outcomes);
/* Labels are copied; missing: outcomes. */
void quality_add_cluster(pilot_quality_t *quality, const char *block, size_t block_length,
                         const char *label, size_t label_length, uint64_t arm, uint64_t rows,
                         const uint64_t *missing);

/* Sums over one block's units (rows or clusters), which then go into the summary. */
typedef struct quality_block quality_block_t;
quality_block_t *quality_block_new(const pilot_quality_t *quality);
void quality_block_free(quality_block_t *block);
/* missing: outcomes. */
void quality_block_add(quality_block_t *block, size_t arm, uint64_t size, const uint64_t *missing);
/* Into assigned, share and score of the summary; the block is empty afterwards. */
void quality_block_end(quality_block_t *block, pilot_quality_t *quality);

bool quality_same_block(const pilot_frame_t *frame, size_t i, size_t j);
bool quality_same_unit(const pilot_frame_t *frame, size_t i, size_t j); /* cluster, if there are */
void quality_probability(const pilot_frame_t *frame, const pilot_variable_t *probability,
                         quality_column_t *ret_column);

/* What summaries say together.  Caller frees. */
pilot_quality_t *quality_total(const pilot_quality_t *const *quality, size_t count);

#endif
