#include "../harness/tap.h"

#include <stdlib.h>

#include "worker_made_data.h"
#include "../../worker/row_order.h"

/* A layout of blocks, clusters, one number and one category. */
static pilot_layout_t *make_layout(made_spec_t *made)
{
    made_spec_init(made);
    made->spec.n_outcome = 1;
    made->spec.has_block = made->spec.has_cluster = true;
    made->covariates[0] = &made->covariate[1];
    made->spec.n_covariate = 1;
    pilot_row_slots_t *slots = pilot_row_slots_new(&made->spec);
    pilot_layout_t *layout = pilot_layout_new(slots);
    pilot_row_slots_free(slots);
    return layout;
}

typedef struct unit {
    const char *id;
    int arm, block, cluster;
    double y;  /* negative: missing */
    int level; /* negative: missing */
} unit_t;

static pilot_status_t add_unit(pilot_dataset_builder_t *builder, const unit_t *unit,
                               pilot_error_t *error)
{
    made_row_t row;
    made_begin(&row);
    made_text(&row, unit->id);
    made_code(&row, unit->arm);
    made_code(&row, unit->block);
    made_code(&row, unit->cluster);
    if (unit->y < 0)
        made_null(&row);
    else
        made_number(&row, unit->y);
    if (unit->level < 0)
        made_null(&row);
    else
        made_code(&row, unit->level);
    return pilot_dataset_builder_row(builder, row.field, error);
}

static pilot_dataset_builder_t *make_builder(const pilot_layout_t *layout, const unit_t *unit,
                                             size_t units)
{
    pilot_dataset_builder_t *builder = pilot_dataset_builder_new(layout, 7, units);
    made_label(builder, "pilot_arm", "b"); /* first appearance, not plan order */
    made_label(builder, "pilot_arm", "c");
    made_label(builder, "pilot_block", "south");
    made_label(builder, "pilot_block", "north");
    made_label(builder, "pilot_cluster", "2");
    made_label(builder, "pilot_cluster", "10");
    made_label(builder, "pilot_cluster", "1");
    made_label(builder, "g", "low");
    made_label(builder, "g", "high");
    made_label(builder, "unasked", "x");
    for (size_t i = 0; i < units; i++)
        add_unit(builder, &unit[i], NULL);
    return builder;
}

static void rows_are_sorted_and_recoded(const pilot_layout_t *layout)
{
    static const unit_t unit[] = {{"u3", 0, 0, 0, 3, 0},
                                  {"u2", 1, 0, 0, 2, 1},
                                  {"u1", 1, 1, 1, -1, -1},
                                  {"u0", 0, 1, 2, 0, 1}};
    pilot_dataset_builder_t *builder = make_builder(layout, unit, 4);
    pilot_dataset_t *set = NULL;
    ok(pilot_dataset_builder_finish(builder, &set, NULL) == PILOT_OK, "a full builder finishes");
    ok(set->rows == 4 && set->submission == 7, "rows and submission are kept");
    ok(set->block[0] == 0 && set->block[1] == 0 && set->block[2] == 1 && set->block[3] == 1,
       "blocks ascend");
    is_text(set->block_labels.label[0], "north", "blocks are ordered by their labels' bytes");
    ok(set->cluster[0] == 0 && set->cluster[1] == 1 && set->cluster[2] == 2 && set->cluster[3] == 2,
       "cluster codes ascend with the rows");
    is_text(set->cluster_labels.label[0], "1", "within a block, clusters stand by label bytes");
    is_text(set->cluster_labels.label[1], "10", "\"10\" stands before \"2\"");
    is_text(set->cluster_labels.label[2], "2", "and \"2\" in the next block");
    const pilot_column_t *y = &set->column[0], *g = &set->column[1];
    ok(y->value[0] == 0 && y->value[2] == 2 && y->value[3] == 3, "units are sorted in a cluster");
    ok(y->present && y->present[0] == 1 && y->present[1] == 0 && y->value[1] == 0,
       "a NULL is absent and holds 0");
    ok(set->arm[0] == 2 && set->arm[1] == 0, "arms are the plan's indices");
    is_text(g->levels.label[0], "high", "categories are ordered by label bytes");
    ok(g->code[0] == 0 && g->code[1] == PILOT_CATEGORY_MISSING && g->code[3] == 1,
       "category codes follow, a missing one stays missing");
    ok(set->bytes >= 4 * (2 + 4 + 4 + 8 + 1 + 4), "its memory is counted");
    pilot_dataset_free(set);
    pilot_dataset_builder_free(builder);
}

