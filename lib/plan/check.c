/* Contradictions within a plan, and how its pieces come together. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "pilot/memory.h"
#include "pilot/suggest.h"

static yaml_node_t *section(pilot_document_t *document, const char *key)
{
    return pilot_document_get(document, pilot_document_root(document), key);
}

static bool contains(const pilot_texts_t *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->item[i], text) == 0)
            return true;
    return false;
}

/* ---- arms ------------------------------------------------------------------------------------ */

static pilot_status_t check_probabilities(pilot_draft_t *draft, pilot_document_t *document,
                                          yaml_node_t *arms, pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    yaml_node_t *node = pilot_document_get(document, arms, "probabilities");
    pilot_plan_t *plan = &draft->plan;
    double sum = 0;
    for (size_t i = 0; i < draft->probability_count; i++) {
        const pilot_named_number_t *given = &draft->probabilities[i];
        int arm = pilot_plan_arm_index(plan, given->name, strlen(given->name));
        if (arm < 0)
            return pilot_document_error(document, pilot_document_key(document, node, given->name),
                                        error, "arms.probabilities: %s is not an arm of this plan",
                                        pilot_quoted(given->name, quoted));
        plan->arms[arm].has_probability = true;
        plan->arms[arm].probability = given->value;
        sum += given->value;
    }
    if (draft->probability_count == 0)
        return PILOT_OK;
    for (size_t i = 0; i < plan->arm_count; i++)
        if (!plan->arms[i].has_probability)
            return pilot_document_error(document, node, error,
                                        "arms.probabilities: the arm %s has none; give every arm "
                                        "one",
                                        pilot_quoted(plan->arms[i].label, quoted));
    if (fabs(sum - 1) > 1e-3)
        return pilot_document_error(document, node, error,
                                    "arms.probabilities: they add up to %.6g, not to 1", sum);
    /* Thirds written with few digits; expected counts must add up to the units. */
    for (size_t i = 0; i < plan->arm_count && fabs(sum - 1) > 1e-9; i++)
        plan->arms[i].probability /= sum;
    return PILOT_OK;
}

pilot_status_t pilot_check_arms(pilot_draft_t *draft, pilot_document_t *document,
                                pilot_error_t *error)
{
    pilot_plan_t *plan = &draft->plan;
    yaml_node_t *arms = section(document, "arms");
    yaml_node_t *treatments = pilot_document_get(document, arms, "treatments");
    plan->arm_count = draft->treatments.count + 1;
    plan->arms = PILOT_NEW_ARRAY(pilot_plan_arm_t, plan->arm_count);
    plan->arms[0].label = pilot_strdup(draft->control);
    for (size_t i = 0; i < draft->treatments.count; i++) {
        char quoted[PILOT_QUOTED_SIZE];
        if (strcmp(draft->treatments.item[i], draft->control) == 0)
            return pilot_document_error(document, pilot_document_item(document, treatments, i),
                                        error, "arms.treatments: %s is the control already",
                                        pilot_quoted(draft->control, quoted));
        plan->arms[i + 1].label = pilot_strdup(draft->treatments.item[i]);
    }
    return check_probabilities(draft, document, arms, error);
}

/* ---- outcomes -------------------------------------------------------------------------------- */

const char *pilot_outcome_type_name(pilot_outcome_type_t type)
{
    static const char *const names[] = {
        [PILOT_OUTCOME_CONTINUOUS] = "continuous", [PILOT_OUTCOME_BINARY] = "binary",
        [PILOT_OUTCOME_COUNT] = "count",           [PILOT_OUTCOME_ORDINAL] = "ordinal",
        [PILOT_OUTCOME_DURATION] = "duration",
    };
    return names[type];
}

