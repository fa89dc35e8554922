/* heterogeneity.c - how effects are spread over agencies: estimates spread more than the effects
 * themselves, so both histograms are drawn; then the shares that harm, do nothing, benefit. */
#include <math.h>

#include "plot.h"
#include "pilot/memory.h"

enum { MOST_BINS = 60 };

typedef struct bins {
    double low, width;
    size_t count;
    size_t raw[MOST_BINS], shrunken[MOST_BINS];
} bins_t;

static void count_in(bins_t *bins, size_t counts[MOST_BINS], pilot_number_t number)
{
    if (!number_finite(number))
        return;
    double at = floor((number.value - bins->low) / bins->width);
    size_t bin = at < 0 ? 0 : at >= (double)bins->count ? bins->count - 1 : (size_t)at;
    counts[bin]++;
}

/* Bins are equal parts of the ticks' step, so that their edges are round. */
static void fill_bins(bins_t *bins, const axis_t *axis, const pilot_picture_effects_t *effects)
{
    double wanted = fmin(fmax(sqrt((double)effects_drawn(effects)) * 2, 8), 40);
    double step =
        axis->ticks > 1 ? axis->tick[1].value - axis->tick[0].value : axis->high - axis->low;
    double span = axis->high - axis->low, parts = fmax(floor(wanted * step / span + 0.5), 1);
    if (axis->ratio)
        step = span / wanted, parts = 1;
    double origin = axis->ratio || axis->ticks == 0 ? axis->low : axis->tick[0].value;
    bins->width = step / parts;
    bins->low = origin - ceil((origin - axis->low) / bins->width - 1e-9) * bins->width;
    bins->count =
        (size_t)fmin(fmax(ceil((axis->high - bins->low) / bins->width - 1e-9), 1), MOST_BINS);
    bins->low *= axis->factor;
    bins->width *= axis->factor;
    for (size_t i = 0; i < effects->effects; i++) {
        if (!effect_drawn(&effects->effect[i]) || effects->effect[i].summary)
            continue;
        count_in(bins, bins->raw, effects->effect[i].estimate);
        count_in(bins, bins->shrunken, effects->effect[i].eb_estimate);
    }
}

static void draw_histogram(canvas_t *canvas, const plot_t *plot, const bins_t *bins,
                           const size_t counts[MOST_BINS], const char *class)
{
    pilot_text_appendf(&canvas->body, "<path class=\"%s\" d=\"", class);
    put_pair(&canvas->body, "M", axis_at(&plot->x, bins->low), plot->bottom);
    for (size_t i = 0; i < bins->count; i++) {
        pilot_text_append_char(&canvas->body, 'V');
        put_number(&canvas->body, axis_at(&plot->y, (double)counts[i]));
        pilot_text_append_char(&canvas->body, 'H');
        put_number(&canvas->body, axis_at(&plot->x, bins->low + (double)(i + 1) * bins->width));
    }
    pilot_text_append_char(&canvas->body, 'V');
    put_number(&canvas->body, plot->bottom);
    pilot_text_append(&canvas->body, "\"/>\n");
}

static void draw_histograms(canvas_t *canvas, plot_t *plot, const pilot_picture_effects_t *effects)
{
    plot_range_t x = {.ratio = effects->ratio}, y = {.low = 0, .round = true};
    effects_range(effects, &x.low, &x.high);
    plot_range_t seen = {.low = INFINITY, .high = -INFINITY, .ratio = effects->ratio};
    for (size_t i = 0; i < effects->effects; i++) /* intervals are not drawn: no room for them */
        if (effect_drawn(&effects->effect[i]) && effects->effect[i].estimate.value >= x.low &&
            effects->effect[i].estimate.value <= x.high)
            widen_range(&seen, effects->effect[i].estimate);
    widen_range(&seen, PILOT_GIVEN(effects->null));
    widen_range(&seen, effects->smallest_low);
    widen_range(&seen, effects->smallest_high);
    pad_range(&seen, 0.04);
    axis_t axis;
    axis_set(&axis, seen.low, seen.high, 0, canvas->width, canvas->narrow ? 62 : 90, effects->ratio,
             false);
    bins_t bins = {0};
    fill_bins(&bins, &axis, effects);
    seen.low = fmin(seen.low, bins.low);
    seen.high = fmax(seen.high, bins.low + (double)bins.count * bins.width);
    bool shrunken = false;
    y.high = 1;
    for (size_t i = 0; i < bins.count; i++) {
        shrunken = shrunken || bins.shrunken[i] > 0;
        y.high = fmax(y.high, fmax((double)bins.raw[i], (double)bins.shrunken[i]));
    }
    pilot_text_t title = PILOT_TEXT_INIT;
    put_counted(&title, 2, effects->noun ? effects->noun : "Agency");
    char *counted PILOT_AUTOFREE = pilot_format("Number of %s", title.data + 2);
    draw_plot(canvas, plot, canvas->narrow ? 200 : 260, &seen,
              effects->axis && effects->axis[0] ? effects->axis : "Effect", &y, counted);
    pilot_text_clear(&title);
    if (shrunken)
        draw_histogram(canvas, plot, &bins, bins.shrunken, "hi");
    draw_histogram(canvas, plot, &bins, bins.raw, "ho");
    draw_references(canvas, &plot->x, effects, plot->top, plot->bottom);
    keys_t keys = {0};
    add_key(&keys, SIGN_LINE, "ho", 0, "estimates");
    if (shrunken)
        add_key(&keys, SIGN_BAND, "hi", 0, "empirical Bayes");
    if (effect_drawn(&effects->pooled))
        add_key(&keys, SIGN_LINE, "pl", 0, "pooled");
    effect_keys(&keys, effects, &plot->x, false);
    draw_keys(canvas, &keys);
}

