/* worker_made_data.h - datasets made by hand for the worker's unit tests: rows in the network form
 * in which they come from PostgreSQL. */
#ifndef PILOT_WORKER_MADE_DATA_H
#define PILOT_WORKER_MADE_DATA_H

#include <string.h>

#include "../../worker/dataset.h"
#include "../../worker/layout.h"

enum { MADE_FIELDS = 16 };

typedef struct made_row {
    unsigned char bytes[MADE_FIELDS][8];
    pilot_field_t field[MADE_FIELDS];
    int fields;
} made_row_t;

static inline void made_begin(made_row_t *row)
{
    static const unsigned char submission[8];
    row->fields = 0;
    row->field[row->fields++] = (pilot_field_t){submission, 8};
}

static inline void made_text(made_row_t *row, const char *text)
{
    row->field[row->fields++] =
        (pilot_field_t){(const unsigned char *)text, (uint32_t)strlen(text)};
}

static inline void made_code(made_row_t *row, int32_t code)
{
    uint32_t network = __builtin_bswap32((uint32_t)code);
    memcpy(row->bytes[row->fields], &network, sizeof network);
    row->field[row->fields] = (pilot_field_t){row->bytes[row->fields], 4};
    row->fields++;
}

static inline void made_number(made_row_t *row, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = __builtin_bswap64(bits);
    memcpy(row->bytes[row->fields], &bits, sizeof bits);
    row->field[row->fields] = (pilot_field_t){row->bytes[row->fields], 8};
    row->fields++;
}

static inline void made_null(made_row_t *row)
{
    row->field[row->fields++] = (pilot_field_t){0};
}

static inline void made_label(pilot_dataset_builder_t *builder, const char *column,
                              const char *label)
{
    pilot_dataset_builder_label(builder, column, strlen(column), label, strlen(label));
}

/* ---- a Spec on the caller's stack
 * ---------------------------------------------------------------- */

typedef struct made_spec {
    Pilot__Spec spec;
    Pilot__Arm arm[3], *arms[3];
    Pilot__Outcome outcome[2], *outcomes[2];
    Pilot__Covariate covariate[2], *covariates[2];
    uint32_t subgroup[1];
    char *estimator[4];
} made_spec_t;

/* Control "c", treatments "a" and "b"; outcomes y and z; covariates x (number) and g (category). */
static inline void made_spec_init(made_spec_t *made)
{
    static const char *const labels[] = {"c", "a", "b"};
    pilot__spec__init(&made->spec);
    made->spec.pilot = (char *)"made";
    made->spec.std_error = (char *)"auto";
    made->spec.confidence = 0.95;
    made->spec.impute = true;
    made->spec.comparison_method = (char *)"reml";
    made->spec.comparison_test = (char *)"knha";
    made->spec.prediction_df = (char *)"k-2";
    for (int i = 0; i < 3; i++) {
        pilot__arm__init(&made->arm[i]);
        made->arm[i].label = (char *)labels[i];
        made->arms[i] = &made->arm[i];
    }
    for (int i = 0; i < 2; i++) {
        pilot__outcome__init(&made->outcome[i]);
        made->outcome[i].name = (char *)(i ? "z" : "y");
        made->outcome[i].type = (char *)"continuous";
        made->outcomes[i] = &made->outcome[i];
        pilot__covariate__init(&made->covariate[i]);
        made->covariate[i].name = (char *)(i ? "g" : "x");
        made->covariate[i].kind = i ? PILOT__VARIABLE_KIND__CATEGORY : PILOT__VARIABLE_KIND__NUMBER;
        made->covariates[i] = &made->covariate[i];
    }
    made->spec.arm = made->arms;
    made->spec.n_arm = 3;
    made->spec.outcome = made->outcomes;
    made->spec.n_outcome = 2;
    made->spec.covariate = made->covariates;
    made->spec.n_covariate = 2;
    made->estimator[0] = (char *)"difference_in_means";
    made->estimator[1] = (char *)"ols";
    made->estimator[2] = (char *)"lin";
    made->spec.estimator = made->estimator;
    made->spec.n_estimator = 2;
}

#endif
