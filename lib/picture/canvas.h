/* canvas.h - a picture while it is drawn: shapes and text, then one <svg> around them.
 * Coordinates are rounded to a tenth; a height is known only at the end. */
#ifndef PILOT_PICTURE_CANVAS_H
#define PILOT_PICTURE_CANVAS_H

#include "measure.h"
#include "pilot/picture.h"

typedef struct canvas {
    pilot_text_t body;
    const pilot_picture_options_t *options;
    char prefix[64]; /* of ids: letters, digits, - and _ */
    double width;
    double y; /* all above is drawn */
    bool narrow, links;
} canvas_t;

typedef enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END } anchor_t;

/* Draws the title, unless it is hidden; `title` when the options have none. */
void canvas_begin(canvas_t *canvas, const pilot_picture_options_t *options, const char *title);
/* Appends the picture, of canvas->y height, and frees; `description` when the options have none. */
void canvas_end(canvas_t *canvas, pilot_text_t *text, const char *title, const char *description);

void put_number(pilot_text_t *text, double value); /* rounded to a tenth, no blank before */
void put_pair(pilot_text_t *text, const char *command, double x, double y);
void put_escaped(pilot_text_t *text, const char *string, size_t length);

void draw_line(canvas_t *canvas, const char *class, double x1, double y1, double x2, double y2);
void draw_box(canvas_t *canvas, const char *class, double x, double y, double width, double height);
void draw_diamond(canvas_t *canvas, const char *class, double left, double middle, double right,
                  double y, double half_height);
void draw_circle(canvas_t *canvas, const char *class, double x, double y, double radius);
/* The shape of a series: circle, square, triangle, diamond, cross, plus. */
void draw_shape(canvas_t *canvas, const char *class, size_t shape, double x, double y, double size);
/* A head at (x, y) that points to the left (-1) or the right (1). */
void draw_arrow(canvas_t *canvas, const char *class, double x, double y, int direction);

/* One line of text on the base line y; shortened to width when that is above 0 (the whole in a
 * <title>). */
void draw_text(canvas_t *canvas, face_t face, anchor_t anchor, double x, double y, double width,
               const char *string);
void draw_textf(canvas_t *canvas, face_t face, anchor_t anchor, double x, double y,
                const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Lines broken at width, the first with its top at y; returns the height that they take. */
double draw_lines(canvas_t *canvas, face_t face, anchor_t anchor, double x, double y, double width,
                  const char *string);
double line_height(face_t face);

/* <g id="PREFIX-index"> with the title; close_group ends it. */
void open_group(canvas_t *canvas, size_t index, const char *title);
void close_group(canvas_t *canvas);
/* <a> around what a line's name is, when there is an href. */
void open_link(canvas_t *canvas, const char *href);
void close_link(canvas_t *canvas, const char *href);

/* What the signs mean, side by side and wrapped, from canvas->y on. */
typedef enum key_sign {
    SIGN_SQUARE,     /* estimate with its interval */
    SIGN_DOT,        /* a point alone */
    SIGN_SHRUNKEN,   /* empirical Bayes */
    SIGN_ALONE,      /* a target that moved alone */
    SIGN_PLUS,       /* a pooled point */
    SIGN_GAP,        /* a difference between lines */
    SIGN_DIAMOND,    /* pooled */
    SIGN_PREDICTION, /* prediction interval */
    SIGN_PREDICTION_BAND,
    SIGN_LINE,   /* a line of class `class` */
    SIGN_BAND,   /* a filled band of class `class` */
    SIGN_SERIES, /* line and shape of series `series` */
    SIGN_SHAPE,  /* shape of series `series` alone */
} key_sign_t;
typedef struct keys {
    struct {
        key_sign_t sign;
        char class[8];
        size_t series;
        char *text;
    } key[16];
    size_t count;
} keys_t;
void add_key(keys_t *keys, key_sign_t sign, const char *class, size_t series, const char *format,
             ...) __attribute__((format(printf, 5, 6)));
void draw_keys(canvas_t *canvas, keys_t *keys); /* frees their texts */

enum { SERIES = 6 };
/* "s1" .. "s6": a series' class by what it styles: 's' stroke, 'f' fill, 'k' band. */
void series_class(char ret_class[8], char what, size_t series);

#endif
