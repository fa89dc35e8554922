#include "plot.h"

#include <math.h>

void draw_plot(canvas_t *canvas, plot_t *plot, double height, const plot_range_t *x,
               const char *x_title, const plot_range_t *y, const char *y_title)
{
    pilot_text_t title = PILOT_TEXT_INIT;
    double bottom = canvas->y + height;
    axis_set(&plot->y, y->low, y->high, bottom, canvas->y, 46, y->ratio, y->round);
    pilot_text_append(&title, y_title);
    axis_factor(&plot->y, &title);
    canvas->y +=
        draw_lines(canvas, FACE_BOLD, ANCHOR_START, 0, canvas->y, canvas->width, title.data);
    plot->top = canvas->y + 8;
    plot->bottom = plot->top + height;
    axis_set(&plot->y, y->low, y->high, y->from_top ? plot->top : plot->bottom,
             y->from_top ? plot->bottom : plot->top, 46, y->ratio, y->round);
    plot->left = axis_label_width(&plot->y) + 12;
    plot->right = canvas->width - 12;
    axis_set(&plot->x, x->low, x->high, plot->left, plot->right, canvas->narrow ? 62 : 90, x->ratio,
             x->round);
    draw_axis_grid(canvas, &plot->x, plot->top, plot->bottom);
    draw_axis_left(canvas, &plot->y, plot->left, plot->right);
    draw_axis_below(canvas, &plot->x, plot->bottom);
    pilot_text_reset(&title);
    pilot_text_append(&title, x_title);
    axis_factor(&plot->x, &title);
    double middle = (plot->left + plot->right) / 2;
    double half = fmin(canvas->width, text_width(FACE_BOLD, title.data) + 2) / 2;
    middle = fmin(fmax(middle, half), canvas->width - half);
    canvas->y = plot->bottom + 24;
    canvas->y +=
        draw_lines(canvas, FACE_BOLD, ANCHOR_MIDDLE, middle, canvas->y, canvas->width, title.data) +
        8;
    pilot_text_clear(&title);
}

void begin_dots(canvas_t *canvas, const char *class)
{
    pilot_text_appendf(&canvas->body, "<path class=\"%s\" d=\"", class);
}

void add_dot(canvas_t *canvas, double x, double y)
{
    put_pair(&canvas->body, "M", x, y);
    pilot_text_append(&canvas->body, "h0");
}

void end_path(canvas_t *canvas)
{
    pilot_text_append(&canvas->body, "\"/>\n");
}

void widen_range(plot_range_t *range, pilot_number_t number)
{
    if (!number_finite(number))
        return;
    range->low = fmin(range->low, number.value);
    range->high = fmax(range->high, number.value);
}

void pad_range(plot_range_t *range, double share)
{
    double pad = (range->high - range->low) * share;
    if (!isfinite(pad))
        return;
    range->low -= pad;
    range->high += pad;
}
