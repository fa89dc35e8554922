/* Disclosure control, rule by rule, on pilots that are small enough to be read. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "disclosure_sites.h"

/* ---- one release -------------------------------------------------------------------------------
 */

static void test_rounding(void)
{
    const site_t site[] = {{"a", 1, 52, 0, 0}, {"b", 2, 61, 0, 0}};
    pilot_disclosure_t *d = disclose(site, 2, NULL, 0, -1);
    pilot_released_t out[PILOT_EFFECT_NUMBERS];
    pilot_disclosure_effect_t row = make_row("a", NULL, 52);
    ok(pilot_disclosure_release_effect(d, &row, out), "a row of enough people is shown");
    ok(out[PILOT_EFFECT_N_ARM].value == 50 && out[PILOT_EFFECT_N_CONTROL].value == 50,
       "counts are multiples of round_to");
    ok(out[PILOT_EFFECT_N].value == 100, "n is the sum of what is told of the arms");
    ok(out[PILOT_EFFECT_STD_ERROR].value == 0.35, "a standard error has two digits");
    ok(out[PILOT_EFFECT_ESTIMATE].value == 1.23, "an estimate has the precision of its error");
    ok(out[PILOT_EFFECT_CONTROL_MEAN].value == 51.2,
       "a control mean, that of round_to people a standard deviation off");
    ok(out[PILOT_EFFECT_CONTROL_STD_DEV].value == 1.8, "the standard deviation beside it likewise");
    row.share = true;
    pilot_disclosure_release_effect(d, &row, out);
    ok(out[PILOT_EFFECT_CONTROL_STD_DEV].mark == PILOT_MARK_SUPPRESSED,
       "of a share it is never shown: it would be the share again");
    row.share = false;
    row.key.estimator = "rate_ratio";
    row.log_scale = true;
    pilot_disclosure_release_effect(d, &row, out);
    ok(out[PILOT_EFFECT_CONTROL_STD_DEV].mark == PILOT_MARK_SHOWN ||
           out[PILOT_EFFECT_CONTROL_MEAN].mark != PILOT_MARK_SHOWN,
       "beside a ratio it is shown if the mean is");
    row = make_row("a", NULL, 52);
    pilot_disclosure_release_effect(d, &row, out);
    ok(out[PILOT_EFFECT_P_VALUE].mark == PILOT_MARK_LOW && out[PILOT_EFFECT_P_VALUE].value == 0,
       "a p-value that rounds to 0 is marked k");
    ok(out[PILOT_EFFECT_DF].mark == PILOT_MARK_SUPPRESSED, "df would be a count");
    ok(out[PILOT_EFFECT_BLOCKS].mark == PILOT_MARK_NOT_APPLICABLE, "what there is not is marked z");
    row.number[PILOT_EFFECT_DF].value = 9.9;
    ok(!pilot_disclosure_release_effect(d, &row, out) &&
           out[PILOT_EFFECT_ESTIMATE].mark == PILOT_MARK_SUPPRESSED,
       "df below 10 hide the effect");
    row = make_row("a", NULL, 52);
    row.number[PILOT_EFFECT_STD_ERROR].given = false;
    ok(!pilot_disclosure_release_effect(d, &row, out) &&
           out[PILOT_EFFECT_ESTIMATE].mark == PILOT_MARK_SUPPRESSED,
       "so does a missing error: all may have the same outcome, and the reason would say so");
    row.number[PILOT_EFFECT_ESTIMATE].given = false;
    ok(pilot_disclosure_release_effect(d, &row, out) &&
           out[PILOT_EFFECT_ESTIMATE].mark == PILOT_MARK_NOT_APPLICABLE,
       "an effect that there is not may say why");
    row = make_row("nobody", NULL, 50);
    ok(!pilot_disclosure_release_effect(d, &row, out), "a row that was never given is hidden");
    row = make_row("a", NULL, 52);
    row.key.outcome = "other";
    ok(!pilot_disclosure_release_effect(d, &row, out), "so is one of an unknown outcome");
    pilot_disclosure_free(d);
}

