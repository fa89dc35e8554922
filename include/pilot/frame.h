/* pilot/frame.h - rows in memory, as the estimators see them: pure data, all borrowed.
 *
 * Rows are sorted by (block label, cluster label, unit id), each bytewise, so block and cluster
 * codes ascend with the rows' order and equal data gives equal bits whatever the file's order. */
#ifndef PILOT_FRAME_H
#define PILOT_FRAME_H

#include <stddef.h>
#include <stdint.h>

typedef struct pilot_frame {
    size_t rows;
    size_t arms;             /* number of arms in the plan; code 0 is the control */
    const uint16_t *arm;     /* rows */
    const uint32_t *block;   /* rows, codes 0 .. blocks-1; NULL: no blocks */
    size_t blocks;           /* 0 when block is NULL */
    const uint32_t *cluster; /* rows, codes 0 .. clusters-1; NULL: no clusters */
    size_t clusters;
    const double *weight; /* rows, finite and >= 0; NULL: all 1 */
    /* Labels by code; for parts that are merged across agencies.  NULL where code arrays are. */
    const char *const *block_label;
    const char *const *cluster_label;
} pilot_frame_t;

/* A column of numbers.  Where present[i] is 0 the value is 0.0 and means nothing. */
typedef struct pilot_variable {
    const double *value;    /* rows */
    const uint8_t *present; /* rows; NULL: all present */
} pilot_variable_t;

/* A column of categories: code 0 .. levels-1 ordered by label bytes; UINT32_MAX = missing. */
typedef struct pilot_category {
    const uint32_t *code;
    size_t levels;
    const char *const *label;
} pilot_category_t;
#define PILOT_CATEGORY_MISSING UINT32_MAX

#endif
