/* axis.h - from numbers to places: range, round ticks, and the number of decimals to tell. */
#ifndef PILOT_PICTURE_AXIS_H
#define PILOT_PICTURE_AXIS_H

#include "canvas.h"

enum { MOST_TICKS = 24 };

typedef struct axis {
    double low, high; /* in the numbers' unit over `factor`; low < high */
    double from, to;  /* places of low and high */
    double factor;    /* 10^exponent: very large and very small numbers are told in its multiples */
    int exponent;
    int decimals; /* of numbers told beside: finer than the ticks */
    bool ratio;   /* numbers are logarithms of ratios; told are the ratios */
    size_t ticks;
    struct {
        double value; /* over factor */
        char label[PILOT_DOUBLE_SIZE];
    } tick[MOST_TICKS];
} axis_t;

/* An axis of [low, high] (equal: widened) from place to place, about one tick in `apart` units.
 * Not finite: [-1, 1].  When `round` the range is widened to whole ticks. */
void axis_set(axis_t *axis, double low, double high, double from, double to, double apart,
              bool ratio, bool round);
double axis_at(const axis_t *axis, double value);  /* held within from .. to */
bool axis_holds(const axis_t *axis, double value); /* infinite: no */
/* A number as the axis tells it: over its factor, or as a ratio; with the axis' decimals. */
void axis_number(const axis_t *axis, pilot_text_t *text, double value);
/* " (× 10⁶)", or nothing. */
void axis_factor(const axis_t *axis, pilot_text_t *text);
/* Ticks and labels of a horizontal axis on the line y; grid lines up to top. */
void draw_axis_grid(canvas_t *canvas, const axis_t *axis, double top, double bottom);
void draw_axis_below(canvas_t *canvas, const axis_t *axis, double y);
/* The same of a vertical one (from: the bottom); x is where it stands. */
void draw_axis_left(canvas_t *canvas, const axis_t *axis, double x, double right);
/* Room that the labels of a vertical axis take. */
double axis_label_width(const axis_t *axis);

#endif
