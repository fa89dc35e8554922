/* design_matrix_rows.c - which rows a fit uses, and where its blocks begin. */
#include "design_matrix_panel.h"

#include <string.h>

/* Of the first rows of a fit, these many give a column's base. */
#define BASE_ROWS ((size_t)256)

static bool is_candidate(const pilot_ols_task_t *task, size_t row)
{
    if (task->frame->weight && !(task->frame->weight[row] > 0))
        return false;
    if (task->impute)
        return true;
    for (size_t k = 0; k < task->regressors; k++) {
        const pilot_regressor_t *r = &task->regressor[k];
        if (r->number && r->number->present && !r->number->present[row])
            return false;
        if (r->category && r->category->code[row] == PILOT_CATEGORY_MISSING)
            return false;
    }
    return true;
}

/* Nothing can take a row away, whatever its values? */
static bool all_are_candidates(const pilot_ols_task_t *task)
{
    bool all = !task->frame->weight && !task->row;
    for (size_t k = 0; all && !task->impute && k < task->regressors; k++)
        all = task->regressor[k].number && !task->regressor[k].number->present;
    return all;
}

static size_t task_rows(const pilot_ols_task_t *task)
{
    return task->row ? task->rows : task->frame->rows;
}

static void select_rows(const pilot_ols_task_t *task, const pilot_variable_t *outcome,
                        pilot_arena_t *arena, pilot_rows_t *rows)
{
    size_t total = task_rows(task);
    rows->candidates = total;
    rows->n = total;
    if (all_are_candidates(task) && (!outcome->present || !memchr(outcome->present, 0, total)))
        return;
    uint32_t *row = PILOT_ARENA_RAW(arena, uint32_t, total);
    rows->candidates = 0;
    rows->n = 0;
    for (size_t i = 0; i < total; i++) {
        uint32_t at = task->row ? task->row[i] : (uint32_t)i;
        if (!is_candidate(task, at))
            continue;
        rows->candidates++;
        if (!outcome->present || outcome->present[at])
            row[rows->n++] = at;
    }
    rows->row = rows->n == task->frame->rows ? NULL : row;
}

static void find_blocks(pilot_arena_t *arena, pilot_rows_t *rows)
{
    const uint32_t *block = rows->task->frame->block;
    size_t most = block ? rows->task->frame->blocks : 1;
    most = most < rows->n ? most : rows->n;
    rows->block_start = PILOT_ARENA_RAW(arena, size_t, most + 1);
    rows->block_weight = PILOT_ARENA_ARRAY(arena, double, most);
    rows->block_start[0] = 0;
    for (size_t i = 0; i < rows->n; i++) {
        size_t at = pilot_rows_at(rows, i);
        if (i == 0 || (block && block[at] != block[pilot_rows_at(rows, i - 1)]))
            rows->block_start[rows->blocks++] = i;
        rows->block_weight[rows->blocks - 1] += rows->weight ? rows->weight[at] : 1;
    }
    rows->block_start[rows->blocks] = rows->n;
}

void pilot_rows_select(const pilot_ols_task_t *task, const pilot_variable_t *outcome,
                       pilot_arena_t *arena, pilot_rows_t *ret)
{
    *ret = (pilot_rows_t){.task = task, .weight = task->frame->weight};
    select_rows(task, outcome, arena, ret);
    find_blocks(arena, ret);
}

const char *pilot_rows_block_label(const pilot_rows_t *rows, size_t block)
{
    const pilot_frame_t *frame = rows->task->frame;
    if (!frame->block)
        return "";
    return frame->block_label[frame->block[pilot_rows_at(rows, rows->block_start[block])]];
}

bool pilot_rows_fit(const pilot_rows_t *rows, const pilot_variable_t *outcome)
{
    const pilot_ols_task_t *task = rows->task;
    size_t total = task_rows(task), n = 0;
    if (!outcome->present)
        return rows->n == rows->candidates;
    for (size_t i = 0; i < total; i++) {
        size_t at = task->row ? task->row[i] : i;
        if (!outcome->present[at] || !is_candidate(task, at))
            continue;
        if (n == rows->n || pilot_rows_at(rows, n) != at)
            return false;
        n++;
    }
    return n == rows->n;
}

double pilot_rows_base(const pilot_rows_t *rows, const pilot_variable_t *number)
{
    size_t present = 0;
    double sum = 0;
    for (size_t i = 0; i < rows->n && present < BASE_ROWS; i++) {
        size_t at = pilot_rows_at(rows, i);
        if (number->present && !number->present[at])
            continue;
        /* Divided first, so that the sum of huge numbers stays finite. */
        sum += number->value[at] / (double)BASE_ROWS;
        present++;
    }
    return present ? sum * ((double)BASE_ROWS / (double)present) : 0;
}
