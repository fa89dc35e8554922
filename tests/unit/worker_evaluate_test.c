/* One agency and many, without PostgreSQL or sockets: rows of an agency, pieces, pooled rows. */
#include "../harness/tap.h"

#include <math.h>
#include <stdlib.h>

#include "../../worker/evaluate.h"
#include "../../worker/pooled.h"
#include "pilot/memory.h"
#include "pilot/wire.h"
#include "worker_made_data.h"
#include "worker_made_rows.h"

enum { UNITS = 60 };

/* A repeatable number in [0, 1). */
static double draw(unsigned seed, unsigned i)
{
    unsigned long long x = (seed * 1000003ull + i + 1) * 6364136223846793005ull;
    x ^= x >> 31;
    x *= 1442695040888963407ull;
    return (double)(x >> 40) / (double)(1u << 24);
}

/* Units u000 ..; backwards: in reverse order of arrival. */
static pilot_dataset_t *make_dataset(const pilot_analysis_t *analysis, unsigned seed,
                                     bool backwards)
{
    pilot_dataset_builder_t *builder = pilot_dataset_builder_new(analysis->layout, seed, UNITS);
    for (size_t i = 0; i < 3; i++)
        made_label(builder, "pilot_arm", analysis->layout->arm[i]);
    made_label(builder, "g", backwards ? "new" : "old");
    made_label(builder, "g", backwards ? "old" : "new");
    for (unsigned k = 0; k < UNITS; k++) {
        unsigned i = backwards ? UNITS - 1 - k : k;
        char id[8];
        snprintf(id, sizeof id, "u%03u", i);
        made_row_t row;
        made_begin(&row);
        made_text(&row, id);
        made_code(&row, (int)(i % 3));
        made_number(&row, 10 * draw(seed, i) + i % 3);
        if (i % 7 == 0)
            made_null(&row);
        else
            made_number(&row, draw(seed + 100, i));
        made_number(&row, draw(seed + 200, i));
        if (i % 11 == 0)
            made_null(&row);
        else
            made_code(&row, (int)(i % 2) ^ (backwards ? 1 : 0));
        pilot_dataset_builder_row(builder, row.field, NULL);
    }
    pilot_dataset_t *dataset = NULL;
    pilot_dataset_builder_finish(builder, &dataset, NULL);
    pilot_dataset_builder_free(builder);
    return dataset;
}

static Pilot__Pin make_pin(uint32_t index)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};
    Pilot__Pin pin = PILOT__PIN__INIT;
    pin.submission = index;
    pin.agency = (char *)names[index];
    pin.rows = UNITS;
    pin.agency_index = index;
    return pin;
}

typedef struct packed {
    uint8_t *bytes;
    size_t length;
} packed_t;

/* ESTIMATE of agencies first .. last as one job. */
static packed_t estimate(const pilot_analysis_t *analysis, pilot_dataset_t *const *dataset,
                         uint32_t first, uint32_t last)
{
    pilot_ols_t *ols = pilot_ols_new();
    pilot_report_t *report = pilot_report_new(analysis);
    Pilot__Pin pin[3];
    for (uint32_t i = first; i <= last; i++) {
        pin[i] = make_pin(i);
        pilot_evaluate_agency(analysis, ols, dataset[i], &pin[i], report);
    }
    packed_t packed;
    packed.bytes = pilot_report_pack(report, &packed.length);
    pilot_report_free(report);
    pilot_ols_free(ols);
    return packed;
}

static void add_part(pilot_parts_t *parts, const packed_t *packed)
{
    Pilot__ResultRows *rows = NULL;
    pilot_rows_unpack(packed->bytes, packed->length, &rows, NULL);
    made_add_part(parts, rows);
    pilot_message_free(&rows->base);
}

static packed_t pool(const pilot_analysis_t *analysis, const packed_t *estimates, size_t count,
                     uint64_t given_up)
{
    pilot_parts_t parts = {0};
    for (size_t i = 0; i < count; i++)
        add_part(&parts, &estimates[i]);
    pilot_report_t *report = pilot_report_new(analysis);
    ok(pilot_parts_sort(&parts, NULL) == PILOT_OK &&
           pilot_pool(analysis, &parts, given_up, report, NULL) == PILOT_OK,
       "%zu parts pool", count);
    packed_t packed;
    packed.bytes = pilot_report_pack(report, &packed.length);
    pilot_report_free(report);
    pilot_parts_clear(&parts);
    return packed;
}

