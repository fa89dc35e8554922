/* A plan in the making: the public struct, and what is read on the way to it. */
#ifndef PILOT_PLAN_DRAFT_H
#define PILOT_PLAN_DRAFT_H

#include "document.h"
#include "pilot/plan.h"
#include "schema.h"

/* One entry of a mapping from names to numbers (arms.probabilities, analysis.smallest_effect). */
typedef struct pilot_named_number {
    char *name;
    double value;
} pilot_named_number_t;

typedef struct pilot_draft {
    pilot_plan_t plan;
    int64_t version;
    char *control;
    pilot_texts_t treatments;
    pilot_named_number_t *probabilities;
    size_t probability_count;
    pilot_named_number_t *smallest_effects;
    size_t smallest_effect_count;
    pilot_plan_covariate_t *subgroups; /* as written; only the name of known covariates */
    size_t subgroup_count;
    char *power_test;
    bool asked[PILOT_SCHEMA_MAX_ROWS]; /* row of the schema was asked for, and is not computed */
} pilot_draft_t;

/* Fill the draft from the document by the schema: keys, types, ranges. */
pilot_status_t pilot_draft_decode(pilot_draft_t *draft, pilot_document_t *document,
                                  pilot_error_t *error);
/* Put the pieces together, fill defaults in, and refuse contradictions. */
pilot_status_t pilot_draft_finish(pilot_draft_t *draft, pilot_document_t *document,
                                  pilot_error_t *error);
/* Frees what is not the plan's. */
void pilot_draft_clear(pilot_draft_t *draft);

/* Parts of pilot_draft_finish, one idea each. */
pilot_status_t pilot_check_arms(pilot_draft_t *draft, pilot_document_t *document,
                                pilot_error_t *error);
pilot_status_t pilot_check_outcomes(pilot_draft_t *draft, pilot_document_t *document,
                                    pilot_error_t *error);
pilot_status_t pilot_check_covariates(pilot_draft_t *draft, pilot_document_t *document,
                                      pilot_error_t *error);
pilot_status_t pilot_check_names(pilot_draft_t *draft, pilot_document_t *document,
                                 pilot_error_t *error);
pilot_status_t pilot_check_analysis(pilot_draft_t *draft, pilot_document_t *document,
                                    pilot_error_t *error);
pilot_status_t pilot_check_power(pilot_draft_t *draft, pilot_document_t *document,
                                 pilot_error_t *error);
pilot_status_t pilot_check_agencies(pilot_draft_t *draft, pilot_document_t *document,
                                    pilot_error_t *error);

pilot_status_t pilot_check_estimators(const pilot_plan_t *plan, pilot_document_t *document,
                                      yaml_node_t *analysis, pilot_error_t *error);

/* By its name; NULL: there is none. */
const pilot_plan_outcome_t *pilot_plan_find_outcome(const pilot_plan_t *plan, const char *name);

/* Fills plan->stored. */
void pilot_plan_make_columns(pilot_plan_t *plan);
/* Fills plan->not_computed. */
void pilot_plan_make_not_computed(pilot_draft_t *draft);

#endif
