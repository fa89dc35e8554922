/* Risk, odds and rate ratios: what cannot be had, 0 cells, published score intervals, and what the
 * numbers must not depend on. */
#include <gsl/gsl_errno.h>

#include "../../lib/stat/ratio.h"
#include "../harness/contrast_sample.h"

static pilot_contrast_estimator_t *const all[] = {
    pilot_risk_ratio_estimate, pilot_odds_ratio_estimate, pilot_rate_ratio_estimate};
static const char *const name[] = {"risk_ratio", "odds_ratio", "rate_ratio"};
enum { RISK, ODDS, RATE, ALL };

/* a of n1 treated and c of n0 control units have the outcome. */
static pilot_sample_t sample_of_table(unsigned design, int a, int n1, int c, int n0)
{
    pilot_sample_t sample = contrast_sample(design, (size_t)(n1 + n0));
    for (int i = 0; i < n1; i++)
        contrast_add(&sample, 0, (unsigned)i, true, i < a);
    for (int i = 0; i < n0; i++)
        contrast_add(&sample, 0, (unsigned)(n1 + i), false, i < c);
    return sample;
}

static pilot_estimate_t of_table(int k, unsigned design, int a, int n1, int c, int n0)
{
    pilot_sample_t sample = sample_of_table(design, a, n1, c, n0);
    pilot_estimate_t row = contrast_call(all[k], &sample);
    pilot_sample_clear(&sample);
    return row;
}

static void test_nothing_to_compare(int k)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_BLOCKED, 8);
    pilot_estimate_t row = contrast_call(all[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NO_UNITS) && !row.estimate.given, "%s: no units",
       name[k]);
    sample.candidates = 5;
    row = contrast_call(all[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_ALL_MISSING), "%s: all outcomes are missing",
       name[k]);
    contrast_add(&sample, 0, 0, true, 1);
    contrast_add(&sample, 1, 0, true, 0);
    row = contrast_call(all[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NO_CONTROL_UNITS), "%s: no control units", name[k]);
    sample.treated[0] = sample.treated[1] = 0;
    row = contrast_call(all[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NO_TREATED_UNITS), "%s: no treated units", name[k]);
    sample.treated[0] = 1;
    row = contrast_call(all[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NO_TREATED_UNITS) && !row.estimate.given &&
           strstr(row.detail, "estimand_changed: 2 blocks left out"),
       "%s: no block has both arms", name[k]);
    sample.block[1] = 0;
    sample.blocks = 1;
    sample.outcome[1] = k == RATE ? -1 : 2;
    row = contrast_call(all[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_OUTCOME_TYPE) && !row.estimate.given,
       "%s: an outcome of another type is refused", name[k]);
    pilot_sample_clear(&sample);
}

static void test_blocks_that_lack_an_arm(int k)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_BLOCKED, 12);
    pilot_estimate_t row;
    for (int i = 0; i < 10; i++)
        contrast_add(&sample, 0, 0, i % 2, i % 3 == 0);
    contrast_add(&sample, 1, 0, true, 1);
    row = contrast_call(all[k], &sample);
    ok(row.status == PILOT_ROW_FLAGGED && row.n == 10 && row.blocks == 1 && row.std_error.given &&
           strstr(row.detail, "estimand_changed: 1 block left out"),
       "%s: a block that lacks an arm is left out (%s)", name[k], row.detail);
    pilot_sample_clear(&sample);
}

static void test_constant(void)
{
    pilot_estimate_t row;
    for (int k = 0; k < ALL; k++) {
        row = of_table(k, 0, 0, 5, 0, 7);
        ok(contrast_is_refused(&row, PILOT_REASON_CONSTANT_OUTCOME) && !row.estimate.given &&
               row.n == 12,
           "%s: of zeros in both arms there is none", name[k]);
        row = of_table(k, 0, 5, 5, 7, 7);
        ok(contrast_is_refused(&row, PILOT_REASON_CONSTANT_OUTCOME) &&
               row.estimate.given == (k != ODDS) && row.estimate.value == 0,
           "%s: all ones in both arms have no variance%s", name[k],
           k == ODDS ? ", and no odds" : "");
    }
}

