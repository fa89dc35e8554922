/* Horvitz-Thompson and Hajek: where probabilities come from, what cannot be had, and what the
 * numbers must not depend on. */
#include "../harness/contrast_sample.h"

static pilot_contrast_estimator_t *const both[] = {pilot_horvitz_thompson_estimate,
                                                   pilot_hajek_estimate};
static const char *const name[] = {"horvitz_thompson", "hajek"};

static void test_nothing_to_compare(int k)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_BLOCKED, 8);
    pilot_estimate_t row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NO_UNITS) && !row.estimate.given, "%s: no units",
       name[k]);
    sample.candidates = 5;
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_ALL_MISSING), "%s: all outcomes are missing",
       name[k]);
    contrast_add(&sample, 0, 0, true, 1);
    contrast_add(&sample, 1, 0, true, 2);
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NO_CONTROL_UNITS), "%s: no control units", name[k]);
    sample.treated[0] = sample.treated[1] = 0;
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NO_TREATED_UNITS), "%s: no treated units", name[k]);
    sample.treated[0] = 1;
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NO_TREATED_UNITS) && !row.estimate.given &&
           strstr(row.detail, "estimand_changed: 2 blocks left out"),
       "%s: no block has both arms (%s)", name[k], row.detail);
    pilot_sample_clear(&sample);
}

static void test_blocks_that_lack_an_arm(int k)
{
    pilot_sample_t sample = contrast_sample(CONTRAST_BLOCKED, 8);
    pilot_estimate_t row;
    for (int i = 0; i < 6; i++)
        contrast_add(&sample, 0, 0, i % 2, i * i);
    contrast_add(&sample, 1, 0, true, 100);
    row = contrast_call(both[k], &sample);
    ok(row.status == PILOT_ROW_FLAGGED && row.n == 6 && row.blocks == 1 && row.std_error.given &&
           strstr(row.detail, "estimand_changed: 1 block left out"),
       "%s: by shares, a block that lacks an arm is left out", name[k]);
    sample.arm_probability = 0.3;
    sample.control_probability = 0.6;
    row = contrast_call(both[k], &sample);
    ok(row.status == PILOT_ROW_OK && row.n == 7 && row.blocks == 2 && row.n_arm == 4,
       "%s: by declared probabilities it stays (%s)", name[k], row.detail);
    pilot_sample_clear(&sample);
}

static void test_constant(int k)
{
    pilot_sample_t sample = contrast_sample(0, 8);
    pilot_estimate_t row;
    for (int i = 0; i < 7; i++)
        contrast_add(&sample, 0, 0, i % 2, 0.1);
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_CONSTANT_OUTCOME) && row.estimate.given &&
           fabs(row.estimate.value) < 1e-16 && row.control_mean.value == 0.1,
       "%s: a constant outcome has an effect of 0 and no variance", name[k]);
    contrast_multiply(&sample, 0);
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_CONSTANT_OUTCOME) && row.estimate.given &&
           row.estimate.value == 0,
       "%s: so has one of zeros", name[k]);
    for (int i = 0; i < 7; i++)
        sample.outcome[i] = i % 2 ? 1e200 : -1e200;
    sample.outcome[3] = 1e199;
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_VARIANCE_UNIDENTIFIED) && row.estimate.given,
       "%s: squares beyond the range of numbers are no variance", name[k]);
    pilot_sample_clear(&sample);
}

static void test_one_unit_in_an_arm(void)
{
    pilot_sample_t sample = contrast_sample(0, 8);
    pilot_estimate_t row;
    contrast_add(&sample, 0, 0, true, 3);
    contrast_add(&sample, 0, 0, false, 1);
    row = contrast_call(pilot_hajek_estimate, &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NO_RESIDUAL_DF) && row.estimate.value == 2,
       "hajek: two units have an effect and no variance");
    contrast_add(&sample, 0, 0, false, 5);
    row = contrast_call(pilot_hajek_estimate, &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_SINGLETON_ARM_BLOCK) && row.estimate.value == 0,
       "hajek: one treated unit has no variance");
    /* n = 3, n1 = 1: 3*2*(2*3^2 + ((1-3)^2+(5-3)^2)/1/2) + 3*0 over 3^2. */
    row = contrast_call(pilot_horvitz_thompson_estimate, &sample);
    ok(row.status == PILOT_ROW_OK && strstr(row.detail, "variance bounded"),
       "horvitz_thompson: one treated unit has a bound, and the row says so (%s)", row.detail);
    is_close(row.std_error.value, sqrt(6.0 * (18 + 4) / 9), 1e-15,
             "horvitz_thompson: the bound is the formula's");
    pilot_sample_clear(&sample);
    sample = contrast_sample(CONTRAST_CLUSTERED, 8);
    for (unsigned i = 0; i < 8; i++)
        contrast_add(&sample, 0, i / 4, i / 4, i % 3);
    row = contrast_call(pilot_hajek_estimate, &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_ONE_CLUSTER_PER_ARM) && row.estimate.given &&
           row.clusters == 2,
       "hajek: one cluster in an arm has no variance");
    row = contrast_call(pilot_horvitz_thompson_estimate, &sample);
    ok(row.std_error.given && row.std_error_type == PILOT_SE_YOUNG,
       "horvitz_thompson: one cluster in an arm has the bound");
    pilot_sample_clear(&sample);
}

