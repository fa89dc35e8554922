/* design_matrix_panel.c - see design_matrix_panel.h. */
#include "design_matrix_panel.h"

#include <string.h>

#include "least_squares_kernel.h"

/* Rows of a panel: with ten columns they stay in the second-level cache.  A constant: another
 * value gives other last bits. */
#define MOST_ROWS ((size_t)4096)

void pilot_panel_begin(pilot_panel_t *panel, const pilot_rows_t *rows, const pilot_column_t *column,
                       size_t columns, pilot_arena_t *arena)
{
    size_t stride = PILOT_PAD(rows->n < MOST_ROWS ? rows->n : MOST_ROWS);
    *panel = (pilot_panel_t){
        .rows = rows,
        .column = column,
        .columns = columns,
        .stride = stride,
        .data = PILOT_ARENA_RAW(arena, double, columns *stride),
        .weight = PILOT_ARENA_RAW(arena, double, stride),
        .large_block = SIZE_MAX,
        .rough = PILOT_ARENA_RAW(arena, double, columns),
        .fine = PILOT_ARENA_RAW(arena, double, columns),
    };
}

/* The loops below are plain so that they become wide ones; entries do not touch each other, so
 * their bits are the same in any width. */

PILOT_WIDE static void take_numbers(const double *value, const uint32_t *row, double base,
                                    double shift, size_t count, double *ret)
{
    if (row)
        for (size_t i = 0; i < count; i++)
            ret[i] = (value[row[i]] - base) - shift;
    else
        for (size_t i = 0; i < count; i++)
            ret[i] = (value[i] - base) - shift;
}

/* 1 where the byte is what is wanted. */
PILOT_WIDE static void take_bytes(const uint8_t *byte, const uint32_t *row, uint8_t wanted,
                                  size_t count, double *ret)
{
    if (row)
        for (size_t i = 0; i < count; i++)
            ret[i] = byte[row[i]] == wanted;
    else
        for (size_t i = 0; i < count; i++)
            ret[i] = byte[i] == wanted;
}

PILOT_WIDE static void take_arm(const uint16_t *arm, const uint32_t *row, uint32_t wanted,
                                size_t count, double *ret)
{
    if (row)
        for (size_t i = 0; i < count; i++)
            ret[i] = arm[row[i]] == wanted;
    else
        for (size_t i = 0; i < count; i++)
            ret[i] = arm[i] == wanted;
}

PILOT_WIDE static void take_code(const uint32_t *code, const uint32_t *row, uint32_t wanted,
                                 size_t count, double *ret)
{
    if (row)
        for (size_t i = 0; i < count; i++)
            ret[i] = code[row[i]] == wanted;
    else
        for (size_t i = 0; i < count; i++)
            ret[i] = code[i] == wanted;
}

PILOT_WIDE static void clear_missing(const uint8_t *present, const uint32_t *row, size_t count,
                                     double *ret)
{
    if (row)
        for (size_t i = 0; i < count; i++)
            ret[i] = present[row[i]] ? ret[i] : 0;
    else
        for (size_t i = 0; i < count; i++)
            ret[i] = present[i] ? ret[i] : 0;
}

/* The column in one arm, about its center; 0 elsewhere. */
PILOT_WIDE static void interact(const uint16_t *arm, const uint32_t *row, uint32_t wanted,
                                double center, size_t count, double *ret)
{
    if (row)
        for (size_t i = 0; i < count; i++)
            ret[i] = arm[row[i]] == wanted ? ret[i] - center : 0;
    else
        for (size_t i = 0; i < count; i++)
            ret[i] = arm[i] == wanted ? ret[i] - center : 0;
}

/* An array of the frame as the loops above take it, from the first row on. */
#define FROM(array) ((array) + (row ? 0 : first))

static void fill_plain(const pilot_rows_t *rows, const pilot_column_t *column, size_t first,
                       size_t count, double *ret)
{
    const uint32_t *row = rows->row ? rows->row + first : NULL;
    const pilot_variable_t *number = column->number;
    switch (column->kind) {
    case PILOT_COLUMN_ZERO:
        memset(ret, 0, count * sizeof *ret);
        break;
    case PILOT_COLUMN_ARM:
        take_arm(FROM(rows->task->frame->arm), row, column->code, count, ret);
        break;
    case PILOT_COLUMN_NUMBER:
        take_numbers(FROM(number->value), row, column->base, column->shift, count, ret);
        if (number->present)
            clear_missing(FROM(number->present), row, count, ret);
        break;
    case PILOT_COLUMN_MISSING:
        if (number->present)
            take_bytes(FROM(number->present), row, 0, count, ret);
        else
            memset(ret, 0, count * sizeof *ret);
        break;
    case PILOT_COLUMN_LEVEL:
        take_code(FROM(column->category->code), row, column->code, count, ret);
        break;
    }
}

static void fill_column(const pilot_rows_t *rows, const pilot_column_t *column, size_t first,
                        size_t count, double *ret)
{
    fill_plain(rows, column, first, count, ret);
    if (column->arm) {
        const uint32_t *row = rows->row ? rows->row + first : NULL;
        interact(FROM(rows->task->frame->arm), row, column->arm, column->center, count, ret);
    }
}