static void order_of_arrival_does_not_matter(const pilot_layout_t *layout)
{
    enum { UNITS = 500 };
    static char id[UNITS][12];
    unit_t forward[UNITS], backward[UNITS];
    for (int i = 0; i < UNITS; i++) {
        snprintf(id[i], sizeof id[i], "unit-%d", i * 7919 % UNITS);
        forward[i] = (unit_t){id[i], i % 2, i % 2, i % 3, i, i % 2};
        backward[UNITS - 1 - i] = forward[i];
    }
    pilot_dataset_builder_t *one = make_builder(layout, forward, UNITS);
    pilot_dataset_builder_t *two = make_builder(layout, backward, UNITS);
    pilot_dataset_t *a = NULL, *b = NULL;
    pilot_dataset_builder_finish(one, &a, NULL);
    pilot_dataset_builder_finish(two, &b, NULL);
    ok(a && b && !memcmp(a->column[0].value, b->column[0].value, UNITS * sizeof(double)) &&
           !memcmp(a->arm, b->arm, UNITS * sizeof(uint16_t)) &&
           !memcmp(a->cluster, b->cluster, UNITS * sizeof(uint32_t)),
       "rows in reverse give the same arrays");
    ok(a && !a->column[0].present, "presence bytes are dropped where nothing is missing");
    pilot_dataset_free(a);
    pilot_dataset_free(b);
    pilot_dataset_builder_free(one);
    pilot_dataset_builder_free(two);
}

static void check_refusal(const pilot_layout_t *layout, const unit_t *unit, size_t expected,
                          const char *part_of_message)
{
    pilot_dataset_builder_t *builder = make_builder(layout, unit, 1);
    pilot_dataset_t *set = NULL;
    pilot_error_t error = {0};
    if (expected != 1) {
        pilot_dataset_builder_free(builder);
        builder = pilot_dataset_builder_new(layout, 7, expected);
    }
    pilot_status_t status = pilot_dataset_builder_finish(builder, &set, &error);
    ok(status == PILOT_E_DATA && !set && strstr(error.message, part_of_message), "refused: %s",
       part_of_message);
    pilot_dataset_builder_free(builder);
}

static void bad_rows_are_refused(const pilot_layout_t *layout)
{
    check_refusal(layout, &(unit_t){"u", 9, 0, 0, 1, 0}, 1, "pilot_arm has a code without label");
    check_refusal(layout, &(unit_t){"u", 0, 5, 0, 1, 0}, 1, "pilot_block has a code without label");
    check_refusal(layout, &(unit_t){"u", 0, -1, 0, 1, 0}, 1, "pilot_block has a code");
    check_refusal(layout, &(unit_t){"u", 0, 0, 3, 1, 0}, 1, "pilot_cluster has a code");
    check_refusal(layout, &(unit_t){"u", 0, 0, 0, 1, 2}, 1, "column g has a code without label");
    check_refusal(layout, &(unit_t){"u", 0, 0, 0, 1, 0}, 2, "has 0 rows instead of 2");
    const unit_t unit = {"u", 0, 0, 0, 1, 0};
    pilot_dataset_builder_t *builder = make_builder(layout, &unit, 1);
    ok(add_unit(builder, &unit, NULL) == PILOT_E_DATA, "a row more than promised is refused");
    pilot_dataset_builder_free(builder);
    builder = pilot_dataset_builder_new(layout, 7, 1);
    made_label(builder, "pilot_arm", "stranger");
    made_label(builder, "pilot_block", "b");
    made_label(builder, "pilot_cluster", "c");
    add_unit(builder, &(unit_t){"u", 0, 0, 0, 1, -1}, NULL);
    pilot_dataset_t *set = NULL;
    pilot_error_t error = {0};
    ok(pilot_dataset_builder_finish(builder, &set, &error) == PILOT_E_DATA &&
           strstr(error.message, "an arm that the plan lacks"),
       "an arm that the plan lacks is refused");
    pilot_dataset_builder_free(builder);
}

