/* curves.c - Kaplan-Meier steps with numbers at risk, and effects by quantile: lines with bands. */
#include <math.h>

#include "plot.h"
#include "pilot/memory.h"

static bool known(const pilot_picture_point_t *point)
{
    return isfinite(point->at) && number_finite(point->value);
}

static size_t known_points(const pilot_picture_curve_t *curve)
{
    size_t count = 0;
    for (size_t i = 0; i < curve->points && curve->mark == 0; i++)
        count += known(&curve->point[i]);
    return count;
}

/* One side of a band or the line itself; a stretch without numbers is a gap in the line. */
static void put_line(canvas_t *canvas, const plot_t *plot, const pilot_picture_curve_t *curve,
                     bool steps)
{
    bool on = false;
    for (size_t i = 0; i < curve->points; i++) {
        const pilot_picture_point_t *point = &curve->point[i];
        if (!known(point)) {
            on = false;
            continue;
        }
        double x = axis_at(&plot->x, point->at), y = axis_at(&plot->y, point->value.value);
        if (on && steps) {
            pilot_text_append_char(&canvas->body, 'H');
            put_number(&canvas->body, x);
            pilot_text_append_char(&canvas->body, 'V');
            put_number(&canvas->body, y);
        } else {
            put_pair(&canvas->body, on ? "L" : "M", x, y);
        }
        on = true;
    }
}

static bool has_band(const pilot_picture_point_t *point)
{
    return known(point) && point->low.given && point->high.given && !isnan(point->low.value) &&
           !isnan(point->high.value);
}

/* From point first to before last: there along the low ends, back along the high ones. */
static void put_band(canvas_t *canvas, const plot_t *plot, const pilot_picture_curve_t *curve,
                     size_t first, size_t last, bool steps)
{
    pilot_text_t *body = &canvas->body;
    for (size_t i = first; i < last; i++) {
        double x = axis_at(&plot->x, curve->point[i].at);
        if (steps && i > first) {
            pilot_text_append_char(body, 'H');
            put_number(body, x);
        }
        put_pair(body, i == first ? "M" : "L", x, axis_at(&plot->y, curve->point[i].low.value));
    }
    for (size_t i = last; i-- > first;) {
        double x = axis_at(&plot->x, curve->point[i].at);
        put_pair(body, "L", x, axis_at(&plot->y, curve->point[i].high.value));
        if (steps && i > first)
            put_pair(body, "L", x, axis_at(&plot->y, curve->point[i - 1].high.value));
    }
    pilot_text_append_char(body, 'z');
}

static void draw_bands(canvas_t *canvas, const plot_t *plot, const pilot_picture_curve_t *curve,
                       size_t series, bool steps)
{
    char class[8];
    series_class(class, 'k', series);
    pilot_text_appendf(&canvas->body, "<path class=\"%s\" d=\"", class);
    for (size_t i = 0; i < curve->points;) {
        size_t end = i;
        while (end < curve->points && has_band(&curve->point[end]))
            end++;
        if (end > i + 1)
            put_band(canvas, plot, curve, i, end, steps);
        i = end > i ? end : i + 1;
    }
    pilot_text_append(&canvas->body, "\"/>\n");
}

static void draw_curves(canvas_t *canvas, const plot_t *plot, const pilot_picture_curve_t *curve,
                        size_t curves, bool steps)
{
    char class[8];
    for (size_t i = 0; i < curves; i++)
        if (known_points(&curve[i]) > 0)
            draw_bands(canvas, plot, &curve[i], i, steps);
    for (size_t i = 0; i < curves; i++) {
        if (known_points(&curve[i]) == 0)
            continue;
        series_class(class, 's', i);
        pilot_text_appendf(&canvas->body, "<g><title>");
        pilot_picture_escape(&canvas->body, curve[i].label);
        pilot_text_appendf(&canvas->body, "</title><path class=\"%s\" d=\"", class);
        put_line(canvas, plot, &curve[i], steps);
        pilot_text_append(&canvas->body, "\"/>\n");
        series_class(class, 'f', i);
        for (size_t j = 0; j < curve[i].points && !steps && curve[i].points <= 25; j++)
            if (known(&curve[i].point[j]))
                draw_shape(canvas, class, i, axis_at(&plot->x, curve[i].point[j].at),
                           axis_at(&plot->y, curve[i].point[j].value.value), 7);
        close_group(canvas);
    }
}

