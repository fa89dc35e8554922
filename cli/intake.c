#include "intake.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "intake_gather.h"
#include "intake_input.h"
#include "intake_reader.h"
#include "intake_spill.h"
#include "pilot/memory.h"

#define IN_FLIGHT ((size_t)48 << 20)
#define MOST_FILES 65535

/* One reading of the files.  The reader runs in the caller's thread, the rest in one of its own;
 * what both touch is atomic, or handed over with a chunk. */
struct pass {
    pilot_db_t *db; /* NULL: check */
    int64_t plan_id;
    const pilot_intake_options_t *options;
    pilot_intake_layout_t layout;
    pilot_input_t *input;
    size_t inputs;
    char all_sha256[PILOT_SHA256_HEX_SIZE]; /* of all inputs together */

    pilot_assignments_t *assignments; /* NULL: nothing to check against */

    pilot_agencies_t *agencies;
    pilot_problems_t *reader_problems, *gather_problems;
    pilot_chunk_queue_t *queue;
    pilot_reader_t *reader;
    pilot_gather_t *gather;
    pilot_spill_t *spill; /* rows come in any order */
    pilot_load_t *load;
    atomic_bool rejected; /* a problem was found: send no more */

    pthread_t thread;
    pilot_status_t store_status; /* of the storing side */
    pilot_error_t store_error;
};

/* ---- storing side ---------------------------------------------------------------------------- */

static pilot_status_t give_load(void *context, pilot_load_t **ret_load, pilot_error_t *error)
{
    struct pass *pass = context;
    if (!pass->db || atomic_load(&pass->rejected)) {
        *ret_load = NULL;
        return PILOT_OK;
    }
    if (!pass->load) {
        pilot_status_t status =
            pilot_load_begin(pass->db, &pass->layout, pass->plan_id, &pass->load, error);
        if (status)
            return status;
    }
    *ret_load = pass->load;
    return PILOT_OK;
}

static pilot_status_t give_assigned(void *context, const pilot_agency_t *agency,
                                    const pilot_assigned_t **ret_assigned, pilot_error_t *error)
{
    struct pass *pass = context;
    pilot_status_t status = pass->load ? pilot_load_pause(pass->load, error) : PILOT_OK;
    if (status)
        return status;
    return pilot_assignments_get(pass->assignments, agency->name, agency->name_length, ret_assigned,
                                 error);
}

static void store_chunk(struct pass *pass, pilot_chunk_t *chunk)
{
    if (pass->store_status) {
        pilot_chunk_release(pass->queue, chunk);
        return;
    }
    if (!pass->spill) {
        pass->store_status = pilot_gather_take(pass->gather, chunk, &pass->store_error);
    } else {
        for (pilot_record_t *record = pilot_chunk_first(chunk); record && !pass->store_status;
             record = pilot_chunk_next(chunk, record))
            pass->store_status = pilot_spill_add(pass->spill, record, &pass->store_error);
        pilot_chunk_release(pass->queue, chunk);
    }
    if (pass->store_status)
        pilot_chunk_stop(pass->queue);
}

static bool is_interrupted(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return fd >= 0 && poll(&wait, 1, 0) > 0;
}

/* Feed the agencies one by one from the temporary file. */
static pilot_status_t gather_spilled(struct pass *pass, pilot_error_t *error)
{
    pilot_status_t status = pilot_spill_flush(pass->spill, error);
    size_t count = pilot_agencies_count(pass->agencies);
    for (uint32_t agency = 0; agency < count && !status; agency++) {
        pilot_spill_cursor_t cursor = {.agency = agency};
        if (is_interrupted(pass->options->interrupt_fd))
            return pilot_error_set(error, PILOT_E_INTERRUPTED, "interrupted; nothing was stored");
        size_t length = pilot_spill_next_length(pass->spill, &cursor);
        while (length > 0 && !status) {
            pilot_chunk_t *chunk = pilot_chunk_new(pass->queue, length);
            if (!chunk)
                return PILOT_OK; /* stopped from the other side */
            while (length > 0 && chunk->capacity - chunk->used >= length && !status) {
                status = pilot_spill_next(pass->spill, &cursor, chunk->bytes + chunk->used, error);
                chunk->used += length;
                length = pilot_spill_next_length(pass->spill, &cursor);
            }
            if (status)
                pilot_chunk_release(pass->queue, chunk);
            else
                status = pilot_gather_take(pass->gather, chunk, error);
        }
    }
    return status;
}

