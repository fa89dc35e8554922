/* effect_signs.c - the signs of an effect: interval, square, diamond, reference lines, keys. */
#include <math.h>

#include "effects.h"
#include "pilot/memory.h"

static bool known(pilot_number_t number)
{
    return number.given && !isnan(number.value);
}

void draw_interval(canvas_t *canvas, const axis_t *axis, pilot_number_t low, pilot_number_t high,
                   double y, const char *class, const char *head)
{
    if (!known(low) || !known(high))
        return;
    double left = axis_at(axis, low.value), right = axis_at(axis, high.value);
    bool beyond_left = !axis_holds(axis, low.value), beyond_right = !axis_holds(axis, high.value);
    if (low.value > high.value)
        return;
    draw_line(canvas, class, left, y, right, y);
    if (beyond_left && low.value / axis->factor < axis->low)
        draw_arrow(canvas, head, axis->from, y, -1);
    if (beyond_right && high.value / axis->factor > axis->high)
        draw_arrow(canvas, head, axis->to, y, 1);
}

void draw_estimate(canvas_t *canvas, const axis_t *axis, double value, double y, double size)
{
    if (axis_holds(axis, value))
        draw_box(canvas, "es", axis_at(axis, value) - size / 2, y - size / 2, size, size);
    else if (value / axis->factor < axis->low)
        draw_arrow(canvas, "es", axis->from, y, -1);
    else
        draw_arrow(canvas, "es", axis->to, y, 1);
}

void draw_gap(canvas_t *canvas, const axis_t *axis, double value, double y)
{
    double x = axis_at(axis, value);
    if (axis_holds(axis, value))
        draw_diamond(canvas, "eg", x - 5, x, x + 5, y, 5);
    else
        draw_arrow(canvas, "eg", x, y, value / axis->factor < axis->low ? -1 : 1);
}

void draw_shrunken(canvas_t *canvas, const axis_t *axis, const pilot_picture_effect_t *effect,
                   double y)
{
    if (!number_finite(effect->eb_estimate) || !effect_drawn(effect))
        return;
    draw_interval(canvas, axis, effect->eb_low, effect->eb_high, y, "ei", "eb");
    if (axis_holds(axis, effect->eb_estimate.value))
        draw_circle(canvas, "eb", axis_at(axis, effect->eb_estimate.value), y, 2.6);
}

void draw_pooled(canvas_t *canvas, const axis_t *axis, const pilot_picture_effect_t *pooled,
                 double y)
{
    if (!effect_drawn(pooled))
        return;
    double middle = axis_at(axis, pooled->estimate.value);
    double left = known(pooled->ci_low) ? axis_at(axis, pooled->ci_low.value) : middle - 4;
    double right = known(pooled->ci_high) ? axis_at(axis, pooled->ci_high.value) : middle + 4;
    draw_diamond(canvas, "po", fmin(left, middle - 1), middle, fmax(right, middle + 1), y, 7);
}

void draw_prediction(canvas_t *canvas, const axis_t *axis, pilot_number_t low, pilot_number_t high,
                     double y)
{
    if (!known(low) || !known(high))
        return;
    draw_interval(canvas, axis, low, high, y, "pi", "po");
    if (axis_holds(axis, low.value))
        draw_line(canvas, "pe", axis_at(axis, low.value), y - 5, axis_at(axis, low.value), y + 5);
    if (axis_holds(axis, high.value))
        draw_line(canvas, "pe", axis_at(axis, high.value), y - 5, axis_at(axis, high.value), y + 5);
}

static void draw_reference(canvas_t *canvas, const axis_t *axis, const char *class,
                           pilot_number_t at, double top, double bottom)
{
    if (number_finite(at) && axis_holds(axis, at.value))
        draw_line(canvas, class, axis_at(axis, at.value), top, axis_at(axis, at.value), bottom);
}