static void add_curve_keys(keys_t *keys, const pilot_picture_curve_t *curve, size_t curves,
                           bool steps)
{
    for (size_t i = 0; i < curves; i++) {
        const char *label = curve[i].label ? curve[i].label : "";
        char class[8];
        series_class(class, 's', i);
        if (known_points(&curve[i]) == 0)
            add_key(keys, SIGN_LINE, "mi", 0, "%s: %s", label, missing_words(curve[i].mark, NULL));
        else if (steps)
            add_key(keys, SIGN_LINE, class, i, "%s", label);
        else
            add_key(keys, SIGN_SERIES, NULL, i, "%s", label[0] ? label : "effect");
    }
}

/* The sum of points that can be drawn; widens the ranges by them. */
static size_t look_over(const pilot_picture_curve_t *curve, size_t curves, plot_range_t *x,
                        plot_range_t *y)
{
    size_t count = 0;
    for (size_t i = 0; i < curves; i++) {
        if (curve[i].mark != 0)
            continue;
        for (size_t j = 0; j < curve[i].points; j++) {
            if (!known(&curve[i].point[j]))
                continue;
            count++;
            widen_range(x, PILOT_GIVEN(curve[i].point[j].at));
            widen_range(y, curve[i].point[j].value);
            widen_range(y, curve[i].point[j].low);
            widen_range(y, curve[i].point[j].high);
        }
    }
    return count;
}

/* ---- Kaplan-Meier ---- */

static void draw_at_risk(canvas_t *canvas, const plot_t *plot,
                         const pilot_picture_survival_t *survival)
{
    bool any = false;
    for (size_t i = 0; i < survival->curves; i++)
        any = any || survival->curve[i].at_risk;
    if (!any || survival->risk_times == 0)
        return;
    draw_text(canvas, FACE_BOLD, ANCHOR_START, 0, canvas->y + 14, 0, "Number at risk");
    canvas->y += 20;
    for (size_t i = 0; i < survival->curves; i++) {
        const pilot_picture_curve_t *curve = &survival->curve[i];
        char class[8];
        series_class(class, 's', i);
        draw_line(canvas, class, 0, canvas->y + 9, 24, canvas->y + 9);
        draw_text(canvas, FACE_SMALL, ANCHOR_START, 30, canvas->y + 13, canvas->width - 30,
                  curve->label ? curve->label : "");
        canvas->y += 18;
        double used = -1e9;
        for (size_t j = 0; j < survival->risk_times && curve->at_risk; j++) {
            pilot_text_t text = PILOT_TEXT_INIT;
            const pilot_picture_count_t *count = &curve->at_risk[j];
            if (count->mark != 0)
                pilot_text_append_char(&text, count->mark);
            else if (number_finite(count->value))
                pilot_picture_number(&text, count->value.value, 0);
            else
                pilot_text_append(&text, "\u2013");
            double x = axis_at(&plot->x, survival->risk_time[j]);
            double half = text_width(FACE_SMALL, text.data) / 2;
            x = fmin(fmax(x, half), canvas->width - half);
            if (isfinite(survival->risk_time[j]) && x - half > used + 5) {
                draw_text(canvas, FACE_SMALL, ANCHOR_MIDDLE, x, canvas->y + 12, 0, text.data);
                used = x + half;
            }
            pilot_text_clear(&text);
        }
        canvas->y += 20;
    }
    canvas->y += 4;
}

static void draw_survival(canvas_t *canvas, const pilot_picture_survival_t *survival,
                          plot_range_t *x)
{
    plot_t plot;
    plot_range_t y = {.low = 0, .high = 1, .round = true};
    widen_range(x, PILOT_GIVEN(0));
    for (size_t i = 0; i < survival->risk_times; i++)
        widen_range(x, PILOT_GIVEN(survival->risk_time[i]));
    draw_plot(canvas, &plot, canvas->narrow ? 240 : 340, x,
              survival->time_axis ? survival->time_axis : "Time", &y,
              survival->axis ? survival->axis : "Share without the event");
    if (number_finite(survival->horizon) && axis_holds(&plot.x, survival->horizon.value)) {
        double at = axis_at(&plot.x, survival->horizon.value);
        draw_line(canvas, "me", at, plot.top, at, plot.bottom);
    }
    draw_curves(canvas, &plot, survival->curve, survival->curves, true);
    keys_t keys = {0};
    add_curve_keys(&keys, survival->curve, survival->curves, true);
    add_key(&keys, SIGN_BAND, "k1", 0, "%.10g\u00A0%% interval",
            confidence_of(survival->confidence) * 100);
    if (number_finite(survival->horizon))
        add_key(&keys, SIGN_LINE, "me", 0, "horizon %.10g", survival->horizon.value);
    draw_keys(canvas, &keys);
    draw_at_risk(canvas, &plot, survival);
}

