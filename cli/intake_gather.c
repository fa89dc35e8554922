#include "intake_gather.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake_assigned.h"
#include "intake_clusters.h"
#include "intake_content.h"
#include "intake_order.h"
#include "pilot/memory.h"

#define DEFAULT_MEMORY ((size_t)24 << 20)
#define MOST_LABELS 2000000u
#define NO_AGENCY UINT32_MAX
#define MOST_SUMMARIES ((size_t)32 << 20)

struct pilot_gather {
    pilot_gather_setup_t setup;
    const pilot_intake_layout_t *layout;
    pilot_content_t *content;
    pilot_order_t *order;
    pilot_clusters_t clusters; /* level: across */
    const pilot_intake_column_t *received;
    bool asked_for_load;
    pilot_load_t *load;

    /* The agency in hand. */
    uint32_t agency;
    pilot_chunk_t *held; /* its records stand in these */
    size_t held_bytes;
    pilot_dictionary_t *dictionary; /* texts */
    uint16_t *cluster_arm;          /* level: agency; by code of the cluster */
    size_t cluster_arm_capacity, cluster_arms;
    bool labels_told;
    bool received_given, may_be_arm, may_be_number;
    bool hashing, sending, summarizing;
    pilot_assigned_checker_t *checker; /* NULL: nothing to check against */
    const pilot_assigned_t *assigned;  /* or NULL */
    pilot_summarizer_t *summarizer;
    size_t summary_bytes;

    pilot_gathered_t *gathered;
    size_t count, capacity;
};

pilot_gather_t *pilot_gather_new(const pilot_gather_setup_t *setup)
{
    pilot_gather_t *gather = PILOT_NEW(pilot_gather_t);
    gather->setup = *setup;
    gather->layout = setup->layout;
    if (gather->setup.memory == 0)
        gather->setup.memory = DEFAULT_MEMORY;
    gather->content = pilot_content_new(setup->layout);
    gather->order = pilot_order_new();
    gather->summarizer = pilot_summarizer_new(setup->layout);
    gather->dictionary = PILOT_NEW_ARRAY(pilot_dictionary_t, setup->layout->texts + 1);
    gather->agency = NO_AGENCY;
    for (size_t i = 0; i < setup->layout->columns; i++)
        if (setup->layout->column[i].place == PILOT_PLACE_RECEIVED)
            gather->received = &setup->layout->column[i];
    if (setup->assigned)
        gather->checker = pilot_assigned_checker_new(setup->layout, setup->problems);
    return gather;
}

static void release_held(pilot_gather_t *gather, pilot_chunk_t *keep)
{
    while (gather->held) {
        pilot_chunk_t *chunk = gather->held;
        gather->held = chunk->next;
        if (chunk != keep)
            pilot_chunk_release(gather->setup.queue, chunk);
    }
    gather->held = keep;
    gather->held_bytes = keep ? keep->used : 0;
    if (keep)
        keep->next = NULL;
}

void pilot_gather_free(pilot_gather_t *gather)
{
    if (!gather)
        return;
    release_held(gather, NULL);
    for (size_t i = 0; i < gather->layout->texts; i++)
        pilot_dictionary_clear(&gather->dictionary[i]);
    free(gather->dictionary);
    pilot_content_free(gather->content);
    pilot_order_free(gather->order);
    pilot_summarizer_free(gather->summarizer);
    for (size_t i = 0; i < gather->count; i++)
        pilot_summary_free(gather->gathered[i].summary);
    pilot_clusters_clear(&gather->clusters);
    pilot_assigned_checker_free(gather->checker);
    free(gather->cluster_arm);
    free(gather->gathered);
    free(gather);
}

pilot_gathered_t *pilot_gather_result(const pilot_gather_t *gather, size_t *ret_count)
{
    *ret_count = gather->count;
    return gather->gathered;
}

const pilot_assignment_tally_t *pilot_gather_tally(const pilot_gather_t *gather)
{
    static const pilot_assignment_tally_t nothing;
    return gather->checker ? pilot_assigned_checker_tally(gather->checker) : &nothing;
}

static void problem(pilot_gather_t *gather, const pilot_record_t *record, const char *header,
                    pilot_problem_code_t code, const char *message)
{
    pilot_problem_place_t place = {.file = record->file, .row = record->line, .header = header};
    pilot_problems_add(gather->setup.problems, &place, code, message);
}

/* ---- one record joins, in the order of the files --------------------------------------------- */

static uint16_t *cluster_arm(pilot_gather_t *gather, uint32_t code, const char *label,
                             size_t length)
{
    if (gather->layout->plan->level == PILOT_LEVEL_ACROSS)
        return pilot_clusters_arm(&gather->clusters, label, length);
    gather->cluster_arm = pilot_grow(gather->cluster_arm, &gather->cluster_arm_capacity,
                                     (size_t)code + 1, sizeof *gather->cluster_arm);
    while (gather->cluster_arms <= code)
        gather->cluster_arm[gather->cluster_arms++] = PILOT_INTAKE_NO_ARM;
    return &gather->cluster_arm[code];
}

