/* Difference in means: what has a reason, which blocks serve, same bits pooled and alone, and
 * indifference to unit, origin and order. */
#include "pilot/dim.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/tap.h"

#define MOST 400

/* A small agency, written down row by row: "block cluster arm weight outcome", '.' = missing. */
typedef struct agency {
    size_t rows, blocks, clusters;
    uint16_t arm[MOST];
    uint32_t block[MOST], cluster[MOST];
    double weight[MOST], value[MOST];
    uint8_t present[MOST];
    const char *block_label[MOST], *cluster_label[MOST];
    char names[MOST][8];
    pilot_frame_t frame;
    pilot_variable_t outcome;
} agency_t;

typedef enum design { PLAIN = 0, BLOCKED = 1, CLUSTERED = 2, WEIGHTED = 4 } design_t;

/* Codes below MOST become labels "0000", "0001", ... */
static agency_t *agency_new(unsigned design, size_t arms)
{
    agency_t *agency = calloc(1, sizeof *agency);
    for (size_t i = 0; i < MOST; i++) {
        snprintf(agency->names[i], sizeof agency->names[i], "%04u", (unsigned)i % 10000);
        agency->block_label[i] = agency->cluster_label[i] = agency->names[i];
    }
    agency->frame = (pilot_frame_t){.arms = arms,
                                    .arm = agency->arm,
                                    .block = design & BLOCKED ? agency->block : NULL,
                                    .cluster = design & CLUSTERED ? agency->cluster : NULL,
                                    .weight = design & WEIGHTED ? agency->weight : NULL,
                                    .block_label = agency->block_label,
                                    .cluster_label = agency->cluster_label};
    agency->outcome = (pilot_variable_t){agency->value, agency->present};
    return agency;
}

static void add(agency_t *agency, unsigned block, unsigned cluster, unsigned arm, double weight,
                double value)
{
    size_t i = agency->rows++;
    agency->block[i] = block;
    agency->cluster[i] = cluster;
    agency->arm[i] = (uint16_t)arm;
    agency->weight[i] = weight;
    agency->value[i] = (value != value) ? 0 : value;
    agency->present[i] = value == value;
    agency->frame.rows = agency->rows;
    agency->frame.blocks = agency->frame.block ? MOST : 0;
    agency->frame.clusters = agency->frame.cluster ? MOST : 0;
}

static pilot_estimate_t estimate(const agency_t *const *agency, size_t agencies, size_t arm)
{
    const pilot_dim_summary_t *summary[8];
    pilot_estimate_t row;
    for (size_t i = 0; i < agencies; i++)
        summary[i] = pilot_dim_summarize(&agency[i]->frame, &agency[i]->outcome, NULL, 0, false);
    pilot_dim_estimate(summary, agencies, arm, 0, 0.95, &row);
    for (size_t i = 0; i < agencies; i++)
        pilot_dim_summary_free((pilot_dim_summary_t *)summary[i]);
    return row;
}

static pilot_estimate_t estimate_one(const agency_t *agency)
{
    return estimate(&agency, 1, 1);
}

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

static void random_agency(agency_t *agency, unsigned seed, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        unsigned r = (unsigned)((i + 1) * 2654435761u + seed * 40503u) >> 8;
        unsigned cluster = (unsigned)i / 5;
        unsigned arm = agency->frame.cluster ? (cluster * 7 + seed) % 3 : r % 3;
        add(agency, (unsigned)i / 25, cluster, arm, 0.25 + r % 11,
            r % 13 == 0 ? (double)NAN : r % 1000);
    }
}

