/* Numbers as text and text checks: exact both ways. */
#include "pilot/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"

static void test_parse(void)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "1",
                                       "+1.5",
                                       "0.1",
                                       "1e22",
                                       "1e23",
                                       "123456789012345678",
                                       "2.70000004768372",
                                       "5e-324",
                                       "1.7976931348623157e308",
                                       ".5",
                                       "5.",
                                       "1E-3"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double value = -1;
        ok(pilot_double_parse(good[i], strlen(good[i]), &value), "%s is a number", good[i]);
        ok(value == strtod(good[i], NULL), "%s is correctly rounded", good[i]);
    }
    static const char *const bad[] = {"",    " 1",    "1 ", "0x10", "inf", "nan",   "1,5", "1e",
                                      "1e+", "1e999", ".",  "+",    "--1", "1.2.3", "1_0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double value = 42;
        ok(!pilot_double_parse(bad[i], strlen(bad[i]), &value) && value == 42,
           "'%s' is refused and the value untouched", bad[i]);
    }
}

static void test_parse_agrees_with_strtod(void)
{
    unsigned long long state = 1;
    bool all = true;
    for (int i = 0; i < 200000 && all; i++) {
        char text[64];
        state = state * 6364136223846793005u + 1442695040888963407u;
        snprintf(text, sizeof text, "%lld.%llue%d", (long long)(state >> 40) - (1 << 23),
                 (state >> 20) % 1000000, (int)(state % 61) - 30);
        double value = 0;
        all = pilot_double_parse(text, strlen(text), &value) && value == strtod(text, NULL);
    }
    ok(all, "200,000 random decimals parse as strtod does");
}

static void test_format(void)
{
    char text[PILOT_DOUBLE_SIZE];
    pilot_double_format(0.1, text);
    is_text(text, "0.1", "0.1 is the shortest form");
    pilot_double_format(1.0 / 3, text);
    is_text(text, "0.3333333333333333", "1/3 takes 16 digits");
    pilot_double_format(-2, text);
    is_text(text, "-2", "a whole number has no point");
    pilot_double_format(5e-324, text);
    ok(strtod(text, NULL) == 5e-324, "the smallest double reads back");
}

static void test_utf8(void)
{
    size_t bad = 99;
    ok(pilot_utf8_valid("plain ascii text, long", 22, &bad), "ASCII is UTF-8");
    ok(pilot_utf8_valid("\xc3\x9cn\xc3\xaf"
                        "c\xc3\xb6"
                        "de",
                        10, &bad),
       "two-byte letters are valid");
    ok(!pilot_utf8_valid("ab\xff", 3, &bad) && bad == 2, "0xff is refused at its offset");
    ok(!pilot_utf8_valid("abcdefgh\0x", 10, &bad) && bad == 8, "NUL is refused at its offset");
    ok(!pilot_utf8_valid("\xed\xa0\x80", 3, NULL), "a surrogate is refused");
    ok(!pilot_utf8_valid("\xc0\x80", 2, NULL), "an overlong form is refused");
    ok(!pilot_utf8_valid("\xe2\x82", 2, NULL), "a cut sequence is refused");
    ok(pilot_utf8_width("\xc3\x9c", 2) == 1, "one letter is one column");
}

static void test_escapes(void)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_text_append_csv(&text, "a\"b,c", 5);
    is_text(text.data, "\"a\"\"b,c\"", "a CSV field with quote and comma is quoted");
    pilot_text_reset(&text);
    pilot_text_append_json(&text, "a\"\\\n\x01", 5);
    is_text(text.data, "\"a\\\"\\\\\\n\\u0001\"", "JSON escapes follow RFC 8785");
    pilot_text_clear(&text);
}

int main(void)
{
    test_parse();
    test_parse_agrees_with_strtod();
    test_format();
    test_utf8();
    test_escapes();
    return tap_done();
}
