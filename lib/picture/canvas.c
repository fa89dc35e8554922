#include "canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* ---- numbers and text ---- */

void put_number(pilot_text_t *text, double value)
{
    if (!isfinite(value))
        value = 0; /* no picture is drawn from such a number: see axis.h */
    long tenths = lround(fmin(fmax(value, -1e6), 1e6) * 10);
    if (tenths % 10 == 0)
        pilot_text_appendf(text, "%ld", tenths / 10);
    else
        pilot_text_appendf(text, "%s%ld.%ld", tenths < 0 ? "-" : "", labs(tenths) / 10,
                           labs(tenths) % 10);
}

void put_pair(pilot_text_t *text, const char *command, double x, double y)
{
    pilot_text_append(text, command);
    put_number(text, x);
    pilot_text_append_char(text, ' ');
    put_number(text, y);
}

static void put_attribute(pilot_text_t *text, const char *name, double value)
{
    pilot_text_appendf(text, " %s=\"", name);
    put_number(text, value);
    pilot_text_append_char(text, '"');
}

void put_escaped(pilot_text_t *text, const char *string, size_t length)
{
    for (size_t offset = 0; offset < length;) {
        size_t before = offset;
        uint32_t code = next_code(string, &offset);
        switch (code) {
        case '&':
            pilot_text_append(text, "&amp;");
            break;
        case '<':
            pilot_text_append(text, "&lt;");
            break;
        case '>':
            pilot_text_append(text, "&gt;");
            break;
        case '"':
            pilot_text_append(text, "&quot;");
            break;
        case '\'':
            pilot_text_append(text, "&#39;");
            break;
        case 0xFFFD:
            pilot_text_append(text, "\uFFFD");
            break;
        default:
            pilot_text_append_bytes(text, string + before, offset - before);
        }
    }
}

void pilot_picture_escape(pilot_text_t *text, const char *string)
{
    if (string)
        put_escaped(text, string, strlen(string));
}

void pilot_picture_number(pilot_text_t *text, double value, int decimals)
{
    if (isnan(value))
        return;
    if (isinf(value)) {
        pilot_text_append(text, value < 0 ? "\u2212\u221E" : "\u221E");
        return;
    }
    char plain[400];
    snprintf(plain, sizeof(plain), "%.*f",
             decimals < 0    ? 0
             : decimals > 17 ? 17
                             : decimals,
             fabs(value));
    bool zero = strspn(plain, "0.") == strlen(plain);
    pilot_text_appendf(text, "%s%s", value < 0 && !zero ? "\u2212" : "", plain);
}

/* ---- the frame ---- */

static const char id_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void set_prefix(canvas_t *canvas, const char *prefix)
{
    size_t length = 0;
    if (!prefix || !prefix[0])
        prefix = "picture";
    if (!strchr(id_characters, prefix[0]) || strchr("0123456789-_", prefix[0]))
        canvas->prefix[length++] = 'p';
    for (; *prefix && length < sizeof(canvas->prefix) - 1; prefix++)
        canvas->prefix[length++] = strchr(id_characters, *prefix) ? *prefix : '-';
    canvas->prefix[length] = '\0';
}

void canvas_begin(canvas_t *canvas, const pilot_picture_options_t *options, const char *title)
{
    static const pilot_picture_options_t none;
    *canvas = (canvas_t){.options = options ? options : &none};
    set_prefix(canvas, canvas->options->prefix);
    double width = canvas->options->width;
    canvas->width = width > 0 ? fmin(fmax(width, 260), 4000) : PILOT_PICTURE_WIDE;
    canvas->narrow = canvas->width < 600;
    if (canvas->options->title)
        title = canvas->options->title;
    canvas->y = 4;
    if (!canvas->options->hide_title)
        canvas->y +=
            draw_lines(canvas, FACE_TITLE, ANCHOR_START, 0, canvas->y, canvas->width, title) + 6;
}

static void put_labelled(pilot_text_t *text, const canvas_t *canvas, const char *element,
                         const char *content)
{
    pilot_text_appendf(text, "<%s id=\"%s-%s\">", element, canvas->prefix, element);
    pilot_picture_escape(text, content);
    pilot_text_appendf(text, "</%s>\n", element);
}

void canvas_end(canvas_t *canvas, pilot_text_t *text, const char *title, const char *description)
{
    const pilot_picture_options_t *options = canvas->options;
    pilot_text_append(text, "<svg");
    if (options->standalone)
        pilot_text_append(text, " xmlns=\"http://www.w3.org/2000/svg\"");
    pilot_text_appendf(text, " class=\"pilot-picture%s\" viewBox=\"0 0 ",
                       !options->one_of_two ? ""
                       : canvas->narrow     ? " pilot-narrow"
                                            : " pilot-wide");
    put_pair(text, "", canvas->width, ceil(canvas->y));
    pilot_text_append_char(text, '"');
    put_attribute(text, "width", canvas->width);
    put_attribute(text, "height", ceil(canvas->y));
    pilot_text_appendf(text,
                       " role=\"%s\" aria-labelledby=\"%s-title\" aria-describedby=\"%s-desc\">\n",
                       canvas->links ? "group" : "img", canvas->prefix, canvas->prefix);
    put_labelled(text, canvas, "title", options->title ? options->title : title);
    put_labelled(text, canvas, "desc", options->description ? options->description : description);
    if (options->standalone) {
        pilot_text_append(text, "<style>\n");
        pilot_picture_style(text);
        pilot_text_append(text, "</style>\n<rect class=\"pg\" width=\"100%\" height=\"100%\"/>\n");
    }
    pilot_text_append_bytes(text, canvas->body.data ? canvas->body.data : "", canvas->body.length);
    pilot_text_append(text, "</svg>\n");
    pilot_text_clear(&canvas->body);
}

