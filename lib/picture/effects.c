/* effects.c - the range of effects and their numbers in words. */
#include "effects.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

bool number_finite(pilot_number_t number)
{
    return number.given && isfinite(number.value);
}

bool effect_drawn(const pilot_picture_effect_t *effect)
{
    return number_finite(effect->estimate) && effect->mark == 0;
}

bool has_prediction(const pilot_picture_effects_t *effects)
{
    return effect_drawn(&effects->pooled) && effects->pi_low.given && effects->pi_high.given &&
           !isnan(effects->pi_low.value) && !isnan(effects->pi_high.value);
}

size_t effects_drawn(const pilot_picture_effects_t *effects)
{
    size_t count = 0;
    for (size_t i = 0; i < effects->effects; i++)
        count += effect_drawn(&effects->effect[i]);
    return count;
}

const char *effect_label(const pilot_picture_effect_t *effect, const char *otherwise)
{
    return effect->label && effect->label[0] ? effect->label : otherwise;
}

double confidence_of(double confidence)
{
    return confidence > 0 && confidence < 1 ? confidence : 0.95;
}

/* ---- range ---- */

typedef struct span {
    double low, high;
} span_t;

static void widen(span_t *span, double value)
{
    if (!isfinite(value))
        return;
    span->low = fmin(span->low, value);
    span->high = fmax(span->high, value);
}

static void widen_number(span_t *span, pilot_number_t number)
{
    if (number.given)
        widen(span, number.value);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Six quartile distances beyond the quartiles lies nothing but a far outlier. */
static span_t fences(const double *sorted, size_t count)
{
    double first = sorted[count / 4], third = sorted[count - 1 - count / 4];
    double far = 6 * (third - first);
    if (count < 10 || !(far > 0))
        return (span_t){-INFINITY, INFINITY};
    return (span_t){first - far, third + far};
}

/* Core: what must be seen; ends: what may be seen. */
static void gather(const pilot_picture_effects_t *effects, span_t *core, span_t *ends,
                   double *ret_usual)
{
    size_t count = 0;
    double *value PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, effects->effects + 1);
    double *width PILOT_AUTOFREE = PILOT_NEW_ARRAY(double, effects->effects + 1);
    for (size_t i = 0; i < effects->effects; i++)
        if (effect_drawn(&effects->effect[i]))
            value[count++] = effects->effect[i].estimate.value;
    qsort(value, count, sizeof(double), by_value);
    span_t fence = count > 0 ? fences(value, count) : (span_t){-INFINITY, INFINITY};
    for (size_t i = 0; i < count; i++)
        if (value[i] >= fence.low && value[i] <= fence.high)
            widen(core, value[i]);
    size_t widths = 0;
    for (size_t i = 0; i < effects->effects; i++) {
        const pilot_picture_effect_t *effect = &effects->effect[i];
        if (!effect_drawn(effect))
            continue;
        widen_number(ends, effect->ci_low);
        widen_number(ends, effect->ci_high);
        widen_number(ends, effect->eb_estimate);
        if (number_finite(effect->ci_low) && number_finite(effect->ci_high))
            width[widths++] = effect->ci_high.value - effect->ci_low.value;
    }
    qsort(width, widths, sizeof(double), by_value);
    *ret_usual = widths > 0 ? width[widths / 2] : 0;
}

bool effects_range(const pilot_picture_effects_t *effects, double *ret_low, double *ret_high)
{
    span_t core = {INFINITY, -INFINITY}, ends = {INFINITY, -INFINITY};
    double usual;
    gather(effects, &core, &ends, &usual);
    if (effect_drawn(&effects->pooled)) {
        widen_number(&core, effects->pooled.estimate);
        widen_number(&core, effects->pooled.ci_low);
        widen_number(&core, effects->pooled.ci_high);
        widen_number(&core, effects->pi_low);
        widen_number(&core, effects->pi_high);
    }
    if (core.low > core.high)
        return false;
    widen(&core, effects->null);
    widen_number(&core, effects->smallest_low);
    widen_number(&core, effects->smallest_high);
    double allowed = fmax(core.high - core.low, 1.6 * usual);
    *ret_low = fmin(core.low, fmax(ends.low, core.low - allowed));
    *ret_high = fmax(core.high, fmin(ends.high, core.high + allowed));
    double edge = (*ret_high - *ret_low) * 0.02;
    if (isfinite(edge)) {
        *ret_low -= edge;
        *ret_high += edge;
    }
    return true;
}

/* What is pooled is known better than each: its interval is told to an eighth or finer. */
static void add_decimals(axis_t *axis, const pilot_picture_effect_t *pooled)
{
    if (!effect_drawn(pooled) || !number_finite(pooled->ci_low) || !number_finite(pooled->ci_high))
        return;
    double width = (pooled->ci_high.value - pooled->ci_low.value) / axis->factor;
    if (axis->ratio)
        width *= exp(pooled->estimate.value);
    if (!(width > 0) || !isfinite(width))
        return;
    double wanted = fmin(ceil(-log10(width / 8)), fmin(axis->decimals + 2, 7));
    if (wanted > axis->decimals)
        axis->decimals = (int)wanted;
}