/* Miettinen & Nurminen's interval as printed by the R package contingencytables, which goes with
 * Fagerland, Lydersen & Laake (2017): Perondi's trial, 7/34 against 1/34; Lampasona's, 9/13 against
 * 4/14; and 1/11 against 0/2. */
static void test_published_intervals(void)
{
    const ratio_table_t perondi = {7, 34, 1, 34, 1}, lampasona = {9, 13, 4, 14, 1};
    const double z = 1.959963984540054;
    pilot_estimate_t row;
    double low = 0, high = 0;
    ok(ratio_score_solve(RATIO_RISK, &perondi, 1, z, &low) &&
           ratio_score_solve(RATIO_RISK, &perondi, 1, -z, &high) &&
           fabs(exp(low) - 1.2086) < 5e-5 && fabs(exp(high) - 43.0330) < 5e-5,
       "score interval of a risk ratio of 7: 1.2086 to 43.0330 (%.5f, %.5f)", exp(low), exp(high));
    ok(ratio_score_solve(RATIO_ODDS, &lampasona, 1, z, &low) &&
           ratio_score_solve(RATIO_ODDS, &lampasona, 1, -z, &high) &&
           fabs(exp(low) - 1.0934) < 5e-5 && fabs(exp(high) - 28.9419) < 5e-5,
       "score interval of an odds ratio of 5.625: 1.0934 to 28.9419 (%.5f, %.5f)", exp(low),
       exp(high));
    row = of_table(ODDS, 0, 1, 11, 0, 2);
    ok(row.ci_low.given && !row.ci_high.given && fabs(exp(row.ci_low.value) - 0.0313) < 5e-5,
       "score interval of an infinite odds ratio: 0.0313 and more (%.5f)", exp(row.ci_low.value));
}

/* At no effect the score statistic is Pearson's chi-square times (N-1)/N. */
static void test_score_is_pearson(void)
{
    const ratio_table_t table = {7, 20, 3, 25, 1};
    double a = 7, b = 13, c = 3, d = 22, n = 45, cross = a * d - b * c;
    double pearson = n * cross * cross / (20 * 25 * (a + c) * (b + d));
    double risk = ratio_score(RATIO_RISK, &table, 1, 0),
           odds = ratio_score(RATIO_ODDS, &table, 1, 0);
    is_close(risk * risk, pearson * (n - 1) / n, 1e-13, "score test of no effect, risks");
    is_close(odds, risk, 1e-13, "score test of no effect, odds");
    is_close(ratio_score(RATIO_ODDS, &table, 1, 1e-7), odds, 1e-6, "odds: and near no effect");
}

static bool is_constant(const ratio_table_t *table)
{
    double events = table->treated_events + table->control_events;
    return events <= 0 || events >= table->treated + table->control;
}

/* One table: the statistic falls, and the roots are roots.  Several: beyond the ends of the
 * interval the test rejects. */
static void test_score_inversion(void)
{
    size_t rises = 0, wrong = 0, beyond = 0, compared = 0;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        ratio_kind_t kind = seed % 3 ? RATIO_RISK : RATIO_ODDS;
        ratio_table_t table[4];
        uint64_t state = seed;
        size_t tables = kind == RATIO_ODDS ? 1 : 1 + seed % 4;
        double before = INFINITY, units = 0, root;
        for (size_t j = 0; j < tables; j++) {
            ratio_table_t *t = &table[j];
            t->treated = 1 + floor(contrast_random(&state) * 30);
            t->control = 1 + floor(contrast_random(&state) * 30);
            t->treated_events = floor(contrast_random(&state) * (t->treated + 1));
            t->control_events = floor(contrast_random(&state) * (t->control + 1));
            t->share = t->treated + t->control;
            units += t->share;
        }
        for (size_t j = 0; j < tables; j++)
            table[j].share /= units;
        if (is_constant(table))
            continue;
        for (int end = -1; end <= 1; end += 2) {
            bool given = ratio_score_solve(kind, table, tables, -1.96 * end, &root);
            compared += given;
            wrong += given && fabs(ratio_score(kind, table, tables, root) + 1.96 * end) > 1e-6;
            for (double at = 0.01; given && at < 9; at += 0.07)
                beyond += ratio_score(kind, table, tables, root + end * at) * end > -1.96;
        }
        for (double at = -12.03; at < 12 && tables == 1; at += 0.0625) {
            double now = ratio_score(kind, table, tables, at);
            rises += now > before + 1e-9 * fabs(before);
            before = now;
        }
    }
    ok(rises == 0, "the score statistic falls as the ratio rises (%zu times not)", rises);
    ok(wrong == 0 && compared > 3000, "its inversion is right (%zu of %zu not)", wrong, compared);
    ok(beyond == 0, "no ratio beyond the interval's ends is one that it would hold (%zu are)",
       beyond);
}