static bool same_bits(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

static bool same_row(const pilot_estimate_t *a, const pilot_estimate_t *b)
{
    return same_bits(a->estimate.value, b->estimate.value) &&
           same_bits(a->std_error.value, b->std_error.value) &&
           same_bits(a->df.value, b->df.value) &&
           same_bits(a->control_mean.value, b->control_mean.value) && a->n == b->n &&
           a->clusters == b->clusters && a->blocks == b->blocks && a->status == b->status &&
           a->reason == b->reason && strcmp(a->detail, b->detail) == 0;
}

static pilot_piece_reader_t reader_of(const pilot_piece_t *piece, pilot_label_t *label)
{
    for (size_t i = 0; i < piece->labels; i++)
        label[i] = (pilot_label_t){piece->label[i], strlen(piece->label[i])};
    return (pilot_piece_reader_t){.number = piece->number,
                                  .numbers = piece->numbers,
                                  .count = piece->count,
                                  .counts = piece->counts,
                                  .label = label,
                                  .labels = piece->labels};
}

static bool any_cut_is_refused(const pilot_piece_reader_t *whole)
{
    for (int what = 0; what < 3; what++) {
        size_t most = what == 0 ? whole->numbers : what == 1 ? whole->counts : whole->labels;
        for (size_t size = 0; size < most; size++) {
            pilot_piece_reader_t cut = *whole;
            pilot_dim_summary_t *summary = NULL;
            pilot_error_t error;
            *(what == 0 ? &cut.numbers : what == 1 ? &cut.counts : &cut.labels) = size;
            if (pilot_dim_unpack(&cut, &summary, &error) != PILOT_E_PROTOCOL || summary)
                return false;
        }
    }
    return true;
}

static void test_pieces(unsigned design)
{
    agency_t *agency = agency_new(design, 3);
    pilot_dim_summary_t *summary, *back = NULL, *second = NULL;
    pilot_piece_t piece = {0};
    pilot_label_t label[2 * MOST];
    pilot_piece_reader_t reader, whole;
    pilot_estimate_t alone, packed;
    random_agency(agency, design, 200);
    summary = pilot_dim_summarize(&agency->frame, &agency->outcome, NULL, 0, true);
    pilot_dim_pack(summary, &piece);
    whole = reader_of(&piece, label);
    ok(any_cut_is_refused(&whole), "design %u: a piece cut anywhere is refused", design);
    pilot_dim_pack(summary, &piece);
    reader = reader_of(&piece, label);
    ok(pilot_dim_unpack(&reader, &back, NULL) == PILOT_OK &&
           pilot_dim_unpack(&reader, &second, NULL) == PILOT_OK && pilot_piece_at_end(&reader),
       "design %u: two summaries in one piece are read one after the other", design);
    pilot_dim_estimate((const pilot_dim_summary_t *const *)&summary, 1, 2, 0, 0.95, &alone);
    pilot_dim_estimate((const pilot_dim_summary_t *const *)&second, 1, 2, 0, 0.95, &packed);
    ok(alone.std_error.given && same_row(&alone, &packed),
       "design %u: through a piece the row has the same bits", design);
    pilot_dim_summary_free(summary);
    pilot_dim_summary_free(back);
    pilot_dim_summary_free(second);
    pilot_piece_clear(&piece);
    free(agency);
}

static void test_hostile_piece(void)
{
    agency_t *agency = agency_new(BLOCKED | CLUSTERED, 3);
    pilot_dim_summary_t *summary, *back = NULL;
    pilot_piece_t piece = {0};
    pilot_label_t label[2 * MOST];
    bool survived = true;
    random_agency(agency, 5, 60);
    summary = pilot_dim_summarize(&agency->frame, &agency->outcome, NULL, 0, true);
    pilot_dim_pack(summary, &piece);
    for (size_t i = 0; i < piece.counts; i++) {
        const uint64_t kept = piece.count[i], bad[] = {UINT64_MAX, 1ull << 62, 0, kept + 1};
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
            pilot_piece_reader_t reader = reader_of(&piece, label);
            piece.count[i] = bad[j];
            back = NULL;
            if (pilot_dim_unpack(&reader, &back, NULL) != PILOT_OK)
                survived &= back == NULL;
            pilot_dim_summary_free(back);
        }
        piece.count[i] = kept;
    }
    ok(survived, "no wrong count in a piece does harm");
    pilot_dim_summary_free(summary);
    pilot_piece_clear(&piece);
    free(agency);
}

/* Two agencies pooled are one agency whose blocks they are. */
static void test_pooled(void)
{
    agency_t *one = agency_new(PLAIN, 3), *two = agency_new(PLAIN, 3);
    agency_t *both = agency_new(BLOCKED, 3);
    pilot_estimate_t pooled, blocked;
    random_agency(one, 1, 60);
    random_agency(two, 2, 90);
    for (size_t i = 0; i < 60; i++)
        add(both, 0, 0, one->arm[i], 1, one->present[i] ? one->value[i] : NAN);
    for (size_t i = 0; i < 90; i++)
        add(both, 1, 0, two->arm[i], 1, two->present[i] ? two->value[i] : NAN);
    pooled = estimate((const agency_t *[]){one, two}, 2, 1);
    blocked = estimate_one(both);
    is_close(pooled.estimate.value, blocked.estimate.value, 1e-13,
             "pooled: the agency is the block (estimate)");
    is_close(pooled.std_error.value, blocked.std_error.value, 1e-13,
             "pooled: the agency is the block (standard error)");
    ok(pooled.df.value == blocked.df.value && pooled.blocks == 2 && pooled.n == blocked.n,
       "pooled: df and counts");
    is_close(pooled.control_mean.value, blocked.control_mean.value, 1e-13, "pooled: control mean");
    free(one);
    free(two);
    free(both);
}

