/* design_matrix_panel.h - the rows of one fit, and their design as panels of demeaned columns.
 *
 * A panel holds whole blocks, or a stretch of one block that is larger than a panel; so memory is
 * bounded whatever the number of rows, and what is in a panel depends on the rows alone. */
#ifndef PILOT_STAT_DESIGN_MATRIX_PANEL_H
#define PILOT_STAT_DESIGN_MATRIX_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ols_arena.h"
#include "pilot/design_matrix.h"

/* The rows that a fit uses: weight > 0, outcome present and, with `drop`, every regressor. */
typedef struct pilot_rows {
    const pilot_ols_task_t *task;
    const uint32_t *row; /* n ascending row numbers; NULL: 0 .. n-1 */
    size_t n;
    size_t candidates;    /* rows of the task with weight > 0 */
    const double *weight; /* by row of the frame; NULL: all 1 */
    size_t blocks;
    size_t *block_start;  /* blocks + 1, in used rows */
    double *block_weight; /* blocks */
} pilot_rows_t;

void pilot_rows_select(const pilot_ols_task_t *task, const pilot_variable_t *outcome,
                       pilot_arena_t *arena, pilot_rows_t *ret);
/* Label of block number `block` of the fit; "" where the frame has no blocks. */
const char *pilot_rows_block_label(const pilot_rows_t *rows, size_t block);
/* Has this other outcome the same rows? */
bool pilot_rows_fit(const pilot_rows_t *rows, const pilot_variable_t *outcome);
static inline size_t pilot_rows_at(const pilot_rows_t *rows, size_t i)
{
    return rows->row ? rows->row[i] : i;
}

typedef enum pilot_column_kind {
    PILOT_COLUMN_ZERO,
    PILOT_COLUMN_ARM,     /* 1 in arm `code` */
    PILOT_COLUMN_NUMBER,  /* (x - base) - shift; 0 where missing */
    PILOT_COLUMN_MISSING, /* 1 where the number is missing */
    PILOT_COLUMN_LEVEL    /* 1 at level `code` (PILOT_CATEGORY_MISSING: where missing) */
} pilot_column_kind_t;

/* One column before demeaning; number and category are borrowed from the task.  With an arm, the
 * interaction: the column less center in that arm, 0 elsewhere. */
typedef struct pilot_column {
    pilot_column_kind_t kind;
    uint32_t code;
    size_t regressor; /* in the task; unused for arms and outcomes */
    const pilot_variable_t *number;
    const pilot_category_t *category;
    double base, shift;
    uint32_t arm; /* a treatment arm, or 0: not an interaction */
    double center;
} pilot_column_t;

/* A walk over the rows.  Set up by pilot_panel_begin; each pilot_panel_next gives the next rows
 * until it returns false. */
typedef struct pilot_panel {
    const pilot_rows_t *rows;
    const pilot_column_t *column;
    size_t columns;
    size_t stride;       /* rows a panel can hold: a multiple of PILOT_LANES */
    double *data;        /* columns x stride, demeaned; 0 behind the last row */
    double *weight;      /* count, then 0; all 1 where the frame has no weights */
    size_t first, count; /* used rows first .. first + count - 1 */
    size_t first_block;  /* block of the first row */
    /* Optional, blocks x columns: means of the blocks (filled in), and the means to subtract in
     * their place, of blocks that span agencies. */
    double *ret_mean;
    const double *center;
    /* private */
    size_t next;
    size_t next_block;
    size_t large_block; /* whose means are in `rough` and `fine`; SIZE_MAX: none */
    double *rough, *fine;
} pilot_panel_t;

void pilot_panel_begin(pilot_panel_t *panel, const pilot_rows_t *rows, const pilot_column_t *column,
                       size_t columns, pilot_arena_t *arena);
bool pilot_panel_next(pilot_panel_t *panel);

/* A number near the column's values, to subtract before anything is summed: the mean of the first
 * few that are present; 0 if none is. */
double pilot_rows_base(const pilot_rows_t *rows, const pilot_variable_t *number);

#endif
