/* Ranks of agencies: against direct integration in R (tests/golden/ranks/make_ranks.R), hand
 * examples, what must not change them, and how often the sets hold the true ranks. */
#include "pilot/agency_ranks.h"

#include <float.h>
#include <string.h>

#include "../../lib/stat/rank_critical.h"
#include "../harness/made_agencies.h"
#include "../harness/table.h"
#include "../harness/tap.h"

static made_agencies_t made;
static pilot_agency_rank_t rank[MOST_AGENCIES], other[MOST_AGENCIES];

static void rank_all(bool lower_is_better, pilot_agency_rank_t *ret)
{
    pilot_agency_ranks(made.estimate, made.std_error, made.k, lower_is_better, 0.95, ret);
}

static void set(size_t k, const double *estimate, const double *std_error)
{
    made.k = k;
    for (size_t i = 0; i < k; i++) {
        made.estimate[i] = PILOT_GIVEN(estimate[i]);
        made.std_error[i] = PILOT_GIVEN(std_error[i]);
    }
}

static bool same_number(pilot_number_t a, pilot_number_t b)
{
    return a.given == b.given && (!a.given || a.value == b.value);
}

static bool same_rank(const pilot_agency_rank_t *a, const pilot_agency_rank_t *b)
{
    return same_number(a->rank, b->rank) && same_number(a->low, b->low) &&
           same_number(a->high, b->high) && same_number(a->simultaneous_low, b->simultaneous_low) &&
           same_number(a->simultaneous_high, b->simultaneous_high);
}

static bool is_set(const pilot_agency_rank_t *got, double low, double high)
{
    return got->low.given && got->low.value == low && got->high.value == high;
}

static bool is_simultaneous(const pilot_agency_rank_t *got, double low, double high)
{
    return got->simultaneous_low.given && got->simultaneous_low.value == low &&
           got->simultaneous_high.value == high;
}

/* ---- golden ---------------------------------------------------------------------------------- */

static double cell(const table_t *table, size_t row, const char *column)
{
    return strtod(table_get(table, row, column), NULL);
}

static size_t load(const table_t *sets, size_t first)
{
    const char *name = table_get(sets, first, "dataset");
    made.k = 0;
    for (size_t i = first; i < sets->rows && strcmp(table_get(sets, i, "dataset"), name) == 0;
         i++) {
        made.estimate[made.k] = PILOT_GIVEN(cell(sets, i, "estimate"));
        made.std_error[made.k++] = PILOT_GIVEN(cell(sets, i, "std_error"));
    }
    return first + made.k;
}

static void test_sets_of(const table_t *sets, size_t first)
{
    bool good = true;
    rank_all(cell(sets, first, "lower_is_better") > 0, rank);
    for (size_t i = 0; i < made.k; i++) {
        size_t row = first + i;
        good &= rank[i].rank.value == cell(sets, row, "rank") &&
                is_set(&rank[i], cell(sets, row, "low"), cell(sets, row, "high")) &&
                is_simultaneous(&rank[i], cell(sets, row, "simultaneous_low"),
                                cell(sets, row, "simultaneous_high"));
    }
    ok(good, "%s: ranks and both sets are those of direct integration",
       table_get(sets, first, "dataset"));
}

typedef struct problem {
    rank_table_t *table;
    rank_counts_t both;
} problem_t;

static double tail_at(void *context, size_t node)
{
    problem_t *problem = context;
    return rank_tail(problem->table, (rank_rivals_t){.both = problem->both}, node);
}

static double critical_value(size_t j)
{
    static problem_t problem;
    double c;
    problem = (problem_t){.table = rank_table_new()};
    for (size_t i = 0; i < made.k; i++)
        if (i != j)
            rank_count(problem.both,
                       log(made.std_error[i].value / made.std_error[j].value) / RANK_RATIO_STEP);
    c = rank_solve(tail_at, &problem, 0.05, 3);
    rank_table_free(problem.table);
    return c;
}

static void test_critical_of(const table_t *critical, const char *name)
{
    double worst = 0;
    for (size_t i = 0; i < critical->rows; i++) {
        size_t j = (size_t)cell(critical, i, "agency");
        if (strcmp(table_get(critical, i, "dataset"), name) == 0 && j > 0 &&
            cell(critical, i, "step") == 1)
            worst = fmax(worst, fabs(critical_value(j - 1) - cell(critical, i, "c")));
    }
    ok(worst < 1e-3, "%s: critical values are those of direct integration (worst: %.1e)", name,
       worst);
}

static void test_golden(void)
{
    table_t sets = table_read("tests/golden/ranks/sets.csv");
    table_t critical = table_read("tests/golden/ranks/critical.csv");
    for (size_t first = 0, next; first < sets.rows; first = next) {
        next = load(&sets, first);
        test_sets_of(&sets, first);
        test_critical_of(&critical, table_get(&sets, first, "dataset"));
    }
    table_free(&sets);
    table_free(&critical);
}

static void test_range(void)
{
    /* R: qtukey(.95, k, Inf) / sqrt(2) */
    is_close(rank_range_critical(2, 0.05), 1.9599639845400536, 1e-9, "two: the normal's");
    is_close(rank_range_critical(10, 0.05), 3.1636836, 1e-7, "ten: the range's quantile");
}

