/* Difference in means: what has a reason, and which blocks serve. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/agency.h"
#include "../harness/tap.h"

static void refuses(agency_t *agency, pilot_reason_t reason, bool has_estimate, const char *name)
{
    pilot_estimate_t row = estimate_one(agency);
    is_text(pilot_reason_name(row.reason), pilot_reason_name(reason), "%s: %s", name,
            pilot_reason_name(reason));
    ok(row.status == PILOT_ROW_NOT_ESTIMABLE && row.estimate.given == has_estimate &&
           !row.std_error.given && !row.df.given && !row.p_value.given && !row.ci_low.given &&
           row.std_error_type == PILOT_SE_NONE,
       "%s: %s, and nothing that needs a variance", name,
       has_estimate ? "an estimate" : "no estimate");
    free(agency);
}

static agency_t *fill(unsigned design, size_t arms, size_t rows, const double *value,
                      const unsigned *arm)
{
    agency_t *agency = agency_new(design, arms);
    for (size_t i = 0; i < rows; i++)
        add(agency, (unsigned)i / 2, (unsigned)i / 2, arm[i], 1, value[i]);
    return agency;
}

static void test_no_estimate(void)
{
    const double y[] = {1, 2, 3, 4};
    const double missing[] = {NAN, NAN, NAN, NAN}, half[] = {NAN, 2, NAN, 4};
    agency_t *agency;
    refuses(fill(PLAIN, 3, 4, y, (unsigned[]){2, 2, 2, 2}), PILOT_REASON_NO_UNITS, false,
            "all in a third arm");
    refuses(agency_new(PLAIN, 2), PILOT_REASON_NO_UNITS, false, "no rows");
    refuses(fill(PLAIN, 2, 4, y, (unsigned[]){1, 1, 1, 1}), PILOT_REASON_NO_CONTROL_UNITS, false,
            "all treated");
    refuses(fill(PLAIN, 2, 4, y, (unsigned[]){0, 0, 0, 0}), PILOT_REASON_NO_TREATED_UNITS, false,
            "none treated");
    refuses(fill(PLAIN, 2, 4, missing, (unsigned[]){0, 1, 0, 1}), PILOT_REASON_ALL_MISSING, false,
            "no outcome");
    refuses(fill(PLAIN, 2, 4, half, (unsigned[]){1, 0, 1, 0}), PILOT_REASON_NO_TREATED_UNITS, false,
            "no outcome in the treated arm");
    refuses(fill(BLOCKED, 2, 4, y, (unsigned[]){0, 0, 0, 0}), PILOT_REASON_NO_TREATED_UNITS, false,
            "no block has a treated unit");
    refuses(fill(BLOCKED, 2, 4, y, (unsigned[]){1, 1, 1, 1}), PILOT_REASON_NO_CONTROL_UNITS, false,
            "no block has a control unit");
    refuses(fill(BLOCKED, 2, 4, y, (unsigned[]){1, 1, 0, 0}), PILOT_REASON_NO_TREATED_UNITS, false,
            "every block lacks an arm");
    agency = agency_new(WEIGHTED, 2);
    for (unsigned i = 0; i < 4; i++)
        add(agency, 0, 0, i % 2, 0, i);
    refuses(agency, PILOT_REASON_NO_UNITS, false, "all weights 0");
}

static void test_no_variance(void)
{
    const double y[] = {1, 2, 3, 5, 8, 1};
    const double constant[] = {0.1, 0.3, 0.1, 0.3, 0.1, 0.3};
    const double shifted[] = {1, 3, 2, 4, 5, 7};
    agency_t *agency;
    refuses(fill(PLAIN, 2, 2, y, (unsigned[]){0, 1}), PILOT_REASON_NO_RESIDUAL_DF, true,
            "two units");
    refuses(fill(PLAIN, 2, 4, y, (unsigned[]){0, 1, 0, 0}), PILOT_REASON_SINGLETON_ARM_BLOCK, true,
            "one treated unit");
    refuses(fill(BLOCKED, 2, 2, y, (unsigned[]){0, 1}), PILOT_REASON_NO_RESIDUAL_DF, true,
            "one pair");
    refuses(fill(PLAIN, 2, 6, constant, (unsigned[]){0, 1, 0, 1, 0, 1}),
            PILOT_REASON_CONSTANT_OUTCOME, true, "one value in each arm");
    refuses(fill(WEIGHTED, 2, 6, constant, (unsigned[]){0, 1, 0, 1, 0, 1}),
            PILOT_REASON_CONSTANT_OUTCOME, true, "one value in each arm, weighted");
    refuses(fill(BLOCKED, 2, 6, constant, (unsigned[]){0, 1, 0, 1, 0, 1}),
            PILOT_REASON_CONSTANT_OUTCOME, true, "one value in each arm, pairs");
    refuses(fill(BLOCKED, 2, 6, shifted, (unsigned[]){0, 1, 0, 1, 0, 1}),
            PILOT_REASON_ZERO_VARIANCE, true, "the same effect in every pair");
    refuses(fill(CLUSTERED, 2, 4, y, (unsigned[]){0, 0, 1, 1}), PILOT_REASON_ONE_CLUSTER_PER_ARM,
            true, "a cluster an arm");
    refuses(fill(CLUSTERED, 2, 6, y, (unsigned[]){0, 0, 1, 1, 0, 0}),
            PILOT_REASON_ONE_CLUSTER_PER_ARM, true, "one treated cluster");
    agency = agency_new(BLOCKED, 2);
    add(agency, 0, 0, 0, 1, 1), add(agency, 0, 0, 1, 1, 2);
    add(agency, 1, 0, 0, 1, 1), add(agency, 1, 0, 0, 1, 4), add(agency, 1, 0, 1, 1, 2);
    refuses(agency, PILOT_REASON_SINGLETON_ARM_BLOCK, true, "two small blocks of unequal size");
    agency = agency_new(WEIGHTED, 2);
    for (unsigned i = 0; i < 6; i++)
        add(agency, 0, 0, i % 2, i == 0 ? 1e12 : 1, y[i]);
    refuses(agency, PILOT_REASON_LEVERAGE_ONE, true, "a unit with all the weight");
    agency = agency_new(CLUSTERED, 2);
    for (unsigned i = 0; i < 8; i++)
        add(agency, 0, i / 2, i / 4, 1, i % 2);
    refuses(agency, PILOT_REASON_ZERO_VARIANCE, true, "clusters with equal means");
}

static void test_one_arm_constant(void)
{
    agency_t *agency = agency_new(PLAIN, 2);
    pilot_estimate_t row;
    const double treated[] = {1, 2, 4, 8};
    for (unsigned i = 0; i < 3; i++)
        add(agency, 0, 0, 0, 1, 0.1);
    for (unsigned i = 0; i < 4; i++)
        add(agency, 0, 0, 1, 1, treated[i]);
    row = estimate_one(agency);
    is_close(row.std_error.value, sqrt(28.75 / 3 / 4), 1e-14,
             "constant in one arm: variance from the other");
    is_close(row.df.value, 3, 1e-14, "constant in one arm: Welch df of the other");
    ok(row.status == PILOT_ROW_OK, "constant in one arm is no fault");
    free(agency);
}

static void test_left_out(void)
{
    agency_t *agency = agency_new(BLOCKED, 3);
    pilot_estimate_t row;
    for (unsigned i = 0; i < 24; i++)
        add(agency, i / 4, 0, i % 2, 1, i * i % 7);
    row = estimate_one(agency);
    ok(row.status == PILOT_ROW_OK && row.blocks == 6 && row.n == 24 && !row.detail[0],
       "all blocks serve: ok, no detail");
    add(agency, 6, 0, 0, 1, 5), add(agency, 6, 0, 0, 1, 6);
    add(agency, 7, 0, 2, 1, 5);
    row = estimate_one(agency);
    ok(row.status == PILOT_ROW_FLAGGED && row.reason == PILOT_REASON_NONE && row.blocks == 6 &&
           row.n == 24,
       "a block without the arm is left out of n and blocks, and flags the row");
    is_text(row.detail, "estimand_changed: 1 block left out; 1 without one of the arms",
            "the detail says so; a block with neither arm is none of the contrast's");
    add(agency, 8, 0, 0, 1, 5), add(agency, 8, 0, 0, 1, 9), add(agency, 8, 0, 1, 1, 6);
    row = estimate_one(agency);
    is_text(row.detail,
            "estimand_changed: 2 blocks left out; 1 without one of the arms; "
            "1 with one unit in an arm and no variance formula",
            "a lone small block is left out too");
    ok(row.blocks == 6 && row.n == 24 && row.std_error_type == PILOT_SE_NEYMAN,
       "the big blocks stay as they were");
    is_close(row.df.value, 12, 1e-15, "df N - 2J of the blocks in use");
    free(agency);
}

/* STATISTICS: effects 1.2, -0.4, 0.9, 2.1 in small blocks. */
static agency_t *small_blocks(const unsigned *size)
{
    static const double effect[] = {1.2, -0.4, 0.9, 2.1};
    agency_t *agency = agency_new(BLOCKED, 2);
    for (unsigned b = 0; b < 4; b++) {
        add(agency, b, 0, 1, 1, b + effect[b]);
        for (unsigned i = 1; i < size[b]; i++)
            add(agency, b, 0, 0, 1, b + (size[b] == 2 ? 0 : i == 1 ? 0.5 : i == 2 ? -0.5 : 0));
    }
    return agency;
}