/* Keys that belong to one type of outcome only. */
static pilot_status_t check_type_keys(pilot_document_t *document, yaml_node_t *item,
                                      const pilot_plan_outcome_t *outcome, pilot_error_t *error)
{
    static const struct {
        const char *key;
        pilot_outcome_type_t type;
    } keys[] = {{"success", PILOT_OUTCOME_BINARY},
                {"levels", PILOT_OUTCOME_ORDINAL},
                {"event", PILOT_OUTCOME_DURATION},
                {"horizon", PILOT_OUTCOME_DURATION}};
    char quoted[PILOT_QUOTED_SIZE];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (pilot_document_get(document, item, keys[i].key) && outcome->type != keys[i].type)
            return pilot_document_error(
                document, pilot_document_key(document, item, keys[i].key), error,
                "outcomes.%s: it goes with type %s only, and %s is %s", keys[i].key,
                pilot_outcome_type_name(keys[i].type), pilot_quoted(outcome->name, quoted),
                pilot_outcome_type_name(outcome->type));
    yaml_node_t *horizon = pilot_document_key(document, item, "horizon");
    if (outcome->has_horizon && !outcome->event)
        return pilot_document_error(document, horizon, error,
                                    "outcomes.horizon: it goes with outcomes.event, and %s has no "
                                    "event column",
                                    pilot_quoted(outcome->name, quoted));
    yaml_node_t *levels = pilot_document_get(document, item, "levels");
    if (outcome->type == PILOT_OUTCOME_ORDINAL && outcome->levels.count < 2)
        return pilot_document_error(document, levels ? levels : item, error,
                                    "outcomes.levels: the ordinal outcome %s needs at least two "
                                    "levels, lowest first",
                                    pilot_quoted(outcome->name, quoted));
    yaml_node_t *success = pilot_document_get(document, item, "success");
    if (success && outcome->success.count == 0)
        return pilot_document_error(document, success, error,
                                    "outcomes.success: the list is empty; name a value that "
                                    "counts as 1");
    return PILOT_OK;
}

/* A value cannot both be missing and mean something. */
static pilot_status_t check_not_missing(const pilot_plan_t *plan, pilot_document_t *document,
                                        yaml_node_t *item, const char *key,
                                        const pilot_texts_t *texts, pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    for (size_t i = 0; i < texts->count; i++)
        if (contains(&plan->missing, texts->item[i]))
            return pilot_document_error(
                document, pilot_document_item(document, pilot_document_get(document, item, key), i),
                error, "outcomes.%s: %s means a missing value (see the key 'missing')", key,
                pilot_quoted(texts->item[i], quoted));
    return PILOT_OK;
}

const pilot_plan_outcome_t *pilot_plan_find_outcome(const pilot_plan_t *plan, const char *name)
{
    for (size_t i = 0; i < plan->outcome_count; i++)
        if (strcmp(plan->outcomes[i].name, name) == 0)
            return &plan->outcomes[i];
    return NULL;
}

/* A target and its mission are compared by means and correlation. */
static pilot_status_t check_has_mean(pilot_document_t *document, yaml_node_t *item,
                                     const pilot_plan_outcome_t *outcome, pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    bool ordinal = outcome->type == PILOT_OUTCOME_ORDINAL;
    if (!ordinal && !outcome->event)
        return PILOT_OK;
    return pilot_document_error(document, pilot_document_get(document, item, "stands_for"), error,
                                "outcomes.stands_for: %s is %s; a target and its mission are "
                                "compared by their means",
                                pilot_quoted(outcome->name, quoted),
                                ordinal ? "ordinal" : "a duration with an event column");
}

/* The chain of stands_for ends, and never at its own beginning. */
static pilot_status_t check_stands_for(const pilot_plan_t *plan, pilot_document_t *document,
                                       yaml_node_t *item, const pilot_plan_outcome_t *outcome,
                                       pilot_error_t *error)
{
    char quoted[PILOT_QUOTED_SIZE];
    const pilot_plan_outcome_t *at = outcome;
    for (size_t step = 0; at->stands_for && step <= plan->outcome_count; step++) {
        at = pilot_plan_find_outcome(plan, at->stands_for);
        if (!at && step > 0)
            return PILOT_OK; /* told at the outcome that names it */
        if (!at)
            return pilot_document_error(document, pilot_document_get(document, item, "stands_for"),
                                        error, "outcomes.stands_for: %s is not an outcome",
                                        pilot_quoted(outcome->stands_for, quoted));
        if (at == outcome)
            return pilot_document_error(document, pilot_document_get(document, item, "stands_for"),
                                        error, "outcomes.stands_for: %s would stand for itself",
                                        pilot_quoted(outcome->name, quoted));
    }
    return PILOT_OK;
}

