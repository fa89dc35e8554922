/* dataset.h - the rows of one submission as the estimators want them: columns of doubles with
 * presence bytes, codes ordered by their labels' bytes, rows sorted by (block label, cluster label,
 * unit id), each bytewise.  So equal data gives equal arrays, whatever the order of the file.
 * Immutable once built, hence shared by threads. */
#ifndef PILOT_WORKER_DATASET_H
#define PILOT_WORKER_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "dictionary.h"
#include "layout.h"
#include "pilot/database.h"
#include "pilot/error.h"
#include "pilot/frame.h"

/* A number has value and present (NULL: all present); a category has code and labels.  The
 * treatment received is a number; where the submission has arms in it, the plan's index of the arm.
 */
typedef struct pilot_column {
    double *value;
    uint8_t *present;
    uint32_t *code; /* PILOT_CATEGORY_MISSING where missing */
    pilot_dictionary_t levels;
    bool is_arm;
} pilot_column_t;

typedef struct pilot_dataset {
    uint64_t submission;
    size_t rows;
    uint16_t *arm;     /* index of the plan's arms */
    uint32_t *block;   /* NULL: no blocks */
    uint32_t *cluster; /* NULL: no clusters; codes in order of appearance in the sorted rows */
    double *weight;    /* NULL: none */
    pilot_dictionary_t block_labels, cluster_labels;
    pilot_column_t *column; /* layout's variables */
    size_t column_count;
    size_t bytes; /* memory that this dataset holds */
} pilot_dataset_t;

void pilot_dataset_free(pilot_dataset_t *dataset); /* NULL is fine */

/* Row i becomes what row order[i] was.  Columns that are not there stay so. */
void pilot_dataset_permute(pilot_dataset_t *dataset, const uint32_t *order);

typedef struct pilot_dataset_builder pilot_dataset_builder_t;

/* For exactly `rows` rows.  layout: borrowed until the builder is freed. */
pilot_dataset_builder_t *pilot_dataset_builder_new(const pilot_layout_t *layout,
                                                   uint64_t submission, size_t rows);
void pilot_dataset_builder_free(pilot_dataset_builder_t *builder); /* NULL is fine */

/* The next label of a dictionary column, in code order; columns that the layout lacks are ignored.
 */
void pilot_dataset_builder_label(pilot_dataset_builder_t *builder, const char *column,
                                 size_t column_length, const char *label, size_t label_length);

/* A pulled row: layout->fields fields, the first of which (the submission) is not looked at.
 * PILOT_E_DATA: more rows than promised, or a value of the wrong shape. */
pilot_status_t pilot_dataset_builder_row(pilot_dataset_builder_t *builder,
                                         const pilot_field_t *field, pilot_error_t *error);
size_t pilot_dataset_builder_rows(const pilot_dataset_builder_t *builder);

/* Rank the codes, sort the rows.  The caller frees *ret_dataset, and still the builder.
 * PILOT_E_DATA: too few rows, a code without a label, an arm that the plan lacks. */
pilot_status_t pilot_dataset_builder_finish(pilot_dataset_builder_t *builder,
                                            pilot_dataset_t **ret_dataset, pilot_error_t *error);

#endif