static void test_small_agency(void)
{
    const site_t site[] = {{"a", 1, 7, 0, 0},  {"b", 2, 52, 0, 0}, {"c", 3, 61, 0, 0},
                           {"d", 4, 70, 0, 0}, {"e", 5, 85, 0, 0}, {"f", 6, 90, 0, 0}};
    pilot_disclosure_t *d = disclose(site, 6, NULL, 0, -1);
    ok(told(d, "a", NULL, 7) < 0, "a small agency is hidden");
    ok(told(d, "b", NULL, 52) < 0 && told(d, "c", NULL, 61) < 0,
       "and the two that cost least, so that not even one of them can subtract");
    ok(count_told(d, site, 6) == 3, "the others are shown");
    ok(told(d, NULL, NULL, 365) == 365, "and so is the sum");
    pilot_disclosure_summary_t summary = pilot_disclosure_summarize(d);
    ok(summary.cells == 14 && summary.sensitive == 2 && summary.hidden == 6,
       "the summary counts cells, small and hidden ones");
    pilot_disclosure_free(d);

    d = disclose(site, 2, NULL, 0, -1);
    ok(told(d, "b", NULL, 52) == 50 && told(d, NULL, NULL, 59) < 0,
       "of two agencies with a small one, the sum is hidden");
    pilot_disclosure_free(d);
    d = disclose(site, 1, NULL, 0, -1);
    ok(told(d, "a", NULL, 7) < 0 && told(d, NULL, NULL, 7) < 0,
       "a small agency alone is hidden as the sum too");
    pilot_disclosure_free(d);
}

static void test_levels(void)
{
    const site_t site[] = {{"a", 1, 60, 55, 5},  {"b", 2, 52, 30, 22}, {"c", 3, 61, 31, 30},
                           {"d", 4, 70, 40, 27}, {"e", 5, 85, 40, 45}, {"f", 6, 90, 45, 45}};
    pilot_disclosure_t *d = disclose(site, 6, NULL, 0, -1);
    ok(count_told(d, site, 6) == 6, "whole samples are shown");
    ok(told(d, "a", "high", 5) < 0 && told(d, "a", "low", 55) < 0,
       "a small level hides the others, which sum to the whole");
    pilot_released_t out[PILOT_EFFECT_NUMBERS];
    pilot_disclosure_effect_t row = make_row("d", "low", 40);
    pilot_disclosure_release_effect(d, &row, out);
    ok(told(d, "d", "low", 40) < 0 && out[PILOT_EFFECT_ESTIMATE].mark == PILOT_MARK_SHOWN &&
           out[PILOT_EFFECT_CONTROL_MEAN].mark == PILOT_MARK_SUPPRESSED &&
           out[PILOT_EFFECT_CONTROL_STD_DEV].mark == PILOT_MARK_SUPPRESSED,
       "three people without a level hide counts and means of the levels, not effects");
    ok(told(d, "f", "low", 45) == 45, "an agency of large levels is shown");
    ok(told(d, NULL, "low", 241) < 0, "too few are without a level: pooled counts are hidden");
    pilot_disclosure_free(d);
}

/* Effect rows of a binary outcome: 40 people an arm, shares as given. */
static double told_share(double control, double arm)
{
    pilot_disclosure_t *d = pilot_disclosure_new(&usual);
    const char *name[] = {"a", "b", "c", "d", "e"};
    size_t agencies = sizeof name / sizeof *name;
    for (size_t i = 0; i < agencies; i++)
        pilot_disclosure_submission(d, name[i], 1, NULL);
    for (size_t i = 0; i <= agencies; i++) {
        pilot_disclosure_effect_t row = make_row(i < agencies ? name[i] : NULL, NULL,
                                                 i < agencies ? 40 : 40.0 * (double)agencies);
        row.share = true;
        row.number[PILOT_EFFECT_CONTROL_MEAN].value = i == 0 ? control : 0.5;
        row.number[PILOT_EFFECT_ESTIMATE].value = i == 0 ? arm - control : 0.05;
        row.number[PILOT_EFFECT_STD_ERROR].value = 0.0761;
        pilot_disclosure_effect(d, &row, NULL);
    }
    pilot_disclosure_decide(d, NULL);
    pilot_disclosure_effect_t row = make_row("a", NULL, 40);
    row.share = true;
    row.number[PILOT_EFFECT_CONTROL_MEAN].value = control;
    row.number[PILOT_EFFECT_ESTIMATE].value = arm - control;
    row.number[PILOT_EFFECT_STD_ERROR].value = 0.0761;
    pilot_released_t out[PILOT_EFFECT_NUMBERS];
    pilot_disclosure_release_effect(d, &row, out);
    pilot_disclosure_free(d);
    return out[PILOT_EFFECT_CONTROL_MEAN].mark == PILOT_MARK_SHOWN
               ? out[PILOT_EFFECT_CONTROL_MEAN].value
               : -1;
}

