/* meta_attributes.h - the agencies of a meta-regression and the columns that their attributes are.
 */
#ifndef PILOT_STAT_META_ATTRIBUTES_H
#define PILOT_STAT_META_ATTRIBUTES_H

#include "meta_data.h"
#include "pilot/meta_regression.h"

/* A bound on the work, not on statistics. */
#define META_MOST_COLUMNS 64

/* Levels of one attribute, by bytes; borrowed texts. */
typedef struct meta_levels {
    const char **level;
    size_t count;
} meta_levels_t;

typedef struct meta_column {
    size_t attribute;     /* SIZE_MAX: the intercept */
    const char *level;    /* NULL: none */
    double centre, scale; /* the column is number / scale - centre */
    bool kept;
} meta_column_t;

typedef struct meta_attributes {
    meta_data_t data;      /* agencies with an estimate and all attributes */
    size_t left_out;       /* with an estimate, without some attribute */
    meta_levels_t *levels; /* one an attribute; of texts */
    meta_column_t *column; /* the intercept first, then in the order of the attributes */
    size_t columns;
    size_t rank; /* columns kept; 0 when there are too many to look at */
    double *x;   /* the kept ones: data.k numbers each */
} meta_attributes_t;

/* Has agency i this attribute? */
bool meta_has_attribute(const pilot_attribute_t *attribute, size_t agency);

/* Levels among the agencies for which `takes_part`; free level. */
meta_levels_t meta_levels(const pilot_attribute_t *attribute, const bool *takes_part,
                          size_t agencies);

void meta_attributes_init(const pilot_number_t *estimate, const pilot_number_t *std_error,
                          size_t agencies, const pilot_attribute_t *attribute, size_t attributes,
                          meta_attributes_t *ret);
void meta_attributes_clear(meta_attributes_t *attributes, size_t count);

#endif
