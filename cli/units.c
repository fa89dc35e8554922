#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake_input.h"
#include "intake_reader.h"
#include "pilot/memory.h"

/* ---- reading --------------------------------------------------------------------------------- */

static void deliver(void *context, pilot_chunk_t *chunk)
{
    pilot_units_t *units = context;
    chunk->next = NULL;
    if (units->last)
        units->last->next = chunk;
    else
        units->first = chunk;
    units->last = chunk;
    for (pilot_record_t *record = pilot_chunk_first(chunk); record;
         record = pilot_chunk_next(chunk, record))
        units->count++;
}

static void init_layout(pilot_units_t *units)
{
    static const char *const wanted[] = {"pilot_unit", "pilot_arm", "pilot_block", "pilot_cluster"};
    size_t count = 0, kept = 0;
    const pilot_stored_column_t *stored = pilot_plan_stored_columns(units->plan, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof wanted / sizeof *wanted; j++)
            if (strcmp(stored[i].name, wanted[j]) == 0)
                units->stored[kept++] = stored[i];
    for (size_t i = 0; i < kept; i++)
        if (units->stored[i].kind == PILOT_VALUE_ARM && !units->with_arms)
            units->stored[i].header = NULL;
    pilot_intake_layout_init_columns(&units->layout, units->plan, units->stored, kept);
    for (size_t i = 0; i < kept; i++) {
        const pilot_intake_column_t *column = &units->layout.column[i];
        if (column->is_cluster)
            units->cluster = column;
        else if (column->place == PILOT_PLACE_TEXT)
            units->block = column;
    }
}

static pilot_status_t read_input(pilot_units_t *units, pilot_input_t *input,
                                 const pilot_units_options_t *options, pilot_error_t *error)
{
    const pilot_reader_setup_t setup = {.layout = &units->layout,
                                        .agencies = units->agencies,
                                        .problems = units->problems,
                                        .queue = units->queue,
                                        .deliver = deliver,
                                        .context = units,
                                        .agency = options->agency,
                                        .any_order = true,
                                        .keys = options->keys,
                                        .interrupt_fd = options->interrupt_fd};
    pilot_reader_t *reader = pilot_reader_new(&setup);
    pilot_status_t status = pilot_input_read(input, reader, 0, error);
    if (!status)
        pilot_reader_finish(reader);
    units->passed_over_arms = pilot_reader_passed_over_arms(reader);
    pilot_reader_free(reader);
    memcpy(units->file_sha256, input->sha256, sizeof units->file_sha256);
    return status;
}

static void list_records(pilot_units_t *units)
{
    size_t at = 0;
    units->record = PILOT_NEW_ARRAY(pilot_record_t *, units->count + 1);
    for (pilot_chunk_t *chunk = units->first; chunk; chunk = chunk->next)
        for (pilot_record_t *record = pilot_chunk_first(chunk); record;
             record = pilot_chunk_next(chunk, record))
            units->record[at++] = record;
}

pilot_status_t pilot_units_read(const pilot_plan_t *plan, const char *path,
                                const pilot_units_options_t *options, pilot_units_t *ret_units,
                                pilot_error_t *error)
{
    pilot_units_t *units = ret_units;
    *units = (pilot_units_t){.plan = plan, .path = path, .with_arms = options->with_arms};
    bool named = !options->agency && !plan->columns.agency;
    if (named && !options->name_by_file)
        return pilot_error_set(error, PILOT_E_USAGE,
                               "the plan has no agency column: say whose units these are with "
                               "--agency NAME");
    if (options->agency && !*options->agency)
        return pilot_error_set(error, PILOT_E_USAGE, "--agency: a name is needed");
    init_layout(units);
    units->agencies = pilot_agencies_new();
    units->problems = pilot_problems_new(1, &units->path);
    units->queue = pilot_chunk_queue_new(0);
    pilot_input_t input;
    pilot_status_t status = pilot_input_open(&input, path, named, options->interrupt_fd, error);
    if (!status)
        status = read_input(units, &input, options, error);
    pilot_input_clear(&input);
    if (status == PILOT_E_INTERRUPTED)
        pilot_error_set(error, status, "interrupted");
    list_records(units);
    return status;
}