bool effects_axis(axis_t *axis, const pilot_picture_effects_t *effects, double from, double to,
                  double apart)
{
    double low = -1, high = 1;
    bool any = effects_range(effects, &low, &high);
    if (number_finite(effects->axis_low) && number_finite(effects->axis_high) &&
        effects->axis_low.value < effects->axis_high.value) {
        low = effects->axis_low.value;
        high = effects->axis_high.value;
    }
    axis_set(axis, low, high, from, to, apart, effects->ratio, false);
    add_decimals(axis, &effects->pooled);
    return any;
}

/* ---- words ---- */

void put_percent(pilot_text_t *text, double share, int decimals)
{
    pilot_picture_number(text, share * 100, decimals);
    pilot_text_append(text, "\u00A0%");
}

const char *missing_words(pilot_picture_mark_t mark, const char *note)
{
    switch (mark) {
    case 'c':
        return "suppressed (c)";
    case 'k':
        return "low (k)";
    case 'z':
        return "not applicable (z)";
    default:
        return note && note[0] ? note : "no estimate";
    }
}

void put_estimate(pilot_text_t *text, const axis_t *axis, const pilot_picture_effect_t *effect)
{
    if (effect_drawn(effect))
        axis_number(axis, text, effect->estimate.value);
    else
        pilot_text_append(text, missing_words(effect->mark, effect->note));
}

void put_interval(pilot_text_t *text, const axis_t *axis, const pilot_picture_effect_t *effect)
{
    if (!effect_drawn(effect) || !effect->ci_low.given || !effect->ci_high.given ||
        isnan(effect->ci_low.value) || isnan(effect->ci_high.value))
        return;
    axis_number(axis, text, effect->ci_low.value);
    pilot_text_append(text, " to ");
    axis_number(axis, text, effect->ci_high.value);
}

void put_effect(pilot_text_t *text, const axis_t *axis, const pilot_picture_effect_t *effect)
{
    put_estimate(text, axis, effect);
    size_t before = text->length;
    pilot_text_append(text, " (");
    put_interval(text, axis, effect);
    if (text->length == before + 2)
        text->data[text->length = before] = '\0';
    else
        pilot_text_append_char(text, ')');
}

void put_effect_title(pilot_text_t *text, const axis_t *axis, const pilot_picture_effect_t *effect,
                      const char *noun, double weights)
{
    pilot_text_appendf(text, "%s: ", effect_label(effect, noun));
    put_effect(text, axis, effect);
    if (!effect_drawn(effect))
        return;
    if (number_finite(effect->weight) && weights > 0) {
        pilot_text_append(text, ", weight ");
        put_percent(text, effect->weight.value / weights, 1);
    }
    if (number_finite(effect->units)) {
        pilot_text_append(text, ", people ");
        pilot_picture_number(text, effect->units.value, 0);
    }
    if (number_finite(effect->eb_estimate)) {
        pilot_text_append(text, ", empirical Bayes ");
        axis_number(axis, text, effect->eb_estimate.value);
    }
}

void put_counted(pilot_text_t *text, size_t count, const char *noun)
{
    size_t length = strlen(noun);
    pilot_text_appendf(text, "%zu %c%s", count, tolower((unsigned char)noun[0]),
                       noun + (length > 0));
    if (count == 1 || length == 0)
        return;
    if (noun[length - 1] == 'y') {
        text->length--;
        pilot_text_append(text, "ies");
    } else {
        pilot_text_append_char(text, 's');
    }
}

void put_description(pilot_text_t *text, const char *what, const pilot_picture_effects_t *effects,
                     const axis_t *axis)
{
    size_t drawn = effects_drawn(effects);
    pilot_text_appendf(text, "%s: ", what);
    put_counted(text, drawn, effects->noun ? effects->noun : "Agency");
    pilot_text_append(text, drawn == 1 ? " with an estimate" : " with estimates");
    if (drawn < effects->effects)
        pilot_text_appendf(text, ", %zu without", effects->effects - drawn);
    pilot_text_append(text, ".");
    if (effect_drawn(&effects->pooled)) {
        pilot_text_append(text, " Pooled effect ");
        put_effect(text, axis, &effects->pooled);
        pilot_text_append(text, ".");
        if (has_prediction(effects)) {
            pilot_text_append(text, " Prediction interval ");
            axis_number(axis, text, effects->pi_low.value);
            pilot_text_append(text, " to ");
            axis_number(axis, text, effects->pi_high.value);
            pilot_text_append(text, ".");
        }
    }
    if (effects->ratio)
        pilot_text_append(text, " Ratios; 1 is no effect.");
    if (axis->exponent != 0) {
        pilot_text_append(text, " Numbers");
        axis_factor(axis, text);
        pilot_text_append(text, ".");
    }
    if (effects->note && effects->note[0])
        pilot_text_appendf(text, " %s", effects->note);
}
