/* funnel.c - estimates against their standard errors (Light and Pillemer 1984): without small-study
 * effects and with one true effect, 95 of 100 lie within the funnel. */
#include <math.h>

#include "plot.h"

static bool in_funnel(const pilot_picture_effect_t *effect)
{
    return effect_drawn(effect) && !effect->summary && number_finite(effect->std_error) &&
           effect->std_error.value >= 0;
}

static void draw_points(canvas_t *canvas, const plot_t *plot,
                        const pilot_picture_effects_t *effects, size_t count)
{
    pilot_text_t title = PILOT_TEXT_INIT;
    if (count > PLOT_TITLES)
        begin_dots(canvas, "dt");
    for (size_t i = 0; i < effects->effects; i++) {
        const pilot_picture_effect_t *effect = &effects->effect[i];
        if (!in_funnel(effect))
            continue;
        double x = axis_at(&plot->x, effect->estimate.value);
        double y = axis_at(&plot->y, effect->std_error.value);
        if (count > PLOT_TITLES) {
            add_dot(canvas, x, y);
            continue;
        }
        pilot_text_reset(&title);
        put_effect_title(&title, &plot->x, effect, effects->noun ? effects->noun : "Agency", 0);
        open_group(canvas, i, title.data);
        if (axis_holds(&plot->x, effect->estimate.value))
            draw_circle(canvas, "pt", x, y, 4);
        else
            draw_arrow(canvas, "es", x, y, x > (plot->left + plot->right) / 2 ? 1 : -1);
        close_group(canvas);
    }
    if (count > PLOT_TITLES)
        end_path(canvas);
    pilot_text_clear(&title);
}

/* The sides are cut where they leave the field. */
static void draw_sides(canvas_t *canvas, const plot_t *plot, double pooled, double largest)
{
    for (int side = -1; side <= 1; side += 2) {
        double end = pooled + side * 1.959963984540054 * largest, share = 1;
        double edge = (side < 0 ? plot->x.low : plot->x.high) * plot->x.factor;
        if (!axis_holds(&plot->x, end) && (end - pooled) != 0)
            share = fmin(fmax((edge - pooled) / (end - pooled), 0), 1);
        draw_line(canvas, "fu", axis_at(&plot->x, pooled), axis_at(&plot->y, 0),
                  axis_at(&plot->x, pooled + share * (end - pooled)),
                  axis_at(&plot->y, share * largest));
    }
}

static void draw_funnel(canvas_t *canvas, plot_t *plot, const pilot_picture_effects_t *effects,
                        size_t count)
{
    plot_range_t x = {.ratio = effects->ratio}, y = {.low = 0, .round = true, .from_top = true};
    double largest = 0;
    for (size_t i = 0; i < effects->effects; i++)
        if (in_funnel(&effects->effect[i]))
            largest = fmax(largest, effects->effect[i].std_error.value);
    y.high = largest > 0 ? largest : 1;
    effects_range(effects, &x.low, &x.high);
    if (number_finite(effects->axis_low) && number_finite(effects->axis_high) &&
        effects->axis_low.value < effects->axis_high.value)
        x = (plot_range_t){.low = effects->axis_low.value,
                           .high = effects->axis_high.value,
                           .ratio = effects->ratio};
    draw_plot(canvas, plot, canvas->narrow ? 300 : 400, &x,
              effects->axis && effects->axis[0] ? effects->axis : "Effect", &y, "Standard error");
    largest = plot->y.high * plot->y.factor;
    draw_references(canvas, &plot->x, effects, plot->top, plot->bottom);
    if (effect_drawn(&effects->pooled) && axis_holds(&plot->x, effects->pooled.estimate.value))
        draw_sides(canvas, plot, effects->pooled.estimate.value, largest);
    draw_points(canvas, plot, effects, count);
    keys_t keys = {0};
    add_key(&keys, SIGN_DOT, count > PLOT_TITLES ? "es" : "pt", 0, "an estimate");
    if (effect_drawn(&effects->pooled)) {
        add_key(&keys, SIGN_LINE, "pl", 0, "pooled");
        add_key(&keys, SIGN_LINE, "fu", 0, "pooled \u00B1 1.96 standard errors");
    }
    effect_keys(&keys, effects, &plot->x, false);
    draw_keys(canvas, &keys);
    draw_note(canvas, effects->note);
}

void pilot_picture_funnel(pilot_text_t *text, const pilot_picture_effects_t *effects,
                          const pilot_picture_options_t *options)
{
    canvas_t canvas;
    plot_t plot;
    pilot_text_t description = PILOT_TEXT_INIT;
    size_t count = 0;
    for (size_t i = 0; i < effects->effects; i++)
        count += in_funnel(&effects->effect[i]);
    canvas_begin(&canvas, options, "Funnel plot");
    if (count == 0) {
        axis_set(&plot.x, -1, 1, 0, 1, 1, effects->ratio, false);
        draw_nothing(&canvas, "There are no effects with standard errors to show.");
    } else {
        draw_funnel(&canvas, &plot, effects, count);
    }
    put_description(&description, "Funnel plot, estimates against standard errors", effects,
                    &plot.x);
    canvas_end(&canvas, text, "Funnel plot", description.data);
    pilot_text_clear(&description);
}
