#include "merged.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "row_order.h"

struct pilot_merge {
    const pilot_analysis_t *analysis;
    pilot_dataset_t *dataset;
    size_t rows;     /* room; dataset->rows counts those that are there */
    size_t agencies; /* added */
    bool alone;      /* one agency, which stays as it is */
    bool *kept;      /* by column */
    size_t blocks, clusters;
};

static void keep_outcomes(pilot_merge_t *merge, const bool *wanted)
{
    const pilot_layout_t *layout = merge->analysis->layout;
    for (size_t i = 0; i < merge->analysis->outcomes; i++) {
        merge->kept[i] = wanted[i];
        if (wanted[i] && layout->event[i] != PILOT_NO_VARIABLE)
            merge->kept[layout->event[i]] = true;
    }
    if (layout->probability != PILOT_NO_VARIABLE)
        merge->kept[layout->probability] = true;
}

static void keep_covariates(pilot_merge_t *merge, bool bounds)
{
    const pilot_analysis_t *analysis = merge->analysis;
    const Pilot__Spec *spec = analysis->spec;
    for (size_t i = 0; i < spec->n_subgroup; i++)
        merge->kept[analysis->outcomes + spec->subgroup[i]] = true;
    for (size_t i = 0; i < spec->n_covariate && bounds; i++)
        if (spec->covariate[i]->kind != PILOT__VARIABLE_KIND__NUMBER)
            merge->kept[analysis->outcomes + i] = true;
}

pilot_merge_t *pilot_merge_new(const pilot_analysis_t *analysis, const bool *wanted, bool bounds,
                               size_t agencies, size_t rows)
{
    const pilot_layout_t *layout = analysis->layout;
    bool across = analysis->spec->across;
    pilot_merge_t *merge = PILOT_NEW(pilot_merge_t);
    merge->analysis = analysis;
    merge->rows = rows;
    merge->alone = agencies == 1;
    merge->kept = PILOT_NEW_ARRAY(bool, layout->variable_count);
    keep_outcomes(merge, wanted);
    keep_covariates(merge, bounds);
    pilot_dataset_t *dataset = merge->dataset = PILOT_NEW(pilot_dataset_t);
    dataset->arm = pilot_alloc_raw(rows, sizeof *dataset->arm);
    if (layout->has_block || (!across && !merge->alone))
        dataset->block = pilot_alloc_raw(rows, sizeof *dataset->block);
    if (layout->has_cluster || across)
        dataset->cluster = pilot_alloc_raw(rows, sizeof *dataset->cluster);
    if (layout->has_weight)
        dataset->weight = pilot_alloc_raw(rows, sizeof *dataset->weight);
    dataset->column_count = layout->variable_count;
    dataset->column = PILOT_NEW_ARRAY(pilot_column_t, layout->variable_count);
    for (size_t i = 0; i < layout->variable_count; i++) {
        if (merge->kept[i] && layout->variable[i].category)
            dataset->column[i].code = pilot_alloc_raw(rows, sizeof(uint32_t));
        else if (merge->kept[i])
            dataset->column[i].value = pilot_alloc_raw(rows, sizeof(double));
    }
    return merge;
}

