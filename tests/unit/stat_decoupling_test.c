/* Targets against missions: correlations against R (tests/golden/joint/make_joint.R), parts that
 * merge, and what must not matter. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "../harness/made_pair.h"
#include "../harness/table.h"
#include "../harness/tap.h"
#include "pilot/decoupling.h"

#define GOLDEN 1e-9
#define AGENCIES 3

static const char *const arms[] = {"c", "t", NULL};

static bool near(double got, double want, double relative)
{
    return fabs(got - want) <= relative * fabs(want) + 1e-300;
}

/* The same rows twice over: with the target, and with the mission. */
typedef struct rows {
    table_frame_t target, mission;
    pilot_pair_task_t task;
} rows_t;

typedef struct design {
    bool clustered, weighted, across;
    const char *agency; /* NULL: all rows */
} design_t;

static void rows_make(const table_t *table, design_t design, rows_t *rows)
{
    table_columns_t columns = {.outcome = "target",
                               .arm = "arm",
                               .cluster = design.clustered ? "cluster" : NULL,
                               .weight = design.weighted ? "weight" : NULL,
                               .unit = "unit",
                               .filter = design.agency ? "agency" : NULL,
                               .filter_value = design.agency,
                               .arms = arms};
    rows->target = table_make_frame(table, &columns);
    columns.outcome = "mission";
    rows->mission = table_make_frame(table, &columns);
    rows->task = (pilot_pair_task_t){.frame = &rows->target.frame,
                                     .target = &rows->target.outcome,
                                     .mission = &rows->mission.outcome,
                                     .across = design.across};
}