static void test_shares(void)
{
    ok(told_share(0.475, 0.525) == 0.4, "a share is rounded as its count is");
    ok(told_share(0.1, 0.5) < 0, "four successes are too few");
    ok(told_share(0.9, 0.5) < 0, "four failures are too few");
    ok(told_share(0, 0.5) < 0, "nobody is too few");
    ok(told_share(1, 0.5) < 0, "everybody leaves nobody");
    ok(told_share(0.5, 0.95) < 0, "the arm's count is control mean and effect together");
}

static pilot_disclosure_t *disclose_share(const past_release_t *past, double control, double effect)
{
    pilot_disclosure_t *d = pilot_disclosure_new(&usual);
    if (past != NULL)
        pilot_disclosure_remember(d, past->memory, past->size, NULL);
    pilot_disclosure_submission(d, "a", 1, NULL);
    pilot_disclosure_effect_t row = make_row("a", NULL, 100);
    row.share = true;
    row.number[PILOT_EFFECT_CONTROL_MEAN].value = control;
    row.number[PILOT_EFFECT_ESTIMATE].value = effect;
    pilot_disclosure_effect(d, &row, NULL);
    pilot_disclosure_decide(d, NULL);
    return d;
}

static void test_adjusted_shares(void)
{
    past_release_t past = remember(disclose_share(NULL, 0.5, 0.1));
    pilot_disclosure_t *d = disclose_share(&past, 0.5, 0.12);
    ok(told(d, "a", NULL, 100) == 100, "other covariates adjust an arm's share: the same people");
    pilot_disclosure_free(d);
    d = disclose_share(&past, 0.52, 0.1);
    ok(told(d, "a", NULL, 100) < 0, "control's share is not adjusted: another one is other data");
    pilot_disclosure_free(d);
    free(past.memory);
}

static void test_dominance(void)
{
    for (int side = 0; side < 2; side++) {
        pilot_disclosure_t *d = pilot_disclosure_new(&usual);
        pilot_disclosure_submission(d, "a", 1, NULL);
        pilot_disclosure_effect_t row = make_row("a", NULL, 50);
        pilot_number_in_t large = {60, true}, total = {100, true};
        *(side == 0 ? &row.control_largest : &row.arm_largest) = large;
        *(side == 0 ? &row.control_total : &row.arm_total) = total;
        pilot_disclosure_effect(d, &row, NULL);
        pilot_disclosure_decide(d, NULL);
        pilot_released_t out[PILOT_EFFECT_NUMBERS];
        ok(!pilot_disclosure_release_effect(d, &row, out) &&
               out[PILOT_EFFECT_ESTIMATE].mark == PILOT_MARK_SUPPRESSED &&
               out[PILOT_EFFECT_CONTROL_MEAN].mark == PILOT_MARK_SUPPRESSED &&
               out[PILOT_EFFECT_N].mark == PILOT_MARK_SHOWN,
           "one unit with most of the %s's total hides means and effects, not counts",
           side == 0 ? "control group" : "arm");
        pilot_disclosure_free(d);
    }
}

