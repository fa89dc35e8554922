#include "intake_order.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

#define RUN_BUFFER ((size_t)256 << 10)
#define SMALLEST_RUN_BUFFER ((size_t)16 << 10)
#define MERGE_MEMORY ((size_t)24 << 20)

/* Eight of the unit's bytes decide most comparisons without touching the record: the first ones,
 * or, while a whole array is sorted, those after what all its units begin with. */
struct key {
    uint64_t prefix;
    const pilot_record_t *record;
};

struct run {
    uint64_t offset, length;
};

struct pilot_order {
    struct key *key;
    size_t count, capacity;
    bool sorted;
    pilot_spill_t *spill;
    struct run *run;
    size_t runs, run_capacity;
    uint64_t in_runs; /* records */
};

/* A run while it is merged. */
struct source {
    uint64_t offset, end; /* not yet read */
    char *buffer;
    size_t used, filled, capacity;
    struct key head;
};

pilot_order_t *pilot_order_new(void)
{
    pilot_order_t *order = PILOT_NEW(pilot_order_t);
    order->sorted = true;
    return order;
}

void pilot_order_reset(pilot_order_t *order)
{
    order->count = 0;
    order->sorted = true;
    order->runs = 0;
    order->in_runs = 0;
    pilot_spill_close(order->spill);
    order->spill = NULL;
}

void pilot_order_free(pilot_order_t *order)
{
    if (!order)
        return;
    pilot_order_reset(order);
    free(order->key);
    free(order->run);
    free(order);
}

static uint64_t prefix_of(const pilot_record_t *record, size_t skip)
{
    uint64_t word = 0;
    size_t length = record->unit_length - skip;
    memcpy(&word, pilot_record_unit(record) + skip, length < 8 ? length : 8);
    return __builtin_bswap64(word);
}

static int compare_units(const struct key *a, const struct key *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    size_t x = a->record->unit_length, y = b->record->unit_length;
    size_t least = x < y ? x : y;
    if (least > 8) {
        int order =
            memcmp(pilot_record_unit(a->record) + 8, pilot_record_unit(b->record) + 8, least - 8);
        if (order != 0)
            return order;
    }
    return x < y ? -1 : x > y;
}

static int compare(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int order = compare_units(x, y);
    if (order != 0)
        return order;
    return x->record->row < y->record->row ? -1 : x->record->row > y->record->row;
}

bool pilot_order_same_unit(const pilot_record_t *a, const pilot_record_t *b)
{
    return a->unit_length == b->unit_length &&
           memcmp(pilot_record_unit(a), pilot_record_unit(b), a->unit_length) == 0;
}

void pilot_order_add(pilot_order_t *order, const pilot_record_t *record)
{
    order->key = pilot_grow(order->key, &order->capacity, order->count + 1, sizeof *order->key);
    struct key *key = &order->key[order->count++];
    *key = (struct key){.prefix = prefix_of(record, 0), .record = record};
    if (order->sorted && order->count > 1 && compare(key - 1, key) > 0)
        order->sorted = false;
}

size_t pilot_order_in_memory(const pilot_order_t *order)
{
    return order->count;
}

uint64_t pilot_order_count(const pilot_order_t *order)
{
    return order->count + order->in_runs;
}

/* Bytes that all units begin with. */
static size_t common_prefix(const pilot_order_t *order)
{
    const pilot_record_t *first = order->key[0].record;
    size_t common = first->unit_length;
    for (size_t i = 1; i < order->count && common > 0; i++) {
        const pilot_record_t *record = order->key[i].record;
        const char *a = pilot_record_unit(first), *b = pilot_record_unit(record);
        size_t least = record->unit_length < common ? record->unit_length : common;
        if (least == common && memcmp(a, b, least) == 0)
            continue;
        for (common = 0; common < least && a[common] == b[common];)
            common++;
    }
    return common;
}

static void sort(pilot_order_t *order)
{
    if (order->sorted)
        return;
    size_t common = common_prefix(order);
    for (size_t i = 0; i < order->count && common > 0; i++)
        order->key[i].prefix = prefix_of(order->key[i].record, common);
    qsort(order->key, order->count, sizeof *order->key, compare);
    order->sorted = true;
}

pilot_status_t pilot_order_write_run(pilot_order_t *order, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    if (!order->spill)
        status = pilot_spill_open(&order->spill, error);
    if (status)
        return status;
    sort(order);
    PILOT_AUTOFREE char *buffer = pilot_alloc_raw(RUN_BUFFER, 1);
    size_t used = 0;
    struct run run = {0};
    bool first = true;
    for (size_t i = 0; i <= order->count && !status; i++) {
        const pilot_record_t *record = i < order->count ? order->key[i].record : NULL;
        bool large = record && record->size > RUN_BUFFER;
        uint64_t offset = 0;
        if (used > 0 && (!record || large || used + record->size > RUN_BUFFER)) {
            status = pilot_spill_write(order->spill, buffer, used, &offset, error);
            run.offset = first ? offset : run.offset;
            first = false;
            run.length += used;
            used = 0;
        }
        if (!record || status)
            continue;
        if (large) {
            status = pilot_spill_write(order->spill, record, record->size, &offset, error);
            run.offset = first ? offset : run.offset;
            first = false;
            run.length += record->size;
        } else {
            memcpy(buffer + used, record, record->size);
            used += record->size;
        }
    }
    order->run = pilot_grow(order->run, &order->run_capacity, order->runs + 1, sizeof *order->run);
    order->run[order->runs++] = run;
    order->in_runs += order->count;
    order->count = 0;
    order->sorted = true;
    return status;
}

