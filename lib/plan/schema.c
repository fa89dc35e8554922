#include "schema.h"

#include <stddef.h>
#include <string.h>

#include "draft.h"
#include "pilot/memory.h"

/* Columns of the table: path, kind, then what the kind needs.  docs/plan.md tells the same in
 * sentences, and a test checks that it leaves out no key. */

#define KEY(path_, kind_) .path = (path_), .kind = PILOT_KIND_##kind_
#define REQUIRED .flags = PILOT_REQUIRED
#define DRAFT(field) .at = offsetof(pilot_draft_t, field)
#define PLAN(field) .at = offsetof(pilot_draft_t, plan.field)
#define OUTCOME(field) .at = offsetof(pilot_plan_outcome_t, field)
#define COVARIATE(field) .at = offsetof(pilot_plan_covariate_t, field)
#define AGENCY(field) .at = offsetof(pilot_plan_agency_t, field)
#define POWER(field) .at = offsetof(pilot_draft_t, plan.power.field)
#define POWER_NUMBER(field)                                                                        \
    POWER(field.value), .given = offsetof(pilot_draft_t, plan.power.field.given)
#define POWER_OUTCOME(field)                                                                       \
    .at = offsetof(pilot_plan_power_outcome_t, field.value),                                       \
    .given = offsetof(pilot_plan_power_outcome_t, field.given)
#define GIVEN(field) .given = offsetof(pilot_plan_outcome_t, field)
#define ELEMENTS(type, counter, limit) .element = sizeof(type), .count = counter, .most = (limit)
#define OF_DRAFT(field) offsetof(pilot_draft_t, field)
#define ONE_OF(names) .choices = (names)
#define RANGE(a, b) .low = (a), .high = (b)
#define LATER(text) .later = text " by this version"

#define DRAWS 10000000
#define SHARE RANGE(0, 1), .flags = PILOT_BELOW_HIGH
#define SHARE_WANTS .wants = "a share: at least 0, below 1"
#define ABOVE_0 RANGE(0, 1e300), .flags = PILOT_ABOVE_LOW, .wants = "a number above 0"