static bool share_given(const pilot_picture_share_t *share)
{
    return share->mark == 0 && number_finite(share->share);
}

static void put_share(pilot_text_t *text, const pilot_picture_share_t *share)
{
    if (!share_given(share)) {
        pilot_text_append(text, missing_words(share->mark, NULL));
        return;
    }
    put_percent(text, share->share.value, 0);
    if (number_finite(share->ci_low) && number_finite(share->ci_high)) {
        pilot_text_append(text, " (");
        pilot_picture_number(text, share->ci_low.value * 100, 0);
        pilot_text_append(text, " to ");
        put_percent(text, share->ci_high.value, 0);
        pilot_text_append_char(text, ')');
    }
}

static const char *const share_names[3] = {"harm", "no effect that matters", "benefit"};

static void draw_whisker(canvas_t *canvas, double low, double high, double y)
{
    draw_line(canvas, "bo", low, y, high, y); /* a rim, over the bar */
    draw_line(canvas, "bi", low, y, high, y);
    draw_line(canvas, "bi", low, y - 4, low, y + 4);
    draw_line(canvas, "bi", high, y - 4, high, y + 4);
}

static void draw_shares(canvas_t *canvas, const pilot_picture_share_t share[3], const char *noun)
{
    static const char *const classes[3] = {"ha", "no", "be"};
    pilot_text_t text = PILOT_TEXT_INIT;
    put_counted(&text, 2, noun);
    canvas->y += 6;
    char *heading PILOT_AUTOFREE = pilot_format("Share of %s (%%) with", text.data + 2);
    canvas->y +=
        draw_lines(canvas, FACE_BOLD, ANCHOR_START, 0, canvas->y, canvas->width, heading) + 4;
    double left = canvas->narrow ? 8 : text_width(FACE_TEXT, share_names[1]) + 16;
    double right = canvas->narrow
                       ? canvas->width - 8
                       : canvas->width - text_width(FACE_TEXT, "100 % (100 to 100 %)") - 16;
    axis_t axis;
    axis_set(&axis, 0, 100, left, right, canvas->narrow ? 62 : 90, false, true);
    double row = canvas->narrow ? 42 : 26, top = canvas->y;
    draw_axis_grid(canvas, &axis, top, top + 3 * row);
    for (size_t i = 0; i < 3; i++) {
        double y = canvas->narrow ? canvas->y + 29 : canvas->y + row / 2;
        pilot_text_reset(&text);
        put_share(&text, &share[i]);
        double words = canvas->narrow ? canvas->y + 14 : y + 4.5;
        draw_text(canvas, FACE_TEXT, ANCHOR_START, 0, words, 0, share_names[i]);
        draw_text(canvas, FACE_TEXT, ANCHOR_END, canvas->width, words, 0, text.data);
        if (share_given(&share[i])) {
            double end = axis_at(&axis, share[i].share.value * 100);
            draw_box(canvas, classes[i], left, y - 7, end - left, 14);
            if (number_finite(share[i].ci_low) && number_finite(share[i].ci_high))
                draw_whisker(canvas, axis_at(&axis, share[i].ci_low.value * 100),
                             axis_at(&axis, share[i].ci_high.value * 100), y);
        } else {
            draw_line(canvas, "mi", left, y, right, y);
        }
        canvas->y += row;
    }
    draw_axis_below(canvas, &axis, canvas->y + 2);
    canvas->y += 28;
    pilot_text_clear(&text);
}

void pilot_picture_heterogeneity(pilot_text_t *text, const pilot_picture_effects_t *effects,
                                 const pilot_picture_share_t share[3],
                                 const pilot_picture_options_t *options)
{
    canvas_t canvas;
    plot_t plot;
    const char *noun = effects->noun ? effects->noun : "Agency";
    pilot_text_t description = PILOT_TEXT_INIT;
    canvas_begin(&canvas, options, "How effects are spread");
    if (effects_drawn(effects) == 0) {
        axis_set(&plot.x, -1, 1, 0, 1, 1, effects->ratio, false);
        draw_nothing(&canvas, "There are no effects to show.");
    } else {
        draw_histograms(&canvas, &plot, effects);
    }
    put_description(&description, "How effects are spread", effects, &plot.x);
    if (share) {
        draw_shares(&canvas, share, noun);
        pilot_text_append(&description, " Shares:");
        for (size_t i = 0; i < 3; i++) {
            pilot_text_appendf(&description, " %s ", share_names[i]);
            put_share(&description, &share[i]);
            pilot_text_append_char(&description, i < 2 ? ',' : '.');
        }
    }
    draw_note(&canvas, effects->note);
    canvas_end(&canvas, text, "How effects are spread", description.data);
    pilot_text_clear(&description);
}