/* ---- merge ---------------------------------------------------------------------------------- */

/* Read on until a whole record stands at `used`; head.record is NULL at the end. */
static pilot_status_t advance(pilot_spill_t *spill, struct source *source, pilot_error_t *error)
{
    if (source->head.record)
        source->used += source->head.record->size;
    for (;;) {
        size_t have = source->filled - source->used;
        const pilot_record_t *record = (const pilot_record_t *)(source->buffer + source->used);
        if (have >= sizeof *record && have >= record->size) {
            source->head = (struct key){.prefix = prefix_of(record, 0), .record = record};
            return PILOT_OK;
        }
        if (source->offset == source->end) {
            source->head.record = NULL;
            return PILOT_OK;
        }
        size_t needed = have >= sizeof *record ? record->size : sizeof *record;
        memmove(source->buffer, source->buffer + source->used, have);
        source->used = 0;
        source->filled = have;
        if (needed > source->capacity) {
            source->buffer = pilot_realloc(source->buffer, needed, 1);
            source->capacity = needed;
        }
        size_t part = source->capacity - have;
        if (part > source->end - source->offset)
            part = (size_t)(source->end - source->offset);
        pilot_status_t status =
            pilot_spill_read(spill, source->offset, source->buffer + have, part, error);
        if (status)
            return status;
        source->offset += part;
        source->filled += part;
    }
}

/* heap[0] is the least; an exhausted source sorts last. */
static bool before(const struct source *a, const struct source *b)
{
    if (!a->head.record || !b->head.record)
        return a->head.record != NULL;
    return compare(&a->head, &b->head) < 0;
}

static void sift_down(struct source **heap, size_t count, size_t place)
{
    for (;;) {
        size_t least = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < count; child++)
            if (before(heap[child], heap[least]))
                least = child;
        if (least == place)
            return;
        struct source *swap = heap[place];
        heap[place] = heap[least];
        heap[least] = swap;
        place = least;
    }
}

static void keep_previous(char **previous, size_t *capacity, const pilot_record_t *record)
{
    *previous = pilot_grow(*previous, capacity, record->size, 1);
    memcpy(*previous, record, record->size);
}

static pilot_status_t merge(pilot_order_t *order, struct source **heap, pilot_order_visit_t visit,
                            void *context, pilot_error_t *error)
{
    char *previous = NULL;
    size_t previous_capacity = 0;
    pilot_status_t status = PILOT_OK;
    for (size_t i = order->runs / 2 + 1; i-- > 0;)
        sift_down(heap, order->runs, i);
    while (!status && heap[0]->head.record) {
        const pilot_record_t *record = heap[0]->head.record;
        status = visit(context, record, (const pilot_record_t *)previous, error);
        if (status)
            break;
        keep_previous(&previous, &previous_capacity, record);
        status = advance(order->spill, heap[0], error);
        sift_down(heap, order->runs, 0);
    }
    free(previous);
    return status;
}

static pilot_status_t walk_runs(pilot_order_t *order, pilot_order_visit_t visit, void *context,
                                pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    size_t buffer = MERGE_MEMORY / order->runs & ~(size_t)7;
    buffer = buffer > RUN_BUFFER ? RUN_BUFFER : buffer;
    buffer = buffer < SMALLEST_RUN_BUFFER ? SMALLEST_RUN_BUFFER : buffer;
    struct source *source = PILOT_NEW_ARRAY(struct source, order->runs);
    struct source **heap = PILOT_NEW_ARRAY(struct source *, order->runs);
    for (size_t i = 0; i < order->runs && !status; i++) {
        source[i] = (struct source){.offset = order->run[i].offset,
                                    .end = order->run[i].offset + order->run[i].length,
                                    .buffer = pilot_alloc_raw(buffer, 1),
                                    .capacity = buffer};
        heap[i] = &source[i];
        status = advance(order->spill, &source[i], error);
    }
    if (!status)
        status = merge(order, heap, visit, context, error);
    for (size_t i = 0; i < order->runs; i++)
        free(source[i].buffer);
    free(source);
    free(heap);
    return status;
}

pilot_status_t pilot_order_walk(pilot_order_t *order, pilot_order_visit_t visit, void *context,
                                pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    if (order->runs > 0) {
        if (order->count > 0)
            status = pilot_order_write_run(order, error);
        return status ? status : walk_runs(order, visit, context, error);
    }
    sort(order);
    for (size_t i = 0; i < order->count && !status; i++)
        status =
            visit(context, order->key[i].record, i > 0 ? order->key[i - 1].record : NULL, error);
    return status;
}
