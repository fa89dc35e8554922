/* Estimators that the rest of the plan has no use for. */
#include <string.h>

#include "draft.h"
#include "pilot/estimators.h"

/* Some outcome is of a type that it takes. */
static bool fits_a_type(const pilot_plan_t *plan, pilot_estimator_t estimator)
{
    for (size_t i = 0; i < plan->outcome_count; i++)
        if (pilot_estimator_takes(estimator, pilot_outcome_type_name(plan->outcomes[i].type)))
            return true;
    return false;
}

static bool has_an_event(const pilot_plan_t *plan)
{
    for (size_t i = 0; i < plan->outcome_count; i++)
        if (plan->outcomes[i].event)
            return true;
    return false;
}

/* " binary count " as people list it: "binary or count". */
static void list_types(const char *types, pilot_text_t *text)
{
    size_t left = 0;
    for (const char *c = types + 1; *c; c++)
        left += *c == ' ';
    for (const char *word = types + 1; *word;) {
        size_t length = strcspn(word, " ");
        pilot_text_append_bytes(text, word, length);
        left--;
        pilot_text_append(text, left > 1 ? ", " : left == 1 ? " or " : "");
        word += length + 1;
    }
}

static pilot_status_t check_one(const pilot_plan_t *plan, pilot_document_t *document,
                                yaml_node_t *item, const char *name, pilot_error_t *error)
{
    pilot_estimator_t estimator = pilot_estimator_from_name(name);
    const pilot_estimator_facts_t *facts = pilot_estimator_facts(estimator);
    if (!fits_a_type(plan, estimator)) {
        pilot_text_t types = PILOT_TEXT_INIT;
        list_types(facts->types, &types);
        pilot_status_t status =
            pilot_document_error(document, item, error,
                                 "analysis.estimators: %s needs an outcome of type %s, and the "
                                 "plan has none",
                                 name, types.data);
        pilot_text_clear(&types);
        return status;
    }
    if (facts->needs_event && !has_an_event(plan))
        return pilot_document_error(document, item, error,
                                    "analysis.estimators: %s needs a duration with an event column "
                                    "(outcomes.event)",
                                    name);
    if (facts->needs_received && !plan->columns.received)
        return pilot_document_error(document, item, error,
                                    "analysis.estimators: %s needs columns.received", name);
    return PILOT_OK;
}

pilot_status_t pilot_check_estimators(const pilot_plan_t *plan, pilot_document_t *document,
                                      yaml_node_t *analysis, pilot_error_t *error)
{
    yaml_node_t *list = pilot_document_get(document, analysis, "estimators");
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < plan->estimators.count && status == PILOT_OK; i++)
        status = check_one(plan, document, pilot_document_item(document, list, i),
                           plan->estimators.item[i], error);
    return status;
}
