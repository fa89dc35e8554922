/* agencies.c - see agencies.h. */
#include "agencies.h"

#include <stdio.h>
#include <string.h>

#include "../harness/made_agencies.h"
#include "pilot/agency_distribution.h"
#include "pilot/agency_ranks.h"

static made_agencies_t made;

/* ---- ranks ----------------------------------------------------------------------------------- */

typedef struct rank_design {
    const char *name;
    size_t k, alike; /* effects come in groups of so many equals */
    double spread;   /* of effects, over a typical standard error */
    double uneven;   /* log standard deviation of the standard errors */
    double df;       /* of estimated standard errors; 0: known */
} rank_design_t;

static const rank_design_t rank_designs[] = {
    {.name = "2, equal", .k = 2, .alike = 2},
    {.name = "5, equal", .k = 5, .alike = 5, .uneven = 0.5},
    {.name = "5, spread", .k = 5, .alike = 1, .spread = 2, .uneven = 0.5},
    {.name = "20, equal", .k = 20, .alike = 20},
    {.name = "20, equal, uneven", .k = 20, .alike = 20, .uneven = 1},
    {.name = "20, spread", .k = 20, .alike = 1, .spread = 2, .uneven = 0.5},
    {.name = "20, pairs of equals, far apart", .k = 20, .alike = 2, .spread = 30, .uneven = 0.5},
    {.name = "20, halves of equals", .k = 20, .alike = 10, .spread = 5, .uneven = 0.5},
    {.name = "79, equal, uneven", .k = 79, .alike = 79, .uneven = 0.5},
    {.name = "79, spread", .k = 79, .alike = 1, .spread = 2, .uneven = 0.5},
    {.name = "20, equal, standard errors with 20 df", .k = 20, .alike = 20, .df = 20},
    {.name = "20, equal, standard errors with 100 df", .k = 20, .alike = 20, .df = 100},
};

static void make_effects(const rank_design_t *design, gsl_rng *random)
{
    made.k = design->k;
    for (size_t i = 0; i < made.k; i++)
        made.effect[i] =
            i % design->alike == 0 ? gsl_ran_gaussian(random, design->spread) : made.effect[i - 1];
}

/* Any rank that equals may have. */
static void true_ranks(size_t j, double *ret_low, double *ret_high)
{
    size_t better = 0, worse = 0;
    for (size_t i = 0; i < made.k; i++) {
        better += made.effect[i] > made.effect[j];
        worse += made.effect[i] < made.effect[j];
    }
    *ret_low = 1 + (double)better;
    *ret_high = (double)(made.k - worse);
}

typedef struct rank_tally {
    double own[MOST_AGENCIES], all, width, width_all;
} rank_tally_t;

static void count_ranks(const pilot_agency_rank_t *rank, rank_tally_t *tally)
{
    bool every = true;
    for (size_t j = 0; j < made.k; j++) {
        double low, high;
        true_ranks(j, &low, &high);
        tally->own[j] += rank[j].low.value <= low && high <= rank[j].high.value;
        every &= rank[j].simultaneous_low.value <= low && high <= rank[j].simultaneous_high.value;
        tally->width += (rank[j].high.value - rank[j].low.value + 1) / (double)made.k;
        tally->width_all +=
            (rank[j].simultaneous_high.value - rank[j].simultaneous_low.value + 1) / (double)made.k;
    }
    tally->all += every;
}

static void print_rank_row(const rank_design_t *design, size_t repetitions, gsl_rng *random)
{
    static pilot_agency_rank_t rank[MOST_AGENCIES];
    static rank_tally_t tally;
    double mean = 0, least = 1, n = (double)repetitions;
    memset(&tally, 0, sizeof tally);
    make_effects(design, random);
    for (size_t r = 0; r < repetitions; r++) {
        made_std_errors(&made, 1, design->uneven, random);
        made_estimates(&made, random);
        for (size_t i = 0; design->df > 0 && i < made.k; i++)
            made.std_error[i].value *= sqrt(gsl_ran_chisq(random, design->df) / design->df);
        pilot_agency_ranks(made.estimate, made.std_error, made.k, false, 0.95, rank);
        count_ranks(rank, &tally);
    }
    for (size_t j = 0; j < made.k; j++) {
        mean += tally.own[j] / n / (double)made.k;
        least = fmin(least, tally.own[j] / n);
    }
    printf("| %s | %.1f | %.1f | %.1f | %.2f | %.2f |\n", design->name, 100 * mean, 100 * least,
           100 * tally.all / n, tally.width / n / (double)made.k,
           tally.width_all / n / (double)made.k);
    fflush(stdout);
}

void print_rank_table(size_t repetitions, unsigned long seed)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(random, seed);
    printf("\n### Ranks\n\n| agencies | marginal | of the agency with the least | simultaneous | "
           "width | simultaneous width |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rank_designs / sizeof *rank_designs; i++)
        print_rank_row(&rank_designs[i], repetitions, random);
    gsl_rng_free(random);
}

