/* Rows of results.quality: names of covariates and levels, an agency's and pooled, the minimum
 * detectable effect beside its effect, the attrition alarm that bounds wait for. */
#include "../../worker/checks.h"

#include <math.h>
#include <stdlib.h>

#include "../../worker/evaluate.h"
#include "../../worker/pooled.h"
#include "../harness/tap.h"
#include "pilot/memory.h"
#include "pilot/wire.h"
#include "worker_made_data.h"
#include "worker_made_rows.h"

enum { UNITS = 120 };

/* Arm a loses 30 of its 40 outcomes z. */
static pilot_dataset_t *make_dataset(const pilot_analysis_t *analysis)
{
    pilot_dataset_builder_t *builder = pilot_dataset_builder_new(analysis->layout, 1, UNITS);
    for (size_t i = 0; i < 3; i++)
        made_label(builder, "pilot_arm", analysis->layout->arm[i]);
    made_label(builder, "g", "new");
    made_label(builder, "g", "old");
    for (unsigned i = 0; i < UNITS; i++) {
        char id[8];
        snprintf(id, sizeof id, "u%03u", i);
        made_row_t row;
        made_begin(&row);
        made_text(&row, id);
        made_code(&row, (int)(i % 3));
        made_number(&row, (double)(i * 37 % 101) + i % 3);
        if (i % 3 == 1 && i < 90)
            made_null(&row);
        else
            made_number(&row, (double)(i * 53 % 97));
        made_number(&row, (double)(i * 71 % 89));
        made_code(&row, (int)(i / 3 % 2));
        pilot_dataset_builder_row(builder, row.field, NULL);
    }
    pilot_dataset_t *dataset = NULL;
    pilot_dataset_builder_finish(builder, &dataset, NULL);
    pilot_dataset_builder_free(builder);
    return dataset;
}

static Pilot__ResultRows *estimate(const pilot_analysis_t *analysis, const pilot_dataset_t *dataset)
{
    pilot_ols_t *ols = pilot_ols_new();
    pilot_report_t *report = pilot_report_new(analysis);
    Pilot__Pin pin = PILOT__PIN__INIT;
    pin.agency = (char *)"alpha";
    pin.rows = UNITS;
    pilot_evaluate_agency(analysis, ols, dataset, &pin, report);
    pilot_ols_free(ols);
    return made_rows(report);
}

static const Pilot__Quality *find(const Pilot__ResultRows *rows, const char *check, const char *arm,
                                  const char *variable)
{
    for (size_t i = 0; i < rows->n_quality; i++) {
        const Pilot__Quality *row = rows->quality[i];
        if (strcmp(row->check, check) == 0 && row->arm && strcmp(row->arm, arm) == 0 &&
            (variable ? row->variable && strcmp(row->variable, variable) == 0 : !row->variable))
            return row;
    }
    return NULL;
}

static const Pilot__Effect *effect_of(const Pilot__ResultRows *rows, const char *outcome,
                                      const char *arm, const char *estimator)
{
    for (size_t i = 0; i < rows->n_effect; i++)
        if (strcmp(rows->effect[i]->outcome, outcome) == 0 &&
            strcmp(rows->effect[i]->arm, arm) == 0 && !rows->effect[i]->subgroup &&
            strcmp(rows->effect[i]->estimator, estimator) == 0)
            return rows->effect[i];
    return NULL;
}

static void test_names(const Pilot__ResultRows *rows)
{
    const Pilot__Quality *row = find(rows, "balance", "b", "x");
    ok(row && row->has_value && row->has_p_value && !row->alarm, "a number has a balance row");
    ok(find(rows, "variance_ratio", "b", "x") && !find(rows, "variance_ratio", "b", "g=new"),
       "and, unlike levels, a variance ratio");
    ok(find(rows, "balance", "a", "g=new") && find(rows, "balance", "a", "g=old"),
       "each level of a category has a balance row");
    ok(find(rows, "balance_omnibus", "a", NULL)->has_statistic, "and all have a test together");
    ok(find(rows, "attrition_covariates", "a", "z")->has_statistic, "who misses z is tested");
    is_text(find(rows, "attrition_covariates", "a", "y")->detail, "nothing missing",
            "nobody misses y");
    bool unique = true;
    for (size_t i = 0; i < rows->n_quality; i++)
        for (size_t j = 0; j < i; j++)
            unique &= rows->quality[i]->ordinal != rows->quality[j]->ordinal;
    ok(unique, "no two rows have one ordinal");
}

static bool same(const Pilot__Quality *a, const Pilot__Quality *b)
{
    return a && b && a->ordinal == b->ordinal && strcmp(a->check, b->check) == 0 &&
           a->has_value == b->has_value && a->has_p_value == b->has_p_value &&
           memcmp(&a->value, &b->value, sizeof a->value) == 0 &&
           memcmp(&a->statistic, &b->statistic, sizeof a->statistic) == 0 &&
           memcmp(&a->p_value, &b->p_value, sizeof a->p_value) == 0 && a->alarm == b->alarm;
}