static void check_cluster(pilot_gather_t *gather, const pilot_record_t *record, const char *header,
                          uint16_t *arm)
{
    if (record->arm == PILOT_INTAKE_NO_ARM || *arm == PILOT_CLUSTER_TOLD)
        return;
    if (*arm == PILOT_INTAKE_NO_ARM) {
        *arm = record->arm;
    } else if (*arm != record->arm) {
        *arm = PILOT_CLUSTER_TOLD;
        problem(gather, record, header, PILOT_PROBLEM_CLUSTER_IN_TWO_ARMS,
                "the cluster of this row has rows in another arm");
    }
}

static void give_codes(pilot_gather_t *gather, pilot_record_t *record)
{
    const pilot_intake_layout_t *layout = gather->layout;
    uint32_t *code = pilot_record_codes(layout, record);
    const uint16_t *length = pilot_record_text_lengths(layout, record);
    const char *text = pilot_record_texts(record);
    for (size_t i = 0; i < layout->texts; i++) {
        if (length[i] == UINT16_MAX)
            continue;
        const pilot_intake_column_t *column = &layout->column[layout->text_column[i]];
        code[i] = pilot_dictionary_code(&gather->dictionary[i], text, length[i]);
        if (code[i] >= MOST_LABELS && !gather->labels_told) {
            gather->labels_told = true;
            problem(gather, record, column->stored->header, PILOT_PROBLEM_TOO_LARGE,
                    "more than 2,000,000 different labels in one agency");
        }
        if (column->is_cluster)
            check_cluster(gather, record, column->stored->header,
                          cluster_arm(gather, code[i], text, length[i]));
        text += length[i];
    }
}

/* Treatment received is a number in all rows of an agency, or an arm in all. */
static void join_received(pilot_gather_t *gather, const pilot_record_t *record)
{
    const uint64_t *given = pilot_record_given(gather->layout, record);
    bool number = pilot_record_has(given, gather->received->slot);
    bool arm = pilot_record_has(given, gather->received->slot + 1);
    if (!number && !arm)
        return;
    if (!gather->received_given) {
        gather->received_given = true;
        gather->may_be_number = number;
        gather->may_be_arm = arm;
    } else if ((number && gather->may_be_number) || (arm && gather->may_be_arm)) {
        gather->may_be_number &= number;
        gather->may_be_arm &= arm;
    } else {
        problem(gather, record, gather->received->stored->header, PILOT_PROBLEM_NOT_A_NUMBER,
                "numbers and arms are mixed within the agency");
    }
}

static void begin_agency(pilot_gather_t *gather, uint32_t agency)
{
    gather->agency = agency;
    pilot_order_reset(gather->order);
    for (size_t i = 0; i < gather->layout->texts; i++)
        pilot_dictionary_reset(&gather->dictionary[i]);
    gather->cluster_arms = 0;
    gather->labels_told = false;
    gather->received_given = gather->may_be_arm = gather->may_be_number = false;
}

/* ---- the agency is complete ------------------------------------------------------------------ */

static void check_duplicate(pilot_gather_t *gather, const pilot_record_t *record,
                            const pilot_record_t *previous)
{
    if (!previous || !pilot_order_same_unit(record, previous))
        return;
    char message[80];
    if (record->file == previous->file)
        snprintf(message, sizeof message, "the unit is already in row %" PRIu64 " of its agency",
                 previous->line);
    else
        snprintf(message, sizeof message, "the unit is already in row %" PRIu64 " of file %d",
                 previous->line, previous->file + 1);
    problem(gather, record, gather->layout->plan->columns.unit, PILOT_PROBLEM_DUPLICATE_UNIT,
            message);
}

static pilot_status_t visit(void *context, const pilot_record_t *record,
                            const pilot_record_t *previous, pilot_error_t *error)
{
    pilot_gather_t *gather = context;
    (void)error;
    check_duplicate(gather, record, previous);
    if (gather->checker)
        pilot_assigned_checker_row(gather->checker, record);
    if (gather->summarizing)
        pilot_summarizer_row(gather->summarizer, record);
    if (record->rejected)
        gather->hashing = gather->sending = gather->summarizing = false;
    if (gather->hashing)
        pilot_content_row(gather->content, record);
    if (gather->sending)
        pilot_load_row(gather->load, record);
    return PILOT_OK;
}

static void count_assigned(pilot_gather_t *gather, pilot_summary_t *summary)
{
    const pilot_assigned_t *assigned = gather->assigned;
    if (!assigned)
        return;
    summary->arm_assigned = PILOT_NEW_ARRAY(uint64_t, summary->arms + 1);
    for (size_t i = 0; i < assigned->units; i++)
        if (assigned->arm[i] < summary->arms)
            summary->arm_assigned[assigned->arm[i]]++;
}

