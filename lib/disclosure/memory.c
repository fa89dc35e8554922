/* What later releases must know of this one: agencies, true counts, and what was hidden.
 *
 * Bytes: magic; then varints (7 bits a byte, low first) and texts (length, bytes); last 8 bytes of
 * FNV-1a over all before. */
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "state.h"

static const char magic[8] = "PILOTDC1";
enum { CHECK_SIZE = 8 };

/* ---- out ---------------------------------------------------------------------------------------
 */

typedef struct writer {
    uint8_t *bytes;
    size_t size, capacity;
} writer_t;

static void put_bytes(writer_t *w, const void *bytes, size_t size)
{
    w->bytes = pilot_grow(w->bytes, &w->capacity, w->size + size, 1);
    memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

static void put(writer_t *w, uint64_t value)
{
    uint8_t byte[10];
    size_t size = 0;
    for (; value >= 128; value >>= 7)
        byte[size++] = (uint8_t)(value | 128);
    byte[size++] = (uint8_t)value;
    put_bytes(w, byte, size);
}

static void put_text(writer_t *w, const char *text)
{
    put(w, strlen(text));
    put_bytes(w, text, strlen(text));
}

static void put_names(writer_t *w, const names_t *names)
{
    put(w, names->count);
    for (size_t i = 0; i < names->count; i++) {
        put_text(w, names->name[i].text);
        put_text(w, names->name[i].other);
    }
}

static uint64_t checksum(const uint8_t *bytes, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

static void put_column(writer_t *w, const column_t *column, size_t members)
{
    uint32_t flags = 0;
    for (size_t e = 0; e < members; e++)
        flags |= column->cell[e].flags;
    put(w, column->key.measure);
    put(w, column->key.slot);
    put(w, column->key.arm);
    put(w, flags & CELL_IS_SHARE ? 1 : 0);
    for (size_t e = 0; e < members; e++) {
        put(w, column->cell[e].count);
        if (flags & CELL_IS_SHARE) {
            put(w, column->cell[e].success);
            put(w, column->cell[e].failure);
        }
    }
}

static void put_pattern(writer_t *w, const pattern_t *pattern, size_t members)
{
    put(w, pattern->key.kind);
    put(w, pattern->key.measure);
    put(w, pattern->key.variable);
    put(w, pattern->key.arm);
    put(w, pattern->pooled ? 1 : 0);
    for (size_t e = 0; e < members; e += 8) {
        uint8_t bits = 0;
        for (size_t i = e; i < members && i < e + 8; i++)
            bits = (uint8_t)(bits | pattern->hidden[i] << (i - e));
        put_bytes(w, &bits, 1);
    }
}

void pilot_disclosure_memory(const pilot_disclosure_t *d, void **ret_memory, size_t *ret_size)
{
    writer_t w = {0};
    put_bytes(&w, magic, sizeof magic);
    put(&w, d->members);
    for (size_t e = 0; e < d->members; e++) {
        put_text(&w, d->agencies.name[d->member[e].agency].text);
        put(&w, (uint64_t)d->member[e].submission);
    }
    put_names(&w, &d->measures);
    put_names(&w, &d->slots);
    put_names(&w, &d->variables);
    put_names(&w, &d->arms);
    put(&w, d->table.count);
    for (size_t i = 0; i < d->table.count; i++)
        put_column(&w, &d->table.column[i], d->members);
    put(&w, d->patterns.count);
    for (size_t i = 0; i < d->patterns.count; i++)
        put_pattern(&w, &d->patterns.pattern[i], d->members);
    uint64_t check = checksum(w.bytes, w.size);
    uint8_t byte[CHECK_SIZE];
    for (size_t i = 0; i < CHECK_SIZE; i++)
        byte[i] = (uint8_t)(check >> 8 * i);
    put_bytes(&w, byte, CHECK_SIZE);
    *ret_memory = w.bytes;
    *ret_size = w.size;
}

/* ---- in ----------------------------------------------------------------------------------------
 */

typedef struct reader {
    const uint8_t *at, *end;
    bool broken;
} reader_t;

static uint64_t get(reader_t *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->at == r->end)
            break;
        uint8_t byte = *r->at++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    r->broken = true;
    return 0;
}

/* A number below `below`; also how many items follow, each at least a byte long. */
static size_t get_below(reader_t *r, size_t below)
{
    uint64_t value = get(r);
    if (value < below)
        return (size_t)value;
    r->broken = true;
    return 0;
}

static size_t get_count(reader_t *r)
{
    return get_below(r, (size_t)(r->end - r->at) + 1);
}

/* Caller frees; "" when broken. */
static char *get_text(reader_t *r)
{
    size_t length = get_count(r);
    if (length > (size_t)(r->end - r->at) || memchr(r->at, '\0', length) != NULL) {
        r->broken = true;
        length = 0;
    }
    char *text = pilot_strndup((const char *)r->at, length);
    r->at += length;
    return text;
}

/* Their numbers among this release's names; caller frees. */
static uint32_t *get_names(reader_t *r, names_t *names, size_t *ret_count)
{
    size_t count = get_count(r);
    uint32_t *map = PILOT_NEW_ARRAY(uint32_t, count + 1);
    for (size_t i = 0; i < count && !r->broken; i++) {
        char *text = get_text(r), *other = get_text(r);
        map[i] = names_add(names, text, other);
        free(text);
        free(other);
    }
    *ret_count = count;
    return map;
}

typedef struct maps {
    uint32_t *measure, *slot, *variable, *arm;
    size_t measures, slots, variables, arms;
} maps_t;

static void get_members(reader_t *r, names_t *agencies, past_t *past)
{
    past->members = get_count(r);
    past->member = PILOT_NEW_ARRAY(member_t, past->members + 1);
    for (size_t i = 0; i < past->members && !r->broken; i++) {
        char *name = get_text(r);
        past->member[i].agency = names_add(agencies, name, "");
        past->member[i].submission = (int64_t)get(r);
        free(name);
    }
    past->names = agencies->count;
    past->member_of = PILOT_NEW_ARRAY(uint32_t, past->names + 1);
    for (size_t i = 0; i < past->members && !r->broken; i++)
        past->member_of[past->member[i].agency] = (uint32_t)i + 1;
}

static void get_column(reader_t *r, const maps_t *maps, past_t *past)
{
    column_key_t key = {maps->measure[get_below(r, maps->measures)],
                        maps->slot[get_below(r, maps->slots)], maps->arm[get_below(r, maps->arms)]};
    bool share = get_below(r, 2) == 1;
    if (r->broken)
        return;
    column_t *column = table_add(&past->table, key);
    for (size_t e = 0; e < past->members; e++) {
        cell_t *cell = &column->cell[e];
        cell->flags = CELL_ROW | (share ? CELL_IS_SHARE | CELL_SHARE : 0);
        cell->count = (uint32_t)get_below(r, PILOT_DISCLOSURE_COUNT_MAX + 1);
        cell->success = share ? (uint32_t)get_below(r, PILOT_DISCLOSURE_COUNT_MAX + 1) : 0;
        cell->failure = share ? (uint32_t)get_below(r, PILOT_DISCLOSURE_COUNT_MAX + 1) : 0;
    }
}

static void get_pattern(reader_t *r, const maps_t *maps, past_t *past)
{
    pattern_key_t key = {
        (uint32_t)get_below(r, PATTERN_KINDS), maps->measure[get_below(r, maps->measures)],
        maps->variable[get_below(r, maps->variables)], maps->arm[get_below(r, maps->arms)]};
    bool pooled = get_below(r, 2) == 1;
    if (r->broken || (size_t)(r->end - r->at) < (past->members + 7) / 8) {
        r->broken = true;
        return;
    }
    pattern_t *pattern = patterns_add(&past->patterns, key, past->members);
    pattern->pooled = pooled;
    for (size_t e = 0; e < past->members; e++)
        pattern->hidden[e] = r->at[e / 8] >> (e % 8) & 1;
    r->at += (past->members + 7) / 8;
}

static void get_past(reader_t *r, pilot_disclosure_t *d, past_t *past)
{
    get_members(r, &d->agencies, past);
    past->table.cells = past->members + 1;
    maps_t maps = {0};
    maps.measure = get_names(r, &d->measures, &maps.measures);
    maps.slot = get_names(r, &d->slots, &maps.slots);
    maps.variable = get_names(r, &d->variables, &maps.variables);
    maps.arm = get_names(r, &d->arms, &maps.arms);
    size_t columns = get_count(r);
    for (size_t i = 0; i < columns && !r->broken; i++)
        get_column(r, &maps, past);
    size_t patterns = get_count(r);
    for (size_t i = 0; i < patterns && !r->broken; i++)
        get_pattern(r, &maps, past);
    r->broken |= r->at != r->end;
    free(maps.measure);
    free(maps.slot);
    free(maps.variable);
    free(maps.arm);
}

pilot_status_t pilot_disclosure_remember(pilot_disclosure_t *d, const void *memory, size_t size,
                                         pilot_error_t *error)
{
    const uint8_t *bytes = memory;
    if (d->members > 0 || d->table.count > 0)
        return pilot_error_set(error, PILOT_E_BUG,
                               "disclosure: earlier releases come before agencies");
    if (d->pasts + 1 >= PILOT_DISCLOSURE_RELEASES)
        return pilot_error_set(error, PILOT_E_DATA, "disclosure: more than %d releases of a pilot",
                               PILOT_DISCLOSURE_RELEASES);
    uint64_t check = 0;
    bool whole = size >= sizeof magic + CHECK_SIZE && memcmp(bytes, magic, sizeof magic) == 0;
    for (size_t i = 0; whole && i < CHECK_SIZE; i++)
        check |= (uint64_t)bytes[size - CHECK_SIZE + i] << 8 * i;
    if (!whole || check != checksum(bytes, size - CHECK_SIZE))
        return pilot_error_set(error, PILOT_E_DATA,
                               "disclosure: the memory of an earlier release is damaged");
    d->past = pilot_grow(d->past, &d->past_capacity, d->pasts + 1, sizeof(past_t));
    past_t *past = &d->past[d->pasts++];
    *past = (past_t){0};
    reader_t r = {.at = bytes + sizeof magic, .end = bytes + size - CHECK_SIZE};
    get_past(&r, d, past);
    if (r.broken)
        return pilot_error_set(error, PILOT_E_DATA,
                               "disclosure: the memory of an earlier release is damaged");
    return PILOT_OK;
}
