/* svg.h - what a test asks of an SVG text: is it well-formed, are ids unique, are numbers numbers,
 * does text stay apart. */
#ifndef PILOT_TEST_SVG_H
#define PILOT_TEST_SVG_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/picture/measure.h"
#include "pilot/text.h"

enum { SVG_DEPTH = 32, SVG_IDS = 8000, SVG_TEXTS = 2000 };

typedef struct svg_box {
    double left, right, top, bottom;
    char text[80];
} svg_box_t;

static char svg_why[256]; /* of the last check that failed */

static inline bool svg_fails(const char *why, const char *at)
{
    snprintf(svg_why, sizeof(svg_why), "%s: %.60s", why, at);
    return false;
}

static inline bool svg_entity(const char *at)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < 5; i++)
        if (strncmp(at, known[i], strlen(known[i])) == 0)
            return true;
    return false;
}

/* One tag's attributes: name="value" each, ids kept in id[]. */
static inline const char *svg_attributes(const char *at, char (*id)[80], size_t *ids)
{
    static const char *const numbers[] = {"d",  "x",  "y", "width",  "height",
                                          "cx", "cy", "r", "viewBox"};
    for (;;) {
        while (*at == ' ')
            at++;
        if (*at == '>' || *at == '/')
            return at;
        size_t name = strcspn(at, "= \"<>/");
        if (name == 0 || at[name] != '=' || at[name + 1] != '"')
            return NULL;
        const char *value = at + name + 2;
        size_t length = strcspn(value, "\"<");
        if (value[length] != '"')
            return NULL;
        for (size_t i = 0; i < length; i++)
            if (value[i] == '&' && !svg_entity(value + i))
                return NULL;
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
            if (name == strlen(numbers[i]) && strncmp(at, numbers[i], name) == 0)
                for (size_t j = 0; j < length; j++)
                    if (!strchr("0123456789.- MLHVmlhvz%", value[j]) || value[j] == '\0' ||
                        (value[j] == '-' && value[j + 1] == '-'))
                        return NULL;
        if (name == 2 && strncmp(at, "id", 2) == 0 && *ids < SVG_IDS)
            snprintf(id[(*ids)++], 80, "%.*s", (int)length, value);
        at = value + length + 1;
    }
}

static inline int svg_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Well-formed, one root, closed set of entities, unique ids, only numbers where numbers belong. */
static inline bool svg_good(const char *svg)
{
    static char id[SVG_IDS][80], open[SVG_DEPTH][16];
    size_t depth = 0, ids = 0, roots = 0, bad;
    if (!pilot_utf8_valid(svg, strlen(svg), &bad))
        return svg_fails("not UTF-8", svg + bad);
    for (const char *at = svg; *at;) {
        if (*at == '&' && !svg_entity(at))
            return svg_fails("bare &", at);
        if ((unsigned char)*at < 0x20 && *at != '\n' && *at != '\t')
            return svg_fails("control character", at);
        if (*at == '>' && depth > 0 && strcmp(open[depth - 1], "style") != 0)
            return svg_fails("bare >", at);
        if (*at != '<') {
            if (depth == 0 && *at != '\n')
                return svg_fails("text outside the root", at);
            at++;
            continue;
        }
        bool close = at[1] == '/';
        const char *name = at + 1 + close;
        size_t length = strcspn(name, " />");
        if (length == 0 || length > 15)
            return svg_fails("no tag", at);
        if (close) {
            if (depth == 0 || strlen(open[depth - 1]) != length ||
                strncmp(open[depth - 1], name, length) != 0 || name[length] != '>')
                return svg_fails("wrong end", at);
            depth--;
            at = name + length + 1;
            continue;
        }
        const char *end = svg_attributes(name + length, id, &ids);
        if (!end)
            return svg_fails("bad attribute", at);
        roots += depth == 0;
        if (*end == '>') {
            if (depth == SVG_DEPTH)
                return svg_fails("too deep", at);
            snprintf(open[depth++], 16, "%.*s", (int)length, name);
        }
        at = end + (*end == '/' ? 2 : 1);
    }
    if (depth != 0 || roots != 1)
        return svg_fails("not one closed root", svg);
    qsort(id, ids, sizeof(id[0]), svg_compare);
    for (size_t i = 1; i < ids; i++)
        if (strcmp(id[i], id[i - 1]) == 0)
            return svg_fails("id twice", id[i]);
    return true;
}

