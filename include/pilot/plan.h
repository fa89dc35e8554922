/* pilot/plan.h - the pre-analysis plan: YAML in, a checked struct, canonical JSON and its hash.
 *
 * Every key of the format parses and validates; unknown or duplicate keys, aliases, second
 * documents, NUL, wrong types, unknown names and contradictions are PILOT_E_PLAN with
 * "file:line:column: what is wrong; what to do".  Scalars are text as written; only plain `null`
 * or `~` is absent (NULL in the struct). */
#ifndef PILOT_PLAN_H
#define PILOT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/error.h"
#include "pilot/hash.h"
#include "pilot/text.h"

#define PILOT_PLAN_MAX_BYTES (4u << 20)
#define PILOT_NAME_BYTES 63 /* outcome and covariate names: PostgreSQL identifiers */

typedef enum pilot_level { PILOT_LEVEL_AGENCY, PILOT_LEVEL_ACROSS } pilot_level_t;

typedef enum pilot_outcome_type {
    PILOT_OUTCOME_CONTINUOUS,
    PILOT_OUTCOME_BINARY,
    PILOT_OUTCOME_COUNT,
    PILOT_OUTCOME_ORDINAL,
    PILOT_OUTCOME_DURATION
} pilot_outcome_type_t;

/* "continuous", ... */
const char *pilot_outcome_type_name(pilot_outcome_type_t type);

typedef enum pilot_role { PILOT_ROLE_PRIMARY, PILOT_ROLE_SECONDARY } pilot_role_t;
typedef enum pilot_better { PILOT_BETTER_HIGHER, PILOT_BETTER_LOWER } pilot_better_t;

typedef enum pilot_covariate_type {
    PILOT_COVARIATE_CONTINUOUS,
    PILOT_COVARIATE_BINARY,
    PILOT_COVARIATE_CATEGORICAL
} pilot_covariate_type_t;

typedef enum pilot_missing_rule { PILOT_MISSING_IMPUTE, PILOT_MISSING_DROP } pilot_missing_rule_t;
typedef enum pilot_unit_ids {
    PILOT_UNIT_IDS_DEFAULT,
    PILOT_UNIT_IDS_PLAIN,
    PILOT_UNIT_IDS_HMAC
} pilot_unit_ids_t;

/* Data of an agency whose assignment is not registered. */
typedef enum pilot_unregistered {
    PILOT_UNREGISTERED_ACCEPT,
    PILOT_UNREGISTERED_REJECT
} pilot_unregistered_t;

typedef struct pilot_texts {
    char **item;
    size_t count;
} pilot_texts_t;

/* CSV headers; NULL = not given. */
typedef struct pilot_plan_columns {
    char *unit, *agency, *arm, *block, *cluster, *weight, *received, *probability, *wave;
} pilot_plan_columns_t;

typedef struct pilot_plan_arm {
    char *label;
    bool has_probability;
    double probability;
} pilot_plan_arm_t;

typedef struct pilot_plan_outcome {
    char *name;
    char *column; /* CSV header; never NULL */
    pilot_outcome_type_t type;
    pilot_role_t role;
    pilot_better_t better;
    pilot_texts_t success; /* binary from text: labels that count as 1 */
    pilot_texts_t levels;  /* ordinal: labels in order, stored as 0, 1, 2 ... */
    char *event;           /* duration: CSV header of the 0/1 event indicator */
    bool has_horizon;
    double horizon;
    char *baseline; /* CSV header, or NULL */
    char *family;
    char *stands_for; /* the name of another outcome */
    bool has_smallest_effect;
    double smallest_effect;
} pilot_plan_outcome_t;

typedef struct pilot_plan_covariate {
    char *name;
    char *column; /* CSV header; never NULL */
    pilot_covariate_type_t type;
    bool subgroup_only; /* named in `subgroups` and not in `covariates` */
} pilot_plan_covariate_t;

typedef struct pilot_plan_attribute {
    char *name, *value;
} pilot_plan_attribute_t;

typedef struct pilot_plan_agency {
    char *name;
    char *id; /* or NULL */
    pilot_plan_attribute_t *attributes;
    size_t attribute_count;
} pilot_plan_agency_t;

/* The section `power`: what is assumed of a pilot that has not begun.  NULL, 0 or not given: see
 * docs/plan.md for what then holds. */
typedef struct pilot_plan_number {
    double value;
    bool given;
} pilot_plan_number_t;

typedef struct pilot_plan_power_outcome {
    char *name;
    pilot_plan_number_t sd, mean, effect, effect_sd;
    pilot_plan_number_t icc, r2, r2_cluster, attrition; /* instead of the section's */
} pilot_plan_power_outcome_t;

typedef struct pilot_plan_power {
    int64_t units, agencies, clusters, blocks, block_size; /* of the whole pilot; 0: not given */
    pilot_plan_number_t cluster_size, cluster_size_cv, icc;
    pilot_plan_number_t r2, r2_cluster, r2_block;
    int64_t covariates, cluster_covariates;
    bool has_covariates, has_cluster_covariates;
    pilot_plan_number_t attrition, power;
    bool textbook;
    int64_t simulations;
    pilot_plan_power_outcome_t *outcomes;
    size_t outcome_count;
} pilot_plan_power_t;

typedef struct pilot_stored_column pilot_stored_column_t;