static void test_small_blocks(void)
{
    agency_t *agency = small_blocks((unsigned[]){2, 3, 4, 5});
    pilot_estimate_t row = estimate_one(agency);
    is_close(row.estimate.value, 1.09285714286, 1e-10, "sizes 2 3 4 5: estimate");
    is_close(pow(row.std_error.value, 2), .366201719351, 1e-10, "sizes 2 3 4 5: variance");
    ok(row.std_error_type == PILOT_SE_PASHLEY_MIRATRIX_P && row.df.value == 3,
       "sizes 2 3 4 5: pashley_miratrix_p, K - 1 df");
    free(agency);
    agency = small_blocks((unsigned[]){3, 3, 4, 4});
    row = estimate_one(agency);
    is_close(row.estimate.value, 1.02857142857, 1e-10, "sizes 3 3 4 4: estimate");
    is_close(pow(row.std_error.value, 2), .235102040816, 1e-10, "sizes 3 3 4 4: variance");
    ok(row.std_error_type == PILOT_SE_PASHLEY_MIRATRIX_M && row.df.value < 2 && row.df.value > 1,
       "sizes 3 3 4 4: pashley_miratrix_m, Satterthwaite df over the sizes");
    free(agency);
}

static void test_small_and_big(void)
{
    agency_t *agency = small_blocks((unsigned[]){3, 3, 3, 3});
    const double one[] = {3, 7, 4, 1}, zero[] = {2, 2, 5, 9};
    pilot_estimate_t row;
    /* Effects are 1.2 -0.4 0.9 2.1 (mean .95, sum of squares 3.21), in 12 of 20 units. */
    double small = 3.21 / 12, big = (18.75 / 3 + 33.0 / 3) / 4;
    double total = 0.36 * small + 0.16 * big;
    for (unsigned i = 0; i < 4; i++) {
        add(agency, 4, 0, 1, 1, one[i]);
        add(agency, 4, 0, 0, 1, zero[i]);
    }
    row = estimate_one(agency);
    is_close(row.estimate.value, 0.6 * 0.95 + 0.4 * (3.75 - 4.5), 1e-13,
             "small and big blocks: weighted by size");
    is_close(pow(row.std_error.value, 2), total, 1e-13, "small and big blocks: variances add up");
    is_close(row.df.value, total * total / (pow(0.36 * small, 2) / 3 + pow(0.16 * big, 2) / 6),
             1e-13, "small and big blocks: Satterthwaite df");
    free(agency);
}

