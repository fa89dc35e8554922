/* page_summary_test.c - each rule by which numbers become words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/summary.h"

#define FIGURE(v) ((pilot_figure_t){.value = (v), .given = true})
#define HIDDEN ((pilot_figure_t){.mark = 'c'})

static const char plan_source[] =
    "version: 1\npilot: made\ncolumns: {agency: site, arm: arm}\n"
    "arms: {control: old, treatments: [new]}\n"
    "outcomes:\n"
    "  - {name: score, type: continuous, role: primary, better: higher}\n"
    "  - {name: waits, type: continuous, role: secondary, better: lower}\n"
    "  - {name: works, type: binary, role: secondary, better: higher}\n"
    "  - {name: days, type: duration, role: secondary, better: higher, event: ended}\n"
    "subgroups: [sex]\ncovariates: [{name: sex, type: binary}]\n"
    "analysis: {smallest_effect: {waits: 5}}\n";

/* One contrast of one outcome, compared over k agencies. */
typedef struct made {
    pilot_evaluation_t evaluation;
    pilot_effect_row_t effect;
    pilot_comparison_row_t comparison;
    pilot_quality_row_t quality[4];
    pilot_distribution_row_t share[3];
    pilot_plan_t *plan;
} made_t;

static pilot_effect_key_t key_of(const char *outcome, const char *estimator)
{
    return (pilot_effect_key_t){.outcome = outcome,
                                .arm = "new",
                                .control = "old",
                                .estimand = "itt",
                                .estimator = estimator};
}

static void make(made_t *made, const char *outcome, const char *estimator, double k)
{
    *made = (made_t){0};
    pilot_error_t error = {0};
    if (pilot_plan_parse(plan_source, strlen(plan_source), "made", &made->plan, &error))
        printf("Bail out! %s\n", error.message);
    made->effect = (pilot_effect_row_t){.key = key_of(outcome, estimator),
                                        .estimate = FIGURE(3),
                                        .std_error = FIGURE(1),
                                        .ci_low = FIGURE(1.04),
                                        .ci_high = FIGURE(4.96),
                                        .p_value = FIGURE(0.0027),
                                        .control_mean = FIGURE(50),
                                        .n = FIGURE(400),
                                        .status = "ok"};
    made->comparison = (pilot_comparison_row_t){.key = key_of(outcome, estimator),
                                                .method = "reml",
                                                .test = "knha",
                                                .headline = true,
                                                .k = FIGURE(k),
                                                .estimate = FIGURE(3),
                                                .std_error = FIGURE(1),
                                                .ci_low = FIGURE(1.04),
                                                .ci_high = FIGURE(4.96),
                                                .p_value = FIGURE(0.0027),
                                                .pi_low = FIGURE(-2),
                                                .pi_high = FIGURE(8),
                                                .tau2 = FIGURE(4),
                                                .tau2_low = FIGURE(1),
                                                .tau2_high = FIGURE(9),
                                                .q = FIGURE(40.2),
                                                .q_df = FIGURE(k - 1),
                                                .q_p_value = FIGURE(0.0004),
                                                .i2 = FIGURE(62.4),
                                                .status = "ok"};
    made->evaluation = (pilot_evaluation_t){.pilot = "made",
                                            .analysis = 7,
                                            .plan_version = 1,
                                            .state = "done",
                                            .data_state = "current",
                                            .confirmatory = true,
                                            .plan = made->plan,
                                            .effects = &made->effect,
                                            .effect_count = 1,
                                            .comparisons = &made->comparison,
                                            .comparison_count = 1};
}

static void clear(made_t *made)
{
    pilot_plan_free(made->plan);
}