/* ---- by hand --------------------------------------------------------------------------------- */

static void test_two(void)
{
    set(2, (double[]){0, 1.95}, (double[]){0.6, 0.8});
    rank_all(false, rank);
    ok(is_set(&rank[0], 1, 2) && is_set(&rank[1], 1, 2) && rank[0].rank.value == 2,
       "two agencies 1.95 standard errors apart: either may be first");
    set(2, (double[]){0, 1.97}, (double[]){0.6, 0.8});
    rank_all(false, rank);
    ok(is_set(&rank[0], 2, 2) && is_set(&rank[1], 1, 1) && is_simultaneous(&rank[0], 2, 2) &&
           is_simultaneous(&rank[1], 1, 1),
       "two agencies 1.97 standard errors apart: ordered");
    rank_all(true, rank);
    ok(is_set(&rank[0], 1, 1) && is_set(&rank[1], 2, 2), "lower is better: the other way round");
}

static void test_step_down(void)
{
    double apart = 2.17 * sqrt(2);
    set(3, (double[]){apart / 2, apart, 0}, (double[]){1, 1, 1});
    rank_all(false, rank);
    ok(rank[1].high.value == 3, "2.17 standard errors are too few against two open rivals");
    set(3, (double[]){100, apart, 0}, (double[]){1, 1, 1});
    rank_all(false, rank);
    ok(is_set(&rank[1], 2, 2), "they are enough once one rival is decided: the set steps down");
}

static void test_few(void)
{
    set(3, (double[]){1, 2, 3}, (double[]){1, 0, 1});
    made.estimate[2] = PILOT_ABSENT;
    rank[0].rank = PILOT_GIVEN(-1);
    pilot_agency_ranks(made.estimate, made.std_error, 0, false, 0.95, rank);
    ok(rank[0].rank.value == -1, "no agency: nothing is written");
    rank_all(false, rank);
    ok(rank[0].rank.value == 1 && is_set(&rank[0], 1, 1) && is_simultaneous(&rank[0], 1, 1),
       "one agency that takes part is first");
    ok(!rank[1].rank.given && !rank[1].low.given && !rank[2].rank.given &&
           !rank[2].simultaneous_high.given,
       "without an estimate or a positive standard error there is no rank");
    made.std_error[0] = PILOT_GIVEN(1e-300);
    rank_all(false, rank);
    ok(!rank[0].rank.given, "a standard error whose square is 0 is none");
}

static void test_ties(void)
{
    set(5, (double[]){3, 7, 3, 3, 7}, (double[]){0.1, 0.1, 0.1, 0.2, 0.1});
    rank_all(false, rank);
    ok(rank[1].rank.value == 1.5 && rank[4].rank.value == 1.5 && rank[0].rank.value == 4 &&
           rank[2].rank.value == 4 && rank[3].rank.value == 4,
       "equal estimates share the mean of their ranks");
    ok(is_set(&rank[1], 1, 2) && is_set(&rank[4], 1, 2) && is_set(&rank[3], 3, 5),
       "the sets hold all ranks that equals can have");
    set(4, (double[]){2, 2, 2, 2}, (double[]){1, 0.1, 3, 1e-6});
    rank_all(false, rank);
    bool all = true;
    for (size_t i = 0; i < 4; i++)
        all &=
            rank[i].rank.value == 2.5 && is_set(&rank[i], 1, 4) && is_simultaneous(&rank[i], 1, 4);
    ok(all, "all equal: any rank for each");
}

static void test_extreme_errors(void)
{
    set(4, (double[]){1, 2, 3, 2.5}, (double[]){1e-3, 1e-3, 1e-3, 1e6});
    rank_all(false, rank);
    ok(is_set(&rank[3], 1, 4), "an agency that is not known at all may have any rank");
    ok(is_set(&rank[0], 3, 4) && is_set(&rank[1], 2, 3) && is_set(&rank[2], 1, 2),
       "and shifts the others by at most one");
    set(3, (double[]){1e-140, 0, 1}, (double[]){1e-150, 1e-150, 1e100});
    rank_all(false, rank);
    ok(is_set(&rank[2], 1, 3) && rank[0].low.value == 1 && rank[0].high.value == 2 &&
           rank[1].low.value == 2,
       "standard errors 250 powers of ten apart: numbers hold");
}

/* ---- what must not change them --------------------------------------------------------------- */

static void make(size_t k, double spread, double uneven, gsl_rng *random)
{
    made.k = k;
    for (size_t i = 0; i < k; i++)
        made.effect[i] = gsl_ran_gaussian(random, spread);
    made_std_errors(&made, 1, uneven, random);
    made_estimates(&made, random);
}

static bool same_all(void)
{
    bool same = true;
    for (size_t i = 0; i < made.k; i++)
        same &= same_rank(&rank[i], &other[i]);
    return same;
}

