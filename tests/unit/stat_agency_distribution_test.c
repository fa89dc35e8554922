/* Shares of agencies with harm, no effect that matters and benefit, and what is believed of each
 * agency: against R (tests/golden/shares/make_shares.R), hand examples, what must not change them,
 * and how often the intervals hold the true share. */
#include "pilot/agency_distribution.h"

#include <string.h>

#include "../../lib/stat/mixing.h"
#include "../harness/made_agencies.h"
#include "../harness/table.h"
#include "../harness/tap.h"

static made_agencies_t made;

static pilot_agency_distribution_options_t beyond(double smallest_effect, bool lower_is_better)
{
    return (pilot_agency_distribution_options_t){
        .smallest_effect = smallest_effect, .lower_is_better = lower_is_better, .confidence = 0.95};
}

static void share_all(double smallest_effect, bool lower_is_better, pilot_share_t *ret)
{
    pilot_agency_distribution_options_t options = beyond(smallest_effect, lower_is_better);
    pilot_agency_distribution(made.estimate, made.std_error, made.k, &options, ret);
}

static double cell(const table_t *table, size_t row, const char *column)
{
    return strtod(table_get(table, row, column), NULL);
}

/* ---- golden ---------------------------------------------------------------------------------- */

static void load(const table_t *data, const char *name)
{
    made.k = 0;
    for (size_t i = 0; i < data->rows; i++) {
        if (strcmp(table_get(data, i, "dataset"), name) != 0)
            continue;
        made.estimate[made.k] = PILOT_GIVEN(cell(data, i, "estimate"));
        made.std_error[made.k++] = PILOT_GIVEN(cell(data, i, "std_error"));
    }
}

static bool is_near(double got, double want, double tolerance, const char *what)
{
    if (fabs(got - want) > tolerance)
        printf("# %s: got %.9f, want %.9f\n", what, got, want);
    return fabs(got - want) <= tolerance;
}

static void test_shares(void)
{
    table_t data = table_read("tests/golden/shares/data.csv");
    table_t shares = table_read("tests/golden/shares/shares.csv");
    for (size_t row = 0; row + 2 < shares.rows; row += 3) {
        const char *name = table_get(&shares, row, "dataset");
        pilot_share_t got[PILOT_SHARES];
        bool share = true, interval = true;
        load(&data, name);
        share_all(cell(&shares, row, "smallest_effect"), cell(&shares, row, "lower_is_better") > 0,
                  got);
        for (size_t i = 0; i < PILOT_SHARES; i++) {
            ok(strcmp(pilot_share_kind_name(got[i].kind), table_get(&shares, row + i, "part")) ==
                       0 &&
                   got[i].k == made.k && got[i].status == PILOT_ROW_OK,
               "%s: %s is a row that stands", name, pilot_share_kind_name(got[i].kind));
            share &= is_near(got[i].share.value, cell(&shares, row + i, "share"), 1e-5, "share");
            interval &=
                is_near(got[i].ci_low.value, cell(&shares, row + i, "ci_low"), 1e-3, "low") &&
                is_near(got[i].ci_high.value, cell(&shares, row + i, "ci_high"), 1e-3, "high");
        }
        ok(share, "%s: shares are those of an interior-point method", name);
        ok(interval, "%s: and so are the intervals' ends", name);
    }
    table_free(&data);
    table_free(&shares);
}

static pilot_meta_agency_t agency[MOST_AGENCIES];
static pilot_agency_posterior_t posterior[MOST_AGENCIES];

/* Returns the headline row. */
static pilot_meta_row_t believe(pilot_meta_method_t method, pilot_meta_test_t test, double limit,
                                bool lower_is_better)
{
    pilot_meta_row_t rows[PILOT_META_ROWS];
    pilot_meta_options_t meta = {.confidence = 0.95, .method = method, .test = test};
    pilot_agency_distribution_options_t options = beyond(limit, lower_is_better);
    pilot_meta(made.estimate, made.std_error, made.k, &meta, rows, agency);
    pilot_agency_posteriors(agency, made.std_error, made.k, &rows[method * PILOT_META_TESTS + test],
                            &options, posterior);
    return rows[method * PILOT_META_TESTS + test];
}