void draw_references(canvas_t *canvas, const axis_t *axis, const pilot_picture_effects_t *effects,
                     double top, double bottom)
{
    draw_reference(canvas, axis, "sm", effects->smallest_low, top, bottom);
    draw_reference(canvas, axis, "sm", effects->smallest_high, top, bottom);
    draw_reference(canvas, axis, "nu", PILOT_GIVEN(effects->null), top, bottom);
    if (effect_drawn(&effects->pooled))
        draw_reference(canvas, axis, "pl", effects->pooled.estimate, top, bottom);
}

void draw_effect_axis(canvas_t *canvas, const axis_t *axis, const pilot_picture_effects_t *effects,
                      double y)
{
    draw_axis_below(canvas, axis, y);
    y += 22;
    if (!effects->undirected) {
        bool lower = effects->lower_is_better;
        draw_text(canvas, FACE_SMALL, ANCHOR_START, axis->from, y + 14, 0,
                  lower ? "\u2190 better" : "\u2190 worse");
        draw_text(canvas, FACE_SMALL, ANCHOR_END, axis->to, y + 14, 0,
                  lower ? "worse \u2192" : "better \u2192");
    }
    y += 18;
    pilot_text_t words = PILOT_TEXT_INIT;
    pilot_text_append(&words, effects->axis && effects->axis[0] ? effects->axis : "Effect");
    axis_factor(axis, &words);
    double room = canvas->narrow ? canvas->width : axis->to - axis->from + 240;
    double middle = (axis->from + axis->to) / 2;
    double half = fmin(room, text_width(FACE_BOLD, words.data) + 2) / 2;
    middle = fmin(fmax(middle, half), canvas->width - half);
    y += draw_lines(canvas, FACE_BOLD, ANCHOR_MIDDLE, middle, y, room, words.data);
    pilot_text_clear(&words);
    canvas->y = y + 6;
}

void effect_keys(keys_t *keys, const pilot_picture_effects_t *effects, const axis_t *axis,
                 bool each)
{
    bool weights = false, shrunken = false, missing = false, gap = false, summary = false;
    for (size_t i = 0; i < effects->effects; i++) {
        const pilot_picture_effect_t *effect = &effects->effect[i];
        weights = weights || (effect_drawn(effect) && number_finite(effect->weight));
        shrunken = shrunken || (effect_drawn(effect) && number_finite(effect->eb_estimate));
        missing = missing || !effect_drawn(effect);
        gap = gap || (effect_drawn(effect) && effect->gap);
        summary = summary || (effect_drawn(effect) && effect->summary);
    }
    double percent = confidence_of(effects->confidence) * 100;
    if (each && effects_drawn(effects) > 0)
        add_key(keys, SIGN_SQUARE, NULL, 0, "estimate, %.10g\u00A0%% interval%s", percent,
                weights ? "; size: weight" : "");
    if (each && shrunken)
        add_key(keys, SIGN_SHRUNKEN, NULL, 0, "empirical Bayes");
    if (each && gap)
        add_key(keys, SIGN_GAP, NULL, 0, "gap");
    if (effect_drawn(&effects->pooled) || summary) {
        if (each)
            add_key(keys, SIGN_DIAMOND, NULL, 0, "pooled, %.10g\u00A0%% interval", percent);
        if (each && has_prediction(effects))
            add_key(keys, SIGN_PREDICTION, NULL, 0, "prediction interval");
    }
    if ((number_finite(effects->smallest_low) && axis_holds(axis, effects->smallest_low.value)) ||
        (number_finite(effects->smallest_high) && axis_holds(axis, effects->smallest_high.value)))
        add_key(keys, SIGN_LINE, "sm", 0, "smallest effect that matters");
    if (each && missing)
        add_key(keys, SIGN_LINE, "mi", 0, "no number");
}

void draw_note(canvas_t *canvas, const char *note)
{
    if (!note || !note[0])
        return;
    canvas->y +=
        draw_lines(canvas, FACE_SMALL, ANCHOR_START, 0, canvas->y + 2, canvas->width, note) + 4;
}

void draw_nothing(canvas_t *canvas, const char *words)
{
    draw_text(canvas, FACE_TEXT, ANCHOR_START, 0, canvas->y + 16, canvas->width, words);
    draw_line(canvas, "mi", 0, canvas->y + 28, canvas->width, canvas->y + 28);
    canvas->y += 36;
}
