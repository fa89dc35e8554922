/* Every picture under every stress: well-formed, labelled, without text on text, and the same
 * again. */
#include "../harness/picture_samples.h"
#include "../harness/svg.h"
#include "../harness/tap.h"

static const double widths[] = {0, 1280, 380, 320};

static bool labelled(const char *svg)
{
    return strstr(svg, "<title id=\"it-title\">") && strstr(svg, "<desc id=\"it-desc\">") &&
           strstr(svg, "aria-labelledby=\"it-title\"") &&
           strstr(svg, "aria-describedby=\"it-desc\"") &&
           (strstr(svg, "role=\"img\"") || strstr(svg, "<a "));
}

static bool says_no_number(const char *svg)
{
    return !strstr(svg, "nan") && !strstr(svg, "-nan") && !strstr(svg, "\u22120.00<") &&
           !strstr(svg, ">-0");
}

static void test_picture(size_t picture, stress_t stress)
{
    bool good = true, apart = true, named = true, numbers = true, same = true, own = true;
    for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
        for (int ratio = 0; ratio < 2; ratio++) {
            pilot_picture_options_t options = {.prefix = "it", .width = widths[w]};
            pilot_text_t text = PILOT_TEXT_INIT, again = PILOT_TEXT_INIT;
            sample_picture(&text, picture, stress, ratio, &options);
            sample_picture(&again, picture, stress, ratio, &options);
            same = same && strcmp(text.data, again.data) == 0;
            if (good && !(good = svg_good(text.data)))
                printf("# width %g: %s\n", widths[w], svg_why);
            if (apart && !(apart = svg_apart(text.data)))
                printf("# width %g ratio %d: %s\n", widths[w], ratio, svg_why);
            named = named && labelled(text.data);
            numbers = numbers && says_no_number(text.data);
            own = own && svg_count(text.data, " id=\"") == svg_count(text.data, " id=\"it-");
            pilot_text_clear(&text);
            pilot_text_clear(&again);
        }
    }
    const char *name = sample_names[picture], *under = stress_names[stress];
    ok(good, "%s, %s: well-formed, ids unique, coordinates are numbers", name, under);
    ok(apart, "%s, %s: no text on text, none outside, at 1280, 960, 380 and 320", name, under);
    ok(named, "%s, %s: a role, a title and a description", name, under);
    ok(numbers, "%s, %s: neither nan nor a negative zero is told", name, under);
    ok(same, "%s, %s: the same bytes again", name, under);
    ok(own, "%s, %s: every id begins with the prefix", name, under);
}

static void test_standalone(void)
{
    bool good = true;
    for (size_t picture = 0; picture < SAMPLE_PICTURES; picture++) {
        pilot_picture_options_t options = {.standalone = true};
        pilot_text_t text = PILOT_TEXT_INIT;
        sample_picture(&text, picture, STRESS_NONE, false, &options);
        good = good && svg_good(text.data) &&
               strstr(text.data, "xmlns=\"http://www.w3.org/2000/svg\"") &&
               strstr(text.data, "<style>");
        pilot_text_clear(&text);
    }
    ok(good, "a file of its own names its namespace and carries the style");
}

/* Every class that a picture uses has a rule. */
static void test_classes(void)
{
    pilot_text_t style = PILOT_TEXT_INIT;
    pilot_picture_style(&style);
    size_t missing = 0;
    for (size_t picture = 0; picture < SAMPLE_PICTURES; picture++) {
        for (int stress = 0; stress < STRESSES; stress++) {
            pilot_text_t text = PILOT_TEXT_INIT;
            sample_picture(&text, picture, (stress_t)stress, false, NULL);
            for (const char *at = text.data; (at = strstr(at, " class=\"")) != NULL;) {
                at += 8;
                size_t length = strcspn(at, "\"");
                char rule[64];
                snprintf(rule, sizeof(rule), ".%.*s", (int)length, at);
                const char *found = strstr(style.data, rule);
                while (found && !strchr("{,:> .", found[strlen(rule)]))
                    found = strstr(found + 1, rule);
                if (!found && length != 1) { /* faces of one letter: "text" itself is their rule */
                    printf("# no rule for %s\n", rule);
                    missing++;
                }
            }
            pilot_text_clear(&text);
        }
    }
    ok(missing == 0, "every class that a picture uses has a rule in the style");
    pilot_text_clear(&style);
}

