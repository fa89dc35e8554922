/* contrast_rows.h - the rows of a contrast as weighting and ratio estimators take them: with the
 * outcome, in order of block and cluster, weights always there; and the blocks that lack an arm
 * taken out and counted.  Kept for one call; clear with contrast_rows_clear. */
#ifndef PILOT_STAT_CONTRAST_ROWS_H
#define PILOT_STAT_CONTRAST_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/contrast.h"

typedef struct contrast_rows {
    size_t n;
    double *outcome, *weight; /* n */
    double *probability;      /* n, of the own arm; NULL: the data has no such column */
    uint8_t *treated;         /* n */
    uint32_t *block;          /* n, ascending, all codes occur; all 0 without blocks */
    uint32_t *cluster;        /* n, ascending within a block; NULL: not clustered */
    size_t blocks, clusters;
    bool blocked, weighted;
    size_t lack_treated, lack_control; /* blocks taken out */
} contrast_rows_t;

void contrast_rows_take(const pilot_sample_t *sample, contrast_rows_t *ret_rows);
void contrast_rows_clear(contrast_rows_t *rows);

/* The codes that occur among n, numbered from 0 in their order; returns how many. */
size_t contrast_renumber(uint32_t *code, size_t n, size_t codes);

/* Keep the blocks with keep[block] != 0 and number them, and the clusters, from 0. */
void contrast_rows_keep_blocks(contrast_rows_t *rows, const uint8_t *keep);
/* Keep the rows with keep[row] != 0. */
void contrast_rows_keep_rows(contrast_rows_t *rows, const uint8_t *keep);
/* Keep the blocks that have both arms; count the others. */
void contrast_rows_drop_lacking(contrast_rows_t *rows);

/* Refuses the row and returns true when an arm has no rows (left). */
bool contrast_rows_refuse(const contrast_rows_t *rows, const pilot_sample_t *sample,
                          pilot_estimate_t *row);
/* Counts and the control's (weighted) mean, of the rows in use. */
void contrast_rows_fill(const contrast_rows_t *rows, pilot_estimate_t *row);
/* "estimand_changed: ..." when blocks were taken out. */
void contrast_rows_note_left_out(const contrast_rows_t *rows, size_t small, pilot_estimate_t *row);
/* Clusters with rows in several blocks. */
size_t contrast_rows_crossing(const contrast_rows_t *rows);

/* A flag beside given numbers. */
void contrast_flag(pilot_estimate_t *row);
/* The estimate stands, nothing is inferred from it. */
void contrast_no_std_error(pilot_estimate_t *row, pilot_reason_t reason);

/* What was randomized: a row, or the part of a cluster that lies in one block. */
typedef struct contrast_unit {
    size_t first, end; /* its rows */
    uint32_t block;
    bool treated;
} contrast_unit_t;

/* All of them, in order of their rows (n at most); the caller frees. */
contrast_unit_t *contrast_rows_units(const contrast_rows_t *rows, size_t *ret_units);
/* How many of them each arm has. */
void contrast_count_units(const contrast_unit_t *unit, size_t units, size_t *ret_treated,
                          size_t *ret_control);
/* One value in each arm, and are the two the same? */
bool contrast_rows_constant(const contrast_rows_t *rows, bool *ret_same);

#endif
