/* Durations: what must not matter, and what reduces to what. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/durations.h"
#include "../harness/tap.h"
#include "pilot/dim.h"

static pilot_contrast_estimator_t *const both[] = {pilot_rmst_estimate, pilot_log_rank_estimate};

static void test_swap(unsigned design)
{
    bool same = true;
    for (unsigned seed = 0; seed < 500; seed++) {
        rows_t *rows = random_rows(design, seed, 0.2);
        for (size_t e = 0; e < 2; e++) {
            pilot_estimate_t before = run(both[e], rows, 0), after;
            for (size_t i = 0; i < rows->sample.n; i++)
                rows->treated[i] = !rows->treated[i];
            after = run(both[e], rows, 0);
            same &=
                before.estimate.given && near(after.estimate.value, -before.estimate.value, 1e-12);
            same &= near(after.std_error.value, before.std_error.value, 1e-12);
        }
        free(rows);
    }
    ok(same, "design %u: swapped arms flip the sign", design);
}

static void test_scale(unsigned design, double factor)
{
    bool same = true;
    for (unsigned seed = 0; seed < 300; seed++) {
        rows_t *rows = random_rows(design, seed, 0.2);
        pilot_estimate_t rmst = run(pilot_rmst_estimate, rows, 8), scaled;
        pilot_estimate_t log_rank = run(pilot_log_rank_estimate, rows, 0);
        for (size_t i = 0; i < rows->sample.n; i++)
            rows->time[i] *= factor;
        scaled = run(pilot_rmst_estimate, rows, 8 * factor);
        same &= near(scaled.estimate.value, factor * rmst.estimate.value, 1e-10);
        same &= near(scaled.std_error.value, factor * rmst.std_error.value, 1e-10);
        scaled = run(pilot_log_rank_estimate, rows, 0);
        same &= scaled.estimate.value == log_rank.estimate.value &&
                scaled.std_error.value == log_rank.std_error.value;
        free(rows);
    }
    ok(same, "design %u: times x %g scale rmst and leave log_rank", design, factor);
}

/* Whole times far from 0 lose nothing. */
static void test_origin(void)
{
    bool same = true;
    for (unsigned seed = 0; seed < 300; seed++) {
        rows_t *rows = random_rows(PLAIN, seed, 0.2);
        pilot_estimate_t here = run(pilot_rmst_estimate, rows, 8), far;
        for (size_t i = 0; i < rows->sample.n; i++)
            rows->time[i] += 1e9;
        far = run(pilot_rmst_estimate, rows, 1e9 + 8);
        same &= far.estimate.value == here.estimate.value &&
                far.std_error.value == here.std_error.value;
        free(rows);
    }
    ok(same, "times + 1e9 give the same bits");
}

/* Rows the other way round, within their blocks. */
static rows_t *reversed(const rows_t *rows, unsigned design)
{
    rows_t *back = rows_new(design);
    size_t n = rows->sample.n;
    for (unsigned block = 0; block < 4; block++)
        for (size_t i = n; i-- > 0;)
            if (rows->block[i] == block)
                add(back, block, rows->cluster[i], rows->treated[i], rows->weight[i], rows->time[i],
                    rows->event[i]);
    return back;
}

static void test_order(unsigned design)
{
    bool same = true;
    for (unsigned seed = 0; seed < 300; seed++) {
        rows_t *rows = random_rows(design, seed, 0.2), *back = reversed(rows, design);
        for (size_t e = 0; e < 2; e++) {
            pilot_estimate_t one = run(both[e], rows, 0), two = run(both[e], back, 0);
            same &= near(two.estimate.value, one.estimate.value, 1e-12) &&
                    near(two.std_error.value, one.std_error.value, 1e-12);
            if (design == PLAIN)
                same &= two.estimate.value == one.estimate.value;
        }
        free(rows);
        free(back);
    }
    ok(same, "design %u: the order of rows does not matter", design);
}