/* ---- shares ---------------------------------------------------------------------------------- */

/* Standard errors have a geometric mean of 0.3 and a log standard deviation of 0.5; the smallest
 * effect is LIMIT. */
#define LIMIT 0.2
#define PEOPLE 1000000

typedef double draw_effect_t(gsl_rng *random);

static double normal(gsl_rng *random)
{
    return 0.3 + gsl_ran_gaussian(random, 0.5);
}

static double two_kinds(gsl_rng *random)
{
    return gsl_rng_uniform(random) < 0.3 ? -0.5 : 0.8;
}

static double one(gsl_rng *random)
{
    (void)random;
    return 0.3;
}

static double one_at_limit(gsl_rng *random)
{
    (void)random;
    return LIMIT;
}

static double half_nothing(gsl_rng *random)
{
    return gsl_rng_uniform(random) < 0.5 ? 0 : gsl_ran_exponential(random, 0.6);
}

static double wide(gsl_rng *random)
{
    return 0.3 + gsl_ran_gaussian(random, 3);
}

static const struct {
    const char *name;
    draw_effect_t *draw;
} shape[] = {
    {"normal", normal},
    {"two kinds", two_kinds},
    {"one effect", one},
    {"one, at the limit", one_at_limit},
    {"half nothing", half_nothing},
    {"wide", wide},
};

static pilot_share_kind_t kind_of(double effect)
{
    return effect < -LIMIT  ? PILOT_SHARE_HARM
           : effect > LIMIT ? PILOT_SHARE_BENEFIT
                            : PILOT_SHARE_NONE;
}

typedef struct share_tally {
    double truth[PILOT_SHARES], held[PILOT_SHARES], width[PILOT_SHARES], miss[PILOT_SHARES];
    size_t intervals;
} share_tally_t;

static void count_shares(const pilot_share_t *share, share_tally_t *tally)
{
    tally->intervals += share[0].ci_low.given;
    for (size_t i = 0; i < PILOT_SHARES; i++) {
        double truth = tally->truth[i], miss = share[i].share.value - truth;
        tally->miss[i] += miss * miss;
        if (!share[i].ci_low.given)
            continue;
        /* Ends at 0 or 1 are so up to rounding. */
        tally->held[i] +=
            share[i].ci_low.value <= truth + 1e-5 && truth - 1e-5 <= share[i].ci_high.value;
        tally->width[i] += share[i].ci_high.value - share[i].ci_low.value;
    }
}

static void print_share_row(size_t which, size_t k, size_t repetitions, gsl_rng *random)
{
    const pilot_agency_distribution_options_t options = {.smallest_effect = LIMIT,
                                                         .confidence = 0.95};
    share_tally_t tally = {0};
    for (size_t i = 0; i < PEOPLE; i++)
        tally.truth[kind_of(shape[which].draw(random))] += 1.0 / PEOPLE;
    made.k = k;
    for (size_t r = 0; r < repetitions; r++) {
        pilot_share_t share[PILOT_SHARES];
        for (size_t i = 0; i < k; i++)
            made.effect[i] = shape[which].draw(random);
        made_std_errors(&made, 0.3, 0.5, random);
        made_estimates(&made, random);
        pilot_agency_distribution(made.estimate, made.std_error, k, &options, share);
        count_shares(share, &tally);
    }
    double n = (double)repetitions, given = tally.intervals > 0 ? (double)tally.intervals : 1;
    printf("| %s, %zu |", shape[which].name, k);
    for (size_t i = 0; i < PILOT_SHARES; i++)
        printf(" %.0f %% |", 100 * tally.truth[i]);
    for (size_t i = 0; i < PILOT_SHARES; i++)
        printf(" %.1f |", 100 * tally.held[i] / given);
    for (size_t i = 0; i < PILOT_SHARES; i++)
        printf(" %.2f |", tally.width[i] / given);
    for (size_t i = 0; i < PILOT_SHARES; i++)
        printf(" %.2f |", sqrt(tally.miss[i] / n));
    printf(" %.2f |\n", 100 * (n - (double)tally.intervals) / n);
    fflush(stdout);
}

void print_share_table(size_t repetitions, unsigned long seed)
{
    static const size_t k[] = {20, 100, 1000};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(random, seed);
    printf(
        "\n### Shares of harm (h), none (n) and benefit (b)\n\n| effects, agencies | true h | n | "
        "b | held h | n | b | width h | n | b | error h | n | b | no interval |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        for (size_t j = 0; j < 3; j++)
            print_share_row(i, k[j], k[j] < 1000 ? repetitions : (repetitions + 3) / 4, random);
    gsl_rng_free(random);
}
