/* Forest, caterpillar, funnel and ranks: what is drawn, and what is not drawn as a number. */
#include "../harness/picture_samples.h"
#include "../harness/svg.h"
#include "../harness/tap.h"

typedef void (*picture_t)(pilot_text_t *, const pilot_picture_effects_t *,
                          const pilot_picture_options_t *);

static char *drawn; /* the last picture */

static const char *draw(picture_t picture, const pilot_picture_effects_t *effects, double width)
{
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_picture_options_t options = {.prefix = "it", .width = width};
    picture(&text, effects, &options);
    free(drawn);
    return drawn = pilot_text_take(&text);
}

static pilot_picture_effect_t three[3];

static pilot_picture_effects_t few(void)
{
    for (size_t i = 0; i < 3; i++)
        three[i] = (pilot_picture_effect_t){.label = (const char *[]){"Aa", "Bb", "Cc"}[i],
                                            .estimate = PILOT_GIVEN(0.1 * (double)i),
                                            .ci_low = PILOT_GIVEN(0.1 * (double)i - 0.1),
                                            .ci_high = PILOT_GIVEN(0.1 * (double)i + 0.1)};
    return (pilot_picture_effects_t){.effect = three, .effects = 3};
}

static void test_forest(void)
{
    pilot_picture_effects_t effects = few();
    const char *svg = draw(pilot_picture_forest, &effects, 0);
    ok(strstr(svg, "<g id=\"it-1\"><title>Bb: 0.10 (0.00 to 0.20)</title>"),
       "a line says itself in a title");
    ok(svg_count(svg, "class=\"es\"") == 4, "three squares, and one in the key");
    ok(!strstr(svg, ">Weight<") && !strstr(svg, ">People<"), "no column that has nothing in it");
    for (size_t i = 0; i < 3; i++)
        three[i].weight = PILOT_GIVEN((double)i + 1), three[i].units = PILOT_GIVEN(100);
    svg = draw(pilot_picture_forest, &effects, 0);
    ok(strstr(svg, ">16.7\u00A0%<") && strstr(svg, ">50.0\u00A0%<"),
       "weights are shares of their sum");
    ok(strstr(svg, ">Weight<") && strstr(svg, ">People<"), "columns that have something in them");
    ok(!strstr(draw(pilot_picture_forest, &effects, 380), ">Weight<"),
       "narrow: no columns, numbers above the bar");
    ok(strstr(drawn, ">0.10 (0.00 to 0.20)</text>"), "narrow: effect and interval in one");
}

/* Where the line of no effect stands. */
static double null_at(const char *svg)
{
    const char *line = strstr(svg, "class=\"nu\"");
    const char *at = line ? strstr(line, " d=\"M") : NULL;
    return at ? strtod(at + 5, NULL) : -1;
}

static void test_null(void)
{
    pilot_picture_effects_t effects = few();
    double zero = null_at(draw(pilot_picture_forest, &effects, 0));
    for (size_t i = 0; i < 3; i++) {
        three[i].estimate.value += 0.5;
        three[i].ci_low.value += 0.5;
        three[i].ci_high.value += 0.5;
    }
    effects.null = 0.5;
    double half = null_at(draw(pilot_picture_forest, &effects, 0));
    ok(zero > 0 && half == zero, "a chance of 0.5 is no effect, as 0 is: %g, %g", half, zero);
}

static void test_missing(void)
{
    pilot_picture_effects_t effects = few();
    three[1].mark = 'c'; /* its numbers must not be told, should they be there */
    three[2].estimate = PILOT_ABSENT;
    three[2].note = "not estimable: no control units";
    const char *svg = draw(pilot_picture_forest, &effects, 0);
    ok(strstr(svg, ">suppressed (c)</text>") && !strstr(svg, ">0.10<"),
       "a mark is told, the number behind it is not");
    ok(strstr(svg, "not estimable: no contr"), "without an estimate the note stands");
    ok(svg_count(svg, "class=\"mi\"") == 3, "two dotted lines, and one in the key");
    ok(svg_count(svg, "class=\"es\"") == 2, "no square where there is no number");
    three[0].mark = 'z';
    three[2].mark = 'k';
    svg = draw(pilot_picture_forest, &effects, 0);
    ok(!strstr(svg, "class=\"ax\" d=\"M") || !strstr(svg, "better"),
       "all suppressed: no axis of numbers that are not there");
    ok(strstr(svg, "not applicable (z)") && strstr(svg, "low (k)"), "each mark has its word");
    effects.effects = 0;
    ok(strstr(draw(pilot_picture_forest, &effects, 0), "no effects to show"), "no line: said so");
}