void pilot_merge_free(pilot_merge_t *merge)
{
    if (!merge)
        return;
    pilot_dataset_free(merge->dataset);
    free(merge->kept);
    free(merge);
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* Codes go behind those of earlier agencies; code NULL: all rows have one. */
static void add_codes(uint32_t *to, const uint32_t *code, size_t rows, size_t offset)
{
    for (size_t i = 0; i < rows; i++) {
        bool missing = code && code[i] == PILOT_CATEGORY_MISSING;
        to[i] = missing ? PILOT_CATEGORY_MISSING : (uint32_t)offset + (code ? code[i] : 0);
    }
}

static void add_labels(pilot_dictionary_t *to, const pilot_dictionary_t *from)
{
    for (size_t i = 0; i < from->count; i++)
        pilot_dictionary_add(to, from->label[i], strlen(from->label[i]));
}

static void add_numbers(pilot_merge_t *merge, pilot_column_t *to, const pilot_column_t *from,
                        size_t rows)
{
    size_t at = merge->dataset->rows;
    memcpy(to->value + at, from->value, rows * sizeof *to->value);
    if (from->present && !to->present) {
        to->present = pilot_alloc_raw(merge->rows, 1);
        memset(to->present, 1, at);
    }
    if (from->present)
        memcpy(to->present + at, from->present, rows);
    else if (to->present)
        memset(to->present + at, 1, rows);
}

static void add_columns(pilot_merge_t *merge, const pilot_dataset_t *from)
{
    for (size_t i = 0; i < from->column_count; i++) {
        pilot_column_t *to = &merge->dataset->column[i];
        const pilot_column_t *column = &from->column[i];
        if (to->code) {
            add_codes(to->code + merge->dataset->rows, column->code, from->rows, to->levels.count);
            add_labels(&to->levels, &column->levels);
        } else if (to->value) {
            add_numbers(merge, to, column, from->rows);
        }
    }
}

void pilot_merge_add(pilot_merge_t *merge, const pilot_dataset_t *from)
{
    pilot_dataset_t *to = merge->dataset;
    bool across = merge->analysis->spec->across;
    size_t at = to->rows;
    memcpy(to->arm + at, from->arm, from->rows * sizeof *to->arm);
    if (to->weight)
        memcpy(to->weight + at, from->weight, from->rows * sizeof *to->weight);
    if (to->block) {
        add_codes(to->block + at, from->block, from->rows, merge->blocks);
        merge->blocks += from->block ? from->block_labels.count : 1;
        if (across)
            add_labels(&to->block_labels, &from->block_labels);
    }
    if (to->cluster) {
        add_codes(to->cluster + at, from->cluster, from->rows, merge->clusters);
        merge->clusters += from->cluster ? from->cluster_labels.count : 1;
        if (across && from->cluster)
            add_labels(&to->cluster_labels, &from->cluster_labels);
    }
    add_columns(merge, from);
    to->rows += from->rows;
    merge->agencies++;
}

/* ---- finishing ------------------------------------------------------------------------------- */

/* Equal labels become one code, the codes ascend with the labels' bytes. */
static void unite_labels(pilot_dictionary_t *dictionary, uint32_t *code, size_t rows)
{
    uint32_t *rank = pilot_dictionary_rank(dictionary);
    uint32_t *place = PILOT_NEW_ARRAY(uint32_t, dictionary->count);
    size_t kept = 0;
    for (size_t i = 0; i < dictionary->count; i++) {
        if (kept > 0 && strcmp(dictionary->label[kept - 1], dictionary->label[i]) == 0)
            free(dictionary->label[i]);
        else
            dictionary->label[kept++] = dictionary->label[i];
        place[i] = (uint32_t)kept - 1;
    }
    dictionary->count = kept;
    for (size_t i = 0; i < rows; i++)
        if (code[i] != PILOT_CATEGORY_MISSING)
            code[i] = place[rank[code[i]]];
    free(place);
    free(rank);
}

/* Contrasts need no names of blocks and clusters, only how many there are. */
static void forget_names(pilot_dictionary_t *dictionary, size_t count)
{
    pilot_dictionary_clear(dictionary);
    dictionary->label = PILOT_NEW_ARRAY(char *, count);
    dictionary->count = dictionary->capacity = count;
}

/* Codes in order of first appearance, as every frame has them; returns how many. */
static size_t renumber(uint32_t *code, size_t rows, size_t codes)
{
    uint32_t *fresh = pilot_alloc_raw(codes, sizeof *fresh);
    memset(fresh, 0xff, codes * sizeof *fresh);
    uint32_t next = 0;
    for (size_t i = 0; i < rows; i++) {
        if (fresh[code[i]] == UINT32_MAX)
            fresh[code[i]] = next++;
        code[i] = fresh[code[i]];
    }
    free(fresh);
    return next;
}

/* Level across: a label is one thing in all agencies, and its rows stand side by side. */
static void unite_agencies(pilot_merge_t *merge)
{
    pilot_dataset_t *dataset = merge->dataset;
    if (dataset->block) {
        unite_labels(&dataset->block_labels, dataset->block, dataset->rows);
        merge->blocks = dataset->block_labels.count;
    }
    if (dataset->cluster_labels.count > 0) {
        unite_labels(&dataset->cluster_labels, dataset->cluster, dataset->rows);
        merge->clusters = dataset->cluster_labels.count;
    }
    uint32_t *order = pilot_row_order_by_codes(
        (pilot_ranked_codes_t){dataset->block, merge->blocks},
        (pilot_ranked_codes_t){dataset->cluster, merge->clusters}, dataset->rows);
    if (order)
        pilot_dataset_permute(dataset, order);
    free(order);
    merge->clusters = renumber(dataset->cluster, dataset->rows, merge->clusters);
}

pilot_dataset_t *pilot_merge_finish(pilot_merge_t *merge)
{
    pilot_dataset_t *dataset = merge->dataset;
    for (size_t i = 0; i < dataset->column_count; i++) {
        pilot_column_t *column = &dataset->column[i];
        if (column->code)
            unite_labels(&column->levels, column->code, dataset->rows);
    }
    if (merge->analysis->spec->across)
        unite_agencies(merge);
    if (dataset->block)
        forget_names(&dataset->block_labels, merge->blocks);
    if (dataset->cluster)
        forget_names(&dataset->cluster_labels, merge->clusters);
    merge->dataset = NULL;
    return dataset;
}
