/* Parts: what they may depend on, what broken ones do, and large agencies. */
#include <math.h>

#include "../harness/ols_made.h"
#include "../harness/ols_pool.h"
#include "../harness/tap.h"

/* ols, or lin where interactions are asked for. */
static pilot_status_t fit_ols(const pilot_ols_task_t *task, pilot_piece_reader_t *reader,
                              size_t agencies, pilot_pooled_ols_fit_t **ret, pilot_error_t *error)
{
    pilot_regression_model_t model = task->interact ? PILOT_MODEL_LIN : PILOT_MODEL_OLS;
    return pilot_pooled_ols_fit(task, &model, 1, reader, agencies, ret, error);
}

static bool near(double got, double want, double relative)
{
    return fabs(got - want) <= relative * fabs(want);
}

static bool nearly_same(const pilot_estimate_t *a, const pilot_estimate_t *b, double relative)
{
    bool same = a->std_error.given && b->std_error.given &&
                near(a->estimate.value, b->estimate.value, relative) &&
                near(a->std_error.value, b->std_error.value, relative) &&
                near(a->df.value, b->df.value, 10 * relative) && a->n == b->n;
    if (!same)
        printf("# %.17g %.17g %.17g %llu %s\n# %.17g %.17g %.17g %llu %s\n", a->estimate.value,
               a->std_error.value, a->df.value, (unsigned long long)a->n,
               pilot_reason_name(a->reason), b->estimate.value, b->std_error.value, b->df.value,
               (unsigned long long)b->n, pilot_reason_name(b->reason));
    return same;
}

/* Rows first .. first + rows - 1 of a made agency as one of its own. */
static ols_agency_t slice(const made_t *made, size_t first, size_t rows, bool clusters)
{
    ols_agency_t part = made->agency;
    part.frame.rows = rows;
    part.frame.arm += first;
    part.frame.block = NULL;
    part.frame.blocks = 0;
    part.frame.weight = made->agency.frame.weight ? made->agency.frame.weight + first : NULL;
    part.outcome[0].value += first;
    part.number[0].value += first;
    part.number[1].value += first;
    if (clusters) {
        part.frame.cluster = made->cluster; /* 0, 1, 2, ... */
        part.frame.clusters = rows;
        part.frame.cluster_label = made->labels + first;
    }
    return part;
}

static void wire(ols_agency_t *part)
{
    part->regressor[0] = (pilot_regressor_t){.name = "x", .number = &part->number[0]};
    part->regressor[1] = (pilot_regressor_t){.name = "z", .number = &part->number[1]};
}

/* Blocks of one agency as agencies: the pooled estimate is the agency's own. */
static void test_blocks_as_agencies(size_t rows, size_t agencies, bool weighted)
{
    made_t *made = made_new(21, rows * agencies, rows, 0);
    ols_agency_t *part = calloc(agencies, sizeof *part);
    pilot_estimate_t whole[2], pooled[2];
    if (weighted)
        made->agency.frame.weight = made->weight;
    pilot_ols_t *ols = pilot_ols_new();
    pilot_ols_task_t task = ols_task(&made->agency);
    ols_estimate(ols, &task, made->agency.outcome, 1, whole);
    for (size_t a = 0; a < agencies; a++) {
        part[a] = slice(made, a * rows, rows, false);
        wire(&part[a]);
    }
    ok(pool_estimate(part, agencies, &task, pooled) && nearly_same(&pooled[0], &whole[0], 1e-11) &&
           nearly_same(&pooled[1], &whole[1], 1e-11),
       "%zu blocks of %zu rows%s are as good as agencies", agencies, rows,
       weighted ? ", weighted," : "");
    ok(pooled[0].blocks == agencies && whole[0].blocks == agencies, "... and counted");
    pilot_ols_free(ols);
    free(part);
    made_free(made);
}