static void keep_summary(pilot_gather_t *gather, pilot_gathered_t *gathered)
{
    pilot_summary_t *summary = pilot_summarizer_end(gather->summarizer);
    count_assigned(gather, summary);
    gather->summary_bytes += pilot_summary_bytes(summary);
    if (gather->summary_bytes <= MOST_SUMMARIES)
        gathered->summary = summary;
    else
        pilot_summary_free(summary);
}

static pilot_status_t walk(pilot_gather_t *gather, bool hashing, bool sending,
                           pilot_gathered_t *gathered, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    char *ret_hex = gathered->content_sha256;
    gather->hashing = hashing;
    gather->sending = sending;
    /* Not again when an agency is walked a second time. */
    gather->summarizing = !gathered->summary;
    if (gather->summarizing)
        pilot_summarizer_begin(gather->summarizer, gather->may_be_arm);
    if (hashing)
        pilot_content_begin(gather->content, gather->may_be_arm);
    if (sending)
        status = pilot_load_agency(gather->load, gather->agency, gather->may_be_arm, error);
    if (!status)
        status = pilot_order_walk(gather->order, visit, gather, error);
    if (!status && gather->checker)
        pilot_assigned_checker_end(gather->checker);
    if (!status && gather->summarizing)
        keep_summary(gather, gathered);
    if (!status && gather->hashing)
        pilot_content_end(gather->content, ret_hex);
    if (!status && gather->sending)
        status = pilot_load_agency_end(gather->load, gather->dictionary, ret_hex, error);
    return status;
}

/* With an accepted submission of as many rows, hash first: equal content is not sent at all. */
static pilot_status_t send_or_skip(pilot_gather_t *gather, pilot_gathered_t *gathered,
                                   pilot_error_t *error)
{
    const pilot_agency_t *agency = pilot_agencies_get(gather->setup.agencies, gather->agency);
    const pilot_current_t *current = pilot_load_current(gather->load, agency);
    if (!current || current->rows != gathered->rows)
        return walk(gather, true, true, gathered, error);
    pilot_status_t status = walk(gather, true, false, gathered, error);
    if (status)
        return status;
    gathered->unchanged = strcmp(current->content_sha256, gathered->content_sha256) == 0;
    if (gathered->unchanged || pilot_problems_total(gather->setup.problems) > 0)
        return PILOT_OK;
    return walk(gather, true, true, gathered, error);
}

static pilot_status_t begin_check(pilot_gather_t *gather, pilot_error_t *error)
{
    const pilot_agency_t *agency = pilot_agencies_get(gather->setup.agencies, gather->agency);
    gather->assigned = NULL;
    pilot_status_t status =
        gather->setup.assigned(gather->setup.context, agency, &gather->assigned, error);
    if (!status)
        pilot_assigned_checker_begin(gather->checker, gather->assigned,
                                     gather->setup.assignment_required, gather->dictionary);
    return status;
}

static pilot_status_t end_agency(pilot_gather_t *gather, pilot_error_t *error)
{
    if (gather->agency == NO_AGENCY)
        return PILOT_OK;
    pilot_status_t status = PILOT_OK;
    gather->load = NULL;
    if (gather->checker)
        status = begin_check(gather, error);
    if (!status && pilot_problems_total(gather->setup.problems) == 0)
        status = gather->setup.load(gather->setup.context, &gather->load, error);
    if (status)
        return status;
    gather->gathered = pilot_grow(gather->gathered, &gather->capacity, gather->count + 1,
                                  sizeof *gather->gathered);
    pilot_gathered_t *gathered = &gather->gathered[gather->count++];
    *gathered =
        (pilot_gathered_t){.agency = gather->agency, .rows = pilot_order_count(gather->order)};
    if (gather->load)
        status = send_or_skip(gather, gathered, error);
    else
        status = walk(gather, gather->setup.content, false, gathered, error);
    gather->agency = NO_AGENCY;
    return status;
}

pilot_status_t pilot_gather_take(pilot_gather_t *gather, pilot_chunk_t *chunk, pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    chunk->next = gather->held;
    gather->held = chunk;
    gather->held_bytes += chunk->used;
    for (pilot_record_t *record = pilot_chunk_first(chunk); record && !status;
         record = pilot_chunk_next(chunk, record)) {
        if (record->agency != gather->agency) {
            status = end_agency(gather, error);
            release_held(gather, chunk);
            begin_agency(gather, record->agency);
        }
        give_codes(gather, record);
        if (gather->received)
            join_received(gather, record);
        pilot_order_add(gather->order, record);
    }
    if (!status && gather->held_bytes > gather->setup.memory) {
        status = pilot_order_write_run(gather->order, error);
        release_held(gather, NULL);
    }
    return status;
}

pilot_status_t pilot_gather_finish(pilot_gather_t *gather, pilot_error_t *error)
{
    pilot_status_t status = end_agency(gather, error);
    release_held(gather, NULL);
    return status;
}