static void test_order(gsl_rng *random)
{
    size_t place[300];
    pilot_number_t estimate[300], std_error[300];
    bool same = true;
    make(300, 2, 0.6, random);
    for (size_t i = 0; i < made.k; i++)
        place[i] = i;
    rank_all(false, rank);
    gsl_ran_shuffle(random, place, made.k, sizeof *place);
    for (size_t i = 0; i < made.k; i++) {
        estimate[i] = made.estimate[place[i]];
        std_error[i] = made.std_error[place[i]];
    }
    pilot_agency_ranks(estimate, std_error, made.k, false, 0.95, other);
    for (size_t i = 0; i < made.k; i++)
        same &= same_rank(&rank[place[i]], &other[i]);
    ok(same, "the order of agencies does not matter");
}

static void test_units(gsl_rng *random)
{
    static made_agencies_t kept;
    make(60, 2, 0.6, random);
    rank_all(false, rank);
    kept = made;
    for (double unit = 1e-9; unit < 1e10; unit *= 1e9) {
        for (size_t i = 0; i < made.k; i++) {
            made.estimate[i].value = kept.estimate[i].value * unit;
            made.std_error[i].value = kept.std_error[i].value * unit;
        }
        rank_all(false, other);
        ok(same_all(), "the outcome's unit does not matter: x %g", unit);
    }
    made = kept;
    for (size_t i = 0; i < made.k; i++)
        made.estimate[i].value = -made.estimate[i].value;
    rank_all(true, other);
    ok(same_all(), "turned over, with lower_is_better: the same");
    rank_all(false, other);
    bool mirrored = true;
    for (size_t i = 0; i < made.k; i++) {
        double turn = (double)made.k + 1;
        mirrored &= rank[i].rank.value == turn - other[i].rank.value &&
                    is_set(&rank[i], turn - other[i].high.value, turn - other[i].low.value) &&
                    is_simultaneous(&rank[i], turn - other[i].simultaneous_high.value,
                                    turn - other[i].simultaneous_low.value);
    }
    ok(mirrored, "turned over: ranks from the other end");
}

static void test_nested(gsl_rng *random)
{
    bool nested = true, hold_rank = true;
    for (int i = 0; i < 40; i++) {
        make(i == 0 ? MOST_AGENCIES : 2 + gsl_rng_uniform_int(random, 60),
             exp(gsl_ran_gaussian(random, 2)), 0.8, random);
        rank_all(false, rank);
        for (size_t j = 0; j < made.k; j++) {
            nested &= rank[j].simultaneous_low.value <= rank[j].low.value &&
                      rank[j].high.value <= rank[j].simultaneous_high.value;
            hold_rank &=
                rank[j].low.value <= rank[j].rank.value && rank[j].rank.value <= rank[j].high.value;
        }
    }
    ok(nested, "simultaneous sets hold the marginal ones, up to 2,000 agencies");
    ok(hold_rank, "sets hold the estimate's rank");
}

/* ---- coverage; tests/coverage has more ------------------------------------------------------- */

/* Ranks that equals may have: from 1 + how many are better to k - how many are worse. */
static bool holds(size_t j, double low, double high)
{
    size_t better = 0, worse = 0;
    for (size_t i = 0; i < made.k; i++) {
        better += made.effect[i] > made.effect[j];
        worse += made.effect[i] < made.effect[j];
    }
    return low <= 1 + (double)better && (double)(made.k - worse) <= high;
}

static void test_coverage(const char *name, double spread, size_t equal, gsl_rng *random)
{
    const int repetitions = 600;
    size_t own[8] = {0}, all = 0, least = (size_t)repetitions;
    /* Three and a half Monte-Carlo standard errors. */
    double allowed = 0.95 - 3.5 * sqrt(0.95 * 0.05 / repetitions);
    made.k = 8;
    made_std_errors(&made, 1, 0.7, random);
    for (size_t i = 0; i < made.k; i++)
        made.effect[i] = i < equal ? 0 : spread * (double)(i / 2);
    for (int r = 0; r < repetitions; r++) {
        bool every = true;
        made_estimates(&made, random);
        rank_all(false, rank);
        for (size_t j = 0; j < made.k; j++) {
            own[j] += holds(j, rank[j].low.value, rank[j].high.value);
            every &= holds(j, rank[j].simultaneous_low.value, rank[j].simultaneous_high.value);
        }
        all += every;
    }
    for (size_t j = 0; j < made.k; j++)
        least = own[j] < least ? own[j] : least;
    ok((double)least / repetitions >= allowed, "%s: each marginal set holds in 95 %% (least: %.3f)",
       name, (double)least / repetitions);
    ok((double)all / repetitions >= allowed, "%s: all simultaneous sets hold in 95 %% (%.3f)", name,
       (double)all / repetitions);
}

int main(void)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(random, 1985);
    test_golden();
    test_range();
    test_two();
    test_step_down();
    test_few();
    test_ties();
    test_extreme_errors();
    test_order(random);
    test_units(random);
    test_nested(random);
    test_coverage("no differences", 0, 8, random);
    test_coverage("half are equal", 2, 4, random);
    test_coverage("pairs of equals, far apart", 8, 0, random);
    gsl_rng_free(random);
    return tap_done();
}
