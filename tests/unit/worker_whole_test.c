/* Estimators of one contrast on one agency and on all, without PostgreSQL or sockets. */
#include "../harness/tap.h"

#include <stdlib.h>
#include <string.h>

#include "../../worker/contrasts.h"
#include "../../worker/merged.h"
#include "../../worker/whole.h"
#include "pilot/memory.h"
#include "pilot/wire.h"
#include "worker_made_data.h"
#include "worker_made_rows.h"

enum { UNITS = 90, AGENCIES = 3 };

/* A repeatable number in [0, 1). */
static double draw(unsigned seed, unsigned i)
{
    unsigned long long x = (seed * 1000003ull + i + 1) * 6364136223846793005ull;
    x ^= x >> 31;
    x *= 1442695040888963407ull;
    return (double)(x >> 40) / (double)(1u << 24);
}

typedef struct plan {
    made_spec_t made;
    char *level[3];
    char *estimators[8];
} plan_t;

/* y continuous with some missing, z ordinal of three levels; subgroups and cells by g. */
static void make_plan(plan_t *plan, bool blocks, bool clusters, bool across)
{
    static const char *const estimators[] = {"difference_in_means", "rank", "quantile", "hajek",
                                             "risk_ratio"};
    *plan = (plan_t){0};
    made_spec_init(&plan->made);
    Pilot__Spec *spec = &plan->made.spec;
    plan->level[0] = (char *)"sad";
    plan->level[1] = (char *)"ok";
    plan->level[2] = (char *)"glad";
    plan->made.outcome[1].type = (char *)"ordinal";
    plan->made.outcome[1].level = plan->level;
    plan->made.outcome[1].n_level = 3;
    plan->made.subgroup[0] = 1;
    spec->subgroup = plan->made.subgroup;
    spec->n_subgroup = 1;
    spec->has_block = blocks;
    spec->has_cluster = clusters;
    spec->across = across;
    spec->estimator = plan->estimators;
    spec->n_estimator = sizeof estimators / sizeof *estimators;
    for (size_t i = 0; i < spec->n_estimator; i++)
        plan->estimators[i] = (char *)estimators[i];
}

/* Agency `seed`: the first one has one level of g only.  Clusters of 5, each in one arm; across:
 * labels go on from agency to agency. */
static pilot_dataset_t *make_dataset(const pilot_analysis_t *analysis, unsigned seed)
{
    const pilot_layout_t *layout = analysis->layout;
    pilot_dataset_builder_t *builder = pilot_dataset_builder_new(layout, seed, UNITS);
    for (size_t i = 0; i < 3; i++)
        made_label(builder, "pilot_arm", layout->arm[i]);
    for (int i = 0; i < 3; i++)
        made_label(builder, "pilot_block", (const char *const[]){"p", "q", "r"}[i]);
    for (unsigned i = 0; i < UNITS / 5; i++) {
        char label[16];
        snprintf(label, sizeof label, "c%u-%u", i, analysis->spec->across ? seed : 0);
        made_label(builder, "pilot_cluster", label);
    }
    made_label(builder, "g", "old");
    made_label(builder, "g", "new");
    for (unsigned i = 0; i < UNITS; i++) {
        char id[8];
        snprintf(id, sizeof id, "u%03u", i);
        made_row_t row;
        made_begin(&row);
        made_text(&row, id);
        unsigned cluster = i / 5, arm = layout->has_cluster ? cluster % 3 : i % 3;
        if (analysis->spec->across && !layout->has_cluster)
            arm = seed % 3;
        made_code(&row, (int)arm);
        if (layout->has_block)
            made_code(&row, (int)(layout->has_cluster ? cluster / 6 : i / 30));
        if (layout->has_cluster)
            made_code(&row, (int)cluster);
        if (i % 11 == 3)
            made_null(&row);
        else
            made_number(&row, 10 * draw(seed, i) + arm);
        made_number(&row, (double)(unsigned)(3 * draw(seed + 50, i)));
        made_number(&row, draw(seed + 200, i));
        made_code(&row, seed == 1 ? 0 : (int)(i % 2));
        pilot_dataset_builder_row(builder, row.field, NULL);
    }
    pilot_dataset_t *dataset = NULL;
    pilot_error_t error = {0};
    if (pilot_dataset_builder_finish(builder, &dataset, &error) != PILOT_OK)
        ok(false, "the dataset is made: %s", error.message);
    pilot_dataset_builder_free(builder);
    return dataset;
}

