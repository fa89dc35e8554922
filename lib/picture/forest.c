/* forest.c - a line each: name, square and interval, numbers; the pooled diamond beneath.  Narrow:
 * the name and the numbers stand above the bar. */
#include <math.h>
#include <string.h>

#include "effects.h"
#include "pilot/memory.h"

/* What a line shows in its columns. */
typedef struct columns {
    double label;                             /* width */
    double estimate, interval, weight, units; /* right ends; 0: no such column */
    double from, to;                          /* the plot */
} columns_t;

static const char prediction_label[] = "Prediction interval";

typedef struct forest {
    const pilot_picture_effects_t *effects;
    canvas_t canvas;
    axis_t axis;
    columns_t columns;
    double weights, heaviest; /* sum, largest */
    double row;
    bool groups, any_weight, any_units, any;
    const char *noun;
} forest_t;

static bool begins_group(const forest_t *forest, size_t i)
{
    const char *group = forest->effects->effect[i].group;
    if (!group || !group[0])
        return false;
    const char *before = i > 0 ? forest->effects->effect[i - 1].group : NULL;
    return !before || strcmp(before, group) != 0;
}

static void look_over(forest_t *forest)
{
    const pilot_picture_effects_t *effects = forest->effects;
    for (size_t i = 0; i < effects->effects; i++) {
        const pilot_picture_effect_t *effect = &effects->effect[i];
        forest->groups = forest->groups || begins_group(forest, i);
        if (!effect_drawn(effect) || effect->summary)
            continue;
        forest->any_units = forest->any_units || number_finite(effect->units);
        if (!number_finite(effect->weight) || effect->weight.value < 0)
            continue;
        forest->any_weight = true;
        forest->weights += effect->weight.value;
        forest->heaviest = fmax(forest->heaviest, effect->weight.value);
    }
    if (!isfinite(forest->weights)) {
        forest->any_weight = false;
        forest->weights = 0;
    }
}

/* The widest of a column's texts. */
static double widest(const forest_t *forest,
                     double (*width)(const forest_t *, const pilot_picture_effect_t *))
{
    double most =
        effect_drawn(&forest->effects->pooled) ? width(forest, &forest->effects->pooled) : 0;
    for (size_t i = 0; i < forest->effects->effects; i++)
        most = fmax(most, width(forest, &forest->effects->effect[i]));
    return most;
}

static double estimate_width(const forest_t *forest, const pilot_picture_effect_t *effect)
{
    if (!effect_drawn(effect))
        return 0;
    pilot_text_t text = PILOT_TEXT_INIT;
    put_estimate(&text, &forest->axis, effect);
    double width = text_width(FACE_BOLD, text.data);
    pilot_text_clear(&text);
    return width;
}

static double interval_width(const forest_t *forest, const pilot_picture_effect_t *effect)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_append(&text, "");
    put_interval(&text, &forest->axis, effect);
    double width = text_width(FACE_BOLD, text.data);
    pilot_text_clear(&text);
    return width;
}

static double label_width(const forest_t *forest, const pilot_picture_effect_t *effect)
{
    return text_width(effect->summary || effect == &forest->effects->pooled ? FACE_BOLD : FACE_TEXT,
                      effect_label(effect, forest->noun)) +
           (forest->groups && !effect->summary ? 12 : 0);
}

/* The numbers' decimals, and so their widths, depend on the axis, whose place depends on them:
 * three rounds, the widest of each kept. */
static void set_wide_columns(forest_t *forest)
{
    columns_t *columns = &forest->columns;
    double width = forest->canvas.width, interval = text_width(FACE_BOLD, "99.9 % interval");
    double estimate = text_width(FACE_BOLD, "Effect"), right = width;
    double most = width * (forest->any_weight && forest->any_units ? 0.27 : 0.31);
    double least = has_prediction(forest->effects) ? text_width(FACE_TEXT, prediction_label) : 80;
    columns->label = fmin(fmax(widest(forest, label_width), least + 1), most);
    columns->from = columns->label + 16;
    if (forest->any_units) {
        columns->units = right;
        right -= 74;
    }
    if (forest->any_weight) {
        columns->weight = right;
        right -= 72;
    }
    columns->interval = right;
    columns->to = width * 0.6;
    for (int round = 0; round < 3; round++) {
        forest->any = effects_axis(&forest->axis, forest->effects, columns->from, columns->to, 52);
        interval = fmax(interval, widest(forest, interval_width));
        estimate = fmax(estimate, widest(forest, estimate_width));
        columns->estimate = columns->interval - interval - 14;
        columns->to = fmax(columns->estimate - estimate - 18, columns->from + 120);
    }
    effects_axis(&forest->axis, forest->effects, columns->from, columns->to, 52);
}

