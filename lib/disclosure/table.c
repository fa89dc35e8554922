/* Columns and patterns by key. */
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "state.h"

static size_t hash_key(column_key_t key)
{
    uint64_t hash = ((uint64_t)key.measure * 1000003 + key.slot) * 1000003 + key.arm;
    hash *= UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(hash >> 20);
}

static bool same_key(column_key_t a, column_key_t b)
{
    return a.measure == b.measure && a.slot == b.slot && a.arm == b.arm;
}

column_t *table_find(const table_t *table, column_key_t key)
{
    if (table->slots == 0)
        return NULL;
    for (size_t at = hash_key(key) & (table->slots - 1);; at = (at + 1) & (table->slots - 1)) {
        if (table->slot[at] == 0)
            return NULL;
        column_t *column = &table->column[table->slot[at] - 1];
        if (same_key(column->key, key))
            return column;
    }
}

static void place(table_t *table, size_t index)
{
    size_t at = hash_key(table->column[index].key) & (table->slots - 1);
    while (table->slot[at] != 0)
        at = (at + 1) & (table->slots - 1);
    table->slot[at] = (uint32_t)index + 1;
}

column_t *table_add(table_t *table, column_key_t key)
{
    column_t *found = table_find(table, key);
    if (found != NULL)
        return found;
    if (2 * (table->count + 1) > table->slots) {
        free(table->slot);
        table->slots = table->slots == 0 ? 64 : 2 * table->slots;
        table->slot = PILOT_NEW_ARRAY(uint32_t, table->slots);
        for (size_t i = 0; i < table->count; i++)
            place(table, i);
    }
    table->column = pilot_grow(table->column, &table->capacity, table->count + 1, sizeof(column_t));
    column_t *column = &table->column[table->count];
    *column = (column_t){.key = key, .cell = PILOT_NEW_ARRAY(cell_t, table->cells)};
    place(table, table->count++);
    return column;
}

void table_clear(table_t *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->column[i].cell);
        free(table->column[i].hidden);
    }
    free(table->column);
    free(table->slot);
    *table = (table_t){0};
}

static size_t dense(const patterns_t *patterns, pattern_key_t key)
{
    return ((key.kind * patterns->measures + key.measure) * patterns->variables + key.variable) *
               patterns->arms +
           key.arm;
}

void patterns_index(patterns_t *patterns, size_t measures, size_t variables, size_t arms)
{
    free(patterns->index);
    patterns->measures = measures;
    patterns->variables = variables;
    patterns->arms = arms;
    patterns->index = PILOT_NEW_ARRAY(uint32_t, PATTERN_KINDS * measures * variables * arms + 1);
    for (size_t i = 0; i < patterns->count; i++)
        patterns->index[dense(patterns, patterns->pattern[i].key)] = (uint32_t)i + 1;
}

const pattern_t *patterns_find(const patterns_t *patterns, pattern_key_t key)
{
    if (patterns->index == NULL || key.measure >= patterns->measures ||
        key.variable >= patterns->variables || key.arm >= patterns->arms)
        return NULL;
    uint32_t index = patterns->index[dense(patterns, key)];
    return index == 0 ? NULL : &patterns->pattern[index - 1];
}

pattern_t *patterns_add(patterns_t *patterns, pattern_key_t key, size_t agencies)
{
    patterns->pattern =
        pilot_grow(patterns->pattern, &patterns->capacity, patterns->count + 1, sizeof(pattern_t));
    pattern_t *pattern = &patterns->pattern[patterns->count++];
    *pattern = (pattern_t){.key = key, .hidden = PILOT_NEW_ARRAY(uint8_t, agencies + 1)};
    if (patterns->index != NULL)
        patterns->index[dense(patterns, key)] = (uint32_t)patterns->count;
    return pattern;
}

void patterns_clear(patterns_t *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        free(patterns->pattern[i].hidden);
    free(patterns->pattern);
    free(patterns->index);
    *patterns = (patterns_t){0};
}