static void rows_free(rows_t *rows)
{
    table_frame_free(&rows->target);
    table_frame_free(&rows->mission);
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

#define LABELS 256

/* Both rounds over `agencies` tasks. */
typedef struct result {
    pilot_correlation_t correlation[2];
    pilot_estimate_t change;
    pilot_number_t target_sd, mission_sd; /* control's */
    bool good;
} result_t;

static result_t evaluate(const pilot_pair_task_t *task, size_t agencies)
{
    pilot_piece_t moments[AGENCIES] = {{0}}, sums[AGENCIES] = {{0}};
    pilot_piece_reader_t reader[AGENCIES];
    pilot_label_t label[AGENCIES][LABELS];
    pilot_pair_t *pair = NULL;
    result_t result = {.good = true};
    memset(result.correlation, 0xff, sizeof result.correlation);
    for (size_t a = 0; a < agencies; a++) {
        pilot_pair_moments(&task[a], &moments[a]);
        reader[a] = reader_of(&moments[a], label[a]);
    }
    result.good &= pilot_pair_merge(reader, agencies, 2, &pair, NULL) == PILOT_OK;
    for (size_t a = 0; a < agencies; a++) {
        result.good &= pilot_piece_at_end(&reader[a]);
        result.good &= pilot_pair_residuals(&task[a], pair, &sums[a], NULL) == PILOT_OK;
        reader[a] = reader_of(&sums[a], label[a]);
    }
    result.good &= pilot_pair_finish(pair, reader, agencies, 0.95, result.correlation,
                                     &result.change, NULL) == PILOT_OK;
    result.target_sd = pilot_pair_sd(pair, 0, false);
    result.mission_sd = pilot_pair_sd(pair, 0, true);
    for (size_t a = 0; a < agencies; a++) {
        result.good &= pilot_piece_at_end(&reader[a]);
        pilot_piece_clear(&moments[a]);
        pilot_piece_clear(&sums[a]);
    }
    pilot_pair_free(pair);
    return result;
}

static size_t row_of_case(const table_t *cases, const char *arm, design_t design)
{
    for (size_t i = 0; i < cases->rows; i++)
        if (strcmp(table_get(cases, i, "arm"), arm) == 0 &&
            (strcmp(table_get(cases, i, "clustered"), "TRUE") == 0) == design.clustered &&
            (strcmp(table_get(cases, i, "weighted"), "TRUE") == 0) == design.weighted)
            return i;
    return cases->rows;
}

static bool is_case(const result_t *result, const table_t *cases, design_t design, double relative)
{
    bool good = result->good;
    for (size_t a = 0; a < 2; a++) {
        const pilot_correlation_t *got = &result->correlation[a];
        size_t i = row_of_case(cases, arms[a], design);
        double z = strtod(table_get(cases, i, "fisher_z"), NULL);
        double error = strtod(table_get(cases, i, "std_error"), NULL);
        good &= near(got->value.value, strtod(table_get(cases, i, "correlation"), NULL), relative);
        good &= near(got->fisher_z.value, z, relative) &&
                near(got->std_error.value, error, relative) && got->reason == PILOT_REASON_NONE;
        good &= near(got->ci_low.value, tanh(z - 1.9599639845400543 * error), relative);
        good &= got->n == strtoull(table_get(cases, i, "n"), NULL, 10) &&
                (got->clusters > 0) == design.clustered;
        if (a > 0)
            continue;
        good &=
            near(result->target_sd.value, strtod(table_get(cases, i, "target_sd"), NULL), relative);
        good &= near(result->mission_sd.value, strtod(table_get(cases, i, "mission_sd"), NULL),
                     relative);
    }
    return good;
}

static void test_golden(const table_t *table, const table_t *cases, design_t design)
{
    static const char *const agency[AGENCIES] = {"a0", "a1", "a2"};
    rows_t rows, part[AGENCIES];
    pilot_pair_task_t task[AGENCIES];
    result_t result;
    rows_make(table, design, &rows);
    result = evaluate(&rows.task, 1);
    ok(is_case(&result, cases, design, GOLDEN), "correlations%s%s: as R has them",
       design.clustered ? ", clustered" : "", design.weighted ? ", weighted" : "");
    is_close(result.change.estimate.value,
             result.correlation[1].fisher_z.value - result.correlation[0].fisher_z.value, 1e-15,
             "their change: %s", result.change.detail);
    ok(result.change.std_error_type == PILOT_SE_LINEARIZED && result.change.p_value.given &&
           result.change.n == result.correlation[0].n + result.correlation[1].n,
       "with a standard error and counts");
    for (size_t a = 0; a < AGENCIES; a++) {
        design.agency = agency[a];
        rows_make(table, design, &part[a]);
        task[a] = part[a].task;
    }
    result = evaluate(task, AGENCIES);
    ok(is_case(&result, cases, design, GOLDEN), "agencies' parts merged: as of all rows");
    for (size_t a = 0; a < AGENCIES; a++)
        rows_free(&part[a]);
    rows_free(&rows);
}

/* Clusters that span agencies: cut by row number, matched by label. */
static void test_across(const table_t *table, const table_t *cases)
{
    design_t design = {.clustered = true, .weighted = true, .across = true};
    uint32_t row[AGENCIES][256];
    pilot_pair_task_t task[AGENCIES];
    result_t whole, result;
    rows_t rows;
    rows_make(table, design, &rows);
    for (size_t a = 0; a < AGENCIES; a++) {
        task[a] = rows.task;
        task[a].row = row[a];
        task[a].rows = 0;
    }
    for (uint32_t i = 0; i < rows.target.frame.rows; i++)
        row[i % AGENCIES][task[i % AGENCIES].rows++] = i;
    whole = evaluate(&rows.task, 1);
    result = evaluate(task, AGENCIES);
    ok(is_case(&whole, cases, design, GOLDEN), "across: clusters by label, in one place");
    ok(is_case(&result, cases, design, GOLDEN), "across: and in several");
    ok(result.correlation[0].clusters == whole.correlation[0].clusters,
       "across: a cluster in several agencies is one");
    rows_free(&rows);
}

static void test_unit_and_origin(void)
{
    bool scale = true, origin = true, mirror = true, swap = true;
    for (unsigned seed = 0; seed < 1000; seed++) {
        static made_t made;
        result_t before, after;
        double up = pow(10, (seed % 19) - 9.0);
        make(&made, seed);
        before = evaluate(&made.task, 1);
        for (size_t i = 0; i < MADE; i++)
            made.target[i] *= up;
        after = evaluate(&made.task, 1);
        scale &= near(after.change.estimate.value, before.change.estimate.value, 1e-9) &&
                 near(after.change.std_error.value, before.change.std_error.value, 1e-10) &&
                 near(after.target_sd.value, up * before.target_sd.value, 1e-12);
        make(&made, seed);
        for (size_t i = 0; i < MADE; i++) {
            made.target[i] += 1e9;
            made.mission[i] += made.present[i] ? 1e9 : 0;
        }
        after = evaluate(&made.task, 1);
        origin &= after.change.estimate.value == before.change.estimate.value &&
                  after.change.std_error.value == before.change.std_error.value &&
                  after.mission_sd.value == before.mission_sd.value;
        for (size_t i = 0; i < MADE; i++)
            made.arm[i] = !made.arm[i];
        after = evaluate(&made.task, 1);
        swap &= after.change.estimate.value == -before.change.estimate.value &&
                after.change.std_error.value == before.change.std_error.value;
        make(&made, seed);
        for (size_t i = 0; i < MADE; i++)
            made.mission[i] *= -1;
        after = evaluate(&made.task, 1);
        mirror &= after.correlation[0].value.value == -before.correlation[0].value.value &&
                  after.correlation[0].std_error.value == before.correlation[0].std_error.value;
    }
    ok(scale, "correlations do not know the unit");
    ok(origin, "whole values + 1e9 give the same bits");
    ok(swap, "arms swapped, the change's sign swapped");
    ok(mirror, "an outcome turned about, the correlation's sign turned");
}

static void test_pieces(void)
{
    static made_t made;
    pilot_piece_t moments = {0}, packed = {0}, sums = {0};
    pilot_piece_reader_t reader, cut;
    pilot_pair_t *pair = NULL, *back = NULL, *none = NULL;
    bool refused = true;
    make(&made, 7);
    pilot_pair_moments(&made.task, &moments);
    reader = reader_of(&moments, NULL);
    for (size_t size = 0; size < reader.numbers; size++) {
        cut = reader;
        cut.numbers = size;
        refused &= pilot_pair_merge(&cut, 1, 2, &none, NULL) == PILOT_E_PROTOCOL && !none;
    }
    for (size_t size = 0; size < reader.counts; size++) {
        cut = reader;
        cut.counts = size;
        refused &= pilot_pair_merge(&cut, 1, 2, &none, NULL) == PILOT_E_PROTOCOL && !none;
    }
    cut = reader;
    refused &= pilot_pair_merge(&cut, 1, 3, &none, NULL) == PILOT_E_PROTOCOL && !none;
    ok(refused, "moments cut anywhere, or of other arms, are refused");
    pilot_pair_merge(&reader, 1, 2, &pair, NULL);
    pilot_pair_pack(pair, &packed);
    ok(packed.numbers == moments.numbers &&
           memcmp(packed.number, moments.number, packed.numbers * sizeof *packed.number) == 0,
       "one agency's merged moments are its own, bit for bit");
    reader = reader_of(&packed, NULL);
    ok(pilot_pair_unpack(&reader, &back, NULL) == PILOT_OK && pilot_piece_at_end(&reader) &&
           pilot_pair_sd(back, 0, true).value == pilot_pair_sd(pair, 0, true).value,
       "moments are read back");
    pilot_pair_residuals(&made.task, back, &sums, NULL);
    reader = reader_of(&sums, NULL);
    refused = true;
    for (size_t size = 0; size < reader.numbers; size++) {
        cut = reader;
        cut.numbers = size;
        refused &= pilot_pair_finish(pair, &cut, 1, 0.95, NULL, NULL, NULL) == PILOT_E_PROTOCOL;
    }
    for (size_t i = 0; i < sums.counts; i++) {
        uint64_t kept = sums.count[i];
        sums.count[i] = UINT64_MAX;
        cut = reader_of(&sums, NULL);
        if (i < 2)
            refused &= pilot_pair_finish(pair, &cut, 1, 0.95, NULL, NULL, NULL) != PILOT_OK;
        sums.count[i] = kept;
    }
    ok(refused, "sums cut anywhere, or with wrong flags, are refused");
    made.frame.arms = 3;
    ok(pilot_pair_residuals(&made.task, pair, &sums, NULL) == PILOT_E_PROTOCOL,
       "moments of other arms are refused in round 2");
    pilot_pair_free(pair);
    pilot_pair_free(back);
    pilot_piece_clear(&moments);
    pilot_piece_clear(&packed);
    pilot_piece_clear(&sums);
}

/* Only the first `n` rows of each arm have the mission. */
static result_t with_rows(size_t control, size_t treated)
{
    static made_t made;
    make(&made, 3);
    for (size_t i = 0; i < MADE; i++)
        made.present[i] = i / 2 < (i % 2 ? treated : control);
    return evaluate(&made.task, 1);
}

static void test_reasons(void)
{
    static made_t made;
    result_t result = with_rows(0, 9);
    ok(result.good && result.change.reason == PILOT_REASON_NO_CONTROL_UNITS &&
           result.correlation[0].reason == PILOT_REASON_NO_UNITS && !result.mission_sd.given,
       "no control rows with both: no change to tell");
    result = with_rows(9, 0);
    ok(result.change.reason == PILOT_REASON_NO_TREATED_UNITS &&
           result.correlation[0].reason == PILOT_REASON_NONE && !result.change.estimate.given,
       "no treated rows with both");
    result = with_rows(9, 3);
    ok(result.change.reason == PILOT_REASON_NO_RESIDUAL_DF && result.correlation[1].value.given &&
           !result.correlation[1].fisher_z.given,
       "three rows have a correlation and no more");
    make(&made, 3);
    for (size_t i = 0; i < MADE; i++)
        made.mission[i] = i % 2 ? made.mission[i] : 0.1;
    result = evaluate(&made.task, 1);
    ok(result.correlation[0].reason == PILOT_REASON_CONSTANT_OUTCOME &&
           !result.correlation[0].value.given &&
           result.change.reason == PILOT_REASON_CONSTANT_OUTCOME,
       "a mission that does not vary goes with nothing");
    make(&made, 3);
    for (size_t i = 0; i < MADE; i++)
        made.mission[i] = i % 2 ? made.mission[i] : 7 - 0.3 * made.target[i];
    result = evaluate(&made.task, 1);
    ok(result.correlation[0].reason == PILOT_REASON_ZERO_VARIANCE &&
           near(result.correlation[0].value.value, -1, 1e-12),
       "two that are one have a correlation of 1 and no spread");
}

static void test_one_cluster(void)
{
    static made_t made;
    uint32_t cluster[MADE];
    result_t result;
    make(&made, 3);
    for (uint32_t i = 0; i < MADE; i++)
        cluster[i] = i % 2 ? 1 + i / 6 : 0;
    made.frame.cluster = cluster;
    made.frame.clusters = 1 + MADE / 6;
    result = evaluate(&made.task, 1);
    ok(result.correlation[0].reason == PILOT_REASON_ONE_CLUSTER_PER_ARM &&
           result.correlation[0].clusters == 1 && result.correlation[0].value.given &&
           result.correlation[1].reason == PILOT_REASON_NONE,
       "an arm of one cluster has a correlation without spread");
}

int main(void)
{
    table_t table = table_read("tests/golden/joint/pair.csv");
    table_t cases = table_read("tests/golden/joint/correlations.csv");
    gsl_set_error_handler_off();
    for (unsigned i = 0; i < 4; i++)
        test_golden(&table, &cases, (design_t){.clustered = i & 1, .weighted = i & 2});
    test_across(&table, &cases);
    test_unit_and_origin();
    test_pieces();
    test_reasons();
    test_one_cluster();
    table_free(&table);
    table_free(&cases);
    return tap_done();
}