static pilot_fits_t *unpack_fits(const pilot_analysis_t *analysis, const packed_t *pooled,
                                 pilot_parts_t *parts)
{
    pilot_fits_t *fits = NULL;
    add_part(parts, pooled);
    pilot_parts_sort(parts, NULL);
    ok(parts->pieces == 1 &&
           pilot_fits_unpack(analysis, &parts->reader[0], &fits, NULL) == PILOT_OK,
       "the fit reads back");
    return fits;
}

/* RESIDUAL of `agencies` agencies, then FINISH. */
static packed_t finish(const pilot_analysis_t *analysis, pilot_dataset_t *const *dataset,
                       uint32_t agencies, const packed_t *pooled)
{
    pilot_parts_t fit_parts = {0}, parts = {0};
    pilot_fits_t *fits = unpack_fits(analysis, pooled, &fit_parts);
    pilot_ols_t *ols = pilot_ols_new();
    for (uint32_t i = 0; i < agencies; i++) {
        Pilot__Pin pin = make_pin(i);
        pilot_report_t *report = pilot_report_new(analysis);
        pilot_residual_agency(analysis, ols, dataset[i], &pin, fits, report, NULL);
        packed_t packed;
        packed.bytes = pilot_report_pack(report, &packed.length);
        add_part(&parts, &packed);
        free(packed.bytes);
        pilot_report_free(report);
    }
    pilot_report_t *report = pilot_report_new(analysis);
    ok(pilot_parts_sort(&parts, NULL) == PILOT_OK &&
           pilot_finish(analysis, fits, &parts, report, NULL) == PILOT_OK,
       "%u residual parts finish", agencies);
    packed_t packed;
    packed.bytes = pilot_report_pack(report, &packed.length);
    pilot_report_free(report);
    pilot_ols_free(ols);
    pilot_fits_free(fits);
    pilot_parts_clear(&parts);
    pilot_parts_clear(&fit_parts);
    return packed;
}

static const Pilot__Effect *find_effect(const Pilot__ResultRows *rows, uint32_t ordinal)
{
    for (size_t i = 0; i < rows->n_effect; i++) {
        if (rows->effect[i]->ordinal == ordinal)
            return rows->effect[i];
    }
    return NULL;
}

static bool same_number(bool has_a, double a, bool has_b, double b)
{
    return has_a == has_b && (!has_a || memcmp(&a, &b, sizeof a) == 0);
}

/* Both may be NULL. */
static bool same_convention(const Pilot__Convention *a, const Pilot__Convention *b)
{
    return !a == !b &&
           (!a || (same_number(true, a->std_error, true, b->std_error) &&
                   same_number(true, a->df, true, b->df) &&
                   same_number(true, a->p_value, true, b->p_value) &&
                   same_number(a->has_ci_low, a->ci_low, b->has_ci_low, b->ci_low) &&
                   same_number(a->has_ci_high, a->ci_high, b->has_ci_high, b->ci_high)));
}

static bool same_effect(const Pilot__Effect *a, const Pilot__Effect *b)
{
    return a && b && strcmp(a->outcome, b->outcome) == 0 && strcmp(a->arm, b->arm) == 0 &&
           strcmp(a->estimator, b->estimator) == 0 && strcmp(a->status, b->status) == 0 &&
           same_number(a->has_estimate, a->estimate, b->has_estimate, b->estimate) &&
           same_number(a->has_std_error, a->std_error, b->has_std_error, b->std_error) &&
           same_number(a->has_df, a->df, b->has_df, b->df) &&
           same_number(a->has_p_value, a->p_value, b->has_p_value, b->p_value) &&
           same_number(a->has_ci_low, a->ci_low, b->has_ci_low, b->ci_low) &&
           same_number(a->has_control_mean, a->control_mean, b->has_control_mean,
                       b->control_mean) &&
           same_convention(a->estimatr, b->estimatr) && same_convention(a->stata, b->stata) &&
           same_convention(a->fixest, b->fixest) && a->n == b->n && a->n_arm == b->n_arm &&
           a->n_control == b->n_control;
}

