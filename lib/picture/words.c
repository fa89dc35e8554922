/* words.c - text on a canvas: lines, groups with a title, links, and what the signs mean. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "pilot/memory.h"

static bool right_to_left(const char *string)
{
    for (size_t offset = 0; string[offset];) {
        uint32_t code = next_code(string, &offset);
        if ((code >= 0x590 && code <= 0x8FF) || (code >= 0xFB1D && code <= 0xFEFC))
            return true;
        if ((code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z') ||
            (code >= 0xC0 && code < 0x590))
            return false;
    }
    return false;
}

static void put_text(canvas_t *canvas, face_t face, anchor_t anchor, double x, double y,
                     const char *string, size_t length)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    pilot_text_t *body = &canvas->body;
    bool whole = string[length] == '\0';
    pilot_text_appendf(body, "<text class=\"%s\" x=\"", face_class(face));
    put_number(body, x);
    pilot_text_append(body, "\" y=\"");
    put_number(body, y);
    pilot_text_appendf(body, "\"%s>", anchors[anchor]);
    if (!whole) {
        pilot_text_append(body, "<title>");
        pilot_picture_escape(body, string);
        pilot_text_append(body, "</title>");
    }
    put_escaped(body, string, length);
    if (!whole) /* the mark keeps the ellipsis at the end of a name that runs to the left */
        pilot_text_append(body, right_to_left(string) ? "\u2026\u200F" : "\u2026");
    pilot_text_append(body, "</text>\n");
}

void draw_text(canvas_t *canvas, face_t face, anchor_t anchor, double x, double y, double width,
               const char *string)
{
    if (!string || !string[0])
        return;
    size_t length = width > 0 ? text_fit(face, string, width) : strlen(string);
    put_text(canvas, face, anchor, x, y, string, length);
}

void draw_textf(canvas_t *canvas, face_t face, anchor_t anchor, double x, double y,
                const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *string = NULL;
    if (vasprintf(&string, format, arguments) < 0)
        pilot_out_of_memory();
    va_end(arguments);
    draw_text(canvas, face, anchor, x, y, 0, string);
    free(string);
}

double line_height(face_t face)
{
    return face_size(face) + 4;
}

double draw_lines(canvas_t *canvas, face_t face, anchor_t anchor, double x, double y, double width,
                  const char *string)
{
    double top = y;
    while (string && *string) {
        size_t length = text_line(face, string, width);
        char *line PILOT_AUTOFREE = pilot_strndup(string, length);
        y += line_height(face);
        put_text(canvas, face, anchor, x, y - 4, line, length);
        string += length;
        string += strspn(string, " ");
    }
    return y - top;
}

void open_group(canvas_t *canvas, size_t index, const char *title)
{
    pilot_text_appendf(&canvas->body, "<g id=\"%s-%zu\"><title>", canvas->prefix, index);
    pilot_picture_escape(&canvas->body, title);
    pilot_text_append(&canvas->body, "</title>\n");
}

void close_group(canvas_t *canvas)
{
    pilot_text_append(&canvas->body, "</g>\n");
}

void open_link(canvas_t *canvas, const char *href)
{
    if (!href || !href[0])
        return;
    canvas->links = true;
    pilot_text_append(&canvas->body, "<a href=\"");
    pilot_picture_escape(&canvas->body, href);
    pilot_text_append(&canvas->body, "\">");
}

void close_link(canvas_t *canvas, const char *href)
{
    if (href && href[0])
        pilot_text_append(&canvas->body, "</a>\n");
}

void series_class(char ret_class[8], char what, size_t series)
{
    snprintf(ret_class, 8, "%c%zu", what, series % SERIES + 1);
}

void add_key(keys_t *keys, key_sign_t sign, const char *class, size_t series, const char *format,
             ...)
{
    if (keys->count == sizeof(keys->key) / sizeof(keys->key[0]))
        return;
    va_list arguments;
    va_start(arguments, format);
    char *string = NULL;
    if (vasprintf(&string, format, arguments) < 0)
        pilot_out_of_memory();
    va_end(arguments);
    size_t at = keys->count++;
    keys->key[at].sign = sign;
    keys->key[at].series = series;
    keys->key[at].text = string;
    snprintf(keys->key[at].class, sizeof(keys->key[at].class), "%s", class ? class : "");
}

enum { SIGN_WIDTH = 26 };

static void draw_sign(canvas_t *canvas, const keys_t *keys, size_t i, double x, double y)
{
    const char *class = keys->key[i].class;
    double middle = x + SIGN_WIDTH / 2.0, right = x + SIGN_WIDTH;
    char stroke[8], fill[8];
    series_class(stroke, 's', keys->key[i].series);
    series_class(fill, 'f', keys->key[i].series);
    switch (keys->key[i].sign) {
    case SIGN_SQUARE:
        draw_line(canvas, "ci", x, y, right, y);
        draw_box(canvas, "es", middle - 4, y - 4, 8, 8);
        break;
    case SIGN_DOT:
        draw_circle(canvas, class[0] ? class : "es", middle, y, 3);
        break;
    case SIGN_SHRUNKEN:
        draw_line(canvas, "ei", x, y, right, y);
        draw_circle(canvas, "eb", middle, y, 3);
        break;
    case SIGN_ALONE:
        draw_shape(canvas, "ha", 2, middle, y, 10);
        break;
    case SIGN_PLUS:
        draw_shape(canvas, "po", 5, middle, y, 13);
        break;
    case SIGN_GAP:
        draw_line(canvas, "gi", x, y, right, y);
        draw_diamond(canvas, "eg", middle - 5, middle, middle + 5, y, 5);
        break;
    case SIGN_DIAMOND:
        draw_diamond(canvas, "po", x, middle, right, y, 6);
        break;
    case SIGN_PREDICTION:
        draw_line(canvas, "pi", x, y, right, y);
        draw_line(canvas, "pe", x, y - 4, x, y + 4);
        draw_line(canvas, "pe", right, y - 4, right, y + 4);
        break;
    case SIGN_PREDICTION_BAND:
        draw_box(canvas, "pb", x, y - 6, SIGN_WIDTH, 12);
        break;
    case SIGN_LINE:
        draw_line(canvas, class, x, y, right, y);
        break;
    case SIGN_BAND:
        draw_box(canvas, class, x, y - 5, SIGN_WIDTH, 10);
        break;
    case SIGN_SERIES:
        draw_line(canvas, stroke, x, y, right, y);
        draw_shape(canvas, fill, keys->key[i].series, middle, y, 7);
        break;
    case SIGN_SHAPE:
        draw_shape(canvas, fill, keys->key[i].series, middle, y, 8);
        break;
    }
}

void draw_keys(canvas_t *canvas, keys_t *keys)
{
    double x = 0, y = canvas->y;
    for (size_t i = 0; i < keys->count; i++) {
        double room = canvas->width - SIGN_WIDTH - 8;
        double wide = text_width(FACE_SMALL, keys->key[i].text);
        if (x > 0 && x + SIGN_WIDTH + 6 + wide > canvas->width) {
            x = 0;
            y += 20;
        }
        draw_sign(canvas, keys, i, x, y + 9);
        draw_text(canvas, FACE_SMALL, ANCHOR_START, x + SIGN_WIDTH + 6, y + 13, room,
                  keys->key[i].text);
        x += SIGN_WIDTH + 6 + wide + 18;
        free(keys->key[i].text);
    }
    if (keys->count > 0)
        canvas->y = y + 22;
    keys->count = 0;
}