void pilot_units_clear(pilot_units_t *units)
{
    while (units->first) {
        pilot_chunk_t *next = units->first->next;
        free(units->first);
        units->first = next;
    }
    free(units->record);
    pilot_chunk_queue_free(units->queue);
    pilot_agencies_free(units->agencies);
    pilot_problems_free(units->problems);
    pilot_intake_layout_clear(&units->layout);
    *units = (pilot_units_t){0};
}

/* ---- labels and orders ----------------------------------------------------------------------- */

static pilot_label_t label_of(const pilot_units_t *units, const pilot_intake_column_t *column,
                              const pilot_record_t *record)
{
    if (!column)
        return (pilot_label_t){"", 0};
    const uint16_t *length = pilot_record_text_lengths(&units->layout, record);
    const char *bytes = pilot_record_texts(record);
    for (uint32_t slot = 0; slot < column->slot; slot++)
        bytes += length[slot] == UINT16_MAX ? 0 : length[slot];
    uint16_t own = length[column->slot];
    return (pilot_label_t){bytes, own == UINT16_MAX ? 0 : own};
}

pilot_label_t pilot_units_block(const pilot_units_t *units, const pilot_record_t *record)
{
    return label_of(units, units->block, record);
}

pilot_label_t pilot_units_cluster(const pilot_units_t *units, const pilot_record_t *record)
{
    return label_of(units, units->cluster, record);
}

static pilot_label_t unit_of(const pilot_record_t *record)
{
    return (pilot_label_t){pilot_record_unit(record), record->unit_length};
}

pilot_label_t pilot_units_whole(const pilot_units_t *units, const pilot_record_t *record)
{
    if (units->cluster)
        return pilot_units_cluster(units, record);
    if (units->plan->level == PILOT_LEVEL_AGENCY)
        return unit_of(record);
    const pilot_agency_t *agency = pilot_agencies_get(units->agencies, record->agency);
    return (pilot_label_t){agency->name, agency->name_length};
}

int pilot_label_compare(pilot_label_t a, pilot_label_t b)
{
    int order = memcmp(a.bytes, b.bytes, a.length < b.length ? a.length : b.length);
    if (order != 0)
        return order;
    return a.length < b.length ? -1 : a.length > b.length;
}