static void *store_thread(void *context)
{
    struct pass *pass = context;
    pilot_chunk_t *chunk;
    while ((chunk = pilot_chunk_take(pass->queue)))
        store_chunk(pass, chunk);
    return NULL;
}

static void finish_storing(struct pass *pass)
{
    if (pass->spill && !pass->store_status)
        pass->store_status = gather_spilled(pass, &pass->store_error);
    if (!pass->store_status)
        pass->store_status = pilot_gather_finish(pass->gather, &pass->store_error);
}

/* ---- reading side ---------------------------------------------------------------------------- */

static void deliver(void *context, pilot_chunk_t *chunk)
{
    struct pass *pass = context;
    if (pilot_problems_total(pass->reader_problems) > 0)
        atomic_store(&pass->rejected, true);
    if (pass->options->single_thread)
        store_chunk(pass, chunk);
    else
        pilot_chunk_give(pass->queue, chunk);
}

static void pass_init(struct pass *pass, const char *const *names)
{
    pass->agencies = pilot_agencies_new();
    pass->reader_problems = pilot_problems_new(pass->inputs, names);
    pass->gather_problems = pilot_problems_new(pass->inputs, names);
    pass->queue = pilot_chunk_queue_new(pass->options->single_thread ? 0 : IN_FLIGHT);
    const pilot_reader_setup_t reader = {.layout = &pass->layout,
                                         .agencies = pass->agencies,
                                         .problems = pass->reader_problems,
                                         .queue = pass->queue,
                                         .deliver = deliver,
                                         .context = pass,
                                         .agency = pass->options->agency,
                                         .any_order = pass->spill != NULL,
                                         .interrupt_fd = pass->options->interrupt_fd};
    bool checked = pass->assignments && pilot_assignments_matter(pass->assignments);
    const pilot_gather_setup_t gather = {
        .layout = &pass->layout,
        .agencies = pass->agencies,
        .problems = pass->gather_problems,
        .queue = pass->queue,
        .load = give_load,
        .assigned = checked ? give_assigned : NULL,
        .assignment_required = checked && pilot_assignments_required(pass->assignments),
        .content = pass->options->content,
        .context = pass,
        .memory = pass->options->memory};
    pass->reader = pilot_reader_new(&reader);
    pass->gather = pilot_gather_new(&gather);
    pass->store_status = PILOT_OK;
    atomic_store(&pass->rejected, false);
}

static void pass_clear(struct pass *pass)
{
    pilot_load_close(pass->load);
    pass->load = NULL;
    pilot_reader_free(pass->reader);
    pilot_gather_free(pass->gather);
    pilot_chunk_queue_free(pass->queue);
    pilot_agencies_free(pass->agencies);
    pilot_problems_free(pass->reader_problems);
    pilot_problems_free(pass->gather_problems);
    pass->reader = NULL;
    pass->gather = NULL;
    pass->queue = NULL;
    pass->agencies = NULL;
    pass->reader_problems = pass->gather_problems = NULL;
}

static pilot_status_t read_files(struct pass *pass, pilot_error_t *error)
{
    for (size_t i = 0; i < pass->inputs; i++) {
        pilot_status_t status = pilot_input_read(&pass->input[i], pass->reader, (uint16_t)i, error);
        if (status)
            return status;
        if (pilot_reader_saw_disorder(pass->reader) || pilot_chunk_stopped(pass->queue))
            return PILOT_OK;
    }
    pilot_reader_finish(pass->reader);
    return PILOT_OK;
}

