/* plot.h - a field with an axis at the left and one below. */
#ifndef PILOT_PICTURE_PLOT_H
#define PILOT_PICTURE_PLOT_H

#include "effects.h"

enum { PLOT_TITLES = 200 }; /* more points than these are one path, without names */

typedef struct plot {
    axis_t x, y;
    double top, bottom, left, right;
} plot_t;

typedef struct plot_range {
    double low, high;
    bool ratio, round, from_top; /* from_top: low is at the top */
} plot_range_t;

/* Places the field from canvas->y on, below y_title; draws grid, axes and titles; moves canvas->y
 * below them. */
void draw_plot(canvas_t *canvas, plot_t *plot, double height, const plot_range_t *x,
               const char *x_title, const plot_range_t *y, const char *y_title);

/* Many points as one path of round dots. */
void begin_dots(canvas_t *canvas, const char *class);
void add_dot(canvas_t *canvas, double x, double y);
void end_path(canvas_t *canvas);

/* Widens [low, high], which begins as [INFINITY, -INFINITY], by a finite number. */
void widen_range(plot_range_t *range, pilot_number_t number);
void pad_range(plot_range_t *range, double share);

#endif
