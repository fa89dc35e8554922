#include "intake.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "intake_pass.h"
#include "pilot/memory.h"

#define IN_FLIGHT ((size_t)48 << 20)
#define MOST_FILES 65535

/* ---- storing side ---------------------------------------------------------------------------- */

static pilot_status_t give_load(void *context, pilot_load_t **ret_load, pilot_error_t *error)
{
    pilot_pass_t *pass = context;
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
    pilot_pass_t *pass = context;
    pilot_status_t status = pass->load ? pilot_load_pause(pass->load, error) : PILOT_OK;
    if (status)
        return status;
    return pilot_assignments_get(pass->assignments, agency->name, agency->name_length, ret_assigned,
                                 error);
}

static void store_chunk(pilot_pass_t *pass, pilot_chunk_t *chunk)
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
static pilot_status_t gather_spilled(pilot_pass_t *pass, pilot_error_t *error)
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
    pilot_pass_t *pass = context;
    pilot_chunk_t *chunk;
    while ((chunk = pilot_chunk_take(pass->queue)))
        store_chunk(pass, chunk);
    return NULL;
}

static void finish_storing(pilot_pass_t *pass)
{
    if (pass->spill && !pass->store_status)
        pass->store_status = gather_spilled(pass, &pass->store_error);
    if (!pass->store_status)
        pass->store_status = pilot_gather_finish(pass->gather, &pass->store_error);
}

/* ---- reading side ---------------------------------------------------------------------------- */

static void deliver(void *context, pilot_chunk_t *chunk)
{
    pilot_pass_t *pass = context;
    if (pilot_problems_total(pass->reader_problems) > 0)
        atomic_store(&pass->rejected, true);
    if (pass->options->single_thread)
        store_chunk(pass, chunk);
    else
        pilot_chunk_give(pass->queue, chunk);
}

static void tell_progress(const pilot_pass_t *pass, uint64_t bytes, bool read)
{
    const pilot_intake_progress_t progress = {.bytes = pass->bytes_before + bytes,
                                              .total = pass->total_bytes,
                                              .rows = pilot_reader_rows(pass->reader),
                                              .again = pass->spill != NULL,
                                              .read = read};
    if (pass->options->progress)
        pass->options->progress(pass->options->progress_context, &progress);
}

static void on_progress(void *context, uint64_t bytes)
{
    tell_progress(context, bytes, false);
}

static void pass_init(pilot_pass_t *pass, const char *const *names)
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
                                         .own = pass->options->own,
                                         .progress = on_progress,
                                         .keys = pass->options->keys,
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

static void pass_clear(pilot_pass_t *pass)
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

static pilot_status_t read_files(pilot_pass_t *pass, pilot_error_t *error)
{
    pass->bytes_before = 0;
    for (size_t i = 0; i < pass->inputs; i++) {
        pilot_status_t status = pilot_input_read(&pass->input[i], pass->reader, (uint16_t)i, error);
        if (status)
            return status;
        if (pilot_reader_saw_disorder(pass->reader) || pilot_chunk_stopped(pass->queue))
            return PILOT_OK;
        pass->bytes_before += pilot_input_bytes(&pass->input[i]);
    }
    tell_progress(pass, 0, true);
    pilot_reader_finish(pass->reader);
    return PILOT_OK;
}

/* Read all files once.  PILOT_OK also when problems were found, or rows were scattered. */
static pilot_status_t run_pass(pilot_pass_t *pass, pilot_error_t *error)
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

static pilot_status_t run_passes(pilot_pass_t *pass, const char *const *names,
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
    return status ? status : pilot_pass_conclude(pass, result, error);
}

static int compare_agencies(const void *a, const void *b)
{
    return strcmp(((const pilot_intake_agency_t *)a)->name,
                  ((const pilot_intake_agency_t *)b)->name);
}

static pilot_status_t run_inputs(pilot_pass_t *pass, const char *const *names,
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
    pilot_pass_t pass = {.db = db,
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
    pass.layout.hashed = options->keys != NULL;
    pass.input = PILOT_NEW_ARRAY(pilot_input_t, file_count);
    bool named = !options->agency && !plan->columns.agency;
    size_t opened = 0;
    for (; opened < file_count && !status; opened++)
        status = pilot_input_open(&pass.input[opened], files[opened], named, options->interrupt_fd,
                                  error);
    for (size_t i = 0; i < opened; i++)
        pass.total_bytes += pilot_input_bytes(&pass.input[i]);
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
    pilot_pass_t pass = {.options = options, .inputs = count, .assignments = options->assignments};
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
    for (size_t i = 0; i < result->agencies; i++) {
        free(result->agency[i].name);
        pilot_summary_free(result->agency[i].summary);
        pilot_previous_clear(&result->agency[i].previous);
        pilot_warnings_clear(&result->agency[i].warnings);
    }
    free(result->agency);
    free(result->absent_by_arm);
    pilot_problems_free(result->problems);
    *result = (pilot_intake_result_t){0};
}
