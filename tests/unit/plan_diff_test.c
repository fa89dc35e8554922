/* Two versions of a plan side by side: each difference once, under a path that people find. */
#include "pilot/plan_diff.h"

#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/text.h"

#define START "version: 1\npilot: p\ncolumns: {arm: a}\n"

/* "path: before -> after" lines; "-" for what is not given. */
static char *lines_of(const char *before, const char *after)
{
    pilot_plan_diff_t diff;
    pilot_error_t error = {0};
    pilot_text_t lines = PILOT_TEXT_INIT;
    if (pilot_plan_diff(before, after, &diff, &error))
        pilot_text_appendf(&lines, "error %s", error.message);
    for (size_t i = 0; i < diff.count; i++)
        pilot_text_appendf(&lines, "%s%s: %s -> %s", i ? "\n" : "", diff.change[i].path,
                           diff.change[i].before ? diff.change[i].before : "-",
                           diff.change[i].after ? diff.change[i].after : "-");
    pilot_plan_diff_clear(&diff);
    return pilot_text_take(&lines);
}

static void is_diff(const char *before, const char *after, const char *want, const char *name)
{
    char *got PILOT_AUTOFREE = lines_of(before, after);
    is_text(got, want, "%s", name);
}

static void test_keys(void)
{
    is_diff(START, START, "", "a plan does not differ from itself");
    is_diff(START "title: A\n", START "# a remark\n\"title\":  'A'\n", "",
            "remarks, blanks and quotes are no difference");
    is_diff("a: 1\nb: 2\n", "b: 2\na: 1\n", "", "nor is the order of keys");
    is_diff("a: {b: {c: 1}}", "a: {b: {c: 2}}", "a.b.c: \"1\" -> \"2\"", "a key by its path");
    is_diff("a: {b: 1}", "a: {b: 1, c: [x]}", "a.c: - -> [\"x\"]", "a key that came");
    is_diff("a: {b: 1, c: 1}", "a: {b: 1}", "a.c: \"1\" -> -", "a key that went");
    is_diff("a: {b: null}", "a: {}", "a.b: null -> -", "null is not the same text as nothing");
    is_diff("a: {b: null}", "a: {b: \"null\"}", "a.b: null -> \"null\"", "nor as the word");
    is_diff("a: auto", "a: [ols]", "a: \"auto\" -> [\"ols\"]", "a word that became a list");
    is_diff("a: {'b.c': 1, 'd e': 1}", "a: {'b.c': 2, 'd e': 2}",
            "a.\"b.c\": \"1\" -> \"2\"\na.\"d e\": \"1\" -> \"2\"",
            "a key that holds what parts paths is quoted");
    is_diff("a: {regular+aide: 1}", "a: {regular+aide: 2}", "a.regular+aide: \"1\" -> \"2\"",
            "others are as they are");
}

static void test_lists(void)
{
    is_diff("outcomes: [{name: math, role: secondary}, {name: reading, role: primary}]",
            "outcomes: [{name: math, role: primary}, {name: reading, role: primary}]",
            "outcomes[math].role: \"secondary\" -> \"primary\"", "an outcome goes by its name");
    is_diff("o: [{name: a, t: 1}, {name: b, t: 1}]", "o: [{name: b, t: 1}]",
            "o[a]: {\"name\":\"a\",\"t\":\"1\"} -> -", "what went does not shift the others");
    is_diff("o: [{name: b}]", "o: [{name: a}, {name: b}]", "o[a]: - -> {\"name\":\"a\"}",
            "nor does what came");
    is_diff("o: [{name: a}, {name: b}, {name: c}]", "o: [{name: c}, {name: d}, {name: a}]",
            "o[b]: {\"name\":\"b\"} -> -\no[d]: - -> {\"name\":\"d\"}\no[]: [\"a\",\"c\"] -> "
            "[\"c\",\"a\"]",
            "another order of those that stayed");
    is_diff("c: [age, sex]", "c: [age, {name: sex, type: binary}]", "c[sex].type: - -> \"binary\"",
            "a plain name stands for its mapping");
    is_diff("c: [{name: age}]", "c: [age]", "", "and for no more than that");
    is_diff("e: [ols, lin]", "e: [ols, iv]", "e[lin]: \"lin\" -> -\ne[iv]: - -> \"iv\"",
            "plain texts go by themselves");
    is_diff("m: ['', NA]", "m: [NA]", "m[\"\"]: \"\" -> -", "an empty text is one too");
    is_diff("m: [x, x]", "m: [x, y]", "m[1]: \"x\" -> \"y\"",
            "texts that stand twice go by their place");
    is_diff("m: [{a: 1}]", "m: [{a: 2}, {a: 3}]",
            "m[0].a: \"1\" -> \"2\"\nm[1]: - -> {\"a\":\"3\"}", "and so do mappings without name");
    is_diff("g: [{name: 'a]b'}]", "g: []", "g[\"a]b\"]: {\"name\":\"a]b\"} -> -",
            "a name with a bracket is quoted");
}

static void test_large(void)
{
    enum { AGENCIES = 20000 };
    pilot_text_t before = PILOT_TEXT_INIT, after = PILOT_TEXT_INIT;
    pilot_text_append(&before, "agencies:\n");
    pilot_text_append(&after, "agencies:\n");
    for (int i = 0; i < AGENCIES; i++) {
        pilot_text_appendf(&before, "- {name: n%d, id: i%d}\n", i, i);
        pilot_text_appendf(&after, "- {name: n%d, id: i%d}\n", i, i == 777 ? 1 : i);
    }
    is_diff(before.data, after.data, "agencies[n777].id: \"i777\" -> \"i1\"",
            "one of 20000 agencies is found");
    pilot_text_clear(&before);
    pilot_text_clear(&after);
}

static void test_errors(void)
{
    is_diff("a: [", "a: 1",
            "error the earlier plan:2:1: not valid YAML: did not find expected node content "
            "(while parsing a flow node that begins at 2:1)",
            "what cannot be read is told");
}

static void test_meeting(void)
{
    ok(pilot_plan_paths_meet("a.b", "a.b"), "a path meets itself");
    ok(pilot_plan_paths_meet("a", "a.b") && pilot_plan_paths_meet("o[x].role", "o[x]"),
       "and what is within it");
    ok(!pilot_plan_paths_meet("a.b", "a.bc") && !pilot_plan_paths_meet("o[x]", "o[y]"),
       "but no neighbour");
}

int main(void)
{
    test_keys();
    test_lists();
    test_large();
    test_errors();
    test_meeting();
    return tap_done();
}
