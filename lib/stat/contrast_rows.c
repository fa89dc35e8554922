/* contrast_rows.c - see contrast_rows.h. */
#include "contrast_rows.h"

#include <stdlib.h>
#include <string.h>

#include "compensated.h"
#include "pilot/memory.h"
#include "std_dev.h"

/* Stable: order becomes the rows ordered by code[row]. */
static void sort_by_code(size_t *order, size_t n, const uint32_t *code, size_t codes)
{
    size_t *place = PILOT_NEW_ARRAY(size_t, codes + 1);
    size_t *sorted = pilot_alloc_raw(n + 1, sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        place[code[order[i]] + 1]++;
    for (size_t c = 0; c < codes; c++)
        place[c + 1] += place[c];
    for (size_t i = 0; i < n; i++)
        sorted[place[code[order[i]]]++] = order[i];
    memcpy(order, sorted, n * sizeof *order);
    free(sorted);
    free(place);
}

static bool is_sorted(const pilot_sample_t *sample)
{
    for (size_t i = 1; i < sample->n; i++) {
        uint32_t before = sample->block ? sample->block[i - 1] : 0;
        uint32_t now = sample->block ? sample->block[i] : 0;
        if (now < before ||
            (now == before && sample->cluster && sample->cluster[i] < sample->cluster[i - 1]))
            return false;
    }
    return true;
}

void contrast_rows_take(const pilot_sample_t *sample, contrast_rows_t *ret_rows)
{
    size_t room = sample->n + 1, n = 0;
    size_t *order = pilot_alloc_raw(room, sizeof *order);
    contrast_rows_t rows = {
        .outcome = pilot_alloc_raw(room, sizeof(double)),
        .weight = pilot_alloc_raw(room, sizeof(double)),
        .probability = sample->probability ? pilot_alloc_raw(room, sizeof(double)) : NULL,
        .treated = pilot_alloc_raw(room, sizeof(uint8_t)),
        .block = pilot_alloc_raw(room, sizeof(uint32_t)),
        .cluster = sample->cluster ? pilot_alloc_raw(room, sizeof(uint32_t)) : NULL,
        .blocks = sample->block ? sample->blocks : 1,
        .clusters = sample->cluster ? sample->clusters : 0,
        .blocked = sample->block != NULL,
        .weighted = sample->weight != NULL,
    };
    for (size_t i = 0; i < sample->n; i++)
        if (!sample->present || sample->present[i])
            order[n++] = i;
    if (!is_sorted(sample)) {
        if (sample->cluster)
            sort_by_code(order, n, sample->cluster, sample->clusters);
        if (sample->block)
            sort_by_code(order, n, sample->block, sample->blocks);
    }
    for (size_t i = 0; i < n; i++) {
        size_t from = order[i];
        rows.outcome[i] = sample->outcome[from];
        rows.weight[i] = sample->weight ? sample->weight[from] : 1;
        if (rows.probability)
            rows.probability[i] = sample->probability[from];
        rows.treated[i] = sample->treated[from];
        rows.block[i] = sample->block ? sample->block[from] : 0;
        if (rows.cluster)
            rows.cluster[i] = sample->cluster[from];
    }
    rows.n = n;
    free(order);
    *ret_rows = rows;
}

void contrast_rows_clear(contrast_rows_t *rows)
{
    free(rows->outcome);
    free(rows->weight);
    free(rows->probability);
    free(rows->treated);
    free(rows->block);
    free(rows->cluster);
    *rows = (contrast_rows_t){0};
}

size_t contrast_renumber(uint32_t *code, size_t n, size_t codes)
{
    uint32_t *fresh = PILOT_NEW_ARRAY(uint32_t, codes + 1);
    uint32_t count = 0;
    for (size_t i = 0; i < n; i++)
        fresh[code[i]] = 1;
    for (size_t c = 0; c < codes; c++)
        if (fresh[c])
            fresh[c] = count++;
    for (size_t i = 0; i < n; i++)
        code[i] = fresh[code[i]];
    free(fresh);
    return count;
}

void contrast_rows_keep_rows(contrast_rows_t *rows, const uint8_t *keep)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->n; i++) {
        if (!keep[i])
            continue;
        rows->outcome[kept] = rows->outcome[i];
        rows->weight[kept] = rows->weight[i];
        if (rows->probability)
            rows->probability[kept] = rows->probability[i];
        rows->treated[kept] = rows->treated[i];
        rows->block[kept] = rows->block[i];
        if (rows->cluster)
            rows->cluster[kept] = rows->cluster[i];
        kept++;
    }
    rows->n = kept;
    rows->blocks = contrast_renumber(rows->block, kept, rows->blocks);
    if (rows->cluster)
        rows->clusters = contrast_renumber(rows->cluster, kept, rows->clusters);
}

