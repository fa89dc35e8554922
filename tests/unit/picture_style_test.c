/* Colours that can be read in light and dark, and a style that also works without custom
 * properties. */
#include "../harness/svg.h"
#include "../harness/tap.h"
#include "pilot/picture.h"

static void test_contrast(void)
{
    is_close(pilot_picture_contrast("#000000", "#ffffff"), 21, 1e-12, "black on white is 21");
    is_close(pilot_picture_contrast("#777777", "#ffffff"), 4.478, 1e-3, "#777 on white is 4.48");
    size_t count;
    const pilot_picture_colour_t *colour = pilot_picture_colours(&count), *paper = colour;
    ok(strcmp(paper->name, "paper") == 0, "the paper comes first");
    size_t texts = 0;
    for (size_t i = 0; i < count; i++) {
        double light = pilot_picture_contrast(colour[i].light, paper->light);
        double dark = pilot_picture_contrast(colour[i].dark, paper->dark);
        ok(light >= colour[i].least_contrast && dark >= colour[i].least_contrast,
           "%s: %.2f in light and %.2f in dark, at least %g", colour[i].name, light, dark,
           colour[i].least_contrast);
        texts += colour[i].least_contrast >= 4.5;
        ok(colour[i].least_contrast >= 3 || strcmp(colour[i].name, "paper") == 0 ||
               strcmp(colour[i].name, "grid") == 0,
           "%s: at least 3, for it carries meaning", colour[i].name);
    }
    ok(texts >= 2, "ink and quiet are held to 4.5, being text");
}

static void test_style(void)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_picture_style(&text);
    size_t count, uses = 0, bare = 0;
    const pilot_picture_colour_t *colour = pilot_picture_colours(&count);
    for (const char *at = text.data; (at = strstr(at, ":var(--pilot-")) != NULL; at++) {
        uses++;
        const char *fallback = strchr(at, ',');
        /* "fill:#1a1f26;fill:var(--pilot-ink,#1a1f26)": the same colour plainly before. */
        const char *property = at;
        while (property[-1] != ';')
            property--;
        if (strncmp(property - 8, fallback + 1, 7) != 0)
            bare++;
    }
    ok(uses > 30 && bare == 0, "each of %zu colours stands plainly before its custom property",
       uses);
    ok(!strchr(text.data, '@') || !strstr(text.data, ":@"), "no colour without a name is left");
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof(name), "--pilot-%s:%s;", colour[i].name, colour[i].dark);
        if (!strstr(text.data, name))
            ok(false, "%s has a dark value", colour[i].name);
    }
    ok(strstr(text.data, "@media screen and (prefers-color-scheme:dark)"),
       "dark is for screens: paper is white");
    ok(strstr(text.data, "@media print"), "print has its rules");
    size_t open = svg_count(text.data, "{"), close = svg_count(text.data, "}");
    ok(open == close && open > 40, "braces match");
    ok(!strchr(text.data, '<') && !strchr(text.data, '&'), "it can stand in XML as it is");
    ok(!strstr(text.data, "url(") && !strstr(text.data, "@import"),
       "it asks nothing of the network");
    pilot_text_clear(&text);
}

int main(void)
{
    test_contrast();
    test_style();
    return tap_done();
}
