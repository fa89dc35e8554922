/* meta_attributes.c - see meta_attributes.h. */
#include "meta_attributes.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "meta_mixed.h"
#include "pilot/memory.h"

bool meta_has_attribute(const pilot_attribute_t *attribute, size_t agency)
{
    if (!attribute->is_number)
        return attribute->level[agency] != NULL;
    return !(attribute->missing && attribute->missing[agency]) &&
           isfinite(attribute->number[agency]);
}

static int compare_texts(const void *first, const void *second)
{
    return strcmp(*(const char *const *)first, *(const char *const *)second);
}

meta_levels_t meta_levels(const pilot_attribute_t *attribute, const bool *takes_part,
                          size_t agencies)
{
    meta_levels_t levels = {.level = PILOT_NEW_ARRAY(const char *, agencies)};
    size_t all = 0;
    for (size_t i = 0; i < agencies; i++)
        if (takes_part[i])
            levels.level[all++] = attribute->level[i];
    if (all > 0)
        qsort(levels.level, all, sizeof *levels.level, compare_texts);
    for (size_t i = 0; i < all; i++) {
        if (levels.count == 0 || strcmp(levels.level[levels.count - 1], levels.level[i]) != 0)
            levels.level[levels.count++] = levels.level[i];
    }
    return levels;
}

static double place_of(const meta_levels_t *levels, const char *level)
{
    size_t low = 0, high = levels->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(levels->level[middle], level) <= 0)
            low = middle;
        else
            high = middle;
    }
    return (double)low;
}

/* [agency][attribute]: the number, or the level's place among levels. */
static double *encode(const pilot_attribute_t *attribute, size_t attributes,
                      const meta_levels_t *levels, const bool *takes_part, size_t agencies)
{
    double *code = PILOT_NEW_ARRAY(double, agencies *attributes);
    for (size_t i = 0; i < agencies; i++) {
        for (size_t a = 0; takes_part[i] && a < attributes; a++)
            code[i * attributes + a] = attribute[a].is_number
                                           ? attribute[a].number[i]
                                           : place_of(&levels[a], attribute[a].level[i]);
    }
    return code;
}

static void list_columns(const pilot_attribute_t *attribute, size_t attributes,
                         meta_attributes_t *ret)
{
    size_t most = 1;
    for (size_t a = 0; a < attributes; a++)
        most += attribute[a].is_number ? 1 : ret->levels[a].count;
    ret->column = PILOT_NEW_ARRAY(meta_column_t, most);
    ret->column[ret->columns++] = (meta_column_t){.attribute = SIZE_MAX, .scale = 1};
    for (size_t a = 0; a < attributes; a++) {
        if (attribute[a].is_number)
            ret->column[ret->columns++] = (meta_column_t){.attribute = a, .scale = 1};
        for (size_t l = 1; !attribute[a].is_number && l < ret->levels[a].count; l++)
            ret->column[ret->columns++] =
                (meta_column_t){.attribute = a, .level = ret->levels[a].level[l], .scale = 1};
    }
}

/* A number as it enters: of size 1 at most, about its mean.  Returns its length before that. */
static double fill_number(double *x, size_t k, meta_column_t *column)
{
    double largest = 0, squares = 0;
    for (size_t i = 0; i < k; i++)
        largest = fmax(largest, fabs(x[i]));
    column->scale = largest > 0 ? largest : 1;
    for (size_t i = 0; i < k; i++) {
        x[i] /= column->scale;
        squares += x[i] * x[i];
        column->centre += x[i] / (double)k;
    }
    for (size_t i = 0; i < k; i++)
        x[i] -= column->centre;
    return sqrt(squares);
}

/* Returns the length of the column as the rule for collinear ones sees it. */
static double fill_column(meta_attributes_t *ret, const double *code, size_t attributes,
                          meta_column_t *column, size_t level, double *x)
{
    size_t k = ret->data.k;
    for (size_t i = 0; i < k; i++) {
        const double *own = code + ret->data.place[i] * attributes;
        if (column->attribute == SIZE_MAX)
            x[i] = 1;
        else if (column->level)
            x[i] = own[column->attribute] == (double)level;
        else
            x[i] = own[column->attribute];
    }
    return column->attribute == SIZE_MAX || column->level ? 1 : fill_number(x, k, column);
}

static void fill_columns(meta_attributes_t *ret, const double *code, size_t attributes)
{
    size_t k = ret->data.k, level = 0;
    double *x = PILOT_NEW_ARRAY(double, ret->columns *k);
    double *length = PILOT_NEW_ARRAY(double, ret->columns);
    bool *kept = PILOT_NEW_ARRAY(bool, ret->columns);
    for (size_t j = 0; j < ret->columns; j++) {
        meta_column_t *column = &ret->column[j];
        level = j > 0 && column->attribute == column[-1].attribute ? level + 1 : 1;
        length[j] = fill_column(ret, code, attributes, column, level, x + j * k);
    }
    meta_mixed_choose(k, ret->columns, x, length, kept);
    for (size_t j = 0; j < ret->columns; j++) {
        ret->column[j].kept = kept[j];
        if (kept[j])
            memmove(x + ret->rank++ * k, x + j * k, k * sizeof *x);
    }
    ret->x = x;
    free(length);
    free(kept);
}

void meta_attributes_init(const pilot_number_t *estimate, const pilot_number_t *std_error,
                          size_t agencies, const pilot_attribute_t *attribute, size_t attributes,
                          meta_attributes_t *ret)
{
    PILOT_AUTOFREE bool *takes_part = PILOT_NEW_ARRAY(bool, agencies);
    PILOT_AUTOFREE pilot_number_t *kept = PILOT_NEW_ARRAY(pilot_number_t, agencies);
    PILOT_AUTOFREE double *code = NULL;
    *ret = (meta_attributes_t){.levels = PILOT_NEW_ARRAY(meta_levels_t, attributes)};
    for (size_t i = 0; i < agencies; i++) {
        if (!meta_takes_part(estimate[i], std_error[i]))
            continue;
        takes_part[i] = true;
        for (size_t a = 0; a < attributes; a++)
            takes_part[i] &= meta_has_attribute(&attribute[a], i);
        if (takes_part[i])
            kept[i] = estimate[i];
        else
            ret->left_out++;
    }
    for (size_t a = 0; a < attributes; a++)
        if (!attribute[a].is_number)
            ret->levels[a] = meta_levels(&attribute[a], takes_part, agencies);
    code = encode(attribute, attributes, ret->levels, takes_part, agencies);
    meta_gather(kept, std_error, agencies, code, attributes, &ret->data);
    list_columns(attribute, attributes, ret);
    if (ret->data.k > 0 && ret->columns <= META_MOST_COLUMNS)
        fill_columns(ret, code, attributes);
}

void meta_attributes_clear(meta_attributes_t *attributes, size_t count)
{
    for (size_t a = 0; a < count; a++)
        free(attributes->levels[a].level);
    free(attributes->levels);
    free(attributes->column);
    free(attributes->x);
    meta_data_clear(&attributes->data);
}