const pilot_schema_row_t pilot_schema[] = {
    {KEY("", MAPPING)},
    {KEY("version", WHOLE), REQUIRED, DRAFT(version), RANGE(1, 1),
     .wants = "1, the version of the plan format that this program reads"},
    {KEY("pilot", PILOT), REQUIRED, PLAN(pilot)},
    {KEY("title", TEXT), PLAN(title)},

    {KEY("columns", MAPPING), REQUIRED},
    {KEY("columns.unit", TEXT), PLAN(columns.unit)},
    {KEY("columns.agency", TEXT), PLAN(columns.agency)},
    {KEY("columns.arm", TEXT), REQUIRED, PLAN(columns.arm)},
    {KEY("columns.block", TEXT), PLAN(columns.block)},
    {KEY("columns.cluster", TEXT), PLAN(columns.cluster)},
    {KEY("columns.weight", TEXT), PLAN(columns.weight)},
    {KEY("columns.received", TEXT), PLAN(columns.received)},
    {KEY("columns.probability", TEXT), PLAN(columns.probability)},
    {KEY("columns.wave", TEXT), PLAN(columns.wave),
     LATER("waves are stored; analyses by wave are not computed")},

    {KEY("arms", MAPPING), REQUIRED},
    {KEY("arms.control", TEXT), REQUIRED, DRAFT(control),
     .wants = "one arm's label; a plan has one control"},
    {KEY("arms.treatments", TEXTS), REQUIRED, DRAFT(treatments), .most = 63},
    {KEY("arms.treatments[]", TEXT)},
    {KEY("arms.probabilities", ENTRIES), DRAFT(probabilities),
     ELEMENTS(pilot_named_number_t, OF_DRAFT(probability_count), 64)},
    {KEY("arms.probabilities.*", NUMBER), .at = offsetof(pilot_named_number_t, value), RANGE(0, 1),
     .flags = PILOT_ABOVE_LOW | PILOT_BELOW_HIGH, .wants = "a share between 0 and 1"},

    {KEY("outcomes", LIST), REQUIRED, PLAN(outcomes),
     ELEMENTS(pilot_plan_outcome_t, OF_DRAFT(plan.outcome_count), 256)},
    {KEY("outcomes[]", MAPPING), .wants = "a mapping {name: ..., type: ...}"},
    {KEY("outcomes[].name", NAME), REQUIRED, OUTCOME(name)},
    {KEY("outcomes[].type", CHOICE), REQUIRED, OUTCOME(type),
     ONE_OF("continuous|binary|count|ordinal|duration")},
    {KEY("outcomes[].role", CHOICE), OUTCOME(role), ONE_OF("primary|secondary")},
    {KEY("outcomes[].better", CHOICE), OUTCOME(better), ONE_OF("higher|lower")},
    {KEY("outcomes[].column", TEXT), OUTCOME(column)},
    {KEY("outcomes[].success", TEXTS), OUTCOME(success), .most = 1000},
    {KEY("outcomes[].success[]", TEXT)},
    {KEY("outcomes[].levels", TEXTS), OUTCOME(levels), .most = 1000},
    {KEY("outcomes[].levels[]", TEXT)},
    {KEY("outcomes[].event", TEXT), OUTCOME(event)},
    {KEY("outcomes[].horizon", NUMBER), OUTCOME(horizon), GIVEN(has_horizon), RANGE(0, 1e300),
     .flags = PILOT_ABOVE_LOW, .wants = "a number above 0"},
    {KEY("outcomes[].baseline", TEXT), OUTCOME(baseline)},
    {KEY("outcomes[].family", TEXT), OUTCOME(family),
     LATER("p-values are not adjusted for multiplicity")},
    {KEY("outcomes[].stands_for", TEXT), OUTCOME(stands_for)},

    {KEY("covariates", LIST), PLAN(covariates),
     ELEMENTS(pilot_plan_covariate_t, OF_DRAFT(plan.covariate_count), 256)},
    {KEY("covariates[]", MAPPING), .shorthand = "name"},
    {KEY("covariates[].name", NAME), REQUIRED, COVARIATE(name)},
    {KEY("covariates[].type", CHOICE), COVARIATE(type), ONE_OF("continuous|binary|categorical")},
    {KEY("covariates[].column", TEXT), COVARIATE(column)},

    {KEY("subgroups", LIST), DRAFT(subgroups),
     ELEMENTS(pilot_plan_covariate_t, OF_DRAFT(subgroup_count), 64)},
    {KEY("subgroups[]", MAPPING), .shorthand = "name"},
    {KEY("subgroups[].name", NAME), REQUIRED, COVARIATE(name)},
    {KEY("subgroups[].type", CHOICE), COVARIATE(type), ONE_OF("binary|categorical"),
     .first = PILOT_COVARIATE_BINARY},
    {KEY("subgroups[].column", TEXT), COVARIATE(column)},

    {KEY("analysis", MAPPING)},
    {KEY("analysis.level", CHOICE), PLAN(level), ONE_OF("agency|across")},
    {KEY("analysis.estimators", TEXTS), PLAN(estimators), .flags = PILOT_OR_AUTO,
     .given = offsetof(pilot_draft_t, plan.estimators_auto), .most = 32},
    {KEY("analysis.estimators[]", WORD),
     ONE_OF("difference_in_means|ols|lin|iv|horvitz_thompson|hajek|risk_ratio|odds_ratio|"
            "rate_ratio|quantile|rank|variance_ratio|rmst|log_rank|lee_bounds")},
    {KEY("analysis.std_error", WORD), PLAN(std_error),
     ONE_OF("auto|classical|HC0|HC1|HC2|HC3|CR0|CR1|CR2|CR3")},
    {KEY("analysis.confidence", NUMBER), PLAN(confidence), RANGE(0, 1),
     .flags = PILOT_ABOVE_LOW | PILOT_BELOW_HIGH,
     .wants = "a number between 0 and 1 (0.95 means 95 %)"},
    {KEY("analysis.covariates_missing", CHOICE), PLAN(covariates_missing), ONE_OF("impute|drop")},
    {KEY("analysis.randomization_draws", WHOLE), PLAN(randomization_draws), RANGE(0, DRAWS),
     LATER("randomization inference is not computed"), .unless = "0"},
    {KEY("analysis.bootstrap_draws", WHOLE), PLAN(bootstrap_draws), RANGE(0, DRAWS)},
    {KEY("analysis.multiplicity", WORD), PLAN(multiplicity),
     ONE_OF("none|bonferroni|holm|hochberg|bh|by|sharpened_q|westfall_young|romano_wolf"),
     LATER("p-values are not adjusted for multiplicity"), .unless = "none"},
    {KEY("analysis.smallest_effect", ENTRIES), DRAFT(smallest_effects),
     ELEMENTS(pilot_named_number_t, OF_DRAFT(smallest_effect_count), 256)},
    {KEY("analysis.smallest_effect.*", NUMBER), .at = offsetof(pilot_named_number_t, value),
     RANGE(0, 1e300), .flags = PILOT_ABOVE_LOW, .wants = "a number above 0"},

    {KEY("comparison", MAPPING)},
    {KEY("comparison.method", WORD), PLAN(comparison_method), ONE_OF("fixed|dl|pm|reml")},
    {KEY("comparison.test", WORD), PLAN(comparison_test), ONE_OF("z|knha|adhoc")},
    {KEY("comparison.prediction_df", WORD), PLAN(prediction_df), ONE_OF("k-2|k-1")},
    {KEY("comparison.by", TEXTS), PLAN(comparison_by), .most = 64},
    {KEY("comparison.by[]", TEXT)},

    {KEY("disclosure", MAPPING)},
    {KEY("disclosure.minimum_count", WHOLE), PLAN(minimum_count), RANGE(1, 1000)},
    {KEY("disclosure.round_to", WHOLE), PLAN(round_to), RANGE(1, 1000)},

    {KEY("agencies", LIST), PLAN(agencies),
     ELEMENTS(pilot_plan_agency_t, OF_DRAFT(plan.agency_count), 100000)},
    {KEY("agencies[]", MAPPING), .shorthand = "name"},
    {KEY("agencies[].name", TEXT), REQUIRED, AGENCY(name)},
    {KEY("agencies[].id", TEXT), AGENCY(id)},
    {KEY("agencies[].attributes", ENTRIES), AGENCY(attributes),
     ELEMENTS(pilot_plan_attribute_t, offsetof(pilot_plan_agency_t, attribute_count), 256)},
    {KEY("agencies[].attributes.*", TEXT), .at = offsetof(pilot_plan_attribute_t, value)},

    {KEY("unit_ids", CHOICE), PLAN(unit_ids), ONE_OF("plain|hmac"), .first = PILOT_UNIT_IDS_PLAIN},
    {KEY("missing", TEXTS), PLAN(missing), .most = 64},
    {KEY("missing[]", ANY_TEXT)},
    {KEY("assignment", MAPPING)},
    {KEY("assignment.seed", SEED), PLAN(assignment_seed),
     .given = offsetof(pilot_draft_t, plan.has_assignment_seed)},
    {KEY("assignment.unregistered", CHOICE), PLAN(unregistered), ONE_OF("accept|reject")},

    {KEY("power", MAPPING)},
    {KEY("power.units", WHOLE), POWER(units), RANGE(1, 1e12)},
    {KEY("power.agencies", WHOLE), POWER(agencies), RANGE(1, 1e6)},
    {KEY("power.clusters", WHOLE), POWER(clusters), RANGE(1, 1e9)},
    {KEY("power.cluster_size", NUMBER), POWER_NUMBER(cluster_size), RANGE(1, 1e9),
     .wants = "a number of at least 1, the units in a cluster"},
    {KEY("power.cluster_size_cv", NUMBER), POWER_NUMBER(cluster_size_cv), RANGE(0, 10),
     .wants = "a number between 0 and 10: the sizes' standard deviation over their mean"},
    {KEY("power.icc", NUMBER), POWER_NUMBER(icc), SHARE, SHARE_WANTS},
    {KEY("power.blocks", WHOLE), POWER(blocks), RANGE(1, 1e9)},
    {KEY("power.block_size", WHOLE), POWER(block_size), RANGE(2, 1e9)},
    {KEY("power.r2_block", NUMBER), POWER_NUMBER(r2_block), SHARE, SHARE_WANTS},
    {KEY("power.r2", NUMBER), POWER_NUMBER(r2), SHARE, SHARE_WANTS},
    {KEY("power.r2_cluster", NUMBER), POWER_NUMBER(r2_cluster), SHARE, SHARE_WANTS},
    {KEY("power.covariates", WHOLE), POWER(covariates), RANGE(0, 1e6),
     .given = offsetof(pilot_draft_t, plan.power.has_covariates)},
    {KEY("power.cluster_covariates", WHOLE), POWER(cluster_covariates), RANGE(0, 1e6),
     .given = offsetof(pilot_draft_t, plan.power.has_cluster_covariates)},
    {KEY("power.attrition", NUMBER), POWER_NUMBER(attrition), SHARE, SHARE_WANTS},
    {KEY("power.power", NUMBER), POWER_NUMBER(power), RANGE(0, 1),
     .flags = PILOT_ABOVE_LOW | PILOT_BELOW_HIGH,
     .wants = "a number between 0 and 1 (0.8 means 80 %)"},
    {KEY("power.test", WORD), DRAFT(power_test), ONE_OF("estimator|textbook")},
    {KEY("power.simulations", WHOLE), POWER(simulations), RANGE(0, DRAWS)},
    {KEY("power.outcomes", ENTRIES), POWER(outcomes),
     ELEMENTS(pilot_plan_power_outcome_t, OF_DRAFT(plan.power.outcome_count), 256)},
    {KEY("power.outcomes.*", MAPPING)},
    {KEY("power.outcomes.*.sd", NUMBER), POWER_OUTCOME(sd), ABOVE_0},
    {KEY("power.outcomes.*.mean", NUMBER), POWER_OUTCOME(mean), RANGE(-1e300, 1e300),
     .wants = "a number"},
    {KEY("power.outcomes.*.effect", NUMBER), POWER_OUTCOME(effect), ABOVE_0},
    {KEY("power.outcomes.*.effect_sd", NUMBER), POWER_OUTCOME(effect_sd), RANGE(0, 1e300),
     .wants = "a number of at least 0"},
    {KEY("power.outcomes.*.icc", NUMBER), POWER_OUTCOME(icc), SHARE, SHARE_WANTS},
    {KEY("power.outcomes.*.r2", NUMBER), POWER_OUTCOME(r2), SHARE, SHARE_WANTS},
    {KEY("power.outcomes.*.r2_cluster", NUMBER), POWER_OUTCOME(r2_cluster), SHARE, SHARE_WANTS},
    {KEY("power.outcomes.*.attrition", NUMBER), POWER_OUTCOME(attrition), SHARE, SHARE_WANTS},

    {KEY("seed", SEED), PLAN(seed), .given = offsetof(pilot_draft_t, plan.has_seed)},
};