static void set_columns(forest_t *forest)
{
    double width = forest->canvas.width;
    if (!forest->canvas.narrow) {
        set_wide_columns(forest);
        return;
    }
    forest->columns = (columns_t){.from = 8, .to = width - 8};
    forest->any = effects_axis(&forest->axis, forest->effects, 8, width - 8, 52);
}

static void draw_header(forest_t *forest)
{
    canvas_t *canvas = &forest->canvas;
    const columns_t *columns = &forest->columns;
    if (canvas->narrow)
        return;
    double y = canvas->y + 14;
    draw_text(canvas, FACE_BOLD, ANCHOR_START, 0, y, columns->label, forest->noun);
    draw_text(canvas, FACE_BOLD, ANCHOR_END, columns->estimate, y, 0,
              forest->effects->ratio ? "Ratio" : "Effect");
    draw_textf(canvas, FACE_BOLD, ANCHOR_END, columns->interval, y, "%.10g\u00A0%% interval",
               confidence_of(forest->effects->confidence) * 100);
    if (columns->weight > 0)
        draw_text(canvas, FACE_BOLD, ANCHOR_END, columns->weight, y, 0, "Weight");
    if (columns->units > 0)
        draw_text(canvas, FACE_BOLD, ANCHOR_END, columns->units, y, 0, "People");
    draw_line(canvas, "ax", 0, y + 7.5, canvas->width, y + 7.5);
    canvas->y = y + 10;
}

static void draw_wide_numbers(forest_t *forest, const pilot_picture_effect_t *effect, face_t face,
                              double y)
{
    canvas_t *canvas = &forest->canvas;
    const columns_t *columns = &forest->columns;
    pilot_text_t text = PILOT_TEXT_INIT;
    if (!effect_drawn(effect)) {
        const char *words = missing_words(effect->mark, effect->note);
        double right = columns->interval; /* the columns beyond are free where words are long */
        if (text_width(FACE_SMALL, words) > right - columns->to - 8)
            right = canvas->width;
        draw_text(canvas, FACE_SMALL, ANCHOR_END, right, y, right - columns->to - 8, words);
        return;
    }
    put_estimate(&text, &forest->axis, effect);
    draw_text(canvas, face, ANCHOR_END, columns->estimate, y, 0, text.data);
    pilot_text_reset(&text);
    put_interval(&text, &forest->axis, effect);
    draw_text(canvas, face, ANCHOR_END, columns->interval, y, 0, text.data);
    if (columns->weight > 0 && number_finite(effect->weight) && forest->weights > 0 &&
        !effect->summary) {
        pilot_text_reset(&text);
        put_percent(&text, effect->weight.value / forest->weights, 1);
        draw_text(canvas, face, ANCHOR_END, columns->weight, y, 0, text.data);
    }
    if (columns->units > 0 && number_finite(effect->units)) {
        pilot_text_reset(&text);
        pilot_picture_number(&text, effect->units.value, 0);
        draw_text(canvas, face, ANCHOR_END, columns->units, y, 64, text.data);
    }
    pilot_text_clear(&text);
}

/* Name left, numbers right, on one line above the bar. */
static void draw_narrow_words(forest_t *forest, const pilot_picture_effect_t *effect, face_t face,
                              double indent, double y)
{
    canvas_t *canvas = &forest->canvas;
    pilot_text_t text = PILOT_TEXT_INIT;
    put_effect(&text, &forest->axis, effect);
    double name = text_width(face, effect_label(effect, forest->noun));
    double most = fmax(canvas->width * 0.6, canvas->width - indent - name - 10);
    double wide = fmin(text_width(face, text.data), most);
    if (effect->href && effect->href[0]) /* a link's line would lie under a rim: a ground instead */
        draw_box(canvas, "pg", indent, y - 11, fmin(name, canvas->width - indent - wide - 10), 14);
    open_link(canvas, effect->href);
    draw_text(canvas, face, ANCHOR_START, indent, y, canvas->width - indent - wide - 10,
              effect_label(effect, forest->noun));
    close_link(canvas, effect->href);
    draw_text(canvas, effect_drawn(effect) ? face : FACE_SMALL, ANCHOR_END, canvas->width, y, most,
              text.data);
    pilot_text_clear(&text);
}