static pilot_dataset_t *merge(const pilot_analysis_t *analysis, pilot_dataset_t *const *dataset,
                              size_t agencies)
{
    const bool all[] = {true, true};
    pilot_merge_t *merge = pilot_merge_new(analysis, all, true, agencies, agencies * UNITS);
    for (size_t i = 0; i < agencies; i++)
        pilot_merge_add(merge, dataset[i]);
    pilot_dataset_t *merged = pilot_merge_finish(merge);
    pilot_merge_free(merge);
    return merged;
}

static Pilot__ResultRows *whole(const pilot_analysis_t *analysis, const pilot_dataset_t *merged,
                                size_t first, size_t last, uint32_t agency_index)
{
    pilot_report_t *report = pilot_report_new(analysis);
    const pilot_whole_options_t options = {.agency_index = agency_index};
    ok(pilot_whole_report(analysis, merged, first, last, &options, report), "it is computed");
    return made_rows(report);
}

static Pilot__ResultRows *agency(const pilot_analysis_t *analysis, const pilot_dataset_t *dataset)
{
    pilot_ols_t *ols = pilot_ols_new();
    pilot_report_t *report = pilot_report_new(analysis);
    Pilot__Pin pin = PILOT__PIN__INIT;
    pin.agency = (char *)"alone";
    pilot_evaluate_agency(analysis, ols, dataset, &pin, report);
    pilot_ols_free(ols);
    return made_rows(report);
}

static bool same_bytes(Pilot__Effect *a, Pilot__Effect *b)
{
    char *agency_a = a->agency, *agency_b = b->agency;
    a->agency = b->agency = NULL;
    size_t length_a = 0, length_b = 0;
    uint8_t *bytes_a = pilot_message_pack(&a->base, &length_a);
    uint8_t *bytes_b = pilot_message_pack(&b->base, &length_b);
    bool same = length_a == length_b && memcmp(bytes_a, bytes_b, length_a) == 0;
    free(bytes_a);
    free(bytes_b);
    a->agency = agency_a;
    b->agency = agency_b;
    return same;
}

static Pilot__Effect *find(const Pilot__ResultRows *rows, uint32_t ordinal)
{
    for (size_t i = 0; i < rows->n_effect; i++)
        if (rows->effect[i]->ordinal == ordinal)
            return rows->effect[i];
    return NULL;
}

/* Every row of WHOLE is the row of the agency. */
static void one_agency_is_itself(bool blocks, bool clusters)
{
    plan_t plan;
    make_plan(&plan, blocks, clusters, false);
    pilot_analysis_t *analysis = made_analysis(&plan.made.spec);
    pilot_dataset_t *dataset = make_dataset(analysis, 2);
    pilot_dataset_t *merged = merge(analysis, &dataset, 1);
    Pilot__ResultRows *own = agency(analysis, dataset);
    Pilot__ResultRows *pooled = whole(analysis, merged, 0, 1, 0);
    size_t same = 0;
    for (size_t i = 0; i < pooled->n_effect; i++) {
        Pilot__Effect *mine = find(own, pooled->effect[i]->ordinal);
        bool is_same = mine && !pooled->effect[i]->agency && same_bytes(mine, pooled->effect[i]);
        if (!is_same)
            ok(false, "row %u (%s) is the agency's", pooled->effect[i]->ordinal,
               pooled->effect[i]->estimator);
        same += is_same;
    }
    /* (whole + 2 levels + their gap) x 2 arms x (y: rank, 5 quantiles, hajek; z: rank) */
    ok(same == pooled->n_effect && same == 4 * 2 * (7 + 1),
       "with one agency pooled rows are its own, byte for byte%s%s", blocks ? ", blocks" : "",
       clusters ? ", clusters" : "");
    pilot_message_free(&own->base);
    pilot_message_free(&pooled->base);
    pilot_dataset_free(merged);
    pilot_dataset_free(dataset);
    pilot_analysis_free(analysis);
}

static void make_three(const pilot_analysis_t *analysis, pilot_dataset_t **dataset)
{
    for (unsigned i = 0; i < AGENCIES; i++)
        dataset[i] = make_dataset(analysis, i + 1);
}

static void free_three(pilot_dataset_t **dataset)
{
    for (unsigned i = 0; i < AGENCIES; i++)
        pilot_dataset_free(dataset[i]);
}

static bool ascends(const uint32_t *code, size_t rows)
{
    for (size_t i = 1; i < rows; i++)
        if (code[i] < code[i - 1])
            return false;
    return true;
}