static void test_posteriors(void)
{
    table_t meta = table_read("tests/golden/meta/data.csv");
    table_t want = table_read("tests/golden/shares/posteriors.csv");
    for (size_t row = 0; row < want.rows; row += made.k) {
        const char *name = table_get(&want, row, "dataset");
        pilot_meta_method_t method = PILOT_META_REML;
        pilot_meta_test_t test = PILOT_META_Z;
        bool good = pilot_meta_method_from_name(table_get(&want, row, "method"), &method) &&
                    pilot_meta_test_from_name(table_get(&want, row, "test"), &test);
        made.k = 0;
        for (size_t i = 0; i < meta.rows; i++) {
            if (strcmp(table_get(&meta, i, "dataset"), name) != 0)
                continue;
            made.estimate[made.k] = PILOT_GIVEN(cell(&meta, i, "yi"));
            made.std_error[made.k++] = PILOT_GIVEN(sqrt(cell(&meta, i, "vi")));
        }
        believe(method, test, cell(&want, row, "limit"), false);
        for (size_t i = 0; i < made.k; i++)
            good &=
                is_near(posterior[i].constrained_estimate.value,
                        cell(&want, row + i, "constrained"),
                        1e-8 * fmax(1, fabs(cell(&want, row + i, "constrained"))), "constrained") &&
                is_near(posterior[i].p_exceeds.value, cell(&want, row + i, "p_exceeds"), 1e-8,
                        "p_exceeds");
        ok(good, "%s, %s: constrained estimates and chances follow metafor's blup", name,
           pilot_meta_method_name(method));
    }
    table_free(&meta);
    table_free(&want);
}

/* ---- by hand --------------------------------------------------------------------------------- */

static void set_all(size_t k, double estimate, double std_error)
{
    made.k = k;
    for (size_t i = 0; i < k; i++) {
        made.estimate[i] = PILOT_GIVEN(estimate);
        made.std_error[i] = PILOT_GIVEN(std_error);
    }
}

static void test_few(void)
{
    pilot_share_t share[PILOT_SHARES];
    bool refused = true;
    set_all(12, 1, 0.5);
    made.estimate[3] = PILOT_ABSENT;
    made.std_error[4] = PILOT_GIVEN(0);
    made.std_error[5] = PILOT_ABSENT;
    share_all(0.5, false, share);
    for (size_t i = 0; i < PILOT_SHARES; i++)
        refused &= share[i].k == 9 && !share[i].share.given && !share[i].ci_low.given &&
                   share[i].status == PILOT_ROW_NOT_ESTIMABLE &&
                   share[i].reason == PILOT_REASON_TOO_FEW_AGENCIES;
    ok(refused, "nine agencies that take part are too few");
    made.k = 0;
    share_all(0.5, false, share);
    ok(share[0].k == 0 && share[0].reason == PILOT_REASON_TOO_FEW_AGENCIES, "none are too few");
}

static void test_known_effects(void)
{
    pilot_share_t share[PILOT_SHARES];
    set_all(100, 0, 1e-4);
    for (size_t i = 0; i < made.k; i++)
        made.estimate[i].value = (i < 20 ? -2 : i < 50 ? 0 : 3) + 1e-4 * sin((double)i);
    share_all(1, false, share);
    is_close(share[PILOT_SHARE_HARM].share.value, 0.2, 1e-9, "known effects: one in five harms");
    is_close(share[PILOT_SHARE_NONE].share.value, 0.3, 1e-9, "known effects: three in ten nothing");
    is_close(share[PILOT_SHARE_BENEFIT].share.value, 0.5, 1e-9, "known effects: half benefit");
    ok(share[PILOT_SHARE_HARM].ci_low.value > 0.05 && share[PILOT_SHARE_HARM].ci_high.value < 0.4 &&
           share[PILOT_SHARE_BENEFIT].ci_low.value > 0.3 &&
           share[PILOT_SHARE_BENEFIT].ci_high.value < 0.7,
       "known effects: intervals are those of counting agencies");
}

