/* caterpillar.c - thousands of agencies on one axis: a thin bar each, sorted.
 *
 * Drawn in half units, whole numbers only, so that 2,000 agencies with their names stay small; the
 * sorted estimates are one line, the empirical Bayes effects one path of dots. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "effects.h"
#include "pilot/memory.h"

/* More lines than these are not links: they would double the size.  Links are for the pointer
 * alone: hundreds of stops would shut in who uses the keyboard. */
enum { MOST_LINKS = 500 };

typedef struct line {
    const pilot_picture_effect_t *effect;
    size_t index;
    double key; /* rising: better first */
} line_t;

static int by_key(const void *a, const void *b)
{
    const line_t *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    int labels = strcmp(effect_label(x->effect, ""), effect_label(y->effect, ""));
    return labels != 0 ? labels : (x->index > y->index) - (x->index < y->index);
}

/* The lines that have an estimate, best first; the caller frees. */
static line_t *sorted_lines(const pilot_picture_effects_t *effects, size_t *ret_count)
{
    line_t *line = PILOT_NEW_ARRAY(line_t, effects->effects + 1);
    size_t count = 0;
    for (size_t i = 0; i < effects->effects; i++) {
        const pilot_picture_effect_t *effect = &effects->effect[i];
        if (!effect_drawn(effect) || effect->summary)
            continue;
        double value = effect->estimate.value;
        line[count++] = (line_t){effect, i, effects->lower_is_better ? value : -value};
    }
    qsort(line, count, sizeof(line_t), by_key);
    *ret_count = count;
    return line;
}

static long half_units(const axis_t *axis, double value)
{
    return lround(axis_at(axis, value) * 2);
}

static bool has_interval(const pilot_picture_effect_t *effect)
{
    return effect->ci_low.given && effect->ci_high.given && !isnan(effect->ci_low.value) &&
           !isnan(effect->ci_high.value) && effect->ci_low.value <= effect->ci_high.value;
}

/* The bars, each with its name; returns how many intervals leave the axis. */
static size_t draw_bars(canvas_t *canvas, const axis_t *axis, const line_t *line, size_t count,
                        long top, long row)
{
    pilot_text_t *body = &canvas->body;
    size_t beyond = 0;
    pilot_text_appendf(body, "<g class=\"hv\" stroke-width=\"%ld\">\n",
                       row >= 10 ? row / 2
                       : row > 2 ? row - 1
                                 : 2);
    for (size_t i = 0; i < count; i++) {
        const pilot_picture_effect_t *effect = line[i].effect;
        long low = half_units(axis, effect->estimate.value) - 2, high = low + 4;
        if (has_interval(effect)) {
            low = half_units(axis, effect->ci_low.value);
            high = half_units(axis, effect->ci_high.value);
            if (!axis_holds(axis, effect->ci_low.value) || !axis_holds(axis, effect->ci_high.value))
                beyond++;
        }
        const char *href =
            count <= MOST_LINKS && effect->href && effect->href[0] ? effect->href : NULL;
        if (href) {
            canvas->links = true;
            pilot_text_append(body, "<a tabindex=\"-1\" href=\"");
            pilot_picture_escape(body, href);
            pilot_text_append(body, "\">");
        }
        pilot_text_appendf(body, "<path id=\"%s-%zu\" d=\"M%ld %ldh%ld\"><title>", canvas->prefix,
                           line[i].index, low, top + (long)i * row, high > low ? high - low : 1);
        pilot_picture_escape(body, effect_label(effect, "?"));
        pilot_text_append_char(body, ' ');
        put_effect(body, axis, effect);
        pilot_text_append(body, href ? "</title></path></a>\n" : "</title></path>\n");
    }
    pilot_text_append(body, "</g>\n");
    return beyond;
}

