/* verdict.c - what an interval says, and which way is better: see pilot/summary.h. */
#include <string.h>

#include "pilot/summary.h"

const char *pilot_verdict_name(pilot_verdict_t verdict)
{
    static const char *const name[] = {[PILOT_VERDICT_BENEFIT] = "better",
                                       [PILOT_VERDICT_HARM] = "worse",
                                       [PILOT_VERDICT_HIGHER] = "higher",
                                       [PILOT_VERDICT_LOWER] = "lower",
                                       [PILOT_VERDICT_TOO_SMALL] = "too small to matter",
                                       [PILOT_VERDICT_UNCLEAR] = "could not tell",
                                       [PILOT_VERDICT_NOT_TOLD] = "not told"};
    return name[verdict];
}

pilot_verdict_t pilot_verdict(pilot_figure_t low, pilot_figure_t high, double null, int better,
                              double smallest)
{
    if (!low.given || !high.given)
        return PILOT_VERDICT_NOT_TOLD;
    double from = low.value - null, to = high.value - null;
    if (smallest > 0 && from > -smallest && to < smallest)
        return PILOT_VERDICT_TOO_SMALL;
    if (from > 0)
        return better > 0   ? PILOT_VERDICT_BENEFIT
               : better < 0 ? PILOT_VERDICT_HARM
                            : PILOT_VERDICT_HIGHER;
    if (to < 0)
        return better > 0   ? PILOT_VERDICT_HARM
               : better < 0 ? PILOT_VERDICT_BENEFIT
                            : PILOT_VERDICT_LOWER;
    return PILOT_VERDICT_UNCLEAR;
}

static bool is(const char *text, const char *other)
{
    return text && strcmp(text, other) == 0;
}

int pilot_effect_better(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key)
{
    const pilot_plan_outcome_t *outcome = pilot_evaluation_outcome(evaluation, key->outcome);
    if (!outcome || is(key->estimator, "variance_ratio"))
        return 0;
    bool category = outcome->type == PILOT_OUTCOME_ORDINAL && key->parameter;
    if (category)
        return 0;
    int better = outcome->better == PILOT_BETTER_LOWER ? -1 : 1;
    return is(key->estimator, "log_rank") ? -better : better;
}

double pilot_effect_smallest(const pilot_evaluation_t *evaluation, const pilot_effect_key_t *key)
{
    const pilot_plan_outcome_t *outcome = pilot_evaluation_outcome(evaluation, key->outcome);
    bool in_unit =
        !pilot_effect_key_is_ratio(key) && !is(key->estimator, "rank") && !is(key->estimand, "gap");
    return outcome && outcome->has_smallest_effect && in_unit ? outcome->smallest_effect : 0;
}