static int by_number(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_ranks(const void *a, const void *b, void *context)
{
    const pilot_units_t *units = context;
    const pilot_record_t *x = *(pilot_record_t *const *)a, *y = *(pilot_record_t *const *)b;
    int order = by_number(pilot_units_group(units, x), pilot_units_group(units, y));
    if (order == 0 && units->block)
        order = pilot_label_compare(pilot_units_block(units, x), pilot_units_block(units, y));
    if (order == 0)
        order = pilot_label_compare(pilot_units_whole(units, x), pilot_units_whole(units, y));
    return order ? order : pilot_label_compare(unit_of(x), unit_of(y));
}

static int compare_in_agency(const void *a, const void *b, void *context)
{
    const pilot_record_t *x = *(pilot_record_t *const *)a, *y = *(pilot_record_t *const *)b;
    (void)context;
    int order = by_number(x->agency, y->agency);
    if (order == 0)
        order = pilot_label_compare(unit_of(x), unit_of(y));
    return order ? order : by_number(x->row, y->row);
}

/* Like compare_in_agency; labels are global at level across. */
static int compare_units(const void *a, const void *b, void *context)
{
    const pilot_units_t *units = context;
    const pilot_record_t *x = *(pilot_record_t *const *)a, *y = *(pilot_record_t *const *)b;
    int order = by_number(pilot_units_group(units, x), pilot_units_group(units, y));
    if (order == 0)
        order = pilot_label_compare(unit_of(x), unit_of(y));
    return order ? order : by_number(x->row, y->row);
}

static int compare_wholes(const void *a, const void *b, void *context)
{
    const pilot_units_t *units = context;
    const pilot_record_t *x = *(pilot_record_t *const *)a, *y = *(pilot_record_t *const *)b;
    int order = by_number(pilot_units_group(units, x), pilot_units_group(units, y));
    if (order == 0)
        order = pilot_label_compare(pilot_units_whole(units, x), pilot_units_whole(units, y));
    return order ? order : by_number(x->row, y->row);
}

static pilot_record_t **sorted(const pilot_units_t *units,
                               int (*compare)(const void *, const void *, void *))
{
    pilot_record_t **record = PILOT_NEW_ARRAY(pilot_record_t *, units->count + 1);
    memcpy(record, units->record, units->count * sizeof(pilot_record_t *));
    if (units->count > 1)
        qsort_r(record, units->count, sizeof(pilot_record_t *), compare, (void *)(uintptr_t)units);
    return record;
}

pilot_record_t **pilot_units_ranked(const pilot_units_t *units)
{
    return sorted(units, compare_ranks);
}

pilot_record_t **pilot_units_by_agency(const pilot_units_t *units)
{
    return sorted(units, compare_in_agency);
}

/* ---- checks of rows against each other ------------------------------------------------------- */

static void problem(pilot_units_t *units, const pilot_record_t *record, const char *header,
                    pilot_problem_code_t code, const char *message)
{
    pilot_problem_place_t place = {.row = record->line, .header = header};
    pilot_problems_add(units->problems, &place, code, message);
}

static void check_duplicates(pilot_units_t *units)
{
    pilot_record_t **record PILOT_AUTOFREE = sorted(units, compare_units);
    const char *whose = units->plan->level == PILOT_LEVEL_ACROSS ? "(at level across in any agency)"
                                                                 : "of its agency";
    for (size_t i = 1; i < units->count; i++) {
        const pilot_record_t *before = record[i - 1], *at = record[i];
        if (pilot_units_group(units, before) != pilot_units_group(units, at) ||
            pilot_label_compare(unit_of(before), unit_of(at)) != 0)
            continue;
        char message[96];
        snprintf(message, sizeof message, "the unit is already in row %" PRIu64 " %s", before->line,
                 whose);
        problem(units, at, units->plan->columns.unit, PILOT_PROBLEM_DUPLICATE_UNIT, message);
    }
}

/* One row a cluster is told. */
static void check_wholes(pilot_units_t *units)
{
    const pilot_plan_columns_t *columns = &units->plan->columns;
    pilot_record_t **record PILOT_AUTOFREE = sorted(units, compare_wholes);
    const char *header = columns->cluster ? columns->cluster : columns->agency;
    bool block_told = false, arm_told = false;
    for (size_t i = 1; i < units->count; i++) {
        const pilot_record_t *before = record[i - 1], *at = record[i];
        if (pilot_units_group(units, before) != pilot_units_group(units, at) ||
            pilot_label_compare(pilot_units_whole(units, before), pilot_units_whole(units, at)) !=
                0) {
            block_told = arm_told = false;
            continue;
        }
        if (!block_told && units->block &&
            pilot_label_compare(pilot_units_block(units, before), pilot_units_block(units, at)) !=
                0) {
            block_told = true;
            problem(units, at, header, PILOT_PROBLEM_CLUSTER_IN_TWO_BLOCKS,
                    columns->cluster ? "the cluster of this row has rows in another block"
                                     : "the agency of this row has rows in another block");
        }
        if (!arm_told && units->with_arms && before->arm != at->arm) {
            arm_told = true;
            problem(units, at, header, PILOT_PROBLEM_CLUSTER_IN_TWO_ARMS,
                    "the cluster of this row has rows in another arm");
        }
    }
}

void pilot_units_check(pilot_units_t *units)
{
    if (pilot_problems_total(units->problems) > 0)
        return;
    check_duplicates(units);
    if (units->cluster || units->plan->level == PILOT_LEVEL_ACROSS)
        check_wholes(units);
}