void contrast_rows_keep_blocks(contrast_rows_t *rows, const uint8_t *keep)
{
    uint8_t *keep_row = pilot_alloc_raw(rows->n + 1, 1);
    for (size_t i = 0; i < rows->n; i++)
        keep_row[i] = keep[rows->block[i]];
    contrast_rows_keep_rows(rows, keep_row);
    free(keep_row);
}

void contrast_rows_drop_lacking(contrast_rows_t *rows)
{
    uint8_t *seen = PILOT_NEW_ARRAY(uint8_t, rows->blocks + 1);
    for (size_t i = 0; i < rows->n; i++)
        seen[rows->block[i]] |= rows->treated[i] ? 2 : 1;
    for (size_t b = 0; b < rows->blocks; b++) {
        rows->lack_treated += seen[b] == 1;
        rows->lack_control += seen[b] == 2;
        seen[b] = seen[b] == 3;
    }
    if (rows->lack_treated + rows->lack_control > 0)
        contrast_rows_keep_blocks(rows, seen);
    free(seen);
}

bool contrast_rows_refuse(const contrast_rows_t *rows, const pilot_sample_t *sample,
                          pilot_estimate_t *row)
{
    size_t treated = 0, present = 0, present_treated = 0;
    for (size_t i = 0; i < rows->n; i++)
        treated += rows->treated[i];
    if (treated > 0 && treated < rows->n)
        return false;
    for (size_t i = 0; i < sample->n; i++) {
        bool given = !sample->present || sample->present[i];
        present += given;
        present_treated += given && sample->treated[i];
    }
    if (sample->candidates == 0)
        pilot_estimate_refuse(row, PILOT_REASON_NO_UNITS);
    else if (present == 0)
        pilot_estimate_refuse(row, PILOT_REASON_ALL_MISSING);
    else if (present_treated == 0)
        pilot_estimate_refuse(row, PILOT_REASON_NO_TREATED_UNITS);
    else if (present_treated == present)
        pilot_estimate_refuse(row, PILOT_REASON_NO_CONTROL_UNITS);
    else
        pilot_estimate_refuse(row, rows->lack_treated >= rows->lack_control
                                       ? PILOT_REASON_NO_TREATED_UNITS
                                       : PILOT_REASON_NO_CONTROL_UNITS);
    return true;
}

/* sum: of weight * (outcome - base). */
static pilot_number_t control_std_dev(const contrast_rows_t *rows, double base, double sum,
                                      double weight, uint64_t n)
{
    compensated_t squares = {0};
    std_dev_parts_t parts = {0};
    for (size_t i = 0; i < rows->n; i++) {
        double distance = rows->outcome[i] - base - sum / weight;
        if (!rows->treated[i])
            compensated_add(&squares, rows->weight[i] * distance * distance);
    }
    std_dev_add(&parts, n, weight, sum / weight, compensated_value(&squares));
    return std_dev_of(&parts);
}