static pilot_status_t check_smallest_effects(pilot_draft_t *draft, pilot_document_t *document,
                                             pilot_error_t *error)
{
    yaml_node_t *node =
        pilot_document_get(document, section(document, "analysis"), "smallest_effect");
    for (size_t i = 0; i < draft->smallest_effect_count; i++) {
        char quoted[PILOT_QUOTED_SIZE];
        const pilot_named_number_t *given = &draft->smallest_effects[i];
        bool found = false;
        for (size_t j = 0; j < draft->plan.outcome_count; j++) {
            pilot_plan_outcome_t *outcome = &draft->plan.outcomes[j];
            if (strcmp(outcome->name, given->name) != 0)
                continue;
            outcome->has_smallest_effect = found = true;
            outcome->smallest_effect = given->value;
        }
        if (!found)
            return pilot_document_error(document, pilot_document_key(document, node, given->name),
                                        error, "analysis.smallest_effect: %s is not an outcome",
                                        pilot_quoted(given->name, quoted));
    }
    return PILOT_OK;
}

pilot_status_t pilot_check_outcomes(pilot_draft_t *draft, pilot_document_t *document,
                                    pilot_error_t *error)
{
    pilot_plan_t *plan = &draft->plan;
    yaml_node_t *list = section(document, "outcomes");
    pilot_status_t status = PILOT_OK;
    for (size_t i = 0; i < plan->outcome_count && status == PILOT_OK; i++) {
        pilot_plan_outcome_t *outcome = &plan->outcomes[i];
        yaml_node_t *item = pilot_document_item(document, list, i);
        if (!outcome->column)
            outcome->column = pilot_strdup(outcome->name);
        status = check_type_keys(document, item, outcome, error);
        if (status == PILOT_OK)
            status = check_not_missing(plan, document, item, "success", &outcome->success, error);
        if (status == PILOT_OK)
            status = check_not_missing(plan, document, item, "levels", &outcome->levels, error);
        if (status == PILOT_OK)
            status = check_stands_for(plan, document, item, outcome, error);
        if (status == PILOT_OK && outcome->stands_for)
            status = check_has_mean(document, item, outcome, error);
        if (status == PILOT_OK && outcome->stands_for)
            status = check_has_mean(document, item,
                                    pilot_plan_find_outcome(plan, outcome->stands_for), error);
    }
    return status ? status : check_smallest_effects(draft, document, error);
}

/* ---- analysis and comparison ----------------------------------------------------------------- */

static pilot_status_t check_std_error(const pilot_plan_t *plan, pilot_document_t *document,
                                      yaml_node_t *analysis, pilot_error_t *error)
{
    /* Where whole agencies were randomized, they are the clusters if the plan names no others. */
    bool clustered = plan->columns.cluster || plan->level == PILOT_LEVEL_ACROSS;
    yaml_node_t *node = pilot_document_get(document, analysis, "std_error");
    bool is_cluster = strncmp(plan->std_error, "CR", 2) == 0;
    if (!node || strcmp(plan->std_error, "auto") == 0 || is_cluster == clustered)
        return PILOT_OK;
    if (is_cluster)
        return pilot_document_error(document, node, error,
                                    "analysis.std_error: %s needs clusters; give columns.cluster, "
                                    "or write HC2",
                                    plan->std_error);
    return pilot_document_error(
        document, node, error, "analysis.std_error: %s does not hold for clusters (%s); write CR2",
        plan->std_error,
        plan->columns.cluster ? "columns.cluster is given" : "analysis.level is across");
}