static void test_misuse(void)
{
    pilot_disclosure_t *d = pilot_disclosure_new(&usual);
    pilot_disclosure_effect_t row = make_row("a", NULL, 50);
    ok(pilot_disclosure_effect(d, &row, NULL) == PILOT_E_DATA, "a row needs its agency");
    ok(pilot_disclosure_submission(d, "a", 1, NULL) == PILOT_OK, "an agency comes once");
    ok(pilot_disclosure_submission(d, "a", 2, NULL) == PILOT_E_BUG, "and not twice");
    row.number[PILOT_EFFECT_N_ARM].value = 3e9;
    ok(pilot_disclosure_effect(d, &row, NULL) == PILOT_E_DATA, "a count has bounds");
    row.number[PILOT_EFFECT_N_ARM].value = 2.5;
    ok(pilot_disclosure_effect(d, &row, NULL) == PILOT_E_DATA, "a count is whole");
    ok(pilot_disclosure_decide(d, NULL) == PILOT_OK, "it is decided once");
    ok(pilot_disclosure_decide(d, NULL) == PILOT_E_BUG, "and not twice");
    pilot_disclosure_free(d);
}

/* ---- rows made of effects ----------------------------------------------------------------------
 */

static void test_comparisons(void)
{
    const site_t site[] = {{"a", 1, 7, 0, 0},  {"b", 2, 52, 0, 0}, {"c", 3, 61, 0, 0},
                           {"d", 4, 70, 0, 0}, {"e", 5, 85, 0, 0}, {"f", 6, 90, 0, 0}};
    pilot_number_in_t number[PILOT_COMPARISON_NUMBERS], rank[PILOT_AGENCY_NUMBERS];
    pilot_released_t out[PILOT_COMPARISON_NUMBERS], told_rank[PILOT_AGENCY_NUMBERS];
    for (int i = 0; i < PILOT_COMPARISON_NUMBERS; i++)
        number[i] = (pilot_number_in_t){0.123456, true};
    for (int i = 0; i < PILOT_AGENCY_NUMBERS; i++)
        rank[i] = (pilot_number_in_t){2.123456, true};
    pilot_disclosure_effect_t row = make_row("e", NULL, 85);
    pilot_disclosure_t *d = disclose(site, 6, NULL, 0, -1);
    ok(!pilot_disclosure_release_comparison(d, &row.key, false, number, out),
       "with hidden agencies only the headline is shown");
    ok(pilot_disclosure_release_comparison(d, &row.key, true, number, out) &&
           out[PILOT_COMPARISON_ESTIMATE].value == 0.12 &&
           out[PILOT_COMPARISON_Q].mark == PILOT_MARK_SUPPRESSED,
       "and of it what does not give more equations");
    ok(pilot_disclosure_release_agency(d, &row.key, rank, told_rank) &&
           told_rank[PILOT_AGENCY_EB_ESTIMATE].mark == PILOT_MARK_SHOWN &&
           told_rank[PILOT_AGENCY_LEAVE_ONE_OUT_ESTIMATE].mark == PILOT_MARK_SUPPRESSED &&
           told_rank[PILOT_AGENCY_RANK].mark == PILOT_MARK_SUPPRESSED,
       "one left out, and ranks, would tell of hidden ones");
    row.key.estimator = "auto";
    ok(!pilot_disclosure_release_comparison(d, &row.key, false, number, out) &&
           pilot_disclosure_release_comparison(d, &row.key, true, number, out) &&
           out[PILOT_COMPARISON_I2].mark == PILOT_MARK_SUPPRESSED,
       "and so where auto chose for each agency");
    row.key.agency = "a";
    row.key.estimator = "difference_in_means";
    ok(!pilot_disclosure_release_agency(d, &row.key, rank, told_rank), "a hidden agency is hidden");
    pilot_disclosure_free(d);

    d = disclose(site + 1, 5, NULL, 0, -1);
    row.key.agency = "e";
    ok(pilot_disclosure_release_comparison(d, &row.key, false, number, out) &&
           out[PILOT_COMPARISON_Q].mark == PILOT_MARK_SHOWN,
       "with no agency hidden every method is shown");
    ok(pilot_disclosure_release_agency(d, &row.key, rank, told_rank) &&
           told_rank[PILOT_AGENCY_RANK].value == 2,
       "and ranks");
    pilot_disclosure_free(d);
    d = disclose(site, 2, NULL, 0, -1);
    ok(!pilot_disclosure_release_comparison(d, &row.key, true, number, out),
       "where the pooled effect is hidden, comparisons are");
    pilot_disclosure_free(d);
}