static void test_zero_cells(void)
{
    pilot_estimate_t row = of_table(RISK, 0, 0, 20, 6, 20),
                     mirror = of_table(RISK, 0, 6, 20, 0, 20);
    ok(row.status == PILOT_ROW_FLAGGED && row.reason == PILOT_REASON_NOT_CONVERGED &&
           !row.estimate.given && !row.std_error.given && !row.ci_low.given && row.ci_high.given &&
           row.std_error_type == PILOT_SE_SCORE && strncmp(row.detail, "ratio 0 (0 to ", 14) == 0 &&
           strstr(row.detail, "nobody in the treatment arm"),
       "risk_ratio: 0 of the treated give an upper end only (%s)", row.detail);
    ok(mirror.ci_low.given && !mirror.ci_high.given &&
           fabs(mirror.ci_low.value + row.ci_high.value) < 1e-12 &&
           fabs(mirror.p_value.value - row.p_value.value) < 1e-15 &&
           fabs(mirror.statistic.value + row.statistic.value) < 1e-14,
       "risk_ratio: 0 of the control give the mirrored lower end (%s)", mirror.detail);
    row = of_table(RISK, 0, 10, 10, 4, 10);
    ok(row.status == PILOT_ROW_FLAGGED && row.reason == PILOT_REASON_ZERO_VARIANCE &&
           fabs(row.estimate.value - log(2.5)) < 1e-15 && !row.std_error.given &&
           row.ci_low.given && row.ci_high.given && row.ci_low.value < row.estimate.value &&
           row.estimate.value < row.ci_high.value,
       "risk_ratio: all of the treated give both ends (%s)", row.detail);
    for (int k = RISK; k <= ODDS; k++) {
        row = of_table(k, CONTRAST_CLUSTERED, 0, 20, 6, 20);
        ok(contrast_is_refused(&row, PILOT_REASON_NOT_CONVERGED) && !row.estimate.given &&
               strstr(row.detail, "no score interval with clusters"),
           "%s: 0 of the treated in clusters have no interval", name[k]);
        row = of_table(k, CONTRAST_WEIGHTED, 0, 20, 6, 20);
        ok(contrast_is_refused(&row, PILOT_REASON_NOT_CONVERGED) &&
               strstr(row.detail, "no score interval with weights"),
           "%s: nor with weights", name[k]);
        row = of_table(k, 0, 0, 1, 3, 5);
        ok(row.std_error_type == PILOT_SE_SCORE && row.ci_high.given,
           "%s: one treated unit makes a 0 cell", name[k]);
        row = of_table(k, 0, 9, 9, 0, 8);
        ok(row.status == PILOT_ROW_FLAGGED && row.reason == PILOT_REASON_NOT_CONVERGED &&
               !row.estimate.given && row.ci_low.given && !row.ci_high.given &&
               row.ci_low.value > 0,
           "%s: perfect separation has no estimate and one end (%s)", name[k], row.detail);
    }
    row = of_table(RATE, 0, 0, 20, 6, 20);
    ok(contrast_is_refused(&row, PILOT_REASON_NOT_CONVERGED) && !row.estimate.given &&
           strstr(row.detail, "no events in the treatment arm"),
       "rate_ratio: without events in an arm there is none (%s)", row.detail);
}