static void test_unknown_effects(void)
{
    pilot_share_t share[PILOT_SHARES];
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    set_all(50, 0, 1);
    memset(made.effect, 0, sizeof made.effect);
    made_estimates(&made, random);
    share_all(0.05, false, share);
    ok(share[PILOT_SHARE_NONE].ci_low.value < 0.01 && share[PILOT_SHARE_NONE].ci_high.value > 0.99,
       "a smallest effect far below the standard errors: none may be all or nothing");
    gsl_rng_free(random);
}

static void test_no_middle(void)
{
    pilot_share_t share[PILOT_SHARES];
    set_all(20, 0, 0.1);
    for (size_t i = 0; i < made.k; i++)
        made.estimate[i].value = (i < 5 ? -1 : 1) + 0.1 * sin((double)i);
    share_all(0, false, share);
    ok(share[PILOT_SHARE_NONE].share.value == 0 && share[PILOT_SHARE_NONE].ci_high.value == 0 &&
           share[PILOT_SHARE_NONE].status == PILOT_ROW_OK &&
           strstr(share[PILOT_SHARE_NONE].detail, "no smallest_effect"),
       "without a smallest effect nothing is between, and the row says why");
    is_close(share[PILOT_SHARE_HARM].share.value, 0.25, 1e-6, "then all else is harm ...");
    is_close(share[PILOT_SHARE_BENEFIT].share.value, 0.75, 1e-6, "... or benefit");
    set_all(20, 0, 0.1);
    share_all(0, false, share);
    ok(share[PILOT_SHARE_HARM].share.value == 0.5 && share[PILOT_SHARE_BENEFIT].share.value == 0.5,
       "all estimates 0: as much harm as benefit");
}

static void test_too_alike(void)
{
    pilot_share_t share[PILOT_SHARES];
    set_all(20, 2, 1);
    share_all(1, false, share);
    ok(share[PILOT_SHARE_BENEFIT].share.value == 1 && !share[PILOT_SHARE_BENEFIT].ci_low.given &&
           share[PILOT_SHARE_BENEFIT].status == PILOT_ROW_FLAGGED &&
           share[PILOT_SHARE_BENEFIT].reason == PILOT_REASON_NOT_CONVERGED &&
           share[PILOT_SHARE_BENEFIT].detail[0],
       "estimates more alike than their standard errors allow: no interval, and why");
}

/* Rows that any data must give: shares between 0 and 1 that add up, in their intervals. */
static bool is_sound(const pilot_share_t *share)
{
    double sum = 0;
    bool sound = true;
    for (size_t i = 0; i < PILOT_SHARES; i++) {
        sum += share[i].share.value;
        sound &= share[i].share.given && share[i].share.value >= 0 && share[i].share.value <= 1;
        sound &= share[i].ci_low.given == share[i].ci_high.given;
        if (share[i].ci_low.given)
            sound &= share[i].ci_low.value >= 0 && share[i].ci_high.value <= 1 &&
                     share[i].ci_low.value <= share[i].share.value &&
                     share[i].share.value <= share[i].ci_high.value;
        else
            sound &= share[i].status == PILOT_ROW_FLAGGED;
    }
    return sound && fabs(sum - 1) < 1e-9;
}

static void test_extremes(gsl_rng *random)
{
    pilot_share_t share[PILOT_SHARES];
    bool sound = true;
    for (int i = 0; i < 30; i++) {
        made.k = 10 + gsl_rng_uniform_int(random, 60);
        for (size_t j = 0; j < made.k; j++)
            made.effect[j] = gsl_ran_cauchy(random, pow(10, i % 7 - 3));
        made_std_errors(&made, 1, i % 5 * 1.5, random);
        made_estimates(&made, random);
        share_all(i % 3, false, share);
        sound &= is_sound(share);
    }
    ok(sound, "outliers and standard errors of any size: shares are sound");
    set_all(12, 1, 1e-3);
    made.std_error[0] = PILOT_GIVEN(1e120);
    made.estimate[1] = PILOT_GIVEN(1e100);
    share_all(0.5, false, share);
    ok(is_sound(share), "numbers of 1e100 beside numbers of 1: sound");
}

/* ---- what must not change them --------------------------------------------------------------- */