/* What one effect gives: are its average, its share, a row of its model told? */
static void effects_are_told(const pilot_disclosure_t *d, const pilot_disclosure_key_t *key,
                             bool want, const char *name)
{
    pilot_number_in_t number[PILOT_MODERATOR_NUMBERS];
    pilot_released_t out[PILOT_MODERATOR_NUMBERS];
    for (int i = 0; i < PILOT_MODERATOR_NUMBERS; i++)
        number[i] = (pilot_number_in_t){0.123456, true};
    pilot_mark_t mark = want ? PILOT_MARK_SHOWN : PILOT_MARK_SUPPRESSED;
    double value = want ? 0.12 : 0;
    ok(pilot_disclosure_release_average(d, key, false, number, out) == want &&
           out[PILOT_AVERAGE_ESTIMATE].mark == mark && out[PILOT_AVERAGE_ESTIMATE].value == value,
       "an average: %s", name);
    ok(pilot_disclosure_release_share(d, key, number, out) == want &&
           out[PILOT_SHARE_SHARE].mark == mark && out[PILOT_SHARE_SHARE].value == value &&
           out[PILOT_SHARE_THRESHOLD].value == 0.123456,
       "a share, but for its threshold: %s", name);
    pilot_number_in_t fewest = {0};
    ok(pilot_disclosure_release_moderator(d, key, fewest, number, out) == want &&
           out[PILOT_MODERATOR_ESTIMATE].mark == mark,
       "a slope: %s", name);
    fewest = (pilot_number_in_t){3, true};
    ok(pilot_disclosure_release_moderator(d, key, fewest, number, out) == want,
       "the groups of three agencies: %s", name);
    fewest.value = 2;
    ok(!pilot_disclosure_release_moderator(d, key, fewest, number, out) &&
           out[PILOT_MODERATOR_K].mark == PILOT_MARK_SUPPRESSED &&
           out[PILOT_MODERATOR_ESTIMATE].mark == PILOT_MARK_SUPPRESSED,
       "and never of two");
}

static void test_of_all_effects(void)
{
    const site_t site[] = {{"a", 1, 7, 0, 0},  {"b", 2, 52, 0, 0}, {"c", 3, 61, 0, 0},
                           {"d", 4, 70, 0, 0}, {"e", 5, 85, 0, 0}, {"f", 6, 90, 0, 0}};
    pilot_disclosure_effect_t row = make_row(NULL, NULL, 85);
    pilot_disclosure_t *d = disclose(site, 6, NULL, 0, -1);
    effects_are_told(d, &row.key, false, "not with hidden agencies, however many they are");
    row.key.estimator = "auto";
    effects_are_told(d, &row.key, false, "nor where auto chose for each agency");
    pilot_disclosure_free(d);
    d = disclose(site + 1, 5, NULL, 0, -1);
    effects_are_told(d, &row.key, true, "with none hidden");
    row.key.estimator = "difference_in_means";
    effects_are_told(d, &row.key, true, "with none hidden, of one estimator");
    row.key.agency = "e";
    pilot_number_in_t number[PILOT_AGENCY_NUMBERS];
    pilot_released_t out[PILOT_AGENCY_NUMBERS];
    for (int i = 0; i < PILOT_AGENCY_NUMBERS; i++)
        number[i] = (pilot_number_in_t){2.123456, true};
    ok(pilot_disclosure_release_agency(d, &row.key, number, out) &&
           out[PILOT_AGENCY_RANK_SIMULTANEOUS_LOW].value == 2 &&
           out[PILOT_AGENCY_P_EXCEEDS].value == 2.12 &&
           out[PILOT_AGENCY_STD_RESIDUAL].value == 2.1 && out[PILOT_AGENCY_HAT].value == 2.1,
       "how an agency stands is rounded");
    pilot_disclosure_free(d);
    d = disclose(site, 6, NULL, 0, -1);
    ok(pilot_disclosure_release_agency(d, &row.key, number, out) &&
           out[PILOT_AGENCY_ESTIMATE].mark == PILOT_MARK_SHOWN,
       "with hidden agencies its own effect is told");
    for (int i = PILOT_AGENCY_RANK; i < PILOT_AGENCY_NUMBERS; i++)
        ok(out[i].mark == PILOT_MARK_SUPPRESSED, "and number %d of its place among them is not", i);
    pilot_disclosure_free(d);
}