static void test_huge_values(void)
{
    agency_t *agency = agency_new(PLAIN, 2);
    pilot_estimate_t row;
    for (unsigned i = 0; i < 8; i++)
        add(agency, 0, 0, i % 2, 1, (i % 3 - 1.0) * 1e300);
    row = estimate_one(agency);
    ok(row.status == PILOT_ROW_NOT_ESTIMABLE && !row.std_error.given &&
           !(row.estimate.value != row.estimate.value),
       "a variance beyond the range of numbers is absent, not infinite");
    free(agency);
}

/* Blocks of four clusters of two units; clusters 0 and 1 stand in both blocks. */
static agency_t *crossing_agency(void)
{
    static const double values[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
    agency_t *agency = agency_new(BLOCKED | CLUSTERED, 2);
    for (unsigned i = 0; i < 16; i++) {
        unsigned block = i / 8, cluster = i % 8 / 2;
        add(agency, block, block && cluster > 1 ? cluster + 2 : cluster, cluster % 2, 1, values[i]);
    }
    return agency;
}

static void test_clusters_that_cross_blocks(void)
{
    static const char said[] = "clusters_cross_blocks: 2 clusters in several blocks, where each "
                               "part counts as a cluster";
    agency_t *agency = crossing_agency();
    const agency_t *twice[] = {agency, agency};
    pilot_dim_summary_t *summary =
        pilot_dim_summarize(&agency->frame, &agency->outcome, NULL, 0, true);
    const pilot_dim_summary_t *one[] = {summary};
    pilot_dim_summary_t *merged = pilot_dim_merge(one, 1);
    pilot_estimate_t row = estimate_one(agency), across;
    ok(row.status == PILOT_ROW_FLAGGED && row.std_error.given && row.clusters == 8,
       "clusters in two blocks: numbers, and a flag");
    is_text(row.detail, said, "clusters in two blocks: the detail says what was counted");
    row = estimate(twice, 2, 1);
    ok(strncmp(row.detail, "clusters_cross_blocks: 4 ", 25) == 0, "pooled: agencies add up");
    pilot_dim_estimate((const pilot_dim_summary_t *const *)&merged, 1, 1, 0, 0.95, &across);
    is_text(across.detail, said, "across agencies: matched by label, the same");
    agency->frame.block = NULL;
    ok(estimate_one(agency).status == PILOT_ROW_OK, "without blocks nothing is flagged");
    pilot_dim_summary_free(merged);
    pilot_dim_summary_free(summary);
    free(agency);
}

int main(void)
{
    gsl_set_error_handler_off();
    test_no_estimate();
    test_no_variance();
    test_one_arm_constant();
    test_left_out();
    test_small_blocks();
    test_small_and_big();
    test_huge_values();
    test_clusters_that_cross_blocks();
    return tap_done();
}
