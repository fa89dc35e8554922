/* The standard deviation of the control arm: R's sd() (tests/golden/std_dev/std_dev.R) by every way
 * of estimating, in one agency, pooled from parts and with units of a cluster in several agencies.
 */
#include <math.h>

#include "../harness/agency.h"
#include "../harness/ols_pool.h"
#include "../harness/tap.h"
#include "pilot/contrast.h"

static const char *const arms[] = {"c", "t", "u", NULL};

static pilot_number_t golden_of(const table_t *golden, const char *scope, unsigned design,
                                const char *rows)
{
    for (size_t i = 0; i < golden->rows; i++)
        if (strcmp(table_get(golden, i, "scope"), scope) == 0 &&
            (*table_get(golden, i, "blocked") == '1') == ((design & BLOCKED) != 0) &&
            (*table_get(golden, i, "weighted") == '1') == ((design & WEIGHTED) != 0) &&
            strcmp(table_get(golden, i, "rows"), rows) == 0)
            return PILOT_GIVEN(strtod(table_get(golden, i, "std_dev"), NULL));
    return PILOT_ABSENT;
}

static void is_std_dev(const pilot_estimate_t *row, pilot_number_t want, const char *name,
                       unsigned design, const char *how)
{
    bool good = want.given && row->control_std_dev.given &&
                fabs(row->control_std_dev.value - want.value) <= 1e-12 * want.value;
    if (!ok(good, "%s%s%s%s: %s gives R's sd", name, design & BLOCKED ? ", blocked" : "",
            design & WEIGHTED ? ", weighted" : "", design & CLUSTERED ? ", clustered" : "", how))
        printf("# got %.17g want %.17g\n", row->control_std_dev.value, want.value);
}

static pilot_estimate_t by_contrast(const ols_agency_t *agency, pilot_contrast_estimator_t *call)
{
    const pilot_contrast_options_t options = {.confidence = 0.95};
    pilot_sample_columns_t of = {.outcome = &agency->outcome[0]};
    pilot_estimate_t row[8];
    pilot_sample_t sample;
    pilot_sample_select(&agency->frame, &of, NULL, 0, 1, false, &sample);
    call(&sample, &options, row);
    pilot_sample_clear(&sample);
    return row[0];
}

/* A summary that has travelled. */
static pilot_dim_summary_t *carried(const ols_agency_t *agency)
{
    pilot_dim_summary_t *made =
        pilot_dim_summarize(&agency->frame, &agency->outcome[0], NULL, 0, true);
    pilot_dim_summary_t *copy = NULL;
    pilot_piece_t piece = {0};
    pilot_label_t *label;
    pilot_dim_pack(made, &piece);
    pilot_piece_reader_t reader = pool_read(&piece, &label);
    if (pilot_dim_unpack(&reader, &copy, NULL) || !pilot_piece_at_end(&reader))
        printf("# a summary is not read to its end\n");
    pilot_dim_summary_free(made);
    pilot_piece_clear(&piece);
    free(label);
    return copy;
}

static void test_pooled(const ols_agency_t *agency, size_t agencies, const table_t *golden,
                        unsigned design)
{
    const pilot_dim_summary_t *summary[8];
    pilot_estimate_t row, pooled[2];
    pilot_ols_task_t option = ols_task(&agency[0]);
    for (size_t a = 0; a < agencies; a++)
        summary[a] = carried(&agency[a]);
    pilot_dim_estimate(summary, agencies, 1, 0, 0.95, &row);
    is_std_dev(&row, golden_of(golden, "pooled", design, "big_t"), "pooled", design, "difference");
    ok(pool_estimate(agency, agencies, &option, pooled), "the parts merge");
    is_std_dev(&pooled[0], golden_of(golden, "pooled", design, "all"), "pooled", design, "ols");
    if (design & CLUSTERED) {
        pilot_dim_summary_t *merged = pilot_dim_merge(summary, agencies);
        const pilot_dim_summary_t *one = merged;
        pilot_dim_estimate(&one, 1, 1, 0, 0.95, &row);
        ok(row.control_std_dev.given && row.control_std_dev.value > 0,
           "merged across agencies there is one");
        /* Without blocks everything is one cell. */
        if (!(design & BLOCKED))
            is_std_dev(&row, golden_of(golden, "pooled", design, "all"), "across", design, "merge");
        pilot_dim_summary_free(merged);
    }
    for (size_t a = 0; a < agencies; a++)
        pilot_dim_summary_free((pilot_dim_summary_t *)summary[a]);
}