static void draw_words(forest_t *forest, const pilot_picture_effect_t *effect, face_t face,
                       double y)
{
    canvas_t *canvas = &forest->canvas;
    double indent = forest->groups && face == FACE_TEXT ? 12 : 0;
    if (canvas->narrow) {
        draw_narrow_words(forest, effect, face, indent, y + 13);
        return;
    }
    open_link(canvas, effect->href);
    draw_text(canvas, face, ANCHOR_START, indent, y + forest->row / 2 + 4.5,
              forest->columns.label - indent, effect_label(effect, forest->noun));
    close_link(canvas, effect->href);
    draw_wide_numbers(forest, effect, face, y + forest->row / 2 + 4.5);
}

static double square_size(const forest_t *forest, const pilot_picture_effect_t *effect)
{
    if (!forest->any_weight)
        return 8;
    double largest = fmin(forest->row - 6, 14);
    if (!number_finite(effect->weight) || !(forest->heaviest > 0) || effect->weight.value < 0)
        return 4;
    return fmax(largest * sqrt(effect->weight.value / forest->heaviest), 3.4);
}

static void draw_bar(forest_t *forest, const pilot_picture_effect_t *effect, double y)
{
    canvas_t *canvas = &forest->canvas;
    bool shrunken = number_finite(effect->eb_estimate) && !effect->summary;
    if (!effect_drawn(effect)) {
        draw_line(canvas, "mi", forest->axis.from, y, forest->axis.to, y);
    } else if (effect->summary) {
        draw_pooled(canvas, &forest->axis, effect, y);
    } else if (effect->gap) {
        draw_interval(canvas, &forest->axis, effect->ci_low, effect->ci_high, y, "gi", "eg");
        draw_gap(canvas, &forest->axis, effect->estimate.value, y);
    } else {
        draw_interval(canvas, &forest->axis, effect->ci_low, effect->ci_high,
                      shrunken ? y - 2.5 : y, "ci", "es");
        draw_estimate(canvas, &forest->axis, effect->estimate.value, shrunken ? y - 2.5 : y,
                      square_size(forest, effect));
        if (shrunken)
            draw_shrunken(canvas, &forest->axis, effect, y + 4.5);
    }
}

static double row_height(const forest_t *forest)
{
    if (forest->canvas.narrow)
        return 36;
    return forest->effects->effects > 40 ? 19 : 23;
}

static double bar_place(const forest_t *forest, double y)
{
    return forest->canvas.narrow ? y + 25 : y + forest->row / 2;
}

static void draw_rows(forest_t *forest)
{
    canvas_t *canvas = &forest->canvas;
    pilot_text_t title = PILOT_TEXT_INIT;
    /* Lines that lead the eye from the name to the numbers. */
    bool guides = !canvas->narrow && !forest->groups && forest->effects->effects > 20;
    for (size_t i = 0; i < forest->effects->effects; i++) {
        const pilot_picture_effect_t *effect = &forest->effects->effect[i];
        if (begins_group(forest, i)) {
            draw_text(canvas, FACE_BOLD, ANCHOR_START, 0, canvas->y + 17,
                      canvas->narrow ? canvas->width : forest->columns.label, effect->group);
            canvas->y += 23;
        }
        pilot_text_reset(&title);
        put_effect_title(&title, &forest->axis, effect, forest->noun, forest->weights);
        open_group(canvas, i, title.data);
        draw_words(forest, effect, effect->summary ? FACE_BOLD : FACE_TEXT, canvas->y);
        draw_bar(forest, effect, bar_place(forest, canvas->y));
        close_group(canvas);
        canvas->y += forest->row;
        if (guides && i % 5 == 4 && i + 1 < forest->effects->effects)
            draw_line(canvas, "gr", 0, canvas->y, canvas->width, canvas->y);
    }
    pilot_text_clear(&title);
}