static void agencies_are_blocks(void)
{
    plan_t plan;
    make_plan(&plan, true, true, false);
    pilot_analysis_t *analysis = made_analysis(&plan.made.spec);
    pilot_dataset_t *dataset[AGENCIES];
    make_three(analysis, dataset);
    pilot_dataset_t *merged = merge(analysis, dataset, AGENCIES);
    ok(merged->rows == AGENCIES * UNITS && merged->block_labels.count == 9 &&
           merged->cluster_labels.count == AGENCIES * UNITS / 5,
       "agency x block is the block, clusters are an agency's own");
    ok(ascends(merged->block, merged->rows) && ascends(merged->cluster, merged->rows),
       "codes ascend with the rows");
    pilot_dataset_t *reversed[AGENCIES] = {dataset[2], dataset[1], dataset[0]};
    pilot_dataset_t *other = merge(analysis, reversed, AGENCIES);
    ok(memcmp(other->column[0].value, merged->column[0].value, UNITS * sizeof(double)) != 0,
       "(agencies differ)");
    pilot_dataset_free(other);
    const pilot_column_t *g = &merged->column[3];
    ok(g->levels.count == 2 && strcmp(g->levels.label[0], "new") == 0 && g->code[0] == 1 &&
           g->code[UNITS] == dataset[1]->column[3].code[0],
       "levels are matched by label, in byte order");
    ok(merged->column[0].present && !merged->column[1].present && !merged->column[2].value,
       "missing values stay missing, and what nobody needs is not kept");
    Pilot__ResultRows *rows = whole(analysis, merged, 0, 1, UINT32_MAX);
    Pilot__ResultRows *first = whole(analysis, merged, 0, 0, UINT32_MAX);
    Pilot__ResultRows *last = whole(analysis, merged, 1, 1, UINT32_MAX);
    bool same = rows->n_effect == first->n_effect + last->n_effect;
    for (size_t i = 0; same && i < rows->n_effect; i++)
        same = same_bytes(rows->effect[i], i < first->n_effect ? first->effect[i]
                                                               : last->effect[i - first->n_effect]);
    ok(same, "outcomes apart or together give the same bytes");
    ok(rows->effect[0]->blocks == 9 && rows->effect[0]->n > 0 && rows->effect[0]->has_estimate,
       "the pooled row has all blocks");
    pilot_message_free(&rows->base);
    pilot_message_free(&first->base);
    pilot_message_free(&last->base);
    pilot_dataset_free(merged);
    free_three(dataset);
    pilot_analysis_free(analysis);
}

static void labels_are_global_across(void)
{
    plan_t plan;
    make_plan(&plan, true, true, true);
    pilot_analysis_t *analysis = made_analysis(&plan.made.spec);
    pilot_dataset_t *dataset[AGENCIES];
    make_three(analysis, dataset);
    pilot_dataset_t *merged = merge(analysis, dataset, AGENCIES);
    ok(merged->block_labels.count == 3 && ascends(merged->block, merged->rows),
       "at level across a block is one by its label, its rows side by side");
    ok(merged->cluster_labels.count == AGENCIES * UNITS / 5 &&
           ascends(merged->cluster, merged->rows),
       "so are clusters within it");
    pilot_dataset_free(merged);
    free_three(dataset);
    pilot_analysis_free(analysis);
    make_plan(&plan, false, false, true);
    analysis = made_analysis(&plan.made.spec);
    make_three(analysis, dataset);
    merged = merge(analysis, dataset, AGENCIES);
    ok(!merged->block && merged->cluster_labels.count == AGENCIES && merged->cluster[0] == 0 &&
           merged->cluster[UNITS] == 1,
       "without clusters in the plan the agency is the cluster");
    pilot_dataset_free(merged);
    free_three(dataset);
    pilot_analysis_free(analysis);
}

/* Durations 1, 2, 3 ... in turn by arm, every fourth censored: more times than a curve has points.
 */