static void test_probabilities(int k)
{
    pilot_sample_t sample = contrast_sample_random(CONTRAST_PROBABILITY | CONTRAST_CLUSTERED, 5, 9);
    pilot_estimate_t row, declared;
    for (size_t i = 0; i < sample.n; i++)
        sample.probability[i] = sample.treated[i] ? 0.3 : 0.7;
    row = contrast_call(both[k], &sample);
    ok(strstr(row.detail, "the data's column"), "%s: the data's column comes first", name[k]);
    sample.arm_probability = 0.15;
    sample.control_probability = 0.35;
    free(sample.probability);
    sample.probability = NULL;
    declared = contrast_call(both[k], &sample);
    ok(contrast_same(&row, 1, &declared, 1e-13) && strstr(declared.detail, "the plan"),
       "%s: the plan's shares of two arms of several are the same probabilities", name[k]);
    sample.probability = calloc(sample.n, sizeof(double));
    for (size_t i = 0; i < sample.n; i++)
        sample.probability[i] = sample.treated[i] ? 0.15 : 0.35;
    sample.arms = 3;
    row = contrast_call(both[k], &sample);
    ok(contrast_same(&row, 1, &declared, 1e-13),
       "%s: so is a column with the own arm's share of several", name[k]);
    sample.probability[0] = 0.2;
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NOT_IN_THIS_VERSION) && !row.estimate.given &&
           strstr(row.detail, "differ within an arm of a block"),
       "%s: with several arms, probabilities that differ in a block are refused", name[k]);
    sample.arms = 2;
    sample.cluster[1] = sample.cluster[0];
    sample.treated[1] = sample.treated[0];
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NOT_IN_THIS_VERSION) &&
           strstr(row.detail, "within a cluster"),
       "%s: so are probabilities that differ in a cluster", name[k]);
    sample.probability[0] = 1.5;
    row = contrast_call(both[k], &sample);
    ok(contrast_is_refused(&row, PILOT_REASON_NOT_IN_THIS_VERSION) && !row.estimate.given,
       "%s: and one above 1", name[k]);
    pilot_sample_clear(&sample);
}

static void test_certain_rows(int k)
{
    pilot_sample_t with = contrast_sample_random(CONTRAST_PROBABILITY, 6, 9);
    pilot_sample_t without = contrast_sample(CONTRAST_PROBABILITY, with.n);
    pilot_estimate_t a, b;
    for (size_t i = 0; i < with.n; i++) {
        if (i % 7 == 0)
            with.probability[i] = 1;
        if (i % 7 == 0)
            continue;
        contrast_add(&without, 0, 0, with.treated[i], with.outcome[i]);
        without.probability[without.n - 1] = with.probability[i];
    }
    a = contrast_call(both[k], &with);
    b = contrast_call(both[k], &without);
    ok(a.status == PILOT_ROW_FLAGGED && strstr(a.detail, "with probability 1 left out") &&
           a.n == b.n && a.estimate.value == b.estimate.value &&
           a.std_error.value == b.std_error.value,
       "%s: rows that could be in one arm only are left out, and the row says so", name[k]);
    pilot_sample_clear(&with);
    pilot_sample_clear(&without);
}

/* A sample that keeps rows without the outcome (as bounds need them) gives the same row. */
static void test_rows_without_outcome(int k)
{
    pilot_sample_t with = contrast_sample(CONTRAST_BLOCKED, 30);
    pilot_sample_t without = contrast_sample(CONTRAST_BLOCKED, 30);
    pilot_estimate_t a, b;
    with.present = calloc(31, 1);
    for (unsigned i = 0; i < 30; i++) {
        with.present[i] = i % 4 != 1;
        contrast_add(&with, i / 10, 0, i % 3 == 0, i % 7);
        if (with.present[i])
            contrast_add(&without, i / 10, 0, i % 3 == 0, i % 7);
    }
    a = contrast_call(both[k], &with);
    b = contrast_call(both[k], &without);
    ok(a.n == 22 && contrast_same(&a, 1, &b, 0), "%s: rows without the outcome are passed over",
       name[k]);
    pilot_sample_clear(&with);
    pilot_sample_clear(&without);
}

