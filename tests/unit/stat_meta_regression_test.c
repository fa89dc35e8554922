/* Meta-regression and pooling by levels: edge cases, and indifference to unit and order. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/meta_study.h"
#include "../harness/tap.h"

/* A small generator, for data that need not be the same elsewhere. */
static uint64_t state;

static double uniform(void)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static void make(study_t *study, size_t agencies, uint64_t seed)
{
    static const char *const region[] = {"north", "South", "east", "West"};
    memset(study, 0, sizeof *study);
    state = seed;
    study->agencies = agencies;
    for (size_t i = 0; i < agencies; i++) {
        double se = exp(uniform() - 0.5);
        study->number[0][i] = floor(100 * uniform());
        study->number[1][i] = 2000 + 25 * uniform();
        study->level[0][i] = region[(size_t)(4 * uniform())];
        study->missing[1][i] = i % 17 == 5;
        study->estimate[i] = PILOT_GIVEN(3 + 0.02 * study->number[0][i] + 3 * uniform() +
                                         2 * se * (uniform() + uniform() - 1));
        study->std_error[i] = PILOT_GIVEN(se);
    }
    list_attributes(study);
}

typedef struct answer {
    pilot_moderator_t *row;
    size_t rows;
} answer_t;

static answer_t regress(const study_t *study, pilot_meta_method_t method, pilot_meta_test_t test)
{
    pilot_meta_options_t options = options_of(method, test);
    answer_t answer;
    pilot_meta_regression(study->estimate, study->std_error, study->agencies, study->attribute,
                          study->attributes, &options, &answer.row, &answer.rows);
    return answer;
}

static void turn(study_t *study)
{
    study_t old = *study;
    for (size_t i = 0; i < old.agencies; i++) {
        size_t j = old.agencies - 1 - i;
        study->estimate[i] = old.estimate[j];
        study->std_error[i] = old.std_error[j];
        for (size_t a = 0; a < 2; a++) {
            study->number[a][i] = old.number[a][j];
            study->missing[a][i] = old.missing[a][j];
            study->level[a][i] = old.level[a][j];
        }
    }
}

static void test_order(void)
{
    static study_t study;
    bool good = true;
    make(&study, 90, 3);
    for (size_t i = 30; i < 40; i++) { /* equal estimates, other attributes */
        study.estimate[i] = study.estimate[30];
        study.std_error[i] = study.std_error[30];
    }
    answer_t straight = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    turn(&study);
    answer_t turned = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    good = straight.rows == turned.rows;
    for (size_t i = 0; good && i < straight.rows; i++) {
        const pilot_moderator_t *a = &straight.row[i], *b = &turned.row[i];
        good = memcmp(&a->estimate, &b->estimate, sizeof a->estimate) == 0 &&
               memcmp(&a->std_error, &b->std_error, sizeof a->std_error) == 0 &&
               memcmp(&a->statistic, &b->statistic, sizeof a->statistic) == 0 &&
               memcmp(&a->tau2, &b->tau2, sizeof a->tau2) == 0 &&
               strcmp(or_empty(a->level), or_empty(b->level)) == 0 &&
               strcmp(a->detail, b->detail) == 0;
    }
    ok(good, "agencies in another order: the same bits");
    free(straight.row);
    free(turned.row);
}

static double relative(pilot_number_t a, double b)
{
    return !a.given ? 0 : fabs(a.value - b) / fmax(fabs(b), 1e-300);
}

/* The outcome times a factor, attribute number1 times another and number2 moved. */
static double compare_units(answer_t plain, answer_t other, double outcome, double attribute,
                            bool moved)
{
    double worst = plain.rows == other.rows ? 0 : INFINITY;
    for (size_t i = 0; i < plain.rows && worst < 1; i++) {
        const pilot_moderator_t *a = &plain.row[i], *b = &other.row[i];
        double unit = outcome;
        if (moved && a->kind == PILOT_MODERATOR_INTERCEPT)
            continue;
        if (a->attribute && strcmp(a->attribute, "number1") == 0)
            unit /= attribute;
        worst = fmax(worst, relative(b->estimate, a->estimate.value * unit));
        worst = fmax(worst, relative(b->std_error, a->std_error.value * unit));
        worst = fmax(worst, relative(b->statistic, a->statistic.value));
        worst = fmax(worst, relative(b->tau2, a->tau2.value * outcome * outcome));
        worst = fmax(worst, relative(b->r2, a->r2.value));
    }
    return worst;
}

static void test_units(double factor)
{
    static study_t study;
    make(&study, 70, 5);
    answer_t plain = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    for (size_t i = 0; i < 70; i++) {
        study.estimate[i].value *= factor;
        study.std_error[i].value *= factor;
        study.number[0][i] /= factor;
    }
    answer_t scaled = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    double worst = compare_units(plain, scaled, factor, 1 / factor, false);
    ok(worst < 1e-10, "outcome x %g, a number / %g: the same model (%.1e)", factor, factor, worst);
    free(scaled.row);
    make(&study, 70, 5);
    for (size_t i = 0; i < 70; i++)
        study.number[0][i] += 1e5;
    scaled = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    worst = compare_units(plain, scaled, 1, 1, true);
    ok(worst < 1e-9, "a number counted from far away: the same coefficients (%.1e)", worst);
    free(scaled.row);
    free(plain.row);
}