static void draw_summary(forest_t *forest)
{
    canvas_t *canvas = &forest->canvas;
    const pilot_picture_effects_t *effects = forest->effects;
    pilot_picture_effect_t pooled = effects->pooled;
    if (!effect_drawn(&pooled) && pooled.mark == 0 && !(pooled.note && pooled.note[0]))
        return;
    pooled.label = effect_label(&pooled, "Pooled");
    pooled.summary = true;
    draw_line(canvas, "gr", 0, canvas->y + 3.5, canvas->width, canvas->y + 3.5);
    canvas->y += 6;
    draw_words(forest, &pooled, FACE_BOLD, canvas->y);
    draw_bar(forest, &pooled, bar_place(forest, canvas->y));
    canvas->y += forest->row;
    if (!effect_drawn(&pooled) || !has_prediction(effects))
        return;
    pilot_text_t text = PILOT_TEXT_INIT;
    axis_number(&forest->axis, &text, effects->pi_low.value);
    pilot_text_append(&text, " to ");
    axis_number(&forest->axis, &text, effects->pi_high.value);
    double y = canvas->narrow ? canvas->y + 13 : canvas->y + forest->row / 2 + 4.5;
    draw_text(canvas, FACE_TEXT, ANCHOR_START, 0, y, canvas->narrow ? 180 : forest->columns.label,
              prediction_label);
    draw_text(canvas, FACE_TEXT, ANCHOR_END,
              canvas->narrow ? canvas->width : forest->columns.interval, y, 0, text.data);
    pilot_text_clear(&text);
    draw_prediction(canvas, &forest->axis, effects->pi_low, effects->pi_high,
                    bar_place(forest, canvas->y));
    canvas->y += forest->row;
}

/* Grid and reference lines lie beneath the rows, whose height is known only after them. */
static void draw_beneath(forest_t *forest, double top)
{
    canvas_t *canvas = &forest->canvas;
    pilot_text_t rows = canvas->body;
    canvas->body = PILOT_TEXT_INIT;
    if (forest->any)
        draw_axis_grid(canvas, &forest->axis, top, canvas->y);
    draw_references(canvas, &forest->axis, forest->effects, top, canvas->y);
    pilot_text_append_bytes(&canvas->body, rows.data ? rows.data : "", rows.length);
    pilot_text_clear(&rows);
}

void draw_forest(pilot_text_t *text, const pilot_picture_effects_t *effects,
                 const pilot_picture_options_t *options, const char *title)
{
    forest_t forest = {.effects = effects, .noun = effects->noun ? effects->noun : "Agency"};
    canvas_t *canvas = &forest.canvas;
    canvas_begin(canvas, options, title);
    look_over(&forest);
    forest.row = row_height(&forest);
    set_columns(&forest);
    if (effects->effects == 0 && !effect_drawn(&effects->pooled)) {
        draw_nothing(canvas, "There are no effects to show.");
    } else {
        draw_header(&forest);
        pilot_text_t above = canvas->body;
        canvas->body = PILOT_TEXT_INIT;
        double top = canvas->y;
        draw_rows(&forest);
        draw_summary(&forest);
        canvas->y += 2;
        draw_beneath(&forest, top);
        pilot_text_append_bytes(&above, canvas->body.data, canvas->body.length);
        pilot_text_clear(&canvas->body);
        canvas->body = above;
        if (forest.any)
            draw_effect_axis(canvas, &forest.axis, effects, canvas->y);
        else
            canvas->y += 8;
        keys_t keys = {0};
        effect_keys(&keys, effects, &forest.axis, true);
        draw_keys(canvas, &keys);
        draw_note(canvas, effects->note);
    }
    pilot_text_t description = PILOT_TEXT_INIT;
    put_description(&description, title, effects, &forest.axis);
    canvas_end(canvas, text, title, description.data);
    pilot_text_clear(&description);
}

void pilot_picture_forest(pilot_text_t *text, const pilot_picture_effects_t *effects,
                          const pilot_picture_options_t *options)
{
    if (effects->effects > PILOT_PICTURE_FOREST_ROWS)
        pilot_picture_caterpillar(text, effects, options);
    else
        draw_forest(text, effects, options, "Forest plot");
}

void pilot_picture_pilots(pilot_text_t *text, const pilot_picture_effects_t *pilots,
                          const pilot_picture_options_t *options)
{
    pilot_picture_effects_t named = *pilots;
    if (!named.noun)
        named.noun = "Pilot";
    if (!named.axis)
        named.axis = "Effect in standard deviations of the control group";
    if (named.effects > PILOT_PICTURE_FOREST_ROWS)
        pilot_picture_caterpillar(text, &named, options);
    else
        draw_forest(text, &named, options, "Comparison of pilots");
}