/* Read all files once.  PILOT_OK also when problems were found, or rows were scattered. */
static pilot_status_t run_pass(struct pass *pass, pilot_error_t *error)
{
    bool threaded = !pass->options->single_thread;
    if (threaded && pthread_create(&pass->thread, NULL, store_thread, pass) != 0)
        return pilot_error_set(error, PILOT_E_BUG, "cannot start a thread");
    pilot_status_t status = read_files(pass, error);
    if (status || pilot_reader_saw_disorder(pass->reader))
        pilot_chunk_stop(pass->queue);
    pilot_chunk_close(pass->queue);
    if (threaded)
        pthread_join(pass->thread, NULL);
    if (status || pilot_reader_saw_disorder(pass->reader))
        return status;
    if (pilot_problems_total(pass->reader_problems) > 0)
        atomic_store(&pass->rejected, true);
    finish_storing(pass);
    if (pass->store_status && error)
        *error = pass->store_error;
    return pass->store_status;
}

/* ---- result ---------------------------------------------------------------------------------- */

static const char *agency_file_sha256(void *context, uint32_t number)
{
    struct pass *pass = context;
    const pilot_agency_t *agency = pilot_agencies_get(pass->agencies, number);
    return agency->several_files ? pass->all_sha256 : pass->input[agency->first_file].sha256;
}

static int compare_agencies(const void *a, const void *b)
{
    return strcmp(((const pilot_intake_agency_t *)a)->name,
                  ((const pilot_intake_agency_t *)b)->name);
}

static void fill_agencies(struct pass *pass, const pilot_stored_t *stored, size_t stored_count,
                          pilot_intake_result_t *result)
{
    size_t count;
    const pilot_gathered_t *gathered = pilot_gather_result(pass->gather, &count);
    result->agency = PILOT_NEW_ARRAY(pilot_intake_agency_t, count + 1);
    result->agencies = count;
    for (size_t i = 0, next = 0; i < count; i++) {
        pilot_intake_agency_t *agency = &result->agency[i];
        const pilot_agency_t *source = pilot_agencies_get(pass->agencies, gathered[i].agency);
        agency->name = pilot_strndup(source->name, source->name_length);
        agency->rows = gathered[i].rows;
        agency->unchanged = gathered[i].unchanged;
        memcpy(agency->content_sha256, gathered[i].content_sha256, PILOT_SHA256_HEX_SIZE);
        const pilot_current_t *current =
            agency->unchanged ? pilot_load_current(pass->load, source) : NULL;
        if (current) {
            agency->submission = current->submission;
            agency->revision = current->revision;
        } else if (next < stored_count && stored[next].agency == gathered[i].agency) {
            agency->submission = stored[next].submission;
            agency->revision = stored[next++].revision;
            result->stored++;
            result->rows_stored += agency->rows;
        }
    }
}

static void fill_tally(const struct pass *pass, pilot_intake_result_t *result)
{
    const pilot_assignment_tally_t *tally = pilot_gather_tally(pass->gather);
    size_t arms = pass->layout.plan->arm_count;
    result->checked = tally->checked;
    result->unchecked = tally->unchecked;
    result->assigned = tally->units;
    result->absent = tally->absent;
    if (!tally->absent_by_arm)
        return;
    result->absent_by_arm = PILOT_NEW_ARRAY(uint64_t, arms);
    memcpy(result->absent_by_arm, tally->absent_by_arm, arms * sizeof *result->absent_by_arm);
}

static pilot_status_t seal(struct pass *pass, pilot_intake_result_t *result, pilot_error_t *error)
{
    pilot_stored_t *stored = NULL;
    size_t count = pass->load ? pilot_load_agencies(pass->load) : 0;
    pilot_status_t status = PILOT_OK;
    if (count == 0) {
        fill_agencies(pass, NULL, 0, result);
    } else {
        status =
            pilot_load_seal(pass->load, pass->agencies, agency_file_sha256, pass, &stored, error);
        if (!status)
            fill_agencies(pass, stored, count, result);
    }
    free(stored);
    return status;
}