static void test_duplicates(void)
{
    static study_t study;
    make(&study, 40, 8);
    size_t last = study.agencies++;
    study.estimate[last] = study.estimate[3];
    study.std_error[last] = study.std_error[3];
    for (size_t a = 0; a < 2; a++) {
        study.number[a][last] = study.number[a][3];
        study.level[a][last] = study.level[a][3];
    }
    answer_t twice = regress(&study, PILOT_META_FIXED, PILOT_META_Z);
    study.agencies--;
    study.std_error[3].value /= sqrt(2);
    answer_t once = regress(&study, PILOT_META_FIXED, PILOT_META_Z);
    double worst = 0;
    for (size_t i = 0; i < once.rows; i++) {
        worst = fmax(worst, relative(twice.row[i].estimate, once.row[i].estimate.value));
        worst = fmax(worst, relative(twice.row[i].std_error, once.row[i].std_error.value));
        worst = fmax(worst, relative(twice.row[i].statistic, once.row[i].statistic.value));
    }
    ok(twice.rows == once.rows && worst < 1e-10,
       "an agency twice is one of half its variance, in fixed pooling (%.1e)", worst);
    free(twice.row);
    free(once.row);
}

/* One text of two levels and one number: the model that a hand can check. */
static void set(study_t *study, size_t agencies, const double *y, const double *number,
                const char *const *level)
{
    memset(study, 0, sizeof *study);
    study->agencies = agencies;
    for (size_t i = 0; i < agencies; i++) {
        study->estimate[i] = PILOT_GIVEN(y[i]);
        study->std_error[i] = PILOT_GIVEN(1);
        study->missing[0][i] = number == NULL;
        study->missing[1][i] = true;
        study->number[0][i] = number ? number[i] : 0;
        study->level[0][i] = level ? level[i] : NULL;
    }
    list_attributes(study);
}

static bool refused(answer_t answer, pilot_reason_t reason)
{
    bool good = answer.rows > 0;
    for (size_t i = 0; i < answer.rows; i++)
        good &=
            answer.row[i].kind == PILOT_MODERATOR_GROUP ||
            (answer.row[i].status == PILOT_ROW_NOT_ESTIMABLE && answer.row[i].reason == reason &&
             !answer.row[i].std_error.given && !answer.row[i].statistic.given);
    return good;
}

static void test_few(void)
{
    static const double y[] = {1, 2, 4, 7, 3}, number[] = {1, 3, 2, 5, 4};
    static const char *const level[] = {"a", "b", "a", "b", "a"};
    static study_t study;
    answer_t answer;
    set(&study, 5, y, number, level);
    study.agencies = 0;
    answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    ok(answer.rows == 6 && refused(answer, PILOT_REASON_TOO_FEW_AGENCIES),
       "no agency: the rows of the model, all too_few_agencies");
    free(answer.row);
    study.agencies = 2;
    answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    ok(refused(answer, PILOT_REASON_TOO_FEW_AGENCIES) &&
           strstr(answer.row[0].detail, "2 agencies for 3 coefficients"),
       "two agencies for three coefficients: too_few_agencies, with the counts");
    ok(find(answer.row, answer.rows, "group", "text1", "a")->estimate.value == 1,
       "the groups are there all the same");
    free(answer.row);
    study.agencies = 3;
    answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    ok(answer.row[0].estimate.given && refused(answer, PILOT_REASON_TOO_FEW_AGENCIES),
       "as many agencies as coefficients: estimates without standard errors");
    free(answer.row);
    answer = regress(&study, PILOT_META_FIXED, PILOT_META_Z);
    ok(answer.row[0].std_error.given && answer.row[2].statistic.given &&
           find(answer.row, answer.rows, "residual", "", "")->reason ==
               PILOT_REASON_TOO_FEW_AGENCIES,
       "as many agencies as coefficients, fixed x z: their own errors, nothing is left over");
    free(answer.row);
    study.agencies = 5;
    answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    ok(answer.row[1].std_error.given && answer.row[1].df.value == 2, "five agencies: two df");
    free(answer.row);
    study.attributes = 0;
    answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    ok(answer.rows == 0 && !answer.row, "no attribute, no rows");
}