static void test_options(void)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_picture_options_t options = {.prefix = "7 \"<x>",
                                       .title = "A & B",
                                       .description = "C < D",
                                       .hide_title = true,
                                       .one_of_two = true,
                                       .width = 380};
    sample_picture(&text, 0, STRESS_NONE, false, &options);
    ok(svg_good(text.data), "a prefix that is no id is made one");
    ok(strstr(text.data, "<title id=\"p7---x--title\">A &amp; B</title>"),
       "the caller's title is read, escaped");
    ok(!strstr(text.data, ">A &amp; B</text>"), "a hidden title is not drawn");
    ok(strstr(text.data, ">C &lt; D</desc>"), "the caller's description replaces the own one");
    ok(strstr(text.data, "class=\"pilot-picture pilot-narrow\""), "one of two says which it is");
    pilot_text_clear(&text);
}

/* A step that nobody tells of is no box; one that is told of one arm is. */
static void test_flow(void)
{
    pilot_picture_flow_arm_t arm[2] = {{.arm = "a", .received = {.value = PILOT_GIVEN(30)}},
                                       {.arm = "b", .received = {.value = PILOT_GIVEN(12)}}};
    pilot_picture_flow_t flow = {.arm = arm, .arms = 2};
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_picture_flow(&text, &flow, NULL);
    ok(strstr(text.data, ">units received<") && strstr(text.data, ">42<") &&
           !strstr(text.data, ">assigned<") && !strstr(text.data, ">analysed<"),
       "flow: steps that nobody tells of are left out");
    arm[0].assigned.value = PILOT_GIVEN(40);
    arm[0].analysed.value = PILOT_GIVEN(25);
    arm[1].analysed.mark = 'c';
    pilot_text_reset(&text);
    pilot_picture_flow(&text, &flow, NULL);
    ok(strstr(text.data, ">not known<") && strstr(text.data, ">suppressed (c)<"),
       "flow: a step that one arm tells of is a box in all");
    ok(strstr(text.data, ">not received 10<") && strstr(text.data, ">not analysed 15<") &&
           svg_count(text.data, ">not analysed") == 1,
       "flow: losses where both numbers are known");
    arm[0].control = true;
    pilot_text_reset(&text);
    pilot_picture_flow(&text, &flow, NULL);
    ok(!strstr(text.data, ">not received"), "flow: the control arm was not to receive");
    pilot_text_clear(&text);
}

static void test_gap_names(void)
{
    pilot_picture_effect_t level[3] = {{.label = "men", .estimate = PILOT_GIVEN(1)},
                                       {.label = "women", .estimate = PILOT_GIVEN(2)},
                                       {.label = "others", .estimate = PILOT_GIVEN(3)}};
    pilot_picture_effect_t gap[3] = {level[0], level[1], {.estimate = PILOT_GIVEN(2)}};
    pilot_picture_subgroup_t subgroup = {"gender", level, gap, 3};
    pilot_picture_gaps_t gaps = {.subgroup = &subgroup, .subgroups = 1};
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_picture_gaps(&text, &gaps, NULL);
    ok(strstr(text.data, ">gap: women \u2212 men<") &&
           strstr(text.data, ">gap: others \u2212 men<"),
       "gaps: a gap says which levels it lies between");
    gap[2].label = "others less men";
    gaps.ratio = true;
    pilot_text_reset(&text);
    pilot_picture_gaps(&text, &gaps, NULL);
    ok(strstr(text.data, ">gap: women \u00F7 men<") && strstr(text.data, ">others less men<"),
       "gaps: of ratios it is a quotient; the caller's own name stands");
    subgroup.gap = NULL;
    pilot_text_reset(&text);
    pilot_picture_gaps(&text, &gaps, NULL);
    ok(!strstr(text.data, "gap:"), "gaps: none given, none drawn");
    pilot_text_clear(&text);
}

int main(void)
{
    for (size_t picture = 0; picture < SAMPLE_PICTURES; picture++)
        for (int stress = 0; stress < STRESSES; stress++)
            test_picture(picture, (stress_t)stress);
    test_standalone();
    test_classes();
    test_options();
    test_flow();
    test_gap_names();
    return tap_done();
}