static void test_crossing_clusters(int k)
{
    pilot_sample_t sample = contrast_sample_random(CONTRAST_BLOCKED | CONTRAST_CLUSTERED, 1, 9);
    pilot_estimate_t row;
    size_t in_one = 0, in_two = sample.n - 1;
    while (sample.treated[in_one] != sample.treated[in_two])
        in_one++;
    sample.cluster[in_two] = sample.cluster[in_one];
    row = contrast_call(both[k], &sample);
    ok(sample.blocks > 1 && row.status == PILOT_ROW_FLAGGED &&
           strstr(row.detail, "clusters_cross_blocks: 1 cluster"),
       "%s: a cluster in two blocks is flagged", name[k]);
    pilot_sample_clear(&sample);
}

static bool moves_with_origin(pilot_sample_t *sample, const pilot_estimate_t *base)
{
    pilot_estimate_t row;
    for (size_t i = 0; i < sample->n; i++)
        sample->outcome[i] = round(sample->outcome[i]) + 1e9;
    row = contrast_call(pilot_hajek_estimate, sample);
    for (size_t i = 0; i < sample->n; i++)
        sample->outcome[i] -= 1e9;
    return base->std_error.given && !contrast_same(&row, 1, base, 1e-9);
}

/* What of a thousand random samples of a design differs; shares, and declared probabilities. */
static void test_properties(int k, unsigned design)
{
    size_t swap = 0, scale = 0, order = 0, labels = 0, weights = 0, doubled = 0, shift = 0;
    size_t given = 0, cases = 1000;
    for (uint64_t seed = 1; seed <= cases; seed++) {
        pilot_sample_t sample = contrast_sample_random(design, seed, 1 + (unsigned)seed % 50),
                       twice;
        pilot_estimate_t base, row;
        if (seed % 2) {
            sample.arm_probability = 0.3;
            sample.control_probability = 0.45;
        }
        base = contrast_call(both[k], &sample);
        given += base.std_error.given;
        twice = contrast_double(&sample);
        row = contrast_call(both[k], &twice);
        doubled +=
            !(design & CONTRAST_CLUSTERED ? contrast_same(&row, 1, &base, 1e-10)
                                          : contrast_near(row.estimate, 1, base.estimate, 1e-10));
        pilot_sample_clear(&twice);
        contrast_multiply(&sample, seed % 3 ? 1e9 : 1e-9);
        row = contrast_call(both[k], &sample);
        scale += !contrast_same(&row, seed % 3 ? 1e9 : 1e-9, &base, 1e-10);
        contrast_multiply(&sample, seed % 3 ? 1e-9 : 1e9);
        contrast_shuffle(&sample, seed);
        row = contrast_call(both[k], &sample);
        order += !contrast_same(&row, 1, &base, 1e-10);
        contrast_reverse(&sample);
        row = contrast_call(both[k], &sample);
        labels += !contrast_same(&row, 1, &base, 1e-10);
        contrast_swap_arms(&sample);
        row = contrast_call(both[k], &sample);
        swap += !contrast_same(&row, -1, &base, 1e-10);
        contrast_swap_arms(&sample);
        shift += k == 1 && moves_with_origin(&sample, &base);
        if (!sample.weight) {
            sample.weight = malloc((sample.n + 1) * sizeof(double));
            for (size_t i = 0; i < sample.n; i++)
                sample.weight[i] = 2.5;
            row = contrast_call(both[k], &sample);
            weights += !contrast_same(&row, 1, &base, 1e-10);
        }
        pilot_sample_clear(&sample);
    }
    ok(given > cases * 9 / 10, "%s, design %u: %zu of %zu samples have a standard error", name[k],
       design, given, cases);
    ok(swap == 0, "%s, design %u: arms exchanged flip the sign (%zu do not)", name[k], design,
       swap);
    ok(scale == 0, "%s, design %u: outcome x 1e9 is equivariant (%zu are not)", name[k], design,
       scale);
    ok(order == 0, "%s, design %u: order of rows does not matter (%zu do)", name[k], design, order);
    ok(labels == 0, "%s, design %u: nor do block and cluster labels (%zu do)", name[k], design,
       labels);
    ok(weights == 0, "%s, design %u: equal weights are none (%zu are not)", name[k], design,
       weights);
    ok(doubled == 0, "%s, design %u: rows doubled with half the weight change nothing (%zu do)",
       name[k], design, doubled);
    ok(shift == 0, "%s, design %u: nor does 1e9 more for all (%zu do)", name[k], design, shift);
}

int main(void)
{
    for (int k = 0; k < 2; k++) {
        test_nothing_to_compare(k);
        test_blocks_that_lack_an_arm(k);
        test_constant(k);
        test_probabilities(k);
        test_certain_rows(k);
        test_crossing_clusters(k);
        test_rows_without_outcome(k);
        for (unsigned design = 0; design < CONTRAST_DESIGNS; design++)
            test_properties(k, design);
    }
    test_one_unit_in_an_arm();
    return tap_done();
}
