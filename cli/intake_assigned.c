#include "intake_assigned.h"

#include <stdlib.h>
#include <string.h>

#include "pilot/memory.h"

/* Blocks or clusters: tags of the agency's labels by their codes. */
struct tags {
    const pilot_intake_column_t *column; /* NULL: the plan has none */
    uint32_t *tag;
    size_t count, capacity;
};

struct pilot_assigned_checker {
    const pilot_intake_layout_t *layout;
    pilot_problems_t *problems;
    pilot_sha256_t *hash;
    struct tags block, cluster;
    const pilot_assigned_t *assigned;
    bool active, tell_missing;
    uint64_t *found; /* rows of the agency in hand by arm */
    pilot_assignment_tally_t tally;
};

pilot_assigned_checker_t *pilot_assigned_checker_new(const pilot_intake_layout_t *layout,
                                                     pilot_problems_t *problems)
{
    pilot_assigned_checker_t *checker = PILOT_NEW(pilot_assigned_checker_t);
    checker->layout = layout;
    checker->problems = problems;
    checker->hash = pilot_sha256_new();
    for (size_t i = 0; i < layout->columns; i++) {
        const pilot_intake_column_t *column = &layout->column[i];
        if (strcmp(column->stored->name, "pilot_block") == 0)
            checker->block.column = column;
        else if (column->is_cluster)
            checker->cluster.column = column;
    }
    checker->found = PILOT_NEW_ARRAY(uint64_t, layout->plan->arm_count);
    checker->tally.absent_by_arm = PILOT_NEW_ARRAY(uint64_t, layout->plan->arm_count);
    return checker;
}

void pilot_assigned_checker_free(pilot_assigned_checker_t *checker)
{
    if (!checker)
        return;
    pilot_sha256_free(checker->hash);
    free(checker->block.tag);
    free(checker->cluster.tag);
    free(checker->found);
    free(checker->tally.absent_by_arm);
    free(checker);
}

const pilot_assignment_tally_t *
pilot_assigned_checker_tally(const pilot_assigned_checker_t *checker)
{
    return &checker->tally;
}

static void make_tags(pilot_assigned_checker_t *checker, struct tags *tags,
                      const pilot_dictionary_t *dictionary)
{
    if (!tags->column)
        return;
    const pilot_dictionary_t *labels = &dictionary[tags->column->slot];
    tags->count = labels->count;
    tags->tag = pilot_grow(tags->tag, &tags->capacity, tags->count + 1, sizeof *tags->tag);
    for (uint32_t code = 0; code < labels->count; code++) {
        size_t length;
        const char *label = pilot_dictionary_label(labels, code, &length);
        tags->tag[code] =
            (uint32_t)(pilot_assigned_hash(checker->hash, checker->assigned->salt, label, length) >>
                       32);
    }
}

void pilot_assigned_checker_begin(pilot_assigned_checker_t *checker,
                                  const pilot_assigned_t *assigned, bool required,
                                  const pilot_dictionary_t *dictionary)
{
    checker->assigned = assigned;
    checker->active = assigned != NULL;
    checker->tell_missing = !assigned && required;
    if (!assigned) {
        checker->tally.unchecked++;
        return;
    }
    make_tags(checker, &checker->block, dictionary);
    make_tags(checker, &checker->cluster, dictionary);
    memset(checker->found, 0, checker->layout->plan->arm_count * sizeof *checker->found);
}

static void differs(pilot_assigned_checker_t *checker, const pilot_record_t *record,
                    const char *header, const char *message)
{
    pilot_problem_place_t place = {.file = record->file, .row = record->line, .header = header};
    pilot_problems_add(checker->problems, &place, PILOT_PROBLEM_ASSIGNMENT_DIFFERS, message);
}

/* False when the row lacks it: then that has been told. */
static bool tag_of(const struct tags *tags, const uint32_t *code, uint32_t *ret_tag)
{
    if (!tags->column || code[tags->column->slot] >= tags->count)
        return false;
    *ret_tag = tags->tag[code[tags->column->slot]];
    return true;
}

void pilot_assigned_checker_row(pilot_assigned_checker_t *checker, const pilot_record_t *record)
{
    const pilot_plan_columns_t *columns = &checker->layout->plan->columns;
    if (checker->tell_missing) {
        checker->tell_missing = false;
        differs(checker, record, columns->agency, "no assignment of this agency is registered");
    }
    if (!checker->active || record->arm == PILOT_INTAKE_NO_ARM)
        return;
    const uint32_t *code = pilot_record_codes(checker->layout, record);
    pilot_assigned_unit_t unit = {.arm = record->arm};
    bool with_block = tag_of(&checker->block, code, &unit.block);
    bool with_cluster = tag_of(&checker->cluster, code, &unit.cluster);
    unit.key = pilot_assigned_hash(checker->hash, checker->assigned->salt,
                                   pilot_record_unit(record), record->unit_length);
    switch (pilot_assigned_check(checker->assigned, &unit, with_block, with_cluster)) {
    case PILOT_ASSIGNED_SAME:
        checker->found[record->arm]++;
        break;
    case PILOT_ASSIGNED_UNKNOWN:
        differs(checker, record, columns->unit, "the unit was never assigned");
        break;
    case PILOT_ASSIGNED_OTHER_ARM:
        differs(checker, record, columns->arm, "not the arm that the unit was assigned to");
        break;
    case PILOT_ASSIGNED_OTHER_BLOCK:
        differs(checker, record, columns->block, "not the block that the unit was assigned in");
        break;
    case PILOT_ASSIGNED_OTHER_CLUSTER:
        differs(checker, record, columns->cluster, "not the cluster that the unit was assigned in");
        break;
    }
}

void pilot_assigned_checker_end(pilot_assigned_checker_t *checker)
{
    pilot_assignment_tally_t *tally = &checker->tally;
    const pilot_assigned_t *assigned = checker->assigned;
    if (!checker->active)
        return;
    checker->active = false;
    tally->checked++;
    tally->units += assigned->units;
    for (size_t i = 0; i < assigned->units; i++)
        if (assigned->arm[i] != PILOT_INTAKE_NO_ARM)
            tally->absent_by_arm[assigned->arm[i]]++;
    tally->absent += assigned->units;
    for (size_t arm = 0; arm < checker->layout->plan->arm_count; arm++) {
        uint64_t known = tally->absent_by_arm[arm];
        uint64_t found = checker->found[arm] < known ? checker->found[arm] : known;
        tally->absent_by_arm[arm] -= found;
        tally->absent -= found;
    }
}
