/* ranks.c - how sure the order of agencies is: a rank with the set that holds it at the confidence,
 * and the wider one that holds all ranks at once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "effects.h"
#include "pilot/memory.h"

typedef struct ranked {
    const pilot_picture_effect_t *effect;
    size_t index;
} ranked_t;

static int by_rank(const void *a, const void *b)
{
    const ranked_t *x = a, *y = b;
    if (x->effect->rank.value != y->effect->rank.value)
        return x->effect->rank.value < y->effect->rank.value ? -1 : 1;
    int labels = strcmp(effect_label(x->effect, ""), effect_label(y->effect, ""));
    return labels != 0 ? labels : (x->index > y->index) - (x->index < y->index);
}

static void put_set(pilot_text_t *text, pilot_number_t low, pilot_number_t high)
{
    if (!number_finite(low) || !number_finite(high))
        return;
    pilot_picture_number(text, low.value, 0);
    pilot_text_append(text, " to ");
    pilot_picture_number(text, high.value, 0);
}

static void put_rank(pilot_text_t *text, const pilot_picture_effect_t *effect)
{
    double rank = effect->rank.value;
    pilot_picture_number(text, rank, rank == floor(rank) ? 0 : 1);
    if (!number_finite(effect->rank_low) || !number_finite(effect->rank_high))
        return;
    pilot_text_append(text, " (");
    put_set(text, effect->rank_low, effect->rank_high);
    pilot_text_append_char(text, ')');
}

static void draw_set(canvas_t *canvas, const axis_t *axis, const char *class, pilot_number_t low,
                     pilot_number_t high, double y)
{
    if (number_finite(low) && number_finite(high)) /* a set of one rank is still seen */
        draw_line(canvas, class, axis_at(axis, low.value - 0.3), y, axis_at(axis, high.value + 0.3),
                  y);
}

static void draw_bars(canvas_t *canvas, const axis_t *axis, const pilot_picture_effect_t *effect,
                      double y)
{
    draw_set(canvas, axis, "th", effect->rank_simultaneous_low, effect->rank_simultaneous_high, y);
    draw_set(canvas, axis, "tk", effect->rank_low, effect->rank_high, y);
    draw_circle(canvas, "es", axis_at(axis, effect->rank.value), y, 3.4);
}

static void put_title(pilot_text_t *text, const pilot_picture_effect_t *effect)
{
    pilot_text_reset(text);
    pilot_text_appendf(text, "%s: rank ", effect_label(effect, "?"));
    put_rank(text, effect);
    if (number_finite(effect->rank_simultaneous_low) &&
        number_finite(effect->rank_simultaneous_high)) {
        pilot_text_append(text, ", all at once ");
        put_set(text, effect->rank_simultaneous_low, effect->rank_simultaneous_high);
    }
}

static void draw_named(canvas_t *canvas, axis_t *axis, const ranked_t *ranked, size_t count,
                       double last)
{
    double label = 0, words = 0, row = canvas->narrow ? 34 : count > 40 ? 18 : 22;
    pilot_text_t text = PILOT_TEXT_INIT;
    for (size_t i = 0; i < count; i++) {
        pilot_text_reset(&text);
        put_rank(&text, ranked[i].effect);
        words = fmax(words, text_width(FACE_TEXT, text.data));
        label = fmax(label, text_width(FACE_TEXT, effect_label(ranked[i].effect, "?")));
    }
    label = fmin(label, canvas->width * 0.32);
    axis_set(axis, 0.5, last + 0.5, canvas->narrow ? 8 : label + 16,
             canvas->width - (canvas->narrow ? 8 : words + 16), canvas->narrow ? 50 : 60, false,
             false);
    draw_axis_grid(canvas, axis, canvas->y, canvas->y + row * (double)count);
    for (size_t i = 0; i < count; i++) {
        const pilot_picture_effect_t *effect = ranked[i].effect;
        double base = canvas->narrow ? canvas->y + 14 : canvas->y + row / 2 + 4.5;
        put_title(&text, effect);
        open_group(canvas, ranked[i].index, text.data);
        open_link(canvas, effect->href);
        draw_text(canvas, FACE_TEXT, ANCHOR_START, 0, base,
                  canvas->narrow ? canvas->width - words - 10 : label, effect_label(effect, "?"));
        close_link(canvas, effect->href);
        pilot_text_reset(&text);
        put_rank(&text, effect);
        draw_text(canvas, FACE_TEXT, ANCHOR_END, canvas->width, base, 0, text.data);
        draw_bars(canvas, axis, effect, canvas->narrow ? canvas->y + 25 : canvas->y + row / 2);
        close_group(canvas);
        canvas->y += row;
    }
    pilot_text_clear(&text);
}

/* Thousands: the simultaneous sets are one path; of each agency only the marginal one has a name.
 */