static void test_quality(void)
{
    const site_t site[] = {{"a", 1, 50, 0, 0}, {"b", 2, 52, 0, 0}};
    pilot_disclosure_t *d = disclose(site, 2, NULL, 0, -1);
    pilot_number_in_t number[PILOT_QUALITY_NUMBERS] = {
        {52, true}, {3.21, true}, {1, true}, {0.2, true}};
    pilot_released_t out[PILOT_QUALITY_NUMBERS];
    ok(pilot_disclosure_release_quality(d, "b", "count", "new", NULL, number, out) &&
           out[PILOT_QUALITY_VALUE].value == 50,
       "a count of rows is rounded");
    ok(!pilot_disclosure_release_quality(d, "b", "invented", "new", NULL, number, out),
       "an unknown check is hidden");
    number[PILOT_QUALITY_VALUE].value = 0.1234;
    ok(!pilot_disclosure_release_quality(d, "b", "balance", "new", "age", number, out) &&
           out[PILOT_QUALITY_VALUE].mark == PILOT_MARK_SUPPRESSED &&
           out[PILOT_QUALITY_P_VALUE].mark == PILOT_MARK_SUPPRESSED,
       "an agency's balance is hidden: its test would tell how many are of a level");
    ok(pilot_disclosure_release_quality(d, NULL, "balance", "new", "age", number, out) &&
           out[PILOT_QUALITY_VALUE].value == 0.1 &&
           out[PILOT_QUALITY_STATISTIC].mark == PILOT_MARK_SUPPRESSED &&
           out[PILOT_QUALITY_P_VALUE].mark == PILOT_MARK_SUPPRESSED,
       "of everybody's the difference is told, coarsely, and no test");
    const pilot_number_in_t none[PILOT_QUALITY_NUMBERS] = {{0}};
    ok(!pilot_disclosure_release_quality(d, "b", "attrition_covariates", "new", "score", none,
                                         out) &&
           out[PILOT_QUALITY_P_VALUE].mark == PILOT_MARK_SUPPRESSED,
       "of a hidden check it is not told either that it had nothing to look at");
    number[PILOT_QUALITY_VALUE].value = 0;
    ok(pilot_disclosure_release_quality(d, "b", "attrition", "new", "score", number, out) &&
           out[PILOT_QUALITY_VALUE].mark == PILOT_MARK_SHOWN,
       "that nobody lacks the outcome is told");
    ok(pilot_disclosure_release_rows(d, "b", 2).value == 100, "rows are the sum of the arms'");
    ok(pilot_disclosure_release_rows(d, "b", 9).mark == PILOT_MARK_SUPPRESSED,
       "those of another submission are hidden");
    pilot_disclosure_free(d);
}

/* ---- order, size, and how much is left ---------------------------------------------------------
 */

static void test_order(void)
{
    const site_t site[] = {{"a", 1, 7, 0, 0},   {"b", 2, 52, 20, 32}, {"c", 3, 52, 31, 18},
                           {"d", 4, 52, 40, 8}, {"e", 5, 85, 40, 45}, {"f", 6, 90, 45, 45}};
    site_t turned[6];
    for (size_t i = 0; i < 6; i++)
        turned[i] = site[5 - i];
    pilot_disclosure_t *one = disclose(site, 6, NULL, 0, -1);
    pilot_disclosure_t *two = disclose(turned, 6, NULL, 0, -1);
    bool same = true;
    for (size_t i = 0; i < 6; i++) {
        same &= told(one, site[i].agency, NULL, site[i].n) ==
                told(two, site[i].agency, NULL, site[i].n);
        same &= told(one, site[i].agency, "low", site[i].low) ==
                told(two, site[i].agency, "low", site[i].low);
    }
    ok(same, "the order of agencies and rows does not matter");
    pilot_disclosure_free(one);
    pilot_disclosure_free(two);
}