static void test_design(const table_t *data, const table_t *golden, unsigned design)
{
    ols_columns_t columns = {.agency = "agency",
                             .unit = "unit",
                             .block = design & BLOCKED ? "block" : NULL,
                             .cluster = design & CLUSTERED ? "cluster" : NULL,
                             .weight = design & WEIGHTED ? "w" : NULL,
                             .arm = "arm",
                             .arms = arms,
                             .outcome = {"y"},
                             .number = {"x", "z"}};
    size_t agencies;
    ols_agency_t *agency = ols_agencies(data, &columns, &agencies);
    pilot_ols_t *ols = pilot_ols_new();
    for (size_t a = 0; a < agencies; a++) {
        pilot_estimate_t row, both[2];
        pilot_ols_task_t task = ols_task(&agency[a]);
        pilot_number_t all = golden_of(golden, agency[a].name, design, "all");
        pilot_number_t both_arms = golden_of(golden, agency[a].name, design, "both_t");
        pilot_number_t big = golden_of(golden, agency[a].name, design, "big_t");
        pilot_dim_summary_t *summary = carried(&agency[a]);
        const pilot_dim_summary_t *one = summary;
        pilot_dim_estimate(&one, 1, 1, 0, 0.95, &row);
        is_std_dev(&row, big, agency[a].name, design, "difference in means");
        ols_estimate(ols, &task, agency[a].outcome, 1, both);
        is_std_dev(&both[0], all, agency[a].name, design, "ols");
        row = by_contrast(&agency[a], pilot_hajek_estimate);
        is_std_dev(&row, both_arms, agency[a].name, design, "hajek");
        row = by_contrast(&agency[a], pilot_quantile_estimate);
        is_std_dev(&row, big, agency[a].name, design, "quantile");
        pilot_dim_summary_free(summary);
    }
    test_pooled(agency, agencies, golden, design);
    pilot_ols_free(ols);
    ols_agencies_free(agency, agencies);
}

static agency_t *two_arms(unsigned design, const double *control, size_t n)
{
    agency_t *agency = agency_new(design, 2);
    for (size_t i = 0; i < 4; i++)
        add(agency, 0, (unsigned)i, 1, 1, 10 * (double)i);
    for (size_t i = 0; i < n; i++)
        add(agency, 0, 10 + (unsigned)i, 0, 2, control[i]);
    return agency;
}

static void test_edges(void)
{
    const double third = 1.0 / 3, same[] = {third, third, third, third};
    for (unsigned design = 0; design < 8; design++) {
        agency_t *agency = two_arms(design, same, 4);
        pilot_estimate_t row = estimate_one(agency);
        ok(row.control_std_dev.given && row.control_std_dev.value == 0,
           "design %u: of equal values it is exactly 0", design);
        free(agency);
        agency = two_arms(design, same, 1);
        row = estimate_one(agency);
        ok(row.control_mean.given && !row.control_std_dev.given,
           "design %u: of one row there is a mean and none", design);
        free(agency);
    }
    const double far[] = {1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4};
    agency_t *agency = two_arms(PLAIN, far, 4);
    pilot_estimate_t row = estimate_one(agency);
    ok(fabs(row.control_std_dev.value - sqrt(5.0 / 3)) < 1e-9, "a large constant costs no digits");
    const agency_t *apart[2] = {agency, agency};
    row = estimate(apart, 2, 1);
    ok(fabs(row.control_std_dev.value - sqrt(2 * 5.0 / 7)) < 1e-9,
       "two agencies of the same rows: their squares over n - 1");
    free(agency);
}

int main(void)
{
    table_t data = table_read("tests/golden/ols/generated.csv");
    table_t golden = table_read("tests/golden/std_dev/std_dev.csv");
    for (unsigned design = 0; design < 8; design++)
        test_design(&data, &golden, design);
    test_edges();
    table_free(&golden);
    table_free(&data);
    return tap_done();
}