static void test_ends(void)
{
    pilot_picture_effects_t effects = few();
    three[1].ci_low = PILOT_GIVEN(-INFINITY);
    const char *svg = draw(pilot_picture_forest, &effects, 0);
    ok(strstr(svg, ">\u2212\u221E to 0.20<"), "an infinite end is told");
    ok(strstr(svg, "class=\"es\" d=\"M"), "and drawn as an arrow head");
    effects = few();
    effects.pooled = (pilot_picture_effect_t){
        .estimate = PILOT_GIVEN(0.1), .ci_low = PILOT_GIVEN(0), .ci_high = PILOT_GIVEN(0.2)};
    effects.pi_low = PILOT_GIVEN(-0.1);
    effects.pi_high = PILOT_GIVEN(0.3);
    effects.smallest_high = PILOT_GIVEN(0.05);
    svg = draw(pilot_picture_forest, &effects, 0);
    ok(svg_count(svg, "class=\"po\"") == 2, "the pooled diamond, and its key");
    ok(strstr(svg, ">Prediction interval<") && strstr(svg, ">\u22120.10 to 0.30<"),
       "the prediction interval is a line of its own");
    ok(svg_count(svg, "class=\"sm\"") == 2, "the smallest effect that matters, and its key");
    ok(strstr(svg, "Pooled effect 0.10 (0.00 to 0.20)."), "the description tells what is pooled");
    effects.pi_high = PILOT_GIVEN(INFINITY);
    ok(strstr(draw(pilot_picture_forest, &effects, 0), ">\u22120.10 to \u221E<"),
       "a prediction interval may be open");
    effects.pooled.mark = 'c';
    svg = draw(pilot_picture_forest, &effects, 0);
    ok(!strstr(svg, "class=\"po\"") && !strstr(svg, ">Prediction interval<") &&
           !strstr(svg, "Pooled effect"),
       "a suppressed pooled effect hides its interval, its prediction and its sentence");
    effects = few();
    ok(strstr(draw(pilot_picture_forest, &effects, 0), "\u2190 worse"), "more is better");
    effects.lower_is_better = true;
    ok(strstr(draw(pilot_picture_forest, &effects, 0), "\u2190 better"), "less is better");
    effects.confidence = 0.9;
    ok(strstr(draw(pilot_picture_forest, &effects, 0), ">90\u00A0% interval<"),
       "the level is told");
}

static void test_ratio(void)
{
    pilot_picture_effects_t effects = few();
    for (size_t i = 0; i < 3; i++) {
        three[i].estimate = PILOT_GIVEN(log((double)i + 1));
        three[i].ci_low = PILOT_GIVEN(i == 0 ? -INFINITY : log(0.5));
        three[i].ci_high = PILOT_GIVEN(log(8));
    }
    effects.ratio = true;
    const char *svg = draw(pilot_picture_forest, &effects, 0);
    ok(strstr(svg, ">Ratio<") && strstr(svg, ">2.00<") && strstr(svg, ">0.50 to 8.00<"),
       "logarithms are told as ratios");
    ok(strstr(svg, ">0 to 8.00<"), "a logarithm of -infinity is the ratio 0");
    ok(strstr(svg, ">1</text>") && strstr(svg, ">2</text>") && strstr(svg, ">5</text>"),
       "ticks at round ratios");
}

static void test_groups(void)
{
    pilot_picture_effects_t effects = few();
    three[0].group = three[1].group = "North";
    three[2].group = "South";
    ok(svg_count(draw(pilot_picture_forest, &effects, 0), ">North</text>") == 1 &&
           strstr(drawn, ">South</text>"),
       "a heading stands once where the group changes");
    three[1].summary = true;
    draw(pilot_picture_forest, &effects, 0);
    ok(svg_count(drawn, "class=\"po\"") == 2, "a summary line is a diamond");
    three[1].summary = false;
    three[1].gap = true;
    draw(pilot_picture_forest, &effects, 0);
    ok(svg_count(drawn, "class=\"eg\"") == 2, "a gap is hollow");
}

static size_t index_after(const char *svg, const char *before)
{
    const char *at = strstr(svg, before);
    return at ? (size_t)strtoul(at + strlen(before), NULL, 10) : SIZE_MAX;
}

static void test_caterpillar(void)
{
    pilot_picture_effects_t effects = sample_effects(STRESS_MANY);
    effects.effects = 200;
    const char *svg = draw(pilot_picture_forest, &effects, 0);
    ok(strstr(svg, "sorted by estimate"), "200 lines asked of a forest: the caterpillar");
    ok(svg_count(svg, "<path id=\"it-") == 200, "each line has its id");
    effects = few();
    svg = draw(pilot_picture_caterpillar, &effects, 0);
    ok(!strstr(svg, "<a "), "no link where there is none to follow");
    three[1].href = "/agency/Bb?x=1&y=2";
    ok(strstr(draw(pilot_picture_caterpillar, &effects, 0), "href=\"/agency/Bb?x=1&amp;y=2\""),
       "a line may lead somewhere");
    svg = draw(pilot_picture_caterpillar, &effects, 0);
    ok(index_after(svg, "<path id=\"it-") == 2, "the largest first, under its number in the call");
    effects.lower_is_better = true;
    svg = draw(pilot_picture_caterpillar, &effects, 0);
    ok(index_after(svg, "<path id=\"it-") == 0, "the smallest first where less is better");
    three[0].mark = 'c';
    three[1].estimate = PILOT_ABSENT;
    svg = draw(pilot_picture_caterpillar, &effects, 0);
    ok(svg_count(svg, "<path id=\"it-") == 1 &&
           strstr(svg, "1 agency whose effect is suppressed") &&
           strstr(svg, "1 agency without an estimate"),
       "what has no number is counted beneath");
    three[1].estimate = three[2].estimate;
    svg = draw(pilot_picture_caterpillar, &effects, 0);
    ok(strstr(svg, "Bb") < strstr(svg, "Cc"), "ties by name");
}

