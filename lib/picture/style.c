/* style.c - the colours and the stylesheet.  Each colour is written twice in a rule: plainly, for
 * programs that know no custom properties, then as var(). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"

/* After Okabe and Ito (2008), made darker or lighter until they stand out from the paper. */
static const pilot_picture_colour_t colours[] = {
    {"paper", "#ffffff", "#14171a", 0},      {"ink", "#1a1f26", "#e9ecf0", 4.5},
    {"quiet", "#535c68", "#aab3bf", 4.5},    {"grid", "#e3e7ec", "#2c343f", 0},
    {"axis", "#7b8592", "#7f8a98", 3},       {"estimate", "#1f5a96", "#79b4f2", 4.5},
    {"shrunken", "#b45309", "#f0a955", 4.5}, {"pooled", "#7a1f5c", "#ee9ad0", 4.5},
    {"smallest", "#00735a", "#48c9a2", 4.5}, {"missing", "#6b7480", "#97a1ae", 4.5},
    {"harm", "#a8321f", "#ff9a85", 4.5},     {"none", "#646d79", "#a5afbb", 4.5},
    {"benefit", "#11705a", "#5ccfae", 4.5},  {"series-1", "#0b5fa5", "#6db4f7", 4.5},
    {"series-2", "#b8470b", "#ffa066", 4.5}, {"series-3", "#0a735c", "#4fcba6", 4.5},
    {"series-4", "#95407a", "#e79bcf", 4.5}, {"series-5", "#7d5b00", "#e3bf4f", 4.5},
    {"series-6", "#565f6b", "#b3bcc8", 4.5},
};
enum { COLOURS = sizeof(colours) / sizeof(colours[0]) };

const pilot_picture_colour_t *pilot_picture_colours(size_t *ret_count)
{
    *ret_count = COLOURS;
    return colours;
}

static double luminance(const char *colour)
{
    static const double share[3] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (size_t i = 0; i < 3; i++) {
        char pair[3] = {colour[1 + 2 * i], colour[2 + 2 * i], '\0'};
        double level = (double)strtol(pair, NULL, 16) / 255;
        sum += share[i] * (level <= 0.04045 ? level / 12.92 : pow((level + 0.055) / 1.055, 2.4));
    }
    return sum;
}

double pilot_picture_contrast(const char *first, const char *second)
{
    double a = luminance(first), b = luminance(second);
    return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}

#define FONTS "\"Helvetica Neue\",Helvetica,Arial,\"Liberation Sans\",\"DejaVu Sans\",sans-serif"
#define HALO "stroke-linejoin:round;paint-order:stroke;direction:ltr;unicode-bidi:isolate"

/* @name stands for a colour, as `property:@name`. */
static const char *const rules[] = {
    "text{font-family:" FONTS ";font-size:13px;fill:@ink;stroke:@paper;stroke-width:3px;" HALO "}",
    ".b,.h{font-weight:700}",
    ".h{font-size:16px}",
    ".s{font-size:12px;fill:@quiet}",
    "path,line{fill:none}",
    "a{cursor:pointer}",
    "a text{stroke:none;text-decoration:underline;text-underline-offset:2px}",
    "a:focus-visible text{outline:2px solid @estimate}",
    ".pg{fill:@paper}",
    ".gr{stroke:@grid}",
    ".ax{stroke:@axis}",
    ".nu{stroke:@ink;stroke-width:1.2}",
    ".sm{stroke:@smallest;stroke-width:1.3;stroke-dasharray:6 3}",
    ".pl{stroke:@pooled;stroke-width:1.2;stroke-dasharray:2 3}",
    ".pb{fill:@pooled;fill-opacity:.1}",
    ".ci{stroke:@estimate;stroke-width:1.6}",
    ".ct{stroke:@estimate;stroke-width:3.4;stroke-opacity:.5}",
    ".es,path.es{fill:@estimate}",
    ".ln{stroke:@estimate;stroke-width:1.4}",
    ".ei{stroke:@shrunken;stroke-width:1.2;stroke-dasharray:3 2}",
    ".eb,path.eb{fill:@paper;stroke:@shrunken;stroke-width:1.5}",
    ".pt{fill:@estimate;fill-opacity:.75;stroke:@paper;stroke-width:.8}",
    ".wi{stroke:@axis;stroke-width:2;stroke-opacity:.6}",
    ".ed{stroke:@shrunken;stroke-linecap:round}",
    ".sd{fill:@shrunken}",
    ".gi{stroke:@ink;stroke-width:1.3;stroke-dasharray:5 2.5}",
    ".eg,path.eg{fill:@paper;stroke:@ink;stroke-width:1.5}",
    ".fu{stroke:@axis;stroke-width:1.2;stroke-dasharray:5 3}",
    ".dt{stroke:@estimate;stroke-width:5;stroke-linecap:round;stroke-opacity:.6}",
    ".mx{stroke:@missing;stroke-width:1.2;stroke-dasharray:2 3;fill:@paper}",
    ".me{stroke:@ink;stroke-width:1.3;stroke-dasharray:7 3}",
    ".bo{stroke:@paper;stroke-width:5}",
    ".bi{stroke:@ink;stroke-width:1.4}",
    ".po,path.po{fill:@pooled}",
    ".pi{stroke:@pooled;stroke-width:2.4;stroke-dasharray:7 2}",
    ".pe{stroke:@pooled;stroke-width:1.6}",
    ".mi{stroke:@missing;stroke-width:1.2;stroke-dasharray:1.5 4;stroke-linecap:round}",
    ".cb{fill:@paper;stroke:@axis}",
    ".hd,path.hd{fill:@ink}",
    ".ha,path.ha{fill:@harm}",
    ".no{fill:@none}",
    ".be{fill:@benefit}",
    ".hi,path.hi{fill:@shrunken;fill-opacity:.3;stroke:@shrunken}",
    ".ho{stroke:@estimate;stroke-width:1.6}",
    ".bd{fill:@smallest;fill-opacity:.1}",
    ".al{fill:@harm;fill-opacity:.09}",
    ".hv{stroke:@estimate;stroke-opacity:.34;pointer-events:stroke}",
    ".hv :hover,.hv :target{stroke:@ink;stroke-opacity:1;stroke-width:6}",
    ".ec{stroke:@estimate;stroke-linecap:round}",
    "g:target>text{font-weight:700;text-decoration:underline}",
    ".tk{stroke:@estimate;stroke-width:5;stroke-opacity:.55}",
    ".th{stroke:@estimate;stroke-width:1.2}",
};