/* Weights that are all alike in an agency, but not over agencies, are unequal weights. */
static void test_weights_by_agency(void)
{
    enum { ROWS = 60, AGENCIES = 5 };
    made_t *made = made_new(26, ROWS * AGENCIES, ROWS, 4);
    ols_agency_t part[AGENCIES];
    pilot_estimate_t whole[2], pooled[2];
    pilot_ols_t *ols = pilot_ols_new();
    pilot_ols_task_t task = ols_task(&made->agency);
    for (size_t i = 0; i < ROWS * AGENCIES; i++)
        made->weight[i] = 1 + (double)(i / ROWS);
    made->agency.frame.weight = made->weight;
    ols_estimate(ols, &task, made->agency.outcome, 1, whole);
    for (size_t a = 0; a < AGENCIES; a++) {
        part[a] = slice(made, ROWS * a, ROWS, false);
        part[a].frame.cluster += ROWS * a;
        wire(&part[a]);
    }
    ok(pool_estimate(part, AGENCIES, &task, pooled) && nearly_same(&pooled[0], &whole[0], 1e-11) &&
           nearly_same(&pooled[1], &whole[1], 1e-11),
       "weights that differ between agencies alone count in CR2");
    pilot_ols_free(ols);
    made_free(made);
}

/* One intercept for all, every unit a cluster: HC2 of one large agency. */
static void test_across_units(size_t rows, size_t agencies, bool weighted)
{
    made_t *made = made_new(22, rows * agencies, 0, 0);
    ols_agency_t *part = calloc(agencies, sizeof *part);
    pilot_estimate_t whole[2], pooled[2];
    if (weighted)
        made->agency.frame.weight = made->weight;
    pilot_ols_t *ols = pilot_ols_new();
    pilot_ols_task_t task = ols_task(&made->agency);
    task.std_error = PILOT_SE_CLASSICAL;
    ols_estimate(ols, &task, made->agency.outcome, 1, whole);
    for (size_t i = 0; i < rows; i++)
        made->cluster[i] = (uint32_t)i;
    for (size_t a = 0; a < agencies; a++) {
        part[a] = slice(made, a * rows, rows, true);
        wire(&part[a]);
    }
    task.across = true;
    ok(pool_estimate(part, agencies, &task, pooled) &&
           near(pooled[0].estimate.value, whole[0].estimate.value, 1e-11) &&
           near(pooled[1].estimate.value, whole[1].estimate.value, 1e-11),
       "%zu rows in one block give what %zu agencies of %zu give across", rows * agencies, agencies,
       rows);
    task.across = false;
    task.std_error = PILOT_SE_HC2;
    ols_estimate(ols, &task, made->agency.outcome, 1, whole);
    ok(weighted || near(pooled[0].std_error.value, whole[0].std_error.value, 1e-11),
       "... and CR2 of clusters of one gives HC2");
    ok(pooled[0].clusters == rows * agencies, "... clusters are counted by label");
    pilot_ols_free(ols);
    free(part);
    made_free(made);
}

/* An agency that lacks an arm, a level or every row still takes part. */
static void test_gaps(void)
{
    made_t *made = made_new(23, 120, 0, 0);
    ols_agency_t part[3];
    pilot_estimate_t pooled[2], two[2];
    pilot_ols_task_t task = ols_task(&made->agency);
    uint8_t none[40] = {0};
    for (size_t i = 0; i < 40; i++)
        made->arm[i] = (uint16_t)(made->arm[i] == 2 ? 0 : made->arm[i]);
    for (size_t a = 0; a < 3; a++) {
        part[a] = slice(made, 40 * a, 40, false);
        wire(&part[a]);
    }
    ok(pool_estimate(part, 2, &task, two) && two[1].std_error.given && two[1].n == 80,
       "an agency without an arm informs the others");
    part[2].outcome[0].present = none;
    ok(pool_estimate(part, 3, &task, pooled) && nearly_same(&pooled[0], &two[0], 1e-13) &&
           pooled[0].blocks == 2,
       "an agency without an outcome changes nothing");
    for (size_t a = 0; a < 3; a++)
        part[a].outcome[0].present = none;
    ok(pool_estimate(part, 3, &task, pooled) && pooled[0].reason == PILOT_REASON_ALL_MISSING,
       "no agency with an outcome: all_missing");
    made_free(made);
}