static void test_pooled(const pilot_analysis_t *analysis, const Pilot__ResultRows *own)
{
    pilot_parts_t parts = {0};
    pilot_parts_add(&parts, own->part.data, own->part.len, NULL);
    pilot_parts_sort(&parts, NULL);
    pilot_report_t *report = pilot_report_new(analysis);
    ok(pilot_pool(analysis, &parts, 0, report, NULL) == PILOT_OK, "the part pools");
    Pilot__ResultRows *pooled = made_rows(report);
    size_t equal = 0, checks = 0;
    for (size_t i = 0; i < own->n_quality; i++) {
        if (strcmp(own->quality[i]->check, "minimum_detectable_effect") == 0)
            continue;
        checks++;
        equal += i < pooled->n_quality && same(own->quality[i], pooled->quality[i]) &&
                 !pooled->quality[i]->agency;
    }
    ok(checks > 20 && equal == checks, "one agency's rows are the pooled rows, bit for bit");
    pilot_message_free(&pooled->base);
    pilot_parts_clear(&parts);
}

/* The plan's first linear estimator; declared is a factor of what could have been found. */
static void test_detectable(made_spec_t *made, const char *first)
{
    double found = 0;
    for (int step = 0; step < 3; step++) {
        made->outcome[0].has_smallest_effect = step > 0;
        made->outcome[0].smallest_effect = found * (step == 1 ? 1 - 1e-9 : 1 + 1e-9);
        pilot_analysis_t *analysis = made_analysis(&made->spec);
        pilot_dataset_t *dataset = make_dataset(analysis);
        Pilot__ResultRows *rows = estimate(analysis, dataset);
        const Pilot__Quality *row = find(rows, "minimum_detectable_effect", "b", "y");
        const Pilot__Effect *effect = effect_of(rows, "y", "b", first);
        if (step == 0) {
            /* qt(.975, 78) + qt(.8, 78) is 2.837; of normal quantiles it would be 2.8016. */
            double factor = row->value / effect->std_error;
            ok(factor > 2.8016 && factor < 2.87, "%s: about 2.84 standard errors", first);
            ok(row->df == effect->df && !row->has_statistic && !row->alarm,
               "no declared effect: no alarm");
        } else {
            ok(row->statistic == made->outcome[0].smallest_effect && row->alarm == (step == 1),
               "a smallest effect %s what could be found %s", step == 1 ? "below" : "above",
               step == 1 ? "alarms" : "does not alarm");
        }
        ok(strncmp(row->detail, first, strlen(first)) == 0, "the estimator is told");
        found = row->value;
        pilot_message_free(&rows->base);
        pilot_dataset_free(dataset);
        pilot_analysis_free(analysis);
    }
    made->outcome[0].has_smallest_effect = false;
}

static void test_attrition(const pilot_analysis_t *analysis, const pilot_dataset_t *dataset)
{
    pilot_view_t view;
    pilot_view_init(&view, analysis, dataset, "alpha");
    pilot_checks_t *checks = pilot_checks_of(&view), *back = NULL;
    pilot_check_rows_t *rows =
        pilot_checks_rows(analysis, (const pilot_checks_t *const *)&checks, 1);
    ok(pilot_check_rows_attrition(rows, 1, 1), "an arm that loses outcomes rings");
    ok(!pilot_check_rows_attrition(rows, 1, 2) && !pilot_check_rows_attrition(rows, 0, 1),
       "for this arm and outcome alone");
    pilot_piece_t piece = {0};
    pilot_checks_pack(checks, &piece);
    pilot_label_t label[8];
    for (size_t i = 0; i < piece.labels; i++)
        label[i] = (pilot_label_t){piece.label[i], strlen(piece.label[i])};
    size_t refused = 0, cuts = 0;
    for (size_t n = 0; n < piece.numbers + piece.counts + piece.labels; n++) {
        size_t numbers = n < piece.numbers ? n : piece.numbers;
        size_t counts = n < piece.numbers                  ? piece.counts
                        : n < piece.numbers + piece.counts ? n - piece.numbers
                                                           : piece.counts;
        size_t labels =
            n < piece.numbers + piece.counts ? piece.labels : n - piece.numbers - piece.counts;
        pilot_piece_reader_t cut = {piece.number, numbers, piece.count, counts, label, labels};
        cuts++;
        refused += pilot_checks_unpack(analysis, &cut, &back, NULL) == PILOT_E_PROTOCOL && !back;
    }
    ok(refused == cuts, "a piece cut anywhere is refused (%zu of %zu)", refused, cuts);
    pilot_piece_clear(&piece);
    pilot_check_rows_free(rows);
    pilot_checks_free(checks);
    pilot_view_clear(&view);
}

int main(void)
{
    made_spec_t made;
    made_spec_init(&made);
    pilot_analysis_t *analysis = made_analysis(&made.spec);
    pilot_dataset_t *dataset = make_dataset(analysis);
    Pilot__ResultRows *rows = estimate(analysis, dataset);
    test_names(rows);
    test_pooled(analysis, rows);
    test_attrition(analysis, dataset);
    pilot_message_free(&rows->base);
    pilot_dataset_free(dataset);
    pilot_analysis_free(analysis);
    test_detectable(&made, "difference_in_means");
    made.estimator[0] = (char *)"rank";
    test_detectable(&made, "ols");
    return tap_done();
}
