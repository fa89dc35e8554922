/* agency_figures.c - 2,000 agencies compared in one effect, on one core: ranks with their sets, and
 * shares with their intervals.  One line a figure: name, figure, unit, goal, met|missed;
 * tab-separated. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "pilot/agency_distribution.h"
#include "pilot/agency_ranks.h"

#define AGENCIES 2000
#define ROUNDS 5

static pilot_number_t estimate[AGENCIES], std_error[AGENCIES];
static uint64_t state = 1;

static double uniform(void)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (double)(state >> 11) / 9007199254740992.0;
}

static double normal(void)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += uniform();
    return sum;
}

/* Standard errors around 1; effects with this standard deviation. */
static void make(double spread)
{
    for (size_t i = 0; i < AGENCIES; i++) {
        std_error[i] = PILOT_GIVEN(exp(0.5 * normal()));
        estimate[i] = PILOT_GIVEN(spread * normal() + std_error[i].value * normal());
    }
}

static void rank_once(void)
{
    static pilot_agency_rank_t rank[AGENCIES];
    pilot_agency_ranks(estimate, std_error, AGENCIES, false, 0.95, rank);
}

static void share_once(void)
{
    pilot_share_t share[PILOT_SHARES];
    const pilot_agency_distribution_options_t options = {.smallest_effect = 0.5,
                                                         .confidence = 0.95};
    pilot_agency_distribution(estimate, std_error, AGENCIES, &options, share);
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

/* Processor time of the fastest of some rounds. */
static void report(const char *name, void (*once)(void), double goal)
{
    double best = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now();
        once();
        best = fmin(best, now() - begin);
    }
    printf("%s\t%.0f\tms\t%.0f\t%s\n", name, best, goal, best <= goal ? "met" : "missed");
}

int main(void)
{
    make(1);
    report("ranks of 2,000 agencies", rank_once, 250);
    report("shares of 2,000 agencies", share_once, 150);
    make(10);
    report("ranks of 2,000 agencies far apart", rank_once, 350);
    report("shares of 2,000 agencies far apart", share_once, 150);
    return 0;
}
