#include "row_order.h"

#include <string.h>

enum { INSERTION_RUN = 12 };

uint64_t pilot_row_prefix(const char *unit, size_t length)
{
    uint64_t word = 0;
    memcpy(&word, unit, length < sizeof word ? length : sizeof word);
    return __builtin_bswap64(word);
}

static bool is_after(const pilot_sort_key_t *a, const pilot_sort_key_t *b)
{
    if (a->group != b->group)
        return a->group > b->group;
    if (a->prefix != b->prefix)
        return a->prefix > b->prefix;
    uint32_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->unit, b->unit, common);
    return order != 0 ? order > 0 : a->length > b->length;
}

bool pilot_row_order_is_sorted(const pilot_sort_key_t *key, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (is_after(&key[i - 1], &key[i]))
            return false;
    }
    return true;
}

static void insertion_sort(pilot_sort_key_t *key, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        pilot_sort_key_t moving = key[i];
        size_t at = i;
        for (; at > 0 && is_after(&key[at - 1], &moving); at--)
            key[at] = key[at - 1];
        key[at] = moving;
    }
}

static void merge(const pilot_sort_key_t *left, size_t left_count, const pilot_sort_key_t *right,
                  size_t right_count, pilot_sort_key_t *out)
{
    const pilot_sort_key_t *left_end = left + left_count, *right_end = right + right_count;
    while (left < left_end && right < right_end)
        *out++ = is_after(left, right) ? *right++ : *left++;
    memcpy(out, left, (size_t)(left_end - left) * sizeof *left);
    memcpy(out + (left_end - left), right, (size_t)(right_end - right) * sizeof *right);
}

void pilot_row_order_sort(pilot_sort_key_t *key, pilot_sort_key_t *scratch, size_t count)
{
    if (count == 0)
        return;
    for (size_t start = 0; start < count; start += INSERTION_RUN)
        insertion_sort(key + start, count - start < INSERTION_RUN ? count - start : INSERTION_RUN);
    pilot_sort_key_t *from = key, *to = scratch;
    for (size_t width = INSERTION_RUN; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t left = count - start < width ? count - start : width;
            size_t right = count - start - left < width ? count - start - left : width;
            merge(from + start, left, from + start + left, right, to + start);
        }
        pilot_sort_key_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != key)
        memcpy(key, from, count * sizeof *key);
}