static void draw_line_of_estimates(canvas_t *canvas, const axis_t *axis, const line_t *line,
                                   size_t count, long top, long row)
{
    long before = 0;
    pilot_text_append(&canvas->body, "<path class=\"ln\" d=\"");
    for (size_t i = 0; i < count; i++) {
        long x = half_units(axis, line[i].effect->estimate.value);
        if (i == 0)
            pilot_text_appendf(&canvas->body, "M%ld %ld", x, top);
        else
            pilot_text_appendf(&canvas->body, "l%ld %ld", x - before, row);
        before = x;
    }
    pilot_text_append(&canvas->body, "\"/>\n");
}

static void draw_dots(canvas_t *canvas, const axis_t *axis, const line_t *line, size_t count,
                      long top, long row, bool shrunken)
{
    long before = 0, last = 0;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        const pilot_picture_effect_t *effect = line[i].effect;
        pilot_number_t number = shrunken ? effect->eb_estimate : effect->estimate;
        if (!number_finite(number))
            continue;
        long x = half_units(axis, number.value), y = top + (long)i * row;
        if (!any)
            pilot_text_appendf(&canvas->body,
                               "<path class=\"%s\" stroke-width=\"%s\" d=\"M%ld %ldh0",
                               shrunken ? "ed" : "ec", row < 8 ? "3.4" : "7", x, y);
        else
            pilot_text_appendf(&canvas->body, "m%ld %ldh0", x - before, y - last);
        before = x;
        last = y;
        any = true;
    }
    if (any)
        pilot_text_append(&canvas->body, "\"/>\n");
}

/* How many stand above, at the left. */
static void draw_counts(canvas_t *canvas, double x, double top, double row, size_t count)
{
    axis_t counts;
    axis_set(&counts, 0, (double)count, top, top + row * (double)count, 90, false, false);
    for (size_t i = 0; i < counts.ticks; i++) {
        double y = axis_at(&counts, counts.tick[i].value * counts.factor);
        if (counts.tick[i].value > 0 && counts.exponent == 0 &&
            !strchr(counts.tick[i].label, '.')) {
            draw_line(canvas, "ax", x - 5, y, x, y);
            draw_text(canvas, FACE_SMALL, ANCHOR_END, x - 8, y + 4, 0, counts.tick[i].label);
        }
    }
    draw_line(canvas, "ax", x, top, x, top + row * (double)count);
}

static void add_caterpillar_keys(keys_t *keys, const pilot_picture_effects_t *effects,
                                 const axis_t *axis, bool line, bool shrunken)
{
    add_key(keys, line ? SIGN_LINE : SIGN_DOT, line ? "ln" : "es", 0, "estimates");
    add_key(keys, SIGN_LINE, "ct", 0, "%.10g\u00A0%% interval of each",
            confidence_of(effects->confidence) * 100);
    if (shrunken)
        add_key(keys, SIGN_DOT, "sd", 0, "empirical Bayes");
    if (!effect_drawn(&effects->pooled))
        return;
    pilot_text_t text = PILOT_TEXT_INIT;
    put_effect(&text, axis, &effects->pooled);
    add_key(keys, SIGN_LINE, "pl", 0, "pooled %s", text.data);
    if (has_prediction(effects)) {
        pilot_text_reset(&text);
        axis_number(axis, &text, effects->pi_low.value);
        pilot_text_append(&text, " to ");
        axis_number(axis, &text, effects->pi_high.value);
        add_key(keys, SIGN_PREDICTION_BAND, NULL, 0, "prediction interval %s", text.data);
    }
    pilot_text_clear(&text);
}