/* ---- shapes ---- */

void draw_line(canvas_t *canvas, const char *class, double x1, double y1, double x2, double y2)
{
    pilot_text_appendf(&canvas->body, "<path class=\"%s\" d=\"", class);
    put_pair(&canvas->body, "M", x1, y1);
    put_pair(&canvas->body, "L", x2, y2);
    pilot_text_append(&canvas->body, "\"/>\n");
}

void draw_box(canvas_t *canvas, const char *class, double x, double y, double width, double height)
{
    pilot_text_appendf(&canvas->body, "<rect class=\"%s\"", class);
    put_attribute(&canvas->body, "x", x);
    put_attribute(&canvas->body, "y", y);
    put_attribute(&canvas->body, "width", fmax(width, 0));
    put_attribute(&canvas->body, "height", fmax(height, 0));
    pilot_text_append(&canvas->body, "/>\n");
}

void draw_diamond(canvas_t *canvas, const char *class, double left, double middle, double right,
                  double y, double half_height)
{
    pilot_text_appendf(&canvas->body, "<path class=\"%s\" d=\"", class);
    put_pair(&canvas->body, "M", left, y);
    put_pair(&canvas->body, "L", middle, y - half_height);
    put_pair(&canvas->body, "L", right, y);
    put_pair(&canvas->body, "L", middle, y + half_height);
    pilot_text_append(&canvas->body, "z\"/>\n");
}

void draw_circle(canvas_t *canvas, const char *class, double x, double y, double radius)
{
    pilot_text_appendf(&canvas->body, "<circle class=\"%s\"", class);
    put_attribute(&canvas->body, "cx", x);
    put_attribute(&canvas->body, "cy", y);
    put_attribute(&canvas->body, "r", radius);
    pilot_text_append(&canvas->body, "/>\n");
}

/* A plus sign of two thick strokes, as an outline, r from its centre to its ends. */
static void draw_plus(canvas_t *canvas, const char *class, double x, double y, double r, double w)
{
    const double corner[12][2] = {{-w, -r}, {w, -r}, {w, -w}, {r, -w}, {r, w},   {w, w},
                                  {w, r},   {-w, r}, {-w, w}, {-r, w}, {-r, -w}, {-w, -w}};
    pilot_text_appendf(&canvas->body, "<path class=\"%s\" d=\"", class);
    for (size_t i = 0; i < 12; i++)
        put_pair(&canvas->body, i == 0 ? "M" : "L", x + corner[i][0], y + corner[i][1]);
    pilot_text_append(&canvas->body, "z\"/>\n");
}

void draw_shape(canvas_t *canvas, const char *class, size_t shape, double x, double y, double size)
{
    double r = size / 2;
    pilot_text_t *body = &canvas->body;
    switch (shape % SERIES) {
    case 0:
        draw_circle(canvas, class, x, y, r);
        return;
    case 1:
        draw_box(canvas, class, x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
        return;
    case 2:
        pilot_text_appendf(body, "<path class=\"%s\" d=\"", class);
        put_pair(body, "M", x, y - r * 1.15);
        put_pair(body, "L", x + r * 1.1, y + r * 0.8);
        put_pair(body, "L", x - r * 1.1, y + r * 0.8);
        pilot_text_append(body, "z\"/>\n");
        return;
    case 3:
        draw_diamond(canvas, class, x - r * 1.2, x, x + r * 1.2, y, r * 1.2);
        return;
    case 4:
        pilot_text_appendf(body, "<path class=\"%s\" d=\"", class);
        put_pair(body, "M", x, y + r * 1.15);
        put_pair(body, "L", x + r * 1.1, y - r * 0.8);
        put_pair(body, "L", x - r * 1.1, y - r * 0.8);
        pilot_text_append(body, "z\"/>\n");
        return;
    default:
        draw_plus(canvas, class, x, y, r * 1.1, size / 5.5);
    }
}

void draw_arrow(canvas_t *canvas, const char *class, double x, double y, int direction)
{
    pilot_text_appendf(&canvas->body, "<path class=\"%s\" d=\"", class);
    put_pair(&canvas->body, "M", x, y);
    put_pair(&canvas->body, "L", x - 7 * direction, y - 4);
    put_pair(&canvas->body, "L", x - 7 * direction, y + 4);
    pilot_text_append(&canvas->body, "z\"/>\n");
}
