/* What a plan asks for and this version does not compute, one line each, in the schema's order. */
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "pilot/estimators.h"
#include "pilot/memory.h"

static void append_estimators(const pilot_plan_t *plan, pilot_text_t *lines)
{
    for (size_t i = 0; i < plan->estimators.count; i++) {
        pilot_estimator_t estimator = pilot_estimator_from_name(plan->estimators.item[i]);
        if (!pilot_estimator_facts(estimator)->computed)
            pilot_text_appendf(lines,
                               "analysis.estimators: %s is not computed by this version; its rows "
                               "say not_in_this_version\n",
                               plan->estimators.item[i]);
    }
}

void pilot_plan_make_not_computed(pilot_draft_t *draft)
{
    pilot_text_t lines = PILOT_TEXT_INIT;
    for (size_t i = 0; i < pilot_schema_rows; i++) {
        if (strcmp(pilot_schema[i].path, "analysis.estimators") == 0)
            append_estimators(&draft->plan, &lines);
        if (!draft->asked[i])
            continue;
        char *label PILOT_AUTOFREE = pilot_schema_label(pilot_schema[i].path);
        pilot_text_appendf(&lines, "%s: %s\n", label, pilot_schema[i].later);
    }
    draft->plan.not_computed = pilot_text_take(&lines);
}

void pilot_plan_not_computed(const pilot_plan_t *plan, pilot_text_t *ret_lines)
{
    pilot_text_append(ret_lines, plan->not_computed);
}