static void rows_stand_in_plan_order(const pilot_analysis_t *analysis, pilot_dataset_t *dataset)
{
    packed_t packed = estimate(analysis, &dataset, 0, 0);
    Pilot__ResultRows *rows = NULL;
    ok(pilot_rows_unpack(packed.bytes, packed.length, &rows, NULL) == PILOT_OK, "rows unpack");
    /* 2 outcomes x (whole + 2 levels + their gap) x 2 treatments x 3 estimators */
    ok(rows->n_effect == 48, "one row for each key");
    bool ordered = true;
    for (size_t i = 0; i < rows->n_effect; i++)
        ordered &= rows->effect[i]->ordinal == i;
    ok(ordered, "ordinals count up");
    is_text(rows->effect[0]->estimator, "difference_in_means", "estimators turn fastest");
    is_text(rows->effect[3]->arm, "b", "then arms");
    is_text(rows->effect[6]->level, "new", "then levels, by label bytes");
    is_text(rows->effect[12]->level, "old", "the other level");
    is_text(rows->effect[18]->estimand, "gap", "then the gap between levels");
    is_text(rows->effect[24]->outcome, "z", "then outcomes");
    ok(!rows->effect[0]->subgroup && !rows->effect[0]->level, "the whole sample has no level");
    const Pilot__Effect *lin = rows->effect[2];
    ok(strcmp(lin->status, "ok") == 0 && strcmp(lin->estimator, "lin") == 0 && lin->has_std_error,
       "lin stands behind ols");
    ok(rows->effect[0]->has_estimate && rows->effect[0]->n == 40, "the contrast's two arms count");
    ok(rows->effect[1]->has_estimate && rows->effect[1]->n == 60, "ols counts all arms");
    ok(rows->effect[18]->n < 40, "each outcome has its own complete cases");
    ok(rows->n_quality > 0 && strcmp(rows->quality[0]->agency, "alpha") == 0, "quality rows come");
    pilot_message_free(&rows->base);
    free(packed.bytes);
}

static void contributions_tell_the_largest(const pilot_analysis_t *analysis,
                                           pilot_dataset_t *dataset)
{
    packed_t packed = estimate(analysis, &dataset, 0, 0);
    Pilot__ResultRows *rows = NULL;
    pilot_rows_unpack(packed.bytes, packed.length, &rows, NULL);
    /* (whole + 2 levels) x 2 outcomes x 3 arms */
    ok(rows->n_contribution == 18, "a contribution for each subset, outcome and arm");
    bool ordered = true, sane = true;
    uint64_t by_level[3] = {0};
    for (size_t i = 0; i < rows->n_contribution; i++) {
        const Pilot__Contribution *row = rows->contribution[i];
        ordered &= row->ordinal == i && strcmp(row->agency, "alpha") == 0;
        sane &= row->has_total && row->largest >= row->second && row->second > 0 &&
                row->total >= row->largest + row->second && row->units <= 20;
        if (strcmp(row->outcome, "y") == 0)
            by_level[i / 6] += row->units;
    }
    ok(ordered && sane, "in order, with two largest values and their total");
    is_text(rows->contribution[0]->arm, "c", "the control has one too");
    ok(!rows->contribution[0]->level && strcmp(rows->contribution[6]->level, "new") == 0,
       "the whole sample, then levels");
    ok(by_level[0] == UNITS && by_level[1] + by_level[2] == UNITS - 6,
       "rows that miss the subgroup are in no level");
    pilot_message_free(&rows->base);
    free(packed.bytes);
}

static void equal_input_gives_equal_bytes(const pilot_analysis_t *analysis)
{
    pilot_dataset_t *forward = make_dataset(analysis, 5, false);
    pilot_dataset_t *backward = make_dataset(analysis, 5, true);
    packed_t a = estimate(analysis, &forward, 0, 0), b = estimate(analysis, &backward, 0, 0);
    ok(a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0,
       "the order of the file's rows and codes does not touch a byte");
    free(a.bytes);
    free(b.bytes);
    pilot_dataset_free(forward);
    pilot_dataset_free(backward);
}