static bool same(const pilot_share_t *a, const pilot_share_t *b, double tolerance)
{
    return a->ci_low.given == b->ci_low.given &&
           fabs(a->share.value - b->share.value) <= tolerance &&
           fabs(a->ci_low.value - b->ci_low.value) <= tolerance &&
           fabs(a->ci_high.value - b->ci_high.value) <= tolerance;
}

static void make(size_t k, double mean, double spread, double uneven, gsl_rng *random)
{
    made.k = k;
    for (size_t i = 0; i < k; i++)
        made.effect[i] = mean + gsl_ran_gaussian(random, spread);
    made_std_errors(&made, 1, uneven, random);
    made_estimates(&made, random);
}

static void test_invariance(gsl_rng *random)
{
    static made_agencies_t kept;
    pilot_share_t share[PILOT_SHARES], again[PILOT_SHARES];
    make(120, 0.4, 1.5, 0.5, random);
    kept = made;
    share_all(0.5, false, share);
    for (size_t i = 0; i < made.k; i++) {
        made.estimate[i] = kept.estimate[(i * 7 + 3) % made.k];
        made.std_error[i] = kept.std_error[(i * 7 + 3) % made.k];
    }
    share_all(0.5, false, again);
    ok(same(&share[0], &again[0], 0) && same(&share[1], &again[1], 0) &&
           same(&share[2], &again[2], 0),
       "the order of agencies changes no bit");
    for (double unit = 1e-9; unit < 1e10; unit *= 1e18) {
        for (size_t i = 0; i < made.k; i++) {
            made.estimate[i].value = kept.estimate[i].value * unit;
            made.std_error[i].value = kept.std_error[i].value * unit;
        }
        share_all(0.5 * unit, false, again);
        ok(same(&share[0], &again[0], 1e-5) && same(&share[1], &again[1], 1e-5) &&
               same(&share[2], &again[2], 1e-5),
           "the outcome's unit does not matter: x %g", unit);
    }
    made = kept;
    for (size_t i = 0; i < made.k; i++)
        made.estimate[i].value = -made.estimate[i].value;
    share_all(0.5, true, again);
    ok(same(&share[0], &again[0], 0) && same(&share[2], &again[2], 0),
       "turned over, with lower_is_better: the same");
    share_all(0.5, false, again);
    ok(same(&share[0], &again[2], 1e-5) && same(&share[1], &again[1], 1e-5) &&
           same(&share[2], &again[0], 1e-5),
       "turned over: harm is benefit");
}

/* ---- believed of each agency ----------------------------------------------------------------- */

static void test_constrained(gsl_rng *random)
{
    double mean = 0, own = 0, shrunken = 0, constrained = 0;
    pilot_meta_row_t headline;
    make(400, 0, 1, 0, random);
    headline = believe(PILOT_META_REML, PILOT_META_Z, 0.3, false);
    for (size_t i = 0; i < made.k; i++)
        mean += agency[i].eb_estimate.value / 400;
    for (size_t i = 0; i < made.k; i++) {
        own += posterior[i].constrained_estimate.value / 400;
        shrunken += pow(agency[i].eb_estimate.value - mean, 2) / 399;
        constrained += pow(posterior[i].constrained_estimate.value - mean, 2) / 399;
    }
    ok(fabs(own - mean) < 1e-12, "constrained estimates keep the mean");
    ok(fabs(constrained - headline.tau2.value) < 0.02 * headline.tau2.value &&
           shrunken < 0.7 * headline.tau2.value,
       "their variance is tau2, that of shrunken estimates is far less");
    bool order = true, turned = true;
    double chance = posterior[5].p_exceeds.value;
    for (size_t i = 1; i < made.k; i++)
        order &=
            (posterior[i].constrained_estimate.value > posterior[0].constrained_estimate.value) ==
            (agency[i].eb_estimate.value > agency[0].eb_estimate.value);
    ok(order, "and they are in the same order");
    for (size_t i = 0; i < made.k; i++)
        made.estimate[i].value = -made.estimate[i].value;
    believe(PILOT_META_REML, PILOT_META_Z, 0.3, true);
    turned = fabs(posterior[5].p_exceeds.value - chance) < 1e-12;
    ok(turned, "turned over, with lower_is_better: the same chance to exceed");
}

