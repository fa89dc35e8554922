/* evaluation.c - looking things up in an evaluation: see pilot/evaluation.h. */
#include "pilot/evaluation.h"

#include <string.h>

#include "pilot/estimators.h"

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_gap(const pilot_effect_key_t *key)
{
    return same(key->estimand, "gap");
}

bool pilot_effect_key_same_contrast(const pilot_effect_key_t *a, const pilot_effect_key_t *b)
{
    return same(a->outcome, b->outcome) && same(a->subgroup, b->subgroup) &&
           same(a->level, b->level) && same(a->arm, b->arm) && same(a->control, b->control) &&
           same(a->estimand, b->estimand) && same(a->parameter, b->parameter);
}

bool pilot_effect_key_same(const pilot_effect_key_t *a, const pilot_effect_key_t *b)
{
    return same(a->estimator, b->estimator) && pilot_effect_key_same_contrast(a, b);
}

static const pilot_estimator_facts_t *facts_of(const pilot_effect_key_t *key)
{
    pilot_estimator_t estimator =
        key->estimator ? pilot_estimator_from_name(key->estimator) : PILOT_ESTIMATORS;
    return estimator < PILOT_ESTIMATORS ? pilot_estimator_facts(estimator) : NULL;
}

bool pilot_effect_key_is_ratio(const pilot_effect_key_t *key)
{
    const pilot_estimator_facts_t *facts = facts_of(key);
    return facts && facts->log_scale;
}

double pilot_effect_key_null(const pilot_effect_key_t *key)
{
    const pilot_estimator_facts_t *facts = facts_of(key);
    return facts && !is_gap(key) ? facts->null : 0;
}

const pilot_plan_outcome_t *pilot_evaluation_outcome(const pilot_evaluation_t *evaluation,
                                                     const char *name)
{
    const pilot_plan_t *plan = evaluation->plan;
    for (size_t i = 0; plan && i < plan->outcome_count; i++)
        if (same(plan->outcomes[i].name, name))
            return &plan->outcomes[i];
    return NULL;
}

/* What `auto` may take. */
static bool is_linear(const char *estimator)
{
    return same(estimator, "difference_in_means") || same(estimator, "ols") ||
           same(estimator, "lin");
}

/* Is `taken` what the plan's `asked` may have become? */
static bool stands_for(const char *asked, const char *taken)
{
    return same(asked, taken) || (same(asked, "auto") && is_linear(taken)) ||
           (same(taken, "auto") && is_linear(asked));
}

const pilot_comparison_row_t *pilot_evaluation_headline(const pilot_evaluation_t *evaluation,
                                                        const pilot_effect_key_t *key)
{
    const pilot_comparison_row_t *found = NULL;
    for (size_t i = 0; i < evaluation->comparison_count; i++) {
        const pilot_comparison_row_t *row = &evaluation->comparisons[i];
        if (!row->headline || !pilot_effect_key_same_contrast(&row->key, key))
            continue;
        if (same(row->key.estimator, key->estimator))
            return row;
        if (!found && stands_for(row->key.estimator, key->estimator))
            found = row;
    }
    return found;
}

const pilot_effect_row_t *pilot_evaluation_pooled(const pilot_evaluation_t *evaluation,
                                                  const pilot_effect_key_t *key)
{
    const pilot_effect_row_t *found = NULL;
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *row = &evaluation->effects[i];
        if (row->agency || !pilot_effect_key_same_contrast(&row->key, key))
            continue;
        if (same(row->key.estimator, key->estimator))
            return row;
        if (!found && same(key->estimator, "auto") && is_linear(row->key.estimator))
            found = row;
    }
    return found;
}

const pilot_agency_row_t *pilot_evaluation_agencies(const pilot_evaluation_t *evaluation,
                                                    const pilot_effect_key_t *key,
                                                    size_t *ret_count)
{
    size_t first = 0;
    while (first < evaluation->agency_count &&
           !(pilot_effect_key_same_contrast(&evaluation->agencies[first].key, key) &&
             stands_for(key->estimator, evaluation->agencies[first].key.estimator)))
        first++;
    size_t end = first;
    while (end < evaluation->agency_count &&
           pilot_effect_key_same_contrast(&evaluation->agencies[end].key, key) &&
           stands_for(key->estimator, evaluation->agencies[end].key.estimator))
        end++;
    *ret_count = end - first;
    return end > first ? &evaluation->agencies[first] : NULL;
}