static void draw_unnamed(canvas_t *canvas, axis_t *axis, const ranked_t *ranked, size_t count,
                         double last)
{
    pilot_text_t text = PILOT_TEXT_INIT, *body = &canvas->body;
    long row = 2600 / (long)count;
    row = row < 2 ? 2 : row > 16 ? 16 : row;
    long top = lround(canvas->y * 2) + row / 2;
    axis_set(axis, 0.5, last + 0.5, 8, canvas->width - 8, canvas->narrow ? 50 : 80, false, false);
    draw_axis_grid(canvas, axis, canvas->y, canvas->y + (double)row * (double)count / 2);
    pilot_text_append(body, "<g transform=\"scale(.5)\">\n<path class=\"wi\" d=\"");
    for (size_t i = 0; i < count; i++) {
        const pilot_picture_effect_t *effect = ranked[i].effect;
        if (number_finite(effect->rank_simultaneous_low) &&
            number_finite(effect->rank_simultaneous_high))
            pilot_text_appendf(body, "M%ld %ldH%ld",
                               lround(axis_at(axis, effect->rank_simultaneous_low.value) * 2),
                               top + (long)i * row,
                               lround(axis_at(axis, effect->rank_simultaneous_high.value) * 2));
    }
    pilot_text_appendf(body, "\"/>\n<g class=\"hv\" stroke-width=\"%ld\">\n",
                       row > 4 ? row / 2 : 2);
    for (size_t i = 0; i < count; i++) {
        const pilot_picture_effect_t *effect = ranked[i].effect;
        bool set = number_finite(effect->rank_low) && number_finite(effect->rank_high);
        long low = lround(axis_at(axis, set ? effect->rank_low.value : effect->rank.value) * 2);
        long high = lround(axis_at(axis, set ? effect->rank_high.value : effect->rank.value) * 2);
        pilot_text_appendf(body, "<path id=\"%s-%zu\" d=\"M%ld %ldh%ld\"><title>", canvas->prefix,
                           ranked[i].index, low - 1, top + (long)i * row, high - low + 2);
        pilot_text_reset(&text);
        pilot_text_appendf(&text, "%s ", effect_label(effect, "?"));
        put_rank(&text, effect);
        pilot_picture_escape(body, text.data);
        pilot_text_append(body, "</title></path>\n");
    }
    pilot_text_append(body, "</g>\n<path class=\"ec\" stroke-width=\"3.4\" d=\"");
    for (size_t i = 0; i < count; i++)
        pilot_text_appendf(body, "M%ld %ldh0",
                           lround(axis_at(axis, ranked[i].effect->rank.value) * 2),
                           top + (long)i * row);
    pilot_text_append(body, "\"/>\n</g>\n");
    canvas->y += (double)row * (double)count / 2 + 4;
    pilot_text_clear(&text);
}

static void draw_ranks(canvas_t *canvas, const pilot_picture_effects_t *effects,
                       const ranked_t *ranked, size_t count)
{
    axis_t axis;
    double last = (double)count, percent = confidence_of(effects->confidence) * 100;
    for (size_t i = 0; i < count; i++)
        last = fmax(last, ranked[i].effect->rank.value);
    if (count > PILOT_PICTURE_FOREST_ROWS)
        draw_unnamed(canvas, &axis, ranked, count, last);
    else
        draw_named(canvas, &axis, ranked, count, last);
    draw_axis_below(canvas, &axis, canvas->y);
    canvas->y += 24;
    canvas->y += draw_lines(canvas, FACE_BOLD, ANCHOR_MIDDLE, (axis.from + axis.to) / 2, canvas->y,
                            axis.to - axis.from, "Rank (1: the most beneficial)") +
                 6;
    keys_t keys = {0};
    add_key(&keys, SIGN_DOT, "es", 0, "rank of the estimate");
    add_key(&keys, SIGN_LINE, "tk", 0, "set that holds this rank at %.10g\u00A0%%", percent);
    add_key(&keys, SIGN_LINE, count > PILOT_PICTURE_FOREST_ROWS ? "wi" : "th", 0,
            "set that holds all ranks at once");
    draw_keys(canvas, &keys);
    if (count < effects->effects) {
        char *without PILOT_AUTOFREE =
            pilot_format("Without a rank: %zu.", effects->effects - count);
        draw_note(canvas, without);
    }
    draw_note(canvas, effects->note);
}

void pilot_picture_ranks(pilot_text_t *text, const pilot_picture_effects_t *effects,
                         const pilot_picture_options_t *options)
{
    canvas_t canvas;
    size_t count = 0;
    ranked_t *ranked PILOT_AUTOFREE = PILOT_NEW_ARRAY(ranked_t, effects->effects + 1);
    for (size_t i = 0; i < effects->effects; i++) {
        const pilot_picture_effect_t *effect = &effects->effect[i];
        if (number_finite(effect->rank) && effect->mark == 0 && !effect->summary)
            ranked[count++] = (ranked_t){effect, i};
    }
    qsort(ranked, count, sizeof(ranked_t), by_rank);
    canvas_begin(&canvas, options, "Ranks and how sure they are");
    if (count == 0)
        draw_nothing(&canvas, "There are no ranks to show.");
    else
        draw_ranks(&canvas, effects, ranked, count);
    pilot_text_t description = PILOT_TEXT_INIT;
    pilot_text_append(&description, "Ranks with confidence sets: ");
    put_counted(&description, count, effects->noun ? effects->noun : "Agency");
    pilot_text_append_char(&description, '.');
    canvas_end(&canvas, text, "Ranks and how sure they are", description.data);
    pilot_text_clear(&description);
}