/* Every row twice, the two in one cluster: as with the row alone in it. */
static void test_duplicates(void)
{
    bool same = true, larger = true;
    for (unsigned seed = 0; seed < 300; seed++) {
        rows_t *rows = random_rows(PLAIN, seed, 0.2), *twice = rows_new(CLUSTERED);
        rows_t *once = rows_new(CLUSTERED);
        pilot_estimate_t plain = run(pilot_rmst_estimate, rows, 0), one, two;
        for (unsigned i = 0; i < 2 * rows->sample.n; i++)
            add(twice, 0, i / 2, rows->treated[i / 2], 1, rows->time[i / 2], rows->event[i / 2]);
        for (unsigned i = 0; i < rows->sample.n; i++)
            add(once, 0, i, rows->treated[i], 1, rows->time[i], rows->event[i]);
        one = run(pilot_rmst_estimate, once, 0);
        two = run(pilot_rmst_estimate, twice, 0);
        same &= near(two.estimate.value, one.estimate.value, 1e-12) &&
                near(two.std_error.value, one.std_error.value, 1e-11);
        larger &= one.std_error.value > plain.std_error.value;
        free(rows);
        free(twice);
        free(once);
    }
    ok(same, "rows that come twice in a cluster count as one");
    ok(larger, "clusters have the factor n/(n - 1) also without blocks");
}

/* Equal weights and clusters of one row are no weights and no clusters. */
static void test_equal_weights(void)
{
    bool same = true, test = true;
    for (unsigned seed = 0; seed < 300; seed++) {
        rows_t *plain = random_rows(BLOCKED, seed, 0.2), *weighted = rows_new(7);
        pilot_estimate_t one = run(pilot_rmst_estimate, plain, 0), two;
        for (unsigned i = 0; i < plain->sample.n; i++)
            add(weighted, plain->block[i], i, plain->treated[i], 3, plain->time[i],
                plain->event[i]);
        two = run(pilot_rmst_estimate, weighted, 0);
        same &= near(two.estimate.value, one.estimate.value, 1e-12) &&
                near(two.std_error.value, one.std_error.value, 1e-11) &&
                one.std_error_type == PILOT_SE_GREENWOOD &&
                two.std_error_type == PILOT_SE_LINEARIZED;
        one = run(pilot_log_rank_estimate, plain, 0);
        two = run(pilot_log_rank_estimate, weighted, 0);
        test &= near(two.estimate.value, one.estimate.value, 1e-12);
        free(plain);
        free(weighted);
    }
    ok(same, "rmst: equal weights and clusters of one row change nothing: Greenwood is the sum of "
             "squared influences");
    ok(test, "log_rank: equal weights leave the estimate");
}

/* One block is none. */
static void test_one_block(unsigned design)
{
    bool same = true;
    for (unsigned seed = 0; seed < 200; seed++) {
        rows_t *rows = random_rows(design, seed, 0.2), *blocked = rows_new(design | BLOCKED);
        for (size_t i = 0; i < rows->sample.n; i++)
            add(blocked, 0, rows->cluster[i], rows->treated[i], rows->weight[i], rows->time[i],
                rows->event[i]);
        for (size_t e = 0; e < 2; e++) {
            pilot_estimate_t one = run(both[e], rows, 0), two = run(both[e], blocked, 0);
            same &= one.estimate.value == two.estimate.value &&
                    one.std_error.value == two.std_error.value && two.blocks == 1;
        }
        free(rows);
        free(blocked);
    }
    ok(same, "design %u: one block gives the bits of none", design);
}

/* Mean of an arm's times, and the sum of squares about it over n squared: Neyman's variance with n
 * in place of n - 1. */
static double arm_mean(const rows_t *rows, unsigned arm, double *ret_variance)
{
    double n = 0, mean = 0, squares = 0;
    for (size_t i = 0; i < rows->sample.n; i++)
        if (rows->treated[i] == arm) {
            mean += rows->time[i];
            n++;
        }
    mean /= n;
    for (size_t i = 0; i < rows->sample.n; i++)
        if (rows->treated[i] == arm)
            squares += (rows->time[i] - mean) * (rows->time[i] - mean);
    *ret_variance = squares / (n * n);
    return mean;
}