static inline face_t svg_face(const char *class)
{
    for (int face = 0; face < FACES; face++)
        if (strncmp(class, face_class((face_t)face), 1) == 0 && class[1] == '"')
            return (face_t)face;
    return FACE_TEXT;
}

/* The boxes of all <text>; returns how many. */
static inline size_t svg_texts(const char *svg, svg_box_t *box)
{
    size_t count = 0;
    for (const char *at = svg; (at = strstr(at, "<text ")) != NULL && count < SVG_TEXTS;) {
        face_t face = svg_face(strstr(at, "class=\"") + 7);
        double x = strtod(strstr(at, " x=\"") + 4, NULL), y = strtod(strstr(at, " y=\"") + 4, NULL);
        const char *end = strchr(at, '>'), *stop = strstr(at, "</text>");
        bool middle = strstr(at, "\"middle\"") && strstr(at, "\"middle\"") < end;
        bool right = strstr(at, "\"end\"") && strstr(at, "\"end\"") < end;
        const char *content = end + 1;
        if (strncmp(content, "<title>", 7) == 0)
            content = strstr(content, "</title>") + 8;
        char plain[1024];
        size_t length = 0;
        while (content < stop && length < sizeof(plain) - 1) {
            size_t entity = *content == '&' ? strcspn(content, ";") + 1 : 0;
            plain[length++] = entity == 0         ? *content
                              : content[1] == 'l' ? '<'
                              : content[1] == 'g' ? '>'
                              : content[1] == 'q' ? '"'
                              : content[1] == '#' ? '\''
                                                  : '&';
            content += entity > 0 ? entity : 1;
        }
        plain[length] = '\0';
        double width = text_width(face, plain);
        box[count] = (svg_box_t){.left = middle ? x - width / 2 : right ? x - width : x};
        box[count].right = box[count].left + width;
        box[count].top = y - 0.72 * face_size(face);
        box[count].bottom = y + 0.2 * face_size(face);
        snprintf(box[count++].text, sizeof(box[0].text), "%.60s", plain);
        at = stop;
    }
    return count;
}

/* No two texts overlap, and none leaves the picture, by more than half a unit. */
static inline bool svg_apart(const char *svg)
{
    static svg_box_t box[SVG_TEXTS];
    size_t count = svg_texts(svg, box);
    const char *view = strstr(svg, "viewBox=\"0 0 ") + 13;
    char *next;
    double width = strtod(view, &next), height = strtod(next, NULL);
    for (size_t i = 0; i < count; i++) {
        if (box[i].left < -0.6 || box[i].right > width + 0.6 || box[i].top < -0.6 ||
            box[i].bottom > height + 0.6) {
            snprintf(svg_why, sizeof(svg_why),
                     "outside: '%s' %.1f to %.1f, bottom %.1f of %.0f x %.0f", box[i].text,
                     box[i].left, box[i].right, box[i].bottom, width, height);
            return false;
        }
        for (size_t j = i + 1; j < count; j++) {
            if (box[i].left + 0.6 < box[j].right && box[j].left + 0.6 < box[i].right &&
                box[i].top + 0.6 < box[j].bottom && box[j].top + 0.6 < box[i].bottom) {
                snprintf(svg_why, sizeof(svg_why), "'%s' on '%s'", box[i].text, box[j].text);
                return false;
            }
        }
    }
    return true;
}

static inline size_t svg_count(const char *svg, const char *what)
{
    size_t count = 0;
    for (const char *at = svg; (at = strstr(at, what)) != NULL; at += strlen(what))
        count++;
    return count;
}

#endif