static void draw_remarks(canvas_t *canvas, const pilot_picture_effects_t *effects, size_t beyond)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    size_t suppressed = 0, without = 0;
    for (size_t i = 0; i < effects->effects; i++) {
        suppressed += effects->effect[i].mark != 0;
        without += effects->effect[i].mark == 0 && !effect_drawn(&effects->effect[i]);
    }
    if (suppressed > 0) {
        pilot_text_appendf(&text, "Not drawn: ");
        put_counted(&text, suppressed, effects->noun ? effects->noun : "Agency");
        pilot_text_append(&text, " whose effect is suppressed. ");
    }
    if (without > 0) {
        pilot_text_append(&text, "Not drawn: ");
        put_counted(&text, without, effects->noun ? effects->noun : "Agency");
        pilot_text_append(&text, " without an estimate. ");
    }
    if (beyond > 0)
        pilot_text_appendf(&text, "%zu interval%s beyond the axis.", beyond,
                           beyond == 1 ? " goes" : "s go");
    draw_note(canvas, text.data);
    draw_note(canvas, effects->note);
    pilot_text_clear(&text);
}

static void draw_caterpillar(canvas_t *canvas, axis_t *axis, const pilot_picture_effects_t *effects,
                             const line_t *line, size_t count)
{
    /* Half units a line: all of 2,000 must be there to be pointed at, a few need no more than 8. */
    long row = 2600 / (long)count;
    row = row < 2 ? 2 : row > 16 ? 16 : row;
    double height = (double)row * (double)count / 2, left = 44;
    effects_axis(axis, effects, left + 6, canvas->width - 8, canvas->narrow ? 52 : 90);
    bool shrunken = false;
    for (size_t i = 0; i < count; i++)
        shrunken = shrunken || number_finite(line[i].effect->eb_estimate);
    keys_t keys = {0};
    add_caterpillar_keys(&keys, effects, axis, row < 8, shrunken);
    effect_keys(&keys, effects, axis, false);
    draw_keys(canvas, &keys);
    double top = canvas->y + 6;
    double bottom = top + height + 4;
    draw_axis_grid(canvas, axis, top - 4, bottom);
    if (effect_drawn(&effects->pooled) && has_prediction(effects)) {
        double from = axis_at(axis, effects->pi_low.value);
        draw_box(canvas, "pb", from, top - 4, axis_at(axis, effects->pi_high.value) - from,
                 height + 8);
    }
    draw_counts(canvas, left, top, (double)row / 2, count);
    pilot_text_append(&canvas->body, "<g transform=\"scale(.5)\">\n");
    long first = lround(top * 2) + row / 2;
    size_t beyond = draw_bars(canvas, axis, line, count, first, row);
    if (row < 8)
        draw_line_of_estimates(canvas, axis, line, count, first, row);
    else
        draw_dots(canvas, axis, line, count, first, row, false);
    draw_dots(canvas, axis, line, count, first, row, true);
    pilot_text_append(&canvas->body, "</g>\n");
    draw_references(canvas, axis, effects, top - 4, bottom);
    draw_effect_axis(canvas, axis, effects, bottom);
    draw_remarks(canvas, effects, beyond);
}

void pilot_picture_caterpillar(pilot_text_t *text, const pilot_picture_effects_t *effects,
                               const pilot_picture_options_t *options)
{
    canvas_t canvas;
    axis_t axis;
    size_t count;
    pilot_text_t title = PILOT_TEXT_INIT, description = PILOT_TEXT_INIT;
    put_counted(&title, 2, effects->noun ? effects->noun : "Agency");
    title.data[2] =
        (char)(title.data[2] >= 'a' && title.data[2] <= 'z' ? title.data[2] - 32 : title.data[2]);
    pilot_text_append(&title, ", sorted by estimate");
    line_t *line PILOT_AUTOFREE = sorted_lines(effects, &count);
    canvas_begin(&canvas, options, title.data + 2);
    if (count == 0) {
        effects_axis(&axis, effects, 0, canvas.width, 80);
        draw_nothing(&canvas, "There are no effects to show.");
        draw_remarks(&canvas, effects, 0);
    } else {
        draw_caterpillar(&canvas, &axis, effects, line, count);
    }
    put_description(&description, title.data + 2, effects, &axis);
    canvas_end(&canvas, text, title.data + 2, description.data);
    pilot_text_clear(&title);
    pilot_text_clear(&description);
}
