/* Submissions are stored in unit order, so most often only blocks and clusters are left: those are
 * counted, not compared.  Units first, then cluster, then block, each pass stable. */
#include "row_order.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

enum { INSERTION_RUN = 12 };

/* `prefix`: the first 8 bytes of the id, big endian, zero padded; most comparisons end there (ids
 * hold no NUL). */
typedef struct unit_key {
    uint64_t prefix;
    const char *id;
    uint32_t length;
    uint32_t row;
} unit_key_t;

static unit_key_t make_key(const pilot_unit_ids_t *units, size_t row)
{
    size_t begin = row ? units->end[row - 1] : 0;
    size_t length = units->end[row] - begin;
    uint64_t word = 0;
    memcpy(&word, units->bytes + begin, length < sizeof word ? length : sizeof word);
    return (unit_key_t){.prefix = __builtin_bswap64(word),
                        .id = units->bytes + begin,
                        .length = (uint32_t)length,
                        .row = (uint32_t)row};
}

static bool is_after(const unit_key_t *a, const unit_key_t *b)
{
    if (a->prefix != b->prefix)
        return a->prefix > b->prefix;
    uint32_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->id, b->id, common);
    return order != 0 ? order > 0 : a->length > b->length;
}

static bool units_are_sorted(const pilot_unit_ids_t *units, size_t rows)
{
    if (rows == 0)
        return true;
    unit_key_t before = make_key(units, 0);
    for (size_t i = 1; i < rows; i++) {
        unit_key_t key = make_key(units, i);
        if (is_after(&before, &key))
            return false;
        before = key;
    }
    return true;
}

/* ---- merge sort of unit ids --------------------------------------------------------------------
 */

static void insertion_sort(unit_key_t *key, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        unit_key_t moving = key[i];
        size_t at = i;
        for (; at > 0 && is_after(&key[at - 1], &moving); at--)
            key[at] = key[at - 1];
        key[at] = moving;
    }
}

static void merge(const unit_key_t *left, size_t left_count, const unit_key_t *right,
                  size_t right_count, unit_key_t *out)
{
    const unit_key_t *left_end = left + left_count, *right_end = right + right_count;
    while (left < left_end && right < right_end)
        *out++ = is_after(left, right) ? *right++ : *left++;
    memcpy(out, left, (size_t)(left_end - left) * sizeof *left);
    memcpy(out + (left_end - left), right, (size_t)(right_end - right) * sizeof *right);
}

static size_t at_most(size_t value, size_t most)
{
    return value < most ? value : most;
}

/* Returns whichever of the two arrays holds the result. */
static unit_key_t *merge_sort(unit_key_t *key, unit_key_t *scratch, size_t count)
{
    for (size_t start = 0; start < count; start += INSERTION_RUN)
        insertion_sort(key + start, at_most(count - start, INSERTION_RUN));
    for (size_t width = INSERTION_RUN; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t left = at_most(count - start, width);
            size_t right = at_most(count - start - left, width);
            merge(key + start, left, key + start + left, right, scratch + start);
        }
        unit_key_t *sorted = scratch;
        scratch = key;
        key = sorted;
    }
    return key;
}

static uint32_t *order_by_unit(const pilot_unit_ids_t *units, size_t rows)
{
    unit_key_t *key = pilot_alloc_raw(rows, sizeof *key);
    unit_key_t *scratch = pilot_alloc_raw(rows, sizeof *scratch);
    for (size_t i = 0; i < rows; i++)
        key[i] = make_key(units, i);
    const unit_key_t *sorted = merge_sort(key, scratch, rows);
    uint32_t *order = pilot_alloc_raw(rows, sizeof *order);
    for (size_t i = 0; i < rows; i++)
        order[i] = sorted[i].row;
    free(key);
    free(scratch);
    return order;
}

/* ---- stable counting sort by code --------------------------------------------------------------
 */

static bool codes_ascend(const uint32_t *code, const uint32_t *order, size_t rows)
{
    for (size_t i = 1; i < rows; i++) {
        size_t before = order ? order[i - 1] : i - 1, after = order ? order[i] : i;
        if (code[before] > code[after])
            return false;
    }
    return true;
}

/* Consumes order (NULL: as the rows stand). */
static uint32_t *then_by_code(uint32_t *order, pilot_ranked_codes_t by, size_t rows)
{
    if (!by.code || codes_ascend(by.code, order, rows))
        return order;
    size_t *next = PILOT_NEW_ARRAY(size_t, by.codes + 1);
    for (size_t i = 0; i < rows; i++)
        next[by.code[i] + 1]++;
    for (size_t code = 0; code < by.codes; code++)
        next[code + 1] += next[code];
    uint32_t *sorted = pilot_alloc_raw(rows, sizeof *sorted);
    for (size_t i = 0; i < rows; i++) {
        uint32_t row = order ? order[i] : (uint32_t)i;
        sorted[next[by.code[row]]++] = row;
    }
    free(next);
    free(order);
    return sorted;
}

uint32_t *pilot_row_order(const pilot_unit_ids_t *units, pilot_ranked_codes_t block,
                          pilot_ranked_codes_t cluster, size_t rows)
{
    uint32_t *order = units_are_sorted(units, rows) ? NULL : order_by_unit(units, rows);
    order = then_by_code(order, cluster, rows);
    return then_by_code(order, block, rows);
}

uint32_t *pilot_row_order_by_codes(pilot_ranked_codes_t block, pilot_ranked_codes_t cluster,
                                   size_t rows)
{
    return then_by_code(then_by_code(NULL, cluster, rows), block, rows);
}