/* Clusters that span agencies, put together from their parts, are the clusters of all rows. */
static void test_across(unsigned design)
{
    agency_t *all = agency_new(design, 3);
    agency_t *part[3] = {agency_new(design, 3), agency_new(design, 3), agency_new(design, 3)};
    pilot_dim_summary_t *summary[3], *merged;
    pilot_estimate_t whole, row;
    random_agency(all, 3, 200);
    for (size_t i = 0; i < all->rows; i++)
        add(part[i % 3], all->block[i], all->cluster[i], all->arm[i], all->weight[i],
            all->present[i] ? all->value[i] : NAN);
    for (size_t a = 0; a < 3; a++)
        summary[a] = pilot_dim_summarize(&part[a]->frame, &part[a]->outcome, NULL, 0, true);
    merged = pilot_dim_merge((const pilot_dim_summary_t *const *)summary, 3);
    pilot_dim_estimate((const pilot_dim_summary_t *const *)&merged, 1, 1, 0, 0.95, &row);
    whole = estimate_one(all);
    is_close(row.estimate.value, whole.estimate.value, 1e-12, "across %u: estimate", design);
    is_close(row.std_error.value, whole.std_error.value, 1e-12, "across %u: standard error",
             design);
    is_close(row.df.value, whole.df.value, 1e-11, "across %u: df", design);
    is_close(row.control_mean.value, whole.control_mean.value, 1e-12, "across %u: control mean",
             design);
    ok(row.n == whole.n && row.clusters == whole.clusters && row.blocks == whole.blocks,
       "across %u: clusters and blocks are matched by label", design);
    pilot_dim_summary_free(merged);
    for (size_t a = 0; a < 3; a++) {
        pilot_dim_summary_free(summary[a]);
        free(part[a]);
    }
    free(all);
}

static double relative(double a, double b)
{
    return fabs(a - b) / fmax(fabs(b), 1e-300);
}

static void test_equivariance(unsigned design)
{
    static const double factors[] = {1e9, 1e-9, -1};
    agency_t *agency = agency_new(design, 3);
    pilot_estimate_t base, row;
    random_agency(agency, design + 10, 200);
    base = estimate_one(agency);
    for (size_t f = 0; f < 3; f++) {
        double c = factors[f], worst;
        for (size_t i = 0; i < agency->rows; i++)
            agency->value[i] *= c;
        row = estimate_one(agency);
        for (size_t i = 0; i < agency->rows; i++)
            agency->value[i] = round(agency->value[i] / c);
        worst = fmax(relative(row.estimate.value, c * base.estimate.value),
                     relative(row.std_error.value, fabs(c) * base.std_error.value));
        worst = fmax(worst, relative(row.df.value, base.df.value));
        ok(worst < 1e-10, "design %u: outcome x %g is equivariant (%.1e)", design, c, worst);
    }
    for (size_t i = 0; i < agency->rows; i++)
        agency->value[i] += 1e9;
    row = estimate_one(agency);
    ok(row.estimate.value == base.estimate.value && row.std_error.value == base.std_error.value &&
           row.df.value == base.df.value,
       "design %u: whole numbers + 1e9 give the same bits", design);
    is_close(row.control_mean.value, base.control_mean.value + 1e9, 1e-15,
             "design %u: and the control mean moves along", design);
    for (size_t i = 0; i < agency->rows; i++)
        agency->value[i] -= 1e9;
    for (size_t i = 0; i < agency->rows; i++)
        agency->arm[i] = (uint16_t)((agency->arm[i] + 1) % 3);
    {
        pilot_dim_summary_t *summary =
            pilot_dim_summarize(&agency->frame, &agency->outcome, NULL, 0, false);
        pilot_dim_estimate((const pilot_dim_summary_t *const *)&summary, 1, 2, 1, 0.95, &row);
        ok(same_row(&row, &base), "design %u: arms under other codes give the same bits", design);
        pilot_dim_summary_free(summary);
    }
    free(agency);
}

