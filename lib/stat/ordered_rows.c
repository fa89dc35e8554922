/* ordered_rows.c - see ordered_rows.h. */
#include "ordered_rows.h"

#include <math.h>
#include <stdlib.h>

#include "compensated.h"
#include "pilot/memory.h"
#include "std_dev.h"

/* A row of the sample with what it is sorted by. */
typedef struct entry {
    double value, weight;
    uint32_t block, cluster, row;
    uint8_t treated, present;
} entry_t;

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_place(const void *left, const void *right)
{
    const entry_t *a = left, *b = right;
    int order;
    if (a->block != b->block)
        return a->block < b->block ? -1 : 1;
    if (a->treated != b->treated)
        return a->treated < b->treated ? -1 : 1;
    if (a->present != b->present)
        return a->present ? -1 : 1;
    order = compare_numbers(a->value, b->value);
    order = order ? order : compare_numbers(a->weight, b->weight);
    if (order)
        return order;
    if (a->cluster != b->cluster)
        return a->cluster < b->cluster ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static entry_t *sorted_entries(const pilot_sample_t *sample, bool keep_missing, size_t *ret_count)
{
    entry_t *entry = PILOT_NEW_ARRAY(entry_t, sample->n + 1);
    size_t count = 0;
    for (size_t i = 0; i < sample->n; i++) {
        bool present = !sample->present || sample->present[i];
        if (!present && !keep_missing)
            continue;
        /* + 0: minus zero and zero are one value. */
        entry[count++] = (entry_t){.value = present ? sample->outcome[i] + 0 : 0,
                                   .weight = sample->weight ? sample->weight[i] : 1,
                                   .block = sample->block ? sample->block[i] : 0,
                                   .cluster = sample->cluster ? sample->cluster[i] : 0,
                                   .row = (uint32_t)i,
                                   .treated = sample->treated[i],
                                   .present = present};
    }
    qsort(entry, count, sizeof *entry, by_place);
    *ret_count = count;
    return entry;
}

static int by_code(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* A block's entries, and the units of its arms. */
typedef struct block_range {
    size_t first, end, split; /* split: the first treated one */
    size_t units[2];
} block_range_t;

/* Number of different clusters of some entries; code (room for them) gets the codes, ascending. */
static size_t list_clusters(const entry_t *entry, size_t count, uint32_t *code)
{
    size_t clusters = 0;
    for (size_t i = 0; i < count; i++)
        code[i] = entry[i].cluster;
    if (count > 0)
        qsort(code, count, sizeof *code, by_code);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || code[i] != code[clusters - 1])
            code[clusters++] = code[i];
    return clusters;
}

/* Blocks with both arms, at least `least` units in each. */
static size_t usable_blocks(block_range_t *range, size_t ranges, size_t least)
{
    size_t kept = 0;
    for (size_t b = 0; b < ranges; b++)
        if (range[b].units[0] >= least && range[b].units[1] >= least)
            range[kept++] = range[b];
    return kept;
}

static size_t find_blocks(const pilot_sample_t *sample, const entry_t *entry, size_t entries,
                          uint32_t *code, block_range_t *range)
{
    size_t ranges = 0;
    for (size_t first = 0, end; first < entries; first = end) {
        block_range_t *block = &range[ranges++];
        size_t split = first;
        for (end = first; end < entries && entry[end].block == entry[first].block; end++)
            split += !entry[end].treated;
        *block = (block_range_t){first, end, split, {split - first, end - split}};
        if (sample->cluster) {
            block->units[0] = list_clusters(entry + first, split - first, code);
            block->units[1] = list_clusters(entry + split, end - split, code);
        }
    }
    return ranges;
}

/* Why no block has both arms. */
static pilot_reason_t no_block(const pilot_sample_t *sample, const entry_t *entry, size_t entries,
                               const block_range_t *range, size_t ranges)
{
    size_t treated = 0, lack_treated = 0;
    if (sample->n == 0 && sample->candidates == 0)
        return PILOT_REASON_NO_UNITS;
    for (size_t i = 0; i < entries; i++)
        treated += entry[i].treated;
    if (entries == 0)
        return PILOT_REASON_ALL_MISSING;
    if (treated == 0)
        return PILOT_REASON_NO_TREATED_UNITS;
    if (treated == entries)
        return PILOT_REASON_NO_CONTROL_UNITS;
    for (size_t b = 0; b < ranges; b++)
        lack_treated += range[b].units[1] == 0;
    return 2 * lack_treated >= ranges ? PILOT_REASON_NO_TREATED_UNITS
                                      : PILOT_REASON_NO_CONTROL_UNITS;
}

static void number_units(const pilot_sample_t *sample, const entry_t *entry, uint32_t *code,
                         ordered_cell_t *cell, ordered_rows_t *rows)
{
    size_t clusters = sample->cluster ? list_clusters(entry, cell->rows, code) : 0;
    cell->first_unit = rows->units;
    for (size_t i = 0; i < cell->rows; i++) {
        size_t number = i;
        if (sample->cluster)
            number = (size_t)((uint32_t *)bsearch(&entry[i].cluster, code, clusters, sizeof *code,
                                                  by_code) -
                              code);
        rows->unit[cell->first + i] = (uint32_t)(rows->units + number);
    }
    cell->units = sample->cluster ? clusters : cell->rows;
    rows->units += cell->units;
}

static void take_cell(const pilot_sample_t *sample, const entry_t *entry, size_t count,
                      uint32_t *code, ordered_rows_t *rows, ordered_cell_t *ret_cell)
{
    ordered_cell_t cell = {.first = rows->n, .rows = count};
    compensated_t weight = {0};
    for (size_t i = 0; i < count; i++) {
        size_t at = rows->n++;
        rows->value[at] = entry[i].value;
        rows->weight[at] = entry[i].weight;
        if (sample->cell && rows->tightening)
            rows->tightening[at] = sample->cell[entry[i].row];
        cell.present += entry[i].present;
        compensated_add(&weight, entry[i].weight);
    }
    cell.weight = compensated_value(&weight);
    number_units(sample, entry, code, &cell, rows);
    *ret_cell = cell;
}

/* Clusters of which several blocks in use have rows. */
static size_t count_crossing(const pilot_sample_t *sample, const entry_t *entry,
                             const block_range_t *range, size_t ranges)
{
    uint32_t *block = PILOT_NEW_ARRAY(uint32_t, sample->clusters + 1); /* 1 + the first block */
    uint8_t *crosses = PILOT_NEW_ARRAY(uint8_t, sample->clusters + 1);
    size_t crossing = 0;
    for (size_t b = 0; b < ranges; b++)
        for (size_t i = range[b].first; i < range[b].end; i++) {
            uint32_t cluster = entry[i].cluster;
            if (block[cluster] == 0)
                block[cluster] = entry[i].block + 1;
            else if (block[cluster] != entry[i].block + 1)
                crosses[cluster] = 1;
        }
    for (size_t c = 0; c < sample->clusters; c++)
        crossing += crosses[c];
    free(block);
    free(crosses);
    return crossing;
}

static double smallest_outcome(const ordered_rows_t *rows)
{
    double smallest = INFINITY;
    for (size_t c = 0; c < 2 * rows->blocks; c++)
        if (rows->cell[c].present > 0)
            smallest = fmin(smallest, rows->value[rows->cell[c].first]);
    return isfinite(smallest) ? smallest : 0;
}

static void take_blocks(const pilot_sample_t *sample, const entry_t *entry,
                        const block_range_t *range, size_t ranges, uint32_t *code,
                        ordered_rows_t *rows)
{
    rows->blocks = ranges;
    rows->cell = PILOT_NEW_ARRAY(ordered_cell_t, 2 * ranges);
    rows->pairs = ranges > 1;
    for (size_t b = 0; b < ranges; b++) {
        take_cell(sample, entry + range[b].first, range[b].split - range[b].first, code, rows,
                  &rows->cell[2 * b]);
        take_cell(sample, entry + range[b].split, range[b].end - range[b].split, code, rows,
                  &rows->cell[2 * b + 1]);
        rows->pairs &= range[b].units[0] == 1 && range[b].units[1] == 1;
    }
    if (sample->cluster && sample->block)
        rows->crossing = count_crossing(sample, entry, range, ranges);
    rows->base = smallest_outcome(rows);
}

pilot_reason_t ordered_rows_make(const pilot_sample_t *sample, bool keep_missing,
                                 size_t least_units, ordered_rows_t *ret_rows)
{
    size_t entries, ranges, whole, kept;
    entry_t *entry = sorted_entries(sample, keep_missing, &entries);
    uint32_t *code = PILOT_NEW_ARRAY(uint32_t, entries + 1);
    block_range_t *range = PILOT_NEW_ARRAY(block_range_t, entries + 1);
    pilot_reason_t reason = PILOT_REASON_NONE;
    *ret_rows = (ordered_rows_t){
        .value = PILOT_NEW_ARRAY(double, entries + 1),
        .weight = PILOT_NEW_ARRAY(double, entries + 1),
        .unit = PILOT_NEW_ARRAY(uint32_t, entries + 1),
        .tightening = sample->cell ? PILOT_NEW_ARRAY(uint32_t, entries + 1) : NULL,
        .blocked = sample->block != NULL,
        .clustered = sample->cluster != NULL,
        .weighted = sample->weight != NULL,
    };
    ranges = find_blocks(sample, entry, entries, code, range);
    reason = no_block(sample, entry, entries, range, ranges);
    whole = usable_blocks(range, ranges, 1);
    ret_rows->lacking = ranges - whole;
    if (whole > 0) {
        block_range_t *big = PILOT_NEW_ARRAY(block_range_t, whole);
        for (size_t b = 0; b < whole; b++)
            big[b] = range[b];
        kept = usable_blocks(big, whole, least_units);
        ret_rows->all_small = kept == 0;
        ret_rows->small = kept == 0 ? 0 : whole - kept;
        take_blocks(sample, entry, kept == 0 ? range : big, kept == 0 ? whole : kept, code,
                    ret_rows);
        reason = PILOT_REASON_NONE;
        free(big);
    }
    free(range);
    free(code);
    free(entry);
    return reason;
}

void ordered_rows_clear(ordered_rows_t *rows)
{
    free(rows->value);
    free(rows->weight);
    free(rows->unit);
    free(rows->tightening);
    free(rows->cell);
    *rows = (ordered_rows_t){0};
}

/* sum: of weight * (value - base). */
static pilot_number_t control_std_dev(const ordered_rows_t *rows, double sum, double weight,
                                      uint64_t n)
{
    compensated_t squares = {0};
    std_dev_parts_t parts = {0};
    for (size_t c = 0; c < 2 * rows->blocks; c += 2) {
        const ordered_cell_t *cell = &rows->cell[c];
        for (size_t i = cell->first; i < cell->first + cell->present; i++) {
            double distance = rows->value[i] - rows->base - sum / weight;
            compensated_add(&squares, rows->weight[i] * distance * distance);
        }
    }
    std_dev_add(&parts, n, weight, sum / weight, compensated_value(&squares));
    return std_dev_of(&parts);
}

void ordered_rows_count(const ordered_rows_t *rows, pilot_estimate_t *row)
{
    compensated_t weight = {0}, control = {0};
    size_t n[2] = {0};
    for (size_t c = 0; c < 2 * rows->blocks; c++) {
        const ordered_cell_t *cell = &rows->cell[c];
        n[c % 2] += cell->present;
        for (size_t i = cell->first; c % 2 == 0 && i < cell->first + cell->present; i++) {
            compensated_add(&weight, rows->weight[i]);
            compensated_add(&control, rows->weight[i] * (rows->value[i] - rows->base));
        }
    }
    row->n = n[0] + n[1];
    row->n_arm = n[1];
    row->n_control = n[0];
    row->blocks = rows->blocked ? rows->blocks : 0;
    row->clusters = rows->clustered ? rows->units : 0;
    if (n[0] > 0 && isfinite(compensated_value(&control)))
        row->control_mean =
            PILOT_GIVEN(rows->base + compensated_value(&control) / compensated_value(&weight));
    row->control_std_dev = control_std_dev(rows, compensated_value(&control),
                                           compensated_value(&weight), row->n_control);
}

static void flag(pilot_estimate_t *row)
{
    if (row->status == PILOT_ROW_OK)
        row->status = PILOT_ROW_FLAGGED;
}

void ordered_rows_note(const ordered_rows_t *rows, pilot_estimate_t *row)
{
    size_t left_out = rows->lacking + rows->small;
    if (left_out > 0) {
        flag(row);
        pilot_estimate_note(row, "estimand_changed: %zu block%s left out", left_out,
                            left_out == 1 ? "" : "s");
        if (rows->lacking > 0)
            pilot_estimate_note(row, "%zu without one of the arms", rows->lacking);
        if (rows->small > 0)
            pilot_estimate_note(row, "%zu with too few units in an arm for a variance",
                                rows->small);
    }
    if (rows->crossing > 0) {
        flag(row);
        pilot_estimate_note(row,
                            "clusters_cross_blocks: %zu cluster%s in several blocks, where each "
                            "part counts as a cluster",
                            rows->crossing, rows->crossing == 1 ? "" : "s");
    }
}

bool ordered_rows_constant(const ordered_rows_t *rows)
{
    double value[2] = {0};
    bool seen[2] = {false, false};
    for (size_t c = 0; c < 2 * rows->blocks; c++) {
        const ordered_cell_t *cell = &rows->cell[c];
        if (cell->present == 0)
            continue;
        if (!seen[c % 2])
            value[c % 2] = rows->value[cell->first];
        seen[c % 2] = true;
        if (rows->value[cell->first] != value[c % 2] ||
            rows->value[cell->first + cell->present - 1] != value[c % 2])
            return false;
    }
    return true;
}

pilot_reason_t ordered_rows_small_reason(const ordered_rows_t *rows)
{
    if (rows->blocks > 1)
        return PILOT_REASON_SINGLETON_ARM_BLOCK;
    if (rows->clustered)
        return PILOT_REASON_ONE_CLUSTER_PER_ARM;
    return rows->n == 2 ? PILOT_REASON_NO_RESIDUAL_DF : PILOT_REASON_SINGLETON_ARM_BLOCK;
}
