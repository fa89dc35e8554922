/* Which columns of outcomes.<pilot> a plan fills, and how a CSV field becomes a value there. */
#include <stdlib.h>

#include "draft.h"
#include "pilot/memory.h"

static void add(pilot_plan_t *plan, char *name, const char *header, pilot_value_kind_t kind,
                const pilot_plan_outcome_t *outcome)
{
    plan->stored[plan->stored_count++] =
        (pilot_stored_column_t){.name = name, .header = header, .kind = kind, .outcome = outcome};
}

static pilot_value_kind_t outcome_kind(const pilot_plan_outcome_t *outcome)
{
    switch (outcome->type) {
    case PILOT_OUTCOME_BINARY:
        return outcome->success.count > 0 ? PILOT_VALUE_SUCCESS : PILOT_VALUE_BINARY;
    case PILOT_OUTCOME_COUNT:
        return PILOT_VALUE_COUNT;
    case PILOT_OUTCOME_ORDINAL:
        return PILOT_VALUE_LEVEL;
    case PILOT_OUTCOME_DURATION:
        return PILOT_VALUE_DURATION;
    case PILOT_OUTCOME_CONTINUOUS:
        break;
    }
    return PILOT_VALUE_NUMBER;
}

static void add_outcome(pilot_plan_t *plan, const pilot_plan_outcome_t *outcome)
{
    pilot_value_kind_t kind = outcome_kind(outcome);
    bool by_text = kind == PILOT_VALUE_SUCCESS || kind == PILOT_VALUE_LEVEL;
    const pilot_plan_outcome_t *rules = by_text ? outcome : NULL;
    add(plan, pilot_strdup(outcome->name), outcome->column, kind, rules);
    if (outcome->event)
        add(plan, pilot_format("%s_event", outcome->name), outcome->event, PILOT_VALUE_BINARY,
            NULL);
    /* the baseline is the same measure, taken earlier */
    if (outcome->baseline)
        add(plan, pilot_format("%s_baseline", outcome->name), outcome->baseline, kind, rules);
}

static pilot_value_kind_t covariate_kind(const pilot_plan_covariate_t *covariate)
{
    switch (covariate->type) {
    case PILOT_COVARIATE_BINARY:
        return PILOT_VALUE_BINARY;
    case PILOT_COVARIATE_CATEGORICAL:
        return PILOT_VALUE_CATEGORY;
    case PILOT_COVARIATE_CONTINUOUS:
        break;
    }
    return PILOT_VALUE_NUMBER;
}

void pilot_plan_make_columns(pilot_plan_t *plan)
{
    const pilot_plan_columns_t *c = &plan->columns;
    const struct {
        const char *name, *header;
        pilot_value_kind_t kind;
    } optional[] = {{"pilot_block", c->block, PILOT_VALUE_CODE},
                    {"pilot_cluster", c->cluster, PILOT_VALUE_CODE},
                    {"pilot_weight", c->weight, PILOT_VALUE_WEIGHT},
                    {"pilot_received", c->received, PILOT_VALUE_RECEIVED},
                    {"pilot_probability", c->probability, PILOT_VALUE_SHARE},
                    {"pilot_wave", c->wave, PILOT_VALUE_CODE}};
    size_t most =
        2 + sizeof optional / sizeof *optional + 3 * plan->outcome_count + plan->covariate_count;
    plan->stored = PILOT_NEW_ARRAY(pilot_stored_column_t, most);
    add(plan, pilot_strdup("pilot_unit"), c->unit, PILOT_VALUE_UNIT, NULL);
    add(plan, pilot_strdup("pilot_arm"), c->arm, PILOT_VALUE_ARM, NULL);
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        if (optional[i].header)
            add(plan, pilot_strdup(optional[i].name), optional[i].header, optional[i].kind, NULL);
    for (size_t i = 0; i < plan->outcome_count; i++)
        add_outcome(plan, &plan->outcomes[i]);
    for (size_t i = 0; i < plan->covariate_count; i++)
        add(plan, pilot_strdup(plan->covariates[i].name), plan->covariates[i].column,
            covariate_kind(&plan->covariates[i]), NULL);
}

const pilot_stored_column_t *pilot_plan_stored_columns(const pilot_plan_t *plan, size_t *ret_count)
{
    *ret_count = plan->stored_count;
    return plan->stored;
}