static pilot_status_t check_draws(const pilot_plan_t *plan, pilot_document_t *document,
                                  yaml_node_t *analysis, pilot_error_t *error)
{
    if (plan->bootstrap_draws != 1)
        return PILOT_OK;
    return pilot_document_error(document, pilot_document_get(document, analysis, "bootstrap_draws"),
                                error,
                                "analysis.bootstrap_draws: one draw has no spread; write 0 (the "
                                "default, 999) or at least 2");
}

static pilot_status_t check_by(const pilot_plan_t *plan, pilot_document_t *document,
                               pilot_error_t *error)
{
    yaml_node_t *by = pilot_document_get(document, section(document, "comparison"), "by");
    if (plan->comparison_by.count > 0 && plan->level == PILOT_LEVEL_ACROSS)
        return pilot_document_error(document, by, error,
                                    "comparison.by: at level across agencies have no effects of "
                                    "their own to be compared; leave it out");
    for (size_t i = 0; i < plan->comparison_by.count; i++) {
        const char *name = plan->comparison_by.item[i];
        char quoted[PILOT_QUOTED_SIZE];
        for (size_t j = 0; j < i; j++)
            if (strcmp(plan->comparison_by.item[j], name) == 0)
                return pilot_document_error(document, pilot_document_item(document, by, i), error,
                                            "comparison.by: %s is listed twice",
                                            pilot_quoted(name, quoted));
        if (!pilot_plan_has_attribute(plan, name))
            return pilot_document_error(document, pilot_document_item(document, by, i), error,
                                        "comparison.by: no agency has the attribute %s (see "
                                        "agencies.attributes)",
                                        pilot_quoted(name, quoted));
    }
    return PILOT_OK;
}

pilot_status_t pilot_check_analysis(pilot_draft_t *draft, pilot_document_t *document,
                                    pilot_error_t *error)
{
    const pilot_plan_t *plan = &draft->plan;
    yaml_node_t *analysis = section(document, "analysis");
    pilot_status_t status = pilot_check_estimators(plan, document, analysis, error);
    if (status == PILOT_OK)
        status = check_std_error(plan, document, analysis, error);
    if (status == PILOT_OK)
        status = check_draws(plan, document, analysis, error);
    return status ? status : check_by(plan, document, error);
}

/* ---- agencies -------------------------------------------------------------------------------- */

struct ranked_text {
    const char *text;
    size_t index;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked_text *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static pilot_status_t check_unique(pilot_document_t *document, const char *key,
                                   struct ranked_text *texts, size_t count, pilot_error_t *error)
{
    qsort(texts, count, sizeof *texts, compare_ranked);
    for (size_t i = 1; i < count; i++) {
        char quoted[PILOT_QUOTED_SIZE];
        if (strcmp(texts[i - 1].text, texts[i].text) != 0)
            continue;
        yaml_node_t *item =
            pilot_document_item(document, section(document, "agencies"), texts[i].index);
        yaml_node_t *node = pilot_document_get(document, item, key);
        return pilot_document_error(document, node ? node : item, error,
                                    "agencies.%s: %s is listed twice", key,
                                    pilot_quoted(texts[i].text, quoted));
    }
    return PILOT_OK;
}

pilot_status_t pilot_check_agencies(pilot_draft_t *draft, pilot_document_t *document,
                                    pilot_error_t *error)
{
    const pilot_plan_t *plan = &draft->plan;
    struct ranked_text *texts PILOT_AUTOFREE =
        PILOT_NEW_ARRAY(struct ranked_text, plan->agency_count + 1);
    for (size_t i = 0; i < plan->agency_count; i++)
        texts[i] = (struct ranked_text){plan->agencies[i].name, i};
    pilot_status_t status = check_unique(document, "name", texts, plan->agency_count, error);
    if (status)
        return status;
    size_t ids = 0;
    for (size_t i = 0; i < plan->agency_count; i++)
        if (plan->agencies[i].id)
            texts[ids++] = (struct ranked_text){plan->agencies[i].id, i};
    return check_unique(document, "id", texts, ids, error);
}