/* Pieces that were cut off, and how many of them were refused. */
typedef struct broken {
    const pilot_ols_task_t *task;
    const pilot_pooled_ols_fit_t *fit;
    size_t tried, refused;
} broken_t;

static pilot_status_t read_moments(const broken_t *broken, pilot_piece_reader_t *reader)
{
    pilot_pooled_ols_fit_t *fit = NULL;
    pilot_error_t error;
    return fit_ols(broken->task, reader, 1, &fit, &error);
}

static pilot_status_t read_fit(const broken_t *broken, pilot_piece_reader_t *reader)
{
    (void)broken;
    pilot_pooled_ols_fit_t *fit = NULL;
    pilot_error_t error;
    return pilot_pooled_ols_fit_unpack(reader, &fit, &error);
}

static pilot_status_t read_residuals(const broken_t *broken, pilot_piece_reader_t *reader)
{
    pilot_estimate_t row[2];
    pilot_error_t error;
    return pilot_pooled_ols_finish(broken->fit, reader, 1, 0.95, row, NULL, &error);
}

/* The piece with fewer numbers, then with fewer counts. */
static void cut(broken_t *broken, const pilot_piece_reader_t *whole,
                pilot_status_t (*read)(const broken_t *, pilot_piece_reader_t *))
{
    for (size_t n = 0; n < whole->numbers + whole->counts; n++, broken->tried++) {
        pilot_piece_reader_t reader = *whole;
        if (n < whole->numbers)
            reader.numbers = n;
        else
            reader.counts = n - whole->numbers;
        broken->refused += read(broken, &reader) == PILOT_E_PROTOCOL;
    }
}

/* Each count of a packed fit, and of residual sums, far too large: refused, or read within bounds.
 */
static void corrupt_counts(const pilot_pooled_ols_fit_t *fit, pilot_piece_t *packed,
                           pilot_piece_t *second, const pilot_piece_reader_t *whole_second)
{
    pilot_error_t error;
    for (size_t i = 0; i < packed->counts; i++) {
        uint64_t kept = packed->count[i];
        packed->count[i] = UINT64_MAX;
        pilot_label_t *label;
        pilot_piece_reader_t reader = pool_read(packed, &label);
        pilot_pooled_ols_fit_t *copy = NULL;
        if (!pilot_pooled_ols_fit_unpack(&reader, &copy, &error))
            pilot_pooled_ols_fit_free(copy);
        packed->count[i] = kept;
        free(label);
    }
    for (size_t i = 0; i < second->counts; i++) {
        uint64_t kept = second->count[i];
        pilot_estimate_t row[2];
        second->count[i] = UINT64_MAX;
        pilot_piece_reader_t reader = *whole_second;
        (void)pilot_pooled_ols_finish(fit, &reader, 1, 0.95, row, NULL, &error);
        second->count[i] = kept;
    }
}