static void test_few_units(void)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_CLUSTERED, 16);
    pilot_estimate_t row;
    for (unsigned i = 0; i < 16; i++)
        contrast_add(&sample, 0, i / 8, i / 8, i % 3 == 0);
    for (int k = 0; k < ALL; k++) {
        row = contrast_call(all[k], &sample);
        ok(contrast_is_refused(&row, PILOT_REASON_ONE_CLUSTER_PER_ARM) && row.estimate.given &&
               row.clusters == 2 && strncmp(row.detail, "ratio ", 6) == 0,
           "%s: one cluster per arm has no variance", name[k]);
    }
    pilot_sample_clear(&sample);
    sample = contrast_sample(0, 4);
    contrast_add(&sample, 0, 0, true, 3);
    contrast_add(&sample, 0, 0, false, 2);
    row = contrast_call(all[RATE], &sample);
    ok(row.reason == PILOT_REASON_CONSTANT_OUTCOME && row.estimate.value == log(3) - log(2),
       "rate_ratio: one value in each arm has no variance");
    contrast_add(&sample, 0, 0, false, 5);
    row = contrast_call(all[RATE], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_SINGLETON_ARM_BLOCK) && row.estimate.given,
       "rate_ratio: one treated unit has none either");
    pilot_sample_clear(&sample);
}

/* A block of pairs among bigger ones, alone of its size: it has no variance formula. */
static void test_small_blocks(void)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_BLOCKED, 40);
    pilot_estimate_t row;
    for (unsigned i = 0; i < 36; i++)
        contrast_add(&sample, i / 12, 0, i % 2, i % 5 < 2);
    contrast_add(&sample, 3, 0, true, 1);
    contrast_add(&sample, 3, 0, false, 0);
    for (int k = RISK; k <= ODDS; k++) {
        row = contrast_call(all[k], &sample);
        ok(row.status == PILOT_ROW_FLAGGED && row.blocks == 3 && row.n == 36 &&
               row.std_error.given && strstr(row.detail, "no variance formula"),
           "%s: a small block without a formula is left out (%s)", name[k], row.detail);
    }
    row = contrast_call(all[RATE], &sample);
    ok(row.status == PILOT_ROW_OK && row.blocks == 4 && row.std_error.given &&
           row.std_error_type == PILOT_SE_HC2,
       "rate_ratio: it stays, since blocks share the ratio (%s)", row.detail);
    pilot_sample_clear(&sample);
}

/* Clusters with rows in several blocks: parts for the risks, whole for the rates. */
static void test_crossing_clusters(int k)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_BLOCKED | CONTRAST_CLUSTERED, 48);
    pilot_estimate_t row;
    for (unsigned i = 0; i < 48; i++)
        contrast_add(&sample, i / 24, i / 4, i / 4 % 2, (i * i) % 5 < 2);
    for (unsigned i = 44; i < 48; i++)
        sample.cluster[i] = 1;
    sample.clusters = 11;
    row = contrast_call(all[k], &sample);
    ok(row.status == PILOT_ROW_FLAGGED && row.std_error.given &&
           row.clusters == (k == RATE ? 11u : 12u) &&
           strstr(row.detail, "clusters_cross_blocks: 1 cluster in several blocks"),
       "%s: a cluster in two blocks is flagged (%s)", name[k], row.detail);
    pilot_sample_clear(&sample);
}