typedef struct share_shown {
    size_t whole, whole_shown, level, level_shown, pooled, pooled_shown;
} share_shown_t;

/* outcomes x (whole, levels) x two treatments, people of an arm spread evenly; in and out again. */
static share_shown_t disclose_many(int agencies, int outcomes, int levels, int people, int lacking)
{
    share_shown_t shown = {0};
    pilot_disclosure_t *d = pilot_disclosure_new(&usual);
    char(*name)[12] = pilot_alloc((size_t)agencies, sizeof *name);
    for (int a = 0; a < agencies; a++) {
        snprintf(name[a], sizeof *name, "agency%04d", a);
        pilot_disclosure_submission(d, name[a], 1, NULL);
    }
    static const char *const outcome[] = {"o00", "o01", "o02", "o03", "o04", "o05", "o06",
                                          "o07", "o08", "o09", "o10", "o11", "o12", "o13",
                                          "o14", "o15", "o16", "o17", "o18", "o19"};
    static const char *const level[] = {"", "l1", "l2", "l3", "l4", "l5"};
    static const char *const arm[] = {"t1", "t2"};
    for (int out = 0; out < 2; out++) {
        for (int i = 0; i < (agencies + 1) * outcomes * (levels + 1) * 2; i++) {
            int z = i % 2, l = i / 2 % (levels + 1), o = i / 2 / (levels + 1) % outcomes;
            int a = i / 2 / (levels + 1) / outcomes;
            bool pooled = a == agencies;
            int lacks = pooled ? lacking * agencies / 2 : a % 2 * lacking;
            int n = (pooled ? people * agencies : people) - lacks;
            if (l > 0)
                n = l == 1 ? n - n / levels * (levels - 1) : n / levels;
            pilot_disclosure_effect_t row = make_row(pooled ? NULL : name[a], NULL, n);
            row.key.outcome = outcome[o];
            row.key.subgroup = l > 0 ? "group" : NULL;
            row.key.level = level[l];
            row.key.arm = arm[z];
            if (out == 0) {
                pilot_disclosure_effect(d, &row, NULL);
                continue;
            }
            pilot_released_t released[PILOT_EFFECT_NUMBERS];
            bool is_shown = pilot_disclosure_release_effect(d, &row, released) &&
                            released[PILOT_EFFECT_ESTIMATE].mark == PILOT_MARK_SHOWN;
            *(pooled ? &shown.pooled : l == 0 ? &shown.whole : &shown.level) += 1;
            *(pooled   ? &shown.pooled_shown
              : l == 0 ? &shown.whole_shown
                       : &shown.level_shown) += is_shown;
        }
        if (out == 0)
            pilot_disclosure_decide(d, NULL);
    }
    free(name);
    pilot_disclosure_free(d);
    return shown;
}

static void test_size(void)
{
    share_shown_t s = disclose_many(100, 3, 2, 66, 3);
    ok(s.whole_shown == s.whole, "of 100 agencies of 200 people every whole sample is shown");
    ok(s.pooled_shown == s.pooled, "and every pooled row");
    ok(s.level_shown == s.level, "and every row of two even levels");
    s = disclose_many(1, 3, 2, 1000, 20);
    ok(s.whole_shown + s.level_shown + s.pooled_shown == s.whole + s.level + s.pooled,
       "of 2,000 people over two levels everything is shown");
    clock_t begin = clock();
    s = disclose_many(2000, 20, 5, 66, 3);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf(
        "# 2,000 agencies x 20 outcomes x 5 levels x 3 arms: %.2f s in, decided and out; %.0f %% "
        "of level rows shown\n",
        seconds, 100.0 * (double)s.level_shown / (double)s.level);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    ok(seconds < 1, "2,000 agencies take less than a second");
#endif
    ok(s.whole_shown == s.whole, "and every whole sample is shown");
}

int main(void)
{
    test_rounding();
    test_small_agency();
    test_levels();
    test_shares();
    test_adjusted_shares();
    test_dominance();
    test_misuse();
    test_comparisons();
    test_of_all_effects();
    test_quality();
    test_order();
    test_size();
    return tap_done();
}