static void one_agency_pools_to_itself(const pilot_analysis_t *analysis, pilot_dataset_t *dataset)
{
    packed_t own = estimate(analysis, &dataset, 0, 0);
    packed_t pooled = pool(analysis, &own, 1, 0);
    packed_t finished = finish(analysis, &dataset, 1, &pooled);
    Pilot__ResultRows *a = NULL, *b = NULL, *c = NULL;
    pilot_rows_unpack(own.bytes, own.length, &a, NULL);
    pilot_rows_unpack(pooled.bytes, pooled.length, &b, NULL);
    pilot_rows_unpack(finished.bytes, finished.length, &c, NULL);
    size_t same = 0;
    for (size_t i = 0; i < a->n_effect; i++) {
        const Pilot__Effect *effect = find_effect(b, a->effect[i]->ordinal);
        if (!effect)
            effect = find_effect(c, a->effect[i]->ordinal);
        bool is_same = same_effect(a->effect[i], effect) && !effect->agency;
        if (!is_same)
            ok(false, "row %zu (%s) is the same pooled", i, a->effect[i]->estimator);
        same += is_same;
    }
    ok(same == a->n_effect && b->n_effect + c->n_effect == a->n_effect,
       "with one agency every pooled row is the agency's, bit for bit");
    pilot_message_free(&a->base);
    pilot_message_free(&b->base);
    pilot_message_free(&c->base);
    free(own.bytes);
    free(pooled.bytes);
    free(finished.bytes);
}

static void batches_do_not_matter(const pilot_analysis_t *analysis, pilot_dataset_t *const *dataset)
{
    packed_t together = estimate(analysis, dataset, 0, 2);
    packed_t apart[2] = {estimate(analysis, dataset, 2, 2), estimate(analysis, dataset, 0, 1)};
    packed_t a = pool(analysis, &together, 1, 0), b = pool(analysis, apart, 2, 0);
    ok(a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0,
       "one batch or two in any order pool to the same bytes");
    packed_t c = finish(analysis, dataset, 3, &a);
    Pilot__ResultRows *rows = NULL;
    pilot_rows_unpack(c.bytes, c.length, &rows, NULL);
    ok(rows->n_effect == 32 && rows->effect[0]->n == 3 * UNITS && rows->effect[0]->has_std_error,
       "ols and lin over three agencies have all their rows");
    pilot_message_free(&rows->base);
    packed_t d = finish(analysis, dataset, 2, &a);
    pilot_rows_unpack(d.bytes, d.length, &rows, NULL);
    ok(strcmp(rows->effect[0]->status, "job_failed") == 0 && !rows->effect[0]->has_std_error,
       "an agency without residuals leaves rows that say job_failed, without numbers");
    pilot_message_free(&rows->base);
    packed_t partial = pool(analysis, &apart[1], 1, 4);
    pilot_rows_unpack(partial.bytes, partial.length, &rows, NULL);
    ok(strcmp(rows->effect[0]->status, "partial") == 0 &&
           strcmp(rows->effect[0]->reason, "job_failed") == 0 && rows->effect[0]->has_estimate,
       "rows over what is known are partial");
    pilot_message_free(&rows->base);
    packed_t e = finish(analysis, dataset, 3, &partial);
    pilot_rows_unpack(e.bytes, e.length, &rows, NULL);
    ok(strcmp(rows->effect[0]->status, "partial") == 0 && rows->effect[0]->n == 2 * UNITS,
       "residuals of an agency that the fit lacks are left out");
    pilot_message_free(&rows->base);
    pilot_parts_t twice = {0};
    add_part(&twice, &together);
    add_part(&twice, &apart[0]);
    ok(pilot_parts_sort(&twice, NULL) == PILOT_E_PROTOCOL, "an agency that comes twice is refused");
    pilot_parts_clear(&twice);
    packed_t all[] = {together, apart[0], apart[1], a, b, c, d, e, partial};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i].bytes);
}

/* Is the convention what the row itself says?  Absent, if the row has no standard error. */
static bool is_own(const Pilot__Convention *convention, const Pilot__Effect *effect)
{
    Pilot__Convention own = PILOT__CONVENTION__INIT;
    own.std_error = effect->std_error;
    own.df = effect->df;
    own.p_value = effect->p_value;
    own.has_ci_low = effect->has_ci_low;
    own.ci_low = effect->ci_low;
    own.has_ci_high = effect->has_ci_high;
    own.ci_high = effect->ci_high;
    return same_convention(convention, effect->has_std_error ? &own : NULL);
}

