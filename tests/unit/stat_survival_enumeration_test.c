/* Durations under every assignment: the log-rank test's mean and variance where treatment does
 * nothing, and rmst's where nothing is censored. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>

#include "../harness/durations.h"
#include "../harness/tap.h"

#define UNITS 10

/* Times with ties, some censored. */
static const double time_of[UNITS] = {2, 2, 3, 5, 5, 5, 7, 8, 8, 11};
static const unsigned event_of[UNITS] = {1, 0, 1, 1, 1, 0, 1, 1, 0, 1};
static const unsigned block_of[UNITS] = {0, 1, 0, 1, 1, 0, 0, 1, 0, 1};
/* What treatment adds, for rmst. */
static const double gain_of[UNITS] = {1, 0, 4, -1, 2, 2, 0, 3, -2, 1};

/* Four of ten are treated; with blocks two of five in each. */
static bool is_assignment(unsigned treated, bool blocked)
{
    unsigned count[2] = {0, 0};
    for (unsigned i = 0; i < UNITS; i++)
        count[block_of[i]] += treated >> i & 1;
    return count[0] + count[1] == 4 && (!blocked || count[0] == 2);
}

static rows_t *assigned(unsigned treated, bool blocked, bool effects)
{
    rows_t *rows = rows_new(blocked ? BLOCKED : PLAIN);
    for (unsigned block = 0; block < 2; block++)
        for (unsigned i = 0; i < UNITS; i++) {
            unsigned arm = treated >> i & 1;
            double time = time_of[i] + (effects && arm ? gain_of[i] : 0);
            if (block_of[i] == block)
                add(rows, block, 0, arm, 1, time, effects || event_of[i]);
        }
    return rows;
}

static void test_log_rank(bool blocked)
{
    double sum = 0, squares = 0, variance = 0, assignments = 0;
    for (unsigned treated = 0; treated < 1u << UNITS; treated++) {
        rows_t *rows;
        pilot_estimate_t row;
        double information;
        if (!is_assignment(treated, blocked))
            continue;
        rows = assigned(treated, blocked, false);
        row = run(pilot_log_rank_estimate, rows, 0);
        information = 1 / (row.std_error.value * row.std_error.value);
        sum += row.estimate.value * information;
        squares += row.estimate.value * information * row.estimate.value * information;
        variance += information;
        assignments++;
        free(rows);
    }
    ok(assignments == (blocked ? 100 : 210), "log_rank: all assignments");
    ok(fabs(sum / assignments) < 1e-13, "log_rank%s: O - E is 0 on average",
       blocked ? ", blocked" : "");
    is_close(variance / assignments, squares / assignments, 1e-12,
             "log_rank%s: its variance is V on average", blocked ? ", blocked" : "");
}

static void test_rmst(void)
{
    double sum = 0, squares = 0, variance = 0, assignments = 0, effect = 0;
    for (unsigned treated = 0; treated < 1u << UNITS; treated++) {
        rows_t *rows;
        pilot_estimate_t row;
        if (!is_assignment(treated, true))
            continue;
        rows = assigned(treated, true, true);
        row = run(pilot_rmst_estimate, rows, 100);
        sum += row.estimate.value;
        squares += row.estimate.value * row.estimate.value;
        variance += row.std_error.value * row.std_error.value;
        assignments++;
        free(rows);
    }
    for (unsigned i = 0; i < UNITS; i++)
        effect += gain_of[i] / UNITS;
    sum /= assignments;
    is_close(sum, effect, 1e-12, "rmst, blocked: the effect on average");
    ok(variance / assignments >= squares / assignments - sum * sum,
       "rmst, blocked: the variance is not below the true one");
}

int main(void)
{
    gsl_set_error_handler_off();
    test_log_rank(false);
    test_log_rank(true);
    test_rmst();
    return tap_done();
}
