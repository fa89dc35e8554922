/* table.h - a CSV without quoted fields as text cells, and frames made of it.  For tests of the
 * statistics library; run from the top folder of the tree. */
#ifndef PILOT_TEST_TABLE_H
#define PILOT_TEST_TABLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/frame.h"

typedef struct table {
    char *text;
    char **cell; /* (rows + 1) x columns; row 0 is the header */
    size_t rows, columns;
} table_t;

/* Consumes the text (malloc). */
static inline table_t table_parse(char *text)
{
    table_t table = {.text = text};
    size_t cells = 0;
    table.cell = malloc((strlen(text) + 2) * sizeof *table.cell);
    if (!table.cell)
        exit(1);
    for (char *at = table.text; *at;) {
        size_t size = strcspn(at, ",\n");
        char end = at[size];
        table.cell[cells++] = at;
        at[size] = '\0';
        at += size + (end != '\0');
        if (end != ',')
            table.columns = table.columns ? table.columns : cells;
    }
    table.rows = cells / table.columns - 1;
    return table;
}

static inline table_t table_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t length;
    char *text;
    if (!file) {
        printf("Bail out! cannot open %s; run from the top folder\n", path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    length = (size_t)ftell(file);
    rewind(file);
    text = malloc(length + 1);
    if (!text)
        exit(1);
    length = fread(text, 1, length, file);
    fclose(file);
    text[length] = '\0';
    return table_parse(text);
}

static inline void table_free(table_t *table)
{
    free(table->text);
    free(table->cell);
}

/* Place of a column; ends the test when there is none. */
static inline size_t table_column(const table_t *table, const char *name)
{
    for (size_t c = 0; c < table->columns; c++)
        if (strcmp(table->cell[c], name) == 0)
            return c;
    printf("Bail out! no column %s\n", name);
    exit(1);
}

static inline const char *table_at(const table_t *table, size_t row, size_t column)
{
    return table->cell[(row + 1) * table->columns + column];
}

static inline const char *table_get(const table_t *table, size_t row, const char *column)
{
    return table_at(table, row, table_column(table, column));
}

/* Rows of a table as a frame: sorted by block, cluster and unit. */
typedef struct table_frame {
    pilot_frame_t frame;
    pilot_variable_t outcome;
    uint16_t *arm;
    uint32_t *block, *cluster;
    const char **block_label, **cluster_label;
    double *weight, *value;
    uint8_t *present;
} table_frame_t;

typedef struct table_columns {
    const char *outcome, *arm, *block, *cluster, *weight, *unit; /* NULL: none */
    const char *filter, *filter_value;                           /* NULL: all rows */
    const char *const *arms; /* labels; NULL ends; [0] control */
} table_columns_t;

typedef struct table_key {
    const char *block, *cluster, *unit;
    size_t row;
} table_key_t;

static inline int table_compare_keys(const void *left, const void *right)
{
    const table_key_t *a = left, *b = right;
    int order = strcmp(a->block, b->block);
    order = order ? order : strcmp(a->cluster, b->cluster);
    order = order ? order : strcmp(a->unit, b->unit);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static inline size_t table_sorted_keys(const table_t *table, const table_columns_t *columns,
                                       table_key_t *key)
{
    size_t keys = 0;
    for (size_t i = 0; i < table->rows; i++) {
        if (columns->filter &&
            strcmp(table_get(table, i, columns->filter), columns->filter_value) != 0)
            continue;
        key[keys++] =
            (table_key_t){.block = columns->block ? table_get(table, i, columns->block) : "",
                          .cluster = columns->cluster ? table_get(table, i, columns->cluster) : "",
                          .unit = columns->unit ? table_get(table, i, columns->unit) : "",
                          .row = i};
    }
    qsort(key, keys, sizeof *key, table_compare_keys);
    return keys;
}

static inline uint16_t table_arm_code(const char *const *arms, const char *label)
{
    uint16_t code = 0;
    while (arms[code] && strcmp(arms[code], label) != 0)
        code++;
    return code;
}

/* A cluster's code, also where it comes back in another block. */
static inline uint32_t table_cluster_code(const char *label, table_frame_t *out)
{
    size_t code = 0;
    while (code < out->frame.clusters && strcmp(out->cluster_label[code], label) != 0)
        code++;
    if (code == out->frame.clusters)
        out->cluster_label[out->frame.clusters++] = label;
    return (uint32_t)code;
}

static inline void table_code_labels(const table_key_t *key, size_t keys, table_frame_t *out)
{
    for (size_t k = 0; k < keys; k++) {
        if (k == 0 || strcmp(key[k].block, key[k - 1].block) != 0)
            out->block_label[out->frame.blocks++] = key[k].block;
        out->block[k] = (uint32_t)out->frame.blocks - 1;
        out->cluster[k] = k > 0 && strcmp(key[k].cluster, key[k - 1].cluster) == 0
                              ? out->cluster[k - 1]
                              : table_cluster_code(key[k].cluster, out);
    }
}

/* Rows whose arm is not among arms->arms are left out beforehand by the file. */
static inline table_frame_t table_make_frame(const table_t *table, const table_columns_t *columns)
{
    size_t room = table->rows + 1, arms = 0, keys;
    table_key_t *key = calloc(room, sizeof *key);
    table_frame_t out = {.arm = calloc(room, sizeof(uint16_t)),
                         .block = calloc(room, sizeof(uint32_t)),
                         .cluster = calloc(room, sizeof(uint32_t)),
                         .block_label = calloc(room, sizeof(char *)),
                         .cluster_label = calloc(room, sizeof(char *)),
                         .weight = calloc(room, sizeof(double)),
                         .value = calloc(room, sizeof(double)),
                         .present = calloc(room, sizeof(uint8_t))};
    while (columns->arms[arms])
        arms++;
    keys = table_sorted_keys(table, columns, key);
    table_code_labels(key, keys, &out);
    for (size_t k = 0; k < keys; k++) {
        const char *value = table_get(table, key[k].row, columns->outcome);
        out.arm[k] = table_arm_code(columns->arms, table_get(table, key[k].row, columns->arm));
        out.present[k] = *value != '\0';
        out.value[k] = *value ? strtod(value, NULL) : 0;
        if (columns->weight)
            out.weight[k] = strtod(table_get(table, key[k].row, columns->weight), NULL);
    }
    free(key);
    out.frame = (pilot_frame_t){.rows = keys,
                                .arms = arms,
                                .arm = out.arm,
                                .block = columns->block ? out.block : NULL,
                                .blocks = columns->block ? out.frame.blocks : 0,
                                .cluster = columns->cluster ? out.cluster : NULL,
                                .clusters = columns->cluster ? out.frame.clusters : 0,
                                .weight = columns->weight ? out.weight : NULL,
                                .block_label = columns->block ? out.block_label : NULL,
                                .cluster_label = columns->cluster ? out.cluster_label : NULL};
    out.outcome = (pilot_variable_t){out.value, out.present};
    return out;
}

static inline void table_frame_free(table_frame_t *frame)
{
    free(frame->arm);
    free(frame->block);
    free(frame->cluster);
    free(frame->block_label);
    free(frame->cluster_label);
    free(frame->weight);
    free(frame->value);
    free(frame->present);
}

#endif
