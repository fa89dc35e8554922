/* Axes, numbers and the measure of text. */
#include <float.h>
#include <math.h>

#include "../../lib/picture/axis.h"
#include "../harness/svg.h"
#include "../harness/tap.h"

static bool has_tick(const axis_t *axis, const char *label)
{
    for (size_t i = 0; i < axis->ticks; i++)
        if (strcmp(axis->tick[i].label, label) == 0)
            return true;
    return false;
}

static void test_ticks(void)
{
    axis_t axis;
    axis_set(&axis, -0.37, 0.71, 0, 600, 50, false, false);
    ok(has_tick(&axis, "0.3") && has_tick(&axis, "\u22120.3") && has_tick(&axis, "0"),
       "steps of 0.1 are told exactly: 0.3, not 0.30000000000000004");
    ok(axis.decimals == 2, "numbers have one decimal more than ticks");
    axis_set(&axis, 3, 97, 0, 400, 60, false, true);
    ok(axis.low == 0 && axis.high == 100 && has_tick(&axis, "100"),
       "round: whole ticks at both ends");
    axis_set(&axis, -2.4e9, 7e9, 0, 600, 60, false, false);
    ok(axis.exponent == 9 && has_tick(&axis, "6"), "thousands of millions in multiples of 10^9");
    pilot_text_t text = PILOT_TEXT_INIT;
    axis_factor(&axis, &text);
    is_text(text.data, " (\u00D7 10\u2079)", "and the factor is told");
    pilot_text_reset(&text);
    axis_set(&axis, 1e-7, 4e-7, 0, 600, 60, false, false);
    axis_factor(&axis, &text);
    is_text(text.data, " (\u00D7 10\u207B\u2079)", "small ones too");
    pilot_text_clear(&text);
    axis_set(&axis, 5, 5, 0, 100, 50, false, false);
    ok(axis.low < 5 && axis.high > 5 && axis.ticks >= 1, "one number alone has room around it");
    axis_set(&axis, -0.0, 0.0, 0, 100, 50, false, false);
    ok(axis.low == -1 && axis.high == 1, "zero alone: from -1 to 1");
    axis_set(&axis, NAN, INFINITY, 0, 100, 50, false, false);
    ok(axis.low == -1 && axis.high == 1, "no number: from -1 to 1");
    axis_set(&axis, -DBL_MAX, DBL_MAX, 0, 300, 50, false, false);
    ok(isfinite(axis_at(&axis, DBL_MAX)) && axis.ticks >= 2, "the widest range there is");
}

static void test_ratio_ticks(void)
{
    axis_t axis;
    axis_set(&axis, log(0.3), log(7), 0, 600, 60, true, false);
    ok(has_tick(&axis, "0.5") && has_tick(&axis, "1") && has_tick(&axis, "2") &&
           has_tick(&axis, "5"),
       "ratios from 0.3 to 7: 0.5, 1, 2, 5");
    axis_set(&axis, log(0.93), log(1.2), 0, 600, 60, true, false);
    ok(has_tick(&axis, "1") && has_tick(&axis, "1.1"), "near 1: steps of the ratio itself");
    axis_set(&axis, log(1e-9), log(1e9), 0, 300, 60, true, false);
    ok(axis.ticks >= 2 && axis.ticks <= 8 && has_tick(&axis, "1"), "far apart: powers of ten");
    axis_set(&axis, -1e-300, 1e-300, 0, 300, 60, true, false);
    ok(axis.ticks >= 2 && has_tick(&axis, "1"), "ratios that are all 1 have room around them");
    pilot_text_t text = PILOT_TEXT_INIT;
    axis_set(&axis, -1, 1, 0, 100, 50, true, false);
    axis_number(&axis, &text, log(1.5));
    pilot_text_append_char(&text, ' ');
    axis_number(&axis, &text, log(0.05));
    pilot_text_append_char(&text, ' ');
    axis_number(&axis, &text, -INFINITY);
    is_text(text.data, "1.50 0.050 0",
            "small ratios get a decimal more; no logarithm is a ratio of 0");
    pilot_text_clear(&text);
}

static void test_places(void)
{
    axis_t axis;
    axis_set(&axis, 0, 10, 100, 200, 20, false, false);
    ok(axis_at(&axis, 5) == 150 && axis_at(&axis, -3) == 100 && axis_at(&axis, 1e300) == 200 &&
           axis_at(&axis, NAN) == 100,
       "places stay on the axis");
    ok(axis_holds(&axis, 10) && !axis_holds(&axis, 10.1) && !axis_holds(&axis, INFINITY) &&
           !axis_holds(&axis, NAN),
       "what is beyond is known to be");
}

static void test_numbers(void)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_picture_number(&text, -0.004, 2);
    pilot_text_append_char(&text, ' ');
    pilot_picture_number(&text, -0.0, 1);
    pilot_text_append_char(&text, ' ');
    pilot_picture_number(&text, -1.25, 1);
    pilot_text_append_char(&text, ' ');
    pilot_picture_number(&text, INFINITY, 1);
    pilot_picture_number(&text, NAN, 1);
    is_text(text.data, "0.00 0.0 \u22121.2 \u221E",
            "no negative zero, a true minus, nothing for nan");
    pilot_text_reset(&text);
    put_number(&text, -0.04);
    put_pair(&text, "L", 1.25, -3.999);
    is_text(text.data, "0L1.3 -4", "coordinates to a tenth, without a useless zero");
    pilot_text_reset(&text);
    pilot_picture_escape(&text, "<a href='x'>&\"\x01\xFF");
    is_text(text.data, "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\uFFFD\uFFFD",
            "markup is escaped, what XML cannot hold is replaced");
    pilot_text_clear(&text);
}

static void test_measure(void)
{
    ok(text_width(FACE_TEXT, "iiii") < text_width(FACE_TEXT, "MMMM") / 3, "i is narrower than M");
    is_close(text_width(FACE_TEXT, "e\u0301"), text_width(FACE_TEXT, "e"), 1e-12,
             "a combining accent takes no room");
    ok(text_width(FACE_TEXT, "\u5927\u962A") > 2 * text_width(FACE_TEXT, "ab") * 0.8,
       "Chinese characters are wide");
    ok(text_fit(FACE_TEXT, "short", 200) == 5, "what fits stays whole");
    const char *accents = "aaae\u0301e\u0301e\u0301";
    size_t length = text_fit(FACE_TEXT, accents, text_width(FACE_TEXT, "aaae\u2026") + 0.1);
    ok(length == 6, "an accent stays with its letter");
    size_t bad;
    for (double width = 0; width < 60; width += 1) {
        length = text_fit(FACE_TEXT, "\u5927\u962Ax\u05E8", width);
        if (!pilot_utf8_valid("\u5927\u962Ax\u05E8", length, &bad))
            ok(false, "characters are never cut: at %g", width);
    }
    ok(text_line(FACE_TEXT, "one two three", text_width(FACE_TEXT, "one two th")) == 7,
       "lines break at blanks");
    ok(text_line(FACE_TEXT, "unbreakable", text_width(FACE_TEXT, "unbr")) == 4 &&
           text_line(FACE_TEXT, "wide", 0.5) == 1,
       "or inside a word, but always somewhere");
}

int main(void)
{
    test_ticks();
    test_ratio_ticks();
    test_places();
    test_numbers();
    test_measure();
    return tap_done();
}