void contrast_rows_fill(const contrast_rows_t *rows, pilot_estimate_t *row)
{
    compensated_t weight = {0}, sum = {0};
    double base = rows->outcome[0];
    row->n = rows->n;
    row->n_arm = row->n_control = 0;
    for (size_t i = 0; i < rows->n; i++) {
        if (rows->treated[i]) {
            row->n_arm++;
            continue;
        }
        row->n_control++;
        compensated_add(&weight, rows->weight[i]);
        compensated_add(&sum, rows->weight[i] * (rows->outcome[i] - base));
    }
    row->control_mean = PILOT_GIVEN(base + compensated_value(&sum) / compensated_value(&weight));
    row->control_std_dev = control_std_dev(rows, base, compensated_value(&sum),
                                           compensated_value(&weight), row->n_control);
    row->blocks = rows->blocked ? rows->blocks : 0;
    row->clusters = rows->clusters;
}

void contrast_flag(pilot_estimate_t *row)
{
    if (row->status == PILOT_ROW_OK)
        row->status = PILOT_ROW_FLAGGED;
}

void contrast_no_std_error(pilot_estimate_t *row, pilot_reason_t reason)
{
    row->std_error = row->df = row->statistic = row->p_value = PILOT_ABSENT;
    row->ci_low = row->ci_high = PILOT_ABSENT;
    row->std_error_type = PILOT_SE_NONE;
    pilot_estimate_refuse(row, reason);
}

void contrast_rows_note_left_out(const contrast_rows_t *rows, size_t small, pilot_estimate_t *row)
{
    size_t lacking = rows->lack_treated + rows->lack_control, all = lacking + small;
    if (all == 0)
        return;
    contrast_flag(row);
    pilot_estimate_note(row, "estimand_changed: %zu block%s left out", all, all == 1 ? "" : "s");
    if (lacking > 0)
        pilot_estimate_note(row, "%zu without one of the arms", lacking);
    if (small > 0)
        pilot_estimate_note(row, "%zu with one unit in an arm and no variance formula", small);
}

size_t contrast_rows_crossing(const contrast_rows_t *rows)
{
    size_t *seen, crossing = 0;
    if (!rows->cluster || rows->blocks < 2)
        return 0;
    seen = PILOT_NEW_ARRAY(size_t, rows->clusters + 1);
    for (size_t i = 0; i < rows->n; i++) {
        size_t *mark = &seen[rows->cluster[i]], here = (size_t)rows->block[i] + 1;
        if (*mark == 0) {
            *mark = here;
        } else if (*mark != here && *mark != SIZE_MAX) {
            *mark = SIZE_MAX;
            crossing++;
        }
    }
    free(seen);
    return crossing;
}

contrast_unit_t *contrast_rows_units(const contrast_rows_t *rows, size_t *ret_units)
{
    contrast_unit_t *unit = pilot_alloc_raw(rows->n + 1, sizeof *unit);
    size_t units = 0;
    for (size_t i = 0; i < rows->n; i++) {
        bool same = i > 0 && rows->cluster && rows->cluster[i] == rows->cluster[i - 1] &&
                    rows->block[i] == rows->block[i - 1] &&
                    rows->treated[i] == rows->treated[i - 1];
        if (same)
            unit[units - 1].end = i + 1;
        else
            unit[units++] = (contrast_unit_t){
                .first = i, .end = i + 1, .block = rows->block[i], .treated = rows->treated[i]};
    }
    *ret_units = units;
    return unit;
}

void contrast_count_units(const contrast_unit_t *unit, size_t units, size_t *ret_treated,
                          size_t *ret_control)
{
    size_t treated = 0;
    for (size_t u = 0; u < units; u++)
        treated += unit[u].treated;
    *ret_treated = treated;
    *ret_control = units - treated;
}

bool contrast_rows_constant(const contrast_rows_t *rows, bool *ret_same)
{
    const double *first[2] = {NULL, NULL};
    *ret_same = false;
    for (size_t i = 0; i < rows->n; i++) {
        const double **seen = &first[rows->treated[i] != 0];
        if (!*seen)
            *seen = &rows->outcome[i];
        else if (**seen != rows->outcome[i])
            return false;
    }
    *ret_same = first[0] && first[1] && *first[0] == *first[1];
    return true;
}