static void long_curves_are_thinned(void)
{
    enum { MANY = 1800 };
    plan_t plan;
    make_plan(&plan, false, false, false);
    Pilot__Spec *spec = &plan.made.spec;
    plan.made.outcome[0].type = (char *)"duration";
    plan.made.outcome[0].has_event = plan.made.outcome[0].event = true;
    spec->n_outcome = 1;
    spec->n_covariate = spec->n_subgroup = 0;
    plan.estimators[0] = (char *)"log_rank";
    spec->n_estimator = 1;
    pilot_analysis_t *analysis = made_analysis(&plan.made.spec);
    ok(analysis->layout->variable_count == 2 && analysis->layout->event[0] == 1 &&
           strcmp(analysis->layout->variable[1].name, "y_event") == 0,
       "a survival estimator pulls the event's column");
    pilot_dataset_builder_t *builder = pilot_dataset_builder_new(analysis->layout, 1, MANY);
    for (size_t i = 0; i < 3; i++)
        made_label(builder, "pilot_arm", analysis->layout->arm[i]);
    for (unsigned i = 0; i < MANY; i++) {
        char id[8];
        snprintf(id, sizeof id, "u%05u", i);
        made_row_t row;
        made_begin(&row);
        made_text(&row, id);
        made_code(&row, (int)(i % 3));
        made_number(&row, i + 1);
        made_number(&row, i % 4 != 3);
        pilot_dataset_builder_row(builder, row.field, NULL);
    }
    pilot_dataset_t *dataset = NULL;
    pilot_dataset_builder_finish(builder, &dataset, NULL);
    pilot_dataset_builder_free(builder);
    Pilot__ResultRows *rows = agency(analysis, dataset);
    ok(rows->n_curve == 3 && strcmp(rows->curve[0]->arm, "c") == 0 &&
           strcmp(rows->curve[2]->arm, "b") == 0 && rows->curve[2]->ordinal == 2,
       "every arm has a curve, the control's first");
    const Pilot__Curve *curve = rows->curve[0];
    double events = 0;
    bool ordered = true;
    for (size_t i = 0; i < curve->n_point; i++) {
        events += curve->point[i]->events;
        ordered &= i == 0 || (curve->point[i]->x > curve->point[i - 1]->x &&
                              curve->point[i]->y <= curve->point[i - 1]->y);
    }
    const Pilot__CurvePoint *last = curve->point[curve->n_point - 1];
    ok(curve->n_point == PILOT_CURVE_POINTS && ordered, "of at most 500 points, in order");
    ok(curve->point[0]->x == 0 && curve->point[0]->y == 1 && curve->point[0]->at_risk == MANY / 3,
       "it begins at time 0 with all");
    ok(last->x == MANY - 2 && last->at_risk == 1, "the last time is kept");
    ok(events == 450, "no event is lost: a point has those since the point before");
    ok(curve->detail && strstr(curve->detail, "499 of 600 times"), "and the curve says so");
    pilot_message_free(&rows->base);
    pilot_dataset_free(dataset);
    pilot_analysis_free(analysis);
}

static bool always(const void *context)
{
    (void)context;
    return true;
}

static void cancelled_work_stops(void)
{
    plan_t plan;
    make_plan(&plan, false, false, false);
    pilot_analysis_t *analysis = made_analysis(&plan.made.spec);
    pilot_dataset_t *dataset = make_dataset(analysis, 2);
    pilot_report_t *report = pilot_report_new(analysis);
    const pilot_whole_options_t options = {.is_cancelled = always};
    ok(!pilot_whole_report(analysis, dataset, 0, 1, &options, report), "cancelled: it says so");
    Pilot__ResultRows *rows = made_rows(report);
    ok(rows->n_effect == 0, "and computes nothing");
    pilot_message_free(&rows->base);
    pilot_dataset_free(dataset);
    pilot_analysis_free(analysis);
}

static void codes_cross(void)
{
    const uint32_t missing = PILOT_CATEGORY_MISSING;
    const uint32_t a[] = {1, 0, 1, missing, 0, 1}, b[] = {0, 2, 0, 1, 0, 2};
    const uint32_t *const both[] = {a, b};
    const size_t codes[] = {2, 3};
    uint32_t *cell = NULL;
    size_t cells = pilot_cross_codes(both, codes, 2, 6, &cell);
    const uint32_t want[] = {2, 1, 2, 4, 0, 3};
    ok(cells == 5 && memcmp(cell, want, sizeof want) == 0,
       "cells that occur are numbered by the first column, then the second; missing comes last");
    free(cell);
    cells = pilot_cross_codes(both, codes, 1, 6, &cell);
    ok(cells == 3 && cell[3] == 2, "one column is itself");
    free(cell);
}

static void functions_are_where_the_table_says(void)
{
    bool agree = true;
    for (pilot_estimator_t i = 0; i < PILOT_ESTIMATORS; i++) {
        const pilot_estimator_facts_t *facts = pilot_estimator_facts(i);
        size_t parameters = 0;
        while (facts->parameter && facts->parameter[parameters])
            parameters++;
        if (facts->family == PILOT_FAMILY_CONTRAST)
            agree &= pilot_contrasts_computes(i) == facts->computed;
        agree &= parameters <= PILOT_MOST_PARAMETERS;
    }
    ok(agree, "what the table says to be computed has its function");
}

int main(void)
{
    one_agency_is_itself(false, false);
    one_agency_is_itself(true, false);
    one_agency_is_itself(true, true);
    agencies_are_blocks();
    labels_are_global_across();
    long_curves_are_thinned();
    cancelled_work_stops();
    codes_cross();
    functions_are_where_the_table_says();
    return tap_done();
}
