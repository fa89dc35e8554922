#include "evaluation_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/evaluation.h"
#include "pilot/memory.h"

/* ---- texts ----------------------------------------------------------------------------------- */

#define CHUNK 65536

typedef struct text_chunk {
    struct text_chunk *next;
    size_t used, size;
    char bytes[];
} text_chunk_t;

struct pilot_texts_store {
    text_chunk_t *chunk;
    const char **slot; /* a hash table, its size a power of two */
    size_t slots, used;
};

pilot_texts_store_t *pilot_texts_store_new(void)
{
    pilot_texts_store_t *store = PILOT_NEW(pilot_texts_store_t);
    store->slots = 1024;
    store->slot = PILOT_NEW_ARRAY(const char *, store->slots);
    return store;
}

void pilot_texts_store_free(pilot_texts_store_t *store)
{
    if (!store)
        return;
    for (text_chunk_t *chunk = store->chunk, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(store->slot);
    free(store);
}

/* FNV-1a. */
static size_t hash_of(const char *text, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}

static const char **find_slot(const pilot_texts_store_t *store, const char *text, size_t length)
{
    size_t at = hash_of(text, length) & (store->slots - 1);
    while (store->slot[at] &&
           (strncmp(store->slot[at], text, length) != 0 || store->slot[at][length] != '\0'))
        at = (at + 1) & (store->slots - 1);
    return &store->slot[at];
}

static void grow_slots(pilot_texts_store_t *store)
{
    pilot_texts_store_t larger = {.slots = store->slots * 2};
    larger.slot = PILOT_NEW_ARRAY(const char *, larger.slots);
    for (size_t i = 0; i < store->slots; i++)
        if (store->slot[i])
            *find_slot(&larger, store->slot[i], strlen(store->slot[i])) = store->slot[i];
    free(store->slot);
    store->slot = larger.slot;
    store->slots = larger.slots;
}

const char *pilot_texts_store_keep(pilot_texts_store_t *store, const char *text, size_t length)
{
    const char **slot = find_slot(store, text, length), *known = *slot;
    if (known)
        return known;
    text_chunk_t *chunk = store->chunk;
    if (!chunk || chunk->size - chunk->used < length + 1) {
        size_t size = length + 1 > CHUNK ? length + 1 : CHUNK;
        chunk = pilot_alloc_raw(1, sizeof *chunk + size);
        *chunk = (text_chunk_t){.next = store->chunk, .size = size};
        store->chunk = chunk;
    }
    char *kept = memcpy(chunk->bytes + chunk->used, text, length);
    kept[length] = '\0';
    chunk->used += length + 1;
    *slot = kept;
    if (++store->used * 2 > store->slots)
        grow_slots(store);
    return kept;
}

/* ---- the query ------------------------------------------------------------------------------- */

static const char *schema_of(bool released)
{
    return released ? "dashboard" : "results";
}

/* Names of a released table's columns, each between blanks: marks are only of some. */
static pilot_status_t read_columns(pilot_db_t *db, const char *relation, char **ret_columns,
                                   pilot_error_t *error)
{
    char *name PILOT_AUTOFREE = pilot_format("%s.%s", schema_of(true), relation);
    PGresult *result = NULL;
    pilot_status_t status = pilot_db_run(
        db, &result, error,
        "SELECT ' ' || COALESCE(string_agg(attname, ' ') || ' ', '') FROM pg_attribute "
        "WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
        1, name);
    if (!status)
        *ret_columns = pilot_strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    return status;
}

static bool is_among(const char *names, const char *name)
{
    char *wanted PILOT_AUTOFREE = pilot_format(" %s ", name);
    return names && strstr(names, wanted);
}

static bool has_mark(const char *columns, const pilot_row_field_t *field)
{
    char *mark PILOT_AUTOFREE = pilot_format("%s_mark", field->name);
    return field->kind == PILOT_FIELD_FIGURE && is_among(columns, mark);
}

static void append_field(const pilot_row_source_t *source, const pilot_row_field_t *field,
                         const char *columns, pilot_text_t *sql)
{
    static const char *const type[] = {[PILOT_FIELD_TEXT] = "text",
                                       [PILOT_FIELD_FIGURE] = "float8",
                                       [PILOT_FIELD_WHOLE] = "bigint",
                                       [PILOT_FIELD_FLAG] = "boolean"};
    if (is_among(source->times, field->name))
        pilot_text_appendf(sql,
                           "to_char(\"%s\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
                           field->name);
    else
        pilot_text_appendf(sql, "\"%s\"::%s", field->name, type[field->kind]);
    if (has_mark(columns, field))
        pilot_text_appendf(sql, ", \"%s_mark\"::text", field->name);
}

/* ---- rows ------------------------------------------------------------------------------------ */

typedef struct row_reader {
    const pilot_row_source_t *source;
    pilot_texts_store_t *store;
    const bool *marked; /* by field */
    const char **last;  /* by field: most rows repeat the text of the row before */
    char *rows;
    size_t count, capacity;
} row_reader_t;

static const char *keep_text(row_reader_t *reader, size_t index, const pilot_field_t *from)
{
    if (!from->data)
        return NULL;
    const char *last = reader->last[index];
    if (last && strncmp(last, (const char *)from->data, from->length) == 0 &&
        last[from->length] == '\0')
        return last;
    reader->last[index] =
        pilot_texts_store_keep(reader->store, (const char *)from->data, from->length);
    return reader->last[index];
}

static pilot_status_t take_row(void *context, const pilot_field_t *from, int fields,
                               pilot_error_t *error)
{
    (void)fields, (void)error;
    row_reader_t *reader = context;
    size_t size = reader->source->row_size;
    reader->rows = pilot_grow(reader->rows, &reader->capacity, reader->count + 1, size);
    char *row = reader->rows + reader->count++ * size;
    memset(row, 0, size);
    for (size_t i = 0; reader->source->field[i].name; i++, from++) {
        void *to = row + reader->source->field[i].offset;
        switch (reader->source->field[i].kind) {
        case PILOT_FIELD_TEXT:
            *(const char **)to = keep_text(reader, i, from);
            break;
        case PILOT_FIELD_FIGURE: {
            pilot_figure_t figure = {.given = from->data != NULL};
            if (from->data)
                figure.value = pilot_field_float8(from);
            if (reader->marked[i] && (++from)->data)
                figure.mark = (char)*from->data;
            *(pilot_figure_t *)to = figure;
            break;
        }
        case PILOT_FIELD_WHOLE:
            *(int64_t *)to = from->data ? pilot_field_int8(from) : 0;
            break;
        case PILOT_FIELD_FLAG:
            *(bool *)to = from->data && *from->data;
            break;
        }
    }
    return PILOT_OK;
}

pilot_status_t pilot_rows_read(pilot_db_t *db, const pilot_row_source_t *source, bool released,
                               int64_t analysis, pilot_texts_store_t *store, void **ret_rows,
                               size_t *ret_count, pilot_error_t *error)
{
    char *columns PILOT_AUTOFREE = NULL;
    pilot_status_t status =
        released ? read_columns(db, source->relation, &columns, error) : PILOT_OK;
    if (status)
        return status;
    size_t fields = 0;
    while (source->field[fields].name)
        fields++;
    PILOT_AUTOFREE bool *marked = PILOT_NEW_ARRAY(bool, fields);
    PILOT_AUTOFREE const char **last = PILOT_NEW_ARRAY(const char *, fields);
    pilot_text_t sql = PILOT_TEXT_INIT;
    pilot_text_append(&sql, "COPY (SELECT ");
    int width = 0;
    for (size_t i = 0; i < fields; i++) {
        pilot_text_append(&sql, i ? ", " : "");
        append_field(source, &source->field[i], columns, &sql);
        marked[i] = has_mark(columns, &source->field[i]);
        width += marked[i] ? 2 : 1;
    }
    pilot_text_appendf(&sql, " FROM %s.%s WHERE analysis = %" PRId64, schema_of(released),
                       source->relation, analysis);
    if (source->where)
        pilot_text_appendf(&sql, " AND (%s)", source->where);
    pilot_text_appendf(&sql, " ORDER BY %s) TO STDOUT (FORMAT binary)", source->order);
    row_reader_t reader = {.source = source, .store = store, .marked = marked, .last = last};
    status = pilot_copy_out(db, sql.data, width, take_row, &reader, NULL, error);
    pilot_text_clear(&sql);
    if (status) {
        free(reader.rows);
        return status;
    }
    *ret_rows = reader.rows;
    *ret_count = reader.count;
    return PILOT_OK;
}