const size_t pilot_schema_rows = sizeof pilot_schema / sizeof *pilot_schema;
_Static_assert(sizeof pilot_schema / sizeof *pilot_schema <= PILOT_SCHEMA_MAX_ROWS,
               "a bit for each row in pilot_draft_t.asked");

const pilot_schema_row_t *pilot_schema_find(const char *path, const char *suffix)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < pilot_schema_rows; i++)
        if (strncmp(pilot_schema[i].path, path, length) == 0 &&
            strcmp(pilot_schema[i].path + length, suffix) == 0)
            return &pilot_schema[i];
    return NULL;
}

bool pilot_schema_is_child(const char *path, const pilot_schema_row_t *row, const char **ret_key)
{
    size_t length = strlen(path);
    if (strncmp(row->path, path, length) != 0)
        return false;
    const char *rest = row->path + length;
    if (length > 0 && *rest++ != '.')
        return false;
    if (!*rest || strpbrk(rest, ".[*"))
        return false;
    *ret_key = rest;
    return true;
}

char *pilot_schema_label(const char *path)
{
    char *label = pilot_alloc(strlen(path) + 1, 1), *to = label;
    for (const char *c = path; *c; c++)
        if (*c != '[' && *c != ']' && *c != '*' && !(*c == '.' && c[1] == '*'))
            *to++ = *c;
    return label;
}