static void says(char *got, const char *want, const char *name)
{
    is_text(got, want, "%s", name);
    free(got);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void verdicts(void)
{
    static const struct {
        double low, high, null;
        int better;
        double smallest;
        pilot_verdict_t want;
        const char *name;
    } cases[] = {
        {1, 2, 0, 1, 0, PILOT_VERDICT_BENEFIT, "above 0, higher is better"},
        {1, 2, 0, -1, 0, PILOT_VERDICT_HARM, "above 0, lower is better"},
        {-2, -1, 0, 1, 0, PILOT_VERDICT_HARM, "below 0, higher is better"},
        {-2, -1, 0, -1, 0, PILOT_VERDICT_BENEFIT, "below 0, lower is better"},
        {1, 2, 0, 0, 0, PILOT_VERDICT_HIGHER, "above 0, no direction declared"},
        {-2, -1, 0, 0, 0, PILOT_VERDICT_LOWER, "below 0, no direction declared"},
        {-1, 2, 0, 1, 0, PILOT_VERDICT_UNCLEAR, "both sides of 0"},
        {0, 2, 0, 1, 0, PILOT_VERDICT_UNCLEAR, "an end at 0 is not beyond it"},
        {-1, 2, 0, 1, 3, PILOT_VERDICT_TOO_SMALL, "both sides of 0, within the smallest effect"},
        {1, 2, 0, 1, 3, PILOT_VERDICT_TOO_SMALL, "told from 0, and too small all the same"},
        {-1, 3, 0, 1, 3, PILOT_VERDICT_UNCLEAR, "an end at the smallest effect is not within it"},
        {1, 4, 0, 1, 3, PILOT_VERDICT_BENEFIT, "beyond the smallest effect at one end"},
        {0.55, 0.6, 0.5, 1, 0, PILOT_VERDICT_BENEFIT, "rank: above a half"},
        {0.45, 0.6, 0.5, 1, 0, PILOT_VERDICT_UNCLEAR, "rank: both sides of a half"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ok(pilot_verdict(FIGURE(cases[i].low), FIGURE(cases[i].high), cases[i].null,
                         cases[i].better, cases[i].smallest) == cases[i].want,
           "%s", cases[i].name);
    ok(pilot_verdict(HIDDEN, FIGURE(1), 0, 1, 0) == PILOT_VERDICT_NOT_TOLD,
       "a suppressed end: not told");
}

static void directions(void)
{
    made_t made;
    make(&made, "score", "ols", 10);
    static const struct {
        const char *outcome, *estimator;
        int better;
    } cases[] = {{"score", "ols", 1}, {"waits", "ols", -1},     {"works", "risk_ratio", 1},
                 {"days", "rmst", 1}, {"days", "log_rank", -1}, {"score", "variance_ratio", 0},
                 {"nobody", "ols", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pilot_effect_key_t key = key_of(cases[i].outcome, cases[i].estimator);
        ok(pilot_effect_better(&made.evaluation, &key) == cases[i].better,
           "which way is better: %s by %s", cases[i].outcome, cases[i].estimator);
    }
    pilot_effect_key_t waits = key_of("waits", "ols"), rank = key_of("waits", "rank");
    ok(pilot_effect_smallest(&made.evaluation, &waits) == 5, "the smallest effect of an outcome");
    ok(pilot_effect_smallest(&made.evaluation, &rank) == 0,
       "it is in the outcome's unit: not for ranks");
    made.evaluation.plan = NULL;
    ok(pilot_effect_better(&made.evaluation, &waits) == 0, "no plan: no direction");
    clear(&made);
}

/* ---- effects --------------------------------------------------------------------------------- */

static void effects(void)
{
    made_t made;
    pilot_verdict_t verdict;
    make(&made, "score", "ols", 10);
    says(pilot_say_effect(&made.evaluation, &made.comparison, &verdict),
         "score: new against old: better. On average over 10 agencies, the effect is +3.0 (95% "
         "interval 1.0 to 5.0; p = 0.003); the mean of old is 50.0.",
         "a benefit, with its numbers");
    ok(verdict == PILOT_VERDICT_BENEFIT, "its verdict");
    made.comparison.p_value = FIGURE(0.00002);
    made.comparison.ci_low = FIGURE(-0.5);
    says(pilot_say_effect(&made.evaluation, &made.comparison, &verdict),
         "score: new against old: could not tell: the interval holds both harm and benefit. On "
         "average over 10 agencies, the effect is +3.0 (95% interval -0.5 to 5.0; p <0.001); the "
         "mean of old is 50.0.",
         "harm and benefit: could not tell");
    says(pilot_say_pooled_effect(&made.evaluation, &made.effect, &verdict),
         "score: new against old: better. Over 400 units, the effect is +3.0 (95% interval 1.0 to "
         "5.0; p = 0.003); the mean of old is 50.0.",
         "all units together");
    made.evaluation.plan = NULL;
    says(pilot_say_pooled_effect(&made.evaluation, &made.effect, &verdict),
         "score: new against old: higher. Over 400 units, the effect is +3.0 (95% interval 1.0 to "
         "5.0; p = 0.003); the mean of old is 50.0.",
         "without a plan: higher, not better");
    clear(&made);
}

static void small_effects(void)
{
    made_t made;
    pilot_verdict_t verdict;
    make(&made, "waits", "ols", 10);
    says(pilot_say_effect(&made.evaluation, &made.comparison, &verdict),
         "waits: new against old: too small to matter: the whole interval lies within 5 of no "
         "effect, the smallest effect that matters. On average over 10 agencies, the effect is "
         "+3.0 (95% interval 1.0 to 5.0; p = 0.003); the mean of old is 50.0.",
         "told from 0, and too small to matter");
    made.comparison.ci_high = FIGURE(5.04);
    says(pilot_say_effect(&made.evaluation, &made.comparison, &verdict),
         "waits: new against old: worse, though perhaps by less than the smallest effect that "
         "matters (5). On average over 10 agencies, the effect is +3.0 (95% interval 1.0 to 5.0; "
         "p = 0.003); the mean of old is 50.0.",
         "lower is better: worse, perhaps by little");
    made.comparison.ci_low = FIGURE(-9);
    made.comparison.ci_high = FIGURE(-5);
    made.comparison.estimate = FIGURE(-7);
    says(pilot_say_effect(&made.evaluation, &made.comparison, &verdict),
         "waits: new against old: better, by at least the smallest effect that matters (5). On "
         "average over 10 agencies, the effect is -7.0 (95% interval -9.0 to -5.0; p = 0.003); "
         "the mean of old is 50.0.",
         "lower is better: better by enough");
    clear(&made);
}

static void ratios(void)
{
    made_t made;
    pilot_verdict_t verdict;
    make(&made, "works", "risk_ratio", 10);
    made.comparison.estimate = FIGURE(0.405465108108164);
    made.comparison.std_error = FIGURE(0.1);
    made.comparison.ci_low = FIGURE(0.209469);
    made.comparison.ci_high = FIGURE(0.601461);
    made.comparison.pi_low = FIGURE(0);
    made.comparison.pi_high = FIGURE(0.693147180559945);
    says(pilot_say_effect(&made.evaluation, &made.comparison, &verdict),
         "works: new against old: better. On average over 10 agencies, the risk ratio is 1.50 (95% "
         "interval 1.23 to 1.82; p = 0.003).",
         "a ratio is told as a ratio, not as its logarithm");
    char *said = pilot_say_heterogeneity(&made.evaluation, &made.comparison);
    ok(strstr(said, "may expect a ratio between 1.00 and 2.00"), "a new agency's ratio: %s", said);
    free(said);
    clear(&made);
}

static void hidden_numbers(void)
{
    made_t made;
    pilot_verdict_t verdict;
    make(&made, "score", "ols", 10);
    made.comparison.estimate = made.comparison.ci_low = made.comparison.ci_high = HIDDEN;
    says(pilot_say_effect(&made.evaluation, &made.comparison, &verdict),
         "score: new against old: not shown, so that nobody can be recognized.",
         "suppressed: said so, no number");
    ok(verdict == PILOT_VERDICT_NOT_TOLD, "suppressed: no verdict");
    made.comparison.ci_low = made.comparison.ci_high = (pilot_figure_t){0};
    made.comparison.estimate = FIGURE(3);
    made.comparison.status = "not_estimable";
    made.comparison.reason = "one_cluster_per_arm";
    says(pilot_say_effect(&made.evaluation, &made.comparison, &verdict),
         "score: new against old: not told: an arm has a single cluster (one_cluster_per_arm). The "
         "estimate is 3.0, without an interval.",
         "no interval: the reason, and the estimate as what it is");
    clear(&made);
}

/* ---- agencies differ ------------------------------------------------------------------------- */

static void heterogeneity(void)
{
    made_t made;
    make(&made, "score", "ols", 10);
    says(
        pilot_say_heterogeneity(&made.evaluation, &made.comparison),
        "Agencies differ (standard deviation of true effects 2.0, 95% interval 1.0 to 3.0; I\u00b2 "
        "62%; Q 40 on 9 df, p <0.001). A new agency may expect an effect between -2.0 and 8.0 (95% "
        "prediction interval): harm as well as benefit.",
        "agencies differ: the spread and what a new one may expect");
    made.comparison.pi_low = FIGURE(0.5);
    made.comparison.q_p_value = FIGURE(0.31);
    char *said = pilot_say_heterogeneity(&made.evaluation, &made.comparison);
    ok(strstr(said, "Whether agencies differ beyond chance could not be told"), "a weak Q: %s",
       said);
    ok(strstr(said, "between 0.5 and 8.0 (95% prediction interval): better in nearly all."),
       "a prediction interval on one side");
    free(said);
    made.comparison.tau2 = FIGURE(0);
    said = pilot_say_heterogeneity(&made.evaluation, &made.comparison);
    ok(strncmp(said, "No difference between agencies beyond chance was found", 54) == 0,
       "no spread found");
    free(said);
    made.comparison.method = "fixed";
    made.comparison.q_p_value = FIGURE(0.0004);
    says(pilot_say_heterogeneity(&made.evaluation, &made.comparison),
         "Agencies differ (I\u00b2 62%; Q 40 on 9 df, p <0.001). The average was planned as if "
         "every "
         "agency had the same true effect; it does not tell what a new agency may expect.",
         "fixed: no spread by assumption is not taken for a finding");
    made.comparison.key = key_of("score", "rank"), made.comparison.method = "reml";
    said = pilot_say_heterogeneity(&made.evaluation, &made.comparison);
    ok(strstr(said, "may expect a chance between 0.5 and 8.0"), "a chance is no effect: %s", said);
    free(said);
    clear(&made);
}

static void few_agencies(void)
{
    made_t made;
    make(&made, "score", "ols", 0);
    says(pilot_say_heterogeneity(&made.evaluation, &made.comparison),
         "No agency has an effect with a standard error: nothing can be compared.", "k = 0");
    made.comparison.k = FIGURE(1);
    says(pilot_say_heterogeneity(&made.evaluation, &made.comparison),
         "Only one agency has an effect with a standard error: how effects differ between agencies "
         "is not known.",
         "k = 1");
    made.comparison.k = FIGURE(2);
    made.comparison.pi_low = made.comparison.pi_high = (pilot_figure_t){0};
    char *said = pilot_say_heterogeneity(&made.evaluation, &made.comparison);
    ok(strstr(said, "Two agencies do not tell what a third may expect."), "k = 2: %s", said);
    free(said);
    made.comparison.k = HIDDEN;
    ok(!pilot_say_heterogeneity(&made.evaluation, &made.comparison), "a suppressed k: nothing");
    /* One agency: all units together answer, since its average has no interval. */
    made.comparison.k = FIGURE(1);
    made.comparison.ci_low = made.comparison.ci_high = (pilot_figure_t){0};
    pilot_summary_t summary;
    pilot_summarize(&made.evaluation, &summary);
    ok(summary.count == 3 && summary.sentence[0].kind == PILOT_SENTENCE_HEADLINE &&
           strstr(summary.sentence[0].text, "Over 400 units") &&
           summary.sentence[1].kind == PILOT_SENTENCE_DETAIL,
       "k = 1: the summary answers by all units");
    pilot_summary_clear(&summary);
    clear(&made);
}

static void shares(void)
{
    made_t made;
    make(&made, "score", "ols", 10);
    static const char *const part[] = {"harm", "none", "benefit"};
    for (int i = 0; i < 3; i++)
        made.share[i] = (pilot_distribution_row_t){.key = key_of("score", "ols"),
                                                   .part = part[i],
                                                   .k = FIGURE(10),
                                                   .threshold = FIGURE(2),
                                                   .share = FIGURE(0.2 + 0.1 * i),
                                                   .ci_low = FIGURE(0.1),
                                                   .ci_high = FIGURE(0.6),
                                                   .status = "ok"};
    made.evaluation.distribution = made.share;
    made.evaluation.distribution_count = 3;
    says(pilot_say_shares(&made.evaluation, &made.comparison.key),
         "Of agencies, an estimated 40% benefit (95% interval 10% to 60%) and 20% are harmed (95% "
         "interval 10% to 60%), by at least 2.",
         "shares with their intervals");
    made.share[2].share = HIDDEN;
    ok(!pilot_say_shares(&made.evaluation, &made.comparison.key), "a suppressed share: nothing");
    clear(&made);
}

static void gaps(void)
{
    made_t made;
    make(&made, "score", "ols", 10);
    made.comparison.key.estimand = "gap";
    made.comparison.key.subgroup = "sex";
    made.comparison.key.level = "1";
    says(pilot_say_gap(&made.evaluation, &made.comparison),
         "score, new against old: the effect among sex = 1 is above that of the first level "
         "(difference 3.0, 95% interval 1.0 to 5.0; p = 0.003).",
         "a gap that can be told");
    made.comparison.ci_low = FIGURE(-1);
    char *said = pilot_say_gap(&made.evaluation, &made.comparison);
    ok(strstr(said, "is not told from that of the first level"), "a gap that cannot");
    free(said);
    made.comparison.ci_low = HIDDEN;
    ok(!pilot_say_gap(&made.evaluation, &made.comparison), "a suppressed gap: nothing");
    clear(&made);
}

/* ---- quality, agencies, plan ----------------------------------------------------------------- */

static void targets_and_alarms(void)
{
    made_t made;
    make(&made, "score", "ols", 10);
    ok(!pilot_say_alarms(&made.evaluation), "no alarm: nothing");
    made.quality[0] = (pilot_quality_row_t){.agency = "a", .check = "attrition", .alarm = true};
    made.quality[1] = (pilot_quality_row_t){.agency = "a", .check = "balance", .alarm = true};
    made.quality[2] = (pilot_quality_row_t){.agency = "b", .check = "balance"};
    made.quality[3] = (pilot_quality_row_t){.check = "decoupling",
                                            .arm = "new",
                                            .variable = "score",
                                            .value = FIGURE(0.31),
                                            .p_value = FIGURE(0.002),
                                            .alarm = true};
    made.evaluation.quality = made.quality;
    made.evaluation.quality_count = 4;
    says(pilot_say_alarms(&made.evaluation),
         "3 quality checks ring: 1 of all data together, 2 in 1 agency. With many agencies some "
         "ring by chance.",
         "alarms are counted, agencies once");
    made.quality[0].alarm = made.quality[1].alarm = false;
    says(pilot_say_alarms(&made.evaluation),
         "1 quality check of all data together rings, none of a single agency.", "none is said");
    says(pilot_say_target(&made.quality[3]),
         "Target score, new: it moved without the mission that it stands for (difference 0.31 "
         "standard deviations, p = 0.002).",
         "a target that moved alone");
    made.quality[3].alarm = false;
    char *said = pilot_say_target(&made.quality[3]);
    ok(strstr(said, "no sign that it moved without"), "a target that did not");
    free(said);
    made.quality[3].value = HIDDEN;
    says(pilot_say_target(&made.quality[3]),
         "Target score, new: not shown, so that nobody can be recognized.", "a suppressed target");
    clear(&made);
}

static void plan_and_agencies(void)
{
    made_t made;
    make(&made, "score", "ols", 10);
    static const char *const missing[] = {"north", "south"};
    ok(!pilot_say_missing(&made.evaluation), "no agency is missing: nothing");
    ok(!pilot_say_not_confirmatory(&made.evaluation), "confirmatory: nothing");
    made.evaluation.missing = missing;
    made.evaluation.missing_count = 2;
    made.evaluation.confirmatory = false;
    made.evaluation.not_confirmatory = "the plan was changed after 3 submissions";
    says(pilot_say_missing(&made.evaluation),
         "No data of 2 agencies that the plan lists: north and south. What is said here does not "
         "hold for them.",
         "agencies that are missing, by name");
    says(pilot_say_not_confirmatory(&made.evaluation),
         "This analysis is not confirmatory: the plan was changed after 3 submissions.",
         "not confirmatory, with its reason");
    made.evaluation.state = "failed";
    made.evaluation.jobs = 9;
    made.evaluation.jobs_failed = 2;
    made.evaluation.data_state = "withdrawn";
    pilot_summary_t summary;
    pilot_summarize(&made.evaluation, &summary);
    size_t warnings = 0, headline = summary.count;
    for (size_t i = 0; i < summary.count; i++) {
        ok(!strstr(summary.sentence[i].text, "significant"), "nothing is called significant");
        warnings += summary.sentence[i].kind == PILOT_SENTENCE_WARNING;
        if (summary.sentence[i].kind == PILOT_SENTENCE_HEADLINE && headline == summary.count)
            headline = i;
    }
    ok(warnings == 4 && headline == 4, "what to know comes before any number");
    is_text(summary.sentence[0].text,
            "The analysis ended with 2 of 9 jobs failed: this is what is known without them.",
            "failed jobs are told");
    pilot_summary_clear(&summary);
    clear(&made);
}

/* With all units together the answer may be another one. */
static void two_answers(void)
{
    made_t made;
    make(&made, "score", "ols", 10);
    made.effect.ci_low = FIGURE(-1);
    pilot_summary_t summary;
    pilot_summarize(&made.evaluation, &summary);
    ok(summary.count > 1 &&
           strstr(summary.sentence[1].text, "the answer is another one. score: new "
                                            "against old: could not tell"),
       "two weightings, two answers: both are told");
    pilot_summary_clear(&summary);
    clear(&made);
}

static void figures(void)
{
    pilot_figure_t scale = FIGURE(0.5);
    says(pilot_figure_text(FIGURE(1.23456), scale), "1.23", "two digits of the standard error");
    says(pilot_figure_text(FIGURE(-0.0001), scale), "0.00", "never -0");
    says(pilot_figure_text(HIDDEN, scale), "suppressed", "mark c");
    says(pilot_figure_text((pilot_figure_t){.mark = 'k'}, scale), "low", "mark k");
    says(pilot_figure_text((pilot_figure_t){.mark = 'z'}, scale), "-", "mark z");
    says(pilot_figure_interval(FIGURE(1), HIDDEN, scale), "1.00 to suppressed", "one end told");
    says(pilot_figure_p(FIGURE(0.0009)), "<0.001", "a small p");
    says(pilot_figure_p(FIGURE(0.0451)), "0.045", "a p of three digits");
    says(pilot_figure_share(FIGURE(0.256)), "26%", "a share");
}

int main(void)
{
    verdicts();
    directions();
    effects();
    small_effects();
    ratios();
    hidden_numbers();
    heterogeneity();
    few_agencies();
    shares();
    gaps();
    targets_and_alarms();
    plan_and_agencies();
    two_answers();
    figures();
    return tap_done();
}