static void put_curve_ends(pilot_text_t *text, const pilot_picture_curve_t *curve, size_t curves)
{
    for (size_t i = 0; i < curves; i++) {
        pilot_text_appendf(text, " %s: ", curve[i].label ? curve[i].label : "");
        size_t last = curve[i].points;
        while (last > 0 && !known(&curve[i].point[last - 1]))
            last--;
        if (curve[i].mark != 0 || last == 0) {
            pilot_text_appendf(text, "%s.", missing_words(curve[i].mark, NULL));
            continue;
        }
        pilot_text_appendf(text, "ends at %.10g with %.4g.", curve[i].point[last - 1].at,
                           curve[i].point[last - 1].value.value + 0.0);
    }
}

void pilot_picture_survival(pilot_text_t *text, const pilot_picture_survival_t *survival,
                            const pilot_picture_options_t *options)
{
    canvas_t canvas;
    plot_range_t x = {.low = INFINITY, .high = -INFINITY}, y = x;
    canvas_begin(&canvas, options, "Survival curves");
    if (look_over(survival->curve, survival->curves, &x, &y) == 0) {
        draw_nothing(&canvas, "There are no curves to show.");
        keys_t keys = {0};
        add_curve_keys(&keys, survival->curve, survival->curves, true);
        draw_keys(&canvas, &keys);
    } else {
        draw_survival(&canvas, survival, &x);
    }
    pilot_text_t description = PILOT_TEXT_INIT;
    pilot_text_append(&description, "Kaplan-Meier curves.");
    put_curve_ends(&description, survival->curve, survival->curves);
    canvas_end(&canvas, text, "Survival curves", description.data);
    pilot_text_clear(&description);
}

/* ---- quantiles ---- */

static void draw_quantiles(canvas_t *canvas, const pilot_picture_quantiles_t *quantiles,
                           plot_range_t *y)
{
    plot_t plot;
    plot_range_t x = {.low = 0, .high = 1, .round = true};
    widen_range(y, PILOT_GIVEN(0));
    widen_range(y, quantiles->mean_effect);
    pad_range(y, 0.03);
    draw_plot(canvas, &plot, canvas->narrow ? 240 : 340, &x,
              "Quantile (0: the lowest outcomes, 1: the highest)", y,
              quantiles->axis && quantiles->axis[0] ? quantiles->axis : "Effect at the quantile");
    double zero = axis_at(&plot.y, 0);
    draw_line(canvas, "nu", plot.left, zero, plot.right, zero);
    if (number_finite(quantiles->mean_effect)) {
        double mean = axis_at(&plot.y, quantiles->mean_effect.value);
        draw_line(canvas, "me", plot.left, mean, plot.right, mean);
    }
    draw_curves(canvas, &plot, quantiles->curve, quantiles->curves, false);
    keys_t keys = {0};
    add_curve_keys(&keys, quantiles->curve, quantiles->curves, false);
    add_key(&keys, SIGN_BAND, "k1", 0, "%.10g\u00A0%% interval",
            confidence_of(quantiles->confidence) * 100);
    if (number_finite(quantiles->mean_effect))
        add_key(&keys, SIGN_LINE, "me", 0, "mean effect");
    draw_keys(canvas, &keys);
}

void pilot_picture_quantiles(pilot_text_t *text, const pilot_picture_quantiles_t *quantiles,
                             const pilot_picture_options_t *options)
{
    canvas_t canvas;
    plot_range_t x = {.low = INFINITY, .high = -INFINITY}, y = x;
    canvas_begin(&canvas, options, "Effect by quantile");
    if (look_over(quantiles->curve, quantiles->curves, &x, &y) == 0) {
        draw_nothing(&canvas, "There are no effects at quantiles to show.");
        keys_t keys = {0};
        add_curve_keys(&keys, quantiles->curve, quantiles->curves, false);
        draw_keys(&canvas, &keys);
    } else {
        draw_quantiles(&canvas, quantiles, &y);
    }
    pilot_text_t description = PILOT_TEXT_INIT;
    pilot_text_append(&description, "Effects by quantile of the outcome.");
    put_curve_ends(&description, quantiles->curve, quantiles->curves);
    canvas_end(&canvas, text, "Effect by quantile", description.data);
    pilot_text_clear(&description);
}