/* Raw columns and weights of `count` used rows from `first`. */
static void fill(pilot_panel_t *panel, size_t first, size_t count)
{
    const pilot_rows_t *rows = panel->rows;
    size_t padded = PILOT_PAD(count), rest = (padded - count) * sizeof(double);
    for (size_t k = 0; k < panel->columns; k++) {
        double *column = panel->data + k * panel->stride;
        fill_column(rows, &panel->column[k], first, count, column);
        memset(column + count, 0, rest);
    }
    for (size_t i = 0; i < count; i++)
        panel->weight[i] = rows->weight ? rows->weight[pilot_rows_at(rows, first + i)] : 1;
    memset(panel->weight + count, 0, rest);
}

static double weighted_sum(const pilot_panel_t *panel, const double *x, size_t first, size_t count)
{
    return panel->rows->weight ? pilot_kernel_dot(x + first, panel->weight + first, count)
                               : pilot_kernel_sum(x + first, count);
}

/* Subtract the block's mean from a column: first a rough one, so that what is summed again is
 * small, then what is left. */
static double demean(pilot_panel_t *panel, double *x, size_t first, size_t count, double weight)
{
    double rough = weighted_sum(panel, x, first, count) / weight;
    pilot_kernel_subtract(x + first, rough, count);
    double fine = weighted_sum(panel, x, first, count) / weight;
    pilot_kernel_subtract(x + first, fine, count);
    return rough + fine;
}

/* Means of a block that does not fit into one panel, by a walk of its own over it. */
static void find_large_means(pilot_panel_t *panel, size_t block)
{
    const pilot_rows_t *rows = panel->rows;
    size_t begin = rows->block_start[block], end = rows->block_start[block + 1];
    memset(panel->fine, 0, panel->columns * sizeof *panel->fine);
    for (size_t first = begin; first < end; first += panel->stride) {
        size_t count = end - first < panel->stride ? end - first : panel->stride;
        fill(panel, first, count);
        double weight = pilot_kernel_sum(panel->weight, count);
        for (size_t k = 0; k < panel->columns; k++) {
            double *x = panel->data + k * panel->stride;
            if (first == begin)
                panel->rough[k] = weighted_sum(panel, x, 0, count) / weight;
            pilot_kernel_subtract(x, panel->rough[k], count);
            panel->fine[k] += weighted_sum(panel, x, 0, count) / rows->block_weight[block];
        }
    }
    panel->large_block = block;
}

/* The block's mean is known: note it, and put the column where its own center says. */
static void settle(pilot_panel_t *panel, size_t block, size_t k, double *x, size_t count,
                   double mean)
{
    if (panel->ret_mean)
        panel->ret_mean[block * panel->columns + k] = mean;
    if (panel->center)
        pilot_kernel_subtract(x, panel->center[block * panel->columns + k] - mean, count);
}

static void demean_large(pilot_panel_t *panel, size_t count)
{
    for (size_t k = 0; k < panel->columns; k++) {
        double *x = panel->data + k * panel->stride;
        pilot_kernel_subtract(x, panel->rough[k], count);
        pilot_kernel_subtract(x, panel->fine[k], count);
        settle(panel, panel->large_block, k, x, count, panel->rough[k] + panel->fine[k]);
    }
}

static void demean_whole_blocks(pilot_panel_t *panel, size_t end_block)
{
    const pilot_rows_t *rows = panel->rows;
    for (size_t block = panel->first_block; block < end_block; block++) {
        size_t first = rows->block_start[block] - panel->first;
        size_t count = rows->block_start[block + 1] - rows->block_start[block];
        for (size_t k = 0; k < panel->columns; k++) {
            double *x = panel->data + k * panel->stride;
            double mean = demean(panel, x, first, count, rows->block_weight[block]);
            settle(panel, block, k, x + first, count, mean);
        }
    }
}

bool pilot_panel_next(pilot_panel_t *panel)
{
    const pilot_rows_t *rows = panel->rows;
    if (panel->next >= rows->n)
        return false;
    size_t block = panel->next_block, end = rows->block_start[block + 1];
    panel->first = panel->next;
    panel->first_block = block;
    if (end - rows->block_start[block] > panel->stride) {
        if (panel->large_block != block)
            find_large_means(panel, block);
        if (end - panel->first > panel->stride)
            end = panel->first + panel->stride;
        panel->count = end - panel->first;
        panel->next_block = end == rows->block_start[block + 1] ? block + 1 : block;
        fill(panel, panel->first, panel->count);
        demean_large(panel, panel->count);
        block++;
    } else {
        while (block < rows->blocks && rows->block_start[block + 1] - panel->first <= panel->stride)
            end = rows->block_start[++block];
        panel->count = end - panel->first;
        panel->next_block = block;
        fill(panel, panel->first, panel->count);
        demean_whole_blocks(panel, block);
    }
    panel->next = end;
    return true;
}
