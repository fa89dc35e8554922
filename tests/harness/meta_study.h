/* meta_study.h - agencies with attributes, and the rows of their meta-regression by what they are
 * of.  For tests of the statistics library. */
#ifndef PILOT_TEST_META_STUDY_H
#define PILOT_TEST_META_STUDY_H

#include <string.h>

#include "pilot/meta_regression.h"

#define MOST 400

typedef struct study {
    pilot_number_t estimate[MOST], std_error[MOST];
    double number[2][MOST];
    bool missing[2][MOST];
    const char *level[2][MOST];
    size_t agencies, attributes;
    pilot_attribute_t attribute[4];
} study_t;

static inline pilot_meta_options_t options_of(pilot_meta_method_t method, pilot_meta_test_t test)
{
    return (pilot_meta_options_t){.confidence = 0.95, .method = method, .test = test};
}

/* Attributes that no agency has are none of the model's. */
static inline void list_attributes(study_t *study)
{
    static const char *const name[] = {"number1", "number2", "text1", "text2"};
    study->attributes = 0;
    for (size_t a = 0; a < 4; a++) {
        size_t has = 0;
        for (size_t i = 0; i < study->agencies; i++)
            has += a < 2 ? !study->missing[a][i] : study->level[a - 2][i] != NULL;
        if (has == 0)
            continue;
        study->attribute[study->attributes++] =
            (pilot_attribute_t){.name = name[a],
                                .is_number = a < 2,
                                .number = a < 2 ? study->number[a] : NULL,
                                .missing = a < 2 ? study->missing[a] : NULL,
                                .level = a < 2 ? NULL : study->level[a - 2]};
    }
}

static inline const char *or_empty(const char *text)
{
    return text ? text : "";
}

static inline const pilot_moderator_t *find(const pilot_moderator_t *row, size_t rows,
                                            const char *kind, const char *attribute,
                                            const char *level)
{
    for (size_t i = 0; i < rows; i++)
        if (strcmp(pilot_moderator_kind_name(row[i].kind), kind) == 0 &&
            strcmp(or_empty(row[i].attribute), attribute) == 0 &&
            strcmp(or_empty(row[i].level), level) == 0)
            return &row[i];
    return NULL;
}

#endif