static void test_nothing_to_spread(void)
{
    set_all(3, 2, 1);
    made.std_error[1] = PILOT_GIVEN(3);
    believe(PILOT_META_REML, PILOT_META_Z, 2, false);
    ok(posterior[0].constrained_estimate.value == 2 && posterior[0].p_exceeds.value == 0.5,
       "no heterogeneity: the mean for all; at the limit, one half");
    made.estimate[2] = PILOT_ABSENT;
    believe(PILOT_META_FIXED, PILOT_META_Z, 0, false);
    ok(!posterior[2].constrained_estimate.given && !posterior[2].p_exceeds.given,
       "nothing is believed of an agency without an estimate");
    made.k = 1;
    believe(PILOT_META_REML, PILOT_META_KNHA, 0, false);
    ok(!posterior[0].constrained_estimate.given && !posterior[0].p_exceeds.given,
       "nor of one alone, which cannot be shrunk");
    set_all(2, 0, 1);
    made.estimate[1] = PILOT_GIVEN(40);
    believe(PILOT_META_REML, PILOT_META_Z, 0, false);
    ok(posterior[1].p_exceeds.value == 1 && posterior[1].constrained_estimate.given,
       "two agencies are enough");
}

/* ---- the quadratic problem within -------------------------------------------------------------
 */

static void test_nonnegative(void)
{
    double value[3];
    nonnegative_solve((double[]){2, 0, 0, 3}, (double[]){4, -1}, 2, value);
    ok(fabs(value[0] - 2) < 1e-14 && value[1] == 0, "what would be negative is 0");
    nonnegative_solve((double[]){2, 1, 1, 2}, (double[]){3, 3}, 2, value);
    is_close(value[0] + 10 * value[1], 11, 1e-14, "inside: the linear equations' solution");
    nonnegative_solve((double[]){1, 1, 0, 1, 1, 0, 0, 0, 1}, (double[]){2, 2, 5}, 3, value);
    is_close(value[0] + value[1], 2, 1e-14, "two that are alike share nothing twice");
    is_close(value[2], 5, 1e-14, "and leave the third alone");
}

/* ---- coverage; tests/coverage has more ------------------------------------------------------- */

static void test_coverage(const char *name, double spread, double limit, gsl_rng *random)
{
    const int repetitions = 150;
    double truth[PILOT_SHARES], allowed = 0.95 - 3.5 * sqrt(0.95 * 0.05 / repetitions);
    int held[PILOT_SHARES] = {0}, least = repetitions;
    truth[PILOT_SHARE_HARM] = 0.5 * erfc((limit + 0.5) / spread * M_SQRT1_2);
    truth[PILOT_SHARE_BENEFIT] = 0.5 * erfc((limit - 0.5) / spread * M_SQRT1_2);
    truth[PILOT_SHARE_NONE] = 1 - truth[PILOT_SHARE_HARM] - truth[PILOT_SHARE_BENEFIT];
    for (int r = 0; r < repetitions; r++) {
        pilot_share_t share[PILOT_SHARES];
        make(40, 0.5, spread, 0.5, random);
        share_all(limit, false, share);
        for (size_t i = 0; i < PILOT_SHARES; i++)
            held[i] += share[i].ci_low.given && share[i].ci_low.value <= truth[i] + 1e-12 &&
                       truth[i] - 1e-12 <= share[i].ci_high.value;
    }
    for (size_t i = 0; i < PILOT_SHARES; i++)
        least = held[i] < least ? held[i] : least;
    ok((double)least / repetitions >= allowed, "%s: intervals hold the true shares (least: %.3f)",
       name, (double)least / repetitions);
}

int main(void)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(random, 1985);
    test_shares();
    test_posteriors();
    test_few();
    test_known_effects();
    test_unknown_effects();
    test_no_middle();
    test_too_alike();
    test_extremes(random);
    test_invariance(random);
    test_constrained(random);
    test_nothing_to_spread();
    test_nonnegative();
    test_coverage("normal effects", 1, 0.5, random);
    test_coverage("one effect, at the limit", 1e-9, 0.5, random);
    gsl_rng_free(random);
    return tap_done();
}
