/* lee_cells.c - see lee_cells.h. */
#include "lee_cells.h"

#include <stdlib.h>

#include "compensated.h"
#include "pilot/memory.h"

static void fill_rows(const ordered_rows_t *rows, lee_cells_t *cells)
{
    for (size_t b = 0; b < rows->blocks; b++)
        for (size_t z = 0; z < 2; z++) {
            const ordered_cell_t *part = ordered_rows_cell(rows, b, z);
            double factor = ordered_rows_block_weight(rows, b) / part->weight;
            for (size_t k = 0; k < part->rows; k++) {
                size_t i = part->first + k;
                cells->treated[i] = (uint8_t)z;
                cells->seen[i] = k < part->present;
                cells->weight[i] = rows->weight[i] * factor;
                cells->cell[i] = rows->tightening ? rows->tightening[i] : 0;
            }
        }
}

typedef size_t counts_t[2]; /* control, treatment */

static size_t smaller(const size_t observed[2])
{
    return observed[0] < observed[1] ? observed[0] : observed[1];
}

/* The cell with the fewest observed rows in an arm among those that have enough; the first of
 * several. */
static size_t smallest_sufficient(counts_t *observed, size_t codes, size_t except)
{
    size_t best = SIZE_MAX;
    for (size_t c = 0; c < codes; c++)
        if (c != except && smaller(observed[c]) >= LEE_LEAST_OBSERVED &&
            (best == SIZE_MAX || smaller(observed[c]) < smaller(observed[best])))
            best = c;
    return best;
}

/* Cells with too few observed rows become one; if that has too few as well, it joins the smallest
 * of the others.  target: code -> code, in which some codes do not occur. */
static void join_small(counts_t *observed, size_t codes, uint32_t *target)
{
    size_t rest = SIZE_MAX, other;
    for (size_t c = 0; c < codes; c++) {
        target[c] = (uint32_t)c;
        if (smaller(observed[c]) >= LEE_LEAST_OBSERVED)
            continue;
        if (rest == SIZE_MAX) {
            rest = c;
            continue;
        }
        target[c] = (uint32_t)rest;
        for (size_t z = 0; z < 2; z++) {
            observed[rest][z] += observed[c][z];
            observed[c][z] = 0;
        }
    }
    if (rest == SIZE_MAX || smaller(observed[rest]) >= LEE_LEAST_OBSERVED)
        return;
    other = smallest_sufficient(observed, codes, rest);
    for (size_t c = 0; other != SIZE_MAX && c < codes; c++)
        if (target[c] == rest)
            target[c] = (uint32_t)other;
}

/* Codes from 0 without gaps, small cells joined. */
static void join_cells(const ordered_rows_t *rows, lee_cells_t *cells)
{
    size_t codes = 1;
    for (size_t i = 0; i < rows->n; i++)
        codes = cells->cell[i] >= codes ? (size_t)cells->cell[i] + 1 : codes;
    counts_t *observed = PILOT_NEW_ARRAY(counts_t, codes);
    uint32_t *target = PILOT_NEW_ARRAY(uint32_t, codes);
    uint32_t *fresh = PILOT_NEW_ARRAY(uint32_t, codes);
    uint8_t *occurs = PILOT_NEW_ARRAY(uint8_t, codes);
    for (size_t i = 0; i < rows->n; i++) {
        occurs[cells->cell[i]] = 1;
        observed[cells->cell[i]][cells->treated[i]] += cells->seen[i];
    }
    for (size_t c = 0; c < codes; c++)
        cells->given += occurs[c];
    join_small(observed, codes, target);
    for (size_t i = 0; i < rows->n; i++) {
        cells->cell[i] = target[cells->cell[i]];
        fresh[cells->cell[i]] = 1;
    }
    for (size_t c = 0; c < codes; c++)
        if (fresh[c])
            fresh[c] = (uint32_t)cells->cells++;
    for (size_t i = 0; i < rows->n; i++)
        cells->cell[i] = fresh[cells->cell[i]];
    free(observed);
    free(target);
    free(fresh);
    free(occurs);
}

typedef struct sort_key {
    double value;
    uint32_t cell, row;
    uint8_t treated;
} sort_key_t;

static int by_cell_and_value(const void *left, const void *right)
{
    const sort_key_t *a = left, *b = right;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    if (a->treated != b->treated)
        return a->treated < b->treated ? -1 : 1;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static void sort_observed(const ordered_rows_t *rows, lee_cells_t *cells)
{
    sort_key_t *key = PILOT_NEW_ARRAY(sort_key_t, rows->n + 1);
    size_t keys = 0;
    for (size_t i = 0; i < rows->n; i++)
        if (cells->seen[i])
            key[keys++] =
                (sort_key_t){rows->value[i], cells->cell[i], (uint32_t)i, cells->treated[i]};
    qsort(key, keys, sizeof *key, by_cell_and_value);
    for (size_t k = 0; k < keys; k++) {
        lee_arm_t *arm = &cells->arm[key[k].cell][key[k].treated];
        cells->sorted[k] = key[k].row;
        if (arm->observed++ == 0)
            arm->row = &cells->sorted[k];
    }
    free(key);
}

static void weigh_arm(const ordered_rows_t *rows, const lee_cells_t *cells, double missing,
                      lee_arm_t *arm)
{
    compensated_t weight = {0}, sum = {0};
    for (size_t k = 0; k < arm->observed; k++) {
        uint32_t i = arm->row[k];
        compensated_add(&weight, cells->weight[i]);
        compensated_add(&sum, cells->weight[i] * (rows->value[i] - rows->base));
    }
    arm->observed_weight = compensated_value(&weight);
    arm->weight = arm->observed_weight + missing;
    arm->share = arm->observed_weight / arm->weight;
    arm->mean = compensated_value(&sum) / arm->observed_weight;
}

void lee_cells_make(const ordered_rows_t *rows, lee_cells_t *ret_cells)
{
    lee_cells_t cells = {.cell = PILOT_NEW_ARRAY(uint32_t, rows->n),
                         .treated = PILOT_NEW_ARRAY(uint8_t, rows->n),
                         .seen = PILOT_NEW_ARRAY(uint8_t, rows->n),
                         .weight = PILOT_NEW_ARRAY(double, rows->n),
                         .sorted = PILOT_NEW_ARRAY(uint32_t, rows->n)};
    fill_rows(rows, &cells);
    join_cells(rows, &cells);
    cells.arm = PILOT_NEW_ARRAY(lee_arms_t, cells.cells);
    compensated_t *missing = PILOT_NEW_ARRAY(compensated_t, 2 * cells.cells);
    sort_observed(rows, &cells);
    for (size_t i = 0; i < rows->n; i++)
        if (!cells.seen[i])
            compensated_add(&missing[2 * cells.cell[i] + cells.treated[i]], cells.weight[i]);
    for (size_t c = 0; c < 2 * cells.cells; c++)
        weigh_arm(rows, &cells, compensated_value(&missing[c]), &cells.arm[c / 2][c % 2]);
    free(missing);
    *ret_cells = cells;
}

void lee_cells_clear(lee_cells_t *cells)
{
    free(cells->cell);
    free(cells->treated);
    free(cells->seen);
    free(cells->weight);
    free(cells->arm);
    free(cells->sorted);
    *cells = (lee_cells_t){0};
}
