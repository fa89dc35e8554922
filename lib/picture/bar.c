/* bar.c - an effect in a table's cell. */
#include <math.h>

#include "effects.h"

enum { BAR_WIDTH = 120, BAR_HEIGHT = 16 };

pilot_picture_scale_t pilot_picture_scale(const pilot_picture_effect_t *effect, size_t effects,
                                          bool ratio)
{
    pilot_picture_effects_t all = {.effect = effect, .effects = effects, .ratio = ratio};
    pilot_picture_scale_t scale = {.low = -1, .high = 1, .ratio = ratio};
    effects_range(&all, &scale.low, &scale.high);
    return scale;
}

void pilot_picture_bar(pilot_text_t *text, const pilot_picture_effect_t *effect,
                       const pilot_picture_scale_t *scale)
{
    static const pilot_picture_options_t plain = {
        .prefix = "bar", .width = 600, .hide_title = true};
    canvas_t canvas;
    axis_t axis;
    double middle = BAR_HEIGHT / 2.0;
    canvas_begin(&canvas, &plain, "");
    axis_set(&axis, scale->low, scale->high, 3, BAR_WIDTH - 3, 30, scale->ratio, false);
    if (axis_holds(&axis, 0))
        draw_line(&canvas, "nu", axis_at(&axis, 0), 0, axis_at(&axis, 0), BAR_HEIGHT);
    if (!effect_drawn(effect)) {
        draw_line(&canvas, "mi", 3, middle, BAR_WIDTH - 3, middle);
    } else if (effect->summary) {
        draw_pooled(&canvas, &axis, effect, middle);
    } else {
        draw_interval(&canvas, &axis, effect->ci_low, effect->ci_high, middle, "ci", "es");
        draw_estimate(&canvas, &axis, effect->estimate.value, middle, 7);
    }
    pilot_text_t words = PILOT_TEXT_INIT;
    put_effect(&words, &axis, effect);
    pilot_text_appendf(text,
                       "<svg class=\"pilot-picture\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                       "height=\"%d\" role=\"img\" aria-label=\"",
                       BAR_WIDTH, BAR_HEIGHT, BAR_WIDTH, BAR_HEIGHT);
    pilot_picture_escape(text, words.data);
    pilot_text_append(text, "\">\n");
    pilot_text_append_bytes(text, canvas.body.data, canvas.body.length);
    pilot_text_append(text, "</svg>\n");
    pilot_text_clear(&words);
    pilot_text_clear(&canvas.body);
}