/* Every truncation of a piece is refused, or read as far as it is whole; none is read beyond. */
static void test_truncated(bool across, bool interact)
{
    made_t *made = made_new(24, 60, 20, 5);
    pilot_ols_t *ols = pilot_ols_new();
    pilot_ols_task_t task = ols_task(&made->agency);
    pilot_piece_t first = {0}, packed = {0}, second = {0};
    pilot_label_t *label, *fit_label, *second_label;
    pilot_pooled_ols_fit_t *fit = NULL;
    pilot_estimate_t row[2];
    pilot_error_t error;
    made->agency.frame.weight = made->weight;
    task.across = across;
    task.interact = interact;
    for (size_t i = 0; i < 60; i++)
        made->z[i] += interact ? 4096 * made->x[i] : 0; /* with a gradient too */
    pilot_pooled_ols_moments(ols, &task, made->agency.outcome, 1, &first);
    pilot_piece_reader_t whole = pool_read(&first, &label), reader = whole;
    ok(!fit_ols(&task, &reader, 1, &fit, &error), "whole moments give a fit");
    const pilot_pooled_ols_fit_t *fits = fit;
    ok(!pilot_pooled_ols_residuals(ols, &task, made->agency.outcome, 1, &fits, 1, &second, NULL,
                                   false, &error),
       "... and residual sums");
    pilot_pooled_ols_fit_pack(fit, &packed);
    broken_t broken = {.task = &task, .fit = fit};
    cut(&broken, &whole, read_moments);
    whole = pool_read(&packed, &fit_label);
    cut(&broken, &whole, read_fit);
    whole = pool_read(&second, &second_label);
    cut(&broken, &whole, read_residuals);
    ok(broken.tried > 100 && broken.refused == broken.tried,
       "%s, %s: none of %zu truncated pieces is taken", across ? "across" : "agency",
       interact ? "lin" : "ols", broken.tried);
    corrupt_counts(fit, &packed, &second, &whole);
    reader = whole;
    ok(!pilot_pooled_ols_finish(fit, &reader, 1, 0.95, row, NULL, &error),
       "... and counts out of bounds do no harm");
    pilot_pooled_ols_fit_free(fit);
    pilot_piece_clear(&first);
    pilot_piece_clear(&packed);
    pilot_piece_clear(&second);
    free(label);
    free(fit_label);
    free(second_label);
    pilot_ols_free(ols);
    made_free(made);
}

/* Pieces that were made for another plan, and numbers out of bounds. */
static void test_foreign(void)
{
    made_t *made = made_new(25, 60, 0, 0);
    pilot_ols_t *ols = pilot_ols_new();
    pilot_ols_task_t task = ols_task(&made->agency);
    pilot_piece_t piece = {0}, out = {0};
    pilot_label_t *label;
    pilot_pooled_ols_fit_t *fit = NULL;
    pilot_error_t error;
    pilot_pooled_ols_moments(ols, &task, made->agency.outcome, 1, &piece);
    pilot_piece_reader_t whole = pool_read(&piece, &label), reader = whole;
    task.regressors = 1;
    ok(fit_ols(&task, &reader, 1, &fit, &error) == PILOT_E_PROTOCOL && !fit,
       "moments of another plan are refused");
    task.regressors = 2;
    for (size_t i = 0; i < piece.counts; i++) {
        uint64_t kept = piece.count[i];
        piece.count[i] = UINT64_MAX;
        reader = whole;
        if (!fit_ols(&task, &reader, 1, &fit, &error))
            pilot_pooled_ols_fit_free(fit);
        fit = NULL;
        piece.count[i] = kept;
    }
    reader = whole;
    ok(!fit_ols(&task, &reader, 1, &fit, &error), "counts out of bounds do no harm");
    const pilot_pooled_ols_fit_t *fits = fit;
    task.regressors = 1;
    ok(pilot_pooled_ols_residuals(ols, &task, made->agency.outcome, 1, &fits, 1, &out, NULL, false,
                                  &error) == PILOT_E_PROTOCOL,
       "a fit of another plan is refused");
    pilot_pooled_ols_fit_free(fit);
    pilot_piece_clear(&piece);
    pilot_piece_clear(&out);
    free(label);
    pilot_ols_free(ols);
    made_free(made);
}

int main(void)
{
    test_blocks_as_agencies(50, 8, false);
    test_blocks_as_agencies(50, 8, true);
    test_blocks_as_agencies(5000, 3, true);
    test_weights_by_agency();
    test_across_units(3000, 4, false);
    test_across_units(3000, 4, true);
    test_gaps();
    for (int i = 0; i < 4; i++)
        test_truncated((i & 1) != 0, (i & 2) != 0);
    test_foreign();
    return tap_done();
}
