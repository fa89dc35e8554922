/* say_people.c - what differences of quantiles say of people with low and with high values. */
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"
#include "say.h"

static bool same_curve(const pilot_effect_row_t *a, const pilot_effect_row_t *b)
{
    return !a->agency && !a->key.subgroup && a->key.parameter &&
           page_text_is(a->key.estimator, "quantile") &&
           page_text_is(a->key.estimand, b->key.estimand) &&
           page_text_is(a->key.outcome, b->key.outcome) && page_text_is(a->key.arm, b->key.arm);
}

static double place_of(const pilot_effect_row_t *row)
{
    double place = 0;
    pilot_double_parse(row->key.parameter, strlen(row->key.parameter), &place);
    return place;
}

typedef struct curve {
    const pilot_effect_row_t *first, *lowest, *highest; /* first: of the rows; then by quantile */
    size_t told, verdict[PILOT_VERDICT_NOT_TOLD + 1];
} curve_t;

static curve_t look_at(const pilot_evaluation_t *evaluation, const pilot_effect_row_t *row)
{
    curve_t curve = {0};
    for (size_t i = 0; i < evaluation->effect_count; i++) {
        const pilot_effect_row_t *point = &evaluation->effects[i];
        if (!same_curve(point, row))
            continue;
        if (!curve.first)
            curve.first = point;
        pilot_verdict_t verdict = pilot_verdict(point->ci_low, point->ci_high, 0,
                                                pilot_effect_better(evaluation, &point->key),
                                                pilot_effect_smallest(evaluation, &point->key));
        curve.verdict[verdict]++;
        if (verdict == PILOT_VERDICT_NOT_TOLD)
            continue;
        curve.told++;
        if (!curve.lowest || place_of(point) < place_of(curve.lowest))
            curve.lowest = point;
        if (!curve.highest || place_of(point) > place_of(curve.highest))
            curve.highest = point;
    }
    return curve;
}

static void append_tail(const pilot_evaluation_t *evaluation, const char *which,
                        const pilot_effect_row_t *row, pilot_text_t *text)
{
    char *value PILOT_AUTOFREE = pilot_effect_text(&row->key, row->estimate, row->std_error);
    char *interval PILOT_AUTOFREE =
        pilot_effect_interval(&row->key, row->ci_low, row->ci_high, row->std_error);
    char *confidence PILOT_AUTOFREE = page_confidence(evaluation);
    pilot_text_appendf(text, "%s (quantile %s) %s%s (%s interval %s)", which, row->key.parameter,
                       row->estimate.given && row->estimate.value > 0 ? "+" : "", value, confidence,
                       interval);
}

char *pilot_say_quantiles(const pilot_evaluation_t *evaluation, const pilot_effect_row_t *row)
{
    if (!same_curve(row, row))
        return NULL;
    curve_t curve = look_at(evaluation, row);
    if (curve.first != row || curve.told < 2)
        return NULL;
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_appendf(&text, "%s, %s against %s, from people with low values to those with high: ",
                       row->key.outcome, row->key.arm, row->key.control);
    const char *separator = "";
    for (size_t i = 0; i < PILOT_VERDICT_NOT_TOLD; i++) {
        if (curve.verdict[i] == 0)
            continue;
        pilot_text_appendf(&text, "%s%s at %zu of %zu quantiles", separator,
                           pilot_verdict_name((pilot_verdict_t)i), curve.verdict[i], curve.told);
        separator = ", ";
    }
    append_tail(evaluation, ". Low tail", curve.lowest, &text);
    append_tail(evaluation, "; high tail", curve.highest, &text);
    pilot_text_append(&text, ".");
    return pilot_text_take(&text);
}