static void row_order_is_bytewise(void)
{
    static const char *const id[] = {"a",         "ab", "abcdefgh", "abcdefgh1",
                                     "abcdefgh2", "b",  "\xc3\xa9"};
    enum { IDS = sizeof id / sizeof *id };
    static const uint32_t two[IDS] = {0, 1, 0, 1, 0, 1, 0};
    char bytes[64];
    size_t end[IDS], length = 0;
    uint32_t given[IDS];
    for (uint32_t i = 0; i < IDS; i++) {
        given[i] = (i * 3 + 2) % IDS;
        memcpy(bytes + length, id[given[i]], strlen(id[given[i]]));
        end[i] = length += strlen(id[given[i]]);
    }
    pilot_unit_ids_t units = {bytes, end};
    uint32_t *order =
        pilot_row_order(&units, (pilot_ranked_codes_t){0}, (pilot_ranked_codes_t){0}, IDS);
    bool sorted = order != NULL;
    for (size_t i = 0; sorted && i < IDS; i++)
        sorted = given[order[i]] == i;
    ok(sorted, "ids are ordered by bytes, shorter first");
    free(order);
    length = 0;
    for (uint32_t i = 0; i < IDS; i++) {
        memcpy(bytes + length, id[i], strlen(id[i]));
        end[i] = length += strlen(id[i]);
    }
    ok(!pilot_row_order(&units, (pilot_ranked_codes_t){0}, (pilot_ranked_codes_t){0}, IDS),
       "rows that stand in order are seen to");
    order = pilot_row_order(&units, (pilot_ranked_codes_t){two, 2}, (pilot_ranked_codes_t){0}, IDS);
    ok(order && order[0] == 0 && order[3] == 6 && order[4] == 1 && order[6] == 5,
       "blocks come first, units stay in order within them");
    free(order);
}

/* The treatment received is a number, or an arm in codes of the submission's own. */
static void received_arms_are_the_plans(void)
{
    static char iv[] = "iv";
    made_spec_t made;
    made_spec_init(&made);
    made.spec.n_outcome = 1;
    made.spec.n_covariate = 0;
    made.spec.has_received = true;
    made.estimator[0] = iv;
    made.spec.n_estimator = 1;
    pilot_row_slots_t *slots = pilot_row_slots_new(&made.spec);
    pilot_layout_t *layout = pilot_layout_new(slots);
    pilot_row_slots_free(slots);
    ok(layout->received == 1 && strcmp(layout->variable[1].name, "pilot_received") == 0,
       "iv pulls the treatment received");
    for (int labels = 0; labels < 3; labels++) {
        pilot_dataset_builder_t *builder = pilot_dataset_builder_new(layout, 1, 2);
        made_label(builder, "pilot_arm", "c");
        made_label(builder, "pilot_arm", "a");
        if (labels > 0)
            made_label(builder, "pilot_received", labels == 1 ? "b" : "stranger");
        if (labels > 0)
            made_label(builder, "pilot_received", "c");
        for (int i = 0; i < 2; i++) {
            made_row_t row;
            made_begin(&row);
            made_text(&row, i ? "u2" : "u1");
            made_code(&row, i);
            made_number(&row, i);
            made_number(&row, i);
            pilot_dataset_builder_row(builder, row.field, NULL);
        }
        pilot_dataset_t *dataset = NULL;
        pilot_status_t status = pilot_dataset_builder_finish(builder, &dataset, NULL);
        const pilot_column_t *column = dataset ? &dataset->column[1] : NULL;
        if (labels == 0)
            ok(!column->is_arm && column->value[0] == 0 && column->value[1] == 1,
               "numbers stay numbers");
        else if (labels == 1)
            ok(column->is_arm && column->value[0] == 2 && column->value[1] == 0,
               "arms become the plan's");
        else
            ok(status == PILOT_E_DATA && !dataset, "an arm that the plan lacks is refused");
        pilot_dataset_free(dataset);
        pilot_dataset_builder_free(builder);
    }
    pilot_layout_free(layout);
}

int main(void)
{
    made_spec_t made;
    pilot_layout_t *layout = make_layout(&made);
    ok(layout->fields == 7, "a row has submission, unit, arm, block, cluster and two variables");
    rows_are_sorted_and_recoded(layout);
    order_of_arrival_does_not_matter(layout);
    bad_rows_are_refused(layout);
    row_order_is_bytewise();
    pilot_layout_free(layout);
    received_arms_are_the_plans();
    return tap_done();
}