/* Blocks without events, and blocks of one arm's events only. */
static void test_rate_blocks(void)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_BLOCKED, 40);
    pilot_estimate_t row, without;
    for (unsigned i = 0; i < 24; i++)
        contrast_add(&sample, i / 8, 0, i % 2, i / 8 == 1 ? 0 : i % 5);
    row = contrast_call(all[RATE], &sample);
    ok(row.reason == PILOT_REASON_NONE && row.blocks == 2 && row.n == 16 &&
           strstr(row.detail, "1 block without events adds nothing"),
       "rate_ratio: a block without events drops out (%s)", row.detail);
    pilot_sample_clear(&sample);
    sample = contrast_sample(CONTRAST_BLOCKED, 40);
    for (unsigned i = 0; i < 24; i++)
        contrast_add(&sample, i / 8, 0, i % 2, (i / 8 == 1) != (i % 2) ? 0 : 1 + i % 3);
    row = contrast_call(all[RATE], &sample);
    ok(row.estimate.given && row.std_error.given,
       "rate_ratio: blocks with the events of one arm, but not all of the same, have a ratio");
    for (unsigned i = 0; i < 24; i++)
        sample.outcome[i] = i % 2;
    row = contrast_call(all[RATE], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NOT_CONVERGED) && !row.estimate.given,
       "rate_ratio: with all events in one arm there is none");
    for (unsigned i = 0; i < 24; i++)
        sample.outcome[i] = 1 + i % 2;
    row = contrast_call(all[RATE], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_CONSTANT_OUTCOME) && row.estimate.given &&
           fabs(row.estimate.value - log(2)) < 1e-14,
       "rate_ratio: one value in each arm has no variance in blocks either");
    for (unsigned i = 0; i < 24; i++)
        sample.outcome[i] = (i / 8 + 1) * (1 + i % 2);
    without = contrast_call(all[RATE], &sample);
    ok(contrast_is_refused(&without, PILOT_REASON_ZERO_VARIANCE) &&
           fabs(without.estimate.value - log(2)) < 1e-14,
       "rate_ratio: a fit without residuals has no variance");
    pilot_sample_clear(&sample);
}

/* One pair has all but nothing of the events: its rows' residuals are 0 whatever the variance. */
static void test_leverage_one(unsigned design, pilot_reason_t reason)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_BLOCKED | design, 40);
    pilot_estimate_t row;
    for (unsigned i = 0; i < 16; i++)
        contrast_add(&sample, i / 2, i, i % 2, i / 2 == 3 ? 1e15 * (1 + i % 2) : 1 + i % 3);
    row = contrast_call(all[RATE], &sample);
    ok(contrast_is_refused(&row, reason) && fabs(row.estimate.value - log(2)) < 1e-9,
       "rate_ratio: a pair that alone decides has no variance (%s)", pilot_reason_name(row.reason));
    for (unsigned i = 6; i < 8; i++)
        sample.outcome[i] = 3 * (1 + i % 2);
    row = contrast_call(all[RATE], &sample);
    ok(row.status == PILOT_ROW_OK && row.std_error.given,
       "rate_ratio: among pairs of its size it has (%s)", row.detail);
    pilot_sample_clear(&sample);
}

static void test_extreme_rates(void)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_BLOCKED, 40);
    pilot_estimate_t row;
    for (unsigned i = 0; i < 24; i++)
        contrast_add(&sample, i / 12, 0, i % 2, i % 2 ? 1e12 * (1 + i) : 1e-12 * (1 + i));
    row = contrast_call(all[RATE], &sample);
    ok(row.std_error.given && row.estimate.value > log(1e24) && row.estimate.value < log(1e25),
       "rate_ratio: a ratio of 1e24 in blocks converges (%g)", row.estimate.value);
    pilot_sample_clear(&sample);
}

static pilot_sample_t random_sample(int k, unsigned design, uint64_t seed)
{
    return contrast_sample_random(design, seed, k == RATE ? 1 + (unsigned)seed % 9 : 1);
}

