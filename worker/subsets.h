/* subsets.h - the whole sample and the levels of each subgroup, of one agency or of all. */
#ifndef PILOT_WORKER_SUBSETS_H
#define PILOT_WORKER_SUBSETS_H

#include "analysis.h"
#include "dataset.h"
#include "pilot/piece.h"

/* One level of one subgroup; the first subset is the whole sample (name and level NULL). */
typedef struct pilot_subset {
    size_t subgroup;     /* index into spec->subgroup */
    const char *name;    /* the subgroup's covariate; borrowed from the spec */
    char *level;         /* owned */
    const uint32_t *row; /* ascending; NULL: all rows, or (merged) none known */
    size_t rows;
} pilot_subset_t;

typedef struct pilot_subsets {
    pilot_subset_t *subset;
    size_t count, capacity; /* count >= 1 */
    size_t *subgroup;       /* by level, as pilot_row_keys_begin wants them; NULL until asked for */
    uint32_t *rows_memory;
} pilot_subsets_t;

/* Levels that the dataset's rows have, in byte order of their labels ("0" and "1" of a binary
 * covariate); rows that miss the covariate are in none. */
pilot_subsets_t *pilot_subsets_of(const pilot_analysis_t *analysis, const pilot_dataset_t *dataset);
void pilot_subsets_free(pilot_subsets_t *subsets); /* NULL is fine */

/* The rows that these subsets must have; borrowed by the keys. */
pilot_row_keys_t pilot_subsets_keys(pilot_subsets_t *subsets, const pilot_analysis_t *analysis);

/* Levels alone, to a piece and back.  PILOT_E_PROTOCOL when the reader does not hold them. */
void pilot_subsets_pack(const pilot_subsets_t *subsets, const pilot_analysis_t *analysis,
                        pilot_piece_t *piece);
pilot_status_t pilot_subsets_unpack(const pilot_analysis_t *analysis, pilot_piece_reader_t *reader,
                                    pilot_subsets_t **ret_subsets, pilot_error_t *error);

/* Levels that any of them has, in byte order. */
pilot_subsets_t *pilot_subsets_union(const pilot_analysis_t *analysis,
                                     pilot_subsets_t *const *subsets, size_t count);

/* The whole sample alone; and one level more, unless it is there: its index. */
pilot_subsets_t *pilot_subsets_new(void);
size_t pilot_subsets_put(pilot_subsets_t *subsets, const pilot_analysis_t *analysis,
                         size_t subgroup, const char *level, size_t length);

/* Index of a subset with the same subgroup and level; SIZE_MAX when there is none. */
size_t pilot_subsets_find(const pilot_subsets_t *subsets, const pilot_subset_t *wanted);

#endif