/* What another plan's std_error gives is what the convention said. */
static void conventions_are_other_plans_rows(made_spec_t *made, pilot_dataset_t *const *dataset)
{
    static const char *const type[] = {"auto", "HC1", "HC3"};
    char *before = made->spec.std_error;
    Pilot__ResultRows *rows[3] = {NULL};
    for (size_t i = 0; i < 3; i++) {
        made->spec.std_error = (char *)type[i];
        pilot_analysis_t *analysis = made_analysis(&made->spec);
        packed_t packed = estimate(analysis, dataset, 0, 0);
        pilot_rows_unpack(packed.bytes, packed.length, &rows[i], NULL);
        free(packed.bytes);
        pilot_analysis_free(analysis);
    }
    made->spec.std_error = before;
    size_t regressions = 0, good = 0, refused = 0, none = 0;
    for (size_t i = 0; i < rows[0]->n_effect; i++) {
        const Pilot__Effect *HC2 = rows[0]->effect[i], *HC1 = rows[1]->effect[i],
                            *HC3 = rows[2]->effect[i];
        if (strcmp(HC2->estimator, "difference_in_means") == 0 ||
            strcmp(HC2->estimand, "gap") == 0) {
            none += !HC2->estimatr && !HC2->stata && !HC2->fixest;
            continue;
        }
        regressions++;
        refused += !HC2->has_std_error && HC2->stata;
        good += HC1->has_std_error && is_own(HC2->stata, HC1) && is_own(HC1->stata, HC1) &&
                is_own(HC3->stata, HC1) && !HC2->estimatr && is_own(HC1->estimatr, HC2) &&
                is_own(HC3->estimatr, HC2) && !HC2->fixest;
    }
    ok(regressions == 24 && good == regressions,
       "an effect's conventions are the rows of plans that ask for HC1 and HC2, bit for bit");
    ok(refused == 2, "where a leverage of one forbids HC2, Stata's number stands");
    ok(none == 24, "differences in means and gaps have none");
    for (size_t i = 0; i < 3; i++)
        pilot_message_free(&rows[i]->base);
}

static void auto_chooses(made_spec_t *made)
{
    made->spec.n_estimator = 0;
    pilot_analysis_t *analysis = made_analysis(&made->spec);
    pilot_dataset_t *dataset = make_dataset(analysis, 1, false);
    packed_t packed = estimate(analysis, &dataset, 0, 0);
    Pilot__ResultRows *rows = NULL;
    pilot_rows_unpack(packed.bytes, packed.length, &rows, NULL);
    ok(rows->n_effect == 16, "auto makes one row a contrast");
    is_text(rows->effect[0]->estimator, "lin", "20 rows in the smallest arm: lin");
    ok(strstr(rows->effect[0]->detail, "auto: lin"), "and the row says so");
    pilot_message_free(&rows->base);
    free(packed.bytes);
    pilot_dataset_free(dataset);
    pilot_analysis_free(analysis);
}

static void bad_specs_are_refused(made_spec_t *made)
{
    size_t length = 0;
    pilot_analysis_t *analysis = NULL;
    made->subgroup[0] = 7;
    uint8_t *bytes = pilot_message_pack(&made->spec.base, &length);
    ok(pilot_analysis_new(bytes, length, &analysis, NULL) == PILOT_E_PROTOCOL && !analysis,
       "a subgroup that is no covariate is refused");
    ok(pilot_analysis_new(bytes, length / 2, &analysis, NULL) == PILOT_E_PROTOCOL,
       "half a Spec too");
    free(bytes);
    made->subgroup[0] = 1;
    made->spec.n_arm = 1;
    bytes = pilot_message_pack(&made->spec.base, &length);
    ok(pilot_analysis_new(bytes, length, &analysis, NULL) == PILOT_E_PROTOCOL, "and one arm alone");
    free(bytes);
    made->spec.n_arm = 3;
}

int main(void)
{
    made_spec_t made;
    made_spec_init(&made);
    made.subgroup[0] = 1;
    made.spec.subgroup = made.subgroup;
    made.spec.n_subgroup = 1;
    made.spec.n_estimator = 3;
    pilot_analysis_t *analysis = made_analysis(&made.spec);
    pilot_dataset_t *dataset[3];
    for (unsigned i = 0; i < 3; i++)
        dataset[i] = make_dataset(analysis, i + 1, false);
    rows_stand_in_plan_order(analysis, dataset[0]);
    contributions_tell_the_largest(analysis, dataset[0]);
    equal_input_gives_equal_bytes(analysis);
    one_agency_pools_to_itself(analysis, dataset[0]);
    batches_do_not_matter(analysis, dataset);
    conventions_are_other_plans_rows(&made, dataset);
    for (unsigned i = 0; i < 3; i++)
        pilot_dataset_free(dataset[i]);
    pilot_analysis_free(analysis);
    auto_chooses(&made);
    bad_specs_are_refused(&made);
    return tap_done();
}