/* The report of a rejected load is kept, so that the evaluator sees why an agency is missing. */
static pilot_status_t store_report(struct pass *pass, pilot_intake_result_t *result,
                                   pilot_error_t *error)
{
    pilot_load_close(pass->load);
    pass->load = NULL;
    pilot_text_t agencies = PILOT_TEXT_INIT, problems = PILOT_TEXT_INIT;
    pilot_text_append_char(&agencies, '[');
    for (size_t i = 0; i < pilot_agencies_count(pass->agencies); i++) {
        const pilot_agency_t *agency = pilot_agencies_get(pass->agencies, i);
        if (i > 0)
            pilot_text_append_char(&agencies, ',');
        pilot_text_append_json(&agencies, agency->name, agency->name_length);
    }
    pilot_text_append_char(&agencies, ']');
    pilot_problems_json(result->problems, &problems);
    PILOT_AUTOFREE char *plan = pilot_format("%" PRId64, pass->plan_id);
    pilot_status_t status = pilot_db_run(
        pass->db, NULL, error,
        "SELECT registry.reject_load($1, $2, ARRAY(SELECT jsonb_array_elements_text($3)), $4, $5)",
        5, pass->layout.plan->pilot, plan, agencies.data, result->file_sha256, problems.data);
    pilot_text_clear(&agencies);
    pilot_text_clear(&problems);
    return status;
}

