/* Difference in means: the same bits alone, pooled and through a piece, and indifference to unit,
 * origin, order and the names of arms. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/agency.h"
#include "../harness/tap.h"

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
    pilot_label_t label[2 * AGENCY_MOST];
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
    pilot_label_t label[2 * AGENCY_MOST];
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
    uint32_t row[AGENCY_MOST];
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
    return tap_done();
}