static void test_zero_weight_is_absence(unsigned design)
{
    agency_t *with = agency_new(design | WEIGHTED, 3), *without = agency_new(design | WEIGHTED, 3);
    agency_t *all = agency_new(design | WEIGHTED, 3);
    pilot_estimate_t a, b;
    random_agency(all, 4, 200);
    for (size_t i = 0; i < all->rows; i++) {
        bool zero = i % 9 == 0;
        double y = all->present[i] ? all->value[i] : NAN;
        add(with, all->block[i], all->cluster[i], all->arm[i], zero ? 0 : all->weight[i], y);
        if (!zero)
            add(without, all->block[i], all->cluster[i], all->arm[i], all->weight[i], y);
    }
    a = estimate_one(with);
    b = estimate_one(without);
    ok(a.std_error.given && same_row(&a, &b), "design %u: weight 0 is absence, in n and df too",
       design);
    free(all);
    free(with);
    free(without);
}

static void test_subset(void)
{
    agency_t *all = agency_new(BLOCKED, 3), *half = agency_new(BLOCKED, 3);
    uint32_t row[MOST];
    size_t rows = 0;
    pilot_dim_summary_t *summary;
    pilot_estimate_t a, b;
    random_agency(all, 6, 200);
    for (size_t i = 0; i < all->rows; i += 2) {
        row[rows++] = (uint32_t)i;
        add(half, all->block[i], all->cluster[i], all->arm[i], 1,
            all->present[i] ? all->value[i] : NAN);
    }
    summary = pilot_dim_summarize(&all->frame, &all->outcome, row, rows, false);
    pilot_dim_estimate((const pilot_dim_summary_t *const *)&summary, 1, 1, 0, 0.95, &a);
    b = estimate_one(half);
    ok(a.std_error.given && same_row(&a, &b), "a subgroup's rows are a fit of their own");
    pilot_dim_summary_free(summary);
    summary = pilot_dim_summarize(&all->frame, &all->outcome, row, 0, false);
    pilot_dim_estimate((const pilot_dim_summary_t *const *)&summary, 1, 1, 0, 0.95, &a);
    ok(a.reason == PILOT_REASON_NO_UNITS, "an empty subgroup has no units");
    pilot_dim_summary_free(summary);
    free(all);
    free(half);
}

/* CR2 with clusters of one unit has HC2's standard error, which without weights is Neyman's. */
static void test_single_unit_clusters(unsigned design)
{
    agency_t *rows = agency_new(design, 3), *clusters = agency_new(design | CLUSTERED, 3);
    pilot_estimate_t a, b;
    random_agency(rows, 8, 120);
    for (size_t i = 0; i < rows->rows; i++)
        add(clusters, rows->block[i], (unsigned)i, rows->arm[i], rows->weight[i],
            rows->present[i] ? rows->value[i] : NAN);
    a = estimate_one(rows);
    b = estimate_one(clusters);
    is_close(b.estimate.value, a.estimate.value, 1e-13, "clusters of one unit, design %u: estimate",
             design);
    if (!(design & WEIGHTED))
        is_close(b.std_error.value, a.std_error.value, 1e-13,
                 "clusters of one unit, design %u: CR2 is HC2", design);
    free(rows);
    free(clusters);
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

int main(void)
{
    static const unsigned designs[] = {PLAIN,
                                       WEIGHTED,
                                       BLOCKED,
                                       BLOCKED | WEIGHTED,
                                       CLUSTERED,
                                       CLUSTERED | WEIGHTED,
                                       BLOCKED | CLUSTERED,
                                       BLOCKED | CLUSTERED | WEIGHTED};
    gsl_set_error_handler_off();
    test_no_estimate();
    test_no_variance();
    test_one_arm_constant();
    test_left_out();
    test_small_blocks();
    test_small_and_big();
    for (size_t i = 0; i < sizeof designs / sizeof *designs; i++) {
        test_pieces(designs[i]);
        test_equivariance(designs[i]);
        test_zero_weight_is_absence(designs[i]);
        if (designs[i] & CLUSTERED)
            test_across(designs[i]);
        else
            test_single_unit_clusters(designs[i]);
    }
    test_hostile_piece();
    test_pooled();
    test_subset();
    test_huge_values();
    return tap_done();
}