static pilot_status_t conclude(struct pass *pass, pilot_intake_result_t *result,
                               pilot_error_t *error)
{
    pilot_status_t status = PILOT_OK;
    pilot_input_hash_all(pass->input, pass->inputs, pass->all_sha256);
    memcpy(result->file_sha256, pass->all_sha256, sizeof result->file_sha256);
    pilot_problems_merge(result->problems, pass->reader_problems);
    pilot_problems_merge(result->problems, pass->gather_problems);
    result->rows = pilot_reader_rows(pass->reader);
    fill_tally(pass, result);
    if (pilot_problems_total(result->problems) == 0)
        return seal(pass, result, error);
    if (pass->db)
        status = store_report(pass, result, error);
    if (status)
        return status;
    pilot_text_t summary = PILOT_TEXT_INIT;
    pilot_problems_summary(result->problems, &summary);
    pilot_error_set(error, PILOT_E_DATA, "%s: %s",
                    pass->db ? "the data was rejected and nothing was stored"
                             : "the data is not valid",
                    summary.data);
    pilot_text_clear(&summary);
    return PILOT_E_DATA;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static pilot_status_t check_options(const pilot_plan_t *plan, size_t files,
                                    const pilot_intake_options_t *options, pilot_error_t *error)
{
    if (files == 0 || files > MOST_FILES)
        return pilot_error_set(error, PILOT_E_USAGE, "give 1 to %d data files", MOST_FILES);
    if (options->agency) {
        size_t length = strlen(options->agency);
        if (length == 0 || length > PILOT_INTAKE_LONGEST_KEPT ||
            !pilot_utf8_valid(options->agency, length, NULL))
            return pilot_error_set(error, PILOT_E_USAGE,
                                   "--agency: a name of 1 to %u bytes of UTF-8 is needed",
                                   PILOT_INTAKE_LONGEST_KEPT);
    } else if (!plan->columns.agency && !options->name_by_file) {
        return pilot_error_set(error, PILOT_E_USAGE,
                               "the plan has no agency column: say whose data this is with "
                               "--agency NAME");
    }
    return PILOT_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static pilot_status_t run_passes(struct pass *pass, const char *const *names,
                                 pilot_intake_result_t *result, pilot_error_t *error)
{
    pass_init(pass, names);
    pilot_status_t status = run_pass(pass, error);
    if (!status && pilot_reader_saw_disorder(pass->reader)) {
        result->scattered = true;
        pass_clear(pass);
        status = pilot_spill_open(&pass->spill, error);
        if (status)
            return status;
        pass_init(pass, names);
        status = run_pass(pass, error);
    }
    return status ? status : conclude(pass, result, error);
}

static pilot_status_t run_inputs(struct pass *pass, const char *const *names,
                                 pilot_intake_result_t *result, pilot_error_t *error)
{
    pilot_status_t status = run_passes(pass, names, result, error);
    pass_clear(pass);
    pilot_spill_close(pass->spill);
    if (result->agencies > 1)
        qsort(result->agency, result->agencies, sizeof *result->agency, compare_agencies);
    return status;
}

pilot_status_t pilot_intake_run(pilot_db_t *db, const pilot_plan_t *plan, int64_t plan_id,
                                const char *const *files, size_t file_count,
                                const pilot_intake_options_t *options,
                                pilot_intake_result_t *ret_result, pilot_error_t *error)
{
    *ret_result = (pilot_intake_result_t){.problems = pilot_problems_new(file_count, files)};
    pilot_status_t status = check_options(plan, file_count, options, error);
    if (status)
        return status;
    struct pass pass = {.db = db,
                        .plan_id = plan_id,
                        .options = options,
                        .inputs = file_count,
                        .assignments = options->assignments};
    pilot_assignments_t *registered = NULL;
    if (db && !options->assignments) {
        status = pilot_assignments_open(db, plan, &registered, error);
        pass.assignments = registered;
    }
    if (status)
        return status;
    pilot_intake_layout_init(&pass.layout, plan);
    pass.input = PILOT_NEW_ARRAY(pilot_input_t, file_count);
    bool named = !options->agency && !plan->columns.agency;
    size_t opened = 0;
    for (; opened < file_count && !status; opened++)
        status = pilot_input_open(&pass.input[opened], files[opened], named, options->interrupt_fd,
                                  error);
    if (!status)
        status = run_inputs(&pass, files, ret_result, error);
    for (size_t i = 0; i < opened; i++)
        pilot_input_clear(&pass.input[i]);
    free(pass.input);
    pilot_intake_layout_clear(&pass.layout);
    pilot_assignments_free(registered);
    return status;
}

pilot_status_t pilot_intake_check_bytes(const pilot_plan_t *plan, const char *const *bytes,
                                        const size_t *length, size_t count,
                                        const pilot_intake_options_t *options,
                                        pilot_intake_result_t *ret_result, pilot_error_t *error)
{
    static const char *const names[] = {"1.csv", "2.csv", "3.csv", "4.csv"};
    if (count > sizeof names / sizeof *names)
        return pilot_error_set(error, PILOT_E_BUG, "too many pieces");
    struct pass pass = {.options = options, .inputs = count, .assignments = options->assignments};
    pilot_input_t input[sizeof names / sizeof *names];
    for (size_t i = 0; i < count; i++)
        input[i] = (pilot_input_t){.path = names[i],
                                   .agency = pilot_strdup("agency"),
                                   .fd = -1,
                                   .bytes = bytes[i],
                                   .length = length[i]};
    *ret_result = (pilot_intake_result_t){.problems = pilot_problems_new(count, names)};
    pilot_intake_layout_init(&pass.layout, plan);
    pass.input = input;
    pilot_status_t status = run_inputs(&pass, names, ret_result, error);
    for (size_t i = 0; i < count; i++)
        pilot_input_clear(&input[i]);
    pilot_intake_layout_clear(&pass.layout);
    return status;
}

void pilot_intake_clear(pilot_intake_result_t *result)
{
    for (size_t i = 0; i < result->agencies; i++)
        free(result->agency[i].name);
    free(result->agency);
    free(result->absent_by_arm);
    pilot_problems_free(result->problems);
    *result = (pilot_intake_result_t){0};
}