/* Dashes tell series apart without colour. */
static const char *const dashes[SERIES] = {"none", "7 3", "2 2.5", "9 3 2 3", "12 3", "4 2 1 2"};

static void put_colour(pilot_text_t *style, const char *property, size_t length, const char *name,
                       size_t name_length)
{
    for (size_t i = 0; i < COLOURS; i++) {
        if (strlen(colours[i].name) != name_length ||
            strncmp(colours[i].name, name, name_length) != 0)
            continue;
        pilot_text_append(style, colours[i].light);
        pilot_text_append_char(style, ';');
        pilot_text_append_bytes(style, property, length);
        pilot_text_appendf(style, ":var(--pilot-%s,%s)", colours[i].name, colours[i].light);
    }
}

static void put_rule(pilot_text_t *style, const char *rule)
{
    bool inside = false;
    const char *property = rule;
    pilot_text_append(style, ".pilot-picture ");
    for (const char *at = rule; *at; at++) {
        if (*at == '@') {
            const char *before = at - 1;
            while (*before != ':')
                before--;
            size_t name = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz-123456");
            put_colour(style, property, (size_t)(before - property), at + 1, name);
            at += name;
            continue;
        }
        if (*at == '{' || *at == ';') {
            inside = inside || *at == '{';
            property = at + 1;
        }
        pilot_text_append_char(style, *at);
        if (*at == ',' && !inside)
            pilot_text_append(style, ".pilot-picture ");
    }
    pilot_text_append_char(style, '\n');
}

static void put_properties(pilot_text_t *style, bool dark)
{
    for (size_t i = 0; i < COLOURS; i++)
        pilot_text_appendf(style, "--pilot-%s:%s;", colours[i].name,
                           dark ? colours[i].dark : colours[i].light);
}

static void put_series(pilot_text_t *style)
{
    for (size_t i = 0; i < SERIES; i++) {
        char rule[160];
        snprintf(rule, sizeof(rule), ".s%zu{stroke:@series-%zu;stroke-width:2;stroke-dasharray:%s}",
                 i + 1, i + 1, dashes[i]);
        put_rule(style, rule);
        snprintf(rule, sizeof(rule), ".f%zu,path.f%zu{fill:@series-%zu}", i + 1, i + 1, i + 1);
        put_rule(style, rule);
        snprintf(rule, sizeof(rule), ".k%zu,path.k%zu{fill:@series-%zu;fill-opacity:.15}", i + 1,
                 i + 1, i + 1);
        put_rule(style, rule);
    }
}

void pilot_picture_style(pilot_text_t *text)
{
    pilot_text_append(text, ":root{");
    put_properties(text, false);
    pilot_text_append(text, "}\n@media screen and (prefers-color-scheme:dark){:root{");
    put_properties(text, true);
    pilot_text_append(text,
                      "}}\n.pilot-picture{display:block;max-width:100%;height:auto;direction:ltr;"
                      "overflow:visible}\n.pilot-picture.pilot-wide{width:100%}\n"
                      ".pilot-picture.pilot-narrow{display:none}\n"
                      "@media screen and (max-width:640px){.pilot-picture.pilot-wide{display:none}"
                      ".pilot-picture.pilot-narrow{display:block;width:100%}}\n"
                      "@media print{.pilot-picture{break-inside:avoid;max-height:100vh}"
                      ".pilot-picture a text{text-decoration:none}}\n");
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        put_rule(text, rules[i]);
    put_series(text);
}