/* Without censoring restricted means are means. */
static void test_no_censoring(void)
{
    bool same = true;
    for (unsigned seed = 0; seed < 300; seed++) {
        rows_t *rows = random_rows(PLAIN, seed, 0);
        pilot_estimate_t row = run(pilot_rmst_estimate, rows, 1e6);
        double variance[2], control = arm_mean(rows, 0, &variance[0]);
        double treated = arm_mean(rows, 1, &variance[1]);
        same &= row.status == PILOT_ROW_OK && near(row.control_mean.value, control, 1e-12) &&
                fabs(row.estimate.value - (treated - control)) < 1e-11 &&
                near(row.std_error.value, sqrt(variance[0] + variance[1]), 1e-11);
        free(rows);
    }
    ok(same, "without censoring rmst is the difference in means");
}

/* With blocks the standard error is Neyman's then, that of difference_in_means. */
static void test_no_censoring_in_blocks(void)
{
    bool same = true;
    for (unsigned seed = 0; seed < 300; seed++) {
        rows_t *rows = random_rows(BLOCKED, seed, 0);
        uint16_t arm[MOST];
        pilot_frame_t frame = {.rows = rows->sample.n,
                               .arms = 2,
                               .arm = arm,
                               .block = rows->sample.block,
                               .blocks = rows->sample.blocks};
        pilot_variable_t outcome = {rows->time, NULL};
        pilot_dim_summary_t *summary;
        pilot_estimate_t row = run(pilot_rmst_estimate, rows, 1e6), mean;
        for (size_t i = 0; i < frame.rows; i++)
            arm[i] = rows->treated[i];
        summary = pilot_dim_summarize(&frame, &outcome, NULL, 0, false);
        pilot_dim_estimate((const pilot_dim_summary_t *const[]){summary}, 1, 1, 0, 0.95, &mean);
        pilot_dim_summary_free(summary);
        same &= row.status == PILOT_ROW_OK &&
                fabs(row.estimate.value - mean.estimate.value) < 1e-11 &&
                near(row.std_error.value, mean.std_error.value, 1e-11);
        free(rows);
    }
    ok(same, "without censoring rmst in blocks is difference_in_means, standard error too");
}

/* Blocks of two clusters, no effect, strong clusters: the test keeps its size. */
static void test_size(void)
{
    unsigned rejected[2] = {0, 0}, state = 77;
    const unsigned draws = 1000;
    for (unsigned draw = 0; draw < draws; draw++) {
        rows_t *rows = rows_new(BLOCKED | CLUSTERED);
        for (unsigned block = 0; block < 30; block++) {
            unsigned first = uniform(&state) < 0.5;
            for (unsigned cluster = 0; cluster < 2; cluster++) {
                double frailty = exp(1.5 * (uniform(&state) - 0.5));
                for (unsigned i = 0; i < 4; i++)
                    add(rows, block, 2 * block + cluster, cluster == first, 1,
                        -log(uniform(&state)) / frailty, uniform(&state) < 0.9);
            }
        }
        rejected[0] += run(pilot_log_rank_estimate, rows, 0).p_value.value < 0.05;
        free(rows);
        rows = rows_new(BLOCKED);
        for (unsigned i = 0; i < 160; i++)
            add(rows, i / 4, 0, i % 2, 1, -log(uniform(&state)), uniform(&state) < 0.9);
        rejected[1] += run(pilot_rmst_estimate, rows, 0.5).p_value.value < 0.05;
        free(rows);
    }
    ok(rejected[0] > draws / 40 && rejected[0] < draws / 12,
       "log_rank, pairs of clusters: %u of %u tests at 5 %% reject what is true", rejected[0],
       draws);
    ok(rejected[1] > draws / 40 && rejected[1] < draws / 12,
       "rmst, blocks of four: %u of %u tests at 5 %% reject what is true", rejected[1], draws);
}

int main(void)
{
    gsl_set_error_handler_off();
    for (unsigned design = 0; design < 8; design++) {
        test_swap(design);
        test_scale(design, 1e9);
        test_scale(design, 1e-9);
        test_order(design);
    }
    test_origin();
    test_duplicates();
    test_equal_weights();
    test_one_block(PLAIN);
    test_one_block(CLUSTERED);
    test_one_block(WEIGHTED);
    test_no_censoring();
    test_no_censoring_in_blocks();
    test_size();
    return tap_done();
}