static void test_properties(int k, unsigned design)
{
    size_t swap = 0, order = 0, labels = 0, weights = 0, doubled = 0, other = 0, given = 0;
    const size_t cases = 1000;
    for (uint64_t seed = 1; seed <= cases; seed++) {
        pilot_sample_t sample = random_sample(k, design, seed), twice;
        pilot_estimate_t base = contrast_call(all[k], &sample), row;
        bool score = base.std_error_type == PILOT_SE_SCORE;
        given += base.std_error.given;
        twice = contrast_double(&sample);
        row = contrast_call(all[k], &twice);
        doubled += !score && (design & CONTRAST_CLUSTERED) &&
                   (k == RATE || !(design & CONTRAST_BLOCKED && sample.blocks > 1)) &&
                   !contrast_same(&row, 1, &base, 1e-9);
        doubled += !contrast_near(row.estimate, 1, base.estimate, 1e-9) &&
                   !strstr(row.detail, "formula") && !strstr(base.detail, "formula");
        pilot_sample_clear(&twice);
        contrast_shuffle(&sample, seed);
        row = contrast_call(all[k], &sample);
        order += !contrast_same(&row, 1, &base, 1e-9);
        contrast_reverse(&sample);
        row = contrast_call(all[k], &sample);
        labels += !contrast_same(&row, 1, &base, 1e-9);
        contrast_swap_arms(&sample);
        row = contrast_call(all[k], &sample);
        swap += !contrast_same(&row, -1, &base, 1e-9);
        contrast_swap_arms(&sample);
        for (size_t i = 0; i < sample.n; i++) /* events x 1e9; or their complement */
            sample.outcome[i] = k == RATE ? 1e9 * sample.outcome[i] : 1 - sample.outcome[i];
        row = contrast_call(all[k], &sample);
        other += k != RISK && !contrast_same(&row, k == RATE ? 1 : -1, &base, 1e-9);
        for (size_t i = 0; i < sample.n; i++)
            sample.outcome[i] = k == RATE ? sample.outcome[i] / 1e9 : 1 - sample.outcome[i];
        if (!sample.weight) {
            sample.weight = malloc((sample.n + 1) * sizeof(double));
            for (size_t i = 0; i < sample.n; i++)
                sample.weight[i] = 2.5;
            row = contrast_call(all[k], &sample);
            /* In blocks the weighted formula is HC2, which is Neyman's with equal weights. */
            weights += !score && !contrast_same(&row, 1, &base, 1e-9);
        }
        pilot_sample_clear(&sample);
    }
    ok(given > cases / 2, "%s, design %u: %zu of %zu samples have a standard error", name[k],
       design, given, cases);
    ok(swap == 0, "%s, design %u: arms exchanged flip the sign (%zu do not)", name[k], design,
       swap);
    ok(order == 0, "%s, design %u: order of rows does not matter (%zu do)", name[k], design, order);
    ok(labels == 0, "%s, design %u: nor do block and cluster labels (%zu do)", name[k], design,
       labels);
    ok(weights == 0, "%s, design %u: equal weights are none (%zu are not)", name[k], design,
       weights);
    ok(doubled == 0, "%s, design %u: rows doubled with half the weight change nothing (%zu do)",
       name[k], design, doubled);
    ok(other == 0, "%s, design %u: %s (%zu do not)", name[k], design,
       k == RATE ? "events x 1e9 have the same ratio"
                 : "the odds of not having the outcome flip the sign",
       other);
}

static void test_note(void)
{
    pilot_estimate_t row = {0};
    ratio_note_extreme(&row, INFINITY);
    ok(strcmp(row.detail, "ratio infinity") == 0, "an infinite ratio is told");
    row.detail[0] = '\0';
    ratio_note_extreme(&row, NAN);
    ok(row.detail[0] == '\0', "one that is no number is not");
}

int main(void)
{
    gsl_set_error_handler_off();
    for (int k = 0; k < ALL; k++) {
        test_nothing_to_compare(k);
        test_blocks_that_lack_an_arm(k);
        test_crossing_clusters(k);
        for (unsigned design = 0; design < CONTRAST_PROBABILITY; design++)
            test_properties(k, design);
    }
    test_constant();
    test_published_intervals();
    test_score_is_pearson();
    test_score_inversion();
    test_zero_cells();
    test_few_units();
    test_small_blocks();
    test_rate_blocks();
    test_leverage_one(0, PILOT_REASON_LEVERAGE_ONE);
    test_leverage_one(CONTRAST_CLUSTERED, PILOT_REASON_VARIANCE_UNIDENTIFIED);
    test_extreme_rates();
    test_note();
    return tap_done();
}
