/* decoupling_pair.h - moments of a target and its mission, arm by arm. */
#ifndef PILOT_STAT_DECOUPLING_PAIR_H
#define PILOT_STAT_DECOUPLING_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/decoupling.h"

enum { PAIR_TARGET, PAIR_MISSION };

/* One outcome's rows in one arm: weighted mean, and weighted squares about it. */
typedef struct pair_spread {
    uint64_t n;
    double weight, mean, square;
} pair_spread_t;

/* Rows of one arm that have both. */
typedef struct pair_joint {
    uint64_t n;
    double weight, mean[2], square[2], product;
} pair_joint_t;

typedef struct pair_arm {
    pair_spread_t own[2]; /* all rows that have it */
    pair_joint_t both;
} pair_arm_t;

struct pilot_pair {
    size_t arms;
    bool any[2];    /* some row has it, so that base means something */
    double base[2]; /* means are less this: one of the values */
    pair_arm_t *arm;
};

pilot_pair_t *pair_new(size_t arms);

/* Pearson's correlation of rows that have both; absent when one of them does not vary. */
pilot_number_t pair_correlation(const pilot_pair_t *pair, size_t arm);

/* Rows of weight above 0 of the task, by number. */
static inline size_t pair_rows(const pilot_pair_task_t *task)
{
    return task->row ? task->rows : task->frame->rows;
}

static inline size_t pair_row(const pilot_pair_task_t *task, size_t i)
{
    return task->row ? task->row[i] : i;
}

static inline double pair_weight(const pilot_pair_task_t *task, size_t row)
{
    return task->frame->weight ? task->frame->weight[row] : 1;
}

static inline bool pair_has(const pilot_variable_t *variable, size_t row)
{
    return !variable->present || variable->present[row];
}

#endif