static void fill_2000(void)
{
    sample_state = 7;
    for (size_t i = 0; i < 2000; i++) {
        double y = sample_uniform() + sample_uniform() - 0.9, error = 0.03 + 0.3 * sample_uniform();
        snprintf(sample_label[i], sizeof(sample_label[i]), "Municipality %zu", i);
        sample_line[i] = (pilot_picture_effect_t){
            .label = sample_label[i],
            .estimate = PILOT_GIVEN(y),
            .std_error = PILOT_GIVEN(error),
            .ci_low = PILOT_GIVEN(y - 1.96 * error),
            .ci_high = PILOT_GIVEN(y + 1.96 * error),
            .weight = PILOT_GIVEN(1),
            .eb_estimate = PILOT_GIVEN(y / 2),
            .rank = PILOT_GIVEN((double)i + 1),
            .rank_low = PILOT_GIVEN(fmax(1, (double)i - 300)),
            .rank_high = PILOT_GIVEN(fmin(2000, (double)i + 300)),
            .rank_simultaneous_low = PILOT_GIVEN(fmax(1, (double)i - 700)),
            .rank_simultaneous_high = PILOT_GIVEN(fmin(2000, (double)i + 700))};
    }
}

static void test_sizes(void)
{
    static const picture_t pictures[] = {pilot_picture_caterpillar, pilot_picture_ranks,
                                         pilot_picture_funnel};
    static const char *const names[] = {"caterpillar", "ranks", "funnel"};
    static const size_t most[] = {250000, 250000, 60000};
    fill_2000();
    pilot_picture_effects_t effects = {.effect = sample_line, .effects = 2000};
    for (size_t i = 0; i < 3; i++) {
        size_t wide = strlen(draw(pictures[i], &effects, 0));
        bool good = svg_good(drawn);
        size_t narrow = strlen(draw(pictures[i], &effects, 380));
        ok(wide < most[i] && narrow < most[i] && good, "%s of 2,000: %zu and %zu bytes, below %zu",
           names[i], wide, narrow, most[i]);
    }
    effects.effects = 80;
    size_t forest = strlen(draw(pilot_picture_forest, &effects, 0));
    ok(forest < 100000, "forest of 80: %zu bytes, below 100000", forest);
}

static void test_ranks(void)
{
    pilot_picture_effects_t effects = few();
    for (size_t i = 0; i < 3; i++) {
        three[i].rank = PILOT_GIVEN(3 - (double)i);
        three[i].rank_low = three[i].rank_simultaneous_low = PILOT_GIVEN(1);
        three[i].rank_high = three[i].rank_simultaneous_high = PILOT_GIVEN(3);
    }
    const char *svg = draw(pilot_picture_ranks, &effects, 0);
    ok(strstr(svg, ">Cc<") < strstr(svg, ">Aa<"), "rank 1 stands on top");
    ok(strstr(svg, "<title>Bb: rank 2 (1 to 3), all at once 1 to 3</title>"), "both sets are told");
    three[1].mark = 'c';
    three[0].rank = PILOT_ABSENT;
    svg = draw(pilot_picture_ranks, &effects, 0);
    ok(!strstr(svg, "Bb") && strstr(svg, "Without a rank: 2."),
       "no rank is shown of a suppressed one");
}

static void test_bar(void)
{
    pilot_picture_effects_t effects = few();
    pilot_picture_scale_t scale = pilot_picture_scale(effects.effect, 3, false);
    ok(scale.low < -0.1 && scale.high > 0.3, "one scale holds all intervals");
    pilot_text_t text = PILOT_TEXT_INIT;
    pilot_picture_bar(&text, &three[1], &scale);
    ok(svg_good(text.data) &&
           strstr(text.data, "role=\"img\" aria-label=\"0.10 (0.00 to 0.20)\"") &&
           !strstr(text.data, " id="),
       "a bar says its numbers and has no ids");
    pilot_text_reset(&text);
    three[1].mark = 'c';
    pilot_picture_bar(&text, &three[1], &scale);
    ok(strstr(text.data, "aria-label=\"suppressed (c)\"") && strstr(text.data, "class=\"mi\"") &&
           !strstr(text.data, "class=\"es\""),
       "a suppressed one is dotted");
    pilot_text_clear(&text);
    scale = pilot_picture_scale(NULL, 0, true);
    ok(scale.low < scale.high, "no lines: still a scale");
}

int main(void)
{
    test_forest();
    test_null();
    test_missing();
    test_ends();
    test_ratio();
    test_groups();
    test_caterpillar();
    test_sizes();
    test_ranks();
    test_bar();
    free(drawn);
    return tap_done();
}
