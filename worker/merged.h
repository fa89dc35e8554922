/* merged.h - the rows of many agencies as one dataset, for what cannot be computed from parts.
 *
 * Level agency: agencies follow each other in agency order, agency x block is the block, and
 * clusters are an agency's own.  Level across: blocks and clusters are one by label, an agency is
 * the cluster where the plan names none, and rows are sorted by them anew.  One agency alone stays
 * as it is, so its pooled numbers are its own, bit for bit.
 *
 * Only what is asked for is kept: 2 bytes a row for the arm, 4 each for block and cluster, 8 for
 * the weight, 8 (and 1 where some are missing) for each number and 4 for each category. */
#ifndef PILOT_WORKER_MERGED_H
#define PILOT_WORKER_MERGED_H

#include "analysis.h"
#include "dataset.h"

typedef struct pilot_merge pilot_merge_t;

/* For `agencies` submissions of `rows` rows in all.  wanted: by outcome, whether its columns are
 * kept; covariates are kept as subgroups and, for bounds, categories.  analysis: borrowed. */
pilot_merge_t *pilot_merge_new(const pilot_analysis_t *analysis, const bool *wanted, bool bounds,
                               size_t agencies, size_t rows);
void pilot_merge_free(pilot_merge_t *merge); /* NULL is fine */

/* In agency order.  Nothing of the dataset is kept. */
void pilot_merge_add(pilot_merge_t *merge, const pilot_dataset_t *dataset);

/* Once all are added; the caller frees it.  Columns that were not wanted have no values. */
pilot_dataset_t *pilot_merge_finish(pilot_merge_t *merge);

#endif
