/* quality_summary.h - what quality checks keep of one agency's rows.  All of it adds up. */
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

/* Missing outcomes in the treatment arm less what chance alone would put there, and the variance
 * of that over re-drawn assignments. */
typedef struct quality_score {
    double score, variance;
} quality_score_t;

struct pilot_quality {
    size_t arms, outcomes;
    bool clustered;
    uint64_t *rows;         /* arms */
    uint64_t *assigned;     /* arms: clusters where they were randomized, else rows */
    uint64_t *missing;      /* outcomes x arms */
    quality_share_t *share; /* arms, [0] unused */
    quality_score_t *score; /* outcomes x arms, [.][0] unused */
};

pilot_quality_t *quality_new(size_t arms, size_t outcomes);

#endif