static void test_collinear(void)
{
    static const double y[] = {1, 2, 4, 7, 3, 5}, number[] = {1, 0, 1, 0, 1, 0};
    static const double year[] = {2012, 2012, 2012, 2012, 2012, 2012};
    static const char *const level[] = {"a", "b", "a", "b", "a", "b"};
    static const char *const one[] = {"a", "a", "a", "a", "a", "a"};
    static study_t study;
    const pilot_moderator_t *row;
    set(&study, 6, y, number, level);
    answer_t answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    row = find(answer.row, answer.rows, "coefficient", "text1", "b");
    ok(row->status == PILOT_ROW_NOT_ESTIMABLE && row->reason == PILOT_REASON_COLLINEAR &&
           !row->estimate.given,
       "an attribute that repeats an earlier one is collinear");
    ok(find(answer.row, answer.rows, "test", "text1", "")->reason == PILOT_REASON_COLLINEAR,
       "so is its test");
    row = find(answer.row, answer.rows, "test", "", "");
    ok(row->status == PILOT_ROW_FLAGGED && row->df.value == 1 && row->df_residual.value == 4 &&
           strstr(row->detail, "1 of 2"),
       "the test of all is of what is left, and says so");
    ok(find(answer.row, answer.rows, "coefficient", "number1", "")->std_error.given,
       "the earlier attribute stands");
    ok(find(answer.row, answer.rows, "group", "text1", "b")->k == 3, "and so do the groups");
    free(answer.row);
    set(&study, 6, y, number, one);
    answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    row = find(answer.row, answer.rows, "test", "text1", "");
    ok(row->reason == PILOT_REASON_COLLINEAR && strstr(row->detail, "one level") &&
           find(answer.row, answer.rows, "group", "text1", "a")->k == 6,
       "a text of one level: nothing to compare, one group");
    free(answer.row);
    set(&study, 6, y, year, level);
    answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    ok(find(answer.row, answer.rows, "coefficient", "number1", "")->reason ==
               PILOT_REASON_COLLINEAR &&
           find(answer.row, answer.rows, "coefficient", "text1", "b")->std_error.given,
       "a number that is the same everywhere is collinear");
    free(answer.row);
}

static void test_missing(void)
{
    static const double y[] = {1, 2, 4, 7, 3, 5, 9}, number[] = {1, 3, 2, 5, 4, 0, NAN};
    static const char *const level[] = {"a", "b", "a", "b", NULL, "b", "c"};
    static study_t study;
    const pilot_moderator_t *row;
    set(&study, 7, y, number, level);
    study.missing[0][1] = true;
    answer_t answer = regress(&study, PILOT_META_DL, PILOT_META_Z);
    row = &answer.row[0];
    ok(row->k == 4 && row->status == PILOT_ROW_FLAGGED &&
           strcmp(row->detail, "3 agencies of 7 left out, for they lack number1, text1") == 0,
       "agencies that lack an attribute are left out, counted and told (%s)", row->detail);
    ok(!find(answer.row, answer.rows, "coefficient", "text1", "c"),
       "a level of theirs alone has no coefficient");
    ok(find(answer.row, answer.rows, "group", "text1", "c")->k == 1 &&
           find(answer.row, answer.rows, "group", "text1", "b")->k == 3,
       "groups count all who have the level");
    free(answer.row);
    for (size_t i = 0; i < 7; i++)
        study.missing[0][i] = true;
    answer = regress(&study, PILOT_META_DL, PILOT_META_Z);
    ok(refused(answer, PILOT_REASON_TOO_FEW_AGENCIES), "an attribute that nobody has");
    free(answer.row);
}

static void test_equal(void)
{
    static const double y[] = {2, 2, 2, 2, 2}, number[] = {1, 3, 2, 5, 4};
    static study_t study;
    const pilot_moderator_t *row;
    set(&study, 5, y, number, NULL);
    answer_t answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    row = find(answer.row, answer.rows, "coefficient", "number1", "");
    ok(row->estimate.given && !row->std_error.given && row->reason == PILOT_REASON_ZERO_VARIANCE &&
           find(answer.row, answer.rows, "test", "", "")->reason == PILOT_REASON_ZERO_VARIANCE,
       "equal estimates: Knapp-Hartung has no variance and says so");
    row = find(answer.row, answer.rows, "residual", "", "");
    ok(row->tau2.value == 0 && !row->r2.given && strstr(row->detail, "no heterogeneity"),
       "equal estimates: no R2 of nothing");
    free(answer.row);
}

static void test_many_levels(void)
{
    static study_t study;
    static char name[100][8];
    make(&study, 100, 2);
    for (size_t i = 0; i < 100; i++) {
        snprintf(name[i], sizeof name[i], "l%zu", i % 80);
        study.level[1][i] = name[i];
    }
    list_attributes(&study);
    answer_t answer = regress(&study, PILOT_META_REML, PILOT_META_KNHA);
    ok(refused(answer, PILOT_REASON_NOT_IN_THIS_VERSION) && strstr(answer.row[0].detail, "at most"),
       "more than 64 coefficients are refused, with the bound (%s)", answer.row[0].detail);
    ok(find(answer.row, answer.rows, "group", "text2", "l7")->k == 2, "the groups stand");
    free(answer.row);
}

int main(void)
{
    gsl_set_error_handler_off();
    test_order();
    test_units(1e9);
    test_units(1e-9);
    test_duplicates();
    test_few();
    test_collinear();
    test_missing();
    test_equal();
    test_many_levels();
    return tap_done();
}