typedef struct pilot_plan {
    char *pilot;
    char *title; /* or NULL */
    pilot_plan_columns_t columns;

    pilot_plan_arm_t *arms; /* arms[0] is the control; then the treatments in plan order */
    size_t arm_count;

    pilot_plan_outcome_t *outcomes;
    size_t outcome_count;
    pilot_plan_covariate_t *covariates; /* in plan order; subgroup-only ones last */
    size_t covariate_count;
    size_t *subgroups; /* indices into covariates, in plan order */
    size_t subgroup_count;

    pilot_level_t level;
    bool estimators_auto;
    pilot_texts_t estimators; /* names of STATISTICS section 2; empty when auto */
    char *std_error;          /* "auto", "HC2", ... */
    double confidence;
    pilot_missing_rule_t covariates_missing;
    int64_t randomization_draws;
    int64_t bootstrap_draws;
    char *multiplicity;

    char *comparison_method; /* fixed dl pm reml */
    char *comparison_test;   /* z knha adhoc */
    char *prediction_df;     /* "k-2" | "k-1" */
    pilot_texts_t comparison_by;

    int64_t minimum_count;
    int64_t round_to;
    pilot_plan_agency_t *agencies;
    size_t agency_count;
    pilot_unit_ids_t unit_ids;
    pilot_texts_t missing;    /* default: "" and NA */
    uint64_t assignment_seed; /* the plan's seed, unless it has one for the assignment */
    pilot_unregistered_t unregistered;
    uint64_t seed;
    bool has_seed, has_assignment_seed; /* written in the plan */
    pilot_plan_power_t power;

    pilot_stored_column_t *stored; /* see pilot_plan_stored_columns */
    size_t stored_count;

    char *source; /* the text as written */
    char *json;   /* canonical JSON (RFC 8785) of the plan as written, no defaults */
    char sha256[PILOT_SHA256_HEX_SIZE];

    /* the module's own */
    char *not_computed;       /* see pilot_plan_not_computed */
    uint64_t missing_lengths; /* bit min(n, 63): a text of `missing` has n bytes */
} pilot_plan_t;

/* Parse and check `length` bytes of YAML.  `file` is for messages only.  Caller frees *ret_plan
 * with pilot_plan_free; on failure *ret_plan is untouched. */
pilot_status_t pilot_plan_parse(const char *source, size_t length, const char *file,
                                pilot_plan_t **ret_plan, pilot_error_t *error);

/* Read the file and parse it ("-" is standard input). */
pilot_status_t pilot_plan_read(const char *path, pilot_plan_t **ret_plan, pilot_error_t *error);

void pilot_plan_free(pilot_plan_t *plan); /* NULL is fine */

/* How a CSV field becomes a stored value. */
typedef enum pilot_value_kind {
    PILOT_VALUE_UNIT,     /* text, required, unique within an agency */
    PILOT_VALUE_AGENCY,   /* not stored: it picks the submission */
    PILOT_VALUE_ARM,      /* plan arm label -> dictionary code */
    PILOT_VALUE_CODE,     /* any text -> dictionary code, required (block, cluster) */
    PILOT_VALUE_CATEGORY, /* any text -> dictionary code, may be missing (categorical covariate) */
    PILOT_VALUE_NUMBER,   /* float8, may be missing */
    PILOT_VALUE_WEIGHT,   /* float8 >= 0, may not be missing */
    PILOT_VALUE_SHARE,    /* float8 in (0, 1], may not be missing (probability) */
    PILOT_VALUE_BINARY,   /* 0 or 1 */
    PILOT_VALUE_SUCCESS,  /* 1 if one of outcome->success, else 0; may be missing */
    PILOT_VALUE_LEVEL,    /* index in outcome->levels */
    PILOT_VALUE_COUNT,    /* whole number >= 0 */
    PILOT_VALUE_DURATION, /* float8 >= 0 */
    PILOT_VALUE_RECEIVED  /* a number, or an arm label; the first value decides for a submission */
} pilot_value_kind_t;

/* One column that the plan needs of a CSV, and where its value goes. */
struct pilot_stored_column {
    char *name; /* SQL column: pilot_unit, pilot_arm, ..., or the outcome's or covariate's */
    const char *header; /* CSV header; NULL: not in the file (unit: the row number) */
    pilot_value_kind_t kind;
    const pilot_plan_outcome_t *outcome; /* SUCCESS and LEVEL; else NULL */
};

/* The columns of outcomes.<pilot> that this plan fills, in table order: pilot_unit, pilot_arm,
 * then block, cluster, weight, received, probability, wave where the plan has them; then outcomes
 * (each followed by <name>_event and <name>_baseline where it has them), then covariates
 * (subgroup-only ones too).  Two entries may share a header.  The agency column is not among them.
 * The array is the plan's own and lives as long as it. */
const pilot_stored_column_t *pilot_plan_stored_columns(const pilot_plan_t *plan, size_t *ret_count);

/* Index of an arm label in plan->arms, or -1. */
int pilot_plan_arm_index(const pilot_plan_t *plan, const char *label, size_t length);

/* An agency's attribute, or NULL; does any listed agency have it; does everyone that has it have a
 * number? */
const char *pilot_plan_attribute(const pilot_plan_agency_t *agency, const char *name);
bool pilot_plan_has_attribute(const pilot_plan_t *plan, const char *name);
bool pilot_plan_attribute_is_number(const pilot_plan_t *plan, const char *name);

/* Is this field's text one of plan->missing? */
bool pilot_plan_is_missing(const pilot_plan_t *plan, const char *text, size_t length);

/* One line for each thing the plan asks for that this version does not compute (estimators,
 * randomization_draws, ...): "analysis.randomization_draws: randomization inference is not computed
 * by this version".  Appends lines with '\n'; nothing when all is computed. */
void pilot_plan_not_computed(const pilot_plan_t *plan, pilot_text_t *ret_lines);

#endif
